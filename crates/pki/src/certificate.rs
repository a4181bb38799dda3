//! An X.509 certificate, parsed (Go's `x509.ParseCertificate`).
//!
//! Left out: what the checks never ask for, such as policies, issuer names in full and mail addresses.
//! Text of any string type is read as UTF-8.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Error;
use crate::der::{self, NotDer, Reader};
use crate::key::PublicKey;
use crate::time::read_time;

/// Key usages by their bit, the first bit being the highest of the first byte.
pub(crate) const DIGITAL_SIGNATURE: u16 = 1 << 15;
pub(crate) const KEY_ENCIPHERMENT: u16 = 1 << 13;
pub(crate) const CERT_SIGN: u16 = 1 << 10;
pub(crate) const CRL_SIGN: u16 = 1 << 9;

pub(crate) const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub(crate) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
pub(crate) const ORGANIZATION: &[u8] = &[0x55, 4, 10];
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(crate) const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(crate) const EXT_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const ANY_EXT_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];
pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
pub(crate) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
/// It says nothing that the checks need.
pub(crate) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];

/// A certificate. What it says is not checked yet: see [`verify`](crate::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The whole, in DER.
    pub der: Vec<u8>,
    /// The part that is signed.
    pub(crate) signed: Vec<u8>,
    pub(crate) is_v3: bool,
    /// The serial number's digits, big-endian.
    pub(crate) serial: Vec<u8>,
    /// Issuer and subject in DER: names are equal when their bytes are.
    pub(crate) issuer: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    /// The subject's common name; empty for none.
    pub common_name: String,
    pub(crate) organization: String,
    /// First and last second of validity, Unix time.
    pub not_before_s: i64,
    pub not_after_s: i64,
    pub public_key: PublicKey,
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<IpAddr>,
    /// Whether there are alternative names of any kind.
    pub(crate) has_alternative_names: bool,
    /// `None` without basic constraints.
    pub(crate) is_ca: Option<bool>,
    pub(crate) path_len_max: Option<u32>,
    /// 0 without the extension.
    pub(crate) key_usage: u16,
    pub(crate) ext_key_usage: ExtKeyUsages,
    /// Empty without the extension.
    pub(crate) subject_key_id: Vec<u8>,
    pub(crate) has_unhandled_critical: bool,
    pub(crate) is_ecdsa_sha256: bool,
    pub(crate) signature: Vec<u8>,
}

/// What the extended key usage extension lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExtKeyUsages {
    /// There is such an extension with something in it.
    pub(crate) limited: bool,
    pub(crate) any: bool,
    pub(crate) server: bool,
    pub(crate) client: bool,
}

impl Certificate {
    /// Reads one certificate. The error is [`Error::Malformed`].
    pub fn parse(der: &[u8]) -> Result<Certificate, Error> {
        parse(der).map_err(|NotDer| Error::Malformed("certificate"))
    }

    /// How Go names it in a hint: its common name, its organization, or its serial number.
    pub(crate) fn display_name(&self) -> String {
        match (&self.common_name, &self.organization) {
            (name, _) if !name.is_empty() => name.clone(),
            (_, name) if !name.is_empty() => name.clone(),
            _ => format!("serial:{}", decimal(&self.serial)),
        }
    }
}

fn parse(der: &[u8]) -> Result<Certificate, NotDer> {
    let mut reader = Reader::new(der);
    let mut outer = reader.inside(der::SEQUENCE)?;
    reader.end()?;
    let signed = outer.element(der::SEQUENCE)?;
    let algorithm = outer.element(der::SEQUENCE)?;
    let signature = outer.bit_string()?;
    outer.end()?;

    let mut body = Reader::new(signed.contents);
    let version = match body.optional(der::context(0))? {
        Some(mut version) => version.small_integer()?,
        None => 0,
    };
    let serial = der::unsigned(body.contents(der::INTEGER)?)?;
    // The algorithm stands in the signed part too, so that nobody can put another beside it.
    if body.element(der::SEQUENCE)?.whole != algorithm.whole || version > 2 {
        return Err(NotDer);
    }
    let issuer = body.element(der::SEQUENCE)?;
    let mut validity = body.inside(der::SEQUENCE)?;
    let (not_before, not_after) = (validity.any()?, validity.any()?);
    let subject = body.element(der::SEQUENCE)?;
    let public_key = PublicKey::parse(body.element(der::SEQUENCE)?.contents)?;
    let mut certificate = Certificate {
        der: der.to_vec(),
        signed: signed.whole.to_vec(),
        is_v3: version == 2,
        serial: serial.to_vec(),
        issuer: issuer.whole.to_vec(),
        subject: subject.whole.to_vec(),
        common_name: name_part(subject.contents, COMMON_NAME)?,
        organization: name_part(subject.contents, ORGANIZATION)?,
        not_before_s: read_time(not_before.tag, not_before.contents)?,
        not_after_s: read_time(not_after.tag, not_after.contents)?,
        public_key,
        dns_names: Vec::new(),
        ip_addresses: Vec::new(),
        has_alternative_names: false,
        is_ca: None,
        path_len_max: None,
        key_usage: 0,
        ext_key_usage: ExtKeyUsages::default(),
        subject_key_id: Vec::new(),
        has_unhandled_critical: false,
        is_ecdsa_sha256: Reader::new(algorithm.contents).contents(der::OID)? == ECDSA_WITH_SHA256,
        signature: signature.to_vec(),
    };
    // Unique ids, which nobody uses.
    for number in [1, 2] {
        body.optional(der::context_primitive(number))?;
    }
    if let Some(mut extensions) = body.optional(der::context(3))? {
        let mut list = extensions.inside(der::SEQUENCE)?;
        while !list.is_empty() {
            certificate.extension(list.inside(der::SEQUENCE)?)?;
        }
    }
    body.end()?;
    Ok(certificate)
}

impl Certificate {
    fn extension(&mut self, mut extension: Reader<'_>) -> Result<(), NotDer> {
        let oid = extension.contents(der::OID)?;
        let is_critical = extension.flag()?;
        let value = extension.contents(der::OCTET_STRING)?;
        extension.end()?;
        let mut value = Reader::new(value);
        match oid {
            BASIC_CONSTRAINTS => {
                let mut constraints = value.inside(der::SEQUENCE)?;
                self.is_ca = Some(constraints.flag()?);
                if !constraints.is_empty() {
                    self.path_len_max = Some(constraints.small_integer()?);
                }
            }
            KEY_USAGE => {
                let bits = value.contents(der::BIT_STRING)?;
                let byte = |at: usize| u16::from(bits.get(at).copied().unwrap_or(0));
                self.key_usage = byte(1) << 8 | byte(2);
            }
            EXT_KEY_USAGE => {
                let mut usages = value.inside(der::SEQUENCE)?;
                while !usages.is_empty() {
                    self.ext_key_usage.limited = true;
                    match usages.contents(der::OID)? {
                        ANY_EXT_KEY_USAGE => self.ext_key_usage.any = true,
                        SERVER_AUTH => self.ext_key_usage.server = true,
                        CLIENT_AUTH => self.ext_key_usage.client = true,
                        _ => {}
                    }
                }
            }
            ALTERNATIVE_NAMES => {
                self.has_alternative_names = true;
                let mut names = value.inside(der::SEQUENCE)?;
                while !names.is_empty() {
                    self.alternative_name(names.any()?)?;
                }
            }
            SUBJECT_KEY_ID => self.subject_key_id = value.contents(der::OCTET_STRING)?.to_vec(),
            AUTHORITY_KEY_ID => {}
            _ => self.has_unhandled_critical |= is_critical,
        }
        Ok(())
    }

    fn alternative_name(&mut self, name: der::Element<'_>) -> Result<(), NotDer> {
        const DNS: u8 = der::context_primitive(2);
        const IP: u8 = der::context_primitive(7);
        match name.tag {
            DNS if name.contents.is_ascii() => self.dns_names.push(text(name.contents)),
            DNS => return Err(NotDer),
            IP => self.ip_addresses.push(match name.contents.len() {
                4 => IpAddr::V4(Ipv4Addr::from(array(name.contents)?)),
                16 => IpAddr::V6(Ipv6Addr::from(array::<16>(name.contents)?)),
                _ => return Err(NotDer),
            }),
            _ => {}
        }
        Ok(())
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], NotDer> {
    bytes.try_into().map_err(|_| NotDer)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The last attribute of this kind in a distinguished name; empty for none.
fn name_part(name: &[u8], wanted: &[u8]) -> Result<String, NotDer> {
    let mut found = String::new();
    let mut sets = Reader::new(name);
    while !sets.is_empty() {
        let mut set = sets.inside(der::SET)?;
        while !set.is_empty() {
            let mut attribute = set.inside(der::SEQUENCE)?;
            let kind = attribute.contents(der::OID)?;
            let value = attribute.any()?.contents;
            if kind == wanted {
                found = text(value);
            }
        }
    }
    Ok(found)
}

/// A number of any length in decimal. X.509 allows serial numbers of 20 bytes; longer ones are cut.
fn decimal(digits: &[u8]) -> String {
    let mut rest = digits[..digits.len().min(64)].to_vec();
    let mut text = String::new();
    loop {
        let mut carry = 0u32;
        for byte in &mut rest {
            let number = carry << 8 | u32::from(*byte);
            *byte = (number / 10) as u8;
            carry = number % 10;
        }
        text.insert(0, char::from(b'0' + carry as u8));
        if rest.iter().all(|byte| *byte == 0) {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_shown_in_decimal() {
        for (digits, expected) in
            [(&[][..], "0"), (&[9], "9"), (&[1, 0], "256"), (&[0xff; 8], "18446744073709551615")]
        {
            assert_eq!(decimal(digits), expected);
        }
    }
}
