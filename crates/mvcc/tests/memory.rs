//! How many bytes a revision takes in memory. A measurement, not a test:
//! `cargo test --release -p mvcc --test memory -- --ignored --nocapture`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use mvcc::Store;

/// Counts what is allocated and not given back.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const REVISIONS: usize = 100_000;

/// Puts in transactions of their own, over `keys` keys in turn.
fn filled(keys: usize, value_bytes: usize) -> Store {
    let mut store = Store::new();
    for n in 0..REVISIONS {
        let key = format!("key{:08}", (n * 7919) % keys);
        let mut txn = store.write();
        txn.put(key.as_bytes(), Bytes::from(vec![b'v'; value_bytes]), 0);
        txn.end();
    }
    store
}

#[test]
#[ignore = "a measurement"]
fn bytes_for_each_revision() {
    for (keys, value_bytes) in [(REVISIONS, 8), (REVISIONS, 256), (1000, 8), (1000, 256), (1, 8)] {
        let before = LIVE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let store = filled(keys, value_bytes);
        let live = (LIVE.load(Ordering::Relaxed) - before) / REVISIONS;
        let peak = (PEAK.load(Ordering::Relaxed) - before) / REVISIONS;
        let copy = store.clone();
        let copied = (LIVE.load(Ordering::Relaxed) - before) / REVISIONS - live;
        println!(
            "{keys} keys, values of {value_bytes} B: {live} B for each revision, {peak} at the peak, \
             {copied} more for a copy"
        );
        drop((store, copy));
    }
}
