//! `etcdctl snapshot save`: asks for the database as far as the server has one to give. Writing it
//! down, and the other snapshot commands, come with the files.

use proto::method;

use crate::client::ClientError;
use crate::exit::Exit;
use crate::process::{Invocation, not_yet};

pub(super) async fn save(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    invocation.only_arg("snapshot save expects one argument")?;
    let (client, _) = invocation.client().await?;
    if let [_, _, ..] = client.endpoint_names() {
        let endpoints = client.endpoint_names().join(" ");
        return Err(Exit::bad_args(format!(
            "snapshot must be requested to one selected node, not multiple [{endpoints}]"
        )));
    }
    let deadline = invocation.deadline();
    match client.first_message(deadline, method::maintenance::SNAPSHOT).await {
        Err(why @ ClientError::Deadline) => Err(Exit::interrupted(why)),
        Err(ClientError::Status(status)) if status.code != proto::Code::Unimplemented => {
            Err(Exit::interrupted(ClientError::Status(status)))
        }
        _ => Err(Exit::silent(not_yet(invocation.system, "snapshot save"))),
    }
}
