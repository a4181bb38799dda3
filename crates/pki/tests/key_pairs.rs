//! Certificate and key files as `tls.X509KeyPair` takes them, and what real tools make of ours.

mod support;

use std::process::Command;

use pki::handshake::{ClientConfig, ClientFault, Presented, ServerConfig, Transcript};
use pki::{KeyPair, Subject, Usage, pem, pool};
use proptest::prelude::*;
use support::{NOW_S, Owner, subject};

/// Made with `openssl ecparam -name prime256v1 -genkey` and `openssl req -x509`.
const EC_KEY: &str = include_str!("files/ec.key");
const EC_CERT: &str = include_str!("files/ec.crt");
/// The same key in PKCS #8, by `openssl pkcs8 -topk8 -nocrypt`.
const EC_PKCS8: &str = include_str!("files/ec.pkcs8.key");
/// Made with `openssl req -x509 -newkey rsa:2048`.
const RSA_KEY: &str = include_str!("files/rsa.key");
const RSA_CERT: &str = include_str!("files/rsa.crt");
/// The same on the curve secp384r1.
const P384_KEY: &str = include_str!("files/p384.key");
const P384_CERT: &str = include_str!("files/p384.crt");

fn load(cert: &str, key: &str) -> Result<String, String> {
    let pair = KeyPair::parse(cert.as_bytes(), key.as_bytes()).map_err(|e| e.to_string())?;
    Ok(pair.chain[0].common_name.clone())
}

fn alice() -> (Owner, Owner) {
    let ca = Owner::root("ca", &subject("ca", Usage::Authority));
    let alice = ca.issue("alice", &subject("alice", Usage::Client));
    (ca, alice)
}

fn pem_of(owner: &Owner) -> String {
    pem::encode("CERTIFICATE", &owner.certificate.der)
}

#[test]
fn keys_of_real_tools_load() {
    for key in [EC_KEY, EC_PKCS8] {
        assert_eq!(load(EC_CERT, key), Ok("real".into()));
    }
    let (ca, alice) = alice();
    let chain = format!("{}{}", pem_of(&alice), pem_of(&ca));
    assert_eq!(load(&chain, &alice.key.to_pem()), Ok("alice".into()));
}

#[test]
fn files_that_do_not_fit_say_why() {
    let (ca, alice) = alice();
    let (cert, key) = (pem_of(&alice), alice.key.to_pem());
    let odd = pem::encode("ODD", &[1]);
    let broken = pem::encode("CERTIFICATE", &[0x30, 0]);
    for (cert, key, text) in [
        ("garbage", &key[..], "tls: failed to find any PEM data in certificate input"),
        (
            &key,
            &cert,
            "tls: failed to find certificate PEM data in certificate input, but did find a private \
             key; PEM inputs may have been switched",
        ),
        (
            &format!("{odd}{key}"),
            &key,
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM \
             blocks of the following types: [ODD EC PRIVATE KEY]",
        ),
        (&broken, &key, "x509: malformed certificate"),
        (&cert, "", "tls: failed to find any PEM data in key input"),
        (&cert, &cert, "tls: found a certificate rather than a key in the PEM for the private key"),
        (
            &cert,
            &odd,
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after \
             skipping PEM blocks of the following types: [ODD]",
        ),
        (&cert, &pem::encode("PRIVATE KEY", &[1, 2]), "tls: failed to parse private key"),
        (&cert, &ca.key.to_pem(), "tls: private key does not match public key"),
        (RSA_CERT, &key, "tls: private key type does not match public key type"),
        (P384_CERT, &key, "tls: private key does not match public key"),
        (
            RSA_CERT,
            RSA_KEY,
            "not in this lab: keys of this kind; it knows ECDSA P-256 with SHA-256",
        ),
    ] {
        assert_eq!(load(cert, key), Err(text.into()));
    }
    assert!(load(P384_CERT, P384_KEY).is_err());
}

#[test]
fn a_pool_takes_what_parses() {
    let (ca, alice) = alice();
    let both = format!("{}\n{}", pem_of(&ca), RSA_CERT);
    let names = |file: &str| -> Result<Vec<String>, String> {
        let pool = pool(file.as_bytes()).map_err(|error| error.to_string())?;
        Ok(pool.into_iter().map(|certificate| certificate.common_name).collect())
    };
    assert_eq!(names(&both), Ok(vec!["ca".into(), "rsa".into()]));
    assert_eq!(names("garbage"), Ok(vec![]));
    assert_eq!(names(&alice.key.to_pem()), Err("x509: malformed certificate".into()));
    assert_eq!(names(&pem::encode("X", b"y")), Err("x509: malformed certificate".into()));
}

/// A client that presents `chain` and signs with `key`'s pair, at a server that trusts `ca`.
fn present(ca: &Owner, pair: &KeyPair, chain: &[Vec<u8>]) -> Result<String, ClientFault> {
    let server = ca.issue("m1", &Subject { hosts: &["localhost"], ..subject("m1", Usage::Both) });
    let key_pair =
        KeyPair::parse(pem_of(&server).as_bytes(), server.key.to_pem().as_bytes()).expect("a pair");
    let client_roots = Some(vec![ca.certificate.clone()]);
    let server = ServerConfig { key_pair, client_roots };
    let transcript = Transcript::new(&[1; 32], &[2; 32], &server.key_pair.chain_der());
    let client = ClientConfig {
        key_pair: Some(pair.clone()),
        roots: vec![ca.certificate.clone()],
        insecure_skip_verify: false,
    };
    let (server_chain, proof) = (server.key_pair.chain_der(), server.prove(&transcript));
    let shown = Presented { chain: &server_chain, signature: &proof };
    assert_eq!(client.check_server(&transcript, shown, "localhost", NOW_S), Ok(()));
    let (own, signature) = client.answer(&transcript);
    let chain = if chain.is_empty() { &own } else { chain };
    let checked = server.check_client(&transcript, chain, &signature, NOW_S)?;
    Ok(checked.map_or_else(String::new, |certificate| certificate.common_name))
}

#[test]
fn who_has_only_the_certificate_is_not_its_owner() {
    let (ca, alice) = alice();
    let root = ca.issue("root", &subject("root", Usage::Client));
    let other = Owner::root("other", &subject("other-ca", Usage::Authority));
    let stranger = other.issue("stranger", &subject("root", Usage::Client));
    let pair = |owner: &Owner| {
        KeyPair::parse(pem_of(owner).as_bytes(), owner.key.to_pem().as_bytes()).unwrap()
    };
    assert_eq!(present(&ca, &pair(&alice), &[]), Ok("alice".into()));
    let stolen = [root.certificate.der.clone()];
    let fault = present(&ca, &pair(&alice), &stolen).unwrap_err();
    assert_eq!((fault.alert(), &fault), ("tls: error decrypting message", &ClientFault::NoProof));
    let fault = present(&ca, &pair(&stranger), &[]).unwrap_err();
    assert_eq!(fault.alert(), "tls: bad certificate");
}

#[test]
fn a_server_without_its_key_is_found_out() {
    let (ca, alice) = alice();
    let subject = Subject { hosts: &["localhost"], ..subject("m1", Usage::Server) };
    let server = ca.issue("m1", &subject);
    let chain = [server.certificate.der.clone()];
    let transcript = Transcript::new(&[1; 32], &[2; 32], &chain);
    let config = ClientConfig { insecure_skip_verify: true, ..ClientConfig::default() };
    let pair = KeyPair::parse(pem_of(&alice).as_bytes(), alice.key.to_pem().as_bytes()).unwrap();
    let thief = ServerConfig { key_pair: pair, client_roots: None };
    let signature = thief.prove(&transcript);
    let shown = Presented { chain: &chain, signature: &signature };
    assert!(config.check_server(&transcript, shown, "localhost", NOW_S).is_err());
}

/// Real openssl reads what the lab writes, and its own verdict on the chain is ours.
#[test]
#[allow(clippy::disallowed_methods)] // openssl reads real files
fn openssl_opens_and_verifies_what_the_lab_makes() {
    let dir = std::env::temp_dir().join(format!("etcd-lab-pki-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let openssl = |args: &[&str]| Command::new("openssl").args(args).current_dir(&dir).output();
    if openssl(&["version"]).is_err() {
        println!("skipped: there is no openssl here");
        return;
    }
    let (ca, _) = alice();
    let hosts = ["localhost", "127.0.0.1"];
    let server = ca.issue("m1", &Subject { hosts: &hosts, ..subject("m1", Usage::Both) });
    for (name, text) in
        [("ca.crt", pem_of(&ca)), ("m1.crt", pem_of(&server)), ("m1.key", server.key.to_pem())]
    {
        std::fs::write(dir.join(name), text).unwrap();
    }
    let ran = |args: &[&str]| {
        let output = openssl(args).unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let at = NOW_S.to_string();
    let verify = ["verify", "-attime", &at, "-x509_strict", "-CAfile", "ca.crt"];
    let with = |more: &[&'static str]| [&verify[..], more, &["m1.crt"]].concat();
    assert_eq!(ran(&with(&["-purpose", "sslserver", "-verify_ip", "127.0.0.1"])), "m1.crt: OK\n");
    assert_eq!(ran(&with(&["-purpose", "sslclient"])), "m1.crt: OK\n");
    let text = ran(&["x509", "-in", "m1.crt", "-noout", "-subject", "-issuer", "-enddate"]);
    assert_eq!(text, "subject=CN = m1\nissuer=CN = ca\nnotAfter=Jan  1 00:00:00 2027 GMT\n");
    let public = ran(&["pkey", "-in", "m1.key", "-pubout"]);
    assert_eq!(ran(&["x509", "-in", "m1.crt", "-noout", "-pubkey"]), public);
    std::fs::remove_dir_all(&dir).unwrap();
}

proptest! {
    #[test]
    fn no_files_make_loading_panic(cert in "\\PC{0,80}", der in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = KeyPair::parse(cert.as_bytes(), cert.as_bytes());
        for label in ["CERTIFICATE", "PRIVATE KEY"] {
            let file = pem::encode(label, &der);
            let _ = KeyPair::parse(EC_CERT.as_bytes(), file.as_bytes());
            let _ = KeyPair::parse(file.as_bytes(), EC_KEY.as_bytes());
        }
    }
}
