//! Open streams: watches and keep-alives (`api/v3rpc/watch.go`, `api/v3rpc/lease.go`).
//!
//! Messages of one keep-alive stream are worked off one after the other, as etcd's handler does.
//! Watch responses leave at the end of the turn that made them. What an observed election says comes
//! from its recipe. The database goes out whole: nobody waits for a slow reader here.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    LeaseKeepAliveRequest, LeaseKeepAliveResponse, WatchCreateRequest, WatchRequest,
};
use proto::{Code, Metadata, Status, error, method};

use crate::apply::{Body, Header};
use crate::io::Output;
use crate::limits;
use crate::member::Running;
use crate::proposals::To;
use crate::{CallId, Micros};

struct Stream {
    metadata: Metadata,
    kind: Kind,
    /// Looks in a row at which there was no leader.
    leaderless: u64,
}

enum Kind {
    Watch,
    /// The database; its one request has not come yet.
    Snapshot,
    /// An election's leaders; the recipe has the rest.
    Observe {
        /// The one request has come.
        asked: bool,
    },
    /// A call by HTTP whose answer comes in pieces.
    Http {
        /// The one request has come.
        asked: bool,
    },
    KeepAlive {
        /// Leases still to renew, in order; the first is being renewed.
        queue: VecDeque<i64>,
        /// The client will send no more.
        closing: bool,
    },
}

#[derive(Default)]
pub(crate) struct Streams {
    open: BTreeMap<CallId, Stream>,
}

impl Running {
    pub(crate) fn open(&mut self, now: Micros, call: CallId, method: &str, metadata: Metadata) {
        let kind = match method {
            method::watch::WATCH => Kind::Watch,
            method::lease::LEASE_KEEP_ALIVE => {
                Kind::KeepAlive { queue: VecDeque::new(), closing: false }
            }
            method::maintenance::SNAPSHOT => Kind::Snapshot,
            method::election::OBSERVE => Kind::Observe { asked: false },
            proto::http::METHOD => Kind::Http { asked: false },
            other => return self.reply(call, Err(crate::api::unknown_method(other))),
        };
        if let Kind::Http { .. } = kind {
            self.streams.open.insert(call, Stream { metadata, kind, leaderless: 0 });
            return;
        }
        // M7: a learner gives its database away.
        if self.is_learner() && !matches!(kind, Kind::Snapshot) {
            return self.reply(call, Err(self.not_for_learners()));
        }
        if metadata.require_leader && self.node.leader().is_none() {
            return self.reply(call, Err(error::no_leader()));
        }
        if matches!(kind, Kind::Watch) {
            // etcd draws up to a tenth of the interval for each stream (W12).
            let jitter = self.draw_bits() % (self.config.watch_progress_interval_us / 10 + 1);
            self.watch.open(call, jitter, now);
        }
        self.streams.open.insert(call, Stream { metadata, kind, leaderless: 0 });
    }

    pub(crate) fn stream_message(&mut self, now: Micros, call: CallId, message: Bytes) {
        let Some(stream) = self.streams.open.get_mut(&call) else { return };
        let result = match &mut stream.kind {
            Kind::Watch => self.watch_message(now, call, message),
            Kind::Snapshot => {
                let metadata = stream.metadata.clone();
                self.streams.open.remove(&call);
                let sent = self.check_root(now, &metadata).and_then(|()| self.send_database(call));
                return self.reply(call, sent.map(|()| Bytes::new()));
            }
            // A second request is never read.
            Kind::Observe { asked: true } | Kind::Http { asked: true } => Ok(()),
            Kind::Http { asked } => {
                *asked = true;
                let metadata = stream.metadata.clone();
                self.http(now, call, &metadata, message);
                Ok(())
            }
            Kind::Observe { asked } => {
                *asked = true;
                let metadata = stream.metadata.clone();
                self.observe(now, call, metadata, message)
            }
            Kind::KeepAlive { queue, .. } => match LeaseKeepAliveRequest::decode(message) {
                Ok(request) => {
                    queue.push_back(request.id);
                    if queue.len() == 1 {
                        self.renew_next(now, call);
                    }
                    Ok(())
                }
                Err(error) => Err(malformed(&error)),
            },
        };
        if let Err(status) = result {
            self.close_stream(call);
            self.reply(call, Err(status));
        }
    }

    fn watch_message(&mut self, now: Micros, call: CallId, message: Bytes) -> Result<(), Status> {
        let request = WatchRequest::decode(message).map_err(|e| malformed(&e))?;
        match request.request_union {
            Some(RequestUnion::CreateRequest(create)) => {
                let metadata = self.streams.open.get(&call).map(|stream| stream.metadata.clone());
                let denied = self.watch_denied(now, &metadata.unwrap_or_default(), &create);
                self.watch.create(&self.state.store, call, &create, denied);
            }
            Some(RequestUnion::CancelRequest(cancel)) => {
                self.watch.cancel(&self.state.store, call, cancel.watch_id);
            }
            Some(RequestUnion::ProgressRequest(_)) => self.watch.progress(&self.state.store, call),
            // etcd ignores what it does not know here.
            None => {}
        }
        Ok(())
    }

    /// W16: why this client may not watch that, in full words.
    pub(crate) fn watch_denied(
        &mut self,
        now: Micros,
        metadata: &Metadata,
        create: &WatchCreateRequest,
    ) -> Option<String> {
        if !self.state.auth.is_enabled() {
            return None;
        }
        // An empty key means the first there can be (W1).
        let key: &[u8] = if create.key.is_empty() { &[0] } else { &create.key };
        let result = self.auth_info(now, metadata).and_then(|info| {
            let info = info.unwrap_or_default();
            self.state.auth.is_range_permitted(&info, key, &create.range_end)
        });
        result.err().map(|error| Status::from(error).to_string())
    }

    fn renew_next(&mut self, now: Micros, call: CallId) {
        let Some(Stream { kind: Kind::KeepAlive { queue, closing }, .. }) =
            self.streams.open.get(&call)
        else {
            return;
        };
        match queue.front() {
            Some(id) => {
                let body = LeaseKeepAliveRequest { id: *id }.encode_to_vec().into();
                self.ask_leader(now, To::KeepAlive(call), method::lease::LEASE_KEEP_ALIVE, body);
            }
            None if *closing => {
                self.streams.open.remove(&call);
                self.reply(call, Ok(Bytes::new()));
            }
            None => {}
        }
    }

    /// A renewal came back: an unknown lease is one with a TTL of 0 (L6), any other error ends the
    /// stream.
    pub(crate) fn keep_alive_answered(
        &mut self,
        now: Micros,
        call: CallId,
        result: Result<Body, Status>,
    ) {
        let Some(Stream { kind: Kind::KeepAlive { queue, .. }, .. }) =
            self.streams.open.get_mut(&call)
        else {
            return;
        };
        let Some(id) = queue.pop_front() else { return };
        let bytes = match result {
            Ok(body) => body.bytes,
            Err(status) if status == error::lease_not_found() => {
                LeaseKeepAliveResponse { header: None, id, ttl: 0 }.encode_to_vec()
            }
            Err(status) => {
                self.streams.open.remove(&call);
                return self.reply(call, Err(status));
            }
        };
        let message = self.with_header(Body { header: Header::Current, bytes });
        self.out.push(Output::Message { call, message });
        self.renew_next(now, call);
    }

    /// The client has said all it will: a watch ends, keep-alives are answered first.
    pub(crate) fn close_send(&mut self, call: CallId) {
        let Some(stream) = self.streams.open.get_mut(&call) else { return };
        let result = match &mut stream.kind {
            Kind::KeepAlive { queue, closing } if !queue.is_empty() => {
                *closing = true;
                return;
            }
            Kind::Observe { asked: true } | Kind::Http { asked: true } => return,
            Kind::Observe { asked: false } | Kind::Snapshot => {
                Err(Status::new(Code::Unknown, "EOF"))
            }
            Kind::KeepAlive { .. } | Kind::Watch | Kind::Http { .. } => Ok(Bytes::new()),
        };
        self.close_stream(call);
        self.reply(call, result);
    }

    pub(crate) fn is_http_stream(&self, call: CallId) -> bool {
        let stream = self.streams.open.get(&call);
        stream.is_some_and(|stream| matches!(stream.kind, Kind::Http { .. }))
    }

    /// A13: as for calls, what a stream says waits until its login is applied here.
    pub(crate) fn stream_login_to_wait_for(&self, call: CallId) -> Option<u64> {
        self.login_to_wait_for(&self.streams.open.get(&call)?.metadata)
    }

    pub(crate) fn close_stream(&mut self, call: CallId) {
        match self.streams.open.remove(&call).map(|stream| stream.kind) {
            Some(Kind::Watch) => self.watch.close(call),
            Some(Kind::Observe { .. }) => self.end_recipe(call),
            Some(Kind::Http { .. }) => self.cancel_http(call),
            Some(Kind::KeepAlive { .. } | Kind::Snapshot) | None => {}
        }
    }

    /// W17: streams that asked for a leader end after three looks without one.
    pub(crate) fn streams_tick(&mut self) {
        if !self.ticks.is_multiple_of(limits::ELECTION_TICKS as u64) {
            return;
        }
        let leaderless = self.node.leader().is_none();
        let mut ended = Vec::new();
        for (call, stream) in &mut self.streams.open {
            stream.leaderless = if leaderless { stream.leaderless + 1 } else { 0 };
            if stream.metadata.require_leader && stream.leaderless >= limits::NO_LEADER_LOOKS {
                // Observe does not know why its context ended, and says so.
                let status = match stream.kind {
                    Kind::Observe { .. } => Status::new(Code::Canceled, "context canceled"),
                    Kind::Watch | Kind::KeepAlive { .. } | Kind::Snapshot | Kind::Http { .. } => {
                        error::no_leader()
                    }
                };
                ended.push((*call, status));
            }
        }
        for (call, status) in ended {
            self.close_stream(call);
            self.reply(call, Err(status));
        }
    }

    /// What the watch hub has to say, with this member's name on it (W7).
    pub(crate) fn send_watch_responses(&mut self, now: Micros) {
        for (call, mut response) in self.watch.take() {
            if self.recipes.is_open(call) {
                self.recipe_watched(now, call, response);
                continue;
            }
            let revision = response.header.take().map_or(0, |header| header.revision);
            let header = if revision == 0 { Header::Current } else { Header::Revision(revision) };
            let message = self.with_header(Body::with(header, &response));
            self.out.push(Output::Message { call, message });
        }
    }
}

fn malformed(error: &prost::DecodeError) -> Status {
    Status::new(Code::Internal, format!("grpc: error unmarshalling request: {error}"))
}
