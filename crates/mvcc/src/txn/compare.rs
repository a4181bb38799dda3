//! Compares: whether what they say of a key, or of every key of a range, is so (T2, T3).

use std::cmp::Ordering;

use proto::etcdserverpb::Compare;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::mvccpb::KeyValue;

use crate::{RangeOptions, Store};

/// Whether the compare holds now. A key that is not there has the value of nothing, which no compare
/// of values matches, and is 0 in all else.
pub(super) fn holds(store: &Store, compare: &Compare) -> bool {
    // The current revision is always readable.
    let found = store.range(&compare.key, &compare.range_end, RangeOptions::default());
    let kvs = found.map(|found| found.kvs).unwrap_or_default();
    if kvs.is_empty() {
        let by_value = compare.target == CompareTarget::Value as i32;
        return !by_value && holds_for(compare, &KeyValue::default());
    }
    kvs.iter().all(|kv| holds_for(compare, kv))
}

/// An unknown target is equal to whatever it is compared with, and an unknown result holds.
fn holds_for(compare: &Compare, kv: &KeyValue) -> bool {
    let ordering = match CompareTarget::try_from(compare.target) {
        Ok(target) => order(target, compare.target_union.as_ref(), kv),
        Err(_) => Ordering::Equal,
    };
    match CompareResult::try_from(compare.result) {
        Ok(CompareResult::Equal) => ordering.is_eq(),
        Ok(CompareResult::NotEqual) => ordering.is_ne(),
        Ok(CompareResult::Greater) => ordering.is_gt(),
        Ok(CompareResult::Less) => ordering.is_lt(),
        Err(_) => true,
    }
}

/// The key's side first. A missing operand, or one that belongs to another target, is 0 or empty.
fn order(target: CompareTarget, operand: Option<&TargetUnion>, kv: &KeyValue) -> Ordering {
    match (target, operand) {
        (CompareTarget::Version, Some(TargetUnion::Version(version))) => kv.version.cmp(version),
        (CompareTarget::Version, _) => kv.version.cmp(&0),
        (CompareTarget::Create, Some(TargetUnion::CreateRevision(rev))) => {
            kv.create_revision.cmp(rev)
        }
        (CompareTarget::Create, _) => kv.create_revision.cmp(&0),
        (CompareTarget::Mod, Some(TargetUnion::ModRevision(rev))) => kv.mod_revision.cmp(rev),
        (CompareTarget::Mod, _) => kv.mod_revision.cmp(&0),
        (CompareTarget::Value, Some(TargetUnion::Value(value))) => kv.value.cmp(value),
        (CompareTarget::Value, _) => kv.value[..].cmp(&[]),
        (CompareTarget::Lease, Some(TargetUnion::Lease(lease))) => kv.lease.cmp(lease),
        (CompareTarget::Lease, _) => kv.lease.cmp(&0),
    }
}
