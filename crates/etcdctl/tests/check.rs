//! `check perf` and `check datascale` over scripted servers: the pace, the limits that decide, what is
//! printed and what is left behind.

#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use bytes::Bytes;
use etcdctl::memory::{Answer, Call, Memory};
use prost::Message;
use proto::etcdserverpb::*;
use proto::http::{METHOD, Response};
use proto::mvccpb::KeyValue;
use proto::{error, method};

const MS_US: u64 = 1_000;

fn encode(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

/// A server whose write number `n` takes so long; `None` is an error.
fn server<'s>(
    writes: &'s Cell<u64>,
    took_us: impl Fn(u64) -> Option<u64> + 's,
) -> impl Fn(&Call<'_>) -> Answer + 's {
    let header = Some(ResponseHeader { revision: 77, ..ResponseHeader::default() });
    move |call| match call.method {
        method::kv::PUT => {
            let put = PutRequest::decode(call.request).unwrap();
            assert!(put.key.starts_with(b"/etcdctl-check-"), "{put:?}");
            let number = writes.replace(writes.get() + 1);
            match took_us(number) {
                Some(us) => (Some(us), Ok(Bytes::new())),
                None => (Some(MS_US), Err(etcdctl::CallError::Status(error::no_space()))),
            }
        }
        method::kv::RANGE => (Some(MS_US), Ok(encode(&RangeResponse::default()))),
        method::kv::DELETE_RANGE => {
            let request = DeleteRangeRequest::decode(call.request).unwrap();
            assert_eq!(
                request.range_end[..],
                [&request.key[..request.key.len() - 1], b"0"].concat()
            );
            (Some(MS_US), Ok(encode(&DeleteRangeResponse { header, ..Default::default() })))
        }
        method::kv::COMPACT => {
            let expected = CompactionRequest { revision: 77, physical: true };
            assert_eq!(CompactionRequest::decode(call.request).unwrap(), expected);
            (Some(MS_US), Ok(Bytes::new()))
        }
        method::maintenance::DEFRAGMENT => (Some(MS_US), Ok(Bytes::new())),
        METHOD => {
            let memory = 10_000_000 + writes.get() * 1_024;
            let body = format!("# HELP x\nprocess_resident_memory_bytes {memory}\n").into();
            (Some(MS_US), Ok(encode(&Response { status: 200, headers: Vec::new(), body })))
        }
        other => panic!("{other}"),
    }
}

/// The status, all lines that stand for themselves, the last state of the bar, and the seconds it took.
fn run(
    words: &str,
    took_us: impl Fn(u64) -> Option<u64>,
) -> (Option<i32>, Vec<String>, String, u64, u64) {
    let writes = Cell::new(0);
    let system = Memory::serving(server(&writes, took_us));
    let status = system.run(&words.split(' ').collect::<Vec<_>>());
    let now_us = etcdctl::System::now_us(&system);
    let all = String::from_utf8(system.terminal.take()).unwrap();
    let is_bar = |line: &&str| line.starts_with('\r');
    let bar = all.lines().find(is_bar).unwrap_or_default();
    let bar = bar.rsplit('\r').next().unwrap_or_default().to_string();
    let lines = all.lines().filter(|line| !is_bar(line)).map(String::from).collect();
    (status, lines, bar, now_us / 1_000_000, writes.get())
}

#[test]
fn a_fast_cluster_passes_at_the_pace_of_the_load() {
    for (load, rate, shown) in [("s", 9_001, 151), ("medium", 60_001, 1_000)] {
        let words = format!("check perf --load={load} --auto-compact --auto-defrag");
        let (status, lines, bar, seconds, writes) = run(&words, |n| Some(MS_US * (2 + n % 2 * 2)));
        let expected = [
            "Compacting with revision 77".to_string(),
            "Compacted with revision 77".into(),
            "Defragmenting \"127.0.0.1:2379\"".into(),
            "Defragmented \"127.0.0.1:2379\"".into(),
            format!("PASS: Throughput is {shown} writes/s"),
            "PASS: Slowest request took 0.004000s".into(),
            "PASS: Stddev is 0.001000s".into(),
            "PASS".into(),
        ];
        assert_eq!((status, lines), (Some(0), expected.to_vec()));
        assert_eq!(bar, " 60 / 60  100.00% 1m0s");
        assert_eq!((seconds, writes), (60, rate));
    }
}

#[test]
fn a_slow_cluster_fails_by_each_limit() {
    // Fifty clients that wait 600 ms each: 83 a second.
    let (status, lines, ..) = run("check perf", |_| Some(600 * MS_US));
    let slow = [
        "FAIL: Throughput too low: 83 writes/s",
        "Slowest request took too long: 0.600000s",
        "PASS: Stddev is 0.000000s",
        "FAIL",
    ];
    assert_eq!((status, lines), (Some(1), slow.map(String::from).to_vec()));
    let (status, lines, ..) = run("check perf", |n| Some(MS_US * (n % 2) * 300 + MS_US));
    let unsteady = [
        "PASS: Throughput is 150 writes/s",
        "PASS: Slowest request took 0.301000s",
        "Stddev too high: 0.150000s",
        "FAIL",
    ];
    assert_eq!((status, lines), (Some(1), unsteady.map(String::from).to_vec()));
}

#[test]
fn errors_are_counted_and_fail_it() {
    let (status, lines, ..) = run("check perf", |n| (n % 3_000 != 0).then_some(MS_US));
    assert_eq!(status, Some(1));
    let errors =
        ["FAIL: too many errors", "FAIL: ERROR(etcdserver: mvcc: database space exceeded) -> 4"];
    let told: Vec<&String> = lines.iter().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(told[..2], errors);
    assert_eq!(told.last().unwrap().as_str(), "FAIL");
}

#[test]
fn datascale_writes_as_fast_as_it_goes_and_reads_the_memory() {
    let (status, lines, bar, seconds, writes) =
        run("check datascale --load small", |_| Some(10 * MS_US));
    let expected = [
        "Start data scale check for work load [10000 key-value pairs, 1024 bytes per key-value, 50 concurrent clients].",
        "PASS: Approximate system memory used : 9.77 MB.",
    ];
    assert_eq!((status, lines), (Some(0), expected.map(String::from).to_vec()));
    assert_eq!((bar.as_str(), seconds, writes), (" 10000 / 10000  100.00% 2s", 2, 10_000));
}

#[test]
fn keys_that_are_there_and_memory_that_is_not_stop_it() {
    let found = |call: &Call<'_>| match call.method {
        method::kv::RANGE => {
            let kvs = vec![KeyValue::default()];
            (Some(MS_US), Ok(encode(&RangeResponse { kvs, ..RangeResponse::default() })))
        }
        other => panic!("{other}"),
    };
    for (words, prefix) in
        [("check perf", "/etcdctl-check-perf/"), ("check datascale --prefix=/p/", "/p/")]
    {
        let system = Memory::serving(found);
        assert_eq!(system.run(&words.split(' ').collect::<Vec<_>>()), Some(3));
        let hint = format!("Delete with etcdctl del --prefix {prefix} first");
        let line = format!("Error: prefix \"{prefix}\" has keys. {hint}\n");
        assert_eq!(String::from_utf8(system.stderr.take()).unwrap(), line);
    }
    let system = Memory::serving(|call| match call.method {
        METHOD => (Some(MS_US), Ok(encode(&Response { status: 404, ..Response::default() }))),
        _ => (Some(MS_US), Ok(Bytes::new())),
    });
    assert_eq!(system.run(&["check", "datascale"]), Some(1));
    let text = "could not find: process_resident_memory_bytes\nFAIL: Could not read process_resident_memory_bytes before the put operations.\n";
    assert_eq!(String::from_utf8(system.stdout.take()).unwrap(), text);
}
