//! What the API layer checks before a transaction is proposed (T5 to T7). Mirrors `v3rpc/key.go`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{RequestOp, TxnRequest};
use proto::{Status, error};

use super::MAX_NESTED_TXNS;
use crate::request::{check_delete_range, check_put, check_range};
use crate::{KeyRange, Rules};

/// Checks a transaction. `max_txn_ops` is etcd's flag, 128 by default: for each level the longest of
/// compares, then and else; what a level uses is not left for those nested in it (T5).
///
/// # Errors
/// `too many operations in txn request`, `key is not provided` for a compare, each operation's own,
/// `key not found` for an operation with nothing in it (T7), and then, in the whole transaction,
/// `duplicate key given in txn request` (T6).
pub fn check(request: &TxnRequest, max_txn_ops: usize, rules: Rules) -> Result<(), Status> {
    check_level(request, max_txn_ops, MAX_NESTED_TXNS, rules)?;
    written(&request.success)?;
    written(&request.failure)?;
    Ok(())
}

fn check_level(
    request: &TxnRequest,
    max_ops: usize,
    levels: usize,
    rules: Rules,
) -> Result<(), Status> {
    let longest = request.compare.len().max(request.success.len()).max(request.failure.len());
    let left = max_ops.checked_sub(longest).ok_or_else(error::too_many_ops)?;
    if request.compare.iter().any(|compare| compare.key.is_empty()) {
        return Err(error::empty_key());
    }
    for op in request.success.iter().chain(&request.failure) {
        match &op.request {
            Some(Request::RequestRange(range)) => check_range(range, rules)?,
            Some(Request::RequestPut(put)) => check_put(put)?,
            Some(Request::RequestDeleteRange(delete)) => check_delete_range(delete)?,
            Some(Request::RequestTxn(txn)) => {
                let levels = levels.checked_sub(1).ok_or_else(error::too_many_ops)?;
                check_level(txn, left, levels, rules)?;
            }
            None => return Err(error::key_not_found()),
        }
    }
    Ok(())
}

/// What one branch and those nested in it put and delete.
#[derive(Default)]
struct Written<'a> {
    puts: BTreeSet<&'a [u8]>,
    deletes: Spans,
}

/// Collects what a branch writes, unless it writes a key twice. The order is etcd's, and shows (T6):
/// this level's deletes, then the nested transactions one by one, then this level's puts. A nested
/// one's deletes are not held against the puts of those before it.
fn written(ops: &[RequestOp]) -> Result<Written<'_>, Status> {
    let mut all = Written::default();
    for op in ops {
        if let Some(Request::RequestDeleteRange(delete)) = &op.request {
            all.deletes.add(KeyRange::from_wire(&delete.key, &delete.range_end));
        }
    }
    for op in ops {
        let Some(Request::RequestTxn(txn)) = &op.request else { continue };
        let (success, failure) = (written(&txn.success)?, written(&txn.failure)?);
        // Only one of the two branches happens, so both may put the same key.
        for key in success.puts.union(&failure.puts) {
            put(&mut all, key)?;
        }
        all.deletes.add_all(success.deletes);
        all.deletes.add_all(failure.deletes);
    }
    for op in ops {
        if let Some(Request::RequestPut(request)) = &op.request {
            put(&mut all, &request.key)?;
        }
    }
    Ok(all)
}

fn put<'a>(all: &mut Written<'a>, key: &'a [u8]) -> Result<(), Status> {
    if all.deletes.contain(key) || !all.puts.insert(key) {
        return Err(error::duplicate_key());
    }
    Ok(())
}

/// Deleted ranges, joined where they overlap: first key to the end, which is not in it.
#[derive(Default)]
struct Spans(BTreeMap<Vec<u8>, Vec<u8>>);

impl Spans {
    /// Ranges without a key in them count for nothing, and neither does one without an end: etcd
    /// takes its end `\0` by the letter, where only an empty one would be endless (T6).
    fn add(&mut self, range: KeyRange<'_>) {
        match range {
            // The next key after `key`.
            KeyRange::One(key) => self.insert(key.to_vec(), [key, &[0]].concat()),
            KeyRange::Span(key, end) if key < end => self.insert(key.to_vec(), end.to_vec()),
            KeyRange::Span(..) | KeyRange::From(_) => {}
        }
    }

    fn add_all(&mut self, other: Spans) {
        if self.0.is_empty() {
            *self = other;
            return;
        }
        other.0.into_iter().for_each(|(first, end)| self.insert(first, end));
    }

    fn insert(&mut self, mut first: Vec<u8>, mut end: Vec<u8>) {
        // Whoever begins at or before the end and ends at or after the first is part of it.
        while let Some((other, other_end)) = self.0.range(..=end.clone()).next_back() {
            if *other_end < first {
                break;
            }
            end = end.max(other_end.clone());
            let other = other.clone();
            self.0.remove(&other);
            first = first.min(other);
        }
        self.0.insert(first, end);
    }

    fn contain(&self, key: &[u8]) -> bool {
        let before = self.0.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back();
        before.is_some_and(|(_, end)| key < end.as_slice())
    }
}
