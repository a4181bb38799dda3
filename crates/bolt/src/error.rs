//! What can be wrong with a file, or with what is to be written into one; in bbolt's words where it has
//! any.

use std::fmt;

/// Why a file cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Neither meta page is one of bbolt's.
    Invalid,
    /// The meta page is of another version of the format.
    VersionMismatch,
    /// The meta page does not match its sum.
    Checksum,
    /// The file ends before its pages do.
    FileTooSmall,
    /// A page is not what it must be where it is.
    Page { id: u64, fault: Fault },
    /// An entry of the root is no bucket, or a bucket's header is cut.
    IncompatibleValue,
    /// A key of the bucket `key` is no revision (`snapshot status` of etcd panics there).
    NotARevision,
    /// A key to be written is empty.
    KeyRequired,
    /// A key to be written is longer than [`crate::MAX_KEY_SIZE_BYTES`].
    KeyTooLarge,
    /// A value to be written is longer than [`crate::MAX_VALUE_SIZE_BYTES`], or does not fit beside
    /// the values of its page.
    ValueTooLarge,
    /// A bucket to be written has an empty name.
    BucketNameRequired,
    /// A pair to be written comes before any bucket.
    BucketNotFound,
    /// A bucket or key to be written does not come after the one before it, in the order of bytes.
    OutOfOrder,
    /// The page size asked for is no power of two between 1 KiB and 64 KiB.
    PageSize,
}

/// What is wrong with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It, or where it runs over to, lies outside of the file's pages.
    OutOfBounds,
    /// It says that it is another page.
    WrongId,
    /// It is no page of the kind that belongs here.
    InvalidType,
    /// An element of it lies outside of it, over another element, or has no key.
    Element,
    /// Keys do not ascend, within it or from page to page.
    KeyOrder,
    /// It is reached in more than one way.
    MultipleReferences,
    /// Pages or buckets are nested deeper than any file of bbolt's.
    TooDeep,
    /// It is in use and in the list of free pages.
    ReachableFreed,
    /// It is in the list of free pages more than once.
    AlreadyFreed,
    /// It is neither in use nor free.
    UnreachableUnfreed,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Invalid => "invalid database",
            Error::VersionMismatch => "version mismatch",
            Error::Checksum => "checksum error",
            Error::FileTooSmall => "file size too small",
            Error::Page { id, fault } => return write!(f, "page {id}: {}", fault.text()),
            Error::IncompatibleValue => "incompatible value",
            Error::NotARevision => "key is not a revision",
            Error::KeyRequired => "key required",
            Error::KeyTooLarge => "key too large",
            Error::ValueTooLarge => "value too large",
            Error::BucketNameRequired => "bucket name required",
            Error::BucketNotFound => "bucket not found",
            Error::OutOfOrder => "key out of order",
            Error::PageSize => "invalid page size",
        })
    }
}

impl std::error::Error for Error {}

impl Fault {
    fn text(self) -> &'static str {
        match self {
            Fault::OutOfBounds => "out of bounds",
            Fault::WrongId => "self identifies as another page",
            Fault::InvalidType => "invalid type",
            Fault::Element => "element out of bounds",
            Fault::KeyOrder => "key out of order",
            Fault::MultipleReferences => "multiple references",
            Fault::TooDeep => "nested too deep",
            Fault::ReachableFreed => "reachable freed",
            Fault::AlreadyFreed => "already freed",
            Fault::UnreachableUnfreed => "unreachable unfreed",
        }
    }
}
