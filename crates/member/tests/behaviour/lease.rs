//! Leases in a cluster (L1 to L12).

use proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveResponse, LeaseLeasesRequest,
    LeaseLeasesResponse, PutResponse, RangeRequest,
};
use proto::{error, method};

use crate::support::build::{get, get_range, keep_alive, needs_leader, put_leased};
use crate::support::{Lab, S};

fn put_with(lab: &mut Lab, key: &str, lease: i64) {
    let _: PutResponse = lab.call(0, method::kv::PUT, &put_leased(key, "v", lease)).unwrap();
}

/// Renews once, on a stream of its own; the time to live that the answer shows.
fn renew(lab: &mut Lab, at: usize, lease: i64) -> i64 {
    let call = lab.open(at, method::lease::LEASE_KEEP_ALIVE);
    lab.say(call, &keep_alive(lease));
    lab.close_send(call);
    lab.finish::<LeaseKeepAliveResponse>(call).unwrap();
    let heard: Vec<LeaseKeepAliveResponse> = lab.heard(call);
    assert_eq!((heard.len(), heard[0].id), (1, lease));
    heard[0].ttl
}

#[test]
fn a_grant_is_refused_or_raised_as_the_lessor_likes() {
    let mut lab = Lab::new(1);
    let mut grant = |id, ttl| {
        let request = LeaseGrantRequest { id, ttl };
        lab.call::<LeaseGrantResponse>(0, method::lease::LEASE_GRANT, &request)
    };
    assert!(grant(0, 60).unwrap().id > 0);
    assert_eq!(grant(7, 1).unwrap().ttl, 2);
    assert_eq!(grant(8, -5).unwrap().ttl, 2);
    assert_eq!(grant(7, 60), Err(error::lease_exists()));
    assert_eq!(grant(9, 9_000_000_001), Err(error::lease_ttl_too_large()));
}

#[test]
fn keys_go_with_their_lease_in_one_revision() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 5);
    for key in ["a", "b", "c"] {
        put_with(&mut lab, key, 7);
    }
    lab.put(1, "b", "stays");
    lab.run(4 * S);
    assert_eq!(lab.range(0, &get_range("a", "z")).count, 3);
    lab.run(3 * S);
    let range = lab.range(2, &get_range("a", "z"));
    assert_eq!((range.count, range.header.unwrap().revision), (1, 6));
    assert_eq!(lab.time_to_live(1, 7).ttl, -1);
}

#[test]
fn only_a_leader_ends_a_lease() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 2);
    put_with(&mut lab, "a", 7);
    let alone = lab.follower();
    for at in (0..3).filter(|at| *at != alone) {
        lab.kill(at);
    }
    lab.run(20 * S);
    let request = RangeRequest { serializable: true, ..get("a") };
    assert_eq!(lab.range(alone, &request).count, 1);
}

#[test]
fn a_lease_is_kept_alive_through_any_member() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 3);
    for _ in 0..6 {
        lab.run(2 * S);
        for at in 0..3 {
            assert_eq!(renew(&mut lab, at, 7), 3);
        }
    }
    lab.run(5 * S);
    assert_eq!(renew(&mut lab, 0, 7), 0);
}

#[test]
fn who_renews_a_lease_that_is_over_is_told_when_it_is_revoked() {
    // L6: at whatever moment after its end, also between that and the look that revokes it.
    for wait_us in (0..10).map(|n| 2 * S + 1 + n * S / 16) {
        let mut lab = Lab::new(3);
        lab.grant(0, 7, 2);
        put_with(&mut lab, "a", 7);
        lab.run(wait_us);
        let at = lab.follower();
        assert_eq!(renew(&mut lab, at, 7), 0);
        assert_eq!(lab.get(0, "a"), None, "the revoke came first");
    }
}

#[test]
fn renewals_on_one_stream_are_answered_one_after_the_other() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 5);
    let at = lab.follower();
    let call = lab.open(at, method::lease::LEASE_KEEP_ALIVE);
    for lease in [7, 8, 7] {
        lab.say(call, &keep_alive(lease));
    }
    let heard: Vec<LeaseKeepAliveResponse> = lab.heard(call);
    let said: Vec<_> = heard.iter().map(|r| (r.id, r.ttl)).collect();
    assert_eq!(said, [(7, 5), (8, 0), (7, 5)]);
    assert!(heard.iter().all(|r| r.header.unwrap().member_id == lab.seats[at].id));
}

#[test]
fn a_renewal_survives_a_change_of_the_leader() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 10);
    let (leader, at) = (lab.leader(), lab.follower());
    lab.kill(leader);
    // The leader is not known to be gone yet, or nobody leads: the ask waits for the next.
    assert_eq!(renew(&mut lab, at, 7), 10);
}

#[test]
fn a_new_leader_gives_every_lease_its_whole_time_again() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 6);
    put_with(&mut lab, "a", 7);
    lab.run(5 * S);
    let old = lab.leader();
    lab.kill(old);
    lab.until(10 * S, |lab| lab.leader_if_any().is_some_and(|at| at != old));
    let at = lab.leader();
    // L5: its whole time and one election time-out more.
    lab.run(6 * S);
    let ttl = lab.time_to_live(at, 7).ttl;
    assert!((0..=1).contains(&ttl), "{ttl}");
    assert_eq!(lab.get(at, "a").as_deref(), Some("v"));
    lab.run(2 * S);
    assert_eq!(lab.get(at, "a"), None);
}

#[test]
fn with_checkpoints_a_new_leader_knows_how_much_is_left() {
    for (lease_checkpoint, left) in [(true, 690..=705), (false, 990..=1001)] {
        let mut lab = Lab::with(3, |config| config.lease_checkpoint = lease_checkpoint);
        lab.grant(0, 7, 1000);
        lab.run(301 * S);
        let old = lab.leader();
        lab.kill(old);
        lab.until(10 * S, |lab| lab.leader_if_any().is_some_and(|at| at != old));
        let at = lab.leader();
        let ttl = lab.time_to_live(at, 7).ttl;
        assert!(left.contains(&ttl), "checkpoints {lease_checkpoint}: {ttl}");
    }
}

#[test]
fn the_time_left_is_the_leaders_word_through_every_member() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 60);
    put_with(&mut lab, "b", 7);
    put_with(&mut lab, "a", 7);
    lab.run(10 * S);
    for at in 0..3 {
        let left = lab.time_to_live(at, 7);
        assert_eq!((left.granted_ttl, left.keys.len()), (60, 2));
        assert!((48..=50).contains(&left.ttl), "{}", left.ttl);
        assert_eq!(left.header.unwrap().member_id, lab.seats[at].id);
        let lost = lab.time_to_live(at, 8);
        assert_eq!((lost.ttl, lost.granted_ttl), (-1, 0));
    }
}

#[test]
fn leases_are_listed_and_revoked() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 60);
    lab.grant(1, 8, 30);
    put_with(&mut lab, "a", 7);
    let listed: LeaseLeasesResponse =
        lab.call(0, method::lease::LEASE_LEASES, &LeaseLeasesRequest {}).unwrap();
    let mut ids: Vec<i64> = listed.leases.iter().map(|lease| lease.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [7, 8]);
    assert_eq!(lab.revoke(2, 7).unwrap().header.unwrap().revision, 3);
    assert_eq!(lab.revoke(0, 7), Err(error::lease_not_found()));
    // A lease without keys takes no revision.
    assert_eq!(lab.revoke(0, 8).unwrap().header.unwrap().revision, 3);
}

#[test]
fn leases_survive_a_restart_with_their_keys() {
    let mut lab = Lab::new(1);
    lab.grant(0, 7, 5);
    put_with(&mut lab, "a", 7);
    lab.restart(0);
    lab.until(5 * S, |lab| lab.leader_if_any().is_some());
    assert_eq!(lab.get(0, "a").as_deref(), Some("v"));
    lab.run(8 * S);
    assert_eq!(lab.get(0, "a"), None);
}

#[test]
fn a_stream_of_renewals_that_asked_for_a_leader_ends_without_one() {
    let mut lab = Lab::new(3);
    lab.grant(0, 7, 60);
    let at = lab.follower();
    let call = lab.open_as(&needs_leader(), at, method::lease::LEASE_KEEP_ALIVE);
    lab.run(S);
    lab.isolate(at);
    let result = lab.finish::<LeaseKeepAliveResponse>(call);
    assert_eq!(result, Err(error::no_leader()));
}
