//! The past of a store: what every key was at every revision still kept, and what changed when.
//!
//! [`Past`] answers reads of old revisions; [`Replay`] is a state, its past and its events, made by
//! applying the persisted requests in their order.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::model::{Event, Old, State, Stored, View, bounds, range_in};
use crate::request::{RangeAnswer, RangeRequest, Request, Response};

/// What one key was from a revision on; `None`: it was not there.
type Lived = (i64, Option<Stored>);

/// The keys at every revision from [`Past::oldest`] on.
#[derive(Clone, Debug)]
pub struct Past {
    oldest: i64,
    newest: i64,
    /// Oldest first; at most the first is older than [`Past::oldest`].
    keys: BTreeMap<Bytes, VecDeque<Lived>>,
    /// Which key changed at which revision, for those that can still be forgotten.
    changes: VecDeque<(i64, Bytes)>,
}

impl Past {
    /// A past that begins with this state.
    pub fn from_state(state: &State) -> Self {
        let keys = state.keys().iter().map(|(key, stored)| {
            (key.clone(), VecDeque::from([(stored.mod_revision, Some(stored.clone()))]))
        });
        Past {
            oldest: state.revision(),
            newest: state.revision(),
            keys: keys.collect(),
            changes: VecDeque::new(),
        }
    }

    /// The oldest revision that can be read.
    pub fn oldest(&self) -> i64 {
        self.oldest
    }

    /// Takes in what one request changed.
    pub fn record(&mut self, revision: i64, events: &[Event]) {
        self.newest = revision;
        for event in events {
            let lives = self.keys.entry(event.key.clone()).or_default();
            // The last change of a revision is what its readers see (R7).
            if lives.back().is_some_and(|(at, _)| *at == revision) {
                lives.pop_back();
            }
            lives.push_back((revision, event.now.clone()));
            self.changes.push_back((revision, event.key.clone()));
        }
    }

    /// Makes `revision` the oldest that can be read; costs what the forgotten changes did.
    pub fn forget_before(&mut self, revision: i64) {
        self.oldest = self.oldest.max(revision.min(self.newest));
        while let Some((at, _)) = self.changes.front()
            && *at <= self.oldest
        {
            let Some((_, key)) = self.changes.pop_front() else { break };
            self.forget_lives(key);
        }
    }

    fn forget_lives(&mut self, key: Bytes) {
        let Some(lives) = self.keys.get_mut(&key) else { return };
        while lives.get(1).is_some_and(|(at, _)| *at <= self.oldest) {
            lives.pop_front();
        }
        let gone = matches!(lives.front(), Some((at, None)) if *at <= self.oldest);
        if gone && lives.len() == 1 {
            self.keys.remove(&key);
        }
    }

    /// The keys at a revision; `None` when it is not kept, or still to come.
    pub fn at(&self, revision: i64) -> Option<At<'_>> {
        let kept = (self.oldest..=self.newest).contains(&revision);
        kept.then_some(At { past: self, revision })
    }
}

impl Old for Past {
    fn range(&self, range: &RangeRequest) -> Option<RangeAnswer> {
        let at = self.at(range.revision)?;
        Some(range_in(&at, range))
    }
}

/// The keys at one revision.
pub struct At<'a> {
    past: &'a Past,
    revision: i64,
}

impl View for At<'_> {
    fn span<'b>(
        &'b self,
        key: &[u8],
        range_end: &[u8],
    ) -> Box<dyn Iterator<Item = (&'b Bytes, &'b Stored)> + 'b> {
        let Some(bounds) = bounds(key, range_end) else { return Box::new(std::iter::empty()) };
        let keys = self.past.keys.range::<[u8], _>(bounds);
        Box::new(keys.filter_map(|(key, lives)| {
            let later = lives.partition_point(|(at, _)| *at <= self.revision);
            let (_, stored) = lives.get(later.checked_sub(1)?)?;
            Some((key, stored.as_ref()?))
        }))
    }
}

/// The persisted requests, applied one after the other.
#[derive(Clone, Debug)]
pub struct Replay {
    state: State,
    past: Past,
    /// What each revision changed, in order.
    events: BTreeMap<i64, Vec<Event>>,
    first_events: i64,
}

impl Default for Replay {
    fn default() -> Self {
        Replay::from_state(State::new())
    }
}

impl Replay {
    /// Begins with a state; what was before is not known.
    pub fn from_state(state: State) -> Self {
        let past = Past::from_state(&state);
        let first_events = state.revision() + 1;
        Replay { state, past, events: BTreeMap::new(), first_events }
    }

    /// All of an order.
    pub fn of<'a>(requests: impl IntoIterator<Item = &'a Request>) -> Self {
        let mut replay = Replay::default();
        for request in requests {
            replay.apply(request);
        }
        replay
    }

    /// The next request of the order, and its response.
    pub fn apply(&mut self, request: &Request) -> Response {
        let (response, events) = self.state.apply(request, &self.past);
        if !events.is_empty() {
            let revision = self.state.revision();
            self.past.record(revision, &events);
            self.events.insert(revision, events);
        }
        response
    }

    /// The current state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What was before it.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// The first revision whose events are kept.
    pub fn first_events(&self) -> i64 {
        self.first_events
    }

    /// What changed from one revision to another, both included, as far as it is kept.
    pub fn events(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, &Event)> {
        let range = if from <= to { from..to.saturating_add(1) } else { 0..0 };
        let revisions = self.events.range(range);
        revisions.flat_map(|(revision, events)| events.iter().map(|event| (*revision, event)))
    }

    /// Makes `revision` the oldest whose keys and events are kept.
    pub fn forget_before(&mut self, revision: i64) {
        self.past.forget_before(revision);
        self.first_events = self.first_events.max(self.past.oldest());
        while let Some(entry) = self.events.first_entry()
            && *entry.key() < self.past.oldest()
        {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Op;

    fn found(past: &Past, revision: i64) -> Option<Vec<(String, String)>> {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let at = past.at(revision)?;
        let pairs = at.span(b"\0", b"\0").map(|(key, s)| (text(key), text(&s.value)));
        Some(pairs.collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn old_revisions_are_read_until_they_are_forgotten() {
        let mut replay = Replay::of(&[
            Request::put("a", "1"),
            Request::put("b", "2"),
            Request::delete("a"),
            Request::put("b", "4"),
            Request::put("a", "5"),
        ]);
        let expected = [
            pairs(&[]),
            pairs(&[("a", "1")]),
            pairs(&[("a", "1"), ("b", "2")]),
            pairs(&[("b", "2")]),
            pairs(&[("b", "4")]),
            pairs(&[("a", "5"), ("b", "4")]),
        ];
        for oldest in 1..=6 {
            replay.forget_before(oldest);
            for (revision, expected) in (1..).zip(&expected) {
                let expected = if revision < oldest { &None } else { expected };
                assert_eq!(found(replay.past(), revision), *expected, "{revision} of {oldest}");
            }
        }
        assert_eq!(found(replay.past(), 7), None);
        assert_eq!(replay.events(1, 9).count(), 1);
    }

    #[test]
    fn what_is_forgotten_takes_no_room() {
        let mut replay = Replay::default();
        for n in 0..1000 {
            replay.apply(&Request::put(format!("{n}"), "x"));
            replay.apply(&Request::delete(format!("{n}")));
            replay.forget_before(replay.state().revision() - 10);
        }
        assert!(replay.past.keys.len() <= 11);
        assert!(replay.past.changes.len() <= 11);
        assert!(replay.events.len() <= 11);
        let Request::Kv(Op::Range(all)) = Request::get("\0") else { return };
        assert_eq!(replay.past.range(&all), None);
    }
}
