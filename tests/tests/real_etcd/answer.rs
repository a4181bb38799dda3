//! Answers in the form in which they are compared.

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::*;
use proto::{Status, method};

/// One answer, without what two clusters cannot have in common.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// All fields that are left, printed; or the status.
    pub(crate) text: String,
    /// What is left of a lease, in seconds; the two clocks are not one.
    pub(crate) left_s: Option<i64>,
    /// The store's revision, and the revision of a compaction, where the answer tells them.
    pub(crate) revision: i64,
    pub(crate) compacted: i64,
    is_error: bool,
}

impl Answer {
    pub(crate) fn is_error(&self) -> bool {
        self.is_error
    }
}

/// Seconds by which two clocks may differ by the end of a run.
const CLOCKS_S: i64 = 60;

/// Whether two answers differ in what they must have in common.
pub(crate) fn differ(one: &Answer, other: &Answer) -> bool {
    let left = match (one.left_s, other.left_s) {
        (Some(one), Some(other)) => one.abs_diff(other) > CLOCKS_S as u64,
        (one, other) => one != other,
    };
    left || one.text != other.text
}

/// What a watch has told. Where its responses are cut is the server's own affair.
#[derive(Default)]
pub(crate) struct Seen {
    events: Vec<proto::mvccpb::Event>,
    /// Created, cancelled and why.
    marks: Vec<String>,
    is_cancelled: bool,
}

impl Seen {
    pub(crate) fn add(&mut self, response: WatchResponse) {
        self.is_cancelled |= response.canceled;
        if response.created || response.canceled {
            self.marks.push(format!(
                "created {}, cancelled {}: {:?} at {}",
                response.created,
                response.canceled,
                response.cancel_reason,
                response.compact_revision
            ));
        }
        self.events.extend(response.events);
    }

    /// Nothing more will come, or the event of that revision was there.
    pub(crate) fn is_over(&self, revision: i64) -> bool {
        let last = self.events.last().and_then(|event| event.kv.as_ref());
        self.is_cancelled || last.is_some_and(|kv| kv.mod_revision >= revision)
    }

    pub(crate) fn answer(self, revision: i64) -> Answer {
        let text = format!("{:?} {:?}", self.marks, self.events);
        Answer { text, left_s: None, revision, compacted: 0, is_error: false }
    }
}

fn bare(header: &mut Option<ResponseHeader>) -> i64 {
    let Some(header) = header else { return 0 };
    *header = ResponseHeader { revision: header.revision, ..ResponseHeader::default() };
    header.revision
}

fn bare_txn(txn: &mut TxnResponse) -> i64 {
    for op in &mut txn.responses {
        match &mut op.response {
            Some(Response::ResponseRange(r)) => bare(&mut r.header),
            Some(Response::ResponsePut(r)) => bare(&mut r.header),
            Some(Response::ResponseDeleteRange(r)) => bare(&mut r.header),
            Some(Response::ResponseTxn(r)) => bare_txn(r),
            None => 0,
        };
    }
    bare(&mut txn.header)
}

/// Reads an answer.
pub(crate) fn told(method: &str, request: &[u8], result: Result<Bytes, Status>) -> Answer {
    let mut answer = Answer {
        text: String::new(),
        left_s: None,
        revision: 0,
        compacted: 0,
        is_error: result.is_err(),
    };
    match result {
        Ok(body) => read(&mut answer, method, request, body),
        Err(status) => answer.text = status.to_string(),
    }
    answer
}

fn read(answer: &mut Answer, method: &str, request: &[u8], body: Bytes) {
    macro_rules! read {
        ($($method:path => $response:ty),* $(,)?) => {
            match method {
                $($method => {
                    let mut response = <$response>::decode(body).expect("a message of that kind");
                    answer.revision = bare(&mut response.header);
                    answer.text = format!("{response:?}");
                })*
                _ => answer.text = format!("{body:?}"),
            }
        };
    }
    match method {
        method::kv::TXN => {
            let mut response = TxnResponse::decode(body).expect("a transaction's answer");
            answer.revision = bare_txn(&mut response);
            answer.text = format!("{response:?}");
        }
        method::kv::COMPACT => {
            let mut response = CompactionResponse::decode(body).expect("a compaction's answer");
            answer.revision = bare(&mut response.header);
            answer.text = format!("{response:?}");
            let asked = CompactionRequest::decode(request).expect("a request of our own");
            answer.compacted = asked.revision;
        }
        method::lease::LEASE_GRANT => {
            let mut response = LeaseGrantResponse::decode(body).expect("a grant's answer");
            answer.revision = bare(&mut response.header);
            let asked = LeaseGrantRequest::decode(request).expect("a request of our own");
            if asked.id == 0 {
                response.id = 0;
            }
            answer.text = format!("{response:?}");
        }
        method::lease::LEASE_TIME_TO_LIVE => {
            let mut response = LeaseTimeToLiveResponse::decode(body).expect("a lease's time");
            answer.revision = bare(&mut response.header);
            answer.left_s = (response.ttl > 0).then_some(std::mem::take(&mut response.ttl));
            response.keys.sort();
            answer.text = format!("{response:?}");
        }
        method::auth::AUTHENTICATE => {
            let mut response = AuthenticateResponse::decode(body).expect("a login's answer");
            answer.revision = bare(&mut response.header);
            let (name, index) = response.token.split_once('.').unwrap_or(("", ""));
            let shape = (name.len(), index.parse::<u64>().is_ok());
            response.token = format!("{shape:?}");
            answer.text = format!("{response:?}");
        }
        _ => read! {
            method::kv::RANGE => RangeResponse,
            method::kv::PUT => PutResponse,
            method::kv::DELETE_RANGE => DeleteRangeResponse,
            method::lease::LEASE_REVOKE => LeaseRevokeResponse,
            method::lease::LEASE_LEASES => LeaseLeasesResponse,
            method::maintenance::HASH_KV => HashKvResponse,
            method::maintenance::ALARM => AlarmResponse,
            method::maintenance::DEFRAGMENT => DefragmentResponse,
            method::auth::AUTH_ENABLE => AuthEnableResponse,
            method::auth::AUTH_DISABLE => AuthDisableResponse,
            method::auth::AUTH_STATUS => AuthStatusResponse,
            method::auth::USER_ADD => AuthUserAddResponse,
            method::auth::USER_GET => AuthUserGetResponse,
            method::auth::USER_LIST => AuthUserListResponse,
            method::auth::USER_DELETE => AuthUserDeleteResponse,
            method::auth::USER_CHANGE_PASSWORD => AuthUserChangePasswordResponse,
            method::auth::USER_GRANT_ROLE => AuthUserGrantRoleResponse,
            method::auth::USER_REVOKE_ROLE => AuthUserRevokeRoleResponse,
            method::auth::ROLE_ADD => AuthRoleAddResponse,
            method::auth::ROLE_GET => AuthRoleGetResponse,
            method::auth::ROLE_LIST => AuthRoleListResponse,
            method::auth::ROLE_DELETE => AuthRoleDeleteResponse,
            method::auth::ROLE_GRANT_PERMISSION => AuthRoleGrantPermissionResponse,
            method::auth::ROLE_REVOKE_PERMISSION => AuthRoleRevokePermissionResponse,
        },
    }
}
