//! `etcdctl del KEY [END]`.

use proto::etcdserverpb::DeleteRangeRequest;
use proto::method;

use super::plan::{Answer, Plan};
use super::range;
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

pub(super) fn plan(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let request = request(invocation)?;
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::Del(&answer.read()?));
    Ok(Plan::change(method::kv::DELETE_RANGE, &request, show))
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
