//! The whole crate against a naive model: a map of pairs for every revision, nothing else. Whatever is
//! done, both answer the same, and a store made of its own bucket goes on as if nothing had been.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use mvcc::{Change, Entry, Lessor, RangeOptions, Rules, Store, request, txn as txns};
use proptest::prelude::*;
use proto::etcdserverpb::compare::{CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest,
    RangeResponse, RequestOp, ResponseHeader, ResponseOp, TxnRequest, TxnResponse,
};
use proto::mvccpb::KeyValue;
use proto::{Status, error};
use support::build::{bytes, op};

type Pairs = BTreeMap<Bytes, KeyValue>;

/// Key, deleted, revision: what a watcher is told.
type Told = Vec<(Bytes, bool, i64)>;

#[derive(Clone, Debug)]
enum Op {
    Put(PutRequest),
    Delete(DeleteRangeRequest),
    Range(RangeRequest),
    Txn(TxnRequest),
    /// Back from the current revision.
    Compact(i64),
    Grant(i64),
    Revoke(i64),
    Restart,
}

/// A revision at a time, each with all its pairs.
struct Model {
    rules: Rules,
    states: BTreeMap<i64, Pairs>,
    rev: i64,
    compacted: i64,
    leases: BTreeSet<i64>,
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
    fn new(rules: Rules) -> Model {
        let states = [(1, Pairs::new())].into();
        Model { rules, states, rev: 1, compacted: -1, leases: BTreeSet::new() }
    }

    fn pairs(&self) -> &Pairs {
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

    fn put(&mut self, put: &PutRequest) -> Result<(PutResponse, Told), Status> {
        if put.lease != 0 && !self.leases.contains(&put.lease) {
            return Err(error::lease_not_found());
        }
        let mut draft = self.draft();
        let response = draft.put(put)?;
        Ok((response, self.commit(draft)))
    }

    fn delete(&mut self, delete: &DeleteRangeRequest) -> (DeleteRangeResponse, Told) {
        let mut draft = self.draft();
        let response = draft.delete_range(delete);
        (response, self.commit(draft))
    }

    fn range(&self, ask: &RangeRequest) -> Result<RangeResponse, Status> {
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
    fn state(&self, rev: i64) -> &Pairs {
        &self.states[&rev.max(1)]
    }

    fn compact(&mut self, rev: i64) -> Result<(), Status> {
        if rev <= self.compacted {
            return Err(error::compacted());
        }
        if rev > self.rev {
            return Err(error::future_rev());
        }
        self.compacted = rev;
        Ok(())
    }

    fn revoke(&mut self, id: i64) -> Result<Told, Status> {
        if !self.leases.remove(&id) {
            return Err(error::lease_not_found());
        }
        let mut draft = self.draft();
        for key in self.pairs().values().filter(|kv| kv.lease == id).map(|kv| &kv.key) {
            draft.delete(key, b"");
        }
        Ok(self.commit(draft))
    }

    fn txn(&mut self, request: &TxnRequest) -> Result<(TxnResponse, Told), Status> {
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
fn written(ops: &[RequestOp]) -> Option<(Vec<Bytes>, Vec<(Bytes, Bytes)>)> {
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

fn key() -> impl Strategy<Value = Bytes> {
    (0u8..6).prop_map(|n| Bytes::copy_from_slice(&[b'a' + n]))
}

fn range_end() -> impl Strategy<Value = Bytes> {
    prop_oneof![4 => Just(bytes("")), 1 => Just(bytes("\0")), 4 => key(), 1 => Just(bytes("z"))]
}

fn put() -> impl Strategy<Value = PutRequest> {
    let value = (0u8..4).prop_map(|n| Bytes::copy_from_slice(&[b'0' + n]));
    let lease = prop_oneof![3 => Just(0), 2 => 1i64..4];
    let keep = || prop::bool::weighted(0.15);
    (key(), value, lease, any::<bool>(), keep(), keep()).prop_map(
        |(key, value, lease, prev_kv, ignore_value, ignore_lease)| PutRequest {
            key,
            value: if ignore_value { Bytes::new() } else { value },
            lease: if ignore_lease { 0 } else { lease },
            prev_kv,
            ignore_value,
            ignore_lease,
        },
    )
}

fn delete() -> impl Strategy<Value = DeleteRangeRequest> {
    (key(), range_end(), any::<bool>()).prop_map(|(key, range_end, prev_kv)| DeleteRangeRequest {
        key,
        range_end,
        prev_kv,
    })
}

fn range() -> impl Strategy<Value = RangeRequest> {
    let revision = prop_oneof![5 => Just(0i64), 2 => 1i64..30, 1 => -3i64..0];
    let min_mod = prop_oneof![3 => Just(0i64), 1 => 1i64..20];
    (key(), range_end(), revision, 0i64..4, min_mod, any::<bool>(), prop::bool::weighted(0.2))
        .prop_map(|(key, range_end, revision, limit, min_mod_revision, keys_only, count_only)| {
            RangeRequest {
                key,
                range_end,
                revision,
                limit,
                min_mod_revision,
                keys_only,
                count_only,
                ..RangeRequest::default()
            }
        })
}

fn compare() -> impl Strategy<Value = Compare> {
    (key(), range_end(), 0i32..4, 0i32..5, 0i64..12).prop_map(
        |(key, range_end, result, target, operand)| {
            let union = match CompareTarget::try_from(target).expect("one of five") {
                CompareTarget::Version => TargetUnion::Version(operand / 3),
                CompareTarget::Create => TargetUnion::CreateRevision(operand),
                CompareTarget::Mod => TargetUnion::ModRevision(operand),
                CompareTarget::Value => TargetUnion::Value(bytes(&(operand % 4).to_string())),
                CompareTarget::Lease => TargetUnion::Lease(operand % 3),
            };
            Compare { result, target, key, range_end, target_union: Some(union) }
        },
    )
}

fn txn() -> impl Strategy<Value = TxnRequest> {
    let leaf = prop_oneof![
        4 => put().prop_map(|put| op(Request::RequestPut(put))),
        2 => delete().prop_map(|delete| op(Request::RequestDeleteRange(delete))),
        3 => range().prop_map(|range| op(Request::RequestRange(range))),
    ];
    let request = |op: BoxedStrategy<RequestOp>| {
        let ops = || prop::collection::vec(op.clone(), 0..4);
        (prop::collection::vec(compare(), 0..3), ops(), ops())
            .prop_map(|(compare, success, failure)| TxnRequest { compare, success, failure })
    };
    let ops = leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            3 => inner.clone(),
            2 => request(inner).prop_map(|txn| op(Request::RequestTxn(txn))),
        ]
    });
    request(ops.boxed())
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => put().prop_map(Op::Put),
        3 => delete().prop_map(Op::Delete),
        2 => range().prop_map(Op::Range),
        6 => txn().prop_map(Op::Txn),
        2 => (-2i64..8).prop_map(Op::Compact),
        2 => (0i64..4).prop_map(Op::Grant),
        1 => (0i64..4).prop_map(Op::Revoke),
        1 => Just(Op::Restart),
    ]
}

fn told(changes: Vec<Change>) -> Told {
    changes.into_iter().map(|c| (c.kv.key, c.deleted, c.kv.mod_revision)).collect()
}

/// Store and lessor out of the bytes of their buckets.
fn restarted(store: &Store, lessor: &Lessor) -> (Store, Lessor) {
    let entries = store
        .key_bucket()
        .map(|(key, value)| Entry::from_bucket(&key, value.into()).expect("what the bucket has"));
    let back = Store::restore(entries, store.image());
    let bucket = lessor.bucket();
    let values = bucket.iter().map(|(_, value)| &value[..]);
    let mut leases = Lessor::from_bucket(values, 1).expect("leases");
    back.attach_leases(&mut leases);
    (back, leases)
}

/// What a member has, next to the model of it.
struct Pair {
    store: Store,
    lessor: Lessor,
    model: Model,
}

impl Pair {
    fn step(&mut self, op: &Op) -> Result<(), TestCaseError> {
        let Pair { store, lessor, model } = self;
        match op {
            Op::Put(put) => {
                let got = request::put(store, lessor, put).map(|(r, c)| (r, told(c)));
                prop_assert_eq!(got, model.put(put));
            }
            Op::Delete(delete) => {
                let got = request::delete_range(store, lessor, delete).map(|(r, c)| (r, told(c)));
                prop_assert_eq!(got, Ok(model.delete(delete)));
            }
            Op::Range(ask) => prop_assert_eq!(request::range(store, ask), model.range(ask)),
            Op::Txn(request) => {
                let twice = |ops: &[RequestOp]| written(ops).is_none();
                let refused = twice(&request.success) || twice(&request.failure);
                let check = txns::check(request, 128, store.rules());
                let wanted = if refused { Err(error::duplicate_key()) } else { Ok(()) };
                prop_assert_eq!(check, wanted);
                // What is refused is applied too: even then, it is whole or nothing.
                if txns::is_read_only(request) {
                    let wanted = model.txn(request).map(|(response, _)| response);
                    prop_assert_eq!(txns::read(store, request), wanted);
                } else {
                    let got = txns::apply(store, lessor, request).map(|(r, c)| (r, told(c)));
                    prop_assert_eq!(got, model.txn(request));
                }
            }
            Op::Compact(back) => {
                let rev = store.rev() - back;
                let got = store.compact(rev).map_err(Status::from);
                prop_assert_eq!(got, model.compact(rev));
            }
            Op::Grant(id) => {
                let granted = lessor.grant(*id, 60, 0).is_ok();
                prop_assert_eq!(granted, *id != 0 && model.leases.insert(*id));
            }
            Op::Revoke(id) => {
                let got = request::lease_revoke(store, lessor, *id);
                prop_assert_eq!(got.map(told).map_err(Status::from), model.revoke(*id));
            }
            Op::Restart => {
                let (back, leases) = restarted(store, lessor);
                prop_assert_eq!(back.hash_kv(0), store.hash_kv(0));
                prop_assert_eq!(back.image(), store.image());
                prop_assert_eq!(back.size_in_use_bytes(), store.size_in_use_bytes());
                prop_assert!(back.entries().eq(store.entries()));
                (*store, *lessor) = (back, leases);
            }
        }
        Ok(())
    }

    /// Every readable revision, and every lease.
    fn compare(&self) -> Result<(), TestCaseError> {
        let Pair { store, lessor, model } = self;
        prop_assert_eq!((store.rev(), store.compact_rev()), (model.rev, model.compacted));
        prop_assert_eq!(store.key_count(), model.pairs().len());
        for rev in store.compact_rev().max(1)..=store.rev() {
            let options = RangeOptions { rev, ..RangeOptions::default() };
            let found = store.range(b"\0", b"\0", options).expect("a readable revision");
            let wanted: Vec<_> = model.state(rev).values().cloned().collect();
            prop_assert_eq!(found.kvs, wanted, "at {}", rev);
        }
        prop_assert_eq!(lessor.leases(), model.leases.iter().copied().collect::<Vec<_>>());
        for id in &model.leases {
            let keys: Vec<_> = lessor.keys(*id).collect();
            let pairs = model.pairs().values();
            let wanted: Vec<_> = pairs.filter(|kv| kv.lease == *id).map(|kv| &kv.key).collect();
            prop_assert_eq!(keys, wanted, "of lease {}", id);
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn whatever_is_done_the_store_answers_as_the_model(
        ops in prop::collection::vec(any_op(), 1..60), old in any::<bool>()
    ) {
        let rules = if old { Rules::V3_4 } else { Rules::V3_6 };
        let (store, model) = (Store::with_rules(rules), Model::new(rules));
        let mut pair = Pair { store, lessor: Lessor::new(1), model };
        for op in &ops {
            pair.step(op)?;
        }
        pair.compare()?;
        pair.step(&Op::Restart)?;
        pair.compare()?;
    }

    #[test]
    fn any_bytes_are_an_entry_or_refused(
        key in prop::collection::vec(any::<u8>(), 0..20),
        value in prop::collection::vec(any::<u8>(), 0..40),
        rev in (1i64..i64::MAX, 0i64..), tombstone: bool
    ) {
        let _ = Entry::from_bucket(&key, value.into());
        let mut key = vec![];
        mvcc::Revision::new(rev.0, rev.1).bucket_key(tombstone, &mut key);
        let entry = Entry::from_bucket(&key, Bytes::new()).expect("an entry");
        prop_assert_eq!((entry.rev.main, entry.rev.sub, entry.tombstone), (rev.0, rev.1, tombstone));
    }
}
