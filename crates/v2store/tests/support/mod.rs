//! Test tables by others lie beside the project, not in it.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files

use serde_json::Value;

/// The cases of a table of lines without its notes; none, after one line that says so, when the
/// table is absent.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/external/");
    let Ok(text) = std::fs::read_to_string(format!("{path}{name}")) else {
        println!("skipped: ../shared/external/{name} is not there");
        return Vec::new();
    };
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|case| case.get("name").is_some()).collect()
}
