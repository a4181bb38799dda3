//! `etcdctl defrag`: one endpoint after the other. A data directory on disk is not within reach.

use proto::etcdserverpb::{DefragmentRequest, DefragmentResponse};
use proto::method;

use super::endpoint;
use crate::client::Retry;
use crate::exit::Exit;
use crate::process::{Invocation, not_yet};

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    if !invocation.flags.text("data-dir").is_empty() {
        return Err(Exit::silent(not_yet(invocation.system, "defrag --data-dir")));
    }
    let (client, _) = invocation.client().await?;
    let mut failed = false;
    for endpoint in endpoint::chosen(&invocation).await? {
        let dialled = client.dial(&endpoint);
        let (method, request) = (method::maintenance::DEFRAGMENT, DefragmentRequest {});
        let reply: Result<DefragmentResponse, _> =
            dialled.call(invocation.deadline(), method, &request, Retry::Never).await;
        match reply {
            Ok(_) => {
                invocation.stdout(format!("Finished defragmenting etcd member[{endpoint}]\n"));
            }
            Err(why) => {
                failed = true;
                let line = format!("Failed to defragment etcd member[{endpoint}] ({why})\n");
                invocation.stderr(line);
            }
        }
    }
    if failed { Err(Exit::silent(1)) } else { Ok(()) }
}
