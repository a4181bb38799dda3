//! What a member tells of itself: traces for the checkers and the event log, and its status.

use raft::eraftpb::{Entry, Snapshot};

use crate::io::{LogDigest, Output, Trace};
use crate::member::Running;
use crate::{MemberStatus, Micros, StatusCell};

impl Running {
    pub(crate) fn trace_role(&mut self, now: Micros) {
        let leader = self.node.leader().unwrap_or(0);
        let state = (self.role(), self.node.term(), leader);
        if state != self.traced {
            if leader != 0 && leader != self.traced.2 {
                self.leader_elected_us = now;
                for read in self.reads.leader_changed() {
                    self.answer(now, read.to, 0, Err(proto::error::leader_changed()));
                }
            }
            self.traced = state;
            self.leadership_changed(now);
            let (role, term, leader) = state;
            self.out.push(Output::Trace(Trace::Role { role, term, leader }));
        }
        let vote = (self.node.term(), self.node.vote());
        if vote != self.traced_vote {
            self.traced_vote = vote;
            if vote.1 != 0 {
                self.out.push(Output::Trace(Trace::Voted { term: vote.0, vote: vote.1 }));
            }
        }
    }

    pub(crate) fn trace_snapshot(&mut self, snapshot: &Snapshot) {
        let (index, term) = (snapshot.get_metadata().index, snapshot.get_metadata().term);
        self.out.push(Output::Trace(Trace::Snapshot { index, term }));
    }

    pub(crate) fn trace_entries(&mut self, entries: &[Entry]) {
        if let Some(first) = entries.first() {
            let log = entries.iter().map(digest).collect();
            self.out.push(Output::Trace(Trace::Appended { first_index: first.index, log }));
        }
    }

    pub(crate) fn trace_commit(&mut self) {
        let index = self.node.commit();
        if index > self.traced_commit {
            self.traced_commit = index;
            self.out.push(Output::Trace(Trace::Committed { index }));
        }
    }

    /// A learner is shown as one, whatever raft calls it.
    fn role(&self) -> frame::Role {
        if self.is_learner() { frame::Role::Learner } else { self.node.role() }
    }

    pub(crate) fn status(&self) -> MemberStatus {
        let (votes_granted, votes_refused) = self.node.votes();
        let cells = self.node.log().tail(frame::LOG_CELLS_MAX).iter().map(|entry| StatusCell {
            index: entry.index,
            term: entry.term,
            label: crate::apply::entry_label(entry),
        });
        MemberStatus {
            role: self.role(),
            term: self.node.term(),
            vote: self.node.vote(),
            leader: self.node.leader().unwrap_or(0),
            commit: self.node.commit(),
            applied: self.applied,
            last_index: self.node.last_index(),
            revision: self.state.store.rev(),
            keys: self.state.store.key_count() as u64,
            election_elapsed_ticks: self.node.election_elapsed_ticks(),
            election_timeout_ticks: self.node.election_timeout_ticks(),
            votes_granted,
            votes_refused,
            matches: self.node.matches(),
            cells: cells.collect(),
        }
    }
}

/// What checkers compare of an entry.
pub(crate) fn digest(entry: &Entry) -> LogDigest {
    let kind = entry.get_entry_type() as u64;
    LogDigest { term: entry.term, digest: xxhash_rust::xxh3::xxh3_64_with_seed(&entry.data, kind) }
}
