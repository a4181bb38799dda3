//! Reading: frames into entries, hard state, metadata and snapshots, as etcd's `ReadAll` does, with
//! what its `Repair` would do reported beside.
//!
//! The checksum covers a record's data, not its type: this is etcd's format, and a flipped bit in a
//! type is not always seen.

use bytes::Bytes;
use prost::Message;
use proto::raftpb::{Entry, HardState};
use proto::walpb;

use crate::{FRAME_ALIGN_BYTES, MAX_RECORD_SIZE_BYTES, MIN_SECTOR_SIZE_BYTES, RecordType};

/// Why a log cannot be read; the texts are etcd's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No file holds the start, or one is missing between two others.
    FileNotFound,
    /// A record's data does not match its checksum.
    RecordCrcMismatch,
    /// A file does not go on where the one before it ended.
    FileCrcMismatch,
    /// A file names another member or cluster than the first.
    MetadataConflict,
    /// The snapshot to start from has another term in the log.
    SnapshotMismatch,
    /// The snapshot to start from is not in the log.
    SnapshotNotFound,
    /// An entry does not follow the ones before it.
    SliceOutOfRange,
    /// A record claims to be larger than [`MAX_RECORD_SIZE_BYTES`].
    MaxEntrySizeExceeded,
    /// A file before the last one ends inside a record.
    UnexpectedEof,
    /// A record of no known type.
    UnexpectedType(i64),
    /// Data that passed its checksum is not the message it should be.
    Malformed(RecordType),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::FileNotFound => f.write_str("wal: file not found"),
            Error::RecordCrcMismatch => f.write_str("walpb: crc mismatch"),
            Error::FileCrcMismatch => f.write_str("wal: crc mismatch"),
            Error::MetadataConflict => f.write_str("wal: conflicting metadata found"),
            Error::SnapshotMismatch => f.write_str("wal: snapshot mismatch"),
            Error::SnapshotNotFound => f.write_str("wal: snapshot not found"),
            Error::SliceOutOfRange => f.write_str("wal: slice bounds out of range"),
            Error::MaxEntrySizeExceeded => f.write_str("wal: max entry size limit exceeded"),
            Error::UnexpectedEof => f.write_str("unexpected EOF"),
            Error::UnexpectedType(number) => write!(f, "unexpected block type {number}"),
            Error::Malformed(kind) => write!(f, "proto: illegal {kind:?} record"),
        }
    }
}

impl std::error::Error for Error {}

/// An entry of the log: its place, and its bytes as logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEntry {
    pub index: u64,
    pub term: u64,
    /// The whole marshalled `raftpb.Entry`.
    pub raw: Bytes,
}

/// What a log says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovered {
    /// `None` only for a log cut off inside its first records.
    pub metadata: Option<Bytes>,
    /// The latest; zero when none was saved.
    pub hard_state: HardState,
    /// Entries after the start, in order of index without a gap; overwritten ones are gone.
    pub entries: Vec<LoggedEntry>,
    /// Every snapshot record, in order. Those above `hard_state.commit` are not to be used.
    pub snapshots: Vec<walpb::Snapshot>,
    /// The rolling checksum to go on from.
    pub crc: u32,
    /// Where the valid part of the last file ends: writing goes on here, after zeroing the rest.
    pub valid_bytes: usize,
    /// Whether the last file ends in a torn record, which etcd's repair cuts off.
    pub torn: bool,
}

/// Reads a log of one file from its beginning.
///
/// # Errors
/// As [`read_files`].
pub fn read_all(file: &[u8]) -> Result<Recovered, Error> {
    read_files(&[file], &walpb::Snapshot::default())
}

/// Reads consecutive files, keeping the entries after `start`.
///
/// A torn record at the very end is not an error: what it held was never synced.
///
/// # Errors
/// When the bytes are not a log, or not one that holds the snapshot `start`. A log torn before its
/// first snapshot record counts as empty when `start` is zero.
pub fn read_files(files: &[&[u8]], start: &walpb::Snapshot) -> Result<Recovered, Error> {
    let mut reader =
        Reader { found: Recovered::default(), start, matched: false, term_at_start: None };
    for (n, file) in files.iter().enumerate() {
        let torn = reader.file(file)?;
        if torn && n + 1 < files.len() {
            return Err(Error::UnexpectedEof);
        }
        reader.found.torn = torn;
    }
    if !reader.matched && start.index > 0 {
        return Err(Error::SnapshotNotFound);
    }
    Ok(reader.found)
}

/// Who wrote a file, which each file says at its head; `None` when it does not.
pub fn metadata(file: &[u8]) -> Option<Bytes> {
    let mut at = 0;
    // The checksum so far comes first.
    for _ in 0..2 {
        let Ok(Frame::Record { data, frame_len }) = frame(&file[at..]) else { return None };
        let record = walpb::Record::decode(data).ok()?;
        if record.r#type == RecordType::Metadata as i64 {
            return record.data;
        }
        at += frame_len;
    }
    None
}

struct Reader<'a> {
    found: Recovered,
    start: &'a walpb::Snapshot,
    /// Whether the record of `start` was seen.
    matched: bool,
    /// Term of the entry at the index of `start`, as far as the log is read.
    term_at_start: Option<u64>,
}

impl Reader<'_> {
    /// Reads one file to its end; true when that end is torn.
    fn file(&mut self, file: &[u8]) -> Result<bool, Error> {
        self.found.valid_bytes = 0;
        loop {
            let at = self.found.valid_bytes;
            let (data, frame_len) = match frame(&file[at..])? {
                Frame::Record { data, frame_len } => (data, frame_len),
                Frame::End if sector_rest(file, at).iter().all(|byte| *byte == 0) => {
                    return Ok(false);
                }
                Frame::Cut if !goes_on(&file[at..]) && !self.is_whole(&file[at..]) => {
                    return Ok(true);
                }
                // No write that was torn looks like this.
                Frame::End | Frame::Cut => return Err(Error::RecordCrcMismatch),
            };
            let torn = has_zero_sector(data, at + 8);
            let record = match walpb::Record::decode(data) {
                Ok(record) => record,
                Err(_) if torn => return Ok(true),
                Err(_) => return Err(Error::RecordCrcMismatch),
            };
            match self.record(record) {
                Err(Error::RecordCrcMismatch) if torn => return Ok(true),
                done => done?,
            }
            self.found.valid_bytes = at + frame_len;
        }
    }

    /// Whether a frame that claims to reach beyond the file holds all of its record.
    fn is_whole(&self, rest: &[u8]) -> bool {
        let Some((head, body)) = rest.split_first_chunk::<8>() else { return false };
        if u64::from_le_bytes(*head) & LENGTH_MASK <= body.len() as u64 {
            // Only padding is missing, which a torn write can leave out.
            return false;
        }
        let whole = |pad: usize| {
            let data = &body[..body.len() - pad];
            let Ok(record) = walpb::Record::decode(data) else { return false };
            let data = record.data.unwrap_or_default();
            !data.is_empty() && crc32c::crc32c_append(self.found.crc, &data) == record.crc
        };
        (0..FRAME_ALIGN_BYTES.min(body.len())).any(whole)
    }

    fn record(&mut self, record: walpb::Record) -> Result<(), Error> {
        let kind =
            RecordType::from_number(record.r#type).ok_or(Error::UnexpectedType(record.r#type))?;
        if kind == RecordType::Crc {
            // A log that is read from the middle starts with the checksum it finds.
            if self.found.crc != 0 && self.found.crc != record.crc {
                return Err(Error::FileCrcMismatch);
            }
            self.found.crc = record.crc;
            return Ok(());
        }
        let data = record.data.unwrap_or_default();
        let crc = crc32c::crc32c_append(self.found.crc, &data);
        if crc != record.crc {
            return Err(Error::RecordCrcMismatch);
        }
        match kind {
            RecordType::Metadata => self.metadata(data)?,
            RecordType::Entry => self.entry(data)?,
            RecordType::State => self.found.hard_state = message(kind, &data)?,
            RecordType::Snapshot => self.snapshot(message(kind, &data)?)?,
            RecordType::Crc => {}
        }
        self.found.crc = crc;
        Ok(())
    }

    fn metadata(&mut self, data: Bytes) -> Result<(), Error> {
        match &self.found.metadata {
            Some(known) if *known != data => Err(Error::MetadataConflict),
            _ => {
                self.found.metadata = Some(data);
                Ok(())
            }
        }
    }

    /// An entry takes the place of what stood at its index, and of all that followed.
    fn entry(&mut self, raw: Bytes) -> Result<(), Error> {
        let entry: Entry = message(RecordType::Entry, &raw)?;
        let Some(after) = entry.index.checked_sub(self.start.index).filter(|after| *after > 0)
        else {
            // It takes the place of everything after it, what is kept included.
            self.term_at_start = Some(entry.term).filter(|_| entry.index == self.start.index);
            self.found.entries.clear();
            return Ok(());
        };
        let at = usize::try_from(after - 1).map_err(|_| Error::SliceOutOfRange)?;
        if at > self.found.entries.len() {
            return Err(Error::SliceOutOfRange);
        }
        self.found.entries.truncate(at);
        self.found.entries.push(LoggedEntry { index: entry.index, term: entry.term, raw });
        Ok(())
    }

    fn snapshot(&mut self, snapshot: walpb::Snapshot) -> Result<(), Error> {
        if snapshot.index == self.start.index {
            if snapshot.term != self.start.term {
                return Err(Error::SnapshotMismatch);
            }
            // A snapshot that came from the leader stands in place of a log that had another entry
            // there: what followed is void. etcd would read it back as an unacknowledged tail. In a
            // backup the record comes last, and no entry before its place is in the log.
            if self.term_at_start.is_some_and(|term| term != snapshot.term) {
                self.found.entries.clear();
            }
            self.matched = true;
        }
        self.found.snapshots.push(snapshot);
        Ok(())
    }
}

fn message<M: Message + Default>(kind: RecordType, data: &[u8]) -> Result<M, Error> {
    M::decode(data).map_err(|_| Error::Malformed(kind))
}

enum Frame<'a> {
    Record {
        data: &'a [u8],
        frame_len: usize,
    },
    /// The bytes end here, or the preallocated zeroes begin.
    End,
    /// The bytes end inside the frame.
    Cut,
}

/// The bits of a frame's first field that are its length; the others tell of padding.
const LENGTH_MASK: u64 = !(0xff << 56);

fn frame(rest: &[u8]) -> Result<Frame<'_>, Error> {
    let Some((head, body)) = rest.split_first_chunk::<8>() else {
        return Ok(if rest.is_empty() { Frame::End } else { Frame::Cut });
    };
    let field = u64::from_le_bytes(*head);
    if field == 0 {
        return Ok(Frame::End);
    }
    let len = field & LENGTH_MASK;
    // The top bit says that the three lowest bits of the top byte count padding.
    let pad = if field >> 63 == 1 { (field >> 56) & 0x7 } else { 0 };
    if len >= MAX_RECORD_SIZE_BYTES as u64 {
        return Err(Error::MaxEntrySizeExceeded);
    }
    let (len, pad) = (len as usize, pad as usize);
    if !(len + pad).is_multiple_of(FRAME_ALIGN_BYTES) || pad >= FRAME_ALIGN_BYTES {
        // Frames are written so that they end where the next may begin.
        return Err(Error::RecordCrcMismatch);
    }
    if body.len() < len + pad {
        return Ok(Frame::Cut);
    }
    Ok(Frame::Record { data: &body[..len], frame_len: 8 + len + pad })
}

/// What follows in the sector that `at` lies in.
fn sector_rest(file: &[u8], at: usize) -> &[u8] {
    let end = (at / MIN_SECTOR_SIZE_BYTES + 1) * MIN_SECTOR_SIZE_BYTES;
    &file[at..end.min(file.len())]
}

/// Whether records follow behind a frame that claims to reach beyond the file: then its length is not
/// what was written. Two of them in a row are looked for, the second with the sum that the first one
/// makes of it. Sectors that did not reach the disk are another matter: what follows them may be whole.
fn goes_on(rest: &[u8]) -> bool {
    if rest.chunks(MIN_SECTOR_SIZE_BYTES).any(|sector| sector.iter().all(|byte| *byte == 0)) {
        return false;
    }
    let record = |at: usize| {
        let Ok(Frame::Record { data, frame_len }) = frame(rest.get(at..)?) else { return None };
        let record = walpb::Record::decode(data).ok()?;
        RecordType::from_number(record.r#type)?;
        Some((record, at + frame_len))
    };
    (FRAME_ALIGN_BYTES..rest.len()).step_by(FRAME_ALIGN_BYTES).any(|at| {
        let Some((first, next)) = record(at) else { return false };
        let Some((second, _)) = record(next) else { return false };
        let data = second.data.unwrap_or_default();
        !data.is_empty() && crc32c::crc32c_append(first.crc, &data) == second.crc
    })
}

/// Whether a sector's share of `data`, which lies at `offset` of its file, is all zero: the sign of
/// a write that did not reach the disk whole.
fn has_zero_sector(data: &[u8], offset: usize) -> bool {
    let first = (MIN_SECTOR_SIZE_BYTES - offset % MIN_SECTOR_SIZE_BYTES).min(data.len());
    let (head, tail) = data.split_at(first);
    let zero = |chunk: &[u8]| chunk.iter().all(|byte| *byte == 0);
    (!head.is_empty() && zero(head)) || tail.chunks(MIN_SECTOR_SIZE_BYTES).any(zero)
}
