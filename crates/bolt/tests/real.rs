//! Files between us and a real etcd, where one is installed: its snapshots open here with the figures
//! that its own etcdctl tells, and what we write from them it accepts, restores and boots from.

#![allow(clippy::disallowed_methods)] // a test starts real processes and waits for them

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bolt::{PAGE_SIZE_BYTES, SnapshotStatus, Sum};
use serde_json::Value;
use sha2::{Digest, Sha256};
use support::{content, open, written, written_with};

/// How long a member may take to its first leader.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn files_travel_between_a_real_etcd_and_us() {
    let Some(lab) = Lab::new("travel") else { return };
    let member = lab.member("first");
    fill(&member);
    let saved = lab.path("saved.db");
    member.etcdctl(&["snapshot", "save", &saved], "");

    let file = fs::read(&saved).expect("a snapshot");
    let theirs = open(&file);
    assert_eq!(theirs.check(), Ok(()));
    assert_eq!(theirs.verify(), Sum::Absent);
    let status = theirs.snapshot_status().expect("it is whole");
    assert_eq!(status, real_status(&saved));
    // A snapshot is all pages and a SHA-256 over them.
    assert_eq!(file.len() as u64, status.total_size_bytes + 32);

    let wanted = content(&theirs).expect("it is whole");
    for page_size_bytes in [PAGE_SIZE_BYTES, 16384] {
        let path = lab.path(&format!("ours-{page_size_bytes}.db"));
        fs::write(&path, with_sum(written_with(page_size_bytes, &wanted))).expect("a file");
        let ours = open(&fs::read(&path).expect("a file"));
        assert_eq!(ours.verify(), Sum::Good);
        assert_eq!(real_status(&path), ours.snapshot_status().expect("it is whole"));
        assert_eq!(real_status(&path).hash, status.hash);
        let restored = lab.restored(&path);
        assert_eq!(everything(&restored), everything(&member), "{page_size_bytes}");
        restored.etcdctl(&["put", "new", "value"], "");
        // Now real bbolt has written to it, and what we left beside the meta pages is gone.
        let db = open(&restored.stopped());
        assert_eq!((db.check(), db.verify()), (Ok(()), Sum::Absent));
    }
}

#[test]
fn a_file_of_ours_is_as_small_as_a_defragmented_one() {
    let Some(lab) = Lab::new("small") else { return };
    let member = lab.member("first");
    for round in 0..40 {
        let puts: String = (0..100).fold(String::new(), |mut puts, key| {
            writeln!(puts, "put key-{round}-{key} {}", "v".repeat(key + 1)).expect("a string");
            puts
        });
        member.etcdctl(&["txn"], &format!("\n{puts}\n\n"));
    }
    member.etcdctl(&["defrag"], "");
    let file = member.stopped();
    let theirs = open(&file);
    assert_eq!(theirs.check(), Ok(()));
    let ours = written(&content(&theirs).expect("it is whole"));
    // Theirs keeps a few pages that its last transactions freed.
    let (theirs, ours) = (theirs.size_bytes(), ours.len() as u64);
    assert!(ours <= theirs, "{ours} bytes, theirs {theirs}");
    assert!(ours + 12 * u64::from(PAGE_SIZE_BYTES) >= theirs, "{ours} bytes, theirs {theirs}");
}

#[test]
fn a_real_member_refuses_what_we_refuse() {
    let Some(lab) = Lab::new("refuse") else { return };
    let path = lab.path("bad.db");
    let good = written(&support::numbered(&[("key", 500)]));
    let mut both_rotten = good.clone();
    both_rotten[24] ^= 1;
    both_rotten[PAGE_SIZE_BYTES as usize + 24] ^= 1;
    for file in [&b"junk\n"[..], &[0; 5000], &good[..4095], &both_rotten] {
        fs::write(&path, file).expect("a file");
        let refused = bolt::Db::open(file.to_vec().into()).expect_err("no database");
        let output = etcdctl_command(&["snapshot", "status", &path]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{refused}");
        assert!(said.contains(&refused.to_string()), "{refused}: {said}");
    }
}

/// All sorts of things that a backend can hold.
fn fill(member: &Member) {
    for round in 0..4 {
        let puts: String = (0..100).fold(String::new(), |mut puts, key| {
            writeln!(puts, "put k{:03} value-{round}-{key}", key * 7 % 100).expect("a string");
            puts
        });
        member.etcdctl(&["txn"], &format!("\n{puts}\n\n"));
    }
    member.etcdctl(&["put", "large"], &"large ".repeat(100_000));
    member.etcdctl(&["put", "middle"], &"middle ".repeat(1_000));
    member.etcdctl(&["del", "k01", "k03"], "");
    member.etcdctl(&["compact", "3"], "");
    let granted = member.etcdctl(&["lease", "grant", "1000"], "");
    let lease = granted.split(' ').nth(1).expect("a lease");
    member.etcdctl(&["put", "leased", "value", "--lease", lease], "");
    member.etcdctl(&["role", "add", "reader"], "");
    member.etcdctl(&["role", "grant-permission", "reader", "read", "k", "l"], "");
    member.etcdctl(&["user", "add", "alice:secret"], "");
    member.etcdctl(&["user", "grant-role", "alice", "reader"], "");
}

/// What clients see of a member: keys with their revisions, leases, users and roles.
fn everything(member: &Member) -> Vec<Value> {
    let mut found = vec![];
    for command in ["get= --prefix", "lease=list", "user=get alice", "role=get reader"] {
        let (command, rest) = command.split_once('=').expect("two parts");
        let rest = rest.split(' ').chain(["-w", "json"]);
        let arguments: Vec<&str> = std::iter::once(command).chain(rest).collect();
        let text = member.etcdctl(&arguments, "");
        let mut value: Value = serde_json::from_str(&text).expect("JSON");
        let fields = value.as_object_mut().expect("an object");
        // Of the cluster and of raft: a restored member is another.
        for own in ["header", "cluster_id", "member_id", "raft_term"] {
            fields.remove(own);
        }
        found.push(value);
    }
    assert_eq!(found[0]["kvs"].as_array().map(Vec::len), Some(83));
    assert_eq!(found[1]["leases"].as_array().map(Vec::len), Some(1));
    found
}

fn with_sum(mut file: Vec<u8>) -> Vec<u8> {
    let sum = Sha256::digest(&file);
    file.extend(sum);
    file
}

fn real_status(path: &str) -> SnapshotStatus {
    let text = run(&mut etcdctl_command(&["snapshot", "status", path, "-w", "json"]), "");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let number = |field: &str| value[field].as_u64().expect("a number");
    SnapshotStatus {
        hash: number("hash") as u32,
        revision: number("revision") as i64,
        total_key: number("totalKey"),
        total_size_bytes: number("totalSize"),
        version: String::new(),
    }
}

fn etcdctl_command(arguments: &[&str]) -> Command {
    let mut command = Command::new("etcdctl");
    command.env("ETCDCTL_API", "3").args(arguments);
    command
}

/// Runs a command that must succeed, and gives what it printed.
fn run(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// A folder for real members, which goes with it.
struct Lab {
    dir: PathBuf,
}

impl Lab {
    /// None, and a line that says so, where etcd is not installed.
    fn new(name: &str) -> Option<Lab> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = |program: &str| {
            std::env::split_paths(&path).any(|dir: PathBuf| dir.join(program).is_file())
        };
        if !there("etcd") || !there("etcdctl") {
            eprintln!("skipped: no etcd is installed (Debian: etcd-server, etcd-client)");
            return None;
        }
        let dir = std::env::temp_dir().join(format!("etcd-lab-bolt-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).expect("a folder");
        Some(Lab { dir })
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    fn member(&self, name: &str) -> Member {
        Member::start(&self.dir.join(name), free_port(), free_port())
    }

    /// A member that boots from a snapshot.
    fn restored(&self, snapshot: &str) -> Member {
        let (client, peer) = (free_port(), free_port());
        let (dir, url) = (format!("{snapshot}.etcd"), format!("http://127.0.0.1:{peer}"));
        let cluster = format!("r={url}");
        let mut command = etcdctl_command(&["snapshot", "restore", snapshot, "--name", "r"]);
        command.args(["--data-dir", &dir, "--initial-cluster", &cluster]);
        run(command.args(["--initial-advertise-peer-urls", &url]), "");
        Member::start(Path::new(&dir), client, peer)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// A running member, which ends when it is dropped.
struct Member {
    process: Child,
    endpoint: String,
    dir: PathBuf,
}

impl Member {
    fn start(dir: &Path, client: u16, peer: u16) -> Member {
        let url = |port| format!("http://127.0.0.1:{port}");
        let (client, peer) = (url(client), url(peer));
        let log = fs::File::create(dir.with_extension("log")).expect("a log");
        let mut command = Command::new("etcd");
        command.args(["--name", "r", "--logger", "zap"]).arg("--data-dir").arg(dir);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("r={peer}")]);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        let process = command.spawn().expect("it starts");
        let member = Member { process, endpoint: client, dir: dir.to_owned() };
        let start = Instant::now();
        while !member.is_healthy() {
            let log = || fs::read_to_string(dir.with_extension("log")).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE, "{}", log());
        }
        member
    }

    fn is_healthy(&self) -> bool {
        let mut command = etcdctl_command(&["endpoint", "health", "--endpoints", &self.endpoint]);
        command.output().expect("it runs").status.success()
    }

    fn etcdctl(&self, arguments: &[&str], input: &str) -> String {
        run(etcdctl_command(arguments).args(["--endpoints", &self.endpoint]), input)
    }

    /// Ends it: its database.
    fn stopped(mut self) -> Vec<u8> {
        // Transactions of the backend end every 100 ms.
        std::thread::sleep(Duration::from_millis(300));
        self.end();
        fs::read(self.dir.join("member/snap/db")).expect("a database")
    }

    fn end(&mut self) {
        // One that has ended by itself cannot be ended again; both is well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
