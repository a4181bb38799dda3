//! Watchers that start in the past: rounds of reading history for them (W5, W6, W14).

use super::{Micros, State, WatchHub, WatcherGroup, WatcherRef, at};
use crate::store::Stored;
use crate::{Change, KeyRange, Revision, Store};
use proto::etcdserverpb::WatchResponse;

/// What one watcher gets in a round: the changes of whole revisions.
#[derive(Debug, Default)]
struct Batch {
    changes: Vec<Change>,
    revs: usize,
    last: i64,
    /// The first revision that had no place.
    more: Option<i64>,
}

impl Batch {
    /// Adds a change unless it begins a revision too many; whether it had a place.
    fn add(&mut self, rev: Revision, stored: &Stored, max_revs: usize) -> bool {
        if self.more.is_some() {
            return false;
        }
        if rev.main != self.last {
            if self.revs >= max_revs {
                self.more = Some(rev.main);
                return false;
            }
            self.revs += 1;
            self.last = rev.main;
        }
        let mut kv = stored.kv.clone();
        kv.mod_revision = rev.main;
        self.changes.push(Change { kv, deleted: stored.tombstone });
        true
    }
}

impl WatchHub {
    /// For every tick of 100 ms, and harmless at any other time: unsynced watchers catch up, then
    /// periodic word of progress goes out. As in etcd, a round that got watchers through is followed
    /// by another at once; one that did not leaves the rest for the next tick.
    pub fn sync(&mut self, store: &Store, now: Micros) {
        self.align(store.rev());
        loop {
            let waiting = self.unsynced.len();
            self.round(store);
            if self.unsynced.is_empty() || self.unsynced.len() >= waiting {
                break;
            }
        }
        self.report_progress(store, now);
    }

    /// Takes those who have waited longest a step on; who is not through joins the queue again.
    fn round(&mut self, store: &Store) {
        let count = self.unsynced.len().min(self.options.round_watchers.max(1));
        let mut chosen: Vec<WatcherRef> = self.unsynced.drain(..count).collect();
        chosen.retain(|who| !self.is_compacted(store, *who));
        let batches = self.batches(store, &chosen);
        for (who, batch) in chosen.into_iter().zip(batches) {
            let changes = batch.changes.iter().enumerate();
            self.send(who, store.rev(), changes, |n| store.pair_before(&batch.changes[n]));
            let Some(watcher) = self.watchers.get_mut(&who) else { continue };
            if let Some(more) = batch.more {
                watcher.min_rev = more;
                self.unsynced.push_back(who);
            } else {
                watcher.min_rev = watcher.min_rev.max(store.rev() + 1);
                watcher.state = State::Synced;
                self.synced.insert(&watcher.key, &watcher.range_end, who);
            }
        }
    }

    /// Cancels a watcher that needs what is compacted (W6). Like etcd's, this response alone has no
    /// revision in its header.
    fn is_compacted(&mut self, store: &Store, who: WatcherRef) -> bool {
        let Some(watcher) = self.watchers.get_mut(&who) else { return true };
        if watcher.min_rev >= store.compact_rev() {
            return false;
        }
        watcher.state = State::Compacted;
        let compact_revision = store.compact_rev();
        let response = WatchResponse { watch_id: who.1, canceled: true, compact_revision, ..at(0) };
        self.out.push((who.0, response));
        true
    }

    /// What each of the chosen gets. Single keys are looked up; all ranges share one walk through
    /// history, which ends when each has its fill.
    fn batches(&self, store: &Store, chosen: &[WatcherRef]) -> Vec<Batch> {
        let max_revs = self.options.batch_revs.max(1);
        let mut batches: Vec<Batch> = chosen.iter().map(|_| Batch::default()).collect();
        let mut starts = vec![i64::MAX; chosen.len()];
        let mut ranges: WatcherGroup<usize> = WatcherGroup::default();
        let mut hungry = 0;
        for (n, who) in chosen.iter().enumerate() {
            let Some(watcher) = self.watchers.get(who) else { continue };
            // Servers that let a negative start pass find no history for it (W2).
            if watcher.min_rev < 0 {
                continue;
            }
            if let KeyRange::One(key) = watcher.keys() {
                let mut history = store.history(key, watcher.min_rev);
                history.all(|(rev, stored)| batches[n].add(rev, stored, max_revs));
                continue;
            }
            starts[n] = watcher.min_rev;
            ranges.insert(&watcher.key, &watcher.range_end, n);
            hungry += 1;
        }
        let Some(first) = starts.iter().min().filter(|_| hungry > 0) else { return batches };
        for (rev, stored) in store.revs.range(Revision::new(*first, 0)..) {
            ranges.find(&stored.kv.key, |n| {
                let waiting = rev.main >= starts[n] && batches[n].more.is_none();
                if waiting && !batches[n].add(*rev, stored, max_revs) {
                    hungry -= 1;
                }
            });
            if hungry == 0 {
                break;
            }
        }
        batches
    }
}

impl Store {
    /// The changes of one key from revision `min` on, in order.
    fn history(&self, key: &[u8], min: i64) -> impl Iterator<Item = (Revision, &Stored)> {
        let generations = self.index.history(key).map_or(&[][..], |index| index.generations());
        generations
            .iter()
            .flat_map(move |generation| {
                &generation.revs[generation.revs.partition_point(|rev| rev.main < min)..]
            })
            .filter_map(|rev| Some((*rev, self.revs.get(rev)?)))
    }
}
