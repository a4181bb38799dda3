//! A member's durable state: what it writes to its WAL, and how it comes back from those bytes.
//!
//! Mirrors `bootstrapNewClusterNoWAL`/`restartNode` of `etcdserver/raft.go`: a new member writes one
//! conf change entry per member, in order of id, at term 1 (M2), so that every member computes the
//! same log; a restarted one trusts its WAL and nothing else.

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::Metadata;
use raft::eraftpb::{ConfChange, ConfChangeType, Entry, EntryType, HardState};

use crate::io::{DiskFile, DiskOp};
use crate::log_store::LogStore;
use crate::membership::Member;
use crate::{MemberConfig, id};

/// Where the WAL lives in a data directory.
const WAL_DIR: &str = "member/wal";

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
    /// What the start itself writes.
    pub(crate) disk_ops: Vec<DiskOp>,
}

/// Starts from what the data directory holds. The error is the text of etcd's fatal log line.
pub(crate) fn recover(config: &MemberConfig, disk: &[DiskFile]) -> Result<Recovered, String> {
    let path = format!("{WAL_DIR}/{}", wal::file_name(0, 0));
    match disk.iter().find(|file| file.path == path && !file.bytes.is_empty()) {
        Some(file) => restart(path, &file.bytes),
        None => bootstrap(config, path),
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
    let cluster_id = id::cluster_id(&ids);

    let entries: Vec<Entry> = (1..).zip(&members).map(|(index, m)| add_node(index, m)).collect();
    let hard_state = HardState { term: 1, commit: entries.len() as u64, ..HardState::default() };
    let metadata = Metadata { node_id: own, cluster_id }.encode_to_vec();
    let mut bytes = Vec::new();
    let mut wal = Wal { path, encoder: wal::Encoder::new(0) };
    wal.encoder.first_head(&metadata, &mut bytes);
    wal.encode(&entries, Some(&hard_state), &mut bytes);
    // etcd makes a new WAL in a temporary directory and renames it: it is there whole or not at all.
    let disk_ops = vec![DiskOp::Replace { path: wal.path.clone(), bytes: bytes.into() }];
    let log = LogStore::recovered(hard_state.clone(), entries);
    Ok(Recovered { id: own, cluster_id, wal, log, hard_state, disk_ops })
}

fn add_node(index: u64, member: &Member) -> Entry {
    let context = serde_json::to_vec(member).expect("a member is plain data");
    let change = ConfChange {
        change_type: ConfChangeType::AddNode,
        node_id: member.id,
        context: context.into(),
        ..ConfChange::default()
    };
    Entry {
        entry_type: EntryType::EntryConfChange,
        term: 1,
        index,
        data: conf_change_bytes(&change).into(),
        ..Entry::default()
    }
}

/// A conf change as Go marshals it: every field, zero or not.
fn conf_change_bytes(change: &ConfChange) -> Vec<u8> {
    let kind = match change.change_type {
        ConfChangeType::AddNode => 0,
        ConfChangeType::RemoveNode => 1,
        ConfChangeType::AddLearnerNode => 3,
    };
    proto::raftpb::ConfChange {
        id: change.id,
        r#type: kind,
        node_id: change.node_id,
        context: Some(change.context.clone()),
    }
    .encode_to_vec()
}

fn restart(path: String, bytes: &Bytes) -> Result<Recovered, String> {
    let found = wal::read_all(bytes).map_err(|e| e.to_string())?;
    let metadata = Metadata::decode(found.metadata.clone().unwrap_or_default())
        .map_err(|e| format!("failed to unmarshal WAL metadata: {e}"))?;
    let entries = found.entries.iter().map(raft_entry).collect::<Result<Vec<Entry>, String>>()?;
    let hard_state = HardState {
        term: found.hard_state.term,
        vote: found.hard_state.vote,
        commit: found.hard_state.commit,
        ..HardState::default()
    };
    if hard_state.commit > entries.len() as u64 {
        return Err(format!(
            "tocommit({}) is out of range [lastIndex({})]. Was the raft log corrupted, truncated, or lost?",
            hard_state.commit,
            entries.len()
        ));
    }
    let mut disk_ops = Vec::new();
    if found.valid_bytes < bytes.len() {
        // A torn tail promised nothing: its sync never returned.
        disk_ops.push(DiskOp::Truncate { path: path.clone(), len: found.valid_bytes as u64 });
    }
    Ok(Recovered {
        id: metadata.node_id,
        cluster_id: metadata.cluster_id,
        wal: Wal { path, encoder: wal::Encoder::new(found.crc) },
        log: LogStore::recovered(hard_state.clone(), entries),
        hard_state,
        disk_ops,
    })
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
    Ok(Entry {
        entry_type,
        term: entry.term,
        index: entry.index,
        data: entry.data.unwrap_or_default(),
        ..Entry::default()
    })
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
            let record = proto::raftpb::Entry {
                r#type: kind,
                term: entry.term,
                index: entry.index,
                // Go leaves an empty entry's data out.
                data: Some(entry.data.clone()).filter(|data| !data.is_empty()),
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

    /// The disk operations that put these records into the file.
    pub(crate) fn write(&self, bytes: Vec<u8>, sync: bool) -> Vec<DiskOp> {
        let mut ops = vec![DiskOp::Append { path: self.path.clone(), bytes: bytes.into() }];
        if sync {
            ops.push(DiskOp::Sync { path: self.path.clone() });
        }
        ops
    }
}
