//! Everything that the log builds: keys, leases, users, members and alarms; and its image.
//!
//! The image is the backend's buckets with etcd's names, keys and values (N3). A raft snapshot
//! carries it, a restart reads it, and its digest is what members compare at the same index.
//! Left out: the file around the buckets, which is for the crate of bbolt's pages.

use bytes::Bytes;
use mvcc::{Lessor, Revision, Rules, Store};
use proto::Profile;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::MemberConfig;
use crate::alarms::Alarms;
use crate::limits;
use crate::membership::Membership;

/// Keys and values of one bucket, in order of keys.
pub(crate) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The replicated state of one member.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) lessor: Lessor,
    pub(crate) auth: auth::AuthStore,
    pub(crate) membership: Membership,
    pub(crate) alarms: Alarms,
    pub(crate) rules: Rules,
}

/// The buckets of a backend, in order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    buckets: Vec<(String, Pairs)>,
    /// Of the file, which differs between members that were defragmented at different times.
    size_bytes: u64,
}

/// Keys of the bucket `meta`.
const FINISHED_COMPACT_REV: &[u8] = b"finishedCompactRev";
const SCHEDULED_COMPACT_REV: &[u8] = b"scheduledCompactRev";

impl Image {
    fn pairs(&self, name: &str) -> &[(Vec<u8>, Vec<u8>)] {
        let found = self.buckets.iter().find(|(known, _)| known == name);
        found.map_or(&[], |(_, pairs)| pairs)
    }

    /// Buckets in order of names, each with its pairs.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (&str, &Pairs)> {
        self.buckets.iter().map(|(name, pairs)| (name.as_str(), pairs))
    }

    /// XXH3 over everything, lengths included.
    fn digest(&self) -> u64 {
        let mut hash = Xxh3::new();
        let mut feed = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        for (name, pairs) in &self.buckets {
            feed(name.as_bytes());
            for (key, value) in pairs {
                feed(key);
                feed(value);
            }
        }
        hash.digest()
    }
}

/// L10: off by default.
fn with_checkpoints(lessor: Lessor, config: &MemberConfig) -> Lessor {
    if config.lease_checkpoint {
        lessor.with_checkpoints(limits::LEASE_CHECKPOINT_US)
    } else {
        lessor
    }
}

/// What was compacted last; nothing before the first time.
fn meta_bucket(compact_rev: i64) -> Pairs {
    if compact_rev < 0 {
        return Vec::new();
    }
    let mut value = Vec::new();
    Revision::new(compact_rev, 0).bucket_key(false, &mut value);
    [FINISHED_COMPACT_REV, SCHEDULED_COMPACT_REV].map(|key| (key.to_vec(), value.clone())).to_vec()
}

/// The switches of the store for a release.
fn rules(profile: Profile) -> Rules {
    match profile {
        Profile::V3_4 => Rules::V3_4,
        Profile::V3_5 => Rules::V3_5,
    }
}

impl State {
    /// Before the first entry.
    pub(crate) fn new(config: &MemberConfig) -> Self {
        let rules = rules(config.profile);
        State {
            store: Store::with_rules(rules),
            lessor: with_checkpoints(Lessor::new(limits::LEASE_TTL_S_MIN), config),
            auth: auth::AuthStore::default(),
            membership: Membership::default(),
            alarms: Alarms::default(),
            rules,
        }
    }

    pub(crate) fn image(&self) -> Image {
        let mut buckets: Vec<(String, Pairs)> = vec![
            ("key".into(), self.store.key_bucket().collect()),
            ("lease".into(), self.lessor.bucket()),
            ("alarm".into(), self.alarms.bucket()),
            ("meta".into(), meta_bucket(self.store.compact_rev())),
        ];
        for (name, pairs) in self.auth.buckets().into_iter().chain(self.membership.buckets()) {
            buckets.push((name.into(), pairs));
        }
        buckets.sort();
        Image { buckets, size_bytes: self.store.size_bytes() }
    }

    /// The state that an image was taken of. Leases hang on their keys again, and nobody watches
    /// over their ends until there is a leader (R10, L5).
    ///
    /// # Errors
    /// When the image is none of etcd's.
    pub(crate) fn from_image(image: &Image, config: &MemberConfig) -> Result<State, String> {
        let rules = rules(config.profile);
        let leases = image.pairs("lease").iter().map(|(_, value)| value.as_slice());
        let lessor = Lessor::from_bucket(leases, limits::LEASE_TTL_S_MIN)
            .map_err(|e| format!("failed to restore leases: {e}"))?;
        let mut lessor = with_checkpoints(lessor, config);
        let compact_rev = |name: &[u8]| -> Result<i64, String> {
            let found = image.pairs("meta").iter().find(|(key, _)| key == name);
            let Some((_, value)) = found else { return Ok(-1) };
            let (rev, _) = Revision::from_bucket_key(value)
                .ok_or_else(|| "failed to restore the compacted revision".to_string())?;
            Ok(rev.main)
        };
        let backend = mvcc::Image {
            rules,
            finished_compact_rev: compact_rev(FINISHED_COMPACT_REV)?,
            scheduled_compact_rev: compact_rev(SCHEDULED_COMPACT_REV)?,
            size_bytes: image.size_bytes,
        };
        let entries = image
            .pairs("key")
            .iter()
            .map(|(key, value)| mvcc::Entry::from_bucket(key, Bytes::copy_from_slice(value)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| format!("failed to restore keys: {e}"))?;
        let store = Store::restore(entries, backend);
        store.attach_leases(&mut lessor);
        let auth_buckets: Vec<(&str, Pairs)> = ["auth", "authRoles", "authUsers"]
            .map(|name| (name, image.pairs(name).to_vec()))
            .to_vec();
        let auth = auth::AuthStore::from_buckets(&auth_buckets).map_err(|e| e.to_string())?;
        let membership = Membership::from_buckets(|name| image.pairs(name))?;
        let alarms = Alarms::from_bucket(image.pairs("alarm"))?;
        Ok(State { store, lessor, auth, membership, alarms, rules })
    }

    /// One number for all of it: equal on all members that have applied the same entries.
    pub(crate) fn digest(&self) -> u64 {
        self.image().digest()
    }

    /// The keys attached to a lease.
    pub(crate) fn lease_keys(&self, id: i64) -> Vec<bytes::Bytes> {
        self.lessor.keys(id).cloned().collect()
    }
}
