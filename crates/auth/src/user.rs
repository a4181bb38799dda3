//! The requests about users (A6, A11, A12).

use bytes::Bytes;
use proto::authpb::User;
use proto::etcdserverpb::{
    AuthUserAddRequest, AuthUserAddResponse, AuthUserChangePasswordRequest,
    AuthUserChangePasswordResponse, AuthUserDeleteRequest, AuthUserDeleteResponse,
    AuthUserGetRequest, AuthUserGetResponse, AuthUserGrantRoleRequest, AuthUserGrantRoleResponse,
    AuthUserListRequest, AuthUserListResponse, AuthUserRevokeRoleRequest,
    AuthUserRevokeRoleResponse,
};

use crate::store::no_password;
use crate::{AuthStore, Error, ROOT, password};

impl AuthStore {
    /// Adds a user, with the hash that the proposer made of the password
    /// ([`hash_user_add`](crate::hash_user_add)).
    ///
    /// # Errors
    /// No name (A6); the name is taken (A12); the hash is not base64.
    pub fn user_add(&mut self, request: &AuthUserAddRequest) -> Result<AuthUserAddResponse, Error> {
        if request.name.is_empty() {
            return Err(Error::UserEmpty);
        }
        if self.users.contains_key(&request.name) {
            return Err(Error::UserAlreadyExist);
        }
        let mut user = User {
            name: request.name.clone().into(),
            options: Some(request.options.unwrap_or_default()),
            ..User::default()
        };
        let clear = (request.password.as_str(), self.revision);
        user.password = password_for(&user, clear, &request.hashed_password)?;
        self.users.insert(request.name.clone(), user);
        self.refresh_user(&request.name);
        self.commit();
        Ok(AuthUserAddResponse::default())
    }

    /// The roles of a user, sorted.
    ///
    /// # Errors
    /// No such user.
    pub fn user_get(&self, request: &AuthUserGetRequest) -> Result<AuthUserGetResponse, Error> {
        let user = self.users.get(&request.name).ok_or(Error::UserNotFound)?;
        Ok(AuthUserGetResponse { header: None, roles: user.roles.clone() })
    }

    /// All users, sorted by name.
    ///
    /// # Errors
    /// None.
    pub fn user_list(&self, _: &AuthUserListRequest) -> Result<AuthUserListResponse, Error> {
        Ok(AuthUserListResponse { header: None, users: self.users.keys().cloned().collect() })
    }

    /// Deletes a user; its tokens are to be dropped too ([`SimpleTokens::applied`]).
    ///
    /// [`SimpleTokens::applied`]: crate::SimpleTokens::applied
    ///
    /// # Errors
    /// `root` while auth is on (A11); no such user.
    pub fn user_delete(
        &mut self,
        request: &AuthUserDeleteRequest,
    ) -> Result<AuthUserDeleteResponse, Error> {
        if self.is_enabled() && request.name == ROOT {
            return Err(Error::InvalidAuthMgmt);
        }
        self.users.remove(&request.name).ok_or(Error::UserNotFound)?;
        self.refresh_user(&request.name);
        self.commit();
        Ok(AuthUserDeleteResponse::default())
    }

    /// Stores the hash of a new password; the user's tokens are to be dropped.
    ///
    /// A user without a password stays so, and the auth revision goes up all the same (A6).
    ///
    /// # Errors
    /// No such user; the hash is not base64.
    pub fn user_change_password(
        &mut self,
        request: &AuthUserChangePasswordRequest,
    ) -> Result<AuthUserChangePasswordResponse, Error> {
        let clear = (request.password.as_str(), self.revision);
        let user = self.users.get_mut(&request.name).ok_or(Error::UserNotFound)?;
        user.password = password_for(user, clear, &request.hashed_password)?;
        self.commit();
        Ok(AuthUserChangePasswordResponse::default())
    }

    /// Gives a role to a user. One that it has already changes nothing, and is no error (A1).
    ///
    /// # Errors
    /// No such user; no such role, unless it is `root`, which may be granted before it exists (A12).
    pub fn user_grant_role(
        &mut self,
        request: &AuthUserGrantRoleRequest,
    ) -> Result<AuthUserGrantRoleResponse, Error> {
        let user = self.users.get_mut(&request.user).ok_or(Error::UserNotFound)?;
        if request.role != ROOT && !self.roles.contains_key(&request.role) {
            return Err(Error::RoleNotFound);
        }
        if let Err(at) = user.roles.binary_search(&request.role) {
            user.roles.insert(at, request.role.clone());
            self.refresh_user(&request.user);
            self.commit();
        }
        Ok(AuthUserGrantRoleResponse::default())
    }

    /// Takes a role from a user.
    ///
    /// # Errors
    /// `root` from `root` while auth is on (A11); no such user; the user does not have the role.
    pub fn user_revoke_role(
        &mut self,
        request: &AuthUserRevokeRoleRequest,
    ) -> Result<AuthUserRevokeRoleResponse, Error> {
        if self.is_enabled() && request.name == ROOT && request.role == ROOT {
            return Err(Error::InvalidAuthMgmt);
        }
        let user = self.users.get_mut(&request.name).ok_or(Error::UserNotFound)?;
        let at = user.roles.binary_search(&request.role).map_err(|_| Error::RoleNotGranted)?;
        user.roles.remove(at);
        self.refresh_user(&request.name);
        self.commit();
        Ok(AuthUserRevokeRoleResponse::default())
    }
}

/// What is stored as this user's password. A log of real 3.4's has passwords in the clear, which each
/// of its members hashes with a salt of its own; here the salt is the place in the history, so that
/// all have the same.
fn password_for(
    user: &User,
    (clear, revision): (&str, u64),
    hashed_password: &str,
) -> Result<Bytes, Error> {
    if no_password(user) {
        return Ok(Bytes::new());
    }
    if hashed_password.is_empty() {
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&revision.to_be_bytes());
        for (at, byte) in salt[8..].iter_mut().zip(user.name.iter()) {
            *at = *byte;
        }
        let hash = password::hash_password(clear, password::COST_DEFAULT, salt);
        return Ok(hash.into_bytes().into());
    }
    password::decode(hashed_password).ok_or(Error::NoPasswordUser)
}
