//! Meta pages: where a file begins, and the sum that ours carry beside.
//!
//! Mirrors bbolt's `meta` and how its `Open` finds the page size. Behind the 64 bytes of that
//! structure bbolt leaves the page empty, and it writes a meta page always whole. So a magic and a sum
//! there live exactly as long as the state that they were made for.

use xxhash_rust::xxh3::xxh3_64;

use crate::page::{META_FLAG, PAGE_HEADER_BYTES, put_header, u32_at, u64_at};
use crate::{Error, PAGE_SIZE_BYTES};

const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;
/// The meta structure without its sum, in bytes.
const SUMMED_BYTES: usize = 56;
/// Where the meta structure ends in its page, and ours begins.
const META_END: usize = PAGE_HEADER_BYTES + SUMMED_BYTES + 8;
/// Two meta pages and a root.
const MIN_PAGES: u64 = 3;
const SUM_MAGIC: &[u8; 8] = b"lab-xxh3";
/// What bbolt reads at once to look for a meta page, in bytes.
const PROBE_BYTES: usize = 0x1000;
const MIN_PAGE_SIZE_BYTES: u32 = 1024;
/// The largest page size that bbolt looks for, in bytes.
const MAX_PAGE_SIZE_BYTES: u32 = MIN_PAGE_SIZE_BYTES << 14;
/// The free list's page in a file that has none, as etcd's since 3.4.
const NO_FREELIST: u64 = u64::MAX;

/// Whether a file is still what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// Every page is as our writer left it.
    Good,
    /// A page has changed since.
    Bad,
    /// bbolt wrote the file, or has written to it since; it cannot be said.
    Absent,
}

/// What a meta page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) page_size_bytes: u32,
    pub(crate) root: u64,
    /// The page of the list of free pages.
    pub(crate) freelist: Option<u64>,
    /// The first page that is not the file's any more.
    pub(crate) high_water: u64,
    pub(crate) txid: u64,
    /// Ours: the sum of all pages behind the metas.
    sum: Option<u64>,
}

impl Meta {
    /// The one that counts, and the sums that say something about what it names.
    pub(crate) fn find(file: &[u8]) -> Result<(Meta, [Option<u64>; 2]), Error> {
        let page_size_bytes = page_size(file)?;
        let size = page_size_bytes as usize;
        let len = file.len() as u64;
        if len < 2 * u64::from(page_size_bytes) {
            return Err(Error::FileTooSmall);
        }
        let (first, second) = (Meta::read(&file[..size]), Meta::read(&file[size..]));
        let (meta, other) = match (first, second) {
            (Ok(first), Ok(second)) if second.txid > first.txid => (second, Some(first)),
            (Ok(first), second) => (first, second.ok()),
            (Err(_), Ok(second)) => (second, None),
            (Err(error), Err(_)) => return Err(error),
        };
        if meta.page_size_bytes != page_size_bytes || meta.high_water < MIN_PAGES {
            return Err(Error::Invalid);
        }
        let pages = len / u64::from(page_size_bytes);
        if meta.high_water > pages {
            return Err(Error::FileTooSmall);
        }
        let twin = other.filter(|other| other.state() == meta.state());
        Ok((meta, [meta.sum, twin.and_then(|twin| twin.sum)]))
    }

    /// Reads the meta page that `page` begins with.
    fn read(page: &[u8]) -> Result<Meta, Error> {
        if page.len() < META_END {
            return Err(Error::Invalid);
        }
        let body = &page[PAGE_HEADER_BYTES..META_END];
        if u32_at(body, 0) != MAGIC {
            return Err(Error::Invalid);
        }
        if u32_at(body, 4) != VERSION {
            return Err(Error::VersionMismatch);
        }
        if u64_at(body, SUMMED_BYTES) != fnv64a(&body[..SUMMED_BYTES]) {
            return Err(Error::Checksum);
        }
        let ours = page[META_END..].strip_prefix(SUM_MAGIC).filter(|rest| rest.len() >= 8);
        Ok(Meta {
            page_size_bytes: u32_at(body, 8),
            root: u64_at(body, 16),
            freelist: Some(u64_at(body, 32)).filter(|id| *id != NO_FREELIST),
            high_water: u64_at(body, 40),
            txid: u64_at(body, 48),
            sum: ours.map(|rest| u64_at(rest, 0)),
        })
    }

    fn state(&self) -> (u64, Option<u64>, u64) {
        (self.root, self.freelist, self.high_water)
    }
}

/// Looks for the page size as bbolt does: in the first meta page, else in a second one wherever it may
/// be.
fn page_size(file: &[u8]) -> Result<u32, Error> {
    let probe = file.get(..PROBE_BYTES).ok_or(Error::Invalid)?;
    let places = (0..=14).map(|shift| 1024_usize << shift);
    let seconds = places.take_while(|at| at + 1024 < file.len()).map(|at| &file[at..]);
    let mut found = std::iter::once(probe).chain(seconds).filter_map(|page| Meta::read(page).ok());
    let size = found.next().map_or(PAGE_SIZE_BYTES, |meta| meta.page_size_bytes);
    let fits =
        size.is_power_of_two() && (MIN_PAGE_SIZE_BYTES..=MAX_PAGE_SIZE_BYTES).contains(&size);
    if fits { Ok(size) } else { Err(Error::Invalid) }
}

/// Writes both meta pages into `file`, which is whole but for them. The second counts, as it has the
/// higher transaction id; bbolt's next transaction takes the place of the first.
pub(crate) fn seal(file: &mut [u8], page_size_bytes: u32, root: u64, freelist: u64) {
    let size = page_size_bytes as usize;
    let high_water = (file.len() / size) as u64;
    let sum = xxh3_64(&file[2 * size..]);
    for txid in 0..2_u64 {
        let page = &mut file[txid as usize * size..][..size];
        put_header(page, txid, META_FLAG, 0, 0);
        let body = &mut page[PAGE_HEADER_BYTES..];
        body[..4].copy_from_slice(&MAGIC.to_le_bytes());
        body[4..8].copy_from_slice(&VERSION.to_le_bytes());
        body[8..12].copy_from_slice(&page_size_bytes.to_le_bytes());
        for (at, field) in [(16, root), (32, freelist), (40, high_water), (48, txid)] {
            body[at..at + 8].copy_from_slice(&field.to_le_bytes());
        }
        let check = fnv64a(&body[..SUMMED_BYTES]);
        body[SUMMED_BYTES..][..8].copy_from_slice(&check.to_le_bytes());
        page[META_END..][..8].copy_from_slice(SUM_MAGIC);
        page[META_END + 8..][..8].copy_from_slice(&sum.to_le_bytes());
    }
}

/// What the sums of a file say about its pages from the third to the high water mark.
///
/// One sum that fits is enough: what is rotten then is the other.
pub(crate) fn verify(pages: &[u8], sums: [Option<u64>; 2]) -> Sum {
    if sums == [None, None] {
        return Sum::Absent;
    }
    if sums.contains(&Some(xxh3_64(pages))) { Sum::Good } else { Sum::Bad }
}

fn fnv64a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
