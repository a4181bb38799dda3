//! `etcdctl lock NAME [COMMAND...]`: holds a lock until a signal comes, or while a command runs.

use proto::Profile;

use crate::client::{self, Client, Interrupt, Mutex, Session};
use crate::exit::Exit;
use crate::printers::{Display, Reply};
use crate::process::Invocation;
use crate::system::Ended;
use crate::task;

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let Some((name, command)) = invocation.args.split_first() else {
        return Err(Exit::bad_args(
            "lock takes a lock name argument and an optional command to execute",
        ));
    };
    let (name, command) = (name.clone(), command.to_vec());
    let (client, display) = invocation.client().await?;
    let session = Session::new(&client, invocation.flags.int("ttl")).await.map_err(Exit::error)?;
    let interrupt = Interrupt::default();
    let mutex = Mutex::new(&session, &name);
    let holding = async {
        if command.is_empty() {
            hold(&invocation, &client, &session, &mutex, &interrupt, &display).await
        } else {
            execute(&invocation, &mutex, &interrupt, &command).await
        }
    };
    let listening = interrupt.listen(&client, invocation.system);
    let holding = task::beside(&client.stir, Box::pin(listening), Box::pin(holding));
    task::beside(&client.stir, Box::pin(session.keep()), Box::pin(holding)).await
}

/// Shows the lock's key and keeps it until a signal comes or the lease is lost.
async fn hold(
    invocation: &Invocation<'_>,
    client: &Client<'_>,
    session: &Session<'_, '_>,
    mutex: &Mutex<'_, '_, '_>,
    interrupt: &Interrupt,
    display: &Display,
) -> Result<(), Exit> {
    let held = mutex.lock(interrupt).await.map_err(Exit::error)?;
    let found = interrupt.guard(client::get(client, &held.key)).await.map_err(Exit::error)?;
    if found.kvs.is_empty() {
        return Err(Exit::error("lock lost on init"));
    }
    display.show(invocation, &Reply::Get(&found))?;
    match task::before(interrupt.canceled(), session.lost()).await {
        Some(()) => mutex.unlock(&held.key).await.map_err(Exit::error),
        None => Err(Exit::error("session expired")),
    }
}

/// Runs a command while the lock is held. Its failure is the tool's (Y4); from 3.5 on also its
/// status.
async fn execute(
    invocation: &Invocation<'_>,
    mutex: &Mutex<'_, '_, '_>,
    interrupt: &Interrupt,
    command: &[String],
) -> Result<(), Exit> {
    let held = mutex.lock(interrupt).await.map_err(Exit::error)?;
    let key = String::from_utf8_lossy(&held.key).into_owned();
    let mut env = vec![("ETCD_LOCK_KEY".to_string(), key)];
    if invocation.profile() > Profile::V3_3 {
        env.push(("ETCD_LOCK_REV".to_string(), held.revision.to_string()));
    }
    let ended = invocation.system.run(command, &env).await;
    let unlocked = mutex.unlock(&held.key).await;
    let Some(line) = failure(&ended) else { return unlocked.map_err(Exit::error) };
    let code = match ended {
        Ended::Status(code) if invocation.profile() > Profile::V3_4 => code,
        // Go's -1 for a program without a status.
        Ended::Signal(_) if invocation.profile() > Profile::V3_4 => 255,
        _ => 1,
    };
    Err(Exit::with(code, line))
}

/// What Go says of a program that did not end well.
pub(super) fn failure(ended: &Ended) -> Option<String> {
    const SIGNALS: [(i32, &str); 8] = [
        (1, "hangup"),
        (2, "interrupt"),
        (3, "quit"),
        (6, "aborted"),
        (9, "killed"),
        (11, "segmentation fault"),
        (13, "broken pipe"),
        (15, "terminated"),
    ];
    match ended {
        Ended::Status(0) => None,
        Ended::Status(code) => Some(format!("exit status {code}")),
        Ended::Signal(number) => {
            let name = SIGNALS.iter().find(|(known, _)| known == number).map(|(_, name)| *name);
            Some(name.map_or_else(|| format!("signal {number}"), |name| format!("signal: {name}")))
        }
        Ended::NotStarted(why) => Some(why.clone()),
    }
}
