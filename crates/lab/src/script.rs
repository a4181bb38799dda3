//! Scripts for `etcd-lab trace`: console lines with the virtual time at which they are entered.
//!
//! ```text
//! # the leader dies at five seconds and comes back at eight
//! @5s lab kill leader
//! @8s etcdctl put a 1
//! ```

use crate::{InProcess, Micros};

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptLine {
    pub time_us: Micros,
    pub line: String,
}

/// A script, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub lines: Vec<ScriptLine>,
}

impl Script {
    /// Reads `@TIME LINE` lines; `#` starts a comment. The error names the line.
    pub fn parse(text: &str) -> Result<Script, String> {
        let mut lines: Vec<ScriptLine> = Vec::new();
        for (number, raw) in (1..).zip(text.lines()) {
            let trimmed = raw.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let bad = || format!("line {number}: expected '@TIME COMMAND', such as '@5s lab heal'");
            let (time, line) =
                trimmed.strip_prefix('@').and_then(|t| t.split_once(' ')).ok_or_else(bad)?;
            let time_us = parse_time_us(time).ok_or_else(bad)?;
            if lines.last().is_some_and(|last| last.time_us > time_us) {
                return Err(format!("line {number}: times must not go back"));
            }
            lines.push(ScriptLine { time_us, line: line.trim().to_string() });
        }
        Ok(Script { lines })
    }

    /// Runs a session with this script up to and including `until`.
    pub fn run(&self, session: &mut InProcess, until: Micros) {
        for line in self.lines.iter().take_while(|line| line.time_us <= until) {
            session.run_until(line.time_us.max(session.lab().now()));
            // The one host is always there.
            let _ = session.lab_mut().exec("client", &line.line);
        }
        session.run_until(until.max(session.lab().now()));
    }
}

/// Reads `5s`, `2500ms` or `2m` as microseconds.
pub fn parse_time_us(text: &str) -> Option<Micros> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(at);
    let number: u64 = digits.parse().ok()?;
    let unit_us = match unit {
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        _ => return None,
    };
    number.checked_mul(unit_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_errors() {
        let script = Script::parse("# c\n@5s lab kill leader\n\n@8000ms etcdctl put a 1\n");
        let lines = script.expect("it is a script").lines;
        assert_eq!(lines[1], ScriptLine { time_us: 8_000_000, line: "etcdctl put a 1".into() });
        for bad in ["lab heal", "@5 lab heal", "@xs lab heal", "@5s"] {
            let error = Script::parse(bad).expect_err(bad);
            assert!(error.starts_with("line 1: expected"), "{error}");
        }
        assert_eq!(
            Script::parse("@5s a\n@4s b"),
            Err("line 2: times must not go back".to_string())
        );
    }
}
