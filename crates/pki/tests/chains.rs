//! Chains as Go's `Certificate.Verify` judges them, each failure with its text.

mod support;

use pki::{Certificate, Error, ExtKeyUsage, Subject, Usage, VerifyOptions, verify};
use proptest::prelude::*;
use support::{NOW_S, Owner, YEAR_S, subject};

fn check(
    chain: &[&Owner],
    roots: &[&Owner],
    host: Option<&str>,
    usage: ExtKeyUsage,
) -> Result<(), String> {
    let certificates =
        |owners: &[&Owner]| owners.iter().map(|o| o.certificate.clone()).collect::<Vec<_>>();
    let options = VerifyOptions { roots: &certificates(roots), host, now_s: NOW_S, usage };
    verify(&certificates(chain), &options).map_err(|error| error.to_string())
}

fn client(chain: &[&Owner], roots: &[&Owner]) -> Result<(), String> {
    check(chain, roots, None, ExtKeyUsage::ClientAuth)
}

fn failed(text: &str) -> Result<(), String> {
    Err(text.to_string())
}

const UNKNOWN: &str = "x509: certificate signed by unknown authority";

#[test]
fn a_chain_ends_at_a_trusted_root() {
    let ca = Owner::root("ca", &subject("ca", Usage::Authority));
    let other = Owner::root("other", &subject("other-ca", Usage::Authority));
    let alice = ca.issue("alice", &subject("alice", Usage::Client));
    assert_eq!(alice.certificate.common_name, "alice");
    assert_eq!(client(&[&alice], &[&ca]), Ok(()));
    assert_eq!(client(&[&alice], &[&other, &ca]), Ok(()));
    assert_eq!(client(&[&alice], &[&other]), failed(UNKNOWN));
    assert_eq!(client(&[&alice], &[]), failed(UNKNOWN));
    assert_eq!(client(&[], &[&ca]), failed(UNKNOWN));
    // Who is trusted himself needs nobody else.
    assert_eq!(client(&[&alice], &[&alice]), Ok(()));
    assert_eq!(client(&[&ca], &[&ca]), Ok(()));
}

#[test]
fn intermediates_are_found_among_what_was_presented() {
    let root = Owner::root("root", &subject("root-ca", Usage::Authority));
    let middle = root.issue("middle", &subject("middle", Usage::Authority));
    let low = middle.issue("low", &subject("low", Usage::Authority));
    let leaf = low.issue("leaf", &subject("leaf", Usage::Client));
    assert_eq!(client(&[&leaf, &middle, &low], &[&root]), Ok(()));
    assert_eq!(client(&[&leaf, &low], &[&root]), failed(UNKNOWN));
    assert_eq!(client(&[&leaf, &low], &[&middle]), Ok(()));
    // Not everybody may sign.
    let fake = leaf.issue("fake", &subject("fake", Usage::Client));
    let text = "x509: certificate signed by unknown authority (possibly because of \"x509: invalid \
                signature: parent certificate cannot sign this kind of certificate\" while trying \
                to verify candidate authority certificate \"leaf\")";
    assert_eq!(client(&[&fake, &leaf, &low, &middle], &[&root]), failed(text));
}

#[test]
fn an_authority_of_the_same_name_is_a_hint() {
    let ca = Owner::root("ca", &subject("etcd-ca", Usage::Authority));
    let again = Owner::root("again", &subject("etcd-ca", Usage::Authority));
    let alice = ca.issue("alice", &subject("alice", Usage::Client));
    let text = "x509: certificate signed by unknown authority (possibly because of \"x509: ECDSA \
                verification failure\" while trying to verify candidate authority certificate \
                \"etcd-ca\")";
    assert_eq!(client(&[&alice], &[&again]), failed(text));
    assert_eq!(client(&[&alice], &[&again, &ca]), Ok(()));
}

#[test]
fn validity_is_judged_by_the_second() {
    let ca = Owner::root("ca", &subject("ca", Usage::Authority));
    let valid = |not_before_s: i64, not_after_s: i64| {
        let subject = Subject { not_before_s, not_after_s, ..subject("alice", Usage::Client) };
        client(&[&ca.issue("alice", &subject)], &[&ca])
    };
    assert_eq!(valid(NOW_S, NOW_S), Ok(()));
    let start = "x509: certificate has expired or is not yet valid: current time \
                 2026-01-01T00:00:00Z is ";
    let after = format!("{start}after 2025-12-31T23:59:59Z");
    assert_eq!(valid(NOW_S - YEAR_S, NOW_S - 1), failed(&after));
    let before = format!("{start}before 2026-01-01T00:00:01Z");
    assert_eq!(valid(NOW_S + 1, NOW_S + YEAR_S), failed(&before));
    // The same for an authority.
    let old = Subject { not_after_s: NOW_S - 1, ..subject("ca", Usage::Authority) };
    let old = Owner::root("old", &old);
    let alice = old.issue("alice", &subject("alice", Usage::Client));
    assert_eq!(client(&[&alice], &[&old]), failed(&after));
}

#[test]
fn a_server_must_have_the_name_it_is_called_by() {
    let ca = Owner::root("ca", &subject("ca", Usage::Authority));
    let server = |common_name: &str, hosts: &[&str], host: &str| {
        let subject = Subject { hosts, ..subject(common_name, Usage::Both) };
        let owner = ca.issue("server", &subject);
        check(&[&owner], &[&ca], Some(host), ExtKeyUsage::ServerAuth)
    };
    let hosts = ["localhost", "127.0.0.1", "::1"];
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(server("m1", &hosts, host), Ok(()), "{host}");
    }
    for (hosts, host, text) in [
        (&hosts[..], "m2", "x509: certificate is valid for localhost, not m2"),
        (&hosts, "10.0.0.1", "x509: certificate is valid for 127.0.0.1, ::1, not 10.0.0.1"),
        (
            &hosts[..1],
            "127.0.0.1",
            "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
        ),
        (
            &hosts[1..],
            "localhost",
            "x509: certificate is not valid for any names, but wanted to match localhost",
        ),
        (&[], "m1", "x509: certificate relies on legacy Common Name field, use SANs instead"),
    ] {
        assert_eq!(server("m1", hosts, host), failed(text), "{host}");
    }
}

#[test]
fn a_certificate_is_used_for_what_it_was_made_for() {
    let ca = Owner::root("ca", &subject("ca", Usage::Authority));
    let text = "x509: certificate specifies an incompatible key usage";
    for (usage, as_server, as_client) in [
        (Usage::Server, Ok(()), failed(text)),
        (Usage::Client, failed(text), Ok(())),
        (Usage::Both, Ok(()), Ok(())),
    ] {
        let owner = ca.issue("x", &subject("x", usage));
        assert_eq!(check(&[&owner], &[&ca], None, ExtKeyUsage::ServerAuth), as_server);
        assert_eq!(check(&[&owner], &[&ca], None, ExtKeyUsage::ClientAuth), as_client);
    }
}

#[test]
fn a_heap_of_authorities_with_one_name_ends() {
    let subjects = subject("ca", Usage::Authority);
    let heap: Vec<Owner> = (0..120).map(|n| Owner::root(&n.to_string(), &subjects)).collect();
    let ca = Owner::root("ca", &subjects);
    let alice = ca.issue("alice", &subject("alice", Usage::Client));
    let heap: Vec<&Owner> = heap.iter().collect();
    let text = "x509: signature check attempts limit reached while verifying certificate chain";
    assert_eq!(client(&[&alice], &heap), failed(text));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// Nothing in a certificate is beyond what was signed.
    #[test]
    fn a_certificate_with_another_byte_is_refused(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let ca = Owner::root("ca", &subject("ca", Usage::Authority));
        let alice = ca.issue("alice", &subject("alice", Usage::Client));
        let mut der = alice.certificate.der.clone();
        let at = at.index(der.len());
        der[at] ^= flip;
        let usage = ExtKeyUsage::ClientAuth;
        let roots = [ca.certificate.clone()];
        let options = VerifyOptions { roots: &roots, host: None, now_s: NOW_S, usage };
        match Certificate::parse(&der) {
            Ok(changed) => prop_assert!(verify(&[changed], &options).is_err()),
            Err(error) => prop_assert_eq!(error, Error::Malformed("certificate")),
        }
    }

    #[test]
    fn no_bytes_make_parsing_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Certificate::parse(&bytes);
        let wrapped = [&[0x30, 0x82, 1, 0][..], &bytes].concat();
        let _ = Certificate::parse(&wrapped);
    }
}
