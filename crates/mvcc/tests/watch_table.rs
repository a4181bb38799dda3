//! etcd's own table for watches.

mod support;

use std::collections::BTreeMap;

use bytes::Bytes;
use mvcc::{Store, StreamId, WatchHub, WatchOptions};
use proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use proto::mvccpb::Event;
use serde_json::{Value, json};
use support::{cases, table};

fn number(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}

fn bytes(value: &Value) -> Bytes {
    Bytes::copy_from_slice(value.as_str().expect("a string").as_bytes())
}

/// The wire's range end of a table's: null is one key, "" all from the key on.
fn wire_end(end: &Value) -> Bytes {
    match end.as_str() {
        None => Bytes::new(),
        Some("") => Bytes::from_static(&[0]),
        Some(end) => Bytes::copy_from_slice(end.as_bytes()),
    }
}

/// One case while it runs.
struct Case {
    store: Store,
    hub: WatchHub,
    stream: StreamId,
    names: BTreeMap<String, i64>,
    /// Responses that no step has asked for yet; those that create are not among them.
    waiting: Vec<WatchResponse>,
}

impl Case {
    fn new(steps: &[Value]) -> Self {
        let config = &steps[0]["config"]["watch_batch_max_revs"];
        let mut options = WatchOptions::default();
        if let Some(revs) = config.as_u64() {
            options.batch_revs = revs as usize;
        }
        let mut hub = WatchHub::new(options);
        hub.open(0, 0, 0);
        Case { store: Store::new(), hub, stream: 0, names: BTreeMap::new(), waiting: vec![] }
    }

    /// `7`, `"$name"` or `"$name+1"`.
    fn id(&self, value: &Value) -> i64 {
        let Some(text) = value.as_str() else { return number(value) };
        let (name, plus) = text.split_once('+').unwrap_or((text, "0"));
        self.names[name.trim_start_matches('$')] + plus.parse::<i64>().expect("a number")
    }

    fn write(&mut self, steps: &[&Value]) -> Value {
        let (mut deleted, mut txn) = (0, self.store.write());
        for step in steps {
            if let Some(put) = step.get("put") {
                txn.put(&bytes(&put[0]), bytes(&put[1]), number(&put[2]));
            } else {
                let delete = &step["delete"];
                deleted += txn.delete_range(&bytes(&delete[0]), &wire_end(&delete[1]));
            }
        }
        let (rev, changes) = txn.end();
        self.hub.notify(&self.store, &changes);
        json!({"deleted": deleted, "rev": rev})
    }

    fn create(&mut self, step: &Value) -> Value {
        let watch = &step["watch"];
        let filters = step["filters"].as_array().map_or(0, Vec::len);
        let request = WatchCreateRequest {
            watch_id: number(&watch[0]),
            key: bytes(&watch[1]),
            range_end: wire_end(&watch[2]),
            start_revision: number(&watch[3]),
            filters: vec![0; filters],
            ..WatchCreateRequest::default()
        };
        assert!(filters == 0 || step["filters"] == json!(["NOPUT"]));
        self.gather();
        self.hub.create(&self.store, self.stream, &request, None);
        let (_, created) = self.hub.take().remove(0);
        assert!(created.created);
        if let Some(name) = step["bind"].as_str() {
            self.names.insert(name.to_string(), created.watch_id);
        }
        match created.cancel_reason.as_str() {
            "" => json!({"id": created.watch_id, "id_unused": true}),
            "mvcc: watcher range is empty" => json!({"error": "empty-watcher-range"}),
            "mvcc: duplicate watch ID provided on the WatchStream" => {
                json!({"error": "duplicate-watch-id"})
            }
            other => panic!("{other}"),
        }
    }

    fn gather(&mut self) {
        self.waiting.extend(self.hub.take().into_iter().map(|(_, response)| response));
    }

    /// Every response from now on until there is nothing left to catch up on.
    fn all(&mut self) -> Vec<WatchResponse> {
        loop {
            self.gather();
            if self.hub.unsynced_count() == 0 {
                return std::mem::take(&mut self.waiting);
            }
            self.hub.sync(&self.store, 0);
        }
    }

    /// The answer to a request for progress; `None` when there is none.
    fn progress(&mut self) -> Value {
        let mut responses = self.hub.take();
        assert!(responses.len() <= 1);
        responses.pop().map_or(Value::Null, |(_, response)| {
            let rev = response.header.expect("a header").revision;
            json!({"watch_id": response.watch_id, "revision": rev, "events": []})
        })
    }

    fn next(&mut self, wanted: &Value) {
        self.gather();
        if self.waiting.is_empty() {
            self.hub.sync(&self.store, 0);
            self.gather();
        }
        let response = self.waiting.remove(0);
        for (name, wanted) in wanted.as_object().expect("expectations") {
            let got = match name.as_str() {
                "watch_id" => {
                    assert_eq!(response.watch_id, self.id(wanted));
                    continue;
                }
                "events_len" => json!(response.events.len()),
                "events" => response.events.iter().map(event).collect(),
                "compact_revision" => {
                    assert!(response.canceled);
                    json!(response.compact_revision)
                }
                "first_mod_revision" => json!(mod_revision(&response.events[0])),
                "revision" => json!(response.header.expect("a header").revision),
                other => panic!("unknown expectation {other}"),
            };
            assert_eq!(&got, wanted, "{name}");
        }
    }

    fn finals(&mut self, wanted: &Value) {
        let responses = self.all();
        for (id, wanted) in wanted.as_object().expect("watchers") {
            let id: i64 = id.parse().expect("an id");
            let own = || responses.iter().filter(|response| response.watch_id == id);
            let revs: Vec<i64> = own().flat_map(|r| &r.events).map(mod_revision).collect();
            if let Some(wanted) = wanted.get("compact_revision") {
                let compacted: Vec<i64> = own().map(|r| r.compact_revision).collect();
                assert_eq!((json!(compacted), revs), (json!([wanted]), vec![]));
            } else {
                assert_eq!(json!(revs), wanted["event_mod_revisions"]);
            }
        }
    }

    fn step(&mut self, step: &Value) {
        let answer = if step.get("watch").is_some() {
            self.create(step)
        } else if let Some(times) = step.get("repeat") {
            (0..number(times)).map(|_| self.write(&writes(step))).last().expect("a write")
        } else if let Some(rev) = step.get("repeat_until_rev") {
            while self.store.rev() < number(rev) {
                self.write(&[step]);
            }
            Value::Null
        } else if step.get("put").is_some() || step.get("delete").is_some() {
            self.write(&writes(step))
        } else if let Some(id) = step.get("cancel") {
            let id = self.id(id);
            self.gather();
            self.hub.cancel(&self.store, self.stream, id);
            let known = self.hub.take().iter().any(|(_, r)| r.canceled && r.watch_id == id);
            json!({"error": if known { Value::Null } else { "watcher-not-exist".into() }})
        } else if let Some(id) = step.get("request_progress") {
            self.hub.progress_of(&self.store, self.stream, self.id(id));
            json!({"response": self.progress()})
        } else if step.get("request_progress_all").is_some() {
            self.hub.progress(&self.store, self.stream);
            json!({"response": self.progress()})
        } else if let Some(rev) = step.get("compact") {
            self.store.compact(number(rev)).expect("a revision to compact");
            Value::Null
        } else {
            return self.look(step);
        };
        let Some(expect) = step.get("expect").and_then(Value::as_object) else { return };
        for (name, wanted) in expect {
            let mut wanted = wanted.clone();
            if wanted["watch_id"].is_string() {
                wanted["watch_id"] = json!(self.id(&wanted["watch_id"]));
            }
            assert_eq!(answer[name], wanted, "{name} of {step}");
        }
    }

    /// The steps that only look, or change nothing that answers.
    fn look(&mut self, step: &Value) {
        let (name, argument) = step.as_object().expect("a step").iter().next().expect("a name");
        match name.as_str() {
            "config" => {}
            "next" => self.next(argument),
            "sync_watchers" => self.hub.sync(&self.store, 0),
            "no_response" => {
                self.hub.sync(&self.store, 0);
                assert!(self.hub.take().is_empty());
            }
            "new_stream" => {
                self.stream += 1;
                self.hub.open(self.stream, 0, 0);
            }
            "batches_mod_revisions" => {
                let batches: Vec<Vec<i64>> = self
                    .all()
                    .iter()
                    .map(|response| response.events.iter().map(mod_revision).collect())
                    .collect();
                assert_eq!(&json!(batches), argument);
            }
            "per_watcher_final" | "note" => self.finals(&step["per_watcher_final"]),
            other => panic!("unknown step {other}"),
        }
    }
}

/// The writes of one transaction.
fn writes(step: &Value) -> Vec<&Value> {
    step["txn"].as_array().map_or_else(|| vec![step], |steps| steps.iter().collect())
}

fn mod_revision(event: &Event) -> i64 {
    event.kv.as_ref().expect("a pair").mod_revision
}

fn event(event: &Event) -> Value {
    let kv = event.kv.as_ref().expect("a pair");
    let key = String::from_utf8_lossy(&kv.key);
    if event.r#type == 1 {
        assert_eq!((kv.create_revision, kv.version, kv.lease, kv.value.len()), (0, 0, 0, 0));
        return json!({"type": "delete", "kv": {"key": key, "mod_revision": kv.mod_revision}});
    }
    json!({"type": "put", "kv": {
        "key": key, "value": String::from_utf8_lossy(&kv.value),
        "create_revision": kv.create_revision, "mod_revision": kv.mod_revision,
        "version": kv.version, "lease": kv.lease
    }})
}

#[test]
fn watches_answer_as_etcds() {
    let Some(lines) = table("watch_ops.jsonl") else { return };
    let cases = cases(&lines);
    for case in &cases {
        let steps = case["steps"].as_array().expect("steps");
        let mut run = Case::new(steps);
        steps.iter().for_each(|step| run.step(step));
    }
    println!("watch_ops.jsonl: {} cases passed", cases.len());
    assert_eq!(cases.len(), 19);
}
