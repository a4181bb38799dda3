//! How many bytes a revision takes in memory: `cargo test -p mvcc --test memory -- --nocapture` prints
//! them.

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

const REVISIONS: usize = 50_000;

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
fn a_revision_takes_little_more_than_its_value() {
    // Beyond the value: with a key of its own, and with one that is put again and again.
    for (keys, value_bytes, most) in
        [(REVISIONS, 8, 400), (REVISIONS, 256, 400), (1000, 8, 200), (1000, 256, 200), (1, 8, 200)]
    {
        let before = LIVE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let store = filled(keys, value_bytes);
        let live = (LIVE.load(Ordering::Relaxed) - before) / REVISIONS;
        let peak = (PEAK.load(Ordering::Relaxed) - before) / REVISIONS;
        println!(
            "{keys} keys, values of {value_bytes} B: {live} B for each revision, {peak} at the peak"
        );
        assert!(peak - value_bytes < most, "{keys} keys, {peak} B");
        drop(store);
    }
}
