//! Linearizable reads: one ReadIndex round for all that wait (X4; `linearizableReadLoop` in
//! `etcdserver/v3_server.go`).
//!
//! raft-rs drops a ReadIndex that reaches a leader before its first commit of the term, and any
//! that meets no leader: the round is asked again every 500 ms, as etcd does.

use std::collections::VecDeque;

use auth::AuthInfo;
use proto::etcdserverpb::{AuthenticateRequest, RangeRequest, TxnRequest};

use crate::limits;
use crate::proposals::To;
use crate::{CallId, Micros};

/// A call that must not be answered before its read index is applied.
pub(crate) struct Read {
    pub(crate) to: To,
    pub(crate) what: What,
    pub(crate) deadline_us: Micros,
}

/// What is read then.
pub(crate) enum What {
    Range(RangeRequest, AuthInfo),
    /// A transaction of ranges alone (T8).
    Txn(TxnRequest, AuthInfo),
    MemberList,
    /// The password, before a login is proposed (A5).
    Password(AuthenticateRequest),
}

struct Round {
    context: u64,
    asked_us: Micros,
    reads: Vec<Read>,
}

#[derive(Default)]
pub(crate) struct Reads {
    waiting: Vec<Read>,
    round: Option<Round>,
    /// Reads whose index is known, in the order of their rounds.
    confirmed: VecDeque<(u64, Vec<Read>)>,
}

impl Reads {
    pub(crate) fn add(&mut self, read: Read) {
        self.waiting.push(read);
    }

    /// The context to ask raft with, if a round is to start or to be asked again.
    pub(crate) fn next_round(&mut self, now: Micros, fresh: impl FnOnce() -> u64) -> Option<u64> {
        if let Some(round) = &mut self.round {
            if now < round.asked_us + limits::READ_INDEX_RETRY_US {
                return None;
            }
            round.asked_us = now;
            return Some(round.context);
        }
        if self.waiting.is_empty() {
            return None;
        }
        let context = fresh();
        self.round =
            Some(Round { context, asked_us: now, reads: std::mem::take(&mut self.waiting) });
        Some(context)
    }

    /// Raft's answer to a round; answers to older rounds are ignored.
    pub(crate) fn confirm(&mut self, context: &[u8], index: u64) {
        let Some(round) = self.round.take_if(|r| r.context.to_be_bytes() == *context) else {
            return;
        };
        self.confirmed.push_back((index, round.reads));
    }

    /// Reads that may be answered now that `applied` is reached.
    pub(crate) fn ready(&mut self, applied: u64) -> Vec<Read> {
        let mut ready = Vec::new();
        while self.confirmed.front().is_some_and(|(index, _)| *index <= applied) {
            ready.extend(self.confirmed.pop_front().into_iter().flat_map(|(_, reads)| reads));
        }
        ready
    }

    /// Reads of the round that is on, which end with `leader changed`.
    pub(crate) fn leader_changed(&mut self) -> Vec<Read> {
        self.round.take().map(|round| round.reads).unwrap_or_default()
    }

    /// Takes out every read whose time is up.
    pub(crate) fn expired(&mut self, now: Micros) -> Vec<Read> {
        self.take_where(|read| read.deadline_us <= now)
    }

    pub(crate) fn cancel(&mut self, call: CallId) {
        self.take_where(|read| read.to.call() == Some(call));
    }

    fn take_where(&mut self, gone: impl Fn(&Read) -> bool) -> Vec<Read> {
        let mut taken = Vec::new();
        let rounds = self.round.iter_mut().map(|round| &mut round.reads);
        let confirmed = self.confirmed.iter_mut().map(|(_, reads)| reads);
        for reads in std::iter::once(&mut self.waiting).chain(rounds).chain(confirmed) {
            taken.extend(reads.extract_if(.., |read| gone(read)));
        }
        if self.round.as_ref().is_some_and(|round| round.reads.is_empty()) {
            self.round = None;
        }
        taken
    }
}
