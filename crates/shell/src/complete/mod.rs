//! What could stand at the cursor: commands, flags and their values, files, variables, and what the
//! cluster has.
//!
//! A pure function of the line, the shell's names and files, and a look at the cluster, which is
//! asked for only where it matters. At a place that is not known there is no candidate rather than a
//! wrong one. Each candidate keeps what was typed of its word, letter for letter, and adds the rest in
//! the quotes that are open there.

mod commands;
mod etcdctl;
mod offers;
mod others;
#[cfg(test)]
mod tests;

use cluster::Answer;
use frame::{Completion, Look, Looked};
use proto::Profile;

use crate::fs::Fs;
use crate::names::Names;
use crate::scan::{self, Place, Scan, Simple};
use offers::{Offers, Typed};

pub(crate) use commands::names_of_commands;
pub(crate) use etcdctl::api_of;

/// What completion looks at beside the line.
pub(crate) struct State<'a> {
    pub(crate) profile: Profile,
    pub(crate) names: &'a Names,
    pub(crate) fs: &'a Fs,
    pub(crate) looked: Option<&'a Looked>,
}

/// What could stand at `cursor`, in bytes of `line`; one inside a character is before it.
pub(crate) fn complete(line: &str, cursor: u32, state: &State<'_>) -> Answer {
    let mut cursor = line.len().min(cursor as usize);
    while !line.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let text = &line[..cursor];
    let scan = scan::scan(text, &|name| state.names.value(name));
    let mut asked = Asked { looked: state.looked, want: None };
    let offers = offers_at(text, &scan, state, &mut asked);
    match (asked.want, offers) {
        (Some(look), _) => Answer::Need(look),
        (None, Some(offers)) => Answer::Completion(offers.completion(text, &scan.word)),
        (None, None) => {
            let start = scan.word.start as u32;
            Answer::Completion(Completion { start, ..Completion::default() })
        }
    }
}

/// The cluster, as far as it was looked at.
pub(crate) struct Asked<'a> {
    looked: Option<&'a Looked>,
    want: Option<Look>,
}

impl<'a> Asked<'a> {
    /// What the look brought, or None: then the question is put again with it.
    fn look(&mut self, want: impl FnOnce() -> Look) -> Option<&'a Looked> {
        if self.looked.is_none() {
            self.want = Some(want());
        }
        self.looked
    }
}

fn offers_at(text: &str, scan: &Scan, state: &State<'_>, asked: &mut Asked<'_>) -> Option<Offers> {
    if let Place::Name { from, braces } = scan.place {
        return Some(others::variables(text, from, braces, state));
    }
    let typed = Typed::new(scan.word.value.as_deref()?);
    match scan.place {
        Place::Command => commands::at_command(typed, &scan.last, state, asked),
        Place::Target => Some(others::files(typed, state, others::Wanted::Files)),
        Place::Argument => argument(typed, &scan.last, state, asked),
        Place::Name { .. } | Place::Nothing => None,
    }
}

/// An argument of the command whose words so far are known.
fn argument(
    typed: Typed<'_>,
    simple: &Simple,
    state: &State<'_>,
    asked: &mut Asked<'_>,
) -> Option<Offers> {
    let simple = commands::unwrapped(simple);
    let Some((name, words)) = simple.words.split_first() else {
        return commands::at_command(typed, &simple, state, asked);
    };
    let name = name.as_deref()?;
    let base = name.rsplit('/').next().unwrap_or(name);
    if typed.text.contains(|c: char| c.is_control()) {
        return None;
    }
    match base {
        "etcdctl" | "etcdutl" => etcdctl::offers(typed, &simple, state, asked),
        "etcd" => Some(others::etcd(typed, words, state)),
        "lab" => others::lab(typed, words, state, asked),
        "export" | "unset" | "declare" | "local" => others::exports(typed, state, asked),
        "type" | "which" | "command" => Some(commands::named(typed, state)),
        "cd" | "mkdir" | "rmdir" => Some(others::files(typed, state, others::Wanted::Directories)),
        _ => commands::file_argument(base, typed, state),
    }
}
