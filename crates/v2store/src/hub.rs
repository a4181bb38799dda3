//! Who waits for what (V9).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Event, path};

/// Something for the watcher of this id to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub watcher: u64,
    pub event: Arc<Event>,
    /// Nothing more will come: the watcher was there for one event.
    pub last: bool,
}

/// A watch that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The store's index when it began.
    pub start_index: u64,
    /// The event, when the history had one.
    pub event: Option<Arc<Event>>,
    /// Its id; none for a watch that the history has answered, which is told nothing more. That
    /// holds for streams too, as in etcd.
    pub watcher: Option<u64>,
}

#[derive(Clone, Debug)]
struct Watcher {
    id: u64,
    recursive: bool,
    stream: bool,
    since_index: u64,
}

/// The watchers of one member, by path, each path's in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatcherHub {
    watchers: BTreeMap<String, Vec<Watcher>>,
    last_id: u64,
    notices: Vec<Notice>,
}

impl WatcherHub {
    pub(crate) fn watch(&mut self, key: &str, recursive: bool, stream: bool, since: u64) -> u64 {
        self.last_id += 1;
        let watcher = Watcher { id: self.last_id, recursive, stream, since_index: since };
        self.watchers.entry(key.to_owned()).or_default().push(watcher);
        self.last_id
    }

    pub(crate) fn remove(&mut self, id: u64) {
        self.watchers.retain(|_, watchers| {
            watchers.retain(|watcher| watcher.id != id);
            !watchers.is_empty()
        });
    }

    pub(crate) fn count(&self) -> u64 {
        self.watchers.values().map(|watchers| watchers.len() as u64).sum()
    }

    pub(crate) fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Tells who watches the event's key or a directory above it.
    pub(crate) fn notify(&mut self, event: &Arc<Event>) {
        if self.watchers.is_empty() {
            return;
        }
        self.notify_at(event, "/", false);
        let mut at = String::new();
        for part in path::parts(&event.node.key) {
            at.push('/');
            at.push_str(part);
            self.notify_at(event, &at, false);
        }
    }

    /// Tells who watches `path`. `deleted` says that it went with a directory above it, of which
    /// all hear; a stream at the directory itself therefore hears twice, as from etcd.
    pub(crate) fn notify_at(&mut self, event: &Arc<Event>, path: &str, deleted: bool) {
        let Some(watchers) = self.watchers.get_mut(path) else { return };
        let original = event.node.key == path;
        if !original && is_hidden(path, &event.node.key) {
            return;
        }
        let notices = &mut self.notices;
        watchers.retain(|watcher| {
            let wanted = watcher.recursive || original || deleted;
            if !wanted || event.index() < watcher.since_index {
                return true;
            }
            let (event, last) = (event.clone(), !watcher.stream);
            notices.push(Notice { watcher: watcher.id, event, last });
            watcher.stream
        });
        if watchers.is_empty() {
            self.watchers.remove(path);
        }
    }
}

/// Whether a change of `key` is hidden from who watches `watch_path` above it (V4). A watch deeper
/// than the key, whose directory is deleted, hides nothing.
pub fn is_hidden(watch_path: &str, key: &str) -> bool {
    let Some(below) = key.get(watch_path.len()..) else { return false };
    path::clean(below).contains("/_")
}

#[cfg(test)]
mod tests {
    use super::is_hidden;

    #[test]
    fn hidden_is_what_an_underscore_precedes() {
        for (watch_path, key, hidden) in [
            ("/", "/_foo", true),
            ("/", "/foo/_bar/baz", true),
            ("/", "/foo_", false),
            ("/foo", "/foo/_bar", true),
            ("/_foo", "/_foo/foo", false),
            ("/foo/bar", "/foo", false),
        ] {
            assert_eq!(is_hidden(watch_path, key), hidden, "{watch_path} {key}");
        }
    }
}
