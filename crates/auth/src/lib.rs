//! Who may do what: users, roles, passwords, tokens.
//!
//! Mirrors etcd's `server/auth`. Rules A1 to A15 of etcd-semantics.md.
//!
//! [`AuthStore`] is a part of the replicated state machine. Every member applies the same requests
//! from raft's log, so all hold the same users, roles and auth revision. Two things stay outside:
//!
//! - **Passwords.** A member that takes a request hashes the password before it proposes, with a
//!   salt of its own ([`hash_user_add`], [`hash_change_password`]), and the log carries the hash.
//!   A login is checked by the member that takes it ([`AuthStore::check_password`]); the log only
//!   says who logged in and with which token ([`AuthStore::authenticate`]).
//! - **Tokens.** [`SimpleTokens`] belong to one member and are gone when it restarts.
//!
//! A permission is checked where its request is applied, against the store as it is at that index,
//! with the name and the auth revision that the request carries ([`AuthInfo`]). A grant that was
//! taken away before the write in the log therefore denies the write, whoever was asked first (A14).
//!
//! The order of work for one request:
//!
//! 1. [`AuthStore::info`] turns the call's token into an [`AuthInfo`]; without one, a client
//!    certificate may stand in ([`AuthStore::info_from_common_name`]).
//! 2. The member proposes, with that name and revision in the request's header.
//! 3. At apply, [`AuthStore::check_request`] says whether it may run; reads that do not pass raft
//!    use [`AuthStore::check_range`] and its neighbours.
//! 4. After a request of the auth API has been applied, [`SimpleTokens::applied`] drops the tokens
//!    that it ended.
//!
//! Left out: JWT tokens, and the limits of gRPC's gateway on certificates.

mod bucket;
mod check;
mod error;
mod interval;
mod password;
mod role;
mod store;
mod token;
mod user;

pub use bucket::Pairs;
pub use check::{AuthInfo, LeaseKeys, needs_admin};
pub use error::Error;
pub use interval::{Access, RangePermissions, is_valid_permission_range};
pub use password::{
    COST_DEFAULT, COST_MAX, COST_MIN, hash_change_password, hash_password, hash_user_add, verify,
};
pub use store::{AuthStore, Patches};
pub use token::{SimpleTokens, TTL_US_DEFAULT, token_index, token_prefix, token_text};

/// Virtual time in microseconds.
pub type Micros = u64;

/// Name of the user and of the role that may do everything (A2, A7).
pub const ROOT: &str = "root";
