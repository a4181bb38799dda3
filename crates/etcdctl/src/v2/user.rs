//! `etcdctl user list|get|add|remove|passwd|grant|revoke`, on `/v2/auth/users`
//! (`client/auth_user.go`).

use super::context::{Context, Outcome};
use super::http::{Action, Client, assert_or_message, json};
use super::tree::Run;
use crate::go::json::{Object, array, string};
use crate::go::unmarshal::Value;

/// A request under `/v2/auth`; the answer's status must be one of `wanted`.
pub(super) async fn auth_request(
    context: &Context<'_>,
    client: &Client<'_>,
    action: &Action,
    wanted: &[u32],
    deadline_us: Option<u64>,
) -> Outcome<Value> {
    let answer = client.act(action, deadline_us).await.and_then(|response| {
        assert_or_message(&response, wanted)?;
        // Where 201 is as good, nobody reads the answer.
        if wanted == [200] { json(&response) } else { Ok(Value::Null) }
    });
    context.plainly(answer)
}

/// `/v2/auth/KIND/NAME`, without a slash at its end.
pub(super) fn at(kind: &str, name: &str) -> String {
    format!("/v2/auth/{kind}/{name}").trim_end_matches('/').to_string()
}

pub(super) async fn list(context: &Context<'_>) -> Outcome {
    context.no_args()?;
    let client = context.auth_client().await?;
    let action = Action { content_type: "application/json", ..Action::new("GET", at("users", "")) };
    let users = auth_request(context, &client, &action, &[200], context.deadline_us()).await?;
    for user in users.field("users").items() {
        context.print(format!("{}\n", user.field("user").text()));
    }
    Ok(())
}

pub(super) async fn get(context: &Context<'_>) -> Outcome {
    let name = name(context)?;
    let client = context.auth_client().await?;
    let action = Action::new("GET", at("users", name));
    let user = auth_request(context, &client, &action, &[200], context.deadline_us()).await?;
    // The server tells whole roles. client/v2 first takes them for names, fails, leaves an empty name
    // for each, and then adds the names.
    let roles = user.field("roles").items();
    let names = roles.iter().map(|role| role.field("role").text());
    let shown: Vec<&str> = roles.iter().map(|_| "").chain(names).collect();
    context.print(format!("User: {}\nRoles: {}\n", user.field("user").text(), shown.join(" ")));
    Ok(())
}

pub(super) async fn change(context: &Context<'_>) -> Outcome {
    let given = name(context)?;
    let client = context.auth_client().await?;
    let deadline_us = context.deadline_us();
    let (name, password) = match (context.run, given.split_once(':')) {
        (Run::UserRemove, _) => (given, String::new()),
        (Run::UserAdd, Some((name, password))) => (name, password.to_string()),
        _ => (given, context.ask("New password: ").await),
    };
    let (action, wanted, done) = match context.run {
        Run::UserRemove => (
            Action::new("DELETE", at("users", name)),
            &[200, 201][..],
            format!("User {name} removed\n"),
        ),
        Run::UserAdd => {
            (put(name, &password, "", &[]), &[200, 201][..], format!("User {name} created\n"))
        }
        _ => (put(name, &password, "", &[]), &[200][..], "Password updated\n".to_string()),
    };
    auth_request(context, &client, &action, wanted, deadline_us).await?;
    context.print(done);
    Ok(())
}

pub(super) async fn grant_or_revoke(context: &Context<'_>) -> Outcome {
    let roles = context.local.texts("roles");
    if roles.is_empty() {
        return context.plain("No roles specified; please use `--roles`");
    }
    let deadline_us = context.deadline_us();
    let name = name(context)?;
    let client = context.auth_client().await?;
    let verb = if context.run == Run::UserGrant { "grant" } else { "revoke" };
    let action = put(name, "", verb, &roles);
    auth_request(context, &client, &action, &[200], deadline_us).await?;
    context.print(format!("User {name} updated\n"));
    Ok(())
}

/// The only argument, read before anything is sent.
fn name<'c>(context: &'c Context<'_>) -> Outcome<&'c str> {
    match context.args() {
        [name] => Ok(name),
        _ => context.plain("Please provide a username"),
    }
}

fn put(name: &str, password: &str, verb: &str, roles: &[String]) -> Action {
    let mut user = Object::new()
        .string("user", name)
        .string_or_none("password", password)
        .raw("roles", "null");
    if !roles.is_empty() {
        user = user.raw(verb, array(roles.iter().map(|role| string(role)).collect()));
    }
    Action::json("PUT", at("users", name), user.end())
}
