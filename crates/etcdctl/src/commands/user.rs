//! `etcdctl user add|get|list|delete|passwd|grant-role|revoke-role`.

use proto::authpb::UserAddOptions;
use proto::etcdserverpb::{
    AuthUserAddRequest, AuthUserChangePasswordRequest, AuthUserDeleteRequest, AuthUserGetRequest,
    AuthUserGetResponse, AuthUserGrantRoleRequest, AuthUserListRequest, AuthUserRevokeRoleRequest,
};
use proto::method::auth;

use super::plan::{Answer, Plan, Wait};
use super::{Run, role};
use crate::client::{Deadline, Retry};
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

/// `NAME:PASSWORD`, `NAME` with `--new-user-password` or `--no-password`, or a question.
pub(super) async fn add(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let given = invocation.only_arg("user add command requires user name as its argument")?;
    let flags = &invocation.flags;
    let (no_password, flag) = (flags.bool("no-password"), flags.text("new-user-password"));
    let (name, password) = match given.split_once(':') {
        _ if no_password => (given, String::new()),
        _ if !flag.is_empty() => (given, flag.to_string()),
        Some(("", _)) => return Err(Exit::bad_args("empty user name is not allowed")),
        Some((name, password)) => (name, password.to_string()),
        None => (given, new_password(invocation, given).await?),
    };
    let text = format!("User {name} created\n");
    let options = Some(UserAddOptions { no_password });
    let name = name.to_string();
    let request = AuthUserAddRequest { name, password, options, ..Default::default() };
    Ok(Plan::simple(auth::USER_ADD, &request, text))
}

/// Asks twice, or takes a word of standard input with `--interactive=false`.
async fn new_password(invocation: &Invocation<'_>, name: &str) -> Result<String, Exit> {
    if !invocation.flags.bool("interactive") {
        let line = invocation.system.read_line().await.unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        return Ok(line.split_whitespace().next().unwrap_or_default().to_string());
    }
    let failed = |why| Exit::bad_args(format!("failed to ask password: {why}"));
    let first = invocation.ask(&format!("Password of {name}: ")).await.map_err(failed)?;
    if first.is_empty() {
        return Err(Exit::bad_args("empty password"));
    }
    let again = format!("Type password of {name} again for confirmation: ");
    if invocation.ask(&again).await.map_err(failed)? != first {
        return Err(Exit::bad_args("given passwords are different"));
    }
    Ok(first)
}

pub(super) async fn get(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let usage = "user get command requires user name as its argument";
    let name = invocation.only_arg(usage)?.to_string();
    let (client, display) = invocation.client().await?;
    let request = AuthUserGetRequest { name: name.clone() };
    let reply: AuthUserGetResponse = client
        .call(Deadline::NEVER, auth::USER_GET, &request, Retry::Repeatable)
        .await
        .map_err(Exit::error)?;
    if !invocation.flags.bool("detail") {
        return display.show(&invocation, &Reply::UserGet(&name, &reply));
    }
    invocation.stdout(format!("User: {name}\n"));
    for role in &reply.roles {
        invocation.stdout("\n");
        let permissions = role::permissions(&client, role).await?;
        display.show(&invocation, &Reply::RoleGet(role, &permissions))?;
    }
    Ok(())
}

pub(super) fn list(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    invocation.no_args("user list command requires no arguments")?;
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::UserList(&answer.read()?));
    Ok(Plan::read(auth::USER_LIST, &AuthUserListRequest {}, show).wait(Wait::Forever))
}

pub(super) fn delete(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let name = invocation.only_arg("user delete command requires user name as its argument")?;
    let text = format!("User {name} deleted\n");
    let request = AuthUserDeleteRequest { name: name.to_string() };
    Ok(Plan::simple(auth::USER_DELETE, &request, text))
}

pub(super) async fn password(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let name = invocation.only_arg("user passwd command requires user name as its argument")?;
    let password = new_password(invocation, name).await?;
    let name = name.to_string();
    let request = AuthUserChangePasswordRequest { name, password, ..Default::default() };
    Ok(Plan::simple(auth::USER_CHANGE_PASSWORD, &request, "Password updated\n".into()))
}

pub(super) fn grant_or_revoke(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let grants = invocation.run == Run::UserGrant;
    let [user, role] = &invocation.args[..] else {
        let verb = if grants { "grant command" } else { "revoke-role" };
        let usage = format!("user {verb} requires user name and role name as its argument");
        return Err(Exit::bad_args(usage));
    };
    let (user, role) = (user.clone(), role.clone());
    let done = if grants { "granted to" } else { "revoked from" };
    let text = format!("Role {role} is {done} user {user}\n");
    Ok(match grants {
        true => Plan::simple(auth::USER_GRANT_ROLE, &AuthUserGrantRoleRequest { user, role }, text),
        false => {
            let request = AuthUserRevokeRoleRequest { name: user, role };
            Plan::simple(auth::USER_REVOKE_ROLE, &request, text)
        }
    })
}
