//! `/v2/members`, `/v2/stats`, `/version` and `/health`: answers recorded from etcd 3.4.23.

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{
    AlarmRequest, AlarmResponse, AlarmType, MemberListRequest, MemberListResponse,
};
use proto::{Profile, method};

use crate::support::http::{all_as_recorded, recorded, with_v2};
use crate::support::{Lab, S};

const JSON: &str = "-H content-type:application/json";

fn ids(lab: &mut Lab) -> Vec<u64> {
    let list: MemberListResponse =
        lab.call(0, method::cluster::MEMBER_LIST, &MemberListRequest::default()).expect("a list");
    list.members.iter().map(|member| member.id).collect()
}

#[test]
fn what_cannot_be_a_change_is_refused() {
    let mut lab = Lab::with(1, recorded);
    let message = |text: &str| format!("{{\"message\":\"{text}\"}}");
    for (method, json, text) in [
        ("POST", "{}", "no valid URLs given"),
        ("POST", "", "unexpected end of JSON input"),
        ("POST", "{\"peerURLs\":[\"x\"]}", "URL scheme must be http, https, unix, or unixs: x"),
        (
            "POST",
            "{\"peerURLs\":[\"http://h\"]}",
            "URL address does not have the form \\\"host:port\\\": http://h",
        ),
        ("POST", "{\"peerURLs\":[\"http://h:1/p\"]}", "URL must not contain a path: http://h:1/p"),
        (
            "POST",
            "{\"peerURLs\":[\"ftp://h:1\"]}",
            "URL scheme must be http, https, unix, or unixs: ftp://h:1",
        ),
    ] {
        let data = if json.is_empty() { String::new() } else { format!("-d {json}") };
        let words = format!("{JSON} -X{method} /v2/members {data}");
        all_as_recorded(&mut lab, &[(&words, 400, &message(text))]);
    }
    let urls = "-d {\"peerURLs\":[\"http://127.0.0.1:42799\"]}";
    all_as_recorded(
        &mut lab,
        &[
            (
                "-XPOST /v2/members -d {}",
                415,
                &message(
                    "Bad Content-Type application/x-www-form-urlencoded, accept application/json",
                ),
            ),
            (
                &format!(
                    "{JSON} -XPOST /v2/members -d {{\"peerURLs\":[\"http://127.0.0.1:2380\"]}}"
                ),
                409,
                &message("membership: peerURL exists"),
            ),
            ("-XDELETE /v2/members/zz", 404, &message("No such member: zz")),
            ("-XDELETE /v2/members/12", 404, &message("No such member: 12")),
            (&format!("{JSON} -XPUT /v2/members/12 {urls}"), 404, &message("No such member: 12")),
            ("/v2/members/x", 404, &message("Not found")),
            ("/v2/members/8c8085115b3ba2d4", 404, &message("Not found")),
            ("-XDELETE /v2/members", 405, "Method Not Allowed\n"),
            ("-XPATCH /v2/members", 405, "Method Not Allowed\n"),
            (
                "/v2/members/leader",
                200,
                "{\"id\":\"8c8085115b3ba2d4\",\"name\":\"m1\",\"peerURLs\":[\"http://127.0.0.1:2380\"],\"clientURLs\":[\"http://127.0.0.1:2379\"]}\n",
            ),
        ],
    );
}

/// The same entries as by v3's API, and the same members afterwards.
#[test]
fn members_come_change_and_go() {
    let mut lab = Lab::with(3, with_v2);
    let before = ids(&mut lab);
    let added = lab
        .curl(&format!("{JSON} -XPOST /v2/members -d {{\"peerURLs\":[\"http://10.0.0.4:2380\"]}}"));
    let new = *ids(&mut lab).iter().find(|id| !before.contains(id)).expect("a new member");
    let body = format!(
        "{{\"id\":\"{new:x}\",\"name\":\"\",\"peerURLs\":[\"http://10.0.0.4:2380\"],\"clientURLs\":[]}}\n"
    );
    assert!(added.starts_with("201\n") && added.ends_with(&body), "{added}");
    let update =
        format!("{JSON} -XPUT /v2/members/{new:x} -d {{\"peerURLs\":[\"http://10.0.0.4:2390\"]}}");
    assert!(lab.curl(&update).starts_with("204\n"));
    for at in 0..3 {
        lab.run(S);
        let list = lab.curl_at(at, "/v2/members");
        assert!(
            list.contains("\"peerURLs\":[\"http://10.0.0.4:2390\"],\"clientURLs\":[]"),
            "{list}"
        );
    }
    let removal = format!("-XDELETE /v2/members/{new:x}");
    assert!(lab.curl(&removal).starts_with("204\n"));
    let again = lab.curl(&removal);
    let body = format!("{{\"message\":\"Member permanently removed: {new:x}\"}}");
    assert!(again.starts_with("410\n") && again.ends_with(&body), "{again}");
    assert_eq!(ids(&mut lab), before);
    // Publishing and the version took an index each, and so did these four.
    let set = lab.curl("-XPUT /v2/keys/a -d value=1");
    assert!(set.contains("\"modifiedIndex\":12,"), "{set}");
}

#[test]
fn a_change_without_a_quorum_of_started_members_is_an_internal_error() {
    let mut lab = Lab::with(3, with_v2);
    let follower = lab.follower();
    lab.isolate(follower);
    lab.run(10 * S);
    let words = format!("{JSON} -XPOST /v2/members -d {{\"peerURLs\":[\"http://10.0.0.4:2380\"]}}");
    let answer = lab.curl_at(follower, &words);
    assert!(
        answer.starts_with("500\n") && answer.ends_with("{\"message\":\"Internal Server Error\"}"),
        "{answer}"
    );
    let leader = lab.curl_at(follower, "/v2/members/leader");
    assert!(
        leader.starts_with("503\n") && leader.ends_with("{\"message\":\"During election\"}"),
        "{leader}"
    );
}

#[test]
fn followers_and_leaders_tell_their_statistics() {
    let mut lab = Lab::with(3, with_v2);
    let (leader, follower) = (lab.leader(), lab.follower());
    lab.curl("-XPUT /v2/keys/a -d value=1");
    let stats = lab.curl_at(leader, "/v2/stats/leader");
    assert_eq!(stats.matches("\"latency\"").count(), 2, "{stats}");
    assert!(!stats.contains("\"success\":0"), "{stats}");
    let refused = lab.curl_at(follower, "/v2/stats/leader");
    assert!(
        refused.starts_with("403\n") && refused.ends_with("{\"message\":\"not current leader\"}")
    );
    let own = lab.curl_at(follower, "/v2/stats/self");
    let id = lab.seats[leader].id;
    assert!(own.contains("\"state\":\"StateFollower\""), "{own}");
    assert!(
        own.contains(&format!("\"leaderInfo\":{{\"leader\":\"{id:x}\",\"uptime\":\"")),
        "{own}"
    );
    assert!(!own.contains("\"recvAppendRequestCnt\":0,"), "{own}");
    let machines = "http://10.0.0.1:2379, http://10.0.0.2:2379, http://10.0.0.3:2379";
    all_as_recorded(&mut lab, &[("/v2/machines", 200, machines)]);
}

#[test]
fn health_looks_at_alarms_leader_and_log() {
    for profile in Profile::ALL {
        for enable_v2 in [false, true] {
            let mut lab =
                Lab::with(3, |config| (config.profile, config.enable_v2) = (profile, enable_v2));
            let reason = |why: &str| match profile {
                Profile::V3_3 | Profile::V3_4 => String::new(),
                Profile::V3_5 | Profile::V3_6 => format!(",\"reason\":\"{why}\""),
            };
            let healthy = format!(
                "200\nContent-Type: text/plain; charset=utf-8\n{{\"health\":\"true\"{}}}",
                reason("")
            );
            let ill = |why: &str| {
                let head = "503\nContent-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff\n";
                format!("{head}{{\"health\":\"false\"{}}}\n", reason(why))
            };
            let follower = lab.follower();
            let applied = lab.status(0).applied;
            assert_eq!(lab.curl_at(follower, "/health"), healthy);
            // Recorded: v2's read is an entry of the log.
            let by_log = u64::from(profile <= Profile::V3_4 || enable_v2);
            lab.run(S);
            assert_eq!(lab.status(0).applied, applied + by_log);
            let alarm = AlarmRequest {
                action: AlarmAction::Activate as i32,
                member_id: lab.seats[0].id,
                alarm: AlarmType::Nospace as i32,
            };
            let _: AlarmResponse =
                lab.call(0, method::maintenance::ALARM, &alarm).expect("an alarm");
            lab.run(S);
            assert_eq!(lab.curl_at(follower, "/health"), ill("ALARM NOSPACE"));
            assert_eq!(lab.curl_at(follower, "/health?exclude=NOSPACE"), healthy);
            lab.isolate(follower);
            // The leader that it knows is gone, which it does not know yet.
            let asked = lab.now;
            let silent = lab.curl_at(follower, "/health?exclude=NOSPACE");
            assert!(silent.starts_with("503\n"), "{silent}");
            assert!(lab.now < asked + 2 * S);
            lab.run(5 * S);
            assert_eq!(lab.curl_at(follower, "/health?exclude=NOSPACE"), ill("RAFT NO LEADER"));
            assert!(lab.curl_at(follower, "-XPOST /health").starts_with("405\nAllow: GET\n"));
        }
    }
}

#[test]
fn the_version_is_told_once_it_is_decided() {
    let mut lab = Lab::asleep(3, |config| config.profile = Profile::V3_5);
    lab.start(0);
    lab.start(1);
    lab.run(8 * S);
    all_as_recorded(
        &mut lab,
        &[
            ("/version", 200, "{\"etcdserver\":\"3.5.1\",\"etcdcluster\":\"not_decided\"}"),
            ("-XPOST /version", 405, "Method Not Allowed\n"),
        ],
    );
    lab.start(2);
    lab.run(12 * S);
    all_as_recorded(
        &mut lab,
        &[("/version", 200, "{\"etcdserver\":\"3.5.1\",\"etcdcluster\":\"3.5.0\"}")],
    );
}
