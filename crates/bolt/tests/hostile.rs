//! Files that are cut, changed or made to hurt: a clear error, never a panic, and no work out of
//! proportion to the file. bbolt has no sum over its pages, so reading must be safe without one.

mod support;

use bolt::{Db, Error, Fault, PAGE_SIZE_BYTES};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Content, content, numbered, open, revisions, written, written_with};

const PAGE: usize = PAGE_SIZE_BYTES as usize;
/// Where things lie in a page, and in an element of a leaf or branch.
const FLAGS: usize = 8;
const COUNT: usize = 10;
const OVERFLOW: usize = 12;
const FIRST_ELEMENT: usize = 16;
const BRANCH_CHILD: usize = 8;
/// In a meta page.
const META_ROOT: usize = 32;
const META_FREELIST: usize = 48;
const META_HIGH_WATER: usize = 56;
const META_SUM: usize = 72;

/// One bucket of a branch and some leaves, and an inline one.
fn small() -> Vec<u8> {
    written(&numbered(&[("key", 500), ("lease", 3)]))
}

/// The page of `key`'s root, and of the root of all.
fn roots(file: &[u8]) -> (usize, usize) {
    let pages = file.len() / PAGE;
    (pages - 2, pages - 1)
}

fn set(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Changes a field of both meta pages, so that their own sums still hold.
fn set_meta(file: &mut [u8], at: usize, value: u64) {
    for meta in [0, PAGE] {
        set(file, meta + at, &value.to_le_bytes());
        let sum =
            file[meta + 16..meta + META_SUM].iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3_u64)
            });
        set(file, meta + META_SUM, &sum.to_le_bytes());
    }
}

/// Everything there is to do with a file. Tells what a full check said.
fn read_all(file: &[u8]) -> Result<(), Error> {
    let db = Db::open(Bytes::copy_from_slice(file))?;
    db.verify();
    let found = content(&db);
    let status = db.snapshot_status();
    let checked = db.check();
    if checked.is_ok() {
        assert!(found.is_ok(), "what was checked is read");
        // A key may be anything but for this.
        assert!(matches!(status, Ok(_) | Err(Error::NotARevision)));
    }
    checked
}

fn fault(file: &[u8]) -> Option<Fault> {
    match read_all(file) {
        Err(Error::Page { fault, .. }) => Some(fault),
        other => panic!("no page's fault but {other:?}"),
    }
}

#[test]
fn a_file_that_is_no_database_is_told_in_bbolts_words() {
    let mut file = small();
    assert_eq!(read_all(&file), Ok(()));
    for junk in [&b""[..], b"junk\n", &[0; PAGE - 1], &[0; 3 * PAGE], &[0xff; 3 * PAGE]] {
        assert_eq!(read_all(junk).expect_err("junk").to_string(), "invalid database");
    }
    assert_eq!(read_all(&[0; PAGE]).expect_err("junk").to_string(), "file size too small");
    set_meta(&mut file, 20, 3 | u64::from(PAGE_SIZE_BYTES) << 32);
    assert_eq!(read_all(&file).expect_err("its version").to_string(), "version mismatch");
    let mut file = small();
    file[META_HIGH_WATER] ^= 1;
    assert_eq!(read_all(&file), Ok(()), "the second meta page is whole");
    file[PAGE + META_HIGH_WATER] ^= 1;
    assert_eq!(read_all(&file).expect_err("both sums").to_string(), "checksum error");
}

#[test]
fn the_meta_page_with_the_higher_transaction_counts() {
    let wanted = numbered(&[("key", 500), ("lease", 3)]);
    let mut file = written(&wanted);
    // Transaction 1 is the second page's. Let the first be newer, and name an empty root.
    let empty = file.len() / PAGE;
    let mut page = vec![0; PAGE];
    set(&mut page, 0, &(empty as u64).to_le_bytes());
    page[FLAGS] = 2;
    file.extend(page);
    let second = file[PAGE..2 * PAGE].to_vec();
    set_meta(&mut file, META_ROOT, empty as u64);
    set_meta(&mut file, META_HIGH_WATER, empty as u64 + 1);
    set_meta(&mut file, 64, 2);
    set(&mut file, PAGE, &second);
    assert_eq!(content(&open(&file)), Ok(Content::new()));
    // It rots: the older state is there still.
    file[META_ROOT] ^= 1;
    assert_eq!(content(&open(&file)), Ok(wanted));
}

#[test]
fn the_page_size_is_found_in_either_meta_page() {
    for shift in 0..7 {
        let wanted = numbered(&[("key", 2000), ("lease", 3)]);
        let mut file = written_with(1024 << shift, &wanted);
        file[20] ^= 1;
        let db = open(&file);
        assert_eq!(db.page_size_bytes(), 1024 << shift);
        assert_eq!(content(&db), Ok(wanted));
    }
    for size in [0, 1, 512, 4097, 1 << 25, 1 << 31] {
        let mut file = small();
        set_meta(&mut file, 20, 2 | size << 32);
        // The version stands before the size; so both are written again.
        assert_eq!(read_all(&file), Err(Error::Invalid), "{size}");
    }
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let file = small();
    for len in 0..file.len() {
        let error = Db::open(Bytes::copy_from_slice(&file[..len])).expect_err("a part");
        let wanted = if len < PAGE { Error::Invalid } else { Error::FileTooSmall };
        assert_eq!(error, wanted, "{len}");
    }
}

#[test]
fn a_cut_file_that_claims_to_be_whole_is_an_error() {
    let file = small();
    for pages in 3..file.len() / PAGE {
        let mut file = file[..pages * PAGE].to_vec();
        set_meta(&mut file, META_HIGH_WATER, pages as u64);
        assert_eq!(fault(&file), Some(Fault::OutOfBounds));
    }
    for pages in 0..3 {
        let mut file = file.clone();
        set_meta(&mut file, META_HIGH_WATER, pages);
        assert_eq!(read_all(&file), Err(Error::Invalid));
    }
}

#[test]
fn cycles_and_shared_pages_end() {
    let (branch, root) = roots(&small());
    let child = branch * PAGE + FIRST_ELEMENT + BRANCH_CHILD;
    for (target, wanted) in [
        (branch as u64, Fault::MultipleReferences),
        (4, Fault::KeyOrder),
        (2, Fault::InvalidType),
        (0, Fault::OutOfBounds),
        (1, Fault::OutOfBounds),
        (root as u64 + 1, Fault::OutOfBounds),
        (u64::MAX, Fault::OutOfBounds),
    ] {
        let mut file = small();
        set(&mut file, child, &target.to_le_bytes());
        assert_eq!(fault(&file), Some(wanted), "{target}");
    }
    // Without a second element no key tells that the branch leads to itself.
    let mut file = small();
    set(&mut file, child, &(branch as u64).to_le_bytes());
    file[branch * PAGE + COUNT] = 1;
    assert_eq!(fault(&file), Some(Fault::MultipleReferences));
    // Two buckets with one tree: each is read, but the file is not whole.
    let content = numbered(&[("key", 500), ("yek", 500)]);
    let mut file = written(&content);
    let (second, root) = roots(&file);
    let value = |index: usize| root * PAGE + FIRST_ELEMENT + 32 + (3 + 16) * index + 3;
    let first = file[value(0)..value(0) + 8].to_vec();
    assert_eq!(file[value(1)], second as u8);
    set(&mut file, value(1), &first);
    assert_eq!(support::content(&open(&file)), Ok(content));
    assert_eq!(fault(&file), Some(Fault::MultipleReferences));
}

#[test]
fn deep_chains_end() {
    // Branches of one key each, one below the other, longer than any tree.
    let mut file = written(&Content::new());
    let first = file.len() / PAGE;
    for id in first..first + 100 {
        let mut page = vec![0; PAGE];
        set(&mut page, 0, &(id as u64).to_le_bytes());
        (page[FLAGS], page[COUNT]) = (1, 1);
        set(&mut page, FIRST_ELEMENT, &16_u32.to_le_bytes());
        set(&mut page, FIRST_ELEMENT + 4, &1_u32.to_le_bytes());
        set(&mut page, FIRST_ELEMENT + BRANCH_CHILD, &(id as u64 + 1).to_le_bytes());
        page[FIRST_ELEMENT + 16] = b'k';
        file.extend(page);
    }
    set_meta(&mut file, META_ROOT, first as u64);
    set_meta(&mut file, META_HIGH_WATER, first as u64 + 100);
    assert_eq!(fault(&file), Some(Fault::TooDeep));
}

/// The value of a bucket that holds a bucket that holds a bucket, all inline.
fn nested(depth: usize) -> Vec<u8> {
    let mut value = [&[0; 16 + FLAGS][..], &[2, 0, 0, 0, 0, 0, 0, 0]].concat();
    for _ in 0..depth {
        let head: Vec<u8> =
            [1, 16, 1, value.len() as u32].iter().flat_map(|field| field.to_le_bytes()).collect();
        let page = [&[0; 16 + FLAGS][..], &[2, 0, 1, 0, 0, 0, 0, 0]].concat();
        value = [&page[..], &head, b"b", &value].concat();
    }
    value
}

#[test]
fn buckets_inside_buckets_are_keys_without_a_value() {
    for (depth, checked) in [(0, None), (1, None), (50, None), (70, Some(Fault::TooDeep))] {
        // The bucket's element is the pair that it would be without its flag.
        let wanted = Content::from([(b"b".to_vec(), revisions(0, 0))]);
        let mut file = written(&wanted);
        let value = nested(depth);
        let page = 3 * PAGE;
        file.resize(page + 2 * PAGE, 0);
        set(&mut file, page + OVERFLOW, &1_u32.to_le_bytes());
        set(&mut file, page + FIRST_ELEMENT + 12, &(value.len() as u32).to_le_bytes());
        set(&mut file, page + FIRST_ELEMENT + 16 + 1, &value);
        set_meta(&mut file, META_HIGH_WATER, 5);
        let pairs = content(&open(&file)).expect("it is read").remove(&b"b"[..]).expect("b");
        let inner = (depth > 0).then(|| (b"b".to_vec(), vec![]));
        assert_eq!(pairs.into_iter().next(), inner);
        match checked {
            None => assert_eq!(read_all(&file), Ok(()), "{depth}"),
            wanted => assert_eq!(fault(&file), wanted),
        }
    }
}

#[test]
fn elements_outside_their_page_are_errors() {
    let leaf = 3 * PAGE;
    let element = leaf + FIRST_ELEMENT;
    for (at, value, wanted) in [
        (leaf + COUNT, 0xffff, Fault::Element),
        (element + 4, u32::MAX, Fault::Element),
        (element + 8, u32::MAX, Fault::Element),
        (element + 12, u32::MAX, Fault::Element),
        (element + 8, 0, Fault::Element),
        // Over the headers, and over what comes next.
        (element + 4, 16, Fault::Element),
        (element + 12, 400, Fault::Element),
        (leaf + OVERFLOW, u32::MAX, Fault::OutOfBounds),
        (leaf + OVERFLOW, 1, Fault::MultipleReferences),
        (leaf, 4, Fault::WrongId),
        (2 * PAGE, 3, Fault::WrongId),
        (leaf + FLAGS, 0x10 | 60 << 16, Fault::InvalidType),
        (leaf + FLAGS, 0x04 | 60 << 16, Fault::InvalidType),
        (leaf + FLAGS, 0x03 | 60 << 16, Fault::InvalidType),
    ] {
        let mut file = small();
        set(&mut file, at, &value.to_le_bytes());
        assert_eq!(fault(&file), Some(wanted), "{value:#x} at {at:#x}");
    }
}

#[test]
fn keys_ascend_within_pages_and_across_them() {
    let (branch, _) = roots(&small());
    let mut file = small();
    let count = usize::from(file[3 * PAGE + COUNT]);
    let first_key = 3 * PAGE + FIRST_ELEMENT + count * 16;
    file[first_key] = 1;
    assert_eq!(fault(&file), Some(Fault::KeyOrder), "within a leaf");
    let mut file = small();
    let count = usize::from(file[4 * PAGE + COUNT]);
    file[4 * PAGE + FIRST_ELEMENT + count * 16 + 7] -= 1;
    assert_eq!(fault(&file), Some(Fault::KeyOrder), "below its branch");
    let mut file = small();
    let count = usize::from(file[branch * PAGE + COUNT]);
    file[branch * PAGE + FIRST_ELEMENT + count * 16 + 17 + 7] -= 1;
    assert_eq!(fault(&file), Some(Fault::KeyOrder), "a branch above its leaf's neighbour");
}

#[test]
fn the_list_of_free_pages_is_checked() {
    let pages = small().len() / PAGE;
    let with_free = |ids: &[u64]| {
        let mut file = small();
        file[2 * PAGE + COUNT] = ids.len() as u8;
        for (at, id) in ids.iter().enumerate() {
            set(&mut file, 2 * PAGE + 16 + 8 * at, &id.to_le_bytes());
        }
        file
    };
    let last = pages as u64;
    assert_eq!(fault(&with_free(&[3])), Some(Fault::ReachableFreed));
    assert_eq!(fault(&with_free(&[0])), Some(Fault::ReachableFreed));
    assert_eq!(fault(&with_free(&[last])), Some(Fault::OutOfBounds));
    assert_eq!(fault(&with_free(&[u64::MAX])), Some(Fault::OutOfBounds));

    let grown = |ids: &[u64]| {
        let mut file = with_free(ids);
        file.resize(file.len() + PAGE, 0);
        set_meta(&mut file, META_HIGH_WATER, last + 1);
        file
    };
    assert_eq!(fault(&grown(&[])), Some(Fault::UnreachableUnfreed));
    assert_eq!(read_all(&grown(&[last])), Ok(()));
    assert_eq!(fault(&grown(&[last, last])), Some(Fault::AlreadyFreed));
    // A count too large for its field stands in the place of the first id.
    let mut file = grown(&[1, last]);
    set(&mut file, 2 * PAGE + COUNT, &[0xff, 0xff]);
    assert_eq!(read_all(&file), Ok(()));
    set(&mut file, 2 * PAGE + 16, &u64::MAX.to_le_bytes());
    assert_eq!(fault(&file), Some(Fault::Element));

    let mut file = grown(&[]);
    set_meta(&mut file, META_FREELIST, u64::MAX);
    assert_eq!(read_all(&file).err(), None, "etcd's own files have no list");
    set_meta(&mut file, META_FREELIST, 3);
    assert_eq!(fault(&file), Some(Fault::InvalidType));
}

#[test]
fn what_is_no_bucket_or_no_revision_is_told() {
    let (_, root) = roots(&small());
    let mut file = small();
    file[root * PAGE + FIRST_ELEMENT] = 0;
    assert_eq!(read_all(&file), Err(Error::IncompatibleValue));
    let mut file = small();
    set(&mut file, root * PAGE + FIRST_ELEMENT + 12, &15_u32.to_le_bytes());
    assert_eq!(read_all(&file), Err(Error::IncompatibleValue));
    let short = Content::from([(b"key".to_vec(), [(vec![1; 16], vec![])].into())]);
    assert_eq!(open(&written(&short)).snapshot_status(), Err(Error::NotARevision));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_change_of_bytes_panics(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        fields in vec((any::<prop::sample::Index>(), any::<u32>()), 0..3),
        high_water in prop::option::weighted(0.2, 0_u64..12),
    ) {
        let mut file = small();
        for (at, byte) in changes {
            // What decides lies at the pages' beginnings.
            let at = at.index(file.len());
            file[at / PAGE * PAGE + at % PAGE % 600] = byte;
        }
        for (at, field) in fields {
            let at = at.index(file.len() / 4) * 4;
            set(&mut file, at / PAGE * PAGE + at % 64, &field.to_le_bytes());
        }
        if let Some(high_water) = high_water {
            set_meta(&mut file, META_HIGH_WATER, high_water);
        }
        // It may be well: a value says what it likes.
        let _ = read_all(&file);
    }

    #[test]
    fn random_bytes_behind_good_metas_do_not_panic(bytes in vec(any::<u8>(), PAGE..3 * PAGE)) {
        let mut file = small()[..2 * PAGE].to_vec();
        file.extend(bytes);
        let pages = (file.len() / PAGE) as u64;
        set_meta(&mut file, META_HIGH_WATER, pages);
        set_meta(&mut file, META_ROOT, pages - 1);
        prop_assert!(read_all(&file).is_err());
    }
}
