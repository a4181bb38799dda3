//! Properties that every run must have, one per file, each watching every step.
//!
//! They see what members tell of themselves ([`member::Trace`]) and what clients were promised.
//! They run in tests, in `etcd-lab sim` and in the page, where "0 violations in N events" is their
//! honest count.

mod acknowledged_writes;
mod equal_states;
mod leader_completeness;
mod log_matching;
mod one_leader_per_term;
mod state_machine_safety;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use member::{LogDigest, Trace};
use proto::Status;

use crate::Micros;

/// What all checkers know of one member.
#[derive(Default)]
pub(crate) struct Shadow {
    pub(crate) name: String,
    /// Its log: entry `i` has index `offset + i + 1`.
    pub(crate) log: Vec<LogDigest>,
    /// What is before that is in a snapshot.
    pub(crate) offset: u64,
    pub(crate) applied: u64,
    pub(crate) commit: u64,
}

/// One step, told after the shadow log took it in.
pub(crate) struct Step<'a> {
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
    /// The run is over.
    Finish,
}

/// One property. A violation is one sentence.
pub(crate) trait Checker {
    fn name(&self) -> &'static str;
    fn step(&mut self, step: &Step<'_>) -> Result<(), String>;
}

pub(crate) struct Checkers {
    members: Vec<Shadow>,
    checkers: Vec<Box<dyn Checker>>,
    violations: Vec<String>,
    told: usize,
    now: Micros,
}

/// Violations kept: one bug can break a property at every step.
const VIOLATIONS_MAX: usize = 50;

impl Checkers {
    pub(crate) fn all() -> Self {
        Checkers {
            members: Vec::new(),
            checkers: vec![
                Box::<one_leader_per_term::OneLeaderPerTerm>::default(),
                Box::<log_matching::LogMatching>::default(),
                Box::<leader_completeness::LeaderCompleteness>::default(),
                Box::<state_machine_safety::StateMachineSafety>::default(),
                Box::<acknowledged_writes::AcknowledgedWrites>::default(),
                Box::<equal_states::EqualStates>::default(),
            ],
            violations: Vec::new(),
            told: 0,
            now: 0,
        }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.checkers.iter().map(|checker| checker.name().to_string()).collect()
    }

    pub(crate) fn add_member(&mut self, name: &str) {
        self.members.push(Shadow { name: name.to_string(), ..Shadow::default() });
    }

    /// Its process is gone: what it will come back with is what its next start says.
    pub(crate) fn ended(&mut self, member: u16) {
        let shadow = &mut self.members[usize::from(member)];
        shadow.applied = 0;
    }

    pub(crate) fn trace(&mut self, time: Micros, member: u16, trace: &Trace) {
        self.now = time;
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
            Trace::Installed { index, .. } => shadow.applied = *index,
            Trace::Committed { index } => shadow.commit = *index,
            Trace::Applied { index, .. } => {
                let from = shadow.applied + 1;
                shadow.applied = *index;
                self.tell(member, What::Applied { from, to: *index });
            }
            Trace::Role { .. }
            | Trace::Voted { .. }
            | Trace::State { .. }
            | Trace::Membership { .. } => {}
        }
        self.tell(member, What::Trace(trace));
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

    pub(crate) fn finish(&mut self) {
        for member in 0..self.members.len() {
            self.tell(member as u16, What::Finish);
        }
    }

    fn tell(&mut self, member: u16, what: What<'_>) {
        let step = Step { member, members: &self.members, what };
        for checker in &mut self.checkers {
            let Err(text) = checker.step(&step) else { continue };
            if self.violations.len() < VIOLATIONS_MAX {
                let (ms, us) = (self.now / 1000, self.now % 1000);
                self.violations.push(format!("{} at {ms}.{us:03} ms: {text}", checker.name()));
            }
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
