//! What the tests of this crate share: contents in memory, into a file and out of it.

// Each test program uses its own part of this.
#![allow(dead_code)]

use std::collections::BTreeMap;

use bolt::{Db, Error, PAGE_SIZE_BYTES, Writer};
use bytes::Bytes;

pub(crate) type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// Buckets by name.
pub(crate) type Content = BTreeMap<Vec<u8>, Pairs>;

pub(crate) fn written(content: &Content) -> Vec<u8> {
    written_with(PAGE_SIZE_BYTES, content)
}

pub(crate) fn written_with(page_size_bytes: u32, content: &Content) -> Vec<u8> {
    let mut writer = Writer::with_page_size(page_size_bytes).expect("a page size");
    for (name, pairs) in content {
        writer.bucket(name).expect("a bucket");
        for (key, value) in pairs {
            writer.put(key, value).expect("a pair");
        }
    }
    writer.finish().expect("a file")
}

pub(crate) fn open(file: &[u8]) -> Db {
    Db::open(Bytes::copy_from_slice(file)).expect("a database")
}

/// All that a file holds.
pub(crate) fn content(db: &Db) -> Result<Content, Error> {
    let mut content = Content::new();
    for bucket in db.buckets()? {
        let mut pairs = Pairs::new();
        for pair in db.pairs(&bucket)? {
            let (key, value) = pair?;
            assert!(pairs.insert(key.to_vec(), value.to_vec()).is_none(), "a key comes twice");
        }
        assert!(content.insert(bucket.name.to_vec(), pairs).is_none(), "a bucket comes twice");
    }
    Ok(content)
}

/// Buckets of so many small pairs.
pub(crate) fn numbered(buckets: &[(&str, u32)]) -> Content {
    let bucket = |(name, count): &(&str, u32)| (name.as_bytes().to_vec(), revisions(*count, 20));
    buckets.iter().map(bucket).collect()
}

/// Pairs as the bucket `key` has them: revisions from 1 on, with values of so many bytes.
pub(crate) fn revisions(count: u32, value_len: usize) -> Pairs {
    let key = |main: u32| [&u64::from(main).to_be_bytes()[..], b"_", &[0; 8]].concat();
    (1..=count).map(|main| (key(main), vec![main as u8; value_len])).collect()
}
