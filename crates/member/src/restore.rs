//! A data directory out of a snapshot of the database (`clientv3/snapshot/v3_snapshot.go`, `etcdutl` in
//! 3.5; N4, N5).
//!
//! The directory is that of a member of a new cluster: ids come from the flags, and the log begins with
//! the members as they are given there. Keys with their revisions, leases, users, roles and alarms stay;
//! who was a member of the old cluster is left out, in 3.4 too, where the real tool leaves it in the
//! file and goes by what it wrote beside it.

use bytes::Bytes;
use proto::Profile;
use raft::eraftpb::{ConfState, HardState, Snapshot};
use sha2::{Digest, Sha256};

use crate::backend::{self, Place};
use crate::conf_change::{Change, Kind};
use crate::data_dir::{self, DB};
use crate::io::{DiskFile, DiskOp};
use crate::recovery::initial_members;
use crate::state::State;
use crate::wal_file::Wal;
use crate::{MemberConfig, PeerConfig};

/// The flags of `snapshot restore` that say whose directory it is to be.
#[derive(Clone, Debug)]
pub struct Restore {
    pub name: String,
    pub initial_cluster: Vec<PeerConfig>,
    pub initial_cluster_token: String,
    pub initial_advertise_peer_urls: Vec<String>,
    pub profile: Profile,
    pub skip_hash_check: bool,
}

/// The directory's files, and who its members are.
#[derive(Clone, Debug)]
pub struct Restored {
    pub files: Vec<DiskFile>,
    pub cluster_id: u64,
    /// Ids and peer URLs, in order of ids.
    pub members: Vec<(u64, Vec<String>)>,
}

/// What a sum adds to a file of whole pages.
const SUM_BYTES: usize = 32;

impl Restore {
    /// `VerifyBootstrap`: whether the flags hold together.
    ///
    /// # Errors
    /// etcd's text.
    pub fn verify(&self) -> Result<(), String> {
        let own = self.initial_cluster.iter().find(|peer| peer.name == self.name);
        let own = own.ok_or_else(|| unknown_name(&self.name))?;
        let mut urls: Vec<&String> =
            self.initial_cluster.iter().flat_map(|peer| &peer.peer_urls).collect();
        let count = urls.len();
        urls.sort();
        urls.dedup();
        if urls.len() < count {
            return Err(format!("initial cluster {} has duplicated url", self.cluster_text()));
        }
        self.verify_urls(&own.peer_urls)
    }

    fn verify_urls(&self, initial: &[String]) -> Result<(), String> {
        let (mut initial, mut advertised) =
            (initial.to_vec(), self.initial_advertise_peer_urls.clone());
        initial.sort();
        advertised.sort();
        let named = |urls: Vec<&String>| {
            let urls: Vec<String> =
                urls.into_iter().map(|url| format!("{}={url}", self.name)).collect();
            urls.join(",")
        };
        let missing: Vec<&String> =
            initial.iter().filter(|url| !advertised.contains(url)).collect();
        if !missing.is_empty() {
            let why = differing(&advertised, &initial, self.profile);
            return Err(format!(
                "--initial-cluster has {} but missing from --initial-advertise-peer-urls={} ({why})",
                named(missing),
                advertised.join(","),
            ));
        }
        let missing: Vec<&str> =
            advertised.iter().filter(|url| !initial.contains(url)).map(String::as_str).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "--initial-advertise-peer-urls has {} but missing from --initial-cluster={}",
            missing.join(","),
            named(advertised.iter().collect()),
        ))
    }

    /// As Go's map of names and URLs prints.
    fn cluster_text(&self) -> String {
        let mut pairs: Vec<String> = self
            .initial_cluster
            .iter()
            .flat_map(|peer| peer.peer_urls.iter().map(|url| format!("{}={url}", peer.name)))
            .collect();
        pairs.sort();
        pairs.join(",")
    }
}

pub(crate) fn unknown_name(name: &str) -> String {
    format!("couldn't find local name \"{name}\" in the initial cluster configuration")
}

/// Why two sorted lists of URLs are not the same.
fn differing(one: &[String], other: &[String], profile: Profile) -> String {
    if one.len() != other.len() {
        let list = |urls: &[String]| {
            let quoted: Vec<String> = urls.iter().map(|url| format!("{url:?}")).collect();
            format!("[{}]", quoted.join(" "))
        };
        return format!("len({}) != len({})", list(one), list(other));
    }
    let pair = one.iter().zip(other).find(|(one, other)| one != other);
    let (one, other) = pair.map_or(("", ""), |(one, other)| (one, other));
    match profile {
        Profile::V3_3 | Profile::V3_4 => format!("resolved urls: {one:?} != {other:?}"),
        Profile::V3_5 | Profile::V3_6 => {
            format!("{one:?}(resolved from {one:?}) != {other:?}(resolved from {other:?})")
        }
    }
}

/// Makes the directory. `file` is the saved snapshot as it is.
///
/// # Errors
/// The text of etcd: a sum that is missing or wrong, or bytes that are no database.
pub fn restore(file: &Bytes, restore: &Restore) -> Result<Restored, String> {
    let db = checked(file, restore.skip_hash_check)?;
    let config = MemberConfig {
        name: restore.name.clone(),
        initial_cluster: restore.initial_cluster.clone(),
        initial_cluster_token: restore.initial_cluster_token.clone(),
        profile: restore.profile,
        ..MemberConfig::default()
    };
    let initial = initial_members(&config)?;
    let members = &initial.members;
    let commit = members.len() as u64;
    let mut state = State::new(&config);
    for member in members {
        let kind = Kind::Add { member: member.clone(), promote: false };
        state.change_members(&Change { id: 0, node_id: member.id, kind }, 0);
    }
    let ids: Vec<u64> = members.iter().map(|member| member.id).collect();
    let conf_state = ConfState { voters: ids.clone(), ..ConfState::default() };
    let mut snapshot = Snapshot { data: state.v2_image().into(), ..Snapshot::default() };
    let place = snapshot.mut_metadata();
    (place.index, place.term) = (commit, 1);
    place.set_conf_state(conf_state.clone());
    let since_3_5 = (restore.profile >= Profile::V3_5).then_some((1, conf_state));
    let place = Place { index: commit, since_3_5, ..Place::default() };
    let db = backend::for_members(&db, &state.membership, &place)?;
    let vote = ids.first().copied().unwrap_or(0);
    let hard_state = HardState { term: 1, vote, commit, ..HardState::default() };
    let entries = initial.entries();
    let metadata = initial.metadata();
    let (mut wal, log) = Wal::create(metadata, &entries, &hard_state, wal::SEGMENT_SIZE_BYTES);
    let mut record = Vec::new();
    wal.encode_snapshot(&snapshot, restore.profile >= Profile::V3_5, &mut record);
    let mut files = vec![DiskFile { path: DB.into(), bytes: db }];
    for op in [data_dir::snapshot_file(&snapshot)?.1, log] {
        if let DiskOp::Replace { path, bytes } = op {
            files.push(DiskFile { path, bytes });
        }
    }
    if let Some(log) = files.last_mut() {
        log.bytes = [&log.bytes[..], &record].concat().into();
    }
    let members = members.iter().map(|m| (m.id, m.peer_urls.clone())).collect();
    Ok(Restored { files, cluster_id: initial.cluster_id, members })
}

/// The database without the sum at its end.
fn checked(file: &Bytes, skip_hash_check: bool) -> Result<Bytes, String> {
    let has_sum = file.len() % 512 == SUM_BYTES;
    if !has_sum && !skip_hash_check {
        return Err("snapshot missing hash but --skip-hash-check=false".into());
    }
    if !has_sum {
        return Ok(file.clone());
    }
    let db = file.slice(..file.len() - SUM_BYTES);
    let (expected, got) = (&file[db.len()..], Sha256::digest(&db));
    if !skip_hash_check && expected != &got[..] {
        let list = |bytes: &[u8]| {
            let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("[{}]", numbers.join(" "))
        };
        return Err(format!("expected sha256 {}, got {}", list(expected), list(&got)));
    }
    Ok(db)
}
