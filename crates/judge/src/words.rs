//! Reasons, in plain words. Each is a part of a sentence, without a full stop: what shows it may put
//! "not yet:" before it.

use frame::Value;

use crate::eval::Op;
use crate::terms::{Call, Function, Term};
use crate::text_of;

/// Longest value in a sentence, in characters.
const SHOWN_MAX: usize = 80;

/// What a term names: `key /a`.
fn what(term: &Term) -> String {
    let call = match term {
        Term::Call(call) => call,
        Term::Plus(term, _) => return what(term),
        Term::Value(value) => return text_of(value),
        Term::Pattern(pattern) => return pattern.source.clone(),
    };
    let arg = call.arg(0);
    match call.function {
        Function::Key | Function::Absent => format!("key {arg}"),
        Function::Count if arg.is_empty() => "the number of keys".into(),
        Function::Count => format!("the number of keys under {arg}"),
        Function::ModRev => format!("the mod revision of key {arg}"),
        Function::CreateRev => format!("the create revision of key {arg}"),
        Function::Ver => format!("the version of key {arg}"),
        Function::Lease => format!("the lease of key {arg}"),
        Function::Ttl => format!("the TTL of the lease of key {arg}"),
        Function::Rev => "the revision of the store".into(),
        Function::Compacted => "the compacted revision".into(),
        Function::Leases => "the number of leases".into(),
        Function::Node => match call.field {
            "" | "dir" => format!("node {arg}"),
            "ttl" => format!("the TTL of node {arg}"),
            field => format!("the {field} index of node {arg}"),
        },
        Function::Nodes => format!("the number of nodes in {arg}"),
        Function::Index => "the index of the old tree".into(),
        Function::V2User => format!("the old API's user {arg}"),
        Function::V2Role => format!("the old API's role {arg}"),
        Function::V2Auth => "authentication of the old API".into(),
        Function::Leader => "the leader".into(),
        Function::Term => "the term".into(),
        Function::Members => "the number of members".into(),
        Function::Learners => "the number of learners".into(),
        Function::Member if call.field.is_empty() => format!("member {arg}"),
        Function::Member => format!("the {} of member {arg}", call.field),
        Function::Peer => format!("the member at {arg}"),
        Function::Healthy => "the number of healthy members".into(),
        Function::Quorum => "a quorum".into(),
        Function::Cut => format!("the link from {arg} to {}", call.arg(1)),
        Function::Alarm => format!("alarm {arg}"),
        Function::Auth => "authentication".into(),
        Function::User if call.field == "roles" => format!("the list of roles of user {arg}"),
        Function::User => format!("user {arg}"),
        Function::Role | Function::May | Function::MayAll => format!("role {arg}"),
        Function::File => match call.field {
            "" | "exists" => format!("file {arg}"),
            "lines" => format!("the text of file {arg}"),
            field => format!("the {field} of file {arg}"),
        },
        Function::Env => format!("variable {arg}"),
        Function::Ran | Function::Out => "a command".into(),
        Function::Seconds => "the time since the start, in seconds,".into(),
        Function::Saved => format!("the saved {arg}"),
    }
}

/// The term has no value: there is no such thing.
fn missing(term: &Term) -> String {
    let Term::Call(call) = term else { return format!("{} is missing", what(term)) };
    let arg = call.arg(0);
    match call.function {
        Function::ModRev | Function::CreateRev | Function::Ver | Function::Lease => {
            format!("key {arg} does not exist")
        }
        Function::Ttl => format!("key {arg} has no lease"),
        Function::Leader => "there is no leader".into(),
        Function::Node if call.field == "ttl" => format!("node {arg} has no TTL"),
        Function::Node => format!("there is no node {arg} in the old tree"),
        Function::Member => format!("there is no member {arg}"),
        Function::Peer => format!("there is no member at {arg}"),
        Function::Env => format!("variable {arg} is not exported"),
        Function::File if call.field == "revision" => format!("file {arg} is no snapshot"),
        Function::File => format!("file {arg} does not exist"),
        Function::User => format!("user {arg} does not exist"),
        Function::May | Function::MayAll => format!("role {arg} does not exist"),
        _ => format!("{} does not exist", what(term)),
    }
}

/// A term that should hold and does not.
pub(crate) fn not_so(term: &Term, value: &Value) -> String {
    let Term::Call(call) = term else { return format!("{} does not hold", what(term)) };
    if *value == Value::None {
        return missing(term);
    }
    let arg = call.arg(0);
    match call.function {
        Function::Absent => format!("key {arg} is still there"),
        Function::Lease => format!("key {arg} has no lease"),
        Function::Auth | Function::V2Auth => format!("{} is off", what(term)),
        Function::May => format!("role {arg} may not {} {} yet", call.arg(1), call.arg(2)),
        Function::MayAll => {
            format!("role {arg} may not {} all keys under {} yet", call.arg(1), call.arg(2))
        }
        Function::Node if call.field == "dir" => format!("node {arg} is a key, not a directory"),
        Function::Peer => format!("the member at {arg} is no learner"),
        Function::Quorum => "there is no quorum".into(),
        Function::Alarm => format!("alarm {arg} is not raised"),
        Function::Cut => format!("{} is not cut", what(term)),
        Function::File => format!("file {arg} does not exist"),
        Function::Ran | Function::Out => not_run(call),
        _ => format!("{} is {}", what(term), text_of(value)),
    }
}

fn not_run(call: &Call) -> String {
    let pattern = call.pattern.as_ref().map_or("", |pattern| &pattern.source);
    match (call.function, call.arg(0)) {
        (Function::Out, _) => format!("no command has printed {pattern} yet"),
        (_, "rc==0") => format!("no command with {pattern} has succeeded yet"),
        (_, "rc!=0") => format!("no command with {pattern} has failed yet"),
        _ => format!("no command with {pattern} has ended yet"),
    }
}

/// A term that should not hold and does.
pub(crate) fn still(term: &Term, value: &Value) -> String {
    let Term::Call(call) = term else { return format!("{} must not hold", what(term)) };
    let arg = call.arg(0);
    match call.function {
        Function::Absent => format!("key {arg} does not exist"),
        Function::Auth | Function::V2Auth => format!("{} is still on", what(term)),
        Function::May => format!("role {arg} may {} {}", call.arg(1), call.arg(2)),
        Function::MayAll => {
            format!("role {arg} may {} all keys under {}", call.arg(1), call.arg(2))
        }
        Function::Node if call.field == "dir" => format!("node {arg} is a directory"),
        Function::Node if call.field == "ttl" => format!("node {arg} still has a TTL"),
        Function::Lease | Function::Ttl => format!("key {arg} still has a lease"),
        Function::Alarm => format!("alarm {arg} is still raised"),
        Function::Cut => format!("{} is still cut", what(term)),
        Function::Ran | Function::Out => "such a command was run".into(),
        _ => match value {
            Value::Number(number) => format!("{} is still {number}", what(term)),
            _ => format!("{} still exists", what(term)),
        },
    }
}

pub(crate) fn no_match(term: &Term, value: &Value) -> String {
    match value {
        Value::None => missing(term),
        value => format!("{} is {}, which is not of the right form", what(term), shown(value)),
    }
}

/// A comparison that does not hold.
pub(crate) fn differs(term: &Term, value: &Value, op: Op, other: &Value) -> String {
    if *value == Value::None {
        return missing(term);
    }
    let (name, is, other) = (what(term), shown(value), shown(other));
    match op {
        Op::Equal | Op::Matches => format!("{name} is {is}, not {other}"),
        Op::Differs => format!("{name} is still {is}"),
        Op::Below => format!("{name} is {is}; it must be below {other}"),
        Op::AtMost => format!("{name} is {is}; it must be at most {other}"),
        Op::Above => format!("{name} is {is}; it must be above {other}"),
        Op::AtLeast => format!("{name} is {is}; it must be at least {other}"),
        Op::Contains => format!("{name} does not contain {other}"),
    }
}

fn shown(value: &Value) -> String {
    let text = text_of(value).replace('\n', "\u{23ce}");
    match text.char_indices().nth(SHOWN_MAX) {
        _ if text.is_empty() => "empty".into(),
        Some((at, _)) => format!("{}\u{2026}", &text[..at]),
        None => text,
    }
}
