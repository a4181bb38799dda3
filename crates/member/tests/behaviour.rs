//! What one member and small clusters do, seen from outside: one file for each topic.

mod support;

#[path = "behaviour/election.rs"]
mod election;
#[path = "behaviour/kv.rs"]
mod kv;
#[path = "behaviour/lock.rs"]
mod lock;
