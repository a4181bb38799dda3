//! What could follow some words of a line: the commands and flags of the tool's own tables, for
//! completion and for whoever explains a line. Nothing here runs.

use proto::Profile;

use crate::cobra::{self, Command};
use crate::commands::Run;
use crate::pflag::{FlagSet, Kind};
use crate::process::flags_with_help;
use crate::tree::ROOT;
use crate::tree_utl;
use crate::v2;

/// Which of the tool's two interfaces the words are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    V2,
    V3,
}

/// Where some words lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The full names of the commands, such as `member` and `add`; empty for the tool itself.
    pub path: Vec<&'static str>,
    /// The flag whose value comes next.
    pub value_of: Option<&'static str>,
    /// How many arguments the command has so far.
    pub args: usize,
    /// Behind `--`: no flag can follow.
    pub flags_ended: bool,
    /// The subcommands that can follow, in the tool's order.
    pub commands: Vec<CommandLine>,
    /// The flags that can follow.
    pub flags: Vec<FlagLine>,
}

/// A command in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandLine {
    pub name: &'static str,
    pub about: &'static str,
}

/// A flag in a list. Names are without dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlagLine {
    pub name: &'static str,
    pub short: Option<char>,
    pub about: &'static str,
    pub takes_value: bool,
}

/// The interface that a value of `ETCDCTL_API` asks for; None for one that there is not.
pub fn api(profile: Profile, value: Option<&str>) -> Option<Api> {
    // Section 1.1 of the formats reference: up to 3.3 the old API is the default, in 3.6 it is gone.
    match value.unwrap_or_default() {
        "" if profile <= Profile::V3_3 => Some(Api::V2),
        _ if profile >= Profile::V3_6 => Some(Api::V3),
        "" | "3" => Some(Api::V3),
        "2" => Some(Api::V2),
        _ => None,
    }
}

/// Where the words after `etcdctl` lead. None: to something that the tool does not have.
pub fn place(profile: Profile, api: Api, words: &[String]) -> Option<Place> {
    match api {
        Api::V3 => place_below(&ROOT, profile, words),
        Api::V2 => v2::outline::place(words),
    }
}

/// Where the words after `etcdutl` lead, in releases that have it.
pub fn place_etcdutl(profile: Profile, words: &[String]) -> Option<Place> {
    if profile < Profile::V3_5 {
        return None;
    }
    place_below(&tree_utl::ROOT, profile, words)
}

fn place_below(root: &'static Command, profile: Profile, words: &[String]) -> Option<Place> {
    let mut path: Vec<&'static Command> = vec![root];
    let mut place = Place::default();
    for word in words {
        if place.value_of.take().is_some() {
            continue;
        }
        if place.flags_ended {
            place.args += 1;
        } else if word == "--" {
            place.flags_ended = true;
        } else if word.len() > 1 && word.starts_with('-') {
            place.value_of = value_of(&flags_with_help(&path, profile), word)?;
        } else if let Some(next) = cobra::child(cobra::leaf(&path), profile, word)
            && place.args == 0
        {
            path.push(next);
        } else if cobra::leaf(&path).run == Run::Group {
            return None;
        } else {
            place.args += 1;
        }
    }
    let leaf = cobra::leaf(&path);
    let parent = if leaf.run == Run::Help && place.args == 0 { root } else { leaf };
    let line = |child: &'static Command| CommandLine { name: child.name, about: child.short };
    place.commands = parent.children_in(profile).map(line).collect();
    place.path = path[1..].iter().map(|command| command.name).collect();
    place.flags = flag_lines(&flags_with_help(&path, profile));
    Some(place)
}

fn flag_lines(flags: &FlagSet) -> Vec<FlagLine> {
    let line = |flag: &crate::pflag::Flag| FlagLine {
        name: flag.spec.name,
        short: flag.spec.shorthand,
        about: flag.spec.usage,
        takes_value: flag.spec.kind != Kind::Bool,
    };
    flags.sorted().into_iter().map(line).collect()
}

/// The flag whose value is the next word. The outer None: there is no such flag.
fn value_of(flags: &FlagSet, word: &str) -> Option<Option<&'static str>> {
    let waits =
        |flag: &crate::pflag::Flag| (flag.spec.kind != Kind::Bool).then_some(flag.spec.name);
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or(long);
        let flag = flags.find(name)?;
        return Some(if long.contains('=') { None } else { waits(flag) });
    }
    // Shorthands stand together; the first that takes a value takes the rest.
    let mut shorts = word[1..].chars();
    while let Some(short) = shorts.next() {
        let flag = flags.find_short(short)?;
        if flag.spec.kind != Kind::Bool {
            return Some(if shorts.as_str().is_empty() { waits(flag) } else { None });
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(api: Api, line: &str) -> Option<Place> {
        let words: Vec<String> = line.split_whitespace().map(String::from).collect();
        place(Profile::V3_5, api, &words)
    }

    #[test]
    fn words_lead_through_the_tables_of_both_apis() {
        let place = at(Api::V3, "--endpoints a:1 member add -w json n1").expect("it is there");
        assert_eq!((place.path.as_slice(), place.args), (&["member", "add"][..], 1));
        assert!(place.flags.iter().any(|flag| flag.name == "peer-urls" && flag.takes_value));
        assert!(place.commands.is_empty());
        let place = at(Api::V3, "get k -w").expect("it is there");
        assert_eq!(place.value_of, Some("write-out"));
        assert_eq!(at(Api::V3, "get k -wjson --order=").expect("there").value_of, None);
        let place = at(Api::V3, "lease").expect("it is there");
        assert!(place.commands.iter().any(|command| command.name == "timetolive"));
        assert!(at(Api::V3, "put -- -k").expect("there").flags_ended);
        let place = at(Api::V2, "-o json ls --recursive /").expect("it is there");
        assert_eq!((place.path.as_slice(), place.args), (&["ls"][..], 1));
        assert!(place.flags.iter().any(|flag| flag.name == "sort" && !flag.takes_value));
        assert_eq!(at(Api::V2, "mk --ttl").expect("there").value_of, Some("ttl"));
        let place = at(Api::V2, "member").expect("it is there");
        assert!(place.commands.iter().any(|command| command.name == "remove"));
    }

    #[test]
    fn what_is_not_there_leads_nowhere() {
        for line in ["set", "member ad-d", "get --prefx", "get -k", "--nosuch get"] {
            assert_eq!(at(Api::V3, line), None, "{line}");
        }
        let words = ["snapshot".to_string()];
        let place = place_etcdutl(Profile::V3_5, &words).expect("it is there");
        assert!(place.commands.iter().any(|command| command.name == "restore"));
        assert_eq!(api(Profile::V3_3, None), Some(Api::V2));
        assert_eq!(api(Profile::V3_6, Some("2")), Some(Api::V3));
        assert_eq!(
            (api(Profile::V3_4, Some("2")), api(Profile::V3_5, Some("4"))),
            (Some(Api::V2), None)
        );
        for line in ["put", "member promote", "get --prefix", "-w json"] {
            assert_eq!(at(Api::V2, line), None, "{line}");
        }
    }
}
