//! etcd's own tables for transactions, and the model of its robustness tests.

#[path = "support/member.rs"]
mod member;
mod support;

use member::Member;
use mvcc::{RangeOptions, Rules, request, txn as txns};
use proto::Status;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
};
use serde_json::Value;
use support::build::{absent, bytes, compare, nested, op, put, txn};
use support::{cases, table};

const MAX_TXN_OPS: usize = 128;

fn check(request: &TxnRequest) -> Result<(), Status> {
    txns::check(request, MAX_TXN_OPS, Rules::V3_5)
}

fn then(ops: &[RequestOp]) -> TxnRequest {
    txn(&[], ops, &[])
}

fn op_of(fields: &Value) -> RequestOp {
    let (kind, fields) = fields.as_object().expect("an operation").iter().next().expect("one");
    let text = |name: &str| bytes(fields.get(name).and_then(Value::as_str).unwrap_or(""));
    op(match kind.as_str() {
        "put" => Request::RequestPut(put_of(fields)),
        "delete" => Request::RequestDeleteRange(DeleteRangeRequest {
            key: text("key"),
            range_end: text("range_end"),
            prev_kv: false,
        }),
        "txn" => Request::RequestTxn(txn_of(fields)),
        other => panic!("unknown operation {other}"),
    })
}

/// A lease is a number, or the name of the one lease that a case grants.
fn put_of(fields: &Value) -> PutRequest {
    let text = |name: &str| bytes(fields.get(name).and_then(Value::as_str).unwrap_or(""));
    let switch = |name: &str| fields.get(name).and_then(Value::as_bool).unwrap_or(false);
    let lease = match fields.get("lease") {
        None => 0,
        Some(Value::String(_)) => 1,
        Some(id) => id.as_i64().expect("a lease"),
    };
    PutRequest {
        key: text("key"),
        value: text("value"),
        lease,
        prev_kv: switch("prev_kv"),
        ignore_value: switch("ignore_value"),
        ignore_lease: switch("ignore_lease"),
    }
}

fn txn_of(fields: &Value) -> TxnRequest {
    let ops = |name: &str| -> Vec<RequestOp> {
        let ops = fields.get(name).and_then(Value::as_array);
        ops.into_iter().flatten().map(op_of).collect()
    };
    txn(&[], &ops("success"), &ops("failure"))
}

#[test]
fn keys_written_twice_are_refused_as_etcds_integration_tests_want() {
    let Some(lines) = table("etcd-server/txn_duplicate_keys.jsonl") else { return };
    let cases = cases(&lines);
    for case in &cases {
        let got = check(&txn_of(case)).err().map(|status| status.message);
        assert_eq!(got.as_deref(), case["want_error"].as_str(), "{case}");
    }
    println!("txn_duplicate_keys.jsonl: {} cases passed", cases.len());
    assert_eq!(cases.len(), 10);
}

#[test]
fn too_many_operations_are_refused_as_etcds_integration_tests_want() {
    let Some(lines) = table("etcd-server/txn_too_many_ops.jsonl") else { return };
    let cases = cases(&lines);
    for case in &cases {
        let many = |n: usize| {
            let key = |n: usize| format!("key{n}");
            let puts: Vec<_> = (0..n).map(|n| put(&key(n), "")).collect();
            match case["kind"].as_str().expect("a kind") {
                "compare" => {
                    let compares: Vec<_> = (0..n).map(|n| absent(&key(n))).collect();
                    txn(&compares, &[], &[])
                }
                "success_put" => then(&puts),
                "failure_put" => txn(&[], &[], &puts),
                "success_nested_txn_with_one_put" => {
                    let nest = |put| nested(then(&[put]));
                    then(&puts.into_iter().map(nest).collect::<Vec<_>>())
                }
                other => panic!("unknown kind {other}"),
            }
        };
        let n = case["n"].as_u64().expect("a number") as usize;
        let got = check(&many(n)).err().map(|status| status.message);
        assert_eq!(got.as_deref(), case["want_error"].as_str(), "{case}");
        let deep = case["kind"] == "success_nested_txn_with_one_put";
        assert_eq!(check(&many(n - 1)).is_err(), deep, "one less leaves room, but none to nest");
    }
    println!("txn_too_many_ops.jsonl: {} cases passed", cases.len());
    assert_eq!(cases.len(), 4);
}

/// One step of the table of puts that keep a part: what it answers, as a text or none.
fn put_ignore_step(member: &mut Member, step: &Value) -> Option<String> {
    let (kind, fields) = step["op"].as_object().expect("one").iter().next().expect("one");
    let done = match kind.as_str() {
        "put" => {
            let put = put_of(fields);
            request::check_put(&put).and_then(|()| {
                let answer = request::put(&mut member.store, &mut member.lessor, &put)?;
                if step.get("want_no_prev_kv").is_some() {
                    assert_eq!(answer.0.prev_kv, None, "{step}");
                }
                Ok(())
            })
        }
        "txn" => {
            let request = txn_of(fields);
            check(&request).and_then(|()| member.apply(&request).map(drop))
        }
        "lease_revoke" => request::lease_revoke(&mut member.store, &mut member.lessor, 1)
            .map(drop)
            .map_err(Status::from),
        other => panic!("unknown operation {other}"),
    };
    done.err().map(|status| status.message)
}

#[test]
fn puts_that_keep_a_part_do_as_etcds_integration_tests_want() {
    let Some(lines) = table("etcd-server/put_ignore.jsonl") else { return };
    let mut steps = 0;
    for case in cases(&lines) {
        let mut member = Member::new();
        member.lessor.grant(1, 30, 0).expect("a lease");
        for step in case["steps"].as_array().expect("steps") {
            let got = put_ignore_step(&mut member, step);
            assert_eq!(got.as_deref(), step.get("want_error").and_then(Value::as_str), "{step}");
            if let Some(wanted) = step.get("want_kv") {
                let key = if case["name"] == "ignore_value sequence" { "foo" } else { "zoo" };
                let found = member.store.range(key.as_bytes(), b"", RangeOptions::default());
                let kv = found.expect("a range").kvs.pop().expect("a pair");
                let lease = if wanted["lease"] == "L1" { 1 } else { 0 };
                assert_eq!(kv.value, bytes(wanted["value"].as_str().expect("text")), "{step}");
                assert_eq!(kv.lease, lease, "{step}");
                assert_eq!(member.lessor.lease_of(key.as_bytes()), lease, "{step}");
            }
            steps += 1;
        }
    }
    println!("put_ignore.jsonl: {steps} steps passed");
    assert_eq!(steps, 14);
}

fn model_txn(request: &Value) -> TxnRequest {
    let list = |name: &str| request[name].as_array().expect("a list").clone();
    let compares: Vec<Compare> = list("if")
        .iter()
        .map(|condition| {
            assert_eq!(condition["target"], "mod_revision");
            let rev = TargetUnion::ModRevision(condition["equal"].as_i64().expect("a revision"));
            let key = condition["key"].as_str().expect("a key");
            compare(key, CompareTarget::Mod, CompareResult::Equal, Some(rev))
        })
        .collect();
    let ops = |name: &str| list(name).iter().map(op_of).collect::<Vec<_>>();
    txn(&compares, &ops("then"), &ops("else"))
}

/// What the core answers to one request of etcd's model, in the model's terms.
fn model_step(member: &mut Member, request: &Value) -> Option<Value> {
    let id = || request["id"].as_i64().expect("a lease");
    match request["type"].as_str().expect("a type") {
        "range" if request["revision"] != 0 => None,
        "range" => {
            let text = |name: &str| bytes(request[name].as_str().expect("text"));
            let limit = request["limit"].as_i64().expect("a limit");
            let range_end = text("range_end");
            let ask = RangeRequest { key: text("key"), range_end, limit, ..Default::default() };
            let found = request::range(&member.store, &ask).expect("a range");
            let pair = |kv: &proto::mvccpb::KeyValue| {
                serde_json::json!({
                    "key": String::from_utf8_lossy(&kv.key),
                    "value": String::from_utf8_lossy(&kv.value),
                    "mod_revision": kv.mod_revision, "version": kv.version
                })
            };
            let kvs: Vec<_> = found.kvs.iter().map(pair).collect();
            let revision = found.header.expect("a header").revision;
            let range = serde_json::json!({"kvs": kvs, "count": found.count});
            Some(serde_json::json!({"revision": revision, "range": range}))
        }
        "txn" => {
            let (response, _) = member.apply(&model_txn(request)).expect("a txn");
            let deleted = |op: &proto::etcdserverpb::ResponseOp| match &op.response {
                Some(Response::ResponseDeleteRange(delete)) => delete.deleted,
                _ => 0,
            };
            let results: Vec<_> = response
                .responses
                .iter()
                .map(|op| serde_json::json!({"deleted": deleted(op)}))
                .collect();
            let revision = response.header.expect("a header").revision;
            let txn = serde_json::json!({"succeeded": response.succeeded, "results": results});
            Some(serde_json::json!({"revision": revision, "txn": txn}))
        }
        "lease_grant" => {
            member.lessor.grant(id(), 60, 0).expect("a new lease");
            Some(serde_json::json!({"revision": member.store.rev(), "lease_grant": {}}))
        }
        "lease_revoke" => {
            let revoked = request::lease_revoke(&mut member.store, &mut member.lessor, id());
            revoked.expect("a lease");
            Some(serde_json::json!({"revision": member.store.rev(), "lease_revoke": {}}))
        }
        "defragment" => {
            member.store.defragment();
            Some(serde_json::json!({"defragment": {}}))
        }
        other => panic!("unknown request {other}"),
    }
}

/// Operations that the model accepts must come out the same here; those it rejects are for checkers.
/// A rejected range is run too, and must come out otherwise.
#[test]
fn the_core_answers_as_the_model_of_etcds_robustness_tests() {
    let Some(lines) = table("etcd-robustness/model_common.jsonl") else { return };
    let (mut same, mut other, mut skipped) = (0, 0, 0);
    let cases = cases(&lines);
    for case in &cases {
        let mut member = Member::new();
        for step in case["ops"].as_array().expect("operations") {
            if step["expect_failure"] == true {
                if step["req"]["type"] == "range" && step["req"]["revision"] == 0 {
                    let answer = model_step(&mut member, &step["req"]);
                    assert_ne!(answer.as_ref(), Some(&step["resp"]), "{step}");
                    other += 1;
                } else {
                    skipped += 1;
                }
                continue;
            }
            match model_step(&mut member, &step["req"]) {
                Some(answer) => {
                    assert_eq!(answer, step["resp"], "{}: {step}", case["name"]);
                    same += 1;
                }
                None => skipped += 1,
            }
        }
    }
    println!(
        "model_common.jsonl: {} cases, {same} operations passed, {other} wrong answers not given, \
         {skipped} not for the core",
        cases.len()
    );
    assert_eq!((cases.len(), same + other + skipped), (28, 180));
}
