//! What the world knows of members, links and time, for the judge of drills and lessons. Reading it
//! changes nothing.

use frame::{MemberFacts, Situation};

use crate::view::status;
use crate::{ActorId, World};

impl World {
    /// The world's part of a situation.
    pub fn situation(&self) -> Situation {
        let leader = self.leader().map(|actor| self.name(ActorId::Member(actor)).to_string());
        let members = (0..self.member_count() as u16).map(|actor| {
            let facts = self.facts(actor);
            MemberFacts {
                id: self.members[usize::from(actor)].id,
                name: self.name(ActorId::Member(actor)).to_string(),
                status: status(self.process(actor)),
                role: facts.role,
                term: facts.term,
                has_leader: self.is_healthy(actor),
                applied: facts.applied,
            }
        });
        let cuts = self.link_views().into_iter().filter(|link| link.cut);
        Situation {
            time_us: self.now(),
            leader: leader.unwrap_or_default(),
            members: members.collect(),
            cuts: cuts.map(|link| (link.from, link.to)).collect(),
            ..Situation::default()
        }
    }
}
