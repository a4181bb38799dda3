//! One etcd member as a deterministic actor: raft, apply, reads, membership and the API.
//!
//! [`Member::turn`] is the whole contract: everything that happens to a member at one instant goes
//! in as [`Input`]s, everything it does comes out as [`Output`]s. It reads no clock, draws no
//! ambient chance and touches no file; the same inputs give the same outputs, natively and in wasm.
//!
//! It mirrors `etcdserver/server.go` (the apply loop), `etcdserver/raft.go` (the Ready loop),
//! `etcdserver/v3_server.go` (proposals and linearizable reads), `etcdserver/api/membership` and
//! `etcdserver/api/v3rpc`. The order inside a Ready is etcd's: entries and hard state are written
//! and synced before the messages that promise them leave.
//!
//! Left out so far: transactions, watch, leases, auth and the rest of the API (issue 3), raft
//! snapshots and log compaction (the log is kept whole), WAL segments beyond the first, and the v2
//! request form that etcd 3.4 uses to publish a member's name (3.5's form is used everywhere).

mod api;
mod apply;
pub mod chance;
mod config;
pub mod id;
mod io;
mod limits;
mod log_store;
mod member;
mod membership;
mod message;
mod node;
mod proposals;
mod reads;
mod recovery;
mod report;
mod status;

pub use config::{MemberConfig, PeerConfig};
pub use io::{CallId, DiskFile, DiskOp, Input, LogDigest, Output, PeerLabel, Trace};
pub use limits::TICK_US;
pub use member::Member;
pub use membership::Membership;
pub use proto::Profile;
pub use status::{MemberStatus, StatusCell};

/// Virtual time in microseconds since the session began.
pub type Micros = u64;
