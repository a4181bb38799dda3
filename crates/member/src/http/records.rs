//! v2's users and roles: what stands under `/2`, and how grants change it (`etcdserver/api/v2auth`;
//! V12). They have nothing to do with v3's.
//!
//! Lists that Go has as nil are none here, because etcd writes them so and compares them so.

use serde_json::Value;
use v2store::json_string;

use super::Page;
use crate::apply_v2::json_strings;

/// The directory of v2's users and roles.
pub(crate) const PERMS: &str = "/2";
pub(super) const ROOT: &str = "root";
pub(super) const GUEST: &str = "guest";

type List = Option<Vec<String>>;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct User {
    pub(super) user: String,
    /// In a request as it was typed, in a record hashed.
    pub(super) password: String,
    pub(super) roles: List,
    pub(super) grant: Vec<String>,
    pub(super) revoke: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Role {
    pub(super) role: String,
    pub(super) permissions: Permissions,
    pub(super) grant: Option<Permissions>,
    pub(super) revoke: Option<Permissions>,
}

/// Patterns of keys; one that ends in `*` is a prefix.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Permissions {
    pub(super) read: List,
    pub(super) write: List,
}

/// Why a request of v2's users is refused.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Status and text, to which `auth: ` belongs.
    Auth(u32, String),
    V2(v2store::Error),
    /// What the client learns nothing of.
    Server,
}

impl Failure {
    pub(super) fn page(&self) -> Page {
        match self {
            Failure::Auth(status, text) => Page::message(*status, &format!("auth: {text}")),
            Failure::V2(error) => Page::v2_error(error),
            Failure::Server => Page::internal_error(),
        }
    }
}

impl User {
    /// None for what is no JSON of a user.
    pub(super) fn read(json: &[u8]) -> Option<User> {
        let object: Value = serde_json::from_slice(json).ok().filter(Value::is_object)?;
        Some(User {
            user: text(&object["user"])?,
            password: text(&object["password"])?,
            roles: list(&object["roles"])?,
            grant: list(&object["grant"])?.unwrap_or_default(),
            revoke: list(&object["revoke"])?.unwrap_or_default(),
        })
    }

    /// As it is stored, or shown without a password.
    pub(super) fn to_json(&self) -> String {
        let password = match self.password.as_str() {
            "" => String::new(),
            password => format!(",\"password\":{}", json_string(password)),
        };
        let (user, roles) = (json_string(&self.user), list_json(&self.roles));
        format!("{{\"user\":{user}{password},\"roles\":{roles}}}")
    }

    /// The user `root` has the role `root`, whatever is written down.
    pub(super) fn with_root_role(mut self) -> User {
        if self.user == ROOT && !self.has_role(ROOT) {
            self.roles.get_or_insert_default().push(ROOT.into());
        }
        self
    }

    pub(super) fn has_role(&self, name: &str) -> bool {
        self.roles.iter().flatten().any(|role| role == name)
    }

    /// What the user becomes by a request whose password is hashed already.
    pub(super) fn merge(&self, change: &User) -> Result<User, Failure> {
        let mut roles = self.roles.clone().unwrap_or_default();
        for role in &change.grant {
            if roles.contains(role) {
                let text = format!("Granting duplicate role {role} for user {}", change.user);
                return Err(Failure::Auth(409, text));
            }
            roles.push(role.clone());
        }
        for role in &change.revoke {
            if !roles.contains(role) {
                let text = format!("Revoking ungranted role {role} for user {}", change.user);
                return Err(Failure::Auth(409, text));
            }
            roles.retain(|known| known != role);
        }
        roles.sort();
        let password = match change.password.as_str() {
            "" => self.password.clone(),
            password => password.to_owned(),
        };
        Ok(User { user: self.user.clone(), password, roles: Some(roles), ..User::default() })
    }
}

impl Role {
    /// One that may do everything: root always, guest when auth is first enabled.
    pub(super) fn full(name: &str) -> Role {
        let all = || Some(vec!["/*".to_owned()]);
        let permissions = Permissions { read: all(), write: all() };
        Role { role: name.into(), permissions, ..Role::default() }
    }

    /// None for what is no JSON of a role.
    pub(super) fn read(json: &[u8]) -> Option<Role> {
        let object: Value = serde_json::from_slice(json).ok().filter(Value::is_object)?;
        let optional = |value: &Value| match value {
            Value::Null => Some(None),
            value => Permissions::read(value).map(Some),
        };
        Some(Role {
            role: text(&object["role"])?,
            permissions: optional(&object["permissions"])?.unwrap_or_default(),
            grant: optional(&object["grant"])?,
            revoke: optional(&object["revoke"])?,
        })
    }

    pub(super) fn to_json(&self) -> String {
        let (read, write) = (list_json(&self.permissions.read), list_json(&self.permissions.write));
        let role = json_string(&self.role);
        format!(
            "{{\"role\":{role},\"permissions\":{{\"kv\":{{\"read\":{read},\"write\":{write}}}}}}}"
        )
    }

    /// Whether a request changes a role, and does not make one.
    pub(super) fn is_change(&self) -> bool {
        [&self.grant, &self.revoke].into_iter().flatten().any(|p| !p.is_empty())
    }

    /// What the role becomes by a request.
    pub(super) fn merge(&self, change: &Role) -> Result<Role, Failure> {
        let mut permissions = self.permissions.clone();
        if let Some(grant) = &change.grant {
            permissions = Permissions {
                read: granted(&permissions.read, &grant.read, "read")?,
                write: granted(&permissions.write, &grant.write, "write")?,
            };
        }
        if let Some(revoke) = &change.revoke {
            permissions = Permissions {
                read: revoked(&permissions.read, &revoke.read),
                write: revoked(&permissions.write, &revoke.write),
            };
        }
        Ok(Role { role: self.role.clone(), permissions, ..Role::default() })
    }

    /// V12: whether the role lets somebody at a key, or at everything below it.
    pub(super) fn has_access(&self, key: &str, recursive: bool, write: bool) -> bool {
        if self.role == ROOT {
            return true;
        }
        let list = if write { &self.permissions.write } else { &self.permissions.read };
        list.iter().flatten().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => key.starts_with(prefix),
            None => !recursive && key == pattern,
        })
    }
}

impl Permissions {
    fn read(value: &Value) -> Option<Permissions> {
        value.as_object()?;
        let kv = &value["kv"];
        if !kv.is_null() && !kv.is_object() {
            return None;
        }
        Some(Permissions { read: list(&kv["read"])?, write: list(&kv["write"])? })
    }

    pub(super) fn is_empty(&self) -> bool {
        [&self.read, &self.write].into_iter().flatten().all(Vec::is_empty)
    }
}

fn granted(known: &List, more: &List, kind: &str) -> Result<List, Failure> {
    let mut list = known.clone().unwrap_or_default();
    for pattern in more.iter().flatten() {
        if list.contains(pattern) {
            let text = format!("Granting duplicate {kind} permission {pattern}");
            return Err(Failure::Auth(409, text));
        }
        list.push(pattern.clone());
    }
    list.sort();
    Ok(Some(list))
}

/// What was never granted is no mistake here.
fn revoked(known: &List, less: &List) -> List {
    let mut list = known.clone().unwrap_or_default();
    list.retain(|pattern| !less.iter().flatten().any(|gone| gone == pattern));
    list.sort();
    Some(list)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        value => value.as_str().map(str::to_owned),
    }
}

fn list(value: &Value) -> Option<List> {
    match value {
        Value::Null => Some(None),
        Value::Array(texts) => texts.iter().map(text).collect::<Option<Vec<String>>>().map(Some),
        _ => None,
    }
}

fn list_json(list: &List) -> String {
    list.as_ref().map_or("null".into(), |list| json_strings(list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_let_at_their_keys() {
        let role = Role::read(br#"{"role":"r","permissions":{"kv":{"read":["/a","/d/*",""]}}}"#);
        let role = role.expect("a role");
        for (key, recursive, write, access) in [
            ("/a", false, false, true),
            ("/a", true, false, false),
            ("/a", false, true, false),
            ("/ab", false, false, false),
            ("/d/x/y", true, false, true),
            ("/d", false, false, false),
            ("", false, false, true),
        ] {
            assert_eq!(role.has_access(key, recursive, write), access, "{key} {recursive} {write}");
        }
        assert!(Role::full(ROOT).has_access("/x", true, true));
    }

    #[test]
    fn records_are_the_json_that_etcd_writes() {
        let user = User::read(br#"{"user":"a","password":"p","grant":["r"]}"#).expect("a user");
        assert_eq!(user.to_json(), r#"{"user":"a","password":"p","roles":null}"#);
        let merged = User { password: String::new(), ..user.clone() }.merge(&user);
        assert_eq!(
            merged.expect("a grant").to_json(),
            r#"{"user":"a","password":"p","roles":["r"]}"#
        );
        let root = User { user: ROOT.into(), ..User::default() }.with_root_role();
        assert_eq!(root.to_json(), r#"{"user":"root","roles":["root"]}"#);
        let role = Role::read(br#"{"role":"<r>"}"#).expect("a role");
        let json = r#"{"role":"\u003cr\u003e","permissions":{"kv":{"read":null,"write":null}}}"#;
        assert_eq!(role.to_json(), json);
        for bad in ["", "null", "[]", "{", r#"{"user":1}"#, r#"{"roles":["a",1]}"#] {
            assert_eq!(User::read(bad.as_bytes()), None, "{bad}");
        }
        for bad in ["[]", r#"{"permissions":[]}"#, r#"{"grant":{"kv":1}}"#] {
            assert_eq!(Role::read(bad.as_bytes()), None, "{bad}");
        }
    }
}
