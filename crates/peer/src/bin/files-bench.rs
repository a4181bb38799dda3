//! Files of a member with 100,000 keys, ours and a real etcd's: how long a snapshot, a restore and a
//! restart take, and how large the snapshot is. Prints `row<TAB>what<TAB>value<TAB>mode` lines for
//! `cargo xtask bench files`.
//!
//! Ours is measured inside one process; of the real one, programs are started and waited for, so that
//! what an operator waits is compared with what a page waits.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bytes::Bytes;
use member::{Input, PeerConfig, Profile, Restore, restore};
use peer::{Connection, Files, RealMember, Solo, find_etcd, scratch_dir};
use prost::Message;
use proto::etcdserverpb::PutRequest;
use proto::{Metadata, method};

const KEYS: u64 = 100_000;
const VALUE_BYTES: usize = 256;
const PEER_URL: &str = "http://127.0.0.1:2380";

fn main() {
    ours();
    let Some(program) = find_etcd() else {
        eprintln!("there is no etcd to measure (Debian: etcd-server)");
        return;
    };
    let dir = scratch_dir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime without threads").block_on(real(&program, &dir));
    let _ = std::fs::remove_dir_all(&dir);
}

fn row(what: &str, value: String, mode: &str) {
    println!("row\t{what}\t{value}\t{mode}");
}

fn ms(started: Instant) -> String {
    format!("{:.0} ms", started.elapsed().as_secs_f64() * 1e3)
}

fn mb(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn put(number: u64) -> Bytes {
    let key = format!("key-{number:08}").into();
    let put = PutRequest { key, value: vec![b'v'; VALUE_BYTES].into(), ..PutRequest::default() };
    put.encode_to_vec().into()
}

fn ours() {
    let mode = "ours, in one process, release";
    let mut ours = Solo::launch(Solo::config(Profile::V3_4), Files::new());
    ours.lead();
    for batch in 0..KEYS / 500 {
        let call = |number: u64| Input::Call {
            call: batch * 500 + number + 1,
            method: method::kv::PUT.into(),
            metadata: Metadata::default(),
            request: put(batch * 500 + number),
        };
        ours.turn((0..500).map(call).collect());
        for _ in 0..6 {
            ours.step();
        }
    }
    // As `kill -9` would leave it: the log alone has the keys.
    let killed = ours.files().clone();
    let started = Instant::now();
    let file = ours.snapshot(&Metadata::default());
    row("snapshot of 100,000 keys", ms(started), mode);
    row("its size", mb(file.len()), mode);
    let flags = Restore {
        name: "m1".into(),
        initial_cluster: vec![PeerConfig { name: "m1".into(), peer_urls: vec![PEER_URL.into()] }],
        initial_cluster_token: "etcd-cluster".into(),
        initial_advertise_peer_urls: vec![PEER_URL.into()],
        profile: Profile::V3_4,
        skip_hash_check: false,
    };
    let file = Bytes::from(file);
    let started = Instant::now();
    restore(&file, &flags).expect("our own snapshot");
    row("restore", ms(started), mode);
    let stopped = ours.stop();
    for (what, files) in [("restart after SIGTERM", stopped), ("restart after SIGKILL", killed)] {
        let started = Instant::now();
        let mut again = Solo::launch(Solo::config(Profile::V3_4), files);
        again.lead();
        row(what, ms(started), mode);
    }
}

async fn real(program: &Path, dir: &Path) {
    let data = dir.join("data");
    let member = RealMember::start(program, "m1", &data, &[]).await.expect("etcd starts");
    let connection = Connection::open(member.endpoint()).await.expect("a member that answers");
    let tasks = tokio::task::LocalSet::new();
    for lane in 0..100u64 {
        let connection = connection.clone();
        tasks.spawn_local(async move {
            for number in 0..KEYS / 100 {
                let request = put(lane * (KEYS / 100) + number);
                connection.call(method::kv::PUT, &Metadata::default(), &request).await.expect("OK");
            }
        });
    }
    tasks.await;
    let mode = "real etcd and etcdctl, started and waited for, tmpfs";
    let etcdctl = program.with_file_name("etcdctl");
    let file = dir.join("s.db");
    let run = |words: &[&str]| {
        let output = Command::new(&etcdctl).env("ETCDCTL_API", "3").args(words).output();
        assert!(output.is_ok_and(|output| output.status.success()), "etcdctl {words:?}");
    };
    let path = file.to_string_lossy().into_owned();
    let started = Instant::now();
    run(&["--endpoints", member.endpoint(), "snapshot", "save", &path]);
    row("snapshot of 100,000 keys", ms(started), mode);
    row("its size", mb(std::fs::metadata(&file).map_or(0, |file| file.len() as usize)), mode);
    let to = dir.join("restored").to_string_lossy().into_owned();
    let started = Instant::now();
    run(&["snapshot", "restore", &path, "--data-dir", &to]);
    row("restore", ms(started), mode);
    member.stop().expect("it ends");
    let started = Instant::now();
    let member = RealMember::start(program, "m1", &data, &[]).await.expect("etcd starts");
    row("restart after SIGTERM", ms(started), mode);
    member.kill();
    let started = Instant::now();
    let member = RealMember::start(program, "m1", &data, &[]).await.expect("etcd starts");
    row("restart after SIGKILL", ms(started), mode);
    drop(member);
}
