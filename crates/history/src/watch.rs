//! What watch clients observed against the persisted order of requests: the nine guarantees of G3.
//!
//! Mirrors `validate/watch.go`, but works on one response at a time, so that a watch may live as
//! long as its client: what is remembered of a watch does not grow. Rules W1 to W13 of
//! etcd-semantics.md.
//!
//! Left out: that events arrive in time, and who may see them.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::model::{Event, is_inside, pair};
use crate::past::Replay;
use crate::request::KeyValue;

/// What a watch promises, in the order in which findings are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// Only what was asked for arrives.
    Filter,
    /// Revisions never fall.
    Ordered,
    /// No event twice.
    Unique,
    /// All events of a revision arrive in one response.
    Atomic,
    /// A progress notification says that everything up to its revision was sent.
    Bookmarkable,
    /// No gap inside what arrived, and nothing that never happened.
    Reliable,
    /// A watch from a revision begins with the first event from there on.
    Resumable,
    /// The previous pair is the one before the event.
    PrevKv,
    /// A put says rightly whether it created the key.
    IsCreate,
}

/// A broken guarantee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub guarantee: Guarantee,
    /// How, in one sentence without the watch's name.
    pub what: String,
}

/// What a client asked to watch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchRequest {
    /// The first key.
    pub key: Bytes,
    /// Empty: one key; one zero byte: all from `key` on; else the first key that is out.
    pub range_end: Bytes,
    /// The first revision wanted; 0: from now on.
    pub revision: i64,
    /// Asks for pairs as they were before.
    pub prev_kv: bool,
    /// Wants no puts.
    pub no_put: bool,
    /// Wants no deletes.
    pub no_delete: bool,
}

/// One response of a watch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchResponse {
    /// The header's revision; used of progress notifications only (W7).
    pub revision: i64,
    /// What happened.
    pub events: Vec<WatchEvent>,
    /// Whether it is a progress notification (W12).
    pub is_progress_notify: bool,
    /// Whether the next response goes on with the same one (W13).
    pub fragment: bool,
    /// Whether the watch ended with it, for whatever reason.
    pub canceled: bool,
}

/// One event as a client saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchEvent {
    /// The key.
    pub key: Bytes,
    /// What was put; `None`: deleted.
    pub value: Option<Bytes>,
    /// Its mod revision.
    pub revision: i64,
    /// Whether the put created the key.
    pub is_create: bool,
    /// The pair as it was before.
    pub prev: Option<KeyValue>,
}

/// How strictly to judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// No transaction changed two keys, so no two events may share a revision.
    pub revision_unique: bool,
    /// A previous pair that was asked for may be missing only when it is compacted (W9).
    pub prev_kv_complete: bool,
}

/// One watch and what has been learned about it.
#[derive(Clone, Debug)]
pub struct Watcher {
    request: WatchRequest,
    expect: Expect,
    /// Everything before this revision has arrived or was not asked for; `None`: not known yet.
    from: Option<i64>,
    /// Whether an event or a notification has arrived: then a gap is no late beginning any more.
    begun: bool,
    /// The revision of the last event, and the keys that it had.
    last: i64,
    last_keys: BTreeSet<Bytes>,
    /// The highest progress notification.
    bookmark: i64,
    /// Events of a response that is not complete yet.
    fragments: Vec<WatchEvent>,
    closed: bool,
}

impl Watcher {
    /// A watch at its creation. The header's revision of the answer that it was created with is what
    /// a watch from now on starts after; `None` when the history does not tell it.
    pub fn new(request: WatchRequest, created_revision: Option<i64>, expect: Expect) -> Self {
        let from = if request.revision > 0 {
            Some(request.revision)
        } else {
            created_revision.map(|revision| revision.saturating_add(1))
        };
        Watcher {
            request,
            expect,
            from,
            begun: false,
            last: 0,
            last_keys: BTreeSet::new(),
            bookmark: 0,
            fragments: Vec::new(),
            closed: false,
        }
    }

    /// The oldest revision whose events the watch may still need; `None`: it needs none.
    pub fn needs(&self) -> Option<i64> {
        if self.closed { None } else { Some(self.from.unwrap_or(self.last.max(1))) }
    }

    /// Judges the next response: what it breaks, at most once for each guarantee, in their order.
    ///
    /// `replay` must have everything that was applied before the response was sent.
    pub fn response(&mut self, replay: &Replay, response: &WatchResponse) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.closed {
            return found;
        }
        let continues = !self.fragments.is_empty();
        for event in &response.events {
            self.event(replay, event, continues, &mut found);
        }
        self.fragments.extend(response.events.iter().cloned());
        if !response.fragment && !self.fragments.is_empty() {
            let events = std::mem::take(&mut self.fragments);
            self.complete(replay, &events, &mut found);
        }
        if response.is_progress_notify {
            self.progress(replay, response.revision, &mut found);
        }
        self.closed = response.canceled;
        found.sort_by_key(|violation| violation.guarantee);
        found.dedup_by_key(|violation| violation.guarantee);
        found
    }

    fn wants(&self, event: &Event) -> bool {
        self.wants_key(&event.key, event.now.is_none())
    }

    fn wants_key(&self, key: &[u8], is_delete: bool) -> bool {
        let unwanted = if is_delete { self.request.no_delete } else { self.request.no_put };
        !unwanted && is_inside(key, &self.request.key, &self.request.range_end)
    }

    /// What one event shows by itself and after the one before it.
    fn event(
        &mut self,
        replay: &Replay,
        event: &WatchEvent,
        continues: bool,
        found: &mut Vec<Violation>,
    ) {
        let at = event.revision;
        let key = event.key.escape_ascii();
        let mut broke = |guarantee, what| found.push(Violation { guarantee, what });
        if !self.wants_key(&event.key, event.value.is_none()) || at < self.request.revision {
            broke(Guarantee::Filter, format!("{key} at {at} was not asked for"));
        }
        if at < self.last {
            broke(Guarantee::Ordered, format!("{key} at {at} came after {}", self.last));
        }
        if at <= self.bookmark {
            let what = format!("{key} at {at} came after progress to {}", self.bookmark);
            broke(Guarantee::Bookmarkable, what);
        }
        if at == self.last {
            let twice = self.last_keys.contains(&event.key);
            if twice || self.expect.revision_unique {
                broke(Guarantee::Unique, format!("{key} at {at} came after another of {at}"));
            } else if self.begun && !continues && self.from.is_some_and(|from| at < from) {
                broke(Guarantee::Atomic, format!("{key} at {at} came in a later response"));
            }
        } else if at > self.last {
            self.last = at;
            self.last_keys.clear();
        }
        self.last_keys.insert(event.key.clone());
        let mut happened = replay.events(at, at).filter(|(_, other)| other.key == event.key);
        if let Some((_, happened)) = happened.next() {
            self.content(replay, event, happened, found);
        }
    }

    /// PrevKV and IsCreate.
    fn content(
        &self,
        replay: &Replay,
        event: &WatchEvent,
        happened: &Event,
        found: &mut Vec<Violation>,
    ) {
        let at = event.revision;
        let key = event.key.escape_ascii();
        let created = happened.now.is_some() && happened.before.is_none();
        if created != event.is_create {
            let what = format!("{key} at {at} said is_create={}", event.is_create);
            found.push(Violation { guarantee: Guarantee::IsCreate, what });
        }
        let due = happened.before.as_ref().map(|before| before.seen(&happened.key));
        let wrong = match (&due, &event.prev) {
            (_, Some(_)) if !self.request.prev_kv => Some("a previous pair, unasked".to_owned()),
            (None, Some(_)) => Some("a previous pair, but there was none".to_owned()),
            (Some(due), Some(seen)) => pair(due, seen).err(),
            (Some(_), None) => {
                let compacted = at.saturating_sub(1) < replay.state().compacted();
                let strict = self.request.prev_kv && self.expect.prev_kv_complete;
                (strict && !compacted).then(|| "no previous pair".to_owned())
            }
            (None, None) => None,
        };
        if let Some(wrong) = wrong {
            let what = format!("{key} at {at}: {wrong}");
            found.push(Violation { guarantee: Guarantee::PrevKv, what });
        }
    }

    /// A response is complete: everything that happened up to its last event must be in it, or must
    /// have come before.
    fn complete(&mut self, replay: &Replay, events: &[WatchEvent], found: &mut Vec<Violation>) {
        let Some(first) = events.iter().map(|event| event.revision).min() else { return };
        let last = events.iter().map(|event| event.revision).max().unwrap_or(first);
        // Where a watch from now on began is known by its first event at the earliest.
        let from = *self.from.get_or_insert(first);
        for (at, happened) in replay.events(from, last) {
            if self.wants(happened) && !events.iter().any(|event| is_same(event, at, happened)) {
                let late = !self.begun && at < first;
                let guarantee = if late { Guarantee::Resumable } else { Guarantee::Reliable };
                let key = happened.key.escape_ascii();
                let what = format!("{key} at {at} is missing before {last}");
                found.push(Violation { guarantee, what });
            }
        }
        let known = from.max(replay.first_events());
        for event in events.iter().filter(|event| event.revision >= known) {
            let at = event.revision;
            let mut at_it = replay.events(at, at);
            let wanted = self.wants_key(&event.key, event.value.is_none());
            if wanted && !at_it.any(|(at, happened)| is_same(event, at, happened)) {
                let what = format!("{} at {at} never happened so", event.key.escape_ascii());
                found.push(Violation { guarantee: Guarantee::Reliable, what });
            }
        }
        self.begun = true;
        self.from = Some(from.max(last.saturating_add(1)));
    }

    fn progress(&mut self, replay: &Replay, revision: i64, found: &mut Vec<Violation>) {
        let before = self.bookmark.max(self.last);
        let current = replay.state().revision();
        let wrong = if revision < before {
            Some(format!("progress to {revision} came after {before}"))
        } else if revision > current {
            Some(format!("progress to {revision} where {current} is the last"))
        } else {
            None
        };
        if let Some(what) = wrong {
            found.push(Violation { guarantee: Guarantee::Bookmarkable, what });
        }
        self.bookmark = self.bookmark.max(revision);
        // A watch from now on without events yet began at the notification's revision or before.
        let next = revision.saturating_add(1);
        let from = *self.from.get_or_insert(next);
        let missing = replay.events(from, revision).find(|(_, happened)| self.wants(happened));
        if let Some((at, happened)) = missing {
            let key = happened.key.escape_ascii();
            let what = format!("{key} at {at} is missing before progress to {revision}");
            found.push(Violation { guarantee: Guarantee::Reliable, what });
        }
        self.from = Some(from.max(next));
        // Progress of a watch whose start is still to come says nothing about its beginning.
        self.begun |= next > self.request.revision;
    }
}

fn is_same(event: &WatchEvent, at: i64, happened: &Event) -> bool {
    event.revision == at
        && event.key == happened.key
        && event.value.as_ref() == happened.now.as_ref().map(|now| &now.value)
}

/// Judges a whole watch at once.
pub fn validate(
    replay: &Replay,
    request: &WatchRequest,
    responses: &[WatchResponse],
    expect: Expect,
) -> Vec<Violation> {
    let mut watcher = Watcher::new(request.clone(), None, expect);
    let mut found: Vec<Violation> =
        responses.iter().flat_map(|response| watcher.response(replay, response)).collect();
    found.sort_by_key(|violation| violation.guarantee);
    found
}
