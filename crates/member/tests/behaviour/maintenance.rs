//! Status, alarms and quota, compaction by itself, handing over, hashes (K1 to K8, X6).

use member::AutoCompaction;
use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{
    AlarmRequest, AlarmResponse, AlarmType, CompactionRequest, CompactionResponse,
    DefragmentRequest, DefragmentResponse, DeleteRangeResponse, HashKvRequest, HashKvResponse,
    HashRequest, HashResponse, LeaseGrantRequest, LeaseGrantResponse, MoveLeaderRequest,
    MoveLeaderResponse, PutResponse, RangeRequest, RangeResponse, StatusRequest, StatusResponse,
};
use proto::{Profile, Status, error, method};

use crate::support::build::{bytes, del, del_op, get, get_op, put, put_op, then};
use crate::support::{Lab, S};

fn status(lab: &mut Lab, at: usize) -> StatusResponse {
    lab.call(at, method::maintenance::STATUS, &StatusRequest {}).unwrap()
}

fn alarm(
    lab: &mut Lab,
    action: AlarmAction,
    member_id: u64,
    alarm: AlarmType,
) -> Vec<(u64, AlarmType)> {
    let request = AlarmRequest { action: action as i32, member_id, alarm: alarm as i32 };
    let response: AlarmResponse = lab.call(0, method::maintenance::ALARM, &request).unwrap();
    response.alarms.iter().map(|alarm| (alarm.member_id, alarm.alarm())).collect()
}

fn alarms(lab: &mut Lab) -> Vec<(u64, AlarmType)> {
    alarm(lab, AlarmAction::Get, 0, AlarmType::None)
}

fn try_put(lab: &mut Lab, at: usize, key: &str, len: usize) -> Result<PutResponse, Status> {
    lab.call(at, method::kv::PUT, &put(key, &"x".repeat(len)))
}

fn compact(lab: &mut Lab, revision: i64) {
    let request = CompactionRequest { revision, physical: true };
    let _: CompactionResponse = lab.call(0, method::kv::COMPACT, &request).unwrap();
}

fn compacted(lab: &mut Lab, revision: i64) -> bool {
    let request = RangeRequest { revision, ..get("a") };
    let answer: Result<RangeResponse, _> = lab.call(0, method::kv::RANGE, &request);
    answer == Err(error::compacted())
}

#[test]
fn status_tells_of_leader_log_and_version() {
    for (profile, version) in [(Profile::V3_4, "3.4.23"), (Profile::V3_5, "3.5.1")] {
        let mut lab = Lab::with(3, |config| config.profile = profile);
        lab.put(0, "a", "1");
        lab.run(S);
        let (at, leader) = (lab.follower(), lab.leader());
        let shown = status(&mut lab, at);
        let own = lab.status(at);
        assert_eq!((shown.version.as_str(), shown.leader), (version, lab.seats[leader].id));
        assert_eq!((shown.raft_term, shown.raft_index), (own.term, own.commit));
        assert_eq!((shown.raft_applied_index, shown.errors.len()), (own.applied, 0));
        assert!(shown.db_size >= shown.db_size_in_use && shown.db_size_in_use > 0);
        lab.isolate(at);
        lab.run(5 * S);
        let alone = status(&mut lab, at);
        assert_eq!((alone.leader, alone.errors), (0, vec!["etcdserver: no leader".into()]));
    }
}

#[test]
fn a_full_database_refuses_what_needs_space_until_it_is_disarmed() {
    let mut lab = Lab::with(3, |config| config.quota_backend_bytes = 64 * 1024);
    let at = lab.follower();
    let full = (0..100).find_map(|n| try_put(&mut lab, at, &format!("k{n}"), 1000).err());
    assert_eq!(full, Some(error::no_space()));
    lab.run(S);
    let id = lab.seats[at].id;
    assert!(alarms(&mut lab).contains(&(id, AlarmType::Nospace)));
    let text = format!("memberID:{id} alarm:NOSPACE ");
    assert!(status(&mut lab, 0).errors.contains(&text));
    // K2: it holds on every member, and for leases and transactions too.
    for at in 0..3 {
        assert_eq!(try_put(&mut lab, at, "small", 1), Err(error::no_space()));
    }
    assert_eq!(lab.txn(0, &then(vec![put_op("a", "1")])), Err(error::no_space()));
    let grant = LeaseGrantRequest { id: 0, ttl: 60 };
    let granted: Result<LeaseGrantResponse, _> = lab.call(0, method::lease::LEASE_GRANT, &grant);
    assert_eq!(granted, Err(error::no_space()));
    // What needs no space goes on.
    lab.range(0, &get("k0"));
    let mut all = del("k");
    all.range_end = bytes("l");
    let deleted: DeleteRangeResponse = lab.call(0, method::kv::DELETE_RANGE, &all).unwrap();
    assert!(deleted.deleted > 10);
    let revision = deleted.header.unwrap().revision;
    compact(&mut lab, revision);
    for at in 0..3 {
        let _: DefragmentResponse =
            lab.call(at, method::maintenance::DEFRAGMENT, &DefragmentRequest {}).unwrap();
    }
    assert_eq!(try_put(&mut lab, 0, "small", 1), Err(error::no_space()));
    for (id, kind) in alarms(&mut lab) {
        assert_eq!(alarm(&mut lab, AlarmAction::Deactivate, id, kind), [(id, kind)]);
    }
    try_put(&mut lab, 0, "small", 1).unwrap();
    // A restart does not bring the alarm back.
    for at in 0..3 {
        lab.restart(at);
        lab.settle();
    }
    assert_eq!(alarms(&mut lab), []);
}

#[test]
fn a_transaction_that_frees_only_is_let_through_by_3_4() {
    let mut lab = Lab::with(1, |config| {
        (config.quota_backend_bytes, config.profile) = (64 * 1024, Profile::V3_4);
    });
    while try_put(&mut lab, 0, "a", 4000).is_ok() {}
    let txn = lab.txn(0, &then(vec![del_op("a"), get_op(get("b"))])).unwrap();
    assert!(txn.succeeded);
}

#[test]
fn a_put_that_finds_no_space_when_it_is_applied_took_effect() {
    // K1: two puts of one instant are both let in, and the second one is too much.
    let mut lab = Lab::with(1, |config| config.quota_backend_bytes = 64 * 1024);
    let calls: Vec<_> = (0..30)
        .map(|n| lab.begin(0, method::kv::PUT, &put(&format!("k{n}"), &"x".repeat(4000))))
        .collect();
    let refused: Vec<usize> = (0..30)
        .filter(|n| lab.finish::<PutResponse>(calls[*n]) == Err(error::no_space()))
        .collect();
    assert!(!refused.is_empty() && refused.len() < 30);
    assert!(lab.get(0, &format!("k{}", refused[0])).is_some());
}

#[test]
fn without_a_quota_there_is_no_end() {
    let mut lab = Lab::with(1, |config| config.quota_backend_bytes = -1);
    for n in 0..50 {
        try_put(&mut lab, 0, &format!("k{n}"), 4000).unwrap();
    }
    assert_eq!(alarms(&mut lab), []);
}

#[test]
fn a_corrupt_cluster_refuses_what_comes_through_the_log() {
    let mut lab = Lab::new(3);
    lab.put(0, "a", "1");
    let id = lab.seats[0].id;
    let raised = alarm(&mut lab, AlarmAction::Activate, id, AlarmType::Corrupt);
    assert_eq!(raised, [(id, AlarmType::Corrupt)]);
    assert_eq!(try_put(&mut lab, 1, "a", 1), Err(error::corrupt()));
    // As a real etcd answers: what only reads does not meet the alarm.
    assert_eq!(lab.get(0, "a").as_deref(), Some("1"));
    assert!(lab.txn(0, &then(vec![get_op(get("a"))])).is_ok());
    assert_eq!(lab.txn(0, &then(vec![put_op("a", "2")])), Err(error::corrupt()));
    let delete: Result<DeleteRangeResponse, _> = lab.call(0, method::kv::DELETE_RANGE, &del("a"));
    assert_eq!(delete, Err(error::corrupt()));
    assert_eq!(lab.revoke(0, 7), Err(error::corrupt()));
    let request = CompactionRequest { revision: 2, physical: false };
    let compaction: Result<CompactionResponse, _> = lab.call(0, method::kv::COMPACT, &request);
    assert_eq!(compaction, Err(error::corrupt()));
    status(&mut lab, 2);
    alarm(&mut lab, AlarmAction::Deactivate, id, AlarmType::Corrupt);
    assert_eq!(lab.get(0, "a").as_deref(), Some("1"));
}

#[test]
fn alarms_are_listed_by_kind_and_cleared_one_by_one() {
    let mut lab = Lab::new(1);
    alarm(&mut lab, AlarmAction::Activate, 5, AlarmType::Nospace);
    alarm(&mut lab, AlarmAction::Activate, 6, AlarmType::Corrupt);
    assert_eq!(alarms(&mut lab).len(), 2);
    let corrupt = alarm(&mut lab, AlarmAction::Get, 0, AlarmType::Corrupt);
    assert_eq!(corrupt, [(6, AlarmType::Corrupt)]);
    // K4: member and kind must both be right.
    assert_eq!(alarm(&mut lab, AlarmAction::Deactivate, 6, AlarmType::Nospace), []);
    alarm(&mut lab, AlarmAction::Deactivate, 6, AlarmType::Corrupt);
    lab.restart(0);
    lab.settle();
    assert_eq!(alarms(&mut lab), [(5, AlarmType::Nospace)]);
}

#[test]
fn the_leadership_is_moved_by_the_leader_to_a_voter() {
    let mut lab = Lab::new(3);
    let (old, new) = (lab.leader(), lab.follower());
    let to = |lab: &mut Lab, at: usize, target_id: u64| {
        let request = MoveLeaderRequest { target_id };
        lab.call::<MoveLeaderResponse>(at, method::maintenance::MOVE_LEADER, &request)
    };
    let (old_id, new_id) = (lab.seats[old].id, lab.seats[new].id);
    assert_eq!(to(&mut lab, new, new_id), Err(error::not_leader()));
    assert_eq!(to(&mut lab, old, 12345), Err(error::bad_leader_transferee()));
    to(&mut lab, old, old_id).unwrap();
    to(&mut lab, old, new_id).unwrap();
    assert_eq!(lab.leader(), new);
    lab.put(old, "a", "1");
    // One that cannot be reached: the server gives up after its time.
    lab.isolate(old);
    lab.run(S / 10);
    let late = to(&mut lab, new, old_id).unwrap_err();
    let text = "etcdserver: request timed out, leader transfer took too long";
    assert_eq!(late.message, text);
}

#[test]
fn a_leader_that_is_stopped_hands_over_first() {
    let mut lab = Lab::new(3);
    let old = lab.leader();
    let term = lab.status(old).term;
    lab.stop(old);
    lab.run(S / 10);
    let new = lab.leader();
    assert_eq!(lab.status(new).term, term + 1);
    lab.put(new, "a", "1");
}

#[test]
fn by_revision_all_but_the_newest_are_compacted() {
    let mut lab = Lab::with(3, |config| {
        config.auto_compaction = AutoCompaction::Revision { retention: 5 };
    });
    for n in 0..20 {
        lab.put(0, "a", &n.to_string());
    }
    lab.run(200 * S);
    assert!(!compacted(&mut lab, 2));
    lab.run(110 * S);
    assert!(compacted(&mut lab, 15) && !compacted(&mut lab, 16));
}

#[test]
fn by_time_what_is_older_is_compacted() {
    let mut lab = Lab::with(3, |config| {
        config.auto_compaction = AutoCompaction::Periodic { retention_us: 100 * S };
    });
    for _ in 0..50 {
        lab.put(0, "a", "");
        lab.run(5 * S);
    }
    // What was there 100 s ago still is.
    assert!(compacted(&mut lab, 5));
    assert!(!compacted(&mut lab, 25));
}

#[test]
fn hashes_agree_between_members() {
    let mut lab = Lab::new(3);
    for n in 0..10 {
        lab.put(0, "a", &n.to_string());
    }
    compact(&mut lab, 6);
    lab.run(S);
    let of = |lab: &mut Lab, at, revision| {
        let request = HashKvRequest { revision };
        lab.call::<HashKvResponse>(at, method::maintenance::HASH_KV, &request)
    };
    let first = of(&mut lab, 0, 8).unwrap();
    assert_eq!(first.compact_revision, 6);
    for at in 0..3 {
        assert_eq!(of(&mut lab, at, 8).unwrap().hash, first.hash);
    }
    assert_ne!(of(&mut lab, 0, 0).unwrap().hash, first.hash);
    assert_eq!(of(&mut lab, 0, 5), Err(error::compacted()));
    assert_eq!(of(&mut lab, 0, 99), Err(error::future_rev()));
    let all: Vec<u32> = (0..3)
        .map(|at| {
            let answer: HashResponse =
                lab.call(at, method::maintenance::HASH, &HashRequest {}).unwrap();
            answer.hash
        })
        .collect();
    assert_eq!(all, vec![all[0]; 3]);
}
