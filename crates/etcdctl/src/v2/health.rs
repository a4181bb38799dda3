//! `etcdctl cluster-health`: every member's `/health`, without a time limit, as in the real tool.

use proto::http::Request;

use super::context::{Context, Outcome, SERVER_ERROR};
use super::http::{Failure, exchange};
use super::member::{Member, members};
use super::watch::until_signal;
use crate::client::Tls;
use crate::go::quote::quote;
use crate::go::unmarshal::{Value, unmarshal};
use crate::go::url::Url;

const PAUSE_US: u64 = 10_000_000;
const NOT_HEALTHY: i32 = 5;

pub(super) async fn run(context: &Context<'_>) -> Outcome {
    // The transport is made before the client, so a certificate that is not there is another error.
    let tls = match context.tls() {
        Ok(tls) => tls,
        Err(why) => return context.fail(SERVER_ERROR, &Failure::Other(why)),
    };
    if context.local.bool("forever") {
        return until_signal(context, Box::pin(check(context, &tls))).await;
    }
    check(context, &tls).await
}

async fn check(context: &Context<'_>, tls: &Tls) -> Outcome {
    let client = context.client_without_sync().await?;
    if context.global.bool("debug") {
        context.complain(&format!("Cluster-Endpoints: {}\n", client.endpoints(", ")));
    }
    let members = match members(&client, None).await {
        Ok(members) => members,
        Err(failure) => {
            context.print("cluster may be unhealthy: failed to list members\n");
            return context.fail(SERVER_ERROR, &failure);
        }
    };
    loop {
        let mut healthy = 0;
        for member in &members {
            healthy += usize::from(is_healthy(context, member, tls).await);
        }
        let (state, outcome) = match healthy {
            count if count == members.len() => ("healthy", Ok(())),
            0 => ("unavailable", Err(NOT_HEALTHY)),
            _ => ("degraded", Err(NOT_HEALTHY)),
        };
        context.print(format!("cluster is {state}\n"));
        if !context.local.bool("forever") {
            return outcome;
        }
        context.print("\nnext check after 10 second...\n\n");
        context.system.sleep_us(PAUSE_US).await;
    }
}

/// Says how a member is; the first of its URLs that answers decides.
async fn is_healthy(context: &Context<'_>, member: &Member, tls: &Tls) -> bool {
    let id = &member.id;
    for url in &member.client_urls {
        match health(context, url, tls).await {
            Ok(healthy) => {
                let state = if healthy { "healthy" } else { "unhealthy" };
                context.print(format!("member {id} is {state}: got {state} result from {url}\n"));
                return healthy;
            }
            Err(why) => context
                .print(format!("failed to check the health of member {id} on {url}: {why}\n")),
        }
    }
    let why = match member.client_urls.join(" ") {
        none if none.is_empty() => "no available published client urls".to_string(),
        urls => format!("[{urls}] are all unreachable"),
    };
    context.print(format!("member {id} is unreachable: {why}\n"));
    false
}

async fn health(context: &Context<'_>, url: &str, tls: &Tls) -> Result<bool, String> {
    let target = format!("{url}/health");
    let endpoint = Url::parse(&target)?;
    let request =
        Request { method: "GET".to_string(), target: endpoint.path.clone(), ..Request::default() };
    let response = exchange(context.system, &endpoint, &request, tls)
        .await
        .map_err(|failure| format!("Get {}: {failure}", quote(target.as_bytes())))?;
    let health = unmarshal(&response.body)?;
    let health = health.field("health");
    Ok(health.text() == "true" || health == &Value::Bool(true))
}
