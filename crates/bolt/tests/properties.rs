//! Round trips, the shape of what is written, rot, and what the writer refuses.

mod support;

use std::collections::BTreeMap;

use bolt::{Db, Error, MAX_KEY_SIZE_BYTES, PAGE_SIZE_BYTES, Sum, Writer, write};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use support::{Content, content, numbered, open, revisions, written, written_with};

/// Mostly short, sometimes longer than a page or several.
fn bytes(long: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), 1..24),
        3 => vec(any::<u8>(), 1..700),
        1 => (1..long, any::<u8>()).prop_map(|(len, fill)| vec![fill; len]),
    ]
}

fn contents(pairs: usize) -> impl Strategy<Value = Content> {
    let value = prop_oneof![1 => Just(vec![]), 9 => bytes(20_000)];
    btree_map(bytes(900), btree_map(bytes(9_000), value, 0..pairs), 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read(wanted in contents(120), shift in 0_u32..7) {
        let file = written_with(1024 << shift, &wanted);
        let db = open(&file);
        prop_assert_eq!(db.page_size_bytes(), 1024 << shift);
        prop_assert_eq!(db.size_bytes(), file.len() as u64);
        prop_assert_eq!(db.check(), Ok(()));
        prop_assert_eq!(db.verify(), Sum::Good);
        prop_assert_eq!(content(&db), Ok(wanted));
    }

    #[test]
    fn a_trailer_behind_the_pages_changes_nothing(wanted in contents(20), trailer in vec(any::<u8>(), 0..5000)) {
        let mut file = written(&wanted);
        let before = open(&file).snapshot_status();
        file.extend(trailer);
        let db = open(&file);
        prop_assert_eq!(db.verify(), Sum::Good);
        prop_assert_eq!(content(&db), Ok(wanted));
        prop_assert_eq!(db.snapshot_status(), before);
    }

    #[test]
    fn rot_of_any_byte_is_found_or_harmless(wanted in contents(40), at: prop::sample::Index, bit in 0_u8..8) {
        let mut file = written(&wanted);
        let at = at.index(file.len());
        file[at] ^= 1_u8 << bit;
        let db = open(&file);
        if at < 2 * PAGE_SIZE_BYTES as usize {
            // The other meta page says the same.
            prop_assert_eq!(content(&db), Ok(wanted));
            prop_assert_eq!(db.verify(), Sum::Good);
        } else {
            prop_assert_eq!(db.verify(), Sum::Bad);
        }
    }
}

#[test]
fn thousands_of_revisions_come_back_in_order() {
    for count in [0, 1, 25, 26, 100, 5_000, 40_000] {
        let wanted = Content::from([(b"key".to_vec(), revisions(count, 30))]);
        let file = written(&wanted);
        let db = open(&file);
        assert_eq!(db.check(), Ok(()));
        assert_eq!(content(&db), Ok(wanted), "{count}");
        let status = db.snapshot_status().expect("it is whole");
        assert_eq!((status.revision, status.total_key), (i64::from(count), u64::from(count)));
    }
}

#[test]
fn pairs_share_the_memory_of_the_file() {
    let file = bytes::Bytes::from(written(&numbered(&[("a", 3), ("b", 3000)])));
    let db = Db::open(file.clone()).expect("a database");
    for bucket in db.buckets().expect("buckets") {
        for pair in db.pairs(&bucket).expect("a bucket") {
            let (key, value) = pair.expect("a pair");
            for part in [key, value] {
                assert!(file.as_ptr_range().contains(&part.as_ptr()), "a copy");
            }
        }
    }
}

#[test]
fn leaves_are_filled_to_nine_tenths() {
    // 16 bytes of element, 17 of key, 67 of value: 36 make 3600 bytes, and 37 are over 3686.
    let pairs = revisions(36 * 100, 67);
    let file = written(&Content::from([(b"key".to_vec(), pairs)]));
    let pages = file.len() / PAGE_SIZE_BYTES as usize;
    // 99 leaves and the last, which bbolt would not split either; a branch; and four others.
    assert_eq!(pages, 100 + 1 + 4);
    let leaf = &file[3 * PAGE_SIZE_BYTES as usize..];
    assert_eq!(u16::from_le_bytes([leaf[10], leaf[11]]), 36);
}

#[test]
fn small_buckets_lie_in_the_root() {
    // 16 of the leaf's header, then 16 of element, 8 of key and 984 of value: exactly a quarter.
    let bucket =
        |len: usize| Content::from([(b"b".to_vec(), BTreeMap::from([(vec![1; 8], vec![2; len])]))]);
    let pages = |content: &Content| written(content).len() / PAGE_SIZE_BYTES as usize;
    assert_eq!(pages(&bucket(984)), 4);
    assert_eq!(pages(&bucket(985)), 5);
    assert_eq!(pages(&Content::new()), 4);
    assert_eq!(pages(&numbered(&[("a", 0), ("b", 0)])), 4);
}

#[test]
fn the_writer_refuses_what_bbolt_refuses() {
    let key = vec![1; MAX_KEY_SIZE_BYTES as usize];
    let long = vec![1; MAX_KEY_SIZE_BYTES as usize + 1];
    let mut writer = Writer::default();
    writer.bucket(b"b").expect("a bucket");
    writer.put(&key, b"").expect("the longest key");
    for (error, name, keys) in [
        (Error::KeyRequired, &b"b"[..], &[&b""[..]][..]),
        (Error::KeyTooLarge, b"b", &[&long]),
        (Error::OutOfOrder, b"b", &[b"k", b"k"]),
        (Error::OutOfOrder, b"b", &[b"k", b"j"]),
        (Error::BucketNameRequired, b"", &[]),
        (Error::KeyTooLarge, &long, &[]),
    ] {
        let pairs: Vec<_> = keys.iter().map(|key| (key, b"")).collect();
        assert_eq!(write([(name, pairs)]), Err(error), "{error}");
    }
    let none: [(&[u8], &[u8]); 0] = [];
    assert_eq!(write([(b"b", none), (b"a", none)]), Err(Error::OutOfOrder));
    assert_eq!(write([(b"b", none), (b"b", none)]), Err(Error::OutOfOrder));
    assert_eq!(Writer::default().put(b"k", b"v"), Err(Error::BucketNotFound));
    for size in [0, 512, 4095, 1 << 17] {
        assert_eq!(Writer::with_page_size(size).err(), Some(Error::PageSize));
    }
}

#[test]
fn a_value_that_is_too_long_is_refused_and_stays_refused() {
    // Never touched, so the system gives no memory for it.
    let huge = vec![0; bolt::MAX_VALUE_SIZE_BYTES as usize + 1];
    let mut writer = Writer::default();
    writer.bucket(b"b").expect("a bucket");
    assert_eq!(writer.put(b"k", &huge), Err(Error::ValueTooLarge));
    assert_eq!(writer.put(b"l", b"small"), Err(Error::ValueTooLarge));
    assert_eq!(writer.finish(), Err(Error::ValueTooLarge));
}
