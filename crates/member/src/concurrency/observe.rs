//! Observe: who leads an election, and each value that the leader proclaims (Y5; `observe` in
//! `clientv3/concurrency/election.go`).
//!
//! A leader that comes and goes between two looks is not seen: what is promised is the newest.

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::{RangeResponse, ResponseHeader, WatchResponse};
use proto::mvccpb::KeyValue;
use proto::mvccpb::event::EventType;
use proto::v3electionpb::{LeaderRequest, LeaderResponse};
use proto::{Code, Status};

use super::{Ask, Next, Recipe, end, own, requests, unknown};

enum Step {
    /// Who is first in the queue?
    Look,
    /// Nobody is: the next put is awaited.
    AwaitLeader,
    /// The leader's key is being watched.
    Follow,
}

/// The stream of an election's leaders.
pub(super) struct Observe {
    prefix: Bytes,
    step: Step,
}

impl Observe {
    pub(super) fn new(request: LeaderRequest) -> Self {
        Observe { prefix: requests::prefix(&request.name), step: Step::Look }
    }

    fn look(&mut self) -> Vec<Next> {
        self.step = Step::Look;
        vec![Next::Ask(Ask::Range(requests::first_created(&self.prefix)))]
    }

    /// Tells of a leader and watches its key from then on.
    fn follow(&mut self, header: Option<ResponseHeader>, kv: KeyValue) -> Vec<Next> {
        self.step = Step::Follow;
        let revision = header.as_ref().map_or(0, |header| header.revision);
        let watch = requests::watch(&kv.key, revision + 1);
        vec![tell(header, kv), Next::Watch(watch)]
    }
}

impl Recipe for Observe {
    fn start(&mut self) -> Vec<Next> {
        self.look()
    }

    fn answered(&mut self, response: Bytes, _: u64) -> Vec<Next> {
        let range: RangeResponse = own(response);
        match range.kvs.into_iter().next() {
            Some(leader) => self.follow(range.header, leader),
            None => {
                self.step = Step::AwaitLeader;
                let revision = range.header.map_or(0, |header| header.revision);
                vec![Next::Watch(requests::watch_queue(&self.prefix, revision))]
            }
        }
    }

    fn failed(&mut self, _: Status) -> Vec<Next> {
        end(closed_early())
    }

    fn watched(&mut self, response: WatchResponse) -> Vec<Next> {
        let header = response.header;
        let mut next = Vec::new();
        for event in response.events {
            let deleted = event.r#type() == EventType::Delete;
            let Some(kv) = event.kv else { continue };
            let at = header.map(|h| ResponseHeader { revision: kv.mod_revision, ..h });
            match self.step {
                // A delete says nothing about who leads.
                Step::AwaitLeader if deleted => {}
                Step::AwaitLeader => return self.follow(at, kv),
                Step::Follow if deleted => {
                    next.extend(self.look());
                    return next;
                }
                Step::Follow => next.push(tell(at, kv)),
                Step::Look => {}
            }
        }
        if response.canceled {
            next.extend(end(closed_early()));
        }
        next
    }

    fn abandoned(&self) -> Option<Ask> {
        None
    }
}

fn tell(header: Option<ResponseHeader>, kv: KeyValue) -> Next {
    Next::Tell(LeaderResponse { header, kv: Some(kv) }.encode_to_vec().into())
}

/// Whatever went wrong, the caller is not told.
fn closed_early() -> Status {
    unknown("election: observe closed early")
}

/// What clientv3 makes of a watch that was cancelled.
pub(super) fn watch_error(response: &WatchResponse) -> Status {
    if response.compact_revision != 0 {
        return unknown(proto::error::compacted().message);
    }
    if response.cancel_reason.is_empty() {
        return unknown(proto::error::future_rev().message);
    }
    Status::new(Code::FailedPrecondition, response.cancel_reason.clone())
}
