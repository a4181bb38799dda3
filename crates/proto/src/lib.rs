//! etcd's messages: the client API, the entries of raft's log, and what the disk holds.
//!
//! The `.proto` text beside this crate is ours, with etcd's packages, names and field numbers; the
//! Rust code in `src/gen` is made from it by `cargo run -p codegen` and committed. Fields of the
//! proto2 packages that etcd always writes, zero or not, are `required` here, so that encoding gives
//! etcd's bytes. Left out: gRPC itself: what a call carries is [`method`] paths, messages and
//! [`Status`].

pub mod base64;
pub mod date;
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

/// The revision in the header that every answer of API version 3 begins with; none in what is no such
/// answer. Nothing behind the header is looked at.
pub fn revision_of(reply: &[u8]) -> Option<i64> {
    let (&key, rest) = reply.split_first()?;
    let (&length, rest) = rest.split_first()?;
    // A header is some 40 bytes: its length is one byte.
    if key != 0x0a || length >= 0x80 {
        return None;
    }
    let header = rest.get(..usize::from(length))?;
    let header = <etcdserverpb::ResponseHeader as prost::Message>::decode(header).ok()?;
    Some(header.revision).filter(|revision| *revision > 0)
}
