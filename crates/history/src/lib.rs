//! Checkers of what clients saw: whether a store kept its promises G1 to G3.
//!
//! Mirrors the checks of etcd's robustness suite (`tests/robustness/{model,validate}`) and the
//! search of Wing, Gong and Lowe that it runs on. Each checker proves itself on histories that
//! others judged before it judges ours.
//!
//! - [`linearizable`]: any order that explains a history of concurrent operations, by search.
//! - [`model`]: what a correct etcd answers; also as models for that search.
//! - [`watch`]: the nine guarantees of watches against the order of persisted requests.
//! - [`serializable`]: reads of old revisions against the same order.
//! - [`kv`]: the checker for long runs. The applied log gives the order, so nothing is searched.
//!
//! Left out: API v2, auth, and what depends on time (when a lease expires).

pub mod kv;
pub mod linearizable;
pub mod model;
pub mod past;
pub mod request;
pub mod serializable;
pub mod watch;
