//! Certificate and key files, loaded as Go's `tls.X509KeyPair` and etcd's `tlsutil` load them.

use crate::{Certificate, Error, PrivateKey, PublicKey, pem};

/// A certificate with its key, and the certificates that came with it.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The owner's first, then those of its issuers. Never empty.
    pub chain: Vec<Certificate>,
    pub(crate) key: PrivateKey,
}

impl KeyPair {
    /// Reads both files (PEM), and checks that they belong together.
    pub fn parse(cert_file: &[u8], key_file: &[u8]) -> Result<KeyPair, Error> {
        let chain = certificates(cert_file)?;
        let key = PrivateKey::parse(&key_block(key_file)?);
        let key = match (&chain[0].public_key, key) {
            (PublicKey::Other { is_ec: false, .. }, Ok(_)) => Err(Error::KeyTypeMismatch),
            (PublicKey::Other { .. }, Ok(_)) => Err(Error::KeyMismatch),
            (public, Ok(key)) if *public != key.public_key() => Err(Error::KeyMismatch),
            (_, key) => key,
        };
        Ok(KeyPair { chain, key: key? })
    }
}

/// The certificates of a file that is to have some. Only the first must parse; Go looks at the others
/// when somebody verifies the chain, and a chain breaks at one that does not parse.
fn certificates(file: &[u8]) -> Result<Vec<Certificate>, Error> {
    let (found, skipped): (Vec<_>, Vec<_>) =
        pem::blocks(file).into_iter().partition(|block| block.label == "CERTIFICATE");
    let Some((first, others)) = found.split_first() else {
        let labels: Vec<String> = skipped.into_iter().map(|block| block.label).collect();
        return Err(match &labels[..] {
            [] => Error::NoCertificateData,
            [label] if label.ends_with("PRIVATE KEY") => Error::Switched,
            _ => Error::NoCertificateBlock(labels),
        });
    };
    let mut chain = vec![Certificate::parse(&first.bytes)?];
    chain.extend(others.iter().map_while(|block| Certificate::parse(&block.bytes).ok()));
    Ok(chain)
}

/// The first block that says it is a private key.
fn key_block(file: &[u8]) -> Result<Vec<u8>, Error> {
    let mut skipped = Vec::new();
    for block in pem::blocks(file) {
        if block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY") {
            return Ok(block.bytes);
        }
        skipped.push(block.label);
    }
    Err(match &skipped[..] {
        [] => Error::NoKeyData,
        [label] if label == "CERTIFICATE" => Error::CertificateForKey,
        _ => Error::NoKeyBlock(skipped),
    })
}

/// The authorities in a file. A file without any block is an empty pool, which trusts nobody; a block
/// that is no certificate is an error.
pub fn pool(file: &[u8]) -> Result<Vec<Certificate>, Error> {
    pem::blocks(file).iter().map(|block| Certificate::parse(&block.bytes)).collect()
}
