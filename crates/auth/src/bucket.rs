//! The store as etcd's backend keeps it: three buckets of keys and values (A15).
//!
//! `auth` holds `authEnabled` (one byte, there since auth was first enabled) and `authRevision`
//! (eight bytes, big endian); `authRoles` and `authUsers` hold protobuf by name. etcd trusts its
//! backend and panics on anything else; here foreign bytes are an error.

use std::collections::BTreeMap;

use prost::Message;
use proto::authpb::{Role, User};

use crate::{AuthStore, Error};

const AUTH: &str = "auth";
const ROLES: &str = "authRoles";
const USERS: &str = "authUsers";
const ENABLED_KEY: &[u8] = b"authEnabled";
const REVISION_KEY: &[u8] = b"authRevision";

/// Keys and values of one bucket, in the order of the keys.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

impl AuthStore {
    /// The buckets, in the order of their names, each in the order of its keys.
    pub fn buckets(&self) -> Vec<(&'static str, Pairs)> {
        let enabled = self.enabled.map(|on| (ENABLED_KEY.to_vec(), vec![u8::from(on)]));
        let revision = (REVISION_KEY.to_vec(), self.revision.to_be_bytes().to_vec());
        vec![
            (AUTH, enabled.into_iter().chain([revision]).collect()),
            (ROLES, pairs(&self.roles)),
            (USERS, pairs(&self.users)),
        ]
    }

    /// The store that these buckets hold; a missing bucket is an empty one.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a bucket or key that does not belong here, keys out of order, a value
    /// of the wrong form, a name that is not its key, and lists that are not sorted as the store
    /// sorts them.
    pub fn from_buckets(buckets: &[(&str, Pairs)]) -> Result<AuthStore, Error> {
        let mut store = AuthStore::default();
        for (at, (name, pairs)) in buckets.iter().enumerate() {
            if buckets[..at].iter().any(|(before, _)| before == name) {
                return Err(Error::Corrupt("that is there twice"));
            }
            match *name {
                AUTH => read_auth(&mut store, pairs)?,
                ROLES => store.roles = read(ROLES, pairs, is_role)?,
                USERS => store.users = read(USERS, pairs, is_user)?,
                _ => return Err(Error::Corrupt("of an unknown name")),
            }
        }
        let names: Vec<String> = store.users.keys().cloned().collect();
        for name in names {
            store.refresh_user(&name);
        }
        Ok(store)
    }
}

fn pairs<M: Message>(named: &BTreeMap<String, M>) -> Pairs {
    named.iter().map(|(name, value)| (name.clone().into_bytes(), value.encode_to_vec())).collect()
}

fn read_auth(store: &mut AuthStore, pairs: &Pairs) -> Result<(), Error> {
    if !pairs.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(Error::Corrupt(AUTH));
    }
    for (key, value) in pairs {
        match (&key[..], &value[..]) {
            (ENABLED_KEY, [byte @ (0 | 1)]) => store.enabled = Some(*byte == 1),
            (REVISION_KEY, bytes) => {
                let bytes = bytes.try_into().map_err(|_| Error::Corrupt(AUTH))?;
                // Zero is a backend whose store was never started: it starts at 1.
                store.revision = u64::from_be_bytes(bytes).max(1);
            }
            _ => return Err(Error::Corrupt(AUTH)),
        }
    }
    Ok(())
}

/// Values by name; `is_sound` says whether a value belongs to its name.
fn read<M: Message + Default>(
    bucket: &'static str,
    pairs: &Pairs,
    is_sound: fn(&str, &M) -> bool,
) -> Result<BTreeMap<String, M>, Error> {
    let corrupt = Error::Corrupt(bucket);
    if !pairs.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(corrupt);
    }
    let named = pairs.iter().map(|(key, value)| {
        let name = String::from_utf8(key.clone()).map_err(|_| corrupt)?;
        let value = M::decode(&value[..]).map_err(|_| corrupt)?;
        if !name.is_empty() && is_sound(&name, &value) { Ok((name, value)) } else { Err(corrupt) }
    });
    named.collect()
}

fn is_user(name: &str, user: &User) -> bool {
    user.name == name && user.roles.is_sorted_by(|a, b| a < b)
}

fn is_role(name: &str, role: &Role) -> bool {
    role.name == name && role.key_permission.is_sorted_by(|a, b| a.key <= b.key)
}
