//! The old tree of keys that API v2 speaks to.
//!
//! Mirrors etcd 3.4's `etcdserver/api/v2store` and the errors of `v2error`. Rules V1 to V11 of
//! etcd-semantics.md.
//!
//! A [`Store`] is a part of the replicated state machine: the log says what is written and, in
//! `SYNC`, which time it is for keys that expire. Three things belong to one member alone and are in
//! no comparison of members: its watchers, its counts ([`Stats`]), and the seconds that an event
//! says a key had left, which depend on when the member applied it.
//!
//! Times are nanoseconds since 1970, as in the log's requests and in the snapshot file. `now_ns` is
//! looked at only to say how many seconds are left.
//!
//! What is written tells watchers: [`Store::take_notices`] gives who hears of what, in order. A
//! watcher that reads slowly is its owner's matter; etcd gives up one that lags
//! [`WATCHER_LAG_EVENTS_MAX`] events behind.
//!
//! Left out: the metrics, and etcd's random order of unsorted listings, which are sorted here.

mod error;
mod event;
mod history;
mod hub;
mod image;
mod json;
mod node;
mod path;
mod stats;
mod store;
mod time;
mod write;

pub use error::{Code, Error};
pub use event::{Action, Event, NodeExtern};
pub use hub::{Notice, Watch, is_hidden};
pub use image::Corrupt;
pub use json::{push_str as push_json_str, string as json_string};
pub use path::{PARTS_MAX, clean as clean_path};
pub use stats::Stats;
pub use store::{Store, TtlOptionSet};
pub use time::{format as format_time, parse as parse_time};

/// Events that a member keeps for watchers which ask for the past (V9).
pub const HISTORY_EVENTS_MAX: usize = 1000;

/// How far behind etcd lets the reader of a stream fall before it ends the stream (V9).
pub const WATCHER_LAG_EVENTS_MAX: usize = 100;

/// The namespace of the cluster itself: `/0/members`, `/0/version`.
pub const CLUSTER_PREFIX: &str = "/0";

/// The namespace of what users write (`StoreKeysPrefix`).
pub const KEYS_PREFIX: &str = "/1";
