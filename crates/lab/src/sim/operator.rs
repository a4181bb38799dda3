//! Who looks after the members: asks who there is, adds learners and voters, promotes, updates and
//! removes. Processes for new members are started by the run itself, which sees whom the cluster has
//! been given.

use proto::etcdserverpb::{
    Member, MemberAddRequest, MemberListRequest, MemberPromoteRequest, MemberRemoveRequest,
    MemberUpdateRequest,
};
use proto::method;

use super::dice::Dice;
use super::host::{Agent, Heard};
use super::ops::encoded;
use super::view::{How, Mouth, Phase, User};
use crate::Micros;

/// Members that are added in one run at most.
const ADDITIONS_MAX: u32 = 8;
const PATIENCE_US: Micros = 9_000_000;

pub(crate) struct Operator {
    dice: Dice,
    /// Otherwise it only asks.
    changes: bool,
    /// Voters at the beginning.
    members: usize,
    additions: u32,
    updates: u32,
    waiting: Option<(u64, &'static str)>,
    wake_us: Option<Micros>,
}

/// Client port of the so-manieth added member; its peer port is the next one.
pub(crate) fn added_port(number: u32) -> u16 {
    (3000 + 10 * number) as u16
}

impl Operator {
    pub(crate) fn new(mut dice: Dice, members: usize, changes: bool) -> Self {
        let wake_us = Some(dice.within(1_000_000, 4_000_000));
        Operator { dice, changes, members, additions: 0, updates: 0, waiting: None, wake_us }
    }

    fn ask(
        &mut self,
        now: Micros,
        name: &'static str,
        path: &str,
        request: bytes::Bytes,
        mouth: &mut Mouth<'_>,
    ) {
        let address = mouth.view.some_endpoint(&mut self.dice);
        let call = mouth.call(address, User::Root, path, request);
        self.waiting = Some((call, name));
        self.wake_us = Some(now + PATIENCE_US);
    }

    fn list(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let request = MemberListRequest { linearizable: self.dice.percent(50) };
        self.ask(now, "member list", method::cluster::MEMBER_LIST, encoded(&request), mouth);
    }

    /// Changes something about the members that were just listed.
    fn change(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let members = mouth.view.members.clone();
        let voters: Vec<&Member> = members.iter().filter(|member| !member.is_learner).collect();
        if voters.is_empty() {
            // Asked of one that joins and knows nobody yet.
            return;
        }
        if let Some(learner) = members.iter().find(|member| member.is_learner) {
            let id = learner.id;
            if self.dice.percent(75) {
                let request = encoded(&MemberPromoteRequest { id });
                self.ask(now, "member promote", method::cluster::MEMBER_PROMOTE, request, mouth);
            } else {
                self.remove(now, id, mouth);
            }
            return;
        }
        if let Some(unstarted) = members.iter().find(|member| member.name.is_empty()) {
            if self.dice.percent(10) {
                self.remove(now, unstarted.id, mouth);
            }
            return;
        }
        let (most, least) = (self.members + 2, self.members.max(2) - 1);
        match self.dice.below(5) {
            0 | 1 if members.len() < most && self.additions < ADDITIONS_MAX => self.add(now, mouth),
            2 | 3 if voters.len() > least => {
                let id = voters[self.dice.below(voters.len() as u64) as usize].id;
                self.remove(now, id, mouth);
            }
            4 => {
                let id = voters[self.dice.below(voters.len() as u64) as usize].id;
                self.updates += 1;
                let peer_ur_ls = vec![format!("http://127.0.0.1:{}", 9000 + self.updates)];
                let request = encoded(&MemberUpdateRequest { id, peer_ur_ls });
                self.ask(now, "member update", method::cluster::MEMBER_UPDATE, request, mouth);
            }
            _ => {}
        }
    }

    fn add(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        self.additions += 1;
        let is_learner = self.dice.percent(60);
        let peer_ur_ls = vec![format!("http://127.0.0.1:{}", added_port(self.additions) + 1)];
        let request = encoded(&MemberAddRequest { peer_ur_ls, is_learner });
        let name = if is_learner { "member add learner" } else { "member add" };
        self.ask(now, name, method::cluster::MEMBER_ADD, request, mouth);
    }

    fn remove(&mut self, now: Micros, id: u64, mouth: &mut Mouth<'_>) {
        let request = encoded(&MemberRemoveRequest { id });
        self.ask(now, "member remove", method::cluster::MEMBER_REMOVE, request, mouth);
    }

    fn rest(&mut self, now: Micros) {
        self.waiting = None;
        self.wake_us = Some(now + self.dice.within(200_000, 1_500_000));
    }
}

impl Agent for Operator {
    fn next_wake(&self) -> Option<Micros> {
        self.wake_us
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        if let Some((call, name)) = self.waiting.take() {
            mouth.cancel(call);
            mouth.view.count(name, How::Unknown);
            return self.rest(now);
        }
        // Who there is has to be known to the end: the last round asks all of them.
        self.list(now, mouth);
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        let Some((waiting, name)) = self.waiting else { return };
        if waiting != call {
            return;
        }
        self.rest(now);
        match heard {
            Heard::Reply(Ok(reply)) => {
                mouth.view.count(name, How::Done);
                if name == "member list" {
                    mouth.view.learn_members(&reply);
                    if self.changes && mouth.view.phase == Phase::Load {
                        self.change(now, mouth);
                    }
                }
            }
            Heard::Reply(Err(status)) => {
                mouth.view.count(name, How::Failed);
                mouth.view.learn_failure(name, User::Root, &status);
            }
            Heard::Refused => mouth.view.count(name, How::Failed),
            Heard::Lost | Heard::Message(_) => mouth.view.count(name, How::Unknown),
        }
    }
}
