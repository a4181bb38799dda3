//! Test tables by others lie beside the project, not in it.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files

use serde_json::Value;

/// The text of a table, or `None` after one line that says it is absent.
#[allow(dead_code, reason = "each test file takes what it needs")]
pub(crate) fn table(name: &str) -> Option<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/external/");
    let text = std::fs::read_to_string(format!("{path}{name}")).ok();
    if text.is_none() {
        println!("skipped: ../shared/external/{name} is not there");
    }
    text
}

/// The cases of a table of lines; its notes are no cases.
#[allow(dead_code, reason = "each test file takes what it needs")]
pub(crate) fn cases(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    // A case may have a note too, but not only one.
    lines
        .filter(|case| {
            let fields = case.as_object().map_or(0, serde_json::Map::len);
            let note = case.get("_note").or(case.get("note")).is_some();
            !(note && fields == 1)
        })
        .collect()
}

/// Builders of transactions, for tests that read better with them.
#[allow(dead_code, reason = "each test file takes what it needs")]
pub(crate) mod build {
    use bytes::Bytes;
    use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
    use proto::etcdserverpb::request_op::Request;
    use proto::etcdserverpb::{
        Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
    };

    pub(crate) fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    pub(crate) fn op(request: Request) -> RequestOp {
        RequestOp { request: Some(request) }
    }

    pub(crate) fn put_request(key: &str, value: &str) -> PutRequest {
        PutRequest { key: bytes(key), value: bytes(value), ..PutRequest::default() }
    }

    pub(crate) fn put(key: &str, value: &str) -> RequestOp {
        op(Request::RequestPut(put_request(key, value)))
    }

    pub(crate) fn get(key: &str, range_end: &str) -> RequestOp {
        let (key, range_end) = (bytes(key), bytes(range_end));
        op(Request::RequestRange(RangeRequest { key, range_end, ..RangeRequest::default() }))
    }

    pub(crate) fn delete(key: &str, range_end: &str) -> RequestOp {
        let (key, range_end) = (bytes(key), bytes(range_end));
        let request = DeleteRangeRequest { key, range_end, prev_kv: false };
        op(Request::RequestDeleteRange(request))
    }

    pub(crate) fn nested(request: TxnRequest) -> RequestOp {
        op(Request::RequestTxn(request))
    }

    pub(crate) fn txn(
        compare: &[Compare],
        success: &[RequestOp],
        failure: &[RequestOp],
    ) -> TxnRequest {
        let (compare, success) = (compare.to_vec(), success.to_vec());
        TxnRequest { compare, success, failure: failure.to_vec() }
    }

    pub(crate) fn compare(
        key: &str,
        target: CompareTarget,
        result: CompareResult,
        operand: Option<TargetUnion>,
    ) -> Compare {
        Compare {
            key: bytes(key),
            target: target as i32,
            result: result as i32,
            target_union: operand,
            ..Compare::default()
        }
    }

    /// The compare that etcd's recipes use for "is not there".
    pub(crate) fn absent(key: &str) -> Compare {
        compare(key, CompareTarget::Create, CompareResult::Equal, None)
    }
}
