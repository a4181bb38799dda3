//! `etcdctl set|get|mk|update|rm|ls|mkdir|setdir|updatedir|rmdir`: one request each.

use super::context::{Context, Outcome};
use super::http::Action;
use super::keys::{self, Node, Reply, Wanted};
use super::tree::Run;

pub(super) async fn run(context: &Context<'_>) -> Outcome {
    let client = context.client().await?;
    let key = match context.args().first() {
        Some(key) => key.as_str(),
        None if context.run == Run::Ls => "/",
        None => return context.bad_args("key required"),
    };
    let value = match context.run {
        Run::Set | Run::Mk | Run::Update => Some(value(context).await?),
        _ => None,
    };
    let action = action(context, key, value.as_deref());
    let reply = keys::send(&client, &action, context.deadline_us()).await;
    show(context, &context.served(reply)?)
}

/// The second argument, or all of standard input.
async fn value(context: &Context<'_>) -> Outcome<Vec<u8>> {
    let value = match context.args().get(1) {
        Some(value) => return Ok(value.clone().into_bytes()),
        None => context.system.stdin().await,
    };
    if value.is_empty() { context.bad_args("value required") } else { Ok(value) }
}

fn action(context: &Context<'_>, key: &str, value: Option<&[u8]>) -> Action {
    let flags = &context.local;
    let ttl_s = flags.int("ttl");
    let write = |wanted: &Wanted<'_>| keys::write("PUT", key, value, ttl_s, wanted);
    let any = Wanted::default();
    let dir = Wanted { dir: true, ..any };
    match context.run {
        Run::Get => keys::get(key, flags.bool("quorum"), false, flags.bool("sort")),
        Run::Ls => {
            keys::get(key, flags.bool("quorum"), flags.bool("recursive"), flags.bool("sort"))
        }
        Run::Mk if flags.bool("in-order") => keys::write("POST", key, value, ttl_s, &any),
        Run::Mk => write(&Wanted { prev_exist: "false", ..any }),
        Run::Update => write(&Wanted { prev_exist: "true", ..any }),
        Run::MkDir => write(&Wanted { prev_exist: "false", ..dir }),
        Run::SetDir => write(&dir),
        Run::UpdateDir => write(&Wanted { prev_exist: "true", ..dir }),
        Run::Rm => keys::delete(
            key,
            &Wanted {
                dir: flags.bool("dir"),
                recursive: flags.bool("recursive"),
                prev_value: flags.text("with-value"),
                prev_index: flags.int("with-index").cast_unsigned(),
                ..any
            },
        ),
        Run::RmDir => keys::delete(key, &dir),
        _ => write(&Wanted {
            prev_value: flags.text("swap-with-value"),
            prev_index: flags.int("swap-with-index").cast_unsigned(),
            ..any
        }),
    }
}

fn show(context: &Context<'_>, reply: &Reply) -> Outcome {
    let simple = context.is_simple();
    match context.run {
        Run::Get if reply.node.dir => {
            return context.plain(format!("{}: is a directory", reply.node.key));
        }
        Run::Ls if simple => {
            let slash = if context.local.bool("p") { "/" } else { "" };
            let mut lines = String::new();
            if !reply.node.dir {
                lines = format!("{}\n", reply.node.key);
            }
            list(&mut lines, reply.node.nodes.as_deref().unwrap_or_default(), slash);
            context.print(lines);
        }
        Run::MkDir | Run::SetDir | Run::UpdateDir if simple => {}
        Run::Rm | Run::RmDir if simple && reply.node.dir => {}
        _ => context.show(reply),
    }
    Ok(())
}

/// Keys and what is below them, `slash` after directories.
fn list(lines: &mut String, nodes: &[Node], slash: &str) {
    for node in nodes {
        lines.extend([node.key.as_str(), if node.dir { slash } else { "" }, "\n"]);
        list(lines, node.nodes.as_deref().unwrap_or_default(), slash);
    }
}
