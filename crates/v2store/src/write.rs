//! What changes the tree: each change takes the next index and makes one event.

use std::sync::Arc;

use crate::node::{Kind, Node};
use crate::path::{self, PARTS_MAX};
use crate::stats::Stat;
use crate::{Action, Code, Error, Event, Store, TtlOptionSet};

/// Expiry times before 2000 are no times at all (V7): etcd takes them for the work of JavaScript.
const EXPIRE_NS_MIN: i64 = 946_684_800 * 1_000_000_000;

/// What a new node is to be.
struct Draft<'v> {
    dir: bool,
    value: &'v str,
    expire_ns: Option<i64>,
}

impl Store {
    /// V2, V3: makes a node where none is; `unique` makes one with the index as its name below
    /// `path`.
    ///
    /// # Errors
    /// 105 when there is one, 104 when a file stands in the way.
    pub fn create(
        &mut self,
        path: &str,
        dir: bool,
        value: &str,
        unique: bool,
        ttl: TtlOptionSet,
        now_ns: i64,
    ) -> Result<Arc<Event>, Error> {
        let name = if unique { format!("/{:020}", self.current_index + 1) } else { String::new() };
        let path = path::clean(&format!("{path}{name}"));
        let draft = Draft { dir, value, expire_ns: ttl.expire_ns };
        let created = self.add_node(Action::Create, path, draft, false, now_ns);
        self.stats.judge(&created, Stat::CreateSuccess, Stat::CreateFail, &[]);
        Ok(self.commit(Arc::new(created?)))
    }

    /// V2: makes a node or takes the place of a file. A refresh (V8) keeps the file's value.
    ///
    /// # Errors
    /// 102 when a directory is there, 104 when a file stands in the way, 100 for a refresh of
    /// nothing.
    pub fn set(
        &mut self,
        path: &str,
        dir: bool,
        value: &str,
        ttl: TtlOptionSet,
        now_ns: i64,
    ) -> Result<Arc<Event>, Error> {
        let set = self.set_node(path::clean(path), dir, value, ttl, now_ns);
        self.stats.judge(&set, Stat::SetSuccess, Stat::SetFail, &[]);
        Ok(self.commit(Arc::new(set?)))
    }

    fn set_node(
        &mut self,
        path: String,
        dir: bool,
        value: &str,
        ttl: TtlOptionSet,
        now_ns: i64,
    ) -> Result<Event, Error> {
        let kept = match self.find(&path) {
            Ok(node) => Some(node.value().to_owned()),
            Err(error) if error.code == Code::KeyNotFound && !ttl.refresh => None,
            Err(error) => return Err(error),
        };
        let value = kept.as_deref().filter(|_| ttl.refresh).unwrap_or(value);
        let draft = Draft { dir, value, expire_ns: ttl.expire_ns };
        let event = self.add_node(Action::Set, path, draft, true, now_ns)?;
        Ok(Event { refresh: ttl.refresh, ..event })
    }

    /// V2: a new value and time to live for a file, a new time to live for a directory.
    ///
    /// # Errors
    /// 100 when it is not there, 102 for a value for a directory, 107 for the root.
    pub fn update(
        &mut self,
        path: &str,
        value: &str,
        ttl: TtlOptionSet,
        now_ns: i64,
    ) -> Result<Arc<Event>, Error> {
        let path = path::clean(path);
        let check = |node: &Node| match value {
            "" => None,
            _ => node.is_dir().then(|| (Code::NotFile, path.clone())),
        };
        let updated = self.rewrite(Action::Update, &path, check, value, ttl, now_ns);
        let passed = [Code::RootReadOnly, Code::NotFile];
        self.stats.judge(&updated, Stat::UpdateSuccess, Stat::UpdateFail, &passed);
        Ok(self.commit(Arc::new(updated?)))
    }

    /// V6: a new value for a file that has this value and index. An empty value and an index of 0
    /// are not compared.
    ///
    /// # Errors
    /// 101 when it has not, 100 when it is not there, 102 for a directory, 107 for the root.
    pub fn compare_and_swap(
        &mut self,
        path: &str,
        (prev_value, prev_index): (&str, u64),
        value: &str,
        ttl: TtlOptionSet,
        now_ns: i64,
    ) -> Result<Arc<Event>, Error> {
        let path = path::clean(path);
        let check = |node: &Node| not_comparable(node, &path, prev_value, prev_index);
        let swapped = self.rewrite(Action::CompareAndSwap, &path, check, value, ttl, now_ns);
        let (success, fail) = (Stat::CompareAndSwapSuccess, Stat::CompareAndSwapFail);
        self.stats.judge(&swapped, success, fail, &[Code::RootReadOnly]);
        Ok(self.commit(Arc::new(swapped?)))
    }

    /// V5: takes a node away; a directory only with `dir`, one with children only with `recursive`,
    /// which implies it.
    ///
    /// # Errors
    /// 100 when it is not there, 102 and 108 for a directory, 107 for the root.
    pub fn delete(
        &mut self,
        path: &str,
        dir: bool,
        recursive: bool,
        now_ns: i64,
    ) -> Result<Arc<Event>, Error> {
        let path = path::clean(path);
        let deleted = self.writable(&path).and_then(|()| {
            let node = self.find(&path)?;
            let children = node.children().map_or(0, |children| children.len());
            let refused = match (node.is_dir(), children) {
                (true, _) if !dir && !recursive => Some(Code::NotFile),
                (true, 1..) if !recursive => Some(Code::DirNotEmpty),
                _ => None,
            };
            match refused {
                Some(code) => Err(Error::new(code, path, self.current_index)),
                None => Ok(self.farewell(Action::Delete, path, node, now_ns)),
            }
        });
        let passed = [Code::RootReadOnly];
        self.stats.judge(&deleted, Stat::DeleteSuccess, Stat::DeleteFail, &passed);
        Ok(self.remove(deleted?))
    }

    /// V6: takes away a file that has this value and index, compared as in
    /// [`Store::compare_and_swap`].
    ///
    /// # Errors
    /// 101 when it has not, 100 when it is not there, 102 for a directory.
    pub fn compare_and_delete(
        &mut self,
        path: &str,
        (prev_value, prev_index): (&str, u64),
        now_ns: i64,
    ) -> Result<Arc<Event>, Error> {
        let path = path::clean(path);
        let deleted = self.find(&path).and_then(|node| {
            match not_comparable(node, &path, prev_value, prev_index) {
                Some((code, cause)) => Err(Error::new(code, cause, self.current_index)),
                None => Ok(self.farewell(Action::CompareAndDelete, path, node, now_ns)),
            }
        });
        let (success, fail) = (Stat::CompareAndDeleteSuccess, Stat::CompareAndDeleteFail);
        self.stats.judge(&deleted, success, fail, &[Code::NotFile, Code::TestFailed]);
        Ok(self.remove(deleted?))
    }

    /// V7: takes away what has expired by `cutoff_ns`, the time that the leader's SYNC says, in
    /// order of time. Each is an event with an index; what lies in an expired directory goes with it.
    pub fn delete_expired_keys(&mut self, cutoff_ns: i64, now_ns: i64) {
        while let Some((expire_ns, _, path)) = self.ttl_keys.first() {
            if *expire_ns > cutoff_ns {
                return;
            }
            let path = path.clone();
            let Ok(node) = self.find(&path) else {
                // Each entry has its node; without it there is nothing to take away.
                self.ttl_keys.pop_first();
                continue;
            };
            let event = self.farewell(Action::Expire, path, node, now_ns);
            self.stats.count(Stat::ExpireCount);
            self.remove(event);
        }
    }

    /// Makes a node and the directories above it, and the event that says so; [`Store::commit`]
    /// ends the change.
    fn add_node(
        &mut self,
        action: Action,
        path: String,
        draft: Draft<'_>,
        replace: bool,
        now_ns: i64,
    ) -> Result<Event, Error> {
        self.writable(&path)?;
        if path::parts(&path).count() > PARTS_MAX {
            let cause = format!("more than {PARTS_MAX} parts");
            return Err(Error::new(Code::InvalidForm, cause, self.current_index));
        }
        let prev_node = match self.find(&path) {
            Ok(_) if !replace => {
                return Err(Error::new(Code::NodeExist, path, self.current_index));
            }
            Ok(node) if node.is_dir() => {
                return Err(Error::new(Code::NotFile, path, self.current_index));
            }
            Ok(node) => Some(node.repr(&path, false, now_ns)),
            Err(error) if error.code == Code::KeyNotFound => None,
            Err(error) => {
                // etcd counts a set that failed, whatever it was.
                self.stats.count(Stat::SetFail);
                return Err(error);
            }
        };
        if let Some(prev) = &prev_node {
            self.forget_ttl(prev.expiration_ns, prev.created_index, &path);
        }
        let index = self.current_index + 1;
        let expire_ns = draft.expire_ns.filter(|expire_ns| *expire_ns >= EXPIRE_NS_MIN);
        let node = match draft.dir {
            true => Node::dir(index, expire_ns),
            false => Node::file(draft.value.to_owned(), index, expire_ns),
        };
        let mut event = Event::new(action, path, index, index);
        node.describe(&mut event, now_ns);
        event.prev_node = prev_node;
        self.plant(&event.node.key, node, index);
        Ok(event)
    }

    /// Puts a node into the tree, with the directories above it that are missing.
    fn plant(&mut self, path: &str, node: Node, index: u64) {
        if let Some(expire_ns) = node.expire_ns {
            self.ttl_keys.insert((expire_ns, index, path.to_owned()));
        }
        let (dir, name) = path::split(path);
        let mut at = &mut self.root;
        for part in path::parts(dir) {
            let Some(children) = at.children_mut() else { return };
            at = children.entry(part.to_owned()).or_insert_with(|| Node::dir(index, None));
        }
        if let Some(children) = at.children_mut() {
            children.insert(name.to_owned(), node);
        }
    }

    /// Changes value and time to live of a node in its place (V6), unless `check` objects.
    fn rewrite(
        &mut self,
        action: Action,
        path: &str,
        check: impl Fn(&Node) -> Option<(Code, String)>,
        value: &str,
        ttl: TtlOptionSet,
        now_ns: i64,
    ) -> Result<Event, Error> {
        self.writable(path)?;
        let node = self.find(path)?;
        if let Some((code, cause)) = check(node) {
            return Err(Error::new(code, cause, self.current_index));
        }
        let index = self.current_index + 1;
        let prev = node.repr(path, false, now_ns);
        let mut event = Event::new(action, path.to_owned(), index, node.created_index);
        self.forget_ttl(prev.expiration_ns, prev.created_index, path);
        if let Some(expire_ns) = ttl.expire_ns {
            self.ttl_keys.insert((expire_ns, prev.created_index, path.to_owned()));
        }
        if let Some(node) = self.find_mut(path) {
            node.expire_ns = ttl.expire_ns;
            if let Kind::File(kept) = &mut node.kind {
                node.modified_index = index;
                if !ttl.refresh {
                    value.clone_into(kept);
                }
            }
            node.describe(&mut event, now_ns);
        }
        (event.prev_node, event.refresh) = (Some(prev), ttl.refresh);
        Ok(event)
    }

    /// The event that a node goes.
    fn farewell(&self, action: Action, path: String, node: &Node, now_ns: i64) -> Event {
        let prev_node = Some(node.repr(&path, false, now_ns));
        let mut event = Event::new(action, path, self.current_index + 1, node.created_index);
        event.node.dir = node.is_dir();
        Event { prev_node, ..event }
    }

    /// Takes the event's node and all below it out of the tree and tells who watches any of them.
    fn remove(&mut self, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        let (dir, name) = path::split(&event.node.key);
        let dir = self.find_mut(dir).and_then(Node::children_mut);
        let removed = dir.and_then(|children| children.remove(name));
        let (ttl_keys, hub) = (&mut self.ttl_keys, &mut self.hub);
        if let Some(node) = removed {
            node.walk_up(event.node.key.clone(), &mut |path, node| {
                if let Some(expire_ns) = node.expire_ns {
                    ttl_keys.remove(&(expire_ns, node.created_index, path.to_owned()));
                }
                hub.notify_at(&event, path, true);
            });
        }
        self.commit(event)
    }

    /// The change is done: its index counts, the history has it, watchers hear of it.
    fn commit(&mut self, event: Arc<Event>) -> Arc<Event> {
        self.current_index = event.index();
        self.history.add(event.clone());
        if !event.refresh {
            self.hub.notify(&event);
        }
        event
    }

    fn writable(&self, path: &str) -> Result<(), Error> {
        match self.read_only.contains(path) {
            true => Err(Error::new(Code::RootReadOnly, "/", self.current_index)),
            false => Ok(()),
        }
    }

    fn forget_ttl(&mut self, expire_ns: Option<i64>, created_index: u64, path: &str) {
        if let Some(expire_ns) = expire_ns {
            self.ttl_keys.remove(&(expire_ns, created_index, path.to_owned()));
        }
    }

    fn find_mut(&mut self, path: &str) -> Option<&mut Node> {
        let mut parts = path::parts(path);
        parts.try_fold(&mut self.root, |node, name| node.children_mut()?.get_mut(name))
    }
}

/// V6: why a node cannot be swapped or deleted by comparison.
fn not_comparable(
    node: &Node,
    path: &str,
    prev_value: &str,
    prev_index: u64,
) -> Option<(Code, String)> {
    if node.is_dir() {
        return Some((Code::NotFile, path.to_owned()));
    }
    Some((Code::TestFailed, node.compare(prev_value, prev_index)?))
}
