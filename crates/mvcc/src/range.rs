//! What a key and a range end on the wire mean (Q1).

use std::ops::Bound;

use bytes::Bytes;

/// A set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRange<'a> {
    /// Just this key: no range end.
    One(&'a [u8]),
    /// This key and all after it: the range end is one zero byte.
    From(&'a [u8]),
    /// From the first up to but without the second; none when the second is not greater.
    Span(&'a [u8], &'a [u8]),
}

/// The form an ordered map wants.
pub(crate) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

impl<'a> KeyRange<'a> {
    /// `\0` to `\0` is all keys, as no key is empty.
    pub fn from_wire(key: &'a [u8], range_end: &'a [u8]) -> Self {
        match range_end {
            [] => KeyRange::One(key),
            [0] => KeyRange::From(key),
            end => KeyRange::Span(key, end),
        }
    }

    /// Bounds for an ordered map; `None` when no key can be inside (an ordered map panics on
    /// bounds in the wrong order).
    pub(crate) fn bounds(self) -> Option<Bounds<'a>> {
        match self {
            KeyRange::One(key) => Some((Bound::Included(key), Bound::Included(key))),
            KeyRange::From(key) => Some((Bound::Included(key), Bound::Unbounded)),
            KeyRange::Span(key, end) if key < end => {
                Some((Bound::Included(key), Bound::Excluded(end)))
            }
            KeyRange::Span(..) => None,
        }
    }

    /// Whether `key` is inside.
    pub fn contains(self, key: &[u8]) -> bool {
        match self {
            KeyRange::One(one) => key == one,
            KeyRange::From(first) => key >= first,
            KeyRange::Span(first, end) => first <= key && key < end,
        }
    }
}

/// The range end for all keys with a prefix (Q2): the last byte below 0xff goes up by one and the
/// rest is cut; without such a byte the end is open (`\0`). The client's side only.
pub fn prefix_end(prefix: &[u8]) -> Bytes {
    match prefix.iter().rposition(|byte| *byte < 0xff) {
        Some(last) => {
            let mut end = prefix[..=last].to_vec();
            end[last] += 1;
            end.into()
        }
        None => Bytes::from_static(&[0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_ends_count_up_and_carry_by_cutting() {
        let cases: [(&[u8], &[u8]); 5] = [
            (b"foo", b"fop"),
            (b"a\xff", b"b"),
            (b"\xff\xff", b"\0"),
            (b"", b"\0"),
            (b"/registry/", b"/registry0"),
        ];
        for (prefix, end) in cases {
            assert_eq!(prefix_end(prefix), end, "{prefix:?}");
        }
    }

    #[test]
    fn a_range_whose_end_is_not_greater_is_empty() {
        assert!(KeyRange::from_wire(b"b", b"a").bounds().is_none());
        assert!(KeyRange::from_wire(b"b", b"b").bounds().is_none());
        assert!(!KeyRange::from_wire(b"b", b"a").contains(b"b"));
        assert!(KeyRange::from_wire(b"\0", b"\0").contains(b"\0anything"));
    }
}
