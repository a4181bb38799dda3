//! Each checker catches a violation planted for it, and none cries at an honest run.

use super::*;
use frame::Role;

fn entry(term: u64, digest: u64) -> LogDigest {
    LogDigest { term, digest }
}

fn leader(term: u64) -> Trace {
    Trace::Role { role: Role::Leader, term, leader: 1 }
}

fn started(log: &[LogDigest]) -> Trace {
    started_in(7, log)
}

fn started_in(cluster_id: u64, log: &[LogDigest]) -> Trace {
    Trace::Started { cluster_id, term: 1, vote: 0, commit: 0, first_index: 1, log: log.to_vec() }
}

fn appended(first_index: u64, log: &[LogDigest]) -> Trace {
    Trace::Appended { first_index, log: log.to_vec() }
}

/// Runs the steps and gives the name of each checker that found something.
fn found(steps: &[(u16, Trace)], acknowledged: &[(u16, u64)], after: &[(u16, Trace)]) -> String {
    let mut checkers = Checkers::all();
    for name in ["m1", "m2", "m3"] {
        checkers.add_member(name);
    }
    for (time, (member, trace)) in (0..).zip(steps) {
        checkers.trace(time, *member, trace);
    }
    for (member, index) in acknowledged {
        checkers.reply(50, *member, &Ok(Bytes::new()), *index);
    }
    for (time, (member, trace)) in (100..).zip(after) {
        checkers.trace(time, *member, trace);
    }
    checkers.finish(1000);
    let mut names: Vec<&str> =
        checkers.violations().iter().filter_map(|text| text.split(" at ").next()).collect();
    names.dedup();
    names.join(", ")
}

fn applied(index: u64) -> Trace {
    Trace::Applied { index, revision: 1 }
}

#[test]
fn an_honest_run_is_clean() {
    let steps = [
        (0, started(&[entry(1, 10)])),
        (1, started(&[entry(1, 10)])),
        (0, leader(2)),
        (0, appended(2, &[entry(2, 20)])),
        (1, appended(2, &[entry(2, 20)])),
        (0, Trace::Committed { index: 2 }),
        (0, applied(2)),
        (1, Trace::Committed { index: 2 }),
        (1, applied(2)),
    ];
    assert_eq!(found(&steps, &[(0, 2)], &[(1, leader(3))]), "");
}

#[test]
fn two_leaders_of_a_term_are_caught() {
    assert_eq!(found(&[(0, leader(2)), (1, leader(2))], &[], &[]), "one leader per term");
}

#[test]
fn the_same_index_and_term_with_other_content_is_caught() {
    let steps = [(0, started(&[entry(1, 10)])), (1, started(&[entry(1, 11)]))];
    assert_eq!(found(&steps, &[], &[]), "log matching");
}

#[test]
fn the_same_entry_after_another_history_is_caught() {
    let steps =
        [(0, started(&[entry(1, 10), entry(3, 30)])), (1, started(&[entry(2, 20), entry(3, 30)]))];
    assert_eq!(found(&steps, &[], &[]), "log matching");
}

#[test]
fn a_leader_without_a_committed_entry_is_caught() {
    let steps = [
        (0, started(&[entry(1, 10), entry(2, 20)])),
        (0, Trace::Committed { index: 2 }),
        (1, started(&[entry(1, 10)])),
        (1, leader(3)),
    ];
    assert_eq!(found(&steps, &[], &[]), "leader completeness");
}

#[test]
fn two_entries_applied_at_one_index_are_caught() {
    let steps = [
        (0, started(&[entry(1, 10)])),
        (0, applied(1)),
        (1, started(&[entry(2, 20)])),
        (1, applied(1)),
    ];
    assert_eq!(found(&steps, &[], &[]), "state machine safety");
}

#[test]
fn a_lost_acknowledged_write_is_caught() {
    let steps = [(0, started(&[entry(1, 10)])), (0, applied(1))];
    let after = [(1, started(&[])), (1, leader(3))];
    assert_eq!(found(&steps, &[(0, 1)], &after), "acknowledged writes survive");
}

#[test]
fn different_states_at_one_index_are_caught() {
    let state = |digest| Trace::State { index: 1, digest };
    let steps = [(0, state(5)), (1, state(5)), (2, state(6))];
    assert_eq!(found(&steps, &[], &[]), "equal states");
}

#[test]
fn a_log_that_goes_on_from_a_snapshot_is_held_to_what_it_shows() {
    let snapshot = Trace::Snapshot { index: 2, term: 1 };
    let steps = [
        (0, started(&[entry(1, 10), entry(1, 11)])),
        (0, applied(2)),
        (1, started(&[])),
        (1, snapshot),
        (1, Trace::Installed { index: 2, revision: 1 }),
        (0, appended(3, &[entry(1, 12)])),
        (1, appended(3, &[entry(1, 12)])),
        (0, Trace::Committed { index: 3 }),
        (0, applied(3)),
        (1, applied(3)),
    ];
    assert_eq!(found(&steps, &[(0, 2)], &[(1, leader(3))]), "");
}

#[test]
fn an_acknowledgement_before_apply_is_caught() {
    let steps = [(0, started(&[entry(1, 10)]))];
    assert_eq!(found(&steps, &[(0, 1)], &[]), "acknowledged writes survive");
}

/// A put or a read of call `call`, and its answer's revision.
fn told(checkers: &mut Checkers, call: u64, method: &str, revision: i64) {
    use proto::etcdserverpb::{PutResponse, ResponseHeader};
    checkers.asked(call, (0, call), Some(0), method, &Bytes::new());
    let header = Some(ResponseHeader { revision, ..ResponseHeader::default() });
    let reply = prost::Message::encode_to_vec(&PutResponse { header, prev_kv: None });
    checkers.host_heard(call, 0, &HostInput::Reply { call, result: Ok(reply.into()) });
}

#[test]
fn revisions_that_go_back_are_found() {
    use proto::method::kv::{PUT, RANGE};
    for (last, revision, right) in
        [(PUT, 4, true), (PUT, 3, false), (RANGE, 3, true), (RANGE, 2, false)]
    {
        let mut checkers = Checkers::all();
        checkers.add_member("m1");
        told(&mut checkers, 1, PUT, 2);
        told(&mut checkers, 2, PUT, 3);
        told(&mut checkers, 3, last, revision);
        assert_eq!(checkers.violations().is_empty(), right, "{last} {revision}");
    }
}

#[test]
fn what_a_sole_voter_lost_with_its_term_is_void() {
    let lost = [
        (0, started(&[entry(1, 10)])),
        (0, leader(2)),
        (0, appended(2, &[entry(2, 20)])),
        (0, started(&[entry(1, 10)])),
        (0, leader(2)),
        (0, appended(2, &[entry(2, 30)])),
    ];
    assert_eq!(found(&lost, &[], &[]), "");
    let other = [(1, started(&[entry(1, 10)])), (1, appended(2, &[entry(2, 20)]))];
    let seen_elsewhere = [&lost[..3], &other, &lost[3..]];
    assert_eq!(found(&seen_elsewhere.concat(), &[], &[]), "log matching");
}

#[test]
fn clusters_are_held_to_their_own_history() {
    let run = |id| {
        [
            (0, started(&[entry(1, 10)])),
            (0, leader(2)),
            (0, applied(1)),
            (1, started_in(id, &[entry(1, 11)])),
            (1, leader(2)),
            (1, applied(1)),
        ]
    };
    assert_eq!(found(&run(8), &[(0, 1)], &[]), "");
    let all =
        "log matching, one leader per term, state machine safety, acknowledged writes survive";
    assert_eq!(found(&run(7), &[(0, 1)], &[]), all);
}

#[test]
fn files_put_there_by_hand_begin_anew_where_no_member_goes_on() {
    let run = |others_run: bool| {
        let mut checkers = Checkers::all();
        (0..2).for_each(|_| checkers.add_member("m"));
        checkers.trace(1, 0, &started(&[entry(1, 10)]));
        checkers.trace(1, 1, &started(&[entry(1, 10)]));
        checkers.trace(2, 0, &applied(1));
        checkers.reply(3, 0, &Ok(Bytes::new()), 1);
        checkers.ended(4, 0);
        if !others_run {
            checkers.ended(4, 1);
        }
        checkers.changed_by_hand(0);
        checkers.trace(5, 0, &started(&[entry(1, 11)]));
        checkers.trace(6, 0, &leader(2));
        checkers.violations().to_vec()
    };
    assert_eq!(run(false), [""; 0]);
    assert!(!run(true).is_empty());
}
