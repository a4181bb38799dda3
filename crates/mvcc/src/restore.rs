//! A store out of the entries of a backend, and the entries out of a store (R10, N3).
//!
//! Mirrors `restore` of `kvstore.go`. An entry is what stands under one revision in the bucket
//! `key`; how buckets lie in a file is not told here.

use bytes::Bytes;
use prost::Message;
use proto::mvccpb::KeyValue;

use crate::size::SizeModel;
use crate::store::Stored;
use crate::{KeyIndex, KeyRange, Lessor, Revision, Rules, Store, TreeIndex};

/// One entry of the bucket `key`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub rev: Revision,
    pub tombstone: bool,
    /// Of a tombstone the key only.
    pub kv: KeyValue,
}

/// What a backend knows besides its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    pub rules: Rules,
    /// `finishedCompactRev` of the bucket `meta`; -1 for none.
    pub finished_compact_rev: i64,
    /// `scheduledCompactRev`; -1 for none. One beyond the finished one is done now.
    pub scheduled_compact_rev: i64,
    /// How large the file is already; 0 for as large as the entries need.
    pub size_bytes: u64,
}

impl Default for Image {
    fn default() -> Image {
        Image {
            rules: Rules::default(),
            finished_compact_rev: -1,
            scheduled_compact_rev: -1,
            size_bytes: 0,
        }
    }
}

/// A pair of the bucket `key` that etcd would not have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEntry;

impl std::fmt::Display for BadEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no revision or no key-value pair in the bucket of keys")
    }
}

impl std::error::Error for BadEntry {}

impl Entry {
    /// The entry as the bucket has it (R5, R6).
    pub fn to_bucket(&self) -> (Vec<u8>, Vec<u8>) {
        let mut key = vec![];
        self.rev.bucket_key(self.tombstone, &mut key);
        (key, self.kv.encode_to_vec())
    }

    /// The entry of a pair of the bucket. `value` is not copied.
    ///
    /// # Errors
    /// When they are no such pair.
    pub fn from_bucket(key: &[u8], value: Bytes) -> Result<Entry, BadEntry> {
        let (rev, tombstone) = Revision::from_bucket_key(key).ok_or(BadEntry)?;
        // Beyond the last there is no room for another write.
        if rev.main < 1 || rev.main == i64::MAX || rev.sub < 0 {
            return Err(BadEntry);
        }
        let kv = KeyValue::decode(value).map_err(|_| BadEntry)?;
        Ok(Entry { rev, tombstone, kv })
    }
}

impl Store {
    /// All entries, in order of revisions.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.revs.iter().map(|(rev, stored)| Entry {
            rev: *rev,
            tombstone: stored.tombstone,
            kv: stored.kv.clone(),
        })
    }

    /// The pairs of the bucket `key`, in its order.
    pub fn key_bucket(&self) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        self.entries().map(|entry| entry.to_bucket())
    }

    /// What a backend of this store knows besides its entries. A compaction is whole at once here, so
    /// none is scheduled that is not finished.
    pub fn image(&self) -> Image {
        Image {
            rules: self.rules,
            finished_compact_rev: self.compacted,
            scheduled_compact_rev: self.compacted,
            size_bytes: self.size_bytes(),
        }
    }

    /// The store that `entries`, in order of revisions, came from. The current revision is the last
    /// entry's, or the compacted one where that is greater; a compaction that was only scheduled is
    /// made up for (R10). Entries out of order are left out.
    pub fn restore(entries: impl IntoIterator<Item = Entry>, image: Image) -> Store {
        let (mut index, mut size) = (TreeIndex::default(), SizeModel::default());
        let mut store = Store::with_rules(image.rules);
        for Entry { rev, tombstone, mut kv } in entries {
            if store.revs.last().is_some_and(|last| last >= rev) {
                continue;
            }
            kv.key = restore_key(&mut index, rev, tombstone, &kv);
            let stored = Stored { kv, tombstone };
            size.add(&stored);
            store.current = store.current.max(rev.main);
            store.revs.push(rev, stored);
        }
        size.reach(image.size_bytes);
        store.compacted = image.finished_compact_rev.clamp(-1, i64::MAX - 1);
        let scheduled = image.scheduled_compact_rev.min(i64::MAX - 1);
        store.current = store.current.max(store.compacted).max(scheduled);
        store.live = index.range(KeyRange::From(b""), store.current).count();
        store.index = index;
        store.size = size;
        if scheduled > store.compacted {
            // Cannot be refused: it is newer than the last one and not beyond the current revision.
            let _ = store.compact(scheduled);
        }
        store
    }

    /// Hangs every key on the lease that its newest pair names (R10). One that `lessor` does not know
    /// is passed over, as etcd does.
    pub fn attach_leases(&self, lessor: &mut Lessor) {
        for (key, rev) in self.index.range(KeyRange::From(b""), self.current) {
            let lease = self.revs.get(&rev).map_or(0, |stored| stored.kv.lease);
            if lease != 0 {
                let _ = lessor.attach(lease, key.clone());
            }
        }
    }
}

/// What one entry says about its key. A key first seen in the middle of a life has lost its older
/// revisions to compaction, but not their number nor its creation. Gives back the key as the index
/// keeps it, so that there is one copy of it.
fn restore_key(index: &mut TreeIndex, rev: Revision, tombstone: bool, kv: &KeyValue) -> Bytes {
    if let Some(key) = index.known(&kv.key) {
        if tombstone {
            // A tombstone after a tombstone is no entry of etcd's; it says nothing new.
            let _ = index.tombstone(&kv.key, rev);
        } else {
            index.put(&kv.key, rev);
        }
        return key;
    }
    let history = if tombstone {
        KeyIndex::restore_tombstone(rev)
    } else {
        KeyIndex::restore(Revision::new(kv.create_revision, 0), rev, kv.version)
    };
    index.insert(&kv.key, history)
}
