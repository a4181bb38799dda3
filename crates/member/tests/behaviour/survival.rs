//! Crashes, cuts and changes of the membership at random, with snapshots taken often: what was
//! acknowledged is there in the end, and all members are the same after every entry.

use std::collections::BTreeMap;

use member::Output;
use proptest::collection::vec;
use proptest::prelude::*;
use proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, LeaseGrantRequest, LeaseGrantResponse,
    MemberPromoteRequest, MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse,
    MoveLeaderRequest, MoveLeaderResponse, PutResponse,
};
use proto::v3lockpb::{LockRequest, LockResponse};
use proto::{Profile, method};

use crate::support::build::{bytes, put};
use crate::support::{Lab, S};

#[derive(Clone, Debug)]
enum Act {
    Put(usize, u8),
    Grant(usize),
    Lock(usize),
    Compact(usize),
    Kill(usize),
    Start(usize),
    Cut(usize, usize),
    Isolate(usize),
    Heal,
    Learner(usize),
    Promote(usize),
    Remove(usize),
    Move(usize),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let at = || 0..5usize;
    prop_oneof![
        8 => (at(), 0..4u8).prop_map(|(at, key)| Act::Put(at, key)),
        1 => at().prop_map(Act::Grant),
        1 => at().prop_map(Act::Lock),
        1 => at().prop_map(Act::Compact),
        2 => at().prop_map(Act::Kill),
        3 => at().prop_map(Act::Start),
        1 => (at(), at()).prop_map(|(one, other)| Act::Cut(one, other)),
        1 => at().prop_map(Act::Isolate),
        2 => Just(Act::Heal),
        1 => at().prop_map(Act::Learner),
        1 => at().prop_map(Act::Promote),
        1 => at().prop_map(Act::Remove),
        1 => at().prop_map(Act::Move),
        4 => (1..30u64).prop_map(Act::Wait),
    ]
}

/// The keys with their values as clients know them: the acknowledged one, and those that may have
/// been written since.
type Known = BTreeMap<u8, (Option<String>, Vec<String>)>;

fn is_removed(lab: &Lab, at: usize) -> bool {
    lab.seats[at].ended == Some(Output::Removed)
}

fn perform(lab: &mut Lab, known: &mut Known, n: usize, act: &Act) {
    let seats = lab.seats.len();
    let running = |lab: &Lab, at: usize| lab.seats[at].running;
    match *act {
        Act::Put(at, key) if running(lab, at % seats) => {
            let value = n.to_string();
            let call = lab.begin(at % seats, method::kv::PUT, &put(&format!("k{key}"), &value));
            lab.run(S);
            let (acknowledged, maybe) = known.entry(key).or_default();
            match lab.answer::<PutResponse>(call) {
                // Of an earlier one that is still under way nobody knows when it comes.
                Some(Ok(_)) if maybe.is_empty() => *acknowledged = Some(value),
                _ => maybe.push(value),
            }
        }
        Act::Grant(at) if running(lab, at % seats) => {
            let request = LeaseGrantRequest { id: n as i64 + 1, ttl: 5 };
            let call = lab.begin(at % seats, method::lease::LEASE_GRANT, &request);
            lab.run(S / 10);
            let _ = lab.answer::<LeaseGrantResponse>(call);
        }
        Act::Lock(at) if running(lab, at % seats) => {
            let request = LockRequest { name: bytes("job"), lease: 0 };
            let call = lab.begin(at % seats, method::lock::LOCK, &request);
            lab.run(S / 10);
            let _ = lab.answer::<LockResponse>(call);
        }
        Act::Compact(at) if running(lab, at % seats) => {
            let revision = lab.status(at % seats).revision;
            let request = CompactionRequest { revision, physical: false };
            let call = lab.begin(at % seats, method::kv::COMPACT, &request);
            lab.run(S / 10);
            let _ = lab.answer::<CompactionResponse>(call);
        }
        Act::Kill(at) if running(lab, at % seats) => lab.kill(at % seats),
        Act::Start(at) if !running(lab, at % seats) && !is_removed(lab, at % seats) => {
            lab.start(at % seats);
        }
        Act::Cut(one, other) => lab.cut(one % seats, other % seats),
        Act::Isolate(at) => lab.isolate(at % seats),
        Act::Heal => lab.heal(),
        Act::Learner(at) if running(lab, at % seats) && seats < 5 => lab.try_join(at % seats),
        Act::Promote(at) if running(lab, at % seats) => {
            let id = lab.seats[seats - 1].id;
            let request = MemberPromoteRequest { id };
            let call = lab.begin(at % seats, method::cluster::MEMBER_PROMOTE, &request);
            lab.run(S / 10);
            let _ = lab.answer::<MemberPromoteResponse>(call);
        }
        Act::Remove(at) if running(lab, at % seats) => {
            let request = MemberRemoveRequest { id: lab.seats[(at + 1) % seats].id };
            let call = lab.begin(at % seats, method::cluster::MEMBER_REMOVE, &request);
            lab.run(S / 10);
            let _ = lab.answer::<MemberRemoveResponse>(call);
        }
        Act::Move(at) if running(lab, at % seats) => {
            let request = MoveLeaderRequest { target_id: lab.seats[(at + 1) % seats].id };
            let call = lab.begin(at % seats, method::maintenance::MOVE_LEADER, &request);
            lab.run(S / 10);
            let _ = lab.answer::<MoveLeaderResponse>(call);
        }
        Act::Wait(tenths) => lab.run(tenths * S / 10),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_survives(
        acts in vec(act(), 1..60),
        old in any::<bool>(),
        seed in 0..1000u64,
    ) {
        let mut lab = Lab::with(3, |config| {
            (config.snapshot_count, config.snapshot_catchup_entries) = (10, 5);
            config.profile = if old { Profile::V3_4 } else { Profile::V3_5 };
            config.seed = seed;
        });
        let mut known = Known::new();
        for (n, act) in acts.iter().enumerate() {
            perform(&mut lab, &mut known, n, act);
        }
        lab.heal();
        // What nobody knows of has come by now, or never will.
        for at in 0..lab.seats.len() {
            if !lab.seats[at].running && !is_removed(&lab, at) {
                lab.start(at);
            }
        }
        lab.run(30 * S);
        let at = lab.leader();
        for (key, (acknowledged, maybe)) in known {
            let found = lab.get(at, &format!("k{key}"));
            prop_assert!(
                found == acknowledged || found.as_ref().is_some_and(|found| maybe.contains(found)),
                "k{key} is {found:?}, not {acknowledged:?} or one of {maybe:?}",
            );
        }
    }
}
