//! Requests in few words, and the calls that tests make most.

use bytes::Bytes;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    AuthenticateRequest, AuthenticateResponse, Compare, DeleteRangeRequest, LeaseGrantRequest,
    LeaseGrantResponse, LeaseKeepAliveRequest, LeaseRevokeRequest, LeaseRevokeResponse,
    LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, PutRequest, PutResponse, RangeRequest,
    RangeResponse, RequestOp, TxnRequest, TxnResponse, WatchCreateRequest, WatchRequest,
};
use proto::{Code, Metadata, Status, method};

use super::Lab;

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(crate) fn put(key: &str, value: &str) -> PutRequest {
    PutRequest { key: bytes(key), value: bytes(value), ..PutRequest::default() }
}

pub(crate) fn put_leased(key: &str, value: &str, lease: i64) -> PutRequest {
    PutRequest { lease, ..put(key, value) }
}

pub(crate) fn get(key: &str) -> RangeRequest {
    RangeRequest { key: bytes(key), ..RangeRequest::default() }
}

pub(crate) fn get_range(key: &str, range_end: &str) -> RangeRequest {
    RangeRequest { range_end: bytes(range_end), ..get(key) }
}

pub(crate) fn del(key: &str) -> DeleteRangeRequest {
    DeleteRangeRequest { key: bytes(key), ..DeleteRangeRequest::default() }
}

pub(crate) fn put_op(key: &str, value: &str) -> RequestOp {
    RequestOp { request: Some(Request::RequestPut(put(key, value))) }
}

pub(crate) fn get_op(range: RangeRequest) -> RequestOp {
    RequestOp { request: Some(Request::RequestRange(range)) }
}

pub(crate) fn del_op(key: &str) -> RequestOp {
    RequestOp { request: Some(Request::RequestDeleteRange(del(key))) }
}

/// Whether a key has never been there.
pub(crate) fn is_new(key: &str) -> Compare {
    Compare {
        result: CompareResult::Equal as i32,
        target: CompareTarget::Create as i32,
        key: bytes(key),
        range_end: Bytes::new(),
        target_union: Some(TargetUnion::CreateRevision(0)),
    }
}

pub(crate) fn then(success: Vec<RequestOp>) -> TxnRequest {
    TxnRequest { success, ..TxnRequest::default() }
}

pub(crate) fn watch(create: WatchCreateRequest) -> WatchRequest {
    WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) }
}

pub(crate) fn watch_key(key: &str) -> WatchRequest {
    watch(WatchCreateRequest { key: bytes(key), ..WatchCreateRequest::default() })
}

pub(crate) fn keep_alive(id: i64) -> LeaseKeepAliveRequest {
    LeaseKeepAliveRequest { id }
}

pub(crate) fn status(code: Code, text: &str) -> Status {
    Status::new(code, text)
}

/// A client with a token.
pub(crate) fn with_token(token: &str) -> Metadata {
    Metadata { token: Some(token.to_owned()), ..Metadata::default() }
}

pub(crate) fn needs_leader() -> Metadata {
    Metadata { require_leader: true, ..Metadata::default() }
}

impl Lab {
    /// Puts, and gives the revision.
    pub(crate) fn put(&mut self, at: usize, key: &str, value: &str) -> i64 {
        let response: PutResponse =
            self.call(at, method::kv::PUT, &put(key, value)).expect("a put");
        response.header.expect("a header").revision
    }

    pub(crate) fn range(&mut self, at: usize, range: &RangeRequest) -> RangeResponse {
        self.call(at, method::kv::RANGE, range).expect("a range")
    }

    /// The value of a key as of now.
    pub(crate) fn get(&mut self, at: usize, key: &str) -> Option<String> {
        let kv = self.range(at, &get(key)).kvs.into_iter().next()?;
        Some(String::from_utf8_lossy(&kv.value).into_owned())
    }

    pub(crate) fn txn(&mut self, at: usize, txn: &TxnRequest) -> Result<TxnResponse, Status> {
        self.call(at, method::kv::TXN, txn)
    }

    pub(crate) fn grant(&mut self, at: usize, id: i64, ttl: i64) -> i64 {
        let request = LeaseGrantRequest { id, ttl };
        let response: LeaseGrantResponse =
            self.call(at, method::lease::LEASE_GRANT, &request).expect("a lease");
        response.id
    }

    pub(crate) fn revoke(&mut self, at: usize, id: i64) -> Result<LeaseRevokeResponse, Status> {
        self.call(at, method::lease::LEASE_REVOKE, &LeaseRevokeRequest { id })
    }

    pub(crate) fn time_to_live(&mut self, at: usize, id: i64) -> LeaseTimeToLiveResponse {
        let request = LeaseTimeToLiveRequest { id, keys: true };
        self.call(at, method::lease::LEASE_TIME_TO_LIVE, &request).expect("a lease's time")
    }

    pub(crate) fn log_in(
        &mut self,
        at: usize,
        name: &str,
        password: &str,
    ) -> Result<Metadata, Status> {
        let request = AuthenticateRequest { name: name.into(), password: password.into() };
        let response: AuthenticateResponse = self.call(at, method::auth::AUTHENTICATE, &request)?;
        Ok(with_token(&response.token))
    }
}
