//! `etcdctl lease grant|revoke|timetolive|list|keep-alive`.

use proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseLeasesRequest, LeaseLeasesResponse,
    LeaseRevokeRequest, LeaseRevokeResponse, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse,
};
use proto::method::lease;

use crate::client::{self, Deadline, Retry};
use crate::exit::Exit;
use crate::go::number::parse_int;
use crate::printers::{Done, Format, Reply};
use crate::process::Invocation;

pub(super) async fn grant(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let ttl = invocation.only_arg("lease grant command needs TTL argument")?;
    let ttl = parse_int(ttl, 10).map_err(|why| Exit::bad_args(format!("bad TTL ({why})")))?;
    let deadline = invocation.deadline();
    let (client, display) = invocation.client().await?;
    let request = LeaseGrantRequest { ttl, id: 0 };
    let reply: LeaseGrantResponse = client
        .call(deadline, lease::LEASE_GRANT, &request, Retry::Repeatable)
        .await
        .map_err(|why| Exit::error(format!("failed to grant lease ({why})")))?;
    display.show(&invocation, &Reply::Grant(&reply))
}

pub(super) async fn revoke(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let id = id(&invocation, "lease revoke command needs 1 argument")?;
    let deadline = invocation.deadline();
    let (client, display) = invocation.client().await?;
    let request = LeaseRevokeRequest { id };
    let reply: LeaseRevokeResponse = client
        .call(deadline, lease::LEASE_REVOKE, &request, Retry::Repeatable)
        .await
        .map_err(|why| Exit::error(format!("failed to revoke lease ({why})")))?;
    let text = format!("lease {id:016x} revoked\n");
    let done = Done { header: reply.header, text, fields: true, message: false };
    display.show(&invocation, &Reply::Done(&done))
}

pub(super) async fn time_to_live(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let id = id(&invocation, "lease timetolive command needs lease ID as argument")?;
    let keys = invocation.flags.bool("keys");
    let (client, display) = invocation.client().await?;
    let request = LeaseTimeToLiveRequest { id, keys };
    let reply: LeaseTimeToLiveResponse = client
        .call(Deadline::NEVER, lease::LEASE_TIME_TO_LIVE, &request, Retry::Repeatable)
        .await
        .map_err(Exit::bad_connection)?;
    display.show(&invocation, &Reply::TimeToLive(&reply, keys))
}

pub(super) async fn list(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let (client, display) = invocation.client().await?;
    let request = LeaseLeasesRequest {};
    let reply: LeaseLeasesResponse = client
        .call(Deadline::NEVER, lease::LEASE_LEASES, &request, Retry::Repeatable)
        .await
        .map_err(Exit::bad_connection)?;
    display.show(&invocation, &Reply::Leases(&reply))
}

/// Once, or until the lease is lost.
pub(super) async fn keep_alive(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let id = id(&invocation, "lease keep-alive command needs lease ID as argument")?;
    let (client, display) = invocation.client().await?;
    if invocation.flags.bool("once") {
        let reply = client::keep_alive_once(&client, id).await.map_err(Exit::bad_connection)?;
        return display.show(&invocation, &Reply::KeepAlive(&reply));
    }
    let show = |reply: &_| display.show(&invocation, &Reply::KeepAlive(reply));
    client::keep_alive(&client, id, show).await?;
    if display.format == Format::Simple {
        invocation.stdout(format!("lease {id:016x} expired or revoked.\n"));
    }
    Ok(())
}

fn id(invocation: &Invocation<'_>, usage: &str) -> Result<i64, Exit> {
    let id = invocation.only_arg(usage)?;
    parse_int(id, 16)
        .map_err(|why| Exit::bad_args(format!("bad lease ID arg ({why}), expecting ID in Hex")))
}
