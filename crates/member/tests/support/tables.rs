//! Test tables by others lie beside the project, not in it.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files

use serde_json::Value;

/// The cases of a table of lines, or `None` after one line that says it is absent. Its notes are no
/// cases.
pub(crate) fn cases(name: &str) -> Option<Vec<Value>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/external/");
    let Ok(text) = std::fs::read_to_string(format!("{path}{name}")) else {
        println!("skipped: ../shared/external/{name} is not there");
        return None;
    };
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    Some(lines.filter(|case| case.get("note").is_none() && case.get("_note").is_none()).collect())
}

/// Says how a table went and fails when a case did.
pub(crate) fn settle(name: &str, cases: usize, wrong: &[String]) {
    println!("{name}: {cases} cases, {} passed, 0 known differences", cases - wrong.len());
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}
