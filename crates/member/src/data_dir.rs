//! What lies in a data directory, by etcd's names: `member/wal`, `member/snap` and `member/snap/db`.
//!
//! Mirrors `selectWALFiles` of `wal/util.go`, `Snapshotter.LoadNewestAvailable` of
//! `etcdserver/api/snap` and `recoverSnapshotBackend` of `etcdserver/backend.go`: which files a start
//! reads, and which it passes over. Left out: locks, temporary files, and renaming broken snapshots.

use bytes::Bytes;
use protobuf::Message as _;
use raft::eraftpb::Snapshot;

use crate::io::{DiskFile, DiskOp};

pub(crate) const WAL_DIR: &str = "member/wal/";
pub(crate) const SNAP_DIR: &str = "member/snap/";
/// The backend.
pub(crate) const DB: &str = "member/snap/db";

/// Whether a file with this path in a data directory is one of the log. A directory without any is one
/// for a new member, whatever else lies in it (`wal.Exist`).
pub fn is_log_file(path: &str) -> bool {
    log_place(path).is_some()
}

/// A log file's number and its first entry, which its name tells.
fn log_place(path: &str) -> Option<(u64, u64)> {
    wal::parse_file_name(path.strip_prefix(WAL_DIR)?)
}

/// One file of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) seq: u64,
    /// The first entry that may be in it.
    pub(crate) index: u64,
    pub(crate) file: &'a DiskFile,
}

/// The files of a directory, found by name.
pub(crate) struct DataDir<'a> {
    files: &'a [DiskFile],
    /// In order of their numbers.
    pub(crate) segments: Vec<Segment<'a>>,
}

/// A log as read from one snapshot on.
pub(crate) struct Log {
    pub(crate) found: wal::Recovered,
    /// Where it starts; none for the beginning of all.
    pub(crate) snapshot: Option<Snapshot>,
}

impl<'a> DataDir<'a> {
    pub(crate) fn new(files: &'a [DiskFile]) -> Self {
        let mut segments: Vec<Segment<'a>> = files
            .iter()
            .filter_map(|file| {
                let (seq, index) = log_place(&file.path)?;
                Some(Segment { seq, index, file })
            })
            .collect();
        segments.sort_by_key(|segment| segment.seq);
        DataDir { files, segments }
    }

    /// `wal.Exist`: a directory without a log is one for a new member.
    pub(crate) fn has_log(&self) -> bool {
        !self.segments.is_empty()
    }

    pub(crate) fn file(&self, path: &str) -> Option<&'a Bytes> {
        self.files.iter().find(|file| file.path == path).map(|file| &file.bytes)
    }

    /// Paths of all snapshot files, the oldest first.
    pub(crate) fn snapshots(&self) -> Vec<&'a str> {
        let mut found: Vec<((u64, u64), &str)> = self
            .files
            .iter()
            .filter_map(|file| {
                let name = file.path.strip_prefix(SNAP_DIR)?;
                Some((wal::parse_snap_file_name(name)?, file.path.as_str()))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, path)| path).collect()
    }

    /// The log, from the newest snapshot on that is whole and that the log knows as committed.
    ///
    /// # Errors
    /// Why it cannot be read; [`fatal_text`] has a start's words for it.
    pub(crate) fn read_log(&self) -> Result<Log, wal::Error> {
        for path in self.snapshots().into_iter().rev() {
            let Some(snapshot) = self.file(path).and_then(read_snapshot) else { continue };
            let (index, term) = (snapshot.get_metadata().index, snapshot.get_metadata().term);
            let start = proto::walpb::Snapshot { index, term, ..Default::default() };
            match self.read_from(&start) {
                // A record beyond the hard state is of a snapshot whose saving was not finished.
                Ok(found) if known_and_committed(&found, index, term) => {
                    return Ok(Log { found, snapshot: Some(snapshot) });
                }
                Ok(_)
                | Err(
                    wal::Error::SnapshotNotFound
                    | wal::Error::SnapshotMismatch
                    | wal::Error::FileNotFound,
                ) => {}
                Err(error) => return Err(error),
            }
        }
        let found = self.read_from(&proto::walpb::Snapshot::default())?;
        Ok(Log { found, snapshot: None })
    }

    /// The last file whose first entry is not beyond the snapshot's, and all that follow it.
    fn read_from(&self, start: &proto::walpb::Snapshot) -> Result<wal::Recovered, wal::Error> {
        let first = self.segments.iter().rposition(|segment| segment.index <= start.index);
        let segments = &self.segments[first.ok_or(wal::Error::FileNotFound)?..];
        if segments.windows(2).any(|pair| pair[0].seq + 1 != pair[1].seq) {
            return Err(wal::Error::FileNotFound);
        }
        let bytes: Vec<&[u8]> = segments.iter().map(|segment| &segment.file.bytes[..]).collect();
        wal::read_files(&bytes, start)
    }

    /// The backend's file that goes with a snapshot at `index` (0 for none), and what makes it the
    /// backend if it is not yet: that of a snapshot which came from the leader waits under a name of
    /// its own. None when there is none.
    ///
    /// # Errors
    /// When the database is older than the snapshot and the one that came with it is not there.
    pub(crate) fn db(
        &self,
        index: u64,
        consistent_index: impl Fn(&Bytes) -> Result<u64, String>,
    ) -> Result<(Option<&'a Bytes>, Option<DiskOp>), String> {
        let db = self.file(DB);
        let reached = db.map_or(Ok(0), consistent_index)?;
        if reached >= index {
            return Ok((db, None));
        }
        let from = format!("{SNAP_DIR}{}", wal::snap_db_file_name(index));
        let received = self.file(&from).ok_or(
            "recovering backend from snapshot error: failed to find database snapshot file (snap: \
             snapshot file doesn't exist)",
        )?;
        Ok((Some(received), Some(DiskOp::Rename { from, to: DB.into() })))
    }
}

/// What etcd writes last when it cannot read the log. It looks through all records for snapshots
/// before it reads the log, so what that finds comes without more words. Releases after 3.4 are not
/// told apart.
pub(crate) fn fatal_text(error: &wal::Error) -> String {
    match error {
        wal::Error::FileNotFound => format!("open wal error: {error}"),
        wal::Error::UnexpectedType(_)
        | wal::Error::SliceOutOfRange
        | wal::Error::SnapshotMismatch
        | wal::Error::MetadataConflict => {
            format!("read wal error ({error}) and cannot be repaired")
        }
        wal::Error::Malformed(_) => UNMARSHAL_FAILED.into(),
        _ => error.to_string(),
    }
}

/// `pbutil.MustUnmarshal` of a message that is cut off.
pub(crate) const UNMARSHAL_FAILED: &str = "unmarshal should never fail (unexpected EOF)";

fn read_snapshot(file: &Bytes) -> Option<Snapshot> {
    let data = wal::decode_snap(file.clone()).ok()?;
    Snapshot::parse_from_bytes(&data).ok()
}

fn known_and_committed(found: &wal::Recovered, index: u64, term: u64) -> bool {
    let is_it = |known: &proto::walpb::Snapshot| known.index == index && known.term == term;
    index <= found.hard_state.commit && found.snapshots.iter().any(is_it)
}

/// The snapshot's file, to be written whole or not at all.
pub(crate) fn snapshot_file(snapshot: &Snapshot) -> Result<(String, DiskOp), String> {
    let metadata = snapshot.get_metadata();
    let path = format!("{SNAP_DIR}{}", wal::snap_file_name(metadata.term, metadata.index));
    let data = snapshot.write_to_bytes().map_err(|e| format!("snapshot does not encode: {e}"))?;
    let op = DiskOp::Replace { path: path.clone(), bytes: wal::encode_snap(&data).into() };
    Ok((path, op))
}
