//! The services Lock and Election: recipes that run inside the member, for clients without a library
//! (`api/v3lock`, `api/v3election`, and `clientv3/concurrency` behind them; Y2, Y5, Y6).
//!
//! etcd gives these services a client of its own that calls the server it lives in. So a recipe is a
//! small state machine that asks this member's own KV and Lease API and watches through its own hub,
//! in the caller's name; what it may not do there, it may not do here. Its errors pass through that
//! client, which drops their codes: they reach the caller as Unknown with the text of the table. A
//! caller that goes away leaves the queue: its key is deleted, in nobody's name, so that with auth
//! on it stays until its lease ends, as it does in etcd.
//!
//! Lease 0 is a session of the server's: it grants one of 60 s in the caller's name, and nobody
//! keeps it alive. A lease that is not there is noticed when the key is put.
//!
//! Left out: the keep-alive that etcd's session may or may not send before it is orphaned.

mod observe;
mod once;
mod queue;
mod requests;

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::etcdserverpb::{
    DeleteRangeRequest, InternalRaftRequest, LeaseGrantRequest, RangeRequest, TxnRequest,
    WatchCreateRequest, WatchResponse,
};
use proto::{Code, Metadata, Status, method};

use crate::api::{Answer, Caller, decode, unknown_method};
use crate::apply::Body;
use crate::member::Running;
use crate::proposals::{To, Waiter};
use crate::{CallId, Micros};

/// A question to this member's own API.
enum Ask {
    Grant(LeaseGrantRequest),
    Range(RangeRequest),
    DeleteRange(DeleteRangeRequest),
    Txn(TxnRequest),
}

/// What a recipe wants next. It has one question or one watch open at a time.
enum Next {
    Ask(Ask),
    /// As [`Next::Ask`], in nobody's name: what clientv3 cleans up with a context of its own.
    AskAsNobody(Ask),
    /// In the place of the watch before.
    Watch(WatchCreateRequest),
    /// A message for the caller, of a stream.
    Tell(Bytes),
    /// The answer; `index` is the log entry that it rests on, 0 for none.
    End {
        result: Result<Bytes, Status>,
        index: u64,
    },
}

/// One recipe on its way.
trait Recipe {
    fn start(&mut self) -> Vec<Next>;

    /// The answer to the open question, header included, and the log entry behind it.
    fn answered(&mut self, response: Bytes, index: u64) -> Vec<Next>;

    /// The open question failed; `status` is what a client's library makes of that.
    fn failed(&mut self, status: Status) -> Vec<Next>;

    /// The open watch has something to say.
    fn watched(&mut self, response: WatchResponse) -> Vec<Next>;

    /// The caller is gone: what there is to clean up.
    fn abandoned(&self) -> Option<Ask>;
}

struct Open {
    metadata: Metadata,
    recipe: Box<dyn Recipe + Send>,
}

/// The recipes that are on, by the call that each runs for. That number also names its watch stream.
#[derive(Default)]
pub(crate) struct Recipes {
    open: BTreeMap<CallId, Open>,
    /// Something was asked since the last look.
    busy: bool,
}

impl Recipes {
    pub(crate) fn is_open(&self, call: CallId) -> bool {
        self.open.contains_key(&call)
    }

    /// Whether recipes have asked something since the last look.
    pub(crate) fn take_busy(&mut self) -> bool {
        std::mem::take(&mut self.busy)
    }
}

impl Running {
    /// A unary call of Lock or Election.
    pub(crate) fn concurrency(&mut self, caller: Caller<'_>, method: &str, body: Bytes) -> Answer {
        let recipe: Box<dyn Recipe + Send> = match method {
            method::lock::LOCK => Box::new(queue::Queue::lock(decode(body)?)),
            method::lock::UNLOCK => Box::new(once::Once::unlock(decode(body)?)),
            method::election::CAMPAIGN => Box::new(queue::Queue::campaign(decode(body)?)),
            method::election::PROCLAIM => Box::new(once::Once::proclaim(decode(body)?)?),
            method::election::LEADER => Box::new(once::Once::leader(decode(body)?)),
            method::election::RESIGN => Box::new(once::Once::resign(decode(body)?)?),
            _ => return Err(unknown_method(method)),
        };
        let To::Call(call) = caller.to else { return Err(unknown_method(method)) };
        self.begin(caller.now, call, caller.metadata.clone(), recipe);
        Ok(None)
    }

    /// The stream of an election's leaders.
    pub(crate) fn observe(
        &mut self,
        now: Micros,
        call: CallId,
        metadata: Metadata,
        request: Bytes,
    ) -> Result<(), Status> {
        let recipe = Box::new(observe::Observe::new(decode(request)?));
        self.begin(now, call, metadata, recipe);
        Ok(())
    }

    fn begin(
        &mut self,
        now: Micros,
        call: CallId,
        metadata: Metadata,
        mut recipe: Box<dyn Recipe + Send>,
    ) {
        let next = recipe.start();
        self.recipes.open.insert(call, Open { metadata, recipe });
        self.follow(now, call, next);
    }

    pub(crate) fn recipe_answered(
        &mut self,
        now: Micros,
        call: CallId,
        index: u64,
        result: Result<Body, Status>,
    ) {
        let result = result.map(|body| self.with_header(body));
        let Some(open) = self.recipes.open.get_mut(&call) else { return };
        let next = match result {
            Ok(response) => open.recipe.answered(response, index),
            Err(status) => open.recipe.failed(through_the_client(status)),
        };
        self.follow(now, call, next);
    }

    pub(crate) fn recipe_watched(
        &mut self,
        now: Micros,
        call: CallId,
        mut response: WatchResponse,
    ) {
        let revision = response.header.take().map_or(0, |header| header.revision);
        response.header = Some(self.header(revision));
        let Some(open) = self.recipes.open.get_mut(&call) else { return };
        let next = open.recipe.watched(response);
        self.follow(now, call, next);
    }

    /// The caller went away.
    pub(crate) fn cancel_recipe(&mut self, now: Micros, call: CallId) {
        let Some(open) = self.recipes.open.get(&call) else { return };
        let request = match open.recipe.abandoned() {
            Some(Ask::DeleteRange(delete)) => Some(InternalRaftRequest {
                delete_range: Some(delete),
                ..InternalRaftRequest::default()
            }),
            Some(Ask::Txn(txn)) => {
                Some(InternalRaftRequest { txn: Some(txn), ..InternalRaftRequest::default() })
            }
            Some(Ask::Grant(_) | Ask::Range(_)) | None => None,
        };
        self.end_recipe(call);
        if let Some(request) = request {
            self.submit(now, Waiter::Nobody, None, request);
        }
    }

    pub(crate) fn end_recipe(&mut self, call: CallId) {
        if self.recipes.open.remove(&call).is_some() {
            self.watch.close(call);
        }
    }

    fn follow(&mut self, now: Micros, call: CallId, next: Vec<Next>) {
        for next in next {
            let Some(open) = self.recipes.open.get(&call) else { return };
            match next {
                Next::Ask(ask) => {
                    let metadata = open.metadata.clone();
                    self.ask_for_recipe(now, call, &metadata, ask);
                }
                Next::AskAsNobody(ask) => {
                    self.ask_for_recipe(now, call, &Metadata::default(), ask);
                }
                Next::Watch(create) => {
                    let metadata = open.metadata.clone();
                    let denied = self.watch_denied(now, &metadata, &create);
                    self.watch.close(call);
                    self.watch.open(call, 0, now);
                    self.watch.create(&self.state.store, call, &create, denied);
                    self.recipes.busy = true;
                }
                Next::Tell(message) => self.out.push(crate::Output::Message { call, message }),
                Next::End { result, index } => {
                    self.end_recipe(call);
                    // A stream ends with it.
                    self.close_stream(call);
                    self.out.push(crate::Output::Reply { call, result, index });
                }
            }
        }
    }

    fn ask_for_recipe(&mut self, now: Micros, call: CallId, metadata: &Metadata, ask: Ask) {
        self.recipes.busy = true;
        let caller = Caller { now, to: To::Recipe(call), metadata };
        let answer = match ask {
            Ask::Grant(grant) => self.lease_grant(caller, grant),
            Ask::Range(range) => self.range(caller, range),
            Ask::DeleteRange(delete) => self.delete_range(caller, delete),
            Ask::Txn(txn) => self.txn(caller, txn),
        };
        match answer {
            Ok(Some(body)) => self.recipe_answered(now, call, 0, Ok(body)),
            Ok(None) => {}
            Err(status) => self.recipe_answered(now, call, 0, Err(status)),
        }
    }
}

/// What is left of a status when the server's own client has had it: an error of the table is one
/// of the client's types, which gRPC knows no code for.
fn through_the_client(status: Status) -> Status {
    let known = status.message.starts_with("etcdserver: ")
        && proto::error::known_text(&status.message).is_some();
    if known { unknown(status.message) } else { status }
}

/// An error of the recipes themselves.
fn unknown(text: impl Into<String>) -> Status {
    Status::new(Code::Unknown, text)
}

/// The end of a recipe with a response.
fn done(response: &impl prost::Message, index: u64) -> Vec<Next> {
    vec![Next::End { result: Ok(response.encode_to_vec().into()), index }]
}

fn end(status: Status) -> Vec<Next> {
    vec![Next::End { result: Err(status), index: 0 }]
}

/// Reads an answer of this member's own.
fn own<M: prost::Message + Default>(response: Bytes) -> M {
    M::decode(response).expect("the member itself has just encoded it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_client_drops_the_codes_it_knows() {
        let known = through_the_client(proto::error::lease_not_found());
        assert_eq!(known, unknown("etcdserver: requested lease not found"));
        for kept in
            [proto::error::deadline_exceeded(), Status::new(Code::Internal, "grpc: something else")]
        {
            assert_eq!(through_the_client(kept.clone()), kept);
        }
    }
}
