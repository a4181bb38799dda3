//! Keeping leases alive (`clientv3/lease.go`): one request right away, the next after a third of the
//! TTL, on a stream that is opened again when it breaks. The lease counts as lost when an answer says
//! so or when its TTL has passed without one.
//!
//! clientv3 shares one stream among all leases of a client; here there is one lease.

use std::cell::Cell;

use proto::etcdserverpb::{LeaseKeepAliveRequest, LeaseKeepAliveResponse};
use proto::{error, method};

use super::wire::{Broken, Wire};
use super::{Client, ClientError, decode};
use crate::exit::Exit;
use crate::task;

/// How often it looks whether something is due, and its pause after a stream has broken.
const TICK_US: u64 = 500_000;
const SECOND_US: u64 = 1_000_000;

/// What is due when.
struct Schedule {
    send_at_us: Cell<u64>,
    lost_at_us: Cell<u64>,
}

/// Keeps lease `id` until it is lost. `renewed` sees every answer and may end it by an error.
pub(crate) async fn keep_alive(
    client: &Client<'_>,
    id: i64,
    renewed: &dyn Fn(&LeaseKeepAliveResponse) -> Result<(), Exit>,
) -> Result<(), Exit> {
    let now_us = client.system.now_us();
    // Until the first answer, the time for a connection and a second.
    let patience_us = u64::try_from(client.config.dial_timeout_ns).unwrap_or(0) / 1_000 + SECOND_US;
    let lost_at_us = Cell::new(now_us + patience_us);
    let schedule = Schedule { send_at_us: Cell::new(now_us), lost_at_us };
    let renewing = renew(client, id, &schedule, renewed);
    task::before(renewing, lost(client, &schedule)).await.unwrap_or(Ok(()))
}

/// Resolves when the lease has not been renewed in time.
async fn lost(client: &Client<'_>, schedule: &Schedule) {
    while client.system.now_us() <= schedule.lost_at_us.get() {
        client.system.sleep_us(TICK_US).await;
    }
}

async fn renew(
    client: &Client<'_>,
    id: i64,
    schedule: &Schedule,
    renewed: &dyn Fn(&LeaseKeepAliveResponse) -> Result<(), Exit>,
) -> Result<(), Exit> {
    loop {
        let mut broken = Broken::End;
        if let Ok(wire) = client.open(method::lease::LEASE_KEEP_ALIVE, false).await {
            let sending = send(client, &wire, id, schedule);
            let receiving = async {
                loop {
                    let reply = match next(&wire).await {
                        Ok(reply) if reply.ttl > 0 => reply,
                        Ok(_) => return Ok(None),
                        Err(why) => return Ok(Some(why)),
                    };
                    let now_us = client.system.now_us();
                    let ttl_us = u64::try_from(reply.ttl).unwrap_or(0).saturating_mul(SECOND_US);
                    schedule.send_at_us.set(now_us.saturating_add(ttl_us / 3));
                    schedule.lost_at_us.set(now_us.saturating_add(ttl_us));
                    renewed(&reply)?;
                }
            };
            match task::beside(&client.stir, Box::pin(sending), Box::pin(receiving)).await? {
                None => return Ok(()),
                Some(why) => broken = why,
            }
        }
        if broken != Broken::NotOpened {
            client.system.sleep_us(TICK_US).await;
        }
    }
}

/// Sends whenever it is time; looks every half second, so a slow answer makes it send again.
async fn send(client: &Client<'_>, wire: &Wire<'_, '_>, id: i64, schedule: &Schedule) {
    loop {
        if schedule.send_at_us.get() <= client.system.now_us() {
            wire.send(&LeaseKeepAliveRequest { id });
        }
        client.system.sleep_us(TICK_US).await;
    }
}

async fn next(wire: &Wire<'_, '_>) -> Result<LeaseKeepAliveResponse, Broken> {
    let bytes = wire.next().await?;
    decode(&bytes).map_err(|error| match error {
        ClientError::Status(status) => Broken::Status(status),
        _ => Broken::End,
    })
}

/// Renews lease `id` once.
pub(crate) async fn keep_alive_once(
    client: &Client<'_>,
    id: i64,
) -> Result<LeaseKeepAliveResponse, ClientError> {
    loop {
        let wire = client.open(method::lease::LEASE_KEEP_ALIVE, false).await?;
        wire.send(&LeaseKeepAliveRequest { id });
        match next(&wire).await {
            // TTL 0 is how the server says that there is no such lease (L6).
            Ok(reply) if reply.ttl <= 0 => {
                return Err(ClientError::Status(error::lease_not_found()));
            }
            Ok(reply) => return Ok(reply),
            Err(Broken::NotOpened) => {}
            Err(Broken::End) => return Err(ClientError::Local("EOF")),
            Err(Broken::Status(status)) if super::is_lasting(&status) => {
                return Err(ClientError::Status(status));
            }
            Err(Broken::Status(_)) => client.system.sleep_us(super::RETRY_PAUSE_US).await,
        }
    }
}
