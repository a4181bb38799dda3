//! etcd's own tables for the key index, the tree index, the store and HashKV.

mod support;

use std::collections::BTreeSet;

use bytes::Bytes;
use mvcc::{
    Change, Entry, Error, KeyIndex, KeyRange, RangeOptions, Revision, RevisionNotFound, Store,
    TreeIndex,
};
use proto::mvccpb::KeyValue;
use serde_json::{Value, json};
use support::{cases, table};

fn number(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}

fn text(value: &Value) -> &[u8] {
    value.as_str().expect("a string").as_bytes()
}

/// The wire's range end of a table's: null is one key, "" all from the key on.
fn wire_end(end: &Value) -> Vec<u8> {
    match end.as_str() {
        None => vec![],
        Some("") => vec![0],
        Some(end) => end.as_bytes().to_vec(),
    }
}

fn pair(rev: Revision) -> Value {
    json!([rev.main, rev.sub])
}

fn pairs<'a>(revs: impl IntoIterator<Item = &'a Revision>) -> Value {
    revs.into_iter().map(|rev| pair(*rev)).collect()
}

fn dump(key: &[u8], index: &KeyIndex) -> Value {
    let generations: Vec<Value> = index
        .generations()
        .iter()
        .map(|g| json!({"created": pair(g.created), "ver": g.ver, "revs": pairs(&g.revs)}))
        .collect();
    let key = String::from_utf8_lossy(key);
    json!({"key": key, "modified": pair(index.modified()), "generations": generations})
}

fn not_found() -> Value {
    json!({"error": "revision-not-found"})
}

fn built(setup: &Value) -> KeyIndex {
    let mut index = KeyIndex::default();
    for step in setup.as_array().expect("steps") {
        let rev = Revision::new(step[1].as_i64().unwrap_or(0), step[2].as_i64().unwrap_or(0));
        match step[0].as_str().expect("an operation") {
            "put" => {
                index.put(rev);
            }
            "restore" => {
                let rev = |name: &str| {
                    Revision::new(number(&step[1][name][0]), number(&step[1][name][1]))
                };
                let ver = number(&step[1]["ver"]);
                index = KeyIndex::restore(rev("created"), rev("modified"), ver);
            }
            "tombstone" => index.tombstone(rev).expect("a living key"),
            "restore_tombstone" => index = KeyIndex::restore_tombstone(rev),
            "compact" => index.compact(rev.main, true, &mut BTreeSet::new()),
            other => panic!("unknown operation {other}"),
        }
    }
    index
}

fn key_index_answer(index: &mut KeyIndex, call: &Value, expect: &Value) -> Value {
    let (name, argument) = call.as_object().expect("a call").iter().next().expect("one call");
    match name.as_str() {
        "get" => match index.get(number(argument)) {
            Ok(found) => json!({
                "modified": pair(found.modified), "created": pair(found.created),
                "version": found.version
            }),
            Err(RevisionNotFound) => not_found(),
        },
        "since" => json!({"revs": pairs(&index.since(number(argument)))}),
        "find_generation" => {
            json!({"generation_index": index.find_generation(number(argument))})
        }
        "tombstone" => {
            let rev = Revision::new(number(&argument[0]), number(&argument[1]));
            index.tombstone(rev).expect_err("the table has only refused ones");
            not_found()
        }
        "dump" if expect.get("generations_len").is_some() => {
            let last = index.generations().last().expect("a generation");
            json!({
                "generations_len": index.generations().len(),
                "last_generation_revs": pairs(&last.revs)
            })
        }
        "dump" => json!({"key_index": dump(b"foo", index)}),
        "compact" => {
            let (mut kept, mut available) = (BTreeSet::new(), BTreeSet::new());
            index.keep(number(argument), &mut kept);
            index.compact(number(argument), true, &mut available);
            let mut answer =
                json!({"available": pairs(&available), "key_index": dump(b"foo", index)});
            if expect.get("keep_available").is_some() {
                answer["keep_available"] = pairs(&kept);
            }
            answer
        }
        other => panic!("unknown call {other}"),
    }
}

#[test]
fn the_key_index_answers_as_etcds() {
    let Some(lines) = table("etcd-mvcc/key_index.jsonl") else { return };
    let cases = cases(&lines);
    for (n, case) in cases.iter().enumerate() {
        let mut index = built(&case["setup"]);
        let answer = key_index_answer(&mut index, &case["call"], &case["expect"]);
        assert_eq!(answer, case["expect"], "case {n}: {case}");
    }
    println!("key_index.jsonl: {} cases passed", cases.len());
    assert_eq!(cases.len(), 81);
}

fn tree_index_answer(index: &mut TreeIndex, call: &Value) -> Value {
    let (name, argument) = call.as_object().expect("a call").iter().next().expect("one call");
    let end = wire_end(&argument[1]);
    match name.as_str() {
        "get" => match index.get(text(&argument[0]), number(&argument[1])) {
            Ok(found) => json!({
                "modified": pair(found.modified), "created": pair(found.created),
                "version": found.version
            }),
            Err(RevisionNotFound) => not_found(),
        },
        "range" => {
            let keys = KeyRange::from_wire(text(&argument[0]), &end);
            let (mut found, mut revs) = (vec![], vec![]);
            for (key, rev) in index.range(keys, number(&argument[2])) {
                found.push(String::from_utf8_lossy(key).into_owned());
                revs.push(rev);
            }
            json!({"keys": found, "revs": pairs(&revs)})
        }
        "revisions" => {
            let keys = KeyRange::from_wire(text(&argument[0]), &end);
            let limit = number(&argument[3]) as usize;
            let (revs, count) = index.revisions(keys, number(&argument[2]), limit);
            json!({"revs": pairs(&revs), "count": count})
        }
        "compact" => {
            let keep = index.keep(number(argument));
            let compacted = index.compact(number(argument), true);
            let left: Vec<Value> = index.iter().map(|(key, index)| dump(key, index)).collect();
            json!({"key_indexes": left, "keep": pairs(&keep), "compacted": pairs(&compacted)})
        }
        other => panic!("unknown call {other}"),
    }
}

#[test]
fn the_tree_index_answers_as_etcds() {
    let Some(lines) = table("etcd-mvcc/tree_index.jsonl") else { return };
    let cases = cases(&lines);
    for (n, case) in cases.iter().enumerate() {
        let mut index = TreeIndex::default();
        for step in case["setup"].as_array().expect("steps") {
            let rev = Revision::new(number(&step[2]), number(&step[3]));
            match step[0].as_str().expect("an operation") {
                "put" => drop(index.put(text(&step[1]), rev)),
                "tombstone" => index.tombstone(text(&step[1]), rev).expect("a living key"),
                other => panic!("unknown operation {other}"),
            }
        }
        let answer = tree_index_answer(&mut index, &case["call"]);
        let mut expect = case["expect"].clone();
        // These two are sets; the table has them in no order.
        for name in ["keep", "compacted"] {
            if let Some(set) = expect.get_mut(name).and_then(Value::as_array_mut) {
                set.sort_by_key(|rev| (number(&rev[0]), number(&rev[1])));
            }
        }
        assert_eq!(answer, expect, "case {n}: {case}");
    }
    println!("tree_index.jsonl: {} cases passed", cases.len());
    assert_eq!(cases.len(), 45);
}

/// The keys of the procedure that comes with the hashes.
fn pick_key(i: i64) -> &'static str {
    const NAMES: [&str; 7] = ["alice", "bob", "celine", "dominik", "eve", "frederica", "gorge"];
    match (i % 142, i % 71) {
        (30, _) => "zenek",
        (_, 30) => "xavery",
        _ => NAMES[(i % 7) as usize],
    }
}

fn put_kvs(store: &mut Store, rev: i64, count: i64) {
    for i in rev..=rev + count {
        let mut txn = store.write();
        txn.put(pick_key(i).as_bytes(), Bytes::from(i.to_string()), 0);
        txn.end();
    }
}

#[test]
fn hash_kv_is_etcds_bit_by_bit() {
    let Some(text) = table("etcd-mvcc/hashkv_golden.json") else { return };
    let golden: Value = serde_json::from_str(&text).expect("JSON");
    let mut compared = 0;
    for (name, half) in [("half_revision", true), ("last_revision", false)] {
        let mut answers = vec![];
        let mut hash = |store: &Store, rev| {
            let hash = store.hash_kv(rev).expect("a readable revision");
            answers.push(json!({
                "hash": hash.hash, "compact_revision": hash.compact_revision,
                "revision": hash.hash_revision
            }));
            hash.hash_revision
        };
        let (mut store, mut rev) = (Store::new(), 0);
        while rev < 1210 {
            put_kvs(&mut store, rev, 71);
            let hashed = hash(&store, if half { rev + 35 } else { 0 });
            store.compact(hashed).expect("a revision to compact");
            rev += 71;
        }
        put_kvs(&mut store, rev, 1210);
        hash(&store, if half { rev + 605 } else { 0 });
        compared += answers.len();
        assert_eq!(Value::from(answers), golden[name], "{name}");
    }
    println!("hashkv_golden.json: {compared} hashes passed");
    assert_eq!(compared, 38);
}

/// Three hashes that etcd's tests have for stores whose keys were deleted around a compaction.
#[test]
fn hash_kv_agrees_where_tombstones_meet_the_compacted_revision() {
    let fill = |store: &mut Store| {
        for i in 0..20 {
            let mut txn = store.write();
            txn.put(format!("k{i}").as_bytes(), Bytes::from(i.to_string()), 0);
            txn.end();
        }
    };
    let clear = |store: &mut Store| {
        let mut txn = store.write();
        assert_eq!(txn.delete_range(b"k", b"l"), 20);
        txn.end();
    };
    let compact = |store: &mut Store| store.compact(store.rev()).expect("the current revision");
    type Step<'a> = &'a dyn Fn(&mut Store);
    let survivor = |store: &mut Store| {
        let mut txn = store.write();
        txn.put(b"survivor", Bytes::from_static(b"v"), 0);
        txn.end();
    };
    let cases: [(&[Step<'_>], u32, i64, i64); 3] = [
        (&[&fill, &clear, &compact], 0x40a4_756d, 22, 22),
        (&[&fill, &survivor, &clear, &compact], 0x145a_cb52, 23, 23),
        (&[&fill, &fill, &compact, &clear], 0x0480_3ce7, 41, 42),
    ];
    for (steps, hash, compact_revision, hash_revision) in cases {
        let mut store = Store::new();
        steps.iter().for_each(|step| step(&mut store));
        let wanted = mvcc::HashKv { hash, compact_revision, hash_revision };
        assert_eq!(store.hash_kv(0), Ok(wanted));
    }
}

/// A reader's answer in the table's terms.
fn range_answer(found: Result<mvcc::RangeResult, Error>, expect: &Value) -> Value {
    let found = match found {
        Ok(found) => found,
        Err(Error::Compacted) => return json!({"error": "compacted"}),
        Err(Error::FutureRev) => return json!({"error": "future-rev"}),
    };
    let kvs: Vec<Value> = found
        .kvs
        .iter()
        .map(|kv| {
            json!({
                "key": String::from_utf8_lossy(&kv.key), "value": String::from_utf8_lossy(&kv.value),
                "create_revision": kv.create_revision, "mod_revision": kv.mod_revision,
                "version": kv.version, "lease": kv.lease
            })
        })
        .collect();
    let all = json!({"rev": found.rev, "kvs": kvs, "count": found.count});
    let asked = expect.as_object().expect("expectations").keys();
    Value::Object(asked.map(|name| (name.clone(), all[name].clone())).collect())
}

fn pair_of(kv: &KeyValue) -> Value {
    json!({
        "key": String::from_utf8_lossy(&kv.key), "value": String::from_utf8_lossy(&kv.value),
        "create_revision": kv.create_revision, "mod_revision": kv.mod_revision,
        "version": kv.version, "lease": kv.lease
    })
}

fn event(change: &Change) -> Value {
    if change.deleted {
        let key = String::from_utf8_lossy(&change.kv.key);
        return json!({
            "type": "delete", "kv": {"key": key, "mod_revision": change.kv.mod_revision}
        });
    }
    json!({"type": "put", "kv": pair_of(&change.kv)})
}

/// Runs one step inside a write; what it answers.
fn write_step(txn: &mut mvcc::WriteTxn<'_>, step: &Value) -> Option<Value> {
    if let Some(put) = step.get("put") {
        let value = Bytes::copy_from_slice(text(&put[1]));
        return Some(json!({"rev": txn.put(text(&put[0]), value, number(&put[2]))}));
    }
    if let Some(delete) = step.get("delete") {
        let deleted = txn.delete_range(text(&delete[0]), &wire_end(&delete[1]));
        return Some(json!({"deleted": deleted, "rev": txn.rev()}));
    }
    if let Some(range) = step.get("range") {
        let found = txn.range(text(&range[0]), &wire_end(&range[1]), options(step));
        return Some(range_answer(found, &step["expect"]));
    }
    None
}

fn options(step: &Value) -> RangeOptions {
    let field = |name: &str| step.get(name).map_or(0, number);
    let rev = if step.get("at").is_some() { field("at") } else { field("rev") };
    RangeOptions { limit: field("limit"), rev, count_only: false }
}

/// All that a step asks to be read, at each revision that it names, errors included.
fn recorded(store: &Store, step: &Value) -> Vec<Result<mvcc::RangeResult, Error>> {
    let (first, end) = (text(&step["range"][0]), wire_end(&step["range"][1]));
    let revs = step["at_each"].as_array().expect("revisions").iter().map(number);
    revs.map(|rev| store.range(first, &end, RangeOptions { rev, ..RangeOptions::default() }))
        .collect()
}

/// The store as it comes back from the bytes of its bucket.
fn restarted(store: &Store) -> Store {
    let entry = |(key, value): (Vec<u8>, Vec<u8>)| {
        Entry::from_bucket(&key, value.into()).expect("what the bucket has")
    };
    Store::restore(store.key_bucket().map(entry), store.image())
}

/// What a case needs besides the store.
#[derive(Default)]
struct Memory {
    step: Value,
    recorded: Vec<Result<mvcc::RangeResult, Error>>,
    live: usize,
}

/// Runs one step about the store as a whole; `None` when it is none.
fn whole_step(store: &mut Store, memory: &mut Memory, step: &Value) -> Option<Value> {
    if let Some(record) = step.get("record") {
        memory.step = record.clone();
        memory.recorded = recorded(store, record);
        memory.live = store.key_count();
    } else if step.get("restart_store_from_backend").is_some() {
        *store = restarted(store);
    } else if step.get("compare_recorded").is_some() {
        assert_eq!(recorded(store, &memory.step), memory.recorded);
        assert_eq!(store.key_count(), memory.live);
    } else if let Some(rev) = step.get("rev") {
        assert_eq!(store.rev(), number(rev));
    } else if let Some(put) = step.get("repeat_put") {
        for i in number(&put["from"])..=number(&put["to"]) {
            let value = format!("{}{i}", put["value_prefix"].as_str().expect("a prefix"));
            let mut txn = store.write();
            txn.put(text(&put["key"]), value.into(), 0);
            txn.end();
        }
    } else if let Some(rev) = step.get("hashkv") {
        return Some(match store.hash_kv(number(rev)) {
            Ok(_) => json!({"error": null}),
            Err(Error::Compacted) => json!({"error": "compacted"}),
            Err(Error::FutureRev) => json!({"error": "future-rev"}),
        });
    } else if let Some(revs) = step.get("hashkv_equal") {
        let hash = |n: usize| store.hash_kv(number(&revs[n])).expect("a readable revision");
        assert_eq!(hash(0), hash(1));
    } else {
        return None;
    }
    Some(json!({}))
}

/// Runs one step.
fn store_step(store: &mut Store, memory: &mut Memory, step: &Value) -> Option<Value> {
    if let Some(answer) = whole_step(store, memory, step) {
        return Some(answer);
    }
    if let Some(steps) = step.get("txn").and_then(Value::as_array) {
        let mut txn = store.write();
        for step in steps {
            let answer = write_step(&mut txn, step)?;
            check(&answer, step);
        }
        return Some(json!({"rev": txn.end().0}));
    }
    if let Some(range) = step.get("range") {
        let found = store.range(text(&range[0]), &wire_end(&range[1]), options(step));
        return Some(range_answer(found, &step["expect"]));
    }
    if let Some(rev) = step.get("compact") {
        return Some(match store.compact(number(rev)) {
            Ok(()) => json!({"error": null}),
            Err(Error::Compacted) => json!({"error": "compacted"}),
            Err(Error::FutureRev) => json!({"error": "future-rev"}),
        });
    }
    if let Some(between) = step.get("events_between") {
        let all = KeyRange::From(b"\0");
        let changes = store.changes(all, number(&between[0]), number(&between[1]));
        return Some(json!({"events": changes.iter().map(event).collect::<Vec<_>>()}));
    }
    let mut txn = store.write();
    let answer = write_step(&mut txn, step);
    txn.end();
    answer
}

fn check(answer: &Value, step: &Value) {
    let Some(expect) = step.get("expect").and_then(Value::as_object) else { return };
    for (name, wanted) in expect {
        assert_eq!(&answer[name], wanted, "{name} of {step}");
    }
}

#[test]
fn the_store_answers_as_etcds() {
    let Some(lines) = table("etcd-mvcc/store_ops.jsonl") else { return };
    let cases = cases(&lines);
    for case in &cases {
        let (mut store, mut memory) = (Store::new(), Memory::default());
        for step in case["steps"].as_array().expect("steps") {
            let answer = store_step(&mut store, &mut memory, step);
            check(&answer.unwrap_or_else(|| panic!("{step}")), step);
        }
    }
    println!("store_ops.jsonl: {} cases passed", cases.len());
    assert_eq!(cases.len(), 64);
}
