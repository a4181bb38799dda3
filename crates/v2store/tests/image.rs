//! The snapshot's JSON: etcd's own is read and written byte for byte; what is none is refused.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use v2store::{Action, Event, HISTORY_EVENTS_MAX, PARTS_MAX, Store, TtlOptionSet};

const NAMESPACES: &[&str] = &["/0", "/1"];
const NOW_NS: i64 = 1_795_000_000_000_000_000;

/// Written by a real etcd 3.4.23 after some requests, but for the empty places of its history.
fn real() -> String {
    include_str!("etcd-3.4.23.snap.json").trim_end().replace("PADDING", &["null"; 984].join(","))
}

fn recover(state: &str) -> Result<Store, v2store::Corrupt> {
    Store::recover(state.as_bytes(), NAMESPACES)
}

fn put(store: &mut Store, path: &str, value: &str, ttl: TtlOptionSet) -> Arc<Event> {
    store.set(path, false, value, ttl, NOW_NS).expect("a set")
}

#[test]
fn etcd_s_own_snapshot_is_read_and_written_byte_for_byte() {
    let real = real();
    let mut store = recover(&real).expect("a store");
    assert_eq!(store.save(), real);
    assert_eq!(store.index(), 16);
    assert!(store.has_ttl_keys());
    assert_eq!(store.value("/1/s"), Some("4"));
    let watch = store.watch("/1/d/e", false, false, 6).expect("a watch");
    let event = watch.event.expect("the history has it");
    // The refreshes at 10 and 11 are passed over (V8).
    assert_eq!((event.action, event.index()), (Action::Delete, 12));
    store.delete_expired_keys(i64::MAX, NOW_NS);
    assert_eq!(store.index(), 17);
    assert_eq!(store.get("/1/t", false, NOW_NS).expect_err("expired").cause, "/1/t");
    assert_eq!(store.delete("/1", true, true, NOW_NS).expect_err("read only").cause, "/");
}

#[test]
fn a_full_history_starts_later_and_is_kept() {
    let mut store = Store::new(NAMESPACES);
    for number in 0..HISTORY_EVENTS_MAX + 5 {
        put(&mut store, "/1/k", &number.to_string(), TtlOptionSet::default());
    }
    let mut again = recover(&store.save()).expect("a store");
    assert_eq!(again.save(), store.save());
    let error = again.watch("/1/k", false, false, 5).expect_err("cleared");
    assert_eq!(error.cause, "the requested history has been cleared [6/5]");
    assert_eq!((error.code as u32, error.index), (401, 1005));
    let watch = again.watch("/1/k", false, false, 6).expect("a watch");
    assert_eq!(watch.event.expect("the oldest").index(), 6);
}

/// Recorded from etcd 3.4.23: the removal of a key tells its streams, and so does its event (V9).
#[test]
fn a_stream_at_a_deleted_key_hears_twice() {
    let mut store = Store::new(NAMESPACES);
    let at = store.watch("/1/s", false, true, 0).expect("a watch").watcher.expect("an id");
    let above = store.watch("/1", true, true, 0).expect("a watch").watcher.expect("an id");
    let once = store.watch("/1/s", false, false, 2).expect("a watch").watcher.expect("an id");
    put(&mut store, "/1/s", "1", TtlOptionSet::default());
    store.delete("/1/s", false, false, NOW_NS).expect("a file");
    let heard = store.take_notices().into_iter();
    let heard: Vec<_> = heard.map(|n| (n.watcher, n.event.action.name(), n.last)).collect();
    let (set, delete) = ("set", "delete");
    let wanted = [
        (above, set, false),
        (at, set, false),
        (at, delete, false),
        (once, delete, true),
        (above, delete, false),
        (at, delete, false),
    ];
    assert_eq!(heard, wanted);
    store.remove_watcher(at);
    assert!(store.stats_json().ends_with("\"watchers\":1}"), "{}", store.stats_json());
}

#[test]
fn what_members_compare_has_neither_counts_nor_seconds_left() {
    let (mut early, mut late) = (Store::new(NAMESPACES), Store::new(NAMESPACES));
    let ttl = TtlOptionSet { expire_ns: Some(NOW_NS + 10_000_000_000), refresh: false };
    early.set("/1/k", false, "v", ttl, NOW_NS).expect("a set");
    late.set("/1/k", false, "v", ttl, NOW_NS + 3_000_000_000).expect("a set");
    late.get("/1/k", false, NOW_NS).expect("a key");
    late.watch("/1/k", false, false, 0).expect("a watch");
    assert_ne!(early.save(), late.save());
    assert_eq!(early.shared_image(), late.shared_image());
    put(&mut late, "/1/k", "w", TtlOptionSet::default());
    assert_ne!(early.shared_image(), late.shared_image());
}

#[test]
fn the_deepest_key_can_be_read_back_and_a_deeper_one_is_refused() {
    let mut store = Store::new(NAMESPACES);
    let deepest = format!("/1{}", "/d".repeat(PARTS_MAX - 1));
    put(&mut store, &deepest, "v", TtlOptionSet::default());
    let again = recover(&store.save()).expect("a store");
    assert_eq!(again.value(&deepest), Some("v"));
    let error = store.set(&format!("{deepest}/d"), false, "", TtlOptionSet::default(), NOW_NS);
    // A file is in the way before the depth is.
    assert_eq!(error.expect_err("a file").code as u32, 104);
    let deeper = format!("/1/e{}", "/d".repeat(PARTS_MAX - 1));
    let error = store.set(&deeper, false, "", TtlOptionSet::default(), NOW_NS);
    assert_eq!(error.expect_err("too deep").code as u32, 210);
    assert_eq!(store.index(), 1);
}

#[test]
fn hostile_states_are_refused() {
    let changed = |path: &str, value: Value| {
        let mut state: Value = serde_json::from_str(&real()).expect("JSON");
        *state.pointer_mut(path).expect(path) = value;
        state.to_string()
    };
    let queue = "/WatcherHub/EventHistory/Queue";
    let mut hostile = vec![
        String::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "{\"Root\":1}".into(),
        "{\"Root\":{\"Children\":".repeat(100_000),
        "[".repeat(1_000_000),
        real()[..real().len() - 1].to_owned(),
        changed("/Root/Children", Value::Null),
        changed("/Root/Children", json!([])),
        changed("/Root/Children/1/Children", json!({"a/b": {}})),
        changed("/Root/Children/1/Children", json!({"..": {}})),
        changed("/Root/Children/1/Children/s/ExpireTime", json!("soon")),
        changed("/Root/Children/1/Children/s/ExpireTime", json!(5)),
        changed("/Root/Children/1/Children/s/Value", json!(5)),
        changed("/Root/Children/1/Children/s/CreatedIndex", json!(-1)),
        changed("/CurrentIndex", json!("x")),
        changed("/CurrentIndex", json!(1.5)),
        changed(&format!("{queue}/Size"), json!(1001)),
        changed(&format!("{queue}/Size"), json!(17)),
        changed(&format!("{queue}/Size"), json!(u64::MAX)),
        changed(&format!("{queue}/Front"), json!(u64::MAX)),
        changed(&format!("{queue}/Front"), json!(1000)),
        changed(&format!("{queue}/Events"), json!({})),
        changed(&format!("{queue}/Events/3/action"), json!("steal")),
        changed(&format!("{queue}/Events/3/node"), Value::Null),
        changed(&format!("{queue}/Events/3/node/modifiedIndex"), json!(2)),
    ];
    let deep = (0..PARTS_MAX + 1)
        .fold(json!({"Children": {}}), |node, _| json!({"Children": {"d": node}}));
    hostile.push(json!({"Root": deep}).to_string());
    for state in hostile {
        let shown: String = state.chars().take(60).collect();
        assert!(recover(&state).is_err(), "accepted: {shown}");
    }
}

proptest! {
    /// No byte changed anywhere may do worse than give an error or another store.
    #[test]
    fn a_changed_byte_is_no_panic(at in 0_usize..9000, byte: u8) {
        let mut state = real().into_bytes();
        let at = at % state.len();
        state[at] = byte;
        if let Ok(mut store) = Store::recover(&state, NAMESPACES) {
            store.delete_expired_keys(i64::MAX, NOW_NS);
            drop(store.set("/1/new", false, "", TtlOptionSet::default(), NOW_NS));
            prop_assert!(Store::recover(store.save().as_bytes(), NAMESPACES).is_ok());
        }
    }
}
