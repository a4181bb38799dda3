//! A member's durable state: what it writes to its WAL, and how it comes back from those bytes.
//!
//! Mirrors `bootstrap.go` and `restartNode`/`restartAsStandaloneNode` of `etcdserver/raft.go`: a new
//! member writes one conf change entry per member, in order of id, at term 1 (M2), so that every
//! member computes the same log; one that joins begins with an empty log; a restarted one trusts its
//! newest snapshot and its WAL and nothing else. Left out: segments of the WAL, and purging.

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::Metadata;
use protobuf::Message as _;
use raft::eraftpb::{ConfState, Entry, EntryType, HardState, Snapshot};

use crate::conf_change::{self, Change, Kind};
use crate::io::{DiskFile, DiskOp};
use crate::log_store::LogStore;
use crate::membership::Member;
use crate::{MemberConfig, id};

/// Where the WAL and the snapshots live in a data directory.
const WAL_DIR: &str = "member/wal";
const SNAP_DIR: &str = "member/snap";

/// The open end of a member's WAL.
pub(crate) struct Wal {
    path: String,
    encoder: wal::Encoder,
}

/// A member's identity and log as its start found or made them.
pub(crate) struct Recovered {
    pub(crate) id: u64,
    pub(crate) cluster_id: u64,
    pub(crate) wal: Wal,
    pub(crate) log: LogStore,
    pub(crate) hard_state: HardState,
    /// What the log goes on from; its data is the image of the state.
    pub(crate) snapshot: Option<Snapshot>,
    /// What the start itself writes.
    pub(crate) disk_ops: Vec<DiskOp>,
}

/// Starts from what the data directory holds. The error is the text of etcd's fatal log line.
pub(crate) fn recover(config: &MemberConfig, disk: &[DiskFile]) -> Result<Recovered, String> {
    let path = format!("{WAL_DIR}/{}", wal::file_name(0, 0));
    match disk.iter().find(|file| file.path == path && !file.bytes.is_empty()) {
        Some(file) => restart(config, path, &file.bytes, disk),
        None => match &config.join {
            Some(join) => Ok(begin(path, join.id, join.cluster_id, Vec::new())),
            None => bootstrap(config, path),
        },
    }
}

fn bootstrap(config: &MemberConfig, path: String) -> Result<Recovered, String> {
    let mut members: Vec<Member> = config
        .initial_cluster
        .iter()
        .map(|peer| Member {
            id: id::member_id(&peer.peer_urls, &config.initial_cluster_token, None),
            peer_urls: peer.peer_urls.clone(),
            name: peer.name.clone(),
            ..Member::default()
        })
        .collect();
    members.sort_by_key(|member| member.id);
    let own = members
        .iter()
        .find(|member| member.name == config.name)
        .ok_or_else(|| {
            format!(
                "couldn't find local name \"{}\" in the initial cluster configuration",
                config.name
            )
        })?
        .id;
    let ids: Vec<u64> = members.iter().map(|member| member.id).collect();
    let entries = (1..).zip(&members).map(|(index, member)| Entry {
        entry_type: EntryType::EntryConfChange,
        term: 1,
        index,
        data: Change::bootstrap(member),
        ..Entry::default()
    });
    Ok(begin(path, own, id::cluster_id(&ids), entries.collect()))
}

/// A new data directory whose log begins with these entries, committed.
fn begin(path: String, own: u64, cluster_id: u64, entries: Vec<Entry>) -> Recovered {
    let commit = entries.len() as u64;
    let hard_state = HardState { term: commit.min(1), commit, ..HardState::default() };
    let metadata = Metadata { node_id: own, cluster_id }.encode_to_vec();
    let mut bytes = Vec::new();
    let mut wal = Wal { path, encoder: wal::Encoder::new(0) };
    wal.encoder.first_head(&metadata, &mut bytes);
    wal.encode(&entries, Some(&hard_state), &mut bytes);
    // etcd makes a new WAL in a temporary directory and renames it: it is there whole or not at all.
    let disk_ops = vec![DiskOp::Replace { path: wal.path.clone(), bytes: bytes.into() }];
    let log = LogStore::recovered(hard_state.clone(), ConfState::default(), (0, 0), entries);
    Recovered { id: own, cluster_id, wal, log, hard_state, snapshot: None, disk_ops }
}

fn restart(
    config: &MemberConfig,
    path: String,
    bytes: &Bytes,
    disk: &[DiskFile],
) -> Result<Recovered, String> {
    let (found, snapshot) = newest(bytes, disk)?;
    let metadata = Metadata::decode(found.metadata.clone().unwrap_or_default())
        .map_err(|e| format!("failed to unmarshal WAL metadata: {e}"))?;
    let mut entries =
        found.entries.iter().map(raft_entry).collect::<Result<Vec<Entry>, String>>()?;
    let mut hard_state = HardState {
        term: found.hard_state.term,
        vote: found.hard_state.vote,
        commit: found.hard_state.commit,
        ..HardState::default()
    };
    let place = snapshot.as_ref().map(Snapshot::get_metadata);
    let start = place.map_or((0, 0), |metadata| (metadata.index, metadata.term));
    // A snapshot of the leader's may be on the disk before the hard state that goes with it.
    hard_state.commit = hard_state.commit.max(start.0);
    hard_state.term = hard_state.term.max(start.1);
    let last = start.0 + entries.len() as u64;
    if hard_state.commit > last {
        return Err(format!(
            "tocommit({}) is out of range [lastIndex({last})]. Was the raft log corrupted, truncated, or lost?",
            hard_state.commit,
        ));
    }
    let mut disk_ops = Vec::new();
    if found.valid_bytes < bytes.len() {
        // A torn tail promised nothing: its sync never returned.
        disk_ops.push(DiskOp::Truncate { path: path.clone(), len: found.valid_bytes as u64 });
    }
    let mut wal = Wal { path, encoder: wal::Encoder::new(found.crc) };
    let conf_state = place.map_or_else(ConfState::default, |m| m.get_conf_state().clone());
    if config.force_new_cluster {
        let alone =
            stand_alone(metadata.node_id, &conf_state, start.0, &mut entries, &mut hard_state)?;
        let mut bytes = Vec::new();
        wal.encode(&alone, Some(&hard_state), &mut bytes);
        entries.extend(alone);
        disk_ops.extend(wal.write(bytes, true));
    }
    Ok(Recovered {
        id: metadata.node_id,
        cluster_id: metadata.cluster_id,
        wal,
        log: LogStore::recovered(hard_state.clone(), conf_state, start, entries),
        hard_state,
        snapshot,
        disk_ops,
    })
}

/// The log, from the newest snapshot on that both the WAL and the disk know and that is committed.
fn newest(bytes: &Bytes, disk: &[DiskFile]) -> Result<(wal::Recovered, Option<Snapshot>), String> {
    let mut files: Vec<&DiskFile> = disk.iter().filter(|f| f.path.starts_with(SNAP_DIR)).collect();
    files.sort_by(|a, b| b.path.cmp(&a.path));
    for file in files {
        let Ok(snapshot) = Snapshot::parse_from_bytes(&file.bytes) else { continue };
        let (index, term) = (snapshot.get_metadata().index, snapshot.get_metadata().term);
        let start = proto::walpb::Snapshot { index, term, ..Default::default() };
        match wal::read_files(&[bytes], &start) {
            Ok(found) => return Ok((found, Some(snapshot))),
            Err(wal::Error::SnapshotNotFound | wal::Error::SnapshotMismatch) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok((wal::read_all(bytes).map_err(|e| e.to_string())?, None))
}

/// `--force-new-cluster`: drops what is not committed, and gives the entries that remove everybody
/// else, committed by this member's word alone (`restartAsStandaloneNode`).
fn stand_alone(
    own: u64,
    conf_state: &ConfState,
    offset: u64,
    entries: &mut Vec<Entry>,
    hard_state: &mut HardState,
) -> Result<Vec<Entry>, String> {
    entries.truncate((hard_state.commit - offset) as usize);
    let mut ids: Vec<u64> = conf_state.voters.iter().chain(&conf_state.learners).copied().collect();
    for entry in entries.iter().filter(|e| e.entry_type == EntryType::EntryConfChange) {
        let change = Change::decode(&entry.data)?;
        match change.kind {
            Kind::Add { .. } if !ids.contains(&change.node_id) => ids.push(change.node_id),
            Kind::Remove => ids.retain(|id| *id != change.node_id),
            _ => {}
        }
    }
    ids.sort_unstable();
    let removals = ids.iter().filter(|id| **id != own);
    let mut changes: Vec<Change> =
        removals.map(|id| Change { id: 0, node_id: *id, kind: Kind::Remove }).collect();
    if !ids.contains(&own) {
        let member = Member {
            id: own,
            // etcd's own stand-in: what its peers would call it is no longer known.
            peer_urls: vec!["http://localhost:2380".into()],
            ..Member::default()
        };
        changes.push(Change { id: 0, node_id: own, kind: Kind::Add { member, promote: false } });
    }
    let term = hard_state.term;
    let added = (hard_state.commit + 1..).zip(&changes).map(|(index, change)| Entry {
        entry_type: EntryType::EntryConfChange,
        term,
        index,
        data: change.encode(),
        ..Entry::default()
    });
    let added: Vec<Entry> = added.collect();
    hard_state.commit += added.len() as u64;
    Ok(added)
}

fn raft_entry(logged: &wal::LoggedEntry) -> Result<Entry, String> {
    let entry = proto::raftpb::Entry::decode(logged.raw.clone())
        .map_err(|e| format!("failed to unmarshal entry {}: {e}", logged.index))?;
    let entry_type = match entry.r#type {
        0 => EntryType::EntryNormal,
        1 => EntryType::EntryConfChange,
        2 => EntryType::EntryConfChangeV2,
        other => return Err(format!("unknown raft entry type {other}")),
    };
    let mut data = entry.data.unwrap_or_default();
    if entry_type == EntryType::EntryConfChange {
        data = conf_change::to_raft(&data)?;
    }
    Ok(Entry { entry_type, term: entry.term, index: entry.index, data, ..Entry::default() })
}

impl Wal {
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
            let record = proto::raftpb::Entry {
                r#type: kind,
                term: entry.term,
                index: entry.index,
                // Go leaves an empty entry's data out.
                data: Some(data).filter(|data| !data.is_empty()),
            };
            let data = record.encode_to_vec();
            self.encoder.encode_raw(wal::RecordType::Entry, &data, bytes);
        }
        if let Some(state) = hard_state {
            let record = proto::raftpb::HardState {
                term: state.term,
                vote: state.vote,
                commit: state.commit,
            };
            self.encoder.encode_state(&record, bytes);
        }
    }

    /// Adds the record of a snapshot, and gives the operation that must come before it: the file
    /// itself, whole or not at all.
    pub(crate) fn encode_snapshot(
        &mut self,
        snapshot: &Snapshot,
        bytes: &mut Vec<u8>,
    ) -> Result<DiskOp, String> {
        let (index, term) = (snapshot.get_metadata().index, snapshot.get_metadata().term);
        let record = proto::walpb::Snapshot { index, term, ..Default::default() };
        self.encoder.encode_snapshot(&record, bytes);
        let file =
            snapshot.write_to_bytes().map_err(|e| format!("snapshot does not encode: {e}"))?;
        let path = format!("{SNAP_DIR}/{term:016x}-{index:016x}.snap");
        Ok(DiskOp::Replace { path, bytes: file.into() })
    }

    /// The disk operations that put these records into the file.
    pub(crate) fn write(&self, bytes: Vec<u8>, sync: bool) -> Vec<DiskOp> {
        let mut ops = vec![DiskOp::Append { path: self.path.clone(), bytes: bytes.into() }];
        if sync {
            ops.push(DiskOp::Sync { path: self.path.clone() });
        }
        ops
    }
}
