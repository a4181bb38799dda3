//! The naive model: a map of pairs for every revision. Slow, and simple enough to be believed.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use mvcc::Rules;
use proto::etcdserverpb::compare::{CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest,
    RangeResponse, RequestOp, ResponseHeader, ResponseOp, TxnRequest, TxnResponse,
};
use proto::mvccpb::KeyValue;
use proto::{Status, error};

type Pairs = BTreeMap<Bytes, KeyValue>;

/// Key, deleted, revision: what a watcher is told.
pub(crate) type Told = Vec<(Bytes, bool, i64)>;

/// A revision at a time, each with all its pairs.
pub(crate) struct Model {
    rules: Rules,
    states: BTreeMap<i64, Pairs>,
    pub(crate) rev: i64,
    pub(crate) compacted: i64,
    pub(crate) leases: BTreeSet<i64>,
}

/// A write that is under way: all or nothing of it becomes the next revision.
struct Draft {
    pairs: Pairs,
    rev: i64,
    told: Told,
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

impl Draft {
    /// What a read sees: one revision more after the first change.
    fn now(&self) -> i64 {
        self.rev + i64::from(!self.told.is_empty())
    }

    fn put(&mut self, put: &PutRequest) -> Result<PutResponse, Status> {
        let before = self.pairs.get(&put.key).cloned();
        let keeps = put.ignore_value || put.ignore_lease;
        if keeps && before.is_none() {
            return Err(error::key_not_found());
        }
        let old = before.clone().unwrap_or_default();
        let main = self.rev + 1;
        let kv = KeyValue {
            key: put.key.clone(),
            create_revision: if before.is_some() { old.create_revision } else { main },
            mod_revision: main,
            version: old.version + 1,
            value: if put.ignore_value { old.value } else { put.value.clone() },
            lease: if put.ignore_lease { old.lease } else { put.lease },
        };
        self.pairs.insert(put.key.clone(), kv);
        self.told.push((put.key.clone(), false, main));
        Ok(PutResponse { header: header(main), prev_kv: before.filter(|_| put.prev_kv) })
    }

    fn delete(&mut self, first: &[u8], end: &[u8]) -> Vec<KeyValue> {
        let keys: Vec<_> =
            self.pairs.keys().filter(|key| inside(key, first, end)).cloned().collect();
        keys.into_iter()
            .map(|key| {
                let kv = self.pairs.remove(&key).expect("it was there");
                self.told.push((key, true, self.rev + 1));
                kv
            })
            .collect()
    }

    fn delete_range(&mut self, delete: &DeleteRangeRequest) -> DeleteRangeResponse {
        let gone = self.delete(&delete.key, &delete.range_end);
        let deleted = gone.len() as i64;
        let prev_kvs = if delete.prev_kv { gone } else { vec![] };
        DeleteRangeResponse { header: header(self.now()), deleted, prev_kvs }
    }
}

/// Reads `pairs` with the limits and bounds that these tests use.
fn read(pairs: &Pairs, ask: &RangeRequest, rev: i64) -> RangeResponse {
    let all: Vec<_> =
        pairs.values().filter(|kv| inside(&kv.key, &ask.key, &ask.range_end)).cloned().collect();
    let count = all.len() as i64;
    let newer =
        |kv: &KeyValue| ask.min_mod_revision == 0 || kv.mod_revision >= ask.min_mod_revision;
    let mut kvs: Vec<_> = all.into_iter().filter(|kv| !ask.count_only && newer(kv)).collect();
    let more = ask.limit > 0 && kvs.len() > ask.limit as usize;
    if more {
        kvs.truncate(ask.limit as usize);
    }
    if ask.keys_only {
        kvs.iter_mut().for_each(|kv| kv.value = Bytes::new());
    }
    RangeResponse { header: header(rev), kvs, more, count }
}

/// The chosen branches of a transaction, as a tree.
struct Path<'a> {
    succeeded: bool,
    ops: &'a [RequestOp],
    nested: Vec<Path<'a>>,
}

impl Model {
    pub(crate) fn new(rules: Rules) -> Model {
        let states = [(1, Pairs::new())].into();
        Model { rules, states, rev: 1, compacted: -1, leases: BTreeSet::new() }
    }

    pub(crate) fn pairs(&self) -> &Pairs {
        &self.states[&self.rev]
    }

    fn draft(&self) -> Draft {
        Draft { pairs: self.pairs().clone(), rev: self.rev, told: vec![] }
    }

    fn commit(&mut self, draft: Draft) -> Told {
        self.rev = draft.now();
        self.states.insert(self.rev, draft.pairs);
        draft.told
    }

    pub(crate) fn put(&mut self, put: &PutRequest) -> Result<(PutResponse, Told), Status> {
        if put.lease != 0 && !self.leases.contains(&put.lease) {
            return Err(error::lease_not_found());
        }
        let mut draft = self.draft();
        let response = draft.put(put)?;
        Ok((response, self.commit(draft)))
    }

    pub(crate) fn delete(&mut self, delete: &DeleteRangeRequest) -> (DeleteRangeResponse, Told) {
        let mut draft = self.draft();
        let response = draft.delete_range(delete);
        (response, self.commit(draft))
    }

    pub(crate) fn range(&self, ask: &RangeRequest) -> Result<RangeResponse, Status> {
        if ask.revision > self.rev {
            return Err(error::future_rev());
        }
        let at = if ask.revision <= 0 { self.rev } else { ask.revision };
        if at < self.compacted {
            Err(error::compacted())
        } else {
            Ok(read(self.state(at), ask, self.rev))
        }
    }

    /// There is no state of its own at revision 0 of a fresh store; it is empty like the first.
    pub(crate) fn state(&self, rev: i64) -> &Pairs {
        &self.states[&rev.max(1)]
    }

    pub(crate) fn compact(&mut self, rev: i64) -> Result<(), Status> {
        if rev <= self.compacted {
            return Err(error::compacted());
        }
        if rev > self.rev {
            return Err(error::future_rev());
        }
        self.compacted = rev;
        Ok(())
    }

    pub(crate) fn revoke(&mut self, id: i64) -> Result<Told, Status> {
        if !self.leases.remove(&id) {
            return Err(error::lease_not_found());
        }
        let mut draft = self.draft();
        for key in self.pairs().values().filter(|kv| kv.lease == id).map(|kv| &kv.key) {
            draft.delete(key, b"");
        }
        Ok(self.commit(draft))
    }

    pub(crate) fn txn(&mut self, request: &TxnRequest) -> Result<(TxnResponse, Told), Status> {
        let path = self.path(request);
        if self.rules.checks_puts_first {
            self.check(&path, true, false)?;
            self.check(&path, false, true)?;
        } else {
            self.check(&path, true, true)?;
        }
        let mut draft = self.draft();
        let mut response = self.run(&mut draft, &path)?;
        response.header = header(draft.now());
        Ok((response, self.commit(draft)))
    }

    fn path<'a>(&self, request: &'a TxnRequest) -> Path<'a> {
        let succeeded = request.compare.iter().all(|compare| self.holds(compare));
        let ops = if succeeded { &request.success } else { &request.failure };
        let nested = ops.iter().filter_map(|op| match &op.request {
            Some(Request::RequestTxn(txn)) => Some(self.path(txn)),
            _ => None,
        });
        Path { succeeded, ops, nested: nested.collect() }
    }

    /// These tests compare for being equal, less or greater by number, and values.
    fn holds(&self, compare: &Compare) -> bool {
        let side = |kv: &KeyValue| match &compare.target_union {
            Some(TargetUnion::Version(operand)) => kv.version.cmp(operand),
            Some(TargetUnion::CreateRevision(operand)) => kv.create_revision.cmp(operand),
            Some(TargetUnion::ModRevision(operand)) => kv.mod_revision.cmp(operand),
            Some(TargetUnion::Lease(operand)) => kv.lease.cmp(operand),
            Some(TargetUnion::Value(operand)) => kv.value.cmp(operand),
            None => panic!("these tests give an operand"),
        };
        let holds = |kv: &KeyValue| match compare.result {
            0 => side(kv).is_eq(),
            1 => side(kv).is_gt(),
            2 => side(kv).is_lt(),
            _ => side(kv).is_ne(),
        };
        let mut kvs = self
            .pairs()
            .values()
            .filter(|kv| inside(&kv.key, &compare.key, &compare.range_end))
            .peekable();
        if kvs.peek().is_none() {
            return compare.target != CompareTarget::Value as i32 && holds(&KeyValue::default());
        }
        kvs.all(holds)
    }

    fn check(&self, path: &Path<'_>, puts: bool, ranges: bool) -> Result<(), Status> {
        let mut nested = path.nested.iter();
        for op in path.ops {
            match op.request.as_ref().expect("these tests have no empty ones") {
                Request::RequestPut(put) if puts => {
                    let keeps = put.ignore_value || put.ignore_lease;
                    if keeps && !self.pairs().contains_key(&put.key) {
                        return Err(error::key_not_found());
                    }
                    if put.lease != 0 && !self.leases.contains(&put.lease) {
                        return Err(error::lease_not_found());
                    }
                }
                Request::RequestRange(range) if ranges && range.revision != 0 => {
                    if range.revision > self.rev {
                        return Err(error::future_rev());
                    }
                    if range.revision < self.compacted {
                        return Err(error::compacted());
                    }
                }
                Request::RequestTxn(_) => {
                    self.check(nested.next().expect("one each"), puts, ranges)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn run(&self, draft: &mut Draft, path: &Path<'_>) -> Result<TxnResponse, Status> {
        let mut nested = path.nested.iter();
        let mut responses = vec![];
        for op in path.ops {
            let response = match op.request.as_ref().expect("these tests have no empty ones") {
                Request::RequestPut(put) => Response::ResponsePut(draft.put(put)?),
                Request::RequestDeleteRange(delete) => {
                    Response::ResponseDeleteRange(draft.delete_range(delete))
                }
                Request::RequestRange(range) if range.revision > 0 => {
                    Response::ResponseRange(read(self.state(range.revision), range, draft.now()))
                }
                Request::RequestRange(range) => {
                    Response::ResponseRange(read(&draft.pairs, range, draft.now()))
                }
                Request::RequestTxn(_) => {
                    Response::ResponseTxn(self.run(draft, nested.next().expect("one each"))?)
                }
            };
            responses.push(ResponseOp { response: Some(response) });
        }
        let (header, succeeded) = (Some(ResponseHeader::default()), path.succeeded);
        Ok(TxnResponse { header, succeeded, responses })
    }
}

/// T6 with lists in place of trees: what a branch puts and deletes, `None` for a key written twice.
#[allow(clippy::type_complexity)] // two lists
pub(crate) fn written(ops: &[RequestOp]) -> Option<(Vec<Bytes>, Vec<(Bytes, Bytes)>)> {
    let (mut puts, mut deletes) = (vec![], vec![]);
    let clash = |puts: &[Bytes], deletes: &[(Bytes, Bytes)], key: &Bytes| {
        // An endless delete is not seen.
        let hit = |(first, end): &(Bytes, Bytes)| end != "\0" && inside(key, first, end);
        puts.contains(key) || deletes.iter().any(hit)
    };
    for op in ops {
        if let Some(Request::RequestDeleteRange(delete)) = &op.request {
            deletes.push((delete.key.clone(), delete.range_end.clone()));
        }
    }
    for op in ops {
        let Some(Request::RequestTxn(txn)) = &op.request else { continue };
        let ((mut both, gone), (failure, also_gone)) =
            (written(&txn.success)?, written(&txn.failure)?);
        both.extend(failure.into_iter().filter(|key| !both.contains(key)).collect::<Vec<_>>());
        if both.iter().any(|key| clash(&puts, &deletes, key)) {
            return None;
        }
        puts.extend(both);
        deletes.extend(gone.into_iter().chain(also_gone));
    }
    for op in ops {
        if let Some(Request::RequestPut(put)) = &op.request {
            if clash(&puts, &deletes, &put.key) {
                return None;
            }
            puts.push(put.key.clone());
        }
    }
    Some((puts, deletes))
}
