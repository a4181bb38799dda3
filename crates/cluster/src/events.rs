//! The event log: what happened, in words, newest last, with a bounded memory.

use std::collections::VecDeque;

use frame::{LogKind, LogLine, Role};

use crate::Micros;

/// Lines kept.
const LINES_MAX: usize = 400;

#[derive(Default)]
pub(crate) struct EventLog {
    lines: VecDeque<LogLine>,
    seq: u64,
}

impl EventLog {
    pub(crate) fn act(&mut self, time_us: Micros, actor: &str, text: &str) {
        self.add(time_us, actor, LogKind::Act, text.to_string());
    }

    pub(crate) fn role(&mut self, time_us: Micros, actor: &str, text: &str) {
        self.add(time_us, actor, LogKind::Role, text.to_string());
    }

    pub(crate) fn fault(&mut self, time_us: Micros, actor: &str, text: &str) {
        self.add(time_us, actor, LogKind::Fault, text.to_string());
    }

    pub(crate) fn violation(&mut self, time_us: Micros, text: String) {
        self.add(time_us, "lab", LogKind::Violation, text);
    }

    /// Applied entries come by the thousand: a run of one member's becomes one line.
    pub(crate) fn applied(&mut self, time_us: Micros, actor: &str, index: u64, revision: i64) {
        let text = format!("applied up to index {index}, revision {revision}");
        if let Some(last) = self.lines.iter_mut().rev().take(8).find(|line| {
            line.kind == LogKind::Commit && line.actor == actor && line.time_us + 50_000 > time_us
        }) {
            last.text = text;
            return;
        }
        self.add(time_us, actor, LogKind::Commit, text);
    }

    fn add(&mut self, time_us: Micros, actor: &str, kind: LogKind, text: String) {
        self.seq += 1;
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(LogLine { seq: self.seq, time_us, actor: actor.into(), kind, text });
    }

    /// The newest lines, oldest first.
    pub(crate) fn tail(&self, count: usize) -> Vec<LogLine> {
        let skip = self.lines.len().saturating_sub(count);
        self.lines.iter().skip(skip).cloned().collect()
    }
}

/// A role change in words.
pub(crate) fn role_text(role: Role, term: u64, leader: &str) -> String {
    match role {
        Role::Leader => format!("becomes leader of term {term}"),
        Role::Candidate => format!("campaigns in term {term}"),
        Role::PreCandidate => format!("asks for pre-votes for term {}", term + 1),
        Role::Follower | Role::Learner if leader.is_empty() => {
            format!("follows nobody in term {term}")
        }
        Role::Follower | Role::Learner => format!("follows {leader} in term {term}"),
    }
}
