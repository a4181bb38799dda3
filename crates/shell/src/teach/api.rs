//! The two APIs of etcdctl mixed up: commands and flags of the one under the other.

use etcdctl::outline::{self, Api};

use super::Rule;
use super::case::{Call, Case};
use super::near::nearest;

pub(super) const RULES: &[Rule] = &[
    version_number,
    old_command,
    two_words,
    new_command,
    old_flag,
    new_flag,
    directory,
    old_api_off,
    moved_to_etcdutl,
    wrong_subcommand,
];

fn version_number(case: &Case<'_>) -> Option<String> {
    let line = case.output.lines().find(|line| line.starts_with("unsupported API version"))?;
    let value = line.rsplit(' ').next().unwrap_or_default();
    Some(format!("ETCDCTL_API is {value}; etcdctl knows 2 and 3. Type: export ETCDCTL_API=3"))
}

/// What does in v3 what the old command did.
const INSTEAD: &[(&str, &str)] = &[
    ("set", "etcdctl put KEY VALUE"),
    ("update", "etcdctl put KEY VALUE"),
    ("mk", "etcdctl put KEY VALUE, or etcdctl txn to write only a key that is new"),
    ("ls", "etcdctl get / --prefix --keys-only"),
    ("rm", "etcdctl del KEY"),
    ("rmdir", "etcdctl del DIR/ --prefix"),
    ("mkdir", "nothing, since v3 has no directories and a key can contain any number of slashes"),
    ("setdir", "nothing, since v3 has no directories and a key can contain any number of slashes"),
    ("updatedir", "etcdctl lease, since keys live as long as their lease"),
    ("cluster-health", "etcdctl endpoint health --cluster"),
    ("backup", "etcdctl snapshot save FILE"),
    ("exec-watch", "etcdctl watch KEY -- COMMAND"),
];

/// `etcdctl set` under API 3.
fn old_command(case: &Case<'_>) -> Option<String> {
    let name = case.between("Error: unknown command \"", "\" for \"etcdctl\"")?;
    let (_, instead) = INSTEAD.iter().find(|(old, _)| *old == name)?;
    Some(format!(
        "{name} belongs to the old API, v2. This line goes to v3; there it is: {instead}."
    ))
}

/// `etcdctl endpoint-health`
fn two_words(case: &Case<'_>) -> Option<String> {
    let name = case.between("Error: unknown command \"", "\" for \"etcdctl\"")?;
    let words: Vec<String> = name.splitn(2, ['-', '_']).map(String::from).collect();
    let place = outline::place(case.profile, Api::V3, &words)?;
    (words.len() == 2 && place.path.len() == 2)
        .then(|| format!("These are two words: etcdctl {}", place.path.join(" ")))
}

/// `etcdctl put` under API 2.
fn new_command(case: &Case<'_>) -> Option<String> {
    let name = case.between("No help topic for '", "'")?;
    if name == "version" {
        return Some("With the old API it is a flag: etcdctl --version".into());
    }
    let v3 = outline::place(case.profile, Api::V3, &[name.to_string()])?;
    let mut v2 = outline::place(case.profile, Api::V2, &[])?.commands.into_iter();
    if v3.path.first() != Some(&name) || v2.any(|command| command.name == name) {
        return None;
    }
    let call = case.calls().find(|call| call.words.iter().any(|word| word == name))?;
    let words = call.words.join(" ");
    Some(format!(
        "{name} is a command of API v3, and v2 is in force. Type ETCDCTL_API=3 etcdctl {words}, or export ETCDCTL_API=3 for all that follows."
    ))
}

/// Flags by their old and their new names.
const FLAGS: &[(&str, &str)] = &[
    ("ca-file", "--cacert"),
    ("cert-file", "--cert"),
    ("key-file", "--key"),
    ("recursive", "--prefix"),
    ("endpoint", "--endpoints"),
    ("peers", "--endpoints"),
    ("output", "--write-out, or -w"),
    ("username", "--user"),
    ("sort", "--sort-by and --order"),
    ("ttl", "--lease, with a lease of etcdctl lease grant"),
    ("total-timeout", "--command-timeout"),
    ("timeout", "--dial-timeout"),
    ("swap-with-value", "etcdctl txn"),
    ("after-index", "--rev"),
];

/// `--ca-file` under API 3.
fn old_flag(case: &Case<'_>) -> Option<String> {
    let name = flag_of_error(case, "Error: unknown flag: --")?;
    if name == "version" {
        return Some("With API v3 it is a command: etcdctl version".into());
    }
    let (_, new) = FLAGS.iter().find(|(old, _)| *old == name)?;
    Some(format!(
        "--{name} is a flag of the old API, v2. In v3, to which this line goes, it is {new}."
    ))
}

/// `--cacert` under API 2.
fn new_flag(case: &Case<'_>) -> Option<String> {
    let name = flag_of_error(case, "flag provided but not defined: -")?;
    let old = match name {
        "cacert" => "With the old API it is --ca-file.",
        "cert" => "With the old API it is --cert-file.",
        "key" => "With the old API it is --key-file.",
        "write-out" | "w" => "With the old API it is --output, or -o, before the command.",
        "user" => "With the old API it is --username.",
        "prefix" | "keys-only" | "from-key" | "print-value-only" | "limit" | "rev" | "lease"
        | "prev-kv" | "command-timeout" | "cluster" => {
            return Some(format!(
                "--{name} is a flag of API v3, and v2 is in force. Put ETCDCTL_API=3 before etcdctl."
            ));
        }
        _ => return None,
    };
    Some(format!("--{name} is a flag of API v3, and v2 is in force. {old}"))
}

/// The name of the flag that an error ends with.
pub(super) fn flag_of_error<'a>(case: &Case<'a>, before: &str) -> Option<&'a str> {
    let line = case.output.lines().find_map(|line| line.split_once(before))?.1;
    Some(line.trim())
}

/// `etcdctl get /` under API 2.
fn directory(case: &Case<'_>) -> Option<String> {
    let call = case
        .calls()
        .find(|call| call.api == Some(Api::V2) && call.words.iter().any(|word| word == "get"))?;
    // Flags that the old API does not have lead nowhere, so the command is found by its name.
    let mut words = call.words.iter().filter(|word| !word.starts_with('-'));
    words.find(|word| *word == "get");
    let key = words.next()?;
    case.output.lines().find(|line| line.ends_with(": is a directory"))?;
    let new = ["prefix", "keys-only", "from-key"].iter().any(|flag| call.has_flag(flag));
    Some(match new {
        true => format!(
            "v2 is in force, where {key} is a directory and these flags mean nothing. Put ETCDCTL_API=3 before etcdctl, or type etcdctl ls --recursive {key}"
        ),
        false => format!("{key} is a directory of the old API. Type: etcdctl ls {key}"),
    })
}

/// The members do not serve the old API.
fn old_api_off(case: &Case<'_>) -> Option<String> {
    let failed = case.code != 0 && case.calls().any(|call: Call| call.api == Some(Api::V2));
    let off = case.says("404 page not found")
        || case.says("response is invalid json. The endpoint is probably not valid etcd");
    (failed && off).then(|| {
        "These members do not serve the old API: from 3.4 on that takes etcd --enable-v2. With API v3: ETCDCTL_API=3 etcdctl ...".into()
    })
}

/// `etcdctl snapshot restore` where only etcdutl has it.
fn moved_to_etcdutl(case: &Case<'_>) -> Option<String> {
    let call = case.calls().find(|call| {
        let words: Vec<&str> = call.words.iter().map(String::as_str).collect();
        matches!(words[..], ["snapshot", "restore" | "status", ..])
    })?;
    let gone = case.profile >= proto::Profile::V3_6 && call.command() != call.words[..2].join(" ");
    gone.then(|| {
        format!(
            "Since 3.6 this is the work of the other tool: etcdutl snapshot {} ...",
            call.words[1]
        )
    })
}

/// `etcdctl member lst`: the tool shows its help.
fn wrong_subcommand(case: &Case<'_>) -> Option<String> {
    let call = case.calls().find(|call| call.api == Some(Api::V3) && call.place.is_none())?;
    let at = (1..call.words.len()).find(|at| {
        let place = outline::place(case.profile, Api::V3, &call.words[..*at]);
        place.is_some_and(|place| place.path.len() == 1 && !place.commands.is_empty())
            && !call.words[*at].starts_with('-')
    })?;
    let group = outline::place(case.profile, Api::V3, &call.words[..at])?;
    let (name, typed) = (group.path[0], &call.words[at]);
    if group.commands.iter().any(|command| command.name == typed) || !case.says("USAGE") {
        return None;
    }
    let instead = match (name, typed.as_str()) {
        ("member", "ls") | ("lease", "ls") | ("user", "ls") | ("role", "ls") => Some("list"),
        ("lease", "create" | "add" | "new") => Some("grant"),
        ("lease", "ttl" | "get") => Some("timetolive"),
        ("lease" | "member", "delete" | "rm") => {
            Some(if name == "lease" { "revoke" } else { "remove" })
        }
        ("user" | "role", "remove" | "rm") => Some("delete"),
        ("snapshot", "create" | "backup") => Some("save"),
        _ => nearest(typed, group.commands.iter().map(|command| command.name)),
    };
    Some(match instead {
        Some(instead) => {
            format!("{name} has no command {typed}. Is it etcdctl {name} {instead} that you mean?")
        }
        None => {
            let names: Vec<&str> = group.commands.iter().map(|command| command.name).collect();
            format!("{name} has no command {typed}. It has {}.", names.join(", "))
        }
    })
}
