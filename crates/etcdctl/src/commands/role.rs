//! `etcdctl role add|delete|get|list|grant-permission|revoke-permission`.

use bytes::Bytes;
use proto::authpb::Permission;
use proto::authpb::permission::Type;
use proto::etcdserverpb::{
    AuthRoleAddRequest, AuthRoleDeleteRequest, AuthRoleGetRequest, AuthRoleGetResponse,
    AuthRoleGrantPermissionRequest, AuthRoleListRequest, AuthRoleListResponse,
    AuthRoleRevokePermissionRequest,
};
use proto::method::auth;

use super::{Run, bytes, simple};
use crate::client::{Client, Deadline, Retry, ZERO, prefix_end, with_prefix};
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

pub(super) async fn add_or_delete(invocation: Invocation<'_>) -> Result<(), Exit> {
    let adds = invocation.run == Run::RoleAdd;
    let verb = if adds { "add" } else { "delete" };
    let usage = format!("role {verb} command requires role name as its argument");
    let role = invocation.only_arg(&usage)?.to_string();
    let text = format!("Role {role} {}\n", if adds { "created" } else { "deleted" });
    let call = match adds {
        true => (auth::ROLE_ADD, bytes(&AuthRoleAddRequest { name: role })),
        false => (auth::ROLE_DELETE, bytes(&AuthRoleDeleteRequest { role })),
    };
    simple(invocation, Deadline::NEVER, call, text, true).await
}

pub(super) async fn get(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let usage = "role get command requires role name as its argument";
    let name = invocation.only_arg(usage)?.to_string();
    let (client, display) = invocation.client().await?;
    let reply = permissions(&client, &name).await?;
    display.show(&invocation, &Reply::RoleGet(&name, &reply))
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

pub(super) async fn list(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    invocation.no_args("role list command requires no arguments")?;
    let (client, display) = invocation.client().await?;
    let request = AuthRoleListRequest {};
    let reply: AuthRoleListResponse = client
        .call(Deadline::NEVER, auth::ROLE_LIST, &request, Retry::Repeatable)
        .await
        .map_err(Exit::error)?;
    display.show(&invocation, &Reply::RoleList(&reply))
}

pub(super) async fn grant(invocation: Invocation<'_>) -> Result<(), Exit> {
    let [role, kind, keys @ ..] = &invocation.args[..] else { return Err(grant_usage()) };
    let [key, end @ ..] = keys else { return Err(grant_usage()) };
    let perm_type = Type::from_str_name(&kind.to_uppercase())
        .ok_or_else(|| Exit::bad_args(format!("invalid permission type: {kind}")))?
        .into();
    let (key, range_end) = range(&invocation, key, end.first())?;
    let text = format!("Role {role} updated\n");
    let perm = Some(Permission { perm_type, key, range_end });
    let request = bytes(&AuthRoleGrantPermissionRequest { name: role.clone(), perm });
    simple(invocation, Deadline::NEVER, (auth::ROLE_GRANT_PERMISSION, request), text, true).await
}

fn grant_usage() -> Exit {
    Exit::bad_args(
        "role grant command requires role name, permission type, and key [endkey] as its argument",
    )
}

pub(super) async fn revoke(invocation: Invocation<'_>) -> Result<(), Exit> {
    let [role, given, end @ ..] = &invocation.args[..] else {
        return Err(Exit::bad_args(
            "role revoke-permission command requires role name and key [endkey] as its argument",
        ));
    };
    let (key, range_end) = range(&invocation, given, end.first())?;
    let end = String::from_utf8_lossy(&range_end);
    let what = match &range_end[..] {
        [] => format!("key {given}"),
        ZERO => format!("range [{given}, <open ended>"),
        _ => format!("range [{given}, {end})"),
    };
    let text = format!("Permission of {what} is revoked from role {role}\n");
    let request = bytes(&AuthRoleRevokePermissionRequest { role: role.clone(), key, range_end });
    simple(invocation, Deadline::NEVER, (auth::ROLE_REVOKE_PERMISSION, request), text, true).await
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
