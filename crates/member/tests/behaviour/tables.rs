//! Tables of etcd's integration tests that ask a server: ranges, puts and transactions.

use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{
    DeleteRangeRequest, PutRequest, PutResponse, RangeRequest, RangeResponse, RequestOp,
    TxnRequest, TxnResponse, range_request,
};
use proto::{Status, method};
use serde_json::Value;

use crate::support::build::{bytes, get, is_new, put_op};
use crate::support::{Lab, tables};

/// The lease that the tables call `L1`.
const L1: i64 = 0x11;

fn text(value: &Value, field: &str) -> bytes::Bytes {
    bytes(value[field].as_str().unwrap_or_default())
}

fn number(value: &Value, field: &str) -> i64 {
    match &value[field] {
        Value::String(name) if name == "L1" => L1,
        other => other.as_i64().unwrap_or_default(),
    }
}

fn put(value: &Value) -> PutRequest {
    PutRequest {
        key: text(value, "key"),
        value: text(value, "value"),
        lease: number(value, "lease"),
        prev_kv: value["prev_kv"] == true,
        ignore_value: value["ignore_value"] == true,
        ignore_lease: value["ignore_lease"] == true,
    }
}

fn range(value: &Value) -> RangeRequest {
    let order = value["sort_order"].as_str().unwrap_or("NONE");
    let target = value["sort_target"].as_str().unwrap_or("KEY");
    RangeRequest {
        key: text(value, "key"),
        range_end: text(value, "range_end"),
        limit: number(value, "limit"),
        revision: number(value, "revision"),
        sort_order: range_request::SortOrder::from_str_name(order).unwrap() as i32,
        sort_target: range_request::SortTarget::from_str_name(target).unwrap() as i32,
        count_only: value["count_only"] == true,
        keys_only: value["keys_only"] == true,
        serializable: value["serializable"] == true,
        min_mod_revision: number(value, "min_mod_revision"),
        max_mod_revision: number(value, "max_mod_revision"),
        min_create_revision: number(value, "min_create_revision"),
        max_create_revision: number(value, "max_create_revision"),
    }
}

fn ops(value: &Value) -> Vec<RequestOp> {
    let Some(all) = value.as_array() else { return Vec::new() };
    all.iter().map(op).collect()
}

fn op(value: &Value) -> RequestOp {
    let (kind, inner) = value.as_object().unwrap().iter().next().unwrap();
    let request = match kind.as_str() {
        "put" => Request::RequestPut(put(inner)),
        "delete" => Request::RequestDeleteRange(DeleteRangeRequest {
            key: text(inner, "key"),
            range_end: text(inner, "range_end"),
            prev_kv: false,
        }),
        "txn" => Request::RequestTxn(txn(inner)),
        other => panic!("unknown operation {other}"),
    };
    RequestOp { request: Some(request) }
}

fn txn(value: &Value) -> TxnRequest {
    TxnRequest {
        success: ops(&value["success"]),
        failure: ops(&value["failure"]),
        ..TxnRequest::default()
    }
}

/// Whether it went as the case wants.
fn fits<T>(result: &Result<T, Status>, case: &Value) -> bool {
    match (result, case["want_error"].as_str()) {
        (Ok(_), None) => true,
        (Err(status), Some(wanted)) => status.message == wanted,
        _ => false,
    }
}

#[test]
fn ranges_answer_as_in_the_table() {
    let file = "etcd-server/range_request.jsonl";
    let Some(cases) = tables::cases(file) else { return };
    let (mut ran, mut wrong) = (0, Vec::new());
    for case in &cases {
        let mut lab = Lab::new(3);
        for (n, key) in case["put_keys_in_order"].as_array().unwrap().iter().enumerate() {
            lab.put(n % 3, key.as_str().unwrap(), "bar");
        }
        for (n, asked) in case["requests"].as_array().unwrap().iter().enumerate() {
            ran += 1;
            let answer: Result<RangeResponse, _> =
                lab.call(n % 3, method::kv::RANGE, &range(&asked["req"]));
            let answer = answer.unwrap();
            let keys: Vec<_> =
                answer.kvs.iter().map(|kv| String::from_utf8_lossy(&kv.key).into_owned()).collect();
            let revision = answer.header.unwrap().revision;
            let good = asked["want_keys"] == serde_json::json!(keys)
                && asked["want_more"] == answer.more
                && asked["want_count"] == answer.count
                && case["want_header_revision"] == revision;
            if !good {
                wrong.push(format!("{}: {asked}: {keys:?} {}", case["name"], answer.count));
            }
        }
    }
    tables::settle(file, ran, &wrong);
}

#[test]
fn puts_that_ignore_something_go_as_in_the_table() {
    let file = "etcd-server/put_ignore.jsonl";
    let Some(cases) = tables::cases(file) else { return };
    let (mut ran, mut wrong) = (0, Vec::new());
    for case in &cases {
        let mut lab = Lab::new(3);
        lab.grant(0, L1, 30);
        let mut key = String::new();
        for step in case["steps"].as_array().unwrap() {
            ran += 1;
            let op = &step["op"];
            let mut good = if op.get("put").is_some() {
                key = op["put"]["key"].as_str().unwrap().to_owned();
                let answer: Result<PutResponse, _> = lab.call(1, method::kv::PUT, &put(&op["put"]));
                let silent = answer.as_ref().is_ok_and(|a| a.prev_kv.is_none());
                fits(&answer, step) && (step["want_no_prev_kv"] != true || silent)
            } else if op.get("txn").is_some() {
                fits(&lab.txn(2, &txn(&op["txn"])), step)
            } else {
                fits(&lab.revoke(0, number(op, "lease_revoke")), step)
            };
            if let Some(wanted) = step.get("want_kv") {
                let kv = lab.range(0, &get(&key)).kvs.into_iter().next().unwrap_or_default();
                good &= kv.value == text(wanted, "value") && kv.lease == number(wanted, "lease");
            }
            if !good {
                wrong.push(format!("{}: {step}", case["name"]));
            }
        }
    }
    tables::settle(file, ran, &wrong);
}

#[test]
fn transactions_are_let_in_as_in_the_tables() {
    let file = "etcd-server/txn_duplicate_keys.jsonl";
    let Some(cases) = tables::cases(file) else { return };
    let mut lab = Lab::new(1);
    let mut wrong = Vec::new();
    for case in &cases {
        if !fits(&lab.txn(0, &txn(case)), case) {
            wrong.push(case.to_string());
        }
    }
    tables::settle(file, cases.len(), &wrong);
    let file = "etcd-server/txn_too_many_ops.jsonl";
    let Some(cases) = tables::cases(file) else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let keys = || (0..case["n"].as_u64().unwrap()).map(|n| format!("k{n}"));
        let puts = || keys().map(|key| put_op(&key, "")).collect();
        let mut txn = TxnRequest::default();
        match case["kind"].as_str().unwrap() {
            "compare" => txn.compare = keys().map(|key| is_new(&key)).collect(),
            "success_put" => txn.success = puts(),
            "failure_put" => txn.failure = puts(),
            _ => {
                let nested = |key: String| {
                    let inner =
                        TxnRequest { success: vec![put_op(&key, "")], ..TxnRequest::default() };
                    RequestOp { request: Some(Request::RequestTxn(inner)) }
                };
                txn.success = keys().map(nested).collect();
            }
        }
        let answer: Result<TxnResponse, _> = lab.txn(0, &txn);
        if !fits(&answer, case) {
            wrong.push(case.to_string());
        }
    }
    tables::settle(file, cases.len(), &wrong);
}
