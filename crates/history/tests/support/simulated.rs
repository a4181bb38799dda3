//! Random concurrent histories of a correct store, and ways to spoil them.

use bytes::Bytes;
use history::kv::Checker;
use history::request::{
    Answer, Compare, DeleteRequest, Op, PutRequest, RangeRequest, Relation, Request, Response,
    Target, Txn,
};

use super::naive::Naive;

/// SplitMix64: a generator of a few lines, the same everywhere.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// Below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let place = self.below(list.len().max(1) as u64);
        list.get(place as usize)
    }
}

/// What a checker is fed; the time is the place in the history.
#[derive(Clone, Debug)]
pub(crate) enum Fed {
    Invoke(u64, u32, Request),
    Applied(Request),
    Returned(u64, Response),
    Lost(u64),
    Rejected(u64),
}

pub(crate) fn feed(history: &[Fed], window: u32) -> Checker {
    let mut checker = Checker::new(window);
    for (time, fed) in (0u64..).zip(history) {
        match fed.clone() {
            Fed::Invoke(op, client, request) => checker.invoke(op, client, time, request),
            Fed::Applied(request) => checker.applied(request, time + 1),
            Fed::Returned(op, response) => checker.returned(op, time, response),
            Fed::Lost(op) => checker.lost(op),
            Fed::Rejected(op) => checker.rejected(op),
        }
    }
    checker
}

/// An operation on its way.
struct Pending {
    op: u64,
    client: Option<u32>,
    request: Request,
    response: Option<Response>,
    /// The revision when it began.
    began: i64,
}

/// A history of about `steps` events by `clients` clients, and the store at its end.
pub(crate) fn history(seed: u64, steps: u32, clients: u32, plain: bool) -> (Vec<Fed>, Naive) {
    let mut chance = Chance(seed);
    let mut store = Naive::new();
    let mut fed = Vec::new();
    let mut pending: Vec<Pending> = Vec::new();
    let mut next_op = 0;
    for _ in 0..steps {
        let busy = |client: u32| pending.iter().any(|p| p.client == Some(client));
        let client = chance.below(u64::from(clients)) as u32;
        let what = chance.below(100);
        if what < 40 && !busy(client) {
            next_op += 1;
            let request = request(&mut chance, next_op, store.revision(), plain);
            fed.push(Fed::Invoke(next_op, client, request.clone()));
            let (client, began) = (Some(client), store.revision());
            pending.push(Pending { op: next_op, client, request, response: None, began });
        } else if !pending.is_empty() {
            let place = chance.below(pending.len() as u64) as usize;
            step(&mut chance, &mut store, &mut pending, place, what, &mut fed);
        }
    }
    (fed, store)
}

/// Something happens to a pending operation.
fn step(
    chance: &mut Chance,
    store: &mut Naive,
    pending: &mut Vec<Pending>,
    place: usize,
    what: u64,
    fed: &mut Vec<Fed>,
) {
    let p = &mut pending[place];
    match (&p.response, p.client) {
        (None, _) if what < 85 => {
            if p.request.is_logged() {
                fed.push(Fed::Applied(p.request.clone()));
                p.response = Some(store.apply(&p.request));
            } else {
                p.response = Some(serve(chance, store, p));
            }
            if p.client.is_none() {
                pending.remove(place);
            }
        }
        (Some(response), Some(_)) if what < 90 => {
            fed.push(Fed::Returned(p.op, response.clone()));
            pending.remove(place);
        }
        (None, Some(_)) if what < 92 => {
            fed.push(Fed::Rejected(p.op));
            pending.remove(place);
        }
        (_, Some(_)) if what >= 95 => {
            fed.push(Fed::Lost(p.op));
            p.client = None;
            if p.response.is_some() {
                pending.remove(place);
            }
        }
        _ => {}
    }
}

/// A read is served by the newest state, or, when it may be stale, by any.
fn serve(chance: &mut Chance, store: &Naive, p: &Pending) -> Response {
    let current = store.revision();
    match &p.request {
        Request::Kv(Op::Range(range)) if range.serializable => {
            store.range_at(1 + chance.below(current as u64) as i64, range)
        }
        // A member that lags may serve any state since the read began.
        Request::Kv(Op::Range(range)) => {
            let since = p.began + chance.below((current - p.began + 1) as u64) as i64;
            store.range_at(since, range)
        }
        other => store.clone().apply(other),
    }
}

pub(crate) fn key(n: u64) -> Bytes {
    Bytes::from(format!("k{n}"))
}

/// `plain`: no stale reads, no old revisions, no compactions.
fn request(chance: &mut Chance, op: u64, revision: i64, plain: bool) -> Request {
    let name = key(chance.below(5));
    let prev_kv = chance.below(2) == 0;
    match chance.below(if plain { 80 } else { 100 }) {
        0..25 => {
            let lease = if chance.below(5) == 0 { 1 + chance.below(3) as i64 } else { 0 };
            let value = value(chance, op);
            let put = PutRequest { key: name, value, lease, prev_kv, ..Default::default() };
            Request::Kv(Op::Put(put))
        }
        25..35 => {
            let range_end = if chance.below(3) == 0 { key(chance.below(6)) } else { Bytes::new() };
            Request::Kv(Op::Delete(DeleteRequest { key: name, range_end, prev_kv }))
        }
        35..50 => txn(chance, op, revision),
        50..75 => {
            let range_end = if chance.below(2) == 0 { key(chance.below(6)) } else { Bytes::new() };
            let limit = chance.below(4) as i64;
            let range = RangeRequest { key: name, range_end, limit, ..Default::default() };
            Request::Kv(Op::Range(range))
        }
        75..78 => Request::LeaseGrant { id: 1 + chance.below(3) as i64 },
        78..80 => Request::LeaseRevoke { id: 1 + chance.below(3) as i64 },
        80..97 => {
            let serializable = chance.below(2) == 0;
            let revision = chance.below(revision as u64 + 2) as i64;
            let range = RangeRequest { key: name, revision, serializable, ..Default::default() };
            Request::Kv(Op::Range(range))
        }
        _ => Request::Compact { revision: chance.below(revision as u64 + 1) as i64 },
    }
}

/// Mostly one that no other operation has.
fn value(chance: &mut Chance, op: u64) -> Bytes {
    if chance.below(4) == 0 { Bytes::from_static(b"same") } else { Bytes::from(format!("v{op}")) }
}

fn txn(chance: &mut Chance, op: u64, revision: i64) -> Request {
    let target = if chance.below(2) == 0 {
        Target::ModRevision(chance.below(revision as u64 + 1) as i64)
    } else {
        Target::Value(Bytes::from_static(b"same"))
    };
    let relation = Relation::Equal;
    let compare = Compare { key: key(chance.below(5)), range_end: Bytes::new(), relation, target };
    let branch = |chance: &mut Chance| {
        let mut ops = Vec::new();
        if chance.below(3) > 0 {
            let (key, value) = (key(chance.below(3)), value(chance, op));
            ops.push(Op::Put(PutRequest { key, value, prev_kv: true, ..Default::default() }));
        }
        if chance.below(3) == 0 {
            ops.push(Op::Delete(DeleteRequest { key: key(4), ..Default::default() }));
        }
        let (key, range_end) = (key(chance.below(5)), key(9));
        ops.push(Op::Range(RangeRequest { key, range_end, ..Default::default() }));
        ops
    };
    let (then, otherwise) = (branch(chance), branch(chance));
    Request::Kv(Op::Txn(Txn { compares: vec![compare], then, otherwise }))
}

/// The answer of a range.
pub(crate) fn is_range(response: &Response) -> bool {
    matches!(response.answer, Answer::Range(_))
}
