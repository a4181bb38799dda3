//! The formats of answers about keys (`ctlv2/command/format.go`): simple, extended and json, which is
//! client/v2's structs and not what the server sent.

use super::context::Context;
use super::keys::{Node, Reply};
use crate::go::json::{Object, array, string};

impl Context<'_> {
    /// Whether `--output` is simple.
    pub(super) fn is_simple(&self) -> bool {
        self.global.text("output") == "simple"
    }

    /// Shows an answer. A format that does not exist is no failure.
    pub(super) fn show(&self, reply: &Reply) {
        match self.global.text("output") {
            "simple" => self.print(simple(reply)),
            "extended" => self.print(extended(reply)),
            "json" => self.print(json(reply) + "\n"),
            other => self.complain(&format!("Unsupported output format: {other}\n")),
        }
    }
}

fn prev_value(reply: &Reply) -> &str {
    reply.prev_node.as_ref().map_or("", |node| &node.value)
}

fn simple(reply: &Reply) -> String {
    match reply.action.as_str() {
        "delete" => format!("PrevNode.Value: {}\n", prev_value(reply)),
        _ => format!("{}\n", reply.node.value),
    }
}

fn extended(reply: &Reply) -> String {
    let Node { key, created_index, modified_index, ttl_s, value, .. } = &reply.node;
    let mut text = format!("Key: {key}\n");
    let prev = reply.prev_node.is_some().then(|| prev_value(reply).to_string());
    let fields = [
        ("Created-Index", Some(created_index.to_string())),
        ("Modified-Index", Some(modified_index.to_string())),
        ("PrevNode.Value", prev),
        ("TTL", Some(ttl_s.to_string())),
        ("Index", Some(reply.index.to_string())),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            text.extend([name, ": ", &value, "\n"]);
        }
    }
    if reply.action != "delete" {
        text.extend(["\n", value, "\n"]);
    }
    text
}

fn json(reply: &Reply) -> String {
    Object::new()
        .string("action", &reply.action)
        .raw("node", node(&reply.node))
        .raw("prevNode", reply.prev_node.as_ref().map_or("null".to_string(), node))
        .end()
}

fn node(shown: &Node) -> String {
    let nodes = shown.nodes.as_ref().map(|nodes| array(nodes.iter().map(node).collect()));
    Object::new()
        .raw("key", string(&shown.key))
        .bool_or_none("dir", shown.dir)
        .raw("value", string(&shown.value))
        .raw("nodes", nodes.as_deref().unwrap_or("null"))
        .raw("createdIndex", shown.created_index)
        .raw("modifiedIndex", shown.modified_index)
        .string_or_none("expiration", &shown.expiration)
        .number_or_none("ttl", shown.ttl_s)
        .end()
}
