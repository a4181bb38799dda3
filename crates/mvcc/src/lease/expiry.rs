//! When leases end, as the primary sees it: promotion, demotion, and who is over (L4, L5).
//!
//! A lease that is over is offered for revocation, and again every 3 s until it is revoked, because
//! a proposal may get lost.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lessor, Micros, SECOND, micros};

/// How long to wait for a revocation before it is offered again.
const RETRY: Micros = 3 * SECOND;

/// From so many leases on, a new primary looks whether too many end at once.
const SPREAD_FROM: usize = 1000;

/// So many may end within one second after a promotion; three quarters of what is revoked in one.
const SPREAD_PER_SECOND: u64 = 750;

#[derive(Clone, Copy, Debug)]
struct Expiry {
    /// When the lease ends.
    at: Micros,
    /// When it is offered for revocation: at its end, later again.
    offer_at: Micros,
}

/// The ends of all leases.
#[derive(Clone, Debug, Default)]
pub(super) struct Expiries {
    by_id: BTreeMap<i64, Expiry>,
    offers: BTreeSet<(Micros, i64)>,
}

impl Expiries {
    pub(super) fn get(&self, id: i64) -> Option<Micros> {
        self.by_id.get(&id).map(|expiry| expiry.at)
    }

    pub(super) fn is_over(&self, id: i64, now: Micros) -> bool {
        self.get(id).is_some_and(|at| at <= now)
    }

    pub(super) fn set(&mut self, id: i64, at: Micros) {
        self.offer(id, Expiry { at, offer_at: at });
    }

    pub(super) fn remove(&mut self, id: i64) {
        if let Some(expiry) = self.by_id.remove(&id) {
            self.offers.remove(&(expiry.offer_at, id));
        }
    }

    fn offer(&mut self, id: i64, expiry: Expiry) {
        self.remove(id);
        self.by_id.insert(id, expiry);
        self.offers.insert((expiry.offer_at, id));
    }

    /// Takes up to `limit` that are due, and puts them back for the next try.
    fn take_due(&mut self, now: Micros, limit: usize) -> Vec<i64> {
        let due = self.offers.iter().take_while(|(offer_at, _)| *offer_at <= now);
        let due: Vec<i64> = due.map(|(_, id)| *id).take(limit).collect();
        for id in &due {
            if let Some(expiry) = self.by_id.get(id).copied() {
                self.offer(*id, Expiry { offer_at: now.saturating_add(RETRY), ..expiry });
            }
        }
        due
    }
}

impl Lessor {
    /// Whether this lessor watches over the ends of leases.
    pub fn is_primary(&self) -> bool {
        self.expiries.is_some()
    }

    /// Becomes the primary: every lease lives for its checkpointed or whole time from `now` on, and
    /// `extend` longer, which etcd sets to an election timeout. Where more would end within a second
    /// than can be revoked, they are spread (L5).
    pub fn promote(&mut self, now: Micros, extend: Micros) {
        let mut expiries = Expiries::default();
        for (id, lease) in &self.leases {
            let fresh_ttl_s = lease.fresh_ttl_s();
            expiries.set(*id, now.saturating_add(extend).saturating_add(micros(fresh_ttl_s)));
            self.checkpoints.schedule(*id, fresh_ttl_s, now);
        }
        self.expiries = Some(expiries);
        if self.leases.len() >= SPREAD_FROM {
            self.spread(now);
        }
    }

    /// Is no longer the primary: no lease ends by itself.
    pub fn demote(&mut self) {
        self.expiries = None;
        self.checkpoints.clear();
    }

    /// The leases that are over, those that ended first at the front, at most `limit`
    /// ([`EXPIRED_LIMIT`](super::EXPIRED_LIMIT)). The primary proposes to revoke each. One that is
    /// still there after 3 s is handed out again.
    pub fn expired(&mut self, now: Micros, limit: usize) -> Vec<i64> {
        match &mut self.expiries {
            Some(expiries) => expiries.take_due(now, limit),
            None => vec![],
        }
    }

    /// The next moment at which [`Lessor::expired`] has something to hand out.
    pub fn next_expiry(&self) -> Option<Micros> {
        self.expiries.as_ref()?.offers.first().map(|(offer_at, _)| *offer_at)
    }

    /// Walks the leases in the order of their ends in windows that begin as one second: what would be
    /// more than [`SPREAD_PER_SECOND`] in one is put off in proportion, and the window grows along.
    fn spread(&mut self, now: Micros) {
        let order = self.leases();
        let Some(expiries) = &mut self.expiries else { return };
        let remaining = |expiries: &Expiries, id| expiries.get(id).unwrap_or(now) - now;
        let mut base = order.first().map_or(0, |id| remaining(expiries, *id));
        let (mut next, mut ends) = (base.saturating_add(SECOND), 0);
        for id in order {
            let left = remaining(expiries, id);
            if left > next {
                (base, next, ends) = (left, left.saturating_add(SECOND), 1);
                continue;
            }
            ends += 1;
            if ends <= SPREAD_PER_SECOND {
                continue;
            }
            let delay = (SECOND * ends / SPREAD_PER_SECOND).saturating_sub(left - base);
            next = base.saturating_add(delay);
            expiries.set(id, now.saturating_add(left).saturating_add(delay));
        }
    }
}
