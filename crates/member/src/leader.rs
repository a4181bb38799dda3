//! What a leader does by itself: ending leases, keeping their remaining times, the cluster's
//! version, automatic compaction, and handing its place over (`lessor.go`, `monitorVersions`,
//! `v3compactor`, `moveLeader`).

use std::collections::VecDeque;

use mvcc::lease::Renewal;
use proto::etcdserverpb::{
    CompactionRequest, InternalRaftRequest, LeaseCheckpoint, LeaseCheckpointRequest,
    LeaseKeepAliveResponse, LeaseRevokeRequest, LeaseTimeToLiveRequest, MoveLeaderResponse,
};
use proto::{Code, Status, error};

use crate::apply::Body;
use crate::config::AutoCompaction;
use crate::limits;
use crate::member::Running;
use crate::proposals::{To, Waiter};
use crate::{CallId, Micros};

/// `periodic` looks at the revision ten times in each of its periods.
const SAMPLES_PER_PERIOD: u64 = 10;
const PERIOD_US_MAX: Micros = 3_600_000_000;
/// `revision` looks this often.
const REVISION_CHECK_US: Micros = 300_000_000;

#[derive(Default)]
pub(crate) struct LeaderDuties {
    leads: bool,
    /// Keep-alives of leases that are over, until they are revoked (L6).
    renewals: Vec<(i64, To)>,
    /// Calls that hand the leadership over.
    moves: Vec<Move>,
    compactor: Compactor,
}

struct Move {
    to: To,
    target: u64,
    deadline_us: Micros,
}

#[derive(Default)]
struct Compactor {
    last_look_us: Micros,
    last_compaction_us: Micros,
    /// Revisions as they were, oldest first.
    samples: VecDeque<i64>,
}

impl LeaderDuties {
    pub(crate) fn cancel(&mut self, call: CallId) {
        self.renewals.retain(|(_, to)| to.call() != Some(call));
        self.moves.retain(|pending| pending.to.call() != Some(call));
    }
}

impl Running {
    /// The role may have changed: whoever leads watches over the leases (L4, L5).
    pub(crate) fn leadership_changed(&mut self, now: Micros) {
        let leads = self.node.is_leader();
        if leads == self.duties.leads {
            return;
        }
        self.duties.leads = leads;
        // The first sample is taken at once.
        let samples = VecDeque::from([self.state.store.rev()]);
        self.duties.compactor = Compactor { last_look_us: now, samples, last_compaction_us: 0 };
        if leads {
            self.state.lessor.promote(now, limits::ELECTION_TIMEOUT_US);
        } else {
            self.state.lessor.demote();
            // They are asked of the next leader.
            for (id, to) in std::mem::take(&mut self.duties.renewals) {
                self.renew_elsewhere(now, to, id);
            }
        }
    }

    fn renew_elsewhere(&mut self, now: Micros, to: To, id: i64) {
        use prost::Message as _;
        use proto::{etcdserverpb::LeaseKeepAliveRequest, method};
        match to {
            To::Peer { .. } => self.answer(now, to, 0, Err(error::not_leader())),
            to => {
                let body = LeaseKeepAliveRequest { id }.encode_to_vec().into();
                self.ask_leader(now, to, method::lease::LEASE_KEEP_ALIVE, body);
            }
        }
    }

    pub(crate) fn leader_tick(&mut self, now: Micros) {
        self.finish_moves(now);
        if !self.node.is_leader() {
            return;
        }
        if self.ticks.is_multiple_of(limits::LEASE_CHECK_TICKS) {
            self.revoke_expired(now);
            self.checkpoint_leases(now);
        }
        self.sync_v2(now);
        if self.ticks.is_multiple_of(limits::VERSION_CHECK_TICKS) {
            self.monitor_version(now);
        }
        self.auto_compact(now);
    }

    fn revoke_expired(&mut self, now: Micros) {
        for id in self.state.lessor.expired(now, limits::LEASE_REVOKES_MAX) {
            let request = InternalRaftRequest {
                lease_revoke: Some(LeaseRevokeRequest { id }),
                ..InternalRaftRequest::default()
            };
            self.submit_own(now, Waiter::Nobody, request);
        }
    }

    /// L10.
    fn checkpoint_leases(&mut self, now: Micros) {
        if !self.config.lease_checkpoint {
            return;
        }
        let due = self.state.lessor.due_checkpoints(now);
        self.propose_checkpoints(now, due);
    }

    fn propose_checkpoints(&mut self, now: Micros, due: Vec<(i64, i64)>) {
        if due.is_empty() {
            return;
        }
        let checkpoints =
            due.into_iter().map(|(id, remaining_ttl)| LeaseCheckpoint { id, remaining_ttl });
        let request = InternalRaftRequest {
            lease_checkpoint: Some(LeaseCheckpointRequest { checkpoints: checkpoints.collect() }),
            ..InternalRaftRequest::default()
        };
        self.submit_own(now, Waiter::Nobody, request);
    }

    /// Renews a lease as its primary; one that is over is answered when it is revoked (L6).
    pub(crate) fn renew_lease(&mut self, now: Micros, to: To, id: i64) {
        let result = match self.state.lessor.renew(id, now) {
            Ok(Renewal::Renewed { ttl_s, clears_checkpoint }) => {
                if clears_checkpoint {
                    self.propose_checkpoints(now, vec![(id, 0)]);
                }
                let response = LeaseKeepAliveResponse { header: None, id, ttl: ttl_s };
                Ok(Body::new(&response))
            }
            Ok(Renewal::Revoking) => {
                self.duties.renewals.push((id, to));
                return;
            }
            Err(error) => Err(Status::from(error)),
        };
        self.answer(now, to, 0, result);
    }

    /// A lease is gone: who waited to renew it is told so.
    pub(crate) fn lease_ended(&mut self, now: Micros, id: i64) {
        let waiting: Vec<(i64, To)> =
            self.duties.renewals.extract_if(.., |(lease, _)| *lease == id).collect();
        for (_, to) in waiting {
            self.answer(now, to, 0, Err(error::lease_not_found()));
        }
    }

    /// L7.
    pub(crate) fn lease_time_to_live(&self, now: Micros, request: &LeaseTimeToLiveRequest) -> Body {
        let (store, lessor) = (&self.state.store, &self.state.lessor);
        let mut response = mvcc::request::lease_time_to_live(store, lessor, request, now);
        response.header = None;
        Body::new(&response)
    }

    /// X6: hands over to a voter that is known, and answers when it leads.
    pub(crate) fn move_leader(
        &mut self,
        now: Micros,
        to: To,
        target: u64,
    ) -> Result<Option<Body>, Status> {
        if !self.node.is_leader() {
            return Err(error::not_leader());
        }
        if !self.state.membership.voters().any(|member| member.id == target) {
            return Err(error::bad_leader_transferee());
        }
        if target == self.id {
            return Ok(Some(Body::new(&MoveLeaderResponse::default())));
        }
        self.node.transfer_leader(target);
        let deadline_us = now + limits::REQUEST_TIMEOUT_US;
        self.duties.moves.push(Move { to, target, deadline_us });
        Ok(None)
    }

    fn finish_moves(&mut self, now: Micros) {
        let leader = self.node.leader();
        let done: Vec<Move> = self
            .duties
            .moves
            .extract_if(.., |m| leader == Some(m.target) || m.deadline_us <= now)
            .collect();
        for Move { to, target, .. } in done {
            let result = if leader == Some(target) {
                Ok(Body::new(&MoveLeaderResponse::default()))
            } else {
                let text = "etcdserver: request timed out, leader transfer took too long";
                Err(Status::new(Code::Unknown, text))
            };
            self.answer(now, to, 0, result);
        }
    }

    /// K8.
    fn auto_compact(&mut self, now: Micros) {
        let compactor = &mut self.duties.compactor;
        let current = self.state.store.rev();
        let target = match self.config.auto_compaction {
            AutoCompaction::Off => return,
            AutoCompaction::Revision { retention } => {
                if now < compactor.last_look_us + REVISION_CHECK_US {
                    return;
                }
                compactor.last_look_us = now;
                current - retention
            }
            AutoCompaction::Periodic { retention_us } => {
                let period_us = retention_us.clamp(1, PERIOD_US_MAX);
                let interval_us = (period_us / SAMPLES_PER_PERIOD).max(limits::TICK_US);
                if now < compactor.last_look_us + interval_us {
                    return;
                }
                compactor.last_look_us = now;
                compactor.samples.push_back(current);
                let kept = (retention_us / interval_us).max(1) as usize;
                if compactor.samples.len() <= kept || now < compactor.last_compaction_us + period_us
                {
                    return;
                }
                while compactor.samples.len() > kept + 1 {
                    compactor.samples.pop_front();
                }
                compactor.last_compaction_us = now;
                compactor.samples.pop_front().unwrap_or(0)
            }
        };
        if target <= self.state.store.compact_rev().max(0) {
            return;
        }
        let request = InternalRaftRequest {
            compaction: Some(CompactionRequest { revision: target, physical: false }),
            ..InternalRaftRequest::default()
        };
        self.submit_own(now, Waiter::Nobody, request);
    }
}
