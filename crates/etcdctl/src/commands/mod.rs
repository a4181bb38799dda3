//! The commands, one file each (`ctlv3/command/*_command.go`).

mod alarm;
mod auth;
mod check;
mod compaction;
mod defrag;
mod del;
mod downgrade;
mod elect;
mod endpoint;
mod get;
mod hash_kv_file;
mod lease;
pub(crate) mod line;
mod lock;
mod make_mirror;
mod member;
mod migrate;
mod migrate_schema;
mod move_leader;
mod plan;
mod put;
mod range;
mod restore;
mod role;
mod snapshot;
mod txn;
mod user;
mod utl;
mod version;
pub(crate) mod watch;
pub(crate) mod watch_args;
mod zap;

use crate::exit::Exit;
use crate::process::Invocation;
use plan::Plan;

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
    Backup,
    CheckDatascale,
    CheckPerf,
    Compaction,
    Defrag,
    DefragFile,
    Del,
    DowngradeCancel,
    DowngradeEnable,
    DowngradeValidate,
    Elect,
    EndpointHashKv,
    EndpointHealth,
    EndpointStatus,
    Get,
    HashKvFile,
    LeaseGrant,
    LeaseKeepAlive,
    LeaseList,
    LeaseRevoke,
    LeaseTimeToLive,
    Lock,
    MakeMirror,
    MemberAdd,
    MemberList,
    MemberPromote,
    MemberRemove,
    MemberUpdate,
    Migrate,
    MigrateSchema,
    MoveLeader,
    Put,
    RoleAdd,
    RoleDelete,
    RoleGet,
    RoleGrant,
    RoleList,
    RoleRevoke,
    /// `etcdutl snapshot save`, which only says where else to do that.
    SaveElsewhere,
    SnapshotRestore,
    SnapshotSave,
    SnapshotStatus,
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
        Run::AuthEnable => auth::enable(invocation).await,
        Run::CheckDatascale => check::datascale(invocation).await,
        Run::CheckPerf => check::perf(invocation).await,
        Run::Backup => utl::backup(&invocation),
        Run::Defrag => defrag::run(invocation).await,
        Run::DefragFile => utl::defrag(&invocation).await,
        Run::Elect => elect::run(invocation).await,
        Run::EndpointHashKv => endpoint::hash_kv(invocation).await,
        Run::EndpointHealth => endpoint::health(invocation).await,
        Run::EndpointStatus => endpoint::status(invocation).await,
        Run::LeaseKeepAlive => lease::keep_alive(invocation).await,
        Run::Lock => lock::run(invocation).await,
        Run::MakeMirror => make_mirror::run(invocation).await,
        Run::MemberAdd => member::add(invocation).await,
        Run::HashKvFile => hash_kv_file::run(&invocation),
        Run::Migrate => migrate::run(invocation).await,
        Run::MigrateSchema => migrate_schema::run(&invocation),
        Run::MoveLeader => move_leader::run(invocation).await,
        Run::SaveElsewhere => utl::save_elsewhere(&invocation),
        Run::SnapshotRestore => restore::run(&invocation),
        Run::SnapshotSave => snapshot::save(invocation).await,
        Run::SnapshotStatus => snapshot::status(&invocation),
        Run::Txn => txn::run(invocation).await,
        Run::UserGet => user::get(invocation).await,
        Run::Version => version::run(&invocation),
        Run::Watch => watch::run(invocation).await,
        _ => match plan(&invocation).await? {
            Some(plan) => plan.carry_out(invocation).await,
            None => Ok(()),
        },
    }
}

/// The commands that are one call.
async fn plan(invocation: &Invocation<'_>) -> Result<Option<Plan>, Exit> {
    let plan = match invocation.run {
        Run::AlarmList => alarm::list(invocation),
        Run::AuthDisable => auth::disable(invocation),
        Run::AuthStatus => auth::status(invocation),
        Run::Compaction => compaction::plan(invocation),
        Run::Del => del::plan(invocation).await,
        Run::DowngradeCancel | Run::DowngradeEnable | Run::DowngradeValidate => {
            downgrade::plan(invocation)
        }
        Run::Get => get::plan(invocation),
        Run::LeaseGrant => lease::grant(invocation),
        Run::LeaseList => Ok(lease::list()),
        Run::LeaseRevoke => lease::revoke(invocation),
        Run::LeaseTimeToLive => lease::time_to_live(invocation),
        Run::MemberList => member::list(invocation),
        Run::MemberPromote | Run::MemberRemove | Run::MemberUpdate => member::change(invocation),
        Run::Put => put::plan(invocation).await,
        Run::RoleAdd | Run::RoleDelete => role::add_or_delete(invocation),
        Run::RoleGet => role::get(invocation),
        Run::RoleGrant => role::grant(invocation),
        Run::RoleList => role::list(invocation),
        Run::RoleRevoke => role::revoke(invocation),
        Run::UserAdd => user::add(invocation).await,
        Run::UserDelete => user::delete(invocation),
        Run::UserGrant | Run::UserRevoke => user::grant_or_revoke(invocation),
        Run::UserList => user::list(invocation),
        Run::UserPassword => user::password(invocation).await,
        // The process answers these before it reads arguments, or they have been dealt with.
        _ => return Ok(None),
    };
    plan.map(Some)
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
