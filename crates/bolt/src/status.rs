//! What `etcdctl snapshot status` tells of a file (N8).
//!
//! As 3.4 and 3.5 count: every entry of every bucket is a key. Left out: 3.6's count of living keys and
//! its storage version.

use crate::cursor::{Cursor, Step};
use crate::{Db, Error};

/// The bucket that holds revisions of keys.
const KEY_BUCKET: &[u8] = b"key";
/// Main revision, `_`, sub revision; behind it a mark of a tombstone.
const REVISION_BYTES: usize = 17;

/// The four figures of `snapshot status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotStatus {
    /// Castagnoli's CRC-32 over the name, then the keys and values, of each bucket.
    pub hash: u32,
    /// Of the last entry in the bucket `key`; 0 when there is none.
    pub revision: i64,
    /// Entries of all buckets.
    pub total_key: u64,
    /// All pages, in bytes.
    pub total_size_bytes: u64,
    /// The storage version that the file says it is of; for who knows how to find it, empty here.
    pub version: String,
}

impl Db {
    /// Reads the whole file, after it was checked as etcdctl does.
    ///
    /// # Errors
    /// As [`Db::check`], and [`Error::NotARevision`].
    pub fn snapshot_status(&self) -> Result<SnapshotStatus, Error> {
        self.check()?;
        let mut status =
            SnapshotStatus { total_size_bytes: self.size_bytes(), ..Default::default() };
        for bucket in self.buckets()? {
            status.hash = crc32c::crc32c_append(status.hash, &bucket.name);
            let mut last: &[u8] = &[];
            let mut cursor = Cursor::new(self, bucket.root()?);
            while let Some(step) = cursor.step() {
                let Step::Item(element) = step? else { continue };
                status.hash = crc32c::crc32c_append(status.hash, element.key);
                status.hash = crc32c::crc32c_append(status.hash, element.pair_value());
                status.total_key += 1;
                last = element.key;
            }
            if bucket.name == KEY_BUCKET && !last.is_empty() {
                status.revision = main_revision(last)?;
            }
        }
        Ok(status)
    }
}

fn main_revision(key: &[u8]) -> Result<i64, Error> {
    match key.first_chunk::<8>() {
        Some(main) if key.len() >= REVISION_BYTES => Ok(i64::from_be_bytes(*main)),
        _ => Err(Error::NotARevision),
    }
}
