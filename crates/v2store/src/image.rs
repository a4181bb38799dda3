//! The whole store as the JSON of etcd's snapshot files, and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::node::{Kind, Node};
use crate::path::{self, PARTS_MAX};
use crate::stats::Stats;
use crate::{Action, Event, HISTORY_EVENTS_MAX, NodeExtern, Store, json, time};

/// Go's zero time, which stands for "never".
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Why bytes are no store; what etcd would panic about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt(String);

impl std::fmt::Display for Corrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "recover store error: {}", self.0)
    }
}

impl std::error::Error for Corrupt {}

fn corrupt(what: impl Into<String>) -> Corrupt {
    Corrupt(what.into())
}

impl Store {
    /// What etcd's `Save` writes. Watchers are not in it.
    pub fn save(&self) -> String {
        let mut out = self.save_tree(true);
        out.push_str(&format!(",\"Stats\":{},\"CurrentVersion\":2}}", self.stats.to_json(0)));
        out
    }

    /// The part that all members have in common at the same index, for comparing them.
    pub fn shared_image(&self) -> String {
        self.save_tree(false)
    }

    /// The store that [`Store::save`] wrote, ours or etcd's.
    ///
    /// # Errors
    /// When the bytes are no store, or one with a key deeper than [`PARTS_MAX`].
    pub fn recover(state: &[u8], namespaces: &[&str]) -> Result<Store, Corrupt> {
        let state: Value = serde_json::from_slice(state).map_err(|e| corrupt(e.to_string()))?;
        let mut store = Store::new(namespaces);
        store.root = node(&state["Root"], 0)?;
        if !store.root.is_dir() {
            return Err(corrupt("the root is no directory"));
        }
        store.current_index = number(&state["CurrentIndex"])?;
        store.stats = Stats::from_json(&state["Stats"]);
        for event in events(&state["WatcherHub"]["EventHistory"]["Queue"])? {
            store.history.add(event);
        }
        let ttl_keys = &mut store.ttl_keys;
        store.root.walk_up("/".into(), &mut |path, node| {
            if let Some(expire_ns) = node.expire_ns {
                ttl_keys.insert((expire_ns, node.created_index, path.to_owned()));
            }
        });
        Ok(store)
    }

    /// The object without counts and its last brace.
    fn save_tree(&self, ttls: bool) -> String {
        let mut out = String::from("{\"Root\":");
        push_node(&mut out, "/", &self.root);
        out.push_str(",\"WatcherHub\":{\"EventHistory\":{\"Queue\":{\"Events\":[");
        let size = self.history.events().len();
        for (number, event) in self.history.events().enumerate() {
            out.push_str(if number == 0 { "" } else { "," });
            event.push_json(&mut out, "", ttls);
        }
        for number in size..HISTORY_EVENTS_MAX {
            out.push_str(if number == 0 { "null" } else { ",null" });
        }
        out.push_str(&format!(
            "],\"Size\":{size},\"Front\":0,\"Back\":{},\"Capacity\":{HISTORY_EVENTS_MAX}}},\
             \"StartIndex\":{},\"LastIndex\":{}}}}},\"CurrentIndex\":{}",
            size % HISTORY_EVENTS_MAX,
            self.history.start_index(),
            self.history.last_index(),
            self.current_index,
        ));
        out
    }
}

fn push_node(out: &mut String, path: &str, node: &Node) {
    out.push_str("{\"Path\":");
    json::push_str(out, path);
    json::push_number(out, "CreatedIndex", node.created_index);
    json::push_number(out, "ModifiedIndex", node.modified_index);
    let expires = node.expire_ns.map_or(NEVER.into(), time::format);
    out.push_str(&format!(",\"ExpireTime\":\"{expires}\",\"Value\":"));
    json::push_str(out, node.value());
    out.push_str(",\"Children\":");
    match node.children() {
        None => out.push_str("null"),
        Some(children) => {
            out.push('{');
            for (number, (name, child)) in children.iter().enumerate() {
                out.push_str(if number == 0 { "" } else { "," });
                json::push_str(out, name);
                out.push(':');
                push_node(out, &path::join(path, name), child);
            }
            out.push('}');
        }
    }
    out.push('}');
}

/// A node and all below it. Its name is the key that its parent knows it by; `Path` says the same.
fn node(value: &Value, depth: usize) -> Result<Node, Corrupt> {
    if depth > PARTS_MAX {
        return Err(corrupt("the tree is too deep"));
    }
    let kind = match &value["Children"] {
        Value::Null => Kind::File(text(&value["Value"])?),
        Value::Object(children) => {
            let mut nodes = BTreeMap::new();
            for (name, child) in children {
                if matches!(name.as_str(), "" | "." | "..") || name.contains('/') {
                    return Err(corrupt(format!("a child is named {name:?}")));
                }
                nodes.insert(name.clone(), node(child, depth + 1)?);
            }
            Kind::Dir(nodes)
        }
        _ => return Err(corrupt("children are no object")),
    };
    Ok(Node {
        created_index: number(&value["CreatedIndex"])?,
        modified_index: number(&value["ModifiedIndex"])?,
        expire_ns: when(&value["ExpireTime"])?,
        kind,
    })
}

/// The events of the ring, the oldest first.
fn events(queue: &Value) -> Result<Vec<Arc<Event>>, Corrupt> {
    let Value::Array(ring) = &queue["Events"] else {
        return match queue["Events"] {
            Value::Null => Ok(Vec::new()),
            _ => Err(corrupt("events are no list")),
        };
    };
    let (size, front) = (number(&queue["Size"])?, number(&queue["Front"])?);
    let length = ring.len() as u64;
    if size > length || (size > 0 && front >= length) {
        return Err(corrupt("the event queue is out of bounds"));
    }
    let places = (0..size).map(|number| (front + number) % length);
    let mut events: Vec<Arc<Event>> = Vec::new();
    for place in places {
        let event = event(&ring[place as usize])?;
        if events.last().is_some_and(|before| before.index() >= event.index()) {
            return Err(corrupt("the event queue is out of order"));
        }
        events.push(Arc::new(event));
    }
    Ok(events)
}

fn event(value: &Value) -> Result<Event, Corrupt> {
    let action = value["action"].as_str().and_then(Action::from_name);
    let prev_node = match &value["prevNode"] {
        Value::Null => None,
        prev => Some(node_extern(prev)?),
    };
    Ok(Event {
        action: action.ok_or_else(|| corrupt("an event without an action"))?,
        node: node_extern(&value["node"])?,
        prev_node,
        etcd_index: 0,
        refresh: value["refresh"].as_bool().unwrap_or(false),
    })
}

/// Nodes of the history list no children: no event has some.
fn node_extern(value: &Value) -> Result<NodeExtern, Corrupt> {
    if !value.is_object() {
        return Err(corrupt("an event without a node"));
    }
    Ok(NodeExtern {
        key: text(&value["key"])?,
        value: value["value"].as_str().map(str::to_owned),
        dir: value["dir"].as_bool().unwrap_or(false),
        expiration_ns: when(&value["expiration"])?,
        ttl_s: value["ttl"].as_i64().unwrap_or(0),
        nodes: Vec::new(),
        modified_index: number(&value["modifiedIndex"])?,
        created_index: number(&value["createdIndex"])?,
    })
}

/// A count; what is not there is 0, as in Go.
fn number(value: &Value) -> Result<u64, Corrupt> {
    match value {
        Value::Null => Ok(0),
        value => value.as_u64().ok_or_else(|| corrupt(format!("no count: {value}"))),
    }
}

fn text(value: &Value) -> Result<String, Corrupt> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(corrupt("no string")),
    }
}

fn when(value: &Value) -> Result<Option<i64>, Corrupt> {
    match value.as_str() {
        None if value.is_null() => Ok(None),
        Some(NEVER) => Ok(None),
        text => match text.and_then(time::parse) {
            Some(expire_ns) => Ok(Some(expire_ns)),
            None => Err(corrupt(format!("no time: {value}"))),
        },
    }
}
