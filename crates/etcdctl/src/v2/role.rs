//! `etcdctl role list|get|add|remove|grant|revoke`, on `/v2/auth/roles` (`client/auth_role.go`).

use super::context::{Context, Outcome};
use super::http::{Action, assert_or_message, assert_status, json};
use super::path::canonical;
use super::tree::Run;
use super::user::{at, auth_request};
use crate::go::json::{Object, array, string};

pub(super) async fn list(context: &Context<'_>) -> Outcome {
    context.no_args()?;
    let client = context.auth_client().await?;
    let action = Action { content_type: "application/json", ..Action::new("GET", at("roles", "")) };
    let roles = client.act(&action, context.deadline_us()).await.and_then(|response| {
        assert_status(&response, &[200])?;
        json(&response)
    });
    for role in context.plainly(roles)?.field("roles").items() {
        context.print(format!("{}\n", role.field("role").text()));
    }
    Ok(())
}

pub(super) async fn get(context: &Context<'_>) -> Outcome {
    let name = name(context)?;
    let client = context.auth_client().await?;
    let action = Action::new("GET", at("roles", name));
    let role = auth_request(context, &client, &action, &[200], context.deadline_us()).await?;
    let mut text = format!("Role: {}\n", role.field("role").text());
    let permissions = role.field("permissions").field("kv");
    for (heading, kind) in [("KV Read:\n", "read"), ("KV Write:\n", "write")] {
        text += heading;
        for path in permissions.field(kind).texts() {
            text.extend(["\t", &path, "\n"]);
        }
    }
    context.print(text);
    Ok(())
}

pub(super) async fn add_or_remove(context: &Context<'_>) -> Outcome {
    let name = name(context)?;
    let client = context.auth_client().await?;
    let deadline_us = context.deadline_us();
    let (action, done) = if context.run == Run::RoleAdd {
        let found = client.act(&Action::new("GET", at("roles", name)), deadline_us).await;
        let is_there = found.and_then(|response| {
            assert_or_message(&response, &[200])?;
            json(&response)
        });
        if is_there.is_ok() {
            return context.plain(format!("Role {name} already exists"));
        }
        (put(name, "", "null", "null"), "created")
    } else {
        (Action::new("DELETE", at("roles", name)), "removed")
    };
    auth_request(context, &client, &action, &[200, 201], deadline_us).await?;
    context.print(format!("Role {name} {done}\n"));
    Ok(())
}

pub(super) async fn grant_or_revoke(context: &Context<'_>) -> Outcome {
    let flags = &context.local;
    let path = flags.text("path");
    if path.is_empty() {
        return context.plain("No path specified; please use `--path`");
    }
    let wanted = canonical(path);
    if wanted != path {
        return context.plain(format!("Not canonical path; please use `--path={wanted}`"));
    }
    let [read, write, both] = ["read", "write", "readwrite"].map(|name| flags.bool(name));
    if [read, write, both].into_iter().filter(|given| *given).count() != 1 {
        return context.plain("Please specify exactly one of --read, --write or --readwrite");
    }
    let name = name(context)?;
    let client = context.auth_client().await?;
    let deadline_us = context.deadline_us();
    let current = Action::new("GET", at("roles", name));
    let current = auth_request(context, &client, &current, &[200], deadline_us).await?;
    let paths = array(vec![string(path)]);
    let paths_if = |given: bool| if given { paths.as_str() } else { "null" };
    let verb = if context.run == Run::RoleGrant { "grant" } else { "revoke" };
    let action = put(name, verb, paths_if(read || both), paths_if(write || both));
    let role = auth_request(context, &client, &action, &[200], deadline_us).await?;
    if role == current {
        let done = if verb == "grant" { "granted" } else { "revoked" };
        context.print(format!("Role unchanged; already {done}"));
    }
    context.print(format!("Role {name} updated\n"));
    Ok(())
}

/// The only argument, read before anything is sent.
fn name<'c>(context: &'c Context<'_>) -> Outcome<&'c str> {
    match context.args() {
        [name] => Ok(name),
        _ => context.plain("Please provide a role name"),
    }
}

/// A change of a role's permissions, or none; `read` and `write` are JSON already.
fn put(name: &str, verb: &str, read: &str, write: &str) -> Action {
    let permissions = |read: &str, write: &str| {
        let kv = Object::new().raw("read", read).raw("write", write).end();
        Object::new().raw("kv", kv).end()
    };
    let mut role =
        Object::new().string("role", name).raw("permissions", permissions("null", "null"));
    if !verb.is_empty() {
        role = role.raw(verb, permissions(read, write));
    }
    Action::json("PUT", at("roles", name), role.end())
}
