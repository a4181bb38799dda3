//! etcd's write-ahead log: bytes in, records out.
//!
//! Mirrors `server/storage/wal` (`wal` in 3.4): frames of a length and a `walpb.Record`, aligned to
//! 8 bytes, with a CRC-32 (Castagnoli) that rolls on from record to record and from file to file.
//! The bytes are etcd's own, so a log written here opens in etcd and the other way round.
//!
//! A file is: a CRC record with the checksum so far, the metadata, then for the first file the
//! snapshot record (index 0, term 0), for a later one the hard state; after that entries, states
//! and snapshots in the order they were saved.
//!
//! Beside it stand the snapshot files, which have a checksum of their own.
//!
//! Left out: files themselves (names are made here, reading, cutting, preallocating and syncing are
//! the member's), locks, and decoding of entry data beyond index, term and type.

mod decode;
mod encode;
mod name;
mod snap;

pub use decode::{Error, LoggedEntry, Recovered, metadata, read_all, read_files};
pub use encode::Encoder;
pub use name::{file_name, parse_file_name};
pub use snap::{
    SnapError, decode_snap, encode_snap, parse_snap_file_name, snap_db_file_name, snap_file_name,
};

/// Size at which etcd cuts a file and starts the next, in bytes.
pub const SEGMENT_SIZE_BYTES: u64 = 64_000_000;

/// A record of this size or more is not read (etcd 3.4's limit), in bytes.
pub const MAX_RECORD_SIZE_BYTES: usize = 10 * 1024 * 1024;

/// Records start at multiples of this, in bytes.
const FRAME_ALIGN_BYTES: usize = 8;

/// The unit a disk writes at once: a torn record shows as a sector that is all zero.
const MIN_SECTOR_SIZE_BYTES: usize = 512;

/// What a record holds, by its number in `walpb.Record.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// Who wrote the log: `etcdserverpb.Metadata`.
    Metadata = 1,
    /// `raftpb.Entry`.
    Entry = 2,
    /// `raftpb.HardState`.
    State = 3,
    /// The rolling checksum at the head of a file.
    Crc = 4,
    /// `walpb.Snapshot`: where a snapshot was taken.
    Snapshot = 5,
}

impl RecordType {
    fn from_number(number: i64) -> Option<RecordType> {
        use RecordType::*;
        [Metadata, Entry, State, Crc, Snapshot].into_iter().find(|kind| *kind as i64 == number)
    }
}
