//! `/v2/keys` (`v2http/client.go`; V4, V7 to V11, V13).

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::Request;
use proto::{Status, error};
use v2store::{Code, Error, Event, KEYS_PREFIX};

use super::form::Form;
use super::{Answer, Ask, Page, Pending};
use crate::CallId;
use crate::apply_v2::Applied;
use crate::io::Output;
use crate::member::Running;
use crate::proposals::{To, Waiter};

const PREFIX: &str = "/v2/keys";

/// A watch that waits for something to happen.
pub(super) struct Watching {
    pub(super) call: CallId,
    /// The head of the answer, for a call that gets all of it at once; a stream has it already.
    head: Option<Page>,
}

impl Running {
    pub(super) fn http_keys(&mut self, ask: Ask<'_>) -> Answer {
        let method = ask.request.method.as_str();
        if !matches!(method, "HEAD" | "GET" | "PUT" | "POST" | "DELETE") {
            return Some(Page::method_not_allowed("HEAD,GET,PUT,POST,DELETE"));
        }
        let parsed = Form::parse(&ask.request, &ask.target)
            .map_err(|text| Error::new(Code::InvalidForm, text, 0))
            .and_then(|form| parse(&ask, &form, self.unix_ns(ask.now)));
        let (request, no_value) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return Some(self.key_error(error)),
        };
        if !self.has_key_access(&ask, &ask.target.path[PREFIX.len()..], request.recursive) {
            let cause = "Insufficient credentials";
            return Some(self.key_error(Error::new(Code::Unauthorized, cause, 0)));
        }
        match request.method.as_str() {
            "GET" if request.wait => self.key_watch(ask.call, &request),
            "GET" | "HEAD" => {
                let unix_ns = self.unix_ns(ask.now);
                let found = self.state.v2.get(&request.path, request.recursive, unix_ns);
                Some(match found {
                    Ok(event) => self.key_page(&event, no_value),
                    Err(error) => self.key_error(trimmed(error)),
                })
            }
            _ => {
                if request.encoded_len() > self.config.max_request_bytes as usize {
                    // etcd sets no bound here, and would take ten megabytes.
                    return Some(self.key_failed(&error::request_too_large()));
                }
                self.http.pending.insert(ask.call, Pending::Key { no_value });
                self.submit_v2(ask.now, Waiter::Client(To::Http(ask.call)), request);
                None
            }
        }
    }

    /// V9. A stream gets its head now, a call when there is something to say.
    fn key_watch(&mut self, call: CallId, request: &Request) -> Answer {
        let store = &mut self.state.v2;
        let watch = store.watch(&request.path, request.recursive, request.stream, request.since);
        let watch = match watch {
            Ok(watch) => watch,
            Err(error) => return Some(self.key_error(trimmed(error))),
        };
        let mut head = self.key_head(200, watch.start_index);
        let is_stream = self.is_http_stream(call);
        if is_stream {
            let message = head.clone().finish().encode_to_vec().into();
            self.out.push(Output::Message { call, message });
        }
        if let Some(event) = watch.event {
            if !is_stream {
                head.body = line(&event);
                return Some(head);
            }
            self.out.push(Output::Message { call, message: line(&event).into() });
            if !request.stream {
                self.end_http_stream(call);
            }
        }
        if let Some(watcher) = watch.watcher {
            let head = (!is_stream).then_some(head);
            self.http.watching.insert(watcher, Watching { call, head });
        }
        None
    }

    /// Tells who watches what has just been applied.
    pub(crate) fn tell_v2_watchers(&mut self) {
        for notice in self.state.v2.take_notices() {
            let Some(watching) = self.http.watching.get_mut(&notice.watcher) else { continue };
            let call = watching.call;
            let body = line(&notice.event);
            if let Some(mut head) = watching.head.take() {
                // A call that asked for a stream gets what it can: the first event.
                self.http.watching.remove(&notice.watcher);
                self.state.v2.remove_watcher(notice.watcher);
                head.body = body;
                self.respond(call, head);
                continue;
            }
            self.out.push(Output::Message { call, message: body.into() });
            if notice.last {
                self.http.watching.remove(&notice.watcher);
                self.end_http_stream(call);
            }
        }
    }

    fn end_http_stream(&mut self, call: CallId) {
        self.close_stream(call);
        self.reply(call, Ok(Bytes::new()));
    }

    /// A write, or a read by way of the log, is done.
    pub(super) fn key_applied(
        &mut self,
        call: CallId,
        index: u64,
        no_value: bool,
        applied: Applied,
    ) {
        let (page, index) = match applied {
            Ok(Some(event)) => (self.key_page(&event, no_value), index),
            Ok(None) => {
                let text = "received response with no Event/Watcher!";
                (self.key_error(Error::new(Code::RaftInternal, text, 0)), 0)
            }
            Err(error) => (self.key_error(trimmed(error)), 0),
        };
        if self.is_http_stream(call) {
            return self.respond(call, page);
        }
        let result = Ok(page.finish().encode_to_vec().into());
        self.out.push(Output::Reply { call, result, index });
    }

    /// It may or may not be done: 300 with etcd's text. Where a request of v3's that never left says
    /// that its context's deadline passed, one of v2's has just timed out.
    pub(super) fn key_failed(&self, status: &Status) -> Page {
        let text = match status.message.as_str() {
            "context deadline exceeded" => error::timeout().message,
            text => text.to_owned(),
        };
        self.key_error(Error::new(Code::RaftInternal, text, 0))
    }

    fn key_page(&self, event: &Event, no_value: bool) -> Page {
        let mut page = self.key_head(if event.is_created() { 201 } else { 200 }, event.etcd_index);
        let action = event.action.name();
        page.body = match action {
            "set" | "compareAndSwap" | "create" | "update" if no_value => {
                format!("{{\"action\":\"{action}\"}}\n")
            }
            _ => line(event),
        };
        page
    }

    fn key_head(&self, status: u32, index: u64) -> Page {
        Page::json(status, "")
            .with("X-Etcd-Cluster-Id", self.cluster_id_text())
            .with("X-Etcd-Index", index.to_string())
            .with("X-Raft-Index", self.node.commit().to_string())
            .with("X-Raft-Term", self.node.term().to_string())
    }

    fn key_error(&self, error: Error) -> Page {
        Page::v2_error(&error).with("X-Etcd-Cluster-Id", self.cluster_id_text())
    }
}

fn line(event: &Event) -> String {
    let mut line = event.to_json(KEYS_PREFIX);
    line.push('\n');
    line
}

/// Users do not know of the namespace.
fn trimmed(error: Error) -> Error {
    let cause = error.cause.strip_prefix(KEYS_PREFIX).unwrap_or(&error.cause).to_owned();
    Error { cause, ..error }
}

/// `parseKeyRequest`: the request, and whether the answer is to be without nodes. The order of the
/// checks is etcd's.
fn parse(ask: &Ask<'_>, form: &Form, unix_ns: i64) -> Result<(Request, bool), Error> {
    let refuse = |code: Code, cause: &str| Error::new(code, cause, 0);
    let number = |name: &str, code: Code| {
        form.number(name).ok_or_else(|| refuse(code, &format!("invalid value for {name:?}")))
    };
    let flag = |name: &str| {
        let cause = format!("invalid value for {name:?}");
        form.flag(name).ok_or_else(|| refuse(Code::InvalidField, &cause))
    };
    // prevExist and refresh: none when not given, and without the quotes.
    let option = |name: &str| match form.get(name) {
        None => Ok(None),
        Some(_) => {
            let cause = format!("invalid value for {name}");
            form.flag(name).map(Some).ok_or_else(|| refuse(Code::InvalidField, &cause))
        }
    };
    let (prev_index, since) =
        (number("prevIndex", Code::IndexNan)?, number("waitIndex", Code::IndexNan)?);
    let (recursive, sorted, wait) = (flag("recursive")?, flag("sorted")?, flag("wait")?);
    let (dir, quorum, stream) = (flag("dir")?, flag("quorum")?, flag("stream")?);
    let method = ask.request.method.as_str();
    if wait && method != "GET" {
        let cause = "\"wait\" can only be used with GET requests";
        return Err(refuse(Code::InvalidField, cause));
    }
    let prev_value = form.get("prevValue");
    if prev_value == Some("") {
        return Err(refuse(Code::PrevValueRequired, "\"prevValue\" cannot be empty"));
    }
    let no_value = flag("noValueOnSuccess")?;
    let ttl_s = match form.get("ttl") {
        None | Some("") => None,
        Some(_) => Some(number("ttl", Code::TtlNan)?),
    };
    let (prev_exist, refresh) = (option("prevExist")?, option("refresh")?);
    if refresh == Some(true) {
        if form.get("value").is_some_and(|value| !value.is_empty()) {
            return Err(refuse(Code::RefreshValue, "A value was provided on a refresh"));
        }
        if ttl_s.is_none() {
            return Err(refuse(Code::RefreshTtlRequired, "No TTL value set"));
        }
    }
    let request = Request {
        method: if method == "GET" && quorum { "QGET" } else { method }.into(),
        path: v2store::clean_path(&format!("{KEYS_PREFIX}/{}", &ask.target.path[PREFIX.len()..])),
        val: form.get("value").unwrap_or("").into(),
        dir,
        prev_value: prev_value.unwrap_or("").into(),
        prev_index,
        prev_exist,
        // Go's arithmetic: an end too far away is one long past, which is none (V7).
        expiration: ttl_s
            .map_or(0, |ttl_s| unix_ns.wrapping_add((ttl_s as i64).wrapping_mul(1_000_000_000))),
        wait,
        since,
        recursive,
        sorted,
        quorum,
        stream,
        refresh,
        ..Request::default()
    };
    Ok((request, no_value))
}
