//! `etcdctl auth enable|disable|status`.

use proto::etcdserverpb::{
    AuthDisableRequest, AuthEnableRequest, AuthRoleAddRequest, AuthStatusRequest,
    AuthUserGrantRoleRequest,
};
use proto::{error, method};

use super::plan::{Answer, Plan};
use crate::client::{Retry, encode};
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

const ROOT: &str = "root";

/// User root needs role root (A2); if that is all that is missing, it is made and granted.
pub(super) async fn enable(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    invocation.no_args("auth enable command does not accept any arguments")?;
    let deadline = invocation.deadline();
    let (client, _) = invocation.client().await?;
    let enable = (method::auth::AUTH_ENABLE, encode(&AuthEnableRequest {}));
    let add_role = AuthRoleAddRequest { name: ROOT.into() };
    let grant = AuthUserGrantRoleRequest { user: ROOT.into(), role: ROOT.into() };
    let remedy = [
        (method::auth::ROLE_ADD, encode(&add_role)),
        (method::auth::USER_GRANT_ROLE, encode(&grant)),
    ];
    loop {
        let (method, request) = enable.clone();
        match client.call_bytes(deadline, method, request, Retry::Never).await {
            Ok(_) => break,
            Err(why) if why.is(&error::root_role_not_exist()) => {}
            Err(why) => return Err(Exit::error(why)),
        }
        for (method, request) in remedy.clone() {
            client
                .call_bytes(deadline, method, request, Retry::Never)
                .await
                .map_err(Exit::error)?;
        }
    }
    invocation.stdout("Authentication Enabled\n");
    Ok(())
}

pub(super) fn disable(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    invocation.no_args("auth disable command does not accept any arguments")?;
    let show = |answer: &mut Answer<'_, '_>| {
        answer.say("Authentication Disabled\n".into());
        Ok(())
    };
    Ok(Plan::change(method::auth::AUTH_DISABLE, &AuthDisableRequest {}, show))
}

/// From 3.5 on.
pub(super) fn status(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    invocation.no_args("auth status command does not accept any arguments")?;
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::AuthStatus(&answer.read()?));
    Ok(Plan::change(method::auth::AUTH_STATUS, &AuthStatusRequest {}, show))
}
