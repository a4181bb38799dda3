//! What must hold for every sequence of requests, every set of ranges and all bytes.

mod support;

use std::collections::BTreeSet;

use auth::{Access, AuthStore, Pairs, Patches, RangePermissions};
use proptest::prelude::*;
use proto::authpb::permission::Type;
use proto::authpb::{Permission, Role};
use support::Short;

/// All keys of one to four letters `a`, `b`, and the zero byte: enough to tell any two ranges with
/// ends of up to three letters apart.
fn universe() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = vec![vec![]];
    let mut last = keys.clone();
    for _ in 0..4 {
        last = last
            .iter()
            .flat_map(|key| [0, b'a', b'b'].map(|letter| [&key[..], &[letter]].concat()))
            .collect();
        keys.extend(last.iter().cloned());
    }
    keys.retain(|key| !key.is_empty());
    keys
}

/// What a pair on the wire means, key by key.
fn is_inside(key: &[u8], begin: &[u8], end: &[u8]) -> bool {
    match end {
        [] => key == begin,
        [0] => key >= begin,
        end => begin <= key && key < end,
    }
}

fn letters(at_least: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0, b'a', b'b']), at_least..=3)
}

fn permission() -> impl Strategy<Value = Permission> {
    // Types that etcd does not know allow nothing.
    (0..=3, letters(1), letters(0)).prop_map(|(perm_type, key, range_end)| Permission {
        perm_type,
        key: key.into(),
        range_end: range_end.into(),
    })
}

fn gives(permission: &Permission, access: Access) -> bool {
    match Type::try_from(permission.perm_type) {
        Ok(Type::Readwrite) => true,
        Ok(Type::Read) => access == Access::Read,
        Ok(Type::Write) => access == Access::Write,
        Err(_) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_range_is_allowed_exactly_when_every_key_of_it_is(
        roles in prop::collection::vec(prop::collection::vec(permission(), 0..5), 0..4),
        (key, end) in (letters(1), letters(0)),
    ) {
        let as_role = |perms: &Vec<Permission>| Role {
            name: "r".into(),
            key_permission: perms.clone(),
        };
        let listed: Vec<Role> = roles.iter().map(as_role).collect();
        let merged = RangePermissions::merged(&listed);
        let wanted: Vec<Vec<u8>> =
            universe().into_iter().filter(|one| is_inside(one, &key, &end)).collect();
        for access in [Access::Read, Access::Write] {
            let every = wanted.iter().all(|one| {
                roles.iter().flatten().any(|permission| {
                    gives(permission, access)
                        && is_inside(one, &permission.key, &permission.range_end)
                })
            });
            // An empty range asks for nothing; its answer is etcd's own affair.
            if !wanted.is_empty() {
                let allowed = merged.allows(access, &key, &end);
                prop_assert_eq!(allowed, every, "{:?} {:?} {:?}", access, key, end);
            }
        }
    }
}

/// One request; names are digits, so that they meet often.
#[derive(Clone, Debug)]
enum Step {
    AddUser(u8, bool),
    DeleteUser(u8),
    Passwd(u8),
    AddRole(u8),
    DeleteRole(u8),
    GrantRole(u8, u8),
    RevokeRole(u8, u8),
    Grant(u8, Permission),
    Revoke(u8, Permission),
    Enable,
    Disable,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || 0u8..4;
    prop_oneof![
        (name(), any::<bool>()).prop_map(|(user, with)| Step::AddUser(user, with)),
        name().prop_map(Step::DeleteUser),
        name().prop_map(Step::Passwd),
        name().prop_map(Step::AddRole),
        name().prop_map(Step::DeleteRole),
        (name(), name()).prop_map(|(user, role)| Step::GrantRole(user, role)),
        (name(), name()).prop_map(|(user, role)| Step::RevokeRole(user, role)),
        (name(), permission()).prop_map(|(role, perm)| Step::Grant(role, perm)),
        (name(), permission()).prop_map(|(role, perm)| Step::Revoke(role, perm)),
        Just(Step::Enable),
        Just(Step::Disable),
    ]
}

/// Number 0 is root.
fn named(number: u8) -> String {
    if number == 0 { "root".into() } else { format!("n{number}") }
}

/// Whether the request was accepted.
fn apply(store: &mut AuthStore, step: &Step) -> bool {
    let result = match step {
        Step::AddUser(user, true) => store.user_without_password(&named(*user)),
        Step::AddUser(user, false) => store
            .user_add(&proto::etcdserverpb::AuthUserAddRequest {
                name: named(*user),
                hashed_password: "aGFzaA==".into(),
                ..Default::default()
            })
            .map(|_| ()),
        Step::DeleteUser(user) => store.delete_user(&named(*user)),
        Step::Passwd(user) => store
            .user_change_password(&proto::etcdserverpb::AuthUserChangePasswordRequest {
                name: named(*user),
                hashed_password: "bmV3".into(),
                ..Default::default()
            })
            .map(|_| ()),
        Step::AddRole(role) => store.role(&named(*role)),
        Step::DeleteRole(role) => store.delete_role(&named(*role)),
        Step::GrantRole(user, role) => store.grant_role(&named(*user), &named(*role)),
        Step::RevokeRole(user, role) => store.revoke_role(&named(*user), &named(*role)),
        Step::Grant(role, permission) => store.grant(&named(*role), permission.clone()),
        Step::Revoke(role, permission) => store
            .role_revoke_permission(&proto::etcdserverpb::AuthRoleRevokePermissionRequest {
                role: named(*role),
                key: permission.key.clone(),
                range_end: permission.range_end.clone(),
            })
            .map(|_| ()),
        Step::Enable => store.enable(),
        Step::Disable => {
            store.disable();
            Ok(())
        }
    };
    result.is_ok()
}

fn holds_together(store: &AuthStore) -> Result<(), TestCaseError> {
    let users: Vec<String> = store.users().map(str::to_owned).collect();
    let roles: BTreeSet<String> = store.roles().map(str::to_owned).collect();
    prop_assert!(users.is_sorted());
    for user in &users {
        let held = store.roles_of(user).expect("a listed user");
        prop_assert!(held.is_sorted_by(|a, b| a < b), "{held:?}");
        prop_assert!(held.iter().all(|role| role == "root" || roles.contains(role)), "{held:?}");
    }
    for role in &roles {
        let perms = store.perms_of(role).expect("a listed role");
        prop_assert!(perms.is_sorted_by(|a, b| a.key <= b.key), "{perms:?}");
    }
    if store.is_enabled() {
        prop_assert!(store.roles_of("root").expect("auth is on").contains(&"root".to_owned()));
    }
    Ok(())
}

fn borrowed<'a>(buckets: &[(&'a str, Pairs)]) -> Vec<(&'a str, Pairs)> {
    buckets.to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_requests_leave_a_store_that_holds_together(
        steps in prop::collection::vec(step(), 0..60),
        late: bool,
    ) {
        let patches = if late { Patches::Late } else { Patches::Early };
        let mut store = AuthStore::default().with_patches(patches);
        for step in &steps {
            let before = store.clone();
            let accepted = apply(&mut store, step);
            prop_assert!(store.revision() >= before.revision());
            prop_assert!(store.revision() <= before.revision() + 1);
            if !accepted {
                prop_assert_eq!(&store, &before, "a refusal changed something: {:?}", step);
            }
            holds_together(&store)?;
        }
        // A15, and at the same time: the merged permissions are those made from nothing.
        let back = AuthStore::from_buckets(&borrowed(&store.buckets())).expect("its own");
        prop_assert_eq!(back.with_patches(patches), store);
    }

    #[test]
    fn hostile_bytes_are_an_error_or_a_store_that_writes_them_again(
        steps in prop::collection::vec(step(), 0..30),
        bucket in 0usize..3,
        pair in any::<prop::sample::Index>(),
        change in any::<prop::sample::Index>(),
        byte: u8,
        in_key: bool,
    ) {
        let mut store = AuthStore::default();
        for step in &steps {
            apply(&mut store, step);
        }
        let mut buckets = borrowed(&store.buckets());
        let pairs = &mut buckets[bucket].1;
        if !pairs.is_empty() {
            let at = pair.index(pairs.len());
            let bytes = if in_key { &mut pairs[at].0 } else { &mut pairs[at].1 };
            if bytes.is_empty() || byte == 0 {
                bytes.push(byte);
            } else {
                let at = change.index(bytes.len());
                bytes[at] ^= byte;
            }
        }
        if let Ok(read) = AuthStore::from_buckets(&buckets) {
            let again = AuthStore::from_buckets(&borrowed(&read.buckets())).expect("its own");
            prop_assert_eq!(again, read);
        }
    }

    #[test]
    fn foreign_buckets_never_panic(
        name in prop::sample::select(vec!["auth", "authUsers", "authRoles", "key"]),
        pairs: Pairs,
    ) {
        let _ = AuthStore::from_buckets(&[(name, pairs)]);
    }
}
