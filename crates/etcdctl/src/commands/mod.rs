//! The commands, one file each (`ctlv3/command/*_command.go`).

mod del;
mod endpoint;
mod get;
mod member;
mod put;
mod range;
mod version;

use crate::exit::Exit;
use crate::process::Invocation;

/// What a command of the tree does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// Holds subcommands; alone it prints its help.
    Group,
    Help,
    /// Exists in the real tool, not here.
    NotYet,
    Get,
    Put,
    Del,
    MemberList,
    EndpointHealth,
    EndpointStatus,
    EndpointHashKv,
    Version,
}

pub(crate) async fn run(run: Run, invocation: Invocation<'_>) -> Result<(), Exit> {
    match run {
        Run::Get => get::run(invocation).await,
        Run::Put => put::run(invocation).await,
        Run::Del => del::run(invocation).await,
        Run::MemberList => member::list(invocation).await,
        Run::EndpointHealth => endpoint::health(invocation).await,
        Run::EndpointStatus => endpoint::status(invocation).await,
        Run::EndpointHashKv => endpoint::hash_kv(invocation).await,
        Run::Version => version::run(&invocation),
        // These never get here: the process answers them before it reads arguments.
        Run::Group | Run::Help | Run::NotYet => Ok(()),
    }
}
