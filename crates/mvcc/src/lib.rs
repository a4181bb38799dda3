//! The multi-version store of one member: every key keeps its history, every change has a revision.
//!
//! Mirrors `server/storage/mvcc` (`mvcc` in 3.4): a key index with generations over a store keyed
//! by revision, here two ordered maps instead of a B-tree and a bbolt bucket. Rules R1 to R9, Q1 to
//! Q9, P1 to P4, C1, C2 and H1, H2 of etcd-semantics.md.
//!
//! Left out so far: transactions with compares, watches, leases beyond their id in a key, reading
//! and writing database files, and the delayed physical half of a compaction: what is compacted is gone
//! at once.

mod error;
mod hash;
mod key_index;
mod range;
pub mod request;
mod restore;
mod rev;
mod size;
mod store;
mod tree_index;
mod watch;
mod write;

pub use error::Error;
pub use hash::HashKv;
pub use key_index::{Generation, KeyIndex, RevisionNotFound};
pub use range::{KeyRange, prefix_end};
pub use restore::Entry;
pub use rev::Revision;
pub use store::{RangeOptions, RangeResult, Store};
pub use tree_index::TreeIndex;
pub use watch::{StreamId, WatchHub, WatchOptions};
pub use write::{Change, WriteTxn};
