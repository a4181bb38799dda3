//! Linearizability (G1): the applied log is the one order in which everything happened, and every
//! answer is what a correct etcd says at its place ([`history::kv`]).

use bytes::Bytes;
use history::kv;
use history::past::Replay;
use history::request::{Answer, Error, Request, Response};
use proto::{Code, Status, error};

use super::{Call, Judged, wire};
use crate::Micros;

const NAME: &str = "linearizable history";

/// Revisions that reads are judged back to: all of any run.
const WINDOW_REVISIONS: u32 = 1 << 24;

pub(super) struct Linearizable {
    checker: kv::Checker,
    told: usize,
}

impl Default for Linearizable {
    fn default() -> Self {
        Linearizable { checker: kv::Checker::new(WINDOW_REVISIONS), told: 0 }
    }
}

impl Linearizable {
    pub(super) fn name(&self) -> &'static str {
        NAME
    }

    pub(super) fn replay(&self) -> &Replay {
        self.checker.replay()
    }

    pub(super) fn asked(&mut self, now: Micros, call: &Call) {
        if let Some(prefix) = wire::served_prefix(&call.method, &call.bytes) {
            self.checker.served(prefix);
        }
        let Some(request) = &call.request else { return };
        self.checker.invoke(call.op, u32::from(call.host), now, request.clone());
    }

    pub(super) fn applied(&mut self, request: Request, index: u64) {
        self.checker.applied(request, index);
    }

    pub(super) fn answered(&mut self, now: Micros, call: &Call, result: &Result<Bytes, Status>) {
        let Some(request) = &call.request else { return };
        match result {
            Ok(bytes) => match wire::response(request, bytes) {
                Some(response) => self.checker.returned(call.op, now, response),
                None => self.checker.lost(call.op),
            },
            Err(status) => match failure(status) {
                Failure::Says(error) => {
                    let response = Response { revision: None, answer: Answer::Error(error) };
                    self.checker.returned(call.op, now, response);
                }
                Failure::Rejected => self.checker.rejected(call.op),
                Failure::Unknown => self.checker.lost(call.op),
            },
        }
    }

    pub(super) fn unanswered(&mut self, call: &Call, refused: bool) {
        if call.request.is_none() {
            return;
        }
        if refused {
            self.checker.rejected(call.op);
        } else {
            self.checker.lost(call.op);
        }
    }

    pub(super) fn take_new(&mut self) -> Vec<(&'static str, String)> {
        let new = &self.checker.violations()[self.told..];
        self.told += new.len();
        new.iter().map(|text| (NAME, text.clone())).collect()
    }

    pub(super) fn count(&self, judged: &mut Judged) {
        let counts = self.checker.counts();
        judged.answers = counts.judged;
        judged.not_judged = counts.not_judged;
    }
}

/// What a failure says about the request.
enum Failure {
    /// What the model would say, at the request's place in the order.
    Says(Error),
    /// It did not and will not happen.
    Rejected,
    /// It may have happened, or may happen later.
    Unknown,
}

fn failure(status: &Status) -> Failure {
    let is = |other: Status| status.message == other.message;
    if is(error::compacted()) {
        Failure::Says(Error::Compacted)
    } else if is(error::future_rev()) {
        Failure::Says(Error::FutureRevision)
    } else if is(error::lease_not_found()) {
        Failure::Says(Error::LeaseNotFound)
    } else if is(error::lease_exists()) {
        Failure::Says(Error::LeaseExists)
    } else if is(error::key_not_found()) {
        Failure::Says(Error::KeyNotFound)
    } else if is(error::not_supported_for_learner()) || is(error::too_many_requests()) {
        Failure::Rejected
    } else {
        match status.code {
            Code::InvalidArgument
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::Unimplemented => Failure::Rejected,
            _ => Failure::Unknown,
        }
    }
}
