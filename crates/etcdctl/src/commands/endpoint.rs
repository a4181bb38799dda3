//! `etcdctl endpoint health|status|hashkv`, each of `--endpoints` or, with `--cluster`, of all
//! client URLs in the member list.

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{
    AlarmMember, AlarmType, HashKvRequest, HashKvResponse, RangeRequest, RangeResponse,
    StatusRequest, StatusResponse,
};
use proto::{Profile, error, method};

use super::{alarm, member};
use crate::client::{Client, Config, Deadline, Retry};
use crate::exit::Exit;
use crate::go::duration::format_ns;
use crate::printers::{Health, Reply};
use crate::process::Invocation;
use crate::system::LocalFuture;
use crate::task;

/// Any key does: what counts is that a linearizable read comes back.
const HEALTH_KEY: &[u8] = b"health";

/// Asks all endpoints at once; they are listed as their answers come in.
pub(super) async fn health(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    invocation.take_environment()?;
    let display = invocation.display()?;
    let config = invocation.config().await?;
    let endpoints = chosen(&invocation).await?;
    let config = invocation.with_tls(config)?;
    let probes: Vec<LocalFuture<'_, Health>> = endpoints
        .into_iter()
        .map(|endpoint| Box::pin(probe(&invocation, endpoint, &config)) as LocalFuture<'_, _>)
        .collect();
    let list = task::all(probes).await;
    display.show(&invocation, &Reply::Health(&list))?;
    if list.iter().any(|health| !health.error.is_empty()) {
        return Err(Exit::error("unhealthy cluster"));
    }
    Ok(())
}

async fn probe(invocation: &Invocation<'_>, endpoint: String, config: &Config) -> Health {
    let system = invocation.system;
    let config = Config { endpoints: vec![endpoint.clone()], ..config.clone() };
    let client = match Client::new(system, config).await {
        Ok(client) => client,
        Err(exit) => {
            let error = exit.line.unwrap_or_default();
            return Health { endpoint, healthy: false, took: String::new(), error };
        }
    };
    let started_us = system.now_us();
    let request = RangeRequest { key: HEALTH_KEY.into(), ..RangeRequest::default() };
    let deadline = invocation.deadline();
    let result: Result<RangeResponse, _> =
        client.call(deadline, method::kv::RANGE, &request, Retry::Repeatable).await;
    let took_ns = (system.now_us() - started_us).saturating_mul(1_000);
    let took = format_ns(i64::try_from(took_ns).unwrap_or(i64::MAX));
    // A refusal for lack of rights came through consensus, so it proves health as well.
    let failure = result.err().filter(|why| !why.is(&error::permission_denied()));
    let error = match failure {
        Some(why) => why.to_string(),
        None if invocation.profile() <= Profile::V3_4 => String::new(),
        None => alarms(&client, deadline).await,
    };
    Health { endpoint, healthy: error.is_empty(), took, error }
}

/// From 3.5 on an alarm is a disease: which ones there are.
async fn alarms(client: &Client<'_>, deadline: Deadline) -> String {
    let all = AlarmMember::default();
    let Ok(reply) = alarm::call(client, deadline, AlarmAction::Get, all).await else {
        return "Unable to fetch the alarm list".to_string();
    };
    let name = |alarm: &AlarmMember| match AlarmType::try_from(alarm.alarm) {
        Ok(AlarmType::Nospace) => "NOSPACE ",
        Ok(AlarmType::Corrupt) => "CORRUPT ",
        _ => "UNKNOWN ",
    };
    let names: String = reply.alarms.iter().map(name).collect();
    if names.is_empty() { names } else { format!("Active Alarm(s): {names}") }
}

/// Asks one endpoint after the other; those that fail are named on standard error.
pub(super) async fn status(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let (client, display) = invocation.client().await?;
    let mut list: Vec<(String, StatusResponse)> = Vec::new();
    let mut failed = false;
    for endpoint in chosen(&invocation).await? {
        let result = client
            .dial(&endpoint)
            .call(
                invocation.deadline(),
                method::maintenance::STATUS,
                &StatusRequest::default(),
                Retry::Repeatable,
            )
            .await;
        match result {
            Ok(reply) => list.push((endpoint, reply)),
            Err(error) => {
                failed = true;
                invocation
                    .stderr(format!("Failed to get the status of endpoint {endpoint} ({error})\n"));
            }
        }
    }
    display.show(&invocation, &Reply::Status(&list))?;
    if failed { Err(Exit::silent(1)) } else { Ok(()) }
}

/// As `status`; the last failure is the command's error.
pub(super) async fn hash_kv(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let (client, display) = invocation.client().await?;
    let mut list: Vec<(String, HashKvResponse)> = Vec::new();
    let mut last_error = None;
    for endpoint in chosen(&invocation).await? {
        let request = HashKvRequest { revision: invocation.flags.int("rev") };
        let result = client
            .dial(&endpoint)
            .call(invocation.deadline(), method::maintenance::HASH_KV, &request, Retry::Repeatable)
            .await;
        match result {
            Ok(reply) => list.push((endpoint, reply)),
            Err(error) => {
                invocation
                    .stderr(format!("Failed to get the hash of endpoint {endpoint} ({error})\n"));
                last_error = Some(error);
            }
        }
    }
    display.show(&invocation, &Reply::HashKv(&list))?;
    last_error.map_or(Ok(()), |error| Err(Exit::error(error)))
}

/// The endpoints to ask: those of the flags, or with `--cluster` those of the member list, which
/// needs no login.
pub(super) async fn chosen(invocation: &Invocation<'_>) -> Result<Vec<String>, Exit> {
    let config = invocation.plain_config()?;
    if !invocation.flags.bool("cluster") {
        return Ok(config.endpoints);
    }
    let config = invocation.with_tls(config)?;
    // The tool turns any failure here into exit 1.
    let client = Client::new(invocation.system, config).await;
    let client = client.map_err(|exit| Exit { code: 1, ..exit })?;
    let reply = member::members(&client, invocation.deadline(), invocation.profile()).await;
    let members = reply.map_err(|error| {
        let what = "failed to fetch endpoints from etcd cluster member list";
        Exit::error(format!("{what}: {error}"))
    })?;
    Ok(members.members.into_iter().flat_map(|member| member.client_ur_ls).collect())
}
