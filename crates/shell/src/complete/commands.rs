//! Names of commands, and what stands before one.

use proto::Profile;

use super::offers::{End, Offers, Typed};
use super::{Asked, State, others};
use crate::scan::{Simple, assignment};
use crate::{builtins, tools};

/// Names of programs and builtins that this host can have. What it does not have is not offered.
const NAMES: &[&str] = &[
    "awk",
    "base64",
    "basename",
    "bash",
    "break",
    "cat",
    "cd",
    "chmod",
    "chown",
    "clear",
    "command",
    "continue",
    "cp",
    "curl",
    "cut",
    "date",
    "declare",
    "diff",
    "dirname",
    "echo",
    "egrep",
    "env",
    "etcd",
    "etcdctl",
    "etcdutl",
    "eval",
    "exit",
    "export",
    "false",
    "fgrep",
    "file",
    "find",
    "grep",
    "head",
    "hexdump",
    "history",
    "hostname",
    "id",
    "jobs",
    "jq",
    "kill",
    "lab",
    "less",
    "local",
    "ls",
    "md5sum",
    "mkdir",
    "more",
    "mv",
    "nano",
    "nl",
    "openssl",
    "paste",
    "printf",
    "ps",
    "pwd",
    "read",
    "return",
    "rev",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "set",
    "sh",
    "sha256sum",
    "shift",
    "sleep",
    "sort",
    "source",
    "sudo",
    "systemctl",
    "tail",
    "tar",
    "tee",
    "test",
    "time",
    "timeout",
    "touch",
    "tr",
    "true",
    "type",
    "uname",
    "uniq",
    "unset",
    "vi",
    "vim",
    "wait",
    "watch",
    "wc",
    "wget",
    "which",
    "whoami",
    "xargs",
    "xxd",
];

/// A few words about those that are not found on every machine.
const ABOUT: &[(&str, &str)] = &[
    ("etcd", "starts a member on this host"),
    ("etcdctl", "the client of etcd"),
    ("etcdutl", "works on etcd's files"),
    ("jq", "reads and cuts JSON"),
    ("lab", "what happens to members, links and time"),
];

/// Commands whose arguments are no files.
const WITHOUT_FILES: &[&str] = &[
    ":",
    "break",
    "clear",
    "continue",
    "date",
    "echo",
    "eval",
    "exit",
    "false",
    "history",
    "hostname",
    "id",
    "jobs",
    "kill",
    "local",
    "printf",
    "ps",
    "pwd",
    "read",
    "return",
    "seq",
    "set",
    "shift",
    "sleep",
    "systemctl",
    "tr",
    "true",
    "uname",
    "wait",
    "whoami",
];

fn is_there(name: &str, profile: Profile) -> bool {
    builtins::find(name).is_some() || tools::find(name, profile).is_some()
}

/// All that could be called by its name.
pub(crate) fn names_of_commands(profile: Profile) -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied().filter(move |name| is_there(name, profile))
}

/// The name of a command, or an assignment before one.
pub(super) fn at_command(
    typed: Typed<'_>,
    simple: &Simple,
    state: &State<'_>,
    asked: &mut Asked<'_>,
) -> Option<Offers> {
    if assignment(typed.text).is_some() {
        return others::assigned(typed, state, asked);
    }
    if typed.text.contains('/') {
        return Some(others::files(typed, state, others::Wanted::Files));
    }
    let mut offers = named(typed, state);
    // Variables of the tool are offered once they are begun: they would crowd the list.
    if typed.text.starts_with("ETC") {
        others::add_settings(&mut offers, state);
    }
    if simple.assigns.is_empty() && !typed.text.is_empty() {
        for word in ["for", "if", "while", "until", "case", "do", "done", "then", "else", "fi"] {
            offers.add(word, "", End::Space);
        }
    }
    Some(offers)
}

/// Programs, builtins and functions.
pub(super) fn named(typed: Typed<'_>, state: &State<'_>) -> Offers {
    let mut offers = Offers::new(typed);
    for name in names_of_commands(state.profile) {
        let about = ABOUT.iter().find(|(of, _)| *of == name).map_or("", |(_, about)| about);
        offers.add(name, about, End::Space);
    }
    for name in &state.names.functions {
        offers.add(name, "function", End::Space);
    }
    offers
}

/// The files that a command could take; none where a command is not known to take any.
pub(super) fn file_argument(base: &str, typed: Typed<'_>, state: &State<'_>) -> Option<Offers> {
    let takes_files = tools::find(base, state.profile).is_some() || ["source", "."].contains(&base);
    let likely = takes_files && !WITHOUT_FILES.contains(&base) && !typed.text.starts_with('-');
    (likely || typed.text.contains('/')).then(|| others::files(typed, state, others::Wanted::Files))
}

/// The command inside `timeout 5 ...` and the like.
pub(super) fn unwrapped(simple: &Simple) -> Simple {
    let mut simple = simple.clone();
    // Each turn takes a word away.
    while let Some(Some(first)) = simple.words.first() {
        let mut skip = match first.as_str() {
            "timeout" => 2,
            "env" | "time" | "watch" | "xargs" | "command" | "nohup" | "exec" | "sudo" => 1,
            _ => return simple,
        };
        let takes_number = ["watch", "xargs"].contains(&first.as_str());
        if first == "timeout" && simple.words.len() < 2 {
            return simple;
        }
        while let Some(Some(word)) = simple.words.get(skip) {
            if let Some((name, value)) = assignment(word) {
                simple.assigns.push((name.to_string(), Some(value.to_string())));
                skip += 1;
            } else if word.starts_with('-') {
                skip += 1 + usize::from(takes_number && word == "-n");
            } else {
                break;
            }
        }
        simple.words.drain(..skip.min(simple.words.len()));
    }
    simple
}
