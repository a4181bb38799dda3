//! `etcdctl lease grant|revoke|timetolive|list|keep-alive`.

use proto::etcdserverpb::{
    LeaseGrantRequest, LeaseLeasesRequest, LeaseRevokeRequest, LeaseRevokeResponse,
    LeaseTimeToLiveRequest,
};
use proto::method::lease;

use super::plan::{Answer, Plan, Wait};
use crate::client;
use crate::exit::Exit;
use crate::go::number::parse_int;
use crate::printers::{Done, Format, Reply};
use crate::process::Invocation;

pub(super) fn grant(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let ttl = invocation.only_arg("lease grant command needs TTL argument")?;
    let ttl = parse_int(ttl, 10).map_err(|why| Exit::bad_args(format!("bad TTL ({why})")))?;
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::Grant(&answer.read()?));
    Ok(Plan::read(lease::LEASE_GRANT, &LeaseGrantRequest { ttl, id: 0 }, show)
        .failed(|why| Exit::error(format!("failed to grant lease ({why})"))))
}

pub(super) fn revoke(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let id = id(invocation, "lease revoke command needs 1 argument")?;
    let show = move |answer: &mut Answer<'_, '_>| {
        let header = answer.read::<LeaseRevokeResponse>()?.header;
        let text = format!("lease {id:016x} revoked\n");
        answer.show(&Reply::Done(&Done { header, text, fields: true, message: false }))
    };
    Ok(Plan::read(lease::LEASE_REVOKE, &LeaseRevokeRequest { id }, show)
        .failed(|why| Exit::error(format!("failed to revoke lease ({why})"))))
}

pub(super) fn time_to_live(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let id = id(invocation, "lease timetolive command needs lease ID as argument")?;
    let keys = invocation.flags.bool("keys");
    let show =
        move |answer: &mut Answer<'_, '_>| answer.show(&Reply::TimeToLive(&answer.read()?, keys));
    let request = LeaseTimeToLiveRequest { id, keys };
    Ok(Plan::read(lease::LEASE_TIME_TO_LIVE, &request, show)
        .wait(Wait::Forever)
        .failed(Exit::bad_connection))
}

pub(super) fn list() -> Plan {
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::Leases(&answer.read()?));
    Plan::read(lease::LEASE_LEASES, &LeaseLeasesRequest {}, show)
        .wait(Wait::Forever)
        .failed(Exit::bad_connection)
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
    client::keep_alive(&client, id, &show).await?;
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
