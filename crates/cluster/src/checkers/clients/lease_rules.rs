//! Lease rules (L4 to L6): nobody but a client ends a lease before its time to live has passed since
//! it was granted, or since the client asked for a renewal that was granted; and somebody ends it
//! soon after, once there is a leader to do so.
//!
//! The times are the ends that can be known from outside: a grant counts from when anybody first
//! applied it, a renewal from when its client asked. Two kinds of renewals do not count, as etcd 3.4
//! and 3.5.1 grant them without looking: by a leader that was deposed and does not know it yet, and by
//! a new one that has not applied its predecessor's entries yet, where the lease's end may be.
//!
//! A leader offers a revocation again when the first is slow to come back. If somebody grants the
//! same id anew meanwhile, the second revocation ends the new lease, in etcd as here: the log knows
//! leases by their ids alone. So a lease that follows an expired one of its id is judged only once
//! such a revocation must have come through.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use frame::Role;
use history::past::Replay;
use prost::Message;
use proto::etcdserverpb::{
    LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseRevokeRequest,
};
use proto::method;

use super::{Judged, Property, What};
use crate::Micros;

/// The shortest lease (L2).
const TTL_S_MIN: i64 = 2;
/// A new leader gives every lease an election timeout more (L5).
const EXTENSION_US: Micros = 1_000_000;
/// For looking every 500 ms, offering a revocation again after 3 s when it got lost, twice, and a
/// process that stood still meanwhile.
const SLACK_US: Micros = 10_000_000;
/// Overdue leases are looked for this often.
const LOOK_US: Micros = 500_000;

#[derive(Default)]
struct Lease {
    /// As the client was told; before that as the log says.
    ttl_s: i64,
    /// From when its time counts for sure.
    counts_from_us: Micros,
    /// The latest that it may have been granted or renewed.
    touched_us: Micros,
    /// Until when a second revocation of an expired lease of this id may still come.
    shadowed_until_us: Micros,
    overdue: bool,
}

#[derive(Default)]
pub(super) struct LeaseRules {
    leases: BTreeMap<i64, Lease>,
    /// Leases that a client wanted to end.
    revoked: BTreeSet<i64>,
    /// Leases that ended because their time was up.
    expired_ids: BTreeSet<i64>,
    /// Renewals under way of each stream: the lease, and when it was asked.
    renewals: BTreeMap<(u16, u64), VecDeque<(i64, Micros)>>,
    /// Members that take themselves for the leader, and since when those are the same.
    leaders: BTreeSet<u16>,
    leaders_since_us: Micros,
    /// When a leader's first entry was applied last.
    term_applied_us: Micros,
    looked_us: Micros,
    expired: u64,
}

impl Property for LeaseRules {
    fn name(&self) -> &'static str {
        "lease rules"
    }

    fn see(&mut self, now: Micros, _: &Replay, what: &What<'_>) -> Vec<String> {
        match *what {
            What::Asked(call) if call.method == method::lease::LEASE_REVOKE => {
                if let Ok(request) = LeaseRevokeRequest::decode(call.bytes.clone()) {
                    self.revoked.insert(request.id);
                }
            }
            What::Answered(call, Ok(reply)) if call.method == method::lease::LEASE_GRANT => {
                if let Ok(response) = LeaseGrantResponse::decode(reply.clone())
                    && let Some(lease) = self.leases.get_mut(&response.id)
                {
                    lease.ttl_s = response.ttl;
                }
            }
            What::Opened { call, method: method::lease::LEASE_KEEP_ALIVE } => {
                self.renewals.insert(call, VecDeque::new());
            }
            What::Sent { call, message } => self.asked(now, call, message),
            What::Received { call, message } => self.answered(now, call, message),
            What::StreamEnded { call } => {
                self.renewals.remove(&call);
            }
            What::Applied(request) => {
                if let Some(grant) = &request.lease_grant {
                    let again = self.expired_ids.contains(&grant.id);
                    let lease = Lease {
                        ttl_s: grant.ttl.max(TTL_S_MIN),
                        counts_from_us: now,
                        touched_us: now,
                        shadowed_until_us: if again { now + SLACK_US } else { 0 },
                        overdue: false,
                    };
                    self.leases.entry(grant.id).or_insert(lease);
                }
                let mut found = Vec::new();
                if let Some(revoke) = &request.lease_revoke {
                    found.extend(self.ended(now, revoke.id));
                }
                found.extend(self.overdue(now));
                return found;
            }
            What::AppliedEmpty => self.term_applied_us = now,
            What::Role { member, role } => {
                let changed = if role == Role::Leader {
                    self.leaders.insert(member)
                } else {
                    self.leaders.remove(&member)
                };
                if changed || role == Role::Leader {
                    self.leaders_since_us = now;
                }
            }
            What::Ended { member } => {
                let led = self.leaders.remove(&member);
                self.leaders_since_us = if led { now } else { self.leaders_since_us };
            }
            What::Finish => {
                self.looked_us = 0;
                return self.overdue(now);
            }
            _ => {}
        }
        Vec::new()
    }

    fn count(&self, judged: &mut Judged) {
        judged.leases_expired = self.expired;
    }
}

impl LeaseRules {
    fn asked(&mut self, now: Micros, call: (u16, u64), message: &Bytes) {
        let Some(renewals) = self.renewals.get_mut(&call) else { return };
        let Ok(request) = LeaseKeepAliveRequest::decode(message.clone()) else { return };
        renewals.push_back((request.id, now));
        if let Some(lease) = self.leases.get_mut(&request.id) {
            lease.touched_us = now;
        }
    }

    fn answered(&mut self, now: Micros, call: (u16, u64), message: &Bytes) {
        let Some(renewals) = self.renewals.get_mut(&call) else { return };
        let Ok(response) = LeaseKeepAliveResponse::decode(message.clone()) else { return };
        let Some(place) = renewals.iter().position(|(id, _)| *id == response.id) else { return };
        let Some((id, asked_us)) = renewals.remove(place) else { return };
        let Some(lease) = self.leases.get_mut(&id) else { return };
        lease.touched_us = now;
        let one_leader = self.leaders.len() == 1
            && self.leaders_since_us < self.term_applied_us
            && self.term_applied_us < asked_us;
        if response.ttl > 0 && one_leader {
            lease.counts_from_us = lease.counts_from_us.max(asked_us);
        }
    }

    fn ended(&mut self, now: Micros, id: i64) -> Option<String> {
        let lease = self.leases.remove(&id)?;
        if self.revoked.contains(&id) {
            return None;
        }
        self.expired += 1;
        self.expired_ids.insert(id);
        if now < lease.shadowed_until_us {
            return None;
        }
        let lived_us = now.saturating_sub(lease.counts_from_us);
        (lived_us < micros(lease.ttl_s)).then(|| {
            let ttl_s = lease.ttl_s;
            format!(
                "lease {id:x} of {ttl_s} s ended {} ms after its grant or renewal",
                lived_us / 1000
            )
        })
    }

    fn overdue(&mut self, now: Micros) -> Vec<String> {
        if now < self.looked_us + LOOK_US {
            return Vec::new();
        }
        self.looked_us = now;
        let mut found = Vec::new();
        for (id, lease) in &mut self.leases {
            let from_us = lease.touched_us.max(self.leaders_since_us);
            let due_us = from_us + micros(lease.ttl_s) + EXTENSION_US + SLACK_US;
            if now > due_us && !lease.overdue {
                lease.overdue = true;
                let ttl_s = lease.ttl_s;
                let ms = (now - from_us) / 1000;
                found.push(format!("lease {id:x} of {ttl_s} s is there after {ms} ms unrenewed"));
            }
        }
        found
    }
}

fn micros(ttl_s: i64) -> Micros {
    u64::try_from(ttl_s).unwrap_or(0).saturating_mul(1_000_000)
}
