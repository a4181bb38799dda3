//! TLS at the client's end: files become a [`Tls`], and a [`handshake`] with an address becomes a
//! session that calls name (`pkg/transport`'s `ClientConfig`, Go's `crypto/tls`).
//!
//! The server's certificate is checked here; the client's is checked by the server, which also puts
//! its common name to the calls. Left out: a system's own authorities, of which this host has none.

use std::rc::Rc;

use pki::handshake::{ClientConfig, Presented, RANDOM_BYTES, Transcript};
use pki::{KeyPair, pool};
use prost::Message as _;
use proto::tls::{ClientFinished, ClientHello, FINISHED, HELLO, ServerHello, closed};
use proto::{Metadata, Status};

use crate::client::{decode, encode};
use crate::files::Files;
use crate::system::{CallError, LocalFuture, System};

/// What a client presents and whom it trusts. The default trusts nobody and presents nothing.
pub(crate) type Tls = Rc<ClientConfig>;

/// Paths of PEM files; empty ones were not given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TlsFiles<'a> {
    pub(crate) cert: &'a str,
    pub(crate) key: &'a str,
    pub(crate) ca: &'a str,
}

impl TlsFiles<'_> {
    /// Whether none of them was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.cert.is_empty() && self.key.is_empty() && self.ca.is_empty()
    }

    /// Reads the files and looks whether they fit together. The error is the line that the tools
    /// print.
    pub(crate) fn load(&self, files: &dyn Files) -> Result<ClientConfig, String> {
        let TlsFiles { cert, key, ca } = *self;
        if cert.is_empty() != key.is_empty() {
            return Err(format!(
                "KeyFile and CertFile must both be present[key: {key}, cert: {cert}]"
            ));
        }
        let mut config = ClientConfig::default();
        if !cert.is_empty() {
            let (cert, key) = (files.read_file(cert)?, files.read_file(key)?);
            config.key_pair = Some(KeyPair::parse(&cert, &key).map_err(|error| error.to_string())?);
        }
        if !ca.is_empty() {
            config.roots = pool(&files.read_file(ca)?).map_err(|error| error.to_string())?;
        }
        Ok(config)
    }
}

/// Why a handshake came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeError {
    /// Nobody listens.
    Refused,
    /// Go's text: what is wrong with the server, or what it says of the client.
    Failed(String),
}

/// Connects to `address`, which is to be the server called `host` (`name` or `name:port`). The number
/// goes into the metadata of the calls that travel on the connection.
pub(crate) fn handshake<'c>(
    system: &'c dyn System,
    address: &'c str,
    host: &'c str,
    tls: &'c ClientConfig,
) -> LocalFuture<'c, Result<u64, HandshakeError>> {
    Box::pin(async move {
        let random: Vec<u8> =
            (0..RANDOM_BYTES / 8).flat_map(|_| system.random_u64().to_le_bytes()).collect();
        let hello = encode(&ClientHello { random: random.clone() });
        let plain = Metadata::default;
        let answer = system.call(address, HELLO, plain(), hello).await.map_err(failed)?;
        let eof = |_| HandshakeError::Failed("EOF".to_string());
        let server: ServerHello = decode(&answer).map_err(eof)?;
        let transcript = Transcript::new(&random, &server.random, &server.certificates);
        let shown = Presented { chain: &server.certificates, signature: &server.signature };
        let now_s = i64::try_from(system.wall_us() / 1_000_000).unwrap_or(i64::MAX);
        tls.check_server(&transcript, shown, server_name(host), now_s)
            .map_err(|error| HandshakeError::Failed(error.to_string()))?;
        let session = server.session;
        let (certificates, signature) = match server.wants_certificate {
            true => tls.answer(&transcript),
            false => Default::default(),
        };
        let finished = ClientFinished { session, certificates, signature }.encode_to_vec();
        system.call(address, FINISHED, plain(), finished.into()).await.map_err(failed)?;
        Ok(session)
    })
}

fn failed(error: CallError) -> HandshakeError {
    match error {
        CallError::Refused => HandshakeError::Refused,
        CallError::Status(status) if !is_closed(&status) => {
            HandshakeError::Failed(format!("remote error: {}", status.message))
        }
        CallError::Status(_) | CallError::ConnectionLost => {
            HandshakeError::Failed("EOF".to_string())
        }
    }
}

/// Whether a listener closed the connection instead of answering.
pub(crate) fn is_closed(status: &Status) -> bool {
    *status == closed()
}

/// What a certificate must be valid for: the host without its port.
fn server_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') || name.ends_with(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_no_part_of_the_name() {
        for (host, name) in
            [("127.0.0.1:2379", "127.0.0.1"), ("m1", "m1"), ("[::1]:2379", "[::1]"), ("::1", "::1")]
        {
            assert_eq!(server_name(host), name);
        }
    }
}
