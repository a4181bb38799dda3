//! What the tool does on streams and between calls: watches that resume, leases that are renewed or
//! lost, locks and elections with signals, tokens. Servers are scripted, times are virtual.

#![allow(clippy::unwrap_used)]

use std::cell::{Cell, RefCell};

use bytes::Bytes;
use etcdctl::memory::{Answer, Call, Heard, Memory, Said};
use etcdctl::{CallError, Ended, Signal, System};
use prost::Message;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::*;
use proto::mvccpb::{Event, KeyValue};
use proto::{Profile, Status, error, method};

const MS_US: u64 = 1_000;
const SECOND_US: u64 = 1_000_000;
const LEASE: i64 = 0x1234_5678;

fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap()
}

fn encode(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { cluster_id: 7, member_id: 1, revision, raft_term: 2 })
}

fn text(bytes: &RefCell<Vec<u8>>) -> String {
    String::from_utf8(bytes.borrow().clone()).unwrap()
}

/// Standard error without warnings.
fn errors(system: &Memory<'_>) -> String {
    let stderr = text(&system.stderr);
    stderr.lines().filter(|line| !line.starts_with('{')).map(|line| format!("{line}\n")).collect()
}

fn nobody(_: &Call<'_>) -> Answer {
    panic!("a call was sent")
}

fn put(key: &str, value: &str, revision: i64) -> Event {
    let kv = KeyValue {
        key: Bytes::from(key.to_string()),
        value: Bytes::from(value.to_string()),
        create_revision: revision,
        mod_revision: revision,
        version: 1,
        lease: 0,
    };
    Event { r#type: 0, kv: Some(kv), prev_kv: None }
}

fn delete(key: &str, revision: i64) -> Event {
    Event { r#type: 1, ..put(key, "", revision) }
}

fn created(watch_id: i64, revision: i64) -> (u64, Result<Option<Bytes>, CallError>) {
    let header = header(revision);
    let response = WatchResponse { header, watch_id, created: true, ..Default::default() };
    (MS_US, Ok(Some(encode(&response))))
}

fn happened(after_us: u64, watch_id: i64, event: Event) -> (u64, Result<Option<Bytes>, CallError>) {
    let header = header(event.kv.as_ref().unwrap().mod_revision);
    let response = WatchResponse { header, watch_id, events: vec![event], ..Default::default() };
    (after_us, Ok(Some(encode(&response))))
}

fn create_request(heard: &Heard) -> Option<WatchCreateRequest> {
    let Heard::Message(bytes) = heard else { return None };
    match decode::<WatchRequest>(bytes).request_union {
        Some(RequestUnion::CreateRequest(create)) => Some(create),
        _ => None,
    }
}

#[test]
fn a_watch_resumes_on_another_endpoint_after_the_last_event() {
    let asked = RefCell::new(Vec::new());
    let system = Memory::serving(nobody).streaming(|stream, call, heard| {
        assert!(call.metadata.require_leader, "watches want a leader");
        let Some(create) = create_request(&heard) else {
            return if call.address == "127.0.0.1:1" {
                vec![(100, Err(CallError::Refused))]
            } else {
                Vec::new()
            };
        };
        asked.borrow_mut().push((call.address.to_string(), create.start_revision));
        match call.address {
            "127.0.0.1:1" => Vec::new(),
            "127.0.0.1:2" => vec![
                created(0, 5),
                happened(10 * MS_US, 0, put("a", "1", 7)),
                (20 * MS_US, Err(CallError::ConnectionLost)),
            ],
            _ => {
                assert_eq!(stream, 2);
                vec![created(0, 9), happened(2 * MS_US, 0, delete("a", 9))]
            }
        }
    });
    let endpoints = "--endpoints=127.0.0.1:1,127.0.0.1:2,127.0.0.1:3";
    assert_eq!(system.run_until(&[endpoints, "watch", "a"], SECOND_US / 2), None);
    assert_eq!(text(&system.stdout), "PUT\na\n1\nDELETE\na\n\n");
    let asked = asked.borrow();
    let expected = [("127.0.0.1:1", 0), ("127.0.0.1:2", 0), ("127.0.0.1:3", 8)];
    assert_eq!(*asked, expected.map(|(address, from)| (address.to_string(), from)));
}

#[test]
fn a_watch_without_a_leader_or_permission_says_why() {
    type Script = fn() -> Said;
    let ends: [(&str, Script); 3] = [
        ("etcdserver: no leader", || {
            vec![created(0, 5), (MS_US, Err(CallError::Status(error::no_leader())))]
        }),
        ("rpc error: code = PermissionDenied desc = etcdserver: permission denied", || {
            let denied = WatchResponse {
                header: header(5),
                watch_id: -1,
                created: true,
                canceled: true,
                cancel_reason: error::permission_denied().to_string(),
                ..Default::default()
            };
            vec![(MS_US, Ok(Some(encode(&denied))))]
        }),
        ("EOF", || vec![created(0, 5), (MS_US, Ok(None))]),
    ];
    for (why, said) in ends {
        let system = Memory::serving(nobody).streaming(|_, _, heard| match heard {
            Heard::Message(_) => said(),
            _ => Vec::new(),
        });
        assert_eq!(system.run(&["watch", "a", "-w", "json"]), Some(5), "{why}");
        let expected =
            format!("watch was canceled ({why})\nError: watch is canceled by the server\n");
        assert_eq!(errors(&system), expected);
        let json = "{\"Header\":{},\"Events\":null,\"CompactRevision\":0,\"Canceled\":true,\"Created\":false}\n";
        assert_eq!(text(&system.stdout), json);
    }
}

#[test]
fn an_event_runs_the_command_and_its_failure_ends_the_tool() {
    let ran = RefCell::new(Vec::new());
    let system = Memory::serving(nobody)
        .streaming(|_, _, heard| match create_request(&heard) {
            Some(_) => {
                vec![created(0, 5), happened(2 * MS_US, 0, put("a", "x\"", 7))]
            }
            None => Vec::new(),
        })
        .playing(|argv, env| {
            ran.borrow_mut().push((argv.to_vec(), env.to_vec()));
            (MS_US, b"ran\n".to_vec(), Ended::Status(1))
        });
    assert_eq!(system.run(&["watch", "a", "--", "false", "b c"]), Some(1));
    assert_eq!(
        text(&system.terminal),
        "PUT\na\nx\"\nran\ncommand [\"false\" \"b c\"] error (exit status 1)\n"
    );
    let env = [
        ("ETCD_WATCH_REVISION", "7"),
        ("ETCD_WATCH_EVENT_TYPE", "\"PUT\""),
        ("ETCD_WATCH_KEY", "\"a\""),
        ("ETCD_WATCH_VALUE", "\"x\\\"\""),
    ]
    .map(|(name, value)| (name.to_string(), value.to_string()));
    let argv = ["false".to_string(), "b c".to_string()];
    assert_eq!(*ran.borrow(), [(argv.to_vec(), env.to_vec())]);
}

#[test]
fn interactive_watches_share_a_stream_and_progress_comes_to_all() {
    let number = Cell::new(0);
    let mut system = Memory::serving(nobody).streaming(|stream, _, heard| {
        assert_eq!(stream, 0);
        if let Some(create) = create_request(&heard) {
            let id = number.replace(number.get() + 1);
            let key = String::from_utf8(create.key.to_vec()).unwrap();
            return vec![created(id, 8), happened(5 * MS_US, id, put(&key, "v", 9))];
        }
        match heard {
            Heard::Message(bytes) => {
                let request = decode::<WatchRequest>(&bytes).request_union;
                assert_eq!(request, Some(RequestUnion::ProgressRequest(WatchProgressRequest {})));
                let header = header(9);
                let all = WatchResponse { header, watch_id: -1, ..Default::default() };
                vec![(MS_US, Ok(Some(encode(&all))))]
            }
            _ => Vec::new(),
        }
    });
    let lines = [
        "watch y\n",
        "watch z --prefix\n",
        "\n",
        "watch\n",
        "progress\n",
        "watch a b --prefix\n",
        "nonsense\n",
    ];
    let typed = lines.iter().zip(1..).map(|(line, at)| (at * SECOND_US, line.as_bytes().to_vec()));
    system.typed = RefCell::new(typed.collect());
    assert_eq!(system.run(&["watch", "-i"]), Some(3));
    assert_eq!(
        text(&system.terminal),
        "PUT\ny\nv\nPUT\nz\nv\n\
         Invalid command:  (watch and progress supported)\n\
         Invalid command watch (command type or key is not provided)\n\
         progress notify: 9\nprogress notify: 9\n\
         Invalid command watch a b --prefix (`range_end` and `--prefix` are mutually exclusive)\n\
         Invalid command nonsense (only support watch)\n\
         Error: Error reading watch request line: EOF\n"
    );
}

/// Answers keep-alives with `ttl(now)` after a millisecond; notes when each came.
fn renewing<'s>(
    times: &'s RefCell<Vec<u64>>,
    ttl: impl Fn(u64) -> Option<i64> + 's,
) -> impl Fn(u64, &Call<'_>, Heard) -> Said + 's {
    move |_, call, heard| {
        let Heard::Message(bytes) = heard else { return Vec::new() };
        assert_eq!(call.method, method::lease::LEASE_KEEP_ALIVE);
        let id = decode::<LeaseKeepAliveRequest>(&bytes).id;
        times.borrow_mut().push(call.now_us);
        let reply = |ttl| LeaseKeepAliveResponse { header: header(3), id, ttl };
        ttl(call.now_us).map(|ttl| (MS_US, Ok(Some(encode(&reply(ttl)))))).into_iter().collect()
    }
}

#[test]
fn a_lease_is_renewed_after_a_third_of_its_ttl_until_it_is_gone() {
    let times = RefCell::new(Vec::new());
    let system = Memory::serving(nobody)
        .streaming(renewing(&times, |now_us| Some(if now_us < 8 * SECOND_US { 9 } else { 0 })));
    assert_eq!(system.run(&["lease", "keep-alive", "12345678"]), Some(0));
    let line = "lease 0000000012345678 keepalived with TTL(9)\n";
    let end = "lease 0000000012345678 expired or revoked.\n";
    assert_eq!(text(&system.terminal), format!("{line}{line}{line}{end}"));
    // Looked at every half second.
    let expected = [0, 3_500_000, 7_000_000, 10_500_000];
    assert_eq!(*times.borrow(), expected);
}

#[test]
fn a_lease_that_nobody_answers_for_is_lost_when_its_ttl_is_over() {
    let times = RefCell::new(Vec::new());
    let system =
        Memory::serving(nobody).streaming(renewing(&times, |now_us| (now_us == 0).then_some(5)));
    assert_eq!(system.run(&["lease", "keep-alive", "12345678"]), Some(0));
    assert!(text(&system.terminal).ends_with("expired or revoked.\n"));
    assert!((5 * SECOND_US..6 * SECOND_US).contains(&system.now_us()), "{}", system.now_us());
}

#[test]
fn a_lease_is_renewed_once() {
    for (ttl, code, output) in [
        (60, 0, "lease 0000000012345678 keepalived with TTL(60)\n"),
        (0, 2, "Error: etcdserver: requested lease not found\n"),
    ] {
        let times = RefCell::new(Vec::new());
        let system = Memory::serving(nobody).streaming(renewing(&times, |_| Some(ttl)));
        assert_eq!(system.run(&["lease", "keep-alive", "--once", "12345678"]), Some(code));
        assert_eq!(text(&system.terminal), output);
    }
}

/// A server for locks and elections: it grants a lease, renews it, and lets the first `ahead` of the
/// queue be deleted after a second each.
struct Queue {
    ahead: Cell<i64>,
    revision: i64,
    calls: RefCell<Vec<&'static str>>,
    /// Whether leases are renewed.
    renews: bool,
}

impl Queue {
    fn new(ahead: i64) -> Self {
        Queue { ahead: Cell::new(ahead), revision: 9, calls: RefCell::default(), renews: true }
    }

    fn other(&self) -> KeyValue {
        let key = format!("q/{}", self.ahead.get());
        put(&key, "other", self.ahead.get()).kv.unwrap()
    }

    fn serve(&self, call: &Call<'_>) -> Answer {
        let (_, name) = call.method.rsplit_once('/').unwrap();
        self.calls.borrow_mut().push(name);
        let own = put("q/12345678", "mine", self.revision).kv.unwrap();
        let head = header(self.revision);
        let reply = match call.method {
            method::lease::LEASE_GRANT => {
                let ttl = decode::<LeaseGrantRequest>(call.request).ttl;
                encode(&LeaseGrantResponse { header: head, id: LEASE, ttl, error: String::new() })
            }
            method::kv::TXN => {
                let owner = if self.ahead.get() > 0 { self.other() } else { own };
                let owner = RangeResponse { kvs: vec![owner], ..Default::default() };
                let put = response_op::Response::ResponsePut(PutResponse::default());
                let get = response_op::Response::ResponseRange(owner);
                let responses = [put, get].map(|op| ResponseOp { response: Some(op) }).to_vec();
                encode(&TxnResponse { header: head, succeeded: true, responses })
            }
            method::kv::RANGE => {
                let request: RangeRequest = decode(call.request);
                let kvs = match request.range_end.is_empty() {
                    true => vec![own],
                    false if self.ahead.get() > 0 => vec![self.other()],
                    false if request.max_create_revision > 0 => Vec::new(),
                    false => vec![own],
                };
                encode(&RangeResponse { header: head, kvs, ..Default::default() })
            }
            method::kv::DELETE_RANGE => encode(&DeleteRangeResponse::default()),
            other => panic!("no such method: {other}"),
        };
        (Some(MS_US), Ok(reply))
    }

    fn stream(&self, call: &Call<'_>, heard: Heard) -> Said {
        if let Some(create) = create_request_of(call, &heard) {
            assert_eq!(create.start_revision, self.revision);
            assert!(!call.metadata.require_leader);
            let key = String::from_utf8(create.key.to_vec()).unwrap();
            self.ahead.set(self.ahead.get() - 1);
            return vec![created(0, 9), happened(SECOND_US, 0, delete(&key, 10))];
        }
        match heard {
            Heard::Message(_) if call.method == method::lease::LEASE_KEEP_ALIVE && self.renews => {
                let reply = LeaseKeepAliveResponse { header: header(9), id: LEASE, ttl: 10 };
                vec![(MS_US, Ok(Some(encode(&reply))))]
            }
            _ => Vec::new(),
        }
    }

    fn run(&self, args: &[&str], signals: &[(u64, Signal)]) -> (Option<i32>, String, u64) {
        let mut system = Memory::serving(|call| self.serve(call))
            .streaming(|_, call, heard| self.stream(call, heard))
            .playing(|argv, env| {
                let shown = format!("{argv:?} {env:?}\n").into_bytes();
                match argv[0].as_str() {
                    "false" => (0, shown, Ended::Status(3)),
                    "killed" => (0, shown, Ended::Signal(9)),
                    "none" => (0, Vec::new(), Ended::NotStarted("exec: none".into())),
                    _ => (0, shown, Ended::Status(0)),
                }
            });
        system.signals = RefCell::new(signals.iter().copied().collect());
        let mut args = args.to_vec();
        if args[0] == "3.5" {
            system.profile = Profile::V3_5;
            args.remove(0);
        }
        let code = system.run(&args);
        (code, text(&system.terminal), system.now_us())
    }
}

fn create_request_of(call: &Call<'_>, heard: &Heard) -> Option<WatchCreateRequest> {
    (call.method == method::watch::WATCH).then(|| create_request(heard)).flatten()
}

#[test]
fn a_lock_is_held_until_a_signal_and_then_released() {
    let queue = Queue::new(0);
    let signal = [(3 * SECOND_US, Signal::Terminate)];
    let (code, output, now_us) = queue.run(&["lock", "q"], &signal);
    assert_eq!((code, output.as_str()), (Some(0), "q/12345678\nmine\n"));
    assert_eq!(now_us, 3 * SECOND_US + MS_US);
    assert_eq!(*queue.calls.borrow(), ["LeaseGrant", "Txn", "Range", "DeleteRange"]);
}

#[test]
fn a_lock_waits_for_all_who_were_there_before() {
    let queue = Queue::new(2);
    let signal = [(5 * SECOND_US, Signal::Interrupt)];
    let (code, output, _) = queue.run(&["lock", "q"], &signal);
    assert_eq!((code, output.as_str()), (Some(0), "q/12345678\nmine\n"));
    let calls = ["LeaseGrant", "Txn", "Range", "Range", "Range", "Range", "Range", "DeleteRange"];
    assert_eq!(*queue.calls.borrow(), calls);
}

#[test]
fn a_signal_ends_the_wait_for_a_lock_and_gives_up_the_place() {
    let queue = Queue::new(2);
    let signal = [(SECOND_US / 2, Signal::Interrupt)];
    let (code, output, _) = queue.run(&["lock", "q"], &signal);
    assert_eq!((code, output.as_str()), (Some(1), "Error: context canceled\n"));
    assert_eq!(queue.calls.borrow().last(), Some(&"DeleteRange"));
}

#[test]
fn a_lock_is_lost_with_its_lease() {
    let queue = Queue { renews: false, ..Queue::new(0) };
    let (code, output, _) = queue.run(&["lock", "q"], &[]);
    assert_eq!((code, output.as_str()), (Some(1), "q/12345678\nmine\nError: session expired\n"));
}

#[test]
fn a_locks_command_knows_the_lock_and_its_failure_is_the_tools() {
    let env = "[(\"ETCD_LOCK_KEY\", \"q/12345678\"), (\"ETCD_LOCK_REV\", \"9\")]";
    for (args, code, output) in [
        (&["lock", "q", "ls"][..], 0, format!("[\"ls\"] {env}\n")),
        (&["lock", "q", "false"], 1, format!("[\"false\"] {env}\nError: exit status 3\n")),
        (&["3.5", "lock", "q", "false"], 3, format!("[\"false\"] {env}\nError: exit status 3\n")),
        (&["lock", "q", "killed"], 1, format!("[\"killed\"] {env}\nError: signal: killed\n")),
        (&["3.5", "lock", "q", "none"], 1, "Error: exec: none\n".to_string()),
    ] {
        let queue = Queue::new(0);
        let (found, shown, _) = queue.run(args, &[]);
        assert_eq!((found, shown), (Some(code), output), "{args:?}");
        assert_eq!(queue.calls.borrow().last(), Some(&"DeleteRange"));
    }
}

#[test]
fn a_candidate_waits_leads_and_resigns() {
    let queue = Queue::new(1);
    let signal = [(4 * SECOND_US, Signal::Terminate)];
    let (code, output, _) = queue.run(&["elect", "q", "mine"], &signal);
    assert_eq!((code, output.as_str()), (Some(0), "q/12345678\nmine\n"));
    let calls = ["LeaseGrant", "Txn", "Range", "Range", "Range", "Txn"];
    assert_eq!(*queue.calls.borrow(), calls);
}

#[test]
fn an_observer_shows_each_leader_and_each_proposal() {
    let step = Cell::new(0);
    let serve = |call: &Call<'_>| match call.method {
        method::lease::LEASE_GRANT => {
            let reply =
                LeaseGrantResponse { header: header(1), id: LEASE, ttl: 60, ..Default::default() };
            (Some(MS_US), Ok(encode(&reply)))
        }
        _ => {
            // Nobody at first; after the first leader's end there is a second.
            let at = step.replace(step.get() + 1);
            let kvs = if at == 0 { vec![] } else { vec![put("e/2", "beta", 8).kv.unwrap()] };
            let reply = RangeResponse { header: header(8), kvs, ..Default::default() };
            (Some(MS_US), Ok(encode(&reply)))
        }
    };
    let mut system = Memory::serving(serve).streaming(|_, call, heard| {
        let Some(create) = create_request_of(call, &heard) else { return Vec::new() };
        match (&create.key[..], create.start_revision) {
            (b"e/", 8) => vec![created(0, 8), happened(2 * MS_US, 0, put("e/1", "alpha", 9))],
            (b"e/1", 10) => vec![
                created(1, 9),
                happened(2 * MS_US, 1, put("e/1", "alpha2", 10)),
                happened(3 * MS_US, 1, delete("e/1", 11)),
            ],
            (b"e/2", 9) => vec![created(2, 11)],
            other => panic!("{other:?}"),
        }
    });
    system.signals = RefCell::new([(SECOND_US, Signal::Terminate)].into());
    assert_eq!(system.run(&["elect", "-l", "e"]), Some(0));
    assert_eq!(text(&system.terminal), "e/1\nalpha\ne/1\nalpha2\ne/2\nbeta\n");
}

/// A server that wants the token `t<n>`, n growing with each login, and forgets it at once `stale`
/// times.
fn with_tokens<'s>(
    logins: &'s Cell<u32>,
    stale: u32,
    refusal: fn() -> Status,
) -> impl Fn(&Call<'_>) -> Answer + 's {
    move |call| {
        if call.method == method::auth::AUTHENTICATE {
            let request: AuthenticateRequest = decode(call.request);
            assert_eq!((request.name.as_str(), request.password.as_str()), ("u", "p:q"));
            logins.set(logins.get() + 1);
            let token = format!("t{}", logins.get());
            let reply = AuthenticateResponse { token, ..Default::default() };
            return (Some(MS_US), Ok(encode(&reply)));
        }
        assert_eq!(call.metadata.token, Some(format!("t{}", logins.get())));
        if logins.get() <= stale {
            return (Some(MS_US), Err(CallError::Status(refusal())));
        }
        (Some(MS_US), Ok(encode(&PutResponse::default())))
    }
}

#[test]
fn a_token_that_is_refused_is_replaced() {
    for (profile, refusal, code, logins) in [
        (Profile::V3_4, error::invalid_auth_token as fn() -> Status, 0, 3),
        (Profile::V3_5, error::invalid_auth_token, 0, 3),
        (Profile::V3_4, error::auth_old_revision, 1, 1),
        (Profile::V3_5, error::auth_old_revision, 0, 3),
    ] {
        let count = Cell::new(0);
        let mut system = Memory::serving(with_tokens(&count, 2, refusal));
        system.profile = profile;
        assert_eq!(system.run(&["--user=u:p:q", "put", "a", "1"]), Some(code));
        assert_eq!(count.get(), logins);
    }
}

#[test]
fn logins_come_from_flags_variables_and_questions() {
    let variable = |name: &str, value: &str| (name.to_string(), value.to_string());
    for (env, args, typed, output) in [
        (vec![], &["--user=u:p:q", "put", "a", "1"][..], "", "OK\n"),
        (vec![], &["--user=u", "--password=p:q", "put", "a", "1"], "", "OK\n"),
        (vec![variable("ETCDCTL_USER", "u:p:q")], &["put", "a", "1"], "", "OK\n"),
        (vec![], &["--user", "u", "put", "a", "1"], "p:q\n", "Password: \nOK\n"),
    ] {
        let count = Cell::new(0);
        let mut system = Memory::serving(with_tokens(&count, 0, error::invalid_auth_token));
        system.env = env;
        system.stdin = RefCell::new(typed.as_bytes().to_vec());
        assert_eq!(system.run(args), Some(0), "{args:?}");
        assert_eq!((text(&system.terminal).as_str(), count.get()), (output, 1));
    }
}

#[test]
fn a_failed_login_is_exit_2_and_no_authentication_is_no_failure() {
    for (refusal, code) in [(error::auth_failed(), 2), (error::auth_not_enabled(), 0)] {
        let refusal = CallError::Status(refusal);
        let system = Memory::serving(|call| match call.method {
            method::auth::AUTHENTICATE => (Some(MS_US), Err(refusal.clone())),
            _ => {
                assert_eq!(call.metadata.token, None);
                (Some(MS_US), Ok(encode(&PutResponse::default())))
            }
        });
        assert_eq!(system.run(&["--user=u:p", "put", "a", "1"]), Some(code));
    }
    // A login waits no longer than a connection may take.
    let system = Memory::serving(|_| (Some(100), Err(CallError::Refused)));
    assert_eq!(system.run(&["--user=u:p", "put", "a", "1"]), Some(2));
    assert_eq!(
        (errors(&system).as_str(), system.now_us()),
        ("Error: context deadline exceeded\n", 2 * SECOND_US)
    );
}

#[test]
fn a_message_over_two_mebibytes_is_not_sent() {
    let system = Memory::serving(nobody);
    system.stdin.replace(vec![b'd'; 3_000_000]);
    assert_eq!(system.run(&["put", "v"]), Some(1));
    let line = "Error: rpc error: code = ResourceExhausted desc = trying to send message larger than max (3000008 vs. 2097152)\n";
    assert_eq!(errors(&system), line);
}

#[test]
fn health_under_3_5_knows_of_alarms() {
    for (alarm, code, output) in [
        (0, 0, "127.0.0.1:2379 is healthy: successfully committed proposal: took = 1ms\n"),
        (
            1,
            1,
            "127.0.0.1:2379 is unhealthy: failed to commit proposal: Active Alarm(s): NOSPACE \nError: unhealthy cluster\n",
        ),
    ] {
        let mut system = Memory::serving(|call| {
            let alarms = (alarm > 0).then_some(AlarmMember { member_id: 1, alarm });
            let alarms =
                AlarmResponse { alarms: alarms.into_iter().collect(), ..Default::default() };
            let reply = match call.method {
                method::maintenance::ALARM => encode(&alarms),
                _ => encode(&RangeResponse::default()),
            };
            (Some(MS_US), Ok(reply))
        });
        system.profile = Profile::V3_5;
        assert_eq!(system.run(&["endpoint", "health"]), Some(code));
        assert_eq!(text(&system.terminal), output);
    }
}
