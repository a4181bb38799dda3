//! Who may do what, while auth is on.

mod support;

use auth::{AuthInfo, AuthStore, Error, Patches, needs_admin};
use bytes::Bytes;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::*;
use support::{Short, read, readwrite, write};

type Check = Result<(), Error>;
const DENIED: Check = Err(Error::PermissionDenied);

/// User `u` as in the recording of what an unprivileged user may do.
fn store() -> AuthStore {
    let mut store = AuthStore::with_root();
    store.user("u", "p").expect("a new name");
    store.role("r").expect("a new name");
    store.grant_role("u", "r").expect("a new name");
    for permission in [readwrite("app/", "app0"), read("cfg", ""), write("inbox", "")] {
        store.grant("r", permission).expect("a new name");
    }
    store
}

fn no_keys(_: i64) -> Vec<Bytes> {
    Vec::new()
}

fn put(key: &'static str) -> PutRequest {
    PutRequest { key: key.into(), ..Default::default() }
}

fn range(key: &'static str, range_end: &'static str) -> RangeRequest {
    RangeRequest { key: key.into(), range_end: range_end.into(), ..Default::default() }
}

fn delete(key: &'static str, range_end: &'static str) -> DeleteRangeRequest {
    DeleteRangeRequest { key: key.into(), range_end: range_end.into(), prev_kv: false }
}

fn op(request: Request) -> RequestOp {
    RequestOp { request: Some(request) }
}

#[test]
fn a3_nobody_is_told_that_the_name_is_empty() {
    let store = store();
    let nobody = AuthInfo::default();
    assert_eq!(store.is_put_permitted(&nobody, b"cfg"), Err(Error::UserEmpty));
    assert_eq!(store.is_range_permitted(&nobody, b"cfg", b""), Err(Error::UserEmpty));
    assert_eq!(store.is_delete_range_permitted(&nobody, b"cfg", b""), Err(Error::UserEmpty));
    assert_eq!(store.is_admin_permitted(&nobody), Err(Error::UserEmpty));
}

#[test]
fn a3_an_old_revision_is_refused_for_keys_but_not_for_root_work() {
    let mut store = store();
    let (u, root) = (store.who("u"), store.who("root"));
    store.role("another").unwrap();
    assert_eq!(store.is_range_permitted(&u, b"cfg", b""), Err(Error::AuthOldRevision));
    assert_eq!(store.is_put_permitted(&root, b"cfg"), Err(Error::AuthOldRevision));
    // Two changes that were proposed together both pass.
    assert_eq!(store.is_admin_permitted(&root), Ok(()));
    // A member that is behind may meet a revision from its future.
    let ahead = AuthInfo { revision: store.revision() + 1, ..u };
    assert_eq!(store.is_range_permitted(&ahead, b"cfg", b""), Ok(()));
}

#[test]
fn a4_everything_passes_while_auth_is_off() {
    let mut store = store();
    store.disable();
    let nobody = AuthInfo::default();
    assert_eq!(store.is_admin_permitted(&nobody), Ok(()));
    assert_eq!(store.is_put_permitted(&nobody, b"x"), Ok(()));
    let request = InternalRaftRequest {
        auth_user_add: Some(AuthUserAddRequest::default()),
        put: Some(put("x")),
        ..Default::default()
    };
    assert_eq!(store.check_request(&nobody, &request, &no_keys), Ok(()));
}

#[test]
fn a7_root_may_do_everything_and_others_only_what_they_were_given() {
    let mut store = store();
    store.user("admin", "p").unwrap();
    store.grant_role("admin", "root").unwrap();
    for name in ["root", "admin"] {
        let who = store.who(name);
        assert_eq!(store.is_admin_permitted(&who), Ok(()));
        assert_eq!(store.is_range_permitted(&who, b"\0", b"\0"), Ok(()));
        assert_eq!(store.is_put_permitted(&who, b"secret"), Ok(()));
    }
    assert_eq!(store.is_admin_permitted(&store.who("u")), DENIED);
    assert_eq!(store.is_admin_permitted(&store.who("gone")), Err(Error::UserNotFound));
    assert_eq!(store.is_put_permitted(&store.who("gone"), b"cfg"), DENIED);
}

#[test]
fn a7_a_user_may_look_at_itself_and_its_own_roles() {
    let mut store = store();
    store.role("other").unwrap();
    let u = store.who("u");
    assert_eq!(store.check_user_get(&u, "u"), Ok(()));
    assert_eq!(store.check_user_get(&u, "root"), DENIED);
    assert_eq!(store.check_role_get(&u, "r"), Ok(()));
    assert_eq!(store.check_role_get(&u, "other"), DENIED);
    assert_eq!(store.check_role_get(&AuthInfo::default(), "r"), Err(Error::UserEmpty));
    assert_eq!(store.check_role_get(&store.who("root"), "other"), Ok(()));
}

#[test]
fn a8_puts_and_deletes_need_read_too_for_the_old_value() {
    let store = store();
    let u = store.who("u");
    let with_prev = |key| PutRequest { prev_kv: true, ..put(key) };
    for (request, expected) in [
        (put("cfg"), DENIED),
        (put("inbox"), Ok(())),
        (with_prev("inbox"), DENIED),
        (with_prev("app/2"), Ok(())),
    ] {
        assert_eq!(store.check_put(&u, &request, &no_keys), expected, "{request:?}");
    }
    let with_prev = |request| DeleteRangeRequest { prev_kv: true, ..request };
    for (request, expected) in [
        (delete("app/2", ""), Ok(())),
        (delete("app/", "app0"), Ok(())),
        (delete("app", "apq"), DENIED),
        (delete("inbox", ""), Ok(())),
        (with_prev(delete("inbox", "")), DENIED),
        (with_prev(delete("app/", "app0")), Ok(())),
    ] {
        assert_eq!(store.check_delete_range(&u, &request), expected, "{request:?}");
    }
}

#[test]
fn a8_a_put_needs_write_on_every_key_of_its_lease() {
    let store = store();
    let u = store.who("u");
    let keys = |id: i64| -> Vec<Bytes> {
        match id {
            7 => vec!["app/1".into(), "secret".into()],
            8 => vec!["app/1".into(), "inbox".into()],
            _ => vec![],
        }
    };
    let with_lease = |lease| PutRequest { lease, ..put("app/2") };
    assert_eq!(store.check_put(&u, &with_lease(7), &keys), DENIED);
    assert_eq!(store.check_put(&u, &with_lease(8), &keys), Ok(()));
    assert_eq!(store.check_put(&u, &with_lease(9), &keys), Ok(()));
    assert_eq!(store.check_lease_revoke(&u, &keys(7)), DENIED);
    assert_eq!(store.check_lease_revoke(&u, &keys(8)), Ok(()));
    assert_eq!(store.check_lease_time_to_live(&u, &keys(8)), DENIED); // inbox is not to be read
    let revoke = InternalRaftRequest {
        lease_revoke: Some(LeaseRevokeRequest { id: 7 }),
        ..Default::default()
    };
    assert_eq!(store.check_request(&u, &revoke, &keys), DENIED);
}

#[test]
fn a8_a_txn_needs_all_compares_and_both_branches_however_deep() {
    let store = store();
    let u = store.who("u");
    let compare = |key: &'static str, range_end: &'static str| Compare {
        key: key.into(),
        range_end: range_end.into(),
        ..Default::default()
    };
    let txn = |compare: Vec<Compare>, success: Vec<Request>, failure: Vec<Request>| TxnRequest {
        compare,
        success: success.into_iter().map(op).collect(),
        failure: failure.into_iter().map(op).collect(),
    };
    let bad = || Request::RequestPut(put("secret"));
    let good = || Request::RequestPut(put("inbox"));
    let inner = Request::RequestTxn(txn(vec![], vec![], vec![bad()]));
    let deep = Request::RequestTxn(txn(vec![], vec![inner.clone()], vec![]));
    let prev = Request::RequestPut(PutRequest { prev_kv: true, ..put("inbox") });
    let lease = Request::RequestPut(PutRequest { lease: 7, ..put("inbox") });
    let cases = [
        (txn(vec![compare("cfg", "")], vec![good()], vec![good()]), Ok(())),
        (txn(vec![compare("secret", "")], vec![], vec![]), DENIED),
        (txn(vec![compare("app/", "app0")], vec![], vec![]), Ok(())),
        (txn(vec![compare("app/", "apq")], vec![], vec![]), DENIED),
        (txn(vec![], vec![bad()], vec![]), DENIED),
        (txn(vec![], vec![good()], vec![bad()]), DENIED),
        (txn(vec![], vec![inner], vec![]), DENIED),
        (txn(vec![], vec![], vec![deep]), DENIED),
        (txn(vec![], vec![prev], vec![]), DENIED),
        (txn(vec![], vec![lease], vec![]), DENIED),
        (txn(vec![], vec![Request::RequestRange(range("inbox", ""))], vec![]), DENIED),
        (txn(vec![], vec![Request::RequestDeleteRange(delete("app/", "app0"))], vec![]), Ok(())),
        (TxnRequest { success: vec![RequestOp { request: None }], ..Default::default() }, Ok(())),
    ];
    let keys = |id| if id == 7 { vec!["secret".into()] } else { vec![] };
    for (request, expected) in cases {
        assert_eq!(store.check_txn(&u, &request, &keys), expected, "{request:?}");
    }
}

#[test]
fn a9_a_range_needs_the_union_of_all_roles() {
    let mut store = store();
    for (role, permission) in [("a", read("b", "d")), ("b", read("d", "f")), ("c", write("f", "h"))]
    {
        store.role(role).unwrap();
        store.grant(role, permission).unwrap();
        store.grant_role("u", role).unwrap();
    }
    let allowed = |store: &AuthStore, key: &str, end: &str| {
        store.check_range(&store.who("u"), &range(leak(key), leak(end))).is_ok()
    };
    assert!(allowed(&store, "b", "f"));
    assert!(!allowed(&store, "b", "g"));
    assert!(!allowed(&store, "b", "\0"));
    store.grant("c", read("f", "\0")).unwrap();
    assert!(allowed(&store, "b", "\0"));
    store.revoke_role("u", "b").unwrap();
    assert!(!allowed(&store, "b", "f"));
    assert!(allowed(&store, "b", "d"));
    store.delete_role("a").unwrap();
    assert!(!allowed(&store, "b", ""));
    store.revoke("c", "f", "\0").unwrap();
    assert!(!allowed(&store, "f", ""));
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

#[test]
fn a9_the_recorded_ranges_are_decided_as_recorded() {
    let store = store();
    let u = store.who("u");
    for (key, end, expected) in [
        ("cfg", "", Ok(())),
        ("inbox", "", DENIED),
        ("secret", "", DENIED),
        ("app/", "app0", Ok(())),
        ("app", "apq", DENIED),
        ("\0", "\0", DENIED),
        ("app/1", "\0", DENIED),
        ("app/1", "app/9", Ok(())),
    ] {
        assert_eq!(store.check_range(&u, &range(key, end)), expected, "{key} {end}");
    }
}

#[test]
fn a14_a_permission_taken_away_before_the_write_in_the_log_denies_it() {
    let mut store = store();
    let header = RequestHeader { id: 1, username: "u".into(), auth_revision: store.revision() };
    let info = AuthInfo::from(&header);
    let write = InternalRaftRequest { put: Some(put("inbox")), ..Default::default() };
    assert_eq!(store.check_request(&info, &write, &no_keys), Ok(()));
    store.revoke("r", "inbox", "").unwrap();
    assert_eq!(store.check_request(&info, &write, &no_keys), Err(Error::AuthOldRevision));
    assert_eq!(store.check_request(&store.who("u"), &write, &no_keys), DENIED);
}

#[test]
fn a7_requests_of_the_auth_api_need_root_and_compacting_does_with_late_patches() {
    let store = store();
    let (u, root) = (store.who("u"), store.who("root"));
    let list =
        InternalRaftRequest { auth_user_list: Some(AuthUserListRequest {}), ..Default::default() };
    assert!(needs_admin(&list));
    assert_eq!(store.check_request(&u, &list, &no_keys), DENIED);
    assert_eq!(store.check_request(&root, &list, &no_keys), Ok(()));
    let compact = InternalRaftRequest {
        compaction: Some(CompactionRequest::default()),
        ..Default::default()
    };
    // Recorded on 3.4.23: an ordinary user compacts.
    assert_eq!(store.check_request(&u, &compact, &no_keys), Ok(()));
    let late = store.with_patches(Patches::Late);
    assert_eq!(late.check_request(&u, &compact, &no_keys), DENIED);
    assert_eq!(late.check_request(&root, &compact, &no_keys), Ok(()));
}
