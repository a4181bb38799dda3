//! The tables' requests and responses in the model's types.

use bytes::Bytes;
use history::request::{
    Answer, Compare, DeleteRequest, KeyValue, Op, PutRequest, RangeAnswer, RangeRequest, Relation,
    Request, Response, Target, Txn,
};
use serde_json::Value;

pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}

pub(crate) fn bytes(value: &Value) -> Bytes {
    Bytes::copy_from_slice(value.as_str().expect("a string").as_bytes())
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

pub(crate) fn request(case: &Value) -> Request {
    match case["type"].as_str().expect("a type") {
        "range" => Request::Kv(Op::Range(RangeRequest {
            key: bytes(&case["key"]),
            range_end: bytes(&case["range_end"]),
            limit: number(&case["limit"]),
            revision: number(&case["revision"]),
            keys_only: case["keys_only"] == true,
            ..RangeRequest::default()
        })),
        "txn" => Request::Kv(Op::Txn(Txn {
            compares: list(&case["if"]).iter().map(compare).collect(),
            then: list(&case["then"]).iter().map(op).collect(),
            otherwise: list(&case["else"]).iter().map(op).collect(),
        })),
        "lease_grant" => Request::LeaseGrant { id: number(&case["id"]) },
        "lease_revoke" => Request::LeaseRevoke { id: number(&case["id"]) },
        "defragment" => Request::Defragment,
        other => panic!("unknown request {other}"),
    }
}

fn compare(case: &Value) -> Compare {
    assert_eq!(case["target"], "mod_revision");
    Compare {
        key: bytes(&case["key"]),
        range_end: Bytes::new(),
        relation: Relation::Equal,
        target: Target::ModRevision(number(&case["equal"])),
    }
}

fn op(case: &Value) -> Op {
    if let Some(put) = case.get("put") {
        let lease = put.get("lease").map_or(0, number);
        let (key, value) = (bytes(&put["key"]), bytes(&put["value"]));
        return Op::Put(PutRequest { key, value, lease, ..PutRequest::default() });
    }
    let key = bytes(&case["delete"]["key"]);
    Op::Delete(DeleteRequest { key, ..DeleteRequest::default() })
}

/// What came back; `None` when nobody knows whether the request happened.
pub(crate) fn response(request: &Request, case: &Value) -> Option<Response> {
    if case.get("error").is_some() {
        return None;
    }
    let answer = if let Some(range) = case.get("range") {
        Answer::Range(range_answer(range))
    } else if let Some(txn) = case.get("txn") {
        txn_answer(request, txn)
    } else if case.get("lease_grant").is_some() {
        let Request::LeaseGrant { id } = request else { panic!("{request} granted a lease") };
        Answer::LeaseGrant { id: *id }
    } else {
        Answer::Done
    };
    Some(Response { revision: case.get("revision").map(number), answer })
}

pub(crate) fn range_answer(case: &Value) -> RangeAnswer {
    let kvs = list(&case["kvs"]).iter().map(|kv| KeyValue {
        key: bytes(&kv["key"]),
        value: bytes(&kv["value"]),
        mod_revision: number(&kv["mod_revision"]),
        version: kv.get("version").map(number),
        create_revision: None,
        lease: None,
    });
    RangeAnswer { kvs: kvs.collect(), count: number(&case["count"]), more: None }
}

fn txn_answer(request: &Request, case: &Value) -> Answer {
    let Request::Kv(Op::Txn(txn)) = request else { panic!("{request} answered as a txn") };
    let succeeded = case["succeeded"] == true;
    let ops = if succeeded { &txn.then } else { &txn.otherwise };
    let answers = list(&case["results"]).iter().enumerate().map(|(n, result)| match ops.get(n) {
        Some(Op::Put(_)) => Answer::Put { prev: None },
        _ => Answer::Delete { deleted: number(&result["deleted"]), prev: vec![] },
    });
    Answer::Txn { succeeded, answers: answers.collect() }
}
