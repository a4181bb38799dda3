//! etcd's own table for ranges of permissions.

mod support;

use auth::{Access, AuthStore, RangePermissions, is_valid_permission_range};
use proto::authpb::Role;
use serde_json::Value;
use support::{Short, read, table};

/// The wire's range end of a table's: null is open.
fn open(end: &Value) -> &str {
    end.as_str().unwrap_or("\0")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// Both ways to the answer: the merged ranges alone, and a user of a store.
fn is_allowed(case: &Value, end: &str) -> [bool; 2] {
    let pairs = case["perms"].as_array().expect("permissions");
    let permissions: Vec<_> =
        pairs.iter().map(|pair| read(text(&pair[0]), open(&pair[1]))).collect();
    let role = Role { name: "r".into(), key_permission: permissions.clone() };
    let key = text(&case["key"]).as_bytes();
    let merged = RangePermissions::merged([&role]);

    let mut store = AuthStore::with_root();
    store.user("u", "p").expect("a new user");
    for (number, permission) in permissions.into_iter().enumerate() {
        // One role each, so that the union over roles is tried as well.
        let role = format!("r{number}");
        store.role(&role).expect("a new role");
        store.grant(&role, permission).expect("a role");
        store.grant_role("u", &role).expect("a user and a role");
    }
    let asked = store.is_range_permitted(&store.who("u"), key, end.as_bytes());
    [merged.allows(Access::Read, key, end.as_bytes()), asked.is_ok()]
}

#[test]
fn range_permissions_are_etcds() {
    let Some(text_of_table) = table("auth_range_perm.jsonl") else { return };
    let (mut ran, mut failed) = (0, Vec::new());
    for line in text_of_table.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let Some(kind) = case["kind"].as_str() else { continue };
        ran += 1;
        let passed = match kind {
            "range" => is_allowed(&case, open(&case["end"])).map(Value::from),
            "point" => is_allowed(&case, "").map(Value::from),
            "valid" => {
                let end = case["range_end"].as_str().unwrap_or("");
                let valid =
                    is_valid_permission_range(text(&case["key"]).as_bytes(), end.as_bytes());
                [valid.into(), valid.into()]
            }
            other => panic!("unknown kind {other}"),
        };
        let wanted = if kind == "valid" { &case["want_valid"] } else { &case["want_allowed"] };
        if passed.iter().any(|got| got != wanted) {
            failed.push(line);
        }
    }
    println!("auth_range_perm.jsonl: {ran} ran, {} passed, 0 listed", ran - failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(ran, 24);
}
