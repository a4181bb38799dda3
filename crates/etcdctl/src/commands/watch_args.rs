//! What the words of `watch` mean (`parseWatchArgs` in `ctlv3/command/watch_command.go`): keys, from
//! the line or from the environment, and after `--` a command.

use proto::Profile;

use crate::pflag::FlagSet;
use crate::tree::WATCH;

const BAD_NUMBER: &str = "bad number of arguments";
const BOTH_KEYS: &str = "bad number of arguments (found conflicting environment key)";
const NO_COMMAND: &str = "bad number of arguments (found separator --, but no commands)";

/// A watch as it was asked for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Key and end; what comes after them does not matter.
    pub(super) keys: Vec<String>,
    /// The command for each event.
    pub(super) command: Option<Vec<String>>,
}

/// The words of the command line: `words` as they came, `args` without flags and the separator.
/// `env` holds the key and the end of the environment.
pub(super) fn from_command_line(
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

/// The words of a line of `watch -i`, with flags of its own.
pub(super) fn from_line(
    line: &[String],
    env: &[String],
    profile: Profile,
) -> Result<(Wanted, FlagSet), String> {
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
    Ok((wanted(env, &keys, command), flags))
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

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // a test reads its tables from real files
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The cases of a table about etcdctl, none if it is not there.
    pub(in super::super) fn cases(name: &str) -> Vec<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/external/etcdctl/");
        let Ok(text) = std::fs::read_to_string(format!("{path}{name}")) else {
            println!("skipped: ../shared/external/etcdctl/{name} is not there");
            return Vec::new();
        };
        let cases: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        println!("{name}: {} cases", cases.len());
        cases
    }

    fn strings(value: &Value) -> Vec<String> {
        serde_json::from_value(value.clone()).expect("a list of words")
    }

    #[test]
    fn words_mean_what_the_table_says() {
        for case in cases("watch_args.jsonl") {
            let args = strings(&case["command_args"]);
            let env: Vec<String> = ["ETCDCTL_WATCH_KEY", "ETCDCTL_WATCH_RANGE_END"]
                .iter()
                .map(|name| case["env"][name].as_str().expect("a variable").to_string())
                .filter(|value| !value.is_empty())
                .collect();
            let mut found = json!({"watch_args": null, "exec_args": null, "error": null});
            if case["interactive"] == true {
                let result = from_line(&args, &env, Profile::V3_4);
                let flags = result.as_ref().ok().map(|(_, flags)| flags);
                found["prefix"] = flags.is_some_and(|flags| flags.bool("prefix")).into();
                found["rev"] = flags.map_or(0, |flags| flags.int("rev")).into();
                found["prev_kv"] = flags.is_some_and(|flags| flags.bool("prev-kv")).into();
                fill(&mut found, result.map(|(wanted, _)| wanted));
            } else {
                let words = strings(&case["os_args"])[2..].to_vec();
                fill(&mut found, from_command_line(&words, &args, &env));
            }
            assert_eq!(found, case["expect"], "{case}");
        }
    }

    fn fill(found: &mut Value, result: Result<Wanted, String>) {
        match result {
            Ok(Wanted { keys, command }) => {
                found["watch_args"] = keys.into();
                found["exec_args"] = command.into();
            }
            Err(why) => found["error"] = why.into(),
        }
    }
}
