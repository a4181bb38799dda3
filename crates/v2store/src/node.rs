//! The tree: files with a value, directories with children.

use std::collections::BTreeMap;

use crate::path;
use crate::{Event, NodeExtern};

/// One node. Its name is its key in the parent's children.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) created_index: u64,
    pub(crate) modified_index: u64,
    /// None for a permanent node.
    pub(crate) expire_ns: Option<i64>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    File(String),
    Dir(BTreeMap<String, Node>),
}

impl Node {
    pub(crate) fn file(value: String, index: u64, expire_ns: Option<i64>) -> Node {
        let kind = Kind::File(value);
        Node { created_index: index, modified_index: index, expire_ns, kind }
    }

    pub(crate) fn dir(index: u64, expire_ns: Option<i64>) -> Node {
        let kind = Kind::Dir(BTreeMap::new());
        Node { created_index: index, modified_index: index, expire_ns, kind }
    }

    /// A permanent directory from before the first index.
    pub(crate) fn dir_of(children: BTreeMap<String, Node>) -> Node {
        let kind = Kind::Dir(children);
        Node { created_index: 0, modified_index: 0, expire_ns: None, kind }
    }

    pub(crate) fn is_dir(&self) -> bool {
        matches!(self.kind, Kind::Dir(_))
    }

    /// None for a file.
    pub(crate) fn children(&self) -> Option<&BTreeMap<String, Node>> {
        match &self.kind {
            Kind::Dir(children) => Some(children),
            Kind::File(_) => None,
        }
    }

    pub(crate) fn children_mut(&mut self) -> Option<&mut BTreeMap<String, Node>> {
        match &mut self.kind {
            Kind::Dir(children) => Some(children),
            Kind::File(_) => None,
        }
    }

    /// Empty for a directory.
    pub(crate) fn value(&self) -> &str {
        match &self.kind {
            Kind::File(value) => value,
            Kind::Dir(_) => "",
        }
    }

    /// V6: what of a comparison fails, as etcd names it; none when it holds. An empty value and an
    /// index of 0 are not compared.
    pub(crate) fn compare(&self, prev_value: &str, prev_index: u64) -> Option<String> {
        let value = self.value();
        let wrong_value = !prev_value.is_empty() && prev_value != value;
        let wrong_index = prev_index != 0 && prev_index != self.modified_index;
        let of_value = format!("[{prev_value} != {value}]");
        let of_index = format!("[{prev_index} != {}]", self.modified_index);
        match (wrong_value, wrong_index) {
            (false, false) => None,
            (true, false) => Some(of_value),
            (false, true) => Some(of_index),
            (true, true) => Some(format!("{of_value} {of_index}")),
        }
    }

    /// Seconds left, rounded up; below 0 for what a SYNC has yet to take.
    fn ttl_s(&self, now_ns: i64) -> i64 {
        let Some(expire_ns) = self.expire_ns else { return 0 };
        let left_ns = expire_ns.saturating_sub(now_ns);
        left_ns / 1_000_000_000 + i64::from(left_ns % 1_000_000_000 > 0)
    }

    /// What clients see of it; a directory lists its children only when `recursive`.
    pub(crate) fn repr(&self, key: &str, recursive: bool, now_ns: i64) -> NodeExtern {
        let mut node = NodeExtern {
            key: key.to_owned(),
            dir: self.is_dir(),
            modified_index: self.modified_index,
            created_index: self.created_index,
            ..NodeExtern::default()
        };
        self.stamp(&mut node, now_ns);
        match &self.kind {
            Kind::File(value) => node.value = Some(value.clone()),
            Kind::Dir(_) if recursive => node.nodes = self.list(key, true, now_ns),
            Kind::Dir(_) => {}
        }
        node
    }

    /// The children that are not hidden (V4), by name.
    pub(crate) fn list(&self, key: &str, recursive: bool, now_ns: i64) -> Vec<NodeExtern> {
        let children = self.children().into_iter().flatten();
        let shown = children.filter(|(name, _)| !name.starts_with('_'));
        shown.map(|(name, child)| child.repr(&path::join(key, name), recursive, now_ns)).collect()
    }

    /// Writes when the node expires into what clients see.
    pub(crate) fn stamp(&self, node: &mut NodeExtern, now_ns: i64) {
        node.expiration_ns = self.expire_ns;
        node.ttl_s = self.ttl_s(now_ns);
    }

    /// Paths, creation and end of the node and all below it, children before their directory: the
    /// order in which a deletion reaches them.
    pub(crate) fn walk_up(&self, key: String, visit: &mut impl FnMut(&str, &Node)) {
        for (name, child) in self.children().into_iter().flatten() {
            child.walk_up(path::join(&key, name), visit);
        }
        visit(&key, self);
    }

    /// Paths and nodes of all below it, a directory before its children.
    pub(crate) fn walk_down(&self, key: &str, visit: &mut impl FnMut(&str, &Node)) {
        for (name, child) in self.children().into_iter().flatten() {
            let key = format!("{key}/{name}");
            visit(&key, child);
            child.walk_down(&key, visit);
        }
    }

    /// Writes value or directory mark into an event about the node.
    pub(crate) fn describe(&self, event: &mut Event, now_ns: i64) {
        event.node.dir = self.is_dir();
        if let Kind::File(value) = &self.kind {
            event.node.value = Some(value.clone());
        }
        self.stamp(&mut event.node, now_ns);
    }
}
