//! What a Tab offers, in a session with keys, leases, users and files.

use frame::Completion;
use lab::{InProcess, Lab, SessionOptions};

const UNTIL_US: u64 = 60_000_000;

fn run(session: &mut InProcess, line: &str) -> String {
    let until = session.lab().now() + UNTIL_US;
    let (code, output) = session.exec(line, until).expect("it ends");
    assert_eq!(code, 0, "{line}: {output}");
    output
}

fn session() -> InProcess {
    let mut session = InProcess::new(Lab::new(SessionOptions::default()).expect("good options"));
    session.run_to_first_leader(UNTIL_US).expect("somebody leads");
    for line in [
        "etcdctl lease grant 100",
        "for n in 1 2 3 4 5 6 7 8; do etcdctl put /registry/pods/p$n x; done",
        "for n in 1 2 3 4 5 6 7 8; do etcdctl put /registry/roles/r$n x; done",
        "etcdctl put 'a key' 1; etcdctl put \"it's\" 2; etcdctl put apple 3; etcdctl put '$x' 4",
        "etcdctl user add ann:secret; etcdctl user add bob:secret; etcdctl role add reader",
        "mkdir -p dir/sub 'my files'; echo x > dir/file.txt; touch 'my files/a b'",
        "greet() { echo hi; }; export TARGET=127.0.0.1:2379",
    ] {
        run(&mut session, line);
    }
    session
}

/// The candidates' texts for a line whose cursor is where `^` stands, or else at its end.
fn complete(session: &InProcess, line: &str) -> Completion {
    let cursor = line.find('^').unwrap_or(line.len());
    session.complete(&line.replace('^', ""), cursor as u32)
}

fn texts(session: &InProcess, line: &str) -> Vec<String> {
    complete(session, line).candidates.into_iter().map(|candidate| candidate.text).collect()
}

#[test]
fn each_place_has_its_candidates() {
    let session = session();
    let mut wrong = Vec::new();
    for (line, expected) in [
        ("etcdc", &["etcdctl "][..]),
        ("gree", &["greet "]),
        ("cat x | etcdct", &["etcdctl "]),
        ("x=$(etcdct", &["etcdctl "]),
        ("true && etcdct", &["etcdctl "]),
        ("ETCDCTL_API=3 etcdct", &["etcdctl "]),
        ("ETCDCTL_AP", &["ETCDCTL_API="]),
        ("export ETCDCTL_API=", &["ETCDCTL_API=2 ", "ETCDCTL_API=3 "]),
        ("etcdctl pu", &["put "]),
        ("etcdctl pu^ later", &["put "]),
        ("etcdctl member ", &["add ", "list ", "promote ", "remove ", "update "]),
        ("etcdctl snapshot re", &["restore "]),
        ("ETCDCTL_API=2 etcdctl cluster", &["cluster-health "]),
        ("ETCDCTL_API=2 etcdctl pu", &[]),
        ("etcdctl cluster", &[]),
        ("etcdctl get --pre", &["--prefix "]),
        ("etcdctl get k --sort-by=K", &["--sort-by=KEY "]),
        ("etcdctl get k --sort-by C", &["CREATE "]),
        ("etcdctl get k -w j", &["json "]),
        ("etcdctl -w=t", &["-w=table "]),
        ("etcdctl get --consistency ", &["l ", "s "]),
        ("etcdctl get \"--limi", &["\"--limit="]),
        ("ETCDCTL_API=2 etcdctl ls --rec", &["--recursive "]),
        ("ETCDCTL_API=2 etcdctl -o ex", &["extended "]),
        (
            "etcdctl get /registry/p",
            &[
                "/registry/pods/p1 ",
                "/registry/pods/p2 ",
                "/registry/pods/p3 ",
                "/registry/pods/p4 ",
                "/registry/pods/p5 ",
                "/registry/pods/p6 ",
                "/registry/pods/p7 ",
                "/registry/pods/p8 ",
            ],
        ),
        ("etcdctl get /reg", &["/registry/"]),
        ("etcdctl get /registry/", &["/registry/pods/", "/registry/roles/"]),
        ("etcdctl put ap", &["apple "]),
        ("etcdctl get a\\ ", &["a\\ key "]),
        ("etcdctl get a\\", &["a\\ key ", "apple "]),
        ("etcdctl get 'a ", &["'a key' "]),
        ("etcdctl get \"a ", &["\"a key\" "]),
        ("etcdctl get it", &["it\\'s "]),
        ("etcdctl get 'it", &["'it'\\''s' "]),
        ("etcdctl get \\$", &["\\$x "]),
        ("etcdctl put apple ", &[]),
        ("etcdctl --endpoints=127.0.0.1:22", &["--endpoints=127.0.0.1:22379 "]),
        (
            "etcdctl --endpoints=127.0.0.1:2379,127.0.0.1:3",
            &["--endpoints=127.0.0.1:2379,127.0.0.1:32379 "],
        ),
        ("etcdctl user delete ", &["ann ", "bob "]),
        ("etcdctl user grant-role ann ", &["reader "]),
        ("etcdctl role grant-permission reader ", &["read ", "readwrite ", "write "]),
        ("etcdctl role grant-permission reader read ap", &["apple "]),
        ("cat d", &["dir/"]),
        ("cat dir/f", &["dir/file.txt "]),
        ("cat ~/dir/f", &["~/dir/file.txt "]),
        ("cat $HOME/dir/f", &["$HOME/dir/file.txt "]),
        ("cat my", &["my\\ files/"]),
        ("cat 'my files/", &["'my files/a b' "]),
        ("echo x > dir/f", &["dir/file.txt "]),
        ("cd d", &["dir/"]),
        ("cd dir/", &["dir/sub/"]),
        ("echo $TARG", &["$TARGET"]),
        ("echo ${TARG", &["${TARGET}"]),
        ("echo \"x $TARG", &["\"x $TARGET"]),
        ("etcd --initial-cluster-s", &["--initial-cluster-state="]),
        (
            "etcd --initial-cluster-state=",
            &["--initial-cluster-state=existing ", "--initial-cluster-state=new "],
        ),
        ("lab st", &["start ", "status ", "step ", "stop "]),
        ("lab kill ", &["m1 ", "m2 ", "m3 "]),
        ("lab disk m1 ", &["full ", "heal ", "rot ", "slow "]),
        ("timeout 5 etcdctl pu", &["put "]),
        ("etcdctl nosuch ", &[]),
        ("nosuch ", &[]),
        ("echo # et", &[]),
        ("echo $((et", &[]),
    ] {
        let texts = texts(&session, line);
        if texts != expected {
            wrong.push(format!("{line}: {texts:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_of_members_and_leases_come_from_the_cluster() {
    let mut session = session();
    let list = run(&mut session, "etcdctl member list");
    let mut ids: Vec<String> =
        list.lines().filter_map(|line| Some(format!("{} ", line.split_once(',')?.0))).collect();
    ids.sort();
    for line in ["etcdctl member remove ", "etcdctl member promote ", "etcdctl move-leader "] {
        assert_eq!(texts(&session, line), ids, "{line}");
    }
    let lease = run(&mut session, "etcdctl lease list");
    let lease = lease.lines().last().expect("there is one");
    for line in ["etcdctl lease revoke ", "etcdctl put k v --lease "] {
        assert_eq!(texts(&session, line), [format!("{lease} ")], "{line}");
    }
    let before = session.lab().trace_hash();
    complete(&session, "etcdctl get ");
    assert_eq!(session.lab().trace_hash(), before);
}

#[test]
fn flags_say_a_few_words_and_lists_have_a_limit() {
    let mut session = session();
    let flags = complete(&session, "etcdctl get --");
    assert!(
        flags.candidates.len() > 20 && flags.candidates.iter().all(|one| !one.about.is_empty())
    );
    assert_eq!(flags.start, 12);
    run(&mut session, "for n in $(seq 1 300); do etcdctl put many$n x; done");
    let many = complete(&session, "etcdctl get many");
    assert_eq!((many.candidates.len(), many.more), (200, true));
    run(&mut session, "lab kill m1; lab kill m2; lab kill m3");
    assert_eq!(texts(&session, "lab start "), ["m1 ", "m2 ", "m3 "]);
    assert_eq!(texts(&session, "etcdctl get many1"), Vec::<String>::new());
}

#[test]
fn each_release_has_its_own_commands() {
    for (profile, line, expected) in [
        ("3.3", "etcdctl cluster-h", &["cluster-health "][..]),
        ("3.3", "etcdctl endp", &[]),
        ("3.3", "ETCDCTL_API=3 etcdctl endp", &["endpoint "]),
        ("3.4", "etcdutl snapshot re", &[]),
        ("3.5", "etcdutl snapshot re", &["restore "]),
        ("3.5", "etcdctl auth st", &["status "]),
        ("3.4", "etcdctl auth st", &[]),
        ("3.6", "ETCDCTL_API=2 etcdctl cluster-h", &[]),
        ("3.6", "etcdctl snapshot re", &[]),
    ] {
        let options = SessionOptions { profile: profile.into(), ..SessionOptions::default() };
        let session = InProcess::new(Lab::new(options).expect("good options"));
        assert_eq!(texts(&session, line), expected, "{profile} {line}");
    }
}

#[test]
fn the_old_tree_is_completed_too() {
    let mut session = session();
    // Members serve it where etcd was told so; here it is empty, and the answer is no candidate.
    assert_eq!(texts(&session, "ETCDCTL_API=2 etcdctl get /"), Vec::<String>::new());
    run(&mut session, "export ETCDCTL_API=2");
    assert_eq!(texts(&session, "etcdctl cluster-h"), ["cluster-health "]);
}
