//! `/v2/members` and `/v2/machines` (`membersHandler` of `v2http/client.go`). Changes go the way of
//! v3's: the same checks, the same entries.

use prost::Message as _;
use proto::etcdserverpb::{
    MemberAddRequest, MemberAddResponse, MemberRemoveRequest, MemberUpdateRequest,
};
use proto::{Metadata, Status, error, http, method};
use serde_json::Value;

use super::{Answer, Ask, Page, Pending};
use crate::api::Caller;
use crate::apply::Body;
use crate::apply_v2::json_strings;
use crate::limits;
use crate::member::Running;
use crate::proposals::To;

const PREFIX: &str = "/v2/members";

impl Running {
    pub(super) fn http_machines(&self, ask: &Ask<'_>) -> Page {
        if !matches!(ask.request.method.as_str(), "GET" | "HEAD") {
            return Page::method_not_allowed("GET,HEAD");
        }
        let members = self.state.membership.members();
        let mut urls: Vec<&str> =
            members.flat_map(|member| &member.client_urls).map(String::as_str).collect();
        urls.sort_unstable();
        Page::text(200, urls.join(", "))
    }

    pub(super) fn http_members(&mut self, ask: &Ask<'_>) -> Answer {
        let method = ask.request.method.as_str();
        if !matches!(method, "GET" | "POST" | "DELETE" | "PUT") {
            return Some(Page::method_not_allowed("GET,POST,DELETE,PUT"));
        }
        if method != "GET" && !self.has_root_access(ask) {
            return Some(Page::insufficient_credentials());
        }
        let answer = match method {
            "GET" => Ok(self.members_page(rest(ask))),
            "POST" => self.add_member(ask),
            "DELETE" => self.remove_member(ask),
            _ => self.update_member(ask),
        };
        match answer {
            Ok(answer) => answer,
            Err(page) => Some(page),
        }
        .map(|page| page.with("X-Etcd-Cluster-Id", self.cluster_id_text()))
    }

    fn members_page(&self, rest: &str) -> Answer {
        let membership = &self.state.membership;
        Some(match rest {
            "" => {
                let members: Vec<String> = membership.members().map(member_json).collect();
                Page::json(200, format!("{{\"members\":[{}]}}\n", members.join(",")))
            }
            "leader" => match self.node.leader().and_then(|id| membership.get(id)) {
                Some(leader) => Page::json(200, format!("{}\n", member_json(leader))),
                None => Page::message(503, "During election"),
            },
            _ => Page::message(404, "Not found"),
        })
    }

    fn add_member(&mut self, ask: &Ask<'_>) -> Result<Answer, Page> {
        let peer_ur_ls = peer_urls(ask)?;
        let request = MemberAddRequest { peer_ur_ls, is_learner: false };
        let deadline_us = ask.now + limits::REQUEST_TIMEOUT_US;
        let pending = Pending::MemberAdd { deadline_us };
        Ok(self.change_membership(ask, pending, method::cluster::MEMBER_ADD, &request))
    }

    fn remove_member(&mut self, ask: &Ask<'_>) -> Result<Answer, Page> {
        let id = member_id(ask)?;
        let deadline_us = ask.now + limits::REQUEST_TIMEOUT_US;
        let pending = Pending::MemberRemove { id, deadline_us };
        let request = MemberRemoveRequest { id };
        Ok(self.change_membership(ask, pending, method::cluster::MEMBER_REMOVE, &request))
    }

    fn update_member(&mut self, ask: &Ask<'_>) -> Result<Answer, Page> {
        let (id, peer_ur_ls) = (member_id(ask)?, peer_urls(ask)?);
        let deadline_us = ask.now + limits::REQUEST_TIMEOUT_US;
        let pending = Pending::MemberUpdate { id, deadline_us };
        let request = MemberUpdateRequest { id, peer_ur_ls };
        Ok(self.change_membership(ask, pending, method::cluster::MEMBER_UPDATE, &request))
    }

    fn change_membership(
        &mut self,
        ask: &Ask<'_>,
        pending: Pending,
        method: &str,
        request: &impl prost::Message,
    ) -> Answer {
        self.http.pending.insert(ask.call, pending);
        // v3's users are not asked for by this API, and where they are on they let nobody in.
        let caller =
            Caller { now: ask.now, to: To::Http(ask.call), metadata: &Metadata::default() };
        if let Err(status) = self.cluster(caller, method, request.encode_to_vec().into()) {
            self.http_answered(ask.now, ask.call, 0, Err(status));
        }
        None
    }

    pub(super) fn member_added(&self, result: Result<Body, Status>) -> Page {
        let page = match result {
            Ok(body) => {
                let added = MemberAddResponse::decode(body.bytes.as_slice()).unwrap_or_default();
                let member = added.member.and_then(|member| self.state.membership.get(member.id));
                let json = member.map(member_json).unwrap_or_default();
                Page::json(201, format!("{json}\n"))
            }
            Err(status) if status == error::member_exists() => {
                Page::message(409, "membership: ID exists")
            }
            Err(status) => changed_page(&status),
        };
        page.with("X-Etcd-Cluster-Id", self.cluster_id_text())
    }

    pub(super) fn member_removed(&self, id: u64, result: Result<Body, Status>) -> Page {
        let page = match result {
            Ok(_) => Page { status: 204, ..Page::default() },
            Err(status) if status != error::member_not_found() => Page::internal_error(),
            Err(_) if self.state.membership.is_removed(id) => {
                Page::message(410, &format!("Member permanently removed: {id:x}"))
            }
            Err(_) => Page::message(404, &format!("No such member: {id:x}")),
        };
        page.with("X-Etcd-Cluster-Id", self.cluster_id_text())
    }

    pub(super) fn member_updated(&self, id: u64, result: Result<Body, Status>) -> Page {
        let removed = self.state.membership.is_removed(id);
        let page = match result {
            Ok(_) => Page { status: 204, ..Page::default() },
            Err(status) if status == error::member_not_found() && !removed => {
                Page::message(404, &format!("No such member: {id:x}"))
            }
            Err(status) => changed_page(&status),
        };
        page.with("X-Etcd-Cluster-Id", self.cluster_id_text())
    }
}

fn changed_page(status: &Status) -> Page {
    if *status == error::peer_url_exists() {
        return Page::message(409, "membership: peerURL exists");
    }
    Page::internal_error()
}

fn member_json(member: &crate::membership::Member) -> String {
    let (name, peers) = (v2store::json_string(&member.name), json_strings(&member.peer_urls));
    let clients = json_strings(&member.client_urls);
    format!(
        "{{\"id\":\"{:x}\",\"name\":{name},\"peerURLs\":{peers},\"clientURLs\":{clients}}}",
        member.id
    )
}

fn rest<'a>(ask: &'a Ask<'_>) -> &'a str {
    let rest = ask.target.path.strip_prefix(PREFIX).unwrap_or("");
    rest.strip_prefix('/').unwrap_or(rest)
}

fn member_id(ask: &Ask<'_>) -> Result<u64, Page> {
    let text = rest(ask);
    if text.is_empty() {
        return Err(Page::error(405, "Method Not Allowed"));
    }
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    let id = u64::from_str_radix(text, 16).ok().filter(|_| hex);
    id.ok_or_else(|| Page::message(404, &format!("No such member: {text}")))
}

/// The URLs in a request's JSON, as `types.NewURLs` takes them.
fn peer_urls(ask: &Ask<'_>) -> Result<Vec<String>, Page> {
    let full = http::header(&ask.request.headers, "Content-Type").unwrap_or("");
    let content_type = match full.split_once(';') {
        Some((content_type, _)) => content_type.trim().to_lowercase(),
        None => full.to_owned(),
    };
    if content_type != "application/json" {
        let text = format!("Bad Content-Type {content_type}, accept application/json");
        return Err(Page::message(415, &text));
    }
    let bad = |text: String| Page::message(400, &text);
    let object: Value = serde_json::from_slice(&ask.request.body).map_err(|error| {
        let eof = error.is_eof();
        bad(if eof { "unexpected end of JSON input".into() } else { error.to_string() })
    })?;
    let urls = match &object["peerURLs"] {
        Value::Null => Vec::new(),
        Value::Array(urls) => urls.iter().filter_map(Value::as_str).collect(),
        _ => return Err(bad("json: cannot unmarshal into Go struct field".into())),
    };
    let mut checked = Vec::new();
    for url in urls {
        checked.push(check_url(url.trim()).map_err(bad)?);
    }
    if checked.is_empty() {
        return Err(bad("no valid URLs given".into()));
    }
    checked.sort();
    Ok(checked)
}

fn check_url(url: &str) -> Result<String, String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if !matches!(scheme, "http" | "https" | "unix" | "unixs") {
        return Err(format!("URL scheme must be http, https, unix, or unixs: {url}"));
    }
    if matches!(scheme, "unix" | "unixs") {
        return Ok(url.to_owned());
    }
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    if host.rsplit_once(':').is_none_or(|(_, port)| port.contains(']')) {
        return Err(format!("URL address does not have the form \"host:port\": {url}"));
    }
    if path.is_some() {
        return Err(format!("URL must not contain a path: {url}"));
    }
    Ok(url.to_owned())
}
