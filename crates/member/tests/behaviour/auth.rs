//! Users, roles and permissions through the API (A1 to A14).

use proto::authpb::{Permission, permission};
use proto::etcdserverpb::{
    AuthDisableRequest, AuthDisableResponse, AuthEnableRequest, AuthEnableResponse,
    AuthRoleAddRequest, AuthRoleAddResponse, AuthRoleGrantPermissionRequest,
    AuthRoleGrantPermissionResponse, AuthRoleRevokePermissionRequest,
    AuthRoleRevokePermissionResponse, AuthUserAddRequest, AuthUserAddResponse,
    AuthUserChangePasswordRequest, AuthUserChangePasswordResponse, AuthUserGrantRoleRequest,
    AuthUserGrantRoleResponse, AuthUserListRequest, AuthUserListResponse, HashKvRequest,
    HashKvResponse, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, MemberAddRequest,
    MemberAddResponse, PutResponse, RangeResponse, StatusRequest, StatusResponse, WatchResponse,
};
use proto::v3lockpb::{LockRequest, LockResponse};
use proto::{Code, Metadata, Status, error, method};

use crate::support::build::{
    bytes, get, get_range, put, put_leased, status, watch_key, with_token,
};
use crate::support::{Lab, S};

fn enable(lab: &mut Lab) -> Result<AuthEnableResponse, Status> {
    lab.call(0, method::auth::AUTH_ENABLE, &AuthEnableRequest {})
}

fn add_user(lab: &mut Lab, name: &str, password: &str) -> Result<AuthUserAddResponse, Status> {
    let request = AuthUserAddRequest {
        name: name.into(),
        password: password.into(),
        ..AuthUserAddRequest::default()
    };
    lab.call(0, method::auth::USER_ADD, &request)
}

fn add_role(lab: &mut Lab, name: &str) {
    let request = AuthRoleAddRequest { name: name.into() };
    let _: AuthRoleAddResponse = lab.call(0, method::auth::ROLE_ADD, &request).unwrap();
}

fn give_role(lab: &mut Lab, user: &str, role: &str) {
    let request = AuthUserGrantRoleRequest { user: user.into(), role: role.into() };
    let _: AuthUserGrantRoleResponse =
        lab.call(0, method::auth::USER_GRANT_ROLE, &request).unwrap();
}

fn permit(name: &str, key: &str, range_end: &str) -> AuthRoleGrantPermissionRequest {
    let perm = Permission {
        perm_type: permission::Type::Readwrite as i32,
        key: bytes(key),
        range_end: bytes(range_end),
    };
    AuthRoleGrantPermissionRequest { name: name.into(), perm: Some(perm) }
}

/// Root may do everything, alice reads and writes a to b.
fn guarded(members: usize) -> (Lab, Metadata, Metadata) {
    let mut lab = Lab::with(members, |config| config.client_cert_auth = true);
    add_user(&mut lab, "root", "r").unwrap();
    add_role(&mut lab, "root");
    give_role(&mut lab, "root", "root");
    add_user(&mut lab, "alice", "a").unwrap();
    add_role(&mut lab, "ab");
    let _: AuthRoleGrantPermissionResponse =
        lab.call(0, method::auth::ROLE_GRANT_PERMISSION, &permit("ab", "a", "c")).unwrap();
    give_role(&mut lab, "alice", "ab");
    enable(&mut lab).unwrap();
    let root = lab.log_in(0, "root", "r").unwrap();
    let alice = lab.log_in(0, "alice", "a").unwrap();
    (lab, root, alice)
}

fn put_as(lab: &mut Lab, who: &Metadata, at: usize, key: &str) -> Result<PutResponse, Status> {
    lab.call_as(who, at, method::kv::PUT, &put(key, "v"))
}

#[test]
fn auth_is_enabled_once_there_is_a_root() {
    let mut lab = Lab::new(1);
    assert_eq!(enable(&mut lab), Err(error::root_user_not_exist()));
    add_user(&mut lab, "root", "r").unwrap();
    assert_eq!(enable(&mut lab), Err(error::root_role_not_exist()));
    add_role(&mut lab, "root");
    give_role(&mut lab, "root", "root");
    assert_eq!(lab.log_in(0, "root", "r"), Err(error::auth_not_enabled()));
    enable(&mut lab).unwrap();
    let root = lab.log_in(0, "root", "r").unwrap();
    let again: AuthEnableResponse =
        lab.call_as(&root, 0, method::auth::AUTH_ENABLE, &AuthEnableRequest {}).unwrap();
    assert_eq!(again.header.unwrap().revision, 1);
}

#[test]
fn a_password_never_enters_the_log() {
    let mut lab = Lab::new(1);
    add_user(&mut lab, "alice", "open sesame").unwrap();
    lab.run(S);
    let is_there = |bytes: &Vec<u8>| bytes.windows(11).any(|part| part == b"open sesame");
    assert!(!lab.seats[0].disk.files.values().any(is_there));
}

#[test]
fn a_request_needs_a_user_who_may() {
    let (mut lab, root, alice) = guarded(1);
    assert_eq!(put_as(&mut lab, &Metadata::default(), 0, "a"), Err(error::user_empty()));
    let stranger = with_token("abcdefghijklmnop.3");
    assert_eq!(put_as(&mut lab, &stranger, 0, "a"), Err(error::invalid_auth_token()));
    assert_eq!(put_as(&mut lab, &alice, 0, "x"), Err(error::permission_denied()));
    put_as(&mut lab, &alice, 0, "a").unwrap();
    put_as(&mut lab, &root, 0, "x").unwrap();
    let read = |lab: &mut Lab, who: &Metadata, range| {
        lab.call_as::<RangeResponse>(who, 0, method::kv::RANGE, &range)
    };
    assert_eq!(read(&mut lab, &alice, get_range("a", "c")).unwrap().count, 1);
    assert_eq!(read(&mut lab, &alice, get_range("a", "d")), Err(error::permission_denied()));
    assert_eq!(read(&mut lab, &Metadata::default(), get("a")), Err(error::user_empty()));
    let list: Result<AuthUserListResponse, _> =
        lab.call_as(&alice, 0, method::auth::USER_LIST, &AuthUserListRequest {});
    assert_eq!(list, Err(error::permission_denied()));
}

#[test]
fn wrong_names_and_passwords_look_alike() {
    let (mut lab, ..) = guarded(1);
    assert_eq!(lab.log_in(0, "alice", "b"), Err(error::auth_failed()));
    assert_eq!(lab.log_in(0, "bob", "a"), Err(error::auth_failed()));
}

#[test]
fn a_token_is_good_at_every_member_as_soon_as_it_is_given() {
    let (mut lab, _, _) = guarded(3);
    let (asked, slow) = (lab.leader(), lab.follower());
    let alice = lab.log_in(asked, "alice", "a").unwrap();
    // The other one has not applied the login yet: the call waits for it.
    put_as(&mut lab, &alice, slow, "a").unwrap();
    let alice = lab.log_in(asked, "alice", "a").unwrap();
    let call = lab.open_as(&alice, slow, method::watch::WATCH);
    lab.say(call, &watch_key("a"));
    let heard: Vec<WatchResponse> = lab.heard(call);
    assert!(heard[0].created && !heard[0].canceled, "{:?}", heard[0].cancel_reason);
}

#[test]
fn a_restart_forgets_every_token() {
    let (mut lab, _, alice) = guarded(3);
    put_as(&mut lab, &alice, 2, "a").unwrap();
    lab.restart(2);
    lab.settle();
    assert_eq!(put_as(&mut lab, &alice, 2, "a"), Err(error::invalid_auth_token()));
    put_as(&mut lab, &alice, 0, "a").unwrap();
    let alice = lab.log_in(2, "alice", "a").unwrap();
    put_as(&mut lab, &alice, 2, "a").unwrap();
}

#[test]
fn a_token_lives_five_minutes_after_its_last_use() {
    let (mut lab, _, alice) = guarded(1);
    for _ in 0..3 {
        lab.run(250 * S);
        put_as(&mut lab, &alice, 0, "a").unwrap();
    }
    lab.run(301 * S);
    assert_eq!(put_as(&mut lab, &alice, 0, "a"), Err(error::invalid_auth_token()));
}

#[test]
fn a_change_of_permissions_that_comes_first_in_the_log_counts() {
    let (mut lab, root, alice) = guarded(1);
    let revoke = AuthRoleRevokePermissionRequest {
        role: "ab".into(),
        key: bytes("a"),
        range_end: bytes("c"),
    };
    // Both pass the check at the API in one instant (A14).
    let first = lab.begin_as(&root, 0, method::auth::ROLE_REVOKE_PERMISSION, &revoke);
    let second = lab.begin_as(&alice, 0, method::kv::PUT, &put("a", "v"));
    lab.finish::<AuthRoleRevokePermissionResponse>(first).unwrap();
    assert_eq!(lab.finish::<PutResponse>(second), Err(error::auth_old_revision()));
    assert_eq!(put_as(&mut lab, &alice, 0, "a"), Err(error::permission_denied()));
}

#[test]
fn a_changed_password_ends_the_users_tokens() {
    let (mut lab, root, alice) = guarded(1);
    let change = AuthUserChangePasswordRequest {
        name: "alice".into(),
        password: "new".into(),
        ..AuthUserChangePasswordRequest::default()
    };
    let _: AuthUserChangePasswordResponse =
        lab.call_as(&root, 0, method::auth::USER_CHANGE_PASSWORD, &change).unwrap();
    assert_eq!(put_as(&mut lab, &alice, 0, "a"), Err(error::invalid_auth_token()));
    assert_eq!(lab.log_in(0, "alice", "a"), Err(error::auth_failed()));
    let alice = lab.log_in(0, "alice", "new").unwrap();
    put_as(&mut lab, &alice, 0, "a").unwrap();
}

#[test]
fn a_certificate_stands_for_the_user_of_its_common_name() {
    let (mut lab, ..) = guarded(1);
    let certified = |name: &str| Metadata { common_name: Some(name.into()), ..Metadata::default() };
    put_as(&mut lab, &certified("alice"), 0, "a").unwrap();
    assert_eq!(put_as(&mut lab, &certified("alice"), 0, "x"), Err(error::permission_denied()));
    // A token says more than a certificate.
    let both = Metadata { token: Some("no.1".into()), ..certified("root") };
    assert_eq!(put_as(&mut lab, &both, 0, "x"), Err(error::invalid_auth_token()));
    lab.seats[0].config.client_cert_auth = false;
    lab.restart(0);
    lab.settle();
    assert_eq!(put_as(&mut lab, &certified("alice"), 0, "a"), Err(error::user_empty()));
}

#[test]
fn a_watch_is_refused_in_full_words() {
    let (mut lab, _, alice) = guarded(1);
    let refused = |lab: &mut Lab, who: &Metadata, key| {
        let call = lab.open_as(who, 0, method::watch::WATCH);
        lab.say(call, &watch_key(key));
        let heard: Vec<WatchResponse> = lab.heard(call);
        (heard[0].created, heard[0].canceled, heard[0].watch_id, heard[0].cancel_reason.clone())
    };
    let denied = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
    assert_eq!(refused(&mut lab, &alice, "x"), (true, true, -1, denied.into()));
    assert_eq!(refused(&mut lab, &alice, "a"), (true, false, 0, String::new()));
    let nobody = "rpc error: code = InvalidArgument desc = etcdserver: user name is empty";
    assert_eq!(refused(&mut lab, &Metadata::default(), "a"), (true, true, -1, nobody.into()));
}

#[test]
fn a_lease_is_no_way_around_its_keys() {
    let (mut lab, root, alice) = guarded(1);
    let grant = proto::etcdserverpb::LeaseGrantRequest { id: 7, ttl: 60 };
    let _: proto::etcdserverpb::LeaseGrantResponse =
        lab.call_as(&alice, 0, method::lease::LEASE_GRANT, &grant).unwrap();
    let _: PutResponse = lab.call_as(&root, 0, method::kv::PUT, &put_leased("x", "v", 7)).unwrap();
    let revoke = proto::etcdserverpb::LeaseRevokeRequest { id: 7 };
    let revoked: Result<proto::etcdserverpb::LeaseRevokeResponse, _> =
        lab.call_as(&alice, 0, method::lease::LEASE_REVOKE, &revoke);
    assert_eq!(revoked, Err(error::permission_denied()));
    let leased: Result<PutResponse, _> =
        lab.call_as(&alice, 0, method::kv::PUT, &put_leased("a", "v", 7));
    assert_eq!(leased, Err(error::permission_denied()));
    let ask = |lab: &mut Lab, keys| {
        let request = LeaseTimeToLiveRequest { id: 7, keys };
        lab.call_as::<LeaseTimeToLiveResponse>(
            &alice,
            0,
            method::lease::LEASE_TIME_TO_LIVE,
            &request,
        )
    };
    // Recorded of 3.4.23 and 3.5.1: the names of its keys are everybody's to see.
    assert_eq!(ask(&mut lab, true).unwrap().keys, ["x"]);
    assert_eq!(ask(&mut lab, false).unwrap().granted_ttl, 60);
}

#[test]
fn members_and_maintenance_are_roots() {
    let (mut lab, root, alice) = guarded(1);
    let add =
        MemberAddRequest { peer_ur_ls: vec!["http://10.0.0.9:2380".into()], is_learner: true };
    let added: Result<MemberAddResponse, _> =
        lab.call_as(&alice, 0, method::cluster::MEMBER_ADD, &add);
    assert_eq!(added, Err(error::permission_denied()));
    // Maintenance does not translate auth's errors.
    let hash: Result<HashKvResponse, _> =
        lab.call_as(&alice, 0, method::maintenance::HASH_KV, &HashKvRequest { revision: 0 });
    assert_eq!(hash, Err(status(Code::Unknown, "auth: permission denied")));
    let _: HashKvResponse = lab
        .call_as(&root, 0, method::maintenance::HASH_KV, &HashKvRequest { revision: 0 })
        .unwrap();
    let _: StatusResponse = lab.call(0, method::maintenance::STATUS, &StatusRequest {}).unwrap();
}

#[test]
fn leases_end_and_members_publish_while_auth_is_on() {
    let (mut lab, root, alice) = guarded(3);
    let grant = proto::etcdserverpb::LeaseGrantRequest { id: 7, ttl: 2 };
    let _: proto::etcdserverpb::LeaseGrantResponse =
        lab.call_as(&alice, 0, method::lease::LEASE_GRANT, &grant).unwrap();
    let _: PutResponse = lab.call_as(&alice, 0, method::kv::PUT, &put_leased("a", "v", 7)).unwrap();
    lab.run(4 * S);
    let range: RangeResponse = lab.call_as(&root, 0, method::kv::RANGE, &get("a")).unwrap();
    assert_eq!(range.count, 0);
    let _: AuthDisableResponse =
        lab.call_as(&root, 0, method::auth::AUTH_DISABLE, &AuthDisableRequest {}).unwrap();
    put_as(&mut lab, &Metadata::default(), 0, "x").unwrap();
}

#[test]
fn a_lock_is_taken_in_the_callers_name_and_given_up_in_nobodys() {
    let (mut lab, root, alice) = guarded(1);
    let lock = |lab: &mut Lab, who: &Metadata, name: &str| {
        let request = LockRequest { name: bytes(name), lease: 0 };
        lab.begin_as(who, 0, method::lock::LOCK, &request)
    };
    let call = lock(&mut lab, &alice, "x");
    let denied = status(Code::Unknown, "etcdserver: permission denied");
    assert_eq!(lab.finish::<LockResponse>(call), Err(denied));
    let call = lock(&mut lab, &alice, "a");
    lab.finish::<LockResponse>(call).unwrap();
    let waits = lock(&mut lab, &alice, "a");
    lab.run(S);
    lab.cancel(waits);
    lab.run(S);
    // As in etcd: who cleans up has no name, and so the key stays until its lease ends.
    let range: RangeResponse =
        lab.call_as(&root, 0, method::kv::RANGE, &get_range("a/", "a0")).unwrap();
    assert_eq!(range.count, 2);
}

#[test]
fn users_and_roles_survive_a_restart_from_a_snapshot() {
    let (mut lab, ..) = guarded(1);
    lab.seats[0].config.snapshot_count = 5;
    lab.restart(0);
    lab.settle();
    let alice = lab.log_in(0, "alice", "a").unwrap();
    for _ in 0..10 {
        put_as(&mut lab, &alice, 0, "a").unwrap();
    }
    assert!(lab.seats[0].disk.files.keys().any(|path| path.ends_with(".snap")));
    lab.restart(0);
    lab.settle();
    let alice = lab.log_in(0, "alice", "a").unwrap();
    put_as(&mut lab, &alice, 0, "a").unwrap();
    assert_eq!(put_as(&mut lab, &alice, 0, "x"), Err(error::permission_denied()));
}
