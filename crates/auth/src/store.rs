//! The auth store: whether auth is on, its revision, and the users and roles.
//!
//! Mirrors `authStore` in etcd's `server/auth/store.go`. The requests about users are in `user.rs`,
//! those about roles in `role.rs`. etcd reads users and roles from the backend each time; here they
//! are two ordered maps, and `bucket.rs` turns them into the backend's bytes and back.

use std::collections::BTreeMap;

use proto::authpb::{Role, User};
use proto::etcdserverpb::{
    AuthDisableRequest, AuthDisableResponse, AuthEnableRequest, AuthEnableResponse,
    AuthStatusRequest, AuthStatusResponse, AuthenticateResponse, InternalAuthenticateRequest,
};

use crate::{Error, Micros, ROOT, RangePermissions, SimpleTokens, token, verify};

/// Which patch releases of etcd the store follows where they differ.
///
/// It is a setting, not state: it must be the same on all members, and is not in the buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patches {
    /// 3.4.23 and 3.5.1, as recorded: a permission may be granted on an empty range, anybody may
    /// compact, and RoleGet tells of root only what it was granted.
    #[default]
    Early,
    /// The latest of each line: a permission on an empty range is refused (A10), and compacting
    /// needs root (A7).
    Late,
}

/// Users, roles, whether auth is on, and the auth revision.
///
/// Every method that takes a request is deterministic: the same requests in the same order give the
/// same store on every member. Responses carry no header; the member fills it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthStore {
    pub(crate) patches: Patches,
    /// `None` until auth was enabled for the first time: the backend has no such key before.
    pub(crate) enabled: Option<bool>,
    pub(crate) revision: u64,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) roles: BTreeMap<String, Role>,
    /// Follows from `users` and `roles`; made anew with every change, for the users it concerns.
    pub(crate) permissions: BTreeMap<String, RangePermissions>,
}

/// No users, no roles, auth off, auth revision 1 (A1).
impl Default for AuthStore {
    fn default() -> Self {
        AuthStore {
            patches: Patches::default(),
            enabled: None,
            revision: 1,
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            permissions: BTreeMap::new(),
        }
    }
}

impl AuthStore {
    /// The same store, following other patch releases from now on.
    pub fn with_patches(self, patches: Patches) -> Self {
        AuthStore { patches, ..self }
    }

    /// Whether permissions are checked at all.
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(false)
    }

    /// The auth revision: goes up with every change of users or roles, never down (A1).
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Names of all users, sorted.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }

    /// Names of all roles, sorted.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// Turns auth on; the auth revision stays (A1).
    ///
    /// # Errors
    /// Without a user `root`, or while it lacks the role `root` (A2). Enabling twice is no error.
    pub fn auth_enable(&mut self, _: &AuthEnableRequest) -> Result<AuthEnableResponse, Error> {
        if !self.is_enabled() {
            let root = self.users.get(ROOT).ok_or(Error::RootUserNotExist)?;
            if !has_role(root, ROOT) {
                return Err(Error::RootRoleNotExist);
            }
            self.enabled = Some(true);
        }
        Ok(AuthEnableResponse::default())
    }

    /// Turns auth off; the auth revision goes up if it was on (A1).
    ///
    /// # Errors
    /// None.
    pub fn auth_disable(&mut self, _: &AuthDisableRequest) -> Result<AuthDisableResponse, Error> {
        if self.is_enabled() {
            self.enabled = Some(false);
            self.commit();
        }
        Ok(AuthDisableResponse::default())
    }

    /// Whether auth is on, and the auth revision.
    ///
    /// # Errors
    /// None.
    pub fn auth_status(&self, _: &AuthStatusRequest) -> Result<AuthStatusResponse, Error> {
        Ok(AuthStatusResponse {
            header: None,
            enabled: self.is_enabled(),
            auth_revision: self.revision,
        })
    }

    /// Checks a password, before the login is proposed, and returns the auth revision it was checked
    /// at. When that has moved by the time the login could be proposed, the check is to be done
    /// again (A5). It takes as long as the cost in the stored hash says.
    ///
    /// # Errors
    /// Auth is off (A4); the user has no password; name or password is wrong (A5).
    pub fn check_password(&self, name: &str, password: &str) -> Result<u64, Error> {
        if !self.is_enabled() {
            return Err(Error::AuthNotEnabled);
        }
        let user = self.users.get(name).ok_or(Error::AuthFailed)?;
        if no_password(user) {
            return Err(Error::NoPasswordUser);
        }
        let hash = std::str::from_utf8(&user.password).map_err(|_| Error::AuthFailed)?;
        if verify(password, hash) { Ok(self.revision) } else { Err(Error::AuthFailed) }
    }

    /// Applies a login at raft index `index`: this member knows the token from now on (A13).
    ///
    /// `request.simple_token` holds the letters that the proposer drew
    /// ([`token_prefix`](crate::token_prefix)).
    ///
    /// # Errors
    /// Auth is off (A4); the user is gone or has no password.
    pub fn authenticate(
        &self,
        tokens: &mut SimpleTokens,
        request: &InternalAuthenticateRequest,
        index: u64,
        now: Micros,
    ) -> Result<AuthenticateResponse, Error> {
        if !self.is_enabled() {
            return Err(Error::AuthNotEnabled);
        }
        let user = self.users.get(&request.name).ok_or(Error::AuthFailed)?;
        if no_password(user) {
            return Err(Error::AuthFailed);
        }
        let token = token::joined(&request.simple_token, index);
        tokens.assign(&token, &request.name, now);
        Ok(AuthenticateResponse { header: None, token })
    }

    /// Counts a change (A1).
    pub(crate) fn commit(&mut self) {
        // Only a store read from hostile buckets can be at the end.
        self.revision = self.revision.saturating_add(1);
    }

    /// Makes one user's merged permissions anew, or drops them with the user.
    pub(crate) fn refresh_user(&mut self, name: &str) {
        match self.users.get(name) {
            None => {
                self.permissions.remove(name);
            }
            Some(user) => {
                let roles = user.roles.iter().filter_map(|role| self.roles.get(role));
                let merged = RangePermissions::merged(roles);
                self.permissions.insert(name.to_owned(), merged);
            }
        }
    }

    /// Makes the merged permissions of everybody who has this role anew.
    pub(crate) fn refresh_role(&mut self, role: &str) {
        let having = self.users.iter().filter(|(_, user)| has_role(user, role));
        let names: Vec<String> = having.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.refresh_user(&name);
        }
    }
}

/// A user's roles are sorted.
pub(crate) fn has_role(user: &User, role: &str) -> bool {
    user.roles.binary_search_by(|held| held.as_str().cmp(role)).is_ok()
}

pub(crate) fn no_password(user: &User) -> bool {
    user.options.is_some_and(|options| options.no_password)
}
