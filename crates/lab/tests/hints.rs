//! What the teacher says after a line, each time with a good twin of the line that leaves the teacher
//! silent. The lines run in a lab session, against real answers.

use lab::{InProcess, Lab, LabEvent, SessionOptions, WorldOptions};
use member::MemberConfig;

mod hint_cases;

const UNTIL_US: u64 = 120_000_000;

/// A kind of mistake.
struct Case {
    profile: &'static str,
    members: u32,
    /// The members serve the old API.
    v2: bool,
    /// Lines that must succeed before.
    setup: &'static [&'static str],
    bad: &'static str,
    /// A part of what the teacher says.
    hint: &'static str,
    good: &'static str,
}

fn session(profile: &str, members: u32, v2: bool) -> InProcess {
    let options =
        SessionOptions { profile: profile.into(), members, v2, ..SessionOptions::default() };
    begin(Lab::new(options).expect("good options"))
}

fn begin(lab: Lab) -> InProcess {
    let mut session = InProcess::new(lab);
    session.run_to_first_leader(UNTIL_US).expect("somebody leads");
    session
}

struct Ran {
    code: i32,
    output: String,
    hints: Vec<String>,
}

fn run(session: &mut InProcess, line: &str) -> Ran {
    let until = session.lab().now() + UNTIL_US;
    let exec = session.lab_mut().exec("client", line).expect("there is a client");
    let mut hints = Vec::new();
    loop {
        for event in session.take_events() {
            match event {
                LabEvent::Hint { exec: of, text } if of == exec => hints.push(text),
                LabEvent::Done { exec: ended, code, output, .. } if ended == exec => {
                    return Ran { code, output, hints };
                }
                _ => {}
            }
        }
        assert!(session.run_window(until), "still running: {line}");
    }
}

/// Runs a case; the text says what was wrong with it.
fn check(case: &Case) -> Result<(), String> {
    let mut session = session(case.profile, case.members, case.v2);
    for line in case.setup {
        let ran = run(&mut session, line);
        if ran.code != 0 {
            return Err(format!("setup {line}: {} {}", ran.code, ran.output));
        }
    }
    // The good line first: the bad one may be what it is because of it.
    let good = run(&mut session, case.good);
    let bad = run(&mut session, case.bad);
    let told = bad.hints.len() == 1 && bad.hints[0].contains(case.hint);
    let short = bad.hints.iter().all(|hint| hint.chars().count() <= 240 && !hint.contains('\n'));
    if told && short && good.hints.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\n  {} {:?}\n  hints {:?}, wanted {:?}\n  good {:?}: {} {:?} hints {:?}",
        case.bad,
        bad.code,
        bad.output,
        bad.hints,
        case.hint,
        case.good,
        good.code,
        good.output,
        good.hints
    ))
}

fn check_all(cases: &[Case]) {
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn slips_at_the_prompt() {
    check_all(hint_cases::PROMPT);
}

#[test]
fn the_two_apis_mixed_up() {
    check_all(hint_cases::APIS);
}

#[test]
fn wrong_words_for_the_right_command() {
    check_all(hint_cases::WORDS);
}

#[test]
fn members_that_are_not_reached() {
    check_all(hint_cases::CONNECTIONS);
}

#[test]
fn refusals_of_a_member() {
    check_all(hint_cases::ANSWERS);
}

#[test]
fn refusals_of_the_old_api() {
    check_all(hint_cases::OLD_API);
}

#[test]
fn a_full_database() {
    let options = SessionOptions::default();
    let world = WorldOptions::new(options.seed);
    let flags = MemberConfig { quota_backend_bytes: 200_000, ..MemberConfig::default() };
    let mut session = begin(Lab::with_flags(options, world, flags).expect("good options"));
    let line =
        "for n in $(seq 1 9); do head -c 60000 /dev/zero | tr '\\0' x | etcdctl put k$n; done";
    let told = run(&mut session, line).hints;
    assert!(told.len() == 1 && told[0].contains("etcdctl alarm disarm"), "{told:?}");
    assert!(run(&mut session, "etcdctl get k1 --keys-only").hints.is_empty());
}

/// Failures that say enough themselves, and successes that look odd.
#[test]
fn silence_elsewhere() {
    let mut session = session("3.4", 3, false);
    for line in [
        "etcdctl put k v",
        "etcdctl get k",
        "etcdctl get nosuch",
        "etcdctl get / --prefix",
        "etcdctl get nosuch > f; cat f",
        "etcdctl put quoted '“hello”'",
        "etcdctl get quoted",
        "etcdctl put Error: 'bash: x: command not found'",
        "etcdctl get Error:",
        "false",
        "frobnicate --now",
        "cat nosuch",
        "exit 3",
        "# a remark",
        "ETCDCTL_API=3 etcdctl get k",
        "etcdctl member list; etcdctl endpoint status --cluster",
        "lab kill m1; lab start m1; lab wait m1",
        "etcdctl user add root:r",
        "etcdctl auth enable",
        "etcdctl --user root:r auth disable",
        "",
    ] {
        let ran = run(&mut session, line);
        assert!(ran.hints.is_empty(), "{line}: {:?}", ran.hints);
    }
}
