//! Authorities and their certificates, for the tests.

use pki::{Certificate, Issuer, PrivateKey, Subject, Usage, issue};

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW_S: i64 = 1_767_225_600;
pub(crate) const YEAR_S: i64 = 365 * 86_400;

/// A key with its certificate.
pub(crate) struct Owner {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

/// The usual subject: valid for a year around now, no hosts.
pub(crate) fn subject(common_name: &str, usage: Usage) -> Subject<'_> {
    let (not_before_s, not_after_s) = (NOW_S - YEAR_S, NOW_S + YEAR_S);
    Subject { common_name, organization: "", hosts: &[], usage, not_before_s, not_after_s }
}

impl Owner {
    /// One that signs itself.
    pub(crate) fn root(seed: &str, subject: &Subject<'_>) -> Owner {
        let key = PrivateKey::from_seed(seed.as_bytes());
        Owner::new(&issue(subject, &key.public_key(), Issuer::Own(&key)), key)
    }

    /// One that this one signs.
    pub(crate) fn issue(&self, seed: &str, subject: &Subject<'_>) -> Owner {
        let key = PrivateKey::from_seed(seed.as_bytes());
        let issuer = Issuer::Authority(&self.certificate, &self.key);
        Owner::new(&issue(subject, &key.public_key(), issuer), key)
    }

    fn new(der: &[u8], key: PrivateKey) -> Owner {
        Owner { certificate: Certificate::parse(der).expect("what was issued parses"), key }
    }
}
