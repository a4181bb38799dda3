//! A restored store is the store it came from, before and after what happens next.

use bytes::Bytes;
use mvcc::{RangeOptions, Store};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Put(u8, u8),
    Delete(u8, u8),
    /// Back from the current revision.
    Compact(i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0u8..6, any::<u8>()).prop_map(|(key, value)| Op::Put(key, value)),
        3 => (0u8..6, 0u8..3).prop_map(|(key, width)| Op::Delete(key, width)),
        1 => (0i64..5).prop_map(Op::Compact),
    ]
}

fn run(store: &mut Store, ops: &[Op]) {
    for op in ops {
        match op {
            Op::Put(key, value) => {
                let mut txn = store.write();
                txn.put(&[b'a' + key], Bytes::copy_from_slice(&[*value]), 0);
                txn.end();
            }
            Op::Delete(key, width) => {
                let mut txn = store.write();
                txn.delete_range(&[b'a' + key], &[b'a' + key + width]);
                txn.end();
            }
            // Refused where it is compacted already, and that is fine here.
            Op::Compact(back) => drop(store.compact(store.rev() - back)),
        }
    }
}

/// All that a reader can see, at every readable revision.
fn seen(store: &Store) -> Vec<Vec<proto::mvccpb::KeyValue>> {
    (store.compact_rev().max(1)..=store.rev())
        .map(|rev| {
            let options = RangeOptions { rev, ..RangeOptions::default() };
            store.range(b"\0", b"\0", options).expect("a readable revision").kvs
        })
        .collect()
}

proptest! {
    #[test]
    fn a_restored_store_goes_on_as_the_one_it_came_from(
        before in prop::collection::vec(op(), 0..40), after in prop::collection::vec(op(), 0..20)
    ) {
        let mut store = Store::new();
        run(&mut store, &before);
        let mut restored = Store::restore(store.entries(), store.image());
        prop_assert_eq!(restored.rev(), store.rev());
        run(&mut store, &after);
        run(&mut restored, &after);
        prop_assert_eq!(restored.rev(), store.rev());
        prop_assert_eq!(restored.compact_rev(), store.compact_rev());
        prop_assert_eq!(restored.key_count(), store.key_count());
        prop_assert_eq!(seen(&restored), seen(&store));
        prop_assert_eq!(restored.hash_kv(0), store.hash_kv(0));
        prop_assert_eq!(restored.size_in_use_bytes(), store.size_in_use_bytes());
    }

    /// What is visible at a revision does not change by compaction at or before it.
    #[test]
    fn compaction_changes_nothing_at_or_after_its_revision(
        ops in prop::collection::vec(op(), 1..40), back in 0i64..8
    ) {
        let mut store = Store::new();
        run(&mut store, &ops);
        let rev = store.rev() - back;
        if rev > store.compact_rev() && rev > 0 {
            let all = seen(&store);
            store.compact(rev).expect("a readable revision");
            let kept = (store.rev() - rev + 1) as usize;
            prop_assert_eq!(seen(&store), all[all.len() - kept..].to_vec());
        }
    }
}
