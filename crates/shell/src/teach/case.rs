//! What the rules look at.

use etcdctl::outline::{self, Api, Place};
use proto::Profile;

use crate::complete::api_of;
use crate::names::Names;
use crate::scan::{self, Simple};

/// A line that has ended.
pub(super) struct Case<'a> {
    pub(super) line: &'a str,
    pub(super) code: i32,
    /// The end of what it showed.
    pub(super) output: &'a str,
    pub(super) profile: Profile,
    pub(super) names: &'a Names,
    /// The simple commands of the line.
    pub(super) commands: Vec<Simple>,
    /// The lab's own members by name.
    pub(super) members: Vec<String>,
}

/// One `etcdctl` command of the line.
pub(super) struct Call {
    pub(super) api: Option<Api>,
    /// The words after `etcdctl`; those that only a run can tell are empty.
    pub(super) words: Vec<String>,
    /// Where they lead, unless they are wrong.
    pub(super) place: Option<Place>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        line: &'a str,
        code: i32,
        output: &'a str,
        profile: Profile,
        names: &'a Names,
        members: Vec<String>,
    ) -> Case<'a> {
        let commands = scan::commands(line, &|name| names.value(name));
        Case { line, code, output, profile, names, commands, members }
    }

    /// The first word of the line.
    pub(super) fn first_word(&self) -> &'a str {
        self.line.split_whitespace().next().unwrap_or_default()
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = Call> {
        let is_tool = |simple: &&Simple| {
            let name = simple.words.first().and_then(Option::as_deref).unwrap_or_default();
            name == "etcdctl" || name.ends_with("/etcdctl")
        };
        self.commands.iter().filter(is_tool).map(|simple| {
            let word = |word: &Option<String>| word.clone().unwrap_or_default();
            let words: Vec<String> = simple.words.iter().skip(1).map(word).collect();
            let api = api_of(self.profile, simple, self.names);
            let place = api.and_then(|api| outline::place(self.profile, api, &words));
            Call { api, words, place }
        })
    }

    /// The text behind `before` up to `after`, where the output has both.
    pub(super) fn between(&self, before: &str, after: &str) -> Option<&'a str> {
        let (_, rest) = self.output.split_once(before)?;
        rest.split_once(after).map(|(text, _)| text).filter(|text| !text.contains('\n'))
    }

    pub(super) fn says(&self, text: &str) -> bool {
        self.output.contains(text)
    }
}

impl Call {
    /// The command's names, such as `member add`.
    pub(super) fn command(&self) -> String {
        self.place.as_ref().map(|place| place.path.join(" ")).unwrap_or_default()
    }

    pub(super) fn has_flag(&self, name: &str) -> bool {
        self.words.iter().any(|word| {
            let long = word.strip_prefix("--");
            long.is_some_and(|long| long.split('=').next() == Some(name))
        })
    }

    /// The words that are no flags, behind the command's name. Values of flags are among them where
    /// they stand alone.
    pub(super) fn arguments(&self) -> Vec<&str> {
        let named = self.place.as_ref().map_or(1, |place| place.path.len());
        let plain = self.words.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
        plain.skip(named).collect()
    }
}
