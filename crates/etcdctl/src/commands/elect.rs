//! `etcdctl elect NAME PROPOSAL`: leads until a signal comes. `elect -l NAME` shows who leads.

use crate::client::{self, Client, Election, Interrupt, Session};
use crate::exit::Exit;
use crate::printers::{Display, Reply};
use crate::process::Invocation;
use crate::task;

/// clientv3's TTL of a session.
const TTL_S: i64 = 60;

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let (name, proposal) = match &invocation.args[..] {
        [name] => (name.clone(), None),
        [name, proposal] => (name.clone(), Some(proposal.clone())),
        _ => {
            return Err(Exit::bad_args(
                "elect takes one election name argument and an optional proposal argument",
            ));
        }
    };
    let listens = invocation.flags.bool("listen");
    let (client, display) = invocation.client().await?;
    match (&proposal, listens) {
        (None, false) => return Err(Exit::bad_args("no proposal argument but -l not set")),
        (Some(_), true) => return Err(Exit::bad_args("proposal given but -l is set")),
        _ => {}
    }
    let session = Session::new(&client, TTL_S).await.map_err(Exit::error)?;
    let interrupt = Interrupt::default();
    let election = Election::new(&session, &name);
    let work = async {
        match &proposal {
            Some(proposal) => {
                let lost = session.lost();
                campaign(&invocation, &client, lost, &election, &interrupt, &display, proposal)
                    .await
            }
            None => observe(&invocation, &election, &interrupt, &display).await,
        }
    };
    let listening = interrupt.listen(&client, invocation.system);
    let work = task::beside(&client.stir, Box::pin(listening), Box::pin(work));
    task::beside(&client.stir, Box::pin(session.keep()), Box::pin(work)).await
}

async fn observe(
    invocation: &Invocation<'_>,
    election: &Election<'_, '_, '_>,
    interrupt: &Interrupt,
    display: &Display,
) -> Result<(), Exit> {
    let observing = election.observe(|leader| display.show(invocation, &Reply::Get(&leader)));
    match task::before(observing, interrupt.canceled()).await {
        None => Ok(()),
        Some(Err(exit)) => Err(exit),
        Some(Ok(())) => Err(Exit::error("elect: observer lost")),
    }
}

async fn campaign(
    invocation: &Invocation<'_>,
    client: &Client<'_>,
    lost: impl Future<Output = ()>,
    election: &Election<'_, '_, '_>,
    interrupt: &Interrupt,
    display: &Display,
    proposal: &str,
) -> Result<(), Exit> {
    let leadership = election.campaign(interrupt, proposal).await.map_err(Exit::error)?;
    let found = client::get(client, &leadership.key).await.map_err(Exit::error)?;
    display.show(invocation, &Reply::Get(&found))?;
    match task::before(interrupt.canceled(), lost).await {
        Some(()) => election.resign(&leadership).await.map_err(Exit::error),
        None => Err(Exit::error("elect: session expired")),
    }
}
