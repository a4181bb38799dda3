//! Why a read or a compaction is refused.

use proto::Status;

/// The two ways a revision can be out of reach (Q3, C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Older than what compaction left.
    Compacted,
    /// Newer than the store.
    FutureRev,
}

/// etcd's internal text; clients see [`Status`].
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Error::Compacted => "mvcc: required revision has been compacted",
            Error::FutureRev => "mvcc: required revision is a future revision",
        })
    }
}

impl std::error::Error for Error {}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        match error {
            Error::Compacted => proto::error::compacted(),
            Error::FutureRev => proto::error::future_rev(),
        }
    }
}
