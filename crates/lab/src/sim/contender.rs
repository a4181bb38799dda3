//! A client that contends for a lock or a leadership through the server's own recipes: it is granted
//! a lease, waits for its turn, holds what it got for a while, and gives it back or lets the lease
//! end.
//!
//! Each hold is written down as the time in which the holder may rely on it: from the answer until it
//! asks to give it back, or until its lease may have ended. Two holds of one name must never overlap
//! (rules Y), and whoever asks for the leader within its own hold must hear of itself.

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::{LeaseGrantRequest, LeaseGrantResponse};
use proto::method;
use proto::v3electionpb::{
    CampaignRequest, CampaignResponse, LeaderKey, LeaderRequest, LeaderResponse, ProclaimRequest,
    ResignRequest,
};
use proto::v3lockpb::{LockRequest, LockResponse, UnlockRequest};

use super::dice::Dice;
use super::host::{Agent, Heard};
use super::ops::encoded;
use super::view::{How, Mouth, Phase, User};
use crate::Micros;

/// Nothing of the load writes there: its ranges begin at `k/`.
const LOCK: &[u8] = b"a/lock";
const ELECTION: &[u8] = b"a/election";
const PATIENCE_US: Micros = 8_000_000;
const BACK_OFF_US: Micros = 200_000;

/// The time in which somebody relied on a lock or a leadership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) name: &'static [u8],
    pub(crate) key: Bytes,
    pub(crate) from_us: Micros,
    pub(crate) until_us: Micros,
}

/// What is wrong with the holds of a run, in words.
pub(crate) fn overlaps(holds: &[Hold]) -> Vec<String> {
    let mut sorted: Vec<&Hold> = holds.iter().filter(|hold| hold.from_us < hold.until_us).collect();
    sorted.sort_by_key(|hold| (hold.name, hold.from_us));
    let mut found = Vec::new();
    let mut longest: Option<&Hold> = None;
    for hold in sorted {
        let before = longest.filter(|before| before.name == hold.name);
        if let Some(before) = before.filter(|before| before.until_us > hold.from_us) {
            found.push(format!(
                "mutual exclusion: {} was given at {} us, and {} may rely on it until {} us",
                hold.key.escape_ascii(),
                hold.from_us,
                before.key.escape_ascii(),
                before.until_us,
            ));
        }
        if before.is_none_or(|before| before.until_us < hold.until_us) {
            longest = Some(hold);
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Granting,
    /// Behind others, until it is its turn.
    Queueing,
    Holding,
    /// Asks who leads, or says something as the leader.
    Asking,
    Proclaiming,
    Releasing,
}

pub(crate) struct Contender {
    dice: Dice,
    name: &'static [u8],
    state: State,
    call: Option<u64>,
    wake_us: Option<Micros>,
    lease: i64,
    /// The lease lives at least until then.
    lease_until_us: Micros,
    /// The leadership; of a lock only the key counts.
    leader: LeaderKey,
    /// Its place among all holds.
    hold: usize,
}

impl Contender {
    pub(crate) fn new(mut dice: Dice) -> Self {
        let wake_us = Some(dice.within(500_000, 4_000_000));
        let name = dice.pick(&[LOCK, ELECTION]);
        Contender {
            dice,
            name,
            state: State::Idle,
            call: None,
            wake_us,
            lease: 0,
            lease_until_us: 0,
            leader: LeaderKey::default(),
            hold: 0,
        }
    }

    fn is_lock(&self) -> bool {
        self.name == LOCK
    }

    fn ask(&mut self, now: Micros, state: State, request: (&str, Bytes), mouth: &mut Mouth<'_>) {
        let (method, request) = request;
        let address = mouth.view.some_endpoint(&mut self.dice);
        self.state = state;
        self.call = Some(mouth.call(address, User::Root, method, request));
        self.wake_us = Some(now + PATIENCE_US);
    }

    fn grant(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let ttl_s = self.dice.within(2, 6);
        self.lease_until_us = now + ttl_s * 1_000_000;
        let request = encoded(&LeaseGrantRequest { ttl: ttl_s as i64, id: 0 });
        self.ask(now, State::Granting, (method::lease::LEASE_GRANT, request), mouth);
    }

    fn queue(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let (name, lease) = (Bytes::from_static(self.name), self.lease);
        let request = if self.is_lock() {
            (method::lock::LOCK, encoded(&LockRequest { name, lease }))
        } else {
            let value = mouth.view.fresh_value();
            (method::election::CAMPAIGN, encoded(&CampaignRequest { name, lease, value }))
        };
        self.ask(now, State::Queueing, request, mouth);
    }

    fn won(&mut self, now: Micros, reply: Bytes, mouth: &mut Mouth<'_>) {
        self.leader = if self.is_lock() {
            let key = LockResponse::decode(reply).unwrap_or_default().key;
            LeaderKey { key, ..LeaderKey::default() }
        } else {
            CampaignResponse::decode(reply).unwrap_or_default().leader.unwrap_or_default()
        };
        self.hold = mouth.view.holds.len();
        mouth.view.holds.push(Hold {
            name: self.name,
            key: self.leader.key.clone(),
            from_us: now,
            until_us: self.lease_until_us,
        });
        self.keep(now);
    }

    /// Holds on, for a moment or for longer than the lease lives.
    fn keep(&mut self, now: Micros) {
        self.state = State::Holding;
        let longest_us = self.dice.pick(&[100_000, 1_000_000, 7_000_000]);
        self.wake_us = Some(now + self.dice.below(longest_us));
    }

    fn use_or_release(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let leader = Some(self.leader.clone());
        if !self.is_lock() && mouth.view.phase == Phase::Load && self.dice.percent(60) {
            if self.dice.percent(50) {
                let request = encoded(&LeaderRequest { name: Bytes::from_static(self.name) });
                return self.ask(now, State::Asking, (method::election::LEADER, request), mouth);
            }
            let request = encoded(&ProclaimRequest { leader, value: mouth.view.fresh_value() });
            return self.ask(now, State::Proclaiming, (method::election::PROCLAIM, request), mouth);
        }
        let hold = &mut mouth.view.holds[self.hold];
        hold.until_us = hold.until_us.min(now);
        let request = if self.is_lock() {
            let key = self.leader.key.clone();
            (method::lock::UNLOCK, encoded(&UnlockRequest { key }))
        } else {
            (method::election::RESIGN, encoded(&ResignRequest { leader }))
        };
        self.ask(now, State::Releasing, request, mouth);
    }

    /// Within one's own hold there is no other leader.
    fn learn_leader(&self, now: Micros, reply: Bytes, mouth: &mut Mouth<'_>) {
        let kv = LeaderResponse::decode(reply).unwrap_or_default().kv.unwrap_or_default();
        if now < self.lease_until_us && kv.key != self.leader.key {
            mouth.view.violations.push(format!(
                "mutual exclusion: {} leads until {} us, and at {now} us {} was said to",
                self.leader.key.escape_ascii(),
                self.lease_until_us,
                kv.key.escape_ascii(),
            ));
        }
    }

    fn rest(&mut self, now: Micros) {
        self.state = State::Idle;
        self.wake_us = Some(now + BACK_OFF_US + self.dice.below(2_000_000));
    }

    /// A use that failed says nothing about the hold; anything else begins anew.
    fn failed(&mut self, now: Micros) {
        match self.state {
            State::Asking | State::Proclaiming => self.keep(now),
            _ => self.rest(now),
        }
    }

    fn kind(&self) -> &'static str {
        match self.state {
            State::Granting | State::Idle => "lease grant",
            State::Queueing if self.is_lock() => "lock",
            State::Queueing | State::Holding => "campaign",
            State::Asking => "leader",
            State::Proclaiming => "proclaim",
            State::Releasing if self.is_lock() => "unlock",
            State::Releasing => "resign",
        }
    }
}

impl Agent for Contender {
    fn next_wake(&self) -> Option<Micros> {
        self.wake_us
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        match (self.state, self.call.take()) {
            (_, Some(call)) => {
                mouth.cancel(call);
                mouth.view.count(self.kind(), How::Unknown);
                self.failed(now);
            }
            (State::Holding, None) => self.use_or_release(now, mouth),
            (_, None) if mouth.view.phase == Phase::Last => self.wake_us = None,
            (_, None) => self.grant(now, mouth),
        }
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        if self.call.take_if(|open| *open == call).is_none() {
            return;
        }
        let kind = self.kind();
        let reply = match heard {
            Heard::Reply(Ok(reply)) => reply,
            Heard::Reply(Err(status)) => {
                mouth.view.count(kind, How::Failed);
                mouth.view.learn_failure(kind, User::Root, &status);
                return self.failed(now);
            }
            Heard::Refused | Heard::Lost | Heard::Message(_) => {
                mouth.view.count(kind, How::Unknown);
                return self.failed(now);
            }
        };
        mouth.view.count(kind, How::Done);
        mouth.view.learn_revision(&reply);
        match self.state {
            State::Granting => {
                self.lease = LeaseGrantResponse::decode(reply).unwrap_or_default().id;
                self.queue(now, mouth);
            }
            State::Queueing => self.won(now, reply, mouth),
            State::Asking => {
                self.learn_leader(now, reply, mouth);
                self.keep(now);
            }
            State::Proclaiming => self.keep(now),
            State::Idle | State::Holding | State::Releasing => self.rest(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(name: &'static [u8], key: &'static str, from_us: Micros, until_us: Micros) -> Hold {
        Hold { name, key: key.into(), from_us, until_us }
    }

    #[test]
    fn holds_of_one_name_must_not_overlap() {
        let mut holds = vec![
            hold(LOCK, "one", 10, 20),
            hold(LOCK, "two", 20, 90),
            // Its lease had ended before it heard that it had won.
            hold(LOCK, "late", 50, 40),
            hold(ELECTION, "other", 15, 25),
        ];
        assert_eq!(overlaps(&holds), Vec::<String>::new());
        holds.push(hold(LOCK, "three", 30, 35));
        holds.push(hold(LOCK, "four", 89, 95));
        assert_eq!(
            overlaps(&holds),
            [
                "mutual exclusion: three was given at 30 us, and two may rely on it until 90 us",
                "mutual exclusion: four was given at 89 us, and two may rely on it until 90 us",
            ]
        );
    }
}
