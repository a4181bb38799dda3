//! `etcdctl compaction REV`.

use proto::etcdserverpb::{CompactionRequest, CompactionResponse};
use proto::method;

use crate::client::Retry;
use crate::exit::Exit;
use crate::go::number::parse_int;
use crate::process::Invocation;

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let revision = invocation.only_arg("compaction command needs 1 argument")?;
    let revision = parse_int(revision, 10).map_err(Exit::error)?;
    let request = CompactionRequest { revision, physical: invocation.flags.bool("physical") };
    let (client, _) = invocation.client().await?;
    let _reply: CompactionResponse = client
        .call(invocation.deadline(), method::kv::COMPACT, &request, Retry::Never)
        .await
        .map_err(Exit::error)?;
    invocation.stdout(format!("compacted revision {revision}\n"));
    Ok(())
}
