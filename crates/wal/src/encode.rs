//! Writing: records into frames, with the checksum that rolls from one to the next.

use prost::Message;
use prost::encoding::{encode_varint, encoded_len_varint};
use proto::raftpb::{Entry, HardState};
use proto::walpb;

use crate::{FRAME_ALIGN_BYTES, RecordType};

/// Appends frames to a buffer and keeps the rolling checksum between them.
///
/// One encoder lives as long as the log is open: a cut to the next file carries the checksum over
/// ([`Encoder::cut_head`]), a restart takes it from [`crate::Recovered::crc`].
#[derive(Clone, Debug)]
pub struct Encoder {
    crc: u32,
}

impl Encoder {
    /// `prev_crc` is the checksum at the end of what is already written; 0 for a new log.
    pub fn new(prev_crc: u32) -> Self {
        Encoder { crc: prev_crc }
    }

    /// The checksum over all data written so far.
    pub fn crc(&self) -> u32 {
        self.crc
    }

    /// The head of the first file: checksum, metadata, and the snapshot at index 0.
    pub fn first_head(&mut self, metadata: &[u8], out: &mut Vec<u8>) {
        self.encode_crc(out);
        self.encode_raw(RecordType::Metadata, metadata, out);
        self.encode_snapshot(&walpb::Snapshot::default(), out);
    }

    /// The head of each later file: checksum so far, metadata, and the hard state unless it is zero.
    pub fn cut_head(&mut self, metadata: &[u8], state: &HardState, out: &mut Vec<u8>) {
        self.encode_crc(out);
        self.encode_raw(RecordType::Metadata, metadata, out);
        self.encode_state(state, out);
    }

    /// What one Ready saves: its entries, then its hard state unless that is zero.
    pub fn save(&mut self, state: &HardState, entries: &[Entry], out: &mut Vec<u8>) {
        for entry in entries {
            self.encode_raw(RecordType::Entry, &entry.encode_to_vec(), out);
        }
        self.encode_state(state, out);
    }

    /// Appends a hard state; a zero one says nothing and is left out, as etcd does.
    pub fn encode_state(&mut self, state: &HardState, out: &mut Vec<u8>) {
        if *state != HardState::default() {
            self.encode_raw(RecordType::State, &state.encode_to_vec(), out);
        }
    }

    /// Appends the place of a snapshot. The snapshot itself must be on the disk before.
    pub fn encode_snapshot(&mut self, snapshot: &walpb::Snapshot, out: &mut Vec<u8>) {
        self.encode_raw(RecordType::Snapshot, &snapshot.encode_to_vec(), out);
    }

    /// Appends a record whose data is marshalled already. For checksum records see the heads.
    pub fn encode_raw(&mut self, kind: RecordType, data: &[u8], out: &mut Vec<u8>) {
        self.crc = crc32c::crc32c_append(self.crc, data);
        self.frame(kind, Some(data), out);
    }

    fn encode_crc(&mut self, out: &mut Vec<u8>) {
        self.frame(RecordType::Crc, None, out);
    }

    /// Length, record and padding. The record is written field by field, so that data is copied
    /// once only.
    fn frame(&self, kind: RecordType, data: Option<&[u8]>, out: &mut Vec<u8>) {
        let (kind, crc) = (kind as u64, u64::from(self.crc));
        let mut len = 2 + encoded_len_varint(kind) + encoded_len_varint(crc);
        if let Some(data) = data {
            len += 1 + encoded_len_varint(data.len() as u64) + data.len();
        }
        let pad = (FRAME_ALIGN_BYTES - len % FRAME_ALIGN_BYTES) % FRAME_ALIGN_BYTES;
        let mark = if pad == 0 { 0 } else { (0x80 | pad as u64) << 56 };
        out.reserve(8 + len + pad);
        out.extend_from_slice(&(len as u64 | mark).to_le_bytes());
        out.push(0x08);
        encode_varint(kind, out);
        out.push(0x10);
        encode_varint(crc, out);
        if let Some(data) = data {
            out.push(0x1a);
            encode_varint(data.len() as u64, out);
            out.extend_from_slice(data);
        }
        out.resize(out.len() + pad, 0);
    }
}
