//! The bucket `lease`: eight bytes of id, then the lease as a message (L11). Attached keys are not
//! in it: each key knows its lease (R10).

use std::collections::BTreeMap;

use prost::{DecodeError, Message};
use proto::leasepb;

use super::{Lease, Lessor};

impl Lessor {
    /// The bucket's pairs, in its order.
    pub fn bucket(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let pair = |id: i64, lease: &Lease| {
            let value =
                leasepb::Lease { id, ttl: lease.ttl_s, remaining_ttl: lease.remaining_ttl_s };
            (id.to_be_bytes().to_vec(), value.encode_to_vec())
        };
        // Negative ids come last: a bucket's order is that of bytes.
        let positive = self.leases.range(0..).chain(self.leases.range(..0));
        positive.map(|(id, lease)| pair(*id, lease)).collect()
    }

    /// The lessor of a bucket's values, with no key attached yet and not the primary. Leases below
    /// `min_ttl_s` are raised to it, as when granted.
    ///
    /// # Errors
    /// When a value is no lease.
    pub fn from_bucket<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
        min_ttl_s: i64,
    ) -> Result<Lessor, DecodeError> {
        let mut leases = BTreeMap::new();
        for value in values {
            let kept = leasepb::Lease::decode(value)?;
            let ttl_s = kept.ttl.max(min_ttl_s);
            let lease = Lease { ttl_s, remaining_ttl_s: kept.remaining_ttl, ..Lease::default() };
            leases.insert(kept.id, lease);
        }
        Ok(Lessor { leases, ..Lessor::new(min_ttl_s) })
    }
}
