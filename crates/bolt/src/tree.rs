//! Building one tree from pairs that come in order: full nodes leave at the front, level by level.
//!
//! Nodes are split where bbolt's `node.split` would split them if it had all pairs at once, so a tree
//! is what a defragmentation leaves behind. Only as much waits here as the split needs to see.

use crate::Error;
use crate::page::{
    BRANCH_FLAG, BUCKET_HEADER_BYTES, ELEMENT_BYTES, LEAF_FLAG, PAGE_HEADER_BYTES, put_header,
};

/// A node of up to this many elements is never split, and no part is left with fewer than half.
const UNSPLIT_ELEMENTS: usize = 4;
const MIN_ELEMENTS: usize = UNSPLIT_ELEMENTS / 2;

/// The file as far as it is written: whole pages.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) page_size_bytes: u32,
}

/// A tree whose pairs are still to come.
pub(crate) struct Tree {
    /// Leaves first, then branches; the last one's nodes are not named by any other yet.
    levels: Vec<Level>,
}

#[derive(Default)]
struct Level {
    elements: Vec<Waiting>,
    /// Keys and values of the elements, one after the other.
    data: Vec<u8>,
}

struct Waiting {
    flags: u32,
    key_len: u32,
    value_len: u32,
    child: u64,
}

impl Tree {
    pub(crate) fn new() -> Tree {
        Tree { levels: vec![Level::default()] }
    }

    /// Adds a pair, whose key the caller knows to follow.
    pub(crate) fn put(
        &mut self,
        file: &mut File,
        flags: u32,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), Error> {
        self.levels[0].push(flags, key, value)?;
        self.settle(file);
        Ok(())
    }

    /// Ends the tree: the page of its root.
    pub(crate) fn finish(mut self, file: &mut File) -> u64 {
        let mut at = 0;
        loop {
            while let Some((count, _)) = self.levels[at].split(file.size()) {
                self.emit(file, at, count);
            }
            let rest = self.levels[at].elements.len();
            if at + 1 == self.levels.len() {
                return self.levels[at].write(file, rest, at > 0);
            }
            self.emit(file, at, rest);
            at += 1;
        }
    }

    /// The value that describes this tree as a bucket: with its leaf in it when that is no longer than
    /// a quarter of a page, else with the page of its root.
    pub(crate) fn into_bucket(self, file: &mut File) -> Vec<u8> {
        let inline = self.levels.len() == 1 && self.levels[0].size() <= file.size() / 4;
        let mut value = vec![0; BUCKET_HEADER_BYTES];
        if inline {
            let leaf = &self.levels[0];
            leaf.render(&mut value, leaf.elements.len(), false);
        } else {
            value[..8].copy_from_slice(&self.finish(file).to_le_bytes());
        }
        value
    }

    /// Lets the full nodes of the leaves go, and then those above them.
    fn settle(&mut self, file: &mut File) {
        for at in 0.. {
            let before = file.bytes.len();
            while let Some((count, true)) = self.levels[at].split(file.size()) {
                self.emit(file, at, count);
            }
            if file.bytes.len() == before {
                break;
            }
        }
    }

    /// Writes the first elements of a level as a node, and its first key into the level above.
    fn emit(&mut self, file: &mut File, at: usize, count: usize) {
        if at + 1 == self.levels.len() {
            self.levels.push(Level::default());
        }
        let level = &mut self.levels[at];
        let key = level.data[..level.elements[0].key_len as usize].to_vec();
        let id = level.write(file, count, at > 0);
        self.levels[at + 1].add(0, &key, &[], id);
    }
}

impl File {
    fn size(&self) -> usize {
        self.page_size_bytes as usize
    }
}

impl Level {
    fn push(&mut self, flags: u32, key: &[u8], value: &[u8]) -> Result<(), Error> {
        // Positions in a page have 32 bits. Half of that is far more than elements and keys that wait
        // take together.
        let most = u32::MAX as usize / 2;
        if self.data.len() > most || value.len() > most {
            return Err(Error::ValueTooLarge);
        }
        self.add(flags, key, value, 0);
        Ok(())
    }

    fn add(&mut self, flags: u32, key: &[u8], value: &[u8], child: u64) {
        let (key_len, value_len) = (key.len() as u32, value.len() as u32);
        self.elements.push(Waiting { flags, key_len, value_len, child });
        self.data.extend_from_slice(key);
        self.data.extend_from_slice(value);
    }

    /// What all that waits would take as one node.
    fn size(&self) -> usize {
        PAGE_HEADER_BYTES + self.elements.len() * ELEMENT_BYTES + self.data.len()
    }

    /// How many elements the first node gets if what waits is too much for one; and whether that stays
    /// so whatever is still to come.
    fn split(&self, page_size: usize) -> Option<(usize, bool)> {
        if self.elements.len() <= UNSPLIT_ELEMENTS || self.size() < page_size {
            return None;
        }
        // etcd has its pages filled to nine tenths.
        let threshold = page_size * 9 / 10;
        let last = self.elements.len() - MIN_ELEMENTS - 1;
        let mut size = PAGE_HEADER_BYTES;
        for (at, element) in self.elements[..=last].iter().enumerate() {
            size += element.size();
            if at >= MIN_ELEMENTS && size > threshold {
                return Some((at, true));
            }
        }
        Some((last, false))
    }

    /// Moves the first elements into a page of their own, and what they run over to.
    fn write(&mut self, file: &mut File, count: usize, branch: bool) -> u64 {
        let (start, page_size) = (file.bytes.len(), file.size());
        let data = self.render(&mut file.bytes, count, branch);
        let pages = (file.bytes.len() - start).div_ceil(page_size);
        file.bytes.resize(start + pages * page_size, 0);
        let id = (start / page_size) as u64;
        let page = &mut file.bytes[start..];
        page[..8].copy_from_slice(&id.to_le_bytes());
        page[12..16].copy_from_slice(&(pages as u32 - 1).to_le_bytes());
        self.elements.drain(..count);
        self.data.drain(..data);
        id
    }

    /// Appends the first elements as a page without a number to `out`: how many bytes of `data` they
    /// have.
    fn render(&self, out: &mut Vec<u8>, count: usize, branch: bool) -> usize {
        let start = out.len();
        out.resize(start + PAGE_HEADER_BYTES, 0);
        let flags = if branch { BRANCH_FLAG } else { LEAF_FLAG };
        put_header(&mut out[start..], 0, flags, count as u16, 0);
        let mut data = 0;
        for (at, element) in self.elements[..count].iter().enumerate() {
            // A position counts from the element itself.
            let position = ((count - at) * ELEMENT_BYTES + data) as u32;
            if branch {
                put(out, &[position, element.key_len]);
                out.extend_from_slice(&element.child.to_le_bytes());
            } else {
                put(out, &[element.flags, position, element.key_len, element.value_len]);
            }
            data += element.data_len();
        }
        out.extend_from_slice(&self.data[..data]);
        data
    }
}

impl Waiting {
    fn data_len(&self) -> usize {
        self.key_len as usize + self.value_len as usize
    }

    fn size(&self) -> usize {
        ELEMENT_BYTES + self.data_len()
    }
}

fn put(out: &mut Vec<u8>, fields: &[u32]) {
    fields.iter().for_each(|field| out.extend_from_slice(&field.to_le_bytes()));
}
