//! The API: what a unary call does (`etcdserver/api/v3rpc`, `etcdserver/v3_server.go`).
//!
//! Requests are checked before they enter the log, in etcd's order and with etcd's texts.

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::{
    DeleteRangeRequest, HashKvRequest, HashKvResponse, InternalRaftRequest, Member,
    MemberListResponse, PutRequest, RangeRequest, ResponseHeader, StatusResponse,
};
use proto::{Code, Status, method};

use crate::limits;
use crate::member::Running;
use crate::reads::Read;
use crate::{CallId, Micros};

impl Running {
    pub(crate) fn call(&mut self, now: Micros, call: CallId, method: &str, request: Bytes) {
        let result = match method {
            method::kv::RANGE => self.range(now, call, request),
            method::kv::PUT => self.put(now, call, request),
            method::kv::DELETE_RANGE => self.delete_range(now, call, request),
            method::cluster::MEMBER_LIST => self.member_list().map(Some),
            method::maintenance::STATUS => self.maintenance_status().map(Some),
            method::maintenance::HASH_KV => self.hash_kv(request).map(Some),
            _ => Err(unknown_method(method)),
        };
        match result {
            Ok(Some(body)) => self.reply(call, Ok(body)),
            Ok(None) => {}
            Err(status) => self.reply(call, Err(status)),
        }
    }

    /// Q10: a linearizable range waits for its read index, a serializable one is answered at once.
    fn range(&mut self, now: Micros, call: CallId, body: Bytes) -> Answer {
        let request = decode::<RangeRequest>(&body)?;
        mvcc::request::check_range(&request)?;
        if request.serializable {
            return self.read_now(method::kv::RANGE, body).map(Some);
        }
        self.reads.add(Read {
            call,
            method: method::kv::RANGE.to_string(),
            request: body,
            deadline_us: now + limits::REQUEST_TIMEOUT_US,
        });
        Ok(None)
    }

    /// Answers a read from the state that is applied now.
    pub(crate) fn read_now(&mut self, method: &str, body: Bytes) -> Result<Bytes, Status> {
        assert_eq!(method, method::kv::RANGE, "only ranges wait for a read index");
        let request = decode::<RangeRequest>(&body)?;
        let mut response = mvcc::request::range(&self.state.store, &request)?;
        self.fill_header(&mut response.header);
        Ok(response.encode_to_vec().into())
    }

    fn put(&mut self, now: Micros, call: CallId, body: Bytes) -> Answer {
        let put = decode::<PutRequest>(&body)?;
        mvcc::request::check_put(&put)?;
        let request = InternalRaftRequest { put: Some(put), ..InternalRaftRequest::default() };
        self.write(now, call, request)
    }

    fn delete_range(&mut self, now: Micros, call: CallId, body: Bytes) -> Answer {
        let delete_range = decode::<DeleteRangeRequest>(&body)?;
        mvcc::request::check_delete_range(&delete_range)?;
        let request = InternalRaftRequest {
            delete_range: Some(delete_range),
            ..InternalRaftRequest::default()
        };
        self.write(now, call, request)
    }

    fn write(&mut self, now: Micros, call: CallId, request: InternalRaftRequest) -> Answer {
        if self.node.commit() > self.applied + limits::COMMIT_APPLY_GAP_MAX {
            return Err(proto::error::too_many_requests());
        }
        if request.encoded_len() > limits::REQUEST_BYTES_MAX {
            return Err(proto::error::request_too_large());
        }
        self.submit(now, Some(call), request);
        Ok(None)
    }

    /// M11: answered locally in 3.4. Its header has no revision.
    fn member_list(&mut self) -> Result<Bytes, Status> {
        let members = self.state.membership.members().map(|member| Member {
            id: member.id,
            name: member.name.clone(),
            peer_ur_ls: member.peer_urls.clone(),
            client_ur_ls: member.client_urls.clone(),
            is_learner: member.is_learner,
        });
        let response =
            MemberListResponse { members: members.collect(), header: Some(self.header(0)) };
        Ok(response.encode_to_vec().into())
    }

    /// K5.
    fn maintenance_status(&mut self) -> Result<Bytes, Status> {
        let leader = self.node.leader().unwrap_or(0);
        let mut errors = Vec::new();
        if leader == 0 {
            errors.push("etcdserver: no leader".to_string());
        }
        let response = StatusResponse {
            header: Some(self.header(self.state.store.rev())),
            version: self.config.profile.version().to_string(),
            db_size: self.state.store.size_bytes() as i64,
            db_size_in_use: self.state.store.size_in_use_bytes() as i64,
            leader,
            raft_index: self.node.commit(),
            raft_term: self.node.term(),
            raft_applied_index: self.applied,
            errors,
            is_learner: self.state.membership.get(self.id).is_some_and(|m| m.is_learner),
            ..StatusResponse::default()
        };
        Ok(response.encode_to_vec().into())
    }

    /// H2.
    fn hash_kv(&mut self, body: Bytes) -> Result<Bytes, Status> {
        let request = decode::<HashKvRequest>(&body)?;
        let hash = self.state.store.hash_kv(request.revision).map_err(Status::from)?;
        let response = HashKvResponse {
            header: Some(self.header(self.state.store.rev())),
            hash: hash.hash,
            compact_revision: hash.compact_revision,
            ..HashKvResponse::default()
        };
        Ok(response.encode_to_vec().into())
    }

    fn header(&self, revision: i64) -> ResponseHeader {
        ResponseHeader {
            cluster_id: self.cluster_id,
            member_id: self.id,
            revision,
            raft_term: self.node.term(),
        }
    }

    /// Fills in what the store does not know (`header.fill` in v3rpc).
    pub(crate) fn fill_header(&self, header: &mut Option<ResponseHeader>) {
        let revision = match header {
            Some(header) if header.revision != 0 => header.revision,
            _ => self.state.store.rev(),
        };
        *header = Some(self.header(revision));
    }
}

/// A body to answer with now, or none when the answer comes later.
type Answer = Result<Option<Bytes>, Status>;

fn decode<M: Message + Default>(body: &Bytes) -> Result<M, Status> {
    M::decode(body.clone()).map_err(|e| {
        let text = format!("grpc: error unmarshalling request: {e}");
        Status::new(Code::Internal, text)
    })
}

/// gRPC's own answer to a method that the server does not have.
fn unknown_method(path: &str) -> Status {
    let text = match path.trim_start_matches('/').split_once('/') {
        Some((service, name)) => format!("unknown method {name} for service {service}"),
        None => format!("malformed method name: {path:?}"),
    };
    Status::new(Code::Unimplemented, text)
}
