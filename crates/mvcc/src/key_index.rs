//! The history of one key as revisions, in generations (R7).
//!
//! A generation is one life of the key, from the put that creates it to the tombstone that ends it.
//! After a tombstone stands an empty generation, waiting for the next put. Mirrors `key_index.go`
//! of 3.6, with older releases' treatment of a tombstone exactly at the compacted revision as a
//! choice (C2).

use std::collections::BTreeSet;

use crate::Revision;

/// No revision of the key is visible where it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevisionNotFound;

/// One life of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generation {
    /// The put that began it.
    pub created: Revision,
    /// How many changes it had, those included that compaction took.
    pub ver: i64,
    /// The changes still known, ascending; a closed generation ends with its tombstone.
    pub revs: Vec<Revision>,
}

/// All lives of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyIndex {
    modified: Revision,
    generations: Vec<Generation>,
}

/// Where a key stands at some revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub modified: Revision,
    pub created: Revision,
    pub version: i64,
}

impl KeyIndex {
    /// The latest change.
    pub fn modified(&self) -> Revision {
        self.modified
    }

    pub fn generations(&self) -> &[Generation] {
        &self.generations
    }

    /// A living key of which a compacted database knows only the latest change.
    pub fn restore(created: Revision, modified: Revision, ver: i64) -> Self {
        let generations = vec![Generation { created, ver, revs: vec![modified] }];
        KeyIndex { modified, generations }
    }

    /// A key whose only known change is a tombstone, as found in a compacted database.
    pub fn restore_tombstone(rev: Revision) -> Self {
        let mut index = KeyIndex::restore(Revision::default(), rev, 1);
        index.generations.push(Generation::default());
        index
    }

    /// Whether nothing is left but the empty generation.
    pub fn is_empty(&self) -> bool {
        self.generations.iter().all(|generation| generation.revs.is_empty())
    }

    /// Adds a put (R4). `rev` is greater than every one before it.
    pub fn put(&mut self, rev: Revision) -> &Generation {
        debug_assert!(rev > self.modified, "{rev:?} after {:?}", self.modified);
        if self.generations.is_empty() {
            // Most keys have one life, and many just one change: no room is kept for more.
            self.generations =
                vec![Generation { revs: Vec::with_capacity(1), ..Generation::default() }];
        }
        let last = self.generations.len() - 1;
        let generation = &mut self.generations[last];
        if generation.revs.is_empty() {
            generation.created = rev;
        }
        generation.revs.push(rev);
        generation.ver = generation.ver.saturating_add(1);
        self.modified = rev;
        generation
    }

    /// Ends the present life.
    ///
    /// # Errors
    /// When there is none (R8).
    pub fn tombstone(&mut self, rev: Revision) -> Result<(), RevisionNotFound> {
        if self.generations.last().is_none_or(|last| last.revs.is_empty()) {
            return Err(RevisionNotFound);
        }
        self.put(rev);
        self.generations.push(Generation::default());
        Ok(())
    }

    /// The key as a reader at revision `at` sees it.
    ///
    /// # Errors
    /// When the key was absent then.
    pub fn get(&self, at: i64) -> Result<Found, RevisionNotFound> {
        let which = self.find_generation(at).ok_or(RevisionNotFound)?;
        let generation = &self.generations[which];
        let seen = generation.revs.partition_point(|rev| rev.main <= at);
        let modified = *generation.revs[..seen].last().ok_or(RevisionNotFound)?;
        let version = generation.ver - (generation.revs.len() - seen) as i64;
        Ok(Found { modified, created: generation.created, version })
    }

    /// The generation a reader at `at` looks into; `None` in the gap between two lives, where the
    /// tombstone is at or before `at`.
    pub fn find_generation(&self, at: i64) -> Option<usize> {
        for (n, generation) in self.generations.iter().enumerate().rev() {
            let (Some(first), Some(last)) = (generation.revs.first(), generation.revs.last())
            else {
                continue;
            };
            let closed = n + 1 < self.generations.len();
            if closed && last.main <= at {
                return None;
            }
            if first.main <= at {
                return Some(n);
            }
        }
        None
    }

    /// The last change of each transaction from revision `at` on, ascending (R9).
    pub fn since(&self, at: i64) -> Vec<Revision> {
        let mut found: Vec<Revision> = vec![];
        for rev in self.generations.iter().flat_map(|generation| &generation.revs) {
            if rev.main < at {
                continue;
            }
            match found.last_mut().filter(|last| last.main == rev.main) {
                Some(last) => *last = *rev,
                None => found.push(*rev),
            }
        }
        found
    }

    /// Forgets what no reader at `at` or later can see, and adds to `available` the one revision at
    /// or before `at` that stays (C2). `tombstone_stays` says what becomes of a tombstone exactly at
    /// `at`: [`Rules::tombstone_at_compaction_stays`](crate::Rules).
    pub fn compact(&mut self, at: i64, tombstone_stays: bool, available: &mut BTreeSet<Revision>) {
        // A life that ended before `over` is forgotten whole.
        let over = if tombstone_stays { at } else { at.saturating_add(1) };
        let (which, kept) = self.survivor(at, over);
        if let Some(kept) = kept {
            available.insert(self.generations[which].revs[kept]);
            self.generations[which].revs.drain(..kept);
        }
        self.generations.drain(..which);
    }

    /// What [`KeyIndex::compact`] at `at` would leave for readers, tombstones not counted.
    pub fn keep(&self, at: i64, available: &mut BTreeSet<Revision>) {
        let (which, kept) = self.survivor(at, at);
        let Some(kept) = kept else { return };
        let revs = &self.generations[which].revs;
        let tombstone = kept + 1 == revs.len() && which + 1 < self.generations.len();
        if !tombstone {
            available.insert(revs[kept]);
        }
    }

    /// The generation that a compaction at `at` begins with, which is the first that did not end
    /// before `over`, and the place in it of the last change at or before `at`.
    ///
    /// A life that ended at `at` is over as well when the next began in the same transaction, as an
    /// endless delete and a put can have it (T6). etcd 3.6 keeps the tombstone then, loses the put, and
    /// panics when it is read.
    fn survivor(&self, at: i64, over: i64) -> (usize, Option<usize>) {
        let first = |life: &Generation| life.revs.first().is_some_and(|first| first.main <= at);
        let ended = |lives: &&[Generation]| {
            first(&lives[1]) || lives[0].revs.last().is_some_and(|end| end.main < over)
        };
        let which = self.generations.windows(2).take_while(ended).count();
        let seen = match self.generations.get(which) {
            Some(generation) => generation.revs.partition_point(|rev| rev.main <= at),
            None => 0,
        };
        (which, seen.checked_sub(1))
    }
}
