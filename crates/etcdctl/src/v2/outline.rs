//! What could follow some words of a v2 line, from the same tables that run it.

use super::cli::{Flag, HELP, Kind};
use super::tree::{self, COMMANDS, Command, GLOBAL, Run};
use crate::outline::{CommandLine, FlagLine, Place};

/// See [`crate::outline::place`].
pub(crate) fn place(words: &[String]) -> Option<Place> {
    let mut place = Place::default();
    let mut children = COMMANDS;
    let mut flags = GLOBAL;
    for word in words {
        if place.value_of.take().is_some() {
            continue;
        }
        if place.flags_ended {
            place.args += 1;
        } else if word == "--" {
            place.flags_ended = true;
        } else if word.len() > 1 && word.starts_with('-') {
            place.value_of = value_of(flags, word)?;
        } else if !children.is_empty() {
            let command = tree::find(children, word)?;
            place.path.push(command.name);
            (children, flags) = (command.children, command.flags);
            if command.run == Run::Help {
                flags = &[];
            }
        } else {
            place.args += 1;
        }
    }
    let line = |command: &Command| CommandLine { name: command.name, about: command.short };
    let listed = if place.path == ["help"] && place.args == 0 { COMMANDS } else { children };
    place.commands = listed.iter().map(line).collect();
    place.flags = flags.iter().chain([&HELP]).map(flag_line).collect();
    Some(place)
}

fn flag_line(flag: &Flag) -> FlagLine {
    let mut alias = flag.alias.chars();
    let short = alias.next().filter(|_| alias.as_str().is_empty());
    FlagLine { name: flag.name, short, about: flag.usage, takes_value: flag.kind != Kind::Bool }
}

/// The flag whose value is the next word. The outer None: there is no such flag.
fn value_of(flags: &'static [Flag], word: &str) -> Option<Option<&'static str>> {
    let name = word.strip_prefix("--").or(word.strip_prefix('-')).unwrap_or(word);
    let bare = name.split('=').next().unwrap_or(name);
    let mut all = flags.iter().chain([&HELP]);
    let flag = all.find(|flag| flag.name == bare || (!bare.is_empty() && flag.alias == bare))?;
    let waits = flag.kind != Kind::Bool && !name.contains('=');
    Some(waits.then_some(flag.name))
}
