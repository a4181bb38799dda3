//! Requests on their way through the log (`processInternalRaftRequestOnce` in
//! `etcdserver/v3_server.go`, and the wait list of `pkg/wait`).
//!
//! Without a leader a request waits unsent (X7); a request that was sent and never comes back is
//! left to its time-out, since it may still take effect (G2).

use std::collections::BTreeMap;

use crate::limits;
use crate::{CallId, Micros};

/// A request that this member put into the log, until it is applied here.
struct Pending {
    /// None for the member's own requests.
    call: Option<CallId>,
    start_us: Micros,
}

/// Why a request's time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) call: Option<CallId>,
    pub(crate) start_us: Micros,
    /// It never left: there was no leader to send it to.
    pub(crate) unsent: bool,
}

#[derive(Default)]
pub(crate) struct Proposals {
    unsent: Vec<(u64, Vec<u8>)>,
    pending: BTreeMap<u64, Pending>,
}

impl Proposals {
    pub(crate) fn add(&mut self, id: u64, call: Option<CallId>, data: Vec<u8>, now: Micros) {
        self.pending.insert(id, Pending { call, start_us: now });
        self.unsent.push((id, data));
    }

    pub(crate) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Everything that waits to be proposed, in order. Requests that nobody waits for any more are
    /// left out: they never reached the log.
    pub(crate) fn take_unsent(&mut self) -> Vec<(u64, Vec<u8>)> {
        let unsent = std::mem::take(&mut self.unsent);
        unsent.into_iter().filter(|(id, _)| self.pending.contains_key(id)).collect()
    }

    /// Raft did not take them: they stay for the next try.
    pub(crate) fn put_back(&mut self, unsent: Vec<(u64, Vec<u8>)>) {
        let newer = std::mem::replace(&mut self.unsent, unsent);
        self.unsent.extend(newer);
    }

    /// The request with this id was applied. `Some` if it was this member's and is still waited
    /// for; inside it the client's call, if it had one.
    pub(crate) fn applied(&mut self, id: u64) -> Option<Option<CallId>> {
        self.pending.remove(&id).map(|pending| pending.call)
    }

    pub(crate) fn cancel(&mut self, call: CallId) {
        self.pending.retain(|_, pending| pending.call != Some(call));
    }

    pub(crate) fn expired(&mut self, now: Micros) -> Vec<Expired> {
        let unsent = &self.unsent;
        self.pending
            .extract_if(.., |_, pending| pending.start_us + limits::REQUEST_TIMEOUT_US <= now)
            .map(|(id, pending)| Expired {
                call: pending.call,
                start_us: pending.start_us,
                unsent: unsent.iter().any(|(unsent_id, _)| *unsent_id == id),
            })
            .collect()
    }
}
