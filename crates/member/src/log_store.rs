//! The raft log in memory, as raft-rs wants to read it.
//!
//! Mirrors `raft.MemoryStorage` of etcd: what raft reads is what was written to the WAL in the same
//! step. A snapshot takes the place of the entries before it; some of those are kept for slow
//! followers. A snapshot for a follower that is further behind is taken from the applied state, as
//! etcd does, and so is made outside: raft asks, is told to ask again, and finds it then.

use std::cell::Cell;

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};

/// `entries[i]` has index `offset + i + 1`.
#[derive(Default)]
pub(crate) struct LogStore {
    hard_state: HardState,
    conf_state: ConfState,
    /// Index and term of the entry before the first.
    offset: u64,
    offset_term: u64,
    entries: Vec<Entry>,
    /// A snapshot to send, of this member's applied state.
    snapshot: Option<Snapshot>,
    /// Raft asked for a snapshot and got none.
    snapshot_wanted: Cell<bool>,
}

impl LogStore {
    /// A store as a restart finds it: entries after a snapshot at `offset`. At offset 0 the
    /// configuration is empty: it is rebuilt by applying the log.
    pub(crate) fn recovered(
        hard_state: HardState,
        conf_state: ConfState,
        (offset, offset_term): (u64, u64),
        entries: Vec<Entry>,
    ) -> Self {
        for (position, entry) in entries.iter().enumerate() {
            assert_eq!(entry.index, offset + position as u64 + 1, "log has a gap");
        }
        LogStore { hard_state, conf_state, offset, offset_term, entries, ..LogStore::default() }
    }

    /// Entries replace whatever stood at their first index and after it.
    pub(crate) fn append(&mut self, new: &[Entry]) {
        let Some(first) = new.first() else { return };
        assert!(first.index > self.offset, "entry before the log");
        let keep = (first.index - self.offset - 1) as usize;
        assert!(keep <= self.entries.len(), "log would have a gap");
        self.entries.truncate(keep);
        self.entries.extend_from_slice(new);
    }

    pub(crate) fn set_hard_state(&mut self, hard_state: HardState) {
        self.hard_state = hard_state;
    }

    /// As it was written last.
    pub(crate) fn hard_state(&self) -> &HardState {
        &self.hard_state
    }

    pub(crate) fn set_conf_state(&mut self, conf_state: ConfState) {
        self.conf_state = conf_state;
    }

    pub(crate) fn conf_state(&self) -> &ConfState {
        &self.conf_state
    }

    /// A snapshot of the leader's: nothing of the log is left but its place.
    pub(crate) fn install(&mut self, snapshot: &Snapshot) {
        let metadata = snapshot.get_metadata();
        self.offset = metadata.index;
        self.offset_term = metadata.term;
        self.entries.clear();
        self.conf_state = metadata.get_conf_state().clone();
        self.hard_state.commit = self.hard_state.commit.max(metadata.index);
        self.hard_state.term = self.hard_state.term.max(metadata.term);
        self.snapshot = None;
    }

    /// Drops the entries up to `index`, which is applied and in a snapshot.
    pub(crate) fn compact(&mut self, index: u64) {
        if index <= self.offset {
            return;
        }
        let gone = (index - self.offset) as usize;
        assert!(gone <= self.entries.len(), "compaction beyond the log");
        self.offset_term = self.entries[gone - 1].term;
        self.entries.drain(..gone);
        self.offset = index;
    }

    /// Whether raft waits for [`LogStore::offer_snapshot`].
    pub(crate) fn takes_snapshot(&self) -> bool {
        self.snapshot_wanted.get()
    }

    pub(crate) fn offer_snapshot(&mut self, snapshot: Snapshot) {
        self.snapshot_wanted.set(false);
        self.snapshot = Some(snapshot);
    }

    /// Nobody needs it any more.
    pub(crate) fn drop_snapshot(&mut self) {
        self.snapshot = None;
    }

    /// What the entries' data takes, in bytes.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.data.len() as u64).sum()
    }

    pub(crate) fn first(&self) -> u64 {
        self.offset + 1
    }

    pub(crate) fn last(&self) -> u64 {
        self.offset + self.entries.len() as u64
    }

    /// The newest `count` entries, oldest first.
    pub(crate) fn tail(&self, count: usize) -> &[Entry] {
        &self.entries[self.entries.len().saturating_sub(count)..]
    }

    pub(crate) fn term_of(&self, index: u64) -> Option<u64> {
        if index == self.offset {
            return Some(self.offset_term);
        }
        let at = index.checked_sub(self.offset + 1)?;
        self.entries.get(at as usize).map(|entry| entry.term)
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
        if low <= self.offset {
            return Err(Error::Store(StorageError::Compacted));
        }
        if high > self.last() + 1 {
            return Err(Error::Store(StorageError::Unavailable));
        }
        let at = |index: u64| (index - self.offset - 1) as usize;
        let wanted = &self.entries[at(low)..at(high)];
        // Only what fits is copied.
        let count = fitting(wanted, max_size.into());
        Ok(wanted[..count].to_vec())
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index < self.offset {
            return Err(Error::Store(StorageError::Compacted));
        }
        self.term_of(index).ok_or(Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.first())
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    fn snapshot(&self, request_index: u64, to: u64) -> raft::Result<Snapshot> {
        // Useless when the log no longer goes on where it ends, or to a member that came later: raft
        // takes no snapshot that does not name it.
        let ready = self.snapshot.as_ref().filter(|snapshot| {
            let metadata = snapshot.get_metadata();
            let members = metadata.get_conf_state();
            let names_it = members.voters.contains(&to) || members.learners.contains(&to);
            metadata.index >= self.offset && metadata.index >= request_index && names_it
        });
        if let Some(snapshot) = ready {
            return Ok(snapshot.clone());
        }
        self.snapshot_wanted.set(true);
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}

/// How many of the first entries have at most `max_size` bytes together; at least one.
fn fitting(entries: &[Entry], max_size: Option<u64>) -> usize {
    use protobuf::Message as _;
    let Some(max_size) = max_size.filter(|max_size| *max_size != raft::NO_LIMIT) else {
        return entries.len();
    };
    let mut bytes = 0;
    for (count, entry) in entries.iter().enumerate() {
        bytes += u64::from(entry.compute_size());
        if bytes > max_size && count > 0 {
            return count;
        }
    }
    entries.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: u64, term: u64) -> Entry {
        Entry { index, term, ..Entry::default() }
    }

    #[test]
    fn compaction_keeps_the_place_before_the_first_entry() {
        let mut log = LogStore::default();
        log.append(&[entry(1, 1), entry(2, 1), entry(3, 2), entry(4, 2)]);
        log.compact(3);
        assert_eq!((log.first(), log.last()), (4, 4));
        assert_eq!(log.term(3), Ok(2));
        assert_eq!(log.term(2), Err(Error::Store(StorageError::Compacted)));
        log.append(&[entry(4, 3), entry(5, 3)]);
        assert_eq!(log.term(4), Ok(3));
        let context = GetEntriesContext::empty(false);
        assert_eq!(log.entries(4, 6, None, context).unwrap().len(), 2);
        let context = GetEntriesContext::empty(false);
        assert!(log.entries(3, 6, None, context).is_err());
    }

    #[test]
    fn a_snapshot_is_asked_for_and_found_the_next_time() {
        let mut log = LogStore::default();
        assert!(log.snapshot(0, 1).is_err() && log.takes_snapshot());
        let mut snapshot = Snapshot::default();
        snapshot.mut_metadata().index = 7;
        snapshot.mut_metadata().mut_conf_state().voters = vec![1, 2];
        log.offer_snapshot(snapshot.clone());
        assert!(!log.takes_snapshot());
        assert_eq!(log.snapshot(0, 1).unwrap(), snapshot);
        // Member 3 joined after it was taken.
        assert!(log.snapshot(0, 3).is_err() && log.takes_snapshot());
        log.install(&snapshot);
        assert_eq!((log.first(), log.last()), (8, 7));
    }
}
