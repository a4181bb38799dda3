//! The store: the tree with its index, and what is read of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::history::EventHistory;
use crate::hub::WatcherHub;
use crate::node::Node;
use crate::path;
use crate::stats::{Stat, Stats};
use crate::{Action, Code, Error, Event, NodeExtern, Notice, Watch};

/// When a key expires, and whether that is all that is said (V7, V8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TtlOptionSet {
    /// Nanoseconds since 1970; none is permanent.
    pub expire_ns: Option<i64>,
    /// Keeps the value, and tells nobody.
    pub refresh: bool,
}

/// One member's v2 tree. See the crate's prose.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) root: Node,
    /// V1: one number for the whole tree.
    pub(crate) current_index: u64,
    pub(crate) history: EventHistory,
    pub(crate) hub: WatcherHub,
    pub(crate) stats: Stats,
    /// What expires: when, the node's creation, its path. etcd's heap knows only the first; the
    /// others put an order among equals that is the same on every member, restarted or not.
    pub(crate) ttl_keys: BTreeSet<(i64, u64, String)>,
    /// What nobody may change (V5).
    pub(crate) read_only: BTreeSet<String>,
}

impl Store {
    /// An empty tree with these directories in its root, which are read only as the root is.
    pub fn new(namespaces: &[&str]) -> Store {
        let dirs =
            namespaces.iter().map(|path| (path::split(path).1.to_owned(), Node::dir(0, None)));
        Store {
            root: Node::dir_of(dirs.collect()),
            current_index: 0,
            history: EventHistory::default(),
            hub: WatcherHub::default(),
            stats: Stats::default(),
            ttl_keys: BTreeSet::new(),
            read_only: namespaces.iter().chain(&["/"]).map(|path| (*path).to_owned()).collect(),
        }
    }

    /// The index of the last change.
    pub fn index(&self) -> u64 {
        self.current_index
    }

    /// V4: one node; a directory with its children, all below it when `recursive`.
    ///
    /// # Errors
    /// 100 when it is not there, 104 when a file stands in the way.
    pub fn get(&mut self, path: &str, recursive: bool, now_ns: i64) -> Result<Event, Error> {
        let found = self.look(path, recursive, now_ns);
        self.stats.judge(&found, Stat::GetSuccess, Stat::GetFail, &[]);
        found
    }

    fn look(&self, path: &str, recursive: bool, now_ns: i64) -> Result<Event, Error> {
        let path = path::clean(path);
        let node = self.find(&path)?;
        let nodes = node.list(&path, recursive, now_ns);
        let mut event = Event::new(Action::Get, path, node.modified_index, node.created_index);
        event.etcd_index = self.current_index;
        node.describe(&mut event, now_ns);
        event.node.nodes = nodes;
        Ok(event)
    }

    /// The value of a file, for who keeps records in the tree; not counted as a read.
    pub fn value(&self, path: &str) -> Option<&str> {
        self.find(path).ok().filter(|node| !node.is_dir()).map(Node::value)
    }

    /// Whether a directory lies there; not counted as a read.
    pub fn is_dir(&self, path: &str) -> bool {
        self.find(path).is_ok_and(Node::is_dir)
    }

    /// The names in a directory, hidden ones too; none when it is not there. Not counted.
    pub fn names(&self, path: &str) -> impl Iterator<Item = &str> {
        let found = self.find(path).ok().and_then(Node::children);
        found.into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// All nodes below a directory, hidden ones too, parents before their children and in order; keys
    /// begin below it. Not counted.
    pub fn nodes(&self, path: &str) -> Vec<(String, NodeExtern)> {
        let mut found = Vec::new();
        if let Ok(node) = self.find(path) {
            node.walk_down("", &mut |key, node| {
                found.push((key.to_string(), node.repr(key, false, 0)))
            });
        }
        found
    }

    /// V9: waits for the first change from `since_index` on, 0 for the next one; a stream for all.
    ///
    /// # Errors
    /// 401 when the history does not reach back so far.
    pub fn watch(
        &mut self,
        path: &str,
        recursive: bool,
        stream: bool,
        since_index: u64,
    ) -> Result<Watch, Error> {
        let path = path::clean(path);
        let start_index = self.current_index;
        let since = if since_index == 0 { start_index + 1 } else { since_index };
        let found = self.history.scan(&path, recursive, since);
        let found = found.map_err(|error| Error { index: start_index, ..error })?;
        if let Some(event) = found {
            let event = Arc::new(Event { etcd_index: start_index, ..Event::clone(&event) });
            return Ok(Watch { start_index, event: Some(event), watcher: None });
        }
        let watcher = Some(self.hub.watch(&path, recursive, stream, since));
        Ok(Watch { start_index, event: None, watcher })
    }

    /// The watcher hears no more.
    pub fn remove_watcher(&mut self, id: u64) {
        self.hub.remove(id);
    }

    /// Who hears of what since the last call, in order.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.hub.take_notices()
    }

    /// Takes over the watchers of the store whose place this one takes: etcd's survive a snapshot
    /// from the leader, and hear nothing of what it skipped.
    pub fn adopt_watchers(&mut self, before: &mut Store) {
        self.hub = std::mem::take(&mut before.hub);
    }

    /// V7: whether a SYNC could end something one day.
    pub fn has_ttl_keys(&self) -> bool {
        !self.ttl_keys.is_empty()
    }

    /// The object of `/v2/stats/store`.
    pub fn stats_json(&self) -> String {
        self.stats.to_json(self.hub.count())
    }

    /// The node at a clean path.
    pub(crate) fn find(&self, path: &str) -> Result<&Node, Error> {
        let mut node = &self.root;
        let mut at = String::from("/");
        for name in path::parts(path) {
            let Some(children) = node.children() else {
                return Err(Error::new(Code::NotDir, at, self.current_index));
            };
            at = path::join(&at, name);
            let Some(child) = children.get(name) else {
                return Err(Error::new(Code::KeyNotFound, at, self.current_index));
            };
            node = child;
        }
        Ok(node)
    }
}
