//! What etcd's authors expect of the v2 tool on a cluster of three, read in place: each line of the
//! table is a session of its own. A member stops as `lab stop` stops it.

use std::fs;
use std::path::Path;

use lab::{InProcess, Lab, SessionOptions};
use serde_json::Value;

const COMMAND_US_MAX: u64 = 60_000_000;

fn session() -> InProcess {
    let options = SessionOptions { seed: 1, v2: true, ..SessionOptions::default() };
    let mut session = InProcess::new(Lab::new(options).expect("a session"));
    session.run_to_first_leader(60_000_000).expect("a leader");
    session.run_until(session.lab().now() + 1_000_000);
    session
}

/// Status and output of a console line.
fn exec(session: &mut InProcess, line: &str) -> (i32, String) {
    let until = session.lab().now() + COMMAND_US_MAX;
    session.exec(line, until).unwrap_or_else(|| panic!("{line} does not end"))
}

fn command(argv: &Value) -> String {
    let words = argv.as_array().expect("words").iter();
    let quoted = words.map(|word| format!("'{}'", word.as_str().expect("a word")));
    format!("ETCDCTL_API=2 etcdctl {}", quoted.collect::<Vec<_>>().join(" "))
}

/// What is wrong with an output. Each text must be in a line after the one before.
fn judge(step: &Value, code: i32, output: &str) -> Option<String> {
    let mut lines = output.lines();
    let texts = step["expect_lines_in_order"].as_array().into_iter().flatten();
    for text in texts.chain(step.get("expect_substring")).chain(step.get("line_contains")) {
        let text = text.as_str().expect("a text");
        if !lines.any(|line| line.contains(text)) {
            return Some(format!("no line with {text:?}"));
        }
    }
    let fails = step["exit_nonzero"].as_bool().unwrap_or(false);
    (fails != (code != 0)).then(|| format!("status {code}"))
}

/// Plays one case; gives the number of steps and what was wrong.
fn play(case: &Value) -> (usize, Vec<String>) {
    let mut session = session();
    let mut wrong = Vec::new();
    let steps = case["steps"].as_array().expect("steps");
    for step in steps {
        let (line, (code, output)) = if let Some(member) = step["stop_member"].as_u64() {
            let line = format!("lab stop m{}", member + 1);
            let ended = exec(&mut session, &line);
            (line, ended)
        } else if let Some(name) = step["as"].as_str() {
            let line = format!("{} > {name} 2>&1 &", command(&step["spawn"]));
            exec(&mut session, &line);
            exec(&mut session, "sleep 0.5");
            continue;
        } else if let Some(name) = step["expect"].as_str() {
            let line = format!("sleep 0.5; cat {name}");
            let ended = exec(&mut session, &line);
            (line, ended)
        } else {
            let line = command(&step["argv"]);
            let ended = exec(&mut session, &line);
            (line, ended)
        };
        if let Some(why) = judge(step, code, &output) {
            wrong.push(format!("{}: {line}: {why} in\n{output}", case["src"]));
        }
    }
    (steps.len(), wrong)
}

#[test]
fn the_v2_tool_does_what_etcd_s_own_tests_expect() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/external/etcdctl/ctl_v2_expectations.jsonl");
    let Ok(text) = fs::read_to_string(path) else {
        println!("skipped: the tables are not beside the workspace");
        return;
    };
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let (mut cases, mut steps, mut wrong) = (0, 0, Vec::new());
    for case in rows.filter(|row| row.get("steps").is_some()) {
        let (played, errors) = play(&case);
        cases += 1;
        steps += played;
        wrong.extend(errors);
    }
    println!("ctl_v2_expectations: {cases} cases, {steps} steps, {} differ", wrong.len());
    assert!(cases >= 9 && steps >= 25, "only {cases} cases, {steps} steps");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
