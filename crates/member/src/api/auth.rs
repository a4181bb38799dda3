//! Auth: users, roles and logins (`v3rpc/auth.go`, `Authenticate` in `etcdserver/v3_server.go`).

use bytes::Bytes;
use proto::etcdserverpb::{
    AuthUserAddRequest, AuthUserChangePasswordRequest, AuthenticateRequest,
    InternalAuthenticateRequest, InternalRaftRequest,
};
use proto::{Profile, Status, method};

use super::{Answer, Caller, decode, unknown_method};
use crate::Micros;
use crate::member::Running;
use crate::proposals::{To, Waiter};
use crate::reads::What;

impl Running {
    pub(super) fn auth(&mut self, caller: Caller<'_>, method: &str, body: Bytes) -> Answer {
        if method == method::auth::AUTH_STATUS && self.config.profile <= Profile::V3_4 {
            return Err(unknown_method(method));
        }
        macro_rules! through_the_log {
            ($($path:ident => $field:ident),* $(,)?) => {
                match method {
                    $(method::auth::$path => InternalRaftRequest {
                        $field: Some(decode(body)?),
                        ..InternalRaftRequest::default()
                    },)*
                    method::auth::AUTHENTICATE => {
                        return self.authenticate(caller, decode(body)?);
                    }
                    _ => return Err(unknown_method(method)),
                }
            };
        }
        let mut request = through_the_log! {
            AUTH_ENABLE => auth_enable,
            AUTH_DISABLE => auth_disable,
            AUTH_STATUS => auth_status,
            USER_ADD => auth_user_add,
            USER_GET => auth_user_get,
            USER_LIST => auth_user_list,
            USER_DELETE => auth_user_delete,
            USER_CHANGE_PASSWORD => auth_user_change_password,
            USER_GRANT_ROLE => auth_user_grant_role,
            USER_REVOKE_ROLE => auth_user_revoke_role,
            ROLE_ADD => auth_role_add,
            ROLE_GET => auth_role_get,
            ROLE_LIST => auth_role_list,
            ROLE_DELETE => auth_role_delete,
            ROLE_GRANT_PERMISSION => auth_role_grant_permission,
            ROLE_REVOKE_PERMISSION => auth_role_revoke_permission,
        };
        if let Some(add) = &mut request.auth_user_add {
            self.hash_user_add(add);
        }
        if let Some(change) = &mut request.auth_user_change_password {
            self.hash_change_password(change);
        }
        self.write(caller, request)
    }

    /// A6: the log gets the hash, and no password.
    fn hash_user_add(&mut self, add: &mut AuthUserAddRequest) {
        let (cost, salt) = (self.config.bcrypt_cost, self.draw_16());
        ::auth::hash_user_add(add, cost, salt);
    }

    /// 3.5 takes an empty password for none: nothing opens that user's door from then on.
    fn hash_change_password(&mut self, change: &mut AuthUserChangePasswordRequest) {
        if self.config.profile >= Profile::V3_5 && change.password.is_empty() {
            return;
        }
        let (cost, salt) = (self.config.bcrypt_cost, self.draw_16());
        ::auth::hash_change_password(change, cost, salt);
    }

    /// A5: first a linearizable look at the password, then the login itself.
    fn authenticate(&mut self, caller: Caller<'_>, request: AuthenticateRequest) -> Answer {
        self.read_later(caller, What::Password(request))
    }

    pub(crate) fn log_in(&mut self, now: Micros, to: To, request: AuthenticateRequest) {
        let checked = self.state.auth.check_password(&request.name, &request.password);
        let auth_revision = match checked {
            Ok(auth_revision) => auth_revision,
            Err(error) => return self.answer(now, to, 0, Err(Status::from(error))),
        };
        let login = InternalAuthenticateRequest {
            name: request.name.clone(),
            password: String::new(),
            simple_token: ::auth::token_prefix(self.draw_16()),
        };
        let waiter = Waiter::Login { to, request, auth_revision };
        let request =
            InternalRaftRequest { authenticate: Some(login), ..InternalRaftRequest::default() };
        self.submit(now, waiter, None, request);
    }
}
