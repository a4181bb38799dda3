//! bbolt's file format, in which etcd keeps its backend and its snapshots: bytes in, buckets out, and
//! back (N2, N3, N8).
//!
//! A file is pages of one size. Pages 0 and 1 are metas, of which the valid one with the higher
//! transaction id counts: it names the root, the list of free pages and how many pages there are (the
//! high water mark). A bucket is a B+tree of branch and leaf pages; one too large for its page runs
//! over into the pages behind it. The root is a bucket of buckets, and a small bucket lies inline in
//! the leaf that names it.
//!
//! [`Db`] reads any such file, also a foreign or broken one: nothing is believed that was not checked,
//! no page is entered twice, and nothing is copied. [`Writer`] makes the file that etcd's
//! defragmentation would make of the same entries. bbolt guards only its meta pages with a sum, so the
//! writer leaves one over everything else where bbolt does not look ([`Db::verify`]).
//!
//! Left out: transactions on an existing file (a free list is read to check it, never to allocate from
//! it), looking up a key, writing buckets inside buckets, sequences of buckets, and what bbolt reports
//! beyond the first fault.

mod check;
mod cursor;
mod db;
mod error;
mod meta;
mod page;
mod status;
mod tree;
mod write;

pub use db::{Bucket, Db, Pairs};
pub use error::{Error, Fault};
pub use meta::Sum;
pub use status::SnapshotStatus;
pub use write::{Writer, write};

/// The page size of files written on machines with pages of that size, in bytes; and of ours.
pub const PAGE_SIZE_BYTES: u32 = 4096;

/// The longest key that bbolt takes, in bytes.
pub const MAX_KEY_SIZE_BYTES: u32 = 32768;

/// The longest value that bbolt takes, in bytes.
pub const MAX_VALUE_SIZE_BYTES: u32 = (1 << 31) - 2;
