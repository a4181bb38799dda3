//! Lease, its unary half (`v3rpc/lease.go`, `etcdserver/v3_server.go`).

use bytes::Bytes;
use proto::etcdserverpb::{
    InternalRaftRequest, LeaseGrantRequest, LeaseLeasesResponse, LeaseRevokeRequest, LeaseStatus,
    LeaseTimeToLiveRequest,
};
use proto::{Status, method};

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
                self.check_time_to_live(caller, &decode(body.clone())?)?;
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

    /// A8: the keys of a lease are for those who may read them. As in etcd, nobody is everybody here.
    fn check_time_to_live(
        &mut self,
        caller: Caller<'_>,
        request: &LeaseTimeToLiveRequest,
    ) -> Result<(), Status> {
        if !request.keys {
            return Ok(());
        }
        let Some(info) = self.auth_info(caller.now, caller.metadata)? else { return Ok(()) };
        let keys = self.state.lease_keys(request.id);
        Ok(self.state.auth.check_lease_time_to_live(&info, &keys)?)
    }

    /// L8: of what this member knows.
    fn leases(&self) -> Body {
        let leases = self.state.lessor.leases().into_iter().map(|id| LeaseStatus { id });
        Body::new(&LeaseLeasesResponse { header: None, leases: leases.collect() })
    }
}
