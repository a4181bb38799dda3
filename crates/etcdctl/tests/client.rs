//! How calls go wrong: what is printed, after how long, with which status, and how often a server
//! was asked. Times are virtual.

#![allow(clippy::unwrap_used)]

mod cluster;

use std::cell::RefCell;

use cluster::Member;
use etcdctl::memory::{Answer, Memory};
use etcdctl::{CallError, System};
use proto::{Code, Status, error, method};

const SECOND_US: u64 = 1_000_000;

/// What one run did.
struct Outcome {
    code: i32,
    took_us: u64,
    stdout: String,
    /// Standard error without the retry warnings.
    errors: String,
    warnings: Vec<String>,
}

fn run(args: &str, server: impl Fn(u64, &str, &str, &[u8]) -> Answer) -> Outcome {
    let system = Memory::new(server);
    let code = system.run(&args.split(' ').collect::<Vec<_>>()).expect("the command ends");
    let text = |bytes: &RefCell<Vec<u8>>| String::from_utf8(bytes.borrow().clone()).unwrap();
    let (warnings, errors): (Vec<String>, Vec<String>) =
        text(&system.stderr).lines().map(str::to_string).partition(|line| line.starts_with('{'));
    let took_us = system.now_us();
    Outcome { code, took_us, stdout: text(&system.stdout), errors: errors.join("\n"), warnings }
}

fn refuse(_: u64, _: &str, _: &str, _: &[u8]) -> Answer {
    (Some(100), Err(CallError::Refused))
}

fn silent(_: u64, _: &str, _: &str, _: &[u8]) -> Answer {
    (None, Err(CallError::ConnectionLost))
}

#[test]
fn a_refused_endpoint_is_waited_for_until_the_deadline() {
    for (args, seconds) in [("get a", 5), ("put a 1", 5), ("put a 1 --command-timeout=500s", 500)] {
        let outcome = run(args, refuse);
        assert_eq!((outcome.code, outcome.took_us), (1, seconds * SECOND_US), "{args}");
        assert_eq!(outcome.errors, "Error: context deadline exceeded");
        assert_eq!(outcome.warnings.len(), 1);
        let error = "\"error\":\"rpc error: code = DeadlineExceeded desc = latest balancer error: all SubConns are in TransientFailure\"}";
        assert!(outcome.warnings[0].ends_with(error), "{}", outcome.warnings[0]);
    }
}

#[test]
fn a_silent_endpoint_holds_its_call_until_the_deadline() {
    let outcome = run("get a --command-timeout=1s", silent);
    assert_eq!((outcome.code, outcome.took_us), (1, SECOND_US));
    assert_eq!(outcome.errors, "Error: context deadline exceeded");
    let error =
        "\"error\":\"rpc error: code = DeadlineExceeded desc = context deadline exceeded\"}";
    assert!(outcome.warnings[0].ends_with(error));
}

#[test]
fn an_expired_context_sends_nothing() {
    for timeout in ["0s", "-1s", "1ns"] {
        let outcome = run(&format!("get a --command-timeout={timeout}"), |_, _, _, _| {
            panic!("a call was sent")
        });
        assert_eq!((outcome.code, outcome.took_us), (1, 0));
        assert_eq!(outcome.errors, "Error: context deadline exceeded");
    }
}

#[test]
fn other_endpoints_are_tried_in_turn() {
    let member = Member::new();
    let args = "--endpoints=127.0.0.1:1,127.0.0.1:2,127.0.0.1:2379 put a 1";
    let outcome = run(args, |_, address, method, request| member.serve(address, method, request));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "OK\n"));
    assert!(outcome.took_us < SECOND_US, "no back-off while another endpoint is left");
}

#[test]
fn an_endpoint_that_comes_back_is_used_after_the_back_off() {
    // Attempts come after 0 s, 1 s, then 1.6 s and 2.56 s later, the last two give or take a fifth.
    for (back_s, earliest_s, latest_s) in [(0.5, 1.0, 1.1), (2.0, 2.28, 3.0), (3.1, 4.3, 6.1)] {
        let member = Member::new();
        let back_us = (back_s * 1e6) as u64;
        let outcome = run("put a 1 --command-timeout=7s", |now_us, address, method, request| {
            if now_us < back_us {
                return (Some(100), Err(CallError::Refused));
            }
            member.serve(address, method, request)
        });
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "OK\n"));
        let took_s = outcome.took_us as f64 / 1e6;
        assert!((earliest_s..latest_s).contains(&took_s), "back after {back_s} s: {took_s} s");
    }
}

#[test]
fn reads_are_repeated_and_writes_are_not() {
    let lost = CallError::ConnectionLost;
    let unavailable = CallError::Status(error::no_leader());
    let refused = CallError::Status(error::empty_key());
    for (args, failure, attempts, line) in [
        ("get a", &lost, 100, "Error: rpc error: code = Unavailable desc = transport is closing"),
        ("put a 1", &lost, 1, "Error: rpc error: code = Unavailable desc = transport is closing"),
        ("get a", &unavailable, 100, "Error: etcdserver: no leader"),
        ("del a", &unavailable, 1, "Error: etcdserver: no leader"),
        ("member list", &unavailable, 100, "Error: etcdserver: no leader"),
        ("get a", &refused, 1, "Error: etcdserver: key is not provided"),
    ] {
        let calls = RefCell::new(0);
        let outcome = run(args, |_, _, _, _| {
            *calls.borrow_mut() += 1;
            (Some(10), Err(failure.clone()))
        });
        assert_eq!(*calls.borrow(), attempts, "{args}");
        assert_eq!(outcome.warnings.len(), attempts, "{args}");
        assert_eq!((outcome.code, outcome.errors.as_str()), (1, line), "{args}");
    }
}

#[test]
fn a_read_that_is_repeated_succeeds_when_the_server_recovers() {
    let member = Member::new();
    let outcome = run("get a", |now_us, address, method, request| {
        if now_us < 200_000 {
            return (Some(10), Err(CallError::Status(error::leader_changed())));
        }
        member.serve(address, method, request)
    });
    assert_eq!((outcome.code, outcome.errors.as_str()), (0, ""));
    // Every 25 ms, give or take a tenth.
    assert!((7..=10).contains(&outcome.warnings.len()), "{}", outcome.warnings.len());
}

#[test]
fn errors_outside_etcds_table_show_their_status() {
    let failure = Status::new(Code::Unknown, "raft: \"stopped\"");
    let outcome = run("put a 1", |_, _, _, _| (Some(10), Err(CallError::Status(failure.clone()))));
    assert_eq!(outcome.errors, "Error: rpc error: code = Unknown desc = raft: \"stopped\"");
    assert!(outcome.warnings[0].ends_with(r#"desc = raft: \"stopped\""}"#));
}

#[test]
fn the_warning_line_is_zaps() {
    let outcome = run("get a --endpoints=http://127.0.0.1:2379", |_, _, _, _| {
        (Some(1_607_000), Err(CallError::Status(error::future_rev())))
    });
    assert_eq!(
        outcome.warnings[0],
        "{\"level\":\"warn\",\"ts\":\"2022-11-01T12:00:01.607Z\",\
         \"caller\":\"clientv3/retry_interceptor.go:62\",\
         \"msg\":\"retrying of unary invoker failed\",\
         \"target\":\"endpoint://client-9e3779b9-7f4a-4c15-bc6e-f372fe94f82a/127.0.0.1:2379\",\
         \"attempt\":0,\"error\":\"rpc error: code = OutOfRange desc = etcdserver: mvcc: required \
         revision is a future revision\"}"
    );
}

#[test]
fn health_lists_endpoints_as_their_answers_come_in() {
    let member = Member::new();
    let serve = |_: u64, address: &str, method: &str, request: &[u8]| match address {
        "127.0.0.1:1" => refuse(0, address, method, request),
        "127.0.0.1:3" => (Some(9_000), Err(CallError::Status(error::permission_denied()))),
        _ => member.serve(address, method, request),
    };
    let endpoints = "--endpoints=127.0.0.1:1,127.0.0.1:3,127.0.0.1:2379 --command-timeout=200ms";
    let outcome = run(&format!("{endpoints} endpoint health"), serve);
    assert_eq!((outcome.code, outcome.took_us), (1, 200_000));
    assert_eq!(
        outcome.errors,
        "127.0.0.1:2379 is healthy: successfully committed proposal: took = 2.5ms\n\
         127.0.0.1:3 is healthy: successfully committed proposal: took = 9ms\n\
         127.0.0.1:1 is unhealthy: failed to commit proposal: context deadline exceeded\n\
         Error: unhealthy cluster"
    );
    let outcome = run(&format!("{endpoints} endpoint health -w json"), serve);
    assert_eq!(
        outcome.stdout,
        "[{\"endpoint\":\"127.0.0.1:2379\",\"health\":true,\"took\":\"2.5ms\"},\
         {\"endpoint\":\"127.0.0.1:3\",\"health\":true,\"took\":\"9ms\"},\
         {\"endpoint\":\"127.0.0.1:1\",\"health\":false,\"took\":\"200ms\",\
         \"error\":\"context deadline exceeded\"}]\n"
    );
}

#[test]
fn status_goes_on_after_an_endpoint_that_fails() {
    let member = Member::new();
    let serve = |_: u64, address: &str, method: &str, request: &[u8]| {
        member.serve(address, method, request)
    };
    let endpoints = "--endpoints=127.0.0.1:1,127.0.0.1:2379 --command-timeout=200ms";
    let outcome = run(&format!("{endpoints} endpoint status"), serve);
    let failed = "Failed to get the status of endpoint 127.0.0.1:1 (context deadline exceeded)";
    let row = "127.0.0.1:2379, 8c8085115b3ba2d4, 3.4.23, 20 kB, true, false, 2, 6, 6, \n";
    assert_eq!((outcome.code, outcome.errors.as_str()), (1, failed));
    assert_eq!(outcome.stdout, row);
    let target = "\"target\":\"passthrough:///127.0.0.1:1\",\"attempt\":0,\"error\":\"rpc error: code = DeadlineExceeded desc = latest balancer error: connection error: desc = \\\"transport: Error while dialing dial tcp 127.0.0.1:1: connect: connection refused\\\"\"}";
    assert!(outcome.warnings[0].ends_with(target), "{}", outcome.warnings[0]);

    let outcome = run(&format!("{endpoints} endpoint hashkv"), serve);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, "127.0.0.1:2379, 3696492825\n"));
    assert_eq!(
        outcome.errors,
        "Failed to get the hash of endpoint 127.0.0.1:1 (context deadline exceeded)\n\
         Error: context deadline exceeded"
    );
}

#[test]
fn a_cluster_without_a_member_list_has_no_endpoints() {
    for (command, line) in [
        (
            "health",
            "Error: failed to fetch endpoints from etcd cluster member list: context deadline exceeded",
        ),
        (
            "status",
            "Error: failed to fetch endpoints from etcd cluster member list: context deadline exceeded",
        ),
    ] {
        let outcome = run(&format!("endpoint {command} --cluster --command-timeout=1s"), refuse);
        assert_eq!((outcome.code, outcome.errors.as_str()), (1, line), "{command}");
    }
}

#[test]
fn a_format_that_a_reply_lacks_is_refused_after_the_call() {
    let member = Member::new();
    for (args, line) in [
        ("put a 1 -w table", "Error: table not supported as output format"),
        ("get a -w table", "Error: table not supported as output format"),
        ("del a -w table", "Error: table not supported as output format"),
        ("endpoint status -w protobuf", "Error: protobuf not supported as output format"),
        ("endpoint health -w protobuf", "Error: protobuf not supported as output format"),
        (
            "get a --print-value-only -w json",
            "Error: print-value-only is only for `--write-out=simple`",
        ),
    ] {
        member.calls.borrow_mut().clear();
        let outcome =
            run(args, |_, address, method, request| member.serve(address, method, request));
        let code = if line.contains("only for") { 128 } else { 4 };
        assert_eq!((outcome.code, outcome.errors.as_str()), (code, line), "{args}");
        assert_eq!(member.calls.borrow().len(), 1, "{args}");
    }
}

#[test]
fn what_the_lab_lacks_is_said_honestly() {
    for (args, line) in [
        ("migrate --transformer=x", "etcdctl: migrate --transformer: not in this lab yet"),
        ("completion bash", "etcdctl: completion bash: not in this lab yet"),
        ("get a --discovery-srv=x", "etcdctl: --discovery-srv: not in this lab yet"),
    ] {
        let outcome = run(args, |_, _, _, _| panic!("a call was sent"));
        assert_eq!((outcome.code, outcome.errors.as_str()), (1, line), "{args}");
    }
}

#[test]
fn methods_are_grpcs_full_paths() {
    let member = Member::new();
    let serve = |_: u64, address: &str, method: &str, request: &[u8]| {
        member.serve(address, method, request)
    };
    for args in ["put a 1", "get a", "del a", "member list", "endpoint status", "endpoint hashkv"] {
        assert_eq!(run(args, serve).code, 0, "{args}");
    }
    assert_eq!(
        *member.calls.borrow(),
        [
            method::kv::PUT,
            method::kv::RANGE,
            method::kv::DELETE_RANGE,
            method::cluster::MEMBER_LIST,
            method::maintenance::STATUS,
            method::maintenance::HASH_KV,
        ]
    );
}
