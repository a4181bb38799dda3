//! Which members make a cluster, and who of them counts.
//!
//! A restored member, or a second set of members, is a cluster of its own beside the first. A
//! quorum is one of voters of one cluster: learners, members that were removed and those of other
//! clusters do not count, one that was added and never started does (etcd's `raft` counts the
//! configuration, not processes).

use frame::{Frame, MemberView, PeerView, Role, Status};

/// The members of one cluster, in the order of the frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster<'a> {
    /// etcd's cluster id; 0 while no member has said it.
    pub id: u64,
    pub members: Vec<&'a MemberView>,
    /// Its members by the word of the one who should know best; empty until anyone has said it.
    peers: &'a [PeerView],
}

/// What a member is in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Voter,
    Learner,
    /// The cluster does not know it any more.
    Removed,
}

/// The clusters of a frame. The first is that of the first member.
pub fn clusters(frame: &Frame) -> Vec<Cluster<'_>> {
    let mut found: Vec<Cluster> = Vec::new();
    for member in &frame.members {
        let id = home(member, frame);
        match found.iter_mut().find(|cluster| cluster.id == id) {
            Some(cluster) => cluster.members.push(member),
            None => found.push(Cluster { id, members: vec![member], peers: &[] }),
        }
    }
    for cluster in &mut found {
        cluster.peers = cluster.witness().map(|m| m.peers.as_slice()).unwrap_or_default();
    }
    found
}

/// The cluster that a member of the frame belongs to.
pub fn cluster_of<'a>(frame: &'a Frame, member: &MemberView) -> Option<Cluster<'a>> {
    let of = |cluster: &Cluster| cluster.members.iter().any(|m| m.name == member.name);
    clusters(frame).into_iter().find(of)
}

/// The id of its cluster; who has not said one belongs to those that know it.
fn home(member: &MemberView, frame: &Frame) -> u64 {
    let knows =
        |other: &&MemberView| member.id != 0 && other.peers.iter().any(|peer| peer.id == member.id);
    match member.cluster_id {
        0 => frame.members.iter().find(knows).map_or(0, |other| other.cluster_id),
        id => id,
    }
}

impl<'a> Cluster<'a> {
    /// Who runs as its leader of the highest term: an older one may still believe that it leads.
    pub fn leader(&self) -> Option<&'a MemberView> {
        self.on_top(|role| role == Role::Leader)
    }

    /// The running member of the highest term in such a role.
    pub(crate) fn on_top(&self, is: fn(Role) -> bool) -> Option<&'a MemberView> {
        let live = self.members.iter().filter(|m| m.status == Status::Running && is(m.role));
        let live = live.filter(|m| self.standing(m) != Standing::Removed);
        live.max_by_key(|m| m.term).copied()
    }

    pub fn standing(&self, member: &MemberView) -> Standing {
        match self.peers.iter().find(|peer| peer.id == member.id) {
            Some(peer) if peer.learner => Standing::Learner,
            Some(_) => Standing::Voter,
            None if !self.peers.is_empty() && member.id != 0 => Standing::Removed,
            None if member.role == Role::Learner => Standing::Learner,
            None => Standing::Voter,
        }
    }

    /// Names of those who vote; who was added and never started has none.
    pub(crate) fn voters(&self) -> Vec<&'a str> {
        if self.peers.is_empty() {
            let voters = self.members.iter().filter(|m| m.role != Role::Learner);
            return voters.map(|m| m.name.as_str()).collect();
        }
        let name =
            |peer: &'a PeerView| self.member(peer.id).map_or(peer.name.as_str(), |m| &m.name);
        self.peers.iter().filter(|peer| !peer.learner).map(name).collect()
    }

    /// Members that the cluster has and the lab does not: added or named, but never started.
    pub(crate) fn absent(&self) -> impl Iterator<Item = &'a PeerView> {
        self.peers.iter().filter(|peer| self.member(peer.id).is_none())
    }

    /// A learner that may not be promoted yet: the leader knows less than nine tenths of its own
    /// log to be there (M6).
    pub(crate) fn catches_up(&self, member: &MemberView) -> bool {
        let Some(leader) = self.leader() else { return false };
        let known = leader.matches.iter().find(|(name, _)| *name == member.name);
        let known = known.map_or(0, |(_, index)| *index);
        self.standing(member) == Standing::Learner
            && known.saturating_mul(10) < leader.last_index.saturating_mul(9)
    }

    fn member(&self, id: u64) -> Option<&'a MemberView> {
        self.members.iter().find(|m| m.id == id).copied()
    }

    /// The leader, else whoever runs, else anyone: of equals the one that has applied most.
    fn witness(&self) -> Option<&'a MemberView> {
        let told = self.members.iter().filter(|m| !m.peers.is_empty());
        let rank = |m: &&&MemberView| {
            let runs = m.status == Status::Running;
            (runs, if runs && m.role == Role::Leader { m.term } else { 0 }, m.applied)
        };
        told.max_by_key(rank).copied()
    }
}
