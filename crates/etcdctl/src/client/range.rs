//! Ranges as clientv3 writes them (`clientv3/op.go`).

use bytes::Bytes;

/// One zero byte: the smallest key as a start, and "no end" as an end.
pub(crate) const ZERO: &[u8] = &[0];

/// The first key after all those that begin with `prefix`.
pub(crate) fn prefix_end(prefix: &[u8]) -> Bytes {
    let Some(last) = prefix.iter().rposition(|byte| *byte < 0xff) else {
        return Bytes::from_static(ZERO);
    };
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Bytes::from(end)
}

/// Start and end of all keys that begin with `prefix`; every key begins with nothing.
pub(crate) fn with_prefix(prefix: Bytes) -> (Bytes, Bytes) {
    if prefix.is_empty() {
        return (Bytes::from_static(ZERO), Bytes::from_static(ZERO));
    }
    let end = prefix_end(&prefix);
    (prefix, end)
}

#[cfg(test)]
mod tests {
    use super::prefix_end;

    #[test]
    fn a_prefix_ends_where_its_last_byte_can_grow() {
        for (prefix, end) in [
            (&b"key"[..], &b"kez"[..]),
            (b"a\xff", b"b"),
            (b"\xff\xff", b"\0"),
            (b"a\xfe", b"a\xff"),
        ] {
            assert_eq!(prefix_end(prefix), end);
        }
    }
}
