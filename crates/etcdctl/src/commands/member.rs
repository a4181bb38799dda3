//! `etcdctl member list`. The other member commands are not here yet.

use proto::etcdserverpb::{MemberListRequest, MemberListResponse};
use proto::method;

use crate::client::Retry;
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

pub(super) async fn list(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let deadline = invocation.deadline();
    let (client, display) = invocation.client()?;
    let request = MemberListRequest::default();
    let reply: MemberListResponse = client
        .call(deadline, method::cluster::MEMBER_LIST, request, Retry::Repeatable)
        .await
        .map_err(Exit::error)?;
    display.show(&invocation, &Reply::Members(&reply))
}
