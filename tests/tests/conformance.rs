//! Recordings of real etcd 3.4.23, replayed in a lab of their own: every command must answer as it did.
//!
//! They lie under `tests/conformance/PROFILE/THEME/`; `known-differences.txt` names the cases that
//! differ for a reason that stays. `etcd-lab conform` runs the same code over any other recordings.

use std::fs;
use std::path::{Path, PathBuf};

use lab::{CaseOutcome, run_case};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// The recordings of a profile, as `THEME/NAME` and text, in order.
fn recordings(profile: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for theme in fs::read_dir(folder().join(profile)).expect("a folder of themes") {
        let theme = theme.expect("a theme").path();
        for case in fs::read_dir(&theme).expect("a folder of recordings") {
            let path = case.expect("a recording").path();
            let part =
                |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
            let name = format!("{}/{}", part(&theme), part(&path));
            found.push((name, fs::read_to_string(&path).expect("a text")));
        }
    }
    found.sort();
    found
}

/// `THEME/NAME` of each case that is listed as different.
fn known_differences() -> Vec<String> {
    let text = fs::read_to_string(folder().join("known-differences.txt")).expect("a list");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_once(": ").expect("NAME: REASON").0.to_owned()).collect()
}

#[test]
fn recorded_commands_answer_as_real_etcd_did() {
    let recordings = recordings("3.4");
    assert!(recordings.len() >= 11, "only {} recordings", recordings.len());
    let known = known_differences();
    let mut commands = 0;
    let mut wrong = Vec::new();
    for (name, text) in &recordings {
        commands += text.lines().filter(|line| line.starts_with("$ ")).count();
        match (run_case(text, "3.4"), known.contains(name)) {
            (CaseOutcome::Passed, false) | (CaseOutcome::Failed(_), true) => {}
            (CaseOutcome::Passed, true) => wrong.push(format!("{name} passes, yet it is listed")),
            (CaseOutcome::CannotRun(why), _) => wrong.push(format!("{name} cannot run: {why}")),
            (CaseOutcome::Failed(diffs), false) => {
                wrong.push(format!("{name}:\n{}", diffs.join("")));
            }
        }
    }
    println!("{} recordings, {commands} commands, {} listed", recordings.len(), known.len());
    assert!(commands > 100, "only {commands} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_recording_that_is_not_true_is_found_out() {
    let (name, text) = recordings("3.4").swap_remove(0);
    for (what, changed) in [
        ("an output", text.replacen("OK\n", "KO\n", 1)),
        ("a status", text.replacen("? ", "? 1", 1)),
    ] {
        if changed == text {
            continue;
        }
        let outcome = run_case(&changed, "3.4");
        assert!(
            matches!(outcome, CaseOutcome::Failed(_)),
            "{name} with {what} changed: {outcome:?}"
        );
        return;
    }
    panic!("{name} holds nothing to change");
}
