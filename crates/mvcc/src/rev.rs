//! A revision: which transaction, and which change in it.

/// Ordered by transaction, then by change (R1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The store's revision after the transaction; from 2 on.
    pub main: i64,
    /// The running number of the change in it; from 0 on.
    pub sub: i64,
}

impl Revision {
    pub fn new(main: i64, sub: i64) -> Self {
        Revision { main, sub }
    }

    /// Its key in the backend's bucket `key` (R6): 17 bytes, and a mark for a tombstone (R5).
    pub fn bucket_key(self, tombstone: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.main.to_be_bytes());
        out.push(b'_');
        out.extend_from_slice(&self.sub.to_be_bytes());
        if tombstone {
            out.push(b't');
        }
    }

    /// The revision of a key of that bucket, and whether it is a tombstone's; `None` for bytes that
    /// are neither.
    pub fn from_bucket_key(key: &[u8]) -> Option<(Revision, bool)> {
        let (main, rest) = key.split_first_chunk::<8>()?;
        let (sub, mark) = rest.strip_prefix(b"_")?.split_first_chunk::<8>()?;
        let rev = Revision::new(i64::from_be_bytes(*main), i64::from_be_bytes(*sub));
        match mark {
            [] => Some((rev, false)),
            b"t" => Some((rev, true)),
            _ => None,
        }
    }
}
