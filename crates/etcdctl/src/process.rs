//! One run of the tool: which API, which command, what becomes of its errors
//! (`etcdctl/main.go`, `ctlv3/ctl.go` and cobra's `ExecuteC`).

use proto::Profile;

use crate::cobra::{self, Command, Path};
use crate::commands::{self, Run};
use crate::exit::Exit;
use crate::go::quote::quote;
use crate::help;
use crate::pflag::{FlagSet, Kind, Spec};
use crate::system::System;
use crate::tree::ROOT;
use crate::tree_utl;
use crate::v2;

/// A command about to run.
pub(crate) struct Invocation<'a> {
    pub(crate) system: &'a dyn System,
    /// What the command does.
    pub(crate) run: Run,
    pub(crate) flags: FlagSet,
    /// The words that are no flags.
    pub(crate) args: Vec<String>,
    /// All words but the command's name, as they came.
    pub(crate) words: Vec<String>,
    /// etcdctl or etcdutl.
    pub(crate) tool: &'static str,
}

impl Invocation<'_> {
    pub(crate) fn profile(&self) -> Profile {
        self.system.profile()
    }

    pub(crate) fn stdout(&self, text: impl AsRef<[u8]>) {
        self.system.print(false, text.as_ref());
    }

    pub(crate) fn stderr(&self, text: impl AsRef<[u8]>) {
        self.system.print(true, text.as_ref());
    }
}

/// Runs `etcdctl ARGS...` to its end and returns its exit status: 0, 1 (server error, timeout,
/// usage), 2 (no connection), 3 (bad input), 4 (no such format or value), 5 (a watch that ended),
/// 128 (wrong arguments), or that of the program that `lock` ran.
pub async fn run(system: &dyn System, args: &[String]) -> i32 {
    // Section 1.1 of the formats reference: up to 3.3 the old API is the default; in 3.6 it is gone, and
    // the variable is one that nobody knows.
    let (profile, wanted) = (system.profile(), api_version(system));
    match wanted.as_str() {
        "" if profile <= Profile::V3_3 => return Box::pin(v2::run(system, args)).await,
        _ if profile >= Profile::V3_6 => {}
        "" | "3" => {}
        "2" => return Box::pin(v2::run(system, args)).await,
        other => {
            let colon = if profile > Profile::V3_4 { ":" } else { "" };
            let line = format!("unsupported API version{colon} {other}\n");
            system.print(true, line.as_bytes());
            return 1;
        }
    }
    run_tool(system, &ROOT, args).await
}

/// Runs `etcdutl ARGS...`, which works on files and came with 3.5, to its end; statuses are those of
/// [`run`].
pub async fn run_etcdutl(system: &dyn System, args: &[String]) -> i32 {
    run_tool(system, &tree_utl::ROOT, args).await
}

async fn run_tool(system: &dyn System, root: &'static Command, args: &[String]) -> i32 {
    let (path, words) = match cobra::find(root, system.profile(), args) {
        Ok(found) => found,
        Err(why) => {
            let hint = format!("Error: {why}\nRun '{} --help' for usage.\n", root.name);
            system.print(true, hint.as_bytes());
            return end(system, Err(Exit::error(why)));
        }
    };
    let result = execute(system, path, &words).await;
    end(system, result)
}

fn api_version(system: &dyn System) -> String {
    let env = system.env();
    env.into_iter()
        .find(|(name, _)| name == "ETCDCTL_API")
        .map(|(_, value)| value)
        .unwrap_or_default()
}

/// Says that the real tool has `what` and the lab has not.
pub(crate) fn not_yet(system: &dyn System, what: &str) -> i32 {
    system.print(true, format!("etcdctl: {what}: not in this lab yet\n").as_bytes());
    1
}

fn end(system: &dyn System, result: Result<(), Exit>) -> i32 {
    let Err(exit) = result else { return 0 };
    if let Some(line) = exit.line {
        system.print(true, format!("Error: {line}\n").as_bytes());
    }
    exit.code
}

async fn execute(system: &dyn System, path: Path, words: &[String]) -> Result<(), Exit> {
    let command = cobra::leaf(&path);
    if command.run == Run::NotYet {
        return Err(Exit::silent(not_yet(system, &cobra::full_name(&path[1..]))));
    }
    let profile = system.profile();
    let mut flags = flags_with_help(&path, profile);
    let args = match flags.parse(words) {
        Ok(args) => args,
        Err(why) => return Err(wrong_usage(system, &path, &flags, why)),
    };
    if flags.bool("help") || command.run == Run::Group {
        system.print(false, help::usage(&path, &flags, profile).as_bytes());
        return Ok(());
    }
    if command.run == Run::Help {
        help_topic(system, path[0], &args);
        return Ok(());
    }
    if let Err(why) = flags.check_required().and_then(|()| command.check_args(&args)) {
        return Err(wrong_usage(system, &path, &flags, why));
    }
    let (words, tool) = (words.to_vec(), path[0].name);
    commands::run(Invocation { system, run: command.run, flags, args, words, tool }).await
}

/// cobra prints the error and the usage; etcdctl's usage goes past cobra to standard output, which
/// leaves an empty line; then the tool prints the error again.
fn wrong_usage(
    system: &dyn System,
    path: &[&'static Command],
    flags: &FlagSet,
    why: String,
) -> Exit {
    system.print(true, format!("Error: {why}\n").as_bytes());
    let is_etcdctl = path[0].name == ROOT.name;
    system.print(!is_etcdctl, help::usage(path, flags, system.profile()).as_bytes());
    system.print(true, b"\n");
    Exit::error(why)
}

/// The flags of a command and `--help`, which every command has. cobra adds it only after it has
/// found the command, so `-h WORD` takes WORD for a value on the way there.
pub(crate) fn flags_with_help(path: &[&'static Command], profile: Profile) -> FlagSet {
    const HELP: &[Spec] = &[Spec::new("help", Kind::Bool, "false", "show this help").short('h')];
    let mut flags = cobra::flags_of(path, profile);
    flags.add(HELP, false, profile);
    flags
}

fn help_topic(system: &dyn System, root: &'static Command, topic: &[String]) {
    let path = match cobra::find(root, system.profile(), topic) {
        Ok((path, _)) => path,
        Err(_) => {
            let quoted: Vec<String> = topic.iter().map(|word| raw_quote(word)).collect();
            let line = format!("Unknown help topic [{}]\n", quoted.join(" "));
            system.print(true, line.as_bytes());
            vec![root]
        }
    };
    let profile = system.profile();
    let usage = help::usage(&path, &flags_with_help(&path, profile), profile);
    system.print(false, usage.as_bytes());
}

/// `%#q`: in back quotes where that is possible.
fn raw_quote(word: &str) -> String {
    let plain = |c: char| c != '`' && c != '\u{7f}' && (c >= ' ' || c == '\t') && c != '\u{feff}';
    if word.chars().all(plain) { format!("`{word}`") } else { quote(word.as_bytes()) }
}
