//! What the words of `watch` mean (`parseWatchArgs` in `ctlv3/command/watch_command.go`): keys, from
//! the line or from the environment, and after `--` a command.

use proto::Profile;

use crate::pflag::FlagSet;
use crate::tree::WATCH;

const BAD_NUMBER: &str = "bad number of arguments";
const BOTH_KEYS: &str = "bad number of arguments (found conflicting environment key)";
const NO_COMMAND: &str = "bad number of arguments (found separator --, but no commands)";

/// A watch as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Key and end; what comes after them does not matter.
    pub keys: Vec<String>,
    /// The command for each event.
    pub command: Option<Vec<String>>,
}

/// The flags of a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub prefix: bool,
    /// The first revision; 0 is now.
    pub revision: i64,
    pub prev_kv: bool,
    /// 3.5 and later.
    pub progress_notify: bool,
}

impl Options {
    pub(super) fn of(flags: &FlagSet) -> Self {
        Options {
            prefix: flags.bool("prefix"),
            revision: flags.int("rev"),
            prev_kv: flags.bool("prev-kv"),
            progress_notify: flags.bool("progress-notify"),
        }
    }
}

/// The words of the command line: `words` as they came, `args` without flags and the separator.
/// `env` holds the key and the end of the environment. The error is the tool's text.
pub fn from_command_line(
    words: &[String],
    args: &[String],
    env: &[String],
) -> Result<Wanted, String> {
    let (_, command) = split(words)?;
    if command.is_none() && words.is_empty() && env.is_empty() {
        return Err(BAD_NUMBER.into());
    }
    let after = command.map_or(0, <[String]>::len);
    let keys = &args[..args.len().saturating_sub(after)];
    if !keys.is_empty() && !env.is_empty() {
        return Err(BOTH_KEYS.into());
    }
    Ok(wanted(env, keys, command))
}

/// The words of a line of `watch -i`, with flags of its own. The error is the tool's text.
pub fn from_line(
    line: &[String],
    env: &[String],
    profile: Profile,
) -> Result<(Wanted, Options), String> {
    let [first, words @ ..] = line else { return Err(BAD_NUMBER.into()) };
    if first != "watch" {
        return Err("args[0] must be 'watch' for interactive calls".into());
    }
    let (words, command) = split(words)?;
    let mut flags = FlagSet::default();
    flags.add(WATCH, false, profile);
    let keys = flags.parse(words)?;
    if command.is_none() && keys.is_empty() && env.is_empty() {
        return Err(BAD_NUMBER.into());
    }
    if command.is_none() && !keys.is_empty() && !env.is_empty() {
        return Err(BOTH_KEYS.into());
    }
    Ok((wanted(env, &keys, command), Options::of(&flags)))
}

/// What stands before `--` and what after it.
fn split(words: &[String]) -> Result<(&[String], Option<&[String]>), String> {
    let Some(at) = words.iter().position(|word| word == "--") else { return Ok((words, None)) };
    match &words[at + 1..] {
        [] => Err(NO_COMMAND.into()),
        command => Ok((&words[..at], Some(command))),
    }
}

fn wanted(env: &[String], keys: &[String], command: Option<&[String]>) -> Wanted {
    Wanted { keys: [env, keys].concat(), command: command.map(<[String]>::to_vec) }
}
