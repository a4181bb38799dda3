//! Recordings of real etcd 3.4.23 and 3.5.1, replayed in a lab of their own: every command must
//! answer as it did.
//!
//! They lie under `tests/conformance/PROFILE/THEME/`; `known-differences.txt` names the cases that
//! differ for a reason that stays. `etcd-lab conform` runs the same code over any other recordings.

use std::fs;
use std::path::{Path, PathBuf};

use lab::{CaseOutcome, known_difference, run_case};

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

/// The list of cases that differ, and why.
fn list() -> String {
    fs::read_to_string(folder().join("known-differences.txt")).expect("a list")
}

/// Every recording of a profile passes, or is listed and does not.
fn check(profile: &str, recordings_min: usize, commands_min: usize) {
    let recordings = recordings(profile);
    assert!(recordings.len() >= recordings_min, "only {} recordings", recordings.len());
    let list = list();
    let (mut commands, mut listed) = (0, 0);
    let mut wrong = Vec::new();
    for (name, text) in &recordings {
        commands += text.lines().filter(|line| line.starts_with("$ ")).count();
        let reason = known_difference(&list, profile, name);
        listed += usize::from(reason.is_some());
        match (run_case(text, profile), reason.is_some()) {
            (CaseOutcome::Passed, false) => {}
            (CaseOutcome::Passed, true) => wrong.push(format!("{name} passes, yet it is listed")),
            (_, true) => {}
            (CaseOutcome::CannotRun(why), false) => {
                wrong.push(format!("{name} cannot run: {why}"));
            }
            (CaseOutcome::Failed(diffs), false) => {
                wrong.push(format!("{name}:\n{}", diffs.join("")));
            }
        }
    }
    println!("{profile}: {} recordings, {commands} commands, {listed} listed", recordings.len());
    assert!(commands > commands_min, "only {commands} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn recorded_commands_answer_as_etcd_3_4_did() {
    check("3.4", 74, 1460);
}

#[test]
fn recorded_commands_answer_as_etcd_3_5_did() {
    check("3.5", 72, 1420);
}

#[test]
fn the_list_names_recordings_that_exist() {
    for line in list().lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (case, _) = line.split_once(": ").expect("CASE: REASON");
        let (profiles, case) = match case.split_once(' ') {
            Some((profile, case)) => (vec![profile], case),
            None => (vec!["3.4", "3.5"], case),
        };
        for profile in profiles {
            let path = folder().join(profile).join(format!("{case}.trycmd"));
            assert!(path.exists(), "{line}");
        }
    }
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
