//! The watch hub, rule by rule (W1 to W16).

use bytes::Bytes;
use mvcc::{Store, WatchHub, WatchOptions};
use proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use proto::mvccpb::{Event, KeyValue};

const SECOND: u64 = 1_000_000;

/// A store and a hub with stream 1 open.
struct Lab {
    store: Store,
    hub: WatchHub,
}

fn lab() -> Lab {
    lab_with(WatchOptions::default())
}

fn lab_with(options: WatchOptions) -> Lab {
    let mut hub = WatchHub::new(options);
    hub.open(1, 0, 0);
    Lab { store: Store::new(), hub }
}

impl Lab {
    fn txn(&mut self, writes: &[(&str, Option<&str>)]) {
        let mut txn = self.store.write();
        for (key, value) in writes {
            match value {
                Some(value) => {
                    txn.put(key.as_bytes(), Bytes::copy_from_slice(value.as_bytes()), 0);
                }
                None => {
                    txn.delete_range(key.as_bytes(), b"");
                }
            }
        }
        let (_, changes) = txn.end();
        self.hub.notify(&self.store, &changes);
    }

    fn put(&mut self, key: &str, value: &str) {
        self.txn(&[(key, Some(value))]);
    }

    fn del(&mut self, key: &str) {
        self.txn(&[(key, None)]);
    }

    fn compact(&mut self, rev: i64) {
        self.store.compact(rev).expect("a revision to compact");
    }

    /// Creates on stream 1; the responses of this very call.
    fn create(&mut self, request: WatchCreateRequest) -> Vec<WatchResponse> {
        self.hub.create(&self.store, 1, &request, None);
        self.take()
    }

    fn take(&mut self) -> Vec<WatchResponse> {
        self.hub.take().into_iter().map(|(_, response)| response).collect()
    }

    fn tick(&mut self, now: u64) -> Vec<WatchResponse> {
        self.hub.sync(&self.store, now);
        self.take()
    }

    /// What all events say that have come, in etcdctl's manner.
    fn events(&mut self) -> Vec<String> {
        self.take().iter().flat_map(|response| &response.events).map(shown).collect()
    }

    fn progress(&mut self) -> Vec<(i64, i64)> {
        self.hub.progress(&self.store, 1);
        self.take().iter().map(|response| (response.watch_id, rev(response))).collect()
    }
}

fn on(key: &str, range_end: &str, start_revision: i64) -> WatchCreateRequest {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let (key, range_end) = (bytes(key), bytes(range_end));
    WatchCreateRequest { key, range_end, start_revision, ..WatchCreateRequest::default() }
}

fn rev(response: &WatchResponse) -> i64 {
    response.header.as_ref().expect("a header").revision
}

fn shown(event: &Event) -> String {
    let kv = event.kv.as_ref().expect("a pair");
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let prev = event
        .prev_kv
        .as_ref()
        .map_or(String::new(), |prev| format!(" was {}@{}", text(&prev.value), prev.mod_revision));
    let what = if event.r#type == 1 { "DELETE" } else { "PUT" };
    format!("{what} {}={}@{}{prev}", text(&kv.key), text(&kv.value), kv.mod_revision)
}

/// (watch id, cancel reason, compacted revision) of a response that cancels.
fn canceled(response: &WatchResponse) -> (i64, &str, i64) {
    assert!(response.canceled);
    (response.watch_id, &response.cancel_reason, response.compact_revision)
}

#[test]
fn ranges_are_one_key_a_span_or_everything_after() {
    let cases: [(&str, &str, &[&str]); 6] = [
        ("b", "", &["b"]),
        ("b", "c", &["b", "b1"]),
        ("b", "\0", &["b", "b1", "c"]),
        ("\0", "\0", &["a", "b", "b1", "c"]),
        ("", "\0", &["a", "b", "b1", "c"]),
        ("", "", &[]),
    ];
    for (key, range_end, wanted) in cases {
        let mut lab = lab();
        assert!(!lab.create(on(key, range_end, 0))[0].canceled);
        for key in ["a", "b", "b1", "c"] {
            lab.put(key, "");
        }
        let keys: Vec<String> = lab.events();
        let keys: Vec<&str> = keys.iter().map(|text| &text[4..text.len() - 3]).collect();
        assert_eq!(keys, wanted, "{key:?} {range_end:?}");
    }
}

#[test]
fn an_empty_range_is_refused() {
    let mut lab = lab();
    for (key, range_end) in [("b", "a"), ("a", "a"), ("\0\0", "\0\0")] {
        let responses = lab.create(on(key, range_end, 0));
        assert!(responses.len() == 1 && responses[0].created);
        assert_eq!(canceled(&responses[0]), (-1, "mvcc: watcher range is empty", 0));
    }
    assert_eq!(lab.hub.watcher_count(), 0);
}

#[test]
fn a_future_watcher_is_silent_until_then() {
    let mut lab = lab();
    lab.create(on("a", "", 4));
    lab.put("a", "2");
    lab.put("a", "3");
    assert!(lab.tick(0).is_empty());
    assert_eq!(lab.progress(), [], "a promise about revisions that it does not see");
    lab.put("a", "4");
    assert_eq!(lab.events(), ["PUT a=4@4"]);
    assert_eq!(lab.progress(), [(-1, 4)]);
}

#[test]
fn a_negative_start_is_refused_before_all_else_or_sees_no_history() {
    let mut new = lab();
    new.hub.create(&new.store, 1, &on("b", "a", -1), Some("denied".into()));
    let responses = new.take();
    assert!(responses.len() == 1 && responses[0].created);
    let text = "etcdserver: mvcc: required revision has been compacted";
    assert_eq!(canceled(&responses[0]), (-1, text, 0));

    let options = WatchOptions { refuse_negative_start: false, ..WatchOptions::default() };
    let mut old = lab_with(options);
    old.put("a", "1");
    assert!(!old.create(on("a", "", -1))[0].canceled);
    old.create(on("a", "", 1));
    old.tick(0);
    old.put("a", "2");
    old.hub.cancel(&old.store, 1, 1);
    old.put("a", "3");
    assert_eq!(old.events(), ["PUT a=2@3", "PUT a=2@3", "PUT a=3@4"]);
    old.compact(2);
    let created = old.create(on("a", "", -1));
    assert!(created[0].created && !created[0].canceled);
    assert_eq!(canceled(&old.tick(0)[0]), (created[0].watch_id, "", 2));
}

#[test]
fn ids_are_given_in_order_around_those_taken() {
    let mut lab = lab();
    let mut id = |watch_id| {
        let request = WatchCreateRequest { watch_id, ..on("a", "", 0) };
        lab.create(request).remove(0)
    };
    let ids = [0, 1, 0, 7, 0].map(|asked| id(asked).watch_id);
    assert_eq!(ids, [0, 1, 2, 7, 3]);
    let refused = id(7);
    let text = "mvcc: duplicate watch ID provided on the WatchStream";
    assert_eq!(canceled(&refused), (-1, text, 0));
    lab.hub.cancel(&lab.store, 1, 0);
    lab.hub.cancel(&lab.store, 1, 7);
    lab.take();
    let ids = [0, 7, 0]
        .map(|watch_id| lab.create(WatchCreateRequest { watch_id, ..on("a", "", 0) })[0].watch_id);
    assert_eq!(ids, [4, 7, 5], "an id that was given is not given again, but can be asked for");
}

#[test]
fn ids_of_two_streams_have_nothing_to_do_with_each_other() {
    let mut lab = lab();
    lab.hub.open(2, 0, 0);
    for stream in [1, 2] {
        lab.hub.create(&lab.store, stream, &on("a", "", 0), None);
    }
    lab.put("a", "1");
    let responses = lab.hub.take();
    let ids: Vec<(u64, i64)> = responses.iter().map(|(to, r)| (*to, r.watch_id)).collect();
    assert_eq!(ids, [(1, 0), (2, 0), (1, 0), (2, 0)]);
}

#[test]
fn without_permission_nothing_is_watched_and_the_reason_is_the_full_text() {
    let mut lab = lab();
    let text = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
    lab.hub.create(&lab.store, 1, &on("b", "a", 0), Some(text.into()));
    let responses = lab.take();
    assert!(responses[0].created);
    assert_eq!(canceled(&responses[0]), (-1, text, 0));
    assert_eq!(lab.hub.watcher_count(), 0);
}

/// As in the recording of `watch --rev` on etcd 3.4.23.
#[test]
fn history_comes_in_one_response_at_the_next_tick() {
    let mut lab = lab();
    for (key, value) in [("a", Some("1")), ("b", Some("1")), ("a", Some("2")), ("a", None)] {
        lab.txn(&[(key, value)]);
    }
    lab.put("a", "3");
    let watch = |lab: &mut Lab, request: WatchCreateRequest| {
        let created = lab.create(request);
        assert!(created.len() == 1 && created[0].created && rev(&created[0]) == lab.store.rev());
        let mut responses = lab.tick(0);
        assert_eq!((responses.len(), rev(&responses[0])), (1, 6));
        responses.remove(0).events.iter().map(shown).collect::<Vec<_>>()
    };
    let prev = |start| WatchCreateRequest { prev_kv: true, ..on("a", "", start) };
    assert_eq!(
        watch(&mut lab, on("a", "", 1)),
        ["PUT a=1@2", "PUT a=2@4", "DELETE a=@5", "PUT a=3@6"]
    );
    assert_eq!(watch(&mut lab, on("a", "", 5)), ["DELETE a=@5", "PUT a=3@6"]);
    assert_eq!(watch(&mut lab, prev(4)), ["PUT a=2@4 was 1@2", "DELETE a=@5 was 2@4", "PUT a=3@6"]);
    assert_eq!(
        watch(&mut lab, on("", "\0", 2)),
        ["PUT a=1@2", "PUT b=1@3", "PUT a=2@4", "DELETE a=@5", "PUT a=3@6"]
    );
    lab.compact(5);
    let created = lab.create(on("a", "", 3));
    assert!(created[0].created && !created[0].canceled, "created first (W4)");
    let gone = lab.tick(0);
    assert_eq!(canceled(&gone[0]), (created[0].watch_id, "", 5));
    assert_eq!(rev(&gone[0]), 0, "etcd sends no revision here");
    assert_eq!(
        watch(&mut lab, prev(5)),
        ["DELETE a=@5", "PUT a=3@6"],
        "at the compacted revision is not below it, but the pair before is gone (W6, W9)"
    );
    assert_eq!(watch(&mut lab, prev(6)), ["PUT a=3@6"]);
}

#[test]
fn a_long_history_comes_a_thousand_revisions_a_tick_and_none_is_split() {
    for (key, range_end) in [("a", ""), ("a", "b")] {
        let mut lab = lab();
        for _ in 0..2100 {
            lab.txn(&[("a", Some("1")), ("x", Some("1")), ("a", Some("2"))]);
        }
        lab.create(on(key, range_end, 1));
        let mut sizes = vec![];
        while lab.hub.unsynced_count() > 0 {
            assert_eq!(lab.progress(), [], "not all is sent yet");
            let responses = lab.tick(0);
            assert_eq!((responses.len(), rev(&responses[0])), (1, 2101));
            sizes.push(responses[0].events.len());
        }
        assert_eq!(sizes, [2000, 2000, 200]);
        assert_eq!(lab.progress(), [(-1, 2101)]);
    }
}

#[test]
fn a_compaction_overtakes_a_watcher_that_catches_up() {
    let options = WatchOptions { batch_revs: 2, ..WatchOptions::default() };
    let mut lab = lab_with(options);
    for value in ["2", "3", "4", "5", "6", "7"] {
        lab.put("a", value);
    }
    lab.create(on("a", "", 2));
    lab.create(on("a", "", 4));
    assert_eq!(lab.tick(0).len(), 2);
    lab.compact(6);
    let responses = lab.tick(0);
    assert_eq!(canceled(&responses[0]), (0, "", 6), "it was owed 4 and 5");
    let rest: Vec<String> = responses[1].events.iter().map(shown).collect();
    assert_eq!(rest, ["PUT a=6@6", "PUT a=7@7"]);
    lab.put("a", "8");
    assert_eq!(lab.events(), ["PUT a=8@8"]);
    // The id is the client's until it cancels.
    assert_eq!(lab.hub.watcher_count(), 1);
    assert_eq!(lab.progress(), []);
    lab.hub.cancel(&lab.store, 1, 0);
    assert_eq!(canceled(&lab.take()[0]), (0, "", 0));
    assert_eq!(lab.progress(), [(-1, 8)]);
}

#[test]
fn a_write_is_one_response_to_each_watcher_with_all_its_changes_in_order() {
    let mut lab = lab();
    lab.put("a", "old");
    for range_end in ["", "b"] {
        lab.create(WatchCreateRequest { prev_kv: true, ..on("a", range_end, 0) });
    }
    lab.txn(&[("a", None), ("aa", Some("1")), ("z", Some("1")), ("a", Some("new")), ("aa", None)]);
    let responses = lab.take();
    let all: Vec<(i64, i64, Vec<String>)> = responses
        .iter()
        .map(|r| (r.watch_id, rev(r), r.events.iter().map(shown).collect()))
        .collect();
    // A key deleted and put in one write is a new key: no pair before the put.
    let a = ["DELETE a=@3 was old@2", "PUT a=new@3"].map(String::from);
    let both = ["DELETE a=@3 was old@2", "PUT aa=1@3", "PUT a=new@3", "DELETE aa=@3"];
    assert_eq!(all, [(0, 3, a.to_vec()), (1, 3, both.map(String::from).to_vec())]);
    assert_eq!(
        responses[0].events[0].kv,
        Some(KeyValue { key: "a".into(), mod_revision: 3, ..KeyValue::default() })
    );
}

#[test]
fn filters_leave_out_puts_or_deletes_and_then_say_nothing() {
    for (filters, wanted) in [
        (vec![], vec!["PUT a=1@2", "DELETE a=@3"]),
        (vec![0], vec!["DELETE a=@3"]),
        (vec![1], vec!["PUT a=1@2"]),
        (vec![0, 1], vec![]),
    ] {
        let mut lab = lab();
        let count = wanted.len();
        lab.create(WatchCreateRequest { filters: filters.clone(), ..on("a", "", 0) });
        lab.put("a", "1");
        lab.del("a");
        let responses = lab.take();
        assert_eq!(responses.len(), count);
        let live: Vec<String> = responses.iter().flat_map(|r| &r.events).map(shown).collect();
        assert_eq!(live, wanted);
        lab.create(WatchCreateRequest { filters, ..on("a", "", 1) });
        lab.hub.sync(&lab.store, 0);
        assert_eq!(lab.events(), wanted, "history too");
    }
}

#[test]
fn the_pair_before_comes_only_to_those_who_want_it() {
    let mut lab = lab();
    lab.create(on("a", "", 0));
    lab.create(WatchCreateRequest { prev_kv: true, ..on("a", "", 0) });
    lab.put("a", "1");
    lab.put("a", "2");
    assert_eq!(lab.events(), ["PUT a=1@2", "PUT a=1@2", "PUT a=2@3", "PUT a=2@3 was 1@2"]);
}

#[test]
fn progress_is_promised_only_when_the_whole_stream_is_synced() {
    let mut lab = lab();
    lab.put("a", "1");
    assert_eq!(lab.progress(), [], "no watcher");
    lab.create(on("b", "", 0));
    assert_eq!(lab.progress(), [(-1, 2)]);
    lab.create(on("b", "", 1));
    assert_eq!(lab.progress(), [], "the second has not caught up");
    assert!(lab.tick(0).is_empty(), "nothing concerns it");
    assert_eq!(lab.progress(), [(-1, 2)]);
    lab.hub.progress(&lab.store, 9);
    assert!(lab.take().is_empty(), "no such stream");
}

#[test]
fn older_servers_answer_a_progress_request_at_once() {
    let options = WatchOptions { progress_when_synced: false, ..WatchOptions::default() };
    let mut lab = lab_with(options);
    lab.put("a", "1");
    lab.create(on("a", "", 1));
    assert_eq!(lab.progress(), [(-1, 2)]);
}

#[test]
fn idle_watchers_hear_of_the_progress_every_interval_but_not_after_an_event() {
    let options = WatchOptions { progress_interval_us: 10 * SECOND, ..WatchOptions::default() };
    let mut lab = lab_with(options);
    lab.hub.open(2, SECOND, 5 * SECOND);
    lab.create(on("a", "", 0));
    let wanting = WatchCreateRequest { progress_notify: true, ..on("a", "", 0) };
    lab.create(wanting.clone());
    lab.hub.create(&lab.store, 2, &WatchCreateRequest { start_revision: 3, ..wanting }, None);
    lab.take();
    let tick = |lab: &mut Lab, second: u64| {
        lab.hub.sync(&lab.store, second * SECOND);
        let said = lab.hub.take();
        let said = said.iter().map(|(to, r)| {
            assert!(r.events.is_empty() && !r.created && !r.canceled);
            (*to, r.watch_id, rev(r))
        });
        said.collect::<Vec<_>>()
    };
    assert_eq!(tick(&mut lab, 9), []);
    assert_eq!(tick(&mut lab, 10), [(1, 1, 1)]);
    assert_eq!(tick(&mut lab, 11), []);
    assert_eq!(tick(&mut lab, 16), [], "the other stream's turn, but its start is to come");
    lab.put("a", "1");
    lab.take();
    assert_eq!(tick(&mut lab, 20), [], "the event was sign enough");
    lab.put("b", "1");
    assert_eq!(tick(&mut lab, 27), [(2, 0, 3)]);
    assert_eq!(tick(&mut lab, 55), [(1, 1, 3), (2, 0, 3)], "late, but once");
    assert_eq!(tick(&mut lab, 59), []);
    assert_eq!(tick(&mut lab, 60), [(1, 1, 3), (2, 0, 3)]);
}

#[test]
fn a_large_response_comes_in_pieces_to_those_who_asked() {
    let mut lab = lab();
    lab.create(on("a", "b", 0));
    lab.create(WatchCreateRequest { fragment: true, ..on("a", "b", 0) });
    let value = "x".repeat(900_000);
    let keys = ["a1", "a2", "a3", "a4", "a5"];
    lab.txn(&keys.map(|key| (key, Some(value.as_str()))));
    let said: Vec<(i64, usize, bool)> =
        lab.take().iter().map(|r| (r.watch_id, r.events.len(), r.fragment)).collect();
    assert_eq!(said, [(0, 5, false), (1, 2, true), (1, 2, true), (1, 1, false)]);
}

#[test]
fn a_round_takes_512_and_a_full_round_is_followed_by_another_at_once() {
    let mut lab = lab();
    for _ in 0..1200 {
        lab.put("a", "1");
    }
    for n in 0..1300 {
        lab.create(on("a", "", if n < 600 { 1 } else { 1000 }));
    }
    let mut first = vec![];
    let mut ticks = 0;
    while lab.hub.unsynced_count() > 0 {
        ticks += 1;
        first.extend(lab.tick(0).iter().map(|response| response.watch_id));
    }
    // The first 512 need two turns and get nobody through, so the tick ends. In the next tick 88
    // more of them get their first half, the 424 after them are through, and so on to the end.
    assert_eq!(ticks, 2);
    assert_eq!(first.len(), 1300 + 600);
    let ids: Vec<i64> = (0..1300).chain(0..600).collect();
    assert_eq!(first, ids, "nobody is served twice before all were served once");
}

#[test]
fn after_a_cancel_there_are_no_more_events() {
    let mut lab = lab();
    lab.put("a", "1");
    lab.create(on("a", "", 0));
    lab.create(on("a", "", 1));
    for id in [0, 1, 1, 5] {
        lab.hub.cancel(&lab.store, 1, id);
    }
    lab.hub.cancel(&lab.store, 2, 0);
    let said: Vec<(i64, i64)> = lab.take().iter().map(|r| (canceled(r).0, rev(r))).collect();
    assert_eq!(said, [(0, 2), (1, 2)]);
    lab.put("a", "2");
    assert!(lab.tick(0).is_empty());
}

#[test]
fn a_closed_stream_is_forgotten() {
    let mut lab = lab();
    lab.hub.open(2, 0, 0);
    lab.hub.create(&lab.store, 2, &on("a", "", 0), None);
    lab.create(on("a", "", 1));
    lab.put("a", "1");
    lab.hub.close(1);
    let to: Vec<u64> = lab.hub.take().iter().map(|(to, _)| *to).collect();
    assert_eq!(to, [2]);
    assert_eq!((lab.hub.watcher_count(), lab.hub.stream_count()), (1, 1));
    lab.create(on("a", "", 0));
    assert_eq!(lab.hub.watcher_count(), 1, "a request on a closed stream");
    assert_eq!(lab.hub.unsynced_count(), 0);
}

/// A snapshot from the leader takes the place of the store, and nobody tells the hub.
#[test]
fn revisions_that_passed_the_hub_by_are_caught_up_on() {
    let mut lab = lab();
    lab.create(on("a", "", 0));
    lab.create(on("a", "", 4));
    lab.put("a", "2");
    assert_eq!(lab.events(), ["PUT a=2@2"]);
    for value in ["3", "4"] {
        let mut txn = lab.store.write();
        txn.put(b"a", Bytes::copy_from_slice(value.as_bytes()), 0);
        txn.end();
    }
    assert_eq!(lab.progress(), [], "it would not be true");
    lab.put("a", "5");
    assert_eq!(lab.events(), [""; 0]);
    lab.hub.sync(&lab.store, 0);
    assert_eq!(lab.events(), ["PUT a=3@3", "PUT a=4@4", "PUT a=5@5", "PUT a=4@4", "PUT a=5@5"]);
    lab.put("a", "6");
    assert_eq!(lab.events(), ["PUT a=6@6", "PUT a=6@6"]);
}

#[test]
fn a_thousand_watchers_of_one_key_hear_nothing_of_a_hundred_thousand_others() {
    let mut lab = lab();
    for n in 0..1000 {
        lab.create(on("watched", "", 0));
        lab.create(on(&format!("r{n:04}"), &format!("r{n:04}~"), 0));
    }
    for n in 0..100_000 {
        lab.put(&format!("k{}", n % 1000), "1");
    }
    assert!(lab.take().is_empty());
    lab.put("r0500/x", "1");
    assert_eq!(lab.take().len(), 1);
    lab.put("watched", "1");
    assert_eq!(lab.take().len(), 1000);
}
