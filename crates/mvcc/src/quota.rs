//! What a request costs of the backend's space, before it is known what it does (K1).
//!
//! Mirrors `quota.go`. Comparing with the size of the file and raising the alarm is the member's.

use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{InternalRaftRequest, PutRequest, RequestOp, TxnRequest};

use crate::{Rules, txn};

/// What a pair takes besides its bytes.
const KV_OVERHEAD_BYTES: u64 = 256;

/// What granting a lease costs, in bytes.
pub const LEASE_GRANT_COST_BYTES: u64 = 64;

/// What applying `request` may add, in bytes; 0 for what needs no space, and is let through when
/// there is none (K2).
pub fn cost_bytes(request: &InternalRaftRequest, rules: Rules) -> u64 {
    if let Some(put) = &request.put {
        put_cost_bytes(put)
    } else if let Some(txn) = &request.txn {
        txn_cost_bytes(txn, rules)
    } else if request.lease_grant.is_some() {
        LEASE_GRANT_COST_BYTES
    } else {
        0
    }
}

/// A put's cost.
pub fn put_cost_bytes(request: &PutRequest) -> u64 {
    KV_OVERHEAD_BYTES + request.key.len() as u64 + request.value.len() as u64
}

/// A transaction's cost: that of the dearer branch. Older releases overlook nested ones.
pub fn txn_cost_bytes(request: &TxnRequest, rules: Rules) -> u64 {
    let levels = if rules.nested_txns_cost { txn::MAX_NESTED_TXNS } else { 0 };
    txn_levels_cost_bytes(request, levels)
}

/// Looks `levels` deep; what is deeper is refused anyway.
fn txn_levels_cost_bytes(request: &TxnRequest, levels: usize) -> u64 {
    let op_cost = |op: &RequestOp| match &op.request {
        Some(Request::RequestPut(put)) => put_cost_bytes(put),
        Some(Request::RequestTxn(txn)) if levels > 0 => txn_levels_cost_bytes(txn, levels - 1),
        _ => 0,
    };
    let success: u64 = request.success.iter().map(op_cost).sum();
    let failure: u64 = request.failure.iter().map(op_cost).sum();
    success.max(failure)
}
