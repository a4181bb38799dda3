//! Raft snapshots: taken of the applied state, sent to followers that are too far behind, and taken
//! in (`snapshot_merge.go`, `applySnapshot` and `triggerSnapshot` in `etcdserver/server.go`; X3).
//!
//! Which way a joining or lagging member is brought up to date is raft's choice, as in etcd: by
//! entries while the leader has them, else by a snapshot of everything. Left out: the sizes and the
//! pace of a real transfer; the whole travels as one message.

use std::collections::BTreeMap;

use raft::eraftpb::Snapshot;

use crate::io::{DiskOp, Output, Trace};
use crate::member::Running;
use crate::state::{Image, State};
use crate::{MemberConfig, Micros, limits};

/// Where this member's own snapshots stand.
pub(crate) struct Snapshots {
    /// Index of the newest on the disk; 0 for none.
    taken: u64,
    /// Since when each follower has been waiting for one.
    waiting_since_us: BTreeMap<u64, Micros>,
}

impl Snapshots {
    pub(crate) fn new(taken: u64) -> Self {
        Snapshots { taken, waiting_since_us: BTreeMap::new() }
    }
}

impl State {
    /// The state that a raft snapshot carries.
    pub(crate) fn from_snapshot(
        snapshot: &Snapshot,
        config: &MemberConfig,
    ) -> Result<State, String> {
        let image: Image = postcard::from_bytes(&snapshot.data)
            .map_err(|e| format!("failed to read the database snapshot: {e}"))?;
        State::from_image(&image, config)
    }
}

impl Running {
    /// A snapshot of what is applied here.
    fn take_snapshot(&self) -> Result<Snapshot, String> {
        let log = self.node.log();
        let data = postcard::to_allocvec(&self.state.image())
            .map_err(|e| format!("failed to write the database snapshot: {e}"))?;
        let mut snapshot = Snapshot { data: data.into(), ..Snapshot::default() };
        let metadata = snapshot.mut_metadata();
        metadata.index = self.applied;
        metadata.term = log
            .term_of(self.applied)
            .ok_or_else(|| format!("no term for the applied index {}", self.applied))?;
        metadata.set_conf_state(log.conf_state().clone());
        Ok(snapshot)
    }

    /// Every `snapshot_count` applied entries: a snapshot on the disk, and fewer entries in memory
    /// (X3). Gives the file; its record goes into the WAL's bytes.
    pub(crate) fn own_snapshot(&mut self, bytes: &mut Vec<u8>) -> Option<DiskOp> {
        if self.applied <= self.snapshots.taken + self.config.snapshot_count {
            return None;
        }
        let written = self.take_snapshot().and_then(|s| self.wal.encode_snapshot(&s, bytes));
        match written {
            Ok(file) => {
                self.snapshots.taken = self.applied;
                let keep = self.config.snapshot_catchup_entries;
                self.node.log_mut().compact(self.applied.saturating_sub(keep));
                Some(file)
            }
            Err(reason) => {
                self.fatal = Some(reason);
                None
            }
        }
    }

    /// A snapshot of the leader's is durable: it takes the place of everything.
    pub(crate) fn install(&mut self, now: Micros, snapshot: &Snapshot) {
        let index = snapshot.get_metadata().index;
        match State::from_snapshot(snapshot, &self.config) {
            Ok(state) => self.state = state,
            Err(reason) => {
                self.fatal = Some(reason);
                return;
            }
        }
        self.applied = index;
        self.snapshots.taken = index;
        self.node.applied_to(index);
        if self.state.membership.is_removed(self.id) {
            self.removed_stop_us = Some(now + limits::REMOVED_STOP_US);
        }
        self.trace_membership();
        let revision = self.state.store.rev();
        self.out.push(Output::Trace(Trace::Installed { index, revision }));
        let ready = self.reads.ready(self.applied);
        self.answer_reads(now, ready);
    }

    pub(crate) fn snapshots_tick(&mut self, now: Micros) {
        if self.node.log().takes_snapshot() {
            match self.take_snapshot() {
                Ok(snapshot) => self.node.log_mut().offer_snapshot(snapshot),
                Err(reason) => self.fatal = Some(reason),
            }
        }
        let waiting = self.node.awaiting_snapshot();
        if waiting.is_empty() && !self.snapshots.waiting_since_us.is_empty() {
            self.node.log_mut().drop_snapshot();
        }
        self.snapshots.waiting_since_us.retain(|peer, _| waiting.contains(peer));
        for peer in waiting {
            let since = *self.snapshots.waiting_since_us.entry(peer).or_insert(now);
            if since + limits::SNAPSHOT_SEND_TIMEOUT_US <= now {
                self.snapshot_lost(peer);
            }
        }
    }

    /// The transfer to this peer broke: raft may try again.
    pub(crate) fn snapshot_lost(&mut self, peer: u64) {
        if self.snapshots.waiting_since_us.remove(&peer).is_some() {
            self.node.report_snapshot(peer, true);
        }
    }
}
