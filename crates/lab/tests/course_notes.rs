//! Every command line of two sets of course notes on etcd and Kubernetes, but for those of `kubectl`
//! (of which the `etcdctl` part is here), with the truthful result in each release. The answers of
//! 3.4.23 were compared with the real binary, those of 3.5.1 come from measurements of it.

use lab::{CaseOutcome, run_case};
use proto::Profile;

/// A transcript and the releases that answer so. A release that the lab does not know is left out.
const CASES: &[(&str, &str, &[&str])] = &[
    ("listing", include_str!("course_notes/listing.trycmd"), &["3.4", "3.5"]),
    ("old_commands", include_str!("course_notes/old_commands.trycmd"), &["3.4", "3.5"]),
    ("new_commands", include_str!("course_notes/new_commands.trycmd"), &["3.4", "3.5"]),
    ("no_key_3_4", include_str!("course_notes/no_key_3_4.trycmd"), &["3.4"]),
    ("no_key_3_5", include_str!("course_notes/no_key_3_5.trycmd"), &["3.5"]),
    ("old_store", include_str!("course_notes/old_store.trycmd"), &["3.4", "3.5"]),
    ("variable", include_str!("course_notes/variable.trycmd"), &["3.4", "3.5"]),
    ("certificates", include_str!("course_notes/certificates.trycmd"), &["3.4", "3.5"]),
    ("shell_lines", include_str!("course_notes/shell_lines.trycmd"), &["3.4"]),
    // What issue 5 leaves for later: packages, units, certificates made by hand, Kubernetes.
    ("later", include_str!("course_notes/later.trycmd"), &["3.4"]),
    // Section 1.1 of the formats reference: the default was 2 up to 3.3, and 3.6 has no 2.
    ("old_default", include_str!("course_notes/old_default.trycmd"), &["3.3"]),
    ("old_gone", include_str!("course_notes/old_gone.trycmd"), &["3.6"]),
];

#[test]
fn the_lines_of_the_notes_answer_truthfully() {
    let mut wrong = Vec::new();
    let mut ran = 0;
    for (name, text, profiles) in CASES {
        for profile in profiles.iter().filter(|profile| Profile::parse(profile).is_some()) {
            ran += 1;
            match run_case(text, profile) {
                CaseOutcome::Passed => {}
                CaseOutcome::Failed(diffs) => {
                    wrong.push(format!("{profile} {name}:\n{}", diffs.join("\n")));
                }
                CaseOutcome::CannotRun(why) => wrong.push(format!("{profile} {name}: {why}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran >= 14, "{ran} cases ran");
}
