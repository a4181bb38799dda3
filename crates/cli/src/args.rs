//! `--name value` and `--name=value` arguments.

use std::collections::BTreeMap;

use lab::{Micros, SessionOptions, parse_time_us};

/// Named values and what is left over.
#[derive(Default)]
pub(crate) struct Args {
    named: BTreeMap<String, String>,
    pub(crate) rest: Vec<String>,
}

impl Args {
    /// Takes the words apart; only `known` names are allowed.
    pub(crate) fn parse(words: &[String], known: &[&str]) -> Result<Args, String> {
        let mut args = Args::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else {
                args.rest.push(word.clone());
                continue;
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (flag, None),
            };
            if !known.contains(&name) {
                return Err(format!("unknown flag --{name}"));
            }
            let value = value.or_else(|| words.next().cloned());
            let value = value.ok_or_else(|| format!("flag --{name} needs a value"))?;
            args.named.insert(name.to_string(), value);
        }
        Ok(args)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.named.get(name).map(String::as_str)
    }

    pub(crate) fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        match self.named.get(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("--{name}: '{text}' is not a number")),
        }
    }

    /// A virtual time such as `60s`.
    pub(crate) fn time_us(&self, name: &str) -> Result<Option<Micros>, String> {
        let Some(text) = self.named.get(name) else { return Ok(None) };
        let time = parse_time_us(text);
        time.map(Some).ok_or_else(|| format!("--{name}: '{text}' is not a time such as 60s"))
    }

    /// Seed, members and profile.
    pub(crate) fn session(&self) -> Result<SessionOptions, String> {
        let default = SessionOptions::default();
        let members = self.number("members", u64::from(default.members))?;
        Ok(SessionOptions {
            seed: self.number("seed", default.seed)?,
            members: u32::try_from(members).map_err(|_| format!("--members: {members}"))?,
            profile: self.text("profile").unwrap_or(&default.profile).to_string(),
            v2: self.number("v2", 0)? != 0,
            quota_backend_bytes: i64::try_from(self.number("quota", 0)?)
                .map_err(|_| "--quota: that is more than a disk can hold".to_string())?,
        })
    }

    pub(crate) fn no_rest(&self) -> Result<(), String> {
        match self.rest.first() {
            None => Ok(()),
            Some(word) => Err(format!("unexpected argument '{word}'")),
        }
    }
}
