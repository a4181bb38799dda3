//! Everything that the log builds: keys, leases, users, members and alarms; and its image.
//!
//! The image is the backend's buckets with etcd's names, keys and values (N3): its digest is what
//! members compare at the same index. The file around the buckets is made in `backend`.

use bytes::Bytes;
use mvcc::{Lessor, Revision, Rules, Store};
use proto::Profile;
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
    /// The old tree, which also tells who is a member (`/0`).
    pub(crate) v2: v2store::Store,
    pub(crate) rules: Rules,
}

/// The directories of the v2 store's root.
const V2_NAMESPACES: [&str; 2] = [v2store::CLUSTER_PREFIX, v2store::KEYS_PREFIX];

/// Keys of the bucket `meta`.
pub(crate) const FINISHED_COMPACT_REV: &[u8] = b"finishedCompactRev";
pub(crate) const SCHEDULED_COMPACT_REV: &[u8] = b"scheduledCompactRev";

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

/// The revision in a value of the bucket `meta`; -1 for none.
pub(crate) fn compact_rev(value: Option<Bytes>) -> Result<i64, String> {
    let Some(value) = value else { return Ok(-1) };
    let rev = Revision::from_bucket_key(&value);
    rev.map(|(rev, _)| rev.main).ok_or_else(|| "failed to restore the compacted revision".into())
}

/// The switches of the store for a release.
pub(crate) fn rules(profile: Profile) -> Rules {
    match profile {
        Profile::V3_3 | Profile::V3_4 => Rules::V3_4,
        Profile::V3_5 => Rules::V3_5,
        Profile::V3_6 => Rules::V3_6,
    }
}

/// Which patch releases of etcd the users' store follows: 3.6.14 is late (A7, A10).
pub(crate) fn patches(profile: Profile) -> auth::Patches {
    match profile {
        Profile::V3_6 => auth::Patches::Late,
        _ => auth::Patches::Early,
    }
}

impl State {
    /// Before the first entry.
    pub(crate) fn new(config: &MemberConfig) -> Self {
        let parts = (
            Store::with_rules(rules(config.profile)),
            Lessor::new(limits::LEASE_TTL_S_MIN),
            auth::AuthStore::default().with_patches(patches(config.profile)),
            Membership::default(),
            Alarms::default(),
        );
        State::of_parts(parts, config)
    }

    pub(crate) fn of_parts(
        (store, lessor, auth, membership, alarms): (
            Store,
            Lessor,
            auth::AuthStore,
            Membership,
            Alarms,
        ),
        config: &MemberConfig,
    ) -> Self {
        let mut lessor = with_checkpoints(lessor, config);
        store.attach_leases(&mut lessor);
        let v2 = v2store::Store::new(&V2_NAMESPACES);
        State { store, lessor, auth, membership, alarms, v2, rules: rules(config.profile) }
    }

    /// All buckets but that of the keys, which is large; in no order.
    pub(crate) fn small_buckets(&self) -> Vec<(&'static str, Pairs)> {
        let mut buckets = vec![
            ("lease", self.lessor.bucket()),
            ("alarm", self.alarms.bucket()),
            ("meta", meta_bucket(self.store.compact_rev())),
        ];
        buckets.extend(self.auth.buckets());
        buckets.extend(self.membership.buckets());
        buckets
    }

    /// Feeds the buckets, in order of names, and their pairs: names, keys and values.
    pub(crate) fn feed_buckets(&self, mut feed: impl FnMut(&[u8])) {
        let mut buckets = self.small_buckets();
        buckets.push(("key", Pairs::new()));
        buckets.sort_by_key(|(name, _)| *name);
        for (name, pairs) in buckets {
            feed(name.as_bytes());
            let mut pair = |(key, value): (Vec<u8>, Vec<u8>)| {
                feed(&key);
                feed(&value);
            };
            if name == "key" {
                self.store.key_bucket().for_each(&mut pair);
            } else {
                pairs.into_iter().for_each(&mut pair);
            }
        }
    }

    /// What the snapshot's file holds beside the backend: the v2 store, and so who is a member.
    pub(crate) fn v2_image(&self) -> Vec<u8> {
        self.v2.save().into_bytes()
    }

    /// The reverse; nothing is what there is before the first entry. The backend, which may be ahead,
    /// adds what the v2 store does not know: downgrades, and names that were not published yet.
    pub(crate) fn recover_v2(&mut self, image: &[u8]) -> Result<(), String> {
        let backend = std::mem::take(&mut self.membership);
        if !image.is_empty() {
            let v2 = v2store::Store::recover(image, &V2_NAMESPACES);
            self.v2 = v2.map_err(|e| e.to_string())?;
            self.membership = Membership::from_v2(&self.v2, &backend)?;
        }
        self.membership.set_downgrade(backend.downgrade().map(str::to_owned));
        Ok(())
    }

    /// One number for all of it: equal on all members that have applied the same entries.
    pub(crate) fn digest(&self) -> u64 {
        let mut hash = Xxh3::new();
        self.feed_buckets(|bytes| {
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        });
        hash.update(self.v2.shared_image().as_bytes());
        hash.digest()
    }

    /// The keys attached to a lease.
    pub(crate) fn lease_keys(&self, id: i64) -> Vec<bytes::Bytes> {
        self.lessor.keys(id).cloned().collect()
    }
}
