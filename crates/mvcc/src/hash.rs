//! HashKV: one number that two members at the same revision must agree on (H1, H2).

use prost::Message;

use crate::{Error, Revision, Store};

/// The hash, and which part of history it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKv {
    pub hash: u32,
    /// -1 when nothing was compacted.
    pub compact_revision: i64,
    pub hash_revision: i64,
}

impl Store {
    /// Castagnoli's CRC-32 over the bucket's name and every entry up to `rev` (0: the current
    /// revision; below that there is nothing), in the bytes of the backend.
    ///
    /// # Errors
    /// When `rev` is compacted or still to come.
    pub fn hash_kv(&self, rev: i64) -> Result<HashKv, Error> {
        let first = self.compacted + i64::from(!self.rules.hashes_at_compaction);
        if rev > 0 && rev < first {
            return Err(Error::Compacted);
        }
        if rev > self.current {
            return Err(Error::FutureRev);
        }
        let hash_revision = if rev == 0 { self.current } else { rev };
        let keep = self.index.keep(hash_revision);
        let mut hash = crc32c::crc32c(b"key");
        let mut bytes = vec![];
        for (rev, stored) in self.revs.range(..Revision::new(hash_revision.saturating_add(1), 0)) {
            // Of what compaction left, only what is visible at the hashed revision counts, unless
            // nothing is visible there at all. (One would expect the compacted revision here; the
            // hashes of etcd's own tests say otherwise.)
            let old = rev.main <= self.compacted;
            if old && !keep.is_empty() && !keep.contains(rev) {
                continue;
            }
            // Versions that compact such a tombstone away must agree with those that keep it.
            if stored.tombstone && rev.main == self.compacted {
                continue;
            }
            bytes.clear();
            rev.bucket_key(stored.tombstone, &mut bytes);
            stored.kv.encode_raw(&mut bytes);
            hash = crc32c::crc32c_append(hash, &bytes);
        }
        Ok(HashKv { hash, compact_revision: self.compacted, hash_revision })
    }
}
