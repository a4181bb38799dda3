//! Rules of the pure crates: a run is its seed and its inputs, so nothing else may reach them.
//!
//! No clock, thread, ambient randomness, file, socket, process, terminal or DOM; no map whose order
//! differs from run to run; no floating point, which differs from machine to machine, but for display.
//! Tests of a pure crate may read files and clocks.

use super::Source;
use super::mask::mask_without_tests;

/// Crates whose outputs are a function of their inputs.
pub const PURE: [&str; 17] = [
    "proto", "bolt", "pki", "wal", "mvcc", "v2store", "auth", "history", "member", "cluster",
    "frame", "etcdctl", "shell", "lab", "scene", "judge", "drills",
];

/// Words that no pure crate says, and what each would let in.
const BANNED: &[(&str, &str)] = &[
    ("Instant", "a clock"),
    ("SystemTime", "a clock"),
    ("std::thread", "a thread"),
    ("thread_local", "state outside the actor"),
    ("thread_rng", "ambient randomness"),
    ("getrandom", "ambient randomness"),
    ("OsRng", "ambient randomness"),
    ("from_entropy", "ambient randomness"),
    ("SmallRng", "a generator that differs between 32 and 64 bits"),
    ("HashMap", "an order that differs from run to run: use BTreeMap"),
    ("HashSet", "an order that differs from run to run: use BTreeSet"),
    ("std::fs", "a file"),
    ("std::net", "a socket"),
    ("std::process", "a process"),
    ("std::env", "the environment"),
    ("println", "the terminal"),
    ("eprintln", "the terminal"),
    ("web_sys", "the DOM"),
    ("js_sys", "JavaScript"),
    ("wasm_bindgen", "JavaScript"),
    ("tokio", "an executor from outside"),
];

/// Modules of std that must not hide in `use std::{fs, ..}` either.
const BANNED_STD: [&str; 6] = ["env", "fs", "net", "os", "process", "thread"];

/// Where numbers with a point may stand, each with its reason.
const FLOATS: &[(&str, &str)] = &[
    ("crates/scene/src/", "places on the screen: display only"),
    ("crates/shell/src/builtins/echo.rs", "printf's %f and %e: display only"),
    ("crates/shell/src/tools/awk/", "awk's numbers are doubles; IEEE sums are the same everywhere"),
    ("crates/shell/src/tools/jq.rs", "jq's numbers are doubles; native only"),
];

/// Findings in one file; none when its crate is not pure.
pub fn findings(source: &Source) -> Vec<String> {
    let ours = PURE.iter().any(|name| source.path.starts_with(&format!("crates/{name}/src/")));
    let tests = source.path.ends_with("/tests.rs")
        || source.path.ends_with("_tests.rs")
        || source.path.contains("/tests/");
    if !ours || tests || !source.is_rust() || source.is_generated() {
        return Vec::new();
    }
    let floats = FLOATS.iter().any(|(prefix, _)| source.path.starts_with(prefix));
    let code = mask_without_tests(&source.text);
    let mut found = grouped_imports(&source.path, &code);
    for (number, line) in code.lines().enumerate() {
        let mut add = |what: &str| found.push(format!("{}:{}: {what}", source.path, number + 1));
        for (word, what) in BANNED {
            if has_word(line, word) {
                add(&format!("{word} in a pure crate lets in {what}"));
            }
        }
        if !floats && has_float(line) {
            add("floating point in a pure crate; for display alone, list the file in tidy::pure");
        }
    }
    found
}

/// `use std::{collections::BTreeMap, fs}`, over however many lines.
fn grouped_imports(path: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("std::{") {
        let rest = &code[at + 6..];
        let group = rest.split(';').next().unwrap_or("");
        for name in BANNED_STD.iter().filter(|name| has_word(group, name)) {
            let number = code[..at].matches('\n').count() + 1;
            found.push(format!("{path}:{number}: std::{name} in a pure crate"));
        }
    }
    found
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in `line` with no letter before or after it.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_word_part) && !line[at + word.len()..].starts_with(is_word_part)
    })
}

/// `f32`, `f64`, or a literal such as `0.5`; not `tuple.0.1` and not `0..5`.
fn has_float(line: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    let literal = line.match_indices('.').any(|(at, _)| {
        let whole = line[..at].trim_end_matches(|c| digit(c) || c == '_');
        let starts = whole.len() < at && !whole.ends_with(is_word_part) && !whole.ends_with('.');
        starts && line[at + 1..].starts_with(digit)
    });
    literal || has_word(line, "f32") || has_word(line, "f64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        findings(&Source { path: path.into(), text: text.into() }).len()
    }

    #[test]
    fn each_way_out_is_closed_in_pure_crates_only() {
        for text in [
            "use std::time::Instant;",
            "let t = SystemTime::now();",
            "std::thread::spawn(f);",
            "rand::thread_rng()",
            "getrandom::getrandom(&mut b)",
            "use std::collections::HashMap;",
            "let s = HashSet::new();",
            "std::fs::read(p)",
            "use std::{\n    collections::BTreeMap,\n    net,\n};",
            "println!(\"x\")",
            "web_sys::window()",
            "let x: f64 = y;",
            "let x = 0.5;",
        ] {
            assert_eq!(count("crates/member/src/a.rs", text), 1, "{text}");
            assert_eq!(count("crates/cli/src/a.rs", text), 0, "{text}");
            let in_tests = format!("fn f() {{}}\n\n#[cfg(test)]\nmod tests {{\n{text}\n}}\n");
            assert_eq!(count("crates/member/src/a.rs", &in_tests), 0, "{text}");
        }
    }

    #[test]
    fn what_only_looks_alike_passes() {
        for text in [
            "// Instant::now() would be a clock",
            "let s = \"std::fs\";",
            "struct InstantReply;",
            "a.0.1 + b.1.0",
            "for i in 0..5 {}",
            "use std::{collections::BTreeMap, fmt};",
            "let f64_bytes = 1;",
        ] {
            assert_eq!(count("crates/member/src/a.rs", text), 0, "{text}");
        }
        assert_eq!(count("crates/scene/src/a.rs", "let x: f64 = 0.5;"), 0);
    }
}
