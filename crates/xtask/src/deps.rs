//! Licences, bans and sources of everything that the workspace is built from.
//!
//! `deny.toml` says the same for those who have cargo-deny; a test keeps the two equal.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{cargo, output};
use crate::toolchain::TARGET;

/// Licences that may be part of the project, by SPDX id.
pub const LICENCES: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Crates that bring C or assembly code, or the system's own libraries.
pub const BANNED: [&str; 5] = ["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl-sys", "ring"];

/// Known advisories that are accepted: id, crate, reason.
pub const ADVISORIES: [(&str, &str, &str); 2] = [
    (
        "RUSTSEC-2024-0437",
        "protobuf",
        "protobuf 2 recurses on hostile input; raft 0.7 needs it, and its peers are our own members",
    ),
    (
        "RUSTSEC-2025-0141",
        "bincode",
        "unmaintained; comes with yew 0.23 through gloo-worker, which the page does not use",
    ),
];

const CRATES_IO: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

/// `-sys` crates that are bindings to the browser and hold no C.
const BROWSER_SYS: [&str; 2] = ["js-sys", "web-sys"];

/// Checks the whole dependency graph and the graphs of the two wasm modules.
///
/// # Errors
/// Lists every finding.
pub fn check(root: &Path) -> Result<()> {
    let text = output(cargo(root).args(["metadata", "--format-version=1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("metadata without packages")?;
    let mut findings: Vec<String> = packages.iter().flat_map(package_findings).collect();
    for package in ["worker", "console", "ui"] {
        findings.extend(wasm_findings(package, &wasm_graph(root, package)?));
    }
    if !findings.is_empty() {
        bail!("{} findings:\n  {}", findings.len(), findings.join("\n  "));
    }
    let outside = packages.iter().filter(|package| !package["source"].is_null()).count();
    println!("   {outside} crates from crates.io: licences, sources and bans are in order");
    for (id, name, reason) in ADVISORIES {
        if packages.iter().any(|package| package["name"] == name) {
            println!("   accepted advisory {id} ({name}): {reason}");
        }
    }
    Ok(())
}

fn package_findings(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or("?");
    let title = format!("{name} {}", package["version"].as_str().unwrap_or("?"));
    let mut found = Vec::new();
    match package["source"].as_str() {
        Some(source) if !CRATES_IO.contains(&source) => {
            found.push(format!("{title} comes from {source}, not from crates.io"));
        }
        _ => {}
    }
    match package["license"].as_str() {
        Some(licence) if !is_allowed(licence) => {
            found.push(format!("{title} has the licence {licence}"));
        }
        None => found.push(format!("{title} names no licence")),
        _ => {}
    }
    if BANNED.contains(&name) {
        found.push(format!("{title} is banned"));
    }
    found
}

/// Names of everything that ends in a wasm module, with the features of that module alone.
fn wasm_graph(root: &Path, package: &str) -> Result<BTreeSet<String>> {
    let mut command = cargo(root);
    command.args(["tree", "--locked", "--package", package, "--target", TARGET]);
    command.args(["--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let lines = output(&mut command)?;
    Ok(lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

fn wasm_findings(package: &str, graph: &BTreeSet<String>) -> Vec<String> {
    let foreign = |name: &&String| name.ends_with("-sys") && !BROWSER_SYS.contains(&name.as_str());
    let found = graph.iter().filter(foreign);
    found.map(|name| format!("{name} brings foreign code into the module of {package}")).collect()
}

/// Whether a choice that an SPDX expression offers is made of allowed licences only.
fn is_allowed(expression: &str) -> bool {
    // `/` is the old way to write OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (verdict, rest) = any_of(&words);
    verdict && rest.is_empty()
}

fn any_of<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut verdict, mut rest) = all_of(words);
    while let ["OR", more @ ..] = rest {
        let (next, after) = all_of(more);
        verdict |= next;
        rest = after;
    }
    (verdict, rest)
}

fn all_of<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut verdict, mut rest) = one(words);
    while let ["AND", more @ ..] = rest {
        let (next, after) = one(more);
        verdict &= next;
        rest = after;
    }
    (verdict, rest)
}

fn one<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inner @ ..] => match any_of(inner) {
            (verdict, [")", rest @ ..]) => (verdict, rest),
            (_, rest) => (false, rest),
        },
        [id, "WITH", exception, rest @ ..] => {
            let id = format!("{id} WITH {exception}");
            (LICENCES.contains(&id.as_str()), rest)
        }
        [id, rest @ ..] => (LICENCES.contains(id), rest),
        [] => (false, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_expression_needs_one_allowed_choice() {
        for (expression, allowed) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 WITH LLVM-exception OR MPL-2.0", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("MPL-2.0", false),
            ("MIT AND GPL-3.0", false),
            ("MPL-2.0 OR (MIT AND GPL-3.0)", false),
            ("GPL-3.0 OR LGPL-2.1", false),
            ("Apache-2.0 WITH Something-else", false),
            ("(MIT", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression), allowed, "{expression}");
        }
    }

    #[test]
    fn sources_bans_and_missing_licences_are_found() {
        let package = |name: &str, licence: Option<&str>, source: &str| {
            let value = serde_json::json!({
                "name": name, "version": "1.0.0", "license": licence, "source": source,
            });
            package_findings(&value).len()
        };
        assert_eq!(package("a", Some("MIT"), CRATES_IO[0]), 0);
        assert_eq!(package("a", None, CRATES_IO[0]), 1);
        assert_eq!(package("a", Some("MIT"), "git+https://example.org/a"), 1);
        assert_eq!(package("ring", Some("MIT"), CRATES_IO[0]), 1);
        let graph = ["js-sys", "web-sys", "zstd-sys"].map(str::to_owned).into();
        assert_eq!(wasm_findings("worker", &graph).len(), 1);
    }

    #[test]
    fn deny_toml_says_the_same() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let text = std::fs::read_to_string(root.join("deny.toml")).unwrap();
        let list = |after: &str, key: &str| -> BTreeSet<String> {
            let section = text.split(after).nth(1).expect(after);
            let body = section.split(key).nth(1).expect(key).split("\n]").next().unwrap();
            let lines = body.lines().filter_map(|line| line.split('"').nth(1));
            lines.map(str::to_owned).collect()
        };
        let names = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        assert_eq!(list("[licenses]", "allow = ["), names(&LICENCES));
        assert_eq!(list("[bans]", "deny = ["), names(&BANNED));
        let ids: Vec<&str> = ADVISORIES.iter().map(|(id, ..)| *id).collect();
        assert_eq!(list("[advisories]", "ignore = ["), names(&ids));
    }
}
