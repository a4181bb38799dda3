//! `etcdctl txn`: compares, requests on success, requests on failure, each up to an empty line.

use bytes::Bytes;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{Compare, RequestOp, TxnRequest, TxnResponse};
use proto::method;

use super::watch::next_line;
use super::{Run, del, get, line, put};
use crate::client::{Deadline, Retry};
use crate::cobra;
use crate::data_dir::panic;
use crate::exit::Exit;
use crate::go::number::parse_int;
use crate::go::quote::quote;
use crate::help;
use crate::printers::Reply;
use crate::process::{Invocation, flags_with_help};
use crate::tree::OPERATIONS;

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    invocation.no_args("txn command does not accept argument")?;
    let (client, display) = invocation.client().await?;
    let mut request = TxnRequest::default();
    prompt(&invocation, "compares:");
    while let Some(line) = filled_line(&invocation).await? {
        request.compare.push(compare(&invocation, &line)?);
    }
    prompt(&invocation, "success requests (get, put, del):");
    while let Some(line) = filled_line(&invocation).await? {
        request.success.push(operation(&invocation, &line).await?);
    }
    prompt(&invocation, "failure requests (get, put, del):");
    while let Some(line) = filled_line(&invocation).await? {
        request.failure.push(operation(&invocation, &line).await?);
    }
    let reply: TxnResponse = client
        .call(Deadline::NEVER, method::kv::TXN, &request, Retry::Never)
        .await
        .map_err(Exit::error)?;
    display.show(&invocation, &Reply::Txn(&reply))
}

fn prompt(invocation: &Invocation<'_>, text: &str) {
    if invocation.flags.bool("interactive") {
        invocation.stdout(format!("{text}\n"));
    }
}

/// The next line without blanks around it; `None` for an empty one, which ends a section.
async fn filled_line(invocation: &Invocation<'_>) -> Result<Option<String>, Exit> {
    let line = next_line(invocation).await.ok_or_else(|| Exit::bad_input("EOF"))?;
    let line = line.trim();
    Ok((!line.is_empty()).then(|| line.to_string()))
}

/// `TARGET("key") OPERATOR "value"`.
fn compare(invocation: &Invocation<'_>, line: &str) -> Result<Compare, Exit> {
    let malformed = |more: String| Exit::bad_input(format!("malformed comparison: {line}{more}"));
    let (target, rest) = line.split_once('(').ok_or_else(|| malformed(String::new()))?;
    let line::Scanned { key, operator, value, count } = line::scan_compare(rest);
    if count < 3 {
        let (key, value) = (quote(&key), quote(&value));
        return Err(malformed(format!("; got {target}({key}) {operator} {value}")));
    }
    let number = || {
        let text = String::from_utf8_lossy(&value);
        parse_int(&text, 10)
            .map_err(|_| Exit::bad_input(format!("invalid txn compare request: {line}")))
    };
    let value = Bytes::from(value.clone());
    let (target, union) = match target {
        "ver" | "version" => (CompareTarget::Version, Some(TargetUnion::Version(number()?))),
        "c" | "create" => (CompareTarget::Create, Some(TargetUnion::CreateRevision(number()?))),
        "m" | "mod" => (CompareTarget::Mod, Some(TargetUnion::ModRevision(number()?))),
        "val" | "value" => (CompareTarget::Value, Some(TargetUnion::Value(value))),
        "lease" => (CompareTarget::Lease, None),
        other => return Err(malformed(format!(" (unknown target {other})"))),
    };
    let result = match operator.as_str() {
        "=" => CompareResult::Equal,
        "!=" => CompareResult::NotEqual,
        ">" => CompareResult::Greater,
        "<" => CompareResult::Less,
        _ => return Err(panic(invocation, "Unknown result op")),
    };
    // clientv3 wants a number for a lease, and the tool gives it the text.
    let Some(union) = union else { return Err(panic(invocation, "bad value")) };
    Ok(Compare {
        result: result.into(),
        target: target.into(),
        key: Bytes::from(key),
        range_end: Bytes::new(),
        target_union: Some(union),
    })
}

/// A line such as `put key value`, with the flags of that command.
async fn operation(invocation: &Invocation<'_>, line: &str) -> Result<RequestOp, Exit> {
    let words = line::words(line).ok_or_else(|| Exit::bad_input("invalid syntax"))?;
    if words.len() < 2 {
        return Err(Exit::bad_input(format!("invalid txn compare request: {line}")));
    }
    let invalid = || Exit::bad_input(format!("invalid txn request: {line}"));
    let profile = invocation.profile();
    let (path, words) = cobra::find(&OPERATIONS, profile, &words).map_err(|_| invalid())?;
    let mut flags = flags_with_help(&path, profile);
    let parsed = flags.parse(&words);
    let Some(args) = parsed.ok().filter(|_| !flags.bool("help")) else {
        invocation.stderr(help::usage(&path, &flags, profile) + "\n");
        return Err(invalid());
    };
    let run = cobra::leaf(&path).run;
    let inner =
        Invocation { system: invocation.system, run, flags, args, words, tool: invocation.tool };
    let request = match run {
        Run::Get => Request::RequestRange(get::request(&inner)?),
        Run::Put => Request::RequestPut(put::request(&inner, false).await?),
        Run::Del => Request::RequestDeleteRange(del::request(&inner)?),
        _ => return Err(invalid()),
    };
    Ok(RequestOp { request: Some(request) })
}
