//! `etcdctl watch` and `exec-watch`: long polls, one for each event.

use std::cell::RefCell;

use super::context::{Context, Outcome};
use super::keys::{Reply, Watcher};
use crate::system::{Ended, LocalFuture, Signal};
use crate::task::{self, Stir};

/// Shows the first event, or all until Ctrl-C; directories' are passed over.
pub(super) async fn show(context: &Context<'_>) -> Outcome {
    let client = context.client().await?;
    let Some(key) = context.args().first() else { return context.bad_args("key required") };
    let flags = &context.local;
    let (recursive, forever) = (flags.bool("recursive"), flags.bool("forever"));
    let after_index = flags.int("after-index").cast_unsigned();
    let mut watcher = Watcher::new(&client, key, after_index, recursive);
    let following = async {
        loop {
            let reply = context.served(watcher.next().await)?;
            if reply.node.dir {
                continue;
            }
            if recursive {
                context.print(format!("[{}] {}\n", reply.action, reply.node.key));
            }
            context.show(&reply);
            if !forever {
                return Ok(());
            }
        }
    };
    until_signal(context, Box::pin(following)).await
}

/// Runs a program at each event, without waiting for the one before.
pub(super) async fn execute(context: &Context<'_>) -> Outcome {
    let client = context.client().await?;
    let args = context.args();
    if args.len() < 2 {
        return context.bad_args("key and command to exec required");
    }
    let (key, command) = key_and_command(args);
    let recursive = context.local.bool("recursive");
    let after_index = context.local.int("after-index").cast_unsigned();
    let mut watcher = Watcher::new(&client, key, after_index, recursive);
    let (stir, crew) = (Stir::default(), RefCell::new(Vec::new()));
    let following = async {
        loop {
            let reply = context.served(watcher.next().await)?;
            if reply.node.dir {
                context.complain(&format!("Ignored dir {} change\n", reply.node.key));
                continue;
            }
            if command.is_empty() {
                // The real tool trips over its own slice here, with Go's exit status.
                let panic = "panic: runtime error: slice bounds out of range [1:0]\n\n";
                context.complain(&format!("{panic}goroutine 1 [running]:\n"));
                return Err(2);
            }
            crew.borrow_mut().push(start(context, command, &reply));
            stir.note();
        }
    };
    let running = task::with_crew(&stir, &crew, following);
    until_signal(context, Box::pin(running)).await
}

/// With a `--` among the words the key comes before it. Without one it comes last, as it does when
/// the command line's own reader has taken the `--` away.
fn key_and_command(args: &[String]) -> (&str, &[String]) {
    if args[1..].iter().any(|arg| arg == "--") {
        return (&args[0], &args[2..]);
    }
    let (key, command) = args.split_last().expect("the caller has counted the words");
    (key, command)
}

fn start<'c>(
    context: &'c Context<'_>,
    command: &'c [String],
    reply: &Reply,
) -> LocalFuture<'c, Outcome> {
    let env = [
        ("ACTION", reply.action.clone()),
        ("MODIFIED_INDEX", reply.node.modified_index.to_string()),
        ("KEY", reply.node.key.clone()),
        ("VALUE", reply.node.value.clone()),
    ]
    .map(|(name, value)| (format!("ETCD_WATCH_{name}"), value));
    Box::pin(async move {
        match context.system.run(command, &env).await {
            Ended::NotStarted(why) => {
                context.complain(&why);
                Err(1)
            }
            // How a program ends is its own affair.
            Ended::Status(_) | Ended::Signal(_) => Ok(()),
        }
    })
}

/// The result of `work`. Ctrl-C ends it well; only that signal is caught in the real tool.
pub(super) async fn until_signal(
    context: &Context<'_>,
    mut work: LocalFuture<'_, Outcome>,
) -> Outcome {
    let mut signal = context.system.signal();
    std::future::poll_fn(|cx| {
        if let std::task::Poll::Ready(outcome) = work.as_mut().poll(cx) {
            return std::task::Poll::Ready(outcome);
        }
        signal.as_mut().poll(cx).map(|signal| match signal {
            Signal::Interrupt => Err(0),
            Signal::Terminate => Err(128 + 15),
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_first_before_dashes_and_last_without() {
        for (args, key, command) in [
            ("/k -- sh -c x", "/k", "sh -c x"),
            ("sh -c x /k", "/k", "sh -c x"),
            ("-- /k", "/k", "--"),
            ("/k sh -- x", "/k", "-- x"),
            ("/k --", "/k", ""),
        ] {
            let args: Vec<String> = args.split(' ').map(String::from).collect();
            let (found, words) = key_and_command(&args);
            assert_eq!((found, words.join(" ").as_str()), (key, command));
        }
    }
}
