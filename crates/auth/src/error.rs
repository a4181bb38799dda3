//! Why the auth store refuses: etcd's internal texts, and what clients see of them.
//!
//! Inside etcd the texts start with `auth: `. Most services turn them into the errors of gRPC's
//! table, some of which say it in other words; the maintenance service does not, and there the
//! internal text reaches the client ([`Error::unmapped`]).

use proto::{Code, Status};

/// Every refusal of the auth store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Auth cannot be enabled without a user `root` (A2).
    RootUserNotExist,
    /// Auth cannot be enabled while `root` lacks the role `root` (A2).
    RootRoleNotExist,
    /// A user of that name is there (A12).
    UserAlreadyExist,
    /// No name: of a user to add, or of whoever asks while auth is on (A3, A6).
    UserEmpty,
    /// No user of that name (A12).
    UserNotFound,
    /// A role of that name is there (A12).
    RoleAlreadyExist,
    /// No role of that name (A12).
    RoleNotFound,
    /// A role needs a name (A6).
    RoleEmpty,
    /// A grant without a permission (A10).
    PermissionNotGiven,
    /// Wrong name or password (A5).
    AuthFailed,
    /// A password for a user that has none, or a hash that cannot be read (A5).
    NoPasswordUser,
    /// The user may not do that (A7, A8).
    PermissionDenied,
    /// The role to revoke is not the user's (A11).
    RoleNotGranted,
    /// The permission to revoke is not the role's (A11).
    PermissionNotGranted,
    /// A login while auth is off (A4).
    AuthNotEnabled,
    /// Users or roles have changed since the request was let in (A3).
    AuthOldRevision,
    /// A token that is unknown here, or has expired (A3).
    InvalidAuthToken,
    /// A change that would lock everybody out, or an impossible range (A10, A11).
    InvalidAuthMgmt,
    /// Buckets that no auth store wrote; the name of the bucket. Ours, not etcd's: etcd panics.
    Corrupt(&'static str),
}

impl Error {
    /// The status of a service that does not know the table, such as Snapshot and Defragment: code
    /// Unknown and the internal text (`auth: permission denied`).
    pub fn unmapped(self) -> Status {
        Status::new(Code::Unknown, self.to_string())
    }
}

/// etcd's internal text; clients see [`Status`].
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Error::RootUserNotExist => "auth: root user does not exist",
            Error::RootRoleNotExist => "auth: root user does not have root role",
            Error::UserAlreadyExist => "auth: user already exists",
            Error::UserEmpty => "auth: user name is empty",
            Error::UserNotFound => "auth: user not found",
            Error::RoleAlreadyExist => "auth: role already exists",
            Error::RoleNotFound => "auth: role not found",
            Error::RoleEmpty => "auth: role name is empty",
            Error::PermissionNotGiven => "auth: permission not given",
            Error::AuthFailed => "auth: authentication failed, invalid user ID or password",
            Error::NoPasswordUser => {
                "auth: authentication failed, password was given for no password user"
            }
            Error::PermissionDenied => "auth: permission denied",
            Error::RoleNotGranted => "auth: role is not granted to the user",
            Error::PermissionNotGranted => "auth: permission is not granted to the role",
            Error::AuthNotEnabled => "auth: authentication is not enabled",
            Error::AuthOldRevision => "auth: revision in header is old",
            Error::InvalidAuthToken => "auth: invalid auth token",
            Error::InvalidAuthMgmt => "auth: invalid auth management",
            Error::Corrupt(bucket) => return write!(f, "auth: bucket {bucket} is corrupt"),
        })
    }
}

impl std::error::Error for Error {}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        match error {
            Error::RootUserNotExist => proto::error::root_user_not_exist(),
            Error::RootRoleNotExist => proto::error::root_role_not_exist(),
            Error::UserAlreadyExist => proto::error::user_already_exists(),
            Error::UserEmpty => proto::error::user_empty(),
            Error::UserNotFound => proto::error::user_not_found(),
            Error::RoleAlreadyExist => proto::error::role_already_exists(),
            Error::RoleNotFound => proto::error::role_not_found(),
            Error::RoleEmpty => proto::error::role_empty(),
            Error::PermissionNotGiven => proto::error::permission_not_given(),
            Error::AuthFailed => proto::error::auth_failed(),
            Error::PermissionDenied => proto::error::permission_denied(),
            Error::RoleNotGranted => proto::error::role_not_granted(),
            Error::PermissionNotGranted => proto::error::permission_not_granted(),
            Error::AuthNotEnabled => proto::error::auth_not_enabled(),
            Error::AuthOldRevision => proto::error::auth_old_revision(),
            Error::InvalidAuthToken => proto::error::invalid_auth_token(),
            Error::InvalidAuthMgmt => proto::error::invalid_auth_mgmt(),
            Error::NoPasswordUser | Error::Corrupt(_) => error.unmapped(),
        }
    }
}
