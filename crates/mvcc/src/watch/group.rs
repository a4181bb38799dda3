//! Who watches a key. Single keys are looked up in a map; ranges stand in an array sorted by where
//! they begin, read as a balanced tree whose nodes know how far their subtree reaches, so that one
//! look-up costs as much as it finds, and a little more. Stands for etcd's interval tree.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

/// Where a range ends. The order of the variants is the order of the ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Before(Bytes),
    Open,
}

impl End {
    fn from_wire(range_end: &Bytes) -> Self {
        if **range_end == [0] { End::Open } else { End::Before(range_end.clone()) }
    }

    fn is_after(&self, key: &[u8]) -> bool {
        match self {
            End::Before(end) => **end > *key,
            End::Open => true,
        }
    }
}

/// One range, with all who watch exactly that.
#[derive(Debug)]
struct Node<W> {
    start: Bytes,
    end: End,
    /// The furthest end in the subtree of which this is the middle.
    reach: End,
    watchers: BTreeSet<W>,
}

/// An index from keys to those who watch them.
#[derive(Debug)]
pub(super) struct WatcherGroup<W> {
    single: BTreeMap<Bytes, BTreeSet<W>>,
    /// Sorted by start and end.
    ranges: Vec<Node<W>>,
    /// Whether the nodes' reaches are right; they are set again when next needed.
    settled: bool,
}

impl<W> Default for WatcherGroup<W> {
    fn default() -> Self {
        WatcherGroup { single: BTreeMap::new(), ranges: vec![], settled: true }
    }
}

impl<W: Copy + Ord> WatcherGroup<W> {
    /// Adds a watcher of a key, or of a range that is not empty.
    pub(super) fn insert(&mut self, key: &Bytes, range_end: &Bytes, who: W) {
        if range_end.is_empty() {
            self.single.entry(key.clone()).or_default().insert(who);
            return;
        }
        let end = End::from_wire(range_end);
        let place = self.place(key, &end).unwrap_or_else(|place| {
            let (start, reach) = (key.clone(), end.clone());
            self.ranges.insert(place, Node { start, end, reach, watchers: BTreeSet::new() });
            self.settled = false;
            place
        });
        self.ranges[place].watchers.insert(who);
    }

    /// Takes a watcher out again.
    pub(super) fn remove(&mut self, key: &Bytes, range_end: &Bytes, who: W) {
        if range_end.is_empty() {
            let Some(watchers) = self.single.get_mut(key) else { return };
            watchers.remove(&who);
            if watchers.is_empty() {
                self.single.remove(key);
            }
            return;
        }
        let Ok(place) = self.place(key, &End::from_wire(range_end)) else { return };
        self.ranges[place].watchers.remove(&who);
        if self.ranges[place].watchers.is_empty() {
            self.ranges.remove(place);
            self.settled = false;
        }
    }

    /// Calls `found` for everyone who watches `key`, once each.
    pub(super) fn find(&mut self, key: &[u8], mut found: impl FnMut(W)) {
        if let Some(watchers) = self.single.get(key) {
            watchers.iter().for_each(|who| found(*who));
        }
        if !self.settled {
            settle(&mut self.ranges);
            self.settled = true;
        }
        find(&self.ranges, key, &mut found);
    }

    fn place(&self, start: &Bytes, end: &End) -> Result<usize, usize> {
        self.ranges.binary_search_by(|node| (&node.start, &node.end).cmp(&(start, end)))
    }
}

/// Sets the reaches in a subtree, and gives the furthest.
fn settle<W>(nodes: &mut [Node<W>]) -> Option<End> {
    let (left, rest) = nodes.split_at_mut(nodes.len() / 2);
    let (node, right) = rest.split_first_mut()?;
    let below = settle(left).max(settle(right));
    node.reach = below.map_or_else(|| node.end.clone(), |below| below.max(node.end.clone()));
    Some(node.reach.clone())
}

fn find<W: Copy>(nodes: &[Node<W>], key: &[u8], found: &mut impl FnMut(W)) {
    let (left, rest) = nodes.split_at(nodes.len() / 2);
    let Some((node, right)) = rest.split_first() else { return };
    if !node.reach.is_after(key) {
        return;
    }
    find(left, key, found);
    if *node.start <= *key {
        if node.end.is_after(key) {
            node.watchers.iter().for_each(|who| found(*who));
        }
        find(right, key, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyRange;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = Bytes> {
        vec(0u8..4, 0..3).prop_map(Bytes::from)
    }

    proptest! {
        /// Against the plain way: ask every watcher. Some are taken out again between look-ups.
        #[test]
        fn a_key_finds_exactly_its_watchers(
            ranges in vec((text(), text(), any::<bool>()), 0..24),
            keys in vec(text(), 1..12),
        ) {
            let mut group = WatcherGroup::default();
            let mut all = vec![];
            for (n, (key, end, stays)) in ranges.iter().enumerate() {
                if KeyRange::from_wire(key, end).bounds().is_none() {
                    continue;
                }
                group.insert(key, end, n);
                if n % 5 == 0 {
                    group.find(key, |_| {});
                }
                if *stays {
                    all.push(n);
                } else {
                    group.remove(key, end, n);
                }
            }
            for key in &keys {
                let mut found = vec![];
                group.find(key, |n| found.push(n));
                found.sort_unstable();
                let inside = |n: &usize| {
                    KeyRange::from_wire(&ranges[*n].0, &ranges[*n].1).contains(key)
                };
                let wanted: Vec<usize> = all.iter().copied().filter(inside).collect();
                prop_assert_eq!(found, wanted);
            }
        }
    }
}
