//! Checkpoints: the primary tells the others from time to time how much of a long lease is left, so
//! that a change of leader does not give back its whole time (L10).
//!
//! Off unless asked for, as in 3.4 and 3.5.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lessor, Micros, SECOND, seconds};

/// The most checkpoints in one proposal.
pub(super) const BATCH_LIMIT: usize = 1000;

/// When which lease is to be checkpointed.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints {
    interval: Option<Micros>,
    by_id: BTreeMap<i64, Micros>,
    due: BTreeSet<(Micros, i64)>,
}

impl Checkpoints {
    pub(super) fn are_on(&self) -> bool {
        self.interval.is_some()
    }

    /// Plans the next checkpoint, if the lease lives longer than until then.
    pub(super) fn schedule(&mut self, id: i64, ttl_s: i64, now: Micros) {
        let Some(interval) = self.interval else { return };
        if ttl_s > seconds(interval) {
            self.forget(id);
            let at = now.saturating_add(interval);
            self.by_id.insert(id, at);
            self.due.insert((at, id));
        }
    }

    pub(super) fn forget(&mut self, id: i64) {
        if let Some(at) = self.by_id.remove(&id) {
            self.due.remove(&(at, id));
        }
    }

    pub(super) fn clear(&mut self) {
        self.by_id.clear();
        self.due.clear();
    }

    fn take_due(&mut self, now: Micros) -> Option<i64> {
        let (_, id) = *self.due.first().filter(|(at, _)| *at <= now)?;
        self.forget(id);
        Some(id)
    }
}

impl Lessor {
    /// Turns checkpoints on, one every `interval` (etcd's is 5 min) for each lease that lives longer.
    pub fn with_checkpoints(mut self, interval: Micros) -> Lessor {
        self.checkpoints.interval = Some(interval);
        self
    }

    /// What the primary is to checkpoint now: id and remaining seconds, rounded up; at most 1000, so
    /// ask again until fewer come.
    pub fn due_checkpoints(&mut self, now: Micros) -> Vec<(i64, i64)> {
        let mut due = vec![];
        while due.len() < BATCH_LIMIT {
            let Some(id) = self.checkpoints.take_due(now) else { break };
            let (Some(expiry), Some(lease)) = (self.expiry(id), self.leases.get(&id)) else {
                continue;
            };
            let remaining_ttl_s = expiry.saturating_sub(now).div_ceil(SECOND) as i64;
            if remaining_ttl_s > 0 && remaining_ttl_s < lease.ttl_s {
                due.push((id, remaining_ttl_s));
            }
        }
        due
    }

    /// Applies a checkpoint: what the next primary starts the lease with; 0 for its whole time. An
    /// unknown lease is no error.
    pub fn checkpoint(&mut self, id: i64, remaining_ttl_s: i64, now: Micros) {
        let Some(lease) = self.leases.get_mut(&id) else { return };
        lease.remaining_ttl_s = remaining_ttl_s;
        let fresh_ttl_s = lease.fresh_ttl_s();
        if self.is_primary() {
            self.checkpoints.schedule(id, fresh_ttl_s, now);
        }
    }
}
