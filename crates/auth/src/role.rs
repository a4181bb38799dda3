//! The requests about roles and their permissions (A10, A11, A12).

use bytes::Bytes;
use proto::authpb::permission::Type;
use proto::authpb::{Permission, Role};
use proto::etcdserverpb::{
    AuthRoleAddRequest, AuthRoleAddResponse, AuthRoleDeleteRequest, AuthRoleDeleteResponse,
    AuthRoleGetRequest, AuthRoleGetResponse, AuthRoleGrantPermissionRequest,
    AuthRoleGrantPermissionResponse, AuthRoleListRequest, AuthRoleListResponse,
    AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionResponse,
};

use crate::store::has_role;
use crate::{AuthStore, Error, Patches, ROOT, is_valid_permission_range};

impl AuthStore {
    /// Adds a role without permissions.
    ///
    /// # Errors
    /// No name (A6); the name is taken (A12).
    pub fn role_add(&mut self, request: &AuthRoleAddRequest) -> Result<AuthRoleAddResponse, Error> {
        if request.name.is_empty() {
            return Err(Error::RoleEmpty);
        }
        if self.roles.contains_key(&request.name) {
            return Err(Error::RoleAlreadyExist);
        }
        let role = Role { name: request.name.clone().into(), key_permission: Vec::new() };
        self.roles.insert(request.name.clone(), role);
        // A user may hold `root` before it exists.
        self.refresh_role(&request.name);
        self.commit();
        Ok(AuthRoleAddResponse::default())
    }

    /// The permissions of a role, sorted by key; of `root` always everything (A12).
    ///
    /// # Errors
    /// No such role, `root` included.
    pub fn role_get(&self, request: &AuthRoleGetRequest) -> Result<AuthRoleGetResponse, Error> {
        let role = self.roles.get(&request.role).ok_or(Error::RoleNotFound)?;
        // Recorded releases leave it to the client to know what root may.
        let perm = if request.role == ROOT && self.patches == Patches::Late {
            vec![root_permission()]
        } else {
            role.key_permission.clone()
        };
        Ok(AuthRoleGetResponse { header: None, perm })
    }

    /// All roles, sorted by name.
    ///
    /// # Errors
    /// None.
    pub fn role_list(&self, _: &AuthRoleListRequest) -> Result<AuthRoleListResponse, Error> {
        Ok(AuthRoleListResponse { header: None, roles: self.roles.keys().cloned().collect() })
    }

    /// Deletes a role and takes it from all users (A11).
    ///
    /// # Errors
    /// `root` while auth is on (A11); no such role.
    pub fn role_delete(
        &mut self,
        request: &AuthRoleDeleteRequest,
    ) -> Result<AuthRoleDeleteResponse, Error> {
        if self.is_enabled() && request.role == ROOT {
            return Err(Error::InvalidAuthMgmt);
        }
        self.roles.remove(&request.role).ok_or(Error::RoleNotFound)?;
        let mut changed = Vec::new();
        for (name, user) in self.users.iter_mut().filter(|(_, user)| has_role(user, &request.role))
        {
            user.roles.retain(|role| *role != request.role);
            changed.push(name.clone());
        }
        for name in changed {
            self.refresh_user(&name);
        }
        self.commit();
        Ok(AuthRoleDeleteResponse::default())
    }

    /// Gives a role a permission on a range, or changes what the range may be used for.
    ///
    /// Only the first permission on that key is compared: with several ends for one key, a second
    /// grant of a later one stands beside it instead of replacing it, as in etcd (A10).
    ///
    /// # Errors
    /// No permission (A10); an empty range, with [`Patches::Late`]; no such role.
    pub fn role_grant_permission(
        &mut self,
        request: &AuthRoleGrantPermissionRequest,
    ) -> Result<AuthRoleGrantPermissionResponse, Error> {
        let new = request.perm.as_ref().ok_or(Error::PermissionNotGiven)?;
        if self.patches == Patches::Late && !is_valid_permission_range(&new.key, &new.range_end) {
            return Err(Error::InvalidAuthMgmt);
        }
        let role = self.roles.get_mut(&request.name).ok_or(Error::RoleNotFound)?;
        let list = &mut role.key_permission;
        let first = list.partition_point(|permission| permission.key < new.key);
        match list.get_mut(first) {
            Some(old) if old.key == new.key && old.range_end == new.range_end => {
                old.perm_type = new.perm_type;
            }
            _ => {
                let after = list.partition_point(|permission| permission.key <= new.key);
                list.insert(after, new.clone());
            }
        }
        self.refresh_role(&request.name);
        self.commit();
        Ok(AuthRoleGrantPermissionResponse::default())
    }

    /// Takes every permission with exactly this key and end from a role (A11).
    ///
    /// # Errors
    /// No such role; it has no such permission.
    pub fn role_revoke_permission(
        &mut self,
        request: &AuthRoleRevokePermissionRequest,
    ) -> Result<AuthRoleRevokePermissionResponse, Error> {
        let role = self.roles.get_mut(&request.role).ok_or(Error::RoleNotFound)?;
        let before = role.key_permission.len();
        role.key_permission.retain(|permission| {
            permission.key != request.key || permission.range_end != request.range_end
        });
        if role.key_permission.len() == before {
            return Err(Error::PermissionNotGranted);
        }
        self.refresh_role(&request.role);
        self.commit();
        Ok(AuthRoleRevokePermissionResponse::default())
    }
}

/// What `root` shows, whatever was granted to it.
fn root_permission() -> Permission {
    Permission {
        perm_type: Type::Readwrite.into(),
        key: Bytes::new(),
        range_end: Bytes::from_static(&[0]),
    }
}
