//! `etcdctl alarm list|disarm`.

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmMember, AlarmRequest, AlarmResponse};
use proto::method;

use super::plan::{Answer, Plan};
use crate::client::{Client, ClientError, Deadline, Retry};
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

pub(super) fn list(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    invocation.no_args("alarm list command accepts no arguments")?;
    let show = |answer: &mut Answer<'_, '_>| answer.show(&Reply::Alarms(&answer.read()?));
    Ok(Plan::read(method::maintenance::ALARM, &AlarmRequest::default(), show))
}

/// Disarms every alarm that is raised, one call each (K4); those that fail are passed over.
pub(super) async fn disarm(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    invocation.no_args("alarm disarm command accepts no arguments")?;
    let deadline = invocation.deadline();
    let (client, display) = invocation.client().await?;
    let all = AlarmMember::default();
    let raised = call(&client, deadline, AlarmAction::Get, all).await.map_err(Exit::error)?;
    // The answer is put together here, hence without a header.
    let mut disarmed = AlarmResponse::default();
    for alarm in raised.alarms {
        if let Ok(reply) = call(&client, deadline, AlarmAction::Deactivate, alarm).await {
            disarmed.alarms.extend(reply.alarms);
        }
    }
    display.show(&invocation, &Reply::Alarms(&disarmed))
}

pub(super) async fn call(
    client: &Client<'_>,
    deadline: Deadline,
    action: AlarmAction,
    AlarmMember { member_id, alarm }: AlarmMember,
) -> Result<AlarmResponse, ClientError> {
    let request = AlarmRequest { action: action.into(), member_id, alarm };
    client.call(deadline, method::maintenance::ALARM, &request, Retry::Repeatable).await
}
