//! The storage below a node of an interaction: a log that can be compacted, and snapshots.
//!
//! The member's own writes all of that to its disk and makes snapshots of its state; the tables know
//! neither.

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};

/// `entries[i]` has index `base.0 + 1 + i`; the entry at `base` is compacted, its term is known.
pub(crate) struct Store {
    hard_state: HardState,
    conf_state: ConfState,
    base: (u64, u64),
    entries: Vec<Entry>,
    /// What a follower would be sent: always as new as the applied state.
    snapshot: Snapshot,
}

impl Store {
    /// A store that was restored from a snapshot, or an empty one at index 0.
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        let meta = snapshot.get_metadata();
        Store {
            hard_state: HardState::default(),
            conf_state: meta.get_conf_state().clone(),
            base: (meta.index, meta.term),
            entries: Vec::new(),
            snapshot,
        }
    }

    pub(crate) fn restore(&mut self, snapshot: &Snapshot) {
        let meta = snapshot.get_metadata();
        self.base = (meta.index, meta.term);
        self.entries.clear();
        self.conf_state = meta.get_conf_state().clone();
        self.snapshot = snapshot.clone();
    }

    pub(crate) fn append(&mut self, new: &[Entry]) {
        let Some(first) = new.first() else { return };
        self.entries.truncate((first.index - self.base.0 - 1) as usize);
        self.entries.extend_from_slice(new);
    }

    pub(crate) fn set_hard_state(&mut self, hard_state: HardState) {
        self.hard_state = hard_state;
    }

    /// An entry was applied; a changed configuration comes with it.
    pub(crate) fn applied(&mut self, entry: &Entry, conf_state: Option<ConfState>) {
        let meta = self.snapshot.mut_metadata();
        (meta.index, meta.term) = (entry.index, entry.term);
        if let Some(conf_state) = conf_state {
            self.conf_state = conf_state.clone();
            meta.set_conf_state(conf_state);
        }
    }

    pub(crate) fn compact(&mut self, index: u64) {
        let term = self.term(index).expect("an entry to compact");
        self.entries.drain(..(index - self.base.0) as usize);
        self.base = (index, term);
    }

    pub(crate) fn log(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn latest_snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn last(&self) -> u64 {
        self.base.0 + self.entries.len() as u64
    }
}

impl Storage for Store {
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
        if low <= self.base.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        if high > self.last() + 1 {
            return Err(Error::Store(StorageError::Unavailable));
        }
        let first = self.base.0 + 1;
        let mut entries = self.entries[(low - first) as usize..(high - first) as usize].to_vec();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index < self.base.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        if index == self.base.0 {
            return Ok(self.base.1);
        }
        let entry = self.entries.get((index - self.base.0 - 1) as usize);
        entry.map(|entry| entry.term).ok_or(Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.base.0 + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    fn snapshot(&self, _request_index: u64, _to: u64) -> raft::Result<Snapshot> {
        Ok(self.snapshot.clone())
    }
}
