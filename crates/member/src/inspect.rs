//! What the offline tools of 3.6 read out of a database's file: the hash of its history, its living keys,
//! and which release's schema it has (`etcdutl/hashkv_command.go`, `storage/schema`).

use bytes::Bytes;
use mvcc::RangeOptions;
use proto::Profile;

use crate::MemberConfig;
use crate::backend::{self, Meta};
use crate::state::State;

/// What `etcdutl hashkv` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHash {
    pub hash: u32,
    pub hash_revision: i64,
    /// -1 when nothing was compacted.
    pub compact_revision: i64,
}

fn state(file: &Bytes, profile: Profile) -> Result<State, String> {
    let config = MemberConfig { profile, ..MemberConfig::default() };
    State::from_db(file, &config).map(|(state, _)| state)
}

/// The hash of the history up to `rev`, 0 for all of it (H1, H2).
///
/// # Errors
/// The file is no database, or the revision is compacted or still to come.
pub fn hash_kv(file: &Bytes, rev: i64, profile: Profile) -> Result<FileHash, String> {
    let hash = state(file, profile)?.store.hash_kv(rev).map_err(|e| e.to_string())?;
    let mvcc::HashKv { hash, compact_revision, hash_revision } = hash;
    Ok(FileHash { hash, hash_revision, compact_revision })
}

/// How many keys live in it (N8 of 3.6). A sum behind the pages is no part of it.
///
/// # Errors
/// The file is no database.
pub fn live_keys(file: &Bytes) -> Result<u64, String> {
    let store = state(file, Profile::V3_6)?.store;
    let options = RangeOptions { count_only: true, ..RangeOptions::default() };
    let found = store.range(&[0], &[0], options).map_err(|e| e.to_string())?;
    Ok(found.count.unsigned_abs())
}

/// Which release's members a database is for.
#[derive(Clone, Debug)]
pub struct Schema {
    file: Bytes,
    meta: Meta,
}

impl Schema {
    /// # Errors
    /// The file is no database.
    pub fn read(file: &Bytes) -> Result<Schema, String> {
        Ok(Schema { file: file.clone(), meta: backend::meta(file)? })
    }

    /// `3.6.0`, where the file says so itself.
    pub fn storage_version(&self) -> Option<&str> {
        self.meta.storage_version.as_deref()
    }

    /// The minor number of the release; none for a file from before 3.5.
    pub fn version(&self) -> Option<u32> {
        match self.storage_version() {
            Some(text) => text.split('.').nth(1).and_then(|minor| minor.parse().ok()),
            None => self.meta.has_term_and_conf_state.then_some(5),
        }
    }

    /// The same file for 3.5 or 3.6.
    ///
    /// # Errors
    /// The file is no database.
    pub fn at(&self, minor: u32) -> Result<Bytes, String> {
        let version = (minor > 5).then(|| format!("3.{minor}.0"));
        backend::with_storage_version(&self.file, version.as_deref())
    }
}
