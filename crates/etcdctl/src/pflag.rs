//! Command-line flags as spf13/pflag reads them, with its error texts.
//!
//! Kept: long and short forms, `=`, clustered shorthands, `--`, flags between arguments, and the
//! values etcdctl has. Left out: deprecated and hidden flags, of which etcdctl has none.

use proto::Profile;

use crate::go::{csv, duration, number, quote};
use crate::releases::Releases;

/// What a flag holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Text,
    /// A comma-separated list; the first use replaces the default, later ones append.
    Slice,
    Int,
    Duration,
}

/// The declaration of a flag.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) shorthand: Option<char>,
    pub(crate) kind: Kind,
    /// As one would type it.
    pub(crate) default: &'static str,
    pub(crate) usage: &'static str,
    /// Which releases have it.
    pub(crate) releases: Releases,
    /// Whether its command fails without it.
    pub(crate) required: bool,
}

impl Spec {
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        usage: &'static str,
    ) -> Self {
        Spec {
            name,
            shorthand: None,
            kind,
            default,
            usage,
            releases: Releases::ALL,
            required: false,
        }
    }

    pub(crate) const fn short(mut self, shorthand: char) -> Self {
        self.shorthand = Some(shorthand);
        self
    }

    pub(crate) const fn since(mut self, first: Profile) -> Self {
        self.releases = self.releases.since(first);
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn until(mut self, last: Profile) -> Self {
        self.releases = self.releases.until(last);
        self
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Bool(bool),
    Text(String),
    Slice(Vec<String>),
    Int(i64),
    DurationNs(i64),
}

/// A declared flag and its present value.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) spec: &'static Spec,
    /// Declared by a parent command.
    pub(crate) inherited: bool,
    /// Set on the command line or from the environment.
    pub(crate) changed: bool,
    value: Value,
}

impl Flag {
    fn new(spec: &'static Spec, inherited: bool) -> Self {
        let value = parse(spec.kind, spec.default).expect("defaults are written in their own kind");
        Flag { spec, inherited, changed: false, value }
    }

    fn set(&mut self, text: &str) -> Result<(), String> {
        let value = parse(self.spec.kind, text)?;
        match (&mut self.value, value) {
            (Value::Slice(list), Value::Slice(more)) if self.changed => list.extend(more),
            (slot, value) => *slot = value,
        }
        self.changed = true;
        Ok(())
    }

    /// The value as `Value.String` shows it.
    pub(crate) fn text(&self) -> String {
        match &self.value {
            Value::Bool(value) => value.to_string(),
            Value::Text(value) => value.clone(),
            Value::Slice(values) => format!("[{}]", values.join(",")),
            Value::Int(value) => value.to_string(),
            Value::DurationNs(ns) => duration::format_ns(*ns),
        }
    }
}

fn parse(kind: Kind, text: &str) -> Result<Value, String> {
    Ok(match kind {
        Kind::Bool => Value::Bool(number::parse_bool(text)?),
        Kind::Text => Value::Text(text.to_string()),
        Kind::Slice if text.is_empty() => Value::Slice(Vec::new()),
        Kind::Slice => Value::Slice(csv::first_record(text)?),
        Kind::Int => Value::Int(number::parse_int(text, 0)?),
        Kind::Duration => Value::DurationNs(duration::parse_ns(text)?),
    })
}

/// The flags of one command, its own and the inherited ones.
#[derive(Debug, Default)]
pub(crate) struct FlagSet {
    flags: Vec<Flag>,
}

impl FlagSet {
    pub(crate) fn add(&mut self, specs: &'static [Spec], inherited: bool, profile: Profile) {
        let there = specs.iter().filter(|spec| spec.releases.contain(profile));
        self.flags.extend(there.map(|spec| Flag::new(spec, inherited)));
    }

    /// All flags, by name.
    pub(crate) fn sorted(&self) -> Vec<&Flag> {
        let mut flags: Vec<&Flag> = self.flags.iter().collect();
        flags.sort_by_key(|flag| flag.spec.name);
        flags
    }

    /// Why the command cannot run: flags that it needs were not given.
    pub(crate) fn check_required(&self) -> Result<(), String> {
        let missing = |flag: &&&Flag| flag.spec.required && !flag.changed;
        let names: Vec<String> = self
            .sorted()
            .iter()
            .filter(missing)
            .map(|flag| format!("\"{}\"", flag.spec.name))
            .collect();
        match names.is_empty() {
            true => Ok(()),
            false => Err(format!("required flag(s) {} not set", names.join(", "))),
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.spec.name == name)
    }

    pub(crate) fn find_short(&self, shorthand: char) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.spec.shorthand == Some(shorthand))
    }

    /// Sets a flag as the environment does.
    pub(crate) fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        match self.flags.iter_mut().find(|flag| flag.spec.name == name) {
            Some(flag) => flag.set(text),
            None => Err(format!("no such flag -{name}")),
        }
    }

    pub(crate) fn changed(&self, name: &str) -> bool {
        self.find(name).is_some_and(|flag| flag.changed)
    }

    pub(crate) fn bool(&self, name: &str) -> bool {
        matches!(self.find(name), Some(Flag { value: Value::Bool(true), .. }))
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        match self.find(name) {
            Some(Flag { value: Value::Text(text), .. }) => text,
            _ => "",
        }
    }

    pub(crate) fn slice(&self, name: &str) -> Vec<String> {
        match self.find(name) {
            Some(Flag { value: Value::Slice(list), .. }) => list.clone(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn int(&self, name: &str) -> i64 {
        match self.find(name) {
            Some(Flag { value: Value::Int(value), .. }) => *value,
            _ => 0,
        }
    }

    pub(crate) fn duration_ns(&self, name: &str) -> i64 {
        match self.find(name) {
            Some(Flag { value: Value::DurationNs(ns), .. }) => *ns,
            _ => 0,
        }
    }

    /// Sets flags from `words` and returns the words that are not flags. The error is pflag's text.
    pub(crate) fn parse(&mut self, words: &[String]) -> Result<Vec<String>, String> {
        let mut arguments = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                arguments.extend(words.cloned());
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                self.parse_long(word, long, &mut words)?;
            } else if word.len() > 1 && word.starts_with('-') {
                self.parse_shorts(&word[1..], &mut words)?;
            } else {
                arguments.push(word.clone());
            }
        }
        Ok(arguments)
    }

    fn parse_long(
        &mut self,
        word: &str,
        long: &str,
        rest: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), String> {
        if long.starts_with(['-', '=']) {
            return Err(format!("bad flag syntax: {word}"));
        }
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let Some(flag) = self.flags.iter_mut().find(|flag| flag.spec.name == name) else {
            return Err(format!("unknown flag: --{name}"));
        };
        let value = match value {
            Some(value) => value,
            None if flag.spec.kind == Kind::Bool => "true",
            None => rest.next().ok_or_else(|| format!("flag needs an argument: {word}"))?,
        };
        set_from_line(flag, value)
    }

    /// A cluster such as `-hw json`, `-wjson`, `-w=json`.
    fn parse_shorts(
        &mut self,
        cluster: &str,
        rest: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), String> {
        let mut cluster = cluster;
        // Words that begin with `-test.` belong to Go's test binaries; pflag lets them pass.
        while let Some(shorthand) = cluster.chars().next().filter(|_| !cluster.starts_with("test."))
        {
            let Some(flag) =
                self.flags.iter_mut().find(|flag| flag.spec.shorthand == Some(shorthand))
            else {
                // pflag looks at bytes, so the first byte of a longer character is what it quotes.
                let byte = quote::quote_char(char::from(cluster.as_bytes()[0]));
                return Err(format!("unknown shorthand flag: {byte} in -{cluster}"));
            };
            let after = &cluster[shorthand.len_utf8()..];
            let (value, left) = if after.len() > 1 && after.starts_with('=') {
                (&after[1..], "")
            } else if flag.spec.kind == Kind::Bool {
                ("true", after)
            } else if !after.is_empty() {
                (after, "")
            } else {
                let missing = || {
                    let quoted = quote::quote_char(shorthand);
                    format!("flag needs an argument: {quoted} in -{cluster}")
                };
                (rest.next().ok_or_else(missing)?.as_str(), "")
            };
            set_from_line(flag, value)?;
            cluster = left;
        }
        Ok(())
    }
}

fn set_from_line(flag: &mut Flag, value: &str) -> Result<(), String> {
    flag.set(value).map_err(|why| {
        let name = match flag.spec.shorthand {
            Some(shorthand) => format!("-{shorthand}, --{}", flag.spec.name),
            None => format!("--{}", flag.spec.name),
        };
        let value = quote::quote(value.as_bytes());
        format!("invalid argument {value} for \"{name}\" flag: {why}")
    })
}
