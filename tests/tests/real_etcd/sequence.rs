//! The order of requests: long stretches of keys and leases, and between them users and roles, with
//! auth switched on and off again.

use prost::Message;
use proto::etcdserverpb::AuthDisableRequest;
use proto::method;

use crate::answer::Answer;
use crate::draw::Draw;
use crate::draw_auth;
use crate::draw_kv;

/// One request.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) method: &'static str,
    /// Whose token it carries, if any.
    pub(crate) user: Option<String>,
    /// Whose token the answer is, of a login.
    pub(crate) logs_in: Option<String>,
    pub(crate) request: Vec<u8>,
    /// For a person who looks for the cause of a difference.
    pub(crate) shown: String,
}

impl Step {
    pub(crate) fn new(method: &'static str, request: &(impl Message + std::fmt::Debug)) -> Step {
        let (request, shown) = (request.encode_to_vec(), format!("{request:?}"));
        Step { method, user: None, logs_in: None, request, shown }
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let user = self.user.as_deref().unwrap_or("-");
        let shown: String = self.shown.chars().take(1500).collect();
        write!(f, "{} as {user}: {shown}", self.method)
    }
}

/// What the sequence knows of the server, to ask for things that are there.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) revision: i64,
    pub(crate) compacted: i64,
    /// Whether alarms may be raised.
    pub(crate) alarms: bool,
    /// Whether equals keep their order when they are sorted by something else than the key (Q7).
    pub(crate) sorts: bool,
}

pub(crate) struct Sequence {
    draw: Draw,
    known: Known,
    /// Requests that must come next, the last one first.
    due: Vec<Step>,
    number: u64,
    with_auth: bool,
    auth_is_on: bool,
}

/// Requests of one stretch.
const STRETCH: u64 = 120;

impl Sequence {
    pub(crate) fn new(seed: u64) -> Sequence {
        let (draw, known) =
            (Draw::new(seed), Known { revision: 1, sorts: true, ..Known::default() });
        Sequence { draw, known, due: vec![], number: 0, with_auth: true, auth_is_on: false }
    }

    /// Never sorted by anything but the key: other releases are built with an older Go.
    pub(crate) fn unsorted(mut self) -> Sequence {
        self.known.sorts = false;
        self
    }

    /// Without users, roles and alarms.
    pub(crate) fn of_keys(seed: u64) -> Sequence {
        Sequence { with_auth: false, ..Sequence::new(seed) }
    }

    /// What an answer tells of the server.
    pub(crate) fn learn(&mut self, answer: &Answer) {
        if answer.revision > self.known.revision {
            self.known.revision = answer.revision;
        }
        if answer.compacted > self.known.compacted {
            self.known.compacted = answer.compacted;
        }
    }

    pub(crate) fn next(&mut self) -> Step {
        if let Some(step) = self.due.pop() {
            return step;
        }
        self.number += 1;
        if self.with_auth && self.number.is_multiple_of(STRETCH) {
            self.turn_auth();
            if let Some(step) = self.due.pop() {
                return step;
            }
        }
        let users = self.with_auth && !(self.number / STRETCH).is_multiple_of(3);
        if users && self.draw.once_in(4) {
            return draw_auth::step(&mut self.draw, self.auth_is_on);
        }
        if !self.auth_is_on && self.draw.once_in(25) {
            let watch = draw_kv::watch(&mut self.draw, &self.known);
            return Step::new(method::watch::WATCH, &watch);
        }
        // Under an alarm 3.4.23 asks nobody for permissions; ours does.
        self.known.alarms = self.with_auth && !self.auth_is_on;
        let mut steps = draw_kv::steps(&mut self.draw, &self.known);
        if self.auth_is_on {
            for step in &mut steps {
                draw_auth::in_somebodys_name(&mut self.draw, step);
            }
        }
        if self.with_auth && !self.auth_is_on && self.draw.once_in(40) {
            steps.truncate(1);
            steps[0].user = Some("alice".to_owned());
        }
        steps.reverse();
        let step = steps.pop();
        self.due = steps;
        step.unwrap_or_else(|| self.next())
    }

    /// Off, off, on, and so on.
    fn turn_auth(&mut self) {
        if self.auth_is_on {
            let mut off = Step::new(method::auth::AUTH_DISABLE, &AuthDisableRequest {});
            off.user = Some("root".to_owned());
            self.due = vec![off];
            self.auth_is_on = false;
        } else if (self.number / STRETCH) % 3 == 2 {
            self.due = draw_auth::switching_on();
            self.due.reverse();
            self.auth_is_on = true;
        }
    }
}
