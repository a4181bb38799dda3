//! `etcdctl watch [KEY [END]] [-- COMMAND...]` and `etcdctl watch -i`, which takes watches line by line.

use std::cell::RefCell;

use bytes::Bytes;
use proto::Profile;
use proto::etcdserverpb::WatchCreateRequest;
use proto::mvccpb::Event;

use super::watch_args::{self, Options, Wanted};
use super::{line, lock};
use crate::client::{WatchId, Watcher, with_prefix};
use crate::exit::Exit;
use crate::go::quote::quote;
use crate::printers::{Display, Reply, event_type};
use crate::process::Invocation;
use crate::system::LocalFuture;
use crate::task;

/// Where the key may stand instead of the command line.
pub(crate) const KEY_VARIABLE: &str = "ETCDCTL_WATCH_KEY";
pub(crate) const END_VARIABLE: &str = "ETCDCTL_WATCH_RANGE_END";

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let variables = invocation.system.env();
    let variable = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };
    let env = match (variable(KEY_VARIABLE), variable(END_VARIABLE)) {
        (None, Some(end)) => {
            let end = quote(end.as_bytes());
            let line = format!("{KEY_VARIABLE} is empty but got {END_VARIABLE}={end}");
            return Err(Exit::bad_args(line));
        }
        (key, end) => [key, end].into_iter().flatten().collect::<Vec<String>>(),
    };
    if invocation.flags.bool("interactive") {
        return interactive(invocation, &env).await;
    }
    let wanted = watch_args::from_command_line(&invocation.words, &invocation.args, &env)
        .map_err(Exit::bad_args)?;
    let (client, display) = invocation.client().await?;
    let request = request(&wanted.keys, Options::of(&invocation.flags)).map_err(Exit::bad_args)?;
    let watcher = Watcher::new(&client, true);
    let watch = watcher.watch(request);
    let following = follow(&invocation, &display, &watcher, watch, wanted.command);
    task::beside(&client.stir, Box::pin(watcher.drive()), Box::pin(following)).await?;
    Err(Exit::interrupted("watch is canceled by the server"))
}

fn request(keys: &[String], options: Options) -> Result<WatchCreateRequest, &'static str> {
    let key = Bytes::from(keys.first().ok_or("bad number of arguments")?.clone());
    let prefix = options.prefix;
    let (key, range_end) = match keys {
        [_, _] if prefix => return Err("`range_end` and `--prefix` are mutually exclusive"),
        [_, end] => (key, Bytes::from(end.clone())),
        // More words than two are as good as one.
        _ if prefix => with_prefix(key),
        _ => (key, Bytes::new()),
    };
    Ok(WatchCreateRequest {
        key,
        range_end,
        start_revision: options.revision,
        progress_notify: options.progress_notify,
        prev_kv: options.prev_kv,
        ..WatchCreateRequest::default()
    })
}

/// Shows what a watch delivers, until it is over.
async fn follow(
    invocation: &Invocation<'_>,
    display: &Display,
    watcher: &Watcher<'_, '_>,
    watch: WatchId,
    command: Option<Vec<String>>,
) -> Result<(), Exit> {
    while let Some(watched) = watcher.next(watch).await {
        if watched.canceled {
            let why = watched.error.as_deref().unwrap_or_default();
            invocation.stderr(format!("watch was canceled ({why})\n"));
        }
        if watched.is_progress() {
            invocation.stdout(format!("progress notify: {}\n", watched.header.revision));
        }
        display.show(invocation, &Reply::Watch(&watched))?;
        let Some(command) = &command else { continue };
        for event in watched.events.iter().flatten() {
            execute(invocation, command, watched.header.revision, event).await?;
        }
    }
    Ok(())
}

/// Runs a command for an event. If it fails the tool ends with 1.
async fn execute(
    invocation: &Invocation<'_>,
    command: &[String],
    revision: i64,
    event: &Event,
) -> Result<(), Exit> {
    let kv = event.kv.clone().unwrap_or_default();
    let env = [
        ("REVISION", revision.to_string()),
        ("EVENT_TYPE", quote(event_type(event).as_bytes())),
        ("KEY", quote(&kv.key)),
        ("VALUE", quote(&kv.value)),
    ]
    .map(|(name, value)| (format!("ETCD_WATCH_{name}"), value));
    let ended = invocation.system.run(command, &env).await;
    let Some(why) = lock::failure(&ended) else { return Ok(()) };
    let words: Vec<String> = command.iter().map(|word| quote(word.as_bytes())).collect();
    invocation.stderr(format!("command [{}] error ({why})\n", words.join(" ")));
    Err(Exit::silent(1))
}

/// Lines `watch ...` begin watches, `progress` asks for progress; the end of input ends all.
async fn interactive(mut invocation: Invocation<'_>, env: &[String]) -> Result<(), Exit> {
    let (client, display) = invocation.client().await?;
    let invocation = &invocation;
    let watcher = Watcher::new(&client, true);
    let watcher = &watcher;
    let crew = RefCell::new(Vec::<LocalFuture<'_, Result<(), Exit>>>::new());
    crew.borrow_mut().push(Box::pin(async {
        watcher.drive().await;
        Ok(())
    }));
    let reading = async {
        loop {
            let line = next_line(invocation).await.ok_or_else(|| end_of_input(invocation))?;
            let refuse = |why: &str| invocation.stderr(format!("Invalid command {line} ({why})\n"));
            let words = line::words(&line).ok_or_else(|| Exit::bad_input("invalid syntax"))?;
            match words.first().map(String::as_str) {
                None => {
                    let why = "watch and progress supported";
                    invocation.stderr(format!("Invalid command: {line} ({why})\n"));
                }
                Some("watch") if words.len() < 2 && env.is_empty() => {
                    refuse("command type or key is not provided");
                }
                Some("watch") => {
                    let (Wanted { keys, command }, options) =
                        watch_args::from_line(&words, env, invocation.profile())
                            .map_err(Exit::bad_args)?;
                    match request(&keys, options) {
                        Ok(request) => {
                            let watch = watcher.watch(request);
                            let following = follow(invocation, &display, watcher, watch, command);
                            crew.borrow_mut().push(Box::pin(following));
                        }
                        Err(why) => refuse(why),
                    }
                }
                Some("progress") => watcher.request_progress(),
                Some(_) => refuse("only support watch"),
            }
        }
    };
    task::with_crew(&client.stir, &crew, reading).await
}

/// The next whole line, without its newline; what the input ends with is none.
pub(super) async fn next_line(invocation: &Invocation<'_>) -> Option<String> {
    let line = invocation.system.read_line().await?;
    let line = line.strip_suffix(b"\n")?;
    Some(String::from_utf8_lossy(line).into_owned())
}

fn end_of_input(invocation: &Invocation<'_>) -> Exit {
    let error = if invocation.profile() <= Profile::V3_4 { "Error" } else { "error" };
    Exit::bad_input(format!("{error} reading watch request line: EOF"))
}
