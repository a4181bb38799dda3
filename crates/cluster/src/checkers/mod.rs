//! Properties that every run must have, one per file, each watching every step.
//!
//! They see what members tell of themselves ([`member::Trace`]) and what clients were promised.
//! They run in tests, in `etcd-lab sim` and in the page, where "0 violations in N events" is their
//! honest count. Each cluster is held to them by itself: a member that was restored from a snapshot
//! begins another one beside the first. Those of [`clients`] replay the whole applied log, which costs about as much as a
//! member; they run where somebody asks for them ([`Checkers::judge_clients`]).

mod acknowledged_writes;
mod clients;
mod equal_states;
mod leader_completeness;
mod log_matching;
mod one_leader_per_term;
mod revision_order;
mod state_machine_safety;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;
use member::{LogDigest, Trace};
use proto::Status;

use crate::{HostInput, Micros};
pub use clients::Judged;
use clients::{Judge, Seen};

/// What all checkers know of one member.
#[derive(Default)]
pub(crate) struct Shadow {
    pub(crate) name: String,
    /// Whose member it is, as its last start found it; 0 before.
    cluster_id: u64,
    runs: bool,
    /// It starts over files that somebody else put there.
    by_hand: bool,
    /// Its log: entry `i` has index `offset + i + 1`.
    pub(crate) log: Vec<LogDigest>,
    /// What is before that is in a snapshot.
    pub(crate) offset: u64,
    pub(crate) applied: u64,
    pub(crate) commit: u64,
}

/// One step, told after the shadow log took it in.
pub(crate) struct Step<'a> {
    /// Who did it, or, of a call, who was asked; [`NOBODY`] for the end of one.
    pub(crate) member: u16,
    pub(crate) members: &'a [Shadow],
    pub(crate) what: What<'a>,
}

pub(crate) enum What<'a> {
    Trace(&'a Trace),
    /// A write was acknowledged to its client.
    Acknowledged {
        index: u64,
    },
    /// Entries `from..=to` were applied.
    Applied {
        from: u64,
        to: u64,
    },
    /// A client made a unary call.
    Asked {
        host: u16,
        call: u64,
        method: &'a str,
        request: &'a Bytes,
    },
    Answered {
        host: u16,
        call: u64,
        result: &'a Result<Bytes, Status>,
    },
    /// It will never be answered.
    Unanswered {
        host: u16,
        call: u64,
    },
    /// The run is over.
    Finish,
}

/// Things that happened in a run, to see that it was worth it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Times that a member became leader.
    pub elections: u64,
    /// Snapshots of a leader's that a follower took in.
    pub snapshots_installed: u64,
    /// Digests of whole states that were compared.
    pub states_compared: u64,
    /// What clients saw.
    pub judged: Judged,
}

/// One property. A violation is one sentence.
pub(crate) trait Checker {
    fn name(&self) -> &'static str;
    fn step(&mut self, step: &Step<'_>) -> Result<(), String>;
}

pub(crate) struct Checkers {
    members: Vec<Shadow>,
    /// By the cluster's id.
    clusters: BTreeMap<u64, Properties>,
    /// Judges clients too, where that is wanted.
    judge: Option<Box<dyn Judge>>,
    tally: Tally,
    violations: Vec<String>,
    told: usize,
    now: Micros,
}

type Properties = Vec<Box<dyn Checker>>;

fn properties() -> Properties {
    vec![
        Box::<one_leader_per_term::OneLeaderPerTerm>::default(),
        Box::<log_matching::LogMatching>::default(),
        Box::<leader_completeness::LeaderCompleteness>::default(),
        Box::<state_machine_safety::StateMachineSafety>::default(),
        Box::<acknowledged_writes::AcknowledgedWrites>::default(),
        Box::<equal_states::EqualStates>::default(),
        Box::<revision_order::RevisionOrder>::default(),
    ]
}

/// In place of a member where the step is no member's.
const NOBODY: u16 = u16::MAX;

/// Violations kept: one bug can break a property at every step.
const VIOLATIONS_MAX: usize = 50;

impl Checkers {
    pub(crate) fn all() -> Self {
        Checkers {
            members: Vec::new(),
            clusters: BTreeMap::new(),
            judge: None,
            tally: Tally::default(),
            violations: Vec::new(),
            told: 0,
            now: 0,
        }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let clients = self.judge.iter().flat_map(|judge| judge.names());
        properties().iter().map(|checker| checker.name()).chain(clients).map(String::from).collect()
    }

    /// From here on what clients see is judged against the applied log, which the members must tell
    /// from its beginning.
    pub(crate) fn judge_clients(&mut self) {
        self.judge = Some(Box::new(clients::Clients::new()));
    }

    pub(crate) fn tally(&self) -> Tally {
        let judged = self.judge.as_ref().map(|judge| judge.judged()).unwrap_or_default();
        Tally { judged, ..self.tally }
    }

    pub(crate) fn add_member(&mut self, name: &str) {
        self.members.push(Shadow { name: name.to_string(), ..Shadow::default() });
    }

    /// Its process is gone: what it will come back with is what its next start says.
    pub(crate) fn ended(&mut self, time: Micros, member: u16) {
        self.now = time;
        let shadow = &mut self.members[usize::from(member)];
        shadow.applied = 0;
        shadow.runs = false;
        self.see(&Seen::Ended { member });
    }

    /// The member that starts next does so over files that it did not leave there.
    pub(crate) fn changed_by_hand(&mut self, member: u16) {
        self.members[usize::from(member)].by_hand = true;
    }

    /// Whoever deletes or restores the files of a whole cluster begins its history anew, though its
    /// id, which is made of its members' addresses, may be the same. While any of its members runs,
    /// the history goes on, and what does not fit it is a violation.
    fn started(&mut self, member: u16, cluster_id: u64) {
        let shadow = &mut self.members[usize::from(member)];
        (shadow.cluster_id, shadow.runs) = (cluster_id, true);
        let by_hand = std::mem::take(&mut shadow.by_hand);
        let goes_on = (0..)
            .zip(&self.members)
            .any(|(at, other)| at != member && other.runs && other.cluster_id == cluster_id);
        if by_hand && !goes_on {
            self.clusters.remove(&cluster_id);
        }
    }

    /// A member came to an end by itself. People may want that; a simulated run does not.
    pub(crate) fn crashed(&mut self, time: Micros, member: u16, reason: &str) {
        self.now = time;
        if self.judge.is_some() {
            let text = format!("{}: {reason}", self.members[usize::from(member)].name);
            self.violation("nobody crashes", &text);
        }
    }

    pub(crate) fn trace(&mut self, time: Micros, member: u16, trace: &Trace) {
        self.now = time;
        if let Trace::Started { cluster_id, .. } = trace {
            self.started(member, *cluster_id);
        }
        let shadow = &mut self.members[usize::from(member)];
        match trace {
            Trace::Started { commit, first_index, log, .. } => {
                shadow.log = log.clone();
                shadow.offset = first_index - 1;
                shadow.commit = *commit;
                shadow.applied = first_index - 1;
            }
            Trace::Appended { first_index, log } => {
                shadow.log.truncate((*first_index - 1 - shadow.offset) as usize);
                shadow.log.extend_from_slice(log);
            }
            Trace::Snapshot { index, .. } => {
                shadow.log.clear();
                shadow.offset = *index;
            }
            Trace::Installed { index, .. } => {
                shadow.applied = *index;
                self.tally.snapshots_installed += 1;
            }
            Trace::Committed { index } => shadow.commit = *index,
            Trace::Applied { index, .. } => {
                let from = shadow.applied + 1;
                shadow.applied = *index;
                self.tell(member, What::Applied { from, to: *index });
            }
            Trace::Role { role, .. } => {
                self.tally.elections += u64::from(*role == frame::Role::Leader);
            }
            Trace::State { .. } => self.tally.states_compared += 1,
            Trace::Voted { .. } | Trace::Entries { .. } | Trace::Membership { .. } => {}
        }
        self.tell(member, What::Trace(trace));
        self.see(&Seen::Told { member, trace });
    }

    pub(crate) fn reply(
        &mut self,
        time: Micros,
        member: u16,
        result: &Result<Bytes, Status>,
        index: u64,
    ) {
        self.now = time;
        if result.is_ok() && index > 0 {
            self.tell(member, What::Acknowledged { index });
        }
    }

    /// A host calls a member; `None` where nobody listens.
    pub(crate) fn asked(
        &mut self,
        time: Micros,
        call: (u16, u64),
        member: Option<u16>,
        method: &str,
        request: &Bytes,
    ) {
        self.now = time;
        if let Some(member) = member {
            self.tell(member, What::Asked { host: call.0, call: call.1, method, request });
        }
        self.see(&Seen::Asked { call, method, request });
    }

    /// What a host heard, or did on a stream.
    pub(crate) fn host_heard(&mut self, time: Micros, host: u16, input: &HostInput) {
        self.now = time;
        match input {
            HostInput::Reply { call, result } => {
                self.tell(NOBODY, What::Answered { host, call: *call, result });
                self.see(&Seen::Answered { call: (host, *call), result });
            }
            HostInput::Message { call, message } => {
                self.see(&Seen::Received { call: (host, *call), message });
            }
            HostInput::Refused { call } => {
                self.tell(NOBODY, What::Unanswered { host, call: *call });
                self.see(&Seen::Refused { call: (host, *call) });
            }
            HostInput::ConnectionLost { call } => self.gave_up(time, (host, *call)),
            HostInput::Exec { .. }
            | HostInput::Interrupt
            | HostInput::MemberEnded { .. }
            | HostInput::DataDirs { .. }
            | HostInput::LabReply { .. }
            | HostInput::EndOfInput
            | HostInput::Edited { .. } => {}
        }
    }

    pub(crate) fn opened(&mut self, time: Micros, call: (u16, u64), method: &str) {
        self.now = time;
        self.see(&Seen::Opened { call, method });
    }

    pub(crate) fn sent(&mut self, time: Micros, call: (u16, u64), message: &Bytes) {
        self.now = time;
        self.see(&Seen::Sent { call, message });
    }

    /// Nobody waits for that call any more.
    pub(crate) fn gave_up(&mut self, time: Micros, call: (u16, u64)) {
        self.now = time;
        self.tell(NOBODY, What::Unanswered { host: call.0, call: call.1 });
        self.see(&Seen::Lost { call });
    }

    pub(crate) fn finish(&mut self, time: Micros) {
        self.now = time;
        for member in 0..self.members.len() {
            self.tell(member as u16, What::Finish);
        }
        self.see(&Seen::Finish);
    }

    fn see(&mut self, seen: &Seen<'_>) {
        let Some(judge) = &mut self.judge else { return };
        for (name, text) in judge.see(self.now, seen) {
            self.violation(name, &text);
        }
    }

    fn violation(&mut self, name: &str, text: &str) {
        if self.violations.len() < VIOLATIONS_MAX {
            let (ms, us) = (self.now / 1000, self.now % 1000);
            self.violations.push(format!("{name} at {ms}.{us:03} ms: {text}"));
        }
    }

    /// What a member did goes to the properties of its cluster, anything else to all.
    fn tell(&mut self, member: u16, what: What<'_>) {
        let step = Step { member, members: &self.members, what };
        let mut found = Vec::new();
        let mut check = |checkers: &mut Properties| {
            for checker in checkers {
                if let Err(text) = checker.step(&step) {
                    found.push((checker.name(), text));
                }
            }
        };
        match self.members.get(usize::from(member)) {
            Some(shadow) => {
                check(self.clusters.entry(shadow.cluster_id).or_insert_with(properties));
            }
            None => self.clusters.values_mut().for_each(check),
        }
        for (name, text) in found {
            self.violation(name, &text);
        }
    }

    pub(crate) fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Violations not told before.
    pub(crate) fn take_new(&mut self) -> Vec<String> {
        let new = self.violations[self.told..].to_vec();
        self.told = self.violations.len();
        new
    }
}

impl Shadow {
    /// The entry at an index of its log.
    pub(crate) fn entry(&self, index: u64) -> Option<LogDigest> {
        self.log.get(index.checked_sub(self.offset + 1)? as usize).copied()
    }
}
