//! HTTP on the client URLs: `/version`, `/health`, a few of `/metrics` and, with `--enable-v2`, API v2
//! (`etcdserver/api/etcdhttp` and `etcdserver/api/v2http` of 3.4; rules V9 to V13).
//!
//! A request is answered at once, or when its entry is applied, or, for a watch, when something
//! happens. What a call waits for is [`Pending`]. Left out: `/debug`, the gRPC gateway, and
//! what the transport adds (`Date`, `Content-Length`). No reader of a stream is ever slow, so that none
//! is dropped for it (V9).

mod access;
mod auth;
mod basic;
mod form;
mod job;
mod keys;
mod members;
mod metrics;
pub(crate) mod records;
mod stats;

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message as _;
use proto::http::{Header, Request, Response};
use proto::{Metadata, Status};

use crate::apply::Body;
use crate::apply_v2::Applied;
use crate::io::Output;
use crate::member::Running;
use crate::{CallId, Micros};

use form::Target;
use job::Job;
use keys::Watching;

/// What this member's HTTP side has to remember.
pub(crate) struct Http {
    pending: BTreeMap<CallId, Pending>,
    /// By the store's number of the watcher.
    watching: BTreeMap<u64, Watching>,
    /// This process has seen that the directories of v2's users are there.
    auth_ensured: bool,
    started_us: Micros,
    /// Messages with entries that were sent, by peer, and received.
    appends_sent: BTreeMap<u64, u64>,
    appends_received: u64,
}

/// What a call waits for.
enum Pending {
    /// A key's entry; without the node in the answer, if it was so asked.
    Key {
        no_value: bool,
    },
    /// A round through the log, which must not take longer.
    Health {
        deadline_us: Micros,
    },
    MemberAdd {
        deadline_us: Micros,
    },
    MemberRemove {
        id: u64,
        deadline_us: Micros,
    },
    MemberUpdate {
        id: u64,
        deadline_us: Micros,
    },
    Auth(Box<Job>),
}

/// One request, taken apart.
pub(crate) struct Ask<'a> {
    now: Micros,
    call: CallId,
    metadata: &'a Metadata,
    request: Request,
    target: Target,
}

/// An answer on its way to becoming one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    status: u32,
    headers: Vec<Header>,
    body: String,
}

/// An answer to give now, or none when it comes later.
type Answer = Option<Page>;

impl Http {
    pub(crate) fn new(now: Micros) -> Http {
        Http {
            pending: BTreeMap::new(),
            watching: BTreeMap::new(),
            auth_ensured: false,
            started_us: now,
            appends_sent: BTreeMap::new(),
            appends_received: 0,
        }
    }

    pub(crate) fn count_append_sent(&mut self, to: u64) {
        *self.appends_sent.entry(to).or_default() += 1;
    }

    pub(crate) fn count_append_received(&mut self) {
        self.appends_received += 1;
    }
}

impl Page {
    fn new(status: u32, content_type: &str, body: impl Into<String>) -> Page {
        let page = Page { status, headers: Vec::new(), body: body.into() };
        page.with("Content-Type", content_type)
    }

    fn json(status: u32, body: impl Into<String>) -> Page {
        Page::new(status, "application/json", body)
    }

    fn text(status: u32, body: impl Into<String>) -> Page {
        Page::new(status, "text/plain; charset=utf-8", body)
    }

    /// Go's `http.Error`.
    fn error(status: u32, text: &str) -> Page {
        Page::text(status, format!("{text}\n")).with("X-Content-Type-Options", "nosniff")
    }

    fn not_found() -> Page {
        Page::error(404, "404 page not found")
    }

    fn method_not_allowed(allowed: &str) -> Page {
        Page::error(405, "Method Not Allowed").with("Allow", allowed)
    }

    /// `httptypes.HTTPError`.
    fn message(status: u32, message: &str) -> Page {
        Page::json(status, format!("{{\"message\":{}}}", v2store::json_string(message)))
    }

    /// What is none of the errors that a handler knows.
    fn internal_error() -> Page {
        Page::message(500, "Internal Server Error")
    }

    fn insufficient_credentials() -> Page {
        Page::message(401, "Insufficient credentials")
    }

    /// `v2error`'s own answer.
    fn v2_error(error: &v2store::Error) -> Page {
        let page = Page::json(error.code.status(), format!("{}\n", error.to_json()));
        page.with("X-Etcd-Index", error.index.to_string())
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Page {
        self.headers.push(Header::new(name, value));
        self
    }

    /// With the headers that every answer has, in Go's order.
    fn finish(mut self) -> Response {
        for (name, value) in [
            ("Access-Control-Allow-Headers", "accept, content-type, authorization"),
            ("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE"),
            ("Access-Control-Allow-Origin", "*"),
        ] {
            self.headers.push(Header::new(name, value));
        }
        self.headers.sort_by(|a, b| a.name.cmp(&b.name));
        Response { status: self.status, headers: self.headers, body: self.body.into() }
    }
}

impl Running {
    /// A call, or the one request of a stream.
    pub(crate) fn http(&mut self, now: Micros, call: CallId, metadata: &Metadata, bytes: Bytes) {
        let Ok(request) = Request::decode(bytes) else {
            return self.respond(call, Page::error(400, "400 Bad Request"));
        };
        let is_head = request.method == "HEAD";
        let Some(target) = Target::parse(&request.target) else {
            return self.respond(call, Page::text(400, "400 Bad Request"));
        };
        let answer = self.route(Ask { now, call, metadata, request, target });
        if let Some(mut page) = answer {
            if is_head {
                page.body.clear();
            }
            self.respond(call, page);
        }
    }

    /// etcd's two muxes: what is there always, and what API v2 adds.
    fn route(&mut self, ask: Ask<'_>) -> Answer {
        if ask.request.method == "OPTIONS" {
            return Some(Page { status: 200, ..Page::default() });
        }
        if let Some(page) = redirect(&ask.target) {
            return Some(page);
        }
        let path = ask.target.path.clone();
        let below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match path.as_str() {
            "/version" => Some(self.http_version(&ask)),
            "/health" => self.http_health(&ask),
            "/metrics" => Some(self.http_metrics()),
            _ if !self.config.enable_v2 => Some(Page::not_found()),
            _ if below("/v2/keys") => self.http_keys(ask),
            _ if below("/v2/members") => self.http_members(&ask),
            "/v2/machines" => Some(self.http_machines(&ask)),
            "/v2/stats/self" | "/v2/stats/store" | "/v2/stats/leader" => {
                Some(self.http_stats(&ask))
            }
            "/v2/auth/enable" => self.http_auth_enable(&ask),
            _ if below("/v2/auth/users") => self.http_auth_users(&ask),
            _ if below("/v2/auth/roles") => self.http_auth_roles(&ask),
            _ => Some(Page::not_found()),
        }
    }

    /// Sends an answer, whole.
    fn respond(&mut self, call: CallId, page: Page) {
        self.http.pending.remove(&call);
        let response = page.finish().encode_to_vec().into();
        if !self.is_http_stream(call) {
            return self.reply(call, Ok(response));
        }
        self.out.push(Output::Message { call, message: response });
        self.close_stream(call);
        self.reply(call, Ok(Bytes::new()));
    }

    /// The entry of a call was applied: one of v2's.
    pub(crate) fn v2_applied(&mut self, now: Micros, call: CallId, index: u64, applied: Applied) {
        match self.http.pending.remove(&call) {
            Some(Pending::Key { no_value }) => self.key_applied(call, index, no_value, applied),
            Some(Pending::Health { .. }) => {
                let page = self.health_page(applied.err().map(|e| format!("QGET ERROR:{e}")));
                self.respond(call, page);
            }
            Some(Pending::Auth(job)) => self.auth_step(now, call, *job, Ok(applied)),
            _ => {}
        }
    }

    /// Something else came of a call: a membership change, a read, or a time-out.
    pub(crate) fn http_answered(
        &mut self,
        now: Micros,
        call: CallId,
        _index: u64,
        result: Result<Body, Status>,
    ) {
        let page = match self.http.pending.remove(&call) {
            None => return,
            Some(Pending::Key { .. }) => match result {
                Ok(_) => return,
                Err(status) => self.key_failed(&status),
            },
            Some(Pending::Health { .. }) => {
                // Where users are on, the refusal is as good as an answer.
                let refusals = [proto::error::user_empty(), proto::error::permission_denied()];
                let error = result.err().filter(|status| !refusals.contains(status));
                self.health_page(error.map(|e| format!("RANGE ERROR:{e}")))
            }
            Some(Pending::Auth(job)) => match result {
                Ok(_) => return,
                Err(status) => return self.auth_step(now, call, *job, Err(status)),
            },
            Some(Pending::MemberAdd { .. }) => self.member_added(result),
            Some(Pending::MemberRemove { id, .. }) => self.member_removed(id, result),
            Some(Pending::MemberUpdate { id, .. }) => self.member_updated(id, result),
        };
        self.respond(call, page);
    }

    /// Gives up what has its own time-out.
    pub(crate) fn http_tick(&mut self, now: Micros) {
        let over: Vec<CallId> = self
            .http
            .pending
            .iter()
            .filter(|(_, pending)| match pending {
                Pending::Health { deadline_us }
                | Pending::MemberAdd { deadline_us }
                | Pending::MemberRemove { deadline_us, .. }
                | Pending::MemberUpdate { deadline_us, .. } => *deadline_us <= now,
                Pending::Key { .. } | Pending::Auth(_) => false,
            })
            .map(|(call, _)| *call)
            .collect();
        for call in over {
            self.proposals.cancel(call);
            self.reads.cancel(call);
            self.http_answered(now, call, 0, Err(proto::error::timeout()));
        }
    }

    /// The client went away.
    pub(crate) fn cancel_http(&mut self, call: CallId) {
        self.http.pending.remove(&call);
        let gone: Vec<u64> = self
            .http
            .watching
            .extract_if(.., |_, watching| watching.call == call)
            .map(|(watcher, _)| watcher)
            .collect();
        for watcher in gone {
            self.state.v2.remove_watcher(watcher);
        }
    }

    fn cluster_id_text(&self) -> String {
        format!("{:x}", self.cluster_id)
    }
}

/// Go's mux sends who asks for a path that is not clean to the one that is.
fn redirect(target: &Target) -> Option<Page> {
    let mut clean = v2store::clean_path(&target.path);
    if target.path.ends_with('/') && clean != "/" {
        clean.push('/');
    }
    if clean == target.path {
        return None;
    }
    let query = if target.raw_query.is_empty() { "" } else { "?" };
    let location = format!("{}{query}{}", form::escape_path(&clean), target.raw_query);
    let link = location.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let link = link.replace('"', "&#34;").replace('\'', "&#39;");
    let body = format!("<a href=\"{link}\">Moved Permanently</a>.\n\n");
    Some(Page::new(301, "text/html; charset=utf-8", body).with("Location", location))
}
