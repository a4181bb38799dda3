//! What changes v2's users and roles: several requests through the log, one after the other
//! (`v2auth/auth.go`, `v2auth/auth_requests.go`).
//!
//! First questions, then a decision, then writes. Before the first write of a process the directories
//! are made, each by a request that may find its directory there.

use std::collections::VecDeque;

use proto::Status;
use proto::etcdserverpb::Request;
use v2store::{Code, Error};

use super::access::{absent, read_role, read_user};
use super::auth::line;
use super::records::{Failure, GUEST, PERMS, ROOT, Role, User};
use super::{Answer, Ask, Page, Pending};
use crate::apply_v2::Applied;
use crate::member::Running;
use crate::proposals::{To, Waiter};
use crate::{CallId, Micros};

/// What somebody wants.
pub(super) enum Op {
    Enable,
    Disable,
    /// A new user, or changes of one.
    PutUser(User),
    DeleteUser(String),
    /// A new role, or grants and revocations.
    PutRole(Role),
    DeleteRole(String),
}

/// One change on its way.
pub(super) struct Job {
    op: Op,
    stage: Stage,
}

enum Stage {
    Asking {
        found: Vec<Result<String, Failure>>,
    },
    Writing {
        /// The first is under way.
        left: VecDeque<Request>,
        /// So many of them make directories.
        ensuring: usize,
        page: Page,
    },
}

impl Op {
    /// The next record to read by way of the log.
    fn question(&self, found: &[Result<String, Failure>]) -> Option<String> {
        match (self, found) {
            (Op::PutUser(user), []) if user.is_change() || user.may_be_known() => {
                Some(format!("users/{}", user.user))
            }
            // etcd looks whether the user is there, and then updates it by looking again.
            (Op::PutUser(user), [Ok(_)]) if !user.is_change() => {
                Some(format!("users/{}", user.user))
            }
            (Op::PutRole(role), []) if role.is_change() && role.role != ROOT => {
                Some(format!("roles/{}", role.role))
            }
            (Op::Enable, []) => Some(format!("users/{ROOT}")),
            (Op::Enable, [Ok(_)]) => Some(format!("roles/{GUEST}")),
            _ => None,
        }
    }

    /// The last write did not go through.
    fn failure(&self, error: Error) -> Failure {
        let exists = error.code == Code::NodeExist;
        let failure = Failure::V2(error);
        match self {
            Op::PutUser(user) if exists => {
                Failure::Auth(409, format!("User {} already exists.", user.user))
            }
            Op::PutRole(role) if exists => {
                Failure::Auth(409, format!("Role {} already exists.", role.role))
            }
            Op::Enable if exists => Failure::Auth(409, format!("Role {GUEST} already exists.")),
            Op::DeleteUser(name) => absent(failure, &format!("User {name} does not exist")),
            Op::DeleteRole(name) => absent(failure, &format!("Role {name} doesn't exist.")),
            _ => failure,
        }
    }
}

impl User {
    fn is_change(&self) -> bool {
        !self.grant.is_empty() || !self.revoke.is_empty()
    }

    /// Without roles it may be a new user or a new password.
    fn may_be_known(&self) -> bool {
        self.roles.iter().flatten().next().is_none()
    }
}

impl Running {
    pub(super) fn auth_job(&mut self, ask: &Ask<'_>, op: Op) -> Answer {
        let refused = match &op {
            Op::Enable if self.is_v2_auth_enabled(ask.now) => Some((409, "already enabled".into())),
            Op::Disable if !self.is_v2_auth_enabled(ask.now) => {
                Some((409, "already disabled".into()))
            }
            Op::DeleteUser(name) if self.is_v2_auth_enabled(ask.now) && name == ROOT => {
                Some((403, "Cannot delete root user while auth is enabled.".into()))
            }
            Op::DeleteRole(name) if name == ROOT => Some((403, root_role_text())),
            Op::PutRole(role) if role.role == ROOT => Some((403, root_role_text())),
            _ => None,
        };
        if let Some((status, text)) = refused {
            return self.auth_page(Err(Failure::Auth(status, text)));
        }
        self.auth_next(ask.now, ask.call, Job { op, stage: Stage::Asking { found: Vec::new() } });
        None
    }

    /// A request of the job's has been applied, or has failed.
    pub(super) fn auth_step(
        &mut self,
        now: Micros,
        call: CallId,
        mut job: Job,
        done: Result<Applied, Status>,
    ) {
        let result = match done {
            Ok(Ok(event)) => Ok(event),
            Ok(Err(error)) => Err(Failure::V2(error)),
            Err(_) => Err(Failure::Server),
        };
        match &mut job.stage {
            Stage::Asking { found } => {
                let value = |event: std::sync::Arc<v2store::Event>| event.node.value.clone();
                found.push(result.map(|event| event.and_then(value).unwrap_or_default()));
            }
            Stage::Writing { left, ensuring, .. } => {
                left.pop_front();
                let was_ensuring = *ensuring > 0;
                *ensuring = ensuring.saturating_sub(1);
                match result {
                    Err(Failure::V2(error)) if was_ensuring && error.code == Code::NodeExist => {}
                    Err(Failure::V2(error)) if !was_ensuring => {
                        return self.auth_done(call, Err(job.op.failure(error)));
                    }
                    Err(failure) => return self.auth_done(call, Err(failure)),
                    Ok(_) => {}
                }
                self.http.auth_ensured |= was_ensuring && *ensuring == 0;
            }
        }
        self.auth_next(now, call, job);
    }

    fn auth_next(&mut self, now: Micros, call: CallId, mut job: Job) {
        if let Stage::Asking { found } = &job.stage {
            if let Some(question) = job.op.question(found) {
                let request = resource("QGET", &question);
                return self.auth_submit(now, call, job, request);
            }
            match self.auth_decide(&job.op, found) {
                Ok((writes, page)) => {
                    let mut left = VecDeque::from(writes);
                    let ensuring = if self.http.auth_ensured { 0 } else { DIRECTORIES.len() };
                    for directory in DIRECTORIES[..ensuring].iter().rev() {
                        left.push_front(directory_request(directory));
                    }
                    job.stage = Stage::Writing { left, ensuring, page };
                }
                Err(failure) => return self.auth_done(call, Err(failure)),
            }
        }
        let Stage::Writing { left, page, .. } = &job.stage else { return };
        match left.front().cloned() {
            Some(request) => self.auth_submit(now, call, job, request),
            None => self.auth_done(call, Ok(page.clone())),
        }
    }

    fn auth_submit(&mut self, now: Micros, call: CallId, job: Job, request: Request) {
        self.http.pending.insert(call, Pending::Auth(Box::new(job)));
        self.submit_v2(now, Waiter::Client(To::Http(call)), request);
    }

    fn auth_done(&mut self, call: CallId, page: Result<Page, Failure>) {
        if let Some(page) = self.auth_page(page) {
            self.respond(call, page);
        }
    }

    /// What to write, and what to answer when that is done.
    fn auth_decide(
        &mut self,
        op: &Op,
        found: &[Result<String, Failure>],
    ) -> Result<(Vec<Request>, Page), Failure> {
        let last = || found.last().cloned().unwrap_or(Err(Failure::Server));
        match op {
            Op::Enable => {
                if read_user(ROOT, found.first().cloned().unwrap_or(Err(Failure::Server))).is_err()
                {
                    let text = "No root user available, please create one";
                    return Err(Failure::Auth(409, text.into()));
                }
                let mut writes = Vec::new();
                if read_role(GUEST, last()).is_err() {
                    let guest = Role::full(GUEST).to_json();
                    writes.push(record(&format!("roles/{GUEST}"), guest, false));
                }
                writes.push(record("enabled", "true".into(), true));
                Ok((writes, Page::json(200, "")))
            }
            Op::Disable => Ok((vec![record("enabled", "false".into(), true)], Page::json(200, ""))),
            Op::PutUser(user) => self.decide_user(user, found),
            Op::DeleteUser(name) => {
                Ok((vec![deletion(&format!("users/{name}"))], Page::json(200, "")))
            }
            Op::PutRole(role) if role.is_change() => {
                let old = read_role(&role.role, last())?;
                let new = old.merge(role)?;
                if old == new {
                    let text = "Role not updated. Use grant/revoke to update the role.";
                    return Err(Failure::Auth(400, text.into()));
                }
                let json = new.to_json();
                let write = record(&format!("roles/{}", new.role), json.clone(), true);
                Ok((vec![write], line(json)))
            }
            Op::PutRole(role) => {
                let json = role.to_json();
                let write = record(&format!("roles/{}", role.role), json.clone(), false);
                Ok((vec![write], Page { status: 201, ..line(json) }))
            }
            Op::DeleteRole(name) => {
                Ok((vec![deletion(&format!("roles/{name}"))], Page::json(200, "")))
            }
        }
    }

    fn decide_user(
        &mut self,
        user: &User,
        found: &[Result<String, Failure>],
    ) -> Result<(Vec<Request>, Page), Failure> {
        let path = format!("users/{}", user.user);
        let first = found.first().cloned();
        let is_known = first.as_ref().is_some_and(Result::is_ok);
        let mut change = user.clone();
        if user.is_change() || is_known {
            let old = read_user(&user.user, found.last().cloned().unwrap_or(Err(Failure::Server)))?;
            if !change.password.is_empty() {
                change.password = self.hash_v2_password(&change.password);
            }
            let new = old.merge(&change)?;
            if old == new {
                let text = "User not updated. Use grant/revoke/password to update the user.";
                return Err(Failure::Auth(400, text.into()));
            }
            let write = record(&path, new.to_json(), true);
            return Ok((vec![write], shown(new)));
        }
        if user.password.is_empty() {
            let text = format!("Cannot create user {} with an empty password", user.user);
            return Err(Failure::Auth(400, text));
        }
        change.password = self.hash_v2_password(&change.password);
        let new = change.with_root_role();
        let write = record(&path, new.to_json(), false);
        // A user that comes with roles is made without looking, and etcd then forgets to say 201.
        let status = if first.is_some() { 201 } else { 200 };
        Ok((vec![write], Page { status, ..shown(new) }))
    }

    fn hash_v2_password(&mut self, password: &str) -> String {
        ::auth::hash_password(password, self.config.bcrypt_cost, self.draw_16())
    }
}

fn root_role_text() -> String {
    format!("Cannot modify role {ROOT}: is root role.")
}

/// What must be there before anything is written: three directories and a record.
const DIRECTORIES: [&str; 4] = ["", "users", "roles", "enabled"];

fn directory_request(name: &str) -> Request {
    let request = resource("PUT", name);
    match name {
        "enabled" => Request { val: "false".into(), prev_exist: Some(false), ..request },
        _ => Request { dir: true, prev_exist: Some(false), ..request },
    }
}

fn resource(method: &str, name: &str) -> Request {
    let path = v2store::clean_path(&format!("{PERMS}/{name}"));
    Request { method: method.into(), path, ..Request::default() }
}

/// Makes a record, or changes one that must be there.
fn record(name: &str, json: String, is_there: bool) -> Request {
    Request { val: json, prev_exist: Some(is_there), ..resource("PUT", name) }
}

fn deletion(name: &str) -> Request {
    Request { prev_exist: Some(true), ..resource("DELETE", name) }
}

fn shown(user: User) -> Page {
    line(User { password: String::new(), ..user }.to_json())
}
