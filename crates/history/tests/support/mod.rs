//! Test tables by others lie beside the project, not in it.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files
#![allow(dead_code, reason = "each test file takes what it needs")]

pub(crate) mod json;
pub(crate) mod naive;
pub(crate) mod simulated;

use serde_json::Value;

/// The text of a table below `external/`, or `None` after one line that says it is absent.
pub(crate) fn table(name: &str) -> Option<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/external/");
    let text = std::fs::read_to_string(format!("{path}{name}")).ok();
    if text.is_none() {
        println!("skipped: ../shared/external/{name} is not there");
    }
    text
}

/// The cases of a table of lines; its notes are no cases.
pub(crate) fn cases(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|case| case.get("_note").is_none() && case.get("note").is_none()).collect()
}
