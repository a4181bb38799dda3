//! `etcd-lab conform`: replays recorded transcripts of real etcd and counts honestly.
//!
//! Every case found counts once. One that cannot run, or is on the list of known differences,
//! counts as failed and is marked.

use std::path::{Path, PathBuf};

use lab::{CaseOutcome, known_difference, run_case};

use crate::args::Args;

/// Cases that differ and why, one a line.
const KNOWN: &str = include_str!("../../../tests/conformance/known-differences.txt");

pub(crate) fn run(words: &[String]) -> Result<u8, String> {
    let args = Args::parse(words, &["profile"])?;
    let profile = args.text("profile").unwrap_or("3.4");
    if args.rest.is_empty() {
        return Err("needs a file or folder of .trycmd recordings".into());
    }
    let mut cases = Vec::new();
    for path in &args.rest {
        let before = cases.len();
        collect(Path::new(path), &mut cases).map_err(|e| format!("{path}: {e}"))?;
        if cases.len() == before {
            return Err(format!("{path}: no .trycmd recordings there"));
        }
    }
    cases.sort();
    let (mut passed, mut failed, mut listed) = (0, 0, 0);
    for path in cases {
        let name = case_name(&path);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{name}: {e}"))?;
        let reason = known_difference(KNOWN, profile, &name);
        match run_case(&text, profile) {
            CaseOutcome::Passed if reason.is_none() => {
                passed += 1;
                println!("ok      {name}");
                continue;
            }
            CaseOutcome::Passed => println!("FAILED  {name}: passes, but is listed as different"),
            CaseOutcome::CannotRun(text) => println!("FAILED  {name}: cannot run: {text}"),
            CaseOutcome::Failed(diffs) => {
                println!("FAILED  {name}: {} of its commands differ", diffs.len());
                for diff in &diffs {
                    print!("{diff}");
                }
            }
        }
        failed += 1;
        if let Some(reason) = reason {
            listed += 1;
            println!("        listed: {reason}");
        }
    }
    println!("{passed} passed, {failed} failed ({listed} listed)");
    Ok(u8::from(failed > 0))
}

/// All recordings at or below a path.
fn collect(path: &Path, cases: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        // A path that is not there is an error, not an empty folder.
        path.metadata()?;
        cases.push(path.to_path_buf());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?.path();
        if entry.is_dir() {
            collect(&entry, cases)?;
        } else if entry.extension().is_some_and(|extension| extension == "trycmd") {
            cases.push(entry);
        }
    }
    Ok(())
}

/// `v3-kv/del` for `.../v3-kv/del.trycmd`.
fn case_name(path: &Path) -> String {
    let part = |name: Option<&std::ffi::OsStr>| {
        name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    format!("{}/{}", part(path.parent().and_then(Path::file_name)), part(path.file_stem()))
}
