//! gRPC's framing of messages in a body: one byte that tells of compression, four with the length.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use proto::{Code, Status};

/// Bytes before each message.
const PREFIX: usize = 5;

/// A message as it travels.
pub fn frame(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("no message of etcd's has 4 GiB"));
    framed.extend_from_slice(message);
    framed.freeze()
}

/// Puts messages together from the pieces in which a body arrives.
#[derive(Debug, Default)]
pub struct Frames {
    pending: BytesMut,
}

impl Frames {
    /// Takes the next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.pending.extend_from_slice(piece);
    }

    /// The next whole message, if it is there.
    ///
    /// # Errors
    /// Internal for a compressed message: nobody has asked for one.
    pub fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((prefix, rest)) = self.pending.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let [compressed, length @ ..] = *prefix;
        if compressed != 0 {
            return Err(Status::new(Code::Internal, "grpc: compressed message"));
        }
        let length = u32::from_be_bytes(length) as usize;
        if rest.len() < length {
            return Ok(None);
        }
        self.pending.advance(PREFIX);
        Ok(Some(self.pending.split_to(length).freeze()))
    }

    /// Whether a message is incomplete: then a body must not end here.
    pub fn is_torn(&self) -> bool {
        !self.pending.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_compressed_message_is_refused() {
        let mut frames = Frames::default();
        frames.add(&[1, 0, 0, 0, 0]);
        assert_eq!(frames.take().map_err(|status| status.code), Err(Code::Internal));
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in_however_they_are_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cut in 1usize..20,
        ) {
            let body: Vec<u8> = messages.iter().flat_map(|message| frame(message)).collect();
            let mut frames = Frames::default();
            let mut found: Vec<Vec<u8>> = Vec::new();
            for piece in body.chunks(cut) {
                frames.add(piece);
                while let Some(message) = frames.take().expect("nothing is compressed") {
                    found.push(message.to_vec());
                }
            }
            prop_assert_eq!(found, messages);
            prop_assert!(!frames.is_torn());
        }

        #[test]
        fn any_bytes_at_all_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = Frames::default();
            frames.add(&bytes);
            while let Ok(Some(_)) = frames.take() {}
        }
    }
}
