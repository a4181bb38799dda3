//! Finding a command as spf13/cobra does: past flags and their values, by unambiguous prefix, with
//! suggestions for what is not there.
//!
//! Left out: aliases, and all but one of the validators of arguments.

use proto::Profile;

use crate::commands::Run;
use crate::go::quote::quote;
use crate::pflag::{FlagSet, Kind, Spec};
use crate::releases::Releases;

/// A command of the tree.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// What follows the name on the usage line.
    pub(crate) usage: &'static str,
    /// One line.
    pub(crate) short: &'static str,
    /// Paragraphs, or nothing.
    pub(crate) long: &'static str,
    pub(crate) flags: &'static [Spec],
    /// Flags that subcommands inherit.
    pub(crate) persistent: &'static [Spec],
    pub(crate) children: &'static [Command],
    pub(crate) run: Run,
    /// Which releases have it.
    pub(crate) releases: Releases,
}

impl Command {
    /// The one validator of arguments that etcd's tools use, for one command.
    pub(crate) fn check_args(&self, args: &[String]) -> Result<(), String> {
        match (self.run, args.len()) {
            (Run::HashKvFile, 1) => Ok(()),
            (Run::HashKvFile, count) => Err(format!("accepts 1 arg(s), received {count}")),
            _ => Ok(()),
        }
    }

    /// The subcommands of a release.
    pub(crate) fn children_in(
        &self,
        profile: Profile,
    ) -> impl Iterator<Item = &'static Command> + use<> {
        let is_there = move |child: &&Command| child.releases.contain(profile);
        self.children.iter().filter(is_there)
    }
}

/// The way from the root to a command.
pub(crate) type Path = Vec<&'static Command>;

/// The last command of a path, which is never empty: it begins with the root.
pub(crate) fn leaf(path: &[&'static Command]) -> &'static Command {
    path.last().expect("a path begins with the root")
}

/// `etcdctl member list`.
pub(crate) fn full_name(path: &[&'static Command]) -> String {
    path.iter().map(|command| command.name).collect::<Vec<_>>().join(" ")
}

/// The flags of the last command of `path`, without `--help`.
pub(crate) fn flags_of(path: &[&'static Command], profile: Profile) -> FlagSet {
    let mut flags = FlagSet::default();
    let (command, parents) = path.split_last().expect("a path begins with the root");
    flags.add(command.flags, false, profile);
    flags.add(command.persistent, false, profile);
    for parent in parents {
        flags.add(parent.persistent, true, profile);
    }
    flags
}

/// The command that `args` name and the words left for it. The error is cobra's text.
pub(crate) fn find(
    root: &'static Command,
    profile: Profile,
    args: &[String],
) -> Result<(Path, Vec<String>), String> {
    let mut path = vec![root];
    let mut args = args.to_vec();
    loop {
        let flags = flags_of(&path, profile);
        let plain = plain_words(&args, &flags);
        let Some(first) = plain.first().map(|at| args[*at].clone()) else {
            return Ok((path, args));
        };
        let Some(next) = child(leaf(&path), profile, &first) else {
            if path.len() == 1 {
                let name = quote(first.as_bytes());
                let suggestions = suggestions(root, profile, &first);
                return Err(format!("unknown command {name} for \"{}\"{suggestions}", root.name));
            }
            return Ok((path, args));
        };
        args.remove(plain[0]);
        path.push(next);
    }
}

/// Where the words stand that are neither flags nor their values. An unknown flag without `=` is
/// taken to have a value.
fn plain_words(args: &[String], flags: &FlagSet) -> Vec<usize> {
    let is_bool =
        |flag: Option<&crate::pflag::Flag>| flag.is_some_and(|flag| flag.spec.kind == Kind::Bool);
    let mut plain = Vec::new();
    let mut at = 0;
    while at < args.len() {
        let word = args[at].as_str();
        if word == "--" {
            break;
        }
        let takes_value = if word.contains('=') {
            false
        } else if let Some(long) = word.strip_prefix("--") {
            !is_bool(flags.find(long))
        } else if word.len() == 2 && word.starts_with('-') {
            !is_bool(word.chars().nth(1).and_then(|short| flags.find_short(short)))
        } else {
            false
        };
        if takes_value {
            at += 1;
        } else if !word.is_empty() && !word.starts_with('-') {
            plain.push(at);
        }
        at += 1;
    }
    plain
}

/// The subcommand called `name`, or the only one whose name begins so.
pub(crate) fn child(
    command: &'static Command,
    profile: Profile,
    name: &str,
) -> Option<&'static Command> {
    if let Some(exact) = command.children_in(profile).find(|child| child.name == name) {
        return Some(exact);
    }
    let mut matches = command.children_in(profile).filter(|child| child.name.starts_with(name));
    matches.next().filter(|_| matches.next().is_none())
}

/// cobra's "Did you mean this?": names at most two edits away, and names that begin with the word.
fn suggestions(command: &Command, profile: Profile, typed: &str) -> String {
    let typed = typed.to_ascii_lowercase();
    // cobra never suggests its own help command.
    let near = |child: &&Command| {
        child.run != Run::Help
            && (edit_distance(&typed, child.name) <= 2 || child.name.starts_with(&typed))
    };
    let names: Vec<String> = command
        .children_in(profile)
        .filter(near)
        .map(|child| format!("\t{}\n", child.name))
        .collect();
    if names.is_empty() {
        return String::new();
    }
    format!("\n\nDid you mean this?\n{}", names.concat())
}

/// Levenshtein's distance in bytes.
fn edit_distance(left: &str, right: &str) -> usize {
    let right = right.as_bytes();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, byte) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..right.len() {
            let substituted = diagonal + usize::from(byte != right[column]);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        for (left, right, expected) in [
            ("", "abc", 3),
            ("set", "get", 1),
            ("gte", "get", 2),
            ("set", "user", 2),
            ("a", "a", 0),
        ] {
            assert_eq!(edit_distance(left, right), expected, "{left} {right}");
        }
    }
}
