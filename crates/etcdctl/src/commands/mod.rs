//! The commands, one file each (`ctlv3/command/*_command.go`).

mod alarm;
mod auth;
mod check;
mod compaction;
mod defrag;
mod del;
mod elect;
mod endpoint;
mod get;
mod lease;
mod line;
mod lock;
mod member;
mod move_leader;
mod put;
mod range;
mod role;
mod txn;
mod user;
mod version;
pub(crate) mod watch;
mod watch_args;

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::AuthEnableResponse;

use crate::client::{self, Deadline, Retry};
use crate::exit::Exit;
use crate::printers::{Done, Reply};
use crate::process::Invocation;

/// What a command of the tree does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// Holds subcommands; alone it prints its help.
    Group,
    Help,
    /// Exists in the real tool, not here.
    NotYet,
    AlarmDisarm,
    AlarmList,
    AuthDisable,
    AuthEnable,
    AuthStatus,
    Check,
    Compaction,
    Defrag,
    Del,
    Elect,
    EndpointHashKv,
    EndpointHealth,
    EndpointStatus,
    Get,
    LeaseGrant,
    LeaseKeepAlive,
    LeaseList,
    LeaseRevoke,
    LeaseTimeToLive,
    Lock,
    MemberAdd,
    MemberList,
    MemberPromote,
    MemberRemove,
    MemberUpdate,
    MoveLeader,
    Put,
    RoleAdd,
    RoleDelete,
    RoleGet,
    RoleGrant,
    RoleList,
    RoleRevoke,
    Txn,
    UserAdd,
    UserDelete,
    UserGet,
    UserGrant,
    UserList,
    UserPassword,
    UserRevoke,
    Version,
    Watch,
}

pub(crate) async fn run(invocation: Invocation<'_>) -> Result<(), Exit> {
    match invocation.run {
        Run::AlarmDisarm => alarm::disarm(invocation).await,
        Run::AlarmList => alarm::list(invocation).await,
        Run::AuthDisable => auth::disable(invocation).await,
        Run::AuthEnable => auth::enable(invocation).await,
        Run::AuthStatus => auth::status(invocation).await,
        Run::Check => check::run(&invocation),
        Run::Compaction => compaction::run(invocation).await,
        Run::Defrag => defrag::run(invocation).await,
        Run::Del => del::run(invocation).await,
        Run::Elect => elect::run(invocation).await,
        Run::EndpointHashKv => endpoint::hash_kv(invocation).await,
        Run::EndpointHealth => endpoint::health(invocation).await,
        Run::EndpointStatus => endpoint::status(invocation).await,
        Run::Get => get::run(invocation).await,
        Run::LeaseGrant => lease::grant(invocation).await,
        Run::LeaseKeepAlive => lease::keep_alive(invocation).await,
        Run::LeaseList => lease::list(invocation).await,
        Run::LeaseRevoke => lease::revoke(invocation).await,
        Run::LeaseTimeToLive => lease::time_to_live(invocation).await,
        Run::Lock => lock::run(invocation).await,
        Run::MemberAdd => member::add(invocation).await,
        Run::MemberList => member::list(invocation).await,
        Run::MemberPromote | Run::MemberRemove | Run::MemberUpdate => {
            member::change(invocation).await
        }
        Run::MoveLeader => move_leader::run(invocation).await,
        Run::Put => put::run(invocation).await,
        Run::RoleAdd | Run::RoleDelete => role::add_or_delete(invocation).await,
        Run::RoleGet => role::get(invocation).await,
        Run::RoleGrant => role::grant(invocation).await,
        Run::RoleList => role::list(invocation).await,
        Run::RoleRevoke => role::revoke(invocation).await,
        Run::Txn => txn::run(invocation).await,
        Run::UserAdd => user::add(invocation).await,
        Run::UserDelete => user::delete(invocation).await,
        Run::UserGet => user::get(invocation).await,
        Run::UserGrant | Run::UserRevoke => user::grant_or_revoke(invocation).await,
        Run::UserList => user::list(invocation).await,
        Run::UserPassword => user::password(invocation).await,
        Run::Version => version::run(&invocation),
        Run::Watch => watch::run(invocation).await,
        // These never get here: the process answers them before it reads arguments.
        Run::Group | Run::Help | Run::NotYet => Ok(()),
    }
}

fn bytes(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

/// A call of which only the header comes back, and what is said then. `fields` is whether
/// `-w fields` knows it.
async fn simple(
    mut invocation: Invocation<'_>,
    deadline: Deadline,
    (method, request): (&'static str, Bytes),
    text: String,
    fields: bool,
) -> Result<(), Exit> {
    let (client, display) = invocation.client().await?;
    let reply = client.call_bytes(deadline, method, request, Retry::Never).await;
    let reply: AuthEnableResponse =
        reply.and_then(|bytes| client::decode(&bytes)).map_err(Exit::error)?;
    let done = Done { header: reply.header, text, fields, message: true };
    display.show(&invocation, &Reply::Done(&done))
}

impl Invocation<'_> {
    /// The only argument; none or more are a usage error.
    fn only_arg(&self, usage: &str) -> Result<&str, Exit> {
        match &self.args[..] {
            [only] => Ok(only),
            _ => Err(Exit::bad_args(usage)),
        }
    }

    fn no_args(&self, usage: &str) -> Result<(), Exit> {
        if self.args.is_empty() { Ok(()) } else { Err(Exit::bad_args(usage)) }
    }
}
