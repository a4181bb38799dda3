//! The KV requests of the client API against a store: what `executeRange`, `put` and `deleteRange`
//! of etcd's apply do, and the checks its API layer makes before (`v3rpc/key.go`).
//!
//! Headers carry the revision only; who answered is the member's to fill in. Transactions are next
//! door, in [`txn`](crate::txn).

use std::cmp::Ordering;

use bytes::Bytes;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::{
    DeleteRangeRequest, DeleteRangeResponse, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse,
    PutRequest, PutResponse, RangeRequest, RangeResponse, ResponseHeader,
};
use proto::mvccpb::KeyValue;
use proto::{Status, error};

use crate::{
    Change, Error, LeaseError, Lessor, Micros, RangeOptions, RangeResult, Rules, Store, WriteTxn,
};

/// Checks a range before it goes anywhere (Q1, Q5).
///
/// # Errors
/// `key is not provided`; `invalid sort option`, where the rules say so.
pub fn check_range(request: &RangeRequest, rules: Rules) -> Result<(), Status> {
    if request.key.is_empty() {
        return Err(error::empty_key());
    }
    let order = SortOrder::try_from(request.sort_order);
    let target = SortTarget::try_from(request.sort_target);
    let unknown = order.is_err() || target.is_err();
    if unknown && rules.checks_sort_option { Err(error::invalid_sort_option()) } else { Ok(()) }
}

/// Checks a put before it is proposed (P1).
///
/// # Errors
/// `key is not provided`, `value is provided`, `lease is provided`; in this order.
pub fn check_put(request: &PutRequest) -> Result<(), Status> {
    if request.key.is_empty() {
        return Err(error::empty_key());
    }
    if request.ignore_value && !request.value.is_empty() {
        return Err(error::value_provided());
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(error::lease_provided());
    }
    Ok(())
}

/// Checks a delete before it is proposed.
///
/// # Errors
/// `key is not provided`.
pub fn check_delete_range(request: &DeleteRangeRequest) -> Result<(), Status> {
    if request.key.is_empty() { Err(error::empty_key()) } else { Ok(()) }
}

/// Reads.
///
/// # Errors
/// When the revision asked for is compacted or still to come (Q3).
pub fn range(store: &Store, request: &RangeRequest) -> Result<RangeResponse, Status> {
    let read = |options| store.range(&request.key, &request.range_end, options);
    Ok(range_with(request, read)?)
}

/// Reads inside a write, own changes included.
///
/// # Errors
/// As [`range`].
pub fn range_in(txn: &WriteTxn<'_>, request: &RangeRequest) -> Result<RangeResponse, Status> {
    let read = |options| txn.range(&request.key, &request.range_end, options);
    Ok(range_with(request, read)?)
}

/// Writes a pair in a write of its own (P1 to P4); also what watchers get of it.
///
/// # Errors
/// `requested lease not found`, and as [`put_in`]; in this order (P1). Nothing is written then.
pub fn put(
    store: &mut Store,
    lessor: &mut Lessor,
    request: &PutRequest,
) -> Result<(PutResponse, Vec<Change>), Status> {
    if request.lease != 0 && !lessor.exists(request.lease) {
        return Err(error::lease_not_found());
    }
    let mut txn = store.write();
    let response = put_in(&mut txn, lessor, request);
    let (_, changes) = txn.end();
    Ok((response?, changes))
}

/// Writes a pair, and hangs its key on its lease or takes it off (P2).
///
/// # Errors
/// `key not found` when the old value or lease is to be kept and there is none, then
/// `requested lease not found` (P1); nothing is written.
pub fn put_in(
    txn: &mut WriteTxn<'_>,
    lessor: &mut Lessor,
    request: &PutRequest,
) -> Result<PutResponse, Status> {
    let keeps = request.ignore_value || request.ignore_lease;
    let mut before = None;
    if keeps || request.prev_kv {
        before = txn.range(&request.key, b"", RangeOptions::default())?.kvs.pop();
    }
    if keeps && before.is_none() {
        return Err(error::key_not_found());
    }
    let kept = before.as_ref();
    let lease = kept.filter(|_| request.ignore_lease).map_or(request.lease, |kv| kv.lease);
    // A kept lease is there too, unless the backend came from elsewhere: etcd panics then.
    if lease != 0 && !lessor.exists(lease) {
        return Err(error::lease_not_found());
    }
    let value = match kept.filter(|_| request.ignore_value) {
        Some(kv) => kv.value.clone(),
        None => request.value.clone(),
    };
    let rev = txn.put(&request.key, value, lease);
    match txn.changes().last() {
        Some(change) if lease != 0 => lessor.attach(lease, change.kv.key.clone())?,
        _ => lessor.detach(&request.key),
    }
    Ok(PutResponse { header: header(rev), prev_kv: before.filter(|_| request.prev_kv) })
}

/// Deletes in a write of its own; also what watchers get of it.
///
/// # Errors
/// None of its own; kept fallible for symmetry with the reads it is made of.
pub fn delete_range(
    store: &mut Store,
    lessor: &mut Lessor,
    request: &DeleteRangeRequest,
) -> Result<(DeleteRangeResponse, Vec<Change>), Status> {
    let mut txn = store.write();
    let response = delete_range_in(&mut txn, lessor, request);
    let (_, changes) = txn.end();
    Ok((response?, changes))
}

/// Deletes, and takes the keys off their leases (R2, R5, P3).
///
/// # Errors
/// As [`delete_range`].
pub fn delete_range_in(
    txn: &mut WriteTxn<'_>,
    lessor: &mut Lessor,
    request: &DeleteRangeRequest,
) -> Result<DeleteRangeResponse, Status> {
    let mut prev_kvs = vec![];
    if request.prev_kv {
        prev_kvs = txn.range(&request.key, &request.range_end, RangeOptions::default())?.kvs;
    }
    let before = txn.changes().len();
    let deleted = txn.delete_range(&request.key, &request.range_end);
    for change in &txn.changes()[before..] {
        lessor.detach(&change.kv.key);
    }
    Ok(DeleteRangeResponse { header: header(txn.rev()), deleted, prev_kvs })
}

/// Ends a lease and deletes the keys that hang on it, in order of keys, in one write; what watchers
/// get of it. Without keys the revision stays (L3).
///
/// # Errors
/// `lease not found`.
pub fn lease_revoke(
    store: &mut Store,
    lessor: &mut Lessor,
    id: i64,
) -> Result<Vec<Change>, LeaseError> {
    let keys = lessor.revoke(id)?;
    let mut txn = store.write();
    for key in &keys {
        txn.delete_range(key, b"");
    }
    Ok(txn.end().1)
}

/// Answers how long a lease has left; an unknown one with -1 (L7). The primary's to answer.
pub fn lease_time_to_live(
    store: &Store,
    lessor: &Lessor,
    request: &LeaseTimeToLiveRequest,
    now: Micros,
) -> LeaseTimeToLiveResponse {
    let mut response = LeaseTimeToLiveResponse {
        header: header(store.rev()),
        id: request.id,
        ttl: -1,
        ..LeaseTimeToLiveResponse::default()
    };
    if let Some(lease) = lessor.time_to_live(request.id, now) {
        response.ttl = lease.ttl_s;
        response.granted_ttl = lease.granted_ttl_s;
        if request.keys {
            response.keys = lease.keys.iter().cloned().collect();
        }
    }
    response
}

pub(crate) fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..ResponseHeader::default() })
}

/// Q6 to Q9: fetch, filter, sort, cut, and take the values out, in this order.
fn range_with(
    request: &RangeRequest,
    read: impl Fn(RangeOptions) -> Result<RangeResult, Error>,
) -> Result<RangeResponse, Error> {
    let limit = request.limit.max(0);
    let found = read(RangeOptions {
        limit: if fetches_all(request) || limit == 0 { 0 } else { limit.saturating_add(1) },
        rev: request.revision,
        count_only: request.count_only,
    })?;
    let mut kvs = found.kvs;
    kvs.retain(|kv| passes(request, kv));
    sort(request, &mut kvs);
    let mut more = false;
    if limit > 0 && kvs.len() as u64 > limit as u64 {
        kvs.truncate(limit as usize);
        more = true;
    }
    if request.keys_only {
        kvs.iter_mut().for_each(|kv| kv.value = Bytes::new());
    }
    Ok(RangeResponse { header: header(found.rev), kvs, more, count: found.count })
}

/// Whether the limit must wait until all keys are fetched (Q6). A sort target without an order does
/// not count: etcd cuts first and sorts what is left (Q6b).
fn fetches_all(request: &RangeRequest) -> bool {
    request.sort_order != SortOrder::None as i32
        || request.min_mod_revision != 0
        || request.max_mod_revision != 0
        || request.min_create_revision != 0
        || request.max_create_revision != 0
}

/// Bounds are inclusive, 0 is none (Q9).
fn passes(request: &RangeRequest, kv: &KeyValue) -> bool {
    let within =
        |value: i64, min: i64, max: i64| (min == 0 || value >= min) && (max == 0 || value <= max);
    within(kv.mod_revision, request.min_mod_revision, request.max_mod_revision)
        && within(kv.create_revision, request.min_create_revision, request.max_create_revision)
}

/// Pairs come in order of keys; ties keep that order, where Go's sort promises nothing (Q7). Older
/// releases let unknown orders and targets through, and do not sort by them (Q5).
fn sort(request: &RangeRequest, kvs: &mut [KeyValue]) {
    let by_target: fn(&KeyValue, &KeyValue) -> Ordering =
        match SortTarget::try_from(request.sort_target) {
            Ok(SortTarget::Key) => |a, b| a.key.cmp(&b.key),
            Ok(SortTarget::Version) => |a, b| a.version.cmp(&b.version),
            Ok(SortTarget::Create) => |a, b| a.create_revision.cmp(&b.create_revision),
            Ok(SortTarget::Mod) => |a, b| a.mod_revision.cmp(&b.mod_revision),
            Ok(SortTarget::Value) => |a, b| a.value.cmp(&b.value),
            Err(_) => return,
        };
    match SortOrder::try_from(request.sort_order) {
        Ok(SortOrder::Descend) => kvs.sort_by(|a, b| by_target(b, a)),
        Ok(_) if request.sort_target != SortTarget::Key as i32 => kvs.sort_by(by_target),
        _ => {}
    }
}
