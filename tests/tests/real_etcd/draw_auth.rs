//! Requests about users and roles, and requests in users' names.
//!
//! Left out are those by which 3.4.23 lets users touch what they may not (nested transactions,
//! `prev_kv`, keys of a lease; A8): our member checks them as the fixed releases do.

use bytes::Bytes;
use prost::Message;
use proto::authpb::{Permission, UserAddOptions};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{
    AuthDisableRequest, AuthEnableRequest, AuthRoleAddRequest, AuthRoleDeleteRequest,
    AuthRoleGetRequest, AuthRoleGrantPermissionRequest, AuthRoleListRequest,
    AuthRoleRevokePermissionRequest, AuthStatusRequest, AuthUserAddRequest,
    AuthUserChangePasswordRequest, AuthUserDeleteRequest, AuthUserGetRequest,
    AuthUserGrantRoleRequest, AuthUserListRequest, AuthUserRevokeRoleRequest, AuthenticateRequest,
    DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest,
};
use proto::method;

use crate::draw::Draw;
use crate::sequence::Step;

const USERS: [&str; 4] = ["alice", "bob", "carol", ""];
const ROLES: [&str; 4] = ["r1", "r2", "r3", ""];
const PASSWORDS: [&str; 3] = ["p", "q", ""];
const FIRST: [&[u8]; 5] = [b"a", b"b", b"", b"\0", b"e/"];
const ENDS: [&[u8]; 7] = [b"", b"b", b"c", b"\0", b"a", b"\xff", b"e0"];

fn text(draw: &mut Draw, of: &[&str]) -> String {
    (*draw.pick(of)).to_owned()
}

/// Somebody's name; the root's where that does no harm.
fn user(draw: &mut Draw) -> String {
    if draw.once_in(20) { "nobody".into() } else { text(draw, &USERS) }
}

fn role(draw: &mut Draw) -> String {
    if draw.once_in(20) { "none".into() } else { text(draw, &ROLES) }
}

fn login(name: &str, password: &str) -> Step {
    let request = AuthenticateRequest { name: name.to_owned(), password: password.to_owned() };
    let mut step = Step::new(method::auth::AUTHENTICATE, &request);
    step.logs_in = Some(name.to_owned());
    step
}

/// Everything that auth needs before it can be on, whatever is there already; then everybody logs in.
pub(crate) fn switching_on() -> Vec<Step> {
    let root = || "root".to_owned();
    let options = Some(UserAddOptions::default());
    let mut steps = vec![
        Step::new(method::auth::AUTH_ENABLE, &AuthEnableRequest {}),
        Step::new(
            method::auth::USER_ADD,
            &AuthUserAddRequest {
                name: root(),
                password: "root".into(),
                options,
                ..Default::default()
            },
        ),
        Step::new(method::auth::AUTH_ENABLE, &AuthEnableRequest {}),
        Step::new(method::auth::ROLE_ADD, &AuthRoleAddRequest { name: root() }),
        Step::new(
            method::auth::USER_GRANT_ROLE,
            &AuthUserGrantRoleRequest { user: root(), role: root() },
        ),
        Step::new(method::auth::AUTH_ENABLE, &AuthEnableRequest {}),
        login("root", "root"),
    ];
    steps.extend(["alice", "bob", "carol"].map(|name| login(name, "p")));
    steps
}

/// A request about users or roles; in the root's name, mostly, while auth is on.
pub(crate) fn step(draw: &mut Draw, auth_is_on: bool) -> Step {
    let mut step = users_and_roles(draw, auth_is_on);
    if auth_is_on && step.logs_in.is_none() {
        step.user = match draw.below(12) {
            0 => None,
            1..3 => Some(user(draw)),
            _ => Some("root".to_owned()),
        };
    }
    step
}

fn users_and_roles(draw: &mut Draw, auth_is_on: bool) -> Step {
    match draw.below(24) {
        0..2 => {
            let options = match draw.below(4) {
                0 => None,
                1 => Some(UserAddOptions { no_password: true }),
                _ => Some(UserAddOptions::default()),
            };
            let (name, password) = (user(draw), text(draw, &PASSWORDS));
            let request = AuthUserAddRequest { name, password, options, ..Default::default() };
            Step::new(method::auth::USER_ADD, &request)
        }
        2 => Step::new(method::auth::USER_GET, &AuthUserGetRequest { name: user(draw) }),
        3 => Step::new(method::auth::USER_LIST, &AuthUserListRequest {}),
        4 if draw.once_in(3) => {
            Step::new(method::auth::USER_DELETE, &AuthUserDeleteRequest { name: user(draw) })
        }
        4 | 5 => {
            let (name, password) = (user(draw), text(draw, &PASSWORDS));
            let request = AuthUserChangePasswordRequest { name, password, ..Default::default() };
            Step::new(method::auth::USER_CHANGE_PASSWORD, &request)
        }
        6..9 => {
            let request = AuthUserGrantRoleRequest { user: user(draw), role: role(draw) };
            Step::new(method::auth::USER_GRANT_ROLE, &request)
        }
        9 => {
            let request = AuthUserRevokeRoleRequest { name: user(draw), role: role(draw) };
            Step::new(method::auth::USER_REVOKE_ROLE, &request)
        }
        10..12 => Step::new(method::auth::ROLE_ADD, &AuthRoleAddRequest { name: role(draw) }),
        12 => {
            let role = if draw.once_in(5) { "root".into() } else { role(draw) };
            Step::new(method::auth::ROLE_GET, &AuthRoleGetRequest { role })
        }
        13 => Step::new(method::auth::ROLE_LIST, &AuthRoleListRequest {}),
        14 if draw.once_in(3) => {
            Step::new(method::auth::ROLE_DELETE, &AuthRoleDeleteRequest { role: role(draw) })
        }
        14..19 => {
            // Without any, 3.4.23 ends at a nil pointer.
            let perm = Permission {
                perm_type: if draw.once_in(15) { 5 } else { draw.below(3) as i32 },
                key: Bytes::copy_from_slice(draw.pick::<&[u8]>(&FIRST)),
                range_end: Bytes::copy_from_slice(draw.pick::<&[u8]>(&ENDS)),
            };
            let request = AuthRoleGrantPermissionRequest { name: role(draw), perm: Some(perm) };
            Step::new(method::auth::ROLE_GRANT_PERMISSION, &request)
        }
        19 => {
            let request = AuthRoleRevokePermissionRequest {
                role: role(draw),
                key: Bytes::copy_from_slice(draw.pick::<&[u8]>(&FIRST)),
                range_end: Bytes::copy_from_slice(draw.pick::<&[u8]>(&ENDS)),
            };
            Step::new(method::auth::ROLE_REVOKE_PERMISSION, &request)
        }
        // Switching it on is the sequence's own affair.
        20 if !auth_is_on || draw.once_in(2) => {
            Step::new(method::auth::AUTH_STATUS, &AuthStatusRequest {})
        }
        20 => Step::new(method::auth::AUTH_ENABLE, &AuthEnableRequest {}),
        // In nobody's name it is refused while auth is on, and does nothing while it is off.
        21 => {
            let mut step = Step::new(method::auth::AUTH_DISABLE, &AuthDisableRequest {});
            step.logs_in = Some(String::new());
            step
        }
        _ => {
            let name = if draw.once_in(4) { "root".to_owned() } else { user(draw) };
            let password = if name == "root" { "root".into() } else { text(draw, &PASSWORDS) };
            login(&name, &password)
        }
    }
}

/// Gives a request about keys a user, and takes out of it what 3.4.23 does not check.
pub(crate) fn in_somebodys_name(draw: &mut Draw, step: &mut Step) {
    let name = match draw.below(10) {
        0 => None,
        1 => Some("nobody".to_owned()),
        2..6 => Some(text(draw, &["alice", "bob", "carol"])),
        _ => Some("root".to_owned()),
    };
    let is_root = name.as_deref() == Some("root");
    match step.method {
        method::kv::PUT if !is_root => rewrite::<PutRequest>(step, plain_put),
        method::kv::DELETE_RANGE if !is_root => rewrite::<DeleteRangeRequest>(step, plain_delete),
        method::kv::RANGE if !is_root => rewrite::<RangeRequest>(step, plain_range),
        method::kv::TXN if !is_root => rewrite::<TxnRequest>(step, plain_txn),
        method::lease::LEASE_REVOKE | method::lease::LEASE_LEASES => {
            step.user = Some("root".to_owned());
            return;
        }
        _ => {}
    }
    step.user = name;
}

fn rewrite<M: Message + Default + std::fmt::Debug>(step: &mut Step, change: fn(&mut M)) {
    let mut request = M::decode(&step.request[..]).expect("a request of our own");
    change(&mut request);
    *step = Step::new(step.method, &request);
}

fn plain_put(put: &mut PutRequest) {
    (put.prev_kv, put.lease) = (false, 0);
}

fn plain_delete(delete: &mut DeleteRangeRequest) {
    delete.prev_kv = false;
    forward(&delete.key, &mut delete.range_end);
}

fn plain_range(range: &mut RangeRequest) {
    forward(&range.key, &mut range.range_end);
}

/// Whether a range without a key in it is permitted hangs, in etcd, on the shape of a tree.
fn forward(key: &Bytes, range_end: &mut Bytes) {
    if &range_end[..] != b"\0" && *range_end <= *key {
        *range_end = Bytes::new();
    }
}

fn plain_txn(txn: &mut TxnRequest) {
    for compare in &mut txn.compare {
        forward(&compare.key, &mut compare.range_end);
    }
    for branch in [&mut txn.success, &mut txn.failure] {
        branch.retain(|op| !matches!(op.request, Some(Request::RequestTxn(_))));
        for op in branch {
            match &mut op.request {
                Some(Request::RequestPut(put)) => plain_put(put),
                Some(Request::RequestDeleteRange(delete)) => plain_delete(delete),
                Some(Request::RequestRange(range)) => plain_range(range),
                _ => {}
            }
        }
    }
}
