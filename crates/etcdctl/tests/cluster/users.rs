//! Users and roles of the scripted member. Whoever has logged in may do everything.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use proto::authpb::Permission;
use proto::etcdserverpb::*;
use proto::method::auth;
use proto::{Status, error};

#[derive(Default)]
pub(crate) struct Users {
    enabled: bool,
    /// Password and roles.
    users: BTreeMap<String, (String, Vec<String>)>,
    roles: BTreeMap<String, BTreeMap<(Bytes, Bytes), i32>>,
}

fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap()
}

impl Users {
    /// While authentication is on, a token is needed; a token is a user's name here.
    pub(crate) fn check(&self, method: &str, token: Option<&str>) -> Result<(), Status> {
        if !self.enabled || method == auth::AUTHENTICATE {
            return Ok(());
        }
        match token {
            None => Err(error::user_empty()),
            Some(name) if self.users.contains_key(name) => Ok(()),
            Some(_) => Err(error::invalid_auth_token()),
        }
    }

    /// The reply without its header; `None` for a method of another service.
    pub(crate) fn serve(
        &mut self,
        method: &str,
        request: &[u8],
        token: Option<&str>,
    ) -> Option<Result<Vec<u8>, Status>> {
        if !method.starts_with("/etcdserverpb.Auth/") {
            return None;
        }
        Some(self.check(method, token).and_then(|()| self.reply(method, request)))
    }

    fn reply(&mut self, method: &str, request: &[u8]) -> Result<Vec<u8>, Status> {
        let nothing = Ok(Vec::new());
        let is_root = |name: &str| name == "root";
        match method {
            auth::AUTH_ENABLE => {
                let (_, roles) = self.users.get("root").ok_or_else(error::root_user_not_exist)?;
                if !roles.iter().any(|role| role == "root") {
                    return Err(error::root_role_not_exist());
                }
                self.enabled = true;
            }
            auth::AUTH_DISABLE => self.enabled = false,
            auth::AUTH_STATUS => {
                let status = AuthStatusResponse { enabled: self.enabled, ..Default::default() };
                return Ok(status.encode_to_vec());
            }
            auth::AUTHENTICATE => {
                if !self.enabled {
                    return Err(error::auth_not_enabled());
                }
                let AuthenticateRequest { name, password } = decode(request);
                match self.users.get(&name) {
                    Some((own, _)) if *own == password => {
                        let token = name;
                        let reply = AuthenticateResponse { token, ..Default::default() };
                        return Ok(reply.encode_to_vec());
                    }
                    _ => return Err(error::auth_failed()),
                }
            }
            auth::USER_ADD => {
                let AuthUserAddRequest { name, password, .. } = decode(request);
                if self.users.contains_key(&name) {
                    return Err(error::user_already_exists());
                }
                self.users.insert(name, (password, Vec::new()));
            }
            auth::USER_LIST => {
                let users = self.users.keys().cloned().collect();
                return Ok(AuthUserListResponse { users, ..Default::default() }.encode_to_vec());
            }
            auth::USER_GET => {
                let roles = self.user(&decode::<AuthUserGetRequest>(request).name)?.1.clone();
                return Ok(AuthUserGetResponse { roles, ..Default::default() }.encode_to_vec());
            }
            auth::USER_DELETE => {
                let name = decode::<AuthUserDeleteRequest>(request).name;
                if self.enabled && is_root(&name) {
                    return Err(error::invalid_auth_mgmt());
                }
                self.users.remove(&name).ok_or_else(error::user_not_found)?;
            }
            auth::USER_CHANGE_PASSWORD => {
                let AuthUserChangePasswordRequest { name, password, .. } = decode(request);
                self.user(&name)?.0 = password;
            }
            auth::USER_GRANT_ROLE => {
                let AuthUserGrantRoleRequest { user, role } = decode(request);
                self.user(&user)?;
                if !self.roles.contains_key(&role) {
                    return Err(error::role_not_found());
                }
                let roles = &mut self.user(&user)?.1;
                roles.push(role);
                roles.sort();
            }
            auth::USER_REVOKE_ROLE => {
                let AuthUserRevokeRoleRequest { name, role } = decode(request);
                if self.enabled && is_root(&name) {
                    return Err(error::invalid_auth_mgmt());
                }
                let roles = &mut self.user(&name)?.1;
                let at = roles.iter().position(|own| *own == role);
                roles.remove(at.ok_or_else(error::role_not_granted)?);
            }
            auth::ROLE_ADD => {
                let name = decode::<AuthRoleAddRequest>(request).name;
                if self.roles.contains_key(&name) {
                    return Err(error::role_already_exists());
                }
                self.roles.insert(name, BTreeMap::new());
            }
            auth::ROLE_LIST => {
                let roles = self.roles.keys().cloned().collect();
                return Ok(AuthRoleListResponse { roles, ..Default::default() }.encode_to_vec());
            }
            auth::ROLE_GET => {
                let perms = self.role(&decode::<AuthRoleGetRequest>(request).role)?.clone();
                let permission =
                    |((key, range_end), perm_type)| Permission { perm_type, key, range_end };
                let perm = perms.into_iter().map(permission).collect();
                return Ok(AuthRoleGetResponse { perm, ..Default::default() }.encode_to_vec());
            }
            auth::ROLE_DELETE => {
                let role = decode::<AuthRoleDeleteRequest>(request).role;
                if self.enabled && is_root(&role) {
                    return Err(error::invalid_auth_mgmt());
                }
                self.roles.remove(&role).ok_or_else(error::role_not_found)?;
                self.users.values_mut().for_each(|(_, roles)| roles.retain(|own| *own != role));
            }
            auth::ROLE_GRANT_PERMISSION => {
                let AuthRoleGrantPermissionRequest { name, perm } = decode(request);
                let Permission { perm_type, key, range_end } = perm.unwrap();
                self.role(&name)?.insert((key, range_end), perm_type);
            }
            auth::ROLE_REVOKE_PERMISSION => {
                let AuthRoleRevokePermissionRequest { role, key, range_end } = decode(request);
                let removed = self.role(&role)?.remove(&(key, range_end));
                removed.ok_or_else(error::permission_not_granted)?;
            }
            other => panic!("no such method: {other}"),
        }
        nothing
    }

    fn user(&mut self, name: &str) -> Result<&mut (String, Vec<String>), Status> {
        self.users.get_mut(name).ok_or_else(error::user_not_found)
    }

    fn role(&mut self, name: &str) -> Result<&mut BTreeMap<(Bytes, Bytes), i32>, Status> {
        self.roles.get_mut(name).ok_or_else(error::role_not_found)
    }
}
