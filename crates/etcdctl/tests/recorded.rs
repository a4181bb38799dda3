//! The recorded sessions with real etcd 3.4.23, as far as they need no shell: every plain `etcdctl`
//! line of the cases about keys and endpoints must give the recorded output and status.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files
#![allow(clippy::unwrap_used)]

mod cluster;

use std::fs;
use std::path::{Path, PathBuf};

use cluster::Member;
use etcdctl::memory::Memory;

const CASES: &[&str] = &[
    "v3-kv/del",
    "v3-kv/get-order-limit",
    "v3-kv/get-ranges",
    "v3-kv/get-rev-count",
    "v3-kv/output-formats",
    "v3-kv/put-flags",
    "v3-kv/put-get-basic",
    "v3-kv/usage-errors",
    "v3-kv/versions-and-revisions",
    "v3-cluster/member-list",
    "v3-maint/endpoint",
    "v3-misc/connection-errors",
    "v3-misc/env-and-flags",
    "v3-misc/unknown-commands",
];

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/public");
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: the conformance corpus is not beside the workspace");
    None
}

#[test]
fn plain_lines_of_the_recordings_give_the_recorded_output() {
    let Some(root) = corpus() else { return };
    let mut ran = 0;
    let mut failures = Vec::new();
    for case in CASES {
        let text = fs::read_to_string(root.join(format!("{case}.trycmd"))).unwrap();
        let three = text.contains("<!-- members: 3 -->");
        let member = if three { Member::three() } else { Member::new() };
        let mut exported = Vec::new();
        for step in steps(&text) {
            for line in unroll(&step.line) {
                if let Some(assignment) = line.strip_prefix("export ") {
                    exported.extend(split(assignment).map(|(env, _)| env).unwrap_or_default());
                } else if line.starts_with("unset ") {
                    exported.clear();
                }
            }
            let Some((code, output)) = play(&member, &exported, &step.line) else { continue };
            ran += 1;
            if code != step.code || !matches(&step.output, &output) {
                let shown = format!(
                    "{case}: $ {}\nexpected {}:\n{}\ngot {code}:\n{output}",
                    step.line, step.code, step.output
                );
                failures.push(shown);
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {ran} differ\n\n{}",
        failures.len(),
        failures.join("\n---\n")
    );
    assert!(ran > 200, "only {ran} lines were found");
}

struct Step {
    line: String,
    code: i32,
    output: String,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if !inside {
            continue;
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: command.to_string(), code: 0, output: String::new() });
        } else if let Some(step) = steps.last_mut() {
            match line.strip_prefix("? ").filter(|_| step.output.is_empty()) {
                Some(code) => step.code = code.parse().unwrap(),
                None => step.output.extend([line, "\n"]),
            }
        }
    }
    for step in &mut steps {
        // One empty line ends each output.
        step.output.pop();
    }
    steps
}

/// The commands of a line: `a; b` and `for x in ...; do ...; done` over plain words.
fn unroll(line: &str) -> Vec<String> {
    if let Some(rest) = line.strip_prefix("for ") {
        let (head, body) = rest.split_once("; do ").unwrap();
        let (name, words) = head.split_once(" in ").unwrap();
        let body = body.strip_suffix("; done").unwrap();
        return words.split(' ').map(|word| body.replace(&format!("${name}"), word)).collect();
    }
    line.split("; ").flat_map(|part| part.split(" && ")).map(str::to_string).collect()
}

/// Runs a line that is within reach; `None` for one that needs a shell.
fn play(member: &Member, exported: &[(String, String)], line: &str) -> Option<(i32, String)> {
    if line.starts_with("for ") && line.contains('(') {
        return None;
    }
    let mut output = String::new();
    let mut last = 0;
    for command in unroll(line) {
        let (command, filter) = match command.split_once(" 2>&1") {
            Some((command, filter)) => (command.to_string(), filter.trim().to_string()),
            None => (command, String::new()),
        };
        if command == "echo \"status $?\"" {
            output.push_str(&format!("status {last}\n"));
            last = 0;
            continue;
        }
        let quiet = command.ends_with(" >/dev/null");
        let (env, words) = split(command.strip_suffix(" >/dev/null").unwrap_or(&command))?;
        if words.first().map(String::as_str) != Some("etcdctl")
            || words.iter().any(|word| later(word))
        {
            return None;
        }
        let (code, text) = etcdctl(member, exported, env, &words[1..]);
        let lines: Vec<&str> = text.lines().collect();
        let number = |flag: &str| filter.strip_prefix(flag).map(|n| n.parse::<usize>().unwrap());
        let kept = match (filter.as_str(), number("| head -"), number("| tail -")) {
            ("", ..) => &lines[..],
            (_, Some(n), _) => &lines[..n.min(lines.len())],
            (_, _, Some(n)) => &lines[lines.len().saturating_sub(n)..],
            _ => return None,
        };
        last = if filter.is_empty() { code } else { 0 };
        if !quiet {
            output.extend(kept.iter().flat_map(|line| [line, "\n"]));
        }
    }
    Some((last, output))
}

/// Commands that the tool does not have yet.
fn later(word: &str) -> bool {
    ["lease", "leased", "snapshot", "check", "watc"].contains(&word)
}

/// The tool's status and what a terminal would show.
fn etcdctl(
    member: &Member,
    exported: &[(String, String)],
    env: Vec<(String, String)>,
    words: &[String],
) -> (i32, String) {
    let mut system =
        Memory::new(|_, address, method, request| member.serve(address, method, request));
    system.env = [exported.to_vec(), env].concat();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let code = system.run(&words).expect("every command of these cases ends");
    let text = String::from_utf8_lossy(&system.terminal.borrow()).into_owned();
    (code, text)
}

/// Assignments in front and words, with quotes resolved; `None` if a shell is needed.
#[allow(clippy::type_complexity)]
fn split(line: &str) -> Option<(Vec<(String, String)>, Vec<String>)> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                let text: String = characters.by_ref().take_while(|c| *c != character).collect();
                word.get_or_insert_default().push_str(&text);
            }
            '|' | '&' | '>' | '<' | '$' | '(' | ';' | '!' | '`' => return None,
            ' ' => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    let is_assignment = |word: &String| {
        word.split_once('=').is_some_and(|(name, _)| {
            name.chars().all(|c| c.is_ascii_uppercase() || c == '_') && !name.is_empty()
        })
    };
    let count = words.iter().take_while(|word| is_assignment(word)).count();
    let rest = words.split_off(count);
    let pair = |word: String| {
        word.split_once('=').map(|(name, value)| (name.to_string(), value.to_string()))
    };
    Some((words.into_iter().filter_map(pair).collect(), rest))
}

/// Lines equal, `[..]` standing for anything.
fn matches(expected: &str, actual: &str) -> bool {
    let expected: Vec<&str> = expected.trim_end_matches('\n').lines().collect();
    let actual: Vec<&str> = actual.trim_end_matches('\n').lines().collect();
    expected.len() == actual.len() && expected.iter().zip(&actual).all(|(e, a)| line_matches(e, a))
}

fn line_matches(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split("[..]");
    let Some(mut rest) = actual.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
