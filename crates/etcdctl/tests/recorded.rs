//! The recorded sessions with real etcd 3.4.23 and 3.5.1, as far as they need no shell: every plain
//! `etcdctl` line, alone, in simple pipes or with a here-document, must give the recorded output and
//! status.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files
#![allow(clippy::unwrap_used)]

mod cluster;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cluster::Member;
use etcdctl::memory::Memory;
use proto::Profile;

const CASES: &[&str] = &[
    "v3-auth/enable-disable",
    "v3-auth/errors",
    "v3-auth/users-roles",
    "v3-cluster/member-errors",
    "v3-cluster/member-list",
    "v3-kv/del",
    "v3-kv/get-order-limit",
    "v3-kv/get-ranges",
    "v3-kv/get-rev-count",
    "v3-kv/output-formats",
    "v3-kv/put-flags",
    "v3-kv/put-get-basic",
    "v3-kv/usage-errors",
    "v3-kv/versions-and-revisions",
    "v3-lease/errors-formats",
    "v3-lease/lifecycle",
    "v3-maint/compaction",
    "v3-maint/defrag",
    "v3-maint/endpoint",
    "v3-misc/connection-errors",
    "v3-misc/env-and-flags",
    "v3-misc/unknown-commands",
    "v3-txn/basics",
    "v3-txn/compare-targets",
    "v3-txn/errors",
    "v3-txn/interactive",
    "v3-txn/operations",
    "v3-watch/errors",
    "v3-watch/history",
];

fn corpus(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance").join(name);
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: the conformance corpus is not beside the workspace");
    None
}

#[test]
fn plain_lines_of_the_recordings_give_the_recorded_output() {
    for (profile, name) in [(Profile::V3_4, "public"), (Profile::V3_5, "public-3.5")] {
        let Some(root) = corpus(name) else { return };
        let (mut ran, mut all) = (0, 0);
        let mut failures = Vec::new();
        for case in CASES {
            let text = fs::read_to_string(root.join(format!("{case}.trycmd"))).unwrap();
            let mut console = Console::new(profile, &text);
            for step in steps(&text) {
                all += 1;
                let Some((code, output)) = console.play(&step) else { continue };
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
        println!("{name}: {ran} of {all} lines ran, {} differ", failures.len());
        assert!(failures.is_empty(), "{} differ\n\n{}", failures.len(), failures.join("\n---\n"));
        assert!(ran > 550, "only {ran} lines were found");
    }
}

struct Step {
    line: String,
    /// What the here-document holds, or further lines of the command.
    more: String,
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
            let line = command.to_string();
            steps.push(Step { line, more: String::new(), code: 0, output: String::new() });
        } else if let Some(step) = steps.last_mut() {
            let begins = step.output.is_empty();
            if let Some(code) = line.strip_prefix("? ").filter(|_| begins) {
                step.code = code.parse().unwrap();
            } else if let Some(more) = line.strip_prefix('>').filter(|_| begins) {
                step.more.extend([more.strip_prefix(' ').unwrap_or(more), "\n"]);
            } else {
                step.output.extend([line, "\n"]);
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

/// A very small part of a shell, with a scripted cluster behind it.
struct Console {
    profile: Profile,
    member: Member,
    exported: Vec<(String, String)>,
    variables: BTreeMap<String, String>,
}

impl Console {
    fn new(profile: Profile, case: &str) -> Self {
        let three = case.contains("<!-- members: 3 -->");
        let mut member = if three { Member::three() } else { Member::new() };
        member.profile = profile;
        Console { profile, member, exported: Vec::new(), variables: BTreeMap::new() }
    }

    /// Runs a line that is within reach; `None` for one that needs a shell.
    fn play(&mut self, step: &Step) -> Option<(i32, String)> {
        let line = &step.line;
        if line.starts_with("for ") && line.contains('(') {
            return None;
        }
        let mut output = String::new();
        let mut last = 0;
        // What is within reach of a line runs in any case: later lines rest on it.
        let mut whole = true;
        for command in unroll(line) {
            if let Some(assignment) = command.strip_prefix("export ") {
                self.exported.extend(split(assignment).map(|(env, _)| env).unwrap_or_default());
            } else if command.starts_with("unset ") {
                self.exported.clear();
            } else if command == "echo \"status $?\"" {
                output.push_str(&format!("status {last}\n"));
                last = 0;
            } else if let Some((name, inner)) = substitution(&command) {
                match self.pipeline(inner, "") {
                    Some((_, text)) => {
                        self.variables.insert(name.to_string(), text.trim_end().to_string());
                    }
                    None => whole = false,
                }
            } else if let Some((code, text)) = self.pipeline(&command, &step.more) {
                last = code;
                output.push_str(&text);
            } else {
                whole = false;
            }
        }
        whole.then_some((last, output))
    }

    /// `[FEEDER |] etcdctl ... [redirections] [| filter ...]`.
    fn pipeline(&self, command: &str, more: &str) -> Option<(i32, String)> {
        let mut command = command.to_string();
        for (name, value) in &self.variables {
            command = command.replace(&format!("${name}"), value);
        }
        let mut parts = command.split(" | ");
        let mut first = parts.next()?;
        let mut stdin = String::new();
        if first.starts_with("printf ") || first.starts_with("echo ") {
            stdin = feed(first)?;
            first = parts.next()?;
        }
        if let Some(before) = first.strip_suffix(" <<E") {
            stdin = more.strip_suffix("E\n")?.to_string();
            first = before;
        } else if !more.is_empty() {
            return None;
        }
        let (first, stderr) = without(first, " 2>&1");
        let (first, quiet) = without(&first, " >/dev/null");
        let (first, muted) = without(&first, " 2>/dev/null");
        let (first, _) = without(&first, " </dev/null");
        let (env, mut words) = split(&first)?;
        let limit_us = match words.first().map(String::as_str) {
            Some("timeout") => {
                let seconds: u64 = words[1].parse().ok()?;
                words.drain(..2);
                seconds * 1_000_000
            }
            _ => u64::MAX,
        };
        if words.first().map(String::as_str) != Some("etcdctl")
            || words.iter().any(|word| ["snapshot", "check"].contains(&word.as_str()))
        {
            return None;
        }
        let (code, text, stdout) = self.etcdctl(env, &words[1..], &stdin, limit_us);
        let filters: Vec<&str> = parts.collect();
        let piped = !filters.is_empty();
        if piped && !stderr && !muted && text != stdout {
            // The terminal shows both, and the last filter's status may be its own.
            return None;
        }
        let mut kept = match (quiet, muted || (piped && !stderr)) {
            (true, _) => String::new(),
            (false, true) => stdout,
            (false, false) => text,
        };
        for filter in &filters {
            kept = filtered(&kept, filter)?;
        }
        Some((if piped { 0 } else { code }, kept))
    }

    /// The tool's status, what a terminal would show, and standard output alone.
    fn etcdctl(
        &self,
        env: Vec<(String, String)>,
        words: &[String],
        stdin: &str,
        limit_us: u64,
    ) -> (i32, String, String) {
        let mut system = Memory::serving(|call| self.member.serve_call(call))
            .streaming(|_, call, heard| self.member.stream(call, heard));
        system.profile = self.profile;
        system.env = [self.exported.clone(), env].concat();
        system.stdin.replace(stdin.as_bytes().to_vec());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let code = system.run_until(&words, limit_us).unwrap_or(124);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (code, text(&system.terminal.borrow()), text(&system.stdout.borrow()))
    }
}

/// `NAME=$(COMMAND)`.
fn substitution(command: &str) -> Option<(&str, &str)> {
    let (name, rest) = command.split_once("=$(")?;
    name.chars().all(|c| c.is_ascii_uppercase()).then_some(())?;
    Some((name, rest.strip_suffix(')')?))
}

/// What `printf` of one word or `echo` writes.
fn feed(command: &str) -> Option<String> {
    let (name, text) = command.split_once(' ')?;
    let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let double = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = match (quoted, double) {
        (Some(text), _) => text.to_string(),
        (_, Some(text)) => text.replace("\\\"", "\""),
        _ => text.to_string(),
    };
    match name {
        "echo" => Some(text + "\n"),
        _ if text.contains('%') => None,
        _ => Some(text.replace("\\n", "\n")),
    }
}

fn without(command: &str, ending: &str) -> (String, bool) {
    match command.contains(ending) {
        true => (command.replacen(ending, "", 1), true),
        false => (command.to_string(), false),
    }
}

/// The few filters that can be had in a line.
fn filtered(text: &str, filter: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let words: Vec<&str> = filter.split(' ').collect();
    match words[..] {
        ["wc", "-l"] => return Some(format!("{}\n", lines.len())),
        ["sort"] => lines.sort_unstable(),
        ["grep", "-v", "'^{'"] => lines.retain(|line| !line.starts_with('{')),
        ["grep", word] if word.chars().all(char::is_alphanumeric) => {
            lines.retain(|line| line.contains(word));
        }
        ["awk", "'{print", "$2}'"] => {
            let second = |line: &&str| line.split_whitespace().nth(1).map(str::to_string);
            return Some(lines.iter().filter_map(second).map(|word| word + "\n").collect());
        }
        ["head", count] => lines.truncate(count.strip_prefix('-')?.parse().ok()?),
        ["tail", count] => {
            let count: usize = count.strip_prefix('-')?.parse().ok()?;
            lines.drain(..lines.len().saturating_sub(count));
        }
        _ => return None,
    }
    Some(lines.iter().flat_map(|line| [line, "\n"]).collect())
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
