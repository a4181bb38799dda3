//! A restored store is the store it came from, before and after what happens next.

use bytes::Bytes;
use mvcc::{Image, RangeOptions, Rules, Store};
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
        prop_assert_eq!(restored.size_bytes(), store.size_bytes());
    }

    /// A compaction that was scheduled when the member went down is made up for (R10).
    #[test]
    fn a_scheduled_compaction_is_done_when_the_store_is_restored(
        ops in prop::collection::vec(op(), 1..40), back in 0i64..8
    ) {
        let mut store = Store::new();
        run(&mut store, &ops);
        let scheduled = Image { scheduled_compact_rev: store.rev() - back, ..store.image() };
        let restored = Store::restore(store.entries(), scheduled);
        // Refused where it is compacted already, and then nothing was left to do.
        let _ = store.compact(store.rev() - back);
        prop_assert_eq!(restored.image(), store.image());
        prop_assert!(restored.entries().eq(store.entries()));
    }

    /// Releases that keep a tombstone at the compacted revision hash as those that do not (C2, H1).
    #[test]
    fn releases_that_differ_in_tombstones_agree_on_hashes(
        ops in prop::collection::vec(op(), 1..60)
    ) {
        let (mut old, mut new) = (Store::with_rules(Rules::V3_4), Store::with_rules(Rules::V3_6));
        run(&mut old, &ops);
        run(&mut new, &ops);
        prop_assert_eq!(old.hash_kv(0), new.hash_kv(0));
        prop_assert_eq!(seen(&old), seen(&new));
    }

    /// Entries that no etcd has written: no panic, and the store still takes writes.
    #[test]
    fn a_store_of_odd_entries_is_bearable(
        entries in prop::collection::vec(
            (1i64..6, 0i64..3, any::<bool>(), 0u8..3, any::<i64>(), any::<i64>()), 0..12
        ),
        finished: i64, scheduled: i64, after in prop::collection::vec(op(), 0..10)
    ) {
        let entries = entries.into_iter().map(|(main, sub, tombstone, key, create, version)| {
            let key = Bytes::copy_from_slice(&[b'a' + key]);
            let kv = proto::mvccpb::KeyValue {
                key, create_revision: create, version, ..Default::default()
            };
            mvcc::Entry { rev: mvcc::Revision::new(main, sub), tombstone, kv }
        });
        let image = Image {
            finished_compact_rev: finished, scheduled_compact_rev: scheduled, ..Image::default()
        };
        let mut store = Store::restore(entries, image);
        let _ = store.hash_kv(0);
        let _ = store.range(b"a", b"z", RangeOptions::default());
        if store.rev() < i64::MAX - 100 {
            run(&mut store, &after);
        }
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
