//! Passwords, tokens and certificates.

mod support;

use auth::{
    AuthInfo, AuthStore, Error, SimpleTokens, TTL_US_DEFAULT, hash_change_password, hash_password,
    hash_user_add, token_index, token_prefix, token_text, verify,
};
use proptest::prelude::*;
use proto::etcdserverpb::*;
use support::{SALT, Short};

#[test]
fn hashes_are_those_of_another_implementation() {
    // Made with libxcrypt 4.4 (`crypt` of perl).
    for (password, hash) in [
        ("secret", "$2a$04$..CA.uOD/eaGAOmJB.yMBu4AbFLftUBUHQbseIwAiOGKsNRgByuEG"),
        ("", "$2a$05$abcdefghijklmnopqrstuu0oImNDIy4flhldV9YqunRgBAePKmw7m"),
        ("rööt", "$2a$06$0123456789ABCDEFGHIJKuugou..gUPk91uDCZKLcxB/t.KM3SSXK"),
        (&"x".repeat(71), "$2a$04$abcdefghijklmnopqrstuu.gc7UY/21CSNJGJg21jJzx9QiOpJ9bO"),
        (&"x".repeat(72), "$2a$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"),
        (&"x".repeat(80), "$2a$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"),
        ("rootpw", "$2a$10$abcdefghijklmnopqrstuu880NMi/lkggoIINSEzYKGFhrEphznA."),
    ] {
        assert!(verify(password, hash), "{password}");
        assert!(!verify(&format!("y{password}"), hash), "{password}");
    }
}

#[test]
fn a_hash_names_its_cost_and_salt() {
    let hash = hash_password("secret", 5, SALT);
    assert_eq!(hash.len(), 60);
    assert!(hash.starts_with("$2a$05$"), "{hash}");
    assert!(verify("secret", &hash));
    assert_ne!(hash, hash_password("secret", 5, [0; 16]));
    // A cost that bcrypt does not have is taken for the default.
    for cost in [0, 3, 32, u32::MAX] {
        assert!(hash_password("secret", cost, SALT).starts_with("$2a$04$"));
    }
}

#[test]
fn the_log_carries_a_hash_and_no_password() {
    let mut add =
        AuthUserAddRequest { name: "u".into(), password: "p".into(), ..Default::default() };
    hash_user_add(&mut add, 4, SALT);
    let mut change = AuthUserChangePasswordRequest {
        name: "u".into(),
        password: "q".into(),
        ..Default::default()
    };
    hash_change_password(&mut change, 4, SALT);
    assert_eq!((&*add.password, &*change.password), ("", ""));
    assert!(add.hashed_password.starts_with("JDJhJDA0J"), "base64 of $2a$04$");
    let mut store = AuthStore::with_root();
    store.user_add(&add).unwrap();
    assert!(store.check_password("u", "p").is_ok());
    store.user_change_password(&change).unwrap();
    assert_eq!(store.check_password("u", "p"), Err(Error::AuthFailed));
    assert!(store.check_password("u", "q").is_ok());
}

#[test]
fn a_hash_that_is_no_base64_is_refused_and_a_missing_one_is_made() {
    let mut store = AuthStore::with_root();
    let request = |name: &str, hashed: &str| AuthUserAddRequest {
        name: name.into(),
        password: "p".into(),
        hashed_password: hashed.into(),
        ..Default::default()
    };
    assert_eq!(store.user_add(&request("u", "$2a$04$")), Err(Error::NoPasswordUser));
    // As real 3.4's log has it, whatever member reads it.
    let mut other = store.clone();
    for store in [&mut store, &mut other] {
        store.user_add(&request("v", "")).unwrap();
        assert_eq!(store.check_password("v", ""), Err(Error::AuthFailed));
        assert!(store.check_password("v", "p").is_ok());
    }
    assert_eq!(store.buckets(), other.buckets());
}

#[test]
fn a5_a_login_fails_with_etcds_texts() {
    let mut store = AuthStore::with_root();
    store.user_without_password("cert").unwrap();
    for (name, password, text) in [
        ("root", "wrong", "auth: authentication failed, invalid user ID or password"),
        ("nobody", "x", "auth: authentication failed, invalid user ID or password"),
        ("cert", "x", "auth: authentication failed, password was given for no password user"),
        ("cert", "", "auth: authentication failed, password was given for no password user"),
    ] {
        let error = store.check_password(name, password).unwrap_err();
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(store.check_password("root", "root"), Ok(store.revision()));
    store.disable();
    assert_eq!(store.check_password("root", "root"), Err(Error::AuthNotEnabled));
}

#[test]
fn a13_a_token_is_sixteen_letters_and_the_index_of_its_login() {
    let random = std::array::from_fn(|at| at as u8 * 17);
    let prefix = token_prefix(random);
    assert_eq!(prefix.len(), 16);
    assert!(prefix.chars().all(|letter| letter.is_ascii_alphabetic()), "{prefix}");
    let token = token_text(random, 1234);
    assert_eq!(token, format!("{prefix}.1234"));
    assert_eq!(token_index(&token), Some(1234));
    for text in ["", "abc", "abc.", "abc.x", "abc.+1", "a.1.2", "abc.99999999999999999999"] {
        assert_eq!(token_index(text), None, "{text}");
    }
}

#[test]
fn a13_a_login_gives_a_token_that_use_keeps_alive() {
    let store = AuthStore::with_root();
    let mut tokens = SimpleTokens::default();
    let request = InternalAuthenticateRequest {
        name: "root".into(),
        password: String::new(),
        simple_token: token_prefix(SALT),
    };
    let token = store.authenticate(&mut tokens, &request, 9, 0).unwrap().token;
    assert_eq!(token, token_text(SALT, 9));
    let (end, root) = (TTL_US_DEFAULT, Some(store.who("root")));
    assert_eq!(store.info(&mut tokens, Some(&token), end), Ok(root.clone()));
    assert_eq!(store.info(&mut tokens, Some(&token), 2 * end), Ok(root.clone()));
    let late = store.info(&mut tokens, Some(&token), 3 * end + 1);
    assert_eq!(late, Err(Error::InvalidAuthToken));
    assert_eq!(tokens.len(), 1);
    tokens.expire(3 * end + 1);
    assert!(tokens.is_empty());
}

#[test]
fn a13_a_token_carries_the_revision_of_its_use() {
    let mut store = AuthStore::with_root();
    let mut tokens = SimpleTokens::new(0);
    tokens.assign("t.1", "root", 0);
    let before = store.info(&mut tokens, Some("t.1"), 0).unwrap().unwrap();
    store.role("r").unwrap();
    let after = store.info(&mut tokens, Some("t.1"), 0).unwrap().unwrap();
    assert_eq!(after.revision, before.revision + 1);
    assert_eq!(store.is_put_permitted(&after, b"k"), Ok(()));
}

#[test]
fn a4_a_login_is_refused_and_a_token_not_read_while_auth_is_off() {
    let mut store = AuthStore::with_root();
    store.disable();
    let mut tokens = SimpleTokens::default();
    let request = InternalAuthenticateRequest { name: "root".into(), ..Default::default() };
    let login = store.authenticate(&mut tokens, &request, 9, 0);
    assert_eq!(login, Err(Error::AuthNotEnabled));
    assert_eq!(store.info(&mut tokens, Some("rubbish"), 0), Ok(None));
}

#[test]
fn a3_no_token_is_nobody_and_an_unknown_one_is_invalid() {
    let store = AuthStore::with_root();
    let mut tokens = SimpleTokens::default();
    assert_eq!(store.info(&mut tokens, None, 0), Ok(None));
    assert_eq!(store.info(&mut tokens, Some("x.1"), 0), Err(Error::InvalidAuthToken));
}

#[test]
fn a_login_of_a_user_that_vanished_or_has_no_password_is_refused_at_apply() {
    let mut store = AuthStore::with_root();
    store.user_without_password("cert").unwrap();
    let mut tokens = SimpleTokens::default();
    for name in ["gone", "cert"] {
        let request = InternalAuthenticateRequest { name: name.into(), ..Default::default() };
        let login = store.authenticate(&mut tokens, &request, 9, 0);
        assert_eq!(login, Err(Error::AuthFailed));
    }
    assert!(tokens.is_empty());
}

#[test]
fn a13_deletion_a_new_password_and_disabling_end_tokens() {
    let mut tokens = SimpleTokens::default();
    for (token, name) in [("a.1", "u"), ("b.2", "v"), ("c.3", "w"), ("d.4", "w")] {
        tokens.assign(token, name, 0);
    }
    let mut applied = |request: InternalRaftRequest| {
        tokens.applied(&request);
        ["a.1", "b.2", "c.3", "d.4"].map(|token| tokens.username(token, 0).is_some())
    };
    let delete = AuthUserDeleteRequest { name: "u".into() };
    let change = AuthUserChangePasswordRequest { name: "w".into(), ..Default::default() };
    let revoke = AuthUserRevokeRoleRequest { name: "v".into(), role: "r".into() };
    let none = InternalRaftRequest::default;
    assert_eq!(
        applied(InternalRaftRequest { auth_user_delete: Some(delete), ..none() }),
        [false, true, true, true]
    );
    assert_eq!(
        applied(InternalRaftRequest { auth_user_revoke_role: Some(revoke), ..none() }),
        [false, true, true, true]
    );
    assert_eq!(
        applied(InternalRaftRequest { auth_user_change_password: Some(change), ..none() }),
        [false, true, false, false]
    );
    let disable = Some(AuthDisableRequest {});
    assert_eq!(applied(InternalRaftRequest { auth_disable: disable, ..none() }), [false; 4]);
}

#[test]
fn a_certificates_common_name_is_the_user() {
    let mut store = AuthStore::with_root();
    store.user_without_password("alice").unwrap();
    let alice = store.info_from_common_name("alice");
    assert_eq!(alice, store.who("alice"));
    assert_eq!(store.is_put_permitted(&alice, b"k"), Err(Error::PermissionDenied));
    assert_eq!(store.is_put_permitted(&store.info_from_common_name("root"), b"k"), Ok(()));
    // A certificate without a name is not nobody, but a user that does not exist.
    let unnamed = store.info_from_common_name("");
    assert_ne!(unnamed, AuthInfo::default());
    assert_eq!(store.is_put_permitted(&unnamed, b"k"), Err(Error::PermissionDenied));
    assert_eq!(store.is_admin_permitted(&unnamed), Err(Error::UserEmpty));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_password_verifies_against_its_own_hash(password: String, salt: [u8; 16]) {
        prop_assert!(verify(&password, &hash_password(&password, 4, salt)));
    }

    #[test]
    fn no_text_makes_verify_panic(
        password: String,
        hash in "(\\$2[a-z]\\$0[45]\\$)?\\PC{0,54}",
        index in "\\PC*",
    ) {
        let _ = verify(&password, &hash);
        let _ = token_index(&index);
    }
}
