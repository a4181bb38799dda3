//! `make-mirror` between two scripted clusters: what is copied in which requests, what the flags of
//! each release change, and how it ends.

#![allow(clippy::unwrap_used)]

mod cluster;

use std::cell::RefCell;

use bytes::Bytes;
use cluster::Member;
use etcdctl::memory::{Answer, Call, Memory};
use prost::Message;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::*;
use proto::{Profile, method};

const TO: &str = "127.0.0.1:1";
const SECOND_US: u64 = 1_000_000;

/// The requests that the other cluster was sent, as words.
#[derive(Default)]
struct Other(RefCell<Vec<String>>);

impl Other {
    fn serve(&self, call: &Call<'_>) -> Answer {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let put = |put: &PutRequest| format!("put {} {}", text(&put.key), text(&put.value));
        let line = match call.method {
            method::kv::PUT => put(&PutRequest::decode(call.request).unwrap()),
            method::kv::TXN => {
                let txn = TxnRequest::decode(call.request).unwrap();
                let op = |op: &RequestOp| match op.request.as_ref().unwrap() {
                    Request::RequestPut(request) => put(request),
                    Request::RequestDeleteRange(del) => format!("del {}", text(&del.key)),
                    other => panic!("{other:?}"),
                };
                let ops: Vec<String> = txn.success.iter().map(op).collect();
                format!("txn {}", ops.join(", "))
            }
            other => panic!("{other} was called"),
        };
        self.0.borrow_mut().push(line);
        (Some(1_000), Ok(Bytes::new()))
    }
}

/// Sends one write to a member, in one transaction where there are several.
fn write(member: &Member, ops: &[(&str, &str)]) {
    let put = |(key, value): &(&str, &str)| RequestOp {
        request: Some(Request::RequestPut(PutRequest {
            key: Bytes::from(key.to_string()),
            value: Bytes::from(value.to_string()),
            ..Default::default()
        })),
    };
    let txn = TxnRequest { success: ops.iter().map(put).collect(), ..Default::default() };
    member.serve("127.0.0.1:2379", method::kv::TXN, &txn.encode_to_vec()).1.unwrap();
}

/// Mirrors until `end_us`; the status if it ended, what was printed, what the other was sent.
fn mirror(
    member: &Member,
    profile: Profile,
    words: &str,
    end_us: u64,
) -> (Option<i32>, String, Vec<String>) {
    let other = Other::default();
    let serve = |call: &Call<'_>| match call.address {
        TO => other.serve(call),
        _ => member.serve_call(call),
    };
    let mut system = Memory::serving(serve).streaming(|_, call, heard| member.stream(call, heard));
    system.profile = profile;
    if profile == Profile::V3_3 {
        system.env.push(("ETCDCTL_API".into(), "3".into()));
    }
    let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    let status = system.run_until(&[&["make-mirror", TO], &words[..]].concat(), end_us);
    let shown = String::from_utf8(system.terminal.take()).unwrap();
    drop(system);
    (status, shown, other.0.take())
}

#[test]
fn keys_are_copied_in_pages_one_put_each_and_counted_every_thirty_seconds() {
    let member = Member::new();
    for number in 0..2_500 {
        write(&member, &[(&format!("k{number:04}"), "v")]);
    }
    let (status, shown, sent) = mirror(&member, Profile::V3_4, "", 61 * SECOND_US);
    assert_eq!(status, None);
    let expected: Vec<String> = (0..2_500).map(|number| format!("put k{number:04} v")).collect();
    assert_eq!(sent, expected);
    assert_eq!(shown, "2500\n2500\n");
    let ranges = member.calls.borrow().iter().filter(|call| *call == method::kv::RANGE).count();
    assert_eq!(ranges, 4, "the revision and three pages of a thousand");
}

#[test]
fn each_revision_is_one_transaction_under_the_other_prefix() {
    let member = Member::new();
    write(&member, &[("a/1", "x"), ("b", "y"), ("a/2", "z")]);
    write(&member, &[("a/3", "w")]);
    let since = "--rev 2 --prefix a/ --dest-prefix c/";
    let (_, _, sent) = mirror(&member, Profile::V3_6, since, SECOND_US);
    assert_eq!(sent, ["txn put c/1 x, put c/2 z", "txn put c/3 w"]);
    let cut = "--rev 2 --max-txn-ops 2 --no-dest-prefix";
    let (_, _, sent) = mirror(&member, Profile::V3_6, cut, SECOND_US);
    assert_eq!(sent, ["txn put a/1 x, put b y", "txn put a/2 z", "txn put a/3 w"]);
}

#[test]
fn a_compacted_revision_ends_it() {
    let member = Member::new();
    for value in ["1", "2", "3"] {
        write(&member, &[("a", value)]);
    }
    let compact = CompactionRequest { revision: 4, physical: false }.encode_to_vec();
    member.serve("127.0.0.1:2379", method::kv::COMPACT, &compact).1.unwrap();
    let ended = mirror(&member, Profile::V3_6, "--rev 2", SECOND_US);
    let text = "Error: etcdserver: mvcc: required revision has been compacted\n";
    assert_eq!(ended, (Some(1), text.to_string(), Vec::new()));
}

/// Section 2 of the formats reference: 3.5 brought the destination's login, 3.6 `--rev` and
/// `--max-txn-ops`.
#[test]
fn flags_came_with_their_releases() {
    let flags = [
        ("dest-user", Profile::V3_5),
        ("dest-password", Profile::V3_5),
        ("rev", Profile::V3_6),
        ("max-txn-ops", Profile::V3_6),
        ("dest-cacert", Profile::V3_3),
    ];
    for (flag, since) in flags {
        for profile in Profile::ALL {
            let member = Member::new();
            let (_, shown, _) = mirror(&member, profile, &format!("--{flag}=1 --help"), SECOND_US);
            let unknown = shown.starts_with(&format!("Error: unknown flag: --{flag}\n"));
            assert_eq!(unknown, profile < since, "{flag} {profile:?}");
        }
    }
}
