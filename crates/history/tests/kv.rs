//! The checker for long runs: correct histories pass, every planted corruption is found, and what
//! the search calls impossible it does not let pass.

#![allow(clippy::ptr_arg)] // all kinds of spoiling have one type, also those that keep the length

mod support;

use std::collections::BTreeMap;

use bytes::Bytes;
use history::kv::OpId;
use history::linearizable::{Operation, Verdict, check};
use history::model::Etcd;
use history::request::{Answer, Op, PutRequest, RangeRequest, Request, Response};
use proptest::prelude::*;
use support::naive::Naive;
use support::simulated::{Chance, Fed, feed, history, is_range};

/// Revisions that no history here reaches.
const ALL: u32 = 1_000_000;

fn request_of(fed: &[Fed], op: OpId) -> Option<&Request> {
    fed.iter().find_map(|fed| match fed {
        Fed::Invoke(other, _, request) if *other == op => Some(request),
        _ => None,
    })
}

fn place(fed: &[Fed], wanted: impl Fn(&Fed) -> bool) -> Option<usize> {
    fed.iter().position(wanted)
}

/// A put of a value that only it has, so that its entry is known.
fn is_unique_put(request: &Request) -> bool {
    matches!(request, Request::Kv(Op::Put(put)) if put.value != "same")
}

/// An acknowledged unique put: where it began, where its entry is, where it returned.
struct Acknowledged {
    began: usize,
    applied: usize,
    returned: usize,
}

fn acknowledged(fed: &[Fed]) -> Vec<Acknowledged> {
    let mut found = Vec::new();
    for (returned, event) in fed.iter().enumerate() {
        let Fed::Returned(op, response) = event else { continue };
        let Some(request) = request_of(fed, *op) else { continue };
        if !is_unique_put(request) || response.revision.is_none() {
            continue;
        }
        let began = place(fed, |f| matches!(f, Fed::Invoke(other, ..) if other == op));
        let applied = place(fed, |f| matches!(f, Fed::Applied(other) if other == request));
        let (Some(began), Some(applied)) = (began, applied) else { continue };
        found.push(Acknowledged { began, applied, returned });
    }
    found
}

/// An answered linearizable read of the newest revision, and what had been acknowledged before it.
struct Read {
    returned: usize,
    range: RangeRequest,
    revision: i64,
    floor: i64,
}

fn reads(fed: &[Fed]) -> Vec<Read> {
    let mut found = Vec::new();
    let mut floors: BTreeMap<OpId, i64> = BTreeMap::new();
    let mut floor = 0;
    for (returned, event) in fed.iter().enumerate() {
        match event {
            Fed::Invoke(op, ..) => {
                floors.insert(*op, floor);
            }
            Fed::Returned(op, response) => {
                if let Some(Request::Kv(Op::Range(range))) = request_of(fed, *op)
                    && range.revision == 0
                    && !range.serializable
                    && let Some(revision) = response.revision
                {
                    let floor = floors[op];
                    found.push(Read { returned, range: range.clone(), revision, floor });
                }
                floor = floor.max(response.revision.unwrap_or(0));
            }
            _ => {}
        }
    }
    found
}

fn set_response(fed: &mut [Fed], place: usize, change: impl FnOnce(&mut Response)) {
    if let Fed::Returned(_, response) = &mut fed[place] {
        change(response);
    }
}

type Spoil = fn(&mut Chance, &mut Vec<Fed>, &Naive) -> Option<()>;

/// A read shows a revision older than one that was acknowledged before it began.
fn stale_read(chance: &mut Chance, fed: &mut Vec<Fed>, store: &Naive) -> Option<()> {
    let reads: Vec<Read> = reads(fed).into_iter().filter(|read| read.floor > 1).collect();
    let read = chance.pick(&reads)?;
    let old = 1 + chance.below(read.floor as u64 - 1) as i64;
    let response = store.range_at(old, &read.range);
    set_response(fed, read.returned, |r| *r = response);
    Some(())
}

/// A read says the right revision and shows what an older one was.
fn stale_content(chance: &mut Chance, fed: &mut Vec<Fed>, store: &Naive) -> Option<()> {
    let reads = reads(fed);
    let read = chance.pick(&reads)?;
    let right = store.range_at(read.revision, &read.range).answer;
    let old = (1..read.revision)
        .map(|old| store.range_at(old, &read.range).answer)
        .find(|old| *old != right)?;
    set_response(fed, read.returned, |r| r.answer = old);
    Some(())
}

/// A read shows what was applied only after it had returned.
fn read_of_the_future(chance: &mut Chance, fed: &mut Vec<Fed>, store: &Naive) -> Option<()> {
    let reads = reads(fed);
    let read = chance.pick(&reads)?;
    let mut then = Naive::new();
    for fed in &fed[..read.returned] {
        if let Fed::Applied(request) = fed {
            then.apply(request);
        }
    }
    let later = then.revision() + 1;
    if later > store.revision() {
        return None;
    }
    let response = store.range_at(later, &read.range);
    set_response(fed, read.returned, |r| *r = response);
    Some(())
}

/// A stale read shows a state that never was.
fn stale_read_of_nothing(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let serializable = |op: &OpId| matches!(request_of(fed, *op), Some(Request::Kv(Op::Range(range))) if range.serializable);
    let places: Vec<usize> = (0..fed.len())
        .filter(
            |place| matches!(&fed[*place], Fed::Returned(op, r) if serializable(op) && is_range(r)),
        )
        .collect();
    let place = *chance.pick(&places)?;
    set_response(fed, place, |response| {
        if let Answer::Range(range) = &mut response.answer {
            range.count += 1;
        }
    });
    Some(())
}

fn lost_write(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let all = acknowledged(fed);
    fed.remove(chance.pick(&all)?.applied);
    Some(())
}

fn duplicate_apply(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let all = acknowledged(fed);
    let put = chance.pick(&all)?;
    let after = put.applied + 1 + chance.below((fed.len() - put.applied) as u64) as usize;
    fed.insert(after, fed[put.applied].clone());
    Some(())
}

/// A lost write that is applied twice.
fn duplicate_lost(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let lost: Vec<&Request> = fed
        .iter()
        .filter_map(|f| if let Fed::Lost(op) = f { request_of(fed, *op) } else { None })
        .filter(|request| is_unique_put(request))
        .collect();
    let request = (*chance.pick(&lost)?).clone();
    place(fed, |f| matches!(f, Fed::Applied(other) if *other == request))?;
    fed.push(Fed::Applied(request));
    Some(())
}

/// Two acknowledged writes, the second begun after the first had returned, change places.
fn reordered_writes(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let all = acknowledged(fed);
    let mut pairs = Vec::new();
    for first in &all {
        let later = all.iter().filter(|second| second.began > first.returned);
        pairs.extend(later.map(|second| (first.applied, second.applied)));
    }
    let (first, second) = *chance.pick(&pairs)?;
    fed.swap(first, second);
    Some(())
}

fn wrong_prev(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let with_prev: Vec<usize> = (0..fed.len())
        .filter(|place| {
            let Fed::Returned(_, response) = &fed[*place] else { return false };
            matches!(response.answer, Answer::Put { prev: Some(_) })
        })
        .collect();
    let place = *chance.pick(&with_prev)?;
    let how = chance.below(4);
    set_response(fed, place, |response| {
        let Answer::Put { prev } = &mut response.answer else { return };
        match (how, prev.as_mut()) {
            (0, Some(prev)) => prev.value = Bytes::from_static(b"wrong"),
            (1, Some(prev)) => prev.version = prev.version.map(|version| version + 1),
            (2, Some(prev)) => prev.mod_revision -= 1,
            _ => *prev = None,
        }
    });
    Some(())
}

fn wrong_revision(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let all = acknowledged(fed);
    let place = chance.pick(&all)?.returned;
    let by = if chance.below(2) == 0 { 1 } else { -1 };
    set_response(fed, place, |response| response.revision = response.revision.map(|r| r + by));
    Some(())
}

fn wrong_branch(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let txns: Vec<usize> = (0..fed.len())
        .filter(|place| {
            let Fed::Returned(_, response) = &fed[*place] else { return false };
            matches!(response.answer, Answer::Txn { .. })
        })
        .collect();
    let place = *chance.pick(&txns)?;
    set_response(fed, place, |response| {
        if let Answer::Txn { succeeded, .. } = &mut response.answer {
            *succeeded = !*succeeded;
        }
    });
    Some(())
}

/// A write that the client was told would never happen did.
fn refused_and_applied(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let all = acknowledged(fed);
    let place = chance.pick(&all)?.returned;
    let Fed::Returned(op, _) = fed[place] else { return None };
    fed[place] = Fed::Rejected(op);
    Some(())
}

/// Nobody asked for it.
fn phantom_write(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let put = PutRequest { key: "k1".into(), value: "phantom".into(), ..Default::default() };
    let place = chance.below(fed.len() as u64 + 1) as usize;
    fed.insert(place, Fed::Applied(Request::Kv(Op::Put(put))));
    Some(())
}

/// A write is acknowledged before it is applied.
fn early_acknowledgement(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let all = acknowledged(fed);
    let put = chance.pick(&all)?;
    let returned = fed.remove(put.returned);
    fed.insert(put.applied, returned);
    Some(())
}

/// A write took effect before its client asked.
fn applied_before_asked(chance: &mut Chance, fed: &mut Vec<Fed>, _: &Naive) -> Option<()> {
    let all = acknowledged(fed);
    let put = chance.pick(&all)?;
    let applied = fed.remove(put.applied);
    fed.insert(put.began, applied);
    Some(())
}

const SPOILS: [(&str, Spoil); 16] = [
    ("stale read", stale_read),
    ("stale content", stale_content),
    ("read of the future", read_of_the_future),
    ("stale read of nothing", stale_read_of_nothing),
    ("lost write", lost_write),
    ("duplicate apply", duplicate_apply),
    ("lost write applied twice", duplicate_lost),
    ("reordered acknowledged writes", reordered_writes),
    ("wrong previous pair", wrong_prev),
    ("wrong revision", wrong_revision),
    ("wrong branch", wrong_branch),
    ("refused and applied", refused_and_applied),
    ("phantom write", phantom_write),
    ("acknowledged before applied", early_acknowledgement),
    ("applied before asked", applied_before_asked),
    ("nothing spoiled", |_, _, _| None),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn histories_of_a_correct_store_pass(seed: u64, steps in 0u32..600, clients in 1u32..8) {
        let (fed, _) = history(seed, steps, clients, false);
        let checker = feed(&fed, ALL);
        prop_assert_eq!(checker.violations(), [""; 0]);
        prop_assert_eq!(checker.counts().not_judged, 0);
        // In a small window less is judged, and still nothing is wrong.
        let checker = feed(&fed, 5);
        prop_assert_eq!(checker.violations(), [""; 0]);
    }
}

#[test]
fn every_planted_corruption_is_found() {
    let mut planted: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..300 {
        for (name, spoil) in SPOILS {
            let mut chance = Chance(seed ^ 0x5eed);
            let (mut fed, store) = history(seed, 200, 1 + (seed % 7) as u32, false);
            if spoil(&mut chance, &mut fed, &store).is_some() {
                let checker = feed(&fed, ALL);
                assert!(checker.counts().violations > 0, "{name}, seed {seed}: {fed:#?}");
                *planted.entry(name).or_default() += 1;
            }
        }
    }
    println!("planted corruptions, all found: {planted:?}");
    assert_eq!(planted.len(), SPOILS.len() - 1);
    assert!(planted.values().all(|count| *count >= 50), "{planted:?}");
}

/// The same history as the search wants it.
fn operations(fed: &[Fed]) -> Vec<Operation<Request, Response>> {
    let mut found: BTreeMap<OpId, Operation<Request, Response>> = BTreeMap::new();
    for (time, fed) in (0u64..).zip(fed) {
        match fed.clone() {
            Fed::Invoke(op, _, input) => {
                found.insert(op, Operation { input, call: time, done: None });
            }
            Fed::Returned(op, response) => {
                if let Some(operation) = found.get_mut(&op) {
                    operation.done = Some((response, time));
                }
            }
            Fed::Rejected(op) => {
                found.remove(&op);
            }
            Fed::Applied(_) | Fed::Lost(_) => {}
        }
    }
    found.into_values().collect()
}

#[test]
fn what_the_search_calls_impossible_does_not_pass() {
    let (mut impossible, mut possible, mut flagged) = (0, 0, 0);
    for seed in 0..1500 {
        let mut chance = Chance(seed ^ 0xface);
        let (mut fed, store) = history(seed, 40, 4, true);
        let verdict = check(&Etcd, &operations(&fed), 200_000);
        assert_eq!(verdict, Verdict::Linearizable, "seed {seed}: {fed:#?}");
        let Some((_, spoil)) = chance.pick(&SPOILS) else { continue };
        if spoil(&mut chance, &mut fed, &store).is_none() {
            continue;
        }
        let violations = feed(&fed, ALL).counts().violations;
        flagged += u32::from(violations > 0);
        match check(&Etcd, &operations(&fed), 200_000) {
            Verdict::Violated { .. } => {
                impossible += 1;
                assert!(violations > 0, "seed {seed}: {fed:#?}");
            }
            Verdict::Linearizable => possible += 1,
            Verdict::Unknown => {}
        }
    }
    println!(
        "spoiled histories: the search finds {impossible} impossible and {possible} possible; the \
         checker, which knows the log, flags {flagged}"
    );
    assert!(impossible > 200);
}
