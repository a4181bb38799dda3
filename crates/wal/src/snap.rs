//! Snapshot files (`etcdserver/api/snap`): `%016x-%016x.snap`, term and index, with the marshalled
//! `raftpb.Snapshot` inside a `snappb.Snapshot` that has its checksum.
//!
//! The file of a database that came from the leader waits beside them as `%016x.snap.db` until its
//! snapshot is taken in.

use bytes::Bytes;
use prost::Message;

/// `snappb.Snapshot`.
#[derive(Clone, PartialEq, Message)]
struct Envelope {
    /// CRC-32 (Castagnoli) of `data`.
    #[prost(uint32, required, tag = "1")]
    crc: u32,
    #[prost(bytes = "bytes", optional, tag = "2")]
    data: Option<Bytes>,
}

/// Why a snapshot file cannot be used; the texts are etcd's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapError {
    /// Nothing is in it.
    Empty,
    CrcMismatch,
    /// It is no envelope at all.
    Malformed,
}

impl std::fmt::Display for SnapError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SnapError::Empty => "snap: empty snapshot",
            SnapError::CrcMismatch => "snap: crc mismatch",
            SnapError::Malformed => "proto: illegal snapshot envelope",
        })
    }
}

impl std::error::Error for SnapError {}

/// The name of the file of the snapshot at `index`, which has this term.
pub fn snap_file_name(term: u64, index: u64) -> String {
    format!("{term:016x}-{index:016x}.snap")
}

/// Term and index of such a name; `None` for another.
pub fn parse_snap_file_name(name: &str) -> Option<(u64, u64)> {
    crate::name::two_numbers(name.strip_suffix(".snap")?)
}

/// The name under which the database of a received snapshot waits.
pub fn snap_db_file_name(index: u64) -> String {
    format!("{index:016x}.snap.db")
}

/// A file that holds this `raftpb.Snapshot`.
pub fn encode_snap(snapshot: &[u8]) -> Vec<u8> {
    let crc = crc32c::crc32c(snapshot);
    Envelope { crc, data: Some(Bytes::copy_from_slice(snapshot)) }.encode_to_vec()
}

/// The `raftpb.Snapshot` in a file.
///
/// # Errors
/// When the file is not as it was written.
pub fn decode_snap(file: Bytes) -> Result<Bytes, SnapError> {
    if file.is_empty() {
        return Err(SnapError::Empty);
    }
    let envelope = Envelope::decode(file).map_err(|_| SnapError::Malformed)?;
    let data = envelope.data.filter(|data| !data.is_empty() && envelope.crc != 0);
    let data = data.ok_or(SnapError::Empty)?;
    if crc32c::crc32c(&data) == envelope.crc { Ok(data) } else { Err(SnapError::CrcMismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_and_a_changed_one_is_refused() {
        let file = encode_snap(b"a snapshot");
        assert_eq!(decode_snap(file.clone().into()), Ok(Bytes::from_static(b"a snapshot")));
        assert_eq!(decode_snap(Bytes::new()), Err(SnapError::Empty));
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                // A bit beyond the 32 of the checksum says nothing.
                let read = decode_snap(changed.into());
                let same = read.as_ref().is_ok_and(|data| data == "a snapshot".as_bytes());
                assert!(read.is_err() || (same && at < 6), "bit {bit} of byte {at}");
            }
            assert!(decode_snap(file[..at].to_vec().into()).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn names_are_etcds_and_read_back() {
        assert_eq!(snap_file_name(2, 255), "0000000000000002-00000000000000ff.snap");
        assert_eq!(parse_snap_file_name(&snap_file_name(7, u64::MAX)), Some((7, u64::MAX)));
        assert_eq!(parse_snap_file_name("00000000000000ff.snap.db"), None);
        assert_eq!(snap_db_file_name(255), "00000000000000ff.snap.db");
    }
}
