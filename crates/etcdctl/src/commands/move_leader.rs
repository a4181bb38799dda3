//! `etcdctl move-leader ID`: finds the leader among the endpoints and asks it.

use proto::etcdserverpb::{MoveLeaderRequest, MoveLeaderResponse, StatusRequest, StatusResponse};
use proto::method;

use crate::client::{Client, Config, Retry};
use crate::exit::Exit;
use crate::go::number::parse_uint;
use crate::printers::{Done, Reply};
use crate::process::Invocation;

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let target = invocation.only_arg("move-leader command needs 1 argument")?;
    let target_id = parse_uint(target, 16).map_err(Exit::bad_args)?;
    let (config, display) = invocation.config_and_display().await?;
    // Made for its errors: the tool connects to all endpoints first.
    Client::new(invocation.system, config.clone()).await?;
    let deadline = invocation.deadline();
    for endpoint in &config.endpoints {
        let alone = Config { endpoints: vec![endpoint.clone()], ..config.clone() };
        let client = Client::new(invocation.system, alone).await?;
        let request = StatusRequest::default();
        let (method, retry) = (method::maintenance::STATUS, Retry::Repeatable);
        let status = client.dial(endpoint).call(deadline, method, &request, retry).await;
        let status: StatusResponse = status.map_err(Exit::error)?;
        if status.leader != status.header.unwrap_or_default().member_id {
            continue;
        }
        let (leader, method) = (status.leader, method::maintenance::MOVE_LEADER);
        let request = MoveLeaderRequest { target_id };
        let reply: MoveLeaderResponse =
            client.call(deadline, method, &request, retry).await.map_err(Exit::error)?;
        let text = format!("Leadership transferred from {leader:x} to {target_id:x}\n");
        let done = Done { header: reply.header, text, fields: false, message: true };
        return display.show(&invocation, &Reply::Done(&done));
    }
    let endpoints = config.endpoints.join(" ");
    Err(Exit::bad_args(format!("no leader endpoint given at [{endpoints}]")))
}
