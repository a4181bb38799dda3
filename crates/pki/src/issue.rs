//! Makes certificates, as etcd does for `--auto-tls` and as an operator's tools do.

use core::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::certificate::{
    ALTERNATIVE_NAMES, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CERT_SIGN, CLIENT_AUTH, COMMON_NAME,
    CRL_SIGN, DIGITAL_SIGNATURE, ECDSA_WITH_SHA256, EXT_KEY_USAGE, KEY_ENCIPHERMENT, KEY_USAGE,
    ORGANIZATION, SERVER_AUTH, SUBJECT_KEY_ID,
};
use crate::der;
use crate::time::write_time;
use crate::{Certificate, PrivateKey, PublicKey};

/// What a certificate may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Signs others.
    Authority,
    Server,
    Client,
    /// Both, as members' certificates often are.
    Both,
}

/// Whom a certificate is for.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Empty for none.
    pub common_name: &'a str,
    /// Empty for none.
    pub organization: &'a str,
    /// Names for which a server may use it: DNS names and addresses.
    pub hosts: &'a [&'a str],
    pub usage: Usage,
    /// First and last second of validity, Unix time.
    pub not_before_s: i64,
    pub not_after_s: i64,
}

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub enum Issuer<'a> {
    /// The owner of the key itself.
    Own(&'a PrivateKey),
    Authority(&'a Certificate, &'a PrivateKey),
}

/// A certificate of the subject's key, in DER. Its serial number is made of what it says.
pub fn issue(subject: &Subject<'_>, key: &PublicKey, issuer: Issuer<'_>) -> Vec<u8> {
    let name = distinguished_name(subject);
    let (signer, issuer_name, authority_id) = match issuer {
        Issuer::Own(key) => (key, name.clone(), &[][..]),
        Issuer::Authority(certificate, key) => {
            (key, certificate.subject.clone(), &certificate.subject_key_id[..])
        }
    };
    // The ids tell apart authorities of one name; they are part of a digest of the key.
    let key_id = &Sha256::digest(key.to_der())[..20];
    let validity = [write_time(subject.not_before_s), write_time(subject.not_after_s)];
    let algorithm = der::write(der::SEQUENCE, &der::write(der::OID, ECDSA_WITH_SHA256));
    let rest = [
        algorithm.clone(),
        issuer_name,
        der::write_all(der::SEQUENCE, &validity),
        name,
        key.to_der(),
        der::write(der::context(3), &extensions(subject, key_id, authority_id)),
    ];
    let mut serial = Sha256::digest(rest.concat())[..16].to_vec();
    serial[0] = serial[0] & 0x7f | 0x40;
    let version = der::write(der::context(0), &der::write_unsigned(&[2]));
    let head = [version, der::write_unsigned(&serial)].concat();
    let signed = der::write(der::SEQUENCE, &[head, rest.concat()].concat());
    let signature = der::write_bits(&signer.sign(&signed));
    der::write_all(der::SEQUENCE, &[signed, algorithm, signature])
}

fn distinguished_name(subject: &Subject<'_>) -> Vec<u8> {
    let parts = [(ORGANIZATION, subject.organization), (COMMON_NAME, subject.common_name)];
    let given = parts.iter().filter(|(_, text)| !text.is_empty());
    let sets = given.map(|(kind, text)| {
        let text = der::write(der::UTF8_STRING, text.as_bytes());
        let attribute = der::write_all(der::SEQUENCE, &[der::write(der::OID, kind), text]);
        der::write(der::SET, &attribute)
    });
    der::write_all(der::SEQUENCE, &sets.collect::<Vec<_>>())
}

fn extensions(subject: &Subject<'_>, key_id: &[u8], authority_id: &[u8]) -> Vec<u8> {
    let is_ca = subject.usage == Usage::Authority;
    let usage = if is_ca { CERT_SIGN | CRL_SIGN } else { DIGITAL_SIGNATURE | KEY_ENCIPHERMENT };
    let unused = (usage >> 8).trailing_zeros() as u8;
    let key_usage = der::write(der::BIT_STRING, &[unused, (usage >> 8) as u8]);
    let ca = if is_ca { der::write(der::BOOLEAN, &[0xff]) } else { Vec::new() };
    let mut list = vec![
        extension(KEY_USAGE, true, &key_usage),
        extension(BASIC_CONSTRAINTS, true, &der::write(der::SEQUENCE, &ca)),
        extension(SUBJECT_KEY_ID, false, &der::write(der::OCTET_STRING, key_id)),
    ];
    if !authority_id.is_empty() {
        let id = der::write(der::context_primitive(0), authority_id);
        list.push(extension(AUTHORITY_KEY_ID, false, &der::write(der::SEQUENCE, &id)));
    }
    let purposes: &[&[u8]] = match subject.usage {
        Usage::Authority => &[],
        Usage::Server => &[SERVER_AUTH],
        Usage::Client => &[CLIENT_AUTH],
        Usage::Both => &[SERVER_AUTH, CLIENT_AUTH],
    };
    if !purposes.is_empty() {
        let purposes: Vec<_> = purposes.iter().map(|oid| der::write(der::OID, oid)).collect();
        list.push(extension(EXT_KEY_USAGE, false, &der::write_all(der::SEQUENCE, &purposes)));
    }
    if !subject.hosts.is_empty() {
        let names: Vec<_> = subject.hosts.iter().map(|host| alternative_name(host)).collect();
        list.push(extension(ALTERNATIVE_NAMES, false, &der::write_all(der::SEQUENCE, &names)));
    }
    der::write_all(der::SEQUENCE, &list)
}

fn extension(oid: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if is_critical { der::write(der::BOOLEAN, &[0xff]) } else { Vec::new() };
    let parts = [der::write(der::OID, oid), critical, der::write(der::OCTET_STRING, value)];
    der::write_all(der::SEQUENCE, &parts)
}

fn alternative_name(host: &str) -> Vec<u8> {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => der::write(der::context_primitive(7), &address.octets()),
        Ok(IpAddr::V6(address)) => der::write(der::context_primitive(7), &address.octets()),
        Err(_) => der::write(der::context_primitive(2), host.as_bytes()),
    }
}
