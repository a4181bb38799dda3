//! Random operations against a naive model: a flat list of paths (V1, V2, V3, V5, V6, V7).

use std::collections::BTreeMap;

use proptest::prelude::*;
use v2store::{Code, Store, TtlOptionSet, clean_path};

const NOW_NS: i64 = 1_795_000_000_000_000_000;
const NAMESPACES: &[&str] = &["/0", "/1"];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// None for a directory.
    value: Option<String>,
    created: u64,
    modified: u64,
    expire_ns: Option<i64>,
}

/// Every path with its entry; a directory is above whatever begins with it and a slash.
#[derive(Default)]
struct Model {
    entries: BTreeMap<String, Entry>,
    index: u64,
}

#[derive(Clone, Debug)]
enum Op {
    Create { path: String, dir: bool, unique: bool, ttl: TtlOptionSet },
    Set { path: String, dir: bool, ttl: TtlOptionSet },
    Update { path: String, value: String, ttl: TtlOptionSet },
    Swap { path: String, prev: (String, u64), ttl: TtlOptionSet },
    Delete { path: String, dir: bool, recursive: bool },
    CompareAndDelete { path: String, prev: (String, u64) },
    Expire { cutoff_ns: i64 },
}

fn below(dir: &str) -> impl Fn(&String) -> bool {
    let start = if dir == "/" { "/".to_owned() } else { format!("{dir}/") };
    move |path| path.starts_with(&start) && *path != start
}

fn above(path: &str) -> Vec<String> {
    let slashes = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    slashes.map(|at| path[..at].to_owned()).collect()
}

type Answer = Result<(), Code>;

impl Model {
    fn new() -> Model {
        let mut model = Model::default();
        for path in ["/", "/0", "/1"] {
            let entry = Entry { value: None, created: 0, modified: 0, expire_ns: None };
            model.entries.insert(path.into(), entry);
        }
        model
    }

    /// The entry, or what is wrong on the way to it.
    fn look(&self, path: &str) -> Result<Entry, Code> {
        for dir in above(path) {
            match self.entries.get(&dir) {
                None => return Err(Code::KeyNotFound),
                Some(entry) if entry.value.is_some() => return Err(Code::NotDir),
                Some(_) => {}
            }
        }
        self.entries.get(path).cloned().ok_or(Code::KeyNotFound)
    }

    fn add(&mut self, path: &str, value: Option<String>, expire_ns: Option<i64>) {
        self.index += 1;
        let (created, modified) = (self.index, self.index);
        for dir in above(path) {
            let entry = Entry { value: None, created, modified, expire_ns: None };
            self.entries.entry(dir).or_insert(entry);
        }
        self.entries.insert(path.into(), Entry { value, created, modified, expire_ns });
    }

    fn remove(&mut self, path: &str) {
        self.index += 1;
        let inside = below(path);
        self.entries.retain(|known, _| known != path && !inside(known));
    }

    fn writable(path: &str) -> Answer {
        if ["/", "/0", "/1"].contains(&path) { Err(Code::RootReadOnly) } else { Ok(()) }
    }

    fn compare(entry: &Entry, prev: &(String, u64)) -> Answer {
        let Some(value) = &entry.value else { return Err(Code::NotFile) };
        let same_value = prev.0.is_empty() || prev.0 == *value;
        let same_index = prev.1 == 0 || prev.1 == entry.modified;
        if same_value && same_index { Ok(()) } else { Err(Code::TestFailed) }
    }

    fn rewrite(&mut self, path: &str, value: &str, ttl: TtlOptionSet) {
        self.index += 1;
        let entry = self.entries.get_mut(path).expect("just seen");
        entry.expire_ns = ttl.expire_ns;
        if let Some(kept) = &mut entry.value {
            entry.modified = self.index;
            if !ttl.refresh {
                *kept = value.into();
            }
        }
    }

    fn run(&mut self, op: &Op, value: &str) -> Answer {
        match op {
            Op::Create { path, dir, unique, ttl } => {
                let path = match unique {
                    true => clean_path(&format!("{path}/{:020}", self.index + 1)),
                    false => path.clone(),
                };
                Model::writable(&path)?;
                match self.look(&path) {
                    Ok(_) => return Err(Code::NodeExist),
                    Err(Code::KeyNotFound) => {}
                    Err(code) => return Err(code),
                }
                self.add(&path, (!dir).then(|| value.into()), ttl.expire_ns);
            }
            Op::Set { path, dir, ttl } => {
                let found = self.look(path);
                let value = match &found {
                    Err(code) if *code != Code::KeyNotFound || ttl.refresh => return Err(*code),
                    Ok(entry) if ttl.refresh => entry.value.clone().unwrap_or_default(),
                    _ => value.to_owned(),
                };
                Model::writable(path)?;
                if found.is_ok_and(|entry| entry.value.is_none()) {
                    return Err(Code::NotFile);
                }
                self.add(path, (!dir).then_some(value), ttl.expire_ns);
            }
            Op::Update { path, value, ttl } => {
                Model::writable(path)?;
                let entry = self.look(path)?;
                if entry.value.is_none() && !value.is_empty() {
                    return Err(Code::NotFile);
                }
                self.rewrite(path, value, *ttl);
            }
            Op::Swap { path, prev, ttl } => {
                Model::writable(path)?;
                Model::compare(&self.look(path)?, prev)?;
                self.rewrite(path, value, *ttl);
            }
            Op::Delete { path, dir, recursive } => {
                Model::writable(path)?;
                let is_dir = self.look(path)?.value.is_none();
                if is_dir && !dir && !recursive {
                    return Err(Code::NotFile);
                }
                if is_dir && !recursive && self.entries.keys().any(below(path)) {
                    return Err(Code::DirNotEmpty);
                }
                self.remove(path);
            }
            Op::CompareAndDelete { path, prev } => {
                Model::compare(&self.look(path)?, prev)?;
                self.remove(path);
            }
            Op::Expire { cutoff_ns } => loop {
                let due = self.entries.iter().filter_map(|(path, entry)| {
                    let expire_ns = entry.expire_ns.filter(|expire_ns| expire_ns <= cutoff_ns)?;
                    Some((expire_ns, entry.created, path.clone()))
                });
                let Some((_, _, path)) = due.min() else { break };
                self.remove(&path);
            },
        }
        Ok(())
    }
}

fn run(store: &mut Store, op: &Op, value: &str) -> Answer {
    let done = match op {
        Op::Create { path, dir, unique, ttl } => {
            store.create(path, *dir, value, *unique, *ttl, NOW_NS)
        }
        Op::Set { path, dir, ttl } => store.set(path, *dir, value, *ttl, NOW_NS),
        Op::Update { path, value, ttl } => store.update(path, value, *ttl, NOW_NS),
        Op::Swap { path, prev, ttl } => {
            store.compare_and_swap(path, (&prev.0, prev.1), value, *ttl, NOW_NS)
        }
        Op::Delete { path, dir, recursive } => store.delete(path, *dir, *recursive, NOW_NS),
        Op::CompareAndDelete { path, prev } => {
            store.compare_and_delete(path, (&prev.0, prev.1), NOW_NS)
        }
        Op::Expire { cutoff_ns } => {
            store.delete_expired_keys(*cutoff_ns, NOW_NS);
            return Ok(());
        }
    };
    done.map(drop).map_err(|error| error.code)
}

fn same(store: &mut Store, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(store.index(), model.index);
    for (path, entry) in &model.entries {
        let event =
            store.get(path, false, NOW_NS).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let (node, value) = (event.node, entry.value.clone());
        let seen = (node.value, node.created_index, node.modified_index, node.expiration_ns);
        prop_assert_eq!(seen, (value, entry.created, entry.modified, entry.expire_ns), "{}", path);
        if entry.value.is_none() {
            let inside = below(path);
            let children = model.entries.keys().filter(|known| inside(known));
            let direct = children.filter(|known| {
                !below(path)(known) || {
                    let rest = &known[if path == "/" { 1 } else { path.len() + 1 }..];
                    !rest.contains('/')
                }
            });
            let wanted: Vec<&str> =
                direct.map(|known| known.rsplit('/').next().unwrap_or_default()).collect();
            prop_assert_eq!(store.names(path).collect::<Vec<_>>(), wanted);
        }
    }
    let expiring = model.entries.values().any(|entry| entry.expire_ns.is_some());
    prop_assert_eq!(store.has_ttl_keys(), expiring);
    Ok(())
}

fn ttls() -> impl Strategy<Value = TtlOptionSet> {
    let ends = prop_oneof![3 => Just(None), 2 => (0_i64..4).prop_map(Some)];
    (ends, prop::bool::weighted(0.2))
        .prop_map(|(end, refresh)| TtlOptionSet { expire_ns: end.map(|end| NOW_NS + end), refresh })
}

fn paths() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "a-", "_h"]);
    let space = prop::sample::select(vec!["/1", "/1", "/0", ""]);
    (space, prop::collection::vec(part, 0..4))
        .prop_map(|(space, parts)| clean_path(&format!("{space}/{}", parts.join("/"))))
}

fn ops() -> impl Strategy<Value = Op> {
    let prev = || (prop::sample::select(vec!["", "1", "2", "7"]), 0_u64..12);
    let prev = move || prev().prop_map(|(value, index)| (value.to_owned(), index));
    let (dir, unique) = (|| prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    let value = prop::sample::select(vec!["", "u"]).prop_map(str::to_owned);
    prop_oneof![
        (paths(), dir(), unique, ttls()).prop_map(|(path, dir, unique, ttl)| Op::Create {
            path,
            dir,
            unique,
            ttl
        }),
        (paths(), dir(), ttls()).prop_map(|(path, dir, ttl)| Op::Set { path, dir, ttl }),
        (paths(), value, ttls()).prop_map(|(path, value, ttl)| Op::Update { path, value, ttl }),
        (paths(), prev(), ttls()).prop_map(|(path, prev, ttl)| Op::Swap { path, prev, ttl }),
        (paths(), dir(), dir()).prop_map(|(path, dir, recursive)| Op::Delete {
            path,
            dir,
            recursive
        }),
        (paths(), prev()).prop_map(|(path, prev)| Op::CompareAndDelete { path, prev }),
        (0_i64..4).prop_map(|end| Op::Expire { cutoff_ns: NOW_NS + end }),
    ]
}

proptest! {
    #[test]
    fn the_tree_is_what_a_flat_list_says(ops in prop::collection::vec(ops(), 1..60)) {
        let (mut store, mut model) = (Store::new(NAMESPACES), Model::new());
        for (number, op) in ops.iter().enumerate() {
            let value = number.to_string();
            let before = store.shared_image();
            let wanted = model.run(op, &value);
            prop_assert_eq!(run(&mut store, op, &value), wanted, "{:?}", op);
            if wanted.is_err() {
                prop_assert_eq!(store.shared_image(), before, "a refusal changed something");
            }
            same(&mut store, &model)?;
        }
        let again = Store::recover(store.save().as_bytes(), NAMESPACES).expect("a store");
        prop_assert_eq!(again.save(), store.save());
        same(&mut { again }, &model)?;
    }

    /// Who watches everything hears of every change, once and in order, but not of hidden keys
    /// and refreshes; and who asks the history hears the same.
    #[test]
    fn a_watcher_hears_of_every_change(ops in prop::collection::vec(ops(), 1..60)) {
        let mut store = Store::new(NAMESPACES);
        let watcher = store.watch("/", true, true, 0).expect("a watch").watcher;
        let (mut heard, mut wanted) = (Vec::new(), Vec::new());
        for (number, op) in ops.iter().enumerate() {
            let before = store.index();
            let _refused = run(&mut store, op, &number.to_string());
            let notices = store.take_notices();
            prop_assert!(notices.iter().all(|n| Some(n.watcher) == watcher && !n.last));
            heard.extend(notices.into_iter().map(|notice| notice.event));
            for index in before + 1..=store.index() {
                let found = store.watch("/", true, false, index).expect("a watch");
                let event = found.event.filter(|event| event.index() == index);
                wanted.extend(event.filter(|event| !event.node.key.contains("/_")));
                if let Some(watcher) = found.watcher {
                    store.remove_watcher(watcher);
                }
            }
        }
        let indices = |events: &[std::sync::Arc<v2store::Event>]| -> Vec<u64> {
            events.iter().map(|event| event.index()).collect()
        };
        prop_assert_eq!(indices(&heard), indices(&wanted));
    }
}
