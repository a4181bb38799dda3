//! A file to read: its buckets, and the pairs in them.

use bytes::Bytes;

use crate::cursor::{Cursor, Root, Step};
use crate::meta::{self, Meta};
use crate::page::{BUCKET_FLAG, BUCKET_HEADER_BYTES, Page, u32_at};
use crate::{Error, Fault, Sum};

/// A database: the state that the newer valid meta page names.
#[derive(Clone, Debug)]
pub struct Db {
    file: Bytes,
    meta: Meta,
    sums: [Option<u64>; 2],
}

/// A bucket of the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name, a part of the file.
    pub name: Bytes,
    value: Bytes,
}

impl Db {
    /// Opens a file, or a snapshot with what follows its last page. Only the meta pages are looked at
    /// here, so that opening takes no time; the rest is checked where it is read.
    ///
    /// # Errors
    /// bbolt's own for a file without a valid meta page, and [`Error::FileTooSmall`] for one that is
    /// cut.
    pub fn open(file: Bytes) -> Result<Db, Error> {
        let (meta, sums) = Meta::find(&file)?;
        Ok(Db { file, meta, sums })
    }

    /// Buckets in the order of their names.
    ///
    /// # Errors
    /// When the root is broken, or holds something else than buckets.
    pub fn buckets(&self) -> Result<Vec<Bucket>, Error> {
        let mut found = vec![];
        let mut cursor = Cursor::new(self, Root::Page(self.meta.root));
        while let Some(step) = cursor.step() {
            let Step::Item(element) = step? else { continue };
            if element.flags & BUCKET_FLAG == 0 || element.value.len() < BUCKET_HEADER_BYTES {
                return Err(Error::IncompatibleValue);
            }
            let (name, value) = (element.key, element.value);
            let part = |bytes| self.file.slice_ref(bytes);
            found.push(Bucket { name: part(name), value: part(value) });
        }
        Ok(found)
    }

    /// The bucket of that name, if there is one.
    ///
    /// # Errors
    /// As [`Db::buckets`].
    pub fn bucket(&self, name: &[u8]) -> Result<Option<Bucket>, Error> {
        Ok(self.buckets()?.into_iter().find(|bucket| bucket.name == name))
    }

    /// The pairs of a bucket of this file, in the order of their keys. As in bbolt's `ForEach`, a
    /// bucket inside it is a key without a value.
    ///
    /// # Errors
    /// When the bucket's header is broken; what is broken further on is an item.
    pub fn pairs<'a>(&'a self, bucket: &'a Bucket) -> Result<Pairs<'a>, Error> {
        let root = bucket.root()?;
        let memory = match root {
            Root::Page(_) => &self.file,
            Root::Inline(_) => &bucket.value,
        };
        Ok(Pairs { memory, cursor: Cursor::new(self, root) })
    }

    /// Whether every page is still what [`crate::Writer`] left. It costs one pass over the file.
    pub fn verify(&self) -> Sum {
        let size = self.page_size();
        meta::verify(&self.file[2 * size..self.meta.high_water as usize * size], self.sums)
    }

    /// The size of all pages in bytes, which `snapshot status` calls total size. A file may be longer:
    /// bbolt lets it grow ahead, and a snapshot ends with a sum.
    pub fn size_bytes(&self) -> u64 {
        self.meta.high_water * u64::from(self.meta.page_size_bytes)
    }

    /// The size of one page in bytes.
    pub fn page_size_bytes(&self) -> u32 {
        self.meta.page_size_bytes
    }

    pub(crate) fn meta(&self) -> &Meta {
        &self.meta
    }

    pub(crate) fn high_water(&self) -> u64 {
        self.meta.high_water
    }

    /// The page of that number, and how many pages long it is.
    pub(crate) fn page(&self, id: u64) -> Result<(Page<'_>, u64), Error> {
        let fault = Error::Page { id, fault: Fault::OutOfBounds };
        if id < 2 || id >= self.meta.high_water {
            return Err(fault);
        }
        // The file has all pages up to the high water mark, so the rest cannot overflow.
        let size = self.page_size();
        let start = id as usize * size;
        let pages = 1 + u64::from(u32_at(&self.file, start + 12));
        if pages > self.meta.high_water - id {
            return Err(fault);
        }
        Ok((Page::new(id, &self.file[start..start + pages as usize * size])?, pages))
    }

    fn page_size(&self) -> usize {
        self.meta.page_size_bytes as usize
    }
}

impl Bucket {
    pub(crate) fn root(&self) -> Result<Root<'_>, Error> {
        Root::of_bucket(&self.value)
    }
}

/// Pairs of key and value, which share the file's memory and keep it. An error is the last item.
pub struct Pairs<'a> {
    memory: &'a Bytes,
    cursor: Cursor<'a>,
}

impl Iterator for Pairs<'_> {
    type Item = Result<(Bytes, Bytes), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.cursor.step()? {
                Ok(Step::Page { .. }) => {}
                Ok(Step::Item(element)) => {
                    let pair = (element.key, element.pair_value());
                    return Some(Ok((
                        self.memory.slice_ref(pair.0),
                        self.memory.slice_ref(pair.1),
                    )));
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
