//! What stands under each revision, in order: the bucket `key`, held in memory.
//!
//! Revisions only ever come at the end and go by compaction from the front, so chunks that are filled
//! once and then left alone do better than a tree, whose nodes stay half empty when all is appended.

use std::ops::{Bound, RangeBounds};

use crate::Revision;
use crate::store::Stored;

/// Entries in a chunk. Small enough that a young store is small, large enough that there are few.
const CHUNK_ENTRIES: usize = 256;

type Chunk = Vec<(Revision, Stored)>;

/// An ordered map from revision to entry that grows at its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct RevLog {
    /// None is empty.
    chunks: Vec<Chunk>,
}

impl RevLog {
    /// Adds the newest entry. One that is not newer than all there are is left out; whether it was
    /// added.
    pub(crate) fn push(&mut self, rev: Revision, stored: Stored) -> bool {
        if self.last().is_some_and(|last| last >= rev) {
            return false;
        }
        match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK_ENTRIES) {
            Some(chunk) => chunk.push((rev, stored)),
            None => self.chunks.push(vec![(rev, stored)]),
        }
        true
    }

    /// The newest revision.
    pub(crate) fn last(&self) -> Option<Revision> {
        self.chunks.last()?.last().map(|(rev, _)| *rev)
    }

    pub(crate) fn get(&self, rev: &Revision) -> Option<&Stored> {
        let (chunk, place) = self.place(|other| other < rev);
        let (found, stored) = self.chunks.get(chunk)?.get(place)?;
        (found == rev).then_some(stored)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Revision, &Stored)> {
        self.range(..)
    }

    /// The entries within bounds, in order.
    pub(crate) fn range(
        &self,
        bounds: impl RangeBounds<Revision>,
    ) -> impl Iterator<Item = (&Revision, &Stored)> {
        let (chunk, place) = match bounds.start_bound() {
            Bound::Included(first) => self.place(|rev| rev < first),
            Bound::Excluded(first) => self.place(|rev| rev <= first),
            Bound::Unbounded => (0, 0),
        };
        let chunks = self.chunks.get(chunk..).unwrap_or_default();
        let end = bounds.end_bound().cloned();
        let within = move |rev: &Revision| match &end {
            Bound::Included(last) => rev <= last,
            Bound::Excluded(end) => rev < end,
            Bound::Unbounded => true,
        };
        let entries = chunks.iter().flatten().skip(place);
        entries.take_while(move |(rev, _)| within(rev)).map(|(rev, stored)| (rev, stored))
    }

    /// Drops the entries up to `last` that `keep` does not want.
    pub(crate) fn retain_up_to(
        &mut self,
        last: Revision,
        mut keep: impl FnMut(Revision, &Stored) -> bool,
    ) {
        let chunks = std::mem::take(&mut self.chunks);
        for mut chunk in chunks {
            let newer = chunk.first().is_some_and(|(rev, _)| *rev > last);
            if !newer {
                chunk.retain(|(rev, stored)| *rev > last || keep(*rev, stored));
            }
            self.append(chunk);
        }
    }

    /// Adds a chunk at the end; what compaction has thinned out moves together, full ones stay.
    fn append(&mut self, mut chunk: Chunk) {
        let fits = |last: &&mut Chunk| last.len() + chunk.len() <= CHUNK_ENTRIES;
        if let Some(last) = self.chunks.last_mut().filter(fits) {
            last.append(&mut chunk);
        } else if !chunk.is_empty() {
            chunk.shrink_to_fit();
            self.chunks.push(chunk);
        }
    }

    /// The first entry that is not `before`, as chunk and place in it.
    fn place(&self, before: impl Fn(&Revision) -> bool) -> (usize, usize) {
        let ended = |chunk: &Chunk| chunk.last().is_some_and(|(rev, _)| before(rev));
        let chunk = self.chunks.partition_point(ended);
        let entries = self.chunks.get(chunk).map_or(&[][..], |chunk| &chunk[..]);
        (chunk, entries.partition_point(|(rev, _)| before(rev)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn stored() -> Stored {
        Stored { kv: proto::mvccpb::KeyValue::default(), tombstone: false }
    }

    proptest! {
        /// Steps of so many entries, each followed by a compaction of so much of what is there.
        #[test]
        fn it_is_an_ordered_map(steps in prop::collection::vec((0i64..700, 0i64..100, 1i64..9), 1..6)) {
            let (mut log, mut map, mut next) = (RevLog::default(), BTreeMap::new(), 0);
            for (count, percent, kept) in steps {
                for _ in 0..count {
                    let rev = Revision::new(next / 3, next % 3);
                    prop_assert!(log.push(rev, stored()) && !log.push(rev, stored()));
                    map.insert(rev, ());
                    next += 1;
                }
                let last = Revision::new(next * percent / 300, 1);
                let keep = |rev: Revision| (rev.main * 3 + rev.sub) % kept == 0;
                log.retain_up_to(last, |rev, _| keep(rev));
                map.retain(|rev, ()| *rev > last || keep(*rev));
                prop_assert!(log.iter().map(|(rev, _)| rev).eq(map.keys()));
                prop_assert_eq!(log.last(), map.keys().next_back().copied());
                let span = Revision::new(next / 9, 1)..Revision::new(next / 4, 2);
                prop_assert!(log.range(span.clone()).map(|(rev, _)| rev).eq(map.range(span.clone()).map(|(rev, ())| rev)));
                prop_assert!(log.range(span.end..).map(|(rev, _)| rev).eq(map.range(span.end..).map(|(rev, ())| rev)));
                prop_assert_eq!(log.get(&span.start).is_some(), map.contains_key(&span.start));
            }
        }
    }
}
