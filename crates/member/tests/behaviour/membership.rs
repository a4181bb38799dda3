//! Members come, go and change (M3 to M11).

use member::{MemberInfo, Membership, Output};
use proto::etcdserverpb::{
    MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse,
    MemberPromoteRequest, MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse,
    MemberUpdateRequest, MemberUpdateResponse, PutResponse, RangeRequest, RangeResponse,
    StatusRequest, StatusResponse, WatchResponse,
};
use proto::{Code, Profile, Status, error, method};
use serde_json::Value;

use crate::support::build::{get, put, status};
use crate::support::{Lab, S, name, tables};

fn add(lab: &mut Lab, at: usize, url: &str, is_learner: bool) -> Result<MemberAddResponse, Status> {
    let request = MemberAddRequest { peer_ur_ls: vec![url.into()], is_learner };
    lab.call(at, method::cluster::MEMBER_ADD, &request)
}

fn remove(lab: &mut Lab, at: usize, id: u64) -> Result<MemberRemoveResponse, Status> {
    lab.call(at, method::cluster::MEMBER_REMOVE, &MemberRemoveRequest { id })
}

fn update(lab: &mut Lab, id: u64, urls: &[&str]) -> Result<MemberUpdateResponse, Status> {
    let peer_ur_ls = urls.iter().map(|url| (*url).to_owned()).collect();
    lab.call(0, method::cluster::MEMBER_UPDATE, &MemberUpdateRequest { id, peer_ur_ls })
}

fn promote(lab: &mut Lab, at: usize, id: u64) -> Result<MemberPromoteResponse, Status> {
    lab.call(at, method::cluster::MEMBER_PROMOTE, &MemberPromoteRequest { id })
}

fn list(lab: &mut Lab, at: usize) -> MemberListResponse {
    let request = MemberListRequest { linearizable: true };
    lab.call(at, method::cluster::MEMBER_LIST, &request).unwrap()
}

fn not_enough_started() -> Status {
    status(Code::Unknown, &error::member_not_enough_started().message)
}

#[test]
fn the_list_shows_who_has_published_and_no_revision() {
    let mut lab = Lab::new(3);
    lab.put(0, "a", "1");
    let response = list(&mut lab, 1);
    let header = response.header.unwrap();
    assert_eq!((header.revision, header.raft_term), (0, lab.status(1).term));
    let mut names: Vec<_> = response.members.iter().map(|m| m.name.clone()).collect();
    names.sort();
    assert_eq!(names, [name(0), name(1), name(2)]);
    assert!(response.members.is_sorted_by_key(|member| member.id));
    assert!(response.members.iter().all(|m| m.client_ur_ls.len() == 1 && !m.is_learner));
}

#[test]
fn a_member_is_added_by_the_log() {
    let mut lab = Lab::new(3);
    lab.put(0, "a", "1");
    let asked = lab.follower();
    let new = lab.join(asked, false);
    assert_eq!(lab.get(new, "a").as_deref(), Some("1"));
    let members = list(&mut lab, new).members;
    assert_eq!(members.len(), 4);
    assert!(members.iter().any(|m| m.id == lab.seats[new].id && m.name == name(new)));
    assert!(!lab.seats[new].disk.files.keys().any(|path| path.ends_with(".snap")));
    // It votes: two of the four may be gone, but not three.
    lab.kill(0);
    lab.settle();
    lab.put(new, "a", "2");
}

#[test]
fn a_member_is_added_by_a_snapshot() {
    let mut lab = Lab::with(3, |config| {
        (config.snapshot_count, config.snapshot_catchup_entries) = (10, 5);
    });
    lab.grant(0, 7, 60);
    for n in 0..30 {
        lab.put(0, "a", &n.to_string());
    }
    let new = lab.add_member(0, false).unwrap();
    // Its own snapshots are not to be taken for the one it gets.
    lab.seats[new].config.snapshot_count = 100_000;
    lab.start(new);
    lab.settle();
    assert!(lab.seats[new].disk.files.keys().any(|path| path.ends_with(".snap")));
    assert_eq!(lab.get(new, "a").as_deref(), Some("29"));
    let past = RangeRequest { revision: 5, ..get("a") };
    assert_eq!(lab.range(new, &past).kvs[0].value, "3");
    assert_eq!(list(&mut lab, new).members.len(), 4);
    lab.restart(new);
    lab.settle();
    assert_eq!(lab.get(new, "a").as_deref(), Some("29"));
}

#[test]
fn a_cluster_grows_from_one_to_three() {
    let mut lab = Lab::new(1);
    lab.put(0, "a", "1");
    lab.join(0, false);
    lab.join(0, false);
    assert_eq!(lab.get(2, "a").as_deref(), Some("1"));
    lab.kill(0);
    lab.settle();
    assert_eq!(lab.get(2, "a").as_deref(), Some("1"));
}

#[test]
fn an_addition_is_refused_with_etcds_words() {
    let mut lab = Lab::new(3);
    let known = "http://10.0.0.2:2380";
    // M3
    assert_eq!(add(&mut lab, 0, known, false), Err(error::peer_url_exists()));
    // M10
    for url in ["10.0.0.9:2380", "http://10.0.0.9", "ftp://10.0.0.9:1", "http://h:1/path", ""] {
        assert_eq!(add(&mut lab, 0, url, false), Err(error::member_bad_urls()), "{url}");
    }
    let none = MemberAddRequest::default();
    let answer: Result<MemberAddResponse, _> = lab.call(0, method::cluster::MEMBER_ADD, &none);
    assert_eq!(answer, Err(error::member_bad_urls()));
    // One learner, and not a second.
    add(&mut lab, 0, "http://10.0.0.9:2380", true).unwrap();
    assert_eq!(add(&mut lab, 0, "http://10.0.0.8:2380", true), Err(error::too_many_learners()));
    assert_eq!(list(&mut lab, 0).members.len(), 4);
    lab.put(0, "a", "1");
}

#[test]
fn the_same_member_cannot_come_twice() {
    let mut lab = Lab::with(1, |config| config.strict_reconfig_check = false);
    // Both in one instant: the id is made of URL and second.
    let request =
        MemberAddRequest { peer_ur_ls: vec!["http://10.0.0.9:2380".into()], is_learner: true };
    let first = lab.begin(0, method::cluster::MEMBER_ADD, &request);
    lab.run(S / 100);
    lab.finish::<MemberAddResponse>(first).unwrap();
    let second: Result<MemberAddResponse, _> = lab.call(0, method::cluster::MEMBER_ADD, &request);
    assert_eq!(second, Err(error::member_exists()));
}

#[test]
fn an_addition_needs_everybody_to_be_there_and_started() {
    let mut lab = Lab::new(3);
    let (asked, dead) = (lab.leader(), lab.follower());
    lab.kill(dead);
    lab.run(6 * S);
    let url = "http://10.0.0.9:2380";
    assert_eq!(add(&mut lab, asked, url, false), Err(error::unhealthy()));
    // M9: what is wrong besides is not looked at.
    assert_eq!(add(&mut lab, asked, "http://10.0.0.1:2380", true), Err(error::unhealthy()));
    lab.start(dead);
    lab.settle();
    // Connected, but not for five seconds on end.
    lab.restart(dead);
    lab.run(2 * S);
    assert_eq!(add(&mut lab, asked, url, false), Err(error::unhealthy()));
    lab.run(6 * S);
    add(&mut lab, asked, url, false).unwrap();
    // M4: of five, three have to be started before the next one comes; but the new one is not
    // connected either, which would be looked at later.
    let at = lab.leader();
    assert_eq!(add(&mut lab, at, "http://10.0.0.8:2380", false), Err(error::unhealthy()));
}

#[test]
fn two_members_of_which_one_has_not_started_take_no_third() {
    let mut lab = Lab::new(1);
    lab.add_member(0, false).unwrap();
    let url = "http://10.0.0.9:2380";
    assert_eq!(add(&mut lab, 0, url, false), Err(not_enough_started()));
}

#[test]
fn without_the_strict_check_nothing_is_counted() {
    let mut lab = Lab::with(3, |config| config.strict_reconfig_check = false);
    let dead = lab.follower();
    lab.kill(dead);
    let at = lab.leader();
    add(&mut lab, at, "http://10.0.0.9:2380", true).unwrap();
}

#[test]
fn a_removed_member_stops_and_may_never_come_back() {
    let mut lab = Lab::new(3);
    let gone = lab.follower();
    let id = lab.seats[gone].id;
    let asked = lab.leader();
    let response = remove(&mut lab, asked, id).unwrap();
    assert_eq!(response.members.len(), 2);
    lab.until(5 * S, |lab| lab.seats[gone].ended == Some(Output::Removed));
    assert_eq!(remove(&mut lab, asked, id), Err(error::member_not_found()));
    // Its data directory does not bring it back.
    lab.start(gone);
    lab.until(5 * S, |lab| lab.seats[gone].ended == Some(Output::Removed));
    lab.put(asked, "a", "1");
    assert_eq!(list(&mut lab, asked).members.len(), 2);
}

#[test]
fn a_leader_removes_itself_and_another_leads() {
    let mut lab = Lab::new(3);
    let old = lab.leader();
    let id = lab.seats[old].id;
    remove(&mut lab, old, id).unwrap();
    lab.until(10 * S, |lab| lab.seats[old].ended == Some(Output::Removed));
    lab.until(10 * S, |lab| lab.leader_if_any().is_some());
    let at = lab.leader();
    lab.put(at, "a", "1");
}

#[test]
fn a_member_that_was_away_while_it_was_removed_learns_of_it() {
    let mut lab = Lab::new(3);
    let away = lab.follower();
    let id = lab.seats[away].id;
    lab.isolate(away);
    lab.run(6 * S);
    let asked = lab.leader();
    remove(&mut lab, asked, id).unwrap();
    lab.heal();
    lab.until(10 * S, |lab| lab.seats[away].ended == Some(Output::Removed));
}

#[test]
fn a_removal_must_leave_a_quorum_of_the_living() {
    let mut lab = Lab::new(3);
    let dead = lab.follower();
    let asked = lab.leader();
    let alive = (0..3).find(|at| *at != dead && *at != asked).unwrap();
    lab.kill(dead);
    lab.run(6 * S);
    let id = |lab: &Lab, at: usize| lab.seats[at].id;
    let (alive, dead) = (id(&lab, alive), id(&lab, dead));
    assert_eq!(remove(&mut lab, asked, alive), Err(error::unhealthy()));
    assert_eq!(remove(&mut lab, asked, 12345), Err(error::member_not_found()));
    // Who is dead may go.
    assert_eq!(remove(&mut lab, asked, dead).unwrap().members.len(), 2);
    let mut single = Lab::new(1);
    let own = single.seats[0].id;
    assert_eq!(remove(&mut single, 0, own), Err(not_enough_started()));
}

#[test]
fn a_learner_follows_serves_little_and_becomes_a_voter() {
    let mut lab = Lab::new(3);
    lab.put(0, "a", "1");
    let new = lab.join(0, true);
    assert_eq!(lab.status(new).role, frame::Role::Learner);
    // M7
    let refused = status(Code::Unavailable, "etcdserver: rpc not supported for learner");
    let answer: Result<PutResponse, _> = lab.call(new, method::kv::PUT, &put("a", "2"));
    assert_eq!(answer, Err(refused.clone()));
    let answer: Result<RangeResponse, _> = lab.call(new, method::kv::RANGE, &get("a"));
    assert_eq!(answer, Err(refused.clone()));
    let serializable = RangeRequest { serializable: true, ..get("a") };
    assert_eq!(lab.range(new, &serializable).kvs[0].value, "1");
    let call = lab.open(new, method::watch::WATCH);
    assert_eq!(lab.finish::<WatchResponse>(call), Err(refused));
    let shown: StatusResponse =
        lab.call(new, method::maintenance::STATUS, &StatusRequest {}).unwrap();
    assert!(shown.is_learner);
    // Asked of a follower: the leader answers.
    let asked = (0..3).find(|at| *at != lab.leader()).unwrap();
    let id = lab.seats[new].id;
    let members = promote(&mut lab, asked, id).unwrap().members;
    assert!(members.iter().all(|member| !member.is_learner));
    lab.run(S);
    lab.put(new, "a", "2");
    assert_eq!(promote(&mut lab, asked, id), Err(error::member_not_learner()));
    assert_eq!(promote(&mut lab, asked, 12345), Err(error::member_not_found()));
}

#[test]
fn a_learner_that_lags_or_has_not_started_is_not_promoted() {
    let mut lab = Lab::new(3);
    let at = lab.leader();
    let new = lab.add_member(at, true).unwrap();
    let id = lab.seats[new].id;
    assert_eq!(promote(&mut lab, at, id), Err(error::learner_not_ready()));
    lab.start(new);
    lab.settle();
    lab.kill(new);
    for n in 0..20 {
        lab.put(at, "a", &n.to_string());
    }
    assert_eq!(promote(&mut lab, at, id), Err(error::learner_not_ready()));
    // A learner may go whatever its state.
    remove(&mut lab, at, id).unwrap();
}

#[test]
fn a_member_is_told_new_urls() {
    let mut lab = Lab::new(3);
    let id = lab.seats[1].id;
    let members = update(&mut lab, id, &["http://10.0.0.7:2380"]).unwrap().members;
    let urls = members.iter().find(|m| m.id == id).map(|m| m.peer_ur_ls.clone());
    assert_eq!(urls, Some(vec!["http://10.0.0.7:2380".into()]));
    assert!(members.iter().all(|member| !member.name.is_empty()));
    let taken = update(&mut lab, id, &["http://10.0.0.1:2380"]);
    assert_eq!(taken, Err(error::peer_url_exists()));
    let unknown = update(&mut lab, 12345, &["http://10.0.0.9:2380"]);
    assert_eq!(unknown, Err(error::member_not_found()));
    assert_eq!(update(&mut lab, id, &["nonsense"]), Err(error::member_bad_urls()));
    lab.put(1, "a", "1");
}

#[test]
fn a_change_that_meets_another_is_lost() {
    // M9: raft makes the second an empty entry; without strict checks both get that far. Nobody
    // answers it: membership changes have no time-out of the server's.
    let mut lab = Lab::with(3, |config| config.strict_reconfig_check = false);
    let at = lab.leader();
    let request = |host: u8| MemberAddRequest {
        peer_ur_ls: vec![format!("http://10.0.0.{host}:2380")],
        is_learner: host == 9,
    };
    let first = lab.begin(at, method::cluster::MEMBER_ADD, &request(9));
    let second = lab.begin(at, method::cluster::MEMBER_ADD, &request(8));
    lab.finish::<MemberAddResponse>(first).unwrap();
    lab.run(20 * S);
    assert_eq!(lab.answer::<MemberAddResponse>(second), None);
    assert_eq!(list(&mut lab, at).members.len(), 4);
}

#[test]
fn a_member_comes_back_from_its_snapshot_and_what_followed() {
    let mut lab = Lab::with(3, |config| {
        (config.snapshot_count, config.snapshot_catchup_entries) = (10, 5);
    });
    for n in 0..37 {
        lab.put(0, &format!("k{n}"), &n.to_string());
    }
    for at in 0..3 {
        lab.kill(at);
    }
    for at in 0..3 {
        lab.start(at);
    }
    lab.settle();
    for at in 0..3 {
        assert_eq!(lab.get(at, "k36").as_deref(), Some("36"));
        assert_eq!(lab.get(at, "k0").as_deref(), Some("0"));
        assert_eq!(list(&mut lab, at).members.len(), 3);
    }
    assert_eq!(lab.put(0, "more", ""), 39);
}

#[test]
fn a_single_survivor_makes_a_new_cluster_of_the_old_data() {
    for snapshot_count in [100_000, 10] {
        let mut lab = Lab::with(3, |config| config.snapshot_count = snapshot_count);
        for n in 0..20 {
            lab.put(0, "a", &n.to_string());
        }
        for at in 0..3 {
            lab.kill(at);
        }
        // The others' entries after this one's last are nobody's any more.
        lab.forget_digests();
        lab.seats[1].config.force_new_cluster = true;
        lab.start(1);
        lab.settle();
        assert_eq!(lab.get(1, "a").as_deref(), Some("19"));
        let members = list(&mut lab, 1).members;
        assert_eq!((members.len(), members[0].id), (1, lab.seats[1].id));
        lab.put(1, "a", "new");
        lab.seats[1].config.force_new_cluster = false;
        lab.restart(1);
        lab.settle();
        assert_eq!(lab.get(1, "a").as_deref(), Some("new"));
    }
}

#[test]
fn in_3_4_the_list_is_this_members_own() {
    for (profile, answers) in [(Profile::V3_4, true), (Profile::V3_5, false)] {
        let mut lab = Lab::with(3, |config| config.profile = profile);
        let at = lab.follower();
        lab.isolate(at);
        let request = MemberListRequest { linearizable: true };
        let answer: Result<MemberListResponse, _> =
            lab.call(at, method::cluster::MEMBER_LIST, &request);
        assert_eq!(answer.is_ok(), answers);
    }
}

/// `member_id.jsonl` (M1).
#[test]
fn ids_are_those_of_the_table() {
    let file = "etcd-membership/member_id.jsonl";
    let Some(cases) = tables::cases(file) else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let urls: Vec<String> = serde_json::from_value(case["peer_urls"].clone()).unwrap();
        let (token, time) = (case["token"].as_str().unwrap(), case["unix_time"].as_u64());
        let id = member::id::member_id(&urls, token, time).to_string();
        if id != case["want_id"] {
            wrong.push(format!("{case}: {id}"));
        }
    }
    tables::settle(file, cases.len(), &wrong);
}

/// `strict_reconfig.jsonl` (M4): the started quorum alone.
#[test]
fn reconfigurations_are_judged_as_in_the_table() {
    let file = "etcd-membership/strict_reconfig.jsonl";
    let Some(cases) = tables::cases(file) else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let member = |value: &Value| MemberInfo {
            id: value["id"].as_u64().unwrap(),
            name: if value["started"] == true { "m".into() } else { String::new() },
            is_learner: value["learner"] == true,
            ..MemberInfo::default()
        };
        let membership = Membership::new(case["members"].as_array().unwrap().iter().map(member));
        let id = |field: &str| case[field].as_u64().unwrap();
        let allowed = match case["op"].as_str().unwrap() {
            "add_voter" => membership.is_ready_to_add(),
            "remove_voter" => membership.is_ready_to_remove(id("remove_id")),
            "promote" | "promote_learner" => membership.is_ready_to_promote(id("promote_id")),
            other => panic!("unknown operation {other}"),
        };
        if case["want_allowed"] != allowed {
            wrong.push(format!("{case}: {allowed}"));
        }
    }
    tables::settle(file, cases.len(), &wrong);
}
