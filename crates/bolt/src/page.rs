//! One page, as bytes: its header and its elements, each checked against where the page ends.
//!
//! bbolt writes the keys and values of a page in the order of its elements, without holes. Here an
//! element may not begin before its predecessor ends: so no page says more than its own length, however
//! many elements it claims to have.

use crate::{Error, Fault};

/// Id u64, flags u16, count u16, overflow u32; little endian, as everything here.
pub(crate) const PAGE_HEADER_BYTES: usize = 16;
/// Of a leaf (flags, position, sizes of key and value) or a branch (position, size of key, page).
pub(crate) const ELEMENT_BYTES: usize = 16;

pub(crate) const BRANCH_FLAG: u16 = 0x01;
pub(crate) const LEAF_FLAG: u16 = 0x02;
pub(crate) const META_FLAG: u16 = 0x04;
pub(crate) const FREELIST_FLAG: u16 = 0x10;
/// On an element of a leaf: the value is a bucket.
pub(crate) const BUCKET_FLAG: u32 = 0x01;

/// What a bucket's value begins with: the page of its root (0: its leaf follows here) and a sequence.
pub(crate) const BUCKET_HEADER_BYTES: usize = 16;

/// A page with all that it runs over to.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) id: u64,
    pub(crate) flags: u16,
    pub(crate) count: u16,
    bytes: &'a [u8],
}

/// An element: of a leaf with `flags` and a value, of a branch with the page that it leads to.
pub(crate) struct Element<'a> {
    pub(crate) flags: u32,
    pub(crate) key: &'a [u8],
    pub(crate) value: &'a [u8],
    pub(crate) child: u64,
}

impl<'a> Element<'a> {
    /// The value of a pair; none when it is a bucket.
    pub(crate) fn pair_value(&self) -> &'a [u8] {
        if self.flags & BUCKET_FLAG == 0 { self.value } else { &[] }
    }
}

impl<'a> Page<'a> {
    /// The page that `bytes` are, which is called `id`.
    pub(crate) fn new(id: u64, bytes: &'a [u8]) -> Result<Page<'a>, Error> {
        if bytes.len() < PAGE_HEADER_BYTES {
            return Err(Error::Page { id, fault: Fault::OutOfBounds });
        }
        if u64_at(bytes, 0) != id {
            return Err(Error::Page { id, fault: Fault::WrongId });
        }
        let (flags, count) = (u16_at(bytes, 8), u16_at(bytes, 10));
        Ok(Page { id, flags, count, bytes })
    }

    /// The leaf of an inline bucket, which has no number of its own.
    pub(crate) fn inline(bytes: &'a [u8]) -> Result<Page<'a>, Error> {
        let page = Page::new(0, bytes)?;
        if page.flags == LEAF_FLAG { Ok(page) } else { Err(page.fault(Fault::InvalidType)) }
    }

    /// Where the first element's key may begin.
    pub(crate) fn data_start(&self) -> usize {
        PAGE_HEADER_BYTES + usize::from(self.count) * ELEMENT_BYTES
    }

    /// The element at `index`, whose key may not begin before `free`; and where its bytes end.
    pub(crate) fn element(&self, index: u16, free: usize) -> Result<(Element<'a>, usize), Error> {
        let fault = self.fault(Fault::Element);
        let at = PAGE_HEADER_BYTES + usize::from(index) * ELEMENT_BYTES;
        if index >= self.count || self.bytes.len() < self.data_start() {
            return Err(fault);
        }
        let head = &self.bytes[at..at + ELEMENT_BYTES];
        let branch = self.flags == BRANCH_FLAG;
        let (flags, from, key_len, value_len, child) = if branch {
            (0, u32_at(head, 0), u32_at(head, 4), 0, u64_at(head, 8))
        } else {
            (u32_at(head, 0), u32_at(head, 4), u32_at(head, 8), u32_at(head, 12), 0)
        };
        // In 64 bits: three numbers of 32 bits and a place in memory cannot overflow there.
        let start = at as u64 + u64::from(from);
        let middle = start + u64::from(key_len);
        let end = middle + u64::from(value_len);
        if start < free as u64 || end > self.bytes.len() as u64 || key_len == 0 {
            return Err(fault);
        }
        let (start, middle, end) = (start as usize, middle as usize, end as usize);
        let (key, value) = (&self.bytes[start..middle], &self.bytes[middle..end]);
        Ok((Element { flags, key, value, child }, end))
    }

    /// The ids in a page of the list of free pages. The first tells how many there are when the count
    /// has no room for it.
    pub(crate) fn free_ids(&self) -> Result<impl Iterator<Item = u64> + use<'a>, Error> {
        let body = &self.bytes[PAGE_HEADER_BYTES..];
        let fault = self.fault(Fault::Element);
        let (body, count) = match self.count {
            0xFFFF if body.len() < 8 => return Err(fault),
            0xFFFF => (&body[8..], u64_at(body, 0)),
            count => (body, u64::from(count)),
        };
        if count > (body.len() / 8) as u64 {
            return Err(fault);
        }
        Ok(body.chunks_exact(8).take(count as usize).map(|id| u64_at(id, 0)))
    }

    pub(crate) fn fault(&self, fault: Fault) -> Error {
        Error::Page { id: self.id, fault }
    }
}

/// Writes a page's header over the first bytes of `page`.
pub(crate) fn put_header(page: &mut [u8], id: u64, flags: u16, count: u16, overflow: u32) {
    page[..8].copy_from_slice(&id.to_le_bytes());
    page[8..10].copy_from_slice(&flags.to_le_bytes());
    page[10..12].copy_from_slice(&count.to_le_bytes());
    page[12..16].copy_from_slice(&overflow.to_le_bytes());
}

/// The number at `at`, which the caller knows to be there; likewise below.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}
