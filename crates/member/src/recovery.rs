//! How a member comes back from what its disk holds, or begins on an empty one.
//!
//! Mirrors `bootstrap.go` and `restartNode`/`restartAsStandaloneNode` of `etcdserver/raft.go`: a new
//! member writes one conf change entry per member, in order of id, at term 1 (M2), so that every
//! member computes the same log; one that joins begins with an empty log; a restarted one trusts its
//! newest snapshot, its log and its backend and nothing else. The backend may be ahead of the
//! snapshot: it says by itself which entries are in it (X8).

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::Metadata;
use raft::eraftpb::{ConfState, Entry, EntryType, HardState, Snapshot};

use crate::backend::{self, Place};
use crate::conf_change::{self, Change, Kind};
use crate::data_dir::{DB, DataDir, Log, UNMARSHAL_FAILED, fatal_text};
use crate::io::{DiskFile, DiskOp};
use crate::log_store::LogStore;
use crate::membership::Member;
use crate::restore::unknown_name;
use crate::sound::NUMBER_MAX;
use crate::state::State;
use crate::wal_file::Wal;
use crate::{MemberConfig, PlantedBug, id};

/// A member's identity, log and state as its start found or made them.
pub(crate) struct Recovered {
    pub(crate) id: u64,
    pub(crate) cluster_id: u64,
    pub(crate) wal: Wal,
    pub(crate) log: LogStore,
    pub(crate) hard_state: HardState,
    pub(crate) state: State,
    /// Where the log goes on from: what the members agreed on up to there is in `state`.
    pub(crate) applied: u64,
    /// The last entry whose keys, leases, users and alarms are in `state`.
    pub(crate) backend_index: u64,
    /// Paths of the snapshot files, the oldest first.
    pub(crate) snapshots: Vec<String>,
    /// What the start itself writes.
    pub(crate) disk_ops: Vec<DiskOp>,
}

/// Starts from what the data directory holds. The error is the text of etcd's fatal log line.
pub(crate) fn recover(config: &MemberConfig, disk: &[DiskFile]) -> Result<Recovered, String> {
    let dir = DataDir::new(disk);
    if dir.has_log() {
        return restart(config, &dir);
    }
    match &config.join {
        Some(join) => begin(config, &dir, (join.id, join.cluster_id), &[]),
        None => bootstrap(config, &dir),
    }
}

/// The id of the member whose log lies there; none for a directory without one that can be read.
pub fn id_on_disk(disk: &[DiskFile]) -> Option<u64> {
    let dir = DataDir::new(disk);
    let first = dir.segments.first()?;
    let metadata = Metadata::decode(wal::metadata(&first.file.bytes)?).ok()?;
    Some(metadata.node_id).filter(|id| *id != 0)
}

/// The members of a new cluster, and which of them this one is.
pub(crate) struct Initial {
    pub(crate) own: u64,
    pub(crate) cluster_id: u64,
    /// In order of their ids.
    pub(crate) members: Vec<Member>,
}

impl Initial {
    /// What the log of each of them begins with.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let entry = |(index, member): (u64, &Member)| Entry {
            entry_type: EntryType::EntryConfChange,
            term: 1,
            index,
            data: Change::bootstrap(member),
            ..Entry::default()
        };
        (1..).zip(&self.members).map(entry).collect()
    }

    /// The log's metadata.
    pub(crate) fn metadata(&self) -> Vec<u8> {
        Metadata { node_id: self.own, cluster_id: self.cluster_id }.encode_to_vec()
    }
}

/// Ids from URLs and token (M1, M2).
pub(crate) fn initial_members(config: &MemberConfig) -> Result<Initial, String> {
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
    let own = members.iter().find(|member| member.name == config.name);
    let own = own.ok_or_else(|| unknown_name(&config.name))?.id;
    let ids: Vec<u64> = members.iter().map(|member| member.id).collect();
    Ok(Initial { own, cluster_id: id::cluster_id(&ids), members })
}

fn bootstrap(config: &MemberConfig, dir: &DataDir<'_>) -> Result<Recovered, String> {
    let initial = initial_members(config)?;
    begin(config, dir, (initial.own, initial.cluster_id), &initial.entries())
}

/// A new log that begins with these entries, committed. A backend that lies there without its log is
/// kept, with the place up to which it has applied: what the new log says before that is lost on it,
/// in etcd too.
fn begin(
    config: &MemberConfig,
    dir: &DataDir<'_>,
    (own, cluster_id): (u64, u64),
    entries: &[Entry],
) -> Result<Recovered, String> {
    let commit = entries.len() as u64;
    let hard_state = HardState { term: commit.min(1), commit, ..HardState::default() };
    let metadata = Metadata { node_id: own, cluster_id }.encode_to_vec();
    let (state, backend_index, _) = recover_state(config, dir, None)?;
    let db = match dir.file(DB) {
        Some(_) => None,
        None => Some(state.db_file(&Place::default())?),
    };
    let (wal, create) = Wal::create(metadata, entries, &hard_state, config.wal_segment_bytes);
    Ok(Recovered {
        id: own,
        cluster_id,
        wal,
        log: LogStore::recovered(
            hard_state.clone(),
            ConfState::default(),
            (0, 0),
            entries.to_vec(),
        ),
        hard_state,
        state,
        applied: 0,
        backend_index,
        snapshots: Vec::new(),
        disk_ops: db
            .map(|bytes| DiskOp::Replace { path: DB.into(), bytes })
            .into_iter()
            .chain([create])
            .collect(),
    })
}

fn restart(config: &MemberConfig, dir: &DataDir<'_>) -> Result<Recovered, String> {
    let Log { found, snapshot } = dir.read_log().map_err(|error| fatal_text(&error))?;
    let metadata = Metadata::decode(found.metadata.clone().unwrap_or_default())
        .map_err(|_| UNMARSHAL_FAILED.to_string())?;
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
    let terms = entries.iter().map(|entry| entry.term);
    let numbers = [hard_state.term, hard_state.commit, start.0, start.1];
    if let Some(number) = terms.chain(numbers).find(|number| *number > NUMBER_MAX) {
        return Err(format!("no term or index is as large as {number}: the log is corrupt"));
    }
    // A log that does not say whose it is, such as one of which only a torn first record was left:
    // raft's own panic, in etcd too.
    if metadata.node_id == 0 {
        return Err("cannot use none as id".into());
    }
    let last = start.0 + entries.len() as u64;
    if hard_state.commit > last {
        return Err(format!(
            "tocommit({}) is out of range [lastIndex({last})]. Was the raft log corrupted, truncated, or lost?",
            hard_state.commit,
        ));
    }
    let (state, backend_index, renamed) = recover_state(config, dir, snapshot.as_ref())?;
    let mut disk_ops: Vec<DiskOp> = renamed.into_iter().collect();
    let (mut wal, cut) = Wal::reopen(dir, &found, last, config.wal_segment_bytes)
        .expect("a log that was read has a file");
    disk_ops.extend(cut.filter(|_| !config.has_planted(PlantedBug::TornTailKept)));
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
        state,
        applied: start.0,
        backend_index,
        snapshots: dir.snapshots().into_iter().map(String::from).collect(),
        disk_ops,
    })
}

/// What the backend and the snapshot hold, up to which entry the backend is, and the renaming that
/// makes a received database the backend.
fn recover_state(
    config: &MemberConfig,
    dir: &DataDir<'_>,
    snapshot: Option<&Snapshot>,
) -> Result<(State, u64, Option<DiskOp>), String> {
    let index = snapshot.map_or(0, |snapshot| snapshot.get_metadata().index);
    let (db, renamed) = dir.db(index, |file| backend::consistent_index(file, config.planted))?;
    let (mut state, backend_index) = match db {
        Some(db) => State::from_db(db, config)?,
        None => (State::new(config), 0),
    };
    // Who is a member is told by the log, which goes on from the snapshot and not from the backend.
    let agreed = snapshot.map_or(&[][..], |snapshot| &snapshot.data);
    state.recover_v2(&Bytes::copy_from_slice(agreed))?;
    Ok((state, backend_index, renamed))
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
    // Raft must never be without a voter: itself first.
    let mut changes: Vec<Change> = Vec::new();
    if !ids.contains(&own) {
        let member = Member {
            id: own,
            // etcd's own stand-in: what its peers would call it is no longer known.
            peer_urls: vec!["http://localhost:2380".into()],
            ..Member::default()
        };
        changes.push(Change { id: 0, node_id: own, kind: Kind::Add { member, promote: false } });
    }
    let removals = ids.iter().filter(|id| **id != own);
    changes.extend(removals.map(|id| Change { id: 0, node_id: *id, kind: Kind::Remove }));
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
