//! What the two ends of a TLS connection prove to each other: the part of TLS 1.2, which etcd pins,
//! that decides who is at the other end.
//!
//! The client greets with 32 bytes of its own; the server answers with 32 of its own, its chain and a
//! signature over both; the client checks them, and answers with its chain, if it is asked for one,
//! and a signature over all that was said. So both prove that they have their key, and neither proof
//! can be used again. There are no ciphers and no session keys: the lab does not encrypt what follows.

use sha2::{Digest, Sha256};

use crate::{Certificate, Error, ExtKeyUsage, KeyPair, VerifyOptions, verify};

/// Bytes of each end's random part.
pub const RANDOM_BYTES: usize = 32;

/// What etcd's `ClientConfig` comes down to.
#[derive(Clone, Debug, Default)]
pub struct ClientConfig {
    /// Presented to servers that ask for it.
    pub key_pair: Option<KeyPair>,
    pub roots: Vec<Certificate>,
    /// Takes any server for what it says it is.
    pub insecure_skip_verify: bool,
}

/// What etcd's `ServerConfig` comes down to.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub key_pair: KeyPair,
    /// Asks for a certificate that one of these vouches for; `None` asks for none.
    pub client_roots: Option<Vec<Certificate>>,
}

/// What was said so far, as both ends have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript([u8; 32]);

impl Transcript {
    /// After the greetings and the server's chain.
    pub fn new(client_random: &[u8], server_random: &[u8], server_chain: &[Vec<u8>]) -> Transcript {
        let mut hash = Sha256::new();
        part(&mut hash, b"etcd-lab handshake");
        part(&mut hash, client_random);
        part(&mut hash, server_random);
        server_chain.iter().for_each(|certificate| part(&mut hash, certificate));
        Transcript(hash.finalize().into())
    }

    /// What an end signs: the transcript and whose signature it is, so that one can never pass for
    /// the other's.
    fn signed_by(&self, who: &[u8], chain: &[Certificate]) -> Vec<u8> {
        let mut hash = Sha256::new();
        part(&mut hash, who);
        part(&mut hash, &self.0);
        chain.iter().for_each(|certificate| part(&mut hash, &certificate.der));
        hash.finalize().to_vec()
    }
}

/// Parts are told apart by their lengths.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

const SERVER: &[u8] = b"server";
const CLIENT: &[u8] = b"client";

impl KeyPair {
    /// The chain as it travels.
    pub fn chain_der(&self) -> Vec<Vec<u8>> {
        self.chain.iter().map(|certificate| certificate.der.clone()).collect()
    }
}

impl ServerConfig {
    /// The server's proof that it has its key.
    pub fn prove(&self, transcript: &Transcript) -> Vec<u8> {
        self.key_pair.key.sign(&transcript.signed_by(SERVER, &self.key_pair.chain))
    }

    /// Checks what a client presents, at `now_s` in Unix time: the certificate of whoever it is, or
    /// `None` if it was not asked. The error is for the server's log; the client hears of a bad
    /// certificate only.
    pub fn check_client(
        &self,
        transcript: &Transcript,
        chain: &[Vec<u8>],
        signature: &[u8],
        now_s: i64,
    ) -> Result<Option<Certificate>, ClientFault> {
        let Some(roots) = &self.client_roots else { return Ok(None) };
        let chain = parse_chain(chain).map_err(ClientFault::Refused)?;
        let Some(leaf) = chain.first() else { return Err(ClientFault::NoCertificate) };
        let usage = ExtKeyUsage::ClientAuth;
        let options = VerifyOptions { roots, host: None, now_s, usage };
        verify(&chain, &options).map_err(ClientFault::Refused)?;
        let signed = transcript.signed_by(CLIENT, &chain);
        leaf.public_key.verify(&signed, signature).map_err(|_| ClientFault::NoProof)?;
        Ok(Some(leaf.clone()))
    }
}

/// Why a server turns a client away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFault {
    NoCertificate,
    Refused(Error),
    /// It does not have the certificate's key.
    NoProof,
}

impl ClientFault {
    /// The alert that the client gets, behind `remote error: `.
    pub fn alert(&self) -> &'static str {
        match self {
            ClientFault::NoCertificate | ClientFault::Refused(_) => "tls: bad certificate",
            ClientFault::NoProof => "tls: error decrypting message",
        }
    }
}

/// What a server says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    pub chain: &'a [Vec<u8>],
    pub signature: &'a [u8],
}

impl ClientConfig {
    /// Checks a server that was called by the name or address `host`, at `now_s` in Unix time.
    pub fn check_server(
        &self,
        transcript: &Transcript,
        server: Presented<'_>,
        host: &str,
        now_s: i64,
    ) -> Result<(), Error> {
        let chain = parse_chain(server.chain)?;
        let Some(leaf) = chain.first() else { return Err(Error::Malformed("certificate")) };
        if !self.insecure_skip_verify {
            let (roots, usage) = (&self.roots[..], ExtKeyUsage::ServerAuth);
            verify(&chain, &VerifyOptions { roots, host: Some(host), now_s, usage })?;
        }
        // Whoever it says it is, it must have that key.
        leaf.public_key.verify(&transcript.signed_by(SERVER, &chain), server.signature)
    }

    /// The client's chain and its proof that it has the key, for a server that asks; both are empty
    /// for a client without a certificate.
    pub fn answer(&self, transcript: &Transcript) -> (Vec<Vec<u8>>, Vec<u8>) {
        match &self.key_pair {
            Some(pair) => {
                let signed = transcript.signed_by(CLIENT, &pair.chain);
                (pair.chain_der(), pair.key.sign(&signed))
            }
            None => (Vec::new(), Vec::new()),
        }
    }
}

/// Certificates in a chain at most; real ones have two or three.
const CHAIN_MAX: usize = 16;

fn parse_chain(chain: &[Vec<u8>]) -> Result<Vec<Certificate>, Error> {
    if chain.len() > CHAIN_MAX {
        return Err(Error::Malformed("chain"));
    }
    chain.iter().map(|der| Certificate::parse(der)).collect()
}
