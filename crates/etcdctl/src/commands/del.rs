//! `etcdctl del KEY [END]`.

use proto::etcdserverpb::{DeleteRangeRequest, DeleteRangeResponse};
use proto::method;

use super::range;
use crate::client::Retry;
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let request = request(&invocation)?;
    let deadline = invocation.deadline();
    let (client, display) = invocation.client().await?;
    let reply: DeleteRangeResponse = client
        .call(deadline, method::kv::DELETE_RANGE, &request, Retry::Never)
        .await
        .map_err(Exit::error)?;
    display.show(&invocation, &Reply::Del(&reply))
}

pub(super) fn request(invocation: &Invocation<'_>) -> Result<DeleteRangeRequest, Exit> {
    if invocation.args.is_empty() || invocation.args.len() > 2 {
        return Err(Exit::bad_args(
            "del command needs one argument as key and an optional argument as range_end",
        ));
    }
    range::check_flags(invocation)?;
    let (key, range_end) = range::key_and_end(invocation)?;
    Ok(DeleteRangeRequest { key, range_end, prev_kv: invocation.flags.bool("prev-kv") })
}
