//! `etcdctl put KEY [VALUE]`; without VALUE it is standard input.

use bytes::Bytes;
use proto::etcdserverpb::PutRequest;
use proto::method;

use super::plan::{Answer, Plan};
use crate::exit::Exit;
use crate::go::number::parse_int;
use crate::printers::Reply;
use crate::process::Invocation;

pub(super) async fn plan(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let request = request(invocation, true).await?;
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::Put(&answer.read()?));
    Ok(Plan::change(method::kv::PUT, &request, show))
}

/// `from_stdin` is whether a value that is not given is read.
pub(super) async fn request(
    invocation: &Invocation<'_>,
    from_stdin: bool,
) -> Result<PutRequest, Exit> {
    let (args, flags) = (&invocation.args, &invocation.flags);
    let usage =
        || Exit::bad_args("put command needs 1 argument and input from stdin or 2 arguments");
    let key = args.first().ok_or_else(usage)?;
    let ignore_value = flags.bool("ignore-value");
    let value = match args.get(1) {
        Some(_) if ignore_value => {
            let line = "put command needs only 1 argument when 'ignore-value' is set";
            return Err(Exit::bad_args(line));
        }
        Some(value) => Bytes::from(value.clone()),
        None if ignore_value => Bytes::new(),
        None if !from_stdin => return Err(usage()),
        None => {
            let input = invocation.system.stdin().await;
            if input.is_empty() {
                return Err(usage());
            }
            Bytes::from(input)
        }
    };
    let lease = parse_int(flags.text("lease"), 16)
        .map_err(|why| Exit::bad_args(format!("bad lease ID ({why}), expecting ID in Hex")))?;
    Ok(PutRequest {
        key: Bytes::from(key.clone()),
        value,
        lease,
        prev_kv: flags.bool("prev-kv"),
        ignore_value,
        ignore_lease: flags.bool("ignore-lease"),
    })
}
