//! The certificates of a recorded case with `tls: true`: what lies under `pki/`, and what its members
//! listen with.
//!
//! An authority `ca` vouches for the members and for the clients `client`, `root` and
//! `alice`, each named by its certificate's common name; `other-ca`, which nobody trusts, vouches for
//! `stranger`. Keys come from fixed seeds, so every run has the same files.

use std::collections::BTreeMap;

use bytes::Bytes;
use member::TlsInfo;
use pki::{Certificate, Issuer, PrivateKey, Subject, Usage, issue, pem};

use crate::EPOCH_US;

const DAY_S: i64 = 86_400;

/// Files by path, and the members' listener.
pub(crate) struct CasePki {
    pub(crate) files: BTreeMap<String, Bytes>,
    pub(crate) listener: TlsInfo,
}

/// Somebody's key and certificate.
struct Owner {
    key: PrivateKey,
    certificate: Certificate,
}

impl Owner {
    /// `issuer` is `None` for one that signs itself.
    fn new(name: &str, common_name: &str, usage: Usage, issuer: Option<&Owner>) -> Owner {
        let key = PrivateKey::from_seed(format!("recorded case {name}").as_bytes());
        let start_s = (EPOCH_US / 1_000_000) as i64;
        let subject = Subject {
            common_name,
            organization: "",
            hosts: if usage == Usage::Both { &["localhost", "127.0.0.1"] } else { &[] },
            usage,
            not_before_s: start_s - DAY_S,
            not_after_s: start_s + 3_650 * DAY_S,
        };
        let signer = issuer.map_or(Issuer::Own(&key), |issuer| {
            Issuer::Authority(&issuer.certificate, &issuer.key)
        });
        let der = issue(&subject, &key.public_key(), signer);
        let certificate = Certificate::parse(&der).expect("what was issued is a certificate");
        Owner { key, certificate }
    }

    fn cert_pem(&self) -> Vec<u8> {
        pem::encode("CERTIFICATE", &self.certificate.der).into_bytes()
    }

    fn key_pem(&self) -> Vec<u8> {
        self.key.to_pem().into_bytes()
    }
}

impl CasePki {
    pub(crate) fn new() -> CasePki {
        let ca = Owner::new("ca", "lab-ca", Usage::Authority, None);
        let other = Owner::new("other-ca", "other-ca", Usage::Authority, None);
        let server = Owner::new("server", "m1", Usage::Both, Some(&ca));
        let client = |name, common_name, issuer| {
            (name, Owner::new(name, common_name, Usage::Client, Some(issuer)))
        };
        let owners = [
            client("client", "lab-client", &ca),
            client("root", "root", &ca),
            client("alice", "alice", &ca),
            client("stranger", "stranger", &other),
        ];
        let listener = TlsInfo {
            cert: server.cert_pem(),
            key: server.key_pem(),
            trusted_ca: Some(ca.cert_pem()),
            ..TlsInfo::default()
        };
        let mut files = BTreeMap::new();
        let authorities = [("ca", ca), ("other-ca", other)];
        for (name, owner) in authorities.into_iter().chain(owners) {
            files.insert(format!("pki/{name}.crt"), owner.cert_pem().into());
            files.insert(format!("pki/{name}.key"), owner.key_pem().into());
        }
        CasePki { files, listener }
    }
}
