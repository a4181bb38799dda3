//! One client of the API: it asks, waits for the answer or its own time-out, pauses, and asks again.

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::LeaseGrantResponse;

use super::dice::Dice;
use super::host::{Agent, Heard};
use super::ops::Kind;
use super::swarm::Mix;
use super::view::{How, Mouth, Phase, User};
use crate::Micros;

/// Pause after something went wrong.
const BACK_OFF_US: Micros = 100_000;

enum State {
    Idle { until_us: Micros },
    Waiting { call: u64, kind: Kind, deadline_us: Micros },
    Over,
}

pub(crate) struct Client {
    dice: Dice,
    user: User,
    weights: Vec<u64>,
    pause_us: Micros,
    /// The endpoint it likes best.
    home: Option<String>,
    state: State,
}

impl Client {
    pub(crate) fn new(mut dice: Dice, mix: &Mix) -> Self {
        let user = if dice.percent(60) { User::Root } else { User::Limited };
        let until_us = dice.within(100_000, 2_000_000);
        Client {
            dice,
            user,
            weights: mix.weights.clone(),
            pause_us: mix.pause_us,
            home: None,
            state: State::Idle { until_us },
        }
    }

    fn ask(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let Some(kind) = self.dice.weighted(&self.weights).map(|at| Kind::ALL[at]) else {
            return;
        };
        let (method, request) = kind.request(&mut self.dice, mouth.view);
        let elsewhere = self.dice.percent(20);
        let address = match &self.home {
            Some(home) if !elsewhere => home.clone(),
            _ => mouth.view.some_endpoint(&mut self.dice),
        };
        self.home.get_or_insert(address.clone());
        let call = mouth.call(address, self.user, method, request);
        let patience_us = self.dice.pick(&[500_000, 2_000_000, 9_000_000]);
        self.state = State::Waiting { call, kind, deadline_us: now + patience_us };
    }

    fn pause(&mut self, now: Micros, least_us: Micros) {
        let until_us = now + least_us + self.dice.below(self.pause_us);
        self.state = State::Idle { until_us };
    }

    fn learn(&mut self, kind: Kind, reply: &Bytes, mouth: &mut Mouth<'_>) {
        mouth.view.learn_revision(reply);
        match kind {
            Kind::LeaseGrant => {
                if let Ok(response) = LeaseGrantResponse::decode(reply.clone()) {
                    mouth.view.learn_lease(response.id);
                }
            }
            Kind::MemberList => mouth.view.learn_members(reply),
            _ => {}
        }
    }
}

impl Agent for Client {
    fn next_wake(&self) -> Option<Micros> {
        match self.state {
            State::Idle { until_us } => Some(until_us),
            State::Waiting { deadline_us, .. } => Some(deadline_us),
            State::Over => None,
        }
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        match self.state {
            State::Idle { .. } if mouth.view.phase != Phase::Load => self.state = State::Over,
            State::Idle { .. } => self.ask(now, mouth),
            State::Waiting { call, kind, .. } => {
                mouth.cancel(call);
                mouth.view.count(kind.name(), How::Unknown);
                self.home = None;
                self.pause(now, 0);
            }
            State::Over => {}
        }
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        let State::Waiting { call: waiting, kind, .. } = self.state else { return };
        if waiting != call {
            return;
        }
        let (how, least_us) = match heard {
            Heard::Reply(Ok(reply)) => {
                self.learn(kind, &reply, mouth);
                (How::Done, 0)
            }
            Heard::Reply(Err(status)) => {
                mouth.view.learn_failure(kind.name(), self.user, &status);
                (How::Failed, 20_000)
            }
            Heard::Refused => {
                self.home = None;
                (How::Failed, BACK_OFF_US)
            }
            Heard::Lost | Heard::Message(_) => {
                self.home = None;
                (How::Unknown, BACK_OFF_US)
            }
        };
        mouth.view.count(kind.name(), how);
        self.pause(now, least_us);
    }
}
