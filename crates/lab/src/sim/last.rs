//! The last round: when everything is healed, every voter takes a put and answers a linearizable
//! read, and what was put reaches the watch of everything.

use prost::Message;
use proto::etcdserverpb::{PutRequest, PutResponse, RangeRequest};
use proto::method;

use super::dice::Dice;
use super::host::{Agent, Heard};
use super::ops::encoded;
use super::view::{How, Mouth, Phase, User, View};
use crate::Micros;

const PATIENCE_US: Micros = 3_000_000;
const BACK_OFF_US: Micros = 200_000;
/// How often it looks whether the last phase has begun.
const LOOK_US: Micros = 500_000;
/// After this long in the last phase all that is under way has ended.
const DRAIN_US: Micros = 3_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Put,
    Get,
}

pub(crate) struct LastRound {
    dice: Dice,
    began_us: Option<Micros>,
    /// What is still to be done, in reverse; `None` before it begins.
    left: Option<Vec<(String, Step)>>,
    waiting: Option<u64>,
    wake_us: Option<Micros>,
    reason: String,
}

impl LastRound {
    pub(crate) fn new(dice: Dice) -> Self {
        LastRound {
            dice,
            began_us: None,
            left: None,
            waiting: None,
            wake_us: Some(LOOK_US),
            reason: String::new(),
        }
    }

    fn step(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let left = self.left.get_or_insert_with(|| {
            let voters = mouth.view.voters().into_iter();
            voters.flat_map(|to| [(to.clone(), Step::Get), (to, Step::Put)]).collect()
        });
        // Who was removed meanwhile is not asked any more.
        let voters = mouth.view.voters();
        left.retain(|(address, _)| voters.contains(address));
        let Some((address, step)) = left.last().cloned() else {
            self.wake_us = None;
            return;
        };
        let (path, request) = match step {
            Step::Put => {
                let value = mouth.view.fresh_value();
                let key = "k/last".into();
                let put = PutRequest { key, value, ..PutRequest::default() };
                (method::kv::PUT, encoded(&put))
            }
            Step::Get => {
                let range = RangeRequest { key: "k/last".into(), ..RangeRequest::default() };
                (method::kv::RANGE, encoded(&range))
            }
        };
        self.waiting = Some(mouth.call(address, User::Root, path, request));
        self.wake_us = Some(now + PATIENCE_US);
    }
}

impl Agent for LastRound {
    fn next_wake(&self) -> Option<Micros> {
        self.wake_us
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        if let Some(call) = self.waiting.take() {
            mouth.cancel(call);
            mouth.view.count("last round", How::Unknown);
            self.reason = "no answer".into();
        }
        if mouth.view.phase != Phase::Last {
            self.wake_us = Some(now + LOOK_US);
            return;
        }
        let began_us = *self.began_us.get_or_insert(now);
        let undone = !mouth.view.auth_to_undo && !mouth.view.alarms_to_undo;
        if now < began_us + DRAIN_US || !undone {
            self.wake_us = Some(now + LOOK_US + self.dice.below(1000));
            return;
        }
        self.step(now, mouth);
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        if self.waiting.take_if(|waiting| *waiting == call).is_none() {
            return;
        }
        self.wake_us = Some(now + BACK_OFF_US);
        match heard {
            Heard::Reply(Ok(reply)) => {
                mouth.view.count("last round", How::Done);
                let step = self.left.as_mut().and_then(Vec::pop);
                if let Some((_, Step::Put)) = step
                    && let Ok(response) = PutResponse::decode(reply)
                {
                    let revision = response.header.map_or(0, |header| header.revision);
                    mouth.view.last_revision = mouth.view.last_revision.max(revision);
                }
                self.step(now, mouth);
            }
            Heard::Reply(Err(status)) => {
                mouth.view.count("last round", How::Failed);
                mouth.view.learn_failure("last round", User::Root, &status);
                self.reason = status.message;
            }
            _ => {
                mouth.view.count("last round", How::Failed);
                self.reason = "no connection".into();
            }
        }
    }

    fn missing(&self, view: &View) -> Option<String> {
        match &self.left {
            None if view.auth_to_undo => Some("auth could not be turned off".into()),
            None if view.alarms_to_undo => Some("alarms could not be disarmed".into()),
            None => Some("the last round never began".into()),
            Some(left) => {
                let (address, step) = left.last()?;
                let what = if *step == Step::Put { "put" } else { "read" };
                Some(format!("a {what} through {address} does not succeed: {}", self.reason))
            }
        }
    }
}
