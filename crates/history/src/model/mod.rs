//! What a correct etcd answers: a plain map of keys with their revisions, one request at a time.
//!
//! Written from rules R1 to R5, Q1 to Q10, P1 to P4, T1 to T9, C1 and L1 of etcd-semantics.md and kept apart
//! from crate `mvcc`, so that the two can disagree. Limits and duplicate keys (T5, T6) are checked
//! before a request gets into the log, so the model never meets them.

mod agree;
mod search;
mod state;

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

pub use agree::agrees;
pub(crate) use agree::pair;
pub use search::{Etcd, EtcdOrLost};
pub use state::State;

use crate::request::{
    Answer, Compare, KeyValue, Op, Order, RangeAnswer, RangeRequest, Relation, Target, Txn,
};

/// A living key, without its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// Its value.
    pub value: Bytes,
    /// The revision that created it.
    pub create_revision: i64,
    /// The revision that changed it last.
    pub mod_revision: i64,
    /// Changes since it was created, counted from 1.
    pub version: i64,
    /// Its lease; 0: none.
    pub lease: i64,
}

impl Stored {
    /// As a client sees it, with all that can be told.
    pub fn seen(&self, key: &Bytes) -> KeyValue {
        KeyValue {
            key: key.clone(),
            value: self.value.clone(),
            mod_revision: self.mod_revision,
            create_revision: Some(self.create_revision),
            version: Some(self.version),
            lease: Some(self.lease),
        }
    }
}

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The key.
    pub key: Bytes,
    /// What it became; `None`: deleted.
    pub now: Option<Stored>,
    /// What it was before.
    pub before: Option<Stored>,
}

/// Living keys, now or at some revision.
pub trait View {
    /// The keys inside, in order.
    fn span<'a>(
        &'a self,
        key: &[u8],
        range_end: &[u8],
    ) -> Box<dyn Iterator<Item = (&'a Bytes, &'a Stored)> + 'a>;
}

/// Who knows what ranges found at revisions before the current one.
pub trait Old {
    /// What `range` finds at its own revision; `None` when that is not kept.
    fn range(&self, range: &RangeRequest) -> Option<RangeAnswer>;
}

/// Keeps nothing: any answer to a range at an old revision will do.
pub struct NothingOld;

impl Old for NothingOld {
    fn range(&self, _: &RangeRequest) -> Option<RangeAnswer> {
        None
    }
}

/// The form of a range that an ordered map wants.
pub(crate) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// Bounds of a range on the wire (Q1); `None` when no key can be inside.
pub(crate) fn bounds<'a>(key: &'a [u8], range_end: &'a [u8]) -> Option<Bounds<'a>> {
    match range_end {
        [] => Some((Bound::Included(key), Bound::Included(key))),
        [0] => Some((Bound::Included(key), Bound::Unbounded)),
        end if key < end => Some((Bound::Included(key), Bound::Excluded(end))),
        _ => None,
    }
}

/// Whether `name` is inside a range on the wire.
pub(crate) fn is_inside(name: &[u8], key: &[u8], range_end: &[u8]) -> bool {
    match range_end {
        [] => name == key,
        [0] => name >= key,
        end => key <= name && name < end,
    }
}

impl View for BTreeMap<Bytes, Stored> {
    fn span<'a>(
        &'a self,
        key: &[u8],
        range_end: &[u8],
    ) -> Box<dyn Iterator<Item = (&'a Bytes, &'a Stored)> + 'a> {
        match bounds(key, range_end) {
            Some(bounds) => Box::new(self.range::<[u8], _>(bounds)),
            None => Box::new(std::iter::empty()),
        }
    }
}

/// What a range finds in a view (Q6 to Q8).
pub fn range_in(view: &dyn View, range: &RangeRequest) -> RangeAnswer {
    let limit = u64::try_from(range.limit).ok().filter(|limit| *limit > 0).unwrap_or(u64::MAX);
    let found = view.span(&range.key, &range.range_end);
    if range.count_only {
        return RangeAnswer { kvs: vec![], count: found.count() as i64, more: Some(false) };
    }
    let mut kvs: Vec<KeyValue> = Vec::new();
    let mut count = 0i64;
    // In another order any of the keys may be among the first.
    let all = range.order != Order::Key;
    for (key, stored) in found {
        if all || (count as u64) < limit {
            let mut seen = stored.seen(key);
            if range.keys_only {
                seen.value = Bytes::new();
            }
            kvs.push(seen);
        }
        count += 1;
    }
    if range.order == Order::KeyDescending {
        kvs.reverse();
        kvs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    RangeAnswer { kvs, count, more: Some(count as u64 > limit) }
}

/// Whether all compares of a transaction hold (T2, T3).
pub fn holds(view: &dyn View, txn: &Txn) -> bool {
    txn.compares.iter().all(|compare| compare_holds(view, compare))
}

fn compare_holds(view: &dyn View, compare: &Compare) -> bool {
    let mut found = view.span(&compare.key, &compare.range_end).peekable();
    if found.peek().is_none() {
        let missing = Stored {
            value: Bytes::new(),
            create_revision: 0,
            mod_revision: 0,
            version: 0,
            lease: 0,
        };
        // A key that is not there has no value, not even an empty one.
        return !matches!(compare.target, Target::Value(_)) && stands(&missing, compare);
    }
    found.all(|(_, stored)| stands(stored, compare))
}

fn stands(stored: &Stored, compare: &Compare) -> bool {
    let ordering = match &compare.target {
        Target::Version(target) => stored.version.cmp(target),
        Target::CreateRevision(target) => stored.create_revision.cmp(target),
        Target::ModRevision(target) => stored.mod_revision.cmp(target),
        Target::Value(target) => stored.value.cmp(target),
        Target::Lease(target) => stored.lease.cmp(target),
    };
    match compare.relation {
        Relation::Equal => ordering.is_eq(),
        Relation::NotEqual => ordering.is_ne(),
        Relation::Greater => ordering.is_gt(),
        Relation::Less => ordering.is_lt(),
    }
}

/// What an operation that only reads answers on a view of revision `revision`.
///
/// Ranges at other revisions are asked of `old`. Whether those revisions are still there, or there
/// yet, is the caller's to judge, as a member may know more than the view.
pub fn read_in(view: &dyn View, revision: i64, old: &dyn Old, op: &Op) -> Answer {
    match op {
        Op::Range(range) if range.revision <= 0 || range.revision == revision => {
            Answer::Range(range_in(view, range))
        }
        Op::Range(range) => old.range(range).map_or(Answer::Any, Answer::Range),
        Op::Txn(txn) => {
            let succeeded = holds(view, txn);
            let ops = if succeeded { &txn.then } else { &txn.otherwise };
            let answers = ops.iter().map(|op| read_in(view, revision, old, op)).collect();
            Answer::Txn { succeeded, answers }
        }
        Op::Put(_) | Op::Delete(_) => Answer::Any,
    }
}
