//! The service Lock (Y2, Y3, Y6).

use member::CallId;
use proto::v3lockpb::{LockRequest, LockResponse, UnlockRequest, UnlockResponse};
use proto::{Code, Status, method};

use crate::support::build::{bytes, get, get_range, status};
use crate::support::{Lab, S};

fn lock(lab: &mut Lab, at: usize, lease: i64) -> CallId {
    lab.begin(at, method::lock::LOCK, &LockRequest { name: bytes("job"), lease })
}

fn unlock(lab: &mut Lab, at: usize, key: &bytes::Bytes) -> Result<UnlockResponse, Status> {
    lab.call(at, method::lock::UNLOCK, &UnlockRequest { key: key.clone() })
}

fn is_waiting(lab: &mut Lab, call: CallId) -> bool {
    lab.answer::<LockResponse>(call).is_none()
}

#[test]
fn the_first_holds_the_lock_at_once_under_its_leases_key() {
    let mut lab = Lab::new(1);
    let lease = lab.grant(0, 0x1f, 60);
    let call = lock(&mut lab, 0, lease);
    let held: LockResponse = lab.finish(call).unwrap();
    assert_eq!(held.key, "job/1f");
    let header = held.header.unwrap();
    assert_eq!((header.revision, header.member_id), (2, lab.seats[0].id));
    let kv = lab.range(0, &get("job/1f")).kvs.remove(0);
    assert_eq!((kv.value.len(), kv.lease, kv.create_revision), (0, 0x1f, 2));
}

#[test]
fn a_session_that_holds_the_lock_holds_it_again() {
    let mut lab = Lab::new(1);
    lab.grant(0, 1, 60);
    for _ in 0..2 {
        let call = lock(&mut lab, 0, 1);
        assert_eq!(lab.finish::<LockResponse>(call).unwrap().key, "job/1");
    }
    assert_eq!(lab.range(0, &get_range("job/", "job0")).header.unwrap().revision, 2);
}

#[test]
fn waiters_get_the_lock_in_the_order_of_their_coming() {
    let mut lab = Lab::new(3);
    for lease in 1..=3 {
        lab.grant(0, lease, 60);
    }
    let calls: Vec<CallId> = (1..=3)
        .map(|lease| {
            let call = lock(&mut lab, lease as usize - 1, lease);
            lab.run(S);
            call
        })
        .collect();
    let first: LockResponse = lab.finish(calls[0]).unwrap();
    assert!(is_waiting(&mut lab, calls[1]) && is_waiting(&mut lab, calls[2]));
    unlock(&mut lab, 2, &first.key).unwrap();
    let second: LockResponse = lab.finish(calls[1]).unwrap();
    assert_eq!(second.key, "job/2");
    lab.run(S);
    assert!(is_waiting(&mut lab, calls[2]));
    unlock(&mut lab, 0, &second.key).unwrap();
    let third: LockResponse = lab.finish(calls[2]).unwrap();
    assert_eq!(third.key, "job/3");
    // Its header is that of the last look at its own key.
    assert_eq!(third.header.unwrap().revision, 6);
}

#[test]
fn the_lock_passes_on_when_its_holders_lease_ends() {
    let mut lab = Lab::new(1);
    lab.grant(0, 1, 5);
    lab.grant(0, 2, 60);
    let first = lock(&mut lab, 0, 1);
    lab.finish::<LockResponse>(first).unwrap();
    let second = lock(&mut lab, 0, 2);
    lab.run(2 * S);
    assert!(is_waiting(&mut lab, second));
    lab.run(5 * S);
    assert_eq!(lab.finish::<LockResponse>(second).unwrap().key, "job/2");
}

#[test]
fn a_waiter_whose_own_lease_ended_is_told_when_it_is_its_turn() {
    let mut lab = Lab::new(1);
    lab.grant(0, 1, 60);
    lab.grant(0, 2, 3);
    let first = lock(&mut lab, 0, 1);
    let held: LockResponse = lab.finish(first).unwrap();
    let second = lock(&mut lab, 0, 2);
    lab.run(6 * S);
    assert!(is_waiting(&mut lab, second));
    unlock(&mut lab, 0, &held.key).unwrap();
    let expired = status(Code::Unknown, "mutex: session is expired");
    assert_eq!(lab.finish::<LockResponse>(second), Err(expired));
}

#[test]
fn a_waiter_that_goes_away_leaves_no_key() {
    let mut lab = Lab::new(1);
    for lease in 1..=3 {
        lab.grant(0, lease, 60);
    }
    let first = lock(&mut lab, 0, 1);
    let held: LockResponse = lab.finish(first).unwrap();
    let second = lock(&mut lab, 0, 2);
    lab.run(S);
    let third = lock(&mut lab, 0, 3);
    lab.run(S);
    lab.cancel(second);
    lab.run(S);
    assert_eq!(lab.range(0, &get("job/2")).count, 0);
    assert!(is_waiting(&mut lab, second) && is_waiting(&mut lab, third));
    unlock(&mut lab, 0, &held.key).unwrap();
    assert_eq!(lab.finish::<LockResponse>(third).unwrap().key, "job/3");
}

#[test]
fn without_a_lease_the_server_grants_one_of_a_minute_that_nobody_renews() {
    let mut lab = Lab::new(1);
    let call = lock(&mut lab, 0, 0);
    let held: LockResponse = lab.finish(call).unwrap();
    let key = String::from_utf8(held.key.to_vec()).unwrap();
    let lease = lab.range(0, &get(&key)).kvs[0].lease;
    assert_eq!(key, format!("job/{lease:x}"));
    assert_eq!(lab.time_to_live(0, lease).granted_ttl, 60);
    lab.run(62 * S);
    assert_eq!(lab.range(0, &get(&key)).count, 0);
}

#[test]
fn errors_come_without_their_codes() {
    let mut lab = Lab::new(1);
    let call = lock(&mut lab, 0, 77);
    let lost = status(Code::Unknown, "etcdserver: requested lease not found");
    assert_eq!(lab.finish::<LockResponse>(call), Err(lost));
    let empty = status(Code::Unknown, "etcdserver: key is not provided");
    assert_eq!(unlock(&mut lab, 0, &bytes("")), Err(empty));
    // To unlock what nobody holds is a delete of nothing.
    assert_eq!(unlock(&mut lab, 0, &bytes("x")).unwrap().header.unwrap().revision, 1);
}

#[test]
fn a_negative_lease_stands_in_the_key_as_go_prints_it() {
    let mut lab = Lab::new(1);
    lab.grant(0, -31, 60);
    let call = lock(&mut lab, 0, -31);
    assert_eq!(lab.finish::<LockResponse>(call).unwrap().key, "job/-1f");
}

#[test]
fn without_a_quorum_the_lock_times_out() {
    let mut lab = Lab::new(3);
    let at = lab.leader();
    lab.grant(at, 1, 60);
    lab.isolate(at);
    let call = lock(&mut lab, at, 1);
    let result = lab.finish::<LockResponse>(call).unwrap_err();
    assert_eq!(result.code, Code::Unknown);
    assert!(result.message.starts_with("etcdserver: request timed out"), "{result}");
}

#[test]
fn a_waiter_survives_a_change_of_the_leader() {
    let mut lab = Lab::new(3);
    lab.grant(0, 1, 60);
    lab.grant(0, 2, 60);
    let (leader, waits) = (lab.leader(), lab.follower());
    let first = lock(&mut lab, waits, 1);
    let held: LockResponse = lab.finish(first).unwrap();
    let second = lock(&mut lab, waits, 2);
    lab.run(S);
    lab.kill(leader);
    lab.settle();
    unlock(&mut lab, waits, &held.key).unwrap();
    assert_eq!(lab.finish::<LockResponse>(second).unwrap().key, "job/2");
}

#[test]
fn a_key_that_others_put_into_the_queue_is_waited_for_too() {
    let mut lab = Lab::new(1);
    lab.grant(0, 1, 60);
    lab.put(0, "job/stranger", "");
    let call = lock(&mut lab, 0, 1);
    lab.run(S);
    assert!(is_waiting(&mut lab, call));
    unlock(&mut lab, 0, &bytes("job/stranger")).unwrap();
    lab.finish::<LockResponse>(call).unwrap();
}
