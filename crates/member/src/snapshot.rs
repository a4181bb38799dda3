//! Raft snapshots: taken of the applied state, sent to followers that are too far behind, and taken
//! in (`snapshot_merge.go`, `applySnapshot` and `triggerSnapshot` in `etcdserver/server.go`; X3).
//!
//! Which way a joining or lagging member is brought up to date is raft's choice, as in etcd: by
//! entries while the leader has them, else by a snapshot of everything: what the members agreed on,
//! and the backend's file. Left out: the sizes and the pace of a real transfer; the whole travels as
//! one message.

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::Profile;
use raft::eraftpb::Snapshot;
use serde::{Deserialize, Serialize};

use crate::backend::Place;
use crate::data_dir::{self, DB, SNAP_DIR};
use crate::io::{DiskOp, Output, Trace};
use crate::member::Running;
use crate::state::State;
use crate::versions::STORAGE_VERSION;
use crate::{Micros, PlantedBug, limits};

/// Where this member's own snapshots stand.
pub(crate) struct Snapshots {
    /// Index of the newest on the disk; 0 for none.
    taken: u64,
    /// Their files, the oldest first.
    paths: Vec<String>,
    /// Since when each follower has been waiting for one.
    waiting_since_us: BTreeMap<u64, Micros>,
}

impl Snapshots {
    pub(crate) fn new(taken: u64, paths: Vec<String>) -> Self {
        Snapshots { taken, paths, waiting_since_us: BTreeMap::new() }
    }
}

/// What a raft message carries as its snapshot's data.
#[derive(Serialize, Deserialize)]
struct Carried {
    /// What the snapshot's file holds.
    v2: Bytes,
    /// The backend's file.
    db: Bytes,
}

fn carried(snapshot: &Snapshot) -> Result<Carried, String> {
    postcard::from_bytes(&snapshot.data)
        .map_err(|e| format!("failed to read the database snapshot: {e}"))
}

impl Running {
    /// Where the applied state stands in the log.
    pub(crate) fn place(&self) -> Place {
        // After a restart the backend may be ahead of the log.
        let index = self.applied.max(self.backend_index);
        let log = self.node.log();
        let since_3_5 = (self.config.profile >= Profile::V3_5)
            .then(|| (log.term_of(index).unwrap_or(self.node.term()), log.conf_state().clone()));
        let storage_version = (self.config.profile >= Profile::V3_6).then_some(STORAGE_VERSION);
        Place { index, since_3_5, storage_version, planted: self.config.planted }
    }

    /// A snapshot of what is applied here, without the backend, and its place.
    fn take_snapshot(&self) -> Result<Snapshot, String> {
        let log = self.node.log();
        let data = self.state.v2_image();
        let mut snapshot = Snapshot { data: data.into(), ..Snapshot::default() };
        let metadata = snapshot.mut_metadata();
        metadata.index = self.applied;
        metadata.term = log
            .term_of(self.applied)
            .ok_or_else(|| format!("no term for the applied index {}", self.applied))?;
        if !self.config.has_planted(PlantedBug::SnapshotWithoutMembers) {
            metadata.set_conf_state(log.conf_state().clone());
        }
        Ok(snapshot)
    }

    /// The same with the backend in it, as it travels.
    fn snapshot_to_send(&self) -> Result<Snapshot, String> {
        let mut snapshot = self.take_snapshot()?;
        let db = self.state.db_file(&self.place())?;
        let carried = Carried { v2: std::mem::take(&mut snapshot.data), db };
        let data = postcard::to_allocvec(&carried)
            .map_err(|e| format!("failed to write the database snapshot: {e}"))?;
        snapshot.data = data.into();
        Ok(snapshot)
    }

    /// Every `snapshot_entries` applied: backend and snapshot on the disk, and fewer entries in
    /// memory (X3). Gives the files; the record goes into the log's bytes.
    pub(crate) fn own_snapshot(&mut self, bytes: &mut Vec<u8>) -> Vec<DiskOp> {
        if self.applied <= self.snapshots.taken + self.config.snapshot_entries()
            || self.applied < self.backend_index
        {
            return Vec::new();
        }
        match self.save_own_snapshot(bytes) {
            Ok(ops) => ops,
            Err(reason) => {
                self.fatal = Some(reason);
                Vec::new()
            }
        }
    }

    fn save_own_snapshot(&mut self, bytes: &mut Vec<u8>) -> Result<Vec<DiskOp>, String> {
        let db = self.state.db_file(&self.place())?;
        let snapshot = self.take_snapshot()?;
        let mut ops = vec![DiskOp::Replace { path: DB.into(), bytes: db }];
        ops.extend(self.save_snapshot(&snapshot, bytes)?);
        let keep = self.config.snapshot_catchup_entries;
        self.node.log_mut().compact(self.applied.saturating_sub(keep));
        Ok(ops)
    }

    /// The snapshot's file, its record, and what it makes needless.
    fn save_snapshot(
        &mut self,
        snapshot: &Snapshot,
        bytes: &mut Vec<u8>,
    ) -> Result<Vec<DiskOp>, String> {
        let (path, op) = data_dir::snapshot_file(snapshot)?;
        self.wal.encode_snapshot(snapshot, self.config.profile >= Profile::V3_5, bytes);
        self.snapshots.taken = snapshot.get_metadata().index;
        self.snapshots.paths.push(path);
        if self.config.has_planted(PlantedBug::PurgedTooEarly) {
            self.purge();
        }
        Ok(vec![op])
    }

    /// What no start would read any more, once the newest snapshot is durable.
    pub(crate) fn purge(&mut self) {
        let paths = &mut self.snapshots.paths;
        let old = paths.len().saturating_sub(limits::SNAP_FILES_MAX);
        let mut ops: Vec<DiskOp> = paths.drain(..old).map(|path| DiskOp::Remove { path }).collect();
        ops.extend(self.wal.purge(self.snapshots.taken));
        if !ops.is_empty() {
            self.out.push(Output::Disk { op: 0, ops });
        }
    }

    /// A snapshot of the leader's came: its database waits under a name of its own until the rest is
    /// durable.
    pub(crate) fn receive_snapshot(
        &mut self,
        received: &Snapshot,
        bytes: &mut Vec<u8>,
    ) -> Result<Vec<DiskOp>, String> {
        let Carried { v2, db } = carried(received)?;
        let mut snapshot = Snapshot { data: v2, ..Snapshot::default() };
        snapshot.set_metadata(received.get_metadata().clone());
        let index = received.get_metadata().index;
        let path = format!("{SNAP_DIR}{}", wal::snap_db_file_name(index));
        let mut ops = vec![DiskOp::Replace { path, bytes: db }];
        ops.extend(self.save_snapshot(&snapshot, bytes)?);
        Ok(ops)
    }

    /// A snapshot of the leader's is durable: it takes the place of everything.
    pub(crate) fn install(&mut self, now: Micros, snapshot: &Snapshot) {
        let index = snapshot.get_metadata().index;
        let installed = carried(snapshot).and_then(|Carried { v2, db }| {
            let (mut state, backend_index) = State::from_db(&db, &self.config)?;
            state.recover_v2(&v2)?;
            state.v2.adopt_watchers(&mut self.state.v2);
            Ok((state, backend_index))
        });
        match installed {
            Ok((state, backend_index)) => (self.state, self.backend_index) = (state, backend_index),
            Err(reason) => {
                self.fatal = Some(reason);
                return;
            }
        }
        let from = format!("{SNAP_DIR}{}", wal::snap_db_file_name(index));
        let rename = DiskOp::Rename { from, to: DB.into() };
        self.out.push(Output::Disk { op: 0, ops: vec![rename] });
        self.applied = index;
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

    /// The backend as it is now, on the disk.
    pub(crate) fn write_backend(&mut self) {
        match self.state.db_file(&self.place()) {
            Ok(bytes) => {
                let ops = vec![DiskOp::Replace { path: DB.into(), bytes }];
                self.out.push(Output::Disk { op: 0, ops });
            }
            Err(reason) => self.fatal = Some(reason),
        }
    }

    pub(crate) fn snapshots_tick(&mut self, now: Micros) {
        if self.node.log().takes_snapshot() {
            match self.snapshot_to_send() {
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
