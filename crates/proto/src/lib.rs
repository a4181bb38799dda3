//! etcd's messages: the client API, the entries of raft's log, and what the disk holds.
//!
//! The `.proto` text beside this crate is ours, with etcd's packages, names and field numbers; the
//! Rust code in `src/gen` is made from it by `cargo run -p codegen` and committed. Fields of the
//! proto2 packages that etcd always writes, zero or not, are `required` here, so that encoding gives
//! etcd's bytes. Left out: gRPC itself: what a call carries is [`method`] paths, messages and
//! [`Status`].

pub mod error;
pub mod http;
mod metadata;
mod profile;
mod status;
pub mod tls;

pub use metadata::Metadata;
pub use profile::Profile;
pub use status::{Code, Status};

macro_rules! generated {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[allow(clippy::all, clippy::unwrap_used, missing_docs)]
        pub mod $name {
            include!(concat!("gen/", stringify!($name), ".rs"));
        }
    };
}

generated! {
    /// Users, roles, permissions.
    authpb
}
generated! {
    /// The client API, and `InternalRaftRequest`: what a normal raft entry carries.
    etcdserverpb
}
generated! {
    /// Leases as the backend keeps them.
    leasepb
}
generated! {
    /// Cluster membership in the log.
    membershippb
}
generated! {
    /// Full gRPC path of every method, by service: `method::kv::RANGE`.
    method
}
generated! {
    /// Keys and events.
    mvccpb
}
generated! {
    /// Raft's log, state and messages.
    raftpb
}
generated! {
    /// Elections run by the server.
    v3electionpb
}
generated! {
    /// Locks taken by the server.
    v3lockpb
}
generated! {
    /// Records of the write-ahead log.
    walpb
}

/// The header that every answer of API version 3 begins with; none in what is not such an answer.
pub fn leading_header(reply: &[u8]) -> Option<etcdserverpb::ResponseHeader> {
    // This answer has nothing but its header, and what is unknown is skipped.
    let reply = <etcdserverpb::DefragmentResponse as prost::Message>::decode(reply).ok()?;
    reply.header
}
