//! Help texts in the layout of urfave/cli v1: NAME, USAGE, VERSION, DESCRIPTION, COMMANDS, OPTIONS.

use proto::Profile;

use super::cli::{self, Flag, Kind};
use super::tree::{COMMANDS, Command, GLOBAL, Run, VERSION};

/// Which of the library's three templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Of the tool, or of a group that is asked by its own help command.
    App,
    Group,
    Command,
}

const NAME: &str = "etcdctl";

/// The help of the last of `path`; an empty path is the tool itself.
pub(super) fn help(path: &[&'static Command], form: Form, profile: Profile) -> String {
    let names = path.iter().map(|command| command.name);
    let mut name = [NAME].into_iter().chain(names).collect::<Vec<_>>().join(" ");
    let (short, flags, children) = match path.last() {
        Some(command) => (command.short, command.flags, command.children),
        None => ("a command line client of etcd's v2 API", GLOBAL, COMMANDS),
    };
    if path.last().is_some_and(|command| command.run == Run::Help) {
        // The library forgets to give its help command a full name.
        name.clear();
    }
    let mut text = String::new();
    section(&mut text, "NAME", &format!("{name} - {short}"));
    let usage = match form {
        Form::App => " [global options] command [command options] [arguments...]".to_string(),
        Form::Group => " command [command options] [arguments...]".to_string(),
        Form::Command => {
            let options = if flags.is_empty() { "" } else { " [command options]" };
            let usage = path.last().map(|command| command.usage).filter(|usage| !usage.is_empty());
            format!("{options} {}", usage.unwrap_or("[arguments...]"))
        }
    };
    section(&mut text, "USAGE", &(name + &usage));
    if form == Form::App {
        section(&mut text, "VERSION", profile.version());
    }
    if let Some(long) = path.last().map(|command| command.long).filter(|long| !long.is_empty()) {
        section(&mut text, "DESCRIPTION", long);
    }
    let mut options: Vec<&Flag> = flags.iter().collect();
    if form != Form::Command {
        section(&mut text, "COMMANDS", &columns(children.iter().map(command_names).collect()));
        let version = options.iter().position(|flag| flag.name == VERSION);
        options.insert(version.unwrap_or(options.len()), &cli::HELP);
    }
    if !options.is_empty() {
        let heading = if form == Form::App { "GLOBAL OPTIONS" } else { "OPTIONS" };
        section(&mut text, heading, &columns(options.into_iter().map(option).collect()));
        if form != Form::App {
            text.push_str("   \n");
        }
    }
    text
}

fn section(text: &mut String, heading: &str, body: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.extend([heading, ":\n   ", body, "\n"]);
}

fn command_names(command: &Command) -> (String, String) {
    let gap = if command.alias.is_empty() { "" } else { ", " };
    (format!("{}{gap}{}", command.name, command.alias), command.short.to_string())
}

fn option(flag: &Flag) -> (String, String) {
    // The first word in back quotes stands for the value.
    let placeholder = match flag.usage.split('`').nth(1) {
        Some(word) => format!(" {word}"),
        None if flag.kind == Kind::Bool => String::new(),
        None => " value".to_string(),
    };
    let name = |name: &str| {
        let dashes = if name.len() == 1 { "-" } else { "--" };
        format!("{dashes}{name}{placeholder}")
    };
    let mut names = name(flag.name);
    if !flag.alias.is_empty() {
        names += &format!(", {}", name(flag.alias));
    }
    let mut usage = flag.usage.replace('`', "");
    match flag.kind {
        _ if flag.default.is_empty() => {}
        Kind::Text => usage += &format!(" (default: \"{}\")", flag.default),
        _ => usage += &format!(" (default: {})", flag.default),
    }
    (names, usage)
}

/// Two columns with two blanks between them.
fn columns(rows: Vec<(String, String)>) -> String {
    let width = rows.iter().map(|(left, _)| left.len()).max().unwrap_or(0) + 2;
    let lines = rows.iter().map(|(left, right)| format!("{left:width$}{right}"));
    lines.collect::<Vec<_>>().join("\n   ")
}
