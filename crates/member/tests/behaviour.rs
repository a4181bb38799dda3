//! What one member and small clusters do, seen from outside: one file for each topic.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps wrongly fails, which is what it is for"
)]

mod support;

#[path = "behaviour/auth.rs"]
mod auth;
#[path = "behaviour/election.rs"]
mod election;
#[path = "behaviour/files.rs"]
mod files;
#[path = "behaviour/http_notes.rs"]
mod http_notes;
#[path = "behaviour/kv.rs"]
mod kv;
#[path = "behaviour/lease.rs"]
mod lease;
#[path = "behaviour/lock.rs"]
mod lock;
#[path = "behaviour/maintenance.rs"]
mod maintenance;
#[path = "behaviour/membership.rs"]
mod membership;
#[path = "behaviour/profiles.rs"]
mod profiles;
#[path = "behaviour/survival.rs"]
mod survival;
#[path = "behaviour/tables.rs"]
mod tables;
#[path = "behaviour/v2_auth.rs"]
mod v2_auth;
#[path = "behaviour/v2_keys.rs"]
mod v2_keys;
#[path = "behaviour/v2_members.rs"]
mod v2_members;
#[path = "behaviour/v2_watch.rs"]
mod v2_watch;
#[path = "behaviour/versions.rs"]
mod versions;
#[path = "behaviour/watch.rs"]
mod watch;
