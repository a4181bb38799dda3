//! Simple and joint changes of a configuration, and what is refused.
//!
//! Compared is all of it: voters of both halves, learners, learners to be, auto-leave, state,
//! match and next of every member, and the text of every refusal.

use std::fmt::Write;

use raft::eraftpb::{ConfChangeSingle, ConfChangeType};
use raft::{Changer, ProgressState, ProgressTracker};

use crate::datadriven::Case;
use crate::report::Outcome;

/// Changes written like `v1 l2 r3`; `None` if raft-rs lacks one of them.
pub(crate) fn changes(text: &str) -> Option<Vec<ConfChangeSingle>> {
    let change = |word: &str| {
        let (kind, id) = word.split_at(1);
        let id = id.parse().expect("an id");
        let mut change = ConfChangeSingle { node_id: id, ..ConfChangeSingle::default() };
        change.set_change_type(match kind {
            "v" => ConfChangeType::AddNode,
            "l" => ConfChangeType::AddLearnerNode,
            "r" => ConfChangeType::RemoveNode,
            "u" => return None,
            other => panic!("unknown change {other}"),
        });
        Some(change)
    };
    text.split_whitespace().map(change).collect()
}

fn sorted<'a>(ids: impl IntoIterator<Item = &'a u64>) -> String {
    let mut ids: Vec<u64> = ids.into_iter().copied().collect();
    ids.sort_unstable();
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    format!("({})", ids.join(" "))
}

/// A configuration in etcd's notation.
pub(crate) fn describe(tracker: &ProgressTracker) -> String {
    let state = tracker.conf().to_conf_state();
    let mut text = format!("voters={}", sorted(&state.voters));
    if !state.voters_outgoing.is_empty() {
        write!(text, "&&{}", sorted(&state.voters_outgoing)).expect("text grows");
    }
    if !state.learners.is_empty() {
        write!(text, " learners={}", sorted(&state.learners)).expect("text grows");
    }
    if !state.learners_next.is_empty() {
        write!(text, " learners_next={}", sorted(&state.learners_next)).expect("text grows");
    }
    if state.auto_leave {
        text.push_str(" autoleave");
    }
    text
}

pub(crate) fn state_name(state: ProgressState) -> &'static str {
    match state {
        ProgressState::Probe => "StateProbe",
        ProgressState::Replicate => "StateReplicate",
        ProgressState::Snapshot => "StateSnapshot",
    }
}

/// The members of one file, from the empty configuration on.
pub(crate) struct Members {
    tracker: ProgressTracker,
    /// Each case stands for one more entry of the log, also a refused one.
    last_index: u64,
}

impl Members {
    pub(crate) fn new() -> Self {
        Members { tracker: ProgressTracker::new(10), last_index: 0 }
    }

    pub(crate) fn run(&mut self, case: &Case) -> Outcome {
        let last_index = self.last_index;
        self.last_index += 1;
        let Some(changes) = changes(&case.input) else { return Outcome::CannotExpress };
        let mut changer = Changer::new(&self.tracker);
        let result = match case.command.as_str() {
            "simple" => changer.simple(&changes),
            "enter-joint" => changer.enter_joint(case.value("autoleave") == Some("true"), &changes),
            "leave-joint" => changer.leave_joint(),
            other => panic!("unknown directive {other}"),
        };
        let answer = match result {
            Err(error) => vec![error.to_string()],
            Ok((conf, changes)) => {
                // etcd's changer raises a next of 0 to 1. In raft-rs `next` comes from the caller,
                // a leader, whose log is never empty.
                self.tracker.apply_conf(conf, changes, last_index.max(1));
                self.describe()
            }
        };
        if answer == case.expected {
            Outcome::Agrees
        } else {
            Outcome::Differs(format!("  {answer:?}\n  not {:?}", case.expected))
        }
    }

    fn describe(&self) -> Vec<String> {
        let learners = self.tracker.conf().learners();
        let mut members: Vec<_> = self.tracker.iter().collect();
        members.sort_unstable_by_key(|(id, _)| **id);
        let member = |(id, progress): (&u64, &raft::Progress)| {
            let learner = if learners.contains(id) { " learner" } else { "" };
            let (matched, next) = (progress.matched, progress.next_idx);
            format!("{id}: {} match={matched} next={next}{learner}", state_name(progress.state))
        };
        let mut lines = vec![describe(&self.tracker)];
        lines.extend(members.into_iter().map(member));
        lines
    }
}
