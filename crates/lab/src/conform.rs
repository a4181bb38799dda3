//! Replays a recording of real etcd in a lab of its own and compares every line.
//!
//! A case starts as its recording did: members healthy, store at revision 1, m1 leading, one empty
//! working directory, and one shell for all its commands.

use shell::transcript::{self, Case};

use crate::{InProcess, Lab, Micros, SessionOptions};

/// A command may take this much virtual time.
const COMMAND_US_MAX: Micros = 600_000_000;
/// `warm: true`: etcd refuses membership changes before its peers were connected for 5 s.
const WARM_US: Micros = 6_000_000;
/// Seeds to look through for one whose first leader is m1.
const SEEDS_MAX: u64 = 1000;

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseOutcome {
    Passed,
    /// A diff for each command that answered otherwise.
    Failed(Vec<String>),
    /// The lab has no such thing yet.
    CannotRun(String),
}

/// Runs one recording (the text of a `.trycmd` file).
pub fn run_case(text: &str, profile: &str) -> CaseOutcome {
    let case = match transcript::parse(text) {
        Ok(case) => case,
        Err(error) => return CaseOutcome::CannotRun(format!("not a recording: {error}")),
    };
    let mut session = match prepare(&case, profile) {
        Ok(session) => session,
        Err(reason) => return CaseOutcome::CannotRun(reason),
    };
    let mut diffs = Vec::new();
    for step in &case.steps {
        let until = session.lab().now() + COMMAND_US_MAX;
        let cwd = session.lab_mut().client_mut().cwd();
        match session.exec(&step.command, until) {
            Some((status, output)) => {
                diffs.extend(transcript::compare(step, status, &output, &cwd));
            }
            None => {
                let seconds = COMMAND_US_MAX / 1_000_000;
                let text = format!("line {}: $ {}", step.line, step.command);
                diffs.push(format!("{text}\n+did not end within {seconds} virtual seconds\n"));
                return CaseOutcome::Failed(diffs);
            }
        }
    }
    if diffs.is_empty() { CaseOutcome::Passed } else { CaseOutcome::Failed(diffs) }
}

/// A session as the case's header wants it.
fn prepare(case: &Case, profile: &str) -> Result<InProcess, String> {
    for (key, value) in &case.header {
        let known = matches!(key.as_str(), "title" | "members" | "warm" | "mask");
        if !known && value != "false" {
            return Err(format!("'{key}: {value}' is not in this lab yet"));
        }
    }
    let members = case.header.get("members").map_or(Ok(1), |text| text.parse::<u32>());
    let members = members.map_err(|_| "'members' is not a number".to_string())?;
    for seed in 1..=SEEDS_MAX {
        let options = SessionOptions { seed, members, profile: profile.to_string() };
        let mut session = InProcess::new(Lab::new(options)?);
        session.run_to_first_leader(60_000_000)?;
        if session.lab().world().leader() != Some(0) {
            continue;
        }
        let now = session.lab().now();
        let warm = case.header.get("warm").is_some_and(|value| value == "true");
        session.run_until(now + if warm { WARM_US } else { 1_000_000 });
        return Ok(session);
    }
    Err(format!("no seed up to {SEEDS_MAX} makes m1 the first leader"))
}
