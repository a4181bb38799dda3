//! May this user do that (A3, A4, A7, A8, A14)?
//!
//! Mirrors the checks of `authStore` and of etcd's `authApplierV3`, the layer that stands before the
//! applier of requests. With auth off everything passes.

use bytes::Bytes;
use proto::etcdserverpb::{
    DeleteRangeRequest, InternalRaftRequest, PutRequest, RangeRequest, RequestHeader, TxnRequest,
    request_op::Request,
};

use crate::store::has_role;
use crate::{Access, AuthStore, Error, Micros, Patches, ROOT, SimpleTokens};

/// Who asks, and the auth revision at which the request was let in.
///
/// The default is nobody: a request without token and certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthInfo {
    pub username: String,
    pub revision: u64,
}

/// As the request's header in the log says.
impl From<&RequestHeader> for AuthInfo {
    fn from(header: &RequestHeader) -> Self {
        AuthInfo { username: header.username.clone(), revision: header.auth_revision }
    }
}

/// The keys attached to a lease; none for a lease that does not exist.
pub type LeaseKeys<'a> = &'a dyn Fn(i64) -> Vec<Bytes>;

/// Who asks.
impl AuthStore {
    /// Who a call's token belongs to; the token lives on for its whole TTL (A13).
    ///
    /// `None` when auth is off or no token came; a certificate may answer then, and otherwise the
    /// checks refuse [`AuthInfo::default`] with `user name is empty`. A simple token carries no
    /// revision, so the present one is taken.
    ///
    /// # Errors
    /// The token is unknown to this member or has expired (A3).
    pub fn info(
        &self,
        tokens: &mut SimpleTokens,
        token: Option<&str>,
        now: Micros,
    ) -> Result<Option<AuthInfo>, Error> {
        let Some(token) = token.filter(|_| self.is_enabled()) else { return Ok(None) };
        let username = tokens.username(token, now).ok_or(Error::InvalidAuthToken)?;
        Ok(Some(AuthInfo { username: username.to_owned(), revision: self.revision }))
    }

    /// Who a client certificate stands for: its common name is the user's name.
    pub fn info_from_common_name(&self, common_name: &str) -> AuthInfo {
        AuthInfo { username: common_name.to_owned(), revision: self.revision }
    }
}

/// The three questions about keys and the one about root.
impl AuthStore {
    /// Whether the user has the role root (A7).
    ///
    /// The revision does not count here: two changes proposed at once both pass, as in etcd.
    ///
    /// # Errors
    /// Nobody asks; the user is gone (`user name not found`); it is not root.
    pub fn is_admin_permitted(&self, info: &AuthInfo) -> Result<(), Error> {
        if !self.is_enabled() {
            return Ok(());
        }
        if info.username.is_empty() {
            return Err(Error::UserEmpty);
        }
        let user = self.users.get(&info.username).ok_or(Error::UserNotFound)?;
        if has_role(user, ROOT) { Ok(()) } else { Err(Error::PermissionDenied) }
    }

    /// Whether the user may write the key.
    ///
    /// # Errors
    /// Nobody asks; its revision is old (A3); the user is gone or may not.
    pub fn is_put_permitted(&self, info: &AuthInfo, key: &[u8]) -> Result<(), Error> {
        self.is_op_permitted(info, Access::Write, key, &[])
    }

    /// Whether the user may read the range; `range_end` as on the wire, `\0` for an open end (A9).
    ///
    /// # Errors
    /// As [`AuthStore::is_put_permitted`].
    pub fn is_range_permitted(
        &self,
        info: &AuthInfo,
        key: &[u8],
        range_end: &[u8],
    ) -> Result<(), Error> {
        self.is_op_permitted(info, Access::Read, key, range_end)
    }

    /// Whether the user may delete the range; `range_end` as on the wire, `\0` for an open end.
    ///
    /// # Errors
    /// As [`AuthStore::is_put_permitted`].
    pub fn is_delete_range_permitted(
        &self,
        info: &AuthInfo,
        key: &[u8],
        range_end: &[u8],
    ) -> Result<(), Error> {
        self.is_op_permitted(info, Access::Write, key, range_end)
    }

    fn is_op_permitted(
        &self,
        info: &AuthInfo,
        access: Access,
        key: &[u8],
        range_end: &[u8],
    ) -> Result<(), Error> {
        if !self.is_enabled() {
            return Ok(());
        }
        // Revisions start at 1: zero is nobody. A certificate without a name is an unknown user.
        if info.revision == 0 {
            return Err(Error::UserEmpty);
        }
        if info.revision < self.revision {
            return Err(Error::AuthOldRevision);
        }
        let user = self.users.get(&info.username).ok_or(Error::PermissionDenied)?;
        let merged = self.permissions.get(&info.username);
        let allowed = has_role(user, ROOT)
            || merged.is_some_and(|merged| merged.allows(access, key, range_end));
        if allowed { Ok(()) } else { Err(Error::PermissionDenied) }
    }
}

/// Whole requests.
impl AuthStore {
    /// READ on the range.
    ///
    /// # Errors
    /// As [`AuthStore::is_put_permitted`]; so for all checks of whole requests.
    pub fn check_range(&self, info: &AuthInfo, request: &RangeRequest) -> Result<(), Error> {
        self.is_range_permitted(info, &request.key, &request.range_end)
    }

    /// WRITE on the key and on every key attached to its lease, for these may vanish together; READ
    /// on the key too when the old pair is wanted (A8).
    ///
    /// # Errors
    /// As [`AuthStore::check_range`].
    pub fn check_put(
        &self,
        info: &AuthInfo,
        request: &PutRequest,
        lease_keys: LeaseKeys<'_>,
    ) -> Result<(), Error> {
        self.is_put_permitted(info, &request.key)?;
        if request.lease != 0 {
            self.check_lease_revoke(info, &lease_keys(request.lease))?;
        }
        if request.prev_kv {
            self.is_range_permitted(info, &request.key, &[])?;
        }
        Ok(())
    }

    /// WRITE on the range; READ too when the old pairs are wanted (A8).
    ///
    /// # Errors
    /// As [`AuthStore::check_range`].
    pub fn check_delete_range(
        &self,
        info: &AuthInfo,
        request: &DeleteRangeRequest,
    ) -> Result<(), Error> {
        self.is_delete_range_permitted(info, &request.key, &request.range_end)?;
        if request.prev_kv {
            self.is_range_permitted(info, &request.key, &request.range_end)?;
        }
        Ok(())
    }

    /// READ on the range of every compare, and what every operation of both branches needs, inner
    /// transactions included: which branch runs must not matter (A8).
    ///
    /// # Errors
    /// As [`AuthStore::check_range`].
    pub fn check_txn(
        &self,
        info: &AuthInfo,
        request: &TxnRequest,
        lease_keys: LeaseKeys<'_>,
    ) -> Result<(), Error> {
        for compare in &request.compare {
            self.is_range_permitted(info, &compare.key, &compare.range_end)?;
        }
        request.success.iter().chain(&request.failure).try_for_each(|op| {
            // An operation without a request does nothing.
            op.request.as_ref().map_or(Ok(()), |request| self.check_op(info, request, lease_keys))
        })
    }

    fn check_op(
        &self,
        info: &AuthInfo,
        request: &Request,
        lease_keys: LeaseKeys<'_>,
    ) -> Result<(), Error> {
        match request {
            Request::RequestRange(range) => self.check_range(info, range),
            Request::RequestPut(put) => self.check_put(info, put, lease_keys),
            Request::RequestDeleteRange(delete) => self.check_delete_range(info, delete),
            Request::RequestTxn(txn) => self.check_txn(info, txn, lease_keys),
        }
    }

    /// WRITE on every key attached to the lease: for LeaseRevoke and LeaseKeepAlive (A8).
    ///
    /// # Errors
    /// As [`AuthStore::check_range`].
    pub fn check_lease_revoke(&self, info: &AuthInfo, keys: &[Bytes]) -> Result<(), Error> {
        keys.iter().try_for_each(|key| self.is_put_permitted(info, key))
    }

    /// READ on every key attached to the lease: for LeaseTimeToLive with keys (A8).
    ///
    /// # Errors
    /// As [`AuthStore::check_range`].
    pub fn check_lease_time_to_live(&self, info: &AuthInfo, keys: &[Bytes]) -> Result<(), Error> {
        keys.iter().try_for_each(|key| self.is_range_permitted(info, key, &[]))
    }

    /// A user may look at itself; root at anybody (A7).
    ///
    /// # Errors
    /// As [`AuthStore::is_admin_permitted`].
    pub fn check_user_get(&self, info: &AuthInfo, name: &str) -> Result<(), Error> {
        if info.username == name { Ok(()) } else { self.is_admin_permitted(info) }
    }

    /// A user may look at its own roles; root at any (A7).
    ///
    /// # Errors
    /// As [`AuthStore::is_admin_permitted`].
    pub fn check_role_get(&self, info: &AuthInfo, role: &str) -> Result<(), Error> {
        let own = self.users.get(&info.username).is_some_and(|user| has_role(user, role));
        if own { Ok(()) } else { self.is_admin_permitted(info) }
    }

    /// Whether a request of the log may be applied, as of this index (A14).
    ///
    /// # Errors
    /// Whatever the check for that kind of request says.
    pub fn check_request(
        &self,
        info: &AuthInfo,
        request: &InternalRaftRequest,
        lease_keys: LeaseKeys<'_>,
    ) -> Result<(), Error> {
        let compaction = request.compaction.is_some() && self.patches == Patches::Late;
        if needs_admin(request) || compaction {
            self.is_admin_permitted(info)?;
        }
        if let Some(range) = &request.range {
            self.check_range(info, range)?;
        }
        if let Some(put) = &request.put {
            self.check_put(info, put, lease_keys)?;
        }
        if let Some(delete) = &request.delete_range {
            self.check_delete_range(info, delete)?;
        }
        if let Some(txn) = &request.txn {
            self.check_txn(info, txn, lease_keys)?;
        }
        if let Some(revoke) = &request.lease_revoke {
            self.check_lease_revoke(info, &lease_keys(revoke.id))?;
        }
        if let Some(get) = &request.auth_user_get {
            self.check_user_get(info, &get.name)?;
        }
        if let Some(get) = &request.auth_role_get {
            self.check_role_get(info, &get.role)?;
        }
        Ok(())
    }
}

/// Whether a request of the log is one of the auth API that only root may send (A7).
pub fn needs_admin(request: &InternalRaftRequest) -> bool {
    request.auth_enable.is_some()
        || request.auth_disable.is_some()
        || request.auth_status.is_some()
        || request.auth_user_add.is_some()
        || request.auth_user_delete.is_some()
        || request.auth_user_change_password.is_some()
        || request.auth_user_grant_role.is_some()
        || request.auth_user_revoke_role.is_some()
        || request.auth_user_list.is_some()
        || request.auth_role_add.is_some()
        || request.auth_role_delete.is_some()
        || request.auth_role_list.is_some()
        || request.auth_role_grant_permission.is_some()
        || request.auth_role_revoke_permission.is_some()
}
