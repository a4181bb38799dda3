//! Requests on their way through the log (`processInternalRaftRequestOnce` and `configure` in
//! `etcdserver`, and the wait list of `pkg/wait`).
//!
//! Without a leader a request waits unsent (X7); a request that was sent and never comes back is
//! left to its time-out, since it may still take effect (G2).

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::etcdserverpb::AuthenticateRequest;

use crate::limits;
use crate::{CallId, Micros};

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Call(CallId),
    /// The stream of keep-alives with this number.
    KeepAlive(CallId),
    /// What a call by HTTP waits for; the rest of it is in [`crate::http`].
    Http(CallId),
    /// The recipe that runs inside this call: it asked by itself.
    Recipe(CallId),
    /// A peer that passed on what only the leader can do.
    Peer {
        peer: u64,
        number: u64,
    },
}

impl To {
    /// The client's call that it is for; a peer has its own.
    pub(crate) fn call(self) -> Option<CallId> {
        match self {
            To::Call(call) | To::KeepAlive(call) | To::Recipe(call) | To::Http(call) => Some(call),
            To::Peer { .. } => None,
        }
    }
}

/// Who waits for a request to be applied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Waiter {
    Client(To),
    /// A login: its password was checked at this auth revision (A5).
    Login {
        to: To,
        request: AuthenticateRequest,
        auth_revision: u64,
    },
    /// A client whose request met a full database: it is told when the alarm is up (K1).
    NoSpace(To),
    /// A downgrade, answered with the cluster's version.
    Downgrade(To),
    /// This member's own name.
    Publish,
    /// The cluster's bookkeeping.
    Nobody,
}

impl Waiter {
    fn call(&self) -> Option<CallId> {
        match self {
            Waiter::Client(to)
            | Waiter::NoSpace(to)
            | Waiter::Downgrade(to)
            | Waiter::Login { to, .. } => to.call(),
            Waiter::Publish | Waiter::Nobody => None,
        }
    }
}

struct Pending {
    waiter: Waiter,
    start_us: Micros,
    /// Membership changes have no time-out at the server.
    expires: bool,
}

/// Why a request's time ran out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expired {
    pub(crate) waiter: Waiter,
    pub(crate) start_us: Micros,
    /// It never left: there was no leader to send it to.
    pub(crate) unsent: bool,
}

#[derive(Default)]
pub(crate) struct Proposals {
    unsent: Vec<(u64, Vec<u8>)>,
    unsent_changes: Vec<(u64, Bytes)>,
    pending: BTreeMap<u64, Pending>,
}

impl Proposals {
    pub(crate) fn add(&mut self, id: u64, waiter: Waiter, data: Vec<u8>, now: Micros) {
        self.pending.insert(id, Pending { waiter, start_us: now, expires: true });
        self.unsent.push((id, data));
    }

    /// A membership change: an entry of its own.
    pub(crate) fn add_change(&mut self, id: u64, waiter: Waiter, data: Bytes, now: Micros) {
        self.pending.insert(id, Pending { waiter, start_us: now, expires: false });
        self.unsent_changes.push((id, data));
    }

    pub(crate) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty() || !self.unsent_changes.is_empty()
    }

    /// Everything that waits to be proposed, in order. Requests that nobody waits for any more are
    /// left out: they never reached the log.
    pub(crate) fn take_unsent(&mut self) -> Vec<(u64, Vec<u8>)> {
        let unsent = std::mem::take(&mut self.unsent);
        unsent.into_iter().filter(|(id, _)| self.pending.contains_key(id)).collect()
    }

    pub(crate) fn take_unsent_changes(&mut self) -> Vec<(u64, Bytes)> {
        let unsent = std::mem::take(&mut self.unsent_changes);
        unsent.into_iter().filter(|(id, _)| self.pending.contains_key(id)).collect()
    }

    /// Raft did not take them: they stay for the next try.
    pub(crate) fn put_back(&mut self, unsent: Vec<(u64, Vec<u8>)>) {
        let newer = std::mem::replace(&mut self.unsent, unsent);
        self.unsent.extend(newer);
    }

    pub(crate) fn put_back_changes(&mut self, unsent: Vec<(u64, Bytes)>) {
        let newer = std::mem::replace(&mut self.unsent_changes, unsent);
        self.unsent_changes.extend(newer);
    }

    /// The request with this id was applied: whoever waited for it here.
    pub(crate) fn applied(&mut self, id: u64) -> Option<Waiter> {
        self.pending.remove(&id).map(|pending| pending.waiter)
    }

    pub(crate) fn cancel(&mut self, call: CallId) {
        self.pending.retain(|_, pending| pending.waiter.call() != Some(call));
    }

    pub(crate) fn expired(&mut self, now: Micros) -> Vec<Expired> {
        let is_over = |pending: &Pending| {
            pending.expires && pending.start_us + limits::REQUEST_TIMEOUT_US <= now
        };
        // Mostly none is: then nothing is searched.
        if !self.pending.values().any(is_over) {
            return Vec::new();
        }
        let unsent = &self.unsent;
        self.pending
            .extract_if(.., |_, pending| is_over(pending))
            .map(|(id, pending)| Expired {
                waiter: pending.waiter,
                start_us: pending.start_us,
                unsent: unsent.iter().any(|(unsent_id, _)| *unsent_id == id),
            })
            .collect()
    }
}
