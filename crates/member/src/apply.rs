//! The state machine: what a committed request does (`applyEntryNormal` in `etcdserver/server.go`,
//! the appliers of `etcdserver/apply.go` and `apply_auth.go`).
//!
//! Applying is deterministic: an error here is the same error on every member, so it is an answer,
//! never a reason to stop. The one exception is etcd's own: whether the quota is exceeded depends on
//! the size of a member's file, but that changes the answer alone, not the state (K1). An entry that
//! cannot be decoded is a reason to stop: this member's log is not the cluster's.

use bytes::Bytes;
use mvcc::Change;
use prost::Message;
use proto::etcdserverpb::{
    AlarmType, CompactionResponse, InternalRaftRequest, LeaseCheckpointResponse, LeaseGrantRequest,
    LeaseGrantResponse, LeaseRevokeResponse, Request,
};
use proto::{Profile, Status, error};
use raft::eraftpb::Entry;

use auth::{AuthInfo, SimpleTokens};

use crate::Micros;
use crate::conf_change;
use crate::state::State;

/// A response without its header, which is its first field and is put before it when it leaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Body {
    pub(crate) header: Header,
    pub(crate) bytes: Vec<u8>,
}

/// Which revision a header shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Header {
    /// The store's when the answer leaves.
    #[default]
    Current,
    Revision(i64),
    /// Cluster and member only, as the membership API answers.
    WithoutRevision,
    /// There is none.
    Missing,
}

impl Body {
    /// A message whose header is empty.
    pub(crate) fn new(message: &impl Message) -> Self {
        Body { header: Header::Current, bytes: message.encode_to_vec() }
    }

    pub(crate) fn with(header: Header, message: &impl Message) -> Self {
        Body { header, bytes: message.encode_to_vec() }
    }
}

/// Takes the revision out of a response's header, so that the rest can be put behind the full one.
macro_rules! body_of {
    ($response:expr) => {{
        let mut response = $response;
        let revision = response.header.take().map_or(0, |header| header.revision);
        let header = if revision == 0 { Header::Current } else { Header::Revision(revision) };
        Body::with(header, &response)
    }};
}
pub(crate) use body_of;

/// Where and when an entry is applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) now: Micros,
    pub(crate) index: u64,
    /// The wall clock, for what the v2 store says is left of a key's time.
    pub(crate) unix_ns: i64,
    /// This member's quota in bytes.
    pub(crate) quota_bytes: Option<u64>,
    pub(crate) profile: Profile,
}

/// What an applied request comes to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) reply: Option<Result<Body, Status>>,
    /// What watchers get.
    pub(crate) changes: Vec<Change>,
    /// It was done, but there was no space for it.
    pub(crate) over_quota: bool,
    /// This lease is gone.
    pub(crate) ended_lease: i64,
    /// It was turned away before the store saw it.
    pub(crate) refused: bool,
}

impl State {
    /// Applies one request of the log.
    pub(crate) fn apply(
        &mut self,
        request: &InternalRaftRequest,
        tokens: &mut SimpleTokens,
        at: At,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let permitted = self.check(request, at.profile);
        let result = match permitted {
            Ok(()) => {
                outcome.over_quota = self.is_over_quota(request, at);
                self.apply_permitted(request, tokens, at, &mut outcome)
            }
            Err(status) => {
                outcome.refused = true;
                Err(status)
            }
        };
        if result.is_ok() {
            tokens.applied(request);
        } else {
            outcome.over_quota = false;
        }
        outcome.reply = Some(match result {
            Ok(_) if outcome.over_quota => Err(error::no_space()),
            result => result,
        });
        outcome
    }

    /// Permissions as of this place in the log (A14), then alarms (K2, K3).
    fn check(&self, request: &InternalRaftRequest, profile: Profile) -> Result<(), Status> {
        if self.auth.is_enabled() {
            let info = request.header.as_ref().map(AuthInfo::from).unwrap_or_default();
            let check = self.auth.check_request(&info, request, &|id| self.lease_keys(id));
            // 3.4 does not map auth's errors in answers to alarms.
            let unmapped = request.alarm.is_some() && profile <= Profile::V3_4;
            check.map_err(|e| if unmapped { e.unmapped() } else { e.into() })?;
        }
        if self.alarms.is_raised(AlarmType::Corrupt)
            && (request.put.is_some()
                || request.range.is_some()
                || request.delete_range.is_some()
                || request.txn.is_some()
                || request.compaction.is_some()
                || request.lease_grant.is_some()
                || request.lease_revoke.is_some())
        {
            return Err(error::corrupt());
        }
        if self.alarms.is_raised(AlarmType::Nospace)
            && mvcc::quota::cost_bytes(request, self.rules) > 0
        {
            return Err(error::no_space());
        }
        Ok(())
    }

    /// K1. Under 3.4 what writes nothing always has space; 3.5.1 forgot that exception.
    pub(crate) fn is_over_quota(&self, request: &InternalRaftRequest, at: At) -> bool {
        let asks = request.put.is_some() || request.txn.is_some() || request.lease_grant.is_some();
        let Some(quota) = at.quota_bytes.filter(|_| asks) else { return false };
        let cost = mvcc::quota::cost_bytes(request, self.rules);
        if cost == 0 && at.profile <= Profile::V3_4 {
            return false;
        }
        self.store.size_bytes() + cost >= quota
    }

    fn apply_permitted(
        &mut self,
        request: &InternalRaftRequest,
        tokens: &mut SimpleTokens,
        at: At,
        outcome: &mut Outcome,
    ) -> Result<Body, Status> {
        if let Some(put) = &request.put {
            let (response, changes) = mvcc::request::put(&mut self.store, &mut self.lessor, put)?;
            outcome.changes = changes;
            return Ok(body_of!(response));
        }
        if let Some(delete) = &request.delete_range {
            let (response, changes) =
                mvcc::request::delete_range(&mut self.store, &mut self.lessor, delete)?;
            outcome.changes = changes;
            return Ok(body_of!(response));
        }
        if let Some(txn) = &request.txn {
            let (response, changes) = mvcc::txn::apply(&mut self.store, &mut self.lessor, txn)?;
            outcome.changes = changes;
            return Ok(body_of!(response));
        }
        if let Some(compaction) = &request.compaction {
            self.store.compact(compaction.revision)?;
            return Ok(Body::new(&CompactionResponse::default()));
        }
        if let Some(grant) = &request.lease_grant {
            return self.lease_grant(grant, at.now);
        }
        if let Some(revoke) = &request.lease_revoke {
            outcome.changes =
                mvcc::request::lease_revoke(&mut self.store, &mut self.lessor, revoke.id)?;
            outcome.ended_lease = revoke.id;
            return Ok(Body::new(&LeaseRevokeResponse::default()));
        }
        if let Some(checkpoint) = &request.lease_checkpoint {
            for lease in &checkpoint.checkpoints {
                self.lessor.checkpoint(lease.id, lease.remaining_ttl, at.now);
            }
            return Ok(Body::new(&LeaseCheckpointResponse::default()));
        }
        if let Some(alarm) = &request.alarm {
            // 3.4 forgets the header.
            let header = match at.profile {
                Profile::V3_3 | Profile::V3_4 => Header::Missing,
                Profile::V3_5 | Profile::V3_6 => Header::Current,
            };
            return Ok(Body::with(header, &self.alarms.apply(alarm)));
        }
        if let Some(login) = &request.authenticate {
            let response = self.auth.authenticate(tokens, login, at.index, at.now)?;
            return Ok(Body::new(&response));
        }
        if let Some(body) = self.apply_auth(request) {
            return body;
        }
        self.apply_agreed(request, at.unix_ns);
        Ok(Body::default())
    }

    /// What the members agree on beside the backend; an entry that the backend has already is applied
    /// this far again.
    pub(crate) fn apply_agreed(&mut self, request: &InternalRaftRequest, unix_ns: i64) {
        if let Some(set) = &request.cluster_version_set {
            self.set_cluster_version(&set.ver, unix_ns);
        }
        if let Some(set) = &request.downgrade_info_set {
            self.membership.set_downgrade(Some(set.ver.clone()).filter(|_| set.enabled));
        }
        if let Some(set) = &request.cluster_member_attr_set {
            let attributes = set.member_attributes.clone().unwrap_or_default();
            self.publish(set.member_id, attributes.name, attributes.client_urls, unix_ns);
        }
    }

    fn lease_grant(&mut self, grant: &LeaseGrantRequest, now: Micros) -> Result<Body, Status> {
        let granted = self.lessor.grant(grant.id, grant.ttl, now)?;
        let response = LeaseGrantResponse {
            id: granted.id,
            ttl: granted.ttl_s,
            ..LeaseGrantResponse::default()
        };
        Ok(Body::new(&response))
    }

    /// Users and roles.
    fn apply_auth(&mut self, request: &InternalRaftRequest) -> Option<Result<Body, Status>> {
        macro_rules! first_of {
            ($($field:ident => $method:ident),* $(,)?) => {
                $(if let Some(request) = &request.$field {
                    let done = self.auth.$method(request);
                    return Some(done.map(|response| Body::new(&response)).map_err(Status::from));
                })*
            };
        }
        first_of! {
            auth_enable => auth_enable,
            auth_disable => auth_disable,
            auth_status => auth_status,
            auth_user_add => user_add,
            auth_user_delete => user_delete,
            auth_user_get => user_get,
            auth_user_change_password => user_change_password,
            auth_user_grant_role => user_grant_role,
            auth_user_revoke_role => user_revoke_role,
            auth_user_list => user_list,
            auth_role_list => role_list,
            auth_role_add => role_add,
            auth_role_delete => role_delete,
            auth_role_get => role_get,
            auth_role_grant_permission => role_grant_permission,
            auth_role_revoke_permission => role_revoke_permission,
        }
        None
    }
}

/// Reads an entry. What is no request of v3's is a bare one of v2's, which comes in `v2`: its second
/// field, the method's name, is none of the messages that stand there in a request of v3's.
pub(crate) fn decode(data: &Bytes) -> Result<InternalRaftRequest, prost::DecodeError> {
    InternalRaftRequest::decode(data.clone()).or_else(|error| {
        let v2 = Request::decode(data.clone()).map_err(|_| error)?;
        Ok(InternalRaftRequest { v2: Some(v2), ..InternalRaftRequest::default() })
    })
}

pub(crate) fn request_id(request: &InternalRaftRequest) -> u64 {
    match &request.header {
        Some(header) if header.id != 0 => header.id,
        _ => request.id,
    }
}

/// A few words for a log cell.
pub(crate) fn entry_label(entry: &Entry) -> String {
    if crate::node::is_conf_change(entry) {
        return conf_change::label(&entry.data);
    }
    if entry.data.is_empty() {
        return "empty".into();
    }
    let Ok(request) = decode(&entry.data) else { return "unreadable".into() };
    if let Some(v2) = &request.v2 {
        return crate::apply_v2::label(v2);
    }
    let words = |verb: &str, key: &[u8]| {
        let key: String = String::from_utf8_lossy(key).chars().take(24).collect();
        format!("{verb} {key}")
    };
    if let Some(put) = &request.put {
        words("put", &put.key)
    } else if let Some(delete) = &request.delete_range {
        words("del", &delete.key)
    } else if request.txn.is_some() {
        "txn".into()
    } else if let Some(compaction) = &request.compaction {
        format!("compact {}", compaction.revision)
    } else if let Some(grant) = &request.lease_grant {
        format!("grant {:x}", grant.id)
    } else if let Some(revoke) = &request.lease_revoke {
        format!("revoke {:x}", revoke.id)
    } else if request.alarm.is_some() {
        "alarm".into()
    } else if let Some(login) = &request.authenticate {
        words("login", login.name.as_bytes())
    } else if let Some(set) = &request.cluster_member_attr_set {
        let name = set.member_attributes.as_ref().map(|a| a.name.as_str()).unwrap_or_default();
        format!("publish {name}")
    } else if let Some(set) = &request.cluster_version_set {
        format!("version {}", set.ver)
    } else if request.downgrade_info_set.is_some() {
        "downgrade".into()
    } else if auth::needs_admin(&request) {
        "auth".into()
    } else {
        "request".into()
    }
}
