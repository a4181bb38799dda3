//! What clients were told, judged against the applied log: one property a file.
//!
//! The members tell what they apply ([`member::Trace::Entries`]); the world tells what its hosts ask
//! and hear, in their own time. [`Linearizable`](linearizable::Linearizable) replays the log on the
//! model of crate `history`, and the other properties are judged against that replay.
//!
//! All of it stands behind [`Judge`], so that a world which is not judged carries none of the code.
//! Left out: auth's own answers, and what a member tells of itself (Status, MemberList).

mod lease_rules;
mod linearizable;
mod serializable_reads;
#[cfg(test)]
mod tests;
mod watch_guarantees;
mod wire;

use std::collections::BTreeMap;

use bytes::Bytes;
use frame::Role;
use history::past::Replay;
use history::request::Request;
use member::{AppliedEntry, Trace};
use prost::Message;
use proto::Status;
use proto::etcdserverpb::InternalRaftRequest;

use crate::Micros;
use linearizable::Linearizable;

/// How much was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Entries of the applied log.
    pub entries: u64,
    /// Answers to reads and writes.
    pub answers: u64,
    /// Answers that could not be judged, as they rest on what is not kept.
    pub not_judged: u64,
    /// Watches that were created.
    pub watches: u64,
    /// Events that they were sent.
    pub watch_events: u64,
    /// Deletions that a watch missed by etcd's own fault (issue 18089).
    pub tombstones_lost: u64,
    /// Leases that came to an end by themselves.
    pub leases_expired: u64,
}

/// Something that was seen at the edge of the cluster, at its time. A call is (host, its number).
pub(crate) enum Seen<'a> {
    Asked {
        call: (u16, u64),
        method: &'a str,
        request: &'a Bytes,
    },
    Answered {
        call: (u16, u64),
        result: &'a Result<Bytes, Status>,
    },
    /// It came to nobody.
    Refused {
        call: (u16, u64),
    },
    /// Nobody will hear of it again.
    Lost {
        call: (u16, u64),
    },
    Opened {
        call: (u16, u64),
        method: &'a str,
    },
    Sent {
        call: (u16, u64),
        message: &'a Bytes,
    },
    Received {
        call: (u16, u64),
        message: &'a Bytes,
    },
    /// A member's own word.
    Told {
        member: u16,
        trace: &'a Trace,
    },
    /// A member's process is gone.
    Ended {
        member: u16,
    },
    Finish,
}

/// Something that judges what clients see.
pub(crate) trait Judge {
    /// Names of its properties.
    fn names(&self) -> Vec<&'static str>;
    /// Takes one more thing in; the broken properties, each with a sentence.
    fn see(&mut self, now: Micros, seen: &Seen<'_>) -> Vec<(&'static str, String)>;
    fn judged(&self) -> Judged;
}

/// A call that is open.
pub(crate) struct Call {
    pub(crate) op: u64,
    pub(crate) host: u16,
    pub(crate) method: String,
    pub(crate) bytes: Bytes,
    /// The same in the words of the model; `None` for what the model does not know.
    pub(crate) request: Option<Request>,
}

/// What the properties beside linearizability are told.
pub(crate) enum What<'a> {
    Asked(&'a Call),
    /// Any answer, an error too.
    Answered(&'a Call, &'a Result<Bytes, Status>),
    Opened {
        call: (u16, u64),
        method: &'a str,
    },
    Sent {
        call: (u16, u64),
        message: &'a Bytes,
    },
    Received {
        call: (u16, u64),
        message: &'a Bytes,
    },
    StreamEnded {
        call: (u16, u64),
    },
    /// An entry that the store saw, for the first time by any member.
    Applied(&'a InternalRaftRequest),
    /// The same of an entry that is no request: a new leader's first, or a membership change.
    AppliedEmpty,
    Role {
        member: u16,
        role: Role,
    },
    Ended {
        member: u16,
    },
    Finish,
}

/// One property beside linearizability.
pub(crate) trait Property {
    fn name(&self) -> &'static str;
    /// `replay` is the model after everything that was applied so far.
    fn see(&mut self, now: Micros, replay: &Replay, what: &What<'_>) -> Vec<String>;
    fn count(&self, judged: &mut Judged);
}

/// All properties of clients.
pub(crate) struct Clients {
    linearizable: Linearizable,
    properties: Vec<Box<dyn Property>>,
    open: BTreeMap<(u16, u64), Call>,
    last_op: u64,
    /// Index of the newest entry that anybody applied.
    applied: u64,
    entries: u64,
}

impl Clients {
    pub(crate) fn new() -> Self {
        Clients {
            linearizable: Linearizable::default(),
            properties: vec![
                Box::<serializable_reads::SerializableReads>::default(),
                Box::<watch_guarantees::WatchGuarantees>::default(),
                Box::<lease_rules::LeaseRules>::default(),
            ],
            open: BTreeMap::new(),
            last_op: 0,
            applied: 0,
            entries: 0,
        }
    }

    fn tell(&mut self, now: Micros, what: &What<'_>, found: &mut Vec<(&'static str, String)>) {
        let replay = self.linearizable.replay();
        for property in &mut self.properties {
            let name = property.name();
            let broken = property.see(now, replay, what);
            found.extend(broken.into_iter().map(|text| (name, text)));
        }
    }

    /// Entries that nobody had applied before.
    fn entries(
        &mut self,
        now: Micros,
        first_index: u64,
        entries: &[AppliedEntry],
        found: &mut Vec<(&'static str, String)>,
    ) {
        if first_index > self.applied + 1 {
            let text = format!("entry {} was applied by nobody", self.applied + 1);
            found.push((self.linearizable.name(), text));
        }
        for (index, entry) in (first_index..).zip(entries) {
            if index <= self.applied {
                continue;
            }
            self.applied = index;
            self.entries += 1;
            if entry.data.is_empty() {
                self.tell(now, &What::AppliedEmpty, found);
            }
            if entry.data.is_empty() || entry.refused {
                continue;
            }
            let Ok(request) = InternalRaftRequest::decode(entry.data.clone()) else { continue };
            if let Some(request) = wire::entry(&request) {
                self.linearizable.applied(request, index);
            }
            self.tell(now, &What::Applied(&request), found);
        }
    }
}

impl Judge for Clients {
    fn names(&self) -> Vec<&'static str> {
        let others = self.properties.iter().map(|property| property.name());
        std::iter::once(self.linearizable.name()).chain(others).collect()
    }

    fn see(&mut self, now: Micros, seen: &Seen<'_>) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        match *seen {
            Seen::Asked { call, method, request } => {
                self.last_op += 1;
                let asked = Call {
                    op: self.last_op,
                    host: call.0,
                    method: method.to_owned(),
                    bytes: request.clone(),
                    request: wire::request(method, request),
                };
                self.linearizable.asked(now, &asked);
                self.tell(now, &What::Asked(&asked), &mut found);
                self.open.insert(call, asked);
            }
            Seen::Answered { call, result } => match self.open.remove(&call) {
                Some(asked) => {
                    self.linearizable.answered(now, &asked, result);
                    self.tell(now, &What::Answered(&asked, result), &mut found);
                }
                None => self.tell(now, &What::StreamEnded { call }, &mut found),
            },
            Seen::Refused { call } | Seen::Lost { call } => match self.open.remove(&call) {
                Some(asked) => {
                    self.linearizable.unanswered(&asked, matches!(seen, Seen::Refused { .. }));
                }
                None => self.tell(now, &What::StreamEnded { call }, &mut found),
            },
            Seen::Opened { call, method } => {
                self.tell(now, &What::Opened { call, method }, &mut found);
            }
            Seen::Sent { call, message } => {
                self.tell(now, &What::Sent { call, message }, &mut found);
            }
            Seen::Received { call, message } => {
                self.tell(now, &What::Received { call, message }, &mut found);
            }
            Seen::Told { member, trace } => match trace {
                Trace::Entries { first_index, entries } => {
                    self.entries(now, *first_index, entries, &mut found);
                }
                Trace::Role { role, .. } => {
                    self.tell(now, &What::Role { member, role: *role }, &mut found);
                }
                _ => {}
            },
            Seen::Ended { member } => self.tell(now, &What::Ended { member }, &mut found),
            Seen::Finish => self.tell(now, &What::Finish, &mut found),
        }
        found.extend(self.linearizable.take_new());
        found
    }

    fn judged(&self) -> Judged {
        let mut judged = Judged { entries: self.entries, ..Judged::default() };
        self.linearizable.count(&mut judged);
        for property in &self.properties {
            property.count(&mut judged);
        }
        judged
    }
}
