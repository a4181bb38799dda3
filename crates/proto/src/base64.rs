//! Base64 with either alphabet: bcrypt's own, and the standard one with padding.
//!
//! By hand, because it is small: a general engine would add 12 KB to the lab's module.

/// The letters of a bcrypt hash.
pub const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The letters of RFC 4648.
pub const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// With `=` up to a multiple of four letters.
pub fn encode_padded(bytes: &[u8]) -> String {
    let mut text = encode(STANDARD, bytes);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// `None` for a text that is not padded base64. The bits that a last letter has too many do not
/// count, as in Go.
pub fn decode_padded(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let bare = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    decode(STANDARD, bare)
}

/// Without padding.
pub fn encode(alphabet: &[u8; 64], bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for letter in 0..=group.len() {
            let six = (bits >> (18 - 6 * letter)) & 63;
            text.push(char::from(alphabet[six as usize]));
        }
    }
    text
}

/// `None` for a letter outside of the alphabet, and for a length that no bytes give.
pub fn decode(alphabet: &[u8; 64], text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for (place, letter) in group.iter().enumerate() {
            let six = alphabet.iter().position(|own| own == letter)?;
            bits |= (six as u32) << (18 - 6 * place);
        }
        let [_, whole @ ..] = bits.to_be_bytes();
        match group.len() {
            1 => return None,
            letters => bytes.extend(&whole[..letters - 1]),
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648s_examples_hold_both_ways() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode_padded(bytes.as_bytes()), text);
            assert_eq!(decode_padded(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["Zg", "Zg=", "Z===", "====", "Zg=a", "Z-8=", "Zm9vé"] {
            assert_eq!(decode_padded(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_back(bytes: Vec<u8>, text: String) {
            assert_eq!(decode_padded(&encode_padded(&bytes)), Some(bytes.clone()));
            assert_eq!(decode(BCRYPT, &encode(BCRYPT, &bytes)), Some(bytes));
            let _ = decode_padded(&text);
        }
    }
}
