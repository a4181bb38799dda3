//! The page's cheat sheet (`web/cheats.tsv`) tells the truth: each of its commands for v2 and v3 is
//! run in a lab, column by column from top to bottom, and must succeed.

use lab::{InProcess, Lab, Micros, SessionOptions};

const SHEET: &str = include_str!("../../../web/cheats.tsv");
const SECOND: Micros = 1_000_000;
/// A command may take this much virtual time.
const COMMAND_US_MAX: Micros = 120 * SECOND;
/// What waits for something is left waiting for so long, and then gets Ctrl-C.
const WAIT_US: Micros = 2 * SECOND;

/// Commands that go on until somebody ends them: running on is their success.
const WAITING: [&str; 11] = [
    "etcdctl watch /name",
    "etcdctl watch --recursive --forever /",
    "etcdctl exec-watch /name -- sh -c 'echo changed'",
    "etcdctl watch name",
    "etcdctl watch \"\" --prefix",
    "etcdctl watch name --rev=2",
    "etcdctl watch name -- echo changed",
    "etcdctl lock mutex",
    "etcdctl elect chief me",
    "etcdctl watch --after-index 1 /name",
    "etcd --data-dir v2-backup --force-new-cluster --listen-client-urls http://127.0.0.1:52379 --advertise-client-urls http://127.0.0.1:52379 --listen-peer-urls http://127.0.0.1:52380",
];

/// Commands that cannot be run here yet, each with its reason.
const SKIPPED: [(&str, &str); 2] = [
    ("etcdctl txn -i", "programs read no terminal yet"),
    ("etcdctl check perf --load=s", "check is not in the lab yet"),
];

/// A session whose members have been connected for long enough to change the membership.
fn session() -> InProcess {
    let options = SessionOptions { v2: true, ..SessionOptions::default() };
    let mut session = InProcess::new(Lab::new(options).expect("sound options"));
    session.run_to_first_leader(60 * SECOND).expect("a leader");
    let until = session.lab().now() + 6 * SECOND;
    session.run_until(until);
    session
}

/// Commands of a column (0 for v2, 1 for v3, 2 for etcdutl), from top to bottom.
fn commands(column: usize) -> Vec<&'static str> {
    let rows = SHEET.lines().filter(|line| !line.starts_with('#'));
    let cells = rows.map(|line| line.split('\t').nth(column + 2).expect("five cells").trim());
    cells.filter(|cell| !cell.starts_with('-')).collect()
}

/// What went wrong with a command, if anything.
fn failure(session: &mut InProcess, command: &str) -> Option<String> {
    if WAITING.contains(&command) {
        let until = session.lab().now() + WAIT_US;
        let ended = session.exec(command, until);
        session.lab_mut().interrupt("client").expect("a host");
        let until = session.lab().now() + SECOND;
        session.run_until(until);
        // A watch may have found what it waited for at once.
        return ended
            .filter(|(code, _)| *code != 0)
            .map(|(code, text)| format!("exit {code}: {text}"));
    }
    let until = session.lab().now() + COMMAND_US_MAX;
    match session.exec(command, until) {
        Some((0, _)) => None,
        Some((code, output)) => Some(format!("exit {code}: {output}")),
        None => Some("it does not end".to_string()),
    }
}

fn run_column(column: usize, preparation: &[&str]) {
    let mut session = session();
    for line in preparation {
        assert_eq!(failure(&mut session, line), None, "{line}");
    }
    let mut failures = Vec::new();
    let mut count = 0;
    for command in commands(column) {
        if let Some((_, reason)) = SKIPPED.iter().find(|(skipped, _)| *skipped == command) {
            println!("skipped: {command}: {reason}");
            continue;
        }
        count += 1;
        if let Some(text) = failure(&mut session, command) {
            failures.push(format!("$ {command}\n{text}"));
        }
    }
    println!("{count} commands of column {column}");
    assert!(count >= 40, "only {count} commands: the sheet was not read");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(session.lab().world().violations(), Vec::<String>::new());
}

#[test]
fn every_command_of_v2_succeeds() {
    run_column(0, &["export ETCDCTL_API=2"]);
}

#[test]
fn every_command_of_v3_succeeds() {
    run_column(1, &[]);
}

#[test]
fn what_is_skipped_or_waits_is_in_the_sheet() {
    let all: Vec<&str> = [commands(0), commands(1)].concat();
    let named = SKIPPED.iter().map(|(command, _)| command).chain(&WAITING);
    for command in named {
        assert!(all.contains(command), "{command} is not in the sheet");
    }
}
