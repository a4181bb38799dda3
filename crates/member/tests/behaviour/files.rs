//! What lies on a member's disk, and what comes of it: the backend and its place in the log, segments,
//! snapshots, the stream of the database, rot and backups (N1 to N3, X8, X10).

use std::collections::BTreeMap;

use bytes::Bytes;
use member::{MemberConfig, Output};
use prost::Message as _;
use proto::etcdserverpb::{RangeRequest, SnapshotRequest, SnapshotResponse, StatusResponse};
use proto::method;
use sha2::{Digest, Sha256};

use crate::support::build::{get, put};
use crate::support::http::with_v2;
use crate::support::{Lab, S};

const DB: &str = "member/snap/db";

fn often(config: &mut MemberConfig) {
    (config.snapshot_count, config.snapshot_catchup_entries) = (10, 5);
    config.wal_segment_bytes = 1024;
}

fn paths(lab: &Lab, at: usize, end: &str) -> Vec<String> {
    lab.seats[at].disk.files.keys().filter(|path| path.ends_with(end)).cloned().collect()
}

/// Names of buckets with their pairs.
fn buckets(file: &[u8]) -> BTreeMap<String, BTreeMap<Bytes, Bytes>> {
    let db = bolt::Db::open(Bytes::copy_from_slice(file)).unwrap();
    let read = |bucket: &bolt::Bucket| db.pairs(bucket).unwrap().collect::<Result<_, _>>().unwrap();
    let name = |bucket: &bolt::Bucket| String::from_utf8(bucket.name.to_vec()).unwrap();
    db.buckets().unwrap().iter().map(|bucket| (name(bucket), read(bucket))).collect()
}

fn index_of(file: &[u8]) -> u64 {
    let place = &buckets(file)["meta"][&Bytes::from_static(b"consistent_index")];
    u64::from_be_bytes(place[..].try_into().unwrap())
}

#[test]
fn a_new_directory_has_etcds_files() {
    let lab = Lab::new(1);
    let files: Vec<&str> = lab.seats[0].disk.files.keys().map(String::as_str).collect();
    assert_eq!(files, [DB, "member/wal/0000000000000000-0000000000000000.wal"]);
    let names: Vec<String> = buckets(&lab.seats[0].disk.files[DB]).into_keys().collect();
    let etcds = [
        "alarm",
        "auth",
        "authRoles",
        "authUsers",
        "cluster",
        "key",
        "lease",
        "members",
        "members_removed",
        "meta",
    ];
    assert_eq!(names, etcds);
}

#[test]
fn the_log_is_cut_into_files_and_old_ones_are_given_up() {
    let mut lab = Lab::with(1, often);
    for n in 0..200 {
        lab.put(0, "a", &n.to_string());
    }
    lab.run(S);
    let segments = paths(&lab, 0, ".wal");
    assert!((2..=6).contains(&segments.len()), "{segments:?}");
    assert!(!segments[0].contains("/0000000000000000-"), "the first is gone: {segments:?}");
    assert_eq!(paths(&lab, 0, ".snap").len(), 5);
    for _ in 0..3 {
        lab.restart(0);
        lab.settle();
        assert_eq!(lab.get(0, "a").as_deref(), Some("199"));
        let old = RangeRequest { revision: 100, ..get("a") };
        assert_eq!(lab.range(0, &old).kvs[0].value, "98");
        lab.put(0, "b", "1");
    }
}

#[test]
fn a_backend_ahead_of_its_snapshot_is_not_applied_to_again() {
    for snapshot_count in [10, 100_000] {
        let mut lab = Lab::with(3, |config| {
            often(config);
            config.snapshot_count = snapshot_count;
        });
        lab.grant(0, 7, 60);
        for n in 0..17 {
            lab.put(0, "a", &n.to_string());
        }
        lab.run(S);
        lab.stop(1);
        let index = index_of(&lab.seats[1].disk.files[DB]);
        assert_eq!(index, lab.status(1).applied, "a good end writes it all down");
        lab.put(0, "a", "meanwhile");
        // The others tell a digest of their state at every entry, and so does this one again.
        lab.start(1);
        lab.settle();
        assert_eq!(lab.get(1, "a").as_deref(), Some("meanwhile"));
        assert_eq!(lab.range(1, &get("a")).kvs[0].version, 18);
    }
}

#[test]
fn a_crash_between_the_database_and_its_snapshot_costs_nothing() {
    let mut lab = Lab::with(1, often);
    for n in 0..30 {
        lab.put(0, "a", &n.to_string());
    }
    lab.run(S);
    lab.stop(0);
    let files = lab.seats[0].disk.files.clone();
    // The newest snapshots never came to be, or their records did not.
    for gone in 1..=paths(&lab, 0, ".snap").len() {
        lab.seats[0].disk.files.clone_from(&files);
        for path in paths(&lab, 0, ".snap").iter().rev().take(gone) {
            lab.seats[0].disk.files.remove(path);
        }
        lab.forget_digests();
        lab.start(0);
        // Without any of them the log would have to begin at its beginning.
        lab.run(S);
        match lab.seats[0].ended.clone() {
            Some(ended) => {
                assert!(format!("{ended:?}").contains("wal: file not found"), "{ended:?}")
            }
            None => {
                lab.settle();
                assert_eq!(lab.range(0, &get("a")).kvs[0].version, 30);
                lab.stop(0);
            }
        }
    }
}

#[test]
fn a_rotten_database_is_refused() {
    let mut lab = Lab::new(1);
    lab.put(0, "a", "1");
    lab.stop(0);
    let file = lab.seats[0].disk.files.get_mut(DB).unwrap();
    let at = file.windows(2).rposition(|two| two == b"a*").unwrap_or(3 * 4096 + 100);
    file[at] ^= 1;
    lab.fatal_is_fine = true;
    lab.start(0);
    lab.run(S);
    let ended = format!("{:?}", lab.seats[0].ended);
    assert!(ended.contains("failed to open database: checksum error"), "{ended}");
}

const WAL: &str = "member/wal/0000000000000000-0000000000000000.wal";

/// A log of these records, each with the sum that it should have.
fn log_of(records: &[(wal::RecordType, &[u8])]) -> Vec<u8> {
    let (mut encoder, mut bytes) = (wal::Encoder::new(0), Vec::new());
    records.iter().for_each(|(kind, data)| encoder.encode_raw(*kind, data, &mut bytes));
    bytes
}

/// Starts over a directory whose log has been changed: the fatal text, or none.
fn start_over(change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> (Lab, Option<String>) {
    let mut lab = Lab::new(1);
    lab.put(0, "a", "1");
    lab.stop(0);
    change(&mut lab.seats[0].disk.files);
    lab.forget_digests();
    lab.fatal_is_fine = true;
    lab.start(0);
    lab.run(S);
    let ended = lab.seats[0].ended.clone().map(|ended| match ended {
        Output::Fatal { reason } => reason,
        other => panic!("{other:?}"),
    });
    (lab, ended)
}

#[test]
fn a_log_that_does_not_say_whose_it_is_ends_the_start_as_in_etcd() {
    use wal::RecordType::{Metadata, Snapshot};
    let (whose, none) = (&[8u8, 7, 16, 9][..], &[8u8, 0, 16, 0][..]);
    let (snapshot, late) = (&[8u8, 0, 16, 0][..], &[8u8, 0, 16, 5][..]);
    let whole = log_of(&[(Metadata, whose), (Snapshot, snapshot)]);
    let torn = |bytes: usize| whole[..whole.len() - bytes].to_vec();
    let nobody = Some("cannot use none as id");
    let cut_off = Some("unmarshal should never fail (unexpected EOF)");
    for (what, log, text) in [
        ("a line", b"x\n".to_vec(), nobody),
        ("nothing", vec![], nobody),
        ("preallocated zeroes", vec![0; 4096], nobody),
        ("a torn metadata record", log_of(&[(Metadata, whose)])[..20].to_vec(), nobody),
        ("a snapshot record alone", log_of(&[(Snapshot, snapshot)]), nobody),
        ("empty metadata", log_of(&[(Metadata, none), (Snapshot, snapshot)]), nobody),
        ("metadata alone", log_of(&[(Metadata, whose)]), None),
        ("a torn snapshot record", torn(4), None),
        ("metadata behind", log_of(&[(Snapshot, snapshot), (Metadata, whose)]), None),
        ("metadata that is none", log_of(&[(Metadata, &[255, 255])]), cut_off),
        ("a snapshot that is none", log_of(&[(Metadata, whose), (Snapshot, &[255])]), cut_off),
        (
            "text",
            b"hello world, this is text\n".to_vec(),
            Some("wal: max entry size limit exceeded"),
        ),
        (
            "two owners",
            log_of(&[(Metadata, whose), (Metadata, none)]),
            Some("read wal error (wal: conflicting metadata found) and cannot be repaired"),
        ),
        (
            "another term",
            log_of(&[(Metadata, whose), (Snapshot, late)]),
            Some("read wal error (wal: snapshot mismatch) and cannot be repaired"),
        ),
    ] {
        let (_, ended) = start_over(|files| drop(files.insert(WAL.into(), log)));
        assert_eq!(ended.as_deref(), text, "{what}");
    }
    let (_, ended) = start_over(|files| {
        let log = files.remove(WAL).unwrap();
        files.insert("member/wal/0000000000000001-0000000000000005.wal".into(), log);
    });
    assert_eq!(ended.as_deref(), Some("open wal error: wal: file not found"));
}

#[test]
fn a_backend_without_its_log_is_kept_and_ahead_of_the_new_one() {
    let (mut lab, ended) = start_over(|files| drop(files.remove(WAL)));
    assert_eq!(ended, None);
    lab.settle();
    assert_eq!(lab.get(0, "a").as_deref(), Some("1"));
    let index = index_of(&lab.seats[0].disk.files[DB]);
    assert!(index > lab.status(0).applied, "{index}: what comes before is not applied to it");
    while lab.status(0).applied < index {
        // Nobody answers: it has no effect.
        let call = lab.begin(0, method::kv::PUT, &put("a", "lost"));
        lab.run(S);
        lab.cancel(call);
        assert_eq!(lab.get(0, "a").as_deref(), Some("1"));
    }
    lab.put(0, "a", "2");
    lab.restart(0);
    lab.settle();
    assert_eq!(lab.range(0, &get("a")).kvs[0].version, 2);
}

#[test]
fn the_database_is_a_stream_with_its_sum_at_the_end() {
    let mut lab = Lab::new(3);
    for n in 0..300 {
        lab.put(0, &format!("k{n}"), &"v".repeat(300));
    }
    let call = lab.open(0, method::maintenance::SNAPSHOT);
    lab.say(call, &SnapshotRequest::default());
    lab.run(S);
    let pieces: Vec<SnapshotResponse> = lab.heard(call);
    let (sum, pieces) = pieces.split_last().unwrap();
    let file: Vec<u8> = pieces.iter().flat_map(|piece| piece.blob.to_vec()).collect();
    assert_eq!(sum.blob[..], Sha256::digest(&file)[..]);
    let mut rest = file.len() as u64;
    for piece in pieces {
        rest -= piece.blob.len() as u64;
        assert_eq!(piece.remaining_bytes, rest);
        assert!(piece.blob.len() == 32 * 1024 || rest == 0);
    }
    assert_eq!(buckets(&file)["key"].len(), 300);
    let status: StatusResponse =
        lab.call(0, method::maintenance::STATUS, &proto::etcdserverpb::StatusRequest {}).unwrap();
    assert_eq!(index_of(&file), status.raft_applied_index);
}

#[test]
fn a_backup_starts_a_cluster_of_its_own_with_the_v2_tree_alone() {
    for (with_v3, snapshot_count) in [(false, 100_000), (false, 10), (true, 10)] {
        let mut lab = Lab::with(3, |config| {
            with_v2(config);
            config.snapshot_count = snapshot_count;
        });
        lab.put(0, "three", "3");
        for n in 0..15 {
            lab.curl_at(0, &format!("-XPUT /v2/keys/a/k{n} -d value={n}"));
        }
        lab.run(S);
        lab.stop(0);
        let copy = member::backup(&lab.seats[0].disk.contents(), (77, 78), with_v3).unwrap();
        assert!(copy.told.iter().all(|line| line.starts_with("ignoring ")), "{:?}", copy.told);
        assert_eq!(member::id_on_disk(&copy.files), Some(77));
        let mut alone = Lab::asleep(1, |config| {
            with_v2(config);
            config.force_new_cluster = true;
        });
        alone.seats[0].id = 77;
        for file in copy.files {
            alone.seats[0].disk.files.insert(file.path, file.bytes.to_vec());
        }
        alone.start(0);
        alone.settle();
        assert!(alone.curl_at(0, "/v2/keys/a/k14").contains("\"value\":\"14\""));
        assert!(alone.curl_at(0, "-XPUT /v2/keys/b -d value=1").starts_with("201"));
        assert_eq!(alone.get(0, "three").is_some(), with_v3);
        alone.put(0, "new", "1");
        alone.seats[0].config.force_new_cluster = false;
        alone.restart(0);
        alone.settle();
        assert_eq!(alone.get(0, "new").as_deref(), Some("1"));
    }
}

/// The tool of 3.4 beside a real one: what was an index is a revision (R6), hidden names and directories
/// stay behind, and keys that expire do where that is asked for.
#[test]
fn keys_of_the_old_tree_become_keys_of_v3() {
    for snapshot_count in [100_000, 10] {
        let mut lab = Lab::with(1, |config| {
            with_v2(config);
            config.snapshot_count = snapshot_count;
        });
        lab.put(0, "three", "3");
        for n in 0..15 {
            lab.curl_at(0, &format!("-XPUT /v2/keys/a/k{n} -d value={n}"));
        }
        lab.curl_at(0, "-XPUT /v2/keys/short -d value=1 -d ttl=100");
        lab.curl_at(0, "-XPUT /v2/keys/_hidden -d value=1");
        lab.curl_at(0, "-XDELETE /v2/keys/a/k3");
        lab.stop(0);
        let disk = lab.seats[0].disk.contents();
        let keys = |no_ttl: bool| -> Vec<String> {
            let db = member::migrate(&disk, no_ttl, 0).unwrap().db.unwrap();
            assert!(index_of(&db) >= index_of(&lab.seats[0].disk.files[DB]));
            let pairs = buckets(&db).remove("key").unwrap();
            let key = |(at, value): (&Bytes, &Bytes)| {
                let kv = proto::mvccpb::KeyValue::decode(value.clone()).unwrap();
                let main = i64::from_be_bytes(at[..8].try_into().unwrap());
                assert_eq!((main, kv.version), (kv.mod_revision, 1));
                String::from_utf8(kv.key.to_vec()).unwrap()
            };
            pairs.iter().map(key).collect()
        };
        let mut expected = vec!["three".to_string()];
        expected.extend((0..15).filter(|n| *n != 3).map(|n| format!("/a/k{n}")));
        assert_eq!(keys(true), expected);
        expected.push("/short".into());
        assert_eq!(keys(false), expected);
    }
}

#[test]
fn a_directory_that_cannot_be_read_is_not_migrated() {
    assert_eq!(member::migrate(&[], false, 0).unwrap_err(), "wal: file not found");
    let mut lab = Lab::new(1);
    lab.put(0, "a", "1");
    lab.stop(0);
    assert_eq!(member::migrate(&lab.seats[0].disk.contents(), false, 0).unwrap().db, None);
    lab.seats[0].disk.files.insert("member/snap/db".into(), b"rot".to_vec());
    assert_eq!(member::migrate(&lab.seats[0].disk.contents(), false, 0).unwrap().db, None);
}
