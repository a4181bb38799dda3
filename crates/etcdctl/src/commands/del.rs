//! `etcdctl del KEY [END]`.

use proto::etcdserverpb::DeleteRangeRequest;
use proto::{Profile, method};

use super::plan::{Answer, Plan};
use super::range;
use crate::exit::Exit;
use crate::go::quote::quote;
use crate::printers::Reply;
use crate::process::Invocation;

/// How long 3.6 lets one think.
const PAUSE_US: u64 = 2_000_000;

pub(super) async fn plan(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let request = request(invocation)?;
    warn(invocation).await;
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::Del(&answer.read()?));
    Ok(Plan::change(method::kv::DELETE_RANGE, &request, show))
}

/// 3.6 asks for `--range` before it takes an END, and gives two seconds to think it over.
async fn warn(invocation: &Invocation<'_>) {
    if invocation.profile() < Profile::V3_6 || invocation.flags.bool("range") {
        return;
    }
    let [key, end] = &invocation.args[..] else { return };
    let [key, end] = [key, end].map(|word| quote(word.as_bytes()));
    invocation.stderr(format!(
        "Warning: Keys between {key} and {end} will be deleted. Please interrupt the command within next 2 seconds to cancel. You can provide `--range` flag to avoid the warning.\n"
    ));
    invocation.system.sleep_us(PAUSE_US).await;
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
