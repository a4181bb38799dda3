//! What clients ask and what they are told, in plain types: the checkers know no wire format.
//!
//! The names are those of etcd's v3 API. Left out: filters of a range by revision, auth, and the
//! time of a lease.

use bytes::Bytes;

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Request {
    /// Anything that reads or writes keys.
    Kv(Op),
    /// A lease; id 0 lets the server choose one.
    LeaseGrant {
        /// Its id.
        id: i64,
    },
    /// Ends a lease and deletes its keys.
    LeaseRevoke {
        /// Its id.
        id: i64,
    },
    /// Forgets revisions before this one.
    Compact {
        /// The oldest revision that stays readable.
        revision: i64,
    },
    /// Rewrites the backend; changes nothing that a client can see.
    Defragment,
}

/// One operation on keys, alone or inside a transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Reads.
    Range(RangeRequest),
    /// Writes a pair.
    Put(PutRequest),
    /// Deletes keys.
    Delete(DeleteRequest),
    /// Compares, then one of two lists of operations.
    Txn(Txn),
}

/// Reads a range of keys (Q1 to Q10).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RangeRequest {
    /// The first key.
    pub key: Bytes,
    /// Empty: one key; one zero byte: all from `key` on; else the first key that is out.
    pub range_end: Bytes,
    /// At most so many pairs; 0 or less: all.
    pub limit: i64,
    /// The revision to read at; 0 or less: the current one.
    pub revision: i64,
    /// May be served from any member's own state.
    pub serializable: bool,
    /// Pairs come without values.
    pub keys_only: bool,
    /// No pairs, only how many there are.
    pub count_only: bool,
    /// The order of the pairs.
    pub order: Order,
}

/// In which order a range gives its pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// By key, ascending.
    #[default]
    Key,
    /// By key, descending.
    KeyDescending,
    /// By something else: only that the pairs are right is judged, not their order (Q7).
    Other,
}

/// Writes a pair (P1 to P4).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PutRequest {
    /// The key.
    pub key: Bytes,
    /// Its value.
    pub value: Bytes,
    /// The lease to attach it to; 0: none.
    pub lease: i64,
    /// Asks for the pair as it was.
    pub prev_kv: bool,
    /// Keeps the value.
    pub ignore_value: bool,
    /// Keeps the lease.
    pub ignore_lease: bool,
}

/// Deletes a range of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeleteRequest {
    /// The first key.
    pub key: Bytes,
    /// As of [`RangeRequest::range_end`].
    pub range_end: Bytes,
    /// Asks for the pairs as they were.
    pub prev_kv: bool,
}

/// A transaction (T1 to T9).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Txn {
    /// All must hold for `then` to run.
    pub compares: Vec<Compare>,
    /// What runs when they do.
    pub then: Vec<Op>,
    /// What runs when they do not.
    pub otherwise: Vec<Op>,
}

/// One condition of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Compare {
    /// The first key.
    pub key: Bytes,
    /// As of [`RangeRequest::range_end`]; every key of a range must satisfy the condition.
    pub range_end: Bytes,
    /// How the key's field must stand to the target.
    pub relation: Relation,
    /// Which field, and what it is compared with.
    pub target: Target,
}

/// How a field must stand to what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The same.
    Equal,
    /// Different.
    NotEqual,
    /// The field is greater.
    Greater,
    /// The field is less.
    Less,
}

/// The field that a compare looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Changes since it was created.
    Version(i64),
    /// The revision that created it.
    CreateRevision(i64),
    /// The revision that changed it last.
    ModRevision(i64),
    /// Its value, compared byte by byte.
    Value(Bytes),
    /// Its lease.
    Lease(i64),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Response {
    /// The header's revision; errors and maintenance answers have none.
    pub revision: Option<i64>,
    /// The rest.
    pub answer: Answer,
}

/// What a response says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Of a range.
    Range(RangeAnswer),
    /// Of a put: the pair as it was, if it was asked for and there was one.
    Put {
        /// That pair.
        prev: Option<KeyValue>,
    },
    /// Of a delete.
    Delete {
        /// How many keys went.
        deleted: i64,
        /// The pairs as they were, if asked for, in order of keys.
        prev: Vec<KeyValue>,
    },
    /// Of a transaction.
    Txn {
        /// Whether all compares held.
        succeeded: bool,
        /// One for each operation that ran.
        answers: Vec<Answer>,
    },
    /// Of a lease grant.
    LeaseGrant {
        /// The lease's id.
        id: i64,
    },
    /// Of a lease revoke, a compaction, a defragmentation.
    Done,
    /// Refused when it was applied; nothing changed.
    Error(Error),
    /// Only models say it: any answer will do here, as what it depends on is not kept.
    Any,
}

/// What a range found.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RangeAnswer {
    /// The pairs.
    pub kvs: Vec<KeyValue>,
    /// How many keys there are, whatever the limit.
    pub count: i64,
    /// Whether the limit cut some off; `None`: the history does not tell.
    pub more: Option<bool>,
}

/// A pair as a client sees it. A field that is `None` is not told by the history, and not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyValue {
    /// The key.
    pub key: Bytes,
    /// Its value.
    pub value: Bytes,
    /// The revision that changed it last.
    pub mod_revision: i64,
    /// The revision that created it.
    pub create_revision: Option<i64>,
    /// Changes since it was created, counted from 1.
    pub version: Option<i64>,
    /// Its lease; 0: none.
    pub lease: Option<i64>,
}

/// Why a request was refused when it was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Error {
    /// `mvcc: required revision has been compacted`
    Compacted,
    /// `mvcc: required revision is a future revision`
    FutureRevision,
    /// `requested lease not found`
    LeaseNotFound,
    /// `lease already exists`
    LeaseExists,
    /// `key not found`: a put that keeps something of a key that is not there.
    KeyNotFound,
}

impl Op {
    /// Whether it, or anything inside it, may write.
    fn writes(&self) -> bool {
        match self {
            Op::Range(_) => false,
            // A nested transaction makes a write of any (T8).
            Op::Put(_) | Op::Delete(_) | Op::Txn(_) => true,
        }
    }

    fn writes_only_under(&self, prefix: &[u8]) -> bool {
        match self {
            Op::Range(_) => true,
            Op::Put(put) => put.key.starts_with(prefix),
            Op::Delete(delete) => delete.range_end.is_empty() && delete.key.starts_with(prefix),
            Op::Txn(txn) => txn.ops().all(|op| op.writes_only_under(prefix)),
        }
    }
}

impl Txn {
    /// All operations of both branches.
    pub fn ops(&self) -> impl Iterator<Item = &Op> {
        self.then.iter().chain(&self.otherwise)
    }
}

impl Request {
    /// A put without options.
    pub fn put(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        let put = PutRequest { key: key.into(), value: value.into(), ..PutRequest::default() };
        Request::Kv(Op::Put(put))
    }

    /// A linearizable read of one key.
    pub fn get(key: impl Into<Bytes>) -> Self {
        Request::Kv(Op::Range(RangeRequest { key: key.into(), ..RangeRequest::default() }))
    }

    /// A delete of one key.
    pub fn delete(key: impl Into<Bytes>) -> Self {
        Request::Kv(Op::Delete(DeleteRequest { key: key.into(), ..DeleteRequest::default() }))
    }

    /// Whether it takes a place in the raft log. Ranges do not, nor do transactions of ranges (T8).
    pub fn is_logged(&self) -> bool {
        match self {
            Request::Kv(Op::Txn(txn)) => txn.ops().any(Op::writes),
            Request::Kv(op) => op.writes(),
            Request::LeaseGrant { .. } | Request::LeaseRevoke { .. } => true,
            Request::Compact { .. } => true,
            Request::Defragment => false,
        }
    }

    /// Whether all keys that it may write begin with `prefix`.
    pub(crate) fn writes_only_under(&self, prefix: &[u8]) -> bool {
        matches!(self, Request::Kv(op) if op.writes_only_under(prefix))
    }

    /// The ranges of a request that only reads, and whether it may be served from a stale state:
    /// a transaction may when all its ranges may (T8).
    pub fn reads(&self) -> (Vec<&RangeRequest>, bool) {
        let ranges: Vec<&RangeRequest> = match self {
            Request::Kv(Op::Range(range)) => vec![range],
            Request::Kv(Op::Txn(txn)) => txn.ops().filter_map(Op::range).collect(),
            _ => vec![],
        };
        // A transaction without operations may be served so too, its compares included.
        let serializable =
            matches!(self, Request::Kv(_)) && ranges.iter().all(|range| range.serializable);
        (ranges, serializable)
    }
}

impl Op {
    fn range(&self) -> Option<&RangeRequest> {
        if let Op::Range(range) = self { Some(range) } else { None }
    }
}

/// For sentences: `put a`, `range a..b`, `txn`.
impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Request::Kv(Op::Range(range)) => {
                write!(f, "range {}", span(&range.key, &range.range_end))?;
                if range.revision > 0 { write!(f, " at {}", range.revision) } else { Ok(()) }
            }
            Request::Kv(Op::Put(put)) => write!(f, "put {}", put.key.escape_ascii()),
            Request::Kv(Op::Delete(delete)) => {
                write!(f, "delete {}", span(&delete.key, &delete.range_end))
            }
            Request::Kv(Op::Txn(_)) => write!(f, "txn"),
            Request::LeaseGrant { id } => write!(f, "lease grant {id:x}"),
            Request::LeaseRevoke { id } => write!(f, "lease revoke {id:x}"),
            Request::Compact { revision } => write!(f, "compact {revision}"),
            Request::Defragment => write!(f, "defragment"),
        }
    }
}

fn span(key: &[u8], range_end: &[u8]) -> String {
    match range_end {
        [] => key.escape_ascii().to_string(),
        [0] => format!("{}..", key.escape_ascii()),
        end => format!("{}..{}", key.escape_ascii(), end.escape_ascii()),
    }
}
