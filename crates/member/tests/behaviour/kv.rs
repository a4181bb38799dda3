//! KV through the API: what is refused where, and what asks the quorum.

use proto::etcdserverpb::compare::CompareResult;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, Compare, DeleteRangeResponse, PutRequest, PutResponse,
    RangeRequest, RangeResponse, TxnRequest,
};
use proto::{Code, error, method};

use crate::support::build::{
    bytes, del, del_op, get, get_op, get_range, is_new, put, put_leased, put_op, status, then,
};
use crate::support::{Lab, S};

#[test]
fn every_answer_says_who_gave_it_and_at_which_revision() {
    let mut lab = Lab::new(3);
    for (at, revision) in [(0, 2), (1, 3), (2, 4)] {
        let response: PutResponse = lab.call(at, method::kv::PUT, &put("a", "1")).unwrap();
        let header = response.header.unwrap();
        assert_eq!((header.member_id, header.revision), (lab.seats[at].id, revision));
        assert_eq!(header.raft_term, lab.status(at).term);
        assert_ne!(header.cluster_id, 0);
    }
}

#[test]
fn a_put_is_checked_in_etcds_order() {
    let mut lab = Lab::new(1);
    let refused = |lab: &mut Lab, put: PutRequest| {
        lab.call::<PutResponse>(0, method::kv::PUT, &put).unwrap_err()
    };
    // P1: the key, then the value, then the lease; what the store knows comes last.
    let all_wrong = PutRequest {
        value: bytes("v"),
        lease: 9,
        ignore_value: true,
        ignore_lease: true,
        ..PutRequest::default()
    };
    assert_eq!(refused(&mut lab, all_wrong.clone()), error::empty_key());
    let keyed = PutRequest { key: bytes("k"), ..all_wrong };
    assert_eq!(refused(&mut lab, keyed.clone()), error::value_provided());
    let valueless = PutRequest { value: bytes(""), ..keyed };
    assert_eq!(refused(&mut lab, valueless.clone()), error::lease_provided());
    let leased = PutRequest { ignore_lease: false, ..valueless };
    assert_eq!(refused(&mut lab, leased.clone()), error::lease_not_found());
    let plain = PutRequest { lease: 0, ..leased };
    assert_eq!(refused(&mut lab, plain), error::key_not_found());
    assert_eq!(lab.range(0, &get("k")).header.unwrap().revision, 1);
}

#[test]
fn requests_are_measured_twice() {
    let mut lab = Lab::with(1, |config| config.max_request_bytes = 1000);
    let sized = |lab: &mut Lab, len: usize| {
        lab.call::<PutResponse>(0, method::kv::PUT, &put("k", &"x".repeat(len)))
    };
    sized(&mut lab, 900).unwrap();
    assert_eq!(sized(&mut lab, 1000), Err(error::request_too_large()));
    // gRPC's own bound lies half a MiB above; an empty key would be noticed only behind it.
    let limit = 1000 + 512 * 1024;
    let text = format!("grpc: received message larger than max ({} vs. {limit})", limit + 7);
    assert_eq!(sized(&mut lab, limit), Err(status(Code::ResourceExhausted, &text)));
}

#[test]
fn a_range_knows_the_past_and_refuses_what_is_not_there() {
    let mut lab = Lab::new(1);
    for value in ["1", "2", "3", "4"] {
        lab.put(0, "a", value);
    }
    let at = |revision| RangeRequest { revision, ..get("a") };
    let response = lab.range(0, &at(3));
    assert_eq!((&response.kvs[0].value[..], response.header.unwrap().revision), (&b"2"[..], 5));
    let refused = |lab: &mut Lab, revision| {
        lab.call::<RangeResponse>(0, method::kv::RANGE, &at(revision)).unwrap_err()
    };
    assert_eq!(refused(&mut lab, 6), error::future_rev());
    let compact = |lab: &mut Lab, revision| {
        let request = CompactionRequest { revision, physical: false };
        lab.call::<CompactionResponse>(0, method::kv::COMPACT, &request)
    };
    assert_eq!(compact(&mut lab, 4).unwrap().header.unwrap().revision, 5);
    assert_eq!(refused(&mut lab, 3), error::compacted());
    assert_eq!(lab.range(0, &at(4)).kvs[0].value, "3");
    assert_eq!(compact(&mut lab, 4), Err(error::compacted()));
    assert_eq!(compact(&mut lab, 6), Err(error::future_rev()));
}

#[test]
fn deletes_count_and_give_back_what_they_took() {
    let mut lab = Lab::new(1);
    lab.put(0, "a", "1");
    lab.put(0, "b", "2");
    let mut request = del("a");
    (request.range_end, request.prev_kv) = (bytes("z"), true);
    let response: DeleteRangeResponse = lab.call(0, method::kv::DELETE_RANGE, &request).unwrap();
    let values: Vec<_> = response.prev_kvs.iter().map(|kv| kv.value.clone()).collect();
    assert_eq!((response.deleted, values), (2, vec![bytes("1"), bytes("2")]));
    assert_eq!(response.header.unwrap().revision, 4);
    let again: DeleteRangeResponse = lab.call(0, method::kv::DELETE_RANGE, &request).unwrap();
    assert_eq!((again.deleted, again.header.unwrap().revision), (0, 4));
    let empty: Result<DeleteRangeResponse, _> = lab.call(0, method::kv::DELETE_RANGE, &del(""));
    assert_eq!(empty, Err(error::empty_key()));
}

#[test]
fn a_transaction_takes_one_branch_and_one_revision() {
    let mut lab = Lab::new(1);
    let txn = TxnRequest {
        compare: vec![is_new("a")],
        success: vec![put_op("a", "1"), put_op("b", "1")],
        failure: vec![del_op("a"), get_op(get("b"))],
    };
    let first = lab.txn(0, &txn).unwrap();
    assert_eq!((first.succeeded, first.header.unwrap().revision), (true, 2));
    let second = lab.txn(0, &txn).unwrap();
    assert_eq!((second.succeeded, second.responses.len()), (false, 2));
    let Some(Response::ResponseRange(range)) = &second.responses[1].response else { panic!() };
    assert_eq!((range.kvs[0].mod_revision, second.header.unwrap().revision), (2, 3));
}

#[test]
fn a_transaction_is_refused_as_a_whole() {
    let mut lab = Lab::with(1, |config| config.max_txn_ops = 2);
    let many = then(vec![put_op("a", ""), put_op("b", ""), put_op("c", "")]);
    assert_eq!(lab.txn(0, &many), Err(error::too_many_ops()));
    let twice = then(vec![put_op("a", "1"), put_op("a", "2")]);
    assert_eq!(lab.txn(0, &twice), Err(error::duplicate_key()));
    let mut nameless = is_new("");
    nameless.result = CompareResult::Greater as i32;
    let compare: Vec<Compare> = vec![nameless];
    let txn = TxnRequest { compare, ..TxnRequest::default() };
    assert_eq!(lab.txn(0, &txn), Err(error::empty_key()));
    // T4: nothing of it is done when one of its parts cannot be.
    let mut leased = put_op("b", "");
    leased.request =
        Some(proto::etcdserverpb::request_op::Request::RequestPut(put_leased("b", "", 5)));
    assert_eq!(lab.txn(0, &then(vec![put_op("a", "1"), leased])), Err(error::lease_not_found()));
    let future = RangeRequest { revision: 99, ..get("a") };
    let reads = then(vec![put_op("a", "1"), get_op(future)]);
    assert_eq!(lab.txn(0, &reads), Err(error::future_rev()));
    assert_eq!(lab.range(0, &get_range("\0", "\0")).header.unwrap().revision, 1);
}

#[test]
fn what_only_reads_does_not_enter_the_log() {
    let mut lab = Lab::new(3);
    lab.put(0, "a", "1");
    lab.run(S);
    let before = lab.status(0).last_index;
    let response = lab.txn(0, &then(vec![get_op(get("a"))])).unwrap();
    assert!(response.succeeded && response.responses.len() == 1);
    lab.range(1, &get("a"));
    assert_eq!(lab.status(0).last_index, before);
    // An empty transaction is no transaction of ranges alone: etcd logs it.
    assert!(lab.txn(0, &then(vec![])).unwrap().succeeded);
}

#[test]
fn only_serializable_reads_answer_without_a_quorum() {
    let mut lab = Lab::new(3);
    lab.put(0, "a", "1");
    let at = lab.follower();
    lab.run(S);
    lab.isolate(at);
    let serializable = RangeRequest { serializable: true, ..get("a") };
    assert_eq!(lab.range(at, &serializable).kvs[0].value, "1");
    let txn = then(vec![get_op(serializable.clone()), get_op(serializable)]);
    assert_eq!(lab.txn(at, &txn).unwrap().responses.len(), 2);
    let mixed =
        then(vec![get_op(RangeRequest { serializable: true, ..get("a") }), get_op(get("a"))]);
    assert_eq!(lab.txn(at, &mixed).unwrap_err().code, Code::Unavailable);
    let linearizable: Result<RangeResponse, _> = lab.call(at, method::kv::RANGE, &get("a"));
    assert_eq!(linearizable.unwrap_err().message, "etcdserver: request timed out");
}

#[test]
fn a_linearizable_read_sees_every_put_that_was_answered() {
    let mut lab = Lab::new(3);
    for n in 0..10 {
        let (writer, reader) = (n % 3, (n + 1) % 3);
        lab.put(writer, "a", &n.to_string());
        assert_eq!(lab.get(reader, "a"), Some(n.to_string()));
    }
}

#[test]
fn unknown_methods_are_answered_as_grpc_does() {
    let mut lab = Lab::new(1);
    for (path, text) in [
        ("/etcdserverpb.KV/RangeStream", "unknown method RangeStream for service etcdserverpb.KV"),
        ("/v3lockpb.Lock/Try", "unknown method Try for service v3lockpb.Lock"),
        ("nothing", "malformed method name: \"nothing\""),
    ] {
        let answer: Result<RangeResponse, _> = lab.call(0, path, &get("a"));
        assert_eq!(answer, Err(status(Code::Unimplemented, text)));
    }
}

#[test]
fn a_write_that_runs_out_of_time_says_why() {
    // X5, X7: nobody leads, and so it was never sent.
    let mut lab = Lab::new(3);
    let at = lab.follower();
    lab.isolate(at);
    lab.run(5 * S);
    let put_at = |lab: &mut Lab, at| {
        lab.call::<PutResponse>(at, method::kv::PUT, &put("a", "1")).unwrap_err()
    };
    assert_eq!(put_at(&mut lab, at), error::deadline_exceeded());
    // The leader has lost its followers.
    let mut lab = Lab::new(3);
    let at = lab.leader();
    lab.isolate(at);
    lab.run(S / 2);
    assert_eq!(put_at(&mut lab, at).code, Code::Unavailable);
    // It was sent to a leader that died, and another leads since.
    let mut lab = Lab::new(3);
    let (leader, at) = (lab.leader(), lab.follower());
    lab.kill(leader);
    assert_eq!(put_at(&mut lab, at), error::timeout_due_to_leader_fail());
    lab.settle();
    lab.put(at, "a", "2");
}

#[test]
fn a_write_waits_for_a_leader_and_a_read_is_to_be_asked_again() {
    let mut lab = Lab::new(3);
    let at = lab.follower();
    lab.isolate(at);
    lab.run(5 * S);
    let write = lab.begin(at, method::kv::PUT, &put("a", "1"));
    let read = lab.begin(at, method::kv::RANGE, &get("a"));
    let given_up = lab.begin(at, method::kv::PUT, &put("b", "1"));
    lab.run(S);
    lab.cancel(given_up);
    lab.heal();
    lab.finish::<PutResponse>(write).unwrap();
    // X4: clients try a read again by themselves.
    assert_eq!(lab.finish::<RangeResponse>(read), Err(error::leader_changed()));
    // Nobody waited for it any more, and it had not left.
    assert_eq!(lab.get(at, "b"), None);
}
