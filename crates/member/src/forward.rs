//! What only the leader can do, asked of it by another member: renewing a lease, looking at one, and
//! promoting a learner (etcd's peer handlers `/leases`, `/leases/internal` and `/members/promote`).
//!
//! An ask waits for a leader, goes to it, and goes to the next one when that changes, until the
//! request's time at the server is up. Beside asks and answers two more words travel here: which
//! release a member runs, and that one was removed, which rafthttp says by refusing its streams.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::{LeaseKeepAliveRequest, LeaseTimeToLiveRequest, MemberPromoteRequest};
use proto::{Status, error, method};
use serde::{Deserialize, Serialize};

use crate::apply::Body;
use crate::io::{Output, Trace};
use crate::limits;
use crate::member::Running;
use crate::proposals::To;
use crate::{CallId, Micros};

/// A message between members that is not raft's; on the wire a zero byte stands before it.
#[derive(Serialize, Deserialize)]
enum PeerMessage {
    Ask {
        number: u64,
        method: String,
        body: Vec<u8>,
    },
    Answer {
        number: u64,
        result: Result<Vec<u8>, Status>,
    },
    /// You have been removed from the cluster.
    Gone,
    /// The release that the sender runs.
    Version(String),
}

struct Ask {
    to: To,
    method: &'static str,
    body: Bytes,
    deadline_us: Micros,
    /// The leader it was sent to.
    sent_to: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Forwards {
    open: BTreeMap<u64, Ask>,
}

impl Forwards {
    pub(crate) fn cancel(&mut self, call: CallId) {
        self.open.retain(|_, ask| ask.to.call() != Some(call));
    }
}

impl Running {
    /// Does it here if this member leads, else has the leader do it.
    pub(crate) fn ask_leader(&mut self, now: Micros, to: To, method: &'static str, body: Bytes) {
        let deadline_us = now + limits::REQUEST_TIMEOUT_US;
        let number = self.fresh_id();
        let ask = Ask { to, method, body, deadline_us, sent_to: None };
        self.forwards.open.insert(number, ask);
        self.send_ask(now, number);
    }

    fn send_ask(&mut self, now: Micros, number: u64) {
        if self.node.is_leader() {
            let Some(ask) = self.forwards.open.remove(&number) else { return };
            return self.lead(now, ask.to, ask.method, &ask.body);
        }
        let Some(leader) = self.node.leader() else { return };
        let Some(ask) = self.forwards.open.get_mut(&number) else { return };
        if ask.sent_to == Some(leader) {
            return;
        }
        ask.sent_to = Some(leader);
        let message =
            PeerMessage::Ask { number, method: ask.method.to_string(), body: ask.body.to_vec() };
        self.send_peer_message(leader, &message);
    }

    /// What the leader does for everybody.
    fn lead(&mut self, now: Micros, to: To, method: &str, body: &[u8]) {
        let done = match method {
            method::lease::LEASE_KEEP_ALIVE => match LeaseKeepAliveRequest::decode(body) {
                Ok(request) => return self.renew_lease(now, to, request.id),
                Err(error) => Err(malformed(&error)),
            },
            method::lease::LEASE_TIME_TO_LIVE => match LeaseTimeToLiveRequest::decode(body) {
                Ok(request) => Ok(self.lease_time_to_live(now, &request)),
                Err(error) => Err(malformed(&error)),
            },
            method::cluster::MEMBER_PROMOTE => match MemberPromoteRequest::decode(body) {
                Ok(request) => return self.promote_learner(now, to, request.id),
                Err(error) => Err(malformed(&error)),
            },
            other => Err(crate::api::unknown_method(other)),
        };
        self.answer(now, to, 0, done);
    }

    /// Asks are sent again when the leader has changed, and given up when their time is over.
    pub(crate) fn forwards_tick(&mut self, now: Micros) {
        if self.forwards.open.is_empty() {
            return;
        }
        let over: Vec<Ask> = self
            .forwards
            .open
            .extract_if(.., |_, ask| ask.deadline_us <= now)
            .map(|(_, ask)| ask)
            .collect();
        for ask in over {
            self.answer(now, ask.to, 0, Err(error::timeout()));
        }
        let numbers: Vec<u64> = self.forwards.open.keys().copied().collect();
        for number in numbers {
            self.send_ask(now, number);
        }
    }

    pub(crate) fn peer_message(&mut self, now: Micros, from: u64, bytes: &[u8]) {
        match postcard::from_bytes(bytes) {
            Ok(PeerMessage::Ask { number, method, body }) => {
                let to = To::Peer { peer: from, number };
                if self.node.is_leader() {
                    self.lead(now, to, &method, &body);
                } else {
                    // The asker's leader is not one any more: it will hear of the next.
                    self.answer(now, to, 0, Err(error::not_leader()));
                }
            }
            Ok(PeerMessage::Answer { number, result }) => self.peer_answered(now, number, result),
            Ok(PeerMessage::Version(text)) => self.peer_version(from, &text),
            Ok(PeerMessage::Gone) => {
                self.removed_stop_us.get_or_insert(now);
            }
            // As with a message of raft's that is none.
            Err(_) => {}
        }
    }

    fn peer_answered(&mut self, now: Micros, number: u64, result: Result<Vec<u8>, Status>) {
        if let Some(ask) = self.forwards.open.get_mut(&number)
            && result.as_ref().is_err_and(|status| *status == error::not_leader())
        {
            ask.sent_to = None;
            return;
        }
        let Some(ask) = self.forwards.open.remove(&number) else { return };
        let header = if ask.method == method::cluster::MEMBER_PROMOTE {
            crate::apply::Header::WithoutRevision
        } else {
            crate::apply::Header::Current
        };
        self.answer(now, ask.to, 0, result.map(|bytes| Body { header, bytes }));
    }

    pub(crate) fn send_peer_answer(
        &mut self,
        peer: u64,
        number: u64,
        result: Result<Vec<u8>, Status>,
    ) {
        self.send_peer_message(peer, &PeerMessage::Answer { number, result });
    }

    pub(crate) fn send_version(&mut self, peer: u64) {
        let version = self.config.profile.version().to_string();
        self.send_as(peer, &PeerMessage::Version(version), frame::MessageKind::LinkHeartbeat);
    }

    pub(crate) fn send_gone(&mut self, peer: u64) {
        self.send_peer_message(peer, &PeerMessage::Gone);
    }

    fn send_peer_message(&mut self, to: u64, message: &PeerMessage) {
        self.send_as(to, message, frame::MessageKind::Other);
    }

    /// Sends a message that the picture shows as one of this kind.
    fn send_as(&mut self, to: u64, message: &PeerMessage, kind: frame::MessageKind) {
        match postcard::to_extend(message, vec![0]) {
            Ok(bytes) => self.send_bytes(to, bytes.into(), kind),
            Err(error) => self.fatal = Some(format!("message does not encode: {error}")),
        }
    }

    /// Tells the members as they are now known here.
    pub(crate) fn trace_membership(&mut self) {
        let members = self.state.membership.members().cloned().collect();
        let cluster_id = self.cluster_id;
        self.out.push(Output::Trace(Trace::Membership { cluster_id, members }));
    }
}

fn malformed(error: &prost::DecodeError) -> Status {
    Status::new(proto::Code::Internal, format!("grpc: error unmarshalling request: {error}"))
}
