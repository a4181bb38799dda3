//! Users, roles and the auth revision: what each request does and refuses.

mod support;

use auth::{AuthStore, Error, Patches};
use proto::Code;
use proto::authpb::permission::Type;
use proto::etcdserverpb::*;
use support::{Short, read, readwrite, write};

#[test]
fn a1_every_change_counts_once_and_what_changes_nothing_does_not() {
    let mut store = AuthStore::default();
    assert_eq!(store.revision(), 1);
    let expect = |store: &AuthStore, revision: u64| assert_eq!(store.revision(), revision);
    store.user("root", "p").unwrap();
    expect(&store, 2);
    store.role("root").unwrap();
    expect(&store, 3);
    store.grant_role("root", "root").unwrap();
    expect(&store, 4);
    store.grant_role("root", "root").unwrap();
    expect(&store, 4); // it had the role
    store.enable().unwrap();
    store.enable().unwrap();
    expect(&store, 4);
    store.passwd("root", "q").unwrap();
    expect(&store, 5);
    store.role("r").unwrap();
    store.grant("r", read("a", "")).unwrap();
    expect(&store, 7);
    store.grant("r", read("a", "")).unwrap();
    expect(&store, 8); // the same permission again counts, as in etcd
    store.revoke("r", "a", "").unwrap();
    store.user("u", "p").unwrap();
    store.grant_role("u", "r").unwrap();
    store.revoke_role("u", "r").unwrap();
    store.delete_user("u").unwrap();
    store.delete_role("r").unwrap();
    expect(&store, 14);
    store.disable();
    expect(&store, 15);
    store.disable();
    expect(&store, 15); // it was off
    let status = store.auth_status(&AuthStatusRequest {}).unwrap();
    assert_eq!((status.enabled, status.auth_revision), (false, 15));
}

#[test]
fn a2_enabling_needs_user_root_with_role_root() {
    let mut store = AuthStore::default();
    assert_eq!(store.enable(), Err(Error::RootUserNotExist));
    store.user("root", "p").unwrap();
    assert_eq!(store.enable(), Err(Error::RootRoleNotExist));
    // The role may be granted before it exists (A12), and that is enough.
    store.grant_role("root", "root").unwrap();
    assert_eq!(store.enable(), Ok(()));
    assert_eq!(store.enable(), Ok(()));
    assert!(store.is_enabled());
}

#[test]
fn a6_names_must_not_be_empty_and_an_empty_password_is_one() {
    let mut store = AuthStore::with_root();
    assert_eq!(store.user("", "p"), Err(Error::UserEmpty));
    assert_eq!(store.role(""), Err(Error::RoleEmpty));
    store.user("u", "").unwrap();
    assert_eq!(store.check_password("u", ""), Ok(store.revision()));
    assert_eq!(store.check_password("u", "x"), Err(Error::AuthFailed));
}

#[test]
fn a6_a_new_password_for_a_user_without_one_is_not_kept() {
    let mut store = AuthStore::with_root();
    store.user_without_password("u").unwrap();
    let before = store.revision();
    store.passwd("u", "p").unwrap();
    assert_eq!(store.revision(), before + 1);
    assert_eq!(store.check_password("u", "p"), Err(Error::NoPasswordUser));
}

#[test]
fn a10_a_grant_replaces_the_type_of_the_same_range_and_keeps_the_list_sorted() {
    let mut store = AuthStore::default();
    store.role("r").unwrap();
    for permission in [read("m", ""), write("a", "c"), readwrite("z", "\0"), write("m", "")] {
        store.grant("r", permission).unwrap();
    }
    let expected = vec![write("a", "c"), write("m", ""), readwrite("z", "\0")];
    assert_eq!(store.perms_of("r"), Ok(expected));
}

#[test]
fn a10_only_the_first_permission_on_a_key_is_compared() {
    let mut store = AuthStore::default();
    store.role("r").unwrap();
    store.grant("r", read("a", "b")).unwrap();
    store.grant("r", read("a", "c")).unwrap();
    store.grant("r", write("a", "c")).unwrap(); // the second of its key: stands beside it
    store.grant("r", write("a", "b")).unwrap(); // the first: replaced
    let expected = vec![write("a", "b"), read("a", "c"), write("a", "c")];
    assert_eq!(store.perms_of("r"), Ok(expected));
    // A revoke takes all that are equal.
    store.revoke("r", "a", "c").unwrap();
    assert_eq!(store.perms_of("r"), Ok(vec![write("a", "b")]));
}

#[test]
fn a10_a_grant_without_permission_or_of_an_empty_range_is_refused_by_late_patches() {
    let mut store = AuthStore::default();
    store.role("r").unwrap();
    let nothing = AuthRoleGrantPermissionRequest { name: "r".into(), perm: None };
    assert_eq!(store.role_grant_permission(&nothing), Err(Error::PermissionNotGiven));
    // Recorded on 3.4.23 and 3.5.1: `role grant-permission r read z a` succeeds. It allows nothing.
    store.grant("r", read("z", "a")).unwrap();
    assert_eq!(store.perms_of("r"), Ok(vec![read("z", "a")]));
    let mut late = store.with_patches(Patches::Late);
    for (key, end) in [("z", "a"), ("a", "a"), ("", ""), ("", "\0")] {
        assert_eq!(late.grant("r", read(key, end)), Err(Error::InvalidAuthMgmt), "{key} {end}");
    }
    assert_eq!(late.grant("nobody", read("a", "a")), Err(Error::InvalidAuthMgmt));
    assert_eq!(late.grant("nobody", read("a", "")), Err(Error::RoleNotFound));
}

#[test]
fn a11_a_revoke_needs_the_exact_range() {
    let mut store = AuthStore::default();
    store.role("r").unwrap();
    store.grant("r", read("a", "c")).unwrap();
    for (key, end) in [("a", ""), ("a", "b"), ("b", "c")] {
        assert_eq!(store.revoke("r", key, end), Err(Error::PermissionNotGranted), "{key} {end}");
    }
    assert_eq!(store.revoke("nobody", "a", "c"), Err(Error::RoleNotFound));
    assert_eq!(store.revoke("r", "a", "c"), Ok(()));
    assert_eq!(store.perms_of("r"), Ok(vec![]));
}

#[test]
fn a11_deleting_a_role_takes_it_from_all_users() {
    let mut store = AuthStore::default();
    for role in ["a", "b"] {
        store.role(role).unwrap();
        for user in ["u", "v"] {
            let _ = store.user(user, "p");
            store.grant_role(user, role).unwrap();
        }
    }
    store.delete_role("a").unwrap();
    assert_eq!(store.roles_of("u"), Ok(vec!["b".into()]));
    assert_eq!(store.roles_of("v"), Ok(vec!["b".into()]));
}

#[test]
fn a11_root_is_kept_while_auth_is_on() {
    let mut store = AuthStore::with_root();
    assert_eq!(store.delete_user("root"), Err(Error::InvalidAuthMgmt));
    assert_eq!(store.delete_role("root"), Err(Error::InvalidAuthMgmt));
    assert_eq!(store.revoke_role("root", "root"), Err(Error::InvalidAuthMgmt));
    store.disable();
    assert_eq!(store.revoke_role("root", "root"), Ok(()));
    assert_eq!(store.delete_role("root"), Ok(()));
    assert_eq!(store.delete_user("root"), Ok(()));
}

#[test]
fn a12_missing_and_existing_names_have_their_errors() {
    let mut store = AuthStore::default();
    store.user("u", "p").unwrap();
    store.role("r").unwrap();
    assert_eq!(store.user("u", "q"), Err(Error::UserAlreadyExist));
    assert_eq!(store.role("r"), Err(Error::RoleAlreadyExist));
    assert_eq!(store.roles_of("x"), Err(Error::UserNotFound));
    assert_eq!(store.delete_user("x"), Err(Error::UserNotFound));
    assert_eq!(store.passwd("x", "p"), Err(Error::UserNotFound));
    assert_eq!(store.grant_role("x", "r"), Err(Error::UserNotFound));
    assert_eq!(store.grant_role("u", "x"), Err(Error::RoleNotFound));
    assert_eq!(store.revoke_role("x", "r"), Err(Error::UserNotFound));
    assert_eq!(store.revoke_role("u", "x"), Err(Error::RoleNotGranted));
    assert_eq!(store.perms_of("x"), Err(Error::RoleNotFound));
    assert_eq!(store.delete_role("x"), Err(Error::RoleNotFound));
    assert_eq!(store.grant("x", read("a", "")), Err(Error::RoleNotFound));
    assert_eq!(store.revision(), 3); // a refusal changes nothing
}

#[test]
fn a12_role_root_shows_everything_once_it_exists_and_in_recorded_releases_what_it_was_granted() {
    let mut store = AuthStore::default();
    assert_eq!(store.perms_of("root"), Err(Error::RoleNotFound));
    store.role("root").unwrap();
    store.grant("root", read("a", "")).unwrap();
    assert_eq!(store.perms_of("root").unwrap(), vec![read("a", "")]);
    let late = store.with_patches(Patches::Late);
    let perms = late.perms_of("root").unwrap();
    assert_eq!(perms, vec![readwrite("", "\0")]);
    assert_eq!(perms[0].perm_type(), Type::Readwrite);
}

#[test]
fn lists_are_sorted_whatever_came_first() {
    let mut store = AuthStore::default();
    for name in ["dave", "alice", "carol", "bob"] {
        store.user(name, "p").unwrap();
        store.role(name).unwrap();
    }
    for role in ["carol", "alice", "bob"] {
        store.grant_role("dave", role).unwrap();
    }
    let names = ["alice", "bob", "carol", "dave"];
    assert_eq!(store.user_list(&AuthUserListRequest {}).unwrap().users, names);
    assert_eq!(store.role_list(&AuthRoleListRequest {}).unwrap().roles, names);
    assert_eq!(store.roles_of("dave").unwrap(), names[..3]);
}

#[test]
fn clients_see_the_texts_of_the_table_and_one_raw_text() {
    for (error, code, text) in [
        (Error::UserNotFound, Code::FailedPrecondition, "etcdserver: user name not found"),
        (Error::UserAlreadyExist, Code::FailedPrecondition, "etcdserver: user name already exists"),
        (
            Error::AuthOldRevision,
            Code::InvalidArgument,
            "etcdserver: revision of auth store is old",
        ),
        (Error::PermissionDenied, Code::PermissionDenied, "etcdserver: permission denied"),
        (Error::InvalidAuthToken, Code::Unauthenticated, "etcdserver: invalid auth token"),
        (
            Error::NoPasswordUser,
            Code::Unknown,
            "auth: authentication failed, password was given for no password user",
        ),
    ] {
        assert_eq!(proto::Status::from(error), proto::Status::new(code, text));
    }
    // Recorded from `snapshot save` and `defrag`.
    assert_eq!(
        Error::PermissionDenied.unmapped().to_string(),
        "rpc error: code = Unknown desc = auth: permission denied"
    );
}
