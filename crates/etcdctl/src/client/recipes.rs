//! Locks and elections over leases (`clientv3/concurrency`): a session, the queue of keys under a
//! prefix, the mutex and the election on it (Y1..Y5).
//!
//! Left out: TryLock, STM, and the recipes that servers offer as a service.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, DeleteRangeResponse, LeaseGrantRequest, LeaseGrantResponse,
    PutRequest, RangeRequest, RangeResponse, RequestOp, TxnRequest, TxnResponse,
    WatchCreateRequest,
};
use proto::method;
use proto::mvccpb::KeyValue;
use proto::mvccpb::event::EventType;

use super::{
    Client, ClientError, Deadline, Retry, WatchId, Watched, Watcher, keep_alive, prefix_end,
};
use crate::system::System;
use crate::task;

/// A cancelable context: SIGINT or SIGTERM cancels it, once.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    canceled: Cell<bool>,
}

impl Interrupt {
    /// Takes all signals for as long as it is polled; the first one cancels.
    pub(crate) async fn listen(&self, client: &Client<'_>, system: &dyn System) {
        loop {
            system.signal().await;
            self.canceled.set(true);
            client.stir.note();
        }
    }

    /// Resolves when it is canceled.
    pub(crate) async fn canceled(&self) {
        wait_for(&self.canceled).await;
    }

    /// The result of `work`, unless it is canceled before.
    pub(crate) async fn guard<T>(
        &self,
        work: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if self.canceled.get() {
                return Poll::Ready(Err(ClientError::Local("context canceled")));
            }
            work.as_mut().poll(context)
        })
        .await
    }
}

async fn wait_for(flag: &Cell<bool>) {
    poll_fn(|_| if flag.get() { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// A lease that is kept alive (Y1).
pub(crate) struct Session<'c, 'a> {
    client: &'c Client<'a>,
    lease: i64,
    lost: Cell<bool>,
}

impl<'c, 'a> Session<'c, 'a> {
    /// Gets a lease of `ttl_s` seconds. Somebody must [`keep`](Session::keep) it.
    pub(crate) async fn new(client: &'c Client<'a>, ttl_s: i64) -> Result<Self, ClientError> {
        let request = LeaseGrantRequest { ttl: ttl_s, id: 0 };
        let method = method::lease::LEASE_GRANT;
        let reply: LeaseGrantResponse =
            client.call(Deadline::NEVER, method, &request, Retry::Repeatable).await?;
        Ok(Session { client, lease: reply.id, lost: Cell::new(false) })
    }

    /// Renews the lease until it is lost.
    pub(crate) async fn keep(&self) {
        let _never_fails = keep_alive(self.client, self.lease, &|_| Ok(())).await;
        self.lost.set(true);
        self.client.stir.note();
    }

    /// Resolves when the lease is lost.
    pub(crate) async fn lost(&self) {
        wait_for(&self.lost).await;
    }
}

/// This session's place in the queue under a prefix.
struct Place {
    key: Bytes,
    /// The revision at which its key was made.
    revision: i64,
}

/// A lock: the oldest key under the prefix holds it (Y2).
pub(crate) struct Mutex<'s, 'c, 'a> {
    session: &'s Session<'c, 'a>,
    prefix: Bytes,
}

/// A lock that is held.
pub(crate) struct Held {
    pub(crate) key: Bytes,
    /// The store's revision when that was known.
    pub(crate) revision: i64,
}

impl<'s, 'c, 'a> Mutex<'s, 'c, 'a> {
    pub(crate) fn new(session: &'s Session<'c, 'a>, name: &str) -> Self {
        Mutex { session, prefix: Bytes::from(format!("{name}/")) }
    }

    /// Waits for the lock. If that fails, the place in the queue is given up.
    pub(crate) async fn lock(&self, interrupt: &Interrupt) -> Result<Held, ClientError> {
        let client = self.session.client;
        let owner = Request::RequestRange(first_created(&self.prefix));
        let entering = enter(self.session, &self.prefix, "", Some(owner));
        let (place, reply) = interrupt.guard(entering).await?;
        let owner = ranges(&reply).last().and_then(|range| range.kvs.first());
        let revision = reply.header.unwrap_or_default().revision;
        if owner.is_none_or(|owner| owner.create_revision == place.revision) {
            return Ok(Held { key: place.key, revision });
        }
        let waiting = async {
            wait_for_turn(client, &self.prefix, place.revision - 1).await?;
            get(client, &place.key).await
        };
        match interrupt.guard(waiting).await {
            Ok(reply) if reply.kvs.is_empty() => {
                Err(ClientError::Local("mutex: session is expired"))
            }
            Ok(reply) => {
                let revision = reply.header.unwrap_or_default().revision;
                Ok(Held { key: place.key, revision })
            }
            Err(why) => {
                // What the wait failed of is what is told.
                let _ignored = self.unlock(&place.key).await;
                Err(why)
            }
        }
    }

    pub(crate) async fn unlock(&self, key: &Bytes) -> Result<(), ClientError> {
        let request = DeleteRangeRequest { key: key.clone(), ..DeleteRangeRequest::default() };
        let (client, method) = (self.session.client, method::kv::DELETE_RANGE);
        let _reply: DeleteRangeResponse =
            client.call(Deadline::NEVER, method, &request, Retry::Never).await?;
        Ok(())
    }
}

/// An election: the oldest key under the prefix leads, its value is the proposal (Y5).
pub(crate) struct Election<'s, 'c, 'a> {
    session: &'s Session<'c, 'a>,
    prefix: Bytes,
}

/// A won election.
pub(crate) struct Leadership {
    pub(crate) key: Bytes,
    revision: i64,
}

impl<'s, 'c, 'a> Election<'s, 'c, 'a> {
    pub(crate) fn new(session: &'s Session<'c, 'a>, name: &str) -> Self {
        Election { session, prefix: Bytes::from(format!("{name}/")) }
    }

    /// Stands for election with `proposal` and waits to win. If that is interrupted, the candidate
    /// resigns.
    pub(crate) async fn campaign(
        &self,
        interrupt: &Interrupt,
        proposal: &str,
    ) -> Result<Leadership, ClientError> {
        // The session's lease is new, so its key cannot be there with another value.
        let entering = enter(self.session, &self.prefix, proposal, None);
        let (Place { key, revision }, _) = interrupt.guard(entering).await?;
        let leadership = Leadership { key, revision };
        let waiting = wait_for_turn(self.session.client, &self.prefix, revision - 1);
        match interrupt.guard(waiting).await {
            Ok(()) => Ok(leadership),
            Err(why) => {
                if interrupt.canceled.get() {
                    let _ignored = self.resign(&leadership).await;
                }
                Err(why)
            }
        }
    }

    pub(crate) async fn resign(&self, leadership: &Leadership) -> Result<(), ClientError> {
        let key = leadership.key.clone();
        let delete = DeleteRangeRequest { key, ..DeleteRangeRequest::default() };
        let request = TxnRequest {
            compare: vec![created_at(&leadership.key, leadership.revision)],
            success: vec![op(Request::RequestDeleteRange(delete))],
            failure: Vec::new(),
        };
        txn(self.session.client, &request).await.map(|_| ())
    }

    /// Shows every leader and every new proposal of one, until watching ends.
    pub(crate) async fn observe<E>(
        &self,
        show: impl Fn(RangeResponse) -> Result<(), E>,
    ) -> Result<(), E> {
        let client = self.session.client;
        let watcher = Watcher::new(client, false);
        let following = async {
            loop {
                let found = range(client, &first_created(&self.prefix)).await;
                let Ok(found) = found else { return Ok(()) };
                let mut header = found.header.unwrap_or_default();
                let kv = match found.kvs.into_iter().next() {
                    Some(kv) => kv,
                    None => {
                        let Some(kv) = first_put(&watcher, &self.prefix, header.revision).await
                        else {
                            return Ok(());
                        };
                        header.revision = kv.mod_revision;
                        kv
                    }
                };
                let watch = watcher.watch(WatchCreateRequest {
                    key: kv.key.clone(),
                    start_revision: header.revision + 1,
                    ..WatchCreateRequest::default()
                });
                show(single(header, kv))?;
                'leader: loop {
                    let Some(Watched { header, events, .. }) = watcher.next(watch).await else {
                        return Ok(());
                    };
                    for event in events.unwrap_or_default() {
                        let Some(kv) = event.kv else { continue };
                        if event.r#type == EventType::Delete as i32 {
                            break 'leader;
                        }
                        show(single(header, kv))?;
                    }
                }
                watcher.cancel(watch);
            }
        };
        task::beside(&client.stir, Box::pin(watcher.drive()), Box::pin(following)).await
    }
}

fn single(header: proto::etcdserverpb::ResponseHeader, kv: KeyValue) -> RangeResponse {
    RangeResponse { header: Some(header), kvs: vec![kv], ..RangeResponse::default() }
}

/// Waits for the first key that is put under `prefix` from `revision` on.
async fn first_put(watcher: &Watcher<'_, '_>, prefix: &Bytes, revision: i64) -> Option<KeyValue> {
    let watch = watcher.watch(WatchCreateRequest {
        key: prefix.clone(),
        range_end: prefix_end(prefix),
        start_revision: revision,
        ..WatchCreateRequest::default()
    });
    loop {
        let watched = watcher.next(watch).await.filter(|watched| watched.error.is_none())?;
        let put = watched
            .events
            .unwrap_or_default()
            .into_iter()
            .find(|event| event.r#type == EventType::Put as i32);
        if let Some(kv) = put.and_then(|event| event.kv) {
            watcher.cancel(watch);
            return Some(kv);
        }
    }
}

/// Takes a place under `prefix`: makes this session's key with `value`, or finds it there. The
/// transaction also does `extra`.
async fn enter(
    session: &Session<'_, '_>,
    prefix: &Bytes,
    value: &str,
    extra: Option<Request>,
) -> Result<(Place, TxnResponse), ClientError> {
    let lease = session.lease;
    let key = Bytes::from([&prefix[..], format!("{lease:x}").as_bytes()].concat());
    let value = Bytes::from(value.to_string());
    let put = PutRequest { key: key.clone(), value, lease, ..PutRequest::default() };
    let get = RangeRequest { key: key.clone(), ..RangeRequest::default() };
    let and_extra =
        |request| [Some(request), extra.clone()].into_iter().flatten().map(op).collect::<Vec<_>>();
    let request = TxnRequest {
        compare: vec![created_at(&key, 0)],
        success: and_extra(Request::RequestPut(put)),
        failure: and_extra(Request::RequestRange(get)),
    };
    let reply = txn(session.client, &request).await?;
    let there = ranges(&reply).next().and_then(|range| range.kvs.first());
    let revision = match there {
        Some(kv) if !reply.succeeded => kv.create_revision,
        _ => reply.header.unwrap_or_default().revision,
    };
    Ok((Place { key, revision }, reply))
}

/// Waits until nothing under `prefix` is as old as `revision` or older, the newest of those first.
async fn wait_for_turn(
    client: &Client<'_>,
    prefix: &Bytes,
    revision: i64,
) -> Result<(), ClientError> {
    let newest_before = RangeRequest {
        sort_order: SortOrder::Descend.into(),
        max_create_revision: revision,
        ..first_created(prefix)
    };
    loop {
        let found = range(client, &newest_before).await?;
        let Some(kv) = found.kvs.into_iter().next() else { return Ok(()) };
        let watcher = Watcher::new(client, false);
        let watch = watcher.watch(WatchCreateRequest {
            key: kv.key,
            start_revision: found.header.unwrap_or_default().revision,
            ..WatchCreateRequest::default()
        });
        task::beside(&client.stir, Box::pin(watcher.drive()), Box::pin(deleted(&watcher, watch)))
            .await?;
    }
}

async fn deleted(watcher: &Watcher<'_, '_>, watch: WatchId) -> Result<(), ClientError> {
    let is_delete = |event: &proto::mvccpb::Event| event.r#type == EventType::Delete as i32;
    loop {
        match watcher.next(watch).await {
            Some(Watched { error: Some(why), .. }) => {
                return Err(ClientError::Watch(why));
            }
            Some(watched) if watched.events.iter().flatten().any(is_delete) => return Ok(()),
            Some(_) => {}
            None => return Err(ClientError::Local("lost watcher waiting for delete")),
        }
    }
}

/// The oldest key under `prefix`.
fn first_created(prefix: &Bytes) -> RangeRequest {
    RangeRequest {
        key: prefix.clone(),
        range_end: prefix_end(prefix),
        limit: 1,
        sort_order: SortOrder::Ascend.into(),
        sort_target: SortTarget::Create.into(),
        ..RangeRequest::default()
    }
}

/// Reads one key.
pub(crate) async fn get(client: &Client<'_>, key: &Bytes) -> Result<RangeResponse, ClientError> {
    range(client, &RangeRequest { key: key.clone(), ..RangeRequest::default() }).await
}

async fn range(client: &Client<'_>, request: &RangeRequest) -> Result<RangeResponse, ClientError> {
    client.call(Deadline::NEVER, method::kv::RANGE, request, Retry::Repeatable).await
}

async fn txn(client: &Client<'_>, request: &TxnRequest) -> Result<TxnResponse, ClientError> {
    client.call(Deadline::NEVER, method::kv::TXN, request, Retry::Never).await
}

fn op(request: Request) -> RequestOp {
    RequestOp { request: Some(request) }
}

fn created_at(key: &Bytes, revision: i64) -> Compare {
    Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Create.into(),
        key: key.clone(),
        range_end: Bytes::new(),
        target_union: Some(TargetUnion::CreateRevision(revision)),
    }
}

/// The range responses of a transaction.
fn ranges(reply: &TxnResponse) -> impl Iterator<Item = &RangeResponse> {
    reply.responses.iter().filter_map(|response| match &response.response {
        Some(Response::ResponseRange(range)) => Some(range),
        _ => None,
    })
}
