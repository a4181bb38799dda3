//! A real etcd beside the lab's own: a minimal gRPC client for it, and clusters of it on loopback.
//!
//! Tests compare the lab's member with a real one request by request, and `cargo xtask bench`
//! measures both in one run. Of gRPC there is what that needs: unary calls and streams over HTTP/2
//! with prior knowledge, the metadata that etcd reads, and the status of the trailers. Left out: TLS,
//! compression, deadlines, retries and balancing. [`Solo`] is the lab's side of a comparison: one
//! member with its clock and its files.
//!
//! A shell: native only, and never part of a wasm module.

#![deny(clippy::unwrap_used)]

mod connection;
mod message;
mod real;
mod solo;
mod status;

pub use connection::{Connection, Receiver, Sender};
pub use message::{Frames, frame};
pub use real::{ETCD_VARIABLE, RealCluster, RealMember, find_etcd, scratch_dir};
pub use solo::{Files, Solo};
