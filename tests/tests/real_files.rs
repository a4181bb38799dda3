//! Files between the lab's member and a real etcd, both ways: data directories after a good end and
//! after `kill -9`, and snapshots. Whoever starts from the other's files must have the same keys with
//! their history, leases, users and roles, and the same HashKV.
//!
//! Where no etcd is installed this is skipped in one line; `ETCD_LAB_REAL_ETCD` names another one than
//! the search path's, 3.4 or 3.5, whose etcdctl lies beside it.

#[path = "real_files/contents.rs"]
mod contents;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use contents::{contents, deeds};
use member::MemberConfig;
use peer::{Connection, Files, RealMember, Solo, find_etcd, scratch_dir};
use proto::{Metadata, Profile, Status};
use tokio::runtime::Runtime;

/// Whoever takes requests: ours or the real one.
trait Server {
    fn ask(&mut self, method: &str, metadata: &Metadata, request: &[u8]) -> Result<Bytes, Status>;
}

impl Server for Solo {
    fn ask(&mut self, method: &str, metadata: &Metadata, request: &[u8]) -> Result<Bytes, Status> {
        self.call(method, metadata, request)
    }
}

/// The flags of ours.
fn config(profile: Profile) -> MemberConfig {
    MemberConfig { enable_v2: true, ..Solo::config(profile) }
}

/// The etcd of this machine, and a folder for what is done with it.
struct Bench {
    program: PathBuf,
    dir: PathBuf,
    profile: Profile,
    runtime: Runtime,
}

struct Real<'a> {
    bench: &'a Bench,
    member: RealMember,
    connection: Connection,
}

impl Server for Real<'_> {
    fn ask(&mut self, method: &str, metadata: &Metadata, request: &[u8]) -> Result<Bytes, Status> {
        self.bench.runtime.block_on(self.connection.call(method, metadata, request))
    }
}

impl Bench {
    /// `None`, with one line, where there is no etcd.
    fn new() -> Option<Bench> {
        let Some(program) = find_etcd() else {
            eprintln!("skipped: no etcd is installed (Debian: etcd-server)");
            return None;
        };
        let version = Command::new(&program).arg("--version").output().expect("a version");
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let release = version.lines().next().and_then(|line| line.rsplit(' ').next());
        let minor = release.and_then(|text| text.rsplit_once('.')).map_or("", |(minor, _)| minor);
        let Some(profile) = Profile::parse(minor) else {
            eprintln!("skipped: there is no profile for this etcd: {version}");
            return None;
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime without threads");
        Some(Bench { program, dir: scratch_dir().expect("a folder"), profile, runtime })
    }

    fn real(&self, dir: &Path, flags: &[&str]) -> Real<'_> {
        let mut all = vec!["--bcrypt-cost", "4", "--enable-v2"];
        all.extend(flags);
        let member = self.runtime.block_on(RealMember::start(&self.program, "m1", dir, &all));
        let member = member.expect("etcd starts");
        let connection = self.runtime.block_on(Connection::open(member.endpoint()));
        Real { bench: self, member, connection: connection.expect("a member that just answered") }
    }

    /// Runs etcdctl and gives what it printed.
    fn etcdctl(&self, words: &[&str]) -> String {
        let program = self.program.with_file_name("etcdctl");
        let output = Command::new(program).env("ETCDCTL_API", "3").args(words).output();
        let output = output.expect("etcdctl runs");
        let (out, err) = (output.stdout, output.stderr);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&err));
        String::from_utf8(out).expect("text")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn write(dir: &Path, files: &Files) {
    for (path, bytes) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
        fs::write(path, bytes).expect("a file is written");
    }
    // etcd insists on the folder being its own.
    let mut command = Command::new("chmod");
    assert!(command.arg("700").arg(dir).status().expect("chmod").success());
}

fn read(dir: &Path) -> Files {
    let mut files = Files::new();
    for folder in ["member/wal", "member/snap"] {
        for entry in fs::read_dir(dir.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if !name.ends_with(".tmp") {
                files.insert(format!("{folder}/{name}"), fs::read(path).expect("a file"));
            }
        }
    }
    files
}

#[test]
fn a_directory_of_ours_starts_a_real_member() {
    let Some(bench) = Bench::new() else { return };
    for (number, (snapshot_count, good_end)) in
        [(100_000, true), (100_000, false), (10, true), (10, false)].into_iter().enumerate()
    {
        let mut flags = config(bench.profile);
        (flags.snapshot_count, flags.snapshot_catchup_entries) = (snapshot_count, 5);
        let mut ours = Solo::start(flags, Files::new());
        // The log of ours has a password's hash, which 3.4 does not look for there.
        let with_users = good_end || bench.profile >= Profile::V3_5;
        let root = deeds(&mut ours, with_users);
        let want = contents(&mut ours, &root);
        let files = if good_end { ours.stop() } else { ours.kill() };
        let dir = bench.dir.join(format!("of-ours-{number}"));
        write(&dir, &files);
        let mut real = bench.real(&dir, &[]);
        assert_eq!(contents(&mut real, &root), want, "{snapshot_count} {good_end}");
    }
}

#[test]
fn a_directory_of_a_real_member_starts_ours() {
    let Some(bench) = Bench::new() else { return };
    for (number, (snapshot_count, good_end)) in
        [("100000", true), ("100000", false), ("10", true), ("10", false)].into_iter().enumerate()
    {
        let dir = bench.dir.join(format!("of-real-{number}"));
        let mut real = bench.real(&dir, &["--snapshot-count", snapshot_count]);
        let root = deeds(&mut real, true);
        let want = contents(&mut real, &root);
        if good_end {
            real.member.stop().expect("it ends")
        } else {
            real.member.kill()
        }
        let mut ours = Solo::start(config(bench.profile), read(&dir));
        assert_eq!(contents(&mut ours, &root), want, "{snapshot_count} {good_end}");
        // And back again, on what ours made of it.
        write(&dir, &ours.stop());
        let mut real = bench.real(&dir, &[]);
        assert_eq!(contents(&mut real, &root), want, "back: {snapshot_count} {good_end}");
    }
}

#[test]
fn a_snapshot_of_ours_is_taken_by_real_etcdctl_and_etcd() {
    let Some(bench) = Bench::new() else { return };
    if !bench.program.with_file_name("etcdctl").is_file() {
        eprintln!("skipped: no etcdctl lies beside etcd (Debian: etcd-client)");
        return;
    }
    let mut ours = Solo::start(config(bench.profile), Files::new());
    let root = deeds(&mut ours, true);
    let want = contents(&mut ours, &root);
    let metadata = contents::login(&mut ours, &root);
    let file = ours.snapshot(&metadata);
    let path = bench.dir.join("ours.db");
    fs::write(&path, &file).expect("a file is written");
    let path = path.to_str().expect("text");
    let status = bench.etcdctl(&["snapshot", "status", path, "-w", "json"]);
    let db = bolt::Db::open(file.into()).expect("a database");
    let own = db.snapshot_status().expect("a sound database");
    assert_eq!(
        status.trim(),
        format!(
            "{{\"hash\":{},\"revision\":{},\"totalKey\":{},\"totalSize\":{}}}",
            own.hash, own.revision, own.total_key, own.total_size_bytes
        )
    );
    let dir = bench.dir.join("restored");
    let to = dir.to_str().expect("text");
    let peer = "http://127.0.0.1:2380";
    bench.etcdctl(&[
        "snapshot",
        "restore",
        path,
        "--data-dir",
        to,
        "--name",
        "m1",
        "--initial-cluster",
        &format!("m1={peer}"),
        "--initial-advertise-peer-urls",
        peer,
    ]);
    let mut real = bench.real(&dir, &[]);
    assert_eq!(contents(&mut real, &root), want);
    drop(real);
    // What etcdctl made of it starts ours as well.
    let mut ours = Solo::start(config(bench.profile), read(&dir));
    assert_eq!(contents(&mut ours, &root), want);
}
