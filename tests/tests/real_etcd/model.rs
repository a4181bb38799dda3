//! The naive model: all pairs of every revision. Slow, and simple enough to be believed.
//!
//! It knows keys, leases and compaction, with every option of a range. It does not know hashes, users
//! and limits of size; those requests it leaves to the real etcd.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::compare::{CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::*;
use proto::mvccpb::KeyValue;
use proto::{Status, error, method};

type Pairs = BTreeMap<Bytes, KeyValue>;

/// Operations of one level of a transaction.
const OPS_MAX: usize = 128;
/// Encoded bytes from which a request is too large; the model leaves those to others.
const BYTES_MAX: usize = 1_572_500;
const TTL_S_MIN: i64 = 2;
const TTL_S_MAX: i64 = 9_000_000_000;

pub(crate) struct Model {
    /// The pairs of revision `n` are at `n`.
    states: Vec<Pairs>,
    compacted: i64,
    /// TTL of each lease, in seconds.
    leases: BTreeMap<i64, i64>,
}

/// A write under way.
struct Draft {
    pairs: Pairs,
    /// The revision before it.
    before: i64,
    changed: bool,
}

/// The branch that a transaction takes, and those nested in it.
struct Path<'a> {
    succeeded: bool,
    ops: &'a [RequestOp],
    nested: Vec<Path<'a>>,
}

fn inside(key: &[u8], first: &[u8], end: &[u8]) -> bool {
    match end {
        [] => key == first,
        [0] => key >= first,
        _ => first <= key && key < end,
    }
}

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..ResponseHeader::default() })
}

fn decoded<M: Message + Default>(request: &[u8]) -> M {
    M::decode(request).expect("a request of our own")
}

impl Model {
    pub(crate) fn new() -> Model {
        let states = vec![Pairs::new(), Pairs::new()];
        Model { states, compacted: -1, leases: BTreeMap::new() }
    }

    /// What must be answered, or `None` for what is not the model's to say.
    pub(crate) fn call(&mut self, method: &str, request: &[u8]) -> Option<Result<Bytes, Status>> {
        if request.len() > BYTES_MAX {
            return None;
        }
        let bytes = |message: Vec<u8>| Bytes::from(message);
        Some(match method {
            method::kv::RANGE => self.range(&decoded(request)).map(|r| bytes(r.encode_to_vec())),
            method::kv::PUT => self.put(&decoded(request)).map(|r| bytes(r.encode_to_vec())),
            method::kv::DELETE_RANGE => {
                self.delete(&decoded(request)).map(|r| bytes(r.encode_to_vec()))
            }
            method::kv::TXN => self.txn(&decoded(request)).map(|r| bytes(r.encode_to_vec())),
            method::kv::COMPACT => {
                self.compact(&decoded(request)).map(|r| bytes(r.encode_to_vec()))
            }
            method::lease::LEASE_GRANT => {
                self.grant(&decoded(request)).map(|r| bytes(r.encode_to_vec()))
            }
            method::lease::LEASE_REVOKE => {
                self.revoke(&decoded(request)).map(|r| bytes(r.encode_to_vec()))
            }
            method::lease::LEASE_TIME_TO_LIVE => {
                Ok(bytes(self.time_to_live(&decoded(request)).encode_to_vec()))
            }
            method::watch::WATCH => {
                // Its look ends with two changes.
                let create: WatchCreateRequest = decoded(request);
                let put = PutRequest { key: create.key.clone(), ..PutRequest::default() };
                let delete =
                    DeleteRangeRequest { key: create.key, ..DeleteRangeRequest::default() };
                self.put(&put).and_then(|_| self.delete(&delete)).expect("both are good");
                return None;
            }
            _ => return None,
        })
    }

    fn rev(&self) -> i64 {
        self.states.len() as i64 - 1
    }

    fn pairs(&self) -> &Pairs {
        &self.states[self.states.len() - 1]
    }

    fn draft(&self) -> Draft {
        Draft { pairs: self.pairs().clone(), before: self.rev(), changed: false }
    }

    fn end(&mut self, draft: Draft) {
        if draft.changed {
            self.states.push(draft.pairs);
        }
    }

    fn range(&self, ask: &RangeRequest) -> Result<RangeResponse, Status> {
        if ask.key.is_empty() {
            return Err(error::empty_key());
        }
        if ask.revision > 0 {
            self.check_revision(ask.revision)?;
        }
        Ok(read(self.at(ask.revision), ask, self.rev()))
    }

    /// Q3.
    fn check_revision(&self, revision: i64) -> Result<(), Status> {
        if revision > self.rev() {
            Err(error::future_rev())
        } else if revision < self.compacted {
            Err(error::compacted())
        } else {
            Ok(())
        }
    }

    fn at(&self, revision: i64) -> &Pairs {
        if revision > 0 { &self.states[revision as usize] } else { self.pairs() }
    }

    fn put(&mut self, put: &PutRequest) -> Result<PutResponse, Status> {
        check_put(put)?;
        if put.lease != 0 && !self.leases.contains_key(&put.lease) {
            return Err(error::lease_not_found());
        }
        let mut draft = self.draft();
        let response = draft.put(put)?;
        self.end(draft);
        Ok(response)
    }

    fn delete(&mut self, delete: &DeleteRangeRequest) -> Result<DeleteRangeResponse, Status> {
        if delete.key.is_empty() {
            return Err(error::empty_key());
        }
        let mut draft = self.draft();
        let response = draft.delete(delete);
        self.end(draft);
        Ok(response)
    }

    fn compact(&mut self, ask: &CompactionRequest) -> Result<CompactionResponse, Status> {
        if ask.revision <= self.compacted {
            return Err(error::compacted());
        }
        if ask.revision > self.rev() {
            return Err(error::future_rev());
        }
        self.compacted = ask.revision;
        Ok(CompactionResponse { header: header(self.rev()) })
    }

    fn grant(&mut self, ask: &LeaseGrantRequest) -> Result<LeaseGrantResponse, Status> {
        if ask.ttl > TTL_S_MAX {
            return Err(error::lease_ttl_too_large());
        }
        if self.leases.contains_key(&ask.id) {
            return Err(error::lease_exists());
        }
        let ttl = ask.ttl.max(TTL_S_MIN);
        // One whose id the server chooses is revoked right after.
        if ask.id != 0 {
            self.leases.insert(ask.id, ttl);
        }
        Ok(LeaseGrantResponse { header: header(self.rev()), id: ask.id, ttl, ..Default::default() })
    }

    fn revoke(&mut self, ask: &LeaseRevokeRequest) -> Result<LeaseRevokeResponse, Status> {
        if self.leases.remove(&ask.id).is_none() {
            return Err(error::lease_not_found());
        }
        let mut draft = self.draft();
        let size = draft.pairs.len();
        draft.pairs.retain(|_, kv| kv.lease != ask.id);
        draft.changed = draft.pairs.len() < size;
        self.end(draft);
        Ok(LeaseRevokeResponse { header: header(self.rev()) })
    }

    fn time_to_live(&self, ask: &LeaseTimeToLiveRequest) -> LeaseTimeToLiveResponse {
        let granted = self.leases.get(&ask.id).copied();
        let keys = self.pairs().values().filter(|kv| kv.lease == ask.id).map(|kv| kv.key.clone());
        LeaseTimeToLiveResponse {
            header: header(self.rev()),
            id: ask.id,
            ttl: granted.unwrap_or(-1),
            granted_ttl: granted.unwrap_or(0),
            keys: if ask.keys && granted.is_some() { keys.collect() } else { vec![] },
        }
    }

    fn txn(&mut self, txn: &TxnRequest) -> Result<TxnResponse, Status> {
        check_txn(txn, OPS_MAX)?;
        written(&txn.success)
            .and_then(|_| written(&txn.failure))
            .ok_or_else(error::duplicate_key)?;
        let path = self.path(txn);
        // 3.4 and 3.5 look at all puts first, then at all ranges.
        self.check_path(&path, true)?;
        self.check_path(&path, false)?;
        let mut draft = self.draft();
        let response = self.run(&mut draft, &path);
        self.end(draft);
        Ok(response)
    }

    fn path<'a>(&self, txn: &'a TxnRequest) -> Path<'a> {
        let succeeded = txn.compare.iter().all(|compare| self.holds(compare));
        let ops = if succeeded { &txn.success } else { &txn.failure };
        let nested = ops.iter().filter_map(|op| match &op.request {
            Some(Request::RequestTxn(txn)) => Some(self.path(txn)),
            _ => None,
        });
        Path { succeeded, ops, nested: nested.collect() }
    }

    /// T2, T3.
    fn holds(&self, compare: &Compare) -> bool {
        let number = |kv: &KeyValue, target| match target {
            CompareTarget::Version => kv.version,
            CompareTarget::Create => kv.create_revision,
            CompareTarget::Mod => kv.mod_revision,
            CompareTarget::Lease => kv.lease,
            CompareTarget::Value => 0,
        };
        let target = CompareTarget::try_from(compare.target).ok();
        let holds = |kv: &KeyValue| {
            let ordering = match (target, &compare.target_union) {
                (None, _) => std::cmp::Ordering::Equal,
                (Some(CompareTarget::Value), Some(TargetUnion::Value(value))) => {
                    kv.value.cmp(value)
                }
                (Some(CompareTarget::Value), _) => kv.value.cmp(&Bytes::new()),
                (Some(target), union) => {
                    let operand = match (target, union) {
                        (CompareTarget::Version, Some(TargetUnion::Version(n)))
                        | (CompareTarget::Create, Some(TargetUnion::CreateRevision(n)))
                        | (CompareTarget::Mod, Some(TargetUnion::ModRevision(n)))
                        | (CompareTarget::Lease, Some(TargetUnion::Lease(n))) => *n,
                        _ => 0,
                    };
                    number(kv, target).cmp(&operand)
                }
            };
            match compare.result {
                0 => ordering.is_eq(),
                1 => ordering.is_gt(),
                2 => ordering.is_lt(),
                3 => ordering.is_ne(),
                _ => true,
            }
        };
        let all = self.pairs().values();
        let mut found =
            all.filter(|kv| inside(&kv.key, &compare.key, &compare.range_end)).peekable();
        if found.peek().is_none() {
            return target != Some(CompareTarget::Value) && holds(&KeyValue::default());
        }
        found.all(holds)
    }

    /// T4.
    fn check_path(&self, path: &Path<'_>, puts: bool) -> Result<(), Status> {
        let mut nested = path.nested.iter();
        for op in path.ops {
            match &op.request {
                Some(Request::RequestPut(put)) if puts => {
                    let keeps = put.ignore_value || put.ignore_lease;
                    if keeps && !self.pairs().contains_key(&put.key) {
                        return Err(error::key_not_found());
                    }
                    if put.lease != 0 && !self.leases.contains_key(&put.lease) {
                        return Err(error::lease_not_found());
                    }
                }
                Some(Request::RequestRange(range)) if !puts && range.revision != 0 => {
                    self.check_revision(range.revision)?;
                }
                Some(Request::RequestTxn(_)) => {
                    self.check_path(nested.next().expect("one for each"), puts)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn run(&self, draft: &mut Draft, path: &Path<'_>) -> TxnResponse {
        let mut nested = path.nested.iter();
        let ops = path.ops.iter().map(|op| match op.request.as_ref().expect("checked before") {
            Request::RequestPut(put) => {
                Response::ResponsePut(draft.put(put).expect("checked before"))
            }
            Request::RequestDeleteRange(delete) => {
                Response::ResponseDeleteRange(draft.delete(delete))
            }
            Request::RequestRange(range) => {
                let pairs = if range.revision > 0 { self.at(range.revision) } else { &draft.pairs };
                Response::ResponseRange(read(pairs, range, draft.now()))
            }
            Request::RequestTxn(_) => {
                let path = nested.next().expect("one for each");
                let mut inner = self.run(draft, path);
                // Only the whole transaction tells its revision.
                inner.header = Some(ResponseHeader::default());
                Response::ResponseTxn(inner)
            }
        });
        let responses: Vec<_> = ops.map(|r| ResponseOp { response: Some(r) }).collect();
        TxnResponse { header: header(draft.now()), succeeded: path.succeeded, responses }
    }
}

impl Draft {
    /// One revision more after the first change.
    fn now(&self) -> i64 {
        self.before + i64::from(self.changed)
    }

    fn put(&mut self, put: &PutRequest) -> Result<PutResponse, Status> {
        let old = self.pairs.get(&put.key).cloned();
        if (put.ignore_value || put.ignore_lease) && old.is_none() {
            return Err(error::key_not_found());
        }
        self.changed = true;
        let rev = self.now();
        let was = old.clone().unwrap_or_default();
        let kv = KeyValue {
            key: put.key.clone(),
            create_revision: if old.is_some() { was.create_revision } else { rev },
            mod_revision: rev,
            version: was.version + 1,
            value: if put.ignore_value { was.value } else { put.value.clone() },
            lease: if put.ignore_lease { was.lease } else { put.lease },
        };
        self.pairs.insert(put.key.clone(), kv);
        Ok(PutResponse { header: header(rev), prev_kv: old.filter(|_| put.prev_kv) })
    }

    fn delete(&mut self, delete: &DeleteRangeRequest) -> DeleteRangeResponse {
        let mut gone = Vec::new();
        self.pairs.retain(|key, kv| {
            let dies = inside(key, &delete.key, &delete.range_end);
            if dies {
                gone.push(kv.clone());
            }
            !dies
        });
        self.changed |= !gone.is_empty();
        DeleteRangeResponse {
            header: header(self.now()),
            deleted: gone.len() as i64,
            prev_kvs: if delete.prev_kv { gone } else { vec![] },
        }
    }
}

/// Q6 to Q9.
fn read(pairs: &Pairs, ask: &RangeRequest, rev: i64) -> RangeResponse {
    let found: Vec<&KeyValue> =
        pairs.values().filter(|kv| inside(&kv.key, &ask.key, &ask.range_end)).collect();
    let count = found.len() as i64;
    if ask.count_only {
        return RangeResponse { header: header(rev), kvs: vec![], more: false, count };
    }
    let limit = usize::try_from(ask.limit).ok().filter(|limit| *limit > 0);
    let bounds = [
        ask.min_mod_revision,
        ask.max_mod_revision,
        ask.min_create_revision,
        ask.max_create_revision,
    ];
    let pushed = limit.filter(|_| ask.sort_order == 0 && bounds == [0; 4]);
    let few = pushed.map_or(usize::MAX, |limit| limit.saturating_add(1));
    let within = |rev: i64, min: i64, max: i64| !(min != 0 && rev < min || max != 0 && rev > max);
    let mut kvs: Vec<KeyValue> = found
        .into_iter()
        .take(few)
        .filter(|kv| within(kv.mod_revision, ask.min_mod_revision, ask.max_mod_revision))
        .filter(|kv| within(kv.create_revision, ask.min_create_revision, ask.max_create_revision))
        .cloned()
        .collect();
    let compare = |a: &KeyValue, b: &KeyValue| match ask.sort_target {
        1 => a.version.cmp(&b.version),
        2 => a.create_revision.cmp(&b.create_revision),
        3 => a.mod_revision.cmp(&b.mod_revision),
        4 => a.value.cmp(&b.value),
        _ => a.key.cmp(&b.key),
    };
    match ask.sort_order {
        0 | 1 => kvs.sort_by(compare),
        2 => kvs.sort_by(|a, b| compare(b, a)),
        _ => {}
    }
    let more = limit.is_some_and(|limit| kvs.len() > limit);
    kvs.truncate(limit.unwrap_or(usize::MAX));
    if ask.keys_only {
        kvs.iter_mut().for_each(|kv| kv.value = Bytes::new());
    }
    RangeResponse { header: header(rev), kvs, more, count }
}

/// P1.
fn check_put(put: &PutRequest) -> Result<(), Status> {
    if put.key.is_empty() {
        return Err(error::empty_key());
    }
    if put.ignore_value && !put.value.is_empty() {
        return Err(error::value_provided());
    }
    if put.ignore_lease && put.lease != 0 {
        return Err(error::lease_provided());
    }
    Ok(())
}

/// T5, T7.
fn check_txn(txn: &TxnRequest, left: usize) -> Result<(), Status> {
    let most = txn.compare.len().max(txn.success.len()).max(txn.failure.len());
    let left = left.checked_sub(most).ok_or_else(error::too_many_ops)?;
    if txn.compare.iter().any(|compare| compare.key.is_empty()) {
        return Err(error::empty_key());
    }
    for op in txn.success.iter().chain(&txn.failure) {
        match &op.request {
            None => return Err(error::key_not_found()),
            Some(Request::RequestRange(r)) if r.key.is_empty() => return Err(error::empty_key()),
            Some(Request::RequestDeleteRange(r)) if r.key.is_empty() => {
                return Err(error::empty_key());
            }
            Some(Request::RequestPut(put)) => check_put(put)?,
            Some(Request::RequestTxn(txn)) => check_txn(txn, left)?,
            _ => {}
        }
    }
    Ok(())
}

/// Keys that a branch puts, and ranges that it deletes.
type Written = (Vec<Bytes>, Vec<(Bytes, Bytes)>);

/// T6; `None` for a key written twice.
fn written(ops: &[RequestOp]) -> Option<Written> {
    let (mut puts, mut deletes): Written = (vec![], vec![]);
    for op in ops {
        if let Some(Request::RequestDeleteRange(r)) = &op.request {
            deletes.push((r.key.clone(), r.range_end.clone()));
        }
    }
    let clashes = |puts: &[Bytes], deletes: &[(Bytes, Bytes)], key: &Bytes| {
        // The end of an endless delete is taken by the letter, and so holds nothing.
        let dies = |(first, end): &(Bytes, Bytes)| &end[..] != b"\0" && inside(key, first, end);
        puts.contains(key) || deletes.iter().any(dies)
    };
    for op in ops {
        let Some(Request::RequestTxn(txn)) = &op.request else { continue };
        let (then, otherwise) = (written(&txn.success)?, written(&txn.failure)?);
        let mut both = then.0;
        both.extend(otherwise.0);
        both.sort();
        both.dedup();
        if both.iter().any(|key| clashes(&puts, &deletes, key)) {
            return None;
        }
        puts.extend(both);
        deletes.extend(then.1);
        deletes.extend(otherwise.1);
    }
    for op in ops {
        let Some(Request::RequestPut(put)) = &op.request else { continue };
        if clashes(&puts, &deletes, &put.key) {
            return None;
        }
        puts.push(put.key.clone());
    }
    Some((puts, deletes))
}
