//! DER: the part of ASN.1's distinguished encoding that certificates and keys use.
//!
//! Reading is strict as Go's `cryptobyte` is: tags of one byte, lengths definite, minimal and within
//! what is there. Nothing is allocated by what a length claims.

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotDer;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag of `[number]`, constructed.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag of `[number] IMPLICIT` over something primitive.
pub(crate) const fn context_primitive(number: u8) -> u8 {
    0x80 | number
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// What is inside.
    pub(crate) contents: &'a [u8],
    /// With tag and length.
    pub(crate) whole: &'a [u8],
}

/// Elements that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, NotDer> {
        let [tag, first, rest @ ..] = self.bytes else { return Err(NotDer) };
        if tag & 0x1f == 0x1f {
            return Err(NotDer);
        }
        let (length, header) = match first {
            0..=0x7f => (usize::from(*first), 2),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let digits = rest.get(..count).ok_or(NotDer)?;
                let length = digits.iter().fold(0u32, |length, b| length << 8 | u32::from(*b));
                if length < 0x80 || digits[0] == 0 {
                    return Err(NotDer);
                }
                (usize::try_from(length).map_err(|_| NotDer)?, 2 + count)
            }
            _ => return Err(NotDer),
        };
        let end = header.checked_add(length).ok_or(NotDer)?;
        let whole = self.bytes.get(..end).ok_or(NotDer)?;
        self.bytes = &self.bytes[end..];
        Ok(Element { tag: *tag, contents: &whole[header..], whole })
    }

    /// The next element, which must have this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Result<Element<'a>, NotDer> {
        self.any().and_then(|element| if element.tag == tag { Ok(element) } else { Err(NotDer) })
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn contents(&mut self, tag: u8) -> Result<&'a [u8], NotDer> {
        Ok(self.element(tag)?.contents)
    }

    /// The elements inside of the next one, which must have this tag.
    pub(crate) fn inside(&mut self, tag: u8) -> Result<Reader<'a>, NotDer> {
        self.contents(tag).map(Reader::new)
    }

    /// The same for an element that may be missing.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Reader<'a>>, NotDer> {
        if self.bytes.first() == Some(&tag) { self.inside(tag).map(Some) } else { Ok(None) }
    }

    /// A bit string of whole bytes.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], NotDer> {
        match self.contents(BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(NotDer),
        }
    }

    /// An integer of no more than 32 bits that is not negative.
    pub(crate) fn small_integer(&mut self) -> Result<u32, NotDer> {
        let digits = unsigned(self.contents(INTEGER)?)?;
        if digits.len() > 4 {
            return Err(NotDer);
        }
        Ok(digits.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// A boolean that may be missing and is false then.
    pub(crate) fn flag(&mut self) -> Result<bool, NotDer> {
        if self.bytes.first() != Some(&BOOLEAN) {
            return Ok(false);
        }
        match self.contents(BOOLEAN)? {
            [0] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(NotDer),
        }
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), NotDer> {
        if self.is_empty() { Ok(()) } else { Err(NotDer) }
    }
}

/// The digits of an integer that is not negative, without the zero before them.
pub(crate) fn unsigned(contents: &[u8]) -> Result<&[u8], NotDer> {
    match contents {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => Err(NotDer),
        [0, digits @ ..] => Ok(digits),
        digits => Ok(digits),
    }
}

/// An element of these contents.
pub(crate) fn write(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let digits = (length as u32).to_be_bytes();
        let skip = digits.iter().take_while(|byte| **byte == 0).count();
        out.push(0x80 | (4 - skip) as u8);
        out.extend_from_slice(&digits[skip..]);
    }
    out.extend_from_slice(contents);
    out
}

/// An element of elements.
pub(crate) fn write_all(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    write(tag, &parts.concat())
}

/// An integer from its digits, big-endian.
pub(crate) fn write_unsigned(digits: &[u8]) -> Vec<u8> {
    let skip = digits.iter().take_while(|byte| **byte == 0).count();
    let mut contents = digits[skip..].to_vec();
    if contents.first().is_none_or(|first| *first >= 0x80) {
        contents.insert(0, 0);
    }
    write(INTEGER, &contents)
}

/// A bit string of whole bytes.
pub(crate) fn write_bits(bytes: &[u8]) -> Vec<u8> {
    write(BIT_STRING, &[&[0], bytes].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_must_be_definite_minimal_and_there() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 0x7f],
            &[0x30, 0x82, 0, 0x80],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x85, 1, 0, 0, 0, 0],
            &[0x1f, 0],
        ] {
            assert!(Reader::new(bytes).any().is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn integers_have_one_form() {
        for (contents, digits) in [
            (&[0][..], Some(&[][..])),
            (&[1], Some(&[1])),
            (&[0, 0x80], Some(&[0x80])),
            (&[], None),
            (&[0x80], None),
            (&[0, 1], None),
        ] {
            assert_eq!(unsigned(contents).ok(), digits, "{contents:x?}");
        }
        for digits in [&[][..], &[0, 0], &[1], &[0x80], &[0, 0xff, 1]] {
            let written = write_unsigned(digits);
            let contents = Reader::new(&written).contents(INTEGER).expect("an integer");
            let skip = digits.iter().take_while(|byte| **byte == 0).count();
            assert_eq!(unsigned(contents), Ok(&digits[skip..]));
        }
    }

    proptest! {
        #[test]
        fn elements_come_back_as_they_went(tag in 0u8..0x1f, length in 0usize..70_000) {
            let contents = vec![7; length];
            let written = [write(tag, &contents), vec![1, 1, 0xff]].concat();
            let mut reader = Reader::new(&written);
            prop_assert_eq!(reader.contents(tag), Ok(&contents[..]));
            prop_assert_eq!(reader.flag(), Ok(true));
            prop_assert!(reader.end().is_ok());
        }

        #[test]
        fn no_bytes_make_it_panic_or_run_on(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            let mut elements = 0;
            while let Ok(element) = reader.any() {
                prop_assert!(element.whole.len() >= 2);
                elements += 1;
            }
            prop_assert!(elements <= bytes.len() / 2);
        }
    }
}
