//! Watch streams (W1 to W18).

use member::CallId;
use proto::etcdserverpb::watch_create_request::FilterType;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, WatchCancelRequest, WatchCreateRequest,
    WatchProgressRequest, WatchRequest, WatchResponse,
};
use proto::mvccpb::event::EventType;
use proto::{error, method};

use crate::support::build::{bytes, del_op, needs_leader, put_op, then, watch, watch_key};
use crate::support::{Lab, S};

fn open(lab: &mut Lab, at: usize, create: WatchCreateRequest) -> CallId {
    let call = lab.open(at, method::watch::WATCH);
    lab.say(call, &watch(create));
    call
}

fn from(key: &str, start_revision: i64) -> WatchCreateRequest {
    WatchCreateRequest { key: bytes(key), start_revision, ..WatchCreateRequest::default() }
}

/// Key, value and revision of what was heard; a delete has `-` for a value.
fn events(responses: &[WatchResponse]) -> Vec<String> {
    let all = responses.iter().flat_map(|response| &response.events);
    all.map(|event| {
        let kv = event.kv.clone().unwrap();
        let value = match event.r#type() {
            EventType::Put => String::from_utf8_lossy(&kv.value).into_owned(),
            EventType::Delete => "-".into(),
        };
        format!("{}={value}@{}", String::from_utf8_lossy(&kv.key), kv.mod_revision)
    })
    .collect()
}

fn hear(lab: &mut Lab, call: CallId) -> Vec<String> {
    events(&lab.heard(call))
}

#[test]
fn a_watch_is_created_first_and_hears_everything_after() {
    let mut lab = Lab::new(3);
    let at = lab.follower();
    let call = open(&mut lab, at, from("a", 0));
    let heard = lab.heard::<WatchResponse>(call);
    assert_eq!(heard.len(), 1);
    assert!(heard[0].created && heard[0].watch_id == 0 && heard[0].events.is_empty());
    let header = heard[0].header.unwrap();
    assert_eq!((header.member_id, header.revision), (lab.seats[at].id, 1));
    lab.put(0, "a", "1");
    lab.put(1, "b", "1");
    lab.txn(2, &then(vec![put_op("a", "2"), put_op("c", "2")])).unwrap();
    lab.txn(0, &then(vec![del_op("a")])).unwrap();
    assert_eq!(hear(&mut lab, call), ["a=1@2", "a=2@4", "a=-@5"]);
}

#[test]
fn the_past_comes_before_the_present() {
    let mut lab = Lab::new(1);
    for value in ["1", "2", "3"] {
        lab.put(0, "a", value);
    }
    let call = open(&mut lab, 0, from("a", 3));
    lab.put(0, "a", "4");
    assert_eq!(hear(&mut lab, call), ["a=2@3", "a=3@4", "a=4@5"]);
    let future = open(&mut lab, 0, from("a", 7));
    lab.put(0, "a", "5");
    lab.put(0, "a", "6");
    assert_eq!(hear(&mut lab, future), ["a=6@7"]);
}

#[test]
fn a_range_a_filter_and_the_pair_before_are_as_asked() {
    let mut lab = Lab::new(1);
    let call = open(
        &mut lab,
        0,
        WatchCreateRequest {
            range_end: bytes("c"),
            prev_kv: true,
            filters: vec![FilterType::Noput as i32],
            ..from("a", 0)
        },
    );
    lab.put(0, "a", "1");
    lab.put(0, "c", "1");
    lab.txn(0, &then(vec![del_op("a"), del_op("c")])).unwrap();
    let heard: Vec<WatchResponse> = lab.heard(call);
    assert_eq!(events(&heard), ["a=-@4"]);
    assert_eq!(heard[1].events[0].prev_kv.as_ref().unwrap().value, "1");
}

#[test]
fn a_watch_is_cancelled_by_its_client() {
    let mut lab = Lab::new(1);
    let call = open(&mut lab, 0, from("a", 0));
    lab.say(call, &watch_key("b"));
    let cancel = |watch_id| WatchRequest {
        request_union: Some(RequestUnion::CancelRequest(WatchCancelRequest { watch_id })),
    };
    lab.say(call, &cancel(0));
    lab.say(call, &cancel(7));
    let heard: Vec<WatchResponse> = lab.heard(call);
    let said: Vec<_> = heard.iter().map(|r| (r.watch_id, r.created, r.canceled)).collect();
    // W15: there is no answer about a watch that is not there.
    assert_eq!(said, [(0, true, false), (1, true, false), (0, false, true)]);
    lab.put(0, "a", "1");
    lab.put(0, "b", "1");
    assert_eq!(hear(&mut lab, call), ["b=1@3"]);
    lab.close_send(call);
    lab.finish::<WatchResponse>(call).unwrap();
    lab.put(0, "b", "2");
    assert_eq!(hear(&mut lab, call), [""; 0]);
}

#[test]
fn what_cannot_be_watched_is_created_and_cancelled_at_once() {
    let mut lab = Lab::new(1);
    let call = open(&mut lab, 0, WatchCreateRequest { range_end: bytes("a"), ..from("b", 0) });
    lab.say(call, &watch(WatchCreateRequest { watch_id: 5, ..from("a", 0) }));
    lab.say(call, &watch(WatchCreateRequest { watch_id: 5, ..from("a", 0) }));
    let heard: Vec<WatchResponse> = lab.heard(call);
    let said: Vec<_> =
        heard.iter().map(|r| (r.watch_id, r.created, r.canceled, &r.cancel_reason[..])).collect();
    assert_eq!(
        said,
        [
            (-1, true, true, "mvcc: watcher range is empty"),
            (5, true, false, ""),
            (-1, true, true, "mvcc: duplicate watch ID provided on the WatchStream"),
        ]
    );
}

#[test]
fn a_watch_of_what_was_compacted_is_told_so() {
    let mut lab = Lab::new(1);
    for value in ["1", "2", "3"] {
        lab.put(0, "a", value);
    }
    let compaction = CompactionRequest { revision: 3, physical: false };
    let _: CompactionResponse = lab.call(0, method::kv::COMPACT, &compaction).unwrap();
    let call = open(&mut lab, 0, from("a", 2));
    let heard: Vec<WatchResponse> = lab.heard(call);
    assert!(heard[0].created);
    assert_eq!((heard[1].canceled, heard[1].compact_revision), (true, 3));
}

#[test]
fn progress_is_told_when_it_is_asked_for() {
    let mut lab = Lab::new(1);
    let call = open(&mut lab, 0, from("a", 0));
    lab.put(0, "b", "1");
    lab.heard::<WatchResponse>(call);
    let request = RequestUnion::ProgressRequest(WatchProgressRequest {});
    lab.say(call, &WatchRequest { request_union: Some(request) });
    let heard: Vec<WatchResponse> = lab.heard(call);
    assert_eq!((heard[0].watch_id, heard[0].header.unwrap().revision), (-1, 2));
}

#[test]
fn idle_watches_hear_of_the_progress_from_time_to_time() {
    let mut lab = Lab::with(1, |config| config.watch_progress_interval_us = 10 * S);
    let call = open(&mut lab, 0, WatchCreateRequest { progress_notify: true, ..from("a", 0) });
    lab.run(25 * S);
    // One for each interval of at most 11 s, after the answer to its creation.
    let heard: Vec<WatchResponse> = lab.heard(call);
    assert_eq!(heard.len(), 3);
    assert!(heard[1..].iter().all(|r| r.watch_id == 0 && r.events.is_empty()));
}

#[test]
fn a_stream_that_asked_for_a_leader_ends_without_one_and_others_go_quiet() {
    let mut lab = Lab::new(3);
    let at = lab.follower();
    let strict = lab.open_as(&needs_leader(), at, method::watch::WATCH);
    lab.say(strict, &watch_key("a"));
    let patient = open(&mut lab, at, from("a", 0));
    lab.run(S);
    lab.isolate(at);
    let result = lab.finish::<WatchResponse>(strict);
    assert_eq!(result, Err(error::no_leader()));
    assert_eq!(lab.answer::<WatchResponse>(patient), None);
    // A new one is refused at once, a plain one is taken.
    let late = lab.open_as(&needs_leader(), at, method::watch::WATCH);
    assert_eq!(lab.finish::<WatchResponse>(late), Err(error::no_leader()));
    let leader = lab.leader();
    lab.put(leader, "a", "1");
    assert_eq!(hear(&mut lab, patient), [""; 0]);
    lab.heal();
    lab.settle();
    assert_eq!(hear(&mut lab, patient), ["a=1@2"]);
}

#[test]
fn a_client_resumes_at_another_member_without_gap_or_repetition() {
    let mut lab = Lab::new(3);
    let call = open(&mut lab, 0, from("a", 0));
    lab.put(1, "a", "1");
    assert_eq!(hear(&mut lab, call), ["a=1@2"]);
    lab.kill(0);
    lab.settle();
    lab.put(1, "a", "2");
    lab.put(2, "a", "3");
    let resumed = open(&mut lab, 2, from("a", 3));
    assert_eq!(hear(&mut lab, resumed), ["a=2@3", "a=3@4"]);
}

#[test]
fn a_watch_survives_a_snapshot_that_replaces_everything() {
    let mut lab = Lab::with(3, |config| {
        (config.snapshot_count, config.snapshot_catchup_entries) = (10, 5);
    });
    let at = lab.follower();
    let call = open(&mut lab, at, from("a", 0));
    lab.run(S);
    lab.isolate(at);
    let leader = lab.leader();
    for n in 0..30 {
        lab.put(leader, "a", &n.to_string());
    }
    lab.heal();
    lab.settle();
    let heard = hear(&mut lab, call);
    assert_eq!((heard.len(), heard[0].as_str(), heard[29].as_str()), (30, "a=0@2", "a=29@31"));
}
