//! Requests about keys and leases, the odd ones too.

use bytes::Bytes;
use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::compare::TargetUnion;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::watch_create_request::FilterType;
use proto::etcdserverpb::{
    AlarmRequest, AlarmType, CompactionRequest, Compare, DefragmentRequest, DeleteRangeRequest,
    HashKvRequest, LeaseGrantRequest, LeaseLeasesRequest, LeaseRevokeRequest,
    LeaseTimeToLiveRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchCreateRequest,
};
use proto::method;

use crate::draw::Draw;
use crate::sequence::{Known, Step};

/// Not more than a dozen: the Go of Debian's 3.4.23 keeps the order of equals among so few, and so do
/// we (Q7).
const KEYS: [&[u8]; 12] =
    [b"a", b"aa", b"a\0", b"ab", b"b", b"b\xff", b"c", b"d", b"\0", b"\xff", b"\xff\xff", b"e/1"];
const ENDS: [&[u8]; 8] = [b"\0", b"z", b"a", b"\0\0", b"\xff", b"a\0", b"\xff\xff\xff", b"e0"];
const LEASES: [i64; 6] = [1, 2, 7, i64::MAX, -1, i64::MIN];
const ODD: [i64; 6] = [-1, -7, i64::MIN, i64::MAX, i64::MAX - 1, 1 << 32];

/// A request, or a few that belong together.
pub(crate) fn steps(draw: &mut Draw, known: &Known) -> Vec<Step> {
    match draw.below(100) {
        0..22 => vec![Step::new(method::kv::PUT, &put(draw))],
        22..30 => vec![Step::new(method::kv::DELETE_RANGE, &delete(draw))],
        30..52 => vec![Step::new(method::kv::RANGE, &range(draw, known))],
        52..76 => vec![Step::new(method::kv::TXN, &bearable(txn(draw, known, 3)))],
        76..79 => vec![compact(draw, known)],
        79..84 => {
            let revision = revision(draw, known);
            vec![Step::new(method::maintenance::HASH_KV, &HashKvRequest { revision })]
        }
        84..89 => grant(draw),
        89..92 => {
            let id = lease(draw);
            vec![Step::new(method::lease::LEASE_REVOKE, &LeaseRevokeRequest { id })]
        }
        92..95 => {
            let request = LeaseTimeToLiveRequest { id: lease(draw), keys: draw.once_in(2) };
            vec![Step::new(method::lease::LEASE_TIME_TO_LIVE, &request)]
        }
        95 => vec![Step::new(method::lease::LEASE_LEASES, &LeaseLeasesRequest {})],
        96 => alarm(draw, known),
        97 => vec![Step::new(method::maintenance::DEFRAGMENT, &DefragmentRequest {})],
        98 => vec![Step::new("/etcdserverpb.KV/Nothing", &LeaseLeasesRequest {})],
        _ => large(draw),
    }
}

fn bytes(of: &[u8]) -> Bytes {
    Bytes::copy_from_slice(of)
}

fn key(draw: &mut Draw) -> Bytes {
    if draw.once_in(40) { Bytes::new() } else { bytes(draw.pick::<&[u8]>(&KEYS)) }
}

fn range_end(draw: &mut Draw) -> Bytes {
    match draw.below(8) {
        0..3 => Bytes::new(),
        3 => bytes(b"\0"),
        4..6 => bytes(draw.pick::<&[u8]>(&ENDS)),
        _ => bytes(draw.pick::<&[u8]>(&KEYS)),
    }
}

fn value(draw: &mut Draw) -> Bytes {
    match draw.below(10) {
        0 => Bytes::new(),
        1 => bytes(&[0, 255, 10]),
        n => bytes(&[b'0' + n as u8 % 5]),
    }
}

fn lease(draw: &mut Draw) -> i64 {
    if draw.once_in(12) { draw.below(4) as i64 - 2 } else { *draw.pick(&LEASES) }
}

fn put(draw: &mut Draw) -> PutRequest {
    let mut put = PutRequest {
        key: key(draw),
        value: value(draw),
        lease: if draw.once_in(3) { lease(draw) } else { 0 },
        prev_kv: draw.once_in(2),
        ignore_value: draw.once_in(8),
        ignore_lease: draw.once_in(8),
    };
    // Mostly what passes the first look.
    if put.ignore_value && !draw.once_in(4) {
        put.value = Bytes::new();
    }
    if put.ignore_lease && !draw.once_in(4) {
        put.lease = 0;
    }
    put
}

fn delete(draw: &mut Draw) -> DeleteRangeRequest {
    // Seldom everything at once.
    let range_end = if draw.once_in(3) { range_end(draw) } else { Bytes::new() };
    DeleteRangeRequest { key: key(draw), range_end, prev_kv: draw.once_in(2) }
}

fn revision(draw: &mut Draw, known: &Known) -> i64 {
    match draw.below(12) {
        0..4 => 0,
        4 => *draw.pick(&ODD),
        5 => known.revision,
        6 => known.revision + 1,
        7 => known.compacted + draw.below(3) as i64 - 1,
        _ => known.revision - draw.below(30) as i64,
    }
}

fn bound(draw: &mut Draw, known: &Known) -> i64 {
    match draw.below(12) {
        0..9 => 0,
        9 => *draw.pick(&ODD),
        _ => known.revision - draw.below(20) as i64,
    }
}

fn limit(draw: &mut Draw) -> i64 {
    match draw.below(8) {
        0..4 => 0,
        4 => *draw.pick(&ODD),
        _ => draw.below(14) as i64,
    }
}

fn range(draw: &mut Draw, known: &Known) -> RangeRequest {
    RangeRequest {
        key: key(draw),
        range_end: range_end(draw),
        limit: limit(draw),
        revision: revision(draw, known),
        sort_order: if draw.once_in(2) { draw.below(5) as i32 - 1 } else { 0 },
        // An unknown one is a nil pointer to 3.4.23, and its end.
        sort_target: if known.sorts && draw.once_in(2) { draw.below(5) as i32 } else { 0 },
        serializable: draw.once_in(2),
        keys_only: draw.once_in(4),
        count_only: draw.once_in(6),
        min_mod_revision: bound(draw, known),
        max_mod_revision: bound(draw, known),
        min_create_revision: bound(draw, known),
        max_create_revision: bound(draw, known),
    }
}

fn compare(draw: &mut Draw, known: &Known) -> Compare {
    let target = if draw.once_in(15) { draw.below(8) as i32 - 1 } else { draw.below(5) as i32 };
    // Mostly the operand that goes with the target.
    let operand = if draw.once_in(10) { draw.below(6) as i32 } else { target };
    let number = match draw.below(6) {
        0 => *draw.pick(&ODD),
        1..3 => draw.below(4) as i64,
        _ => known.revision - draw.below(12) as i64,
    };
    let target_union = match operand {
        0 => Some(TargetUnion::Version(draw.below(5) as i64)),
        1 => Some(TargetUnion::CreateRevision(number)),
        2 => Some(TargetUnion::ModRevision(number)),
        3 => Some(TargetUnion::Value(value(draw))),
        4 => Some(TargetUnion::Lease(if draw.once_in(2) { 0 } else { lease(draw) })),
        _ => None,
    };
    Compare {
        result: if draw.once_in(15) { draw.below(8) as i32 - 1 } else { draw.below(4) as i32 },
        target,
        key: key(draw),
        range_end: if draw.once_in(3) { range_end(draw) } else { Bytes::new() },
        target_union,
    }
}

fn request_op(draw: &mut Draw, known: &Known, depth: u64) -> RequestOp {
    let request = match draw.below(40) {
        0 => None,
        1..16 => Some(Request::RequestPut(put(draw))),
        16..22 => Some(Request::RequestDeleteRange(delete(draw))),
        22..32 => {
            let mut range = range(draw, known);
            // One read of a revision that is not there fails the whole transaction.
            if !draw.once_in(5) {
                range.revision = 0;
            }
            Some(Request::RequestRange(range))
        }
        _ if depth > 0 => Some(Request::RequestTxn(txn(draw, known, depth - 1))),
        _ => Some(Request::RequestPut(put(draw))),
    };
    RequestOp { request }
}

fn ops(draw: &mut Draw, known: &Known, depth: u64) -> Vec<RequestOp> {
    let count = if draw.once_in(10) { 6 } else { draw.below(4) };
    (0..count).map(|_| request_op(draw, known, depth)).collect()
}

/// Takes out what no etcd survives (T10): an endless delete, which the check for duplicates does not
/// see, beside a put that keeps what is then gone.
fn bearable(mut txn: TxnRequest) -> TxnRequest {
    if has_endless_delete(&txn) {
        keep_nothing(&mut txn);
    }
    txn
}

fn has_endless_delete(txn: &TxnRequest) -> bool {
    txn.success.iter().chain(&txn.failure).any(|op| match &op.request {
        Some(Request::RequestDeleteRange(delete)) => delete.range_end == "\0",
        Some(Request::RequestTxn(txn)) => has_endless_delete(txn),
        _ => false,
    })
}

fn keep_nothing(txn: &mut TxnRequest) {
    for op in txn.success.iter_mut().chain(&mut txn.failure) {
        match &mut op.request {
            Some(Request::RequestPut(put)) => {
                (put.ignore_value, put.ignore_lease) = (false, false);
            }
            Some(Request::RequestTxn(txn)) => keep_nothing(txn),
            _ => {}
        }
    }
}

fn txn(draw: &mut Draw, known: &Known, depth: u64) -> TxnRequest {
    let compare = (0..draw.below(3)).map(|_| compare(draw, known)).collect();
    TxnRequest { compare, success: ops(draw, known, depth), failure: ops(draw, known, depth) }
}

fn compact(draw: &mut Draw, known: &Known) -> Step {
    let revision = match draw.below(6) {
        0 => revision(draw, known),
        1 => known.revision,
        _ => known.revision - draw.below(60) as i64,
    };
    // Waits until the backend has done it, so that sizes and hashes can be looked at next.
    Step::new(method::kv::COMPACT, &CompactionRequest { revision, physical: true })
}

/// A lease that would expire while the run lasts is revoked at once.
fn grant(draw: &mut Draw) -> Vec<Step> {
    let ttl = match draw.below(8) {
        0 => *draw.pick(&[0, -1, i64::MIN, 1, 2, 9_000_000_001, i64::MAX]),
        1 => 9_000_000_000,
        _ => 1_000 + draw.below(9_000) as i64,
    };
    let id = if draw.once_in(12) { 0 } else { lease(draw) };
    let grant = Step::new(method::lease::LEASE_GRANT, &LeaseGrantRequest { id, ttl });
    if ttl < 1_000 {
        let revoke = Step::new(method::lease::LEASE_REVOKE, &LeaseRevokeRequest { id });
        return vec![grant, revoke];
    }
    vec![grant]
}

/// An alarm, what may still be done under it, and its end.
fn alarm(draw: &mut Draw, known: &Known) -> Vec<Step> {
    let step = |action: AlarmAction, kind: AlarmType| {
        let (action, alarm) = (action as i32, kind as i32);
        Step::new(method::maintenance::ALARM, &AlarmRequest { action, member_id: 5, alarm })
    };
    let list = Step::new(method::maintenance::ALARM, &AlarmRequest::default());
    if !known.alarms || draw.once_in(3) {
        return vec![list];
    }
    // Other kinds are the end of 3.4.23.
    let kind = *draw.pick(&[AlarmType::Nospace, AlarmType::Corrupt]);
    let mut steps = vec![step(AlarmAction::Activate, kind), list.clone()];
    for _ in 0..draw.below(6) {
        steps.push(match draw.below(7) {
            0 => Step::new(method::kv::PUT, &put(draw)),
            1 => Step::new(method::kv::DELETE_RANGE, &delete(draw)),
            2 => Step::new(method::kv::RANGE, &range(draw, known)),
            3 => {
                let grant = LeaseGrantRequest { id: lease(draw), ttl: 5_000 };
                Step::new(method::lease::LEASE_GRANT, &grant)
            }
            4 => compact(draw, known),
            _ => Step::new(method::kv::TXN, &bearable(txn(draw, known, 1))),
        });
    }
    steps.extend([step(AlarmAction::Deactivate, kind), step(AlarmAction::Deactivate, kind), list]);
    steps
}

/// A watch from some revision on. Two changes of its first key follow, which end its look.
pub(crate) fn watch(draw: &mut Draw, known: &Known) -> WatchCreateRequest {
    let filters = match draw.below(6) {
        0 => vec![FilterType::Noput as i32],
        1 => vec![FilterType::Nodelete as i32],
        _ => vec![],
    };
    WatchCreateRequest {
        key: bytes(draw.pick::<&[u8]>(&KEYS)),
        range_end: range_end(draw),
        start_revision: match draw.below(5) {
            0 => 0,
            // Below zero the recorded releases tell nothing at all (W12).
            1 => (known.compacted + draw.below(3) as i64 - 1).max(0),
            _ => (known.revision - draw.below(60) as i64).max(0),
        },
        filters,
        prev_kv: draw.once_in(2),
        ..WatchCreateRequest::default()
    }
}

/// What is too much: operations, bytes for the log, bytes for gRPC.
fn large(draw: &mut Draw) -> Vec<Step> {
    let put = |n: u32| {
        let key = bytes(format!("e/{n}").as_bytes());
        let put = PutRequest { key, ..PutRequest::default() };
        RequestOp { request: Some(Request::RequestPut(put)) }
    };
    let delete = DeleteRangeRequest {
        key: bytes(b"e/"),
        range_end: bytes(b"e0"),
        ..DeleteRangeRequest::default()
    };
    let clean = Step::new(method::kv::DELETE_RANGE, &delete);
    match draw.below(6) {
        0 => {
            let success = (0..129).map(put).collect();
            vec![Step::new(method::kv::TXN, &TxnRequest { success, ..TxnRequest::default() })]
        }
        1 => {
            let success = (0..128).map(put).collect();
            vec![
                Step::new(method::kv::TXN, &TxnRequest { success, ..TxnRequest::default() }),
                clean,
            ]
        }
        2 => {
            let inner = TxnRequest { failure: (0..100).map(put).collect(), ..Default::default() };
            let nested = RequestOp { request: Some(Request::RequestTxn(inner)) };
            let success = (0..28).map(|_| nested.clone()).chain([put(0)]).collect();
            vec![Step::new(method::kv::TXN, &TxnRequest { success, ..TxnRequest::default() })]
        }
        n => {
            let len = [1_572_000, 1_572_864, 2_200_000][n as usize % 3];
            let value = Bytes::from(vec![b'x'; len]);
            let put = PutRequest { key: bytes(b"e/large"), value, ..PutRequest::default() };
            let mut step = Step::new(method::kv::PUT, &put);
            step.shown = format!("{len} bytes");
            vec![step, clean]
        }
    }
}
