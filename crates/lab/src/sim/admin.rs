//! Who administers: logins for everybody, users and roles, and room when there is none.
//!
//! Each works a list of steps off, one call after the other, again until it is answered.

use bytes::Bytes;
use prost::Message;
use proto::authpb::Permission;
use proto::authpb::permission::Type;
use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::*;
use proto::method;

use super::dice::Dice;
use super::host::{Agent, Heard};
use super::ops::{alarm, encoded};
use super::view::{How, Mouth, Phase, User};
use crate::Micros;

const PATIENCE_US: Micros = 8_000_000;
const BACK_OFF_US: Micros = 200_000;

/// One call at a time.
struct Caller {
    dice: Dice,
    call: Option<u64>,
    wake_us: Option<Micros>,
}

impl Caller {
    fn new(mut dice: Dice) -> Self {
        let wake_us = Some(dice.within(1_000_000, 5_000_000));
        Caller { dice, call: None, wake_us }
    }

    fn ask(
        &mut self,
        now: Micros,
        address: Option<String>,
        path: &str,
        request: Bytes,
        mouth: &mut Mouth<'_>,
    ) {
        let address = address.unwrap_or_else(|| mouth.view.some_endpoint(&mut self.dice));
        self.call = Some(mouth.call(address, User::Root, path, request));
        self.wake_us = Some(now + PATIENCE_US);
    }

    /// Woken while a call is open: its time is up. True when it was.
    fn gave_up(&mut self, now: Micros, name: &'static str, mouth: &mut Mouth<'_>) -> bool {
        let Some(call) = self.call.take() else { return false };
        mouth.cancel(call);
        mouth.view.count(name, How::Unknown);
        self.wake_us = Some(now + BACK_OFF_US);
        true
    }

    /// The answer to the open call; `None` for anything else. An `Err` says whether it may have
    /// happened.
    fn answer(
        &mut self,
        now: Micros,
        call: u64,
        heard: Heard,
        name: &'static str,
        mouth: &mut Mouth<'_>,
    ) -> Option<Result<Bytes, How>> {
        self.call.take_if(|open| *open == call)?;
        self.wake_us = Some(now + BACK_OFF_US);
        let result = match heard {
            Heard::Reply(Ok(reply)) => Ok(reply),
            Heard::Reply(Err(status)) => {
                mouth.view.learn_failure(name, User::Root, &status);
                Err(How::Failed)
            }
            Heard::Refused => Err(How::Failed),
            Heard::Lost | Heard::Message(_) => Err(How::Unknown),
        };
        mouth.view.count(name, result.as_ref().err().copied().unwrap_or(How::Done));
        Some(result)
    }
}

/// Logs users in who were refused.
pub(crate) struct Login {
    caller: Caller,
    user: User,
}

impl Login {
    pub(crate) fn new(dice: Dice) -> Self {
        Login { caller: Caller::new(dice), user: User::Root }
    }
}

impl Agent for Login {
    fn next_wake(&self) -> Option<Micros> {
        self.caller.wake_us
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        if self.caller.gave_up(now, "login", mouth) {
            return;
        }
        self.caller.wake_us = Some(now + BACK_OFF_US);
        // In turns, as one that cannot log in must not keep the other from it.
        let other = if self.user == User::Root { User::Limited } else { User::Root };
        let wanted = &mouth.view.logins_wanted;
        let Some(user) = [other, self.user].into_iter().find(|user| wanted.contains(user)) else {
            return;
        };
        self.user = user;
        let request =
            AuthenticateRequest { name: user.name().into(), password: user.name().into() };
        self.caller.ask(now, None, method::auth::AUTHENTICATE, encoded(&request), mouth);
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        match self.caller.answer(now, call, heard, "login", mouth) {
            Some(Ok(reply)) => {
                if let Ok(response) = AuthenticateResponse::decode(reply) {
                    mouth.view.learn_token(self.user, response.token);
                }
            }
            // Auth may be off again, which ends every token, or the user not there: whoever still
            // needs it asks again.
            Some(Err(How::Failed)) => mouth.view.forget_token(self.user),
            _ => {}
        }
    }
}

/// Sets users and roles up, turns auth on, changes things under way, and turns it off.
pub(crate) struct Auth {
    caller: Caller,
    step: usize,
    enabled: bool,
    changes_left: u64,
}

const SETUP_STEPS: usize = 7;

impl Auth {
    pub(crate) fn new(dice: Dice) -> Self {
        Auth { caller: Caller::new(dice), step: 0, enabled: false, changes_left: 0 }
    }

    fn user(name: &str) -> Bytes {
        let (name, password) = (name.to_owned(), name.to_owned());
        encoded(&AuthUserAddRequest { name, password, ..AuthUserAddRequest::default() })
    }

    fn grant_role(user: &str, role: &str) -> Bytes {
        encoded(&AuthUserGrantRoleRequest { user: user.into(), role: role.into() })
    }

    fn permission(kind: Type, key: &'static str, range_end: &'static str) -> Bytes {
        let perm =
            Permission { perm_type: kind as i32, key: key.into(), range_end: range_end.into() };
        encoded(&AuthRoleGrantPermissionRequest { name: "limited".into(), perm: Some(perm) })
    }

    fn setup(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let role = |name: &str| encoded(&AuthRoleAddRequest { name: name.into() });
        let (path, request) = match self.step {
            0 => (method::auth::USER_ADD, Auth::user("root")),
            1 => (method::auth::ROLE_ADD, role("root")),
            2 => (method::auth::USER_GRANT_ROLE, Auth::grant_role("root", "root")),
            3 => (method::auth::ROLE_ADD, role("limited")),
            4 => {
                (method::auth::ROLE_GRANT_PERMISSION, Auth::permission(Type::Readwrite, "k/", "k0"))
            }
            5 => (method::auth::USER_ADD, Auth::user("limited")),
            _ => (method::auth::USER_GRANT_ROLE, Auth::grant_role("limited", "limited")),
        };
        self.caller.ask(now, None, path, request, mouth);
    }

    fn change(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let (path, request) = match self.caller.dice.below(6) {
            0 => (
                method::auth::USER_REVOKE_ROLE,
                encoded(&AuthUserRevokeRoleRequest {
                    name: "limited".into(),
                    role: "limited".into(),
                }),
            ),
            1 | 2 => (method::auth::USER_GRANT_ROLE, Auth::grant_role("limited", "limited")),
            3 => (method::auth::ROLE_GRANT_PERMISSION, Auth::permission(Type::Read, "k/", "k0")),
            4 => (method::auth::ROLE_GRANT_PERMISSION, Auth::permission(Type::Write, "k/0", "k/5")),
            _ => (method::auth::USER_LIST, encoded(&AuthUserListRequest {})),
        };
        self.caller.ask(now, None, path, request, mouth);
    }
}

impl Agent for Auth {
    fn next_wake(&self) -> Option<Micros> {
        self.caller.wake_us
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        if self.caller.gave_up(now, "auth", mouth) {
            return;
        }
        if mouth.view.phase == Phase::Last && !mouth.view.auth_to_undo {
            self.caller.wake_us = None;
        } else if self.step < SETUP_STEPS {
            self.setup(now, mouth);
        } else if mouth.view.phase == Phase::Last || (self.enabled && self.changes_left == 0) {
            let request = encoded(&AuthDisableRequest {});
            self.caller.ask(now, None, method::auth::AUTH_DISABLE, request, mouth);
        } else if !self.enabled {
            mouth.view.auth_to_undo = true;
            let request = encoded(&AuthEnableRequest {});
            self.caller.ask(now, None, method::auth::AUTH_ENABLE, request, mouth);
        } else {
            self.changes_left -= 1;
            self.change(now, mouth);
        }
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        let Some(result) = self.caller.answer(now, call, heard, "auth", mouth) else { return };
        let disabling = mouth.view.phase == Phase::Last || (self.enabled && self.changes_left == 0);
        if self.step < SETUP_STEPS {
            // A step that was done already is refused, which is as good.
            self.step += usize::from(!matches!(result, Err(How::Unknown)));
        } else if disabling && result.is_ok() {
            self.enabled = false;
            mouth.view.auth_to_undo = false;
            self.caller.wake_us = Some(now + self.caller.dice.within(1_000_000, 4_000_000));
        } else if !disabling && !self.enabled {
            self.enabled = result.is_ok();
            self.changes_left = self.caller.dice.within(2, 12);
        } else if self.enabled {
            self.caller.wake_us = Some(now + self.caller.dice.within(100_000, 1_500_000));
        }
    }
}

/// Makes room and disarms the alarm, again and again.
pub(crate) struct Space {
    caller: Caller,
    steps: Vec<Step>,
}

enum Step {
    /// At the end: nothing that is there may be more than the quota.
    DeleteAll,
    Compact,
    Defragment(String),
    List,
    Disarm(u64),
}

impl Space {
    pub(crate) fn new(dice: Dice) -> Self {
        Space { caller: Caller::new(dice), steps: Vec::new() }
    }
}

impl Agent for Space {
    fn next_wake(&self) -> Option<Micros> {
        self.caller.wake_us
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        if self.caller.gave_up(now, "make room", mouth) {
            return;
        }
        let Some(step) = self.steps.last() else {
            let defragment = mouth.view.endpoints.iter().cloned().map(Step::Defragment);
            self.steps = vec![Step::List];
            self.steps.extend(defragment);
            self.steps.push(Step::Compact);
            if mouth.view.phase == Phase::Last {
                self.steps.push(Step::DeleteAll);
            }
            let most_us = if mouth.view.phase == Phase::Last { 100_000 } else { 4_000_000 };
            self.caller.wake_us = Some(now + self.caller.dice.within(50_000, most_us));
            mouth.view.alarms_to_undo = mouth.view.phase == Phase::Last;
            return;
        };
        match step {
            Step::DeleteAll => {
                // All but `a/`: who takes a lock's key away takes the lock.
                let (key, range_end) = (Bytes::from_static(b"b"), vec![0].into());
                let request = DeleteRangeRequest { key, range_end, prev_kv: false };
                self.caller.ask(now, None, method::kv::DELETE_RANGE, encoded(&request), mouth);
            }
            Step::Compact => {
                let revision = mouth.view.revision;
                let request = encoded(&CompactionRequest { revision, physical: true });
                self.caller.ask(now, None, method::kv::COMPACT, request, mouth);
            }
            Step::Defragment(address) => {
                let request = encoded(&DefragmentRequest {});
                let address = Some(address.clone());
                self.caller.ask(now, address, method::maintenance::DEFRAGMENT, request, mouth);
            }
            Step::List => {
                let request = encoded(&alarm(AlarmAction::Get, 0));
                self.caller.ask(now, None, method::maintenance::ALARM, request, mouth);
            }
            Step::Disarm(member) => {
                let request = encoded(&alarm(AlarmAction::Deactivate, *member));
                self.caller.ask(now, None, method::maintenance::ALARM, request, mouth);
            }
        }
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        let Some(result) = self.caller.answer(now, call, heard, "make room", mouth) else { return };
        if let Ok(reply) = &result {
            mouth.view.learn_revision(reply);
        }
        let step = self.steps.pop();
        let (Some(Step::List), Ok(reply)) = (&step, &result) else {
            if matches!(step, Some(Step::Disarm(_)) if result.is_err()) {
                self.steps.extend(step);
            }
            return;
        };
        let Ok(response) = AlarmResponse::decode(reply.clone()) else { return };
        if !response.alarms.is_empty() {
            mouth.view.count("alarm seen", How::Done);
        }
        let raised = response.alarms.iter().map(|alarm| Step::Disarm(alarm.member_id));
        self.steps.extend(raised);
        if self.steps.is_empty() {
            mouth.view.alarms_to_undo = false;
            let pause_us = if mouth.view.phase == Phase::Last { 10_000_000 } else { 1_000_000 };
            self.caller.wake_us = Some(now + pause_us);
        }
    }
}
