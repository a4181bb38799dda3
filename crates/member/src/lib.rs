//! One etcd member as a deterministic actor: raft, apply, reads, streams, membership and the API.
//!
//! [`Member::turn`] is the whole contract: everything that happens to a member at one instant goes
//! in as [`Input`]s, everything it does comes out as [`Output`]s. It reads no clock, draws no
//! ambient chance and touches no file; the same inputs give the same outputs, natively and in wasm.
//!
//! It mirrors `etcdserver/server.go` (the apply loop), `etcdserver/raft.go` (the Ready loop),
//! `etcdserver/v3_server.go` (proposals and linearizable reads), `etcdserver/api/membership` and
//! `etcdserver/api/v3rpc`. The order inside a Ready is etcd's: snapshot, entries and hard state are
//! written and synced before the messages that promise them leave.
//!
//! Left out so far: TLS between members, and the gRPC gateway.

mod alarms;
mod api;
mod apply;
mod apply_v2;
mod backend;
mod backup;
pub mod chance;
mod concurrency;
mod conf_change;
mod config;
mod data_dir;
mod forward;
mod http;
pub mod id;
mod inspect;
mod io;
mod leader;
mod limits;
mod log_store;
mod look;
mod member;
mod membership;
mod message;
mod migrate;
mod node;
mod planted;
mod proposals;
mod pump;
mod reads;
mod recovery;
mod report;
mod restore;
mod snapshot;
mod sound;
mod state;
mod status;
mod streams;
mod timeouts;
mod tls;
mod versions;
mod wal_file;

pub use backend::defragmented;
pub use backup::{Backup, backup};
pub use conf_change::{Change, Kind as ChangeKind};
pub use config::{AutoCompaction, Join, MemberConfig, PeerConfig, TlsInfo};
pub use data_dir::is_log_file;
pub use inspect::{FileHash, Schema, hash_kv, live_keys};
pub use io::{AppliedEntry, CallId, DiskFile, DiskOp, Input, LogDigest, Output, PeerLabel, Trace};
pub use limits::TICK_US;
pub use member::Member;
pub use membership::{Member as MemberInfo, Membership};
pub use migrate::{Migrated, migrate};
pub use planted::PlantedBug;
pub use proto::Profile;
pub use recovery::id_on_disk;
pub use restore::{Restore, Restored, restore};
pub use status::{MemberStatus, StatusCell};

/// Virtual time in microseconds since the session began.
pub type Micros = u64;
