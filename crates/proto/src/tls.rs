//! The handshake that stands before the calls of a TLS connection, as messages of two calls.
//!
//! [`HELLO`] carries a [`ClientHello`] and is answered with a [`ServerHello`]; then the client checks
//! the server. [`FINISHED`] carries its [`ClientFinished`] and is answered with nothing, or with the
//! status [`alert`]. Calls that follow name the session in
//! [`Metadata::tls_session`](crate::Metadata); a call that does not fit the listener is answered with
//! [`closed`]. What is signed and checked is `pki::handshake`. Left out: everything else that TLS says,
//! ciphers above all.

use crate::{Code, Status};

/// What stands in place of gRPC's path. No service begins like it.
pub const HELLO: &str = "/tls/Hello";
/// The second call of a handshake.
pub const FINISHED: &str = "/tls/Finished";

/// Whether a method belongs to the handshake.
pub fn is_handshake(method: &str) -> bool {
    matches!(method, HELLO | FINISHED)
}

/// The client begins.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ClientHello {
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub random: Vec<u8>,
}

/// Who the server is.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ServerHello {
    /// The server's own number of the connection.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub random: Vec<u8>,
    /// Its chain, its own certificate first, in DER.
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub certificates: Vec<Vec<u8>>,
    /// Proves that it has the key.
    #[prost(bytes = "vec", tag = "4")]
    pub signature: Vec<u8>,
    /// It wants to know who the client is.
    #[prost(bool, tag = "5")]
    pub wants_certificate: bool,
}

/// Who the client is, if the server asked.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ClientFinished {
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// As the server's; empty for a client without.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub certificates: Vec<Vec<u8>>,
    #[prost(bytes = "vec", tag = "3")]
    pub signature: Vec<u8>,
}

/// The server ends the handshake with an alert, in Go's words (`tls: bad certificate`).
pub fn alert(text: &str) -> Status {
    Status::new(Code::Unauthenticated, text)
}

/// What a listener does with bytes that it did not expect: it closes the connection.
pub fn closed() -> Status {
    Status::new(Code::Unavailable, "tls: connection closed by the listener")
}
