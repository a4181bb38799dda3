//! The cluster's members as the log tells them (`etcdserver/api/membership/cluster.go`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One member. The JSON form is the context of a conf change entry, as etcd writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub id: u64,
    #[serde(rename = "peerURLs")]
    pub peer_urls: Vec<String>,
    #[serde(rename = "isLearner", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_learner: bool,
    /// Empty until the member has started and published itself (M5).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(rename = "clientURLs", default, skip_serializing_if = "Vec::is_empty")]
    pub client_urls: Vec<String>,
}

/// All members by id, which is also the order in which etcd lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    members: BTreeMap<u64, Member>,
}

impl Membership {
    pub(crate) fn add(&mut self, member: Member) {
        self.members.insert(member.id, member);
    }

    pub(crate) fn remove(&mut self, id: u64) {
        self.members.remove(&id);
    }

    /// A started member's name and client URLs. Unknown ids are ignored, as etcd does.
    pub(crate) fn publish(&mut self, id: u64, name: String, client_urls: Vec<String>) {
        if let Some(member) = self.members.get_mut(&id) {
            member.name = name;
            member.client_urls = client_urls;
        }
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Member> {
        self.members.get(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_is_the_json_that_etcd_writes() {
        let member = Member {
            id: 7,
            peer_urls: vec!["http://127.0.0.1:2380".into()],
            name: "m1".into(),
            ..Member::default()
        };
        let json = serde_json::to_string(&member).unwrap();
        assert_eq!(json, r#"{"id":7,"peerURLs":["http://127.0.0.1:2380"],"name":"m1"}"#);
        assert_eq!(serde_json::from_str::<Member>(&json).unwrap(), member);
    }
}
