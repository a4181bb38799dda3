//! A copy of a data directory for a new cluster, made offline (`ctlv2/command/backup_command.go`).
//!
//! The copy belongs to a member that nobody knows: what the log says of members is left out, and unless
//! it is asked for so is everything of v3. It is made to be started with `--force-new-cluster`. One
//! thing differs: etcd's takes the newest snapshot file that is whole, this one the newest that the log
//! knows too.

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::Metadata;
use proto::raftpb;
use raft::eraftpb::Snapshot;

use crate::apply;
use crate::apply_v2::attributes_id;
use crate::backend;
use crate::data_dir::{self, DB, DataDir, Log, WAL_DIR};
use crate::io::{DiskFile, DiskOp};

/// The copy's files, and what the tool says while it makes them.
#[derive(Clone, Debug, Default)]
pub struct Backup {
    pub files: Vec<DiskFile>,
    /// Lines of its log.
    pub told: Vec<String>,
}

/// Copies the directory that holds `files`. `ids` are the new member's and cluster's.
///
/// # Errors
/// The text of the tool's last log line: the log or the database cannot be read.
pub fn backup(files: &[DiskFile], ids: (u64, u64), with_v3: bool) -> Result<Backup, String> {
    let dir = DataDir::new(files);
    let Log { found, snapshot } = dir.read_log().map_err(|error| error.to_string())?;
    let mut copy = Backup::default();
    let metadata = Metadata { node_id: ids.0, cluster_id: ids.1 }.encode_to_vec();
    let mut encoder = wal::Encoder::new(0);
    let mut log = Vec::new();
    encoder.first_head(&metadata, &mut log);
    let mut removed = 0;
    for logged in &found.entries {
        let mut entry = raftpb::Entry::decode(logged.raw.clone())
            .map_err(|e| format!("failed to unmarshal entry {}: {e}", logged.index))?;
        if let Some(why) = left_out(&entry, with_v3)? {
            copy.told.push(why);
            removed += 1;
            continue;
        }
        entry.index -= removed;
        encoder.encode_raw(wal::RecordType::Entry, &entry.encode_to_vec(), &mut log);
    }
    let mut state = found.hard_state;
    state.commit = state.commit.saturating_sub(removed);
    encoder.encode_state(&state, &mut log);
    let place = snapshot.as_ref().map(Snapshot::get_metadata);
    let (index, term) = place.map_or((0, 0), |metadata| (metadata.index, metadata.term));
    let record = proto::walpb::Snapshot { index, term, ..Default::default() };
    encoder.encode_snapshot(&record, &mut log);
    if let Some(snapshot) = &snapshot
        && let (path, DiskOp::Replace { bytes, .. }) = data_dir::snapshot_file(snapshot)?
    {
        copy.files.push(DiskFile { path, bytes });
    }
    let db = match with_v3 {
        true => backend::without_members(dir.file(DB).unwrap_or(&Bytes::new()))?,
        false => backend::empty_at(state.commit)?,
    };
    copy.files.push(DiskFile { path: DB.into(), bytes: db });
    let path = format!("{WAL_DIR}{}", wal::file_name(0, 0));
    copy.files.push(DiskFile { path, bytes: log.into() });
    Ok(copy)
}

/// Why an entry has no place in the copy, in the tool's words.
fn left_out(entry: &raftpb::Entry, with_v3: bool) -> Result<Option<String>, String> {
    if entry.r#type != 0 {
        return Ok(Some("ignoring EntryConfChange raft entry".into()));
    }
    let data = entry.data.clone().unwrap_or_default();
    let request = apply::decode(&data)
        .map_err(|e| format!("failed to unmarshal entry {}: {e}", entry.index))?;
    Ok(match &request.v2 {
        Some(v2) if v2.method == "PUT" && attributes_id(&v2.path).is_some() => {
            Some(format!("ignoring member attribute update on {}", v2.path))
        }
        Some(_) => None,
        None if with_v3 || request.header.is_none() => None,
        None => Some("ignoring v3 raft entry".into()),
    })
}
