//! From etcd's messages to the words of the model.
//!
//! Only what the model knows is translated: a range that filters by revision is not, and is then not
//! judged.

use bytes::Bytes;
use history::request::{
    Answer, Compare, DeleteRequest, KeyValue, Op, Order, PutRequest, RangeAnswer, RangeRequest,
    Relation, Request, Response, Target, Txn,
};
use prost::Message;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::request_op::Request as RequestUnion;
use proto::etcdserverpb::response_op::Response as ResponseUnion;
use proto::etcdserverpb::{self as pb, InternalRaftRequest};
use proto::v3electionpb::{CampaignRequest, LeaderKey, ProclaimRequest, ResignRequest};
use proto::v3lockpb::{LockRequest, UnlockRequest};
use proto::{method, mvccpb};

/// What a call asks; `None` for what the model does not know.
pub(super) fn request(method: &str, bytes: &Bytes) -> Option<Request> {
    let bytes = bytes.clone();
    match method {
        method::kv::RANGE => range(pb::RangeRequest::decode(bytes).ok()?).map(Request::Kv),
        method::kv::PUT => Some(Request::Kv(put(pb::PutRequest::decode(bytes).ok()?))),
        method::kv::DELETE_RANGE => {
            Some(Request::Kv(delete(pb::DeleteRangeRequest::decode(bytes).ok()?)))
        }
        method::kv::TXN => txn(pb::TxnRequest::decode(bytes).ok()?).map(Request::Kv),
        method::kv::COMPACT => {
            let revision = pb::CompactionRequest::decode(bytes).ok()?.revision;
            Some(Request::Compact { revision })
        }
        method::lease::LEASE_GRANT => {
            Some(Request::LeaseGrant { id: pb::LeaseGrantRequest::decode(bytes).ok()?.id })
        }
        method::lease::LEASE_REVOKE => {
            Some(Request::LeaseRevoke { id: pb::LeaseRevokeRequest::decode(bytes).ok()?.id })
        }
        _ => None,
    }
}

/// Where a member writes by itself to serve a call; `None` for calls that say all that they write.
pub(super) fn served_prefix(method: &str, bytes: &Bytes) -> Option<Bytes> {
    let bytes = bytes.clone();
    let below = |name: Bytes| Some([&name[..], b"/"].concat().into());
    let key = |leader: Option<LeaderKey>| leader.map(|leader| leader.key);
    match method {
        method::lock::LOCK => below(LockRequest::decode(bytes).ok()?.name),
        method::lock::UNLOCK => Some(UnlockRequest::decode(bytes).ok()?.key),
        method::election::CAMPAIGN => below(CampaignRequest::decode(bytes).ok()?.name),
        method::election::PROCLAIM => key(ProclaimRequest::decode(bytes).ok()?.leader),
        method::election::RESIGN => key(ResignRequest::decode(bytes).ok()?.leader),
        _ => None,
    }
}

/// What an entry of the log does to the keys; `None` for nothing.
pub(super) fn entry(request: &InternalRaftRequest) -> Option<Request> {
    if let Some(request) = &request.put {
        Some(Request::Kv(put(request.clone())))
    } else if let Some(request) = &request.delete_range {
        Some(Request::Kv(delete(request.clone())))
    } else if let Some(request) = &request.txn {
        txn(request.clone()).map(Request::Kv)
    } else if let Some(request) = &request.compaction {
        Some(Request::Compact { revision: request.revision })
    } else if let Some(request) = &request.lease_grant {
        Some(Request::LeaseGrant { id: request.id })
    } else {
        let revoke = request.lease_revoke.as_ref()?;
        Some(Request::LeaseRevoke { id: revoke.id })
    }
}

/// What the answer to a request says.
pub(super) fn response(request: &Request, bytes: &Bytes) -> Option<Response> {
    let bytes = bytes.clone();
    let (header, answer) = match request {
        Request::Kv(Op::Range(_)) => {
            let mut response = pb::RangeResponse::decode(bytes).ok()?;
            (response.header.take(), ranged(response))
        }
        Request::Kv(Op::Put(_)) => {
            let mut response = pb::PutResponse::decode(bytes).ok()?;
            (response.header.take(), put_done(response))
        }
        Request::Kv(Op::Delete(_)) => {
            let mut response = pb::DeleteRangeResponse::decode(bytes).ok()?;
            (response.header.take(), deleted(response))
        }
        Request::Kv(Op::Txn(_)) => {
            let mut response = pb::TxnResponse::decode(bytes).ok()?;
            (response.header.take(), txn_done(response))
        }
        Request::Compact { .. } => {
            (pb::CompactionResponse::decode(bytes).ok()?.header, Answer::Done)
        }
        Request::LeaseGrant { .. } => {
            let response = pb::LeaseGrantResponse::decode(bytes).ok()?;
            (response.header, Answer::LeaseGrant { id: response.id })
        }
        Request::LeaseRevoke { .. } => {
            (pb::LeaseRevokeResponse::decode(bytes).ok()?.header, Answer::Done)
        }
        Request::Defragment => (None, Answer::Done),
    };
    let revision = header.map(|header| header.revision).filter(|revision| *revision > 0);
    Some(Response { revision, answer })
}

fn range(range: pb::RangeRequest) -> Option<Op> {
    let filters = [
        range.min_mod_revision,
        range.max_mod_revision,
        range.min_create_revision,
        range.max_create_revision,
    ];
    if filters.iter().any(|filter| *filter != 0) {
        return None;
    }
    let is = |order: SortOrder, target: SortTarget| {
        range.sort_order == order as i32 && range.sort_target == target as i32
    };
    let order = if is(SortOrder::None, SortTarget::Key) || is(SortOrder::Ascend, SortTarget::Key) {
        Order::Key
    } else if is(SortOrder::Descend, SortTarget::Key) {
        Order::KeyDescending
    } else {
        Order::Other
    };
    Some(Op::Range(RangeRequest {
        key: range.key,
        range_end: range.range_end,
        limit: range.limit,
        revision: range.revision,
        serializable: range.serializable,
        keys_only: range.keys_only,
        count_only: range.count_only,
        order,
    }))
}

fn put(put: pb::PutRequest) -> Op {
    Op::Put(PutRequest {
        key: put.key,
        value: put.value,
        lease: put.lease,
        prev_kv: put.prev_kv,
        ignore_value: put.ignore_value,
        ignore_lease: put.ignore_lease,
    })
}

fn delete(delete: pb::DeleteRangeRequest) -> Op {
    Op::Delete(DeleteRequest {
        key: delete.key,
        range_end: delete.range_end,
        prev_kv: delete.prev_kv,
    })
}

fn txn(txn: pb::TxnRequest) -> Option<Op> {
    let ops = |ops: Vec<pb::RequestOp>| ops.into_iter().map(op).collect::<Option<Vec<Op>>>();
    let compares = txn.compare.into_iter().map(compare).collect::<Option<Vec<Compare>>>()?;
    Some(Op::Txn(Txn { compares, then: ops(txn.success)?, otherwise: ops(txn.failure)? }))
}

fn op(op: pb::RequestOp) -> Option<Op> {
    match op.request? {
        RequestUnion::RequestRange(request) => range(request),
        RequestUnion::RequestPut(request) => Some(put(request)),
        RequestUnion::RequestDeleteRange(request) => Some(delete(request)),
        RequestUnion::RequestTxn(request) => txn(request),
    }
}

fn compare(compare: pb::Compare) -> Option<Compare> {
    let relation = match CompareResult::try_from(compare.result).ok()? {
        CompareResult::Equal => Relation::Equal,
        CompareResult::NotEqual => Relation::NotEqual,
        CompareResult::Greater => Relation::Greater,
        CompareResult::Less => Relation::Less,
    };
    let target = match (CompareTarget::try_from(compare.target).ok()?, compare.target_union?) {
        (CompareTarget::Version, TargetUnion::Version(version)) => Target::Version(version),
        (CompareTarget::Create, TargetUnion::CreateRevision(at)) => Target::CreateRevision(at),
        (CompareTarget::Mod, TargetUnion::ModRevision(at)) => Target::ModRevision(at),
        (CompareTarget::Value, TargetUnion::Value(value)) => Target::Value(value),
        (CompareTarget::Lease, TargetUnion::Lease(lease)) => Target::Lease(lease),
        _ => return None,
    };
    Some(Compare { key: compare.key, range_end: compare.range_end, relation, target })
}

fn ranged(response: pb::RangeResponse) -> Answer {
    Answer::Range(RangeAnswer {
        kvs: response.kvs.into_iter().map(pair).collect(),
        count: response.count,
        more: Some(response.more),
    })
}

fn put_done(response: pb::PutResponse) -> Answer {
    Answer::Put { prev: response.prev_kv.map(pair) }
}

fn deleted(response: pb::DeleteRangeResponse) -> Answer {
    let prev = response.prev_kvs.into_iter().map(pair).collect();
    Answer::Delete { deleted: response.deleted, prev }
}

fn txn_done(response: pb::TxnResponse) -> Answer {
    let answers = response.responses.into_iter().map(|one| match one.response {
        Some(ResponseUnion::ResponseRange(response)) => ranged(response),
        Some(ResponseUnion::ResponsePut(response)) => put_done(response),
        Some(ResponseUnion::ResponseDeleteRange(response)) => deleted(response),
        Some(ResponseUnion::ResponseTxn(response)) => txn_done(response),
        None => Answer::Done,
    });
    Answer::Txn { succeeded: response.succeeded, answers: answers.collect() }
}

/// A pair, with all that it tells.
pub(super) fn pair(kv: mvccpb::KeyValue) -> KeyValue {
    KeyValue {
        key: kv.key,
        value: kv.value,
        mod_revision: kv.mod_revision,
        create_revision: Some(kv.create_revision),
        version: Some(kv.version),
        lease: Some(kv.lease),
    }
}
