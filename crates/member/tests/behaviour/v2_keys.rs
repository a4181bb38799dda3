//! `/v2/keys`: answers recorded from etcd 3.4.23 (V1 to V8, V10, V11, V13), and what the log makes of
//! them on several members.

use member::MemberConfig;
use proto::Profile;

use crate::support::http::{all_as_recorded, recorded, with_v2};
use crate::support::{Lab, S};

#[test]
fn what_cannot_be_read_is_refused_before_the_store_sees_it() {
    let mut lab = Lab::with(1, recorded);
    let nan = "The given index in POST form is not a number";
    let refused = |code: u32, message: &str, cause: &str| {
        let cause = cause.replace('"', "\\\"");
        format!(
            "{{\"errorCode\":{code},\"message\":\"{message}\",\"cause\":\"{cause}\",\"index\":0}}\n"
        )
    };
    for (words, code, message, cause) in [
        ("/v2/keys/a?x=%zz", 210, "Invalid POST form", "invalid URL escape \"%zz\""),
        (
            "/v2/keys/a?wait=true;x=1",
            210,
            "Invalid POST form",
            "invalid semicolon separator in query",
        ),
        ("/v2/keys/a?waitIndex=-1&wait=true", 203, nan, "invalid value for \"waitIndex\""),
        ("-XPUT /v2/keys/a?prevIndex=x", 203, nan, "invalid value for \"prevIndex\""),
        ("/v2/keys/a?dir=tru", 209, "Invalid field", "invalid value for \"dir\""),
        ("/v2/keys/a?recursive=2", 209, "Invalid field", "invalid value for \"recursive\""),
        ("-XPUT /v2/keys/a?prevExist=maybe", 209, "Invalid field", "invalid value for prevExist"),
        (
            "-XPUT /v2/keys/a?wait=true",
            209,
            "Invalid field",
            "\"wait\" can only be used with GET requests",
        ),
        (
            "-XPUT /v2/keys/a?prevValue=",
            201,
            "PrevValue is Required in POST form",
            "\"prevValue\" cannot be empty",
        ),
        (
            "-XPUT /v2/keys/a -d ttl=-1",
            202,
            "The given TTL in POST form is not a number",
            "invalid value for \"ttl\"",
        ),
        (
            "-XPUT /v2/keys/a -d value=1 -d refresh=true",
            211,
            "Value provided on refresh",
            "A value was provided on a refresh",
        ),
        (
            "-XPUT /v2/keys/a -d refresh=true",
            212,
            "A TTL must be provided on refresh",
            "No TTL value set",
        ),
    ] {
        all_as_recorded(&mut lab, &[(words, 400, &refused(code, message, cause))]);
    }
    let head = "400\nContent-Type: application/json\nX-Etcd-Cluster-Id: 1b54e08a7a3c9540\nX-Etcd-Index: 0\n";
    assert!(lab.curl("/v2/keys/a?dir=tru").starts_with(head));
}

#[test]
fn writes_are_dispatched_by_their_conditions() {
    let mut lab = Lab::with(1, recorded);
    all_as_recorded(
        &mut lab,
        &[
            (
                "-XPUT /v2/keys/a -d value=1",
                201,
                "{\"action\":\"set\",\"node\":{\"key\":\"/a\",\"value\":\"1\",\"modifiedIndex\":4,\"createdIndex\":4}}\n",
            ),
            (
                "-XPUT /v2/keys/a -d value=2 -d prevExist=true",
                200,
                "{\"action\":\"update\",\"node\":{\"key\":\"/a\",\"value\":\"2\",\"modifiedIndex\":5,\"createdIndex\":4},\"prevNode\":{\"key\":\"/a\",\"value\":\"1\",\"modifiedIndex\":4,\"createdIndex\":4}}\n",
            ),
            (
                "-XPUT /v2/keys/a -d value=3 -d prevExist=true -d prevIndex=4",
                412,
                "{\"errorCode\":101,\"message\":\"Compare failed\",\"cause\":\"[4 != 5]\",\"index\":5}\n",
            ),
            (
                "-XPUT /v2/keys/a -d value=3 -d prevIndex=4 -d prevValue=x",
                412,
                "{\"errorCode\":101,\"message\":\"Compare failed\",\"cause\":\"[x != 2] [4 != 5]\",\"index\":5}\n",
            ),
            (
                "-XDELETE /v2/keys/a?prevValue=zz",
                412,
                "{\"errorCode\":101,\"message\":\"Compare failed\",\"cause\":\"[zz != 2]\",\"index\":5}\n",
            ),
            (
                "-XPUT /v2/keys/a/b -d value=1",
                400,
                "{\"errorCode\":104,\"message\":\"Not a directory\",\"cause\":\"/a\",\"index\":5}\n",
            ),
            ("-XPUT /v2/keys/d/x?noValueOnSuccess=true -d value=1", 201, "{\"action\":\"set\"}\n"),
            (
                "-XDELETE /v2/keys/d",
                403,
                "{\"errorCode\":102,\"message\":\"Not a file\",\"cause\":\"/d\",\"index\":6}\n",
            ),
            (
                "-XDELETE /v2/keys/d?dir=true",
                403,
                "{\"errorCode\":108,\"message\":\"Directory not empty\",\"cause\":\"/d\",\"index\":6}\n",
            ),
            (
                "-XDELETE /v2/keys/d?recursive=true",
                200,
                "{\"action\":\"delete\",\"node\":{\"key\":\"/d\",\"dir\":true,\"modifiedIndex\":7,\"createdIndex\":6},\"prevNode\":{\"key\":\"/d\",\"dir\":true,\"modifiedIndex\":6,\"createdIndex\":6}}\n",
            ),
            (
                "-XDELETE /v2/keys/",
                400,
                "{\"errorCode\":107,\"message\":\"Root is read only\",\"cause\":\"/\",\"index\":7}\n",
            ),
            (
                "-XDELETE /v2/keys/a?prevIndex=5",
                200,
                "{\"action\":\"compareAndDelete\",\"node\":{\"key\":\"/a\",\"modifiedIndex\":8,\"createdIndex\":4},\"prevNode\":{\"key\":\"/a\",\"value\":\"2\",\"modifiedIndex\":5,\"createdIndex\":4}}\n",
            ),
            // A DELETE's body is no form, nor is one of another type.
            (
                "-XPUT /v2/keys/ct -H content-type:text/plain -d value=3",
                201,
                "{\"action\":\"set\",\"node\":{\"key\":\"/ct\",\"value\":\"\",\"modifiedIndex\":9,\"createdIndex\":9}}\n",
            ),
            (
                "-XPUT /v2/keys/both?value=q -d value=b",
                201,
                "{\"action\":\"set\",\"node\":{\"key\":\"/both\",\"value\":\"b\",\"modifiedIndex\":10,\"createdIndex\":10}}\n",
            ),
            (
                "-XPUT /v2/keys/a+b%2Fc -d value=a+b%3C",
                201,
                "{\"action\":\"set\",\"node\":{\"key\":\"/a+b/c\",\"value\":\"a b\\u003c\",\"modifiedIndex\":11,\"createdIndex\":11}}\n",
            ),
            // The users of v2 are out of reach, and so is the cluster.
            (
                "/v2/keys/2",
                404,
                "{\"errorCode\":100,\"message\":\"Key not found\",\"cause\":\"/2\",\"index\":11}\n",
            ),
            (
                "-XPUT /v2/keys/0/members/1/attributes -d value=x",
                201,
                "{\"action\":\"set\",\"node\":{\"key\":\"/0/members/1/attributes\",\"value\":\"x\",\"modifiedIndex\":12,\"createdIndex\":12}}\n",
            ),
        ],
    );
}

/// 3.5.1 answers so. 3.4.23 does what was asked.
#[test]
fn a_directory_s_time_to_live_cannot_be_changed_in_3_5() {
    let update = "-XPUT /v2/keys/d?dir=true&prevExist=true -d ttl=50";
    let trouble = "500\nContent-Type: application/json\nX-Etcd-Cluster-Id: 1b54e08a7a3c9540\nX-Etcd-Index: 0\n{\"errorCode\":300,\"message\":\"Raft Internal Error\",\"cause\":\"nodePath /1/d : Not a file ()\",\"index\":0}\n";
    for profile in Profile::ALL {
        let mut lab = Lab::with(1, |config| {
            recorded(config);
            config.profile = profile;
        });
        assert!(lab.curl("-XPUT /v2/keys/d -d dir=true").starts_with("201\n"));
        let updated = lab.curl(update);
        let node = lab.curl_body("/v2/keys/d");
        if profile <= Profile::V3_4 {
            assert!(updated.starts_with("200\n") && updated.contains("\"ttl\":50"), "{updated}");
            assert!(node.contains("\"ttl\":50"), "{node}");
        } else {
            assert_eq!(updated, trouble);
            assert!(!node.contains("ttl"), "{node}");
            let stats = lab.curl_body("/v2/stats/store");
            assert!(stats.contains("\"updateSuccess\":0,\"updateFail\":0"), "{stats}");
        }
        let file = lab.curl("-XPUT /v2/keys/d?prevExist=true -d value=1");
        assert!(file.starts_with("403\n"), "{file}");
        let root = lab.curl("-XPUT /v2/keys/?dir=true&prevExist=true -d ttl=50");
        assert!(root.contains("Root is read only"), "{root}");
    }
}

#[test]
fn paths_and_methods_are_those_of_go_s_mux() {
    let mut lab = Lab::with(1, recorded);
    let not_found = "404\nContent-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff\n404 page not found\n";
    for words in ["/v2/keysx", "/v2/", "/v2/stats/", "/nope", "-XPUT /v2/machinesx"] {
        assert_eq!(lab.curl(words), not_found, "{words}");
    }
    for (words, place) in [
        ("/v2/keys//a", "/v2/keys/a"),
        ("/v2/keys/../../0/version", "/0/version"),
        ("/v2/keys/%2e%2e/x/", "/v2/x/"),
    ] {
        let body = format!("<a href=\"{place}\">Moved Permanently</a>.\n\n");
        let head = format!("301\nContent-Type: text/html; charset=utf-8\nLocation: {place}\n");
        assert_eq!(lab.curl(words), head + &body, "{words}");
    }
    assert_eq!(
        lab.curl("/v2/keys/%zz"),
        "400\nContent-Type: text/plain; charset=utf-8\n400 Bad Request"
    );
    assert_eq!(
        lab.curl("-XPATCH /v2/keys/a"),
        "405\nAllow: HEAD,GET,PUT,POST,DELETE\nContent-Type: text/plain; charset=utf-8\n\
         X-Content-Type-Options: nosniff\nMethod Not Allowed\n"
    );
    assert_eq!(lab.curl("-XOPTIONS /nope"), "200\n");
    lab.curl("-XPUT /v2/keys/a -d value=1");
    let head = lab.curl("-XHEAD /v2/keys/a");
    assert!(head.starts_with("200\n") && head.ends_with("X-Raft-Term: ..\n"), "{head}");
}

#[test]
fn without_its_flag_there_is_no_api_v2() {
    for profile in Profile::ALL {
        let mut lab = Lab::with(1, |config| config.profile = profile);
        for words in ["/v2/keys/a", "-XPUT /v2/keys/a -d value=1", "/v2/members", "/v2/auth/enable"]
        {
            let answer = lab.curl(words);
            assert!(
                answer.starts_with("404\n") && answer.ends_with("404 page not found\n"),
                "{answer}"
            );
        }
    }
}

/// V7: keys end by the leader's word, on all members at the same index, and not before their time.
#[test]
fn keys_end_when_the_leader_says_so() {
    let mut lab = Lab::with(3, with_v2);
    let follower = lab.follower();
    let set = lab.curl_at(follower, "-XPUT /v2/keys/t -d value=3 -d ttl=2");
    assert!(set.contains("\"ttl\":2"), "{set}");
    lab.curl("-XPUT /v2/keys/dir -d dir=true -d ttl=2");
    lab.curl("-XPUT /v2/keys/dir/in -d value=x");
    lab.run(3 * S / 2);
    assert!(lab.curl("/v2/keys/t").starts_with("200\n"));
    let applied = lab.status(0).applied;
    lab.run(S);
    for at in 0..3 {
        for key in ["t", "dir/in"] {
            let gone = lab.curl_at(at, &format!("/v2/keys/{key}"));
            assert!(gone.starts_with("404\n") && gone.contains("\"errorCode\":100"), "{gone}");
        }
    }
    assert!(lab.status(0).applied > applied);
    // Nothing expires any more: nobody tells the time.
    let applied = lab.status(0).applied;
    lab.run(5 * S);
    assert_eq!(lab.status(0).applied, applied);
    let stats = lab.curl("/v2/stats/store");
    assert!(stats.contains("\"expireCount\":2"), "{stats}");
}

/// V7, recorded: 0 seconds are over at once, and so many that Go's arithmetic overflows are for ever.
#[test]
fn odd_times_to_live_are_go_s() {
    let mut lab = Lab::with(1, recorded);
    let zero = lab.curl_body("-XPUT /v2/keys/t -d value=3 -d ttl=0");
    assert!(zero.contains("\"expiration\":\"2023-11-14T22:13:"), "{zero}");
    assert!(!zero.contains("\"ttl\""), "{zero}");
    all_as_recorded(
        &mut lab,
        &[
            (
                "-XPUT /v2/keys/u -d value=3 -d ttl=99999999999",
                201,
                "{\"action\":\"set\",\"node\":{\"key\":\"/u\",\"value\":\"3\",\"modifiedIndex\":5,\"createdIndex\":5}}\n",
            ),
            (
                "-XPUT /v2/keys/u -d value=4 -d ttl=",
                200,
                "{\"action\":\"set\",\"node\":{\"key\":\"/u\",\"value\":\"4\",\"modifiedIndex\":6,\"createdIndex\":6},\"prevNode\":{\"key\":\"/u\",\"value\":\"3\",\"modifiedIndex\":5,\"createdIndex\":5}}\n",
            ),
        ],
    );
    lab.run(S);
    assert!(lab.curl("/v2/keys/t").starts_with("404\n"));
}

/// V13: a plain read is local, a quorum's is not; a write without a leader times out.
#[test]
fn without_a_leader_only_local_reads_are_answered() {
    let mut lab = Lab::with(3, with_v2);
    lab.curl("-XPUT /v2/keys/a -d value=1");
    lab.run(S);
    let follower = lab.follower();
    lab.isolate(follower);
    lab.run(5 * S);
    assert!(lab.curl_at(follower, "/v2/keys/a").starts_with("200\n"));
    for words in ["/v2/keys/a?quorum=true", "-XPUT /v2/keys/a -d value=2"] {
        let answer = lab.curl_at(follower, words);
        let body = "{\"errorCode\":300,\"message\":\"Raft Internal Error\",\"cause\":\"etcdserver: request timed out\",\"index\":0}\n";
        assert!(answer.starts_with("500\n") && answer.ends_with(body), "{answer}");
    }
    lab.heal();
    lab.run(5 * S);
    assert!(lab.curl_at(follower, "-XPUT /v2/keys/a -d value=3").starts_with("200\n"));
}

/// The tree comes back from the log, from a snapshot of its own, and from one of the leader's.
#[test]
fn the_tree_survives_restarts_and_snapshots() {
    let few = |config: &mut MemberConfig| {
        with_v2(config);
        (config.snapshot_count, config.snapshot_catchup_entries) = (10, 3);
    };
    let mut lab = Lab::with(3, few);
    let behind = lab.follower();
    lab.isolate(behind);
    for number in 0..25 {
        let asked = lab.leader();
        lab.curl_at(
            asked,
            &format!("-XPUT /v2/keys/dir/k{} -d value={number} -d ttl=600", number % 7),
        );
    }
    lab.heal();
    lab.run(5 * S);
    for at in 0..3 {
        lab.restart(at);
        lab.settle();
    }
    let listed = lab.curl_at(behind, "/v2/keys/dir?sorted=true");
    assert_eq!(listed.matches("\"ttl\"").count(), 7, "{listed}");
    for at in 0..3 {
        let strip = |text: String| text.split("X-Raft-Term").last().map(str::to_owned);
        assert_eq!(strip(lab.curl_at(at, "/v2/keys/dir")), strip(listed.clone()));
        let members = lab.curl_at(at, "/v2/members");
        assert_eq!(members.matches("\"name\":\"m").count(), 3, "{members}");
    }
    // The history is in the snapshot too (V9).
    let past = lab.curl_at(behind, "/v2/keys/dir?wait=true&recursive=true&waitIndex=10");
    assert!(past.starts_with("200\n") && past.contains("\"modifiedIndex\":10"), "{past}");
}
