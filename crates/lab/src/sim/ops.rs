//! The operations of simulated clients: requests of every kind, drawn.

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::request_op::Request as Union;
use proto::etcdserverpb::*;
use proto::method;

use super::dice::Dice;
use super::view::View;

/// A kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Put,
    Delete,
    Txn,
    Range,
    SerializableRange,
    OldRange,
    ReadTxn,
    Compact,
    LeaseGrant,
    LeaseRevoke,
    LeaseTimeToLive,
    LeaseLeases,
    MoveLeader,
    HashKv,
    Hash,
    Defragment,
    Status,
    MemberList,
    AlarmList,
}

impl Kind {
    pub(crate) const ALL: [Kind; 19] = [
        Kind::Put,
        Kind::Delete,
        Kind::Txn,
        Kind::Range,
        Kind::SerializableRange,
        Kind::OldRange,
        Kind::ReadTxn,
        Kind::Compact,
        Kind::LeaseGrant,
        Kind::LeaseRevoke,
        Kind::LeaseTimeToLive,
        Kind::LeaseLeases,
        Kind::MoveLeader,
        Kind::HashKv,
        Kind::Hash,
        Kind::Defragment,
        Kind::Status,
        Kind::MemberList,
        Kind::AlarmList,
    ];

    /// The most that it may weigh in a mix.
    pub(crate) fn weight_max(self) -> u64 {
        match self {
            Kind::Put => 30,
            Kind::Txn | Kind::Range => 15,
            Kind::Delete | Kind::SerializableRange | Kind::OldRange | Kind::ReadTxn => 8,
            Kind::Compact | Kind::LeaseGrant | Kind::LeaseRevoke => 3,
            _ => 1,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Put => "put",
            Kind::Delete => "delete",
            Kind::Txn => "txn",
            Kind::Range => "range",
            Kind::SerializableRange => "serializable range",
            Kind::OldRange => "old range",
            Kind::ReadTxn => "read txn",
            Kind::Compact => "compact",
            Kind::LeaseGrant => "lease grant",
            Kind::LeaseRevoke => "lease revoke",
            Kind::LeaseTimeToLive => "lease ttl",
            Kind::LeaseLeases => "lease list",
            Kind::MoveLeader => "move leader",
            Kind::HashKv => "hash kv",
            Kind::Hash => "hash",
            Kind::Defragment => "defragment",
            Kind::Status => "status",
            Kind::MemberList => "member list",
            Kind::AlarmList => "alarm list",
        }
    }

    /// Draws a request: gRPC's path and the message.
    pub(crate) fn request(self, dice: &mut Dice, view: &mut View) -> (&'static str, Bytes) {
        match self {
            Kind::Put => (method::kv::PUT, encoded(&put(dice, view, true))),
            Kind::Delete => (method::kv::DELETE_RANGE, encoded(&delete(dice, view))),
            Kind::Txn => (method::kv::TXN, encoded(&txn(dice, view, 1))),
            Kind::Range => (method::kv::RANGE, encoded(&range(dice, view))),
            Kind::SerializableRange => {
                let range = RangeRequest { serializable: true, ..range(dice, view) };
                (method::kv::RANGE, encoded(&range))
            }
            Kind::OldRange => {
                let revision = old_revision(dice, view);
                let serializable = dice.percent(30);
                let range = RangeRequest { revision, serializable, ..range(dice, view) };
                (method::kv::RANGE, encoded(&range))
            }
            Kind::ReadTxn => {
                let serializable = dice.percent(30);
                let ops = |dice: &mut Dice, view: &mut View| -> Vec<RequestOp> {
                    let range = |dice: &mut Dice, view: &mut View| {
                        let range = RangeRequest { serializable, ..range(dice, view) };
                        RequestOp { request: Some(Union::RequestRange(range)) }
                    };
                    (0..dice.within(1, 3)).map(|_| range(dice, view)).collect()
                };
                let compare = vec![compare(dice, view)];
                let (success, failure) = (ops(dice, view), ops(dice, view));
                (method::kv::TXN, encoded(&TxnRequest { compare, success, failure }))
            }
            Kind::Compact => {
                let revision = old_revision(dice, view);
                let physical = dice.percent(30);
                (method::kv::COMPACT, encoded(&CompactionRequest { revision, physical }))
            }
            Kind::LeaseGrant => {
                let id = if dice.percent(30) { dice.within(1, 20) as i64 } else { 0 };
                let ttl = dice.within(1, 8) as i64;
                (method::lease::LEASE_GRANT, encoded(&LeaseGrantRequest { ttl, id }))
            }
            Kind::LeaseRevoke => (
                method::lease::LEASE_REVOKE,
                encoded(&LeaseRevokeRequest { id: lease(dice, view) }),
            ),
            Kind::LeaseTimeToLive => {
                let request = LeaseTimeToLiveRequest { id: lease(dice, view), keys: true };
                (method::lease::LEASE_TIME_TO_LIVE, encoded(&request))
            }
            Kind::LeaseLeases => (method::lease::LEASE_LEASES, encoded(&LeaseLeasesRequest {})),
            Kind::MoveLeader => {
                let target_id = view.some_voter(dice);
                (method::maintenance::MOVE_LEADER, encoded(&MoveLeaderRequest { target_id }))
            }
            Kind::HashKv => {
                let revision = if dice.percent(50) { 0 } else { old_revision(dice, view) };
                (method::maintenance::HASH_KV, encoded(&HashKvRequest { revision }))
            }
            Kind::Hash => (method::maintenance::HASH, encoded(&HashRequest {})),
            Kind::Defragment => (method::maintenance::DEFRAGMENT, encoded(&DefragmentRequest {})),
            Kind::Status => (method::maintenance::STATUS, encoded(&StatusRequest {})),
            Kind::MemberList => {
                let linearizable = dice.percent(50);
                (method::cluster::MEMBER_LIST, encoded(&MemberListRequest { linearizable }))
            }
            Kind::AlarmList => (method::maintenance::ALARM, encoded(&alarm(AlarmAction::Get, 0))),
        }
    }
}

pub(crate) fn encoded(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

pub(crate) fn alarm(action: AlarmAction, member_id: u64) -> AlarmRequest {
    let kind = if action == AlarmAction::Get { AlarmType::None } else { AlarmType::Nospace };
    AlarmRequest { action: action as i32, member_id, alarm: kind as i32 }
}

/// A put whose value nobody else ever writes.
pub(crate) fn put(dice: &mut Dice, view: &mut View, alone: bool) -> PutRequest {
    let mut put = PutRequest {
        key: key(dice, view),
        value: view.fresh_value(),
        prev_kv: dice.percent(30),
        ..PutRequest::default()
    };
    match dice.below(10) {
        0 | 1 => put.lease = lease(dice, view),
        2 => put.ignore_lease = true,
        // Then the request itself is not unique any more, which is fine when it stands alone.
        3 if alone => {
            put.ignore_value = true;
            put.value = Bytes::new();
        }
        _ => {}
    }
    put
}

fn delete(dice: &mut Dice, view: &mut View) -> DeleteRangeRequest {
    let (key, range_end) = span(dice, view);
    DeleteRangeRequest { key, range_end, prev_kv: dice.percent(50) }
}

fn range(dice: &mut Dice, view: &mut View) -> RangeRequest {
    let (key, range_end) = span(dice, view);
    let mut range = RangeRequest { key, range_end, ..RangeRequest::default() };
    if dice.percent(30) {
        range.limit = dice.within(1, 4) as i64;
    }
    range.keys_only = dice.percent(10);
    range.count_only = dice.percent(10);
    if dice.percent(25) {
        let order = [SortOrder::None, SortOrder::Ascend, SortOrder::Descend];
        let target = [
            SortTarget::Key,
            SortTarget::Version,
            SortTarget::Create,
            SortTarget::Mod,
            SortTarget::Value,
        ];
        range.sort_order = dice.pick(&order) as i32;
        range.sort_target = dice.pick(&target) as i32;
    }
    range
}

/// A transaction of up to three operations a branch. Its puts are to different keys mostly, as
/// otherwise it is refused (T6).
fn txn(dice: &mut Dice, view: &mut View, depth: u32) -> TxnRequest {
    let compare = (0..dice.below(3)).map(|_| compare(dice, view)).collect();
    let mut branch = |dice: &mut Dice| -> Vec<RequestOp> {
        let count = dice.below(4);
        (0..count).map(|_| op(dice, view, depth)).collect()
    };
    let (success, failure) = (branch(dice), branch(dice));
    TxnRequest { compare, success, failure }
}

fn op(dice: &mut Dice, view: &mut View, depth: u32) -> RequestOp {
    let request = match dice.below(8) {
        0 | 1 => Union::RequestRange(range(dice, view)),
        // One key at one revision twice confuses watchers: deletes that etcd does not see in the way of
        // a put (T6) stay out.
        2 if depth > 0 => {
            let delete = delete(dice, view);
            let range_end =
                if delete.range_end == [0][..] { Bytes::new() } else { delete.range_end };
            Union::RequestDeleteRange(DeleteRangeRequest { range_end, ..delete })
        }
        3 if depth > 0 => Union::RequestTxn(txn(dice, view, depth - 1)),
        _ => Union::RequestPut(put(dice, view, false)),
    };
    RequestOp { request: Some(request) }
}

fn compare(dice: &mut Dice, view: &mut View) -> Compare {
    let (key, range_end) =
        if dice.percent(20) { span(dice, view) } else { (key(dice, view), Bytes::new()) };
    let results = [
        CompareResult::Equal,
        CompareResult::NotEqual,
        CompareResult::Greater,
        CompareResult::Less,
    ];
    let (target, union) = match dice.below(5) {
        0 => (CompareTarget::Version, TargetUnion::Version(dice.below(4) as i64)),
        1 => (CompareTarget::Create, TargetUnion::CreateRevision(near(dice, view))),
        2 => (CompareTarget::Mod, TargetUnion::ModRevision(near(dice, view))),
        3 => (CompareTarget::Value, TargetUnion::Value(view.fresh_value())),
        _ => (CompareTarget::Lease, TargetUnion::Lease(0)),
    };
    Compare {
        result: dice.pick(&results) as i32,
        target: target as i32,
        key,
        range_end,
        target_union: Some(union),
    }
}

fn near(dice: &mut Dice, view: &View) -> i64 {
    if dice.percent(30) { 0 } else { (view.revision - dice.below(20) as i64).max(1) }
}

pub(crate) fn key(dice: &mut Dice, view: &View) -> Bytes {
    format!("k/{:02}", dice.below(view.keys)).into()
}

/// One key, a range of them, all of the prefix, or all there are.
pub(crate) fn span(dice: &mut Dice, view: &View) -> (Bytes, Bytes) {
    let first = key(dice, view);
    match dice.below(6) {
        0..=2 => (first, Bytes::new()),
        3 => {
            // At times the range is empty.
            let other = key(dice, view);
            if other < first && dice.percent(90) { (other, first) } else { (first, other) }
        }
        4 => (Bytes::from_static(b"k/"), Bytes::from_static(b"k0")),
        _ => (first, Bytes::from_static(&[0])),
    }
}

/// Mostly not long ago; at times long ago, or still to come.
pub(crate) fn old_revision(dice: &mut Dice, view: &View) -> i64 {
    let revision = match dice.below(20) {
        0 => 1 + dice.below(view.revision.max(1) as u64) as i64,
        1 => view.revision + 1000,
        _ => view.revision - dice.below(40) as i64,
    };
    revision.max(1)
}

/// Some lease that was granted once, or one that never was.
fn lease(dice: &mut Dice, view: &View) -> i64 {
    if view.leases.is_empty() || dice.percent(5) {
        return 4711;
    }
    // Mostly one of the newest, which may still be there.
    let newest = &view.leases[view.leases.len().saturating_sub(3)..];
    let all = dice.percent(30);
    dice.pick(if all { &view.leases } else { newest })
}
