//! `/v2/auth` (`v2http/client_auth.go`): what is read is answered at once, what is written becomes a
//! [`Job`](super::job::Job).

use super::job::Op;
use super::records::{Failure, ROOT, Role, User};
use super::{Answer, Ask, Page};
use crate::Micros;
use crate::member::Running;

const PREFIX: &str = "/v2/auth/";

impl Running {
    pub(super) fn http_auth_enable(&mut self, ask: &Ask<'_>) -> Answer {
        if let Some(page) = self.not_capable() {
            return Some(page);
        }
        let method = ask.request.method.as_str();
        if !matches!(method, "GET" | "PUT" | "DELETE") {
            return Some(Page::method_not_allowed("GET,PUT,DELETE"));
        }
        if method != "GET" && !self.has_root_access(ask) {
            return Some(Page::insufficient_credentials());
        }
        match method {
            "GET" => {
                let enabled = self.is_v2_auth_enabled(ask.now);
                self.auth_page(Ok(Page::json(200, format!("{{\"enabled\":{enabled}}}\n"))))
            }
            "PUT" => self.auth_job(ask, Op::Enable),
            _ => self.auth_job(ask, Op::Disable),
        }
    }

    pub(super) fn http_auth_users(&mut self, ask: &Ask<'_>) -> Answer {
        let name = match self.admit_auth(ask) {
            Ok(name) => name,
            Err(page) => return Some(page),
        };
        match (ask.request.method.as_str(), name) {
            (_, None) => {
                let page = self.users_page(ask.now);
                self.auth_page(page)
            }
            ("GET", Some(name)) => {
                let page = self.user_page(ask.now, &name);
                self.auth_page(page)
            }
            ("DELETE", Some(name)) => self.auth_job(ask, Op::DeleteUser(name)),
            (_, Some(name)) => match read_user(ask, &name) {
                Ok(user) => self.auth_job(ask, Op::PutUser(user)),
                Err(text) => self.auth_page(Ok(Page::message(400, text))),
            },
        }
    }

    pub(super) fn http_auth_roles(&mut self, ask: &Ask<'_>) -> Answer {
        let name = match self.admit_auth(ask) {
            Ok(name) => name,
            Err(page) => return Some(page),
        };
        match (ask.request.method.as_str(), name) {
            (_, None) => {
                let page = self.roles_page(ask.now);
                self.auth_page(page)
            }
            ("GET", Some(name)) => {
                let role = self.v2_role(ask.now, &name);
                self.auth_page(role.map(|role| line(role.to_json())))
            }
            ("DELETE", Some(name)) => self.auth_job(ask, Op::DeleteRole(name)),
            (_, Some(name)) => match read_role(ask, &name) {
                Ok(role) => self.auth_job(ask, Op::PutRole(role)),
                Err(text) => self.auth_page(Ok(Page::message(400, text))),
            },
        }
    }

    /// What stands before users and roles alike; gives the name in the path, if there is one.
    fn admit_auth(&mut self, ask: &Ask<'_>) -> Result<Option<String>, Page> {
        if let Some(page) = self.not_capable() {
            return Err(page);
        }
        let rest = ask.target.path.strip_prefix(PREFIX).unwrap_or("");
        let mut pieces = rest.split('/').filter(|piece| !piece.is_empty()).skip(1);
        let (name, more) = (pieces.next().map(str::to_owned), pieces.next());
        if more.is_some() {
            return Err(Page::message(400, "Invalid path"));
        }
        let method = ask.request.method.as_str();
        match name {
            None if method != "GET" => return Err(Page::method_not_allowed("GET")),
            Some(_) if !matches!(method, "GET" | "PUT" | "DELETE") => {
                return Err(Page::method_not_allowed("GET,PUT,DELETE"));
            }
            _ => {}
        }
        if self.has_root_access(ask) { Ok(name) } else { Err(Page::insufficient_credentials()) }
    }

    /// Before the cluster has a version, etcd does not know what all members can do.
    fn not_capable(&self) -> Option<Page> {
        let text = "Not capable of accessing auth feature during rolling upgrades.";
        self.state.membership.cluster_version().is_none().then(|| Page::message(500, text))
    }

    pub(super) fn auth_page(&self, page: Result<Page, Failure>) -> Answer {
        let page = page.unwrap_or_else(|failure| failure.page());
        Some(page.with("X-Etcd-Cluster-Id", self.cluster_id_text()))
    }

    /// Roles that are not there are left out; no users at all are null.
    fn users_page(&mut self, now: Micros) -> Result<Page, Failure> {
        let names = self.v2_names(now, "users")?;
        let mut users = Vec::new();
        for name in names {
            let user = self.v2_user(now, &name)?;
            let roles = user.roles.iter().flatten();
            let roles = roles.filter_map(|role| self.v2_role(now, role).ok()).collect();
            users.push(user_with_roles(&user, roles));
        }
        Ok(line(format!("{{\"users\":{}}}", list_or_null(&users))))
    }

    fn user_page(&mut self, now: Micros, name: &str) -> Result<Page, Failure> {
        let user = self.v2_user(now, name)?;
        let roles = user.roles.iter().flatten();
        let roles = roles.map(|role| self.v2_role(now, role)).collect::<Result<Vec<Role>, _>>()?;
        Ok(line(user_with_roles(&user, roles)))
    }

    fn roles_page(&mut self, now: Micros) -> Result<Page, Failure> {
        let mut names = vec![ROOT.to_owned()];
        names.extend(self.v2_names(now, "roles")?);
        names.sort();
        let roles = names.iter().map(|name| self.v2_role(now, name).map(|role| role.to_json()));
        let roles = roles.collect::<Result<Vec<String>, _>>()?;
        Ok(line(format!("{{\"roles\":{}}}", list_or_null(&roles))))
    }
}

/// A page of JSON as Go's encoder ends it.
pub(super) fn line(json: String) -> Page {
    Page::json(200, json + "\n")
}

fn list_or_null(items: &[String]) -> String {
    if items.is_empty() { "null".into() } else { format!("[{}]", items.join(",")) }
}

fn user_with_roles(user: &User, roles: Vec<Role>) -> String {
    let roles: Vec<String> = roles.iter().map(Role::to_json).collect();
    let roles = match roles.as_slice() {
        [] => String::new(),
        roles => format!(",\"roles\":[{}]", roles.join(",")),
    };
    format!("{{\"user\":{}{roles}}}", v2store::json_string(&user.user))
}

fn read_user(ask: &Ask<'_>, name: &str) -> Result<User, &'static str> {
    let user = User::read(&ask.request.body).ok_or("Invalid JSON in request body.")?;
    if user.user != name {
        return Err("User JSON name does not match the name in the URL");
    }
    let changes = !user.grant.is_empty() || !user.revoke.is_empty();
    if changes && user.roles.iter().flatten().next().is_some() {
        return Err("User JSON contains both roles and grant/revoke");
    }
    Ok(user)
}

fn read_role(ask: &Ask<'_>, name: &str) -> Result<Role, &'static str> {
    let role = Role::read(&ask.request.body).ok_or("Invalid JSON in request body.")?;
    if role.role != name {
        return Err("Role JSON name does not match the name in the URL");
    }
    if role.is_change() && !role.permissions.is_empty() {
        return Err("Role JSON contains both permissions and grant/revoke");
    }
    Ok(role)
}
