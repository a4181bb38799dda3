//! What is checked at apply before the first change, on the chosen path only (T4): after it nothing
//! can fail half way.

use std::collections::BTreeMap;

use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{PutRequest, RangeRequest};
use proto::mvccpb::KeyValue;
use proto::{Status, error};

use super::{Chosen, Step};
use crate::{Error, KeyRange, Lessor, RangeOptions, Store};

/// Checks the puts and the ranges of a path, in the order of the store's release.
pub(super) fn check_path(
    store: &Store,
    lessor: &Lessor,
    chosen: &Chosen<'_>,
) -> Result<(), Status> {
    let check_op = |request: &Request, puts: bool, ranges: bool| match request {
        Request::RequestPut(put) if puts => check_put(store, lessor, put),
        Request::RequestRange(range) if ranges => Ok(check_range(store, range)?),
        _ => Ok(()),
    };
    if store.rules().checks_puts_first {
        walk(chosen, &mut |request| check_op(request, true, false))?;
        walk(chosen, &mut |request| check_op(request, false, true))?;
    } else {
        walk(chosen, &mut |request| check_op(request, true, true))?;
    }
    let mut keeps_any = false;
    walk(chosen, &mut |request| {
        keeps_any |= matches!(request, Request::RequestPut(put) if keeps(put));
        Ok(())
    })?;
    if !keeps_any {
        return Ok(());
    }
    let mut keys = Keys { store, put: BTreeMap::new(), deleted: vec![] };
    walk(chosen, &mut |request| keys.follow(lessor, request))
}

/// Checks the ranges of a path.
pub(super) fn check_ranges(store: &Store, chosen: &Chosen<'_>) -> Result<(), Status> {
    walk(chosen, &mut |request| match request {
        Request::RequestRange(range) => Ok(check_range(store, range)?),
        _ => Ok(()),
    })
}

/// Every operation of a path, in the order in which they happen.
fn walk(
    chosen: &Chosen<'_>,
    visit: &mut dyn FnMut(&Request) -> Result<(), Status>,
) -> Result<(), Status> {
    for step in chosen.steps() {
        match step {
            Step::Op(request) => visit(request)?,
            Step::Nested(nested) => walk(nested, visit)?,
            Step::Empty => {}
        }
    }
    Ok(())
}

/// A put in a transaction reports the missing key first, then the missing lease (P1).
fn check_put(store: &Store, lessor: &Lessor, put: &PutRequest) -> Result<(), Status> {
    if keeps(put) && newest(store, &put.key).is_none() {
        return Err(error::key_not_found());
    }
    if put.lease != 0 && !lessor.exists(put.lease) {
        return Err(error::lease_not_found());
    }
    Ok(())
}

/// Unlike in a plain range, a negative revision is not the current one (T4b).
fn check_range(store: &Store, range: &RangeRequest) -> Result<(), Error> {
    if range.revision == 0 {
        return Ok(());
    }
    if range.revision > store.rev() {
        return Err(Error::FutureRev);
    }
    if range.revision < store.compact_rev() { Err(Error::Compacted) } else { Ok(()) }
}

/// Whether the put needs what is there.
fn keeps(put: &PutRequest) -> bool {
    put.ignore_value || put.ignore_lease
}

fn newest(store: &Store, key: &[u8]) -> Option<KeyValue> {
    store.range(key, b"", RangeOptions::default()).ok()?.kvs.pop()
}

/// Which keys are there at each point of the path. etcd does not look ahead like this; it panics when
/// a put that keeps something finds that an endless delete before it took its key (T10).
struct Keys<'a> {
    store: &'a Store,
    /// Keys put so far and not deleted since, with their leases.
    put: BTreeMap<Vec<u8>, i64>,
    deleted: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Keys<'_> {
    fn follow(&mut self, lessor: &Lessor, request: &Request) -> Result<(), Status> {
        match request {
            Request::RequestPut(put) => {
                let before = if keeps(put) { self.lease_of(&put.key) } else { None };
                if keeps(put) && before.is_none() {
                    return Err(error::key_not_found());
                }
                let lease = before.filter(|_| put.ignore_lease).unwrap_or(put.lease);
                if lease != 0 && !lessor.exists(lease) {
                    return Err(error::lease_not_found());
                }
                self.put.insert(put.key.to_vec(), lease);
            }
            Request::RequestDeleteRange(delete) => {
                let range = KeyRange::from_wire(&delete.key, &delete.range_end);
                self.put.retain(|key, _| !range.contains(key));
                self.deleted.push((delete.key.to_vec(), delete.range_end.to_vec()));
            }
            _ => {}
        }
        Ok(())
    }

    /// The lease of a key that is there now; 0 for none.
    fn lease_of(&self, key: &[u8]) -> Option<i64> {
        if let Some(lease) = self.put.get(key) {
            return Some(*lease);
        }
        let gone =
            |(first, end): &(Vec<u8>, Vec<u8>)| KeyRange::from_wire(first, end).contains(key);
        if self.deleted.iter().any(gone) {
            return None;
        }
        newest(self.store, key).map(|kv| kv.lease)
    }
}
