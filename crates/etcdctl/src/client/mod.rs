//! clientv3: endpoints, a balancer, deadlines, logins, retries and error texts
//! (`clientv3/client.go`, `retry_interceptor.go`, and what grpc-go's balancer does beneath).
//!
//! A call waits for a connection until its deadline, as etcd's `WaitForReady` does: endpoints that
//! refuse are tried again after gRPC's back-off, others in turn. An endpoint that accepts and never
//! answers holds its call until the deadline. `wire` opens streams; `watcher`, `keep_alive` and
//! `recipes` are built on them; `tls` makes the connections of endpoints that want it. Left out:
//! keep-alive pings, and dialling all endpoints at once.

mod keep_alive;
mod mirror;
mod range;
mod recipes;
pub(crate) mod tls;
mod watcher;
mod wire;

use std::cell::{Cell, RefCell};
use std::fmt;

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::{AuthenticateRequest, AuthenticateResponse};
use proto::{Code, Metadata, Profile, Status, error, method};

use crate::endpoint::Endpoint;
use crate::exit::Exit;
use crate::go::quote::{log_string, quote};
use crate::go::time::iso8601_ms;
use crate::system::{CallError, LocalFuture, System};
use crate::task::{self, Stir};

use tls::{HandshakeError, is_closed};

pub(crate) use keep_alive::{keep_alive, keep_alive_once};
pub(crate) use mirror::Syncer;
pub(crate) use range::{ZERO, prefix_end, with_prefix};
pub(crate) use recipes::{Election, Interrupt, Mutex, Session, get};
pub(crate) use tls::{Tls, TlsFiles};
pub(crate) use watcher::{WatchId, Watched, Watcher};

/// Attempts of one call, and the pause between them (jittered by a tenth).
const MAX_ATTEMPTS: usize = 100;
const RETRY_PAUSE_US: u64 = 25_000;
/// gRPC's back-off between connection attempts: one second, growing by 1.6 up to two minutes,
/// jittered by a fifth.
const CONNECT_PAUSE_US: u64 = 1_000_000;
const CONNECT_PAUSE_MAX_US: u64 = 120_000_000;
/// The largest message that a client sends.
const MAX_SEND_BYTES: usize = 2 * 1024 * 1024;

/// Where to connect, how, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// As given: `host:port`, `http://...`, `https://...`, `unix:...`.
    pub(crate) endpoints: Vec<String>,
    /// How to speak TLS, which endpoints without a scheme want then too. Without it an `https`
    /// endpoint is checked against no authority at all.
    pub(crate) tls: Option<Tls>,
    /// Time for the login; zero and less is no limit.
    pub(crate) dial_timeout_ns: i64,
    pub(crate) login: Option<Login>,
}

/// A user's name and password.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// The virtual time at which a command's context expires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at_us: u64,
}

impl Deadline {
    /// Of calls that wait as long as it takes.
    pub(crate) const NEVER: Deadline = Deadline { at_us: u64::MAX };

    /// `ns` from now; zero, negative and sub-microsecond values have expired already.
    pub(crate) fn after_ns(system: &dyn System, ns: i64) -> Self {
        let us = u64::try_from(ns).unwrap_or(0) / 1_000;
        Deadline { at_us: system.now_us().saturating_add(us) }
    }

    /// What is left of it.
    fn left_us(self, system: &dyn System) -> u64 {
        self.at_us.saturating_sub(system.now_us())
    }

    /// Resolves when it expires.
    async fn expires(self, system: &dyn System) {
        if self.at_us == u64::MAX {
            std::future::pending::<()>().await;
        }
        system.sleep_us(self.left_us(system)).await;
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
    /// Why a watch ended.
    Watch(String),
    /// The client's own text.
    Local(&'static str),
}

/// As the tool prints it: etcd's own errors by their text alone.
impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Deadline => f.write_str("context deadline exceeded"),
            ClientError::Status(status) => f.write_str(&proto::error::client_text(status)),
            ClientError::Watch(text) => f.write_str(text),
            ClientError::Local(text) => f.write_str(text),
        }
    }
}

impl ClientError {
    pub(crate) fn is(&self, status: &Status) -> bool {
        matches!(self, ClientError::Status(own) if own.message == status.message)
    }
}

/// A connection to a cluster, or to one endpoint of it.
pub(crate) struct Client<'a> {
    system: &'a dyn System,
    profile: Profile,
    config: Config,
    target: String,
    /// Dialled for one endpoint alone, as maintenance calls are.
    direct: bool,
    endpoints: Vec<Peer>,
    /// The endpoint that is next in turn.
    turn: Cell<usize>,
    token: RefCell<Option<String>>,
    /// What the futures that share this client do for each other.
    pub(crate) stir: Stir,
}

/// One end of a connection that may or may not come about.
struct Peer {
    endpoint: Endpoint,
    refusal: RefCell<Option<Refusal>>,
    /// The open TLS session.
    session: Cell<Option<u64>>,
}

struct Refusal {
    count: u32,
    retry_at_us: u64,
    /// gRPC's text, such as `connection error: desc = "transport: Error while dialing ..."`.
    why: String,
}

impl<'a> Client<'a> {
    /// A client of all endpoints, logged in if there is a login. No endpoints and a failed login
    /// are exit 2.
    pub(crate) async fn new(system: &'a dyn System, config: Config) -> Result<Self, Exit> {
        let Some(first) = config.endpoints.first() else {
            return Err(Exit::bad_connection("etcdclient: no available endpoints"));
        };
        let host = Endpoint::parse(first, config.tls.is_some()).host;
        let target = match system.profile() {
            Profile::V3_3 | Profile::V3_4 => format!("endpoint://client-{}/{host}", uuid(system)),
            // The address of a Go object.
            Profile::V3_5 | Profile::V3_6 => {
                let address = system.random_u64() & 0xff_ff80;
                format!("etcd-endpoints://0xc000{address:06x}/{host}")
            }
        };
        let client = Client::with_target(system, config.clone(), target, false);
        let deadline = match config.dial_timeout_ns {
            ..=0 => Deadline::NEVER,
            ns => Deadline::after_ns(system, ns),
        };
        client.log_in(deadline).await.map_err(Exit::bad_connection)?;
        Ok(client)
    }

    fn with_target(system: &'a dyn System, config: Config, target: String, direct: bool) -> Self {
        let tls = config.tls.is_some();
        let peers = config.endpoints.iter().map(|endpoint| Peer::new(endpoint, tls));
        Client {
            system,
            profile: system.profile(),
            endpoints: peers.collect(),
            config,
            target,
            direct,
            turn: Cell::new(0),
            token: RefCell::default(),
            stir: Stir::default(),
        }
    }

    /// A connection to `endpoint` alone, whatever the client's own endpoints.
    pub(crate) fn dial(&self, endpoint: &str) -> Client<'a> {
        let target = match self.profile {
            Profile::V3_3 | Profile::V3_4 => format!("passthrough:///{endpoint}"),
            Profile::V3_5 | Profile::V3_6 => self.target.clone(),
        };
        let config = Config { endpoints: vec![endpoint.to_string()], ..self.config.clone() };
        let client = Client::with_target(self.system, config, target, true);
        client.token.replace(self.token.borrow().clone());
        client
    }

    /// Gets a token, if there is a login. A server without authentication needs none (A4).
    fn log_in(&self, deadline: Deadline) -> LocalFuture<'_, Result<(), ClientError>> {
        Box::pin(async move {
            let Some(Login { name, password }) = self.config.login.clone() else { return Ok(()) };
            let request = AuthenticateRequest { name, password };
            let method = method::auth::AUTHENTICATE;
            let reply: Result<AuthenticateResponse, _> =
                self.call(deadline, method, &request, Retry::Never).await;
            match reply {
                Ok(reply) => {
                    self.token.replace(Some(reply.token));
                    Ok(())
                }
                Err(why) if why.is(&error::auth_not_enabled()) => Ok(()),
                Err(why) => Err(why),
            }
        })
    }

    /// What a call to this endpoint carries.
    fn metadata(&self, index: usize, require_leader: bool) -> Metadata {
        let tls_session = self.endpoints[index].session.get();
        let token = self.token.borrow().clone();
        Metadata { token, require_leader, tls_session, ..Metadata::default() }
    }

    /// A call with retries; every failed attempt leaves a warning on standard error.
    pub(crate) fn call<R: Message + Default>(
        &self,
        deadline: Deadline,
        method: &'static str,
        request: &impl Message,
        retry: Retry,
    ) -> LocalFuture<'_, Result<R, ClientError>> {
        let reply = self.call_bytes(deadline, method, encode(request), retry);
        Box::pin(async { decode(&reply.await?) })
    }

    /// The same for messages that are encoded already.
    pub(crate) fn call_bytes(
        &self,
        deadline: Deadline,
        method: &'static str,
        request: Bytes,
        retry: Retry,
    ) -> LocalFuture<'_, Result<Bytes, ClientError>> {
        Box::pin(self.attempts(deadline, method, request, retry))
    }

    async fn attempts(
        &self,
        deadline: Deadline,
        method: &'static str,
        request: Bytes,
        retry: Retry,
    ) -> Result<Bytes, ClientError> {
        let mut attempt = 0;
        loop {
            let status = match self.attempt(deadline, method, &request).await {
                Ok(reply) => return Ok(reply),
                Err(status) => status,
            };
            self.warn("retrying of unary invoker failed", Some(attempt), &status);
            attempt += 1;
            let expired = deadline.left_us(self.system) == 0;
            let of_context = matches!(status.code, Code::DeadlineExceeded | Code::Canceled);
            if of_context && expired {
                return Err(ClientError::Deadline);
            }
            let stale = self.is_stale_login(&status);
            if stale && let Err(why) = self.log_in(deadline).await {
                if let ClientError::Status(status) = &why {
                    let text = "retrying of unary invoker failed to fetch new auth token";
                    self.warn(text, None, status);
                }
                return Err(why);
            }
            let again = of_context
                || stale
                || (retry == Retry::Repeatable && status.code == Code::Unavailable);
            if !again || attempt == MAX_ATTEMPTS {
                return Err(ClientError::Status(status));
            }
            self.pause(attempt, deadline).await?;
        }
    }

    /// Whether a new token may help: the old one is unknown or, from 3.5 on, of an earlier state of
    /// the users (A3).
    fn is_stale_login(&self, status: &Status) -> bool {
        self.config.login.is_some()
            && (status.message == error::invalid_auth_token().message
                || (self.profile > Profile::V3_4
                    && status.message == error::auth_old_revision().message))
    }

    /// Waits before attempt number `attempt` once a quorum of endpoints has had its turn.
    async fn pause(&self, attempt: usize, deadline: Deadline) -> Result<(), ClientError> {
        let quorum = self.endpoints.len() / 2 + 1;
        if !attempt.is_multiple_of(quorum) {
            return Ok(());
        }
        let pause_us = jitter(self.system, RETRY_PAUSE_US, 10);
        let left_us = deadline.left_us(self.system);
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
            let (index, address) = self.ready(deadline).await?;
            let bytes = request.len();
            if bytes > MAX_SEND_BYTES {
                let text = format!(
                    "trying to send message larger than max ({bytes} vs. {MAX_SEND_BYTES})"
                );
                return Err(Status::new(Code::ResourceExhausted, text));
            }
            let work =
                self.system.call(address, method, self.metadata(index, false), request.clone());
            let answer = task::before(work, deadline.expires(self.system)).await;
            match answer {
                None => {
                    return Err(Status::new(Code::DeadlineExceeded, "context deadline exceeded"));
                }
                Some(Err(CallError::Refused)) => self.refused(index),
                Some(Err(CallError::Status(status))) if is_closed(&status) => self.closed(index),
                Some(answer) => {
                    self.endpoints[index].refusal.take();
                    return answer.map_err(|error| match error {
                        CallError::Status(status) => status,
                        _ => closing(),
                    });
                }
            }
        }
    }

    /// Waits for an endpoint that may be tried: its index and address.
    async fn ready(&self, deadline: Deadline) -> Result<(usize, &str), Status> {
        loop {
            let now_us = self.system.now_us();
            let left_us = deadline.left_us(self.system);
            if left_us == 0 {
                return Err(self.expired());
            }
            match self.pick(now_us) {
                Ok((index, address)) => {
                    if self.connect(index, address, deadline).await? {
                        return Ok((index, address));
                    }
                }
                Err(retry_at_us) => {
                    self.system.sleep_us(left_us.min(retry_at_us - now_us)).await;
                }
            }
        }
    }

    /// Sees to a TLS session where the endpoint wants one; false if there is none to be had now.
    async fn connect(
        &self,
        index: usize,
        address: &str,
        deadline: Deadline,
    ) -> Result<bool, Status> {
        let peer = &self.endpoints[index];
        if !peer.endpoint.secure || peer.session.get().is_some() {
            return Ok(true);
        }
        let tls = self.config.tls.clone().unwrap_or_default();
        let work = tls::handshake(self.system, address, &peer.endpoint.host, &tls);
        match task::before(work, deadline.expires(self.system)).await {
            None => return Err(self.expired()),
            Some(Ok(session)) => {
                peer.session.set(Some(session));
                return Ok(true);
            }
            Some(Err(HandshakeError::Refused)) => self.refused(index),
            Some(Err(HandshakeError::Failed(why))) => {
                let why = format!("transport: authentication handshake failed: {why}");
                peer.refused(self.system, connection_error(&why));
            }
        }
        Ok(false)
    }

    /// Nobody listens at an endpoint.
    fn refused(&self, index: usize) {
        let peer = &self.endpoints[index];
        peer.session.set(None);
        peer.refused(self.system, connection_error(&peer.endpoint.refusal()));
    }

    /// The connection was closed before the server looked at the call: a listener that wants TLS, or
    /// a session of another process than the one that listens now.
    fn closed(&self, index: usize) {
        let peer = &self.endpoints[index];
        if peer.session.take().is_none() {
            peer.refused(self.system, "connection closed".to_string());
        }
    }

    /// The endpoint whose turn it is, or the time at which the first one may be tried again.
    fn pick(&self, now_us: u64) -> Result<(usize, &str), u64> {
        let count = self.endpoints.len();
        let mut earliest_us = u64::MAX;
        for index in (0..count).map(|step| (self.turn.get() + step) % count) {
            let peer = &self.endpoints[index];
            if peer.retry_at_us() <= now_us {
                match &peer.endpoint.address {
                    Ok(address) => {
                        self.turn.set(index + 1);
                        return Ok((index, address));
                    }
                    Err(why) => peer.refused(self.system, connection_error(why)),
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
            Some(why) if self.direct || self.profile > Profile::V3_4 => {
                let last =
                    if self.profile > Profile::V3_4 { "last connection error: " } else { "" };
                format!("latest balancer error: {last}{why}")
            }
            Some(_) => "latest balancer error: all SubConns are in TransientFailure".to_string(),
        };
        Status::new(Code::DeadlineExceeded, text)
    }

    fn warn(&self, text: &str, attempt: Option<usize>, status: &Status) {
        // The client of 3.3 has no such interceptor.
        if self.profile == Profile::V3_3 {
            return;
        }
        let caller = match self.profile {
            Profile::V3_3 | Profile::V3_4 => "\"caller\":\"clientv3/retry_interceptor.go",
            Profile::V3_5 | Profile::V3_6 => {
                "\"logger\":\"etcd-client\",\"caller\":\"v3/retry_interceptor.go"
            }
        };
        let (line, attempt) = match attempt {
            Some(attempt) => (62, format!(",\"attempt\":{attempt}")),
            None => (75, String::new()),
        };
        let line = format!(
            "{{\"level\":\"warn\",\"ts\":\"{}\",{caller}:{line}\",\
             \"msg\":\"{text}\",\"target\":{}{attempt},\"error\":{}}}\n",
            iso8601_ms(self.system.wall_us()),
            log_string(&self.target),
            log_string(&status.to_string()),
        );
        self.system.print(true, line.as_bytes());
    }
}

/// gRPC's `transport.ConnectionError`.
fn connection_error(why: &str) -> String {
    format!("connection error: desc = {}", quote(why.as_bytes()))
}

/// Whether another attempt, or another server, will meet the same error (clientv3's `isHaltErr`).
fn is_lasting(status: &Status) -> bool {
    !matches!(status.code, Code::Unavailable | Code::Internal)
}

/// What becomes of a call whose connection broke.
fn closing() -> Status {
    Status::new(Code::Unavailable, "transport is closing")
}

/// A message's bytes.
pub(crate) fn encode(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

/// Reads a message.
pub(crate) fn decode<R: Message + Default>(reply: &Bytes) -> Result<R, ClientError> {
    R::decode(reply.as_ref()).map_err(|error| {
        let text = format!("grpc: failed to unmarshal the received message {error}");
        ClientError::Status(Status::new(Code::Internal, text))
    })
}

impl Peer {
    fn new(endpoint: &str, tls: bool) -> Self {
        let endpoint = Endpoint::parse(endpoint, tls);
        Peer { endpoint, refusal: RefCell::new(None), session: Cell::new(None) }
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
