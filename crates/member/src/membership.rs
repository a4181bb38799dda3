//! The cluster's members as the log tells them, and which changes of them are allowed
//! (`etcdserver/api/membership/cluster.go`; rules M3 to M10).
//!
//! Two kinds of checks stand here: those that every member makes when it applies a change
//! ([`Membership::validate`], deterministic), and the started-quorum rules of a strict
//! reconfiguration that the asked member makes before it proposes ([`Membership::is_ready_to_add`]
//! and its like). Who is connected to whom is not known here.

use std::collections::{BTreeMap, BTreeSet};

use proto::{Status, error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::apply_v2;
use crate::conf_change::{Change, Kind};
use crate::limits;
use crate::state::Pairs;

/// One member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Member {
    pub id: u64,
    pub peer_urls: Vec<String>,
    pub is_learner: bool,
    /// Empty until the member has started and published itself (M5).
    pub name: String,
    pub client_urls: Vec<String>,
}

/// The JSON form: the context of a conf change entry, as etcd writes it, without what is empty.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Member")]
struct Json {
    id: u64,
    #[serde(rename = "peerURLs")]
    peer_urls: Vec<String>,
    #[serde(rename = "isLearner", default, skip_serializing_if = "std::ops::Not::not")]
    is_learner: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(rename = "clientURLs", default, skip_serializing_if = "Vec::is_empty")]
    client_urls: Vec<String>,
}

/// The form in which members travel to workers: nothing may be left out of it, for its fields have
/// no names.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Member")]
struct Binary {
    id: u64,
    peer_urls: Vec<String>,
    is_learner: bool,
    name: String,
    client_urls: Vec<String>,
}

impl Serialize for Member {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            Json::serialize(self, serializer)
        } else {
            Binary::serialize(self, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Json::deserialize(deserializer)
        } else {
            Binary::deserialize(deserializer)
        }
    }
}

impl Member {
    /// It has published its name (M5).
    pub fn is_started(&self) -> bool {
        !self.name.is_empty()
    }
}

/// Keys of the bucket `cluster`.
const CLUSTER_VERSION: &[u8] = b"clusterVersion";
const DOWNGRADE: &[u8] = b"downgrade";

/// A downgrade as that bucket has it.
#[derive(Serialize, Deserialize)]
struct Downgrade {
    #[serde(rename = "target-version")]
    target_version: String,
    enabled: bool,
}

/// All members by id, which is also the order in which etcd lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    members: BTreeMap<u64, Member>,
    /// Ids that may never come back (M8).
    removed: BTreeSet<u64>,
    /// `3.4.0` once the leader has set it.
    cluster_version: Option<String>,
    /// The version that a downgrade is on to.
    downgrade: Option<String>,
}

impl Membership {
    /// A cluster of these, with nothing removed yet.
    pub fn new(members: impl IntoIterator<Item = Member>) -> Self {
        let members = members.into_iter().map(|member| (member.id, member)).collect();
        Membership { members, ..Membership::default() }
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| !member.is_learner)
    }

    pub fn get(&self, id: u64) -> Option<&Member> {
        self.members.get(&id)
    }

    pub fn is_removed(&self, id: u64) -> bool {
        self.removed.contains(&id)
    }

    pub fn removed(&self) -> impl Iterator<Item = u64> {
        self.removed.iter().copied()
    }

    pub fn cluster_version(&self) -> Option<&str> {
        self.cluster_version.as_deref()
    }

    pub(crate) fn downgrade(&self) -> Option<&str> {
        self.downgrade.as_deref()
    }

    pub(crate) fn set_downgrade(&mut self, target: Option<String>) {
        self.downgrade = target;
    }

    pub(crate) fn set_cluster_version(&mut self, version: String) {
        self.cluster_version = Some(version);
    }

    /// A started member's name and client URLs. Unknown ids are ignored, as etcd does.
    pub(crate) fn publish(&mut self, id: u64, name: String, client_urls: Vec<String>) {
        if let Some(member) = self.members.get_mut(&id) {
            member.name = name;
            member.client_urls = client_urls;
        }
    }

    /// Whether a committed change may take effect (M3, M6, M10). The same answer on every member.
    ///
    /// # Errors
    /// etcd's text for the caller; the change is then applied as one that changes nothing.
    pub fn validate(&self, change: &Change) -> Result<(), Status> {
        let id = change.node_id;
        if self.removed.contains(&id) {
            return Err(error::member_not_found());
        }
        let known = self.members.get(&id);
        match (&change.kind, known) {
            (Kind::Add { promote: true, .. }, None) => Err(error::member_not_found()),
            (Kind::Add { promote: true, .. }, Some(member)) if !member.is_learner => {
                Err(error::member_not_learner())
            }
            (Kind::Add { promote: true, .. }, Some(_)) => Ok(()),
            (Kind::Add { .. }, Some(_)) => Err(error::member_exists()),
            (Kind::Add { member, .. }, None) => {
                self.check_urls(id, &member.peer_urls)?;
                let learners = self.members.values().filter(|member| member.is_learner).count();
                if member.is_learner && learners >= limits::LEARNERS_MAX {
                    return Err(error::too_many_learners());
                }
                Ok(())
            }
            (Kind::Remove | Kind::Update { .. } | Kind::Nothing, None) => {
                Err(error::member_not_found())
            }
            (Kind::Update { member }, Some(_)) => self.check_urls(id, &member.peer_urls),
            (Kind::Remove | Kind::Nothing, Some(_)) => Ok(()),
        }
    }

    /// No two members may share a peer URL.
    fn check_urls(&self, id: u64, peer_urls: &[String]) -> Result<(), Status> {
        let others = self.members.values().filter(|member| member.id != id);
        let mut taken = others.flat_map(|member| &member.peer_urls);
        if taken.any(|url| peer_urls.contains(url)) {
            Err(error::peer_url_exists())
        } else {
            Ok(())
        }
    }

    /// Takes a validated change in.
    pub(crate) fn apply(&mut self, change: &Change) {
        let id = change.node_id;
        match &change.kind {
            Kind::Add { promote: true, .. } => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.is_learner = false;
                }
            }
            Kind::Add { member, .. } => {
                self.members.insert(id, member.clone());
            }
            Kind::Remove => {
                self.members.remove(&id);
                self.removed.insert(id);
            }
            Kind::Update { member } => {
                if let Some(known) = self.members.get_mut(&id) {
                    known.peer_urls = member.peer_urls.clone();
                    // `member update` sends no learner flag, and etcd takes that as its word.
                    known.is_learner = member.is_learner;
                }
            }
            Kind::Nothing => {}
        }
    }

    /// M4: enough voters have started that one more, not yet started, leaves a quorum.
    pub fn is_ready_to_add(&self) -> bool {
        let voters = self.voters().count() + 1;
        let started = self.voters().filter(|member| member.is_started()).count();
        // The way from one member to two goes through a moment without redundancy.
        if started == 1 && voters == 2 {
            return true;
        }
        started > voters / 2
    }

    /// M4: a started quorum is left without that voter.
    pub fn is_ready_to_remove(&self, id: u64) -> bool {
        let left: Vec<&Member> = self.voters().filter(|member| member.id != id).collect();
        let started = left.iter().filter(|member| member.is_started()).count();
        started > left.len() / 2
    }

    /// M4: as for adding a voter, with the learner counted among them.
    pub fn is_ready_to_promote(&self, id: u64) -> bool {
        let promoted = self.members.get(&id).filter(|member| member.is_learner);
        let all = self.voters().chain(promoted);
        let (voters, started) =
            all.fold((0, 0), |(n, s), member| (n + 1, s + usize::from(member.is_started())));
        started > voters / 2
    }

    /// Members and removed ids as etcd's buckets `members` and `members_removed` hold them, and the
    /// bucket `cluster`.
    pub(crate) fn buckets(&self) -> Vec<(&'static str, Pairs)> {
        let hex = |id: u64| format!("{id:x}").into_bytes();
        let json = |member: &Member| serde_json::to_vec(member).expect("a member is plain data");
        let mut members: Vec<_> = self.members.values().map(|m| (hex(m.id), json(m))).collect();
        let mut removed: Vec<_> =
            self.removed.iter().map(|id| (hex(*id), b"removed".to_vec())).collect();
        members.sort();
        removed.sort();
        let version = self.cluster_version.iter();
        let mut cluster: Vec<_> =
            version.map(|v| (CLUSTER_VERSION.to_vec(), v.clone().into_bytes())).collect();
        if let Some(target) = &self.downgrade {
            let info = Downgrade { target_version: target.clone(), enabled: true };
            let json = serde_json::to_vec(&info).expect("a downgrade is plain data");
            cluster.push((DOWNGRADE.to_vec(), json));
        }
        vec![("cluster", cluster), ("members", members), ("members_removed", removed)]
    }

    /// The members as the v2 store tells them (`membersFromStore`). Names that it does not know yet
    /// come from the backend: those of the first members are in the entries that add them.
    pub(crate) fn from_v2(v2: &v2store::Store, backend: &Membership) -> Result<Self, String> {
        let mut this = Membership::default();
        for name in v2.names(apply_v2::MEMBERS) {
            let id = parse_id(name)?;
            let at = |part: &str| v2.value(&format!("{}/{name}/{part}", apply_v2::MEMBERS));
            let raft = at("raftAttributes").and_then(apply_v2::read_raft_attributes);
            let (peer_urls, is_learner) =
                raft.ok_or_else(|| format!("unmarshal raftAttributes of member {name} failed"))?;
            let (name, client_urls) = match at("attributes") {
                Some(json) => {
                    let read = apply_v2::read_attributes(json);
                    let attributes = read
                        .ok_or_else(|| format!("unmarshal attributes of member {name} failed"))?;
                    (attributes.name, attributes.client_urls)
                }
                None => (backend.get(id).map_or(String::new(), |m| m.name.clone()), Vec::new()),
            };
            this.members.insert(id, Member { id, peer_urls, is_learner, name, client_urls });
        }
        this.removed =
            v2.names(apply_v2::REMOVED_MEMBERS).map(parse_id).collect::<Result<_, _>>()?;
        this.cluster_version = v2.value(apply_v2::VERSION).map(str::to_owned);
        Ok(this)
    }

    /// The reverse of [`Membership::buckets`].
    pub(crate) fn from_buckets<'a>(
        find: impl Fn(&str) -> &'a [(Vec<u8>, Vec<u8>)],
    ) -> Result<Self, String> {
        let mut this = Membership::default();
        for (_, value) in find("members") {
            let member: Member = serde_json::from_slice(value)
                .map_err(|e| format!("failed to unmarshal member: {e}"))?;
            this.members.insert(member.id, member);
        }
        for (key, _) in find("members_removed") {
            let text = String::from_utf8_lossy(key);
            this.removed.insert(parse_id(&text)?);
        }
        for (key, value) in find("cluster") {
            if key == CLUSTER_VERSION {
                this.cluster_version = Some(String::from_utf8_lossy(value).into_owned());
            } else if key == DOWNGRADE {
                let info: Downgrade = serde_json::from_slice(value)
                    .map_err(|e| format!("failed to unmarshal downgrade information: {e}"))?;
                this.downgrade = Some(info.target_version).filter(|_| info.enabled);
            }
        }
        Ok(this)
    }
}

fn parse_id(hex: &str) -> Result<u64, String> {
    u64::from_str_radix(hex, 16).map_err(|e| format!("failed to parse a member's id: {e}"))
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

    /// A member's words cross a worker's border in a form without names of fields.
    #[test]
    fn members_come_back_from_the_border_whatever_is_empty() {
        let full = Member {
            id: 7,
            peer_urls: vec!["http://127.0.0.1:2380".into()],
            is_learner: true,
            name: "m1".into(),
            client_urls: vec!["http://127.0.0.1:2379".into()],
        };
        for member in [Member::default(), Member { id: 1, ..full.clone() }, full] {
            let bytes = postcard::to_allocvec(&member).unwrap();
            assert_eq!(postcard::from_bytes::<Member>(&bytes).unwrap(), member);
        }
    }

    #[test]
    fn buckets_come_back_as_they_were() {
        let member = |id, name: &str| Member { id, name: name.into(), ..Member::default() };
        let mut membership = Membership::new([member(0xab, "m1"), member(0x2, "")]);
        membership.removed.insert(0x9);
        membership.set_cluster_version("3.4.0".into());
        membership.set_downgrade(Some("3.3.0".into()));
        let buckets = membership.buckets();
        let find = |name: &str| {
            buckets.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, kvs)| kvs)
        };
        assert_eq!(Membership::from_buckets(find).unwrap(), membership);
    }
}
