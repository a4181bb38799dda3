//! A store out of the entries of a backend, and the entries out of a store (R10).
//!
//! Mirrors `restore` of `kvstore.go`. An entry is what stands under one revision in the bucket
//! `key`; how the entries lie on a disk or travel in a snapshot is not told here.

use proto::mvccpb::KeyValue;

use crate::size::SizeModel;
use crate::store::Stored;
use crate::{KeyIndex, Revision, Store, TreeIndex};

/// One entry of the bucket `key`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub rev: Revision,
    pub tombstone: bool,
    /// Of a tombstone the key only.
    pub kv: KeyValue,
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

    /// The store that `entries`, in order of revisions, came from. `compacted` is what was
    /// compacted last, -1 for never. The current revision is the last entry's, or the compacted
    /// one where that is greater. Entries out of order are left out.
    pub fn restore(entries: impl IntoIterator<Item = Entry>, compacted: i64) -> Store {
        let (mut index, mut size) = (TreeIndex::default(), SizeModel::default());
        let mut store = Store::new();
        for Entry { rev, tombstone, kv } in entries {
            if store.revs.last_key_value().is_some_and(|(last, _)| *last >= rev) {
                continue;
            }
            restore_key(&mut index, rev, tombstone, &kv);
            let stored = Stored { kv, tombstone };
            size.add(&stored);
            store.current = store.current.max(rev.main);
            store.revs.insert(rev, stored);
        }
        size.commit();
        store.current = store.current.max(compacted);
        store.compacted = compacted;
        store.live = index.range(crate::KeyRange::From(b""), store.current).count();
        store.index = index;
        store.size = size;
        store
    }
}

/// What one entry says about its key. A key first seen in the middle of a life has lost its older
/// revisions to compaction, but not their number nor its creation.
fn restore_key(index: &mut TreeIndex, rev: Revision, tombstone: bool, kv: &KeyValue) {
    if index.knows(&kv.key) {
        if tombstone {
            // A tombstone after a tombstone is no entry of etcd's; it says nothing new.
            let _ = index.tombstone(&kv.key, rev);
        } else {
            index.put(&kv.key, rev);
        }
        return;
    }
    let history = if tombstone {
        KeyIndex::restore_tombstone(rev)
    } else {
        KeyIndex::restore(Revision::new(kv.create_revision, 0), rev, kv.version)
    };
    index.insert(&kv.key, history);
}
