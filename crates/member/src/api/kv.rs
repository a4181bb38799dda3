//! KV: Range, Put, DeleteRange, Txn, Compact (`v3rpc/key.go`).

use auth::AuthInfo;
use bytes::Bytes;
use proto::etcdserverpb::{
    CompactionRequest, DeleteRangeRequest, InternalRaftRequest, PutRequest, RangeRequest,
    TxnRequest,
};
use proto::{Status, method};

use super::{Answer, Caller, decode, unknown_method};
use crate::Micros;
use crate::apply::{Body, Header, body_of};
use crate::limits;
use crate::member::Running;
use crate::reads::{Read, What};

impl Running {
    pub(super) fn kv(&mut self, caller: Caller<'_>, method: &str, body: Bytes) -> Answer {
        match method {
            method::kv::RANGE => self.range(caller, decode(body)?),
            method::kv::PUT => self.put(caller, decode(body)?),
            method::kv::DELETE_RANGE => self.delete_range(caller, decode(body)?),
            method::kv::TXN => self.txn(caller, decode(body)?),
            method::kv::COMPACT => self.compact(caller, decode(body)?),
            _ => Err(unknown_method(method)),
        }
    }

    /// Q10: a linearizable range waits for its read index, a serializable one is answered at once.
    pub(crate) fn range(&mut self, caller: Caller<'_>, request: RangeRequest) -> Answer {
        mvcc::request::check_range(&request, self.state.rules)?;
        let info = self.auth_info(caller.now, caller.metadata)?.unwrap_or_default();
        if request.serializable {
            return self.read_range(&request, &info).map(Some);
        }
        self.read_later(caller, What::Range(request, info))
    }

    /// To be answered when everything that is committed now is applied here.
    pub(crate) fn read_later(&mut self, caller: Caller<'_>, what: What) -> Answer {
        let deadline_us = caller.now + limits::REQUEST_TIMEOUT_US;
        self.reads.add(Read { to: caller.to, what, deadline_us });
        Ok(None)
    }

    fn put(&mut self, caller: Caller<'_>, put: PutRequest) -> Answer {
        mvcc::request::check_put(&put)?;
        let request = InternalRaftRequest { put: Some(put), ..InternalRaftRequest::default() };
        self.write_within_quota(caller, request)
    }

    pub(crate) fn delete_range(
        &mut self,
        caller: Caller<'_>,
        delete: DeleteRangeRequest,
    ) -> Answer {
        mvcc::request::check_delete_range(&delete)?;
        let request =
            InternalRaftRequest { delete_range: Some(delete), ..InternalRaftRequest::default() };
        self.write(caller, request)
    }

    /// T8: what only reads does not enter the log.
    pub(crate) fn txn(&mut self, caller: Caller<'_>, txn: TxnRequest) -> Answer {
        mvcc::txn::check(&txn, self.config.max_txn_ops as usize, self.state.rules)?;
        if !mvcc::txn::is_read_only(&txn) {
            let request = InternalRaftRequest { txn: Some(txn), ..InternalRaftRequest::default() };
            return self.write_within_quota(caller, request);
        }
        let full = InternalRaftRequest { txn: Some(txn), ..InternalRaftRequest::default() };
        if self.is_full_for_reads(caller.now, &full) {
            self.raise_no_space(caller.now, Some(caller.to));
            return Ok(None);
        }
        let Some(txn) = full.txn else { return Ok(None) };
        let info = self.auth_info(caller.now, caller.metadata)?.unwrap_or_default();
        if mvcc::txn::is_serializable(&txn) {
            return self.read_txn(&txn, &info).map(Some);
        }
        self.read_later(caller, What::Txn(txn, info))
    }

    /// 3.5.1 asks the quota before it looks whether a transaction writes.
    fn is_full_for_reads(&self, now: Micros, request: &InternalRaftRequest) -> bool {
        let at = self.at(now, self.applied);
        self.state.is_over_quota(request, at)
    }

    fn compact(&mut self, caller: Caller<'_>, compaction: CompactionRequest) -> Answer {
        let request =
            InternalRaftRequest { compaction: Some(compaction), ..InternalRaftRequest::default() };
        self.write(caller, request)
    }

    pub(crate) fn answer_reads(&mut self, now: Micros, ready: Vec<Read>) {
        for Read { to, what, .. } in ready {
            let result = match what {
                What::Range(request, info) => self.read_range(&request, &info),
                What::Txn(request, info) => self.read_txn(&request, &info),
                What::MemberList => Ok(self.member_list_body()),
                What::Password(request) => {
                    self.log_in(now, to, request);
                    continue;
                }
            };
            self.answer(now, to, 0, result);
        }
    }

    /// The permission is looked at here, at the revision it was asked at (Q11); the alarm CORRUPT is
    /// not: it stands before what comes through the log, and reads do not (K3).
    fn read_range(&self, request: &RangeRequest, info: &AuthInfo) -> Result<Body, Status> {
        self.state.auth.check_range(info, request)?;
        let response = mvcc::request::range(&self.state.store, request)?;
        Ok(body_of!(response))
    }

    fn read_txn(&self, request: &TxnRequest, info: &AuthInfo) -> Result<Body, Status> {
        self.state.auth.check_txn(info, request, &|id| self.state.lease_keys(id))?;
        let response = mvcc::txn::read(&self.state.store, request)?;
        Ok(body_of!(response))
    }
}
