//! Requests in one line each, and where the tables of others lie.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files
#![allow(dead_code, reason = "each test file takes what it needs")]

use auth::{AuthInfo, AuthStore, Error, hash_user_add};
use proto::authpb::permission::Type;
use proto::authpb::{Permission, UserAddOptions};
use proto::etcdserverpb::*;

pub(crate) const SALT: [u8; 16] = *b"0123456789abcdef";

/// The text of a table, or `None` after one line that says it is absent.
pub(crate) fn table(name: &str) -> Option<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/external/etcd-server/");
    let text = std::fs::read_to_string(format!("{path}{name}")).ok();
    if text.is_none() {
        println!("skipped: ../shared/external/etcd-server/{name} is not there");
    }
    text
}

/// Calls on a store that say only what matters.
pub(crate) trait Short {
    fn user(&mut self, name: &str, password: &str) -> Result<(), Error>;
    fn user_without_password(&mut self, name: &str) -> Result<(), Error>;
    fn delete_user(&mut self, name: &str) -> Result<(), Error>;
    fn passwd(&mut self, name: &str, password: &str) -> Result<(), Error>;
    fn role(&mut self, name: &str) -> Result<(), Error>;
    fn delete_role(&mut self, name: &str) -> Result<(), Error>;
    fn grant_role(&mut self, user: &str, role: &str) -> Result<(), Error>;
    fn revoke_role(&mut self, user: &str, role: &str) -> Result<(), Error>;
    fn grant(&mut self, role: &str, perm: Permission) -> Result<(), Error>;
    fn revoke(&mut self, role: &str, key: &str, end: &str) -> Result<(), Error>;
    fn roles_of(&self, user: &str) -> Result<Vec<String>, Error>;
    fn perms_of(&self, role: &str) -> Result<Vec<Permission>, Error>;
    fn enable(&mut self) -> Result<(), Error>;
    fn disable(&mut self);
    /// With user and role root, enabled.
    fn with_root() -> Self;
    /// The user as of now.
    fn who(&self, name: &str) -> AuthInfo;
}

impl Short for AuthStore {
    fn user(&mut self, name: &str, password: &str) -> Result<(), Error> {
        let (name, password) = (name.into(), password.into());
        let mut request = AuthUserAddRequest { name, password, ..Default::default() };
        hash_user_add(&mut request, 4, SALT);
        self.user_add(&request).map(|_| ())
    }

    fn user_without_password(&mut self, name: &str) -> Result<(), Error> {
        let options = Some(UserAddOptions { no_password: true });
        let mut request = AuthUserAddRequest { name: name.into(), options, ..Default::default() };
        hash_user_add(&mut request, 4, SALT);
        self.user_add(&request).map(|_| ())
    }

    fn delete_user(&mut self, name: &str) -> Result<(), Error> {
        self.user_delete(&AuthUserDeleteRequest { name: name.into() }).map(|_| ())
    }

    fn passwd(&mut self, name: &str, password: &str) -> Result<(), Error> {
        let (name, password) = (name.into(), password.into());
        let mut request = AuthUserChangePasswordRequest { name, password, ..Default::default() };
        auth::hash_change_password(&mut request, 4, SALT);
        self.user_change_password(&request).map(|_| ())
    }

    fn role(&mut self, name: &str) -> Result<(), Error> {
        self.role_add(&AuthRoleAddRequest { name: name.into() }).map(|_| ())
    }

    fn delete_role(&mut self, name: &str) -> Result<(), Error> {
        self.role_delete(&AuthRoleDeleteRequest { role: name.into() }).map(|_| ())
    }

    fn grant_role(&mut self, user: &str, role: &str) -> Result<(), Error> {
        let request = AuthUserGrantRoleRequest { user: user.into(), role: role.into() };
        self.user_grant_role(&request).map(|_| ())
    }

    fn revoke_role(&mut self, user: &str, role: &str) -> Result<(), Error> {
        let request = AuthUserRevokeRoleRequest { name: user.into(), role: role.into() };
        self.user_revoke_role(&request).map(|_| ())
    }

    fn grant(&mut self, role: &str, perm: Permission) -> Result<(), Error> {
        let request = AuthRoleGrantPermissionRequest { name: role.into(), perm: Some(perm) };
        self.role_grant_permission(&request).map(|_| ())
    }

    fn revoke(&mut self, role: &str, key: &str, end: &str) -> Result<(), Error> {
        let (key, range_end) = (key.to_owned().into(), end.to_owned().into());
        let request = AuthRoleRevokePermissionRequest { role: role.into(), key, range_end };
        self.role_revoke_permission(&request).map(|_| ())
    }

    fn roles_of(&self, user: &str) -> Result<Vec<String>, Error> {
        self.user_get(&AuthUserGetRequest { name: user.into() }).map(|response| response.roles)
    }

    fn perms_of(&self, role: &str) -> Result<Vec<Permission>, Error> {
        self.role_get(&AuthRoleGetRequest { role: role.into() }).map(|response| response.perm)
    }

    fn enable(&mut self) -> Result<(), Error> {
        self.auth_enable(&AuthEnableRequest {}).map(|_| ())
    }

    fn disable(&mut self) {
        self.auth_disable(&AuthDisableRequest {}).expect("never fails");
    }

    fn with_root() -> Self {
        let mut store = AuthStore::default();
        store.user("root", "root").expect("a new user");
        store.role("root").expect("a new role");
        store.grant_role("root", "root").expect("a new grant");
        store.enable().expect("root is there");
        store
    }

    fn who(&self, name: &str) -> AuthInfo {
        AuthInfo { username: name.into(), revision: self.revision() }
    }
}

pub(crate) fn read(key: &str, end: &str) -> Permission {
    permission(Type::Read, key, end)
}

pub(crate) fn write(key: &str, end: &str) -> Permission {
    permission(Type::Write, key, end)
}

pub(crate) fn readwrite(key: &str, end: &str) -> Permission {
    permission(Type::Readwrite, key, end)
}

fn permission(kind: Type, key: &str, end: &str) -> Permission {
    let (key, range_end) = (key.to_owned().into(), end.to_owned().into());
    Permission { perm_type: kind.into(), key, range_end }
}
