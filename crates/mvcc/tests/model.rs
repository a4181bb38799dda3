//! The whole crate against a naive model: a map of pairs for every revision, nothing else. Whatever is
//! done, both answer the same, and a store made of its own bucket goes on as if nothing had been.

#[path = "support/naive.rs"]
mod naive;
mod support;

use bytes::Bytes;
use mvcc::{Change, Entry, Lessor, RangeOptions, Rules, Store, request, txn as txns};
use naive::{Model, Told, written};
use proptest::prelude::*;
use proto::etcdserverpb::compare::{CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
};
use proto::{Status, error};
use support::build::{bytes, op};

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
