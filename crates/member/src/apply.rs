//! The state machine: what a committed entry does (`applyEntryNormal` and `applyConfChange` in
//! `etcdserver/server.go`, `applierV3` in `etcdserver/apply.go`).
//!
//! Applying is deterministic: an error here is the same error on every member, so it is an answer,
//! never a reason to stop. An entry that cannot be decoded is such a reason: it means that this
//! member's log is not the cluster's.

use bytes::Bytes;
use prost::Message as _;
use proto::Status;
use proto::etcdserverpb::InternalRaftRequest;
use raft::eraftpb::{ConfChange, ConfChangeType, Entry};

use crate::membership::{Member, Membership};

/// Everything that the log builds.
pub(crate) struct State {
    pub(crate) store: mvcc::Store,
    pub(crate) membership: Membership,
}

/// What an applied request gives back to its caller, before the header is filled in.
pub(crate) enum Applied {
    Put(Result<proto::etcdserverpb::PutResponse, Status>),
    DeleteRange(Result<proto::etcdserverpb::DeleteRangeResponse, Status>),
    /// The cluster's own bookkeeping: nobody waits for a body.
    Nothing,
}

impl State {
    pub(crate) fn new() -> Self {
        State { store: mvcc::Store::new(), membership: Membership::default() }
    }

    /// Applies a normal entry; gives the request's id and its result.
    pub(crate) fn apply(&mut self, entry: &Entry) -> Result<(u64, Applied), String> {
        let request = decode(&entry.data)
            .map_err(|e| format!("failed to unmarshal entry {}: {e}", entry.index))?;
        let id = request_id(&request);
        if let Some(put) = &request.put {
            if put.lease != 0 {
                // P1: there are no leases before the lessor comes, so none can be found.
                return Ok((id, Applied::Put(Err(proto::error::lease_not_found()))));
            }
            return Ok((id, Applied::Put(mvcc::request::put(&mut self.store, put))));
        }
        if let Some(delete) = &request.delete_range {
            let done = mvcc::request::delete_range(&mut self.store, delete);
            return Ok((id, Applied::DeleteRange(done)));
        }
        if let Some(set) = request.cluster_member_attr_set {
            let attributes = set.member_attributes.unwrap_or_default();
            self.membership.publish(set.member_id, attributes.name, attributes.client_urls);
        }
        Ok((id, Applied::Nothing))
    }

    /// Applies a membership change to the member list; raft gets the same change.
    pub(crate) fn apply_conf_change(&mut self, change: &ConfChange) -> Result<(), String> {
        match change.change_type {
            ConfChangeType::RemoveNode => self.membership.remove(change.node_id),
            ConfChangeType::AddNode | ConfChangeType::AddLearnerNode => {
                let member: Member = serde_json::from_slice(&change.context)
                    .map_err(|e| format!("failed to unmarshal member: {e}"))?;
                self.membership.add(member);
            }
        }
        Ok(())
    }
}

pub(crate) fn decode(data: &Bytes) -> Result<InternalRaftRequest, prost::DecodeError> {
    InternalRaftRequest::decode(data.clone())
}

fn request_id(request: &InternalRaftRequest) -> u64 {
    match &request.header {
        Some(header) if header.id != 0 => header.id,
        _ => request.id,
    }
}

/// A few words for a log cell.
pub(crate) fn entry_label(entry: &Entry) -> String {
    if crate::node::is_conf_change(entry) {
        return "conf change".into();
    }
    if entry.data.is_empty() {
        return "empty".into();
    }
    let Ok(request) = decode(&entry.data) else { return "unreadable".into() };
    let words = |verb: &str, key: &[u8]| {
        let key: String = String::from_utf8_lossy(key).chars().take(24).collect();
        format!("{verb} {key}")
    };
    if let Some(put) = &request.put {
        words("put", &put.key)
    } else if let Some(delete) = &request.delete_range {
        words("del", &delete.key)
    } else if let Some(set) = &request.cluster_member_attr_set {
        let name = set.member_attributes.as_ref().map(|a| a.name.as_str()).unwrap_or_default();
        format!("publish {name}")
    } else {
        "request".into()
    }
}
