//! How large a bbolt file that held the store would be.
//!
//! The model, in whole pages at the end:
//! - 4 fixed pages for the meta pages, the root and the small buckets;
//! - entries (16 bytes of header, the bucket key, the marshalled pair) fill leaf pages to 90 %, which
//!   is what etcd asks of bbolt for keys that only grow. An entry is never split and a leaf has at
//!   least two, so each entry costs its share of a leaf full of its like, in pages that may run
//!   over;
//! - one branch page for every so many leaves.
//!
//! A commit never overwrites what is in use: it writes the last leaf anew, with what was added, into
//! free pages if there are enough, else at the end of the file. A leaf of up to four entries is not
//! split however large they are, so that large values make the file grow by several times their
//! size. Compaction frees pages in the file, defragmentation gives them
//! back. Left out: half-empty leaves that a compaction leaves behind, and the pages of leases, users
//! and alarms. Real etcd's figures stand in the test below.

use prost::Message;

use crate::store::Stored;

const PAGE_BYTES: u64 = 4096;
const PAGE_HEADER_BYTES: u64 = 16;
const ELEMENT_HEADER_BYTES: u64 = 16;
const BUCKET_KEY_BYTES: u64 = 17;
/// What the entries of a leaf take before bbolt starts the next.
const LEAF_FILL_BYTES: u64 = PAGE_BYTES * 9 / 10 - PAGE_HEADER_BYTES;
const MIN_ENTRIES_PER_LEAF: u64 = 2;
const LEAVES_PER_BRANCH: u64 = LEAF_FILL_BYTES / (ELEMENT_HEADER_BYTES + BUCKET_KEY_BYTES);
/// bbolt does not split a leaf of so many entries.
const UNSPLIT_ENTRIES: u64 = 4;
const FIXED_PAGES: u64 = 4;
const COPY_PAGES: u64 = 1;

/// Adds up what entries cost; the same for the same entries, in whatever order they came.
#[derive(Clone, Debug)]
pub(crate) struct SizeModel {
    leaf_bytes: u64,
    high_water_pages: u64,
    /// Entries of the last leaf, and their bytes.
    tail_entries: u64,
    tail_bytes: u64,
    /// Leaves of one page that this transaction has filled.
    filled_pages: u64,
    /// The larger ones, in pages each: they need room in one piece.
    filled_runs: Vec<u64>,
    /// What was in use before it.
    committed_pages: u64,
}

impl Default for SizeModel {
    fn default() -> Self {
        SizeModel {
            leaf_bytes: 0,
            high_water_pages: FIXED_PAGES + COPY_PAGES,
            tail_entries: 0,
            tail_bytes: 0,
            filled_pages: 0,
            filled_runs: vec![],
            committed_pages: FIXED_PAGES,
        }
    }
}

impl SizeModel {
    pub(crate) fn add(&mut self, stored: &Stored) {
        let bytes = entry_bytes(stored);
        self.leaf_bytes += leaf_share_bytes(bytes);
        let full = self.tail_bytes + bytes > LEAF_FILL_BYTES;
        if full && self.tail_entries >= UNSPLIT_ENTRIES {
            // Of few large entries two stay behind; of many small ones all.
            let large = self.tail_entries == UNSPLIT_ENTRIES && self.tail_bytes > PAGE_BYTES;
            let left = if large { self.tail_bytes / 2 } else { self.tail_bytes };
            self.fill(leaf_pages(left));
            self.tail_bytes -= left;
            self.tail_entries = if large { self.tail_entries / 2 } else { 0 };
        }
        self.tail_entries += 1;
        self.tail_bytes += bytes;
    }

    pub(crate) fn remove(&mut self, stored: &Stored) {
        self.leaf_bytes -= leaf_share_bytes(entry_bytes(stored));
    }

    /// After a transaction, when the file is as large as it gets.
    pub(crate) fn commit(&mut self) {
        self.fill(leaf_pages(self.tail_bytes));
        let mut free = self.high_water_pages.saturating_sub(self.committed_pages);
        let single = self.filled_pages.min(free);
        free -= single;
        self.high_water_pages += self.filled_pages - single;
        for run in std::mem::take(&mut self.filled_runs) {
            if run <= free {
                free -= run;
            } else {
                self.high_water_pages += run;
            }
        }
        self.settle();
        self.high_water_pages = self.high_water_pages.max(self.committed_pages + COPY_PAGES);
    }

    /// A file that was read: at least this large, and no larger than its entries need.
    pub(crate) fn reach(&mut self, bytes: u64) {
        self.settle();
        self.high_water_pages = (self.committed_pages + COPY_PAGES).max(bytes / PAGE_BYTES);
    }

    pub(crate) fn defragment(&mut self) {
        self.settle();
        self.high_water_pages = self.committed_pages + COPY_PAGES;
    }

    fn fill(&mut self, pages: u64) {
        match pages {
            1 => self.filled_pages += 1,
            pages => self.filled_runs.push(pages),
        }
    }

    fn settle(&mut self) {
        self.filled_pages = 0;
        self.filled_runs.clear();
        self.committed_pages = self.used_pages();
    }

    pub(crate) fn high_water_bytes(&self) -> u64 {
        self.high_water_pages * PAGE_BYTES
    }

    pub(crate) fn in_use_bytes(&self) -> u64 {
        self.used_pages() * PAGE_BYTES
    }

    fn used_pages(&self) -> u64 {
        // Less than a page's worth shares the fixed pages: a young bucket lies within its parent.
        let leaves = self.leaf_bytes / PAGE_BYTES;
        FIXED_PAGES + leaves + leaves.div_ceil(LEAVES_PER_BRANCH)
    }
}

fn leaf_pages(entries_bytes: u64) -> u64 {
    (PAGE_HEADER_BYTES + entries_bytes).div_ceil(PAGE_BYTES)
}

fn entry_bytes(stored: &Stored) -> u64 {
    let key_bytes = BUCKET_KEY_BYTES + u64::from(stored.tombstone);
    ELEMENT_HEADER_BYTES + key_bytes + stored.kv.encoded_len() as u64
}

/// An entry's share of a leaf that is full of entries of this size, in bytes.
fn leaf_share_bytes(bytes: u64) -> u64 {
    let entries = (LEAF_FILL_BYTES / bytes).max(MIN_ENTRIES_PER_LEAF);
    let pages = (PAGE_HEADER_BYTES + entries * bytes).div_ceil(PAGE_BYTES);
    pages * PAGE_BYTES / entries
}

#[cfg(test)]
mod tests {
    use crate::Store;
    use bytes::Bytes;

    /// Read off a real etcd 3.4.23: fresh, after 10 transactions that each put the same 100 keys
    /// with 1000 bytes, after compaction to the last revision, and after defragmentation. What the
    /// model leaves out may make 3 pages in 100, and a few in a small file.
    #[test]
    fn sizes_are_near_those_of_a_real_etcd() {
        let near = |got: u64, real: u64| {
            assert!(got.abs_diff(real) <= real * 3 / 100 + 2 * 4096, "{got}, in truth {real}");
        };
        let mut store = Store::new();
        assert_eq!((store.size_bytes(), store.size_in_use_bytes()), (20480, 16384));
        for _ in 0..10 {
            let mut txn = store.write();
            for key in 1..=100 {
                txn.put(format!("k{key}").as_bytes(), Bytes::from(vec![b'x'; 1000]), 0);
            }
            txn.end();
        }
        near(store.size_bytes(), 1_417_216);
        near(store.size_in_use_bytes(), 1_417_216);
        store.compact(store.rev()).expect("the current revision");
        near(store.size_bytes(), 1_417_216);
        near(store.size_in_use_bytes(), 163_840);
        store.defragment();
        near(store.size_bytes(), 163_840);
        near(store.size_in_use_bytes(), 155_648);
    }
}
