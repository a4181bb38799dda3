//! What clientv3's options make of a request, for the requests that the recipes need.

use bytes::Bytes;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, LeaseGrantRequest, PutRequest, RangeRequest, RequestOp,
    TxnRequest, WatchCreateRequest,
};

/// Seconds of a session's lease when the caller has none (Y1).
const SESSION_TTL_S: i64 = 60;

/// A lease for a session; the server picks its id.
pub(super) fn session() -> LeaseGrantRequest {
    LeaseGrantRequest { ttl: SESSION_TTL_S, id: 0 }
}

/// The keys of a queue begin so.
pub(super) fn prefix(name: &[u8]) -> Bytes {
    [name, b"/"].concat().into()
}

/// A place in a queue: the lease in Go's `%x`, sign before digits (Y2).
pub(super) fn key(prefix: &[u8], lease: i64) -> Bytes {
    let sign = if lease < 0 { "-" } else { "" };
    let hex = format!("{sign}{:x}", lease.unsigned_abs());
    [prefix, hex.as_bytes()].concat().into()
}

/// The end of a queue's keys: the last byte of its prefix is a slash, so the next one is no carry.
fn range_end(prefix: &Bytes) -> Bytes {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end.into()
}

/// Of one key.
pub(super) fn get(key: &Bytes) -> RangeRequest {
    RangeRequest { key: key.clone(), ..RangeRequest::default() }
}

/// The oldest of a queue.
pub(super) fn first_created(prefix: &Bytes) -> RangeRequest {
    by_creation(prefix, SortOrder::Ascend)
}

/// The youngest of a queue that is older than `rev`.
pub(super) fn last_created_before(prefix: &Bytes, rev: i64) -> RangeRequest {
    RangeRequest { max_create_revision: rev - 1, ..by_creation(prefix, SortOrder::Descend) }
}

fn by_creation(prefix: &Bytes, order: SortOrder) -> RangeRequest {
    RangeRequest {
        range_end: range_end(prefix),
        limit: 1,
        sort_order: order as i32,
        sort_target: SortTarget::Create as i32,
        ..get(prefix)
    }
}

pub(super) fn delete(key: &Bytes) -> DeleteRangeRequest {
    DeleteRangeRequest { key: key.clone(), ..DeleteRangeRequest::default() }
}

/// Of one key, from a revision on.
pub(super) fn watch(key: &Bytes, start_revision: i64) -> WatchCreateRequest {
    WatchCreateRequest { key: key.clone(), start_revision, ..WatchCreateRequest::default() }
}

/// Of a whole queue.
pub(super) fn watch_queue(prefix: &Bytes, start_revision: i64) -> WatchCreateRequest {
    WatchCreateRequest { range_end: range_end(prefix), ..watch(prefix, start_revision) }
}

/// A transaction that asks when a key was created; 0: that it is not there.
pub(super) fn if_created_at(
    key: &Bytes,
    rev: i64,
    success: Vec<RequestOp>,
    failure: Vec<RequestOp>,
) -> TxnRequest {
    let compare = Compare {
        result: CompareResult::Equal as i32,
        target: CompareTarget::Create as i32,
        key: key.clone(),
        range_end: Bytes::new(),
        target_union: Some(TargetUnion::CreateRevision(rev)),
    };
    TxnRequest { compare: vec![compare], success, failure }
}

pub(super) fn put_op(key: &Bytes, value: &Bytes, lease: i64) -> RequestOp {
    let put = PutRequest { key: key.clone(), value: value.clone(), lease, ..PutRequest::default() };
    op(Request::RequestPut(put))
}

pub(super) fn range_op(range: RangeRequest) -> RequestOp {
    op(Request::RequestRange(range))
}

pub(super) fn delete_op(key: &Bytes) -> RequestOp {
    op(Request::RequestDeleteRange(delete(key)))
}

fn op(request: Request) -> RequestOp {
    RequestOp { request: Some(request) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_carry_the_lease_as_go_prints_it() {
        let prefix = prefix(b"my/lock");
        assert_eq!(key(&prefix, 0x0069_4d7f), "my/lock/694d7f");
        assert_eq!(key(&prefix, -1), "my/lock/-1");
        assert_eq!(range_end(&prefix), "my/lock0");
    }
}
