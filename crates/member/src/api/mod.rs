//! The API: what a unary call does (`etcdserver/api/v3rpc`, `etcdserver/v3_server.go`).
//!
//! Requests are checked before they enter the log, in etcd's order and with etcd's texts. One file
//! for each service; streams have their own module, and so have the recipes of Lock and Election.
//! Left out: Snapshot, which comes with the files.

mod auth;
mod cluster;
mod kv;
mod lease;
mod maintenance;

use ::auth::AuthInfo;
use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::{InternalRaftRequest, RangeRequest, ResponseHeader};
use proto::{Code, Metadata, Status, error, method};

use crate::apply::Body;
use crate::limits;
use crate::member::Running;
use crate::proposals::{To, Waiter};
use crate::{CallId, Micros};

/// A body to answer with now, or none when the answer comes later.
pub(crate) type Answer = Result<Option<Body>, Status>;

/// One call on its way through the API.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) now: Micros,
    /// Where the answer goes.
    pub(crate) to: To,
    pub(crate) metadata: &'a Metadata,
}

impl Running {
    pub(crate) fn call(
        &mut self,
        now: Micros,
        call: CallId,
        method: &str,
        metadata: &Metadata,
        request: Bytes,
    ) {
        if method == proto::http::METHOD {
            return self.http(now, call, metadata, request);
        }
        let caller = Caller { now, to: To::Call(call), metadata };
        let result = self.admit(method, metadata, &request).and_then(|()| {
            let service = method.rsplit_once('/').map_or("", |(service, _)| service);
            match service {
                "/etcdserverpb.KV" => self.kv(caller, method, request),
                "/etcdserverpb.Lease" => self.lease(caller, method, request),
                "/etcdserverpb.Auth" => self.auth(caller, method, request),
                "/etcdserverpb.Cluster" => self.cluster(caller, method, request),
                "/etcdserverpb.Maintenance" => self.maintenance(caller, method, request),
                "/v3lockpb.Lock" | "/v3electionpb.Election" => {
                    self.concurrency(caller, method, request)
                }
                _ => Err(unknown_method(method)),
            }
        });
        match result {
            Ok(Some(body)) => self.answer(now, To::Call(call), 0, Ok(body)),
            Ok(None) => {}
            Err(status) => self.reply(call, Err(status)),
        }
    }

    /// What stands before every service: gRPC's size limit, then etcd's interceptors.
    fn admit(&self, method: &str, metadata: &Metadata, request: &Bytes) -> Result<(), Status> {
        let bytes_max = self.config.max_request_bytes as usize + limits::GRPC_OVERHEAD_BYTES;
        if request.len() > bytes_max {
            let text = format!(
                "grpc: received message larger than max ({} vs. {bytes_max})",
                request.len()
            );
            return Err(Status::new(Code::ResourceExhausted, text));
        }
        if self.is_learner() && !is_for_learners(method, request) {
            return Err(self.not_for_learners());
        }
        if metadata.require_leader && self.node.leader().is_none() {
            return Err(error::no_leader());
        }
        Ok(())
    }

    pub(crate) fn is_learner(&self) -> bool {
        self.state.membership.get(self.id).is_some_and(|member| member.is_learner)
    }

    /// M7; up to 3.5 the code is Unavailable.
    pub(crate) fn not_for_learners(&self) -> Status {
        let refusal = error::not_supported_for_learner();
        match self.config.profile {
            // Section 16: its code is a newer one.
            crate::Profile::V3_6 => refusal,
            _ => Status::new(Code::Unavailable, refusal.message),
        }
    }

    /// Who calls: by token, else by certificate; nobody while auth is off (A3).
    pub(crate) fn auth_info(
        &mut self,
        now: Micros,
        metadata: &Metadata,
    ) -> Result<Option<AuthInfo>, ::auth::Error> {
        if !self.state.auth.is_enabled() {
            // A token is looked up whether auth is on or not, and switching it off ends them all.
            let is_stale = metadata.token.is_some();
            return if is_stale { Err(::auth::Error::InvalidAuthToken) } else { Ok(None) };
        }
        let token = metadata.token.as_deref();
        if let Some(info) = self.state.auth.info(&mut self.tokens, token, now)? {
            return Ok(Some(info));
        }
        let common_name = metadata.common_name.as_deref().filter(|_| self.config.client_cert_auth);
        Ok(common_name.map(|name| self.state.auth.info_from_common_name(name)))
    }

    /// A13: a token of a login that is not applied here yet waits for it.
    pub(crate) fn login_to_wait_for(&self, metadata: &Metadata) -> Option<u64> {
        let token = metadata.token.as_deref()?;
        ::auth::token_index(token).filter(|index| *index > self.applied)
    }

    /// Puts a request into the log; the answer comes when it is applied.
    pub(crate) fn write(&mut self, caller: Caller<'_>, request: InternalRaftRequest) -> Answer {
        if self.node.commit() > self.applied + limits::COMMIT_APPLY_GAP_MAX {
            // The server maps it to a client's type, so that its code gets lost (M4).
            return Err(Status::new(Code::Unknown, error::too_many_requests().message));
        }
        let info = self.auth_info(caller.now, caller.metadata)?;
        if request.encoded_len() > self.config.max_request_bytes as usize {
            return Err(error::request_too_large());
        }
        self.submit(caller.now, Waiter::Client(caller.to), info, request);
        Ok(None)
    }

    /// The same for what takes space: a full database raises the alarm first (K1).
    pub(crate) fn write_within_quota(
        &mut self,
        caller: Caller<'_>,
        request: InternalRaftRequest,
    ) -> Answer {
        let at = self.at(caller.now, self.applied);
        if self.state.is_over_quota(&request, at) {
            self.raise_no_space(caller.now, Some(caller.to));
            return Ok(None);
        }
        self.write(caller, request)
    }

    /// A7, in the words of the services that map auth's errors.
    fn check_admin(&mut self, caller: Caller<'_>) -> Result<(), Status> {
        let info = self.auth_info(caller.now, caller.metadata)?.unwrap_or_default();
        Ok(self.state.auth.is_admin_permitted(&info)?)
    }

    pub(crate) fn header(&self, revision: i64) -> ResponseHeader {
        ResponseHeader {
            cluster_id: self.cluster_id,
            member_id: self.id,
            revision,
            raft_term: self.node.term(),
        }
    }
}

/// M7: Status, and ranges that ask nobody else.
fn is_for_learners(method: &str, request: &Bytes) -> bool {
    match method {
        method::maintenance::STATUS => true,
        method::kv::RANGE => RangeRequest::decode(request.clone()).is_ok_and(|r| r.serializable),
        _ => false,
    }
}

pub(crate) fn decode<M: Message + Default>(body: Bytes) -> Result<M, Status> {
    M::decode(body).map_err(|e| {
        let text = format!("grpc: error unmarshalling request: {e}");
        Status::new(Code::Internal, text)
    })
}

/// gRPC's own answer to a method that the server does not have.
pub(crate) fn unknown_method(path: &str) -> Status {
    let text = match path.trim_start_matches('/').split_once('/') {
        Some((service, name)) => format!("unknown method {name} for service {service}"),
        None => format!("malformed method name: {path:?}"),
    };
    Status::new(Code::Unimplemented, text)
}
