//! The errors of API v2: `v2error` (V11).

use crate::json;

/// What is wrong, by etcd's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    KeyNotFound = 100,
    TestFailed = 101,
    NotFile = 102,
    NotDir = 104,
    NodeExist = 105,
    RootReadOnly = 107,
    DirNotEmpty = 108,
    Unauthorized = 110,
    PrevValueRequired = 201,
    TtlNan = 202,
    IndexNan = 203,
    InvalidField = 209,
    InvalidForm = 210,
    RefreshValue = 211,
    RefreshTtlRequired = 212,
    RaftInternal = 300,
    LeaderElect = 301,
    WatcherCleared = 400,
    EventIndexCleared = 401,
}

impl Code {
    /// etcd's text.
    pub fn message(self) -> &'static str {
        match self {
            Code::KeyNotFound => "Key not found",
            Code::TestFailed => "Compare failed",
            Code::NotFile => "Not a file",
            Code::NotDir => "Not a directory",
            Code::NodeExist => "Key already exists",
            Code::RootReadOnly => "Root is read only",
            Code::DirNotEmpty => "Directory not empty",
            Code::Unauthorized => "The request requires user authentication",
            Code::PrevValueRequired => "PrevValue is Required in POST form",
            Code::TtlNan => "The given TTL in POST form is not a number",
            Code::IndexNan => "The given index in POST form is not a number",
            Code::InvalidField => "Invalid field",
            Code::InvalidForm => "Invalid POST form",
            Code::RefreshValue => "Value provided on refresh",
            Code::RefreshTtlRequired => "A TTL must be provided on refresh",
            Code::RaftInternal => "Raft Internal Error",
            Code::LeaderElect => "During Leader Election",
            Code::WatcherCleared => "watcher is cleared due to etcd recovery",
            Code::EventIndexCleared => "The event in requested index is outdated and cleared",
        }
    }

    /// The HTTP status that carries it.
    pub fn status(self) -> u32 {
        match self {
            Code::KeyNotFound => 404,
            Code::NotFile | Code::DirNotEmpty => 403,
            Code::Unauthorized => 401,
            Code::TestFailed | Code::NodeExist => 412,
            Code::RaftInternal | Code::LeaderElect => 500,
            _ => 400,
        }
    }
}

/// A refusal of the store, or of the API before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub code: Code,
    /// The path or the comparison that it is about.
    pub cause: String,
    /// The store's index; 0 when the store was not asked.
    pub index: u64,
}

impl Error {
    pub fn new(code: Code, cause: impl Into<String>, index: u64) -> Error {
        Error { code, cause: cause.into(), index }
    }

    /// The object that clients get, without a line feed.
    pub fn to_json(&self) -> String {
        let mut out = format!("{{\"errorCode\":{},\"message\":", self.code as u32);
        json::push_str(&mut out, self.code.message());
        if !self.cause.is_empty() {
            out.push_str(",\"cause\":");
            json::push_str(&mut out, &self.cause);
        }
        out.push_str(&format!(",\"index\":{}}}", self.index));
        out
    }
}

/// `100: Key not found (/k) [5]` without the code, as etcd's own `Error()` says it.
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.code.message(), self.cause)
    }
}

impl std::error::Error for Error {}
