//! The current state, and what each request does to it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{Event, Old, Stored, View, holds, range_in};
use crate::request::{
    Answer, DeleteRequest, Error, Op, PutRequest, RangeRequest, Request, Response, Txn,
};

/// A store without its past.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    revision: i64,
    compacted: i64,
    keys: BTreeMap<Bytes, Stored>,
    /// The keys of each lease.
    leases: BTreeMap<i64, BTreeSet<Bytes>>,
}

impl Default for State {
    fn default() -> Self {
        State::new()
    }
}

/// Which branch each transaction takes: itself, then those nested in the branch, in order.
struct Path {
    succeeded: bool,
    nested: Vec<Path>,
}

impl State {
    /// An empty store (R1).
    pub fn new() -> Self {
        State { revision: 1, compacted: -1, keys: BTreeMap::new(), leases: BTreeMap::new() }
    }

    /// The revision of the latest change.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The oldest readable revision; -1 before the first compaction.
    pub fn compacted(&self) -> i64 {
        self.compacted
    }

    /// The living keys.
    pub fn keys(&self) -> &BTreeMap<Bytes, Stored> {
        &self.keys
    }

    /// Applies a request: what it answers, and what it changed, in order.
    ///
    /// A lease granted with id 0 stays without one, as the model cannot know the server's choice.
    pub fn apply(&mut self, request: &Request, old: &dyn Old) -> (Response, Vec<Event>) {
        let mut events = Vec::new();
        let result = match request {
            Request::Kv(op) => self.apply_kv(op, old, &mut events),
            Request::LeaseGrant { id } => self.grant(*id),
            Request::LeaseRevoke { id } => self.revoke(*id, &mut events),
            Request::Compact { revision } => self.compact(*revision),
            Request::Defragment => {
                return (Response { revision: None, answer: Answer::Done }, events);
            }
        };
        if !events.is_empty() {
            // One revision for all changes of a request, none for a request without (R1, R2).
            self.revision += 1;
        }
        let response = match result {
            Ok(answer) => Response { revision: Some(self.revision), answer },
            Err(error) => Response { revision: None, answer: Answer::Error(error) },
        };
        (response, events)
    }

    fn apply_kv(
        &mut self,
        op: &Op,
        old: &dyn Old,
        events: &mut Vec<Event>,
    ) -> Result<Answer, Error> {
        let path = match op {
            Op::Txn(txn) => Some(self.path(txn)),
            _ => None,
        };
        self.check(op, path.as_ref(), false)?;
        Ok(self.run(op, path.as_ref(), old, events))
    }

    /// All compares are looked at before anything changes (T1).
    fn path(&self, txn: &Txn) -> Path {
        let succeeded = holds(&self.keys, txn);
        let nested = branch(txn, succeeded).iter().filter_map(|op| match op {
            Op::Txn(txn) => Some(self.path(txn)),
            _ => None,
        });
        Path { succeeded, nested: nested.collect() }
    }

    /// What fails does so before anything changes (T4).
    fn check(&self, op: &Op, path: Option<&Path>, in_txn: bool) -> Result<(), Error> {
        match op {
            Op::Range(range) => self.check_range(range, in_txn),
            Op::Put(put) => self.check_put(put, in_txn),
            Op::Delete(_) => Ok(()),
            Op::Txn(txn) => {
                let Some(path) = path else { return Ok(()) };
                let mut nested = path.nested.iter();
                branch(txn, path.succeeded).iter().try_for_each(|op| {
                    let path = if matches!(op, Op::Txn(_)) { nested.next() } else { None };
                    self.check(op, path, true)
                })
            }
        }
    }

    /// Q3, and T4b inside a transaction.
    fn check_range(&self, range: &RangeRequest, in_txn: bool) -> Result<(), Error> {
        let current = if in_txn { range.revision == 0 } else { range.revision <= 0 };
        if current {
            Ok(())
        } else if range.revision > self.revision {
            Err(Error::FutureRevision)
        } else if range.revision < self.compacted {
            Err(Error::Compacted)
        } else {
            Ok(())
        }
    }

    /// A plain put reports the lease first, one in a transaction the key (P1).
    fn check_put(&self, put: &PutRequest, in_txn: bool) -> Result<(), Error> {
        let lease = put.lease == 0 || self.leases.contains_key(&put.lease);
        let keeps = put.ignore_value || put.ignore_lease;
        let key = !keeps || self.keys.contains_key(&put.key);
        match (lease, key) {
            (true, true) => Ok(()),
            (false, true) => Err(Error::LeaseNotFound),
            (true, false) => Err(Error::KeyNotFound),
            (false, false) if in_txn => Err(Error::KeyNotFound),
            (false, false) => Err(Error::LeaseNotFound),
        }
    }

    fn run(
        &mut self,
        op: &Op,
        path: Option<&Path>,
        old: &dyn Old,
        events: &mut Vec<Event>,
    ) -> Answer {
        match op {
            Op::Range(range) => self.range(range, old, events),
            Op::Put(put) => self.put(put, events),
            Op::Delete(delete) => self.delete(delete, events),
            Op::Txn(txn) => {
                let Some(path) = path else { return Answer::Any };
                let mut nested = path.nested.iter();
                let mut answers = Vec::new();
                for op in branch(txn, path.succeeded) {
                    let path = if matches!(op, Op::Txn(_)) { nested.next() } else { None };
                    answers.push(self.run(op, path, old, events));
                }
                Answer::Txn { succeeded: path.succeeded, answers }
            }
        }
    }

    fn range(&self, range: &RangeRequest, old: &dyn Old, events: &[Event]) -> Answer {
        // A read without a revision sees what its own transaction wrote before (R3).
        let now = range.revision <= 0 || (range.revision == self.revision && events.is_empty());
        if now {
            return Answer::Range(range_in(&self.keys, range));
        }
        old.range(range).map_or(Answer::Any, Answer::Range)
    }

    fn put(&mut self, put: &PutRequest, events: &mut Vec<Event>) -> Answer {
        let before = self.keys.get(&put.key).cloned();
        let revision = self.revision + 1;
        let kept = before.as_ref();
        let now = Stored {
            value: kept.filter(|_| put.ignore_value).map_or(put.value.clone(), |b| b.value.clone()),
            create_revision: kept.map_or(revision, |b| b.create_revision),
            mod_revision: revision,
            version: kept.map_or(1, |b| b.version + 1),
            lease: kept.filter(|_| put.ignore_lease).map_or(put.lease, |b| b.lease),
        };
        self.detach(&put.key, kept.map_or(0, |b| b.lease));
        if let Some(keys) = self.leases.get_mut(&now.lease) {
            keys.insert(put.key.clone());
        }
        self.keys.insert(put.key.clone(), now.clone());
        let prev = before.as_ref().filter(|_| put.prev_kv).map(|before| before.seen(&put.key));
        events.push(Event { key: put.key.clone(), now: Some(now), before });
        Answer::Put { prev }
    }

    fn delete(&mut self, delete: &DeleteRequest, events: &mut Vec<Event>) -> Answer {
        let span = self.keys.span(&delete.key, &delete.range_end);
        let keys: Vec<Bytes> = span.map(|(key, _)| key.clone()).collect();
        let mut prev = Vec::new();
        for key in &keys {
            let Some(before) = self.remove(key, events) else { continue };
            if delete.prev_kv {
                prev.push(before.seen(key));
            }
        }
        Answer::Delete { deleted: keys.len() as i64, prev }
    }

    fn remove(&mut self, key: &Bytes, events: &mut Vec<Event>) -> Option<Stored> {
        let before = self.keys.remove(key)?;
        self.detach(key, before.lease);
        events.push(Event { key: key.clone(), now: None, before: Some(before.clone()) });
        Some(before)
    }

    fn detach(&mut self, key: &Bytes, lease: i64) {
        if let Some(keys) = self.leases.get_mut(&lease) {
            keys.remove(key);
        }
    }

    fn grant(&mut self, id: i64) -> Result<Answer, Error> {
        if self.leases.contains_key(&id) {
            return Err(Error::LeaseExists);
        }
        if id != 0 {
            self.leases.insert(id, BTreeSet::new());
        }
        Ok(Answer::LeaseGrant { id })
    }

    /// All keys of a lease go in one revision, in order of keys.
    fn revoke(&mut self, id: i64, events: &mut Vec<Event>) -> Result<Answer, Error> {
        let keys = self.leases.remove(&id).ok_or(Error::LeaseNotFound)?;
        for key in keys {
            self.remove(&key, events);
        }
        Ok(Answer::Done)
    }

    fn compact(&mut self, revision: i64) -> Result<Answer, Error> {
        if revision <= self.compacted {
            return Err(Error::Compacted);
        }
        if revision > self.revision {
            return Err(Error::FutureRevision);
        }
        self.compacted = revision;
        Ok(Answer::Done)
    }
}

fn branch(txn: &Txn, succeeded: bool) -> &[Op] {
    if succeeded { &txn.then } else { &txn.otherwise }
}
