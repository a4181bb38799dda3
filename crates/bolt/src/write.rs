//! A compact file of buckets: what etcd's defragmentation leaves behind.
//!
//! Two meta pages, an empty list of free pages, then the trees of the buckets, and last the root's. The
//! same pairs make the same bytes.

use crate::meta;
use crate::page::{BUCKET_FLAG, FREELIST_FLAG, put_header};
use crate::tree::{File, Tree};
use crate::{Error, MAX_KEY_SIZE_BYTES, MAX_VALUE_SIZE_BYTES, PAGE_SIZE_BYTES};

const FREELIST_PAGE: u64 = 2;
const FIXED_PAGES: usize = 3;
const PAGE_SIZES_BYTES: std::ops::RangeInclusive<u32> = 1024..=65536;

/// Writes a file bucket by bucket, pair by pair, each in the order of bytes.
///
/// A pair is copied when it comes, so one buffer can serve for all. After an error the file cannot be
/// finished.
pub struct Writer {
    file: File,
    /// Names of buckets with their values.
    root: Tree,
    last_bucket: Vec<u8>,
    bucket: Option<Tree>,
    last_key: Vec<u8>,
    failed: Option<Error>,
}

impl Default for Writer {
    fn default() -> Writer {
        Writer::sized(PAGE_SIZE_BYTES)
    }
}

impl Writer {
    /// A writer of a file with pages of so many bytes: bbolt takes the size that the machine has which
    /// wrote the file first.
    ///
    /// # Errors
    /// [`Error::PageSize`] for anything but a power of two from 1024 to 65536.
    pub fn with_page_size(page_size_bytes: u32) -> Result<Writer, Error> {
        if page_size_bytes.is_power_of_two() && PAGE_SIZES_BYTES.contains(&page_size_bytes) {
            Ok(Writer::sized(page_size_bytes))
        } else {
            Err(Error::PageSize)
        }
    }

    fn sized(page_size_bytes: u32) -> Writer {
        let bytes = vec![0; FIXED_PAGES * page_size_bytes as usize];
        Writer {
            file: File { bytes, page_size_bytes },
            root: Tree::new(),
            last_bucket: vec![],
            bucket: None,
            last_key: vec![],
            failed: None,
        }
    }

    /// Begins the next bucket, which may stay empty.
    ///
    /// # Errors
    /// When the name is empty, too long, or not behind the one before.
    pub fn bucket(&mut self, name: &[u8]) -> Result<(), Error> {
        self.end_bucket()?;
        if name.is_empty() {
            return self.fail(Error::BucketNameRequired);
        }
        if let Err(error) = follows(&self.last_bucket, name) {
            return self.fail(error);
        }
        replace(&mut self.last_bucket, name);
        self.last_key.clear();
        self.bucket = Some(Tree::new());
        Ok(())
    }

    /// Adds a pair to the bucket that was begun last.
    ///
    /// # Errors
    /// As bbolt refuses them: an empty or too long key, a too long value; and keys that do not ascend.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        match self.try_put(key, value) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(error),
        }
    }

    /// The file.
    ///
    /// # Errors
    /// What was refused before.
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.end_bucket()?;
        let Writer { mut file, root, .. } = self;
        let size = file.page_size_bytes as usize;
        put_header(&mut file.bytes[2 * size..], FREELIST_PAGE, FREELIST_FLAG, 0, 0);
        let root = root.finish(&mut file);
        meta::seal(&mut file.bytes, file.page_size_bytes, root, FREELIST_PAGE);
        Ok(file.bytes)
    }

    fn try_put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        self.failed.map_or(Ok(()), Err)?;
        let bucket = self.bucket.as_mut().ok_or(Error::BucketNotFound)?;
        if value.len() as u64 > u64::from(MAX_VALUE_SIZE_BYTES) {
            return Err(Error::ValueTooLarge);
        }
        follows(&self.last_key, key)?;
        replace(&mut self.last_key, key);
        bucket.put(&mut self.file, 0, key, value)
    }

    fn end_bucket(&mut self) -> Result<(), Error> {
        self.failed.map_or(Ok(()), Err)?;
        let Some(bucket) = self.bucket.take() else { return Ok(()) };
        let value = bucket.into_bucket(&mut self.file);
        self.root.put(&mut self.file, BUCKET_FLAG, &self.last_bucket, &value)
    }

    fn fail(&mut self, error: Error) -> Result<(), Error> {
        self.failed = Some(error);
        Err(error)
    }
}

/// Writes the file of these buckets with their pairs; all in the order of bytes.
///
/// # Errors
/// As [`Writer`].
pub fn write<N, P, K, V>(buckets: impl IntoIterator<Item = (N, P)>) -> Result<Vec<u8>, Error>
where
    N: AsRef<[u8]>,
    P: IntoIterator<Item = (K, V)>,
    K: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let mut writer = Writer::default();
    for (name, pairs) in buckets {
        writer.bucket(name.as_ref())?;
        for (key, value) in pairs {
            writer.put(key.as_ref(), value.as_ref())?;
        }
    }
    writer.finish()
}

/// Whether a key (or a name) may stand behind `last`; nothing stands before the first.
fn follows(last: &[u8], key: &[u8]) -> Result<(), Error> {
    if key.is_empty() {
        return Err(Error::KeyRequired);
    }
    if key.len() as u64 > u64::from(MAX_KEY_SIZE_BYTES) {
        return Err(Error::KeyTooLarge);
    }
    if key > last { Ok(()) } else { Err(Error::OutOfOrder) }
}

fn replace(last: &mut Vec<u8>, key: &[u8]) {
    last.clear();
    last.extend_from_slice(key);
}
