//! `/v2/keys` as client/v2 speaks it (`client/keys.go`): what each request looks like and what its
//! answer means.

use proto::http::{Response, header};

use super::http::{Action, Client, Failure};
use super::path;
use crate::go::unmarshal::{Value, unmarshal};

const INVALID_JSON: &str = "client: response is invalid json. The endpoint is probably not valid \
                            etcd cluster endpoint";
const EMPTY_BODY: &str = "client: response body is empty";

/// A node of the store as an answer shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) key: String,
    pub(super) dir: bool,
    pub(super) value: String,
    /// `None` where the answer has none.
    pub(super) nodes: Option<Vec<Node>>,
    pub(super) created_index: u64,
    pub(super) modified_index: u64,
    /// RFC 3339, or nothing.
    pub(super) expiration: String,
    /// Seconds left, as written; nothing is forever.
    pub(super) ttl_s: u64,
}

impl Node {
    fn read(value: &Value) -> Node {
        let nodes = value.field("nodes");
        Node {
            key: value.field("key").text().to_string(),
            dir: value.field("dir") == &Value::Bool(true),
            value: value.field("value").text().to_string(),
            nodes: matches!(nodes, Value::Array(_))
                .then(|| nodes.items().iter().map(Node::read).collect()),
            created_index: value.field("createdIndex").uint(),
            modified_index: value.field("modifiedIndex").uint(),
            expiration: value.field("expiration").text().to_string(),
            ttl_s: value.field("ttl").uint(),
        }
    }
}

/// An answer that is no error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) action: String,
    pub(super) node: Node,
    pub(super) prev_node: Option<Node>,
    /// The store's index, of the header.
    pub(super) index: u64,
}

/// What a write asks for beside its value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted<'a> {
    pub(super) dir: bool,
    /// `true`, `false`, or nothing for either.
    pub(super) prev_exist: &'a str,
    /// Nothing for any.
    pub(super) prev_value: &'a str,
    /// 0 for any.
    pub(super) prev_index: u64,
    pub(super) recursive: bool,
}

impl Wanted<'_> {
    fn query(&self) -> String {
        let index = if self.prev_index == 0 { String::new() } else { self.prev_index.to_string() };
        let pairs = [
            ("dir", if self.dir { "true" } else { "" }),
            ("prevExist", self.prev_exist),
            ("prevIndex", &index),
            ("prevValue", self.prev_value),
            ("recursive", if self.recursive { "true" } else { "" }),
        ];
        let given: Vec<(&str, &[u8])> = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        path::encode(&given)
    }
}

fn keys(method: &'static str, key: &str, query: String) -> Action {
    let slash = if key.starts_with('/') || key.is_empty() { "" } else { "/" };
    Action { query, ..Action::new(method, format!("/v2/keys{slash}{key}")) }
}

/// A read. Flags are always written.
pub(super) fn get(key: &str, quorum: bool, recursive: bool, sorted: bool) -> Action {
    keys("GET", key, format!("quorum={quorum}&recursive={recursive}&sorted={sorted}"))
}

/// A write of `value`, or of a directory if there is none.
pub(super) fn write(
    method: &'static str,
    key: &str,
    value: Option<&[u8]>,
    ttl_s: i64,
    wanted: &Wanted<'_>,
) -> Action {
    // Go counts the time in nanoseconds, which run over.
    let ttl_s = ttl_s.wrapping_mul(1_000_000_000) / 1_000_000_000;
    let ttl = ttl_s.to_string();
    let mut form = Vec::new();
    if ttl_s > 0 {
        form.push(("ttl", ttl.as_bytes()));
    }
    form.extend(value.map(|value| ("value", value)));
    Action {
        body: Some(path::encode(&form)),
        content_type: "application/x-www-form-urlencoded",
        // What makes a key is not to be done twice.
        one_shot: wanted.prev_exist == "false",
        ..keys(method, key, wanted.query())
    }
}

pub(super) fn delete(key: &str, wanted: &Wanted<'_>) -> Action {
    Action {
        content_type: "application/x-www-form-urlencoded",
        one_shot: true,
        ..keys("DELETE", key, wanted.query())
    }
}

/// A long poll for the first event from `index` on; 0 is the next one.
fn wait(key: &str, index: u64, recursive: bool) -> Action {
    let query = format!("recursive={recursive}&wait=true&waitIndex={index}");
    Action { wait: true, ..keys("GET", key, query) }
}

/// Sends a request of `/v2/keys` and reads its answer.
pub(super) async fn send(
    client: &Client<'_>,
    action: &Action,
    deadline_us: Option<u64>,
) -> Result<Reply, Failure> {
    let response = client.act(action, deadline_us).await?;
    read(&response)
}

/// Events one after the other.
pub(super) struct Watcher<'a, 'c> {
    client: &'a Client<'c>,
    key: &'a str,
    recursive: bool,
    wait_index: u64,
}

impl<'a, 'c> Watcher<'a, 'c> {
    /// Events after an index; after 0 are those from now on.
    pub(super) fn new(
        client: &'a Client<'c>,
        key: &'a str,
        after_index: u64,
        recursive: bool,
    ) -> Self {
        let wait_index = if after_index == 0 { 0 } else { after_index.wrapping_add(1) };
        Watcher { client, key, recursive, wait_index }
    }

    pub(super) async fn next(&mut self) -> Result<Reply, Failure> {
        loop {
            let action = wait(self.key, self.wait_index, self.recursive);
            let response = self.client.act(&action, None).await?;
            // A member that stops ends its polls with nothing.
            if response.body.is_empty() && matches!(response.status, 200 | 201) {
                continue;
            }
            let reply = read(&response)?;
            self.wait_index = reply.node.modified_index.wrapping_add(1);
            return Ok(reply);
        }
    }
}

fn read(response: &Response) -> Result<Reply, Failure> {
    let invalid = || Failure::Other(INVALID_JSON.to_string());
    let succeeded = matches!(response.status, 200 | 201);
    if succeeded && response.body.is_empty() {
        return Err(Failure::Other(EMPTY_BODY.to_string()));
    }
    let body = unmarshal(&response.body).map_err(|_| invalid())?;
    if !matches!(body, Value::Object(_)) {
        return Err(invalid());
    }
    if !succeeded {
        let code = body.field("errorCode").uint();
        let [message, cause] = ["message", "cause"].map(|name| body.field(name).text());
        let index = body.field("index").uint();
        return Err(Failure::Other(format!("{code}: {message} ({cause}) [{index}]")));
    }
    let prev_node = body.field("prevNode");
    let index = header(&response.headers, "X-Etcd-Index").and_then(|text| text.parse().ok());
    Ok(Reply {
        action: body.field("action").text().to_string(),
        node: Node::read(body.field("node")),
        prev_node: matches!(prev_node, Value::Object(_)).then(|| Node::read(prev_node)),
        index: index.unwrap_or(0),
    })
}
