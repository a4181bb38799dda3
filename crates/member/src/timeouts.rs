//! Requests and reads whose time at the server is up, and the member's own name on its way to the
//! log (X5; `parseProposeCtxErr` and `publish` in `etcdserver/server.go`).

use proto::membershippb::Attributes;
use proto::{Code, Status, error};

use crate::Micros;
use crate::apply_v2;
use crate::limits;
use crate::member::Running;
use crate::proposals::{Expired, Waiter};

impl Running {
    pub(crate) fn expire(&mut self, now: Micros) {
        for expired in self.proposals.expired(now) {
            let status = self.timeout_status(now, &expired);
            match expired.waiter {
                Waiter::Client(to) => self.answer(now, to, 0, Err(status)),
                Waiter::Login { to, .. } => self.answer(now, to, 0, Err(status)),
                Waiter::Downgrade(to) => self.answer(now, to, 0, Err(status)),
                Waiter::NoSpace(to) => self.answer(now, to, 0, Err(error::no_space())),
                Waiter::Publish => self.publishing = false,
                Waiter::Nobody => {}
            }
        }
        for read in self.reads.expired(now) {
            self.answer(now, read.to, 0, Err(error::timeout()));
        }
    }

    /// `parseProposeCtxErr`: which time-out this is. A proposal that raft never took ends with the
    /// context's own error.
    fn timeout_status(&self, now: Micros, expired: &Expired) -> Status {
        if expired.unsent {
            return Status::new(Code::DeadlineExceeded, "context deadline exceeded");
        }
        let lost_us = self.leader_elected_us.saturating_sub(2 * limits::ELECTION_TIMEOUT_US);
        if expired.start_us > lost_us && expired.start_us < self.leader_elected_us {
            return error::timeout_due_to_leader_fail();
        }
        let quorum = self.state.membership.voters().count() / 2 + 1;
        let connected = match self.node.leader() {
            None => true,
            Some(leader) if leader == self.id => self.active_peers(now) + 1 >= quorum,
            Some(leader) => self.heard_us.contains_key(&leader),
        };
        if connected { error::timeout() } else { error::timeout_due_to_connection_lost() }
    }

    /// Tells the cluster this member's name and client URLs, once it has a leader (M5).
    pub(crate) fn publish(&mut self, now: Micros) {
        if self.published || self.publishing || self.node.leader().is_none() {
            return;
        }
        let attributes = Attributes {
            name: self.config.name.clone(),
            client_urls: self.config.advertise_client_urls.clone(),
        };
        let request = apply_v2::publish(self.id, &attributes);
        self.publishing = true;
        self.submit_v2(now, Waiter::Publish, request);
    }
}
