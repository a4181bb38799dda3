//! Help texts in etcdctl's layout (`etcdctl/ctlv3/command/help.go`): NAME, USAGE, VERSION, COMMANDS,
//! DESCRIPTION, OPTIONS, GLOBAL OPTIONS. The descriptions are the lab's own words.

use std::fmt::Write;

use proto::Profile;

use crate::cobra::{Command, full_name, leaf};
use crate::commands::Run;
use crate::go::{quote::quote, tabwriter};
use crate::pflag::{Flag, FlagSet, Kind};
use crate::tree::ROOT;

/// The help of the last command of `path`, which is also what a usage error prints.
pub(crate) fn usage(path: &[&'static Command], flags: &FlagSet, profile: Profile) -> String {
    if path[0].name != ROOT.name {
        return usual(path, flags, profile);
    }
    let command = leaf(path);
    let is_root = path.len() == 1;
    let name = full_name(if is_root { path } else { &path[1..] });
    let mut text = format!("NAME:\n\t{name} - {}\n", command.short);
    push(&mut text, format_args!("\nUSAGE:\n\t{}\n", usage_line(path)));
    if is_root {
        push(&mut text, format_args!("\nVERSION:\n\t{}\n", profile.version()));
    }
    if !command.children.is_empty() {
        let api = profile.minor_version();
        push(&mut text, format_args!("\nAPI VERSION:\n\t{api}\n\n\nCOMMANDS:\n"));
        push(&mut text, format_args!("{}", commands(command, profile, "")));
    }
    if !command.long.is_empty() {
        text.push_str("\nDESCRIPTION:\n");
        for line in command.long.lines() {
            push(&mut text, format_args!("\t{line}\n"));
        }
    }
    for (heading, inherited) in [("OPTIONS", false), ("GLOBAL OPTIONS", true)] {
        let lines: String = flags
            .sorted()
            .into_iter()
            .filter(|flag| flag.inherited == inherited)
            .map(option)
            .collect();
        if !lines.is_empty() {
            push(&mut text, format_args!("\n{heading}:\n{lines}"));
        }
    }
    text.push('\n');
    tabwriter::align(&text)
}

/// The same as cobra itself has it, for etcdutl.
fn usual(path: &[&'static Command], flags: &FlagSet, profile: Profile) -> String {
    let command = leaf(path);
    let name = full_name(path);
    let mut text = "Usage:\n".to_string();
    if command.run == Run::Group {
        push(&mut text, format_args!("  {name} [command]\n\nAvailable Commands:\n"));
        let mut children: Vec<&Command> = command.children_in(profile).collect();
        children.sort_by_key(|child| child.name);
        for child in children.iter().filter(|child| child.run != Run::SaveElsewhere) {
            push(&mut text, format_args!("  {:11} {}\n", child.name, child.short));
        }
    } else {
        push(&mut text, format_args!("  {}\n", usage_line(path)));
    }
    // What a root's own persistent flags are to pflag, they are to its help.
    let is_root = path.len() == 1;
    for (heading, inherited) in [("Flags", false), ("Global Flags", true)] {
        let of_this = |flag: &&Flag| (flag.inherited && !is_root) == inherited;
        let list: Vec<&Flag> = flags.sorted().into_iter().filter(of_this).collect();
        if !list.is_empty() {
            push(&mut text, format_args!("\n{heading}:\n{}", flag_usages(&list)));
        }
    }
    if command.run == Run::Group {
        let more = "for more information about a command.";
        push(&mut text, format_args!("\nUse \"{name} [command] --help\" {more}\n"));
    }
    text
}

/// pflag's own columns.
fn flag_usages(list: &[&Flag]) -> String {
    let left = |flag: &&Flag| {
        let short = flag.spec.shorthand.map_or("    ".to_string(), |short| format!("-{short}, "));
        let kind = match flag.spec.kind {
            Kind::Bool => "",
            Kind::Text => " string",
            Kind::Slice => " strings",
            Kind::Int => " int",
            Kind::Duration => " duration",
        };
        format!("  {short}--{}{kind}", flag.spec.name)
    };
    let lefts: Vec<String> = list.iter().map(left).collect();
    let width = lefts.iter().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (left, flag) in lefts.iter().zip(list) {
        let spec = flag.spec;
        let default = match (spec.kind, spec.default) {
            (_, "" | "0" | "false") => String::new(),
            (Kind::Text, default) => format!(" (default {})", quote(default.as_bytes())),
            (_, default) => format!(" (default {default})"),
        };
        push(&mut text, format_args!("{left:width$}   {}{default}\n", spec.usage));
    }
    text
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes every write");
}

fn usage_line(path: &[&'static Command]) -> String {
    let usage = leaf(path).usage;
    let gap = if usage.is_empty() { "" } else { " " };
    format!("{}{gap}{usage} [flags]", full_name(path))
}

/// Every command that does something, by name, groups spelled out.
fn commands(command: &Command, profile: Profile, prefix: &str) -> String {
    let mut children: Vec<&Command> = command.children_in(profile).collect();
    children.sort_by_key(|child| child.name);
    let mut lines = String::new();
    for child in children {
        let name = format!("{prefix}{}", child.name);
        if child.children.is_empty() {
            push(&mut lines, format_args!("\t{name}\t{}\n", child.short));
        } else {
            lines.push_str(&commands(child, profile, &format!("{name} ")));
        }
    }
    lines
}

fn option(flag: &Flag) -> String {
    let spec = flag.spec;
    let short = match spec.shorthand {
        Some(shorthand) => format!("  -{shorthand}, "),
        None => "      ".to_string(),
    };
    let default = match spec.kind {
        Kind::Bool => format!("[={}]", spec.default),
        Kind::Text => format!("={}", quote(spec.default.as_bytes())),
        Kind::Slice => format!("=[{}]", spec.default),
        Kind::Int | Kind::Duration => format!("={}", spec.default),
    };
    format!("{short}--{}{default}\t{}\n", spec.name, spec.usage)
}
