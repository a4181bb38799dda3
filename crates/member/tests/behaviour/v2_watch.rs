//! Watches by `/v2/keys?wait=true` (V9).

use bytes::Bytes;
use proto::http::{METHOD, Request, Response};

use crate::support::http::{recorded, request, shown, with_v2};
use crate::support::{Lab, S};

const HEAD: &str = "200\nContent-Type: application/json\nX-Etcd-Cluster-Id: 1b54e08a7a3c9540\n";

fn text(piece: &Bytes) -> String {
    String::from_utf8(piece.to_vec()).expect("text")
}

#[test]
fn a_call_waits_for_one_event() {
    let mut lab = Lab::with(1, recorded);
    let call = lab.begin_curl(0, "/v2/keys/a?wait=true");
    assert_eq!(lab.curl_answer(call), None);
    lab.curl("-XPUT /v2/keys/b -d value=1");
    assert_eq!(lab.curl_answer(call), None);
    assert!(lab.curl("/v2/stats/store").ends_with("\"watchers\":1}"));
    lab.curl("-XPUT /v2/keys/a -d value=1");
    let event = "{\"action\":\"set\",\"node\":{\"key\":\"/a\",\"value\":\"1\",\"modifiedIndex\":5,\"createdIndex\":5}}\n";
    // The index is that of the moment at which the watch began.
    let wanted = format!("{HEAD}X-Etcd-Index: 3\nX-Raft-Index: ..\nX-Raft-Term: ..\n{event}");
    assert_eq!(lab.curl_answer(call), Some(wanted));
    assert!(lab.curl("/v2/stats/store").ends_with("\"watchers\":0}"));
}

#[test]
fn who_goes_away_waits_no_more() {
    let mut lab = Lab::with(1, recorded);
    let call = lab.begin_curl(0, "/v2/keys/a?wait=true&stream=true");
    lab.run(S);
    lab.cancel(call);
    lab.run(S);
    assert!(lab.curl("/v2/stats/store").ends_with("\"watchers\":0}"));
    lab.curl("-XPUT /v2/keys/a -d value=1");
    assert_eq!(lab.curl_answer(call), None);
}

#[test]
fn the_history_is_looked_at_first() {
    let mut lab = Lab::with(1, recorded);
    for value in 0..1005 {
        lab.curl(&format!("-XPUT /v2/keys/a -d value={value}"));
    }
    let old = lab.curl("/v2/keys/a?wait=true&waitIndex=5");
    let body = "{\"errorCode\":401,\"message\":\"The event in requested index is outdated and cleared\",\
                \"cause\":\"the requested history has been cleared [9/5]\",\"index\":1008}\n";
    assert!(old.starts_with("400\n") && old.ends_with(body), "{old}");
    assert!(old.contains("X-Etcd-Index: 1008\n"), "{old}");
    let found = lab.curl("/v2/keys/?wait=true&recursive=true&waitIndex=9");
    assert!(found.contains("\"value\":\"5\",\"modifiedIndex\":9"), "{found}");
    assert!(found.contains("X-Etcd-Index: 1008\n"), "{found}");
    // Recorded: a refresh is in the history and is passed over (V8).
    lab.curl("-XPUT /v2/keys/a -d refresh=true -d ttl=100");
    let call = lab.begin_curl(0, "/v2/keys/a?wait=true&waitIndex=1009");
    assert_eq!(lab.curl_answer(call), None);
    lab.curl("-XDELETE /v2/keys/a");
    let end = lab.curl_answer(call).expect("an event");
    assert!(
        end.contains("\"action\":\"delete\"") && end.contains("\"modifiedIndex\":1010"),
        "{end}"
    );
}

/// A stream gets its head, then a piece for each event; that of a deletion twice, as recorded.
#[test]
fn a_stream_hears_of_every_event() {
    let mut lab = Lab::with(1, recorded);
    let call = lab.open(0, METHOD);
    lab.say(call, &request("/v2/keys/s?wait=true&stream=true"));
    lab.close_send(call);
    let pieces = lab.heard_bytes(call);
    let [head] = &pieces[..] else { panic!("the head alone: {pieces:?}") };
    let head: Response = prost::Message::decode(head.clone()).expect("a head");
    let wanted = format!("{HEAD}X-Etcd-Index: 3\nX-Raft-Index: ..\nX-Raft-Term: ..\n");
    assert_eq!(shown(&head), wanted);
    lab.curl("-XPUT /v2/keys/s -d value=1");
    lab.curl("-XDELETE /v2/keys/s");
    lab.curl("-XPUT /v2/keys/other -d value=1");
    let pieces: Vec<String> = lab.heard_bytes(call).iter().map(text).collect();
    let set = "{\"action\":\"set\",\"node\":{\"key\":\"/s\",\"value\":\"1\",\"modifiedIndex\":4,\"createdIndex\":4}}\n";
    let delete = "{\"action\":\"delete\",\"node\":{\"key\":\"/s\",\"modifiedIndex\":5,\"createdIndex\":4},\"prevNode\":{\"key\":\"/s\",\"value\":\"1\",\"modifiedIndex\":4,\"createdIndex\":4}}\n";
    assert_eq!(pieces, [set, delete, delete]);
    assert_eq!(lab.answer::<Request>(call), None);
    lab.cancel(call);
    lab.run(S);
    assert!(lab.curl("/v2/stats/store").ends_with("\"watchers\":0}"));
}

/// A stream of the method ends where the answer does.
#[test]
fn other_requests_may_come_by_stream_too() {
    let mut lab = Lab::with(1, recorded);
    for (words, pieces) in [
        ("-XPUT /v2/keys/a -d value=1", 1),
        ("/v2/keys/a", 1),
        ("/nope", 1),
        ("/v2/keys/a?wait=true&waitIndex=4", 2),
    ] {
        let call = lab.open(0, METHOD);
        lab.say(call, &request(words));
        assert_eq!(lab.heard_bytes(call).len(), pieces, "{words}");
        assert!(lab.answer::<Request>(call).is_some_and(|end| end.is_ok()), "{words}");
    }
    let call = lab.open(0, METHOD);
    lab.close_send(call);
    lab.run(S);
    assert!(lab.answer::<Request>(call).is_some());
}

/// Every member tells its own watchers, and a snapshot of the leader's leaves them waiting.
#[test]
fn watchers_stay_through_a_snapshot() {
    let mut lab = Lab::with(3, |config| {
        with_v2(config);
        (config.snapshot_count, config.snapshot_catchup_entries) = (10, 3);
    });
    let behind = lab.follower();
    let call = lab.begin_curl(behind, "/v2/keys/a?wait=true");
    lab.run(S);
    lab.isolate(behind);
    let leader = lab.leader();
    for value in 0..25 {
        lab.curl_at(leader, &format!("-XPUT /v2/keys/b -d value={value}"));
    }
    lab.heal();
    lab.run(5 * S);
    assert_eq!(lab.curl_answer(call), None);
    let leader = lab.leader();
    lab.curl_at(leader, "-XPUT /v2/keys/a -d value=1");
    let event = lab.curl_answer(call).expect("an event");
    assert!(event.contains("\"key\":\"/a\""), "{event}");
}
