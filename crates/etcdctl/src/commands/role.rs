//! `etcdctl role add|delete|get|list|grant-permission|revoke-permission`.

use bytes::Bytes;
use proto::authpb::Permission;
use proto::authpb::permission::Type;
use proto::etcdserverpb::{
    AuthRoleAddRequest, AuthRoleDeleteRequest, AuthRoleGetRequest, AuthRoleGetResponse,
    AuthRoleGrantPermissionRequest, AuthRoleListRequest, AuthRoleRevokePermissionRequest,
};
use proto::method::auth;

use super::Run;
use super::plan::{Answer, Plan, Wait};
use crate::client::{Client, Deadline, Retry, ZERO, prefix_end, with_prefix};
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

pub(super) fn add_or_delete(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let adds = invocation.run == Run::RoleAdd;
    let verb = if adds { "add" } else { "delete" };
    let usage = format!("role {verb} command requires role name as its argument");
    let role = invocation.only_arg(&usage)?.to_string();
    let text = format!("Role {role} {}\n", if adds { "created" } else { "deleted" });
    Ok(match adds {
        true => Plan::simple(auth::ROLE_ADD, &AuthRoleAddRequest { name: role }, text),
        false => Plan::simple(auth::ROLE_DELETE, &AuthRoleDeleteRequest { role }, text),
    })
}

pub(super) fn get(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let usage = "role get command requires role name as its argument";
    let role = invocation.only_arg(usage)?.to_string();
    let request = AuthRoleGetRequest { role: role.clone() };
    let show =
        move |answer: &mut Answer<'_, '_>| answer.show(&Reply::RoleGet(&role, &answer.read()?));
    Ok(Plan::read(auth::ROLE_GET, &request, show).wait(Wait::Forever))
}

/// What a role may do.
pub(super) async fn permissions(
    client: &Client<'_>,
    role: &str,
) -> Result<AuthRoleGetResponse, Exit> {
    let request = AuthRoleGetRequest { role: role.to_string() };
    let reply = client.call(Deadline::NEVER, auth::ROLE_GET, &request, Retry::Repeatable).await;
    reply.map_err(Exit::error)
}

pub(super) fn list(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    invocation.no_args("role list command requires no arguments")?;
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::RoleList(&answer.read()?));
    Ok(Plan::read(auth::ROLE_LIST, &AuthRoleListRequest {}, show).wait(Wait::Forever))
}

pub(super) fn grant(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let [role, kind, keys @ ..] = &invocation.args[..] else { return Err(grant_usage()) };
    let [key, end @ ..] = keys else { return Err(grant_usage()) };
    let perm_type = Type::from_str_name(&kind.to_ascii_uppercase())
        .ok_or_else(|| Exit::bad_args(format!("invalid permission type: {kind}")))?
        .into();
    let (key, range_end) = range(invocation, key, end.first())?;
    let text = format!("Role {role} updated\n");
    let perm = Some(Permission { perm_type, key, range_end });
    let request = AuthRoleGrantPermissionRequest { name: role.clone(), perm };
    Ok(Plan::simple(auth::ROLE_GRANT_PERMISSION, &request, text))
}

fn grant_usage() -> Exit {
    Exit::bad_args(
        "role grant command requires role name, permission type, and key [endkey] as its argument",
    )
}

pub(super) fn revoke(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let [role, given, end @ ..] = &invocation.args[..] else {
        return Err(Exit::bad_args(
            "role revoke-permission command requires role name and key [endkey] as its argument",
        ));
    };
    let (key, range_end) = range(invocation, given, end.first())?;
    let end = String::from_utf8_lossy(&range_end);
    let what = match &range_end[..] {
        [] => format!("key {given}"),
        ZERO => format!("range [{given}, <open ended>"),
        _ => format!("range [{given}, {end})"),
    };
    let text = format!("Permission of {what} is revoked from role {role}\n");
    let request = AuthRoleRevokePermissionRequest { role: role.clone(), key, range_end };
    Ok(Plan::simple(auth::ROLE_REVOKE_PERMISSION, &request, text))
}

/// Start and end of a permission. An empty key means the smallest one, for the server takes none.
fn range(
    invocation: &Invocation<'_>,
    key: &str,
    end: Option<&String>,
) -> Result<(Bytes, Bytes), Exit> {
    let flags = &invocation.flags;
    let (prefix, from_key) = (flags.bool("prefix"), flags.bool("from-key"));
    if prefix && from_key {
        return Err(Exit::bad_args("--from-key and --prefix flags are mutually exclusive"));
    }
    if key.is_empty() {
        let (zero, _) = with_prefix(Bytes::new());
        return Ok((zero.clone(), if prefix || from_key { zero } else { Bytes::new() }));
    }
    let unexpected =
        |flag| Exit::bad_args(format!("unexpected endkey argument with --{flag} flag"));
    let range_end = match end {
        Some(_) if prefix => return Err(unexpected("prefix")),
        Some(_) if from_key => return Err(unexpected("from-key")),
        Some(end) => Bytes::from(end.clone()),
        None if prefix => prefix_end(key.as_bytes()),
        None if from_key => Bytes::from_static(ZERO),
        None => Bytes::new(),
    };
    Ok((Bytes::from(key.to_string()), range_end))
}
