//! `etcdctl compaction REV`.

use proto::etcdserverpb::CompactionRequest;
use proto::method;

use super::plan::{Answer, Plan, Wait};
use crate::exit::Exit;
use crate::go::number::parse_int;
use crate::process::Invocation;

pub(super) fn plan(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let revision = invocation.only_arg("compaction command needs 1 argument")?;
    let revision = parse_int(revision, 10).map_err(Exit::error)?;
    let request = CompactionRequest { revision, physical: invocation.flags.bool("physical") };
    let show = move |answer: &mut Answer<'_, '_>| {
        answer.say(format!("compacted revision {revision}\n"));
        Ok(())
    };
    Ok(Plan::change(method::kv::COMPACT, &request, show).wait(Wait::LimitedLate))
}
