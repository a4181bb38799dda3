//! The multi-version store of one member: every key keeps its history, every change has a revision.
//!
//! Mirrors `server/storage/mvcc` (`mvcc` in 3.4): a key index with generations over a store keyed
//! by revision, here an ordered map and a log instead of a B-tree and a bbolt bucket. With it come what a
//! member applies to it: requests, transactions and the lease table. Rules R1 to R10, Q1 to Q9, P1 to
//! P4, T1 to T10, C1, C2, H1, H2, L1 to L11 and K1 of etcd-semantics.md.
//!
//! Left out: writing and reading database files (their buckets `key` and `lease` are here), and the
//! delayed physical half of a compaction: what is compacted is gone at once.

mod error;
mod hash;
mod key_index;
pub mod lease;
pub mod quota;
mod range;
pub mod request;
mod restore;
mod rev;
mod rev_log;
mod rules;
mod size;
mod store;
mod tree_index;
pub mod txn;
mod watch;
mod write;

pub use error::Error;
pub use hash::HashKv;
pub use key_index::{Generation, KeyIndex, RevisionNotFound};
pub use lease::{LeaseError, Lessor, Micros};
pub use range::{KeyRange, prefix_end};
pub use restore::{BadEntry, Entry, Image};
pub use rev::Revision;
pub use rules::Rules;
pub use store::{RangeOptions, RangeResult, Store};
pub use tree_index::TreeIndex;
pub use watch::{StreamId, WatchHub, WatchOptions};
pub use write::{Change, WriteTxn};
