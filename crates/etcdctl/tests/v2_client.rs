//! client/v2 against scripted members: endpoints, time limits, errors, logins, long polls. Texts and
//! statuses are those of the real tools on the same lines.

#![allow(clippy::unwrap_used)]

mod scripted;

use std::cell::RefCell;

use etcdctl::{CallError, Ended, Signal, System};
use proto::Profile;
use proto::http::{Request, header};
use scripted::*;

#[test]
fn errors_of_the_store_and_of_strangers_are_told() {
    let missing = r#"{"errorCode":100,"message":"Key not found","cause":"/k","index":5}"#;
    let invalid = "Error:  client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint\n";
    for (line, status, body, code, terminal) in [
        ("get /k", 404, missing, 4, "Error:  100: Key not found (/k) [5]\n"),
        ("-o json get /k", 404, missing, 4, "Error:  100: Key not found (/k) [5]\n"),
        ("get /k", 404, "404 page not found\n", 4, invalid),
        ("get /k", 200, "[]", 4, invalid),
        ("get /k", 200, "", 4, "Error:  client: response body is empty\n"),
        (
            "user list",
            404,
            "404 page not found\n",
            1,
            "invalid character 'p' after top-level value\n",
        ),
        ("role list", 404, "404 page not found\n", 1, "unexpected status code 404\n"),
        (
            "auth enable",
            401,
            r#"{"message":"Insufficient credentials"}"#,
            1,
            "Insufficient credentials\n",
        ),
        ("member list", 404, "", 1, "Failed to get leader:  unexpected status code 404\n"),
        ("rm /k", 500, "", 4, "Error:  client: etcd member http://127.0.0.1:2379 has no leader\n"),
        (
            "update /k v",
            504,
            "",
            4,
            "Error:  client: etcd cluster is unavailable or misconfigured; error #0: client: etcd member http://127.0.0.1:2379 returns server error [Gateway Timeout]\n\nerror #0: client: etcd member http://127.0.0.1:2379 returns server error [Gateway Timeout]\n\n",
        ),
    ] {
        let played = play(Profile::V3_4, line, |_| answer(status, body));
        assert_eq!(played, (code, terminal.to_string()), "{line}");
    }
}

#[test]
fn a_login_is_sent_with_every_request() {
    for (args, env, typed) in [
        ("-u root:pw get /k", "", ""),
        ("get /k", "root:pw", ""),
        ("--username root get /k", "", "pw\n"),
    ] {
        let mut system = system(|_, request| {
            let login = header(&request.headers, "authorization");
            assert_eq!(login, Some("Basic cm9vdDpwdw=="), "{}", request.target);
            member(request, |_| answer(200, &format!("{{{NODE}}}")))
        });
        system.env.push(("ETCDCTL_USERNAME".into(), env.into()));
        *system.stdin.borrow_mut() = typed.into();
        assert_eq!(system.run(&words(args)), Some(0));
        let prompt = if typed.is_empty() { "" } else { "Password: \n" };
        assert_eq!(text(&system.stdout), format!("{prompt}v<\n\n"));
    }
}

#[test]
fn the_published_endpoints_are_used_and_tried_in_turn() {
    let members = cluster(&["http://127.0.0.1:22379", "http://127.0.0.1:32379"]);
    for dead in ["127.0.0.1:22379", "127.0.0.1:32379"] {
        let asked = RefCell::new(Vec::new());
        let system = system(|address, request| {
            if request.target == "/v2/members" {
                return answer(200, &members);
            }
            asked.borrow_mut().push(address.to_string());
            if address == dead { refused() } else { answer(200, &format!("{{{NODE}}}")) }
        });
        assert_eq!(system.run(&["get", "/k"]), Some(0));
        assert_eq!(text(&system.terminal), "v<\n\n");
        assert!(asked.borrow().iter().all(|address| address != M1), "{asked:?}");
    }
    let system = system(|_, request| match request.target.as_str() {
        "/v2/members" => panic!("--no-sync asks nobody"),
        _ => answer(200, &format!("{{{NODE}}}")),
    });
    assert_eq!(system.run(&["--no-sync", "get", "/k"]), Some(0));
}

#[test]
fn what_cannot_be_done_twice_is_not_tried_elsewhere() {
    for (line, times) in
        [("rm /k", 1), ("mk /k v", 1), ("mkdir /k", 1), ("set /k v", 2), ("get /k", 2)]
    {
        let asked = RefCell::new(0);
        let system = system(|_, _| {
            *asked.borrow_mut() += 1;
            (Some(MS_US), Err(CallError::ConnectionLost))
        });
        let line = format!("--no-sync --endpoints http://a:1,http://b:1 {line}");
        assert_eq!(system.run(&words(&line)), Some(4), "{line}");
        assert_eq!(*asked.borrow(), times, "{line}");
    }
}

#[test]
fn nobody_there_is_exit_2_from_the_first_request_on() {
    let refused_at = |port: u32| format!("dial tcp 127.0.0.1:{port}: connect: connection refused");
    let cluster = "client: etcd cluster is unavailable or misconfigured";
    let one = refused_at(1);
    let told = format!("{cluster}; error #0: {one}\n");
    let detail = format!("error #0: {one}\n");
    for (line, code, terminal) in [
        ("get /k", 2, format!("Error:  {told}\n{detail}\n")),
        ("member list", 2, format!("Error:  {told}\n{detail}\n")),
        ("--no-sync get /k", 4, format!("Error:  {told}\n{detail}\n")),
        ("--no-sync rm /k", 4, format!("Error:  {one}\n")),
        ("--no-sync user list", 1, format!("{told}\n")),
        (
            "cluster-health",
            4,
            format!("cluster may be unhealthy: failed to list members\nError:  {told}\n{detail}\n"),
        ),
    ] {
        let system = system(|_, _| refused());
        let line = format!("--endpoints http://127.0.0.1:1 {line}");
        assert_eq!(system.run(&words(&line)), Some(code), "{line}");
        assert_eq!(text(&system.terminal), terminal, "{line}");
    }
    let system = system(|_, _| refused());
    assert_eq!(system.run(&["get", "/k"]), Some(2));
    let terminal = text(&system.terminal);
    assert!(terminal.contains(&refused_at(2379)) && terminal.contains(&refused_at(4001)));
    assert!(terminal.contains("refused\n; error #1: dial"), "{terminal}");
}

#[test]
fn endpoints_come_from_the_first_of_six_places() {
    let place = |env: &[(&str, &str)], args: &str| {
        let mut system = system(|_, _| refused());
        system.env.extend(env.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        system.run(&words(args)).unwrap();
        let terminal = text(&system.terminal);
        terminal.split("dial tcp ").nth(1).unwrap().split(": ").next().unwrap().to_string()
    };
    let three = [
        ("ETCDCTL_PEERS", "http://127.0.0.1:6"),
        ("ETCDCTL_ENDPOINT", "http://127.0.0.1:4"),
        ("ETCDCTL_ENDPOINTS", "http://127.0.0.1:2"),
    ];
    let old = "-C http://127.0.0.1:5 --endpoint http://127.0.0.1:3 get k";
    assert_eq!(place(&three, "--endpoints http://127.0.0.1:1 get k"), "127.0.0.1:1");
    assert_eq!(place(&three, old), "127.0.0.1:2");
    assert_eq!(place(&three[..2], old), "127.0.0.1:3");
    assert_eq!(place(&three[..2], "get k"), "127.0.0.1:4");
    assert_eq!(place(&three[..1], "-C http://127.0.0.1:5 get k"), "127.0.0.1:5");
    assert_eq!(place(&three[..1], "get k"), "127.0.0.1:6");
    assert_eq!(place(&[], "--endpoints localhost get k"), "127.0.0.1:80");
}

#[test]
fn odd_endpoints_fail_as_in_the_real_tool() {
    for (endpoint, code, why) in [
        ("localhost:1", 4, "unsupported protocol scheme \"localhost\""),
        ("ftp://127.0.0.1:1", 4, "unsupported protocol scheme \"ftp\""),
        ("https://127.0.0.1:2379", 4, "EOF"),
        ("http://nosuch.invalid:1", 2, "dial tcp: lookup nosuch.invalid: no such host"),
    ] {
        let system = system(|_, _| refused());
        assert_eq!(system.run(&["--endpoints", endpoint, "get", "/k"]), Some(code), "{endpoint}");
        let detail = format!("\n\nerror #0: {why}\n\n");
        assert!(text(&system.terminal).ends_with(&detail), "{}", text(&system.terminal));
    }
}

#[test]
fn time_limits_are_for_each_answer_and_for_all() {
    let late = "client: etcd cluster is unavailable or misconfigured; error #0: client: endpoint http://127.0.0.1:2379 exceeded header timeout\n";
    let detail = "error #0: client: endpoint http://127.0.0.1:2379 exceeded header timeout\n";
    for (args, took_us, code, terminal) in [
        ("get /k", 4 * SECOND_US, 4, format!("Error:  {late}\n{detail}\n")),
        ("--timeout 1s get /k", 2 * SECOND_US, 4, format!("Error:  {late}\n{detail}\n")),
        ("--timeout 1ns get /k", 0, 4, format!("Error:  {late}\n{detail}\n")),
        ("--timeout 9s get /k", 5 * SECOND_US, 2, "Error:  context deadline exceeded\n".into()),
        ("--timeout 0 get /k", 5 * SECOND_US, 2, "Error:  context deadline exceeded\n".into()),
        (
            "--timeout -1s --total-timeout 1s get /k",
            SECOND_US,
            2,
            "Error:  context deadline exceeded\n".into(),
        ),
        ("--total-timeout 1ns get /k", 0, 2, "Error:  context deadline exceeded\n".into()),
    ] {
        let system = system(|_, _| silent());
        let line = format!("--endpoints http://{M1} {args}");
        let code_and_time = (system.run(&words(&line)), system.now_us());
        assert_eq!(code_and_time, (Some(code), took_us), "{args}");
        assert_eq!(text(&system.terminal), terminal, "{args}");
    }
}

#[test]
fn a_cluster_without_published_urls_needs_no_sync() {
    let system = system(|_, _| {
        answer(200, r#"{"members":[{"id":"1","name":"m1","peerURLs":[],"clientURLs":[]}]}"#)
    });
    assert_eq!(system.run(&["--endpoints", "http://a:1", "get", "/k"]), Some(4));
    assert_eq!(
        text(&system.terminal),
        "etcd cluster has no published client endpoints.\n\
         Try '--no-sync' if you want to access non-published client endpoints(http://a:1).\n\
         Error:  client: no endpoints available\n"
    );
}

/// A long poll's answer: an event of the index it waits for.
fn event(request: &Request, last: u64) -> Answered {
    let index: u64 = request.target.rsplit_once("waitIndex=").unwrap().1.parse().unwrap();
    let index = if index == 0 { 5 } else { index };
    if index > last {
        return silent();
    }
    let dir = if index == 6 { "\"dir\":true," } else { "" };
    let (delay_us, response) = answer(
        200,
        &format!(
            "{{\"action\":\"set\",\"node\":{{\"key\":\"/w\",{dir}\"value\":\"{index}\",\"modifiedIndex\":{index}}}}}"
        ),
    );
    // Much longer than any limit of an answer.
    (delay_us.map(|us| us + 60 * SECOND_US), response)
}

#[test]
fn a_watch_waits_as_long_as_it_takes() {
    for (line, signal, code, terminal) in [
        ("watch /w", None, 0, "5\n"),
        ("watch /w --after-index 6", None, 0, "7\n"),
        ("watch --after-index 5 -r /w", None, 0, "[set] /w\n7\n"),
        ("watch -f /w", Some(Signal::Interrupt), 0, "5\n7\n8\n"),
        ("watch -f /w", Some(Signal::Terminate), 143, "5\n7\n8\n"),
    ] {
        let system = system(|_, request| member(request, |request| event(request, 8)));
        if let Some(signal) = signal {
            system.signals.borrow_mut().push_back((3_000 * SECOND_US, signal));
        }
        assert_eq!(system.run(&words(line)), Some(code), "{line}");
        assert_eq!(text(&system.terminal), terminal, "{line}");
    }
}

#[test]
fn a_member_that_goes_takes_its_long_polls_along() {
    let polls = RefCell::new(0);
    let system = system(|_, request| {
        member(request, |_| {
            *polls.borrow_mut() += 1;
            match *polls.borrow() {
                // It stops in an orderly way, comes back, and is killed.
                1 => answer(200, ""),
                _ => (Some(SECOND_US), Err(CallError::ConnectionLost)),
            }
        })
    });
    assert_eq!(system.run(&["watch", "/w"]), Some(4));
    let why = "unexpected EOF";
    let told = format!(
        "Error:  client: etcd cluster is unavailable or misconfigured; error #0: {why}\n\nerror #0: {why}\n\n"
    );
    assert_eq!((text(&system.terminal), *polls.borrow()), (told, 2));
}

#[test]
fn programs_run_at_every_event_without_waiting() {
    let ran = RefCell::new(Vec::new());
    let exec = |line: &str, started: bool| {
        ran.borrow_mut().clear();
        let system = system(|_, request| member(request, |request| event(request, 8))).playing(
            |argv, env| {
                let env: Vec<String> =
                    env.iter().map(|(name, value)| format!("{name}={value}")).collect();
                ran.borrow_mut().push(format!("{} {}", argv.join(" "), env.join(" ")));
                match started {
                    true => (900 * SECOND_US, Vec::new(), Ended::Status(1)),
                    false => (0, Vec::new(), Ended::NotStarted("exec: no".into())),
                }
            },
        );
        system.signals.borrow_mut().push_back((3_000 * SECOND_US, Signal::Interrupt));
        (system.run(&words(line)), text(&system.terminal), system.now_us() / SECOND_US)
    };
    let ignored = "Ignored dir /w change\n".to_string();
    assert_eq!(exec("exec-watch -r /w -- sh x", true), (Some(0), ignored, 3_000));
    let env = |index: u64| {
        format!(
            "sh x ETCD_WATCH_ACTION=set ETCD_WATCH_MODIFIED_INDEX={index} ETCD_WATCH_KEY=/w ETCD_WATCH_VALUE={index}"
        )
    };
    assert_eq!(*ran.borrow(), [env(5), env(7), env(8)]);
    assert_eq!(exec("exec-watch nosuch /w", false), (Some(1), "exec: no".into(), 60));
    assert_eq!(ran.borrow().len(), 1);
    let panic = "panic: runtime error: slice bounds out of range [1:0]\n\ngoroutine 1 [running]:\n";
    assert_eq!(exec("exec-watch -r /w --", true), (Some(2), panic.into(), 60));
}

#[test]
fn hostile_answers_end_with_an_error() {
    let deep = "[".repeat(100_000);
    let deep = format!("{{\"node\":{deep}");
    for body in ["", "{", "nul", "{\"node\":{\"key\":1}}", "\u{fffd}", &deep] {
        for line in ["get /k", "ls", "user get u", "role get r", "member list", "cluster-health"] {
            let system = system(|_, _| answer(200, body));
            let code = system.run_until(&words(line), 60 * SECOND_US);
            assert!(code.is_some(), "{line} {body}");
        }
    }
}
