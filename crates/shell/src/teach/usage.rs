//! The right command with wrong words: flags that are misspelt or of another command, values without
//! quotes, arguments that are missing or too many.

use etcdctl::outline::{self, Api};

use super::Rule;
use super::api::flag_of_error;
use super::case::{Call, Case};
use super::near::nearest;

pub(super) const RULES: &[Rule] = &[
    one_dash,
    misspelt_flag,
    space_in_list,
    value_without_quotes,
    stray_key,
    whole_store,
    prefix_missing,
    member_without_urls,
    name_for_id,
    bad_lease,
    bad_ttl,
    bad_format,
    bad_number,
    permission_type,
    compare,
    request,
    user_without_password,
    key_without_certificate,
    no_such_file,
    shadowed,
];

/// The flags of a command, or of the whole tool.
fn flag_names(case: &Case<'_>, call: &Call) -> Vec<&'static str> {
    let api = call.api.unwrap_or(Api::V3);
    // The longest beginning that leads somewhere is the command.
    let ends = (0..=call.words.len()).rev();
    let mut places = ends.filter_map(|end| outline::place(case.profile, api, &call.words[..end]));
    let place = places.next().unwrap_or_default();
    place.flags.iter().map(|flag| flag.name).collect()
}

/// `-keys-only`
fn one_dash(case: &Case<'_>) -> Option<String> {
    let line =
        case.output.lines().find_map(|line| line.split_once("Error: unknown shorthand flag: "))?;
    let word = line.1.split_once(" in -")?.1.trim();
    let (name, value) = word.split_once('=').map_or((word, ""), |(name, value)| (name, value));
    let call = case
        .calls()
        .find(|call| call.words.iter().any(|typed| typed[..] == *format!("-{word}")))?;
    let names = flag_names(case, &call);
    let exact = names.iter().find(|flag| **flag == name);
    let mut begun = names.iter().filter(|flag| name.len() > 2 && flag.starts_with(name));
    let flag = match (exact, begun.next()) {
        (Some(flag), _) => flag,
        (None, Some(flag)) if begun.next().is_none() => flag,
        _ => nearest(name, names.iter().copied()).filter(|_| name.len() > 2)?,
    };
    let value = if value.is_empty() { String::new() } else { format!("={value}") };
    Some(format!("Long flags begin with two dashes: --{flag}{value}"))
}

fn misspelt_flag(case: &Case<'_>) -> Option<String> {
    let name = flag_of_error(case, "Error: unknown flag: --")
        .or_else(|| flag_of_error(case, "flag provided but not defined: -"))?;
    let call = case
        .calls()
        .find(|call| call.has_flag(name) || call.words.contains(&format!("-{name}")))?;
    if let Some(near) = nearest(name, flag_names(case, &call)) {
        return Some(format!("There is no flag --{name}. Is it --{near} that you mean?"));
    }
    // A flag of other commands.
    let owners: Vec<&str> = ["get", "put", "del", "watch"]
        .into_iter()
        .filter(|owner| {
            let place = outline::place(case.profile, Api::V3, &[owner.to_string()]);
            place.is_some_and(|place| place.flags.iter().any(|flag| flag.name == name))
        })
        .collect();
    (call.api == Some(Api::V3) && !owners.is_empty())
        .then(|| format!("--{name} is a flag of {}, not of this command.", owners.join(", ")))
}

/// `--endpoints a:1, b:2`
fn space_in_list(case: &Case<'_>) -> Option<String> {
    let call = case.calls().find(|call| {
        call.words.windows(2).any(|pair| {
            let listed = pair[0].ends_with(',') && pair[0].contains(':');
            let next = pair[1].contains(':')
                && pair[1].ends_with(|c: char| c.is_ascii_digit() || c == ',');
            listed && next
        })
    })?;
    (case.code != 0 && call.api.is_some()).then(|| {
        "There is a space after a comma in the list of endpoints, which ends the list. Write it without: --endpoints=A,B,C".into()
    })
}

/// `put greeting hello world`, which puts `hello` and says OK.
fn value_without_quotes(case: &Case<'_>) -> Option<String> {
    if case.says("Error: put command needs 1 argument and input from stdin or 2 arguments") {
        return Some("put needs a key and a value: etcdctl put KEY VALUE".into());
    }
    let too_many = |call: &Call| {
        call.command() == "put" && call.place.as_ref().is_some_and(|place| place.args > 2)
    };
    let call = case.calls().find(too_many)?;
    let plain = call.words.iter().all(|word| !word.starts_with('-') && !word.is_empty());
    let words = call.arguments();
    let [key, value @ ..] = &words[..] else { return None };
    let example = match plain {
        true => format!("put {key} \"{}\"", value.join(" ")),
        false => "put KEY \"SEVERAL WORDS\"".into(),
    };
    Some(format!(
        "The shell parts words at spaces, and put takes only the first of a value. Quotes keep it together: etcdctl {example}"
    ))
}

/// `get / --prefix --limit=10 /`
fn stray_key(case: &Case<'_>) -> Option<String> {
    if !case
        .says("too many arguments, only accept one argument when `--prefix` or `--from-key` is set")
    {
        return None;
    }
    let call = case.calls().find(|call| ["get", "del"].contains(&call.command().as_str()))?;
    let words = call.arguments();
    let [first, .., last] = &words[..] else { return None };
    Some(format!(
        "With --prefix or --from-key there is one key only, but {first} and {last} both stand here. Leave one out."
    ))
}

/// `get --prefix --keys-only`
fn whole_store(case: &Case<'_>) -> Option<String> {
    case.between(
        "Error: ",
        " command needs one argument as key and an optional argument as range_end",
    )?;
    let call = case.calls().find(|call| ["get", "del"].contains(&call.command().as_str()))?;
    let name = call.command();
    Some(match call.has_flag("prefix") || call.has_flag("from-key") {
        true => format!(
            "The key is missing. All keys begin with the empty one: etcdctl {name} \"\" --prefix"
        ),
        false if call.arguments().len() > 2 => format!(
            "{name} takes one key, or a first key and an end. A key with spaces needs quotes."
        ),
        false => format!("The key is missing: etcdctl {name} KEY"),
    })
}

/// `get / --keys-only`, which shows nothing.
fn prefix_missing(case: &Case<'_>) -> Option<String> {
    let quiet = case.code == 0 && case.output.is_empty() && case.commands.len() == 1;
    let call = case.calls().find(|call| call.api == Some(Api::V3) && call.command() == "get")?;
    let limits = ["prefix", "from-key", "rev", "count-only", "help", "write-out"];
    let simple = !limits.iter().any(|flag| call.has_flag(flag));
    let redirected = case.line.contains('>');
    let [key] = call.arguments()[..] else { return None };
    (quiet && simple && !redirected && key.starts_with('/')).then(|| {
        format!("No key is exactly {key}. For all keys that begin so: etcdctl get {key} --prefix")
    })
}

fn member_without_urls(case: &Case<'_>) -> Option<String> {
    if case.says("Error: member peer urls not provided") {
        return Some(
            "Where will its peers find it? etcdctl member add NAME --peer-urls=http://HOST:2380"
                .into(),
        );
    }
    (case.says("Error: too many arguments") && case.says("did you mean --peer-urls")).then(|| {
        "URLs are the value of a flag: etcdctl member add NAME --peer-urls=http://HOST:2380".into()
    })
}

/// `member remove m2`
fn name_for_id(case: &Case<'_>) -> Option<String> {
    let word =
        case.between("bad member ID arg (strconv.ParseUint: parsing \"", "\"").or_else(|| {
            let is_move = case.calls().any(|call| call.command() == "move-leader");
            case.between("Error: strconv.ParseUint: parsing \"", "\"").filter(|_| is_move)
        })?;
    Some(format!(
        "{word} is no member ID. IDs are the hexadecimal numbers that etcdctl member list shows first."
    ))
}

fn bad_lease(case: &Case<'_>) -> Option<String> {
    (case.says("bad lease ID") && case.says("expecting ID in Hex")).then(|| {
        "A lease's ID is the hexadecimal number that etcdctl lease grant printed; etcdctl lease list shows them all.".into()
    })
}

fn bad_ttl(case: &Case<'_>) -> Option<String> {
    if case.says("Error: lease grant command needs TTL argument") {
        return Some("How many seconds is it to live? For example: etcdctl lease grant 60".into());
    }
    let word = case.between("Error: bad TTL (strconv.ParseInt: parsing \"", "\"")?;
    Some(format!(
        "A lease's time is a whole number of seconds without a unit, not {word}. For example: etcdctl lease grant 60"
    ))
}

fn bad_format(case: &Case<'_>) -> Option<String> {
    (case.says("unsupported output format") || case.says("not supported as output format")).then(|| {
        "That format is not there for this command. There are simple, table, json, fields and protobuf.".into()
    })
}

/// A revision, a limit or a duration that is none.
fn bad_number(case: &Case<'_>) -> Option<String> {
    let rest = case.between("Error: invalid argument \"", "\" flag")?;
    let (word, flag) = rest.split_once("\" for \"")?;
    let word = word.trim_end_matches('"');
    Some(if flag.contains("timeout") || flag.contains("time") {
        format!("{word} is no time. Times have a unit: 500ms, 5s, 1m.")
    } else {
        format!("{word} cannot be the value of {flag}.")
    })
}

fn permission_type(case: &Case<'_>) -> Option<String> {
    case.between("invalid permission type: ", "\n")?;
    Some("Permissions are read, write and readwrite: etcdctl role grant-permission ROLE readwrite KEY".into())
}

/// `mod(key) = 0`
fn compare(case: &Case<'_>) -> Option<String> {
    let wrong = case.says("malformed comparison: ") || case.says("invalid txn compare request: ");
    wrong.then(|| {
        "A compare is a target, a key and a value, both in double quotes: mod(\"key\") = \"0\". Targets are value, version, create, mod and lease; an empty line ends the compares.".into()
    })
}

fn request(case: &Case<'_>) -> Option<String> {
    let word = case.between("Error: invalid txn request: ", "\n")?;
    Some(format!(
        "After the compares come requests, such as put key \"value\", get key or del key; {word} is none of these. An empty line ends each part."
    ))
}

fn user_without_password(case: &Case<'_>) -> Option<String> {
    let wrong = case.says("failed to ask password") || case.says("Error: empty password");
    wrong.then(|| {
        "The password can stand in the command: etcdctl user add NAME:PASSWORD, or --new-user-password=PASSWORD.".into()
    })
}

fn key_without_certificate(case: &Case<'_>) -> Option<String> {
    case.says("KeyFile and CertFile must both be present")
        .then(|| "A certificate and its key go together: --cert=FILE --key=FILE".into())
}

/// A file of a flag that is not there.
fn no_such_file(case: &Case<'_>) -> Option<String> {
    let before = ["Error: open ", "Error: stat "];
    let path =
        before.iter().find_map(|before| case.between(before, ": no such file or directory"))?;
    let directory = crate::fs::parent(path);
    Some(format!("There is no file {path} on this host. ls {directory} shows what is there."))
}

/// A flag and its variable at once.
fn shadowed(case: &Case<'_>) -> Option<String> {
    let rest = case.output.split_once("conflicting environment variable")?.1;
    let at = rest.find("ETCDCTL_").or_else(|| rest.find("ETCD_"))?;
    let name = &rest[at..];
    let ends = |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let name = &name[..name.find(ends).unwrap_or(name.len())];
    Some(format!(
        "{name} is set and its flag is given too, which may not be. Leave out the flag, or type unset {name}"
    ))
}
