//! Keys: ECDSA on P-256, with SHA-256. Signatures are deterministic (RFC 6979).

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::der::{self, NotDer, Reader};
use crate::pem;

const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// Algorithms whose kind Go tells from ours when it compares a key with a certificate.
const RSA: &str = "RSA keys";
const OTHER: &str = "keys of this kind";

/// A certificate's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// A point of P-256, uncompressed (SEC1).
    P256([u8; 65]),
    /// One that the lab cannot check signatures with.
    Other {
        /// ECDSA on another curve.
        is_ec: bool,
        /// The algorithm, the curve and the key in DER.
        der: Vec<u8>,
    },
}

impl PublicKey {
    /// The contents of a SubjectPublicKeyInfo.
    pub(crate) fn parse(info: &[u8]) -> Result<PublicKey, NotDer> {
        let mut reader = Reader::new(info);
        let mut algorithm = reader.inside(der::SEQUENCE)?;
        let key = reader.bit_string()?;
        reader.end()?;
        let is_ec = algorithm.contents(der::OID)? == EC_PUBLIC_KEY;
        if is_ec && algorithm.contents(der::OID)? == PRIME256V1 {
            let point = VerifyingKey::from_sec1_bytes(key).map_err(|_| NotDer)?;
            return Ok(PublicKey::of(&point));
        }
        Ok(PublicKey::Other { is_ec, der: info.to_vec() })
    }

    fn of(key: &VerifyingKey) -> PublicKey {
        let mut bytes = [0; 65];
        bytes.copy_from_slice(key.to_encoded_point(false).as_bytes());
        PublicKey::P256(bytes)
    }

    /// SubjectPublicKeyInfo.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        match self {
            PublicKey::P256(point) => {
                der::write_all(der::SEQUENCE, &[ec_algorithm(), der::write_bits(point)])
            }
            PublicKey::Other { der, .. } => der::write(der::SEQUENCE, der),
        }
    }

    /// Whether this key's owner signed the message; `signature` is two integers in DER.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let PublicKey::P256(point) = self else {
            return Err(Error::NotInLab("signatures by other keys"));
        };
        let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| Error::BadSignature)?;
        let signature = read_signature(signature).map_err(|NotDer| Error::BadSignature)?;
        let digest = Sha256::digest(message);
        key.verify_prehash(&digest, &signature).map_err(|_| Error::BadSignature)
    }
}

/// A key that signs.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl PrivateKey {
    /// The key that this seed stands for. It is as secret as the seed.
    pub fn from_seed(seed: &[u8]) -> PrivateKey {
        let mut scalar = Sha256::digest(seed);
        loop {
            // All but one of 2^32 values are keys.
            match SigningKey::from_slice(&scalar) {
                Ok(key) => return PrivateKey(key),
                Err(_) => scalar = Sha256::digest(scalar),
            }
        }
    }

    /// A key in SEC1 or PKCS #8, in DER, whatever the PEM label says of it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<PrivateKey, Error> {
        match pkcs8(bytes) {
            Ok(Ok(key)) => return sec1(key).map_err(|NotDer| Error::BadKey),
            Ok(Err(unknown)) => return Err(Error::NotInLab(unknown)),
            Err(NotDer) => {}
        }
        match sec1(bytes) {
            Ok(key) => Ok(key),
            Err(NotDer) if is_pkcs1(bytes) => Err(Error::NotInLab(RSA)),
            Err(NotDer) => Err(Error::BadKey),
        }
    }

    pub fn public_key(&self) -> PublicKey {
        PublicKey::of(self.0.verifying_key())
    }

    /// A signature over SHA-256 of the message, as two integers in DER.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let digest = Sha256::digest(message);
        let signature: Signature =
            self.0.sign_prehash(&digest).expect("a digest of 32 bytes can always be signed");
        let (r, s) = signature.split_bytes();
        der::write_all(der::SEQUENCE, &[der::write_unsigned(&r), der::write_unsigned(&s)])
    }

    /// `EC PRIVATE KEY`, as `openssl ecparam -genkey` and Go write it.
    pub fn to_pem(&self) -> String {
        let PublicKey::P256(point) = self.public_key() else { return String::new() };
        let parts = [
            der::write_unsigned(&[1]),
            der::write(der::OCTET_STRING, &self.0.to_bytes()),
            der::write(der::context(0), &der::write(der::OID, PRIME256V1)),
            der::write(der::context(1), &der::write_bits(&point)),
        ];
        pem::encode("EC PRIVATE KEY", &der::write_all(der::SEQUENCE, &parts))
    }
}

fn ec_algorithm() -> Vec<u8> {
    let oids = [der::write(der::OID, EC_PUBLIC_KEY), der::write(der::OID, PRIME256V1)];
    der::write_all(der::SEQUENCE, &oids)
}

/// The key inside of PKCS #8, or what else it is a key of.
fn pkcs8(bytes: &[u8]) -> Result<Result<&[u8], &'static str>, NotDer> {
    let mut reader = Reader::new(bytes).inside(der::SEQUENCE)?;
    reader.small_integer()?;
    let mut algorithm = reader.inside(der::SEQUENCE)?;
    let key = reader.contents(der::OCTET_STRING)?;
    match algorithm.contents(der::OID)? {
        EC_PUBLIC_KEY if algorithm.contents(der::OID)? == PRIME256V1 => Ok(Ok(key)),
        _ => Ok(Err(OTHER)),
    }
}

/// ECPrivateKey; its curve may be missing, for PKCS #8 says it outside.
fn sec1(bytes: &[u8]) -> Result<PrivateKey, NotDer> {
    let mut reader = Reader::new(bytes).inside(der::SEQUENCE)?;
    if reader.small_integer()? != 1 {
        return Err(NotDer);
    }
    let scalar = reader.contents(der::OCTET_STRING)?;
    if let Some(mut curve) = reader.optional(der::context(0))?
        && curve.contents(der::OID)? != PRIME256V1
    {
        return Err(NotDer);
    }
    SigningKey::from_slice(scalar).map(PrivateKey).map_err(|_| NotDer)
}

/// Nine integers: RSA in the format before PKCS #8.
fn is_pkcs1(bytes: &[u8]) -> bool {
    let Ok(mut reader) = Reader::new(bytes).inside(der::SEQUENCE) else { return false };
    (0..9).all(|_| reader.contents(der::INTEGER).is_ok())
}

fn read_signature(bytes: &[u8]) -> Result<Signature, NotDer> {
    let mut outer = Reader::new(bytes);
    let mut pair = outer.inside(der::SEQUENCE)?;
    outer.end()?;
    let mut scalars = [0; 64];
    for half in scalars.chunks_mut(32) {
        let digits = der::unsigned(pair.contents(der::INTEGER)?)?;
        let start = half.len().checked_sub(digits.len()).ok_or(NotDer)?;
        half[start..].copy_from_slice(digits);
    }
    pair.end()?;
    Signature::from_slice(&scalars).map_err(|_| NotDer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_signatures_are_the_seeds_own() {
        let key = PrivateKey::from_seed(b"a");
        let signature = key.sign(b"message");
        assert_eq!(signature, PrivateKey::from_seed(b"a").sign(b"message"));
        assert_eq!(key.public_key().verify(b"message", &signature), Ok(()));
        let wrong = Err(Error::BadSignature);
        assert_eq!(key.public_key().verify(b"massage", &signature), wrong);
        let other = PrivateKey::from_seed(b"b").public_key();
        assert_eq!(other.verify(b"message", &signature), wrong);
        assert_eq!(key.public_key().verify(b"message", &[0x30, 0]), wrong);
    }

    #[test]
    fn a_signature_is_the_one_of_rfc_6979() {
        // A.2.5 of the RFC: P-256 with SHA-256, message "sample".
        let hex = |text: &str| -> Vec<u8> {
            let digits = text.as_bytes().chunks(2);
            let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
            digits.map(|digits| pair(digits).unwrap()).collect()
        };
        let scalar = hex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
        let key = PrivateKey(SigningKey::from_slice(&scalar).unwrap());
        let (r, s) = (
            hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"),
            hex("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
        );
        let parts = [der::write_unsigned(&r), der::write_unsigned(&s)];
        assert_eq!(key.sign(b"sample"), der::write_all(der::SEQUENCE, &parts));
    }
}
