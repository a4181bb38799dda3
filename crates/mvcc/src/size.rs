//! How large a bbolt file that held the store would be.
//!
//! The model, all of it in whole pages:
//! - [`FIXED_PAGES`] for the meta pages, the root and the small buckets;
//! - entries (16 bytes of header, the bucket key, the marshalled pair) fill leaf pages to 90 %, which
//!   is what etcd asks of bbolt for keys that only grow; an entry larger than a page has pages of
//!   its own;
//! - one branch page for every so many leaves.
//!
//! The file grows to the most that was ever in use, plus [`COPY_PAGES`] that each commit needs
//! because it never overwrites a page that is in use. Compaction frees pages in the file,
//! defragmentation gives them back. Left out: half-empty leaves that a compaction leaves behind,
//! and the pages of leases, users and alarms.

use prost::Message;

use crate::store::Stored;

const PAGE_BYTES: u64 = 4096;
const PAGE_HEADER_BYTES: u64 = 16;
const ELEMENT_HEADER_BYTES: u64 = 16;
const BUCKET_KEY_BYTES: u64 = 17;
/// What a leaf takes before bbolt starts the next.
const LEAF_FILL_BYTES: u64 = (PAGE_BYTES - PAGE_HEADER_BYTES) * 9 / 10;
const LEAVES_PER_BRANCH: u64 = LEAF_FILL_BYTES / (ELEMENT_HEADER_BYTES + BUCKET_KEY_BYTES);
const FIXED_PAGES: u64 = 4;
const COPY_PAGES: u64 = 1;

#[derive(Clone, Debug)]
pub(crate) struct SizeModel {
    /// Bytes of the entries that share leaves.
    shared_bytes: u64,
    /// Pages of the entries that do not.
    own_pages: u64,
    high_water_pages: u64,
}

impl Default for SizeModel {
    fn default() -> Self {
        let high_water_pages = FIXED_PAGES + COPY_PAGES;
        SizeModel { shared_bytes: 0, own_pages: 0, high_water_pages }
    }
}

impl SizeModel {
    pub(crate) fn add(&mut self, stored: &Stored) {
        match cost(stored) {
            Cost::Shared(bytes) => self.shared_bytes += bytes,
            Cost::Own(pages) => self.own_pages += pages,
        }
    }

    pub(crate) fn remove(&mut self, stored: &Stored) {
        match cost(stored) {
            Cost::Shared(bytes) => self.shared_bytes -= bytes,
            Cost::Own(pages) => self.own_pages -= pages,
        }
    }

    /// After a transaction, when the file is as large as it gets.
    pub(crate) fn commit(&mut self) {
        self.high_water_pages = self.high_water_pages.max(self.used_pages() + COPY_PAGES);
    }

    pub(crate) fn defragment(&mut self) {
        self.high_water_pages = self.used_pages() + COPY_PAGES;
    }

    pub(crate) fn high_water_bytes(&self) -> u64 {
        self.high_water_pages * PAGE_BYTES
    }

    pub(crate) fn in_use_bytes(&self) -> u64 {
        self.used_pages() * PAGE_BYTES
    }

    fn used_pages(&self) -> u64 {
        // The first page's worth shares the fixed pages: a young bucket lies within its parent.
        let leaves = (self.shared_bytes / LEAF_FILL_BYTES) + self.own_pages;
        FIXED_PAGES + leaves + leaves.div_ceil(LEAVES_PER_BRANCH)
    }
}

enum Cost {
    Shared(u64),
    Own(u64),
}

fn cost(stored: &Stored) -> Cost {
    let key_bytes = BUCKET_KEY_BYTES + u64::from(stored.tombstone);
    let bytes = ELEMENT_HEADER_BYTES + key_bytes + stored.kv.encoded_len() as u64;
    if bytes > LEAF_FILL_BYTES {
        Cost::Own((PAGE_HEADER_BYTES + bytes).div_ceil(PAGE_BYTES))
    } else {
        Cost::Shared(bytes)
    }
}
