//! The store as etcd's backend keeps it.

mod support;

use auth::{AuthStore, Error};
use support::{Short, read};

fn value(store: &AuthStore, bucket: &str, key: &str) -> Option<Vec<u8>> {
    let (_, pairs) = store.buckets().into_iter().find(|(name, _)| *name == bucket)?;
    pairs.into_iter().find(|(name, _)| name == key.as_bytes()).map(|(_, value)| value)
}

#[test]
fn a15_a_new_store_has_a_revision_and_no_switch() {
    let store = AuthStore::default();
    assert_eq!(value(&store, "auth", "authRevision"), Some(vec![0, 0, 0, 0, 0, 0, 0, 1]));
    assert_eq!(value(&store, "auth", "authEnabled"), None);
    let names: Vec<_> = store.buckets().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["auth", "authRoles", "authUsers"]);
    assert_eq!(AuthStore::from_buckets(&[]), Ok(store));
}

#[test]
fn a15_the_switch_is_one_byte() {
    let mut store = AuthStore::with_root();
    assert_eq!(value(&store, "auth", "authEnabled"), Some(vec![1]));
    store.disable();
    assert_eq!(value(&store, "auth", "authEnabled"), Some(vec![0]));
    assert_eq!(value(&store, "auth", "authRevision"), Some(vec![0, 0, 0, 0, 0, 0, 0, 5]));
}

#[test]
fn a15_users_and_roles_are_etcds_messages() {
    let mut store = AuthStore::default();
    store.user_without_password("u").unwrap();
    store.role("r").unwrap();
    store.grant("r", read("k", "\0")).unwrap();
    store.grant_role("u", "r").unwrap();
    // name, roles, options with no_password
    assert_eq!(value(&store, "authUsers", "u").unwrap(), b"\x0a\x01u\x1a\x01r\x22\x02\x08\x01");
    // name, one permission: READ is zero and not written
    assert_eq!(value(&store, "authRoles", "r").unwrap(), b"\x0a\x01r\x12\x06\x12\x01k\x1a\x01\x00");
    store.user("v", "p").unwrap();
    let v = value(&store, "authUsers", "v").unwrap();
    assert!(v.starts_with(b"\x0a\x01v\x12\x3c$2a$04$"));
    assert!(v.ends_with(b"\x22\x00"), "options are written, empty as they are");
}

#[test]
fn bytes_that_no_store_wrote_are_refused() {
    let user = |name: &[u8]| (b"u".to_vec(), [b"\x0a\x01", name].concat());
    let auth = |key: &str, value: &[u8]| (key.as_bytes().to_vec(), value.to_vec());
    for (bucket, pairs, refused) in [
        ("authUsers", vec![user(b"u")], None),
        ("authUsers", vec![user(b"v")], Some("authUsers")),
        ("authUsers", vec![user(b"u"), user(b"u")], Some("authUsers")),
        ("authUsers", vec![(b"u".to_vec(), b"\x0a\x09u".to_vec())], Some("authUsers")),
        ("authUsers", vec![(b"\xff".to_vec(), b"\x0a\x01\xff".to_vec())], Some("authUsers")),
        ("authUsers", vec![(vec![], vec![])], Some("authUsers")),
        (
            "authUsers",
            vec![(b"u".to_vec(), b"\x0a\x01u\x1a\x01b\x1a\x01a".to_vec())],
            Some("authUsers"),
        ),
        (
            "authRoles",
            vec![(b"r".to_vec(), b"\x0a\x01r\x12\x03\x12\x01b\x12\x03\x12\x01a".to_vec())],
            Some("authRoles"),
        ),
        ("auth", vec![auth("authEnabled", &[1])], None),
        ("auth", vec![auth("authEnabled", &[2])], Some("auth")),
        ("auth", vec![auth("authEnabled", &[])], Some("auth")),
        ("auth", vec![auth("authRevision", &[1])], Some("auth")),
        ("auth", vec![auth("other", &[1])], Some("auth")),
    ] {
        let read = AuthStore::from_buckets(&[(bucket, pairs.clone())]);
        assert_eq!(read.err(), refused.map(Error::Corrupt), "{bucket} {pairs:?}");
    }
    let twice = [("auth", vec![]), ("auth", vec![])];
    assert!(AuthStore::from_buckets(&twice).is_err());
    assert!(AuthStore::from_buckets(&[("lease", vec![])]).is_err());
}

#[test]
fn a_revision_at_its_end_stays_there() {
    let end = (b"authRevision".to_vec(), vec![255; 8]);
    let mut store = AuthStore::from_buckets(&[("auth", vec![end])]).unwrap();
    store.role("r").unwrap();
    assert_eq!(store.revision(), u64::MAX);
}
