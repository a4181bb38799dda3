//! Who may do what by API v2 (`v2http/client_auth.go`; V12): basic authentication against v2's users,
//! a certificate's name where that is on, or the role `guest`.

use proto::http::header;

use super::Ask;
use super::records::{Failure, GUEST, PERMS, ROOT, Role, User};
use crate::Micros;
use crate::member::Running;
use v2store::Code;

impl Running {
    /// Whether whoever asks may manage the cluster.
    pub(super) fn has_root_access(&mut self, ask: &Ask<'_>) -> bool {
        if !self.is_v2_auth_enabled(ask.now) {
            return true;
        }
        let user = match header(&ask.request.headers, "Authorization") {
            None if self.config.client_cert_auth => self.certified_user(ask),
            _ => self.basic_user(ask),
        };
        user.is_some_and(|user| user.has_role(ROOT))
    }

    /// Whether whoever asks may do that to a key. A guest's recursive requests are looked at as if
    /// they were for the key alone, as in etcd.
    pub(super) fn has_key_access(&mut self, ask: &Ask<'_>, key: &str, recursive: bool) -> bool {
        if !self.is_v2_auth_enabled(ask.now) {
            return true;
        }
        let write = !matches!(ask.request.method.as_str(), "GET" | "HEAD");
        let named = header(&ask.request.headers, "Authorization").is_some_and(|a| !a.is_empty());
        let user = match named {
            true => self.basic_user(ask),
            false if self.config.client_cert_auth => self.certified_user(ask),
            false => None,
        };
        let Some(user) = user else {
            let guest = self.v2_role(ask.now, GUEST);
            return !named && guest.is_ok_and(|guest| guest.has_access(key, false, write));
        };
        user.roles.iter().flatten().any(|name| {
            self.v2_role(ask.now, name).is_ok_and(|role| role.has_access(key, recursive, write))
        })
    }

    fn basic_user(&mut self, ask: &Ask<'_>) -> Option<User> {
        let text = header(&ask.request.headers, "Authorization")?;
        let (scheme, encoded) = text.split_once(' ')?;
        let decoded = proto::base64::decode_padded(encoded)
            .filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (name, password) = decoded.split_once(':')?;
        let user = self.v2_user(ask.now, name).ok()?;
        ::auth::verify(password, &user.password).then_some(user)
    }

    fn certified_user(&mut self, ask: &Ask<'_>) -> Option<User> {
        let name = ask.metadata.common_name.as_deref()?;
        self.v2_user(ask.now, name).ok()
    }

    pub(super) fn is_v2_auth_enabled(&mut self, now: Micros) -> bool {
        self.v2_resource(now, "enabled").is_ok_and(|value| value == "true")
    }

    /// etcd would let a name with slashes in it lead to any record, one of the user's own making
    /// among them; here there is no such user.
    pub(super) fn v2_user(&mut self, now: Micros, name: &str) -> Result<User, Failure> {
        if !is_name(name) {
            return Err(Failure::Auth(404, format!("User {name} does not exist.")));
        }
        read_user(name, self.v2_resource(now, &format!("users/{name}")).map_err(Failure::V2))
    }

    pub(super) fn v2_role(&mut self, now: Micros, name: &str) -> Result<Role, Failure> {
        if name == ROOT {
            return Ok(Role::full(ROOT));
        }
        if !is_name(name) {
            return Err(Failure::Auth(404, format!("Role {name} does not exist.")));
        }
        read_role(name, self.v2_resource(now, &format!("roles/{name}")).map_err(Failure::V2))
    }

    /// A record of this member's; etcd counts it as a read of the store.
    fn v2_resource(&mut self, now: Micros, resource: &str) -> Result<String, v2store::Error> {
        let unix_ns = self.unix_ns(now);
        let event = self.state.v2.get(&format!("{PERMS}/{resource}"), false, unix_ns)?;
        Ok(event.node.value.unwrap_or_default())
    }

    /// The names of all users or roles.
    pub(super) fn v2_names(
        &mut self,
        now: Micros,
        resources: &str,
    ) -> Result<Vec<String>, Failure> {
        let unix_ns = self.unix_ns(now);
        match self.state.v2.get(&format!("{PERMS}/{resources}"), false, unix_ns) {
            Ok(event) => {
                let names = event.node.nodes.iter().filter_map(|node| node.key.rsplit('/').next());
                Ok(names.map(str::to_owned).collect())
            }
            Err(error) if error.code == Code::KeyNotFound => Ok(Vec::new()),
            Err(error) => Err(Failure::V2(error)),
        }
    }
}

/// One part of a path.
fn is_name(name: &str) -> bool {
    v2store::clean_path(name).strip_prefix('/') == Some(name) && !name.contains('/')
}

/// A user's record as it came from the store.
pub(super) fn read_user(name: &str, found: Result<String, Failure>) -> Result<User, Failure> {
    let json = found.map_err(|failure| absent(failure, &format!("User {name} does not exist.")))?;
    User::read(json.as_bytes()).map(User::with_root_role).ok_or(Failure::Server)
}

/// A role's record as it came from the store.
pub(super) fn read_role(name: &str, found: Result<String, Failure>) -> Result<Role, Failure> {
    let json = found.map_err(|failure| absent(failure, &format!("Role {name} does not exist.")))?;
    Role::read(json.as_bytes()).ok_or(Failure::Server)
}

/// A missing record in other words.
pub(super) fn absent(failure: Failure, text: &str) -> Failure {
    match failure {
        Failure::V2(error) if error.code == Code::KeyNotFound => Failure::Auth(404, text.into()),
        failure => failure,
    }
}
