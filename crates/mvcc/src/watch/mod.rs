//! The watch hub: all watchers of one member, what they were told, and what they are still owed.
//!
//! Mirrors `server/storage/mvcc/{watchable_store,watcher,watcher_group}.go` and the two loops of
//! `v3rpc/watch.go` as one deterministic object: requests, changes and ticks go in, responses come
//! out in a fixed order (within one write: by stream, then by watch id). It is volatile: a restarted
//! member begins with an empty hub, and clients come back with the revision they have seen. Rules W1
//! to W16 and G3 of etcd-semantics.md.
//!
//! A watcher is *synced* when it was told everything up to the store's revision; each write then
//! reaches it at once ([`WatchHub::notify`]). One that starts in the past is *unsynced* and catches
//! up at ticks ([`WatchHub::sync`]), as in etcd, whose loop for these runs every 100 ms.
//!
//! Left out: slow consumers. etcd gives each stream room for 128 responses and calls a watcher that
//! finds no room a victim (W14). The lab's network takes everything, so there are none. The leader a
//! client may require (W17) and the permission to read (W16) are for the caller to judge. A watcher
//! on a member that took a snapshot from its leader is not a special case: the hub sees that
//! revisions passed it by and lets everyone catch up.

mod catch_up;
mod fragment;
mod group;
mod send;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use proto::etcdserverpb::watch_create_request::FilterType;
use proto::etcdserverpb::{ResponseHeader, WatchCreateRequest, WatchResponse};

use crate::{Change, KeyRange, Store};
use group::WatcherGroup;

/// A client's watch stream on this member; the caller numbers them and uses no number twice.
pub type StreamId = u64;

/// Virtual time in microseconds.
type Micros = u64;

/// The id in responses that are about no watcher, or about all of a stream.
const NO_WATCH: i64 = -1;

/// What differs between servers.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Idle watchers that want it hear of the progress so often, in microseconds (W12);
    /// `--watch-progress-notify-interval`, 10 minutes by default. What etcd adds by chance, up to a
    /// tenth, is given to [`WatchHub::open`].
    pub progress_interval_us: u64,
    /// `--max-request-bytes`. A response that is 512 KiB larger comes in fragments to those who
    /// asked for that (W13).
    pub max_request_bytes: u64,
    /// How many different revisions a response has at most while a watcher catches up (W5).
    pub batch_revs: usize,
    /// How many watchers catch up in one round (W14).
    pub round_watchers: usize,
    /// Whether a progress request is answered only once all watchers of its stream are synced (W12):
    /// 3.4.25, 3.5.8, 3.6 and later. Older servers answer at once, even when that is not true.
    pub progress_when_synced: bool,
    /// Whether a negative start revision is refused (W2), as the latest releases do. Older ones
    /// take it (recorded on 3.4.23 and 3.5.1), and then such a watcher sees no history.
    pub refuse_negative_start: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        WatchOptions {
            progress_interval_us: 10 * 60 * 1_000_000,
            max_request_bytes: 3 << 19,
            batch_revs: 1000,
            round_watchers: 512,
            progress_when_synced: true,
            refuse_negative_start: true,
        }
    }
}

/// Names a watcher; their order is the order of responses within one write.
type WatcherRef = (StreamId, i64);

/// One client's stream.
#[derive(Debug)]
struct Stream {
    /// The next id that the server gives, unless it is taken (W3).
    next_id: i64,
    opened: Micros,
    /// Of progress reports, in microseconds.
    interval: Micros,
    /// How many intervals have passed since it was opened.
    ticks: u64,
}

/// One watcher.
#[derive(Debug)]
struct Watcher {
    key: Bytes,
    range_end: Bytes,
    /// What the client asked for; 0 for "from now on".
    start_rev: i64,
    /// It was told everything before this revision that concerns it. A synced watcher is further
    /// than this says: as far as the hub.
    min_rev: i64,
    no_put: bool,
    no_delete: bool,
    prev_kv: bool,
    fragment: bool,
    progress_notify: bool,
    /// Whether it had no event since the last progress report was due.
    idle: bool,
    state: State,
}

/// How far a watcher is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Synced,
    Unsynced,
    /// Cancelled by a compaction (W6). As in etcd its id stays taken until the client cancels it too
    /// (clientv3 does), and until then the stream's progress requests get no answer.
    Compacted,
}

impl Watcher {
    fn keys(&self) -> KeyRange<'_> {
        KeyRange::from_wire(&self.key, &self.range_end)
    }

    /// Whether the filters let a change through (W8).
    fn wants(&self, change: &Change) -> bool {
        if change.deleted { !self.no_delete } else { !self.no_put }
    }
}

/// All watch streams of one member.
#[derive(Debug)]
pub struct WatchHub {
    options: WatchOptions,
    streams: BTreeMap<StreamId, Stream>,
    watchers: BTreeMap<WatcherRef, Watcher>,
    synced: WatcherGroup<WatcherRef>,
    /// Who catches up, the one that has waited longest first.
    unsynced: VecDeque<WatcherRef>,
    /// The revision up to which synced watchers were told everything.
    rev: i64,
    out: Vec<(StreamId, WatchResponse)>,
}

impl WatchHub {
    /// A hub without streams.
    pub fn new(options: WatchOptions) -> Self {
        WatchHub {
            options,
            streams: BTreeMap::new(),
            watchers: BTreeMap::new(),
            synced: WatcherGroup::default(),
            unsynced: VecDeque::new(),
            rev: 0,
            out: vec![],
        }
    }

    /// A client opened a stream. Its progress reports come every interval plus `jitter_us`
    /// microseconds (etcd draws up to a tenth of the interval, once for each stream).
    pub fn open(&mut self, stream: StreamId, jitter_us: u64, now: Micros) {
        let interval = self.options.progress_interval_us.saturating_add(jitter_us).max(1);
        let fresh = Stream { next_id: 0, opened: now, interval, ticks: 0 };
        self.streams.entry(stream).or_insert(fresh);
    }

    /// The stream is gone, and with it its watchers and what was to be sent to them.
    pub fn close(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
        for watch_id in self.ids(stream) {
            self.remove((stream, watch_id));
        }
        self.out.retain(|(to, _)| *to != stream);
    }

    /// A request to watch. `denied` is the full text of the status when the client may not read the
    /// range (W16). Requests on a stream that is not open are ignored.
    pub fn create(
        &mut self,
        store: &Store,
        stream: StreamId,
        request: &WatchCreateRequest,
        denied: Option<String>,
    ) {
        if !self.streams.contains_key(&stream) {
            return;
        }
        self.align(store.rev());
        let (watch_id, refused) = match self.admit(stream, request, denied) {
            Ok(watch_id) => (watch_id, None),
            Err(reason) => (NO_WATCH, Some(reason)),
        };
        let canceled = refused.is_some();
        let cancel_reason = refused.unwrap_or_default();
        let response = WatchResponse { created: true, canceled, cancel_reason, ..at(store.rev()) };
        self.out.push((stream, WatchResponse { watch_id, ..response }));
        if !canceled {
            self.insert((stream, watch_id), watcher(request, store.rev()));
        }
    }

    /// A request to end a watch; without such a watcher there is no answer (W15).
    pub fn cancel(&mut self, store: &Store, stream: StreamId, watch_id: i64) {
        if self.remove((stream, watch_id)) {
            let response = WatchResponse { watch_id, canceled: true, ..at(store.rev()) };
            self.out.push((stream, response));
        }
    }

    /// What is to be sent, in order. Headers have the revision only: the member adds who answers.
    pub fn take(&mut self) -> Vec<(StreamId, WatchResponse)> {
        std::mem::take(&mut self.out)
    }

    /// How many watchers there are; those that a compaction cancelled do not count.
    pub fn watcher_count(&self) -> usize {
        self.watchers.values().filter(|watcher| watcher.state != State::Compacted).count()
    }

    /// How many of them are catching up (etcd's metric calls them slow).
    pub fn unsynced_count(&self) -> usize {
        self.unsynced.len()
    }

    /// How many streams are open.
    pub fn stream_count(&self) -> usize {
        self.streams.len()
    }

    /// The id for a new watcher, or why it is refused, checked in the order of W16.
    fn admit(
        &mut self,
        stream: StreamId,
        request: &WatchCreateRequest,
        denied: Option<String>,
    ) -> Result<i64, String> {
        if request.start_revision < 0 && self.options.refuse_negative_start {
            return Err(proto::error::compacted().message);
        }
        if let Some(reason) = denied {
            return Err(reason);
        }
        let key = first_key(&request.key);
        if KeyRange::from_wire(&key, &request.range_end).bounds().is_none() {
            return Err("mvcc: watcher range is empty".to_string());
        }
        self.id(stream, request.watch_id)
            .ok_or_else(|| "mvcc: duplicate watch ID provided on the WatchStream".to_string())
    }

    /// The id asked for, or the next free one when that is 0; `None` when it is taken (W3).
    fn id(&mut self, stream: StreamId, asked: i64) -> Option<i64> {
        if asked != 0 {
            return (!self.watchers.contains_key(&(stream, asked))).then_some(asked);
        }
        let next = &mut self.streams.get_mut(&stream)?.next_id;
        while self.watchers.contains_key(&(stream, *next)) {
            *next += 1;
        }
        *next += 1;
        Some(*next - 1)
    }

    fn insert(&mut self, who: WatcherRef, watcher: Watcher) {
        if watcher.state == State::Synced {
            self.synced.insert(&watcher.key, &watcher.range_end, who);
        } else {
            self.unsynced.push_back(who);
        }
        self.watchers.insert(who, watcher);
    }

    /// Whether there was such a watcher.
    fn remove(&mut self, who: WatcherRef) -> bool {
        let Some(watcher) = self.watchers.remove(&who) else { return false };
        match watcher.state {
            State::Synced => self.synced.remove(&watcher.key, &watcher.range_end, who),
            State::Unsynced => self.unsynced.retain(|other| *other != who),
            State::Compacted => {}
        }
        true
    }

    fn ids(&self, stream: StreamId) -> Vec<i64> {
        let ids = self.watchers.range((stream, i64::MIN)..=(stream, i64::MAX));
        ids.map(|((_, watch_id), _)| *watch_id).collect()
    }

    /// Makes sure that the hub has seen everything up to `rev`. When revisions passed it by, as they
    /// do when a snapshot takes the place of the store, all watchers have to catch up.
    fn align(&mut self, rev: i64) {
        if rev == self.rev {
            return;
        }
        for (who, watcher) in &mut self.watchers {
            if watcher.state == State::Synced {
                watcher.state = State::Unsynced;
                watcher.min_rev = watcher.min_rev.max(self.rev + 1);
                self.unsynced.push_back(*who);
            }
        }
        self.synced = WatcherGroup::default();
        self.rev = rev;
    }
}

/// An empty response at revision `rev` (W7).
fn at(rev: i64) -> WatchResponse {
    let header = ResponseHeader { revision: rev, ..ResponseHeader::default() };
    WatchResponse { header: Some(header), ..WatchResponse::default() }
}

/// No key stands for the first possible one (W1).
fn first_key(key: &Bytes) -> Bytes {
    if key.is_empty() { Bytes::from_static(&[0]) } else { key.clone() }
}

/// The watcher that is asked for, at the store's revision `rev` (W2).
fn watcher(request: &WatchCreateRequest, rev: i64) -> Watcher {
    let start_rev = request.start_revision;
    let synced = start_rev == 0 || start_rev > rev;
    let filters = |kind: FilterType| request.filters.contains(&(kind as i32));
    Watcher {
        key: first_key(&request.key),
        range_end: request.range_end.clone(),
        start_rev,
        min_rev: if start_rev == 0 { rev + 1 } else { start_rev },
        no_put: filters(FilterType::Noput),
        no_delete: filters(FilterType::Nodelete),
        prev_kv: request.prev_kv,
        fragment: request.fragment,
        progress_notify: request.progress_notify,
        idle: true,
        state: if synced { State::Synced } else { State::Unsynced },
    }
}
