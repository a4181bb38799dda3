//! Transactions: compares choose a branch, and what is in it happens at one revision or not at all
//! (T1 to T10).
//!
//! Mirrors `txn.go` of etcd's apply; [`check`] is what the API layer does before anything is proposed.
//! All compares, those of nested transactions too, are looked at before the first change, and so is
//! everything that could go wrong: a transaction that is refused has changed nothing.

mod check;
mod compare;
mod precheck;

use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{RequestOp, ResponseHeader, ResponseOp, TxnRequest, TxnResponse};
use proto::{Code, Status};

pub use check::check;

use crate::request::{self, delete_range_in, put_in, range_in};
use crate::{Change, Lessor, Store, WriteTxn};

/// How deep transactions may be nested. etcd goes by the operations it allows only; ours must also
/// fit a decoder that follows 100 messages into each other, inside a raft entry.
pub const MAX_NESTED_TXNS: usize = 40;

/// Whether the transaction only reads, so that it need not go through raft (T8). A nested one counts
/// as a write, whatever is in it.
pub fn is_read_only(request: &TxnRequest) -> bool {
    let reads = |op: &RequestOp| matches!(op.request, Some(Request::RequestRange(_)));
    request.success.iter().chain(&request.failure).all(reads)
}

/// Whether it may be answered from local state without asking the leader: all its operations are
/// serializable ranges (T8).
pub fn is_serializable(request: &TxnRequest) -> bool {
    let local = |op: &RequestOp| match &op.request {
        Some(Request::RequestRange(range)) => range.serializable,
        _ => false,
    };
    request.success.iter().chain(&request.failure).all(local)
}

/// Answers a transaction that [`is_read_only`].
///
/// # Errors
/// When a range asks for a revision that is compacted or still to come (T4).
pub fn read(store: &Store, request: &TxnRequest) -> Result<TxnResponse, Status> {
    let chosen = choose(store, request)?;
    precheck::check_ranges(store, &chosen)?;
    let mut responses = vec![];
    for op in chosen.ops {
        let Some(Request::RequestRange(range)) = &op.request else {
            return Err(Status::new(Code::Internal, "mvcc: a write in a read"));
        };
        responses.push(answer(Response::ResponseRange(request::range(store, range)?)));
    }
    let header = request::header(store.rev());
    Ok(TxnResponse { header, succeeded: chosen.succeeded, responses })
}

/// Applies a transaction; also what watchers get of it, in order.
///
/// # Errors
/// `requested lease not found` or `key not found` for a put of the chosen path, a revision out of
/// reach for a range in it (T4), `too many operations in txn request` for one nested too deep.
/// Nothing is changed then.
pub fn apply(
    store: &mut Store,
    lessor: &mut Lessor,
    request: &TxnRequest,
) -> Result<(TxnResponse, Vec<Change>), Status> {
    let chosen = choose(store, request)?;
    precheck::check_path(store, lessor, &chosen)?;
    let mut txn = store.write();
    let response = execute(&mut txn, lessor, &chosen);
    let (rev, changes) = txn.end();
    Ok((TxnResponse { header: request::header(rev), ..response? }, changes))
}

/// The branch that the compares chose, and those chosen in the transactions nested in it.
struct Chosen<'a> {
    succeeded: bool,
    ops: &'a [RequestOp],
    /// One for each nested transaction among `ops`, in their order.
    nested: Vec<Chosen<'a>>,
}

/// One operation of a path.
enum Step<'c, 'a> {
    Op(&'a Request),
    Nested(&'c Chosen<'a>),
    /// An operation with nothing in it; the API layer lets none through (T7).
    Empty,
}

impl<'a> Chosen<'a> {
    /// The operations of this level, in order.
    fn steps<'c>(&'c self) -> impl Iterator<Item = Step<'c, 'a>> {
        let mut nested = self.nested.iter();
        self.ops.iter().map(move |op| match &op.request {
            Some(Request::RequestTxn(_)) => nested.next().map_or(Step::Empty, Step::Nested),
            Some(request) => Step::Op(request),
            None => Step::Empty,
        })
    }
}

/// Evaluates the compares of the whole path on the state before it (T1).
fn choose<'a>(store: &Store, request: &'a TxnRequest) -> Result<Chosen<'a>, Status> {
    choose_level(store, request, MAX_NESTED_TXNS)
}

fn choose_level<'a>(
    store: &Store,
    request: &'a TxnRequest,
    levels: usize,
) -> Result<Chosen<'a>, Status> {
    let succeeded = request.compare.iter().all(|compare| compare::holds(store, compare));
    let ops: &[RequestOp] = if succeeded { &request.success } else { &request.failure };
    let mut nested = vec![];
    for op in ops {
        if let Some(Request::RequestTxn(txn)) = &op.request {
            let levels = levels.checked_sub(1).ok_or_else(proto::error::too_many_ops)?;
            nested.push(choose_level(store, txn, levels)?);
        }
    }
    Ok(Chosen { succeeded, ops, nested })
}

/// Makes the changes of one level and those below. After [`precheck::check_path`] nothing in here
/// fails.
fn execute(
    txn: &mut WriteTxn<'_>,
    lessor: &mut Lessor,
    chosen: &Chosen<'_>,
) -> Result<TxnResponse, Status> {
    let mut responses = Vec::with_capacity(chosen.ops.len());
    for step in chosen.steps() {
        responses.push(match step {
            Step::Op(Request::RequestRange(range)) => {
                answer(Response::ResponseRange(range_in(txn, range)?))
            }
            Step::Op(Request::RequestPut(put)) => {
                answer(Response::ResponsePut(put_in(txn, lessor, put)?))
            }
            Step::Op(Request::RequestDeleteRange(delete)) => {
                answer(Response::ResponseDeleteRange(delete_range_in(txn, lessor, delete)?))
            }
            Step::Nested(nested) => answer(Response::ResponseTxn(execute(txn, lessor, nested)?)),
            Step::Op(Request::RequestTxn(_)) | Step::Empty => ResponseOp { response: None },
        });
    }
    // A nested answer has a header with nothing in it; the outermost one's is filled in at the end.
    let header = Some(ResponseHeader::default());
    Ok(TxnResponse { header, succeeded: chosen.succeeded, responses })
}

fn answer(response: Response) -> ResponseOp {
    ResponseOp { response: Some(response) }
}
