//! Scripts for `etcd-lab trace`: console lines, with the virtual time at which they are entered, or
//! entered as soon as the line before has ended (the first: once there is a leader).
//!
//! ```text
//! etcdctl put a 1
//! # the leader dies at five seconds
//! @5s lab kill leader
//! @8s etcdctl --endpoints=127.0.0.1:22379 get a
//! ```

use crate::{InProcess, Micros};

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptLine {
    /// None: as soon as the line before has ended.
    pub time_us: Option<Micros>,
    pub line: String,
}

/// A script, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub lines: Vec<ScriptLine>,
}

impl Script {
    /// Reads lines with or without `@TIME` before them; `#` starts a comment. The error names the
    /// line.
    pub fn parse(text: &str) -> Result<Script, String> {
        let mut lines: Vec<ScriptLine> = Vec::new();
        let mut latest_us = 0;
        for (number, raw) in (1..).zip(text.lines()) {
            let trimmed = raw.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let Some(timed) = trimmed.strip_prefix('@') else {
                lines.push(ScriptLine { time_us: None, line: trimmed.to_string() });
                continue;
            };
            let bad = || format!("line {number}: expected '@TIME COMMAND', such as '@5s lab heal'");
            let (time, line) = timed.split_once(' ').ok_or_else(bad)?;
            let time_us = parse_time_us(time).ok_or_else(bad)?;
            if time_us < latest_us {
                return Err(format!("line {number}: times must not go back"));
            }
            latest_us = time_us;
            lines.push(ScriptLine { time_us: Some(time_us), line: line.trim().to_string() });
        }
        Ok(Script { lines })
    }

    /// Runs a session with this script up to and including `until`.
    pub fn run(&self, session: &mut InProcess, until: Micros) {
        for line in &self.lines {
            match line.time_us {
                Some(time_us) if time_us > until => break,
                Some(time_us) => {
                    session.run_until(time_us.max(session.lab().now()));
                    // The one host is always there.
                    let _ = session.lab_mut().exec("client", &line.line);
                }
                None => {
                    // Without a leader the line finds out for itself.
                    let _ = session.run_to_first_leader(until);
                    session.exec(&line.line, until);
                }
            }
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
        let script =
            Script::parse("# c\n@5s lab kill leader\n\n@8000ms etcdctl put a 1\nlab status\n");
        let lines = script.expect("it is a script").lines;
        assert_eq!(
            lines[1],
            ScriptLine { time_us: Some(8_000_000), line: "etcdctl put a 1".into() }
        );
        assert_eq!(lines[2], ScriptLine { time_us: None, line: "lab status".into() });
        for bad in ["@5 lab heal", "@xs lab heal", "@5s"] {
            let error = Script::parse(bad).expect_err(bad);
            assert!(error.starts_with("line 1: expected"), "{error}");
        }
        assert_eq!(
            Script::parse("@5s a\n@4s b"),
            Err("line 2: times must not go back".to_string())
        );
    }
}
