//! clientv3 for unary calls: endpoints, a balancer, deadlines, retries and error texts
//! (`clientv3/client.go`, `retry_interceptor.go`, and what grpc-go's balancer does beneath).
//!
//! A call waits for a connection until its deadline, as etcd's `WaitForReady` does: endpoints that
//! refuse are tried again after gRPC's back-off, others in turn. An endpoint that accepts and never
//! answers holds its call until the deadline. Left out: TLS (an endpoint that asks for it never
//! becomes ready), tokens, keep-alive pings, and dialling all endpoints at once.

use std::cell::{Cell, RefCell};
use std::fmt;

use bytes::Bytes;
use prost::Message;
use proto::{Code, Status};

use crate::endpoint::Endpoint;
use crate::exit::Exit;
use crate::go::quote::{log_string, quote};
use crate::go::time::iso8601_ms;
use crate::system::{CallError, System};
use crate::task;

/// Attempts of one call, and the pause between them (jittered by a tenth).
const MAX_ATTEMPTS: usize = 100;
const RETRY_PAUSE_US: u64 = 25_000;
/// gRPC's back-off between connection attempts: one second, growing by 1.6 up to two minutes,
/// jittered by a fifth.
const CONNECT_PAUSE_US: u64 = 1_000_000;
const CONNECT_PAUSE_MAX_US: u64 = 120_000_000;

/// Where to connect, and how.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// As given: `host:port`, `http://...`, `https://...`, `unix:...`.
    pub(crate) endpoints: Vec<String>,
    /// TLS also for endpoints without a scheme.
    pub(crate) tls: bool,
}

/// The virtual time at which a command's context expires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at_us: u64,
}

impl Deadline {
    /// `ns` from now; zero, negative and sub-microsecond values have expired already.
    pub(crate) fn after_ns(system: &dyn System, ns: i64) -> Self {
        let us = u64::try_from(ns).unwrap_or(0) / 1_000;
        Deadline { at_us: system.now_us().saturating_add(us) }
    }
}

/// Whether a call may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Reads: again after any Unavailable.
    Repeatable,
    /// Writes: only when nothing was sent, which waiting for a connection covers already.
    Never,
}

/// Why a call failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientError {
    /// The context expired.
    Deadline,
    /// The server's or the transport's answer.
    Status(Status),
}

/// As the tool prints it: etcd's own errors by their text alone.
impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Deadline => f.write_str("context deadline exceeded"),
            ClientError::Status(status) => f.write_str(&proto::error::client_text(status)),
        }
    }
}

impl ClientError {
    pub(crate) fn is_permission_denied(&self) -> bool {
        *self == ClientError::Status(proto::error::permission_denied())
    }
}

/// A connection to a cluster, or to one endpoint of it.
pub(crate) struct Client<'a> {
    system: &'a dyn System,
    target: String,
    /// Dialled for one endpoint alone, as maintenance calls are.
    direct: bool,
    tls: bool,
    endpoints: Vec<Peer>,
    /// The endpoint that is next in turn.
    turn: Cell<usize>,
}

/// One end of a connection that may or may not come about.
struct Peer {
    endpoint: Endpoint,
    refusal: RefCell<Option<Refusal>>,
}

struct Refusal {
    count: u32,
    retry_at_us: u64,
    /// gRPC's text, such as `transport: Error while dialing ...`.
    why: String,
}

impl<'a> Client<'a> {
    /// A client of all endpoints; without any it is exit 2.
    pub(crate) fn new(system: &'a dyn System, config: Config) -> Result<Self, Exit> {
        let Some(first) = config.endpoints.first() else {
            return Err(Exit::bad_connection("etcdclient: no available endpoints"));
        };
        let first = Endpoint::parse(first, config.tls).host;
        let target = format!("endpoint://client-{}/{first}", uuid(system));
        let endpoints = config.endpoints.iter().map(|ep| Peer::new(ep, config.tls)).collect();
        let turn = Cell::new(0);
        Ok(Client { system, target, direct: false, tls: config.tls, endpoints, turn })
    }

    /// A connection to `endpoint` alone, whatever the client's own endpoints.
    pub(crate) fn dial(&self, endpoint: &str) -> Client<'a> {
        Client {
            system: self.system,
            target: format!("passthrough:///{endpoint}"),
            direct: true,
            tls: self.tls,
            endpoints: vec![Peer::new(endpoint, self.tls)],
            turn: Cell::new(0),
        }
    }

    /// A call with retries; every failed attempt leaves a warning on standard error.
    pub(crate) async fn call<R: Message + Default>(
        &self,
        deadline: Deadline,
        method: &'static str,
        request: impl Message,
        retry: Retry,
    ) -> Result<R, ClientError> {
        let request = Bytes::from(request.encode_to_vec());
        let mut attempt = 0;
        loop {
            let status = match self.attempt(deadline, method, &request).await {
                Ok(reply) => return decode(&reply),
                Err(status) => status,
            };
            self.warn(attempt, &status);
            attempt += 1;
            let expired = self.system.now_us() >= deadline.at_us;
            let of_context = matches!(status.code, Code::DeadlineExceeded | Code::Canceled);
            if of_context && expired {
                return Err(ClientError::Deadline);
            }
            let again =
                of_context || (retry == Retry::Repeatable && status.code == Code::Unavailable);
            if !again || attempt == MAX_ATTEMPTS {
                return Err(ClientError::Status(status));
            }
            self.pause(attempt, deadline).await?;
        }
    }

    /// Waits before attempt number `attempt` once a quorum of endpoints has had its turn.
    async fn pause(&self, attempt: usize, deadline: Deadline) -> Result<(), ClientError> {
        let quorum = self.endpoints.len() / 2 + 1;
        if !attempt.is_multiple_of(quorum) {
            return Ok(());
        }
        let pause_us = jitter(self.system, RETRY_PAUSE_US, 10);
        let left_us = deadline.at_us.saturating_sub(self.system.now_us());
        self.system.sleep_us(pause_us.min(left_us)).await;
        if pause_us < left_us { Ok(()) } else { Err(ClientError::Deadline) }
    }

    /// One attempt: waits for an endpoint that takes the call.
    async fn attempt(
        &self,
        deadline: Deadline,
        method: &'static str,
        request: &Bytes,
    ) -> Result<Bytes, Status> {
        loop {
            let now_us = self.system.now_us();
            let Some(left_us) = deadline.at_us.checked_sub(now_us).filter(|left| *left > 0) else {
                return Err(self.expired());
            };
            let (peer, address) = match self.pick(now_us) {
                Ok(picked) => picked,
                Err(retry_at_us) => {
                    self.system.sleep_us(left_us.min(retry_at_us - now_us)).await;
                    continue;
                }
            };
            let work = self.system.call(address, method, Default::default(), request.clone());
            let answer = task::before(work, self.system.sleep_us(left_us)).await;
            match answer {
                None => {
                    return Err(Status::new(Code::DeadlineExceeded, "context deadline exceeded"));
                }
                Some(Err(CallError::Refused)) => {
                    peer.refused(self.system, peer.endpoint.refusal());
                    continue;
                }
                Some(answer) => {
                    peer.refusal.take();
                    return answer.map_err(|error| match error {
                        CallError::Status(status) => status,
                        _ => Status::new(Code::Unavailable, "transport is closing"),
                    });
                }
            }
        }
    }

    /// The endpoint whose turn it is, or the time at which the first one may be tried again.
    fn pick(&self, now_us: u64) -> Result<(&Peer, &str), u64> {
        let count = self.endpoints.len();
        let mut earliest_us = u64::MAX;
        for index in (0..count).map(|step| (self.turn.get() + step) % count) {
            let peer = &self.endpoints[index];
            if peer.retry_at_us() <= now_us {
                match &peer.endpoint.address {
                    Ok(address) => {
                        self.turn.set(index + 1);
                        return Ok((peer, address));
                    }
                    Err(why) => peer.refused(self.system, why.clone()),
                }
            }
            earliest_us = earliest_us.min(peer.retry_at_us());
        }
        Err(earliest_us)
    }

    /// What gRPC says when the context expires while there is no connection.
    fn expired(&self) -> Status {
        let refusal = self
            .endpoints
            .iter()
            .find_map(|peer| peer.refusal.borrow().as_ref().map(|refusal| refusal.why.clone()));
        let text = match refusal {
            None => "context deadline exceeded".to_string(),
            Some(why) if self.direct => {
                let why = quote(why.as_bytes());
                format!("latest balancer error: connection error: desc = {why}")
            }
            Some(_) => "latest balancer error: all SubConns are in TransientFailure".to_string(),
        };
        Status::new(Code::DeadlineExceeded, text)
    }

    fn warn(&self, attempt: usize, status: &Status) {
        let line = format!(
            "{{\"level\":\"warn\",\"ts\":\"{}\",\"caller\":\"clientv3/retry_interceptor.go:62\",\
             \"msg\":\"retrying of unary invoker failed\",\"target\":{},\"attempt\":{attempt},\
             \"error\":{}}}\n",
            iso8601_ms(self.system.wall_us()),
            log_string(&self.target),
            log_string(&status.to_string()),
        );
        self.system.print(true, line.as_bytes());
    }
}

fn decode<R: Message + Default>(reply: &Bytes) -> Result<R, ClientError> {
    R::decode(reply.as_ref()).map_err(|error| {
        let text = format!("grpc: failed to unmarshal the received message {error}");
        ClientError::Status(Status::new(Code::Internal, text))
    })
}

impl Peer {
    fn new(endpoint: &str, tls: bool) -> Self {
        Peer { endpoint: Endpoint::parse(endpoint, tls), refusal: RefCell::new(None) }
    }

    /// When it may be tried again: at once unless it refused.
    fn retry_at_us(&self) -> u64 {
        self.refusal.borrow().as_ref().map_or(0, |refusal| refusal.retry_at_us)
    }

    fn refused(&self, system: &dyn System, why: String) {
        let count = self.refusal.borrow().as_ref().map_or(0, |refusal| refusal.count);
        let mut pause_us = CONNECT_PAUSE_US;
        for _ in 0..count.min(11) {
            pause_us = (pause_us * 8 / 5).min(CONNECT_PAUSE_MAX_US);
        }
        if count > 0 {
            pause_us = jitter(system, pause_us, 20);
        }
        let retry_at_us = system.now_us() + pause_us;
        self.refusal.replace(Some(Refusal { count: count + 1, retry_at_us, why }));
    }
}

/// `us` give or take `percent`.
fn jitter(system: &dyn System, us: u64, percent: u64) -> u64 {
    let spread = us * percent / 100;
    us - spread + system.random_u64() % (2 * spread + 1)
}

/// A random (version 4) UUID.
fn uuid(system: &dyn System) -> String {
    let high = system.random_u64() & !0xf000 | 0x4000;
    let low = system.random_u64() & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
