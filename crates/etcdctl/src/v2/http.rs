//! client/v2 beneath its APIs (`client/client.go`, `curl.go`): endpoints in a shuffled order, tried in
//! turn from the one that answered last; a time limit for each answer and one for the whole; errors of
//! all endpoints as one; basic auth; `--debug`'s curl lines.
//!
//! What differs: a connection that breaks is `EOF`, or `unexpected EOF` for a long poll, whichever way
//! it broke, and every request has a TLS handshake of its own. Left out: redirects and proxies.

use std::cell::{Cell, RefCell};
use std::fmt;

use bytes::Bytes;
use prost::Message;
use proto::Metadata;
use proto::http::{Header, METHOD, Request, Response};

use pki::handshake::ClientConfig;

use super::path;
use crate::client::Tls;
use crate::client::tls::{HandshakeError, handshake};
use crate::endpoint;
use crate::go::quote::quote;
use crate::go::unmarshal::{Value, unmarshal};
use crate::go::url::Url;
use crate::system::{CallError, LocalFuture, System};
use crate::task;

/// A connection that ends where an answer should be.
const EOF: &str = "EOF";

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The limit of the whole command has passed.
    Deadline,
    /// Nobody could be reached: what the dialler says.
    Dial(String),
    Other(String),
    /// What each endpoint said.
    Cluster(Vec<Failure>),
}

impl Failure {
    /// Whether it says nothing but that there is no connection.
    pub(super) fn is_connection(&self) -> bool {
        match self {
            Failure::Deadline | Failure::Dial(_) => true,
            Failure::Other(_) => false,
            Failure::Cluster(failures) => failures.iter().all(Failure::is_connection),
        }
    }

    /// What the tool adds to the error of a whole cluster.
    pub(super) fn detail(&self) -> Option<String> {
        let Failure::Cluster(failures) = self else { return None };
        Some(numbered(failures, ""))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Deadline => f.write_str("context deadline exceeded"),
            Failure::Dial(text) | Failure::Other(text) => f.write_str(text),
            Failure::Cluster(failures) => {
                f.write_str("client: etcd cluster is unavailable or misconfigured")?;
                f.write_str(&numbered(failures, "; "))
            }
        }
    }
}

fn numbered(failures: &[Failure], before: &str) -> String {
    let line = |(number, failure)| format!("{before}error #{number}: {failure}\n");
    failures.iter().enumerate().map(line).collect()
}

/// One request, wherever it goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Action {
    pub(super) method: &'static str,
    /// As in `/v2/keys/a`, not escaped.
    pub(super) path: String,
    /// Encoded.
    pub(super) query: String,
    pub(super) body: Option<String>,
    pub(super) content_type: &'static str,
    /// A long poll has no time limit for its answer.
    pub(super) wait: bool,
    /// Not tried again elsewhere, for it may have been done.
    pub(super) one_shot: bool,
}

impl Action {
    /// A request without a body.
    pub(super) fn new(method: &'static str, path: String) -> Self {
        Action { method, path, ..Action::default() }
    }

    pub(super) fn json(method: &'static str, path: String, body: String) -> Self {
        Action { body: Some(body), content_type: "application/json", ..Action::new(method, path) }
    }
}

/// How to talk to a cluster.
pub(super) struct Config {
    pub(super) endpoints: Vec<Url>,
    /// Time for each answer; zero and less is no limit.
    pub(super) timeout_ns: i64,
    /// Base64 of `user:password`.
    pub(super) credentials: Option<String>,
    pub(super) debug: bool,
    /// For `https` endpoints.
    pub(super) tls: Tls,
}

pub(super) struct Client<'a> {
    system: &'a dyn System,
    config: Config,
    endpoints: RefCell<Vec<Url>>,
    /// The endpoint that answered last.
    pinned: Cell<usize>,
}

impl<'a> Client<'a> {
    pub(super) fn new(system: &'a dyn System, config: Config) -> Self {
        let endpoints = RefCell::new(shuffled(system, config.endpoints.clone()));
        Client { system, config, endpoints, pinned: Cell::new(0) }
    }

    /// The endpoints in their order, with `gap` between them.
    pub(super) fn endpoints(&self, gap: &str) -> String {
        let texts: Vec<String> = self.endpoints.borrow().iter().map(text).collect();
        texts.join(gap)
    }

    /// Takes other endpoints, unless they are the ones there are.
    pub(super) fn set_endpoints(&self, mut urls: Vec<String>) -> Result<(), Failure> {
        urls.sort();
        let mut current: Vec<String> = self.endpoints.borrow().iter().map(text).collect();
        current.sort();
        if urls == current {
            return Ok(());
        }
        let parsed: Result<Vec<Url>, String> = urls.iter().map(|url| Url::parse(url)).collect();
        self.endpoints.replace(shuffled(self.system, parsed.map_err(Failure::Other)?));
        self.pinned.set(0);
        Ok(())
    }

    /// The first answer that is no server error, by `deadline_us` if there is one.
    pub(super) fn act<'c>(
        &'c self,
        action: &'c Action,
        deadline_us: Option<u64>,
    ) -> LocalFuture<'c, Result<Response, Failure>> {
        Box::pin(async move {
            let endpoints = self.endpoints.borrow().clone();
            let pinned = self.pinned.get();
            let mut failures = Vec::new();
            for at in (0..endpoints.len()).map(|step| (pinned + step) % endpoints.len()) {
                let endpoint = &endpoints[at];
                let failure = match self.ask(endpoint, action, deadline_us).await {
                    Ok(response) if response.status / 100 != 5 => {
                        self.pinned.set(at);
                        return Ok(response);
                    }
                    Ok(response) => server_error(endpoint, response.status),
                    Err(Failure::Deadline) => return Err(Failure::Deadline),
                    Err(failure) => failure,
                };
                if action.one_shot {
                    return Err(failure);
                }
                failures.push(failure);
            }
            Err(Failure::Cluster(failures))
        })
    }

    /// The answer of one endpoint.
    async fn ask(
        &self,
        endpoint: &Url,
        action: &Action,
        deadline_us: Option<u64>,
    ) -> Result<Response, Failure> {
        let target = target(endpoint, action);
        self.show_curl(endpoint, action, &target);
        let mut headers = Vec::new();
        if !action.content_type.is_empty() {
            headers.push(Header::new("Content-Type", action.content_type));
        }
        if let Some(credentials) = &self.config.credentials {
            headers.push(Header::new("Authorization", format!("Basic {credentials}")));
        }
        let body = action.body.clone().map_or_else(Bytes::new, Bytes::from);
        let request = Request { method: action.method.to_string(), target, headers, body };
        let now_us = self.system.now_us();
        let limited = self.config.timeout_ns > 0 && !action.wait;
        let header_us =
            limited.then(|| now_us.saturating_add(self.config.timeout_ns.unsigned_abs() / 1000));
        let limit_us = [header_us, deadline_us].into_iter().flatten().min();
        let tls = &*self.config.tls;
        let done = match limit_us {
            Some(limit_us) if limit_us <= now_us => None,
            Some(limit_us) => {
                let limit = self.system.sleep_us(limit_us - now_us);
                task::before(exchange(self.system, endpoint, &request, tls), limit).await
            }
            None => Some(exchange(self.system, endpoint, &request, tls).await),
        };
        match done {
            // The head of a long poll's answer is there already.
            Some(Err(Failure::Other(why))) if action.wait && why == EOF => {
                Err(Failure::Other(format!("unexpected {EOF}")))
            }
            Some(done) => done,
            None if deadline_us.is_some_and(|at_us| at_us <= self.system.now_us()) => {
                Err(Failure::Deadline)
            }
            None => {
                let endpoint = text(endpoint);
                Err(Failure::Other(format!("client: endpoint {endpoint} exceeded header timeout")))
            }
        }
    }

    fn show_curl(&self, endpoint: &Url, action: &Action, target: &str) {
        if !self.config.debug {
            return;
        }
        let Url { scheme, host, .. } = endpoint;
        let method = action.method;
        let body = action.body.as_ref().map(|body| format!(" -d {}", quote(body.as_bytes())));
        let body = body.unwrap_or_default();
        let line = format!("cURL Command: curl -X {method} {scheme}://{host}{target}{body}\n");
        self.system.print(true, line.as_bytes());
    }
}

/// One request to one endpoint, without a time limit.
pub(super) fn exchange<'c>(
    system: &'c dyn System,
    endpoint: &'c Url,
    request: &'c Request,
    tls: &'c ClientConfig,
) -> LocalFuture<'c, Result<Response, Failure>> {
    Box::pin(async move {
        let host = &endpoint.host;
        match endpoint.scheme.as_str() {
            "http" | "https" => {}
            "unix" | "unixs" => {
                let why = format!("dial unix {host}: connect: no such file or directory");
                return Err(Failure::Dial(why));
            }
            scheme => {
                let scheme = quote(scheme.as_bytes());
                return Err(Failure::Other(format!("unsupported protocol scheme {scheme}")));
            }
        }
        if host.is_empty() {
            return Err(Failure::Other("http: no Host in request URL".to_string()));
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
        let is_secure = endpoint.scheme == "https";
        let port = if is_secure { 443 } else { 80 };
        let host = if has_port { host.clone() } else { format!("{host}:{port}") };
        let address = endpoint::tcp_address(&host).map_err(Failure::Dial)?;
        let message = Bytes::from(request.encode_to_vec());
        let mut metadata = Metadata::default();
        if is_secure {
            let session =
                handshake(system, &address, &host, tls).await.map_err(|error| match error {
                    HandshakeError::Refused => Failure::Dial(endpoint::refusal(&host)),
                    HandshakeError::Failed(why) => Failure::Other(why),
                })?;
            metadata.tls_session = Some(session);
        }
        let answer = system.call(&address, METHOD, metadata, message).await;
        match answer.map(Response::decode) {
            Ok(Ok(response)) => Ok(response),
            Err(CallError::Refused) => Err(Failure::Dial(endpoint::refusal(&host))),
            Err(CallError::ConnectionLost) => Err(Failure::Other(EOF.to_string())),
            // Whoever answers so speaks no HTTP.
            Ok(Err(_)) | Err(CallError::Status(_)) => Err(Failure::Other(EOF.to_string())),
        }
    })
}

fn server_error(endpoint: &Url, status: u32) -> Failure {
    const TEXTS: [(u32, &str); 5] = [
        (501, "Not Implemented"),
        (502, "Bad Gateway"),
        (504, "Gateway Timeout"),
        (505, "HTTP Version Not Supported"),
        (507, "Insufficient Storage"),
    ];
    let endpoint = text(endpoint);
    Failure::Other(match status {
        500 | 503 => format!("client: etcd member {endpoint} has no leader"),
        status => {
            let known = TEXTS.iter().find(|(known, _)| *known == status);
            let text = known.map_or("", |(_, text)| text);
            format!("client: etcd member {endpoint} returns server error [{text}]")
        }
    })
}

/// Path and query at an endpoint.
fn target(endpoint: &Url, action: &Action) -> String {
    let path = path::canonical(&format!("{}{}", endpoint.path, action.path));
    let mark = if action.query.is_empty() { "" } else { "?" };
    format!("{}{mark}{}", path::escape_path(&path), action.query)
}

/// `url.URL.String`.
fn text(url: &Url) -> String {
    format!("{}://{}{}", url.scheme, url.host, url.path)
}

/// `rand.Perm`'s task with the session's chance.
fn shuffled(system: &dyn System, mut endpoints: Vec<Url>) -> Vec<Url> {
    for last in (1..endpoints.len()).rev() {
        let other = system.random_u64() % (last as u64 + 1);
        endpoints.swap(last, usize::try_from(other).unwrap_or(0));
    }
    endpoints
}

/// `assertStatusCode`.
pub(super) fn assert_status(response: &Response, wanted: &[u32]) -> Result<(), Failure> {
    if wanted.contains(&response.status) {
        return Ok(());
    }
    Err(Failure::Other(format!("unexpected status code {}", response.status)))
}

/// The body as JSON; the error is Go's.
pub(super) fn json(response: &Response) -> Result<Value, Failure> {
    unmarshal(&response.body).map_err(Failure::Other)
}

/// As client/v2 reads answers about members, users and roles: an answer with another status carries
/// an error's text.
pub(super) fn assert_or_message(response: &Response, wanted: &[u32]) -> Result<(), Failure> {
    if wanted.contains(&response.status) {
        return Ok(());
    }
    Err(Failure::Other(json(response)?.field("message").text().to_string()))
}
