//! Who asked for which entry of the log: equal requests stand in one group.
//!
//! In a group, an operation can only own an entry that was applied after it began. So the k-th
//! entry without an owner needs k operations that began before it; and among operations that were
//! answered, the earliest answer takes the earliest entry that fits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::OpId;
use crate::request::{Request, Response};

/// Lost writes remembered. Beyond that an entry without an owner proves nothing any more.
const LOST_MAX: usize = 65_536;

/// An entry of the log that nobody owns yet.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) index: u64,
    /// What the model answers there.
    pub(super) due: Response,
    pub(super) request: Request,
}

/// An operation by when it began.
type Began = (u64, OpId);

#[derive(Clone, Debug, Default)]
struct Group {
    open: BTreeSet<Began>,
    lost: BTreeSet<Began>,
    entries: VecDeque<Entry>,
}

/// All groups that are not empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    groups: BTreeMap<Request, Group>,
    /// Oldest loss first; those that own an entry by now are still in it.
    lost: VecDeque<(Request, Began)>,
    has_forgotten: bool,
}

impl Asked {
    pub(super) fn invoke(&mut self, request: &Request, began: Began) {
        self.groups.entry(group_of(request)).or_default().open.insert(began);
    }

    /// Gives the entry back when nobody can have asked for it.
    pub(super) fn applied(&mut self, entry: Entry) -> Option<Entry> {
        let key = group_of(&entry.request);
        let Some(group) = self.groups.get_mut(&key) else {
            return (!is_of_the_cluster(&key)).then_some(entry);
        };
        let owners = group.open.len() + group.lost.len();
        if owners <= group.entries.len() && !is_of_the_cluster(&key) {
            return Some(entry);
        }
        group.entries.push_back(entry);
        self.settle(&key);
        None
    }

    /// The first entry since `began` that `fits` is taken from the group, and the operation with it.
    pub(super) fn claim(
        &mut self,
        request: &Request,
        began: Began,
        mut fits: impl FnMut(&Entry) -> bool,
    ) -> Option<Entry> {
        let key = group_of(request);
        let group = self.groups.get_mut(&key)?;
        let since = group.entries.partition_point(|entry| entry.seq < began.0);
        let place = since + group.entries.iter().skip(since).position(&mut fits)?;
        let entry = group.entries.remove(place);
        group.open.remove(&began);
        self.settle(&key);
        entry
    }

    /// An operation owns nothing.
    pub(super) fn drop(&mut self, request: &Request, began: Began) {
        let key = group_of(request);
        if let Some(group) = self.groups.get_mut(&key) {
            group.open.remove(&began);
            self.settle(&key);
        }
    }

    pub(super) fn lost(&mut self, request: &Request, began: Began) {
        let key = group_of(request);
        let group = self.groups.entry(key.clone()).or_default();
        group.open.remove(&began);
        group.lost.insert(began);
        self.lost.push_back((key.clone(), began));
        self.settle(&key);
        if self.lost.len() > LOST_MAX
            && let Some((key, began)) = self.lost.pop_front()
            && let Some(group) = self.groups.get_mut(&key)
            && group.lost.remove(&began)
        {
            self.has_forgotten = true;
            self.settle(&key);
        }
    }

    /// How much is remembered: groups, and entries in them.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.groups.len(), self.groups.values().map(|group| group.entries.len()).sum())
    }

    /// Whether a lost write was forgotten that may still be applied.
    pub(super) fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// Takes out an entry that no operation is left for; settles the group when there is none.
    pub(super) fn uncovered(&mut self, request: &Request) -> Option<Entry> {
        let key = group_of(request);
        let group = self.groups.get_mut(&key)?;
        if !is_of_the_cluster(&key)
            && let Some(place) = group.first_uncovered()
        {
            return group.entries.remove(place);
        }
        self.settle(&key);
        None
    }

    /// Entries from before all that is open can only be those of lost operations; and a group
    /// without operations is over.
    fn settle(&mut self, key: &Request) {
        let Some(group) = self.groups.get_mut(key) else { return };
        while let Some(entry) = group.entries.front()
            && group.open.first().is_none_or(|(seq, _)| *seq > entry.seq)
        {
            // Uncovered ones are taken out by their own function, which says so.
            let owned = group.lost.first().is_some_and(|(seq, _)| *seq < entry.seq);
            if !owned && !is_of_the_cluster(key) {
                break;
            }
            if owned {
                group.lost.pop_first();
            }
            group.entries.pop_front();
        }
        if group.open.is_empty() && group.lost.is_empty() && group.entries.is_empty() {
            self.groups.remove(key);
        }
    }
}

impl Group {
    fn first_uncovered(&self) -> Option<usize> {
        let last = self.entries.back()?.seq;
        let mut owners: Vec<u64> = [&self.open, &self.lost]
            .into_iter()
            .flat_map(|set| set.range(..(last, 0)).map(|(seq, _)| *seq))
            .collect();
        owners.sort_unstable();
        let before = |entry: &Entry| owners.partition_point(|seq| *seq < entry.seq);
        self.entries.iter().enumerate().position(|(place, entry)| before(entry) <= place)
    }
}

/// What the cluster asks of itself: expired leases and automatic compactions need no client.
fn is_of_the_cluster(request: &Request) -> bool {
    matches!(request, Request::LeaseRevoke { .. } | Request::Compact { .. })
}

/// What an operation and its entry have in common: a lease's id may be the server's choice.
fn group_of(request: &Request) -> Request {
    match request {
        Request::LeaseGrant { .. } => Request::LeaseGrant { id: 0 },
        other => other.clone(),
    }
}
