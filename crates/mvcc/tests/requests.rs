//! The KV requests: checks, ranges with their sorting and limits, puts that keep a part, deletes.

mod support;

use bytes::Bytes;
use mvcc::{Lessor, Rules, Store, request};
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::{DeleteRangeRequest, PutRequest, RangeRequest};
use proto::{Status, error};
use serde_json::Value;
use support::{cases, table};

fn put_request(key: &str, value: &str) -> PutRequest {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    PutRequest { key: bytes(key), value: bytes(value), ..PutRequest::default() }
}

fn store(pairs: &[(&str, &str)]) -> Store {
    let mut store = Store::new();
    for (key, value) in pairs {
        let mut lessor = Lessor::new(1);
        request::put(&mut store, &mut lessor, &put_request(key, value)).expect("a plain put");
    }
    store
}

fn all() -> RangeRequest {
    RangeRequest { key: vec![0].into(), range_end: vec![0].into(), ..RangeRequest::default() }
}

fn keys(store: &Store, request: &RangeRequest) -> (String, bool, i64) {
    let found = request::range(store, request).expect("a readable range");
    let keys: Vec<&[u8]> = found.kvs.iter().map(|kv| &kv.key[..]).collect();
    (String::from_utf8_lossy(&keys.join(&b' ')).into_owned(), found.more, found.count)
}

#[test]
fn requests_without_a_key_or_with_too_much_are_refused() {
    let put = |key: &str, value: &str, ignore_value, ignore_lease, lease| {
        let request = PutRequest { ignore_value, ignore_lease, lease, ..put_request(key, value) };
        request::check_put(&request)
    };
    let cases = [
        (put("", "v", true, true, 7), Err(error::empty_key())),
        (put("k", "v", true, true, 7), Err(error::value_provided())),
        (put("k", "", true, true, 7), Err(error::lease_provided())),
        (put("k", "", true, true, 0), Ok(())),
        (put("k", "", false, false, 7), Ok(())),
        (request::check_range(&RangeRequest::default(), Rules::V3_4), Err(error::empty_key())),
        (request::check_range(&all(), Rules::V3_6), Ok(())),
        (
            request::check_range(&RangeRequest { sort_order: 3, ..all() }, Rules::V3_6),
            Err(error::invalid_sort_option()),
        ),
        (
            request::check_range(&RangeRequest { sort_target: 5, ..all() }, Rules::V3_6),
            Err(error::invalid_sort_option()),
        ),
        (request::check_delete_range(&DeleteRangeRequest::default()), Err(error::empty_key())),
    ];
    for (n, (got, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(got, wanted, "case {n}");
    }
}

/// Q6 to Q9 on a store where each target sorts another way: b has the newest change and two
/// versions, c is the oldest, a has the greatest value.
#[test]
fn ranges_sort_filter_and_cut_as_etcd_does() {
    let store = store(&[("c", "2"), ("b", "0"), ("a", "9"), ("b", "1")]);
    let ask = |order: SortOrder, target: SortTarget, limit| RangeRequest {
        sort_order: order as i32,
        sort_target: target as i32,
        limit,
        ..all()
    };
    use SortOrder::{Ascend, Descend, None};
    use SortTarget::{Create, Key, Mod, Value, Version};
    let cases = [
        (all(), "a b c", false),
        (ask(None, Key, 2), "a b", true),
        (ask(None, Key, 3), "a b c", false),
        (ask(None, Key, -1), "a b c", false),
        (ask(Ascend, Key, 1), "a", true),
        (ask(Descend, Key, 1), "c", true),
        (ask(Ascend, Create, 0), "c b a", false),
        (ask(Descend, Create, 2), "a b", true),
        (ask(Ascend, Mod, 0), "c a b", false),
        (ask(Ascend, Value, 0), "b c a", false),
        (ask(Descend, Version, 1), "b", true),
        // No order means ascending by the target (Q7) ...
        (ask(None, Create, 0), "c b a", false),
        // ... but then the limit cuts first, in order of keys (Q6b): c is not even fetched.
        (ask(None, Create, 1), "b", true),
        (ask(Ascend, Create, 1), "c", true),
        (RangeRequest { min_mod_revision: 4, ..all() }, "a b", false),
        (RangeRequest { max_mod_revision: 4, limit: 1, ..all() }, "a", true),
        (RangeRequest { max_create_revision: 2, ..all() }, "c", false),
        (RangeRequest { min_create_revision: 3, max_create_revision: 3, ..all() }, "b", false),
        (RangeRequest { count_only: true, limit: 1, ..all() }, "", false),
        (RangeRequest { keys_only: true, ..ask(Ascend, Value, 0) }, "b c a", false),
    ];
    for (request, wanted, more) in cases {
        assert_eq!(keys(&store, &request), (wanted.to_owned(), more, 3), "{request:?}");
    }
    let names = request::range(&store, &RangeRequest { keys_only: true, ..all() });
    assert!(names.expect("a range").kvs.iter().all(|kv| kv.value.is_empty()));
}

#[test]
fn a_limit_with_a_target_but_no_order_sorts_only_what_the_limit_and_one_more_fetch() {
    let store = store(&[("b", ""), ("c", ""), ("a", ""), ("d", "")]);
    let create = SortTarget::Create as i32;
    let request = RangeRequest { limit: 2, sort_target: create, ..all() };
    assert_eq!(keys(&store, &request), ("b c".to_owned(), true, 4));
}

#[test]
fn old_revisions_are_readable_until_compaction_and_the_header_tells_the_current_one() {
    let mut store = store(&[("a", "1"), ("a", "2"), ("b", "1")]);
    let at = |revision| RangeRequest { revision, ..all() };
    let old = request::range(&store, &at(2)).expect("revision 2");
    assert_eq!(old.header.expect("a header").revision, 4);
    assert_eq!((old.count, &old.kvs[0].value[..]), (1, &b"1"[..]));
    assert_eq!(request::range(&store, &at(5)), Err(error::future_rev()));
    store.compact(3).expect("a past revision");
    assert_eq!(request::range(&store, &at(2)), Err(error::compacted()));
    assert_eq!(keys(&store, &at(3)), ("a".to_owned(), false, 1));
    assert_eq!(keys(&store, &at(-1)), ("a b".to_owned(), false, 2));
}

#[test]
fn puts_keep_what_they_are_told_to_keep() {
    let (mut store, mut lessor) = (Store::new(), Lessor::new(1));
    let keep_value = PutRequest { ignore_value: true, lease: 7, ..put_request("k", "") };
    let refused = request::put(&mut store, &mut lessor, &keep_value);
    assert_eq!(refused, Err(error::lease_not_found()), "a plain put reports the lease first");
    lessor.grant(7, 60, 0).expect("a lease");
    let refused = request::put(&mut store, &mut lessor, &keep_value);
    assert_eq!(refused, Err(error::key_not_found()));
    assert_eq!(store.rev(), 1, "nothing was written");

    let mut put = |request: PutRequest| -> Result<_, Status> {
        let request = PutRequest { prev_kv: true, ..request };
        let (answer, changes) = request::put(&mut store, &mut lessor, &request)?;
        assert_eq!(changes.len(), 1);
        let found = store.range(b"k", b"", mvcc::RangeOptions::default()).expect("a range");
        let now = found.kvs[0].clone();
        let before = answer.prev_kv.map(|kv| (kv.value, kv.lease));
        Ok(((now.value, now.lease, now.version), before))
    };
    let bytes = Bytes::from_static;
    let v1 = put(put_request("k", "v1")).expect("a put");
    assert_eq!(v1, ((bytes(b"v1"), 0, 1), None));
    let leased = put(keep_value).expect("a put");
    assert_eq!(leased, ((bytes(b"v1"), 7, 2), Some((bytes(b"v1"), 0))));
    let keep_lease = PutRequest { ignore_lease: true, ..put_request("k", "v2") };
    let v2 = put(keep_lease).expect("a put");
    assert_eq!(v2, ((bytes(b"v2"), 7, 3), Some((bytes(b"v1"), 7))));
    let detached = put(put_request("k", "v2")).expect("an equal value is a change too");
    assert_eq!(detached, ((bytes(b"v2"), 0, 4), Some((bytes(b"v2"), 7))));
}

#[test]
fn deletes_count_and_tell_what_was_there_and_move_the_revision_only_if_something_was() {
    let mut store = store(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let request = DeleteRangeRequest { key: "a".into(), range_end: "c".into(), prev_kv: true };
    let mut lessor = Lessor::new(1);
    let (answer, changes) =
        request::delete_range(&mut store, &mut lessor, &request).expect("a delete");
    assert!(changes.iter().all(|change| change.deleted) && changes.len() == 2);
    assert_eq!((answer.deleted, answer.header.expect("a header").revision), (2, 5));
    let values: Vec<&[u8]> = answer.prev_kvs.iter().map(|kv| &kv.value[..]).collect();
    assert_eq!(values, [b"1", b"2"]);
    assert_eq!(store.key_count(), 1);
    let (again, changes) =
        request::delete_range(&mut store, &mut lessor, &request).expect("a delete");
    assert!(changes.is_empty());
    assert_eq!((again.deleted, again.header.expect("a header").revision), (0, 5));
}

#[test]
fn reads_in_a_write_see_its_changes_one_revision_ahead() {
    let mut store = store(&[("a", "1")]);
    let mut txn = store.write();
    let ask = RangeRequest { key: "a".into(), ..RangeRequest::default() };
    let read = |txn: &mvcc::WriteTxn<'_>| {
        let found = request::range_in(txn, &ask).expect("a range");
        (found.header.expect("a header").revision, found.kvs[0].value.clone())
    };
    assert_eq!(read(&txn), (2, Bytes::from_static(b"1")));
    request::put_in(&mut txn, &mut Lessor::new(1), &put_request("a", "2")).expect("a put");
    assert_eq!(read(&txn), (3, Bytes::from_static(b"2")));
    let (rev, changes) = txn.end();
    assert_eq!((rev, changes.len()), (3, 1));
    let events: Vec<_> = changes.into_iter().map(mvcc::Change::into_event).collect();
    assert_eq!(events[0].kv.as_ref().map(|kv| (kv.mod_revision, kv.version)), Some((3, 2)));
}

#[test]
fn compaction_makes_room_and_defragmentation_gives_it_back() {
    let mut store = Store::new();
    let fresh = store.size_bytes();
    for _ in 0..1000 {
        let mut txn = store.write();
        txn.put(b"k", Bytes::from(vec![7; 1000]), 0);
        txn.end();
    }
    let (full, in_use) = (store.size_bytes(), store.size_in_use_bytes());
    assert!(full >= in_use && in_use > 1_000_000, "{full} {in_use}");
    store.compact(store.rev()).expect("the current revision");
    assert_eq!(store.size_bytes(), full);
    assert!(store.size_in_use_bytes() < 50_000);
    store.defragment();
    assert!(store.size_bytes() < 50_000 && store.size_bytes() >= fresh);
    assert_eq!(store.size_bytes() % 4096, 0);
}

#[test]
fn ranges_answer_as_etcds_integration_tests_want() {
    let Some(lines) = table("etcd-server/range_request.jsonl") else { return };
    let mut requests = 0;
    for case in cases(&lines).iter().filter(|case| case.get("requests").is_some()) {
        let put = case["put_keys_in_order"].as_array().expect("keys");
        let pairs: Vec<_> = put.iter().map(|key| (key.as_str().expect("a key"), "bar")).collect();
        let store = store(&pairs);
        assert_eq!(case["want_header_revision"], store.rev(), "{case}");
        for step in case["requests"].as_array().expect("requests") {
            let wanted = step["want_keys"].as_array().expect("keys");
            let wanted: Vec<_> = wanted.iter().filter_map(Value::as_str).collect();
            let (got, more, count) = keys(&store, &range_request(&step["req"]));
            assert_eq!(got, wanted.join(" "), "{step}");
            assert_eq!(
                (Value::from(more), Value::from(count)),
                (step["want_more"].clone(), step["want_count"].clone()),
                "{step}"
            );
            requests += 1;
        }
    }
    println!("range_request.jsonl: {requests} requests passed");
    assert_eq!(requests, 34);
}

fn range_request(fields: &Value) -> RangeRequest {
    let mut request = RangeRequest::default();
    for (name, value) in fields.as_object().expect("fields") {
        let bytes = || Bytes::copy_from_slice(value.as_str().expect("text").as_bytes());
        let number = || value.as_i64().expect("a number");
        match name.as_str() {
            "key" => request.key = bytes(),
            "range_end" => request.range_end = bytes(),
            "count_only" => request.count_only = value.as_bool().expect("a switch"),
            "limit" => request.limit = number(),
            "revision" => request.revision = number(),
            "min_mod_revision" => request.min_mod_revision = number(),
            "max_mod_revision" => request.max_mod_revision = number(),
            "min_create_revision" => request.min_create_revision = number(),
            "max_create_revision" => request.max_create_revision = number(),
            "sort_order" => {
                let order = SortOrder::from_str_name(value.as_str().expect("a name"));
                request.sort_order = order.expect("an order") as i32;
            }
            "sort_target" => {
                let target = SortTarget::from_str_name(value.as_str().expect("a name"));
                request.sort_target = target.expect("a target") as i32;
            }
            other => panic!("unknown field {other}"),
        }
    }
    request
}
