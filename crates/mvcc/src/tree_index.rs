//! All keys in order, each with its history. Mirrors `index.go`; a `BTreeMap` in place of a B-tree.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use bytes::Bytes;

use crate::key_index::Found;
use crate::{Generation, KeyIndex, KeyRange, Revision, RevisionNotFound};

/// The key index of a store.
#[derive(Clone, Debug, Default)]
pub struct TreeIndex {
    keys: BTreeMap<Bytes, KeyIndex>,
}

impl TreeIndex {
    /// Records a put; gives back the key as kept (one copy per key, however often it is put) and
    /// the generation it is now in.
    pub fn put(&mut self, key: &[u8], rev: Revision) -> (Bytes, &Generation) {
        // Most puts of a busy store hit a known key, and then nothing is allocated.
        if !self.keys.contains_key(key) {
            self.keys.insert(Bytes::copy_from_slice(key), KeyIndex::default());
        }
        let (kept, index) = self
            .keys
            .range_mut::<[u8], _>((Bound::Included(key), Bound::Unbounded))
            .next()
            .expect("the key was there or has just been inserted");
        (kept.clone(), index.put(rev))
    }

    /// The key as kept, if there is any history of it.
    pub fn known(&self, key: &[u8]) -> Option<Bytes> {
        self.keys.get_key_value(key).map(|(kept, _)| kept.clone())
    }

    /// What is known of one key.
    pub fn history(&self, key: &[u8]) -> Option<&KeyIndex> {
        self.keys.get(key)
    }

    /// Puts a restored history in place of what is known of the key; the key as kept.
    pub fn insert(&mut self, key: &[u8], history: KeyIndex) -> Bytes {
        let kept = Bytes::copy_from_slice(key);
        self.keys.insert(kept.clone(), history);
        kept
    }

    /// Records a delete.
    ///
    /// # Errors
    /// When the key is not there or not alive (R8).
    pub fn tombstone(&mut self, key: &[u8], rev: Revision) -> Result<(), RevisionNotFound> {
        self.keys.get_mut(key).ok_or(RevisionNotFound)?.tombstone(rev)
    }

    /// The key at revision `at`.
    ///
    /// # Errors
    /// When it was absent then.
    pub fn get(&self, key: &[u8], at: i64) -> Result<Found, RevisionNotFound> {
        self.keys.get(key).ok_or(RevisionNotFound)?.get(at)
    }

    /// The keys alive at `at`, in order, each with its latest change then.
    pub fn range<'a>(
        &'a self,
        keys: KeyRange<'a>,
        at: i64,
    ) -> impl Iterator<Item = (&'a Bytes, Revision)> {
        keys.bounds()
            .map(|bounds| self.keys.range::<[u8], _>(bounds))
            .into_iter()
            .flatten()
            .filter_map(move |(key, index)| Some((key, index.get(at).ok()?.modified)))
    }

    /// The first `limit` revisions (0: all) of the keys alive at `at`, and the number of all of
    /// those keys.
    pub fn revisions(&self, keys: KeyRange<'_>, at: i64, limit: usize) -> (Vec<Revision>, usize) {
        let (mut revs, mut count) = (vec![], 0);
        for (_, rev) in self.range(keys, at) {
            count += 1;
            if limit == 0 || revs.len() < limit {
                revs.push(rev);
            }
        }
        (revs, count)
    }

    /// Compacts every key; the revisions at or before `at` that stay. `tombstone_stays` is as for
    /// [`KeyIndex::compact`].
    pub fn compact(&mut self, at: i64, tombstone_stays: bool) -> BTreeSet<Revision> {
        let mut available = BTreeSet::new();
        self.keys.retain(|_, index| {
            index.compact(at, tombstone_stays, &mut available);
            !index.is_empty()
        });
        available
    }

    /// What a compaction at `at` would leave for readers.
    pub fn keep(&self, at: i64) -> BTreeSet<Revision> {
        let mut available = BTreeSet::new();
        for index in self.keys.values() {
            index.keep(at, &mut available);
        }
        available
    }

    /// Every key with its history, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &KeyIndex)> {
        self.keys.iter()
    }
}
