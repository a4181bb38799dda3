//! Why the lessor refuses.

use proto::{Code, Status};

/// The lessor's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseError {
    /// Only the primary knows when leases end.
    NotPrimary,
    NotFound,
    Exists,
    TtlTooLarge,
}

/// etcd's internal text; clients see [`Status`].
impl std::fmt::Display for LeaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            LeaseError::NotPrimary => "not a primary lessor",
            LeaseError::NotFound => "lease not found",
            LeaseError::Exists => "lease already exists",
            LeaseError::TtlTooLarge => "too large lease TTL",
        })
    }
}

impl std::error::Error for LeaseError {}

impl From<LeaseError> for Status {
    fn from(error: LeaseError) -> Status {
        match error {
            // The table of errors has no such line: the text goes out as it is.
            LeaseError::NotPrimary => Status::new(Code::Unknown, error.to_string()),
            LeaseError::NotFound => proto::error::lease_not_found(),
            LeaseError::Exists => proto::error::lease_exists(),
            LeaseError::TtlTooLarge => proto::error::lease_ttl_too_large(),
        }
    }
}
