//! etcdutl as 3.5.1's prints, and what 3.6 has more and less of: on files in memory.

#![allow(clippy::unwrap_used)]

use std::rc::Rc;

use bytes::Bytes;
use etcdctl::Files as _;
use etcdctl::memory::Memory;
use proto::Profile;

const NEW: Profile = Profile::V3_6;

/// The database of a new member of a release, without keys but with one.
fn db(profile: Profile) -> Bytes {
    let kv = proto::mvccpb::KeyValue {
        key: "a".into(),
        value: "1".into(),
        create_revision: 2,
        mod_revision: 2,
        version: 1,
        lease: 0,
    };
    let key = [&2_i64.to_be_bytes()[..], b"_", &[0; 8]].concat();
    let mut meta: Vec<(&[u8], &[u8])> = vec![
        (b"confState", b"{\"voters\":[1],\"auto_leave\":false}"),
        (b"consistent_index", &[0, 0, 0, 0, 0, 0, 0, 9]),
    ];
    if profile == NEW {
        meta.push((b"storageVersion", b"3.6.0"));
    }
    meta.push((b"term", &[0, 0, 0, 0, 0, 0, 0, 2]));
    let value = prost::Message::encode_to_vec(&kv);
    let keys: Vec<(&[u8], &[u8])> = vec![(&key, &value)];
    bolt::write([("key", keys), ("meta", meta)]).unwrap().into()
}

/// A machine with a data directory of a release at `d`.
fn machine(profile: Profile) -> Memory<'static> {
    let mut system = Memory::serving(|_| panic!("it never calls anybody"));
    system.profile = profile;
    for dir in ["d/member/snap", "d/member/wal"] {
        system.files.make_dirs(dir).unwrap();
    }
    system.files.write_file("d/member/snap/db", &db(profile)).unwrap();
    system
}

/// Status, standard output, standard error without times.
fn run(system: &Memory<'_>, line: &str) -> (i32, String, String) {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let status = system.run_etcdutl(&words).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(system.stdout.take()), text(system.stderr.take()));
    system.terminal.take();
    let without_time = |line: &str| match line.split_once('\t') {
        Some((time, rest)) if time.ends_with('Z') => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    (status, out, err.lines().map(without_time).collect())
}

fn fails(system: &Memory<'_>, line: &str, status: i32, error: &str) {
    let expected = (status, String::new(), format!("Error: {error}\n"));
    assert_eq!(run(system, line), expected, "{line}");
}

/// Beside 3.5.1's own binary.
#[test]
fn usage_is_cobras_own() {
    let system = machine(Profile::V3_5);
    let (status, out, err) = run(&system, "defrag");
    let usage = "Error: required flag(s) \"data-dir\" not set\nUsage:\n  etcdutl defrag [flags]\n\nFlags:\n      --data-dir string   data directory of a member that is not running\n  -h, --help              show this help\n\nGlobal Flags:\n  -w, --write-out string   output format: fields, json, protobuf, simple or table (default \"simple\")\n\nError: required flag(s) \"data-dir\" not set\n";
    assert_eq!((status, out.as_str(), err.as_str()), (1, "", usage));
    let (status, out, _) = run(&system, "");
    assert_eq!(status, 0);
    let commands = ["backup", "defrag", "help", "snapshot", "version"];
    let listed: Vec<&str> =
        out.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert_eq!(listed[1..6], commands, "{out}");
    assert!(out.starts_with("Usage:\n  etcdutl [command]\n\nAvailable Commands:\n  backup      "));
    assert!(
        out.ends_with("Use \"etcdutl [command] --help\" for more information about a command.\n")
    );
    let (_, out, _) = run(&system, "snapshot");
    assert!(!out.contains("\n  save"), "it is hidden: {out}");
    let (status, _, err) = run(&system, "version --endpoints x");
    assert!(
        status == 1
            && err.starts_with(
                "Error: unknown flag: --endpoints\nUsage:\n  etcdutl version [flags]\n"
            )
    );
    let unknown = "unknown command \"hashkv\" for \"etcdutl\"";
    let (status, _, err) = run(&system, "hashkv d/member/snap/db");
    let twice = format!("Error: {unknown}\nRun 'etcdutl --help' for usage.\nError: {unknown}\n");
    assert_eq!((status, err), (1, twice));
    assert_eq!(run(&system, "ver").1, "etcdutl version: 3.5.1\nAPI version: 3.5\n");
    let both = "required flag(s) \"backup-dir\", \"data-dir\" not set";
    assert!(run(&system, "backup").2.starts_with(&format!("Error: {both}\n")));
    let (status, _, err) = run(&system, "snapshot save x");
    let elsewhere = "Command \"save\" is deprecated, Use `etcdctl snapshot save` to download snapshot\nError: In order to download snapshot use: `etcdctl snapshot save ...`\n";
    assert_eq!((status, err.as_str()), (128, elsewhere));
}

/// Section 2, last row; N8.
#[test]
fn a_file_is_described_without_a_word_of_deprecation() {
    let system = machine(Profile::V3_5);
    let (status, out, err) = run(&system, "snapshot status d/member/snap/db");
    assert_eq!((status, err.as_str()), (0, ""));
    let cells: Vec<&str> = out.trim().split(", ").collect();
    assert_eq!((cells.len(), &cells[1..]), (4, &["2", "4", "16 kB"][..]), "{out}");
    fails(&system, "snapshot status", 128, "snapshot status requires exactly one argument");
    fails(&system, "snapshot status no", 1, "stat no: no such file or directory");
    fails(&system, "snapshot status x -w foo", 4, "unsupported output format");
    let format = "protobuf not supported as output format";
    fails(&system, "snapshot status d/member/snap/db -w protobuf", 4, format);
    let system = machine(NEW);
    let (_, out, _) = run(&system, "snapshot status d/member/snap/db");
    assert!(out.ends_with(", 2, 1, 16 kB, 3.6.0\n"), "one key lives: {out}");
    let (_, out, _) = run(&system, "snapshot status d/member/snap/db -w json");
    assert!(out.ends_with("\"totalKey\":1,\"totalSize\":16384,\"version\":\"3.6.0\"}\n"), "{out}");
}

/// Beside 3.5.1's own binary; only the sizes are those of our files.
#[test]
fn a_directory_is_defragmented_once_nobody_holds_it() {
    let mut system = machine(Profile::V3_5);
    let before = system.files.read_file("d/member/snap/db").unwrap();
    let (status, out, err) = run(&system, "defrag --data-dir d");
    assert_eq!((status, out.as_str()), (0, ""));
    let lines: Vec<&str> = err.lines().collect();
    assert!(lines[0].starts_with("info\tbackend/backend.go:481\tdefragmenting\t{\"path\": \"d/member/snap/db\", \"current-db-size-bytes\": 16384, "), "{err}");
    assert!(
        lines[1].starts_with("info\tbackend/backend.go:539\tfinished defragmenting directory\t{")
    );
    assert_eq!(system.files.read_file("d/member/snap/db").unwrap(), before, "it had no free pages");
    system.locked_until_us = 3_000_000;
    let (_, _, err) = run(&system, "defrag --data-dir d");
    let wait = "waiting for etcd to close and release its lock on \"d/member/snap/db\". To defrag a running etcd instance, omit --data-dir.\n";
    assert!(err.starts_with(wait), "{err}");
    let (status, _, err) = run(&system, "defrag --data-dir no");
    let panic = "panic\tbackend/backend.go:182\tfailed to open database\t{\"path\": \"no/member/snap/db\", \"error\": \"open no/member/snap/db: no such file or directory\"}\npanic: failed to open database\n\ngoroutine 1 [running]:\n";
    assert_eq!((status, err.as_str()), (2, panic));
    system.files.write_file("d/member/snap/db", b"rot").unwrap();
    let (status, _, err) = run(&system, "defrag --data-dir d");
    let error = "Error: Failed to defragment etcd data[d] (invalid database)\n";
    assert!(status == 1 && err.ends_with(error), "{err}");
}

#[test]
fn the_history_in_a_file_is_hashed() {
    let system = machine(NEW);
    let (status, out, _) = run(&system, "hashkv d/member/snap/db");
    let cells: Vec<&str> = out.trim().split(", ").collect();
    assert_eq!((status, &cells[1..]), (0, &["2", "-1"][..]));
    let (_, out, _) = run(&system, "hashkv d/member/snap/db --rev 2 -w json");
    let json = format!("{{\"hash\":{},\"hashRevision\":2,\"compactRevision\":-1}}\n", cells[0]);
    assert_eq!(out, json);
    let (_, out, _) = run(&system, "hashkv d/member/snap/db -w table");
    assert!(out.contains("| HASH REVISION | COMPACT REVISION |"), "{out}");
    fails(
        &system,
        "hashkv d/member/snap/db --rev 3",
        1,
        "mvcc: required revision is a future revision",
    );
    let (status, _, err) = run(&system, "hashkv");
    assert!(
        status == 1 && err.starts_with("Error: accepts 1 arg(s), received 0\nUsage:\n"),
        "{err}"
    );
}

#[test]
fn a_directory_is_made_fit_for_another_release() {
    let system = machine(NEW);
    let version = |system: &Memory<'_>| {
        let out = run(system, "snapshot status d/member/snap/db").1;
        out.trim().rsplit(", ").next().unwrap_or_default().to_string()
    };
    let migrate =
        |target: &str| run(&system, &format!("migrate --data-dir d --target-version {target}"));
    assert!(
        migrate("3.6").2.ends_with("storage version up-to-date\t{\"storage-version\": \"3.6\"}\n")
    );
    let (status, _, err) = migrate("3.5");
    assert!(status == 0 && err.ends_with("{\"new-storage-version\": \"3.5.0\"}\n"), "{err}");
    assert_eq!(version(&system), "16 kB,", "it says nothing, as 3.5's files do");
    assert_eq!(migrate("3.6").0, 0);
    assert_eq!(version(&system), "3.6.0");
    for (target, error) in [
        ("3", "wrong target version format, expected \"X.Y\", got \"3\""),
        ("3.6.0", "wrong target version format, expected \"X.Y\", got \"3.6.0\""),
        ("3.4", "target version \"3.4\" not supported. Minimal \"3.5\""),
    ] {
        let line = format!("migrate --data-dir d --target-version {target}");
        fails(&system, &line, 128, error);
    }
}

/// Sections 2 and 18: who says what about the other tool.
#[test]
fn etcdctl_points_at_etcdutl() {
    let system = Rc::new(machine(Profile::V3_5));
    let run = |words: &[&str]| {
        let status = system.run(words);
        system.terminal.take();
        system.stdout.take();
        (status, String::from_utf8(system.stderr.take()).unwrap())
    };
    let (status, err) = run(&["snapshot", "status", "d/member/snap/db"]);
    assert_eq!(
        (status, err.as_str()),
        (Some(0), "Deprecated: Use `etcdutl snapshot status` instead.\n\n")
    );
    let (_, err) = run(&["snapshot", "restore"]);
    assert!(err.starts_with("Deprecated: Use `etcdutl snapshot restore` instead.\n\n"));
}
