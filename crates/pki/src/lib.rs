//! Certificates: what etcd's TLS needs of Go's `crypto/x509`, `encoding/pem` and `crypto/tls`.
//!
//! PEM and DER in and out; X.509 certificates parsed and issued; private keys in SEC1 and PKCS #8;
//! chains, validity, names and usages checked in the order and with the texts of Go's
//! `Certificate.Verify`; key pairs loaded as `tls.X509KeyPair` loads them. Signatures are real: ECDSA
//! on P-256 with SHA-256, deterministic (RFC 6979), with keys from a seed where the lab makes its own.
//! [`handshake`] is what both ends of a connection sign, and what each of them checks.
//!
//! All times are given in Unix seconds, and nothing is drawn: the same inputs give the same bytes.
//!
//! Left out: RSA, Ed25519 and other curves (such certificates parse; checking their signature, or
//! loading such a key, is an error that says so), other digests than SHA-256, name constraints (a
//! critical one is an unhandled extension), revocation, encrypted keys, and the encryption of a
//! connection's bytes, which the lab does not do.

mod certificate;
mod der;
mod error;
pub mod handshake;
mod issue;
mod key;
mod key_pair;
mod names;
pub mod pem;
mod time;
mod verify;

pub use certificate::Certificate;
pub use error::Error;
pub use issue::{Issuer, Subject, Usage, issue};
pub use key::{PrivateKey, PublicKey};
pub use key_pair::{KeyPair, pool};
pub use verify::{ExtKeyUsage, VerifyOptions, verify};
