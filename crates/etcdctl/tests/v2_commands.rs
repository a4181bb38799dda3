//! Commands of API version 2 against scripted members: what is sent and what is shown. Texts and
//! statuses are those of the real tools on the same lines.

#![allow(clippy::unwrap_used)]

mod scripted;

use std::cell::RefCell;

use etcdctl::Signal;
use proto::Profile;
use proto::http::Request;
use scripted::*;

/// The lines about the first request after the list of members, as `--debug` shows it.
#[track_caller]
fn sends(line: &str, curl: &str) {
    let debug = format!("--debug {line}");
    let (_, terminal) = play(Profile::V3_4, &debug, |_| answer(404, "404 page not found\n"));
    let mut lines = terminal.lines().filter_map(|line| line.strip_prefix("cURL Command: curl -X "));
    assert_eq!(lines.next(), Some("GET http://127.0.0.1:2379/v2/members"), "{terminal}");
    assert_eq!(lines.next(), Some(curl), "{line}");
}

#[test]
fn requests_are_those_of_the_real_tool() {
    let keys = "http://127.0.0.1:2379/v2/keys";
    for (line, method, rest) in [
        ("get k", "GET", "/k?quorum=false&recursive=false&sorted=false"),
        ("ls -r --sort -q", "GET", "/?quorum=true&recursive=true&sorted=true"),
        ("ls //a/./b/../c/", "GET", "/a/c/?quorum=false&recursive=false&sorted=false"),
        ("set /k v", "PUT", "/k -d \"value=v\""),
        ("set /k a&b+c", "PUT", "/k -d \"value=a%26b%2Bc\""),
        ("set /k v --ttl 0x10", "PUT", "/k -d \"ttl=16&value=v\""),
        ("set /k v --ttl 99999999999", "PUT", "/k -d \"ttl=7766279630&value=v\""),
        ("set /k v --ttl -1", "PUT", "/k -d \"value=v\""),
        (
            "set /a --swap-with-value v --swap-with-index 3 w",
            "PUT",
            "/a?prevIndex=3&prevValue=v -d \"value=w\"",
        ),
        ("mk /a/b v --ttl 3", "PUT", "/a/b?prevExist=false -d \"ttl=3&value=v\""),
        ("mk --in-order /q v", "POST", "/q -d \"value=v\""),
        ("mkdir /a/c --ttl 5", "PUT", "/a/c?dir=true&prevExist=false -d \"ttl=5\""),
        ("setdir /a/d", "PUT", "/a/d?dir=true -d \"\""),
        ("updatedir /a/d --ttl 4", "PUT", "/a/d?dir=true&prevExist=true -d \"ttl=4\""),
        ("update /a/b w", "PUT", "/a/b?prevExist=true -d \"value=w\""),
        ("rm /a/b", "DELETE", "/a/b"),
        ("rmdir /a/d", "DELETE", "/a/d?dir=true"),
        (
            "rm --with-index -1 --with-value x --dir -r /zz",
            "DELETE",
            "/zz?dir=true&prevIndex=18446744073709551615&prevValue=x&recursive=true",
        ),
        ("watch /a/b --after-index 4", "GET", "/a/b?recursive=false&wait=true&waitIndex=5"),
        ("watch -r /", "GET", "/?recursive=true&wait=true&waitIndex=0"),
        ("exec-watch --after-index 4 true /a", "GET", "/a?recursive=false&wait=true&waitIndex=5"),
    ] {
        sends(line, &format!("{method} {keys}{rest}"));
    }
}

#[test]
fn requests_about_members_and_users_are_those_of_the_real_tool() {
    let role = "{\\\"role\\\":\\\"r\\\",\\\"permissions\\\":{\\\"kv\\\":{\\\"read\\\":null,\\\"write\\\":null}}";
    let grant = "\\\"grant\\\":{\\\"kv\\\":{\\\"read\\\":[\\\"/x\\\"],\\\"write\\\":null}}}";
    let add = format!("PUT roles/r -d \"{role}}}\"");
    let grant = format!("PUT roles/r -d \"{role},{grant}\"");
    for (line, nth, curl) in [
        ("user list", 0, "GET users"),
        ("user get u", 0, "GET users/u"),
        (
            "user add u:p",
            0,
            r#"PUT users/u -d "{\"user\":\"u\",\"password\":\"p\",\"roles\":null}""#,
        ),
        ("user remove u", 0, "DELETE users/u"),
        (
            "user grant u --roles a,b --roles c",
            0,
            r#"PUT users/u -d "{\"user\":\"u\",\"roles\":null,\"grant\":[\"a,b\",\"c\"]}""#,
        ),
        (
            "user revoke u --roles a",
            0,
            r#"PUT users/u -d "{\"user\":\"u\",\"roles\":null,\"revoke\":[\"a\"]}""#,
        ),
        ("role list", 0, "GET roles"),
        ("role add r", 1, &add),
        ("role remove r", 0, "DELETE roles/r"),
        ("role grant r --path /x --read", 1, &grant),
        ("auth enable", 0, "PUT enable"),
        ("auth disable", 0, "DELETE enable"),
    ] {
        let sent = RefCell::new(Vec::new());
        play(Profile::V3_4, line, |request| {
            let Request { method, target, body, .. } = request;
            let target = target.strip_prefix("/v2/auth/").unwrap();
            let body = String::from_utf8(body.to_vec()).unwrap().replace('"', "\\\"");
            let body = if body.is_empty() { body } else { format!(" -d \"{body}\"") };
            sent.borrow_mut().push(format!("{method} {target}{body}"));
            // A role that is to be made is not there, one that is granted to is.
            answer(if line.starts_with("role add") { 404 } else { 200 }, "{}")
        });
        assert_eq!(sent.borrow().get(nth).map(String::as_str), Some(curl), "{line}");
    }
    let (code, terminal) =
        play(Profile::V3_4, "--no-sync --debug -C http://127.0.0.1:2379 cluster-health", |_| {
            answer(200, "{\"health\":\"true\"}")
        });
    assert_eq!(code, 0);
    let asked = "Cluster-Endpoints: http://127.0.0.1:2379\ncURL Command: curl -X GET http://127.0.0.1:2379/v2/members\n";
    assert!(terminal.starts_with(asked), "{terminal}");
    let put = "PUT http://127.0.0.1:2379/v2/members/1 -d ";
    let urls = r#""{\"peerURLs\":[\"http://127.0.0.1:9997\",\"http://127.0.0.1:9998\"]}""#;
    let line = "member update 1 http://127.0.0.1:9998,http://127.0.0.1:9997";
    sends(line, &format!("{put}{urls}"));
}

#[test]
fn answers_are_shown_in_three_formats() {
    let set = format!(r#"{{"action":"set",{NODE},"prevNode":{{"key":"/k","value":"u"}}}}"#);
    let gone = r#"{"action":"delete","node":{"key":"/k","modifiedIndex":7,"createdIndex":4},"prevNode":{"key":"/k","value":"v","modifiedIndex":6,"createdIndex":4}}"#;
    let swapped = gone.replace("\"delete\"", "\"compareAndDelete\"");
    let dir = r#"{"action":"get","node":{"dir":true,"nodes":[{"key":"/d","dir":true,"expiration":"2026-11-21T01:50:56.284582249Z","ttl":99,"nodes":[{"key":"/d/k","value":"1","modifiedIndex":5,"createdIndex":5}],"modifiedIndex":4,"createdIndex":4},{"key":"/e","value":"","modifiedIndex":6,"createdIndex":6}]}}"#;
    for (line, body, expected) in [
        ("set /k v", set.as_str(), "v<\n\n"),
        (
            "-o json set /k v",
            &set,
            "{\"action\":\"set\",\"node\":{\"key\":\"/k\",\"value\":\"v\\u003c\\n\",\"nodes\":null,\"createdIndex\":4,\"modifiedIndex\":6},\"prevNode\":{\"key\":\"/k\",\"value\":\"u\",\"nodes\":null,\"createdIndex\":0,\"modifiedIndex\":0}}\n",
        ),
        (
            "-o extended set /k v",
            &set,
            "Key: /k\nCreated-Index: 4\nModified-Index: 6\nPrevNode.Value: u\nTTL: 0\nIndex: 7\n\nv<\n\n",
        ),
        ("-o yaml set /k v", &set, "Unsupported output format: yaml\n"),
        ("rm /k", gone, "PrevNode.Value: v\n"),
        ("rm /k --with-value v", &swapped, "\n"),
        (
            "-o extended rm /k",
            gone,
            "Key: /k\nCreated-Index: 4\nModified-Index: 7\nPrevNode.Value: v\nTTL: 0\nIndex: 7\n",
        ),
        ("ls", dir, "/d\n/d/k\n/e\n"),
        ("ls -p", dir, "/d/\n/d/k\n/e\n"),
        (
            "--output=json ls",
            dir,
            "{\"action\":\"get\",\"node\":{\"key\":\"\",\"dir\":true,\"value\":\"\",\"nodes\":[{\"key\":\"/d\",\"dir\":true,\"value\":\"\",\"nodes\":[{\"key\":\"/d/k\",\"value\":\"1\",\"nodes\":null,\"createdIndex\":5,\"modifiedIndex\":5}],\"createdIndex\":4,\"modifiedIndex\":4,\"expiration\":\"2026-11-21T01:50:56.284582249Z\",\"ttl\":99},{\"key\":\"/e\",\"value\":\"\",\"nodes\":null,\"createdIndex\":6,\"modifiedIndex\":6}],\"createdIndex\":0,\"modifiedIndex\":0},\"prevNode\":null}\n",
        ),
        ("mkdir /d", dir, ""),
        (
            "-o extended mkdir /d",
            dir,
            "Key: \nCreated-Index: 0\nModified-Index: 0\nTTL: 0\nIndex: 7\n\n\n",
        ),
    ] {
        let played = play(Profile::V3_4, line, |_| answer(200, body));
        assert_eq!(played, (0, expected.to_string()), "{line}");
    }
    let played = play(Profile::V3_4, "-o json get /", |_| answer(200, dir));
    assert_eq!(played, (1, ": is a directory\n".into()));
}

#[test]
fn usage_errors_are_those_of_each_release() {
    for (line, code_3_4, code_3_5, terminal) in [
        ("get", 1, 128, "Error:  key required\n"),
        ("set /k", 1, 128, "Error:  value required\n"),
        ("watch", 1, 128, "Error:  key required\n"),
        ("exec-watch /k", 1, 128, "Error:  key and command to exec required\n"),
        ("user add", 1, 1, "Please provide a username\n"),
        ("user list x", 1, 1, "No arguments accepted\n"),
        ("user grant u", 1, 1, "No roles specified; please use `--roles`\n"),
        ("role add", 1, 1, "Please provide a role name\n"),
        ("role grant r", 1, 1, "No path specified; please use `--path`\n"),
        (
            "role grant r --path /x/../y --read",
            1,
            1,
            "Not canonical path; please use `--path=/y`\n",
        ),
        (
            "role grant r -path /x -read -write",
            1,
            1,
            "Please specify exactly one of --read, --write or --readwrite\n",
        ),
        ("member add x", 1, 1, "Provide a name and a single member peerURL\n"),
        ("member add x y", 1, 1, "URL scheme must be http, https, unix, or unixs: y\n"),
        ("member remove", 1, 1, "Provide a single member ID\n"),
        ("auth enable x", 1, 1, "No arguments accepted\n"),
        ("nosuch", 3, 3, "No help topic for 'nosuch'\n"),
        ("member nosuch", 3, 3, "No help topic for 'nosuch'\n"),
        ("help nosuch", 3, 3, "No help topic for 'nosuch'\n"),
        ("-D example.org get /k", 1, 1, "etcdctl: --discovery-srv: not in this lab yet\n"),
        (
            "--cert-file c get /k",
            1,
            1,
            "KeyFile and CertFile must both be present[key: , cert: c]\n",
        ),
        ("--ca-file c ls", 1, 1, "open c: no such file or directory\n"),
        ("--ca-file c cluster-health", 4, 4, "Error:  open c: no such file or directory\n"),
        (
            "--endpoints 127.0.0.1:2379 get /f",
            1,
            1,
            "parse \"127.0.0.1:2379\": first path segment in URL cannot contain colon\n",
        ),
    ] {
        for (profile, code) in [(Profile::V3_4, code_3_4), (Profile::V3_5, code_3_5)] {
            let played = play(profile, line, |_| panic!("{line}: a request was sent"));
            assert_eq!(played, (code, terminal.to_string()), "{line}");
        }
    }
}

#[test]
fn wrong_flags_and_help_show_the_help() {
    let wrong = |line: &str, first: &str, third: &str, last: &str| {
        let (code, terminal) = play(Profile::V3_4, line, |_| panic!("a request was sent"));
        let lines: Vec<&str> = terminal.lines().collect();
        let found = (code, lines[0], lines[3].trim_start(), *lines.last().unwrap());
        let third = third.to_string();
        assert_eq!(found, (1, first, third.as_str(), last), "{line}: {terminal}");
    };
    let app = "etcdctl - a command line client of etcd's v2 API";
    let error = "flag provided but not defined: -nosuch";
    wrong("--nosuch get /f", &format!("Incorrect Usage. {error}"), app, error);
    let error = "invalid value \"abc\" for flag -ttl: parse error";
    let first = format!("Incorrect Usage: {error}");
    wrong("set /k v --ttl abc", &first, "etcdctl set - set the value of a key", error);
    let error = "flag provided but not defined: -x";
    let group = "etcdctl member - the members of the cluster";
    wrong("member -x list", &format!("Incorrect Usage. {error}"), group, error);
    let error = "Cannot use two forms of the same flag: r recursive";
    wrong(
        "ls -r --recursive",
        &format!("Incorrect Usage: {error}"),
        "etcdctl ls - list a directory",
        error,
    );
    for line in ["get --help", "get /k -h", "help get"] {
        let help = "NAME:\n   etcdctl get - show the value of a key\n\nUSAGE:\n   etcdctl get [command options] <key>\n\nOPTIONS:\n   --sort        in the order of names\n   --quorum, -q  read through a majority of the members\n   \n";
        assert_eq!(play(Profile::V3_4, line, |_| refused()), (0, help.to_string()), "{line}");
    }
    let help = "NAME:\n   etcdctl auth - whether logins are asked for\n\nUSAGE:\n   etcdctl auth command [command options] [arguments...]\n\nCOMMANDS:\n   enable   ask for logins from now on\n   disable  ask for no logins any more\n\nOPTIONS:\n   --help, -h  show this help\n   \n";
    assert_eq!(play(Profile::V3_4, "auth", |_| refused()), (0, help.to_string()));
    let version = "etcdctl version: 3.5.1\nAPI version: 2\n";
    assert_eq!(play(Profile::V3_5, "-v get", |_| refused()), (0, version.to_string()));
    let (code, help) = play(Profile::V3_4, "", |_| refused());
    assert_eq!(code, 0);
    assert!(
        help.contains("\n   --output simple, -o simple       output format: simple, "),
        "{help}"
    );
    assert!(help.contains("(default: \"simple\")\n") && help.contains("(default: 2s)\n"), "{help}");
    assert!(help.ends_with("--version, -v                    show the version\n"), "{help}");
}

#[test]
fn users_and_roles_are_shown_as_client_v2_reads_them() {
    let role = r#"{"role":"dev","permissions":{"kv":{"read":["/dev/*","/s"],"write":["/dev/*"]}}}"#;
    let user = format!(r#"{{"user":"alice","roles":[{role},{{"role":"x"}}]}}"#);
    let users = r#"{"users":[{"user":"alice","roles":[]},{"user":"root","roles":[]}]}"#;
    let roles = format!(r#"{{"roles":[{role}]}}"#);
    for (line, body, code, terminal) in [
        ("user get alice", user.as_str(), 0, "User: alice\nRoles:   dev x\n"),
        ("user get bob", r#"{"user":"bob","roles":[]}"#, 0, "User: bob\nRoles: \n"),
        ("user list", users, 0, "alice\nroot\n"),
        ("role list", &roles, 0, "dev\n"),
        ("role get dev", role, 0, "Role: dev\nKV Read:\n\t/dev/*\n\t/s\nKV Write:\n\t/dev/*\n"),
        ("role add dev", role, 1, "Role dev already exists\n"),
        (
            "role grant dev --path /s --read",
            role,
            0,
            "Role unchanged; already grantedRole dev updated\n",
        ),
        ("user add a:b", "{}", 0, "User a created\n"),
        ("user add a", "{}", 0, "New password: \nUser a created\n"),
        ("auth disable", "", 0, "Authentication Disabled\n"),
    ] {
        let played = play(Profile::V3_4, line, |_| answer(200, body));
        assert_eq!(played, (code, terminal.to_string()), "{line}");
    }
}

#[test]
fn members_are_listed_added_and_removed() {
    let unstarted =
        r#"{"id":"b2","name":"","peerURLs":["http://127.0.0.1:42380"],"clientURLs":[]}"#;
    let both = MEMBERS.replace("]}]}", &format!("]}},{unstarted}]}}"));
    let play = |line: &str, code: i32, expected: &str| {
        let system =
            system(|_, request| match (request.method.as_str(), request.target.as_str()) {
                ("GET", "/v2/members") => answer(200, &both),
                ("GET", "/v2/members/leader") => answer(200, r#"{"id":"8c8085115b3ba2d4"}"#),
                ("POST", "/v2/members") if request.body.ends_with(b"42380\"]}") => {
                    answer(201, unstarted)
                }
                ("POST" | "PUT", _) => answer(409, r#"{"message":"membership: peerURL exists"}"#),
                ("DELETE", "/v2/members/b2") => answer(204, ""),
                ("DELETE", _) => answer(404, r#"{"message":"No such member"}"#),
                other => panic!("{other:?}"),
            });
        assert_eq!(system.run(&words(line)), Some(code), "{line}");
        assert_eq!(text(&system.terminal), expected, "{line}");
    };
    let m1 = "8c8085115b3ba2d4";
    play(
        "member list",
        0,
        &format!(
            "{m1}: name=m1 peerURLs=http://127.0.0.1:2380 clientURLs=http://127.0.0.1:2379 isLeader=true\nb2[unstarted]: peerURLs=http://127.0.0.1:42380\n"
        ),
    );
    play(
        "member add m2 http://127.0.0.1:42380",
        0,
        "Added member named m2 with ID b2 to cluster\n\nETCD_NAME=\"m2\"\nETCD_INITIAL_CLUSTER=\"m1=http://127.0.0.1:2380,m2=http://127.0.0.1:42380\"\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n",
    );
    play("member add m2 http://127.0.0.1:2380", 1, "membership: peerURL exists\n");
    play("member update b2 http://127.0.0.1:2380", 1, "membership: peerURL exists\n");
    play("member remove b2", 0, "Removed member b2 from cluster\n");
    play("member remove zz", 1, "Couldn't find a member in the cluster with an ID of zz.\n");
    play(
        "member remove m1",
        1,
        &format!(
            "Found a member named m1; if this is correct, please use its ID, eg:\n\tetcdctl member remove {m1}\nFor more details, read the documentation at https://github.com/etcd-io/etcd/blob/master/Documentation/runtime-configuration.md#remove-a-member\n\nCouldn't find a member in the cluster with an ID of m1.\n"
        ),
    );
    let error =
        format!("Received an error trying to remove member {m1}: unexpected status code 404");
    play(&format!("member remove {m1}"), 1, &error);
}

#[test]
fn health_is_asked_of_every_member() {
    let urls = ["http://127.0.0.1:2379", "http://127.0.0.1:2", "http://127.0.0.1:3"];
    let members = cluster(&urls).replace("\"http://127.0.0.1:3\"", "");
    let health = |bodies: [&'static str; 2]| {
        let members = members.clone();
        move |address: &str, request: &Request| match (request.target.as_str(), address) {
            ("/v2/members", M1) => answer(200, &members),
            ("/health", M1) => answer(200, bodies[0]),
            ("/health", "127.0.0.1:2") if !bodies[1].is_empty() => answer(503, bodies[1]),
            _ => refused(),
        }
    };
    let none = "member 2 is unreachable: no available published client urls\n";
    let get = "failed to check the health of member 1 on http://127.0.0.1:2: ";
    let lost = "member 1 is unreachable: [http://127.0.0.1:2] are all unreachable\n";
    let fine = "member 0 is healthy: got healthy result from http://127.0.0.1:2379\n";
    let sick = "member 1 is unhealthy: got unhealthy result from http://127.0.0.1:2\n";
    for (bodies, expected) in [
        (
            ["{\"health\":\"true\"}", ""],
            format!(
                "{fine}{get}Get \"http://127.0.0.1:2/health\": dial tcp 127.0.0.1:2: connect: connection refused\n{lost}{none}cluster is degraded\n"
            ),
        ),
        (
            ["{\"health\":true}", "{\"health\":\"false\"}"],
            format!("{fine}{sick}{none}cluster is degraded\n"),
        ),
        (
            ["{\"health\":\"false\"}", "oops"],
            format!(
                "member 0 is unhealthy: got unhealthy result from http://127.0.0.1:2379\n{get}invalid character 'o' looking for beginning of value\n{lost}{none}cluster is unavailable\n"
            ),
        ),
    ] {
        let system = system(health(bodies));
        assert_eq!(system.run(&["cluster-health"]), Some(5));
        assert_eq!(text(&system.terminal), expected);
    }
    let forever = system(|_, request| member(request, |_| answer(200, "{\"health\":\"true\"}")));
    forever.signals.borrow_mut().push_back((15 * SECOND_US, Signal::Interrupt));
    assert_eq!(forever.run(&["cluster-health", "-f"]), Some(0));
    let once = "member 8c8085115b3ba2d4 is healthy: got healthy result from http://127.0.0.1:2379\ncluster is healthy\n\nnext check after 10 second...\n\n";
    assert_eq!(text(&forever.terminal), once.repeat(2));
}
