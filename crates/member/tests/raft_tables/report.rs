//! Finding the tables, and judging their cases against the list of known differences.

use crate::datadriven::{self, Case};
use crate::known::Known;

const ROOT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/external/raft-datadriven/");

/// The tables of one folder, by name; `None` after one line that says they are absent.
pub(crate) fn tables(folder: &str) -> Option<Vec<(String, Vec<Case>)>> {
    let Ok(folder_entries) = std::fs::read_dir(format!("{ROOT}{folder}")) else {
        println!("skipped: ../shared/external/raft-datadriven/{folder} is not there");
        return None;
    };
    let mut names: Vec<String> = folder_entries
        .map(|entry| entry.expect("a folder entry").file_name().into_string().expect("UTF-8"))
        .filter(|name| name.ends_with(".txt"))
        .collect();
    names.sort_unstable();
    let read = |name: String| {
        #[allow(clippy::disallowed_methods)] // a test reads its tables from real files
        let text = std::fs::read_to_string(format!("{ROOT}{folder}/{name}")).expect("a table");
        let cases = datadriven::parse(&text).unwrap_or_else(|e| panic!("{folder}/{name}: {e}"));
        (format!("{folder}/{name}"), cases)
    };
    Some(names.into_iter().map(read).collect())
}

/// What became of one case.
pub(crate) enum Outcome {
    Agrees,
    /// It was run and something else came out: the text says what.
    Differs(String),
    /// raft-rs has no way to run it.
    CannotExpress,
    /// It comes after a panic of raft-rs.
    NotReached,
}

/// The outcomes of one file, judged one by one.
pub(crate) struct Judge<'a> {
    file: &'a str,
    known: Vec<&'a Known>,
    ran: usize,
    not_reached: usize,
    agreed: usize,
    listed: Vec<String>,
    wrong: Vec<String>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(file: &'a str, list: &'a [Known]) -> Self {
        let known = list.iter().filter(|known| known.file == file).collect();
        Judge {
            file,
            known,
            ran: 0,
            not_reached: 0,
            agreed: 0,
            listed: Vec::new(),
            wrong: Vec::new(),
        }
    }

    pub(crate) fn case(&mut self, case: &Case, outcome: Outcome) {
        let name = format!("{}:{} {}", self.file, case.line, case.title());
        let at = self.known.iter().position(|known| known.line == case.line);
        let known = at.map(|at| self.known.remove(at));
        let (ran, difference) = match outcome {
            Outcome::Agrees => (true, None),
            Outcome::Differs(difference) => (true, Some(difference)),
            Outcome::NotReached => {
                self.not_reached += 1;
                return;
            }
            Outcome::CannotExpress => (false, Some("raft-rs cannot express it".to_owned())),
        };
        self.ran += usize::from(ran);
        match (difference, known) {
            (None, None) => self.agreed += 1,
            (Some(_), Some(known)) => {
                self.listed.push(format!("  line {}: {}", case.line, known.reason));
            }
            (None, Some(_)) => self.wrong.push(format!("{name}: is listed, but agrees")),
            (Some(difference), None) => self.wrong.push(format!("{name}:\n{difference}")),
        }
    }

    /// What holds at the end of the file, given what does not.
    pub(crate) fn end(&mut self, wrong: &[String]) -> &'static str {
        let at = self.known.iter().position(|known| known.line == 0);
        let known = at.map(|at| self.known.remove(at));
        match (wrong, known) {
            ([], None) => return "agree",
            (_, Some(known)) if !wrong.is_empty() => {
                self.listed.push(format!("  at the end: {}", known.reason));
                return "differ as listed";
            }
            (wrong, _) => {
                self.wrong.push(format!("{}, at the end:\n{}", self.file, wrong.join("\n")))
            }
        }
        "differ"
    }

    /// Prints the counts of the file and hands back what is wrong with it.
    pub(crate) fn close(mut self, more: &str) -> Vec<String> {
        let not_reached = match self.not_reached {
            0 => String::new(),
            count => format!(", {count} not reached"),
        };
        println!(
            "{}: {} cases ran, {} passed, {} listed{not_reached}{more}",
            self.file,
            self.ran,
            self.agreed,
            self.listed.len()
        );
        for line in &self.listed {
            println!("{line}");
        }
        for known in self.known {
            self.wrong.push(format!("{}:{}: is listed, but no case", self.file, known.line));
        }
        self.wrong
    }
}

/// Fails with everything that is wrong, not only with the first of it.
pub(crate) fn settle(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
