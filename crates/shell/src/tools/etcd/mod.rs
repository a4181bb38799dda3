//! `etcd` as a program: its flags, and the start of a member from them.
//!
//! Flags are read as Go's flag package reads them (`-name x`, `--name=x`, a boolean without a value)
//! and then checked as etcd checks its configuration; errors of the first kind end with status 2,
//! those of the second with 1. Variables `ETCD_NAME` and the like stand in for flags that were not
//! given. Left out: `gateway`, `grpc-proxy`, `--config-file`, and the long text of `--help`.

mod flags;
mod tls;
mod values;

pub(crate) use flags::flag_names;
pub use flags::{AutoCompaction, EtcdFlags, FlagError};

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use cluster::{MemberEnd, MemberStart};
use member::{MemberConfig, PeerConfig};
use proto::Profile;

use crate::process::{Process, ToolResult};
use crate::signals::SIGKILL;
use crate::tools::go_files::go_error;

pub(super) async fn etcd(process: Process) -> ToolResult {
    match EtcdFlags::parse(process.sys.profile(), process.operands(), &process.env) {
        Ok(flags) => start(process, flags).await,
        Err(FlagError::Help) => {
            process.out(USAGE).await?;
            Ok(0)
        }
        Err(FlagError::Version) => {
            process.out(version(process.sys.profile())).await?;
            Ok(0)
        }
        Err(FlagError::Syntax(text)) => {
            process.err(format!("{text}\n{USAGE}")).await?;
            Ok(2)
        }
        Err(FlagError::Config(text)) => {
            process.err(verify_line(&process, &text)).await?;
            Ok(1)
        }
    }
}

/// Runs the member that the flags describe, to its end. SIGTERM and Ctrl-C stop it in good order,
/// and then end the process as the signal would have.
async fn start(process: Process, flags: EtcdFlags) -> ToolResult {
    let data_dir = process.path(&flags.data_dir);
    process.sys.fetch_data_dirs(std::slice::from_ref(&data_dir)).await;
    let listener = tls::listener(&process, &flags);
    let mut start = match member_start(&process, flags) {
        Ok(start) => start,
        Err(text) => {
            process.err(verify_line(&process, &text)).await?;
            return Ok(1);
        }
    };
    let version = process.sys.profile().version();
    process.err(log_line(&process, 'I', &format!("etcd Version: {version}"))).await?;
    match listener {
        Ok(tls) => start.config.client_tls = tls.map(Box::new),
        Err(text) => {
            process.err(log_line(&process, 'C', &text)).await?;
            return Ok(1);
        }
    }
    let signals = process.proc.catch();
    let mut member = process.sys.start_member(start);
    let mut caught = None;
    let end = std::future::poll_fn(|cx| {
        while let Poll::Ready(signal) = signals.poll_next(cx) {
            if caught.replace(signal).is_none() {
                member.stop();
            }
        }
        Pin::new(&mut member).poll(cx)
    })
    .await;
    drop(signals);
    match (end, caught) {
        (MemberEnd::Killed, _) => process.proc.die(SIGKILL).await,
        (_, Some(signal)) => process.proc.die(signal).await,
        (MemberEnd::Stopped { reason }, None) => {
            process.err(log_line(&process, 'E', &reason)).await?;
            Ok(0)
        }
        (MemberEnd::Failed { reason }, None) => {
            process.err(log_line(&process, 'C', &reason)).await?;
            Ok(1)
        }
    }
}

/// The member's flags as its configuration. The error is for what the lab cannot take.
fn member_start(process: &Process, flags: EtcdFlags) -> Result<MemberStart, String> {
    let port = |urls: &[String]| {
        let first = urls.first()?;
        first.trim_end_matches('/').rsplit_once(':')?.1.parse::<u16>().ok()
    };
    let client_port = port(&flags.listen_client_urls)
        .ok_or_else(|| "expected a port in --listen-client-urls".to_string())?;
    let mut initial_cluster: Vec<PeerConfig> = Vec::new();
    for (name, url) in &flags.initial_cluster {
        match initial_cluster.iter_mut().find(|peer| peer.name == *name) {
            Some(peer) => peer.peer_urls.push(url.clone()),
            None => initial_cluster
                .push(PeerConfig { name: name.clone(), peer_urls: vec![url.clone()] }),
        }
    }
    let auto_compaction = match flags.auto_compaction {
        AutoCompaction::Off => member::AutoCompaction::Off,
        AutoCompaction::Periodic { retention_us } => {
            member::AutoCompaction::Periodic { retention_us }
        }
        AutoCompaction::Revision { retention } => {
            let retention = i64::try_from(retention).unwrap_or(i64::MAX);
            member::AutoCompaction::Revision { retention }
        }
    };
    let defaults = MemberConfig::default();
    let config = MemberConfig {
        name: flags.name,
        initial_cluster,
        initial_cluster_token: flags.initial_cluster_token,
        advertise_client_urls: flags.advertise_client_urls,
        profile: process.sys.profile(),
        force_new_cluster: flags.force_new_cluster,
        strict_reconfig_check: flags.strict_reconfig_check,
        pre_vote: flags.pre_vote,
        quota_backend_bytes: flags.quota_backend_bytes,
        snapshot_count: flags.snapshot_count,
        max_txn_ops: u32::try_from(flags.max_txn_ops).unwrap_or(u32::MAX),
        max_request_bytes: u32::try_from(flags.max_request_bytes).unwrap_or(u32::MAX),
        auto_compaction,
        enable_v2: flags.enable_v2,
        client_cert_auth: flags.client_tls.client_cert_auth,
        watch_progress_interval_us: flags
            .watch_progress_notify_us
            .unwrap_or(defaults.watch_progress_interval_us),
        seed: process.sys.seed(),
        epoch_us: process.sys.epoch_us(),
        ..defaults
    };
    let data_dir = process.path(&flags.data_dir);
    let files = process.sys.changed_data_dir(&data_dir);
    process.sys.fs().make_dirs(&data_dir).map_err(|error| {
        format!("cannot access data directory: mkdir {data_dir}: {}", go_error(error))
    })?;
    process.sys.know_data_dir(&data_dir);
    Ok(MemberStart { config, joins: flags.existing, client_port, data_dir, files })
}

/// A line of etcd's own log: capnslog's form in 3.4, JSON from 3.5 on.
fn log_line(process: &Process, level: char, text: &str) -> String {
    let wall_us = process.sys.wall_us();
    let micros = format!("{:06}", wall_us % 1_000_000);
    match process.sys.profile() {
        Profile::V3_3 | Profile::V3_4 => {
            let time = super::run::format_date(wall_us, "%F %T");
            format!("{time}.{micros} {level} | etcdmain: {text}\n")
        }
        Profile::V3_5 | Profile::V3_6 => {
            let time = super::run::format_date(wall_us, "%FT%T");
            let name = match level {
                'I' => "info",
                'E' => "error",
                _ => "fatal",
            };
            format!(
                "{{\"level\":\"{name}\",\"ts\":\"{time}.{}Z\",\"caller\":\"etcdmain/etcd.go\",\"msg\":{text:?}}}\n",
                &micros[..3]
            )
        }
    }
}

const USAGE: &str = "\
Usage:

  etcd [flags]
    Start an etcd server.

  etcd --version
    Show the version of etcd.

";

fn version(profile: Profile) -> String {
    let version = profile.version();
    format!("etcd Version: {version}\nGit SHA: Not provided (use ./build instead of go build)\n")
}

/// The line about a configuration that does not hold together, in the log format of the release.
fn verify_line(process: &Process, text: &str) -> String {
    let wall_us = process.sys.wall_us();
    let micros = format!("{:06}", wall_us % 1_000_000);
    match process.sys.profile() {
        Profile::V3_3 | Profile::V3_4 => {
            let time = super::run::format_date(wall_us, "%F %T");
            format!(
                "{time}.{micros} C | etcdmain: error verifying flags, {text}. See 'etcd --help'.\n"
            )
        }
        Profile::V3_5 | Profile::V3_6 => {
            let time = super::run::format_date(wall_us, "%FT%T");
            let quoted = format!("{text:?}");
            format!(
                "{{\"level\":\"warn\",\"ts\":\"{time}.{}Z\",\"caller\":\"etcdmain/etcd.go:74\",\
                 \"msg\":\"failed to verify flags\",\"error\":{quoted}}}\n",
                &micros[..3]
            )
        }
    }
}
