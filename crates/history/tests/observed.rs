//! Watches and stale reads against etcd's own tables for its validators.

mod support;

use std::collections::BTreeMap;

use bytes::Bytes;
use history::past::Replay;
use history::request::{Answer, Error, KeyValue, Op, Request};
use history::serializable::{self, Finding};
use history::watch::{Expect, WatchEvent, WatchRequest, WatchResponse, validate};
use serde_json::Value;
use support::json::{bytes, list, number, range_answer, request};
use support::{cases, table};

fn replay(case: &Value) -> Replay {
    let requests: Vec<Request> = list(&case["persisted_requests"]).iter().map(request).collect();
    Replay::of(&requests)
}

/// The range end of a prefix, and `\0` for the empty key (Q2, W1).
fn keys(case: &Value) -> (Bytes, Bytes) {
    let key = bytes(&case["key"]);
    if case["with_prefix"] != true {
        return (key, Bytes::new());
    }
    let mut end = key.to_vec();
    match end.last_mut() {
        Some(last) => *last += 1,
        None => return (Bytes::from_static(&[0]), Bytes::from_static(&[0])),
    }
    (key, end.into())
}

fn watch_request(case: &Value) -> WatchRequest {
    let (key, range_end) = keys(case);
    let revision = number(&case["revision"]);
    let prev_kv = case["with_prev_kv"] == true;
    WatchRequest { key, range_end, revision, prev_kv, ..WatchRequest::default() }
}

fn watch_event(case: &Value) -> WatchEvent {
    let key = bytes(&case["key"]);
    let prev = case.get("prev_value").filter(|prev| !prev.is_null()).map(|prev| KeyValue {
        key: key.clone(),
        value: bytes(&prev["value"]),
        mod_revision: number(&prev["mod_revision"]),
        // The rows that are wrong elsewhere leave it out.
        version: Some(number(&prev["version"])).filter(|version| *version > 0),
        ..KeyValue::default()
    });
    WatchEvent {
        value: (case["type"] == "put").then(|| bytes(&case["value"])),
        key,
        revision: number(&case["revision"]),
        is_create: case["is_create"] == true,
        prev,
    }
}

fn watch_response(case: &Value) -> WatchResponse {
    WatchResponse {
        revision: number(&case["revision"]),
        events: list(&case["events"]).iter().map(watch_event).collect(),
        is_progress_notify: case["is_progress_notify"] == true,
        canceled: case.get("error").is_some(),
        ..WatchResponse::default()
    }
}

#[test]
fn exactly_the_broken_watch_guarantees_are_flagged() {
    let Some(text) = table("etcd-robustness/watch_guarantees.jsonl") else { return };
    let mut flagged: BTreeMap<String, u32> = BTreeMap::new();
    let (mut rows, mut with_others) = (0, 0);
    for case in cases(&text) {
        let replay = replay(&case);
        let revision_unique = case["expect_revision_unique"] == true;
        let expect = Expect { revision_unique, ..Expect::default() };
        let mut found = Vec::new();
        for watch in list(&case["clients"]).iter().flat_map(|client| list(&client["watch"])) {
            let responses: Vec<_> = list(&watch["responses"]).iter().map(watch_response).collect();
            found.extend(validate(&replay, &watch_request(&watch["request"]), &responses, expect));
        }
        let first = found.first().map(|violation| match format!("{:?}", violation.guarantee) {
            name if name == "PrevKv" => "broke:PrevKV".to_owned(),
            name => format!("broke:{name}"),
        });
        let name = &case["name"];
        assert_eq!(first.as_deref(), case["expect_error"].as_str(), "{name}: {found:?}");
        rows += 1;
        if let Some(first) = first {
            *flagged.entry(first).or_default() += 1;
            let only = found.iter().all(|other| other.guarantee == found[0].guarantee);
            with_others += u32::from(!only);
        }
    }
    let sum: u32 = flagged.values().sum();
    println!(
        "watch_guarantees.jsonl: {rows} ran, {rows} passed ({sum} flagged as expected: {flagged:?}; \
         {with_others} break a second guarantee too), 0 known differences"
    );
    assert_eq!((rows, sum), (59, 28));
}

#[test]
fn exactly_the_wrong_serializable_reads_are_flagged() {
    let Some(text) = table("etcd-robustness/serializable_reads.jsonl") else { return };
    let (mut rows, mut reads) = (0, 0);
    for case in cases(&text) {
        let replay = replay(&case);
        let mut first = None;
        for read in list(&case["reads"]) {
            let Request::Kv(Op::Range(range)) = request(&read["req"]) else { panic!("{read}") };
            let seen = match read["resp"].get("range") {
                Some(range) => Answer::Range(range_answer(range)),
                None => Answer::Error(Error::FutureRevision),
            };
            reads += 1;
            let wrong = match serializable::validate(&replay, &range, None, &seen) {
                Finding::Right => continue,
                Finding::NotJudged => panic!("not judged: {read}"),
                Finding::Wrong(wrong) => wrong,
            };
            first.get_or_insert(match wrong {
                serializable::Violation::ResponseNotMatched(_) => "response-not-matched",
                serializable::Violation::FutureRevisionAnswered { .. } => {
                    "future-revision-response-requested"
                }
            });
        }
        assert_eq!(first, case["expect_error"].as_str(), "{}", case["name"]);
        rows += 1;
    }
    println!(
        "serializable_reads.jsonl: {rows} ran, {rows} passed ({reads} reads), 0 known differences"
    );
    assert_eq!(rows, 9);
}
