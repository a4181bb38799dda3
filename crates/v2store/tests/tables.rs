//! etcd's own tables for the v2 store (V1 to V9), read in place.

mod support;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use v2store::{Error, Event, NodeExtern, Store, TtlOptionSet, Watch, is_hidden};

/// Some day of 2026; the tables' clocks start after 2000 and stand still.
const START_NS: i64 = 1_795_000_000_000_000_000;

/// A store as a table drives it: with a clock, and with what its watchers have yet to take.
struct Bench {
    store: Store,
    now_ns: i64,
    /// By the table's names.
    watches: BTreeMap<String, (Watch, VecDeque<Arc<Event>>)>,
}

fn node_fields(answer: &mut BTreeMap<String, Value>, prefix: &str, node: &NodeExtern) {
    // Go's nil pointers: a directory has no value, an empty list is as good as none.
    let nodes = (!node.nodes.is_empty()).then_some(node.nodes.len());
    for (name, value) in [
        ("present", json!(true)),
        ("key", json!(node.key)),
        ("dir", json!(node.dir)),
        ("value", json!(node.value)),
        ("nodes", json!(nodes)),
        ("expiration", json!(node.expiration_ns)),
        ("ttl", json!(node.ttl_s)),
        ("modified_index", json!(node.modified_index)),
        ("created_index", json!(node.created_index)),
    ] {
        answer.insert(format!("{prefix}.{name}"), value);
    }
    for (number, child) in node.nodes.iter().enumerate() {
        node_fields(answer, &format!("{prefix}.nodes.{number}"), child);
    }
}

fn event_fields(event: &Event) -> BTreeMap<String, Value> {
    let mut answer = BTreeMap::from([
        ("event.present".into(), json!(true)),
        ("event".into(), json!("an event")),
        ("error".into(), Value::Null),
        ("action".into(), json!(event.action.name())),
        ("etcd_index".into(), json!(event.etcd_index)),
    ]);
    node_fields(&mut answer, "node", &event.node);
    match &event.prev_node {
        Some(prev) => node_fields(&mut answer, "prev_node", prev),
        None => drop(answer.insert("prev_node".into(), Value::Null)),
    }
    answer
}

fn error_fields(error: &Error) -> BTreeMap<String, Value> {
    BTreeMap::from([
        ("event".into(), Value::Null),
        ("error".into(), json!("an error")),
        ("error.present".into(), json!(true)),
        ("error.code".into(), json!(error.code as u32)),
        ("error.message".into(), json!(error.code.message())),
        ("error.cause".into(), json!(error.cause)),
        ("error.index".into(), json!(error.index)),
    ])
}

fn answer(result: Result<impl AsRef<Event>, Error>) -> BTreeMap<String, Value> {
    match result {
        Ok(event) => event_fields(event.as_ref()),
        Err(error) => error_fields(&error),
    }
}

impl Bench {
    fn new(case: &Value) -> Bench {
        let namespaces = case["namespaces"].as_array().into_iter().flatten();
        let namespaces: Vec<&str> = namespaces.map(|name| name.as_str().expect("a path")).collect();
        let (store, watches) = (Store::new(&namespaces), BTreeMap::new());
        Bench { store, now_ns: START_NS, watches }
    }

    fn ttl(&self, step: &Value) -> TtlOptionSet {
        let expire_ns = step["ttl_ms"].as_i64().map(|ttl_ms| self.now_ns + ttl_ms * 1_000_000);
        TtlOptionSet { expire_ns, refresh: step["refresh"].as_bool().expect("a flag") }
    }

    fn step(&mut self, step: &Value) -> BTreeMap<String, Value> {
        let text = |name: &str| step[name].as_str().unwrap_or("");
        let flag = |name: &str| step[name].as_bool().expect("a flag");
        let prev = (text("prev_value"), step["prev_index"].as_u64().unwrap_or(0));
        let (path, now_ns) = (text("path"), self.now_ns);
        let answer = match text("op") {
            "get" => answer(self.store.get(path, flag("recursive"), now_ns).map(Arc::new)),
            "create" => {
                let (ttl, unique) = (self.ttl(step), flag("unique"));
                answer(self.store.create(path, flag("dir"), text("value"), unique, ttl, now_ns))
            }
            "set" => {
                let ttl = self.ttl(step);
                answer(self.store.set(path, flag("dir"), text("value"), ttl, now_ns))
            }
            "update" => {
                let ttl = self.ttl(step);
                answer(self.store.update(path, text("value"), ttl, now_ns))
            }
            "delete" => answer(self.store.delete(path, flag("dir"), flag("recursive"), now_ns)),
            "compare_and_swap" => {
                let ttl = self.ttl(step);
                answer(self.store.compare_and_swap(path, prev, text("value"), ttl, now_ns))
            }
            "compare_and_delete" => answer(self.store.compare_and_delete(path, prev, now_ns)),
            "watch" => self.watch(step),
            "next_event" => self.next_event(text("watcher")),
            "advance_clock_ms" => {
                self.now_ns += step["ms"].as_i64().expect("milliseconds") * 1_000_000;
                BTreeMap::new()
            }
            "expire_due_keys" => {
                self.store.delete_expired_keys(now_ns, now_ns);
                BTreeMap::new()
            }
            other => panic!("unknown operation {other}"),
        };
        for notice in self.store.take_notices() {
            let mut watches = self.watches.values_mut();
            let found = watches.find(|(watch, _)| watch.watcher == Some(notice.watcher));
            found.expect("a watcher").1.push_back(notice.event);
        }
        answer
    }

    fn watch(&mut self, step: &Value) -> BTreeMap<String, Value> {
        let (path, since) = (step["path"].as_str().expect("a path"), &step["since_index"]);
        let (recursive, stream) = (step["recursive"] == true, step["stream"] == true);
        let since = since.as_u64().expect("an index");
        match self.store.watch(path, recursive, stream, since) {
            Err(error) => error_fields(&error),
            Ok(watch) => {
                let start = ("start_index".to_owned(), json!(watch.start_index));
                let found = watch.event.iter().cloned().collect();
                let name = step["bind"].as_str().expect("a name").to_owned();
                self.watches.insert(name, (watch, found));
                BTreeMap::from([start, ("error".to_owned(), Value::Null)])
            }
        }
    }

    fn next_event(&mut self, watcher: &str) -> BTreeMap<String, Value> {
        let (_, waiting) = self.watches.get_mut(watcher).expect("a watcher");
        match waiting.pop_front() {
            Some(event) => event_fields(&event),
            None => BTreeMap::from([("event".to_owned(), Value::Null)]),
        }
    }
}

#[test]
fn etcd_s_own_cases_hold() {
    let cases = support::cases("etcd-v2store/v2store_ops.jsonl");
    let (mut steps, mut checks) = (0, 0);
    for case in cases.iter().filter(|case| case.get("steps").is_some()) {
        let mut bench = Bench::new(case);
        for (number, step) in case["steps"].as_array().expect("steps").iter().enumerate() {
            steps += 1;
            let answer = bench.step(step);
            for (field, wanted) in step["expect"].as_object().into_iter().flatten() {
                checks += 1;
                let at = format!("{} step {number}: {field} of {answer:?}", case["name"]);
                let got = answer.get(field);
                // What an answer does not have at all is null only below something that is null.
                let above = field.split('.').next().and_then(|above| answer.get(above));
                let got = got.or(above.filter(|above| above.is_null()));
                assert_eq!(got, Some(wanted), "{at}");
            }
        }
    }
    let with_steps = cases.iter().filter(|case| case.get("steps").is_some()).count();
    println!("v2store_ops: {with_steps} cases, {steps} steps, {checks} checks");
    assert!(cases.is_empty() || (with_steps >= 44 && checks >= 200), "a table has shrunk");
}

#[test]
fn what_is_hidden_is_hidden() {
    let cases = support::cases("etcd-v2store/v2store_ops.jsonl");
    let rows = cases.iter().filter_map(|case| case["is_hidden"].as_array()).flatten();
    let mut count = 0;
    for row in rows {
        let text = |at: usize| row[at].as_str().expect("a path");
        assert_eq!(is_hidden(text(0), text(1)), row[2] == true, "{row}");
        count += 1;
    }
    println!("is_hidden: {count} rows");
    assert!(cases.is_empty() || count >= 5, "a table has shrunk");
}
