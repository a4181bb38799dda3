//! etcd's TLS flags: the files that they name, read and checked when the process starts
//! (`embed/etcd.go`, `pkg/transport/listener.go`), with etcd's start-up errors.
//!
//! What differs: the certificate of `--auto-tls` is made anew at each start and is written nowhere,
//! and its key is on P-256. Left out: TLS between members. The peers' files are read and must fit
//! together, for without them etcd does not start; the links between members then run as ever.

use std::collections::BTreeMap;

use ::etcdctl::Files;
use member::TlsInfo;
use pki::{Issuer, KeyPair, PrivateKey, Subject, Usage, issue, pem, pool};
use proto::Profile;

use super::EtcdFlags;
use super::values::parse_bool;
use crate::process::Process;

/// A year, the life of a certificate that etcd makes itself.
const AUTO_VALID_S: i64 = 365 * 86_400;

/// The TLS flags of one of the two listeners; empty texts were not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFlags {
    pub cert_file: String,
    pub key_file: String,
    pub trusted_ca_file: String,
    pub client_cert_auth: bool,
    pub auto_tls: bool,
    pub allowed_hostname: String,
    pub crl_file: String,
}

impl TlsFlags {
    /// Takes the flags of the listener for clients out of those that were given.
    pub(super) fn of_clients(given: &mut BTreeMap<String, String>) -> TlsFlags {
        let mut text = |name: &str| given.remove(name).unwrap_or_default();
        TlsFlags {
            allowed_hostname: text("client-cert-allowed-hostname"),
            crl_file: text("client-crl-file"),
            ..TlsFlags::named("", &mut text)
        }
    }

    /// The same for the listener for peers. Whom it lets in is not looked at.
    pub(super) fn of_peers(given: &mut BTreeMap<String, String>) -> TlsFlags {
        TlsFlags::named("peer-", &mut |name| given.remove(name).unwrap_or_default())
    }

    fn named(prefix: &str, text: &mut impl FnMut(&str) -> String) -> TlsFlags {
        let mut flag = |name: &str| text(&format!("{prefix}{name}"));
        let on = |value: String| parse_bool(&value).unwrap_or(false);
        TlsFlags {
            cert_file: flag("cert-file"),
            key_file: flag("key-file"),
            trusted_ca_file: flag("trusted-ca-file"),
            client_cert_auth: on(flag("client-cert-auth")),
            auto_tls: on(flag("auto-tls")),
            ..TlsFlags::default()
        }
    }

    /// `TLSInfo.Empty`.
    fn is_empty(&self) -> bool {
        self.cert_file.is_empty() && self.key_file.is_empty()
    }

    /// Reads the files and looks whether they fit together.
    fn load(&self, files: &dyn Files) -> Result<TlsInfo, String> {
        let (cert, key) = (&self.cert_file, &self.key_file);
        if cert.is_empty() || key.is_empty() {
            return Err(format!(
                "KeyFile and CertFile must both be present[key: {key}, cert: {cert}]"
            ));
        }
        if !self.crl_file.is_empty() {
            return Err("not in this lab: --client-crl-file".to_string());
        }
        let (cert, key) = (files.read_file(cert)?, files.read_file(key)?);
        KeyPair::parse(&cert, &key).map_err(|error| error.to_string())?;
        let trusted_ca = match self.trusted_ca_file.as_str() {
            "" => None,
            path => Some(files.read_file(path)?),
        };
        pool(trusted_ca.as_deref().unwrap_or_default()).map_err(|error| error.to_string())?;
        let allowed_hostname = self.allowed_hostname.clone();
        Ok(TlsInfo { cert, key, trusted_ca, allowed_hostname })
    }
}

/// What the member listens for clients with: `None` for plain `http`. The error is the text of etcd's
/// last log line.
pub(super) fn listener(process: &Process, flags: &EtcdFlags) -> Result<Option<TlsInfo>, String> {
    check_peers(process, flags)?;
    let tls = &flags.client_tls;
    let Some(url) = flags.listen_client_urls.iter().find(|url| is_secure(url)) else {
        return Ok(None);
    };
    let scheme = if process.sys.profile() == Profile::V3_3 { "HTTPs" } else { "HTTPS" };
    match (tls.is_empty(), tls.auto_tls) {
        (false, _) => tls.load(process).map(Some),
        (true, true) => Ok(Some(self_signed(process, flags))),
        (true, false) => Err(format!(
            "TLS key/cert (--cert-file, --key-file) must be provided for client url {url} with \
             {scheme} scheme"
        )),
    }
}

fn check_peers(process: &Process, flags: &EtcdFlags) -> Result<(), String> {
    let tls = &flags.peer_tls;
    let Some(url) = flags.listen_peer_urls.iter().find(|url| is_secure(url)) else {
        return Ok(());
    };
    match (tls.is_empty(), tls.auto_tls) {
        (false, _) => tls.load(process).map(drop),
        (true, true) => Ok(()),
        (true, false) => Err(format!(
            "cannot listen on TLS for {}: KeyFile and CertFile are not presented",
            authority(url)
        )),
    }
}

fn is_secure(url: &str) -> bool {
    url.starts_with("https://")
}

/// Host and port of a URL.
fn authority(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// `transport.SelfCert`: nobody vouches for it, and it asks nobody for a certificate.
fn self_signed(process: &Process, flags: &EtcdFlags) -> TlsInfo {
    let seed = format!("auto-tls {} {} {}", process.sys.seed(), flags.name, flags.data_dir);
    let key = PrivateKey::from_seed(seed.as_bytes());
    let urls = flags.listen_client_urls.iter();
    let hosts: Vec<&str> = urls
        .filter_map(|url| authority(url).rsplit_once(':'))
        .map(|(host, _)| host.trim_start_matches('[').trim_end_matches(']'))
        .collect();
    let now_s = i64::try_from(process.sys.wall_us() / 1_000_000).unwrap_or(0);
    let subject = Subject {
        common_name: "",
        organization: "etcd",
        hosts: &hosts,
        usage: Usage::Server,
        not_before_s: now_s,
        not_after_s: now_s + AUTO_VALID_S,
    };
    let cert = issue(&subject, &key.public_key(), Issuer::Own(&key));
    let cert = pem::encode("CERTIFICATE", &cert).into_bytes();
    TlsInfo { cert, key: key.to_pem().into_bytes(), ..TlsInfo::default() }
}
