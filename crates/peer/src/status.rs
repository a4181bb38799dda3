//! The status that ends a call: gRPC puts it into the trailers, or into the headers of an answer
//! that has no body.

use http::HeaderMap;
use proto::{Code, Status};

/// All codes but OK, by number from 1 on.
const CODES: [Code; 16] = [
    Code::Canceled,
    Code::Unknown,
    Code::InvalidArgument,
    Code::DeadlineExceeded,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::ResourceExhausted,
    Code::FailedPrecondition,
    Code::Aborted,
    Code::OutOfRange,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::DataLoss,
    Code::Unauthenticated,
];

/// Reads `grpc-status` and `grpc-message`; `None` when there is no status in these headers.
pub(crate) fn status_of(headers: &HeaderMap) -> Option<Result<(), Status>> {
    let number = headers.get("grpc-status")?.to_str().ok()?;
    if number == "0" {
        return Some(Ok(()));
    }
    let at = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let code = at.and_then(|at| CODES.get(at)).copied().unwrap_or(Code::Unknown);
    let text = headers.get("grpc-message").map_or(&[][..], |text| text.as_bytes());
    Some(Err(Status::new(code, unescape(text))))
}

/// Undoes gRPC's escaping of a message: `%` and two hexadecimal digits for a byte. What is no such
/// thing stands for itself.
fn unescape(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten().and_then(hex);
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(status: &str, message: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", status.parse().expect("a value"));
        headers.insert("grpc-message", message.parse().expect("a value"));
        headers
    }

    #[test]
    fn codes_and_escaped_texts_are_read() {
        for (number, message, expected) in [
            ("0", "", Ok(())),
            ("1", "gone", Err(Status::new(Code::Canceled, "gone"))),
            ("11", "50%25 of %E4%B8%AD", Err(Status::new(Code::OutOfRange, "50% of \u{4e2d}"))),
            ("16", "%", Err(Status::new(Code::Unauthenticated, "%"))),
            ("99", "%+1%zz", Err(Status::new(Code::Unknown, "%+1%zz"))),
        ] {
            assert_eq!(status_of(&headers(number, message)), Some(expected), "{number} {message}");
        }
        assert_eq!(status_of(&HeaderMap::new()), None);
        for (at, code) in CODES.into_iter().enumerate() {
            assert_eq!(code as usize, at + 1);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in prop::collection::vec(any::<u8>(), 0..40)) {
            unescape(&text);
        }

        #[test]
        fn an_escaped_text_comes_back(text in "\\PC{0,20}") {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(unescape(escaped.as_bytes()), text);
        }
    }
}
