//! What goes out to synced watchers: the events of each write, and word of progress (W5, W7 to W12).

use proto::etcdserverpb::WatchResponse;
use proto::mvccpb::{Event, KeyValue};

use super::{Micros, NO_WATCH, State, StreamId, WatchHub, WatcherRef, at, fragment};
use crate::{Change, Store};

impl WatchHub {
    /// The changes of one write that has ended, in order: one response for each synced watcher that
    /// they concern. To be called after every write that changed something, before the next one.
    pub fn notify(&mut self, store: &Store, changes: &[Change]) {
        let Some(rev) = changes.first().map(|change| change.kv.mod_revision) else { return };
        self.align(rev - 1);
        self.rev = rev;
        let mut hits: Vec<(WatcherRef, usize)> = vec![];
        for (n, change) in changes.iter().enumerate() {
            self.synced.find(&change.kv.key, |who| hits.push((who, n)));
        }
        hits.sort_unstable();
        // Many watchers may want the same earlier pair; it is looked up once.
        let mut known: Vec<Option<Option<KeyValue>>> = vec![];
        let mut prev = |n: usize| {
            known.resize(changes.len(), None);
            known[n].get_or_insert_with(|| store.pair_before(&changes[n])).clone()
        };
        for of_one in hits.chunk_by(|a, b| a.0 == b.0) {
            let who = of_one[0].0;
            if self.watchers.get(&who).is_some_and(|watcher| watcher.min_rev <= rev) {
                self.send(who, rev, of_one.iter().map(|(_, n)| (*n, &changes[*n])), &mut prev);
            }
        }
    }

    /// Asked by the client for word of progress (W12): one response with id -1 for all watchers of
    /// the stream, when all are synced; silence when not, or when there is none.
    pub fn progress(&mut self, store: &Store, stream: StreamId) {
        self.align(store.rev());
        let open = self.streams.contains_key(&stream);
        let ids = self.ids(stream);
        let reached = |id: &i64| self.has_reached(store.rev(), (stream, *id));
        let all_synced = !ids.is_empty() && ids.iter().all(reached);
        if open && (all_synced || !self.options.progress_when_synced) {
            let response = WatchResponse { watch_id: NO_WATCH, ..at(store.rev()) };
            self.out.push((stream, response));
        }
    }

    /// Word of progress for one watcher, if it is synced and its start is not still to come.
    pub fn progress_of(&mut self, store: &Store, stream: StreamId, watch_id: i64) {
        self.align(store.rev());
        if self.has_reached(store.rev(), (stream, watch_id)) {
            self.out.push((stream, WatchResponse { watch_id, ..at(store.rev()) }));
        }
    }

    /// Periodic word of progress, to those who asked for it and had no event for one interval.
    pub(super) fn report_progress(&mut self, store: &Store, now: Micros) {
        let mut due = vec![];
        for (id, stream) in &mut self.streams {
            let ticks = now.saturating_sub(stream.opened) / stream.interval;
            if ticks > stream.ticks {
                stream.ticks = ticks;
                due.push(*id);
            }
        }
        for stream in due {
            for watch_id in self.ids(stream) {
                let Some(watcher) = self.watchers.get_mut(&(stream, watch_id)) else { continue };
                if std::mem::replace(&mut watcher.idle, true) && watcher.progress_notify {
                    self.progress_of(store, stream, watch_id);
                }
            }
        }
    }

    /// Sends a watcher those of the numbered changes that its filters let through, if any; `prev`
    /// finds the pair before a change.
    pub(super) fn send<'a>(
        &mut self,
        who: WatcherRef,
        rev: i64,
        changes: impl Iterator<Item = (usize, &'a Change)>,
        mut prev: impl FnMut(usize) -> Option<KeyValue>,
    ) {
        let Some(watcher) = self.watchers.get_mut(&who) else { return };
        let events: Vec<Event> = changes
            .filter(|(_, change)| watcher.wants(change))
            .map(|(n, change)| {
                let prev_kv = if watcher.prev_kv { prev(n) } else { None };
                Event { prev_kv, ..change.clone().into_event() }
            })
            .collect();
        if events.is_empty() {
            return;
        }
        watcher.idle = false;
        let response = WatchResponse { watch_id: who.1, events, ..at(rev) };
        if watcher.fragment {
            let pieces = fragment::cut(response, self.options.max_request_bytes);
            self.out.extend(pieces.into_iter().map(|piece| (who.0, piece)));
        } else {
            self.out.push((who.0, response));
        }
    }

    /// Whether a watcher was told everything that concerns it up to `rev`, and is past its start.
    fn has_reached(&self, rev: i64, who: WatcherRef) -> bool {
        self.watchers
            .get(&who)
            .is_some_and(|watcher| watcher.state == State::Synced && watcher.start_rev <= rev)
    }
}

impl Store {
    /// The pair under a change's key just before the write that the change is part of (W9); none
    /// for a put that created the key, or when that revision is compacted.
    pub(super) fn pair_before(&self, change: &Change) -> Option<KeyValue> {
        let kv = &change.kv;
        let before = kv.mod_revision - 1;
        let created = !change.deleted && kv.create_revision == kv.mod_revision;
        if created || before < self.compacted {
            return None;
        }
        let found = self.index.get(&kv.key, before).ok()?;
        Some(self.revs.get(&found.modified)?.kv.clone())
    }
}
