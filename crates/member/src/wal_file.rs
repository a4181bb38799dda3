//! The open end of a member's write-ahead log (`wal/wal.go`): records into the last file, a new file
//! once that is large enough, and old files given up.
//!
//! What the records are is for the crate `wal`. Left out: preallocation, locks, and the temporary
//! names under which etcd makes a new file: here a file is made whole or not at all.

use prost::Message as _;
use proto::raftpb;
use raft::eraftpb::{ConfState, Entry, EntryType, HardState, Snapshot};

use crate::conf_change;
use crate::data_dir::{DataDir, WAL_DIR};
use crate::io::DiskOp;
use crate::limits;

/// A file of the log that is complete.
struct Closed {
    path: String,
    /// The first entry that may be in it.
    index: u64,
}

/// The log's end, and what it has behind it.
pub(crate) struct Wal {
    encoder: wal::Encoder,
    metadata: Vec<u8>,
    closed: Vec<Closed>,
    path: String,
    seq: u64,
    /// As `Closed::index`, of the open file.
    index: u64,
    file_bytes: u64,
    segment_bytes: u64,
    /// As written last.
    last_index: u64,
    state: raftpb::HardState,
}

impl Wal {
    /// A new log: its file holds these entries. Gives the operation that makes it: etcd makes a log in
    /// a temporary directory and renames that, so that it is there whole or not at all.
    pub(crate) fn create(
        metadata: Vec<u8>,
        entries: &[Entry],
        hard_state: &HardState,
        segment_bytes: u64,
    ) -> (Self, DiskOp) {
        let mut wal = Wal {
            encoder: wal::Encoder::new(0),
            metadata,
            closed: Vec::new(),
            path: format!("{WAL_DIR}{}", wal::file_name(0, 0)),
            seq: 0,
            index: 0,
            file_bytes: 0,
            segment_bytes,
            last_index: 0,
            state: raftpb::HardState::default(),
        };
        let mut bytes = Vec::new();
        wal.encoder.first_head(&wal.metadata, &mut bytes);
        wal.encode(entries, Some(hard_state), &mut bytes);
        wal.file_bytes = bytes.len() as u64;
        let op = DiskOp::Replace { path: wal.path.clone(), bytes: bytes.into() };
        (wal, op)
    }

    /// Goes on where a log that was read ends. A torn tail, which promised nothing because its sync
    /// never returned, is cut off. None for a directory without a log.
    pub(crate) fn reopen(
        dir: &DataDir<'_>,
        found: &wal::Recovered,
        last_index: u64,
        segment_bytes: u64,
    ) -> Option<(Self, Option<DiskOp>)> {
        let (last, before) = dir.segments.split_last()?;
        let path = last.file.path.clone();
        let valid_bytes = found.valid_bytes as u64;
        let torn = found.valid_bytes < last.file.bytes.len();
        let cut = torn.then(|| DiskOp::Truncate { path: path.clone(), len: valid_bytes });
        let closed = before
            .iter()
            .map(|segment| Closed { path: segment.file.path.clone(), index: segment.index })
            .collect();
        let wal = Wal {
            encoder: wal::Encoder::new(found.crc),
            metadata: found.metadata.clone().unwrap_or_default().to_vec(),
            closed,
            path,
            seq: last.seq,
            index: last.index,
            file_bytes: valid_bytes,
            segment_bytes,
            last_index,
            state: found.hard_state,
        };
        Some((wal, cut))
    }

    /// Adds records for entries and hard state, in etcd's order.
    pub(crate) fn encode(
        &mut self,
        entries: &[Entry],
        hard_state: Option<&HardState>,
        bytes: &mut Vec<u8>,
    ) {
        for entry in entries {
            let kind = match entry.entry_type {
                EntryType::EntryNormal => 0,
                EntryType::EntryConfChange => 1,
                EntryType::EntryConfChangeV2 => 2,
            };
            let data = match entry.entry_type {
                EntryType::EntryConfChange => {
                    conf_change::from_raft(&entry.data).unwrap_or_else(|_| entry.data.clone())
                }
                _ => entry.data.clone(),
            };
            let record = raftpb::Entry {
                r#type: kind,
                term: entry.term,
                index: entry.index,
                // Go leaves an empty entry's data out.
                data: Some(data).filter(|data| !data.is_empty()),
            };
            self.encoder.encode_raw(wal::RecordType::Entry, &record.encode_to_vec(), bytes);
            self.last_index = entry.index;
        }
        if let Some(state) = hard_state {
            self.state =
                raftpb::HardState { term: state.term, vote: state.vote, commit: state.commit };
            self.encoder.encode_state(&self.state, bytes);
        }
    }

    /// Adds the record of a snapshot whose file is on the disk before. `conf_state` is in it since 3.5.
    pub(crate) fn encode_snapshot(
        &mut self,
        snapshot: &Snapshot,
        with_conf_state: bool,
        bytes: &mut Vec<u8>,
    ) {
        let metadata = snapshot.get_metadata();
        let record = proto::walpb::Snapshot {
            index: metadata.index,
            term: metadata.term,
            conf_state: with_conf_state.then(|| conf_state_record(metadata.get_conf_state())),
        };
        self.encoder.encode_snapshot(&record, bytes);
        self.last_index = self.last_index.max(metadata.index);
    }

    /// The disk operations that put these records into the file. A file that has become large enough
    /// is the last but one from then on.
    pub(crate) fn write(&mut self, bytes: Vec<u8>, sync: bool) -> Vec<DiskOp> {
        self.file_bytes += bytes.len() as u64;
        let full = self.file_bytes >= self.segment_bytes;
        let mut ops = vec![DiskOp::Append { path: self.path.clone(), bytes: bytes.into() }];
        if sync || full {
            ops.push(DiskOp::Sync { path: self.path.clone() });
        }
        if full {
            ops.push(self.cut());
        }
        ops
    }

    fn cut(&mut self) -> DiskOp {
        let (seq, index) = (self.seq + 1, self.last_index + 1);
        let path = format!("{WAL_DIR}{}", wal::file_name(seq, index));
        let mut head = Vec::new();
        self.encoder.cut_head(&self.metadata, &self.state, &mut head);
        let full = std::mem::replace(&mut self.path, path.clone());
        self.closed.push(Closed { path: full, index: self.index });
        (self.seq, self.index, self.file_bytes) = (seq, index, head.len() as u64);
        DiskOp::Replace { path, bytes: head.into() }
    }

    /// Gives up old files: all but the newest few, and none that a start from the snapshot at `index`
    /// would read (`ReleaseLockTo`, `purgeFile`).
    pub(crate) fn purge(&mut self, index: u64) -> Vec<DiskOp> {
        let mut removed = Vec::new();
        while self.closed.len() >= limits::WAL_FILES_MAX {
            let next = self.closed.get(1).map_or(self.index, |next| next.index);
            if next > index {
                break;
            }
            removed.push(DiskOp::Remove { path: self.closed.remove(0).path });
        }
        removed
    }
}

fn conf_state_record(state: &ConfState) -> raftpb::ConfState {
    raftpb::ConfState {
        voters: state.voters.clone(),
        learners: state.learners.clone(),
        voters_outgoing: state.voters_outgoing.clone(),
        learners_next: state.learners_next.clone(),
        auto_leave: state.auto_leave,
    }
}
