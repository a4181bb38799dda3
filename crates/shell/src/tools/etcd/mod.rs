//! `etcd` as a program: its flags, and the start of a member from them.
//!
//! Flags are read as Go's flag package reads them (`-name x`, `--name=x`, a boolean without a value)
//! and then checked as etcd checks its configuration; errors of the first kind end with status 2,
//! those of the second with 1. Variables `ETCD_NAME` and the like stand in for flags that were not
//! given. Left out: `gateway`, `grpc-proxy`, `--config-file`, and the long text of `--help`.

mod flags;
mod values;

pub use flags::{AutoCompaction, EtcdFlags, FlagError};

use crate::process::{Process, ToolResult};
use proto::Profile;

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

/// Runs the member that the flags describe, to its end.
pub(super) async fn start(process: Process, _flags: EtcdFlags) -> ToolResult {
    process.err("etcd: not in this lab yet\n").await?;
    Ok(127)
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
        Profile::V3_4 => {
            let time = super::run::format_date(wall_us, "%F %T");
            format!(
                "{time}.{micros} C | etcdmain: error verifying flags, {text}. See 'etcd --help'.\n"
            )
        }
        Profile::V3_5 => {
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
