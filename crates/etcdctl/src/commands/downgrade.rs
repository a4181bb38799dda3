//! `etcdctl downgrade validate|enable|cancel` of 3.6 (section 17 of etcd-semantics).

use proto::etcdserverpb::downgrade_request::DowngradeAction;
use proto::etcdserverpb::{DowngradeRequest, DowngradeResponse};
use proto::method;

use super::Run;
use super::plan::{Answer, Plan};
use crate::exit::Exit;
use crate::printers::{Done, Reply};
use crate::process::Invocation;

pub(super) fn plan(invocation: &Invocation<'_>) -> Result<Plan, Exit> {
    let (action, verb) = match invocation.run {
        Run::DowngradeValidate => (DowngradeAction::Validate, "validate"),
        Run::DowngradeEnable => (DowngradeAction::Enable, "enable"),
        _ => (DowngradeAction::Cancel, "cancel"),
    };
    let version = match (&invocation.args[..], action) {
        (_, DowngradeAction::Cancel) => String::new(),
        ([], _) => return Err(Exit::bad_args("TARGET_VERSION not provided")),
        ([version], _) => version.clone(),
        _ => return Err(Exit::bad_args("too many arguments")),
    };
    let request = DowngradeRequest { action: action.into(), version };
    let show = move |answer: &mut Answer<'_, '_>| {
        let DowngradeResponse { header, version } = answer.read()?;
        let text = format!("Downgrade {verb} success, cluster version {version}\n");
        answer.show(&Reply::Done(&Done { header, text, fields: false, message: true }))
    };
    Ok(Plan::change(method::maintenance::DOWNGRADE, &request, show))
}
