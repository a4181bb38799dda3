//! Lease, its unary half (`v3rpc/lease.go`, `etcdserver/v3_server.go`).

use bytes::Bytes;
use proto::etcdserverpb::{
    InternalRaftRequest, LeaseGrantRequest, LeaseLeasesResponse, LeaseRevokeRequest, LeaseStatus,
};
use proto::method;

use super::{Answer, Caller, decode, unknown_method};
use crate::apply::Body;
use crate::member::Running;

impl Running {
    pub(super) fn lease(&mut self, caller: Caller<'_>, method: &str, body: Bytes) -> Answer {
        match method {
            method::lease::LEASE_GRANT => self.lease_grant(caller, decode(body)?),
            method::lease::LEASE_REVOKE => {
                let revoke: LeaseRevokeRequest = decode(body)?;
                let request = InternalRaftRequest {
                    lease_revoke: Some(revoke),
                    ..InternalRaftRequest::default()
                };
                self.write(caller, request)
            }
            method::lease::LEASE_TIME_TO_LIVE => {
                self.ask_leader(caller.now, caller.to, method::lease::LEASE_TIME_TO_LIVE, body);
                Ok(None)
            }
            method::lease::LEASE_LEASES => Ok(Some(self.leases())),
            _ => Err(unknown_method(method)),
        }
    }

    /// L1: without an id the server picks one.
    pub(crate) fn lease_grant(
        &mut self,
        caller: Caller<'_>,
        mut grant: LeaseGrantRequest,
    ) -> Answer {
        while grant.id == 0 {
            grant.id = (self.fresh_id() & i64::MAX as u64) as i64;
        }
        let request =
            InternalRaftRequest { lease_grant: Some(grant), ..InternalRaftRequest::default() };
        self.write_within_quota(caller, request)
    }

    /// L8: of what this member knows.
    fn leases(&self) -> Body {
        let leases = self.state.lessor.leases().into_iter().map(|id| LeaseStatus { id });
        Body::new(&LeaseLeasesResponse { header: None, leases: leases.collect() })
    }
}
