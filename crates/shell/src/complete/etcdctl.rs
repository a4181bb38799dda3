//! `etcdctl` and `etcdutl`: commands, flags, values and arguments, from the tables that the
//! tool itself uses.

use etcdctl::outline::{self, Api, FlagLine};
use frame::{Look, Looked};

use super::offers::{End, Offers, Typed};
use super::others::{self, Wanted, add_paths, files};
use super::{Asked, State};
use crate::names::Names;
use crate::scan::Simple;

/// Which API the client speaks in a command: the assignments before it count, then what is exported.
pub(crate) fn api_of(profile: proto::Profile, simple: &Simple, names: &Names) -> Option<Api> {
    let given = simple.assigns.iter().rev().find(|(name, _)| name == "ETCDCTL_API");
    let value = match given {
        Some((_, value)) => Some(value.as_deref()?),
        None => names.exported("ETCDCTL_API"),
    };
    outline::api(profile, value)
}

fn is_etcdutl(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.rsplit('/').next() == Some("etcdutl"))
}

pub(super) fn offers(
    typed: Typed<'_>,
    simple: &Simple,
    state: &State<'_>,
    asked: &mut Asked<'_>,
) -> Option<Offers> {
    let is_utl = simple.words.first().is_some_and(|name| is_etcdutl(name.as_deref()));
    let api = match is_utl {
        true => Api::V3,
        false => api_of(state.profile, simple, state.names)?,
    };
    // A word that only a run can tell is taken for an argument.
    let words: Vec<String> =
        simple.words.iter().skip(1).map(|word| word.clone().unwrap_or("?".into())).collect();
    let place = match is_utl {
        true => outline::place_etcdutl(state.profile, &words)?,
        false => outline::place(state.profile, api, &words)?,
    };
    if let Some(flag) = place.value_of {
        return value(typed, flag, api, state, asked);
    }
    if !place.flags_ended && typed.text.starts_with('-') {
        if let Some((flag, _)) = typed.text.split_once('=') {
            let name = flag.trim_start_matches('-');
            let known = place.flags.iter().find(|known| {
                known.name == name || known.short.is_some_and(|short| name == short.to_string())
            })?;
            return value(typed.after(flag.len() + 1), known.name, api, state, asked);
        }
        return Some(flags(typed, &place.flags));
    }
    if !place.commands.is_empty() {
        let mut offers = Offers::new(typed);
        for command in &place.commands {
            offers.add(command.name, command.about, End::Space);
        }
        return Some(offers);
    }
    argument(typed, api, &place.path, place.args, state, asked)
}

/// Long flags, and the short ones while no second dash is typed.
fn flags(typed: Typed<'_>, flags: &[FlagLine]) -> Offers {
    let mut offers = Offers::new(typed);
    for flag in flags {
        let name = format!("--{}", flag.name);
        let value = if flag.takes_value { format!("{name}=") } else { name.clone() };
        let end = if flag.takes_value { End::Open } else { End::Space };
        offers.add_shown(&value, &name, flag.about, end);
        if let Some(short) = flag.short {
            offers.add(&format!("-{short}"), flag.about, End::Space);
        }
    }
    offers
}

/// What a flag's value can be.
pub(super) fn value(
    typed: Typed<'_>,
    flag: &str,
    api: Api,
    state: &State<'_>,
    asked: &mut Asked<'_>,
) -> Option<Offers> {
    let choices: &[&str] = match (flag, api) {
        ("write-out", Api::V3) => &["simple", "fields", "json", "protobuf", "table"],
        ("output", Api::V2) => &["simple", "extended", "json"],
        ("order", Api::V3) => &["ASCEND", "DESCEND"],
        ("sort-by", Api::V3) => &["CREATE", "KEY", "MODIFY", "VALUE", "VERSION"],
        ("consistency", Api::V3) => &["l", "s"],
        ("load", Api::V3) => &["s", "m", "l", "xl"],
        ("command-timeout" | "dial-timeout", Api::V3) => &["5s", "30s", "1m"],
        ("endpoints", _) | ("endpoint" | "peers", Api::V2) => {
            return endpoints(typed, api, asked);
        }
        ("lease", Api::V3) => return leases(typed, asked),
        ("user", Api::V3) => return accounts(typed, asked, Account::User),
        ("cert" | "key" | "cacert" | "cert-file" | "key-file" | "ca-file", _) => {
            return Some(files(typed, state, Wanted::Files));
        }
        ("data-dir" | "wal-dir" | "backup-dir" | "backup-wal-dir", _) => {
            return Some(files(typed, state, Wanted::Directories));
        }
        ("prefix" | "hex" | "debug" | "insecure-transport" | "keys-only", Api::V3) => {
            &["true", "false"]
        }
        _ => return None,
    };
    let mut offers = Offers::new(typed);
    choices.iter().for_each(|choice| offers.add(choice, "", End::Space));
    Some(offers)
}

/// A list with commas; the last of it is completed.
fn endpoints(typed: Typed<'_>, api: Api, asked: &mut Asked<'_>) -> Option<Offers> {
    let looked = asked.look(Look::default)?;
    let begun = typed.text.rfind(',').map_or(0, |at| at + 1);
    let taken: Vec<&str> = typed.text[..begun].split(',').collect();
    let mut offers = Offers::new(typed.after(begun));
    for member in &looked.members {
        for url in &member.client_urls {
            let plain = url.strip_prefix("http://").filter(|_| api == Api::V3).unwrap_or(url);
            if !taken.contains(&plain) {
                offers.add(plain, &member.name, End::Space);
            }
        }
    }
    Some(offers)
}

fn leases(typed: Typed<'_>, asked: &mut Asked<'_>) -> Option<Offers> {
    let looked = asked.look(|| Look { leases: true, ..Look::default() })?;
    let mut offers = Offers::new(typed);
    for lease in &looked.leases {
        let about = format!("{} s, {} keys", lease.granted_ttl_s, lease.keys.len());
        offers.add(&format!("{:016x}", lease.id), &about, End::Space);
    }
    Some(offers)
}

fn member_ids(typed: Typed<'_>, asked: &mut Asked<'_>) -> Option<Offers> {
    let looked = asked.look(Look::default)?;
    let mut offers = Offers::new(typed);
    for member in &looked.members {
        let about =
            if member.name.is_empty() { member.peer_urls.join(",") } else { member.name.clone() };
        offers.add(&format!("{:x}", member.id), &about, End::Space);
    }
    Some(offers)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    User,
    Role,
}

fn accounts(typed: Typed<'_>, asked: &mut Asked<'_>, what: Account) -> Option<Offers> {
    let looked = asked.look(|| Look { auth: true, ..Look::default() })?;
    let mut offers = Offers::new(typed);
    match what {
        Account::User => {
            looked.auth.users.iter().for_each(|(name, _)| offers.add(name, "", End::Space));
        }
        Account::Role => {
            looked.auth.roles.iter().for_each(|(name, _)| offers.add(name, "", End::Space));
        }
    }
    Some(offers)
}

/// Nodes of the old tree.
fn nodes(typed: Typed<'_>, asked: &mut Asked<'_>) -> Option<Offers> {
    let looked: &Looked = asked.look(|| Look { v2: true, ..Look::default() })?;
    let mut offers = Offers::new(typed);
    let mut paths = Vec::new();
    for node in &looked.v2 {
        match node.value {
            None if typed.text.len() <= node.key.len() => {
                let value = format!("{}/", node.key);
                offers.add(&value, "directory", End::Open);
            }
            _ => paths.push(node.key.as_str()),
        }
    }
    add_paths(&mut offers, typed, &paths);
    Some(offers)
}

fn argument(
    typed: Typed<'_>,
    api: Api,
    path: &[&str],
    args: usize,
    state: &State<'_>,
    asked: &mut Asked<'_>,
) -> Option<Offers> {
    if api == Api::V2 {
        return match (path, args) {
            (
                [
                    "set" | "get" | "mk" | "mkdir" | "rm" | "rmdir" | "ls" | "setdir" | "update"
                    | "updatedir" | "watch" | "exec-watch",
                ],
                0,
            ) => nodes(typed, asked),
            (["member", "remove" | "update"], 0) => member_ids(typed, asked),
            _ => None,
        };
    }
    match (path, args) {
        (["get" | "del" | "watch"], 0 | 1) | (["put"], 0) => others::keys(typed, asked),
        (["role", "grant-permission"], 2 | 3) | (["role", "revoke-permission"], 1 | 2) => {
            others::keys(typed, asked)
        }
        (["lease", "revoke" | "timetolive" | "keep-alive"], 0) => leases(typed, asked),
        (["member", "remove" | "update" | "promote"], 0) | (["move-leader"], 0) => {
            member_ids(typed, asked)
        }
        (["snapshot", _], 0) => Some(files(typed, state, Wanted::Files)),
        (["user", "delete" | "get" | "passwd" | "grant-role" | "revoke-role"], 0) => {
            accounts(typed, asked, Account::User)
        }
        (["user", "grant-role" | "revoke-role"], 1) => accounts(typed, asked, Account::Role),
        (["role", "delete" | "get" | "grant-permission" | "revoke-permission"], 0) => {
            accounts(typed, asked, Account::Role)
        }
        (["role", "grant-permission"], 1) => {
            let mut offers = Offers::new(typed);
            for permission in ["read", "write", "readwrite"] {
                offers.add(permission, "", End::Space);
            }
            Some(offers)
        }
        _ => None,
    }
}
