//! Membership changes as they stand in the log: etcd's `raftpb.ConfChange` with its JSON context
//! (`ConfigChangeContext` in `etcdserver/api/membership`).
//!
//! raft-rs reads every change that is proposed, and knows neither etcd's number for learners nor
//! changes of URLs. So in memory and between members a change has numbers that raft-rs can read
//! ([`to_raft`]), and in the WAL it has etcd's ([`from_raft`]). Joint changes are not used by etcd's
//! server.

use bytes::Bytes;
use prost::Message as _;
use raft::eraftpb::{ConfChange, ConfChangeType};
use serde::{Deserialize, Serialize};

use crate::membership::Member;

/// What a change does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A voter or a learner comes, or (`promote`) a learner becomes a voter.
    Add {
        member: Member,
        promote: bool,
    },
    Remove,
    /// Other peer URLs.
    Update {
        member: Member,
    },
    /// etcd's way to log a change that is refused when it is applied.
    Nothing,
}

/// One change of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The request's id: the proposing member waits for it. 0 at bootstrap.
    pub id: u64,
    pub node_id: u64,
    pub kind: Kind,
}

/// The context of an addition at run time: the member, and whether this is a promotion.
#[derive(Serialize, Deserialize)]
struct Context {
    #[serde(flatten)]
    member: Member,
    #[serde(rename = "isPromote", default)]
    is_promote: bool,
}

/// etcd's numbers.
const ADD_NODE: i32 = 0;
const REMOVE_NODE: i32 = 1;
const UPDATE_NODE: i32 = 2;
const ADD_LEARNER_NODE: i32 = 3;

/// raft-rs's number for a learner.
const RAFT_ADD_LEARNER_NODE: i32 = 2;
/// Stands behind a change of URLs, which raft-rs takes for an addition: field 15, one.
const RAFT_UPDATE_MARK: [u8; 2] = [0x78, 0x01];

/// A change as etcd's WAL has it, for raft-rs.
///
/// # Errors
/// When the bytes are no conf change.
pub(crate) fn to_raft(data: &[u8]) -> Result<Bytes, String> {
    let mut change = unmarshal(data)?;
    let is_update = change.r#type == UPDATE_NODE;
    change.r#type = match change.r#type {
        ADD_LEARNER_NODE => RAFT_ADD_LEARNER_NODE,
        UPDATE_NODE => ADD_NODE,
        ADD_NODE => ADD_NODE,
        REMOVE_NODE => REMOVE_NODE,
        other => return Err(format!("unknown conf change type {other}")),
    };
    let mut bytes = change.encode_to_vec();
    if is_update {
        bytes.extend(RAFT_UPDATE_MARK);
    }
    Ok(bytes.into())
}

/// The reverse of [`to_raft`].
///
/// # Errors
/// When the bytes are no conf change.
pub(crate) fn from_raft(data: &[u8]) -> Result<Bytes, String> {
    let mut change = unmarshal(data)?;
    change.r#type = match change.r#type {
        // A context is JSON or empty, so that no other change ends like this.
        ADD_NODE if data.ends_with(&RAFT_UPDATE_MARK) => UPDATE_NODE,
        RAFT_ADD_LEARNER_NODE => ADD_LEARNER_NODE,
        other => other,
    };
    Ok(change.encode_to_vec().into())
}

fn unmarshal(data: &[u8]) -> Result<proto::raftpb::ConfChange, String> {
    proto::raftpb::ConfChange::decode(data)
        .map_err(|e| format!("failed to unmarshal conf change: {e}"))
}

impl Change {
    /// The first members of a cluster are added by entries that every member computes alike (M2).
    pub(crate) fn bootstrap(member: &Member) -> Bytes {
        let context = serde_json::to_vec(member).expect("a member is plain data");
        marshal(0, ADD_NODE, member.id, context)
    }

    /// As raft-rs carries it.
    pub(crate) fn encode(&self) -> Bytes {
        to_raft(&self.marshal()).expect("a change of our own making is one")
    }

    /// As etcd logs it.
    fn marshal(&self) -> Bytes {
        let json = |member: &Member, is_promote| {
            let context = Context { member: member.clone(), is_promote };
            serde_json::to_vec(&context).expect("a member is plain data")
        };
        match &self.kind {
            Kind::Add { member, promote } => {
                let kind = if member.is_learner { ADD_LEARNER_NODE } else { ADD_NODE };
                marshal(self.id, kind, self.node_id, json(member, *promote))
            }
            Kind::Remove => marshal(self.id, REMOVE_NODE, self.node_id, Vec::new()),
            Kind::Update { member } => {
                let context = serde_json::to_vec(member).expect("a member is plain data");
                marshal(self.id, UPDATE_NODE, self.node_id, context)
            }
            Kind::Nothing => marshal(self.id, ADD_NODE, 0, Vec::new()),
        }
    }

    /// Reads the data of an entry of raft-rs's.
    ///
    /// # Errors
    /// When the bytes are no conf change of etcd's: this member's log is not the cluster's.
    pub(crate) fn decode(data: &[u8]) -> Result<Change, String> {
        let change = unmarshal(&from_raft(data)?)?;
        let context = || -> Result<Context, String> {
            serde_json::from_slice(change.context.as_deref().unwrap_or_default())
                .map_err(|e| format!("failed to unmarshal member: {e}"))
        };
        let kind = match change.r#type {
            ADD_NODE | ADD_LEARNER_NODE if change.node_id == 0 => Kind::Nothing,
            ADD_NODE | ADD_LEARNER_NODE => {
                let Context { member, is_promote } = context()?;
                Kind::Add { member, promote: is_promote }
            }
            REMOVE_NODE => Kind::Remove,
            UPDATE_NODE => Kind::Update { member: context()?.member },
            other => return Err(format!("unknown conf change type {other}")),
        };
        Ok(Change { id: change.id, node_id: change.node_id, kind })
    }

    /// What raft is to do about it. A change that was refused, or one of URLs alone, is of node 0,
    /// which raft ignores.
    pub(crate) fn for_raft(&self, accepted: bool) -> ConfChange {
        let mut change = ConfChange::default();
        if !accepted {
            return change;
        }
        change.change_type = match &self.kind {
            Kind::Add { member, .. } if member.is_learner => ConfChangeType::AddLearnerNode,
            Kind::Remove => ConfChangeType::RemoveNode,
            _ => ConfChangeType::AddNode,
        };
        if !matches!(self.kind, Kind::Update { .. } | Kind::Nothing) {
            change.node_id = self.node_id;
        }
        change
    }
}

/// A few words for a log cell.
pub(crate) fn label(data: &[u8]) -> String {
    let Ok(change) = Change::decode(data) else { return "conf change".into() };
    let who = |member: &Member| match member.name.as_str() {
        "" => format!("{:x}", change.node_id),
        name => name.to_string(),
    };
    match &change.kind {
        Kind::Add { promote: true, .. } => format!("promote {:x}", change.node_id),
        Kind::Add { member, .. } if member.is_learner => format!("add learner {}", who(member)),
        Kind::Add { member, .. } => format!("add {}", who(member)),
        Kind::Remove => format!("remove {:x}", change.node_id),
        Kind::Update { .. } => format!("update {:x}", change.node_id),
        Kind::Nothing => "conf change".into(),
    }
}

/// A conf change as Go marshals it: every field, zero or not.
fn marshal(id: u64, kind: i32, node_id: u64, context: Vec<u8>) -> Bytes {
    proto::raftpb::ConfChange { id, r#type: kind, node_id, context: Some(context.into()) }
        .encode_to_vec()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_back_from_its_bytes() {
        let member = Member { id: 5, peer_urls: vec!["http://h:1".into()], ..Member::default() };
        let learner = Member { is_learner: true, ..member.clone() };
        for kind in [
            Kind::Add { member: member.clone(), promote: false },
            Kind::Add { member: member.clone(), promote: true },
            Kind::Add { member: learner, promote: false },
            Kind::Remove,
            Kind::Update { member },
        ] {
            let change = Change { id: 7, node_id: 5, kind };
            assert_eq!(Change::decode(&change.encode()).unwrap(), change);
            assert_eq!(from_raft(&change.encode()).unwrap(), change.marshal());
            // What raft-rs does when it is proposed.
            protobuf::Message::parse_from_bytes(&change.encode()).map(|_: ConfChange| ()).unwrap();
        }
        assert!(Change::decode(b"\x10\x09").is_err());
    }
}
