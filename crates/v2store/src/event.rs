//! What happened: the events that answers, watchers and the history carry.

use crate::{json, time};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Get,
    Create,
    Set,
    Update,
    Delete,
    CompareAndSwap,
    CompareAndDelete,
    Expire,
}

const ACTIONS: [(Action, &str); 8] = [
    (Action::Get, "get"),
    (Action::Create, "create"),
    (Action::Set, "set"),
    (Action::Update, "update"),
    (Action::Delete, "delete"),
    (Action::CompareAndSwap, "compareAndSwap"),
    (Action::CompareAndDelete, "compareAndDelete"),
    (Action::Expire, "expire"),
];

impl Action {
    /// etcd's word.
    pub fn name(self) -> &'static str {
        ACTIONS[self as usize].1
    }

    pub(crate) fn from_name(name: &str) -> Option<Action> {
        ACTIONS.iter().find(|(_, known)| *known == name).map(|(action, _)| *action)
    }
}

/// A node as clients see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeExtern {
    pub key: String,
    /// None for directories, and for what has just been deleted.
    pub value: Option<String>,
    pub dir: bool,
    /// When it expires, in nanoseconds since 1970; none is never.
    pub expiration_ns: Option<i64>,
    /// Seconds that were left, rounded up; 0 for what never expires. Each member's own.
    pub ttl_s: i64,
    /// Of a directory that was listed, by name.
    pub nodes: Vec<NodeExtern>,
    pub modified_index: u64,
    pub created_index: u64,
}

/// One change of the tree, or a look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub action: Action,
    pub node: NodeExtern,
    pub prev_node: Option<NodeExtern>,
    /// The store's index when the event was made or, for one out of the history, asked for.
    pub etcd_index: u64,
    /// V8: nobody is told of it.
    pub refresh: bool,
}

impl Event {
    pub(crate) fn new(action: Action, key: String, index: u64, created_index: u64) -> Event {
        let node =
            NodeExtern { key, modified_index: index, created_index, ..NodeExtern::default() };
        Event { action, node, prev_node: None, etcd_index: index, refresh: false }
    }

    /// The index of the change.
    pub fn index(&self) -> u64 {
        self.node.modified_index
    }

    /// Whether there was nothing before it: HTTP says 201 then (V10).
    pub fn is_created(&self) -> bool {
        self.action == Action::Create || (self.action == Action::Set && self.prev_node.is_none())
    }

    /// The object that clients get, without a line feed; keys lose the namespace in front of them.
    pub fn to_json(&self, prefix: &str) -> String {
        let mut out = String::new();
        self.push_json(&mut out, prefix, true);
        out
    }

    /// Without `ttls` it is the same on all members.
    pub(crate) fn push_json(&self, out: &mut String, prefix: &str, ttls: bool) {
        out.push_str(&format!("{{\"action\":\"{}\",\"node\":", self.action.name()));
        self.node.push_json(out, prefix, ttls);
        if let Some(prev) = &self.prev_node {
            out.push_str(",\"prevNode\":");
            prev.push_json(out, prefix, ttls);
        }
        if self.refresh {
            out.push_str(",\"refresh\":true");
        }
        out.push('}');
    }
}

impl NodeExtern {
    fn push_json(&self, out: &mut String, prefix: &str, ttls: bool) {
        let from = out.len();
        let key = self.key.strip_prefix(prefix).unwrap_or(&self.key);
        if !key.is_empty() {
            out.push_str(",\"key\":");
            json::push_str(out, key);
        }
        if let Some(value) = &self.value {
            out.push_str(",\"value\":");
            json::push_str(out, value);
        }
        if self.dir {
            out.push_str(",\"dir\":true");
        }
        if let Some(expiration_ns) = self.expiration_ns {
            out.push_str(&format!(",\"expiration\":\"{}\"", time::format(expiration_ns)));
        }
        if ttls && self.ttl_s != 0 {
            json::push_number(out, "ttl", self.ttl_s);
        }
        if !self.nodes.is_empty() {
            out.push_str(",\"nodes\":");
            for (number, node) in self.nodes.iter().enumerate() {
                out.push(if number == 0 { '[' } else { ',' });
                node.push_json(out, prefix, ttls);
            }
            out.push(']');
        }
        if self.modified_index != 0 {
            json::push_number(out, "modifiedIndex", self.modified_index);
        }
        if self.created_index != 0 {
            json::push_number(out, "createdIndex", self.created_index);
        }
        // Every field brought a comma; the first one stands where the brace belongs.
        if out.len() == from {
            out.push('{');
        } else {
            out.replace_range(from..=from, "{");
        }
        out.push('}');
    }
}
