//! The service Election (Y5, Y6).

use bytes::Bytes;
use member::CallId;
use proto::v3electionpb::{
    CampaignRequest, CampaignResponse, LeaderKey, LeaderRequest, LeaderResponse, ProclaimRequest,
    ProclaimResponse, ResignRequest, ResignResponse,
};
use proto::{Code, Status, method};

use crate::support::build::{bytes, get, needs_leader, status};
use crate::support::{Lab, S};

fn campaign(lab: &mut Lab, at: usize, lease: i64, value: &str) -> CallId {
    let request = CampaignRequest { name: bytes("e"), lease, value: bytes(value) };
    lab.begin(at, method::election::CAMPAIGN, &request)
}

fn win(lab: &mut Lab, at: usize, lease: i64, value: &str) -> LeaderKey {
    let call = campaign(lab, at, lease, value);
    lab.finish::<CampaignResponse>(call).unwrap().leader.unwrap()
}

fn resign(lab: &mut Lab, leader: &LeaderKey) -> Result<ResignResponse, Status> {
    let request = ResignRequest { leader: Some(leader.clone()) };
    lab.call(0, method::election::RESIGN, &request)
}

fn proclaim(lab: &mut Lab, leader: &LeaderKey, value: &str) -> Result<ProclaimResponse, Status> {
    let request = ProclaimRequest { leader: Some(leader.clone()), value: bytes(value) };
    lab.call(0, method::election::PROCLAIM, &request)
}

fn leader(lab: &mut Lab) -> Result<Bytes, Status> {
    let request = LeaderRequest { name: bytes("e") };
    let response: LeaderResponse = lab.call(0, method::election::LEADER, &request)?;
    Ok(response.kv.unwrap().value)
}

fn not_leader() -> Status {
    status(Code::Unknown, "election: not leader")
}

#[test]
fn candidates_lead_in_the_order_of_their_coming() {
    let mut lab = Lab::new(1);
    assert_eq!(leader(&mut lab), Err(status(Code::Unknown, "election: no leader")));
    lab.grant(0, 1, 60);
    lab.grant(0, 0x2a, 60);
    let first = win(&mut lab, 0, 1, "one");
    let place = |key: &LeaderKey| (key.name.clone(), key.key.clone(), key.rev, key.lease);
    assert_eq!(place(&first), (bytes("e"), bytes("e/1"), 2, 1));
    let second = campaign(&mut lab, 0, 0x2a, "two");
    lab.run(S);
    assert_eq!(leader(&mut lab).unwrap(), "one");
    assert_eq!(lab.answer::<CampaignResponse>(second), None);
    resign(&mut lab, &first).unwrap();
    let won: CampaignResponse = lab.finish(second).unwrap();
    // The header is that of the candidacy, not of the victory.
    assert_eq!(won.header.unwrap().revision, 3);
    assert_eq!(place(&won.leader.unwrap()), (bytes("e"), bytes("e/2a"), 3, 0x2a));
    assert_eq!(leader(&mut lab).unwrap(), "two");
}

#[test]
fn a_leader_proclaims_until_it_has_resigned() {
    let mut lab = Lab::new(1);
    lab.grant(0, 1, 60);
    let key = win(&mut lab, 0, 1, "one");
    assert_eq!(proclaim(&mut lab, &key, "more").unwrap().header.unwrap().revision, 3);
    assert_eq!(leader(&mut lab).unwrap(), "more");
    assert_eq!(resign(&mut lab, &key).unwrap().header.unwrap().revision, 4);
    assert_eq!(proclaim(&mut lab, &key, "again"), Err(not_leader()));
    // Who leads no more may resign all the same.
    assert_eq!(resign(&mut lab, &key).unwrap().header.unwrap().revision, 4);
}

#[test]
fn campaigning_again_proclaims_the_new_value() {
    let mut lab = Lab::new(1);
    lab.grant(0, 1, 60);
    let first = win(&mut lab, 0, 1, "one");
    let again = win(&mut lab, 0, 1, "new");
    assert_eq!((first.rev, again.rev), (2, 2));
    let kv = lab.range(0, &get("e/1")).kvs.remove(0);
    assert_eq!((kv.value, kv.create_revision, kv.mod_revision), (bytes("new"), 2, 3));
}

#[test]
fn a_request_must_say_who_leads() {
    let mut lab = Lab::new(1);
    let missing = status(Code::Unknown, "\"leader\" field must be provided");
    let proclaim = ProclaimRequest { leader: None, value: bytes("x") };
    let answer: Result<ProclaimResponse, _> = lab.call(0, method::election::PROCLAIM, &proclaim);
    assert_eq!(answer, Err(missing.clone()));
    let resign = ResignRequest { leader: None };
    let answer: Result<ResignResponse, _> = lab.call(0, method::election::RESIGN, &resign);
    assert_eq!(answer, Err(missing));
}

#[test]
fn a_candidate_that_goes_away_resigns() {
    let mut lab = Lab::new(1);
    lab.grant(0, 1, 60);
    lab.grant(0, 2, 60);
    win(&mut lab, 0, 1, "one");
    let second = campaign(&mut lab, 0, 2, "two");
    lab.run(S);
    assert_eq!(lab.range(0, &get("e/2")).count, 1);
    lab.cancel(second);
    lab.run(S);
    assert_eq!(lab.range(0, &get("e/2")).count, 0);
}

#[test]
fn an_observer_sees_leaders_and_their_values_one_after_the_other() {
    let mut lab = Lab::new(3);
    let seen = |lab: &mut Lab, call| -> Vec<(Bytes, i64)> {
        let heard = lab.heard::<LeaderResponse>(call).into_iter();
        heard.map(|r| (r.kv.unwrap().value, r.header.unwrap().revision)).collect()
    };
    let call = lab.open(2, method::election::OBSERVE);
    lab.say(call, &LeaderRequest { name: bytes("e") });
    lab.close_send(call);
    assert_eq!(seen(&mut lab, call), []);
    lab.grant(0, 1, 60);
    lab.grant(0, 2, 60);
    let first = win(&mut lab, 0, 1, "one");
    assert_eq!(seen(&mut lab, call), [(bytes("one"), 2)]);
    proclaim(&mut lab, &first, "more").unwrap();
    assert_eq!(seen(&mut lab, call), [(bytes("more"), 3)]);
    let second = campaign(&mut lab, 1, 2, "two");
    assert_eq!(seen(&mut lab, call), []);
    resign(&mut lab, &first).unwrap();
    assert_eq!(seen(&mut lab, call), [(bytes("two"), 5)]);
    lab.finish::<CampaignResponse>(second).unwrap();
    lab.cancel(call);
    lab.revoke(0, 2).unwrap();
    assert_eq!(seen(&mut lab, call), []);
    // One who comes late hears of the present leader first.
    win(&mut lab, 0, 1, "late");
    let call = lab.open(1, method::election::OBSERVE);
    lab.say(call, &LeaderRequest { name: bytes("e") });
    assert_eq!(seen(&mut lab, call), [(bytes("late"), 7)]);
}

#[test]
fn an_observer_without_a_request_or_without_its_leader_is_let_go() {
    let mut lab = Lab::new(3);
    let call = lab.open(0, method::election::OBSERVE);
    lab.close_send(call);
    let result = lab.finish::<LeaderResponse>(call);
    assert_eq!(result, Err(status(Code::Unknown, "EOF")));
    let at = lab.leader();
    let call = lab.open_as(&needs_leader(), at, method::election::OBSERVE);
    lab.say(call, &LeaderRequest { name: bytes("e") });
    lab.run(S);
    lab.isolate(at);
    let result = lab.finish::<LeaderResponse>(call);
    assert_eq!(result, Err(status(Code::Canceled, "context canceled")));
}
