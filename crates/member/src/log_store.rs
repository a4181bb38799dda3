//! The raft log in memory, as raft-rs wants to read it.
//!
//! Mirrors `raft.MemoryStorage` of etcd: what raft reads is what was written to the WAL in the same
//! step. The log is kept whole: raft snapshots come with the files.

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};

/// `entries[i]` has index `i + 1`.
#[derive(Default)]
pub(crate) struct LogStore {
    hard_state: HardState,
    conf_state: ConfState,
    entries: Vec<Entry>,
}

impl LogStore {
    /// A store as a restart finds it. The configuration is empty: it is rebuilt by applying the log.
    pub(crate) fn recovered(hard_state: HardState, entries: Vec<Entry>) -> Self {
        for (position, entry) in entries.iter().enumerate() {
            assert_eq!(entry.index, position as u64 + 1, "log has a gap");
        }
        LogStore { hard_state, conf_state: ConfState::default(), entries }
    }

    /// Entries replace whatever stood at their first index and after it.
    pub(crate) fn append(&mut self, new: &[Entry]) {
        let Some(first) = new.first() else { return };
        assert!(first.index >= 1, "entry before the log");
        let keep = (first.index - 1) as usize;
        assert!(keep <= self.entries.len(), "log would have a gap");
        self.entries.truncate(keep);
        self.entries.extend_from_slice(new);
    }

    pub(crate) fn set_hard_state(&mut self, hard_state: HardState) {
        self.hard_state = hard_state;
    }

    pub(crate) fn set_conf_state(&mut self, conf_state: ConfState) {
        self.conf_state = conf_state;
    }

    pub(crate) fn last(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The newest `count` entries, oldest first.
    pub(crate) fn tail(&self, count: usize) -> &[Entry] {
        &self.entries[self.entries.len().saturating_sub(count)..]
    }
}

impl Storage for LogStore {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(RaftState { hard_state: self.hard_state.clone(), conf_state: self.conf_state.clone() })
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        if low < 1 {
            return Err(Error::Store(StorageError::Compacted));
        }
        if high > self.last() + 1 {
            return Err(Error::Store(StorageError::Unavailable));
        }
        let mut entries = self.entries[(low - 1) as usize..(high - 1) as usize].to_vec();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index == 0 {
            return Ok(0);
        }
        match self.entries.get((index - 1) as usize) {
            Some(entry) => Ok(entry.term),
            None => Err(Error::Store(StorageError::Unavailable)),
        }
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    /// Never needed while the log is whole: every follower can be caught up by entries.
    fn snapshot(&self, _request_index: u64, _to: u64) -> raft::Result<Snapshot> {
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}
