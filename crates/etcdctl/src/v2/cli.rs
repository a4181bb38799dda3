//! Words as urfave/cli v1 reads them: Go's own flag package (one or two dashes, `-x=v`), with flags
//! after the arguments moved to the front first.
//!
//! The two releases carry two versions of that library, which differ in how they move flags: from
//! 1.22.5 on (3.4.23's) a flag without `=` takes whatever is no flag of the command, and a `--` is
//! moved before the arguments; 1.22.4 (3.5.1's) leaves words with a dash alone and `--` in its place.
//! Left out: variables as defaults, completion, and nested slices, which etcdctl does not use.

use proto::Profile;

use crate::go::number::{parse_bool, parse_int};
use crate::go::{duration, quote::quote};

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Duration,
    Text,
    /// A text that may be given several times.
    Texts,
}

/// A flag as a command declares it.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// A second name, or nothing.
    pub(super) alias: &'static str,
    pub(super) kind: Kind,
    /// The value without the flag, as somebody would type it.
    pub(super) default: &'static str,
    pub(super) usage: &'static str,
}

/// The flag that every command has.
pub(super) const HELP: Flag =
    Flag { name: "help", alias: "h", kind: Kind::Bool, default: "", usage: "show this help" };

/// What a line said of some flags, and its other words.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    flags: Vec<&'static Flag>,
    /// Names as typed and values, all of which fit.
    given: Vec<(String, String)>,
    pub(super) args: Vec<String>,
    /// The first mistake that is not about one flag's two names.
    pub(super) error: Option<String>,
    /// A flag was given by both of its names.
    pub(super) twice: Option<String>,
}

impl Parsed {
    /// Reads `words` without moving any.
    pub(super) fn in_order(flags: &'static [Flag], words: &[String]) -> Parsed {
        let flags = flags.iter().chain([&HELP]).collect();
        let mut parsed = Parsed { flags, ..Parsed::default() };
        parsed.error = parsed.read(words).err();
        parsed.twice = parsed.given_twice();
        parsed
    }

    /// Reads the words of a command.
    pub(super) fn of_command(flags: &'static [Flag], words: &[String], profile: Profile) -> Parsed {
        Parsed::in_order(flags, &flags_first(flags, words, profile))
    }

    pub(super) fn bool(&self, name: &str) -> bool {
        parse_bool(self.text(name)).unwrap_or(false)
    }

    pub(super) fn int(&self, name: &str) -> i64 {
        parse_int(self.text(name), 0).unwrap_or(0)
    }

    pub(super) fn duration_ns(&self, name: &str) -> i64 {
        duration::parse_ns(self.text(name)).unwrap_or(0)
    }

    /// The last value given, or the default.
    pub(super) fn text(&self, name: &str) -> &str {
        let Some(flag) = self.find(name) else { return "" };
        self.values(flag).last().unwrap_or(flag.default)
    }

    /// All values given.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let Some(flag) = self.find(name) else { return Vec::new() };
        self.values(flag).map(String::from).collect()
    }

    fn values(&self, flag: &'static Flag) -> impl Iterator<Item = &str> {
        let own = move |name: &str| name == flag.name || name == flag.alias;
        self.given.iter().filter(move |(name, _)| own(name)).map(|(_, value)| value.as_str())
    }

    fn find(&self, name: &str) -> Option<&'static Flag> {
        find(self.flags.iter().copied(), name)
    }

    /// `flag.FlagSet.Parse`.
    fn read(&mut self, words: &[String]) -> Result<(), String> {
        let mut words = words.iter();
        while let Some(word) = words.as_slice().first() {
            let Some(dashed) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
                break;
            };
            words.next();
            let name = dashed.strip_prefix('-').unwrap_or(dashed);
            if name.is_empty() {
                break;
            }
            if name.starts_with(['-', '=']) {
                return Err(format!("bad flag syntax: {word}"));
            }
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (name, None),
            };
            let flag =
                self.find(name).ok_or_else(|| format!("flag provided but not defined: -{name}"))?;
            let value = match value {
                None if flag.kind == Kind::Bool => "true".to_string(),
                None => {
                    words.next().ok_or_else(|| format!("flag needs an argument: -{name}"))?.clone()
                }
                Some(value) => value,
            };
            check(flag.kind, name, &value)?;
            self.given.push((name.to_string(), value));
        }
        self.args = words.as_slice().to_vec();
        Ok(())
    }

    fn given_twice(&self) -> Option<String> {
        let has = |name: &str| self.given.iter().any(|(given, _)| given == name);
        let twice = self.flags.iter().find(|flag| has(flag.name) && has(flag.alias))?;
        Some(format!("Cannot use two forms of the same flag: {} {}", twice.alias, twice.name))
    }
}

fn find(mut flags: impl Iterator<Item = &'static Flag>, name: &str) -> Option<&'static Flag> {
    flags.find(|flag| flag.name == name || (!name.is_empty() && flag.alias == name))
}

fn check(kind: Kind, name: &str, value: &str) -> Result<(), String> {
    let failed = match kind {
        Kind::Bool => parse_bool(value).err(),
        Kind::Int => parse_int(value, 0).err(),
        Kind::Duration => duration::parse_ns(value).err(),
        Kind::Text | Kind::Texts => None,
    };
    let Some(why) = failed else { return Ok(()) };
    let range = "value out of range";
    let why = if why.ends_with(range) { range } else { "parse error" };
    let value = quote(value.as_bytes());
    Err(match kind {
        Kind::Bool => format!("invalid boolean value {value} for -{name}: {why}"),
        _ => format!("invalid value {value} for flag -{name}: {why}"),
    })
}

/// `reorderArgs` of the release's library.
fn flags_first(flags: &'static [Flag], words: &[String], profile: Profile) -> Vec<String> {
    let is_flag = |word: &str| {
        let name = word.strip_prefix("--").or(word.strip_prefix('-')).unwrap_or_default();
        let name = name.split('=').next().unwrap_or(name);
        !name.is_empty() && find(flags.iter().chain([&HELP]), name).is_some()
    };
    let later = profile <= Profile::V3_4;
    let (mut moved, mut others) = (Vec::new(), Vec::new());
    let mut value_follows = false;
    for (at, word) in words.iter().enumerate() {
        let is_value = if later { !is_flag(word) } else { !word.starts_with('-') };
        if value_follows && is_value {
            value_follows = false;
            moved.push(word.clone());
        } else if word == "--" {
            if later {
                others.insert(0, word.clone());
                others.extend_from_slice(&words[at + 1..]);
            } else {
                others.extend_from_slice(&words[at..]);
            }
            break;
        } else if is_flag(word) {
            value_follows = !word.contains('=');
            moved.push(word.clone());
        } else {
            others.push(word.clone());
        }
    }
    moved.append(&mut others);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[
        Flag { name: "recursive", alias: "r", kind: Kind::Bool, default: "", usage: "" },
        Flag { name: "ttl", alias: "", kind: Kind::Int, default: "0", usage: "" },
        Flag { name: "swap", alias: "", kind: Kind::Text, default: "", usage: "" },
        Flag { name: "timeout", alias: "", kind: Kind::Duration, default: "2s", usage: "" },
        Flag { name: "roles", alias: "", kind: Kind::Texts, default: "", usage: "" },
    ];

    fn parse(line: &str, profile: Profile) -> Parsed {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        Parsed::of_command(FLAGS, &words, profile)
    }

    /// Each line was given to the real tools.
    #[test]
    fn flags_move_to_the_front_as_in_each_release() {
        for (line, args_3_4, args_3_5) in [
            ("/k v --ttl 5", "/k v", "/k v"),
            ("/k -dash", "/k -dash", "/k -dash"),
            ("/k --nosuch", "/k --nosuch", "/k --nosuch"),
            ("/k -- -dash", "/k -dash", "/k -- -dash"),
            ("-- /k -dash", "/k -dash", "/k -dash"),
            ("--recursive /k -- sh -c x", "/k -- sh -c x", "/k -- sh -c x"),
            ("--ttl 4 /k -- sh -c x", "/k sh -c x", "/k -- sh -c x"),
            ("/k --swap v", "/k", "/k"),
            ("- /k", "- /k", "- /k"),
        ] {
            for (profile, args) in [(Profile::V3_4, args_3_4), (Profile::V3_5, args_3_5)] {
                let parsed = parse(line, profile);
                assert_eq!(
                    (parsed.args.join(" ").as_str(), &parsed.error),
                    (args, &None),
                    "{line}"
                );
            }
        }
        let parsed = parse("--ttl -5 /k", Profile::V3_4);
        assert_eq!((parsed.int("ttl"), parsed.args.join(" ")), (-5, "/k".into()));
        let taken = parse("/k --swap -- --ttl 5", Profile::V3_4);
        assert_eq!((taken.text("swap"), taken.int("ttl")), ("--", 5));
    }

    #[test]
    fn mistakes_have_go_s_texts() {
        let v3_5 = "invalid value \"/k\" for flag -ttl: parse error";
        assert_eq!(parse("--ttl -5 /k", Profile::V3_5).error.as_deref(), Some(v3_5));
        for (line, error) in [
            ("/k v --ttl abc", "invalid value \"abc\" for flag -ttl: parse error"),
            ("/k v --ttl", "invalid value \"/k\" for flag -ttl: parse error"),
            ("--ttl", "flag needs an argument: -ttl"),
            ("-ttl=", "invalid value \"\" for flag -ttl: parse error"),
            (
                "--ttl=9223372036854775808",
                "invalid value \"9223372036854775808\" for flag -ttl: value out of range",
            ),
            ("-r=xx", "invalid boolean value \"xx\" for -r: parse error"),
            ("--timeout 1", "invalid value \"1\" for flag -timeout: parse error"),
            ("---r", "bad flag syntax: ---r"),
            ("-=", "bad flag syntax: -="),
            ("-rp", "flag provided but not defined: -rp"),
        ] {
            assert_eq!(parse(line, Profile::V3_4).error.as_deref(), Some(error), "{line}");
        }
        let twice = "Cannot use two forms of the same flag: r recursive";
        assert_eq!(parse("-r --recursive", Profile::V3_4).twice.as_deref(), Some(twice));
    }

    #[test]
    fn values_are_the_last_ones_given() {
        let parsed = parse("-r --ttl 0x10 --ttl=1_0 --roles a --roles b,c k", Profile::V3_4);
        assert!(parsed.bool("recursive") && !parsed.bool("help"));
        assert_eq!(
            (parsed.int("ttl"), parsed.texts("roles")),
            (10, vec!["a".into(), "b,c".into()])
        );
        assert_eq!((parsed.duration_ns("timeout"), parsed.text("swap")), (2_000_000_000, ""));
    }
}
