//! The backend as a file: etcd's buckets in bbolt's pages (N2, N3), out of a member's state and back.
//!
//! Mirrors `mvcc/backend` and the bucket `meta`: which entries of the log are in the file is written
//! in the file itself (`etcdserver/cindex`; X8). etcd commits its backend every 100 ms or 10,000
//! operations; here the file is written as a whole with every snapshot, by defragmentation and at the
//! end of the process, and the log has the rest.

use std::collections::BTreeMap;

use bolt::{Db, Sum, Writer};
use bytes::Bytes;
use mvcc::Store;
use raft::eraftpb::ConfState;

use crate::alarms::Alarms;
use crate::membership::Membership;
use crate::sound::NUMBER_MAX;
use crate::state::{
    FINISHED_COMPACT_REV, Pairs, SCHEDULED_COMPACT_REV, State, compact_rev, patches, rules,
};
use crate::{MemberConfig, PlantedBug, limits};

const CONSISTENT_INDEX: &[u8] = b"consistent_index";
const TERM: &[u8] = b"term";
const CONF_STATE: &[u8] = b"confState";
const STORAGE_VERSION: &[u8] = b"storageVersion";

/// Where in the log a backend stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// The last entry that is in it.
    pub(crate) index: u64,
    /// Since 3.5 the backend has these two as well.
    pub(crate) since_3_5: Option<(u64, ConfState)>,
    /// Since 3.6 it says of which version it is.
    pub(crate) storage_version: Option<&'static str>,
    /// What the file is to be wrong about.
    pub(crate) planted: Option<PlantedBug>,
}

impl Place {
    fn leaves_out(&self, bucket: &str) -> bool {
        match self.planted {
            Some(PlantedBug::BackendWithoutLeases) => bucket == "lease",
            Some(PlantedBug::BackendWithoutCompaction) => bucket == "meta",
            _ => false,
        }
    }

    fn pairs(&self) -> Pairs {
        let index = match self.planted {
            Some(PlantedBug::BackendWithoutIndex) => 0,
            Some(PlantedBug::BackendIndexTooHigh) => self.index + 1,
            _ => self.index,
        };
        let mut pairs = vec![(CONSISTENT_INDEX.to_vec(), index.to_be_bytes().to_vec())];
        if let Some((term, conf_state)) = self.since_3_5.as_ref().filter(|_| self.index > 0) {
            pairs.push((TERM.to_vec(), term.to_be_bytes().to_vec()));
            pairs.push((CONF_STATE.to_vec(), conf_state_json(conf_state).into_bytes()));
        }
        pairs.extend(self.storage_version.map(|text| (STORAGE_VERSION.to_vec(), text.into())));
        pairs
    }
}

/// What the bucket `meta` says of the release that wrote it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meta {
    pub(crate) storage_version: Option<String>,
    pub(crate) has_term_and_conf_state: bool,
}

/// # Errors
/// When the file is no database.
pub(crate) fn meta(file: &Bytes) -> Result<Meta, String> {
    let meta = pairs(&open_as_tool(file)?, "meta")?;
    let text = value(&meta, STORAGE_VERSION);
    Ok(Meta {
        storage_version: text.map(|text| String::from_utf8_lossy(&text).into_owned()),
        has_term_and_conf_state: [TERM, CONF_STATE].iter().all(|key| value(&meta, key).is_some()),
    })
}

/// The same file, of another version or, without one, of a release that knows of none.
///
/// # Errors
/// When it is no database.
pub(crate) fn with_storage_version(file: &Bytes, version: Option<&str>) -> Result<Bytes, String> {
    let mut buckets = all_buckets(&open_as_tool(file)?)?;
    let meta = buckets.entry(Bytes::from_static(b"meta")).or_default();
    meta.retain(|(key, _)| key != STORAGE_VERSION);
    meta.extend(version.map(|text| (STORAGE_VERSION.to_vec(), text.into())));
    meta.sort();
    bolt::write(buckets).map(Bytes::from).map_err(failed_to_write)
}

/// `raftpb.ConfState` as Go's encoder has it: what is empty is left out, but for the flag.
fn conf_state_json(state: &ConfState) -> String {
    let mut json = String::from("{");
    let lists = [
        ("voters", &state.voters),
        ("learners", &state.learners),
        ("voters_outgoing", &state.voters_outgoing),
        ("learners_next", &state.learners_next),
    ];
    for (name, ids) in lists.into_iter().filter(|(_, ids)| !ids.is_empty()) {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        json.push_str(&format!("\"{name}\":[{}],", ids.join(",")));
    }
    json.push_str(&format!("\"auto_leave\":{}}}", state.auto_leave));
    json
}

/// Up to which entry of the log this file is; 0 for one that says nothing.
///
/// # Errors
/// When it is no database.
pub(crate) fn consistent_index(file: &Bytes, planted: Option<PlantedBug>) -> Result<u64, String> {
    index_of(&open(file, planted)?)
}

fn open(file: &Bytes, planted: Option<PlantedBug>) -> Result<Db, String> {
    let failed = |e: &dyn std::fmt::Display| format!("failed to open database: {e}");
    let db = Db::open(file.clone()).map_err(|e| failed(&e))?;
    // A file of etcd's own has no sum; one of ours that differs from it is rotten.
    let looks = planted != Some(PlantedBug::RotNotLookedFor);
    if looks && db.verify() == Sum::Bad {
        return Err(failed(&"checksum error"));
    }
    Ok(db)
}

fn pairs_of(db: &Db, bucket: &bolt::Bucket) -> Result<Vec<(Bytes, Bytes)>, String> {
    let pairs = db.pairs(bucket).and_then(Iterator::collect::<Result<_, _>>);
    pairs.map_err(|e| e.to_string())
}

fn pairs(db: &Db, bucket: &str) -> Result<Vec<(Bytes, Bytes)>, String> {
    let Some(bucket) = db.bucket(bucket.as_bytes()).map_err(|e| e.to_string())? else {
        return Ok(Vec::new());
    };
    pairs_of(db, &bucket)
}

fn value(pairs: &[(Bytes, Bytes)], key: &[u8]) -> Option<Bytes> {
    pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
}

fn index_of(db: &Db) -> Result<u64, String> {
    let Some(value) = value(&pairs(db, "meta")?, CONSISTENT_INDEX) else { return Ok(0) };
    let bytes: [u8; 8] =
        value[..].try_into().map_err(|_| "the consistent index is not eight bytes".to_string())?;
    match u64::from_be_bytes(bytes) {
        index if index > NUMBER_MAX => {
            Err(format!("no index is as large as {index}: the database is corrupt"))
        }
        index => Ok(index),
    }
}

/// A file with nothing in it but its place in the log.
pub(crate) fn empty_at(index: u64) -> Result<Bytes, String> {
    let mut writer = Writer::default();
    let place = index.to_be_bytes();
    let written = writer.bucket(b"meta").and_then(|()| writer.put(CONSISTENT_INDEX, &place));
    written.and_then(|()| writer.finish()).map(Bytes::from).map_err(failed_to_write)
}

/// The same file without what it says of the cluster and its members.
pub(crate) fn without_members(file: &Bytes) -> Result<Bytes, String> {
    const LEFT_OUT: [&str; 3] = ["cluster", "members", "members_removed"];
    let db = open(file, None)?;
    let mut writer = Writer::default();
    for bucket in db.buckets().map_err(|e| e.to_string())? {
        if LEFT_OUT.iter().any(|name| bucket.name == name.as_bytes()) {
            continue;
        }
        writer.bucket(&bucket.name).map_err(failed_to_write)?;
        for pair in db.pairs(&bucket).map_err(|e| e.to_string())? {
            let (key, value) = pair.map_err(|e| e.to_string())?;
            writer.put(&key, &value).map_err(failed_to_write)?;
        }
    }
    writer.finish().map(Bytes::from).map_err(failed_to_write)
}

/// The same file with more in the bucket of keys, at least at `index` of the log. Without a file it is
/// a new one.
///
/// # Errors
/// When it is no database.
pub(crate) fn with_keys(
    file: Option<&Bytes>,
    added: BTreeMap<Vec<u8>, Vec<u8>>,
    index: u64,
) -> Result<Bytes, String> {
    let mut buckets = match file {
        Some(file) => all_buckets(&open_as_tool(file)?)?,
        None => BTreeMap::new(),
    };
    let keys = buckets.entry(Bytes::from_static(b"key")).or_default();
    let mut all: BTreeMap<Vec<u8>, Vec<u8>> = std::mem::take(keys).into_iter().collect();
    all.extend(added);
    *keys = all.into_iter().collect();
    let meta = buckets.entry(Bytes::from_static(b"meta")).or_default();
    let mut all: BTreeMap<Vec<u8>, Vec<u8>> = std::mem::take(meta).into_iter().collect();
    let place = all.entry(CONSISTENT_INDEX.to_vec()).or_default();
    // Eight bytes, the highest first: they are ordered as numbers are.
    let place_bytes = index.to_be_bytes();
    if place[..] < place_bytes[..] {
        *place = place_bytes.to_vec();
    }
    *meta = all.into_iter().collect();
    bolt::write(buckets).map(Bytes::from).map_err(failed_to_write)
}

/// The same file without the room that is free in it.
///
/// # Errors
/// When it is no database.
pub fn defragmented(file: &Bytes) -> Result<Bytes, String> {
    bolt::write(all_buckets(&open_as_tool(file)?)?).map(Bytes::from).map_err(failed_to_write)
}

fn all_buckets(db: &Db) -> Result<BTreeMap<Bytes, Pairs>, String> {
    let mut buckets: BTreeMap<Bytes, Pairs> = BTreeMap::new();
    for bucket in db.buckets().map_err(|e| e.to_string())? {
        let pairs = pairs_of(db, &bucket)?;
        buckets.insert(bucket.name, to_pairs(pairs));
    }
    Ok(buckets)
}

/// The same file at another place in the log, with these members and nothing of those before (N5).
pub(crate) fn for_members(
    file: &Bytes,
    membership: &Membership,
    place: &Place,
) -> Result<Bytes, String> {
    let db = open_as_tool(file)?;
    db.check().map_err(|_| "invalid database".to_string())?;
    let mut buckets = all_buckets(&db)?;
    for (name, pairs) in membership.buckets() {
        if name != "cluster" {
            buckets.insert(Bytes::from_static(name.as_bytes()), pairs);
        }
    }
    let meta = buckets.entry(Bytes::from_static(b"meta")).or_default();
    let places = place.pairs();
    meta.retain(|(key, _)| ![CONSISTENT_INDEX, TERM, CONF_STATE].contains(&&key[..]));
    meta.extend(places);
    meta.sort();
    bolt::write(buckets).map(Bytes::from).map_err(failed_to_write)
}

/// As the tools open it.
fn open_as_tool(file: &Bytes) -> Result<Db, String> {
    let db = Db::open(file.clone()).map_err(|_| "invalid database".to_string())?;
    if db.verify() == Sum::Bad { Err("invalid database".into()) } else { Ok(db) }
}

fn failed_to_write(error: bolt::Error) -> String {
    format!("failed to write the database: {error}")
}

fn to_pairs(pairs: Vec<(Bytes, Bytes)>) -> Pairs {
    pairs.into_iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

impl State {
    /// The file. Deterministic: the same state at the same place gives the same bytes.
    ///
    /// # Errors
    /// When a key or a value is larger than a page can point at, which no request can make.
    pub(crate) fn db_file(&self, place: &Place) -> Result<Bytes, String> {
        let mut buckets = self.small_buckets();
        buckets.iter_mut().filter(|(name, _)| place.leaves_out(name)).for_each(|b| b.1.clear());
        if let Some((_, meta)) = buckets.iter_mut().find(|(name, _)| *name == "meta") {
            meta.extend(place.pairs());
            meta.sort();
        }
        buckets.push(("key", Pairs::new()));
        buckets.sort_by_key(|(name, _)| *name);
        let written = self.write_buckets(&buckets);
        written.map(Bytes::from).map_err(failed_to_write)
    }

    fn write_buckets(&self, buckets: &[(&str, Pairs)]) -> Result<Vec<u8>, bolt::Error> {
        let mut writer = Writer::default();
        for (name, pairs) in buckets {
            writer.bucket(name.as_bytes())?;
            for (key, value) in pairs {
                writer.put(key, value)?;
            }
            if *name == "key" {
                for (key, value) in self.store.key_bucket() {
                    writer.put(&key, &value)?;
                }
            }
        }
        writer.finish()
    }

    /// The state in a file, and the last entry that is in it. Leases hang on their keys again, and
    /// nobody watches over their ends until there is a leader (R10, L5). Keys and values are slices
    /// of the file.
    ///
    /// # Errors
    /// When the file is no database, is rotten, or has what etcd would not have written.
    pub(crate) fn from_db(file: &Bytes, config: &MemberConfig) -> Result<(State, u64), String> {
        let db = open(file, config.planted)?;
        let meta = pairs(&db, "meta")?;
        let leases = pairs(&db, "lease")?;
        let lessor = mvcc::Lessor::from_bucket(
            leases.iter().map(|(_, value)| &value[..]),
            limits::LEASE_TTL_S_MIN,
        );
        let lessor = lessor.map_err(|e| format!("failed to restore leases: {e}"))?;
        let image = mvcc::Image {
            rules: rules(config.profile),
            finished_compact_rev: compact_rev(value(&meta, FINISHED_COMPACT_REV))?,
            scheduled_compact_rev: compact_rev(value(&meta, SCHEDULED_COMPACT_REV))?,
            size_bytes: file.len() as u64,
        };
        let store = read_store(&db, image)?;
        let auth_buckets = ["auth", "authRoles", "authUsers"]
            .map(|name| pairs(&db, name).map(|pairs| (name, to_pairs(pairs))));
        let auth_buckets = auth_buckets.into_iter().collect::<Result<Vec<_>, _>>()?;
        let auth = auth::AuthStore::from_buckets(&auth_buckets).map_err(|e| e.to_string())?;
        let auth = auth.with_patches(patches(config.profile));
        let alarms = Alarms::from_bucket(&to_pairs(pairs(&db, "alarm")?))?;
        let members = ["cluster", "members", "members_removed"]
            .map(|name| pairs(&db, name).map(|pairs| (name, to_pairs(pairs))));
        let members = members.into_iter().collect::<Result<Vec<_>, _>>()?;
        let membership = Membership::from_buckets(|name| {
            let found = members.iter().find(|(known, _)| *known == name);
            found.map_or(&[], |(_, pairs)| pairs)
        })?;
        let parts = (store, lessor, auth, membership, alarms);
        Ok((State::of_parts(parts, config), index_of(&db)?))
    }
}

fn read_store(db: &Db, image: mvcc::Image) -> Result<Store, String> {
    let failed = |e: &dyn std::fmt::Display| format!("failed to restore keys: {e}");
    let bucket = db.bucket(b"key").map_err(|e| failed(&e))?;
    let pairs = bucket.as_ref().map(|bucket| db.pairs(bucket)).transpose();
    let mut problem = None;
    let entries = pairs.map_err(|e| failed(&e))?.into_iter().flatten().map_while(|pair| {
        let entry = pair.map_err(|e| failed(&e)).and_then(|(key, value): (Bytes, Bytes)| {
            mvcc::Entry::from_bucket(&key, value).map_err(|e| failed(&e))
        });
        entry.map_err(|reason| problem = Some(reason)).ok()
    });
    let store = Store::restore(entries, image);
    match problem {
        Some(reason) => Err(reason),
        None => Ok(store),
    }
}
