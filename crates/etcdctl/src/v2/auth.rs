//! `etcdctl auth enable|disable`.

use super::context::{Context, Outcome};
use super::http::Action;
use super::tree::Run;
use super::user::{at, auth_request};

pub(super) async fn run(context: &Context<'_>) -> Outcome {
    context.no_args()?;
    let client = context.auth_client().await?;
    let (method, done) = match context.run {
        Run::AuthEnable => ("PUT", "Authentication Enabled\n"),
        _ => ("DELETE", "Authentication Disabled\n"),
    };
    let action = Action::new(method, at("enable", ""));
    auth_request(context, &client, &action, &[200, 201], context.deadline_us()).await?;
    context.print(done);
    Ok(())
}
