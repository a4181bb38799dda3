//! A store that keeps a whole copy of itself for every revision: slow, and too plain to be wrong in
//! the way that the model may be.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use history::request::{
    Answer, Compare, Error, KeyValue, Op, RangeAnswer, RangeRequest, Relation, Request, Response,
    Target,
};

type Keys = BTreeMap<Bytes, KeyValue>;

#[derive(Clone, Default)]
pub(crate) struct Naive {
    /// The keys at revision 1, 2, ...
    copies: Vec<Keys>,
    leases: BTreeSet<i64>,
    pub(crate) compacted: i64,
}

impl Naive {
    pub(crate) fn new() -> Self {
        Naive { copies: vec![Keys::new()], leases: BTreeSet::new(), compacted: -1 }
    }

    pub(crate) fn revision(&self) -> i64 {
        self.copies.len() as i64
    }

    /// What a member that has got to `revision` answers to a range.
    pub(crate) fn range_at(&self, revision: i64, range: &RangeRequest) -> Response {
        let asked = if range.revision > 0 { range.revision } else { revision };
        if asked > revision {
            return failed(Error::FutureRevision);
        }
        if range.revision > 0 && asked < self.compacted {
            return failed(Error::Compacted);
        }
        let answer = Answer::Range(read(&self.copies[asked as usize - 1], range));
        Response { revision: Some(revision), answer }
    }

    pub(crate) fn apply(&mut self, request: &Request) -> Response {
        let mut keys = self.copies[self.copies.len() - 1].clone();
        let before = keys.clone();
        let revision = self.revision() + 1;
        let answer = match request {
            Request::Kv(Op::Range(range)) => return self.range_at(self.revision(), range),
            Request::Kv(op) => self.write(op, &mut keys, revision),
            Request::LeaseGrant { id } if !self.leases.insert(*id) => Err(Error::LeaseExists),
            Request::LeaseGrant { id } => Ok(Answer::LeaseGrant { id: *id }),
            Request::LeaseRevoke { id } if !self.leases.remove(id) => Err(Error::LeaseNotFound),
            Request::LeaseRevoke { id } => {
                keys.retain(|_, kv| kv.lease != Some(*id));
                Ok(Answer::Done)
            }
            Request::Compact { revision } if *revision <= self.compacted => Err(Error::Compacted),
            Request::Compact { revision } if *revision > self.revision() => {
                Err(Error::FutureRevision)
            }
            Request::Compact { revision } => {
                self.compacted = *revision;
                Ok(Answer::Done)
            }
            Request::Defragment => Ok(Answer::Done),
        };
        let Ok(answer) = answer else { return failed(answer.expect_err("checked")) };
        if keys != before {
            self.copies.push(keys);
        }
        Response { revision: Some(self.revision()), answer }
    }

    fn write(&self, op: &Op, keys: &mut Keys, revision: i64) -> Result<Answer, Error> {
        match op {
            Op::Range(range) => Ok(Answer::Range(read(keys, range))),
            Op::Put(put) if put.lease != 0 && !self.leases.contains(&put.lease) => {
                Err(Error::LeaseNotFound)
            }
            Op::Put(put) => {
                let prev = keys.get(&put.key).cloned();
                let created = prev.as_ref().and_then(|prev| prev.create_revision);
                let version = prev.as_ref().and_then(|prev| prev.version).unwrap_or(0) + 1;
                keys.insert(
                    put.key.clone(),
                    KeyValue {
                        key: put.key.clone(),
                        value: put.value.clone(),
                        mod_revision: revision,
                        create_revision: Some(created.unwrap_or(revision)),
                        version: Some(version),
                        lease: Some(put.lease),
                    },
                );
                Ok(Answer::Put { prev: prev.filter(|_| put.prev_kv) })
            }
            Op::Delete(delete) => {
                let inside = |key: &Bytes| is_inside(key, &delete.key, &delete.range_end);
                let prev: Vec<KeyValue> =
                    keys.values().filter(|kv| inside(&kv.key)).cloned().collect();
                keys.retain(|key, _| !inside(key));
                let deleted = prev.len() as i64;
                Ok(Answer::Delete { deleted, prev: if delete.prev_kv { prev } else { vec![] } })
            }
            Op::Txn(txn) => {
                let succeeded = txn.compares.iter().all(|compare| holds(keys, compare));
                let ops = if succeeded { &txn.then } else { &txn.otherwise };
                let answers = ops.iter().map(|op| self.write(op, keys, revision));
                Ok(Answer::Txn { succeeded, answers: answers.collect::<Result<_, _>>()? })
            }
        }
    }
}

fn failed(error: Error) -> Response {
    Response { revision: None, answer: Answer::Error(error) }
}

fn is_inside(key: &Bytes, first: &Bytes, end: &Bytes) -> bool {
    if end.is_empty() { key == first } else { first <= key && key < end }
}

fn read(keys: &Keys, range: &RangeRequest) -> RangeAnswer {
    let mut kvs: Vec<KeyValue> = keys
        .values()
        .filter(|kv| is_inside(&kv.key, &range.key, &range.range_end))
        .cloned()
        .collect();
    let count = kvs.len() as i64;
    if range.limit > 0 {
        kvs.truncate(range.limit as usize);
    }
    RangeAnswer { more: Some(count > kvs.len() as i64), kvs, count }
}

/// One key, its mod revision or its value, and whether it is equal.
fn holds(keys: &Keys, compare: &Compare) -> bool {
    assert_eq!(compare.relation, Relation::Equal);
    let kv = keys.get(&compare.key);
    match &compare.target {
        Target::ModRevision(target) => kv.map_or(0, |kv| kv.mod_revision) == *target,
        Target::Value(target) => kv.is_some_and(|kv| kv.value == target),
        other => panic!("{other:?} is not generated"),
    }
}
