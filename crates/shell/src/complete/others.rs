//! Files, variables, `lab`, `etcd`, and what the cluster is asked for.

use etcdctl::outline::{self, Api};
use frame::{Look, LookRange, Looked};

use super::offers::{End, Offers, Typed};
use super::{Asked, State, etcdctl as tool};
use crate::fs;
use crate::names::lab_members;
use crate::scan::assignment;
use crate::tools::etcd::flag_names;

/// Which entries of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Files,
    Directories,
}

/// Most keys that are looked at.
const KEYS_MAX: u32 = 2000;
/// With more keys than this only the next part of each is shown.
const WHOLE_KEYS_MAX: usize = 12;

/// Entries of a directory. Those that begin with a dot are offered when a dot is typed.
pub(super) fn files(typed: Typed<'_>, state: &State<'_>, wanted: Wanted) -> Offers {
    let mut offers = Offers::new(typed);
    let cut = typed.text.rfind('/').map_or(0, |at| at + 1);
    let (above, begun) = typed.text.split_at(cut);
    let directory = fs::normal(&state.names.cwd, if above.is_empty() { "." } else { above });
    for name in state.fs.list(&directory) {
        if name.starts_with('.') && !begun.starts_with('.') {
            continue;
        }
        let path = fs::normal(&directory, &name);
        if state.fs.is_dir(&path) {
            let (value, shown) = (format!("{above}{name}/"), format!("{name}/"));
            offers.add_shown(&value, &shown, "", End::Open);
        } else if wanted == Wanted::Files {
            offers.add_shown(&format!("{above}{name}"), &name, "", End::Space);
        }
    }
    offers
}

/// Names of variables; what is typed is the name alone.
pub(super) fn variables(text: &str, from: usize, braces: bool, state: &State<'_>) -> Offers {
    let mut offers = Offers::new(Typed::new(&text[from..]));
    for name in state.names.variables() {
        offers.add_variable(name, braces);
    }
    offers
}

/// `export NAME` and `export NAME=value`.
pub(super) fn exports(
    typed: Typed<'_>,
    state: &State<'_>,
    asked: &mut Asked<'_>,
) -> Option<Offers> {
    if assignment(typed.text).is_some() {
        return assigned(typed, state, asked);
    }
    let mut offers = Offers::new(typed);
    for name in state.names.variables() {
        offers.add(name, "", End::Open);
    }
    add_settings(&mut offers, state);
    Some(offers)
}

/// The variables that the client reads, with a `=`.
pub(super) fn add_settings(offers: &mut Offers, state: &State<'_>) {
    offers.add("ETCDCTL_API=", "2 or 3: which of its two APIs etcdctl speaks", End::Open);
    let root = outline::place(state.profile, Api::V3, &[]).unwrap_or_default();
    for flag in root.flags.iter().filter(|flag| flag.name != "help") {
        let name = flag.name.to_ascii_uppercase().replace('-', "_");
        offers.add(&format!("ETCDCTL_{name}="), flag.about, End::Open);
    }
}

/// The value of `NAME=value`.
pub(super) fn assigned(
    typed: Typed<'_>,
    state: &State<'_>,
    asked: &mut Asked<'_>,
) -> Option<Offers> {
    let (name, _) = assignment(typed.text)?;
    let typed = typed.after(name.len() + 1);
    if name == "ETCDCTL_API" {
        let mut offers = Offers::new(typed);
        offers.add("2", "set, get, ls, mk, rm, cluster-health", End::Space);
        offers.add("3", "put, get, del, txn, endpoint health", End::Space);
        return Some(offers);
    }
    let Some(setting) = name.strip_prefix("ETCDCTL_") else {
        return Some(files(typed, state, Wanted::Files));
    };
    let flag = setting.to_ascii_lowercase().replace('_', "-");
    tool::value(typed, &flag, Api::V3, state, asked)
}

/// `lab` commands, with what their arguments can be.
const LAB: &[(&str, &str)] = &[
    ("kill", "a member's process ends at once"),
    ("stop", "a member's process ends in good order"),
    ("start", "a member's process starts"),
    ("pause", "a member's process stands still"),
    ("resume", "a paused member goes on"),
    ("wipe", "a stopped member loses its files"),
    ("trap", "a member's program breaks"),
    ("cut", "cut links: 'm1|m2,m3' or 'm1>m2'"),
    ("heal", "mend all cuts"),
    ("disk", "make a member's disk slow, full or rotten"),
    ("wait", "until a member is healthy"),
    ("settle", "until all running members are healthy"),
    ("status", "members, cuts and time"),
    ("speed", "how fast time runs"),
    ("hold", "stop the time"),
    ("play", "let the time run"),
    ("run", "let the time run for so long"),
    ("step", "let one thing happen"),
    ("help", "how to use lab"),
];

pub(super) fn lab(
    typed: Typed<'_>,
    words: &[Option<String>],
    state: &State<'_>,
    asked: &mut Asked<'_>,
) -> Option<Offers> {
    let words: Vec<&str> = words.iter().map(|word| word.as_deref().unwrap_or("?")).collect();
    let mut offers = Offers::new(typed);
    let choices: &[&str] = match words[..] {
        [] => {
            LAB.iter().for_each(|(verb, about)| offers.add(verb, about, End::Space));
            return Some(offers);
        }
        ["kill" | "stop" | "start" | "pause" | "resume" | "wipe" | "trap" | "disk" | "wait"] => {
            let looked = asked.look(Look::default)?;
            members(&mut offers, state, looked);
            return Some(offers);
        }
        ["disk", _] => &["slow", "full", "rot", "heal"],
        ["speed"] => &["0.05", "1", "max", "auto"],
        ["step"] => &["event", "message", "commit", "role"],
        _ => return None,
    };
    choices.iter().for_each(|choice| offers.add(choice, "", End::Space));
    Some(offers)
}

/// The members by name: those of the cluster, and those that have a data directory here.
fn members(offers: &mut Offers, state: &State<'_>, looked: &Looked) {
    for member in looked.members.iter().filter(|member| !member.name.is_empty()) {
        offers.add(&member.name, &member.client_urls.join(","), End::Space);
    }
    for name in lab_members(state.fs) {
        offers.add(&name, "", End::Space);
    }
}

/// `etcd` has flags only.
pub(super) fn etcd(typed: Typed<'_>, words: &[Option<String>], state: &State<'_>) -> Offers {
    let last = words.last().and_then(Option::as_deref).unwrap_or_default();
    let bare = |word: &str| word.trim_start_matches('-').to_string();
    let flag = |name: &str| flag_names().find(|(known, _)| *known == name);
    let (name, typed) = match typed.text.split_once('=') {
        Some((name, _)) if name.starts_with('-') => (bare(name), typed.after(name.len() + 1)),
        _ if last.starts_with('-') && !last.contains('=') => (bare(last), typed),
        _ => (String::new(), typed),
    };
    let mut offers = Offers::new(typed);
    if let Some((name, false)) = flag(&name) {
        match name {
            "initial-cluster-state" => {
                offers.add("new", "", End::Space);
                offers.add("existing", "", End::Space);
            }
            "data-dir" | "wal-dir" => return files(typed, state, Wanted::Directories),
            name if name.ends_with("-file") => return files(typed, state, Wanted::Files),
            _ => {}
        }
        return offers;
    }
    // Go reads one dash like two; what is offered has two.
    for (name, is_switch) in flag_names() {
        let end = if is_switch { End::Space } else { End::Open };
        let value = if is_switch { format!("--{name}") } else { format!("--{name}=") };
        offers.add_shown(&value, &format!("--{name}"), "", end);
    }
    offers
}

/// The cluster's keys that begin so: all of them, or as parts up to the next `/` where there are many.
pub(super) fn keys(typed: Typed<'_>, asked: &mut Asked<'_>) -> Option<Offers> {
    let range = || LookRange::prefix(typed.text.as_bytes(), KEYS_MAX);
    let looked = asked.look(|| Look { ranges: vec![range()], ..Look::default() })?;
    let pairs = looked.ranges.first();
    let keys = pairs.into_iter().flat_map(|pairs| &pairs.pairs);
    // A key that is no text cannot be typed.
    let keys: Vec<&str> = keys.filter_map(|pair| std::str::from_utf8(&pair.key).ok()).collect();
    let mut offers = Offers::new(typed);
    offers.more = pairs.is_some_and(|pairs| pairs.count > pairs.pairs.len() as u64);
    add_paths(&mut offers, typed, &keys);
    Some(offers)
}

/// Names with slashes, whole or up to the next slash.
pub(super) fn add_paths(offers: &mut Offers, typed: Typed<'_>, paths: &[&str]) {
    let whole = paths.len() <= WHOLE_KEYS_MAX;
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for path in paths.iter().filter(|path| path.starts_with(typed.text)) {
        // The slash that is typed last opens the part that is wanted next.
        let next = path[typed.text.len()..].find('/').map(|at| typed.text.len() + at + 1);
        let part = match next.filter(|_| !whole) {
            Some(end) => &path[..end],
            None => path,
        };
        match groups.last_mut() {
            Some((last, count)) if *last == part => *count += 1,
            _ => groups.push((part, 1)),
        }
    }
    for (part, count) in groups {
        if count > 1 || (!whole && part.ends_with('/')) {
            offers.add(part, &format!("{count} keys"), End::Open);
        } else {
            offers.add(part, "", End::Space);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_lab_is_one() {
        for (verb, _) in LAB.iter().filter(|(verb, _)| *verb != "help") {
            let answer = frame::parse_lab_words(&[verb.to_string()]);
            let unknown = answer.is_err_and(|text| text.starts_with("unknown command"));
            assert!(!unknown, "{verb}");
            assert!(frame::LAB_USAGE.contains(verb), "{verb}");
        }
        for fault in [["slow", "2ms"], ["full", "1"], ["rot", "1"]] {
            let words = ["disk", "m1", fault[0], fault[1]].map(String::from);
            assert!(frame::parse_lab_words(&words).is_ok(), "{fault:?}");
        }
    }
}
