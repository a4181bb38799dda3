//! The lease table: which leases there are, which keys hang on them, and, on the leader, when they
//! end (L1 to L11).
//!
//! Mirrors `server/lease` (`lease` in 3.4). Ids, times to live, checkpoints and attached keys are
//! replicated: every member holds the same, because they change only by what is applied. Expiry
//! times are the primary's own, which is the raft leader: [`Lessor::promote`] sets them,
//! [`Lessor::demote`] forgets them, and nothing of them is ever written down. Left out: the loop that
//! asks every 500 ms and the proposals it makes, which are the member's, as is sending a keep-alive to
//! the leader (L2).

mod bucket;
mod checkpoint;
mod error;
mod expiry;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

pub use error::LeaseError;

use checkpoint::Checkpoints;
use expiry::Expiries;

/// A moment or a span, in microseconds of virtual time.
pub type Micros = u64;

/// The longest time to live, in seconds.
pub const MAX_LEASE_TTL_S: i64 = 9_000_000_000;

/// The most leases that one look at the expired ones hands out, as etcd's loop takes them (L4).
pub const EXPIRED_LIMIT: usize = 500;

const SECOND: Micros = 1_000_000;

/// A lease as it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    pub id: i64,
    /// What was asked for, or the least that is given.
    pub ttl_s: i64,
}

/// What a keep-alive comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It lives `ttl_s` from now on. With `clears_checkpoint` the primary has to propose a checkpoint
    /// of 0 s, or the next leader would go by the old one.
    Renewed { ttl_s: i64, clears_checkpoint: bool },
    /// It is over, but its end is not applied yet. Who asked must wait until it is revoked, which
    /// then is `requested lease not found`, or until this lessor is no longer the primary (L6).
    Revoking,
}

/// What there is to tell about one lease (L7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeToLive<'a> {
    pub granted_ttl_s: i64,
    /// What remains, cut to whole seconds; negative when its end is overdue. On a member that is not
    /// the primary this is as good as for ever.
    pub ttl_s: i64,
    /// The keys attached, in order.
    pub keys: &'a BTreeSet<Bytes>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lease {
    ttl_s: i64,
    /// What a checkpoint said remains; 0 or less: the whole time.
    remaining_ttl_s: i64,
    keys: BTreeSet<Bytes>,
}

impl Lease {
    /// What the lease gets when its time starts anew.
    fn fresh_ttl_s(&self) -> i64 {
        if self.remaining_ttl_s > 0 { self.remaining_ttl_s } else { self.ttl_s }
    }
}

/// The leases of one member.
#[derive(Clone, Debug)]
pub struct Lessor {
    min_ttl_s: i64,
    leases: BTreeMap<i64, Lease>,
    attached: BTreeMap<Bytes, i64>,
    /// Kept by the primary only.
    expiries: Option<Expiries>,
    checkpoints: Checkpoints,
}

impl Lessor {
    /// No leases. None is granted for less than `min_ttl_s` seconds; etcd's own figure is one and a
    /// half election timeouts, rounded up: 2 s by default (L1).
    pub fn new(min_ttl_s: i64) -> Lessor {
        Lessor {
            min_ttl_s,
            leases: BTreeMap::new(),
            attached: BTreeMap::new(),
            expiries: None,
            checkpoints: Checkpoints::default(),
        }
    }

    /// Grants a lease; its time starts `now` if this is the primary (L1).
    ///
    /// # Errors
    /// `lease not found` for id 0, which is for the server to replace before it proposes;
    /// `too large lease TTL`; `lease already exists`.
    pub fn grant(&mut self, id: i64, ttl_s: i64, now: Micros) -> Result<Granted, LeaseError> {
        if id == 0 {
            return Err(LeaseError::NotFound);
        }
        if ttl_s > MAX_LEASE_TTL_S {
            return Err(LeaseError::TtlTooLarge);
        }
        if self.leases.contains_key(&id) {
            return Err(LeaseError::Exists);
        }
        let ttl_s = ttl_s.max(self.min_ttl_s);
        self.leases.insert(id, Lease { ttl_s, ..Lease::default() });
        if let Some(expiries) = &mut self.expiries {
            expiries.set(id, now.saturating_add(micros(ttl_s)));
            self.checkpoints.schedule(id, ttl_s, now);
        }
        Ok(Granted { id, ttl_s })
    }

    /// Ends a lease; the keys that go with it, in order. Deleting them is the store's part:
    /// [`request::lease_revoke`](crate::request::lease_revoke) does both.
    ///
    /// # Errors
    /// `lease not found`.
    pub fn revoke(&mut self, id: i64) -> Result<Vec<Bytes>, LeaseError> {
        let lease = self.leases.remove(&id).ok_or(LeaseError::NotFound)?;
        for key in &lease.keys {
            self.attached.remove(key);
        }
        if let Some(expiries) = &mut self.expiries {
            expiries.remove(id);
        }
        self.checkpoints.forget(id);
        Ok(lease.keys.into_iter().collect())
    }

    /// Starts a lease's time anew (L6).
    ///
    /// # Errors
    /// `not a primary lessor`, `lease not found`.
    pub fn renew(&mut self, id: i64, now: Micros) -> Result<Renewal, LeaseError> {
        let expiries = self.expiries.as_mut().ok_or(LeaseError::NotPrimary)?;
        let lease = self.leases.get(&id).ok_or(LeaseError::NotFound)?;
        if expiries.is_over(id, now) {
            return Ok(Renewal::Revoking);
        }
        let clears_checkpoint = self.checkpoints.are_on() && lease.remaining_ttl_s > 0;
        let fresh = if clears_checkpoint { lease.ttl_s } else { lease.fresh_ttl_s() };
        expiries.set(id, now.saturating_add(micros(fresh)));
        Ok(Renewal::Renewed { ttl_s: lease.ttl_s, clears_checkpoint })
    }

    /// What there is to tell about a lease; `None` for an unknown one, which the API answers with -1
    /// and no error (L7).
    pub fn time_to_live(&self, id: i64, now: Micros) -> Option<TimeToLive<'_>> {
        let lease = self.leases.get(&id)?;
        // Without an end the time is the longest that Go can tell, about 292 years.
        let ttl_s = match self.expiry(id) {
            Some(expiry) if expiry >= now => seconds(expiry - now),
            Some(expiry) => -seconds(now - expiry),
            None => i64::MAX / 1_000_000_000,
        };
        Some(TimeToLive { granted_ttl_s: lease.ttl_s, ttl_s, keys: &lease.keys })
    }

    /// All leases, those that end first at the front; by id where that is the same, as it is on a
    /// member that is not the primary (L8).
    pub fn leases(&self) -> Vec<i64> {
        let mut leases: Vec<(Micros, i64)> =
            self.leases.keys().map(|id| (self.expiry(*id).unwrap_or(Micros::MAX), *id)).collect();
        leases.sort_unstable();
        leases.into_iter().map(|(_, id)| id).collect()
    }

    /// Hangs a key on a lease, and takes it off the one it hung on before (L9).
    ///
    /// # Errors
    /// `lease not found`.
    pub fn attach(&mut self, id: i64, key: Bytes) -> Result<(), LeaseError> {
        if !self.exists(id) {
            return Err(LeaseError::NotFound);
        }
        if self.lease_of(&key) == id {
            return Ok(());
        }
        self.detach(&key);
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.keys.insert(key.clone());
        }
        self.attached.insert(key, id);
        Ok(())
    }

    /// Takes a key off its lease, if it hangs on one.
    pub fn detach(&mut self, key: &[u8]) {
        let Some(id) = self.attached.remove(key) else { return };
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.keys.remove(key);
        }
    }

    /// The lease that a key hangs on; 0 for none.
    pub fn lease_of(&self, key: &[u8]) -> i64 {
        // Most stores have no leases, and their puts need not look.
        if self.attached.is_empty() { 0 } else { self.attached.get(key).copied().unwrap_or(0) }
    }

    /// Whether there is such a lease. One that is over counts until it is revoked.
    pub fn exists(&self, id: i64) -> bool {
        self.leases.contains_key(&id)
    }

    /// The keys that hang on a lease, in order; none for an unknown one.
    pub fn keys(&self, id: i64) -> impl Iterator<Item = &Bytes> {
        self.leases.get(&id).into_iter().flat_map(|lease| &lease.keys)
    }

    /// How many leases there are.
    pub fn len(&self) -> usize {
        self.leases.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// When the lease ends; `None` where nobody watches over it.
    fn expiry(&self, id: i64) -> Option<Micros> {
        self.expiries.as_ref()?.get(id)
    }
}

fn micros(seconds: i64) -> Micros {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(SECOND)
}

fn seconds(micros: Micros) -> i64 {
    (micros / SECOND) as i64
}
