//! What a watch promises (G3), against a plain log of everything that was written: events come in
//! order, once, without a gap, whole revisions together, and word of progress is true.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use mvcc::{KeyRange, Store, StreamId, WatchHub, WatchOptions};
use proptest::collection::vec;
use proptest::prelude::*;
use proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use proto::mvccpb::{Event, KeyValue};

/// One write of a transaction; keys are single letters.
#[derive(Clone, Debug)]
enum Write {
    Put(u8),
    Delete(u8),
    DeleteRange(u8, u8),
}

#[derive(Clone, Debug)]
enum Op {
    Txn(Vec<Write>),
    /// As by a snapshot: the store moves on and the hub is not told.
    Silent(Vec<Write>),
    /// Below the current revision by so many.
    Compact(i64),
    Create {
        stream: StreamId,
        key: u8,
        end: Option<u8>,
        /// Relative to the current revision; `None` for from now on.
        start: Option<i64>,
        filters: Vec<i32>,
        flags: u8,
    },
    Cancel(StreamId, i64),
    Close(StreamId),
    Sync,
    Progress(StreamId),
}

fn key() -> impl Strategy<Value = u8> {
    b'a'..b'g'
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        4 => key().prop_map(Write::Put),
        2 => key().prop_map(Write::Delete),
        1 => (key(), key()).prop_map(|(key, end)| Write::DeleteRange(key, end)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let create = (
        0u64..3,
        key(),
        prop_oneof![Just(None), Just(Some(0)), key().prop_map(Some)],
        prop_oneof![Just(None), (-8i64..4).prop_map(Some)],
        vec(0..2, 0..2),
        any::<u8>(),
    );
    let create = create.prop_map(|(stream, key, end, start, filters, flags)| Op::Create {
        stream,
        key,
        end,
        start,
        filters,
        flags,
    });
    prop_oneof![
        10 => vec(write(), 0..5).prop_map(Op::Txn),
        1 => vec(write(), 0..3).prop_map(Op::Silent),
        1 => (0i64..6).prop_map(Op::Compact),
        5 => create,
        1 => (0u64..3, 0i64..5).prop_map(|(stream, id)| Op::Cancel(stream, id)),
        1 => (0u64..3).prop_map(Op::Close),
        4 => Just(Op::Sync),
        2 => (0u64..3).prop_map(Op::Progress),
    ]
}

/// One change as the log has it.
#[derive(Clone, Debug)]
struct Logged {
    rev: i64,
    event: Event,
    /// The pair before the transaction.
    prev: Option<KeyValue>,
}

/// A watcher as its client knows it.
#[derive(Debug)]
struct Watch {
    key: Vec<u8>,
    end: Vec<u8>,
    filters: Vec<i32>,
    prev_kv: bool,
    progress: bool,
    start: i64,
    /// All before this revision has come.
    next: i64,
    /// Whether it was synced from the beginning, so that it is owed every event at once.
    live: bool,
    compacted: bool,
}

/// Store, hub, log and clients.
struct World {
    store: Store,
    hub: WatchHub,
    options: WatchOptions,
    log: Vec<Logged>,
    pairs: BTreeMap<Vec<u8>, KeyValue>,
    watches: BTreeMap<(StreamId, i64), Watch>,
    next_ids: BTreeMap<StreamId, i64>,
    now: u64,
    events: usize,
}

impl World {
    fn new(options: WatchOptions) -> Self {
        let mut hub = WatchHub::new(options.clone());
        (0..3).for_each(|stream| hub.open(stream, 0, 0));
        World {
            store: Store::new(),
            hub,
            options,
            log: vec![],
            pairs: BTreeMap::new(),
            watches: BTreeMap::new(),
            next_ids: BTreeMap::new(),
            now: 0,
            events: 0,
        }
    }

    /// Writes into store, log and model, each by its own means.
    fn write(&mut self, writes: &[Write], told: bool) {
        let rev = self.store.rev() + 1;
        let before = self.pairs.clone();
        let mut ended = BTreeSet::new();
        let mut txn = self.store.write();
        for (n, write) in writes.iter().enumerate() {
            let (first, end) = match write {
                // Transactions refuse to put again what they deleted (T6), and a compaction at just
                // that revision would not keep it.
                Write::Put(key) if ended.contains(key) => continue,
                Write::Put(key) => {
                    let value = Bytes::from(format!("{rev}.{n}"));
                    txn.put(&[*key], value.clone(), 0);
                    let old = self.pairs.get(&vec![*key]);
                    let kv = KeyValue {
                        key: Bytes::from(vec![*key]),
                        create_revision: old.map_or(rev, |old| old.create_revision),
                        mod_revision: rev,
                        version: old.map_or(1, |old| old.version + 1),
                        value,
                        lease: 0,
                    };
                    let prev = before.get(&vec![*key]).cloned();
                    let event = Event { r#type: 0, kv: Some(kv.clone()), prev_kv: None };
                    self.log.push(Logged { rev, event, prev });
                    self.pairs.insert(vec![*key], kv);
                    continue;
                }
                Write::Delete(key) => {
                    txn.delete_range(&[*key], &[]);
                    (*key, *key + 1)
                }
                Write::DeleteRange(key, end) => {
                    txn.delete_range(&[*key], &[*end]);
                    (*key, *end)
                }
            };
            let gone: Vec<Vec<u8>> =
                self.pairs.keys().filter(|key| (first..end).contains(&key[0])).cloned().collect();
            for key in gone {
                self.pairs.remove(&key);
                ended.insert(key[0]);
                let prev = before.get(&key).cloned();
                let kv = KeyValue { key: key.into(), mod_revision: rev, ..KeyValue::default() };
                let event = Event { r#type: 1, kv: Some(kv), prev_kv: None };
                self.log.push(Logged { rev, event, prev });
            }
        }
        let (_, changes) = txn.end();
        if told {
            self.hub.notify(&self.store, &changes);
        } else if !changes.is_empty() {
            self.watches.values_mut().for_each(|watch| watch.live = false);
        }
    }

    /// What a watcher is owed of the revisions from its next one up to `upto`.
    fn owed(&self, watch: &Watch, upto: i64) -> Vec<Event> {
        let keys = KeyRange::from_wire(&watch.key, &watch.end);
        self.log
            .iter()
            .filter(|logged| (watch.next..=upto).contains(&logged.rev))
            .filter(|logged| keys.contains(&logged.event.kv.as_ref().expect("a pair").key))
            .filter(|logged| !watch.filters.contains(&logged.event.r#type))
            .map(|logged| {
                let kv = logged.event.kv.as_ref().expect("a pair");
                let created = logged.event.r#type == 0 && kv.create_revision == logged.rev;
                let known = watch.prev_kv && !created && logged.rev > self.store.compact_rev();
                let prev_kv = if known { logged.prev.clone() } else { None };
                Event { prev_kv, ..logged.event.clone() }
            })
            .collect()
    }

    /// Of the compacted revision itself only the last change to each key stays, so that a watcher
    /// that has not had the others will never have them.
    fn compact(&mut self, rev: i64) {
        if self.store.compact(rev).is_err() {
            return;
        }
        let key = |logged: &Logged| logged.event.kv.as_ref().map(|kv| kv.key.clone());
        let mut seen = BTreeSet::new();
        self.log.reverse();
        self.log.retain(|logged| logged.rev != rev || seen.insert(key(logged)));
        self.log.reverse();
    }

    /// Whether a word of progress at `rev` is true for a watcher; from then on it is held to it.
    fn progress_is_true(&mut self, who: (StreamId, i64), rev: i64) {
        let watch = &self.watches[&who];
        assert!(!watch.compacted && watch.start <= rev, "{who:?} is not there yet");
        assert_eq!(self.owed(watch, rev), [], "{who:?} was promised all up to {rev}");
        let watch = self.watches.get_mut(&who).expect("looked up above");
        watch.next = watch.next.max(rev + 1);
    }

    fn response(&mut self, stream: StreamId, response: &WatchResponse) {
        let rev = response.header.as_ref().expect("a header").revision;
        let who = (stream, response.watch_id);
        assert!(!response.created, "creations are looked at where they are asked for");
        if response.compact_revision != 0 {
            assert!(response.canceled && response.events.is_empty());
            assert_eq!(response.compact_revision, self.store.compact_rev());
            let watch = self.watches.get_mut(&who).expect("a watcher to cancel");
            assert!(watch.next < response.compact_revision, "nothing of it is gone: {watch:?}");
            assert!(!watch.live && !watch.compacted);
            watch.compacted = true;
            return;
        }
        assert_eq!(rev, self.store.rev());
        if response.events.is_empty() {
            let all = response.watch_id == -1;
            let told: Vec<(StreamId, i64)> = self
                .watches
                .keys()
                .filter(|w| **w == who || all && w.0 == stream)
                .copied()
                .collect();
            assert!(!told.is_empty());
            assert!(all || self.watches[&who].progress);
            told.into_iter().for_each(|who| self.progress_is_true(who, rev));
            return;
        }
        let watch = self.watches.get(&who).expect("events are for watchers");
        assert!(!watch.compacted && !response.canceled);
        let revs = response.events.iter().map(|event| event.kv.as_ref().expect("kv").mod_revision);
        let revs: BTreeSet<i64> = revs.collect();
        let last = *revs.last().expect("an event");
        assert!(revs.len() <= self.options.batch_revs);
        assert_eq!(response.events, self.owed(watch, last), "{who:?} {watch:?}");
        self.watches.get_mut(&who).expect("looked up above").next = last + 1;
        self.events += response.events.len();
    }

    fn create(&mut self, stream: StreamId, request: &WatchCreateRequest) {
        self.hub.create(&self.store, stream, request, None);
        let responses = self.hub.take();
        assert_eq!(responses.len(), 1);
        let (to, response) = &responses[0];
        let (id, rev) = (response.watch_id, self.store.rev());
        assert!(*to == stream && response.created);
        let keys = KeyRange::from_wire(&request.key, &request.range_end);
        let empty = matches!(keys, KeyRange::Span(key, end) if key >= end);
        assert_eq!(response.canceled, empty || request.start_revision < 0);
        if response.canceled {
            assert_eq!(id, -1);
            return;
        }
        let next_id = self.next_ids.entry(stream).or_default();
        assert_eq!(id, *next_id);
        *next_id += 1;
        let start = request.start_revision;
        let watch = Watch {
            key: request.key.to_vec(),
            end: request.range_end.to_vec(),
            filters: request.filters.clone(),
            prev_kv: request.prev_kv,
            progress: request.progress_notify,
            start,
            next: if start == 0 { rev + 1 } else { start },
            live: start == 0 || start > rev,
            compacted: false,
        };
        self.watches.insert((stream, id), watch);
    }

    fn cancel(&mut self, stream: StreamId, id: i64) {
        self.hub.cancel(&self.store, stream, id);
        let known = self.watches.remove(&(stream, id)).is_some();
        let responses = self.hub.take();
        assert_eq!(responses.len(), usize::from(known));
        for (to, response) in responses {
            assert!(to == stream && response.watch_id == id && response.canceled);
            assert_eq!(response.compact_revision, 0);
        }
    }

    fn progress(&mut self, stream: StreamId) {
        self.hub.progress(&self.store, stream);
        let own = || self.watches.iter().filter(|((to, _), _)| *to == stream).map(|(_, w)| w);
        // Who was always synced must be promised something once its start has come.
        let rev = self.store.rev();
        let sure = own().count() > 0 && own().all(|watch| watch.live && watch.start <= rev);
        let responses = self.hub.take();
        assert!(responses.len() <= 1 && (!sure || responses.len() == 1));
        for (to, response) in responses {
            assert_eq!((to, response.watch_id), (stream, -1));
            self.response(to, &response);
        }
    }

    fn step(&mut self, op: &Op) {
        match op {
            Op::Txn(writes) => self.write(writes, true),
            Op::Silent(writes) => self.write(writes, false),
            Op::Compact(below) => self.compact(self.store.rev() - below),
            Op::Create { stream, key, end, start, filters, flags } => {
                let start = start.map_or(0, |start| (self.store.rev() + start).max(-1));
                let request = WatchCreateRequest {
                    key: vec![*key].into(),
                    range_end: end.map_or(vec![], |end| vec![end]).into(),
                    start_revision: start,
                    progress_notify: flags & 1 != 0,
                    prev_kv: flags & 2 != 0,
                    fragment: flags & 4 != 0,
                    filters: filters.clone(),
                    ..WatchCreateRequest::default()
                };
                self.create(*stream, &request);
            }
            Op::Cancel(stream, id) => self.cancel(*stream, *id),
            Op::Close(stream) => {
                self.hub.close(*stream);
                self.hub.open(*stream, 0, self.now);
                self.watches.retain(|(to, _), _| to != stream);
                self.next_ids.remove(stream);
            }
            Op::Sync => {
                self.now += 100_000;
                self.hub.sync(&self.store, self.now);
            }
            Op::Progress(stream) => self.progress(*stream),
        }
        self.gather();
    }

    /// Takes what came; whoever is synced has everything.
    fn gather(&mut self) {
        for (stream, response) in self.hub.take() {
            self.response(stream, &response);
        }
        for (who, watch) in self.watches.iter().filter(|(_, watch)| watch.live) {
            assert_eq!(self.owed(watch, self.store.rev()), [], "{who:?} should have them");
        }
        let alive = self.watches.values().filter(|watch| !watch.compacted).count();
        assert_eq!(self.hub.watcher_count(), alive);
    }

    /// Lets everyone catch up: nobody is owed anything then, and every promise is given.
    fn settle(&mut self) {
        for _ in 0..1000 {
            self.step(&Op::Sync);
        }
        assert_eq!(self.hub.unsynced_count(), 0);
        let rev = self.store.rev();
        for watch in self.watches.values().filter(|watch| !watch.compacted) {
            assert_eq!(self.owed(watch, rev), []);
        }
        let lost = self.watches.iter().filter(|(_, watch)| watch.compacted);
        let lost: Vec<(StreamId, i64)> = lost.map(|(who, _)| *who).collect();
        lost.into_iter().for_each(|(stream, id)| self.cancel(stream, id));
        for stream in 0..3 {
            let own = self.watches.range((stream, i64::MIN)..=(stream, i64::MAX));
            let sure = own.clone().count() > 0 && own.clone().all(|(_, watch)| watch.start <= rev);
            self.hub.progress(&self.store, stream);
            let responses = self.hub.take();
            assert_eq!(responses.len(), usize::from(sure));
            responses.iter().for_each(|(to, response)| self.response(*to, response));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn a_watch_keeps_its_promises(
        ops in vec(op(), 1..80),
        batch_revs in 1usize..5,
        round_watchers in 1usize..4,
        interval in 1u64..8,
    ) {
        let progress_interval_us = interval * 50_000;
        let options = WatchOptions {
            batch_revs, round_watchers, progress_interval_us, ..WatchOptions::default()
        };
        let mut world = World::new(options);
        ops.iter().for_each(|op| world.step(op));
        world.settle();
    }
}

/// The property above would hold for a hub that never says anything; this run says a lot.
#[test]
fn the_checks_above_have_something_to_check() {
    let mut world = World::new(WatchOptions { batch_revs: 2, ..WatchOptions::default() });
    let writes = [Write::Put(b'a'), Write::Put(b'b'), Write::Delete(b'a'), Write::Put(b'c')];
    for n in 0..40 {
        let create = |stream, key, start| Op::Create {
            stream,
            key,
            end: Some(0),
            start,
            filters: vec![],
            flags: 2,
        };
        world.step(&Op::Txn(writes.to_vec()));
        world.step(&create(n % 3, b'a', Some(-1)));
        world.step(&create(n % 3, b'b', None));
    }
    world.settle();
    assert_eq!(world.watches.len(), 80);
    assert!(world.events > 4000, "{}", world.events);
}
