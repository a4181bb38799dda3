//! Both directions travel as postcard, whose format is specified and stable.

use serde::{Serialize, de::DeserializeOwned};

/// Encodes a message for a transferred buffer.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    postcard::to_allocvec(message).expect("plain data always encodes")
}

/// Decodes a message; the error says what was wrong with the bytes.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    postcard::from_bytes(bytes).map_err(|e| format!("malformed message: {e}"))
}
