//! HTTP as etcd's members speak it on their client URLs beside gRPC: `/v2/...`, `/version`,
//! `/health` and the gateway.
//!
//! A request is the message of a call whose method is [`METHOD`], its answer a [`Response`]. An answer
//! that comes in pieces (`stream=true`) is a stream of that method: one [`Request`] in, then a
//! [`Response`] with the head, then each piece of the body as it is. Left out: the bytes on the wire,
//! trailers, and everything that only a proxy would see.

use bytes::Bytes;

/// What stands in place of gRPC's path. No service begins like it.
pub const METHOD: &str = "/http";

/// One request.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Request {
    /// `GET`, `PUT`, ...
    #[prost(string, tag = "1")]
    pub method: String,
    /// Path and query, percent-encoded: `/v2/keys/a?recursive=true`.
    #[prost(string, tag = "2")]
    pub target: String,
    #[prost(message, repeated, tag = "3")]
    pub headers: Vec<Header>,
    #[prost(bytes = "bytes", tag = "4")]
    pub body: Bytes,
}

/// The answer, or the head of one in pieces.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Response {
    /// 100 to 599.
    #[prost(uint32, tag = "1")]
    pub status: u32,
    #[prost(message, repeated, tag = "2")]
    pub headers: Vec<Header>,
    #[prost(bytes = "bytes", tag = "3")]
    pub body: Bytes,
}

/// One header, with the name as etcd spells it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Header {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

impl Header {
    pub fn new(name: &str, value: impl Into<String>) -> Header {
        Header { name: name.into(), value: value.into() }
    }
}

/// The value of the first header of this name, whose case does not matter.
pub fn header<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    found.map(|header| header.value.as_str())
}
