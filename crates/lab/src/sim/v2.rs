//! Clients of the old API: a few keys that are set, compared and swapped, made, deleted and read
//! through raft (`quorum=true`). At the end the history of each key must have an order that explains
//! it (V13), and what was done before something else began must have the lower index.

use history::linearizable::{Model, Operation, Verdict, check};
use prost::Message;
use proto::http::{Header, METHOD, Request, Response};

use super::dice::Dice;
use super::host::{Agent, Heard};
use super::view::{How, Mouth, Phase, User};
use crate::Micros;

const BACK_OFF_US: Micros = 100_000;
/// Work for one run's verdict, in steps of the model.
const STEPS_MAX: u64 = 2_000_000;

/// What was asked of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Set(u64),
    /// `prevExist=false`.
    Make(u64),
    /// `prevValue`.
    Swap {
        from: u64,
        to: u64,
    },
    Delete,
    Get,
}

/// What came back: the value after it, and the index of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The value that a read found.
    Found(u64),
    Changed,
    /// 100.
    NotFound,
    /// 101.
    Differs,
    /// 105.
    Exists,
}

/// One operation of the run.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    key: u64,
    op: Op,
    asked_us: Micros,
    /// Answer, time, and the index of what it changed (0 for nothing).
    answered: Option<(Answer, Micros, u64)>,
}

enum State {
    Idle { until_us: Micros },
    Waiting { call: u64, done: Done, deadline_us: Micros },
    Over,
}

pub(crate) struct V2Client {
    dice: Dice,
    pause_us: Micros,
    state: State,
    /// Values that this client knows to have been written, as candidates for a swap.
    seen: Vec<u64>,
}

impl V2Client {
    pub(crate) fn new(mut dice: Dice, pause_us: Micros) -> Self {
        let until_us = dice.within(500_000, 2_000_000);
        V2Client { dice, pause_us, state: State::Idle { until_us }, seen: vec![0] }
    }

    fn ask(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let key = self.dice.below(mouth.view.keys.min(4));
        let op = match self.dice.below(10) {
            0..=3 => Op::Set(mouth.view.fresh_number()),
            4 => Op::Make(mouth.view.fresh_number()),
            5 => Op::Swap { from: self.dice.pick(&self.seen), to: mouth.view.fresh_number() },
            6 => Op::Delete,
            _ => Op::Get,
        };
        let address = mouth.view.some_endpoint(&mut self.dice);
        let request = request(key, op).encode_to_vec().into();
        let call = mouth.call(address, User::Root, METHOD, request);
        let deadline_us = now + self.dice.pick(&[500_000, 2_000_000, 9_000_000]);
        let done = Done { key, op, asked_us: now, answered: None };
        self.state = State::Waiting { call, done, deadline_us };
    }

    fn pause(&mut self, now: Micros, least_us: Micros) {
        let until_us = now + least_us + self.dice.below(self.pause_us);
        self.state = State::Idle { until_us };
    }

    fn learn(&mut self, now: Micros, mut done: Done, reply: &[u8], mouth: &mut Mouth<'_>) {
        done.answered = answer(done.op, reply).map(|(answer, index)| (answer, now, index));
        let how = match done.answered {
            Some((Answer::Found(value), ..)) => {
                self.seen.push(value);
                How::Done
            }
            Some((Answer::Changed, ..)) => How::Done,
            Some(_) => How::Failed,
            None => How::Unknown,
        };
        if self.seen.len() > 4 {
            self.seen.remove(0);
        }
        mouth.view.count(done.op.name(), how);
        mouth.view.v2.push(done);
        self.pause(now, 0);
    }
}

impl Op {
    fn name(self) -> &'static str {
        match self {
            Op::Set(_) => "v2 set",
            Op::Make(_) => "v2 mk",
            Op::Swap { .. } => "v2 swap",
            Op::Delete => "v2 rm",
            Op::Get => "v2 get",
        }
    }
}

impl Agent for V2Client {
    fn next_wake(&self) -> Option<Micros> {
        match self.state {
            State::Idle { until_us } => Some(until_us),
            State::Waiting { deadline_us, .. } => Some(deadline_us),
            State::Over => None,
        }
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Idle { .. } if mouth.view.phase != Phase::Load => {}
            State::Idle { .. } => self.ask(now, mouth),
            State::Waiting { call, done, .. } => {
                mouth.cancel(call);
                mouth.view.count(done.op.name(), How::Unknown);
                mouth.view.v2.push(done);
                self.pause(now, 0);
            }
            State::Over => {}
        }
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        let waits = matches!(&self.state, State::Waiting { call: waiting, .. } if *waiting == call);
        if !waits {
            return;
        }
        let State::Waiting { done, .. } = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        match heard {
            Heard::Reply(Ok(reply)) => self.learn(now, done, &reply, mouth),
            Heard::Refused => {
                mouth.view.count(done.op.name(), How::Failed);
                self.pause(now, BACK_OFF_US);
            }
            Heard::Reply(Err(_)) | Heard::Lost | Heard::Message(_) => {
                mouth.view.count(done.op.name(), How::Unknown);
                mouth.view.v2.push(done);
                self.pause(now, BACK_OFF_US);
            }
        }
    }
}

fn request(key: u64, op: Op) -> Request {
    let form = Header::new("Content-Type", "application/x-www-form-urlencoded");
    let (method, query, body) = match op {
        Op::Set(value) => ("PUT", String::new(), format!("value={value}")),
        Op::Make(value) => ("PUT", "?prevExist=false".into(), format!("value={value}")),
        Op::Swap { from, to } => ("PUT", format!("?prevValue={from}"), format!("value={to}")),
        Op::Delete => ("DELETE", String::new(), String::new()),
        Op::Get => ("GET", "?quorum=true".into(), String::new()),
    };
    Request {
        method: method.into(),
        target: format!("/v2/keys/load/{key}{query}"),
        headers: vec![form],
        body: body.into(),
    }
}

/// What an answer says for sure, with the index of a change; `None` where it may or may not have
/// happened (such as a time-out inside the member).
fn answer(op: Op, reply: &[u8]) -> Option<(Answer, u64)> {
    let response = Response::decode(reply).ok()?;
    let body = std::str::from_utf8(&response.body).ok()?;
    match response.status {
        200 | 201 if op == Op::Get => Some((Answer::Found(number(body, "\"value\":\"")?), 0)),
        200 | 201 => Some((Answer::Changed, number(body, "\"modifiedIndex\":")?)),
        404 | 412 => match number(body, "\"errorCode\":")? {
            100 => Some((Answer::NotFound, 0)),
            101 => Some((Answer::Differs, 0)),
            105 => Some((Answer::Exists, 0)),
            _ => None,
        },
        _ => None,
    }
}

/// The number that follows the first such text.
fn number(body: &str, before: &str) -> Option<u64> {
    let (_, rest) = body.split_once(before)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// One key: its value, or that it is not there.
struct Register;

impl Model for Register {
    type State = Option<u64>;
    type Input = (u64, Op);
    type Output = Answer;
    type Key = u64;

    fn initial(&self) -> Option<u64> {
        None
    }

    fn key(&self, (key, _): &(u64, Op)) -> u64 {
        *key
    }

    fn step(
        &self,
        state: &Option<u64>,
        (_, op): &(u64, Op),
        output: Option<&Answer>,
    ) -> Vec<Option<u64>> {
        let (expected, next) = match (*op, *state) {
            (Op::Set(value), _) | (Op::Make(value), None) => (Answer::Changed, Some(value)),
            (Op::Make(_), held) => (Answer::Exists, held),
            (Op::Swap { from, to }, Some(held)) if from == held => (Answer::Changed, Some(to)),
            (Op::Swap { .. }, Some(held)) => (Answer::Differs, Some(held)),
            (Op::Delete, Some(_)) => (Answer::Changed, None),
            (Op::Get, Some(held)) => (Answer::Found(held), Some(held)),
            (Op::Swap { .. } | Op::Delete | Op::Get, None) => (Answer::NotFound, None),
        };
        let fits = output.is_none_or(|output| *output == expected);
        if fits { vec![next] } else { Vec::new() }
    }
}

/// What no run may show.
pub(crate) fn violations(history: &[Done]) -> Vec<String> {
    let operations: Vec<_> = history
        .iter()
        .map(|done| Operation {
            input: (done.key, done.op),
            call: done.asked_us,
            done: done.answered.map(|(answer, at_us, _)| (answer, at_us)),
        })
        .collect();
    let mut found = Vec::new();
    if let Verdict::Violated { stuck } = check(&Register, &operations, STEPS_MAX) {
        let done = usize::try_from(stuck).ok().and_then(|at| history.get(at));
        found.push(format!("v2 keys: no order explains {done:?}"));
    }
    found.extend(out_of_order(history));
    found
}

/// Two changes of which one ended before the other began, with indices the other way round.
fn out_of_order(history: &[Done]) -> Option<String> {
    let mut changes: Vec<(Micros, Micros, u64)> = history
        .iter()
        .filter_map(|done| match done.answered {
            Some((Answer::Changed, at_us, index)) => Some((at_us, done.asked_us, index)),
            _ => None,
        })
        .collect();
    changes.sort_unstable();
    // By the end of each; the highest index of all that ended before a change began counts.
    let mut by_start = changes.clone();
    by_start.sort_unstable_by_key(|(_, asked_us, _)| *asked_us);
    let mut ended = changes.iter().peekable();
    let mut highest = 0;
    for (_, asked_us, index) in by_start {
        while let Some((_, _, index)) = ended.next_if(|(at_us, ..)| *at_us < asked_us) {
            highest = highest.max(*index);
        }
        if index <= highest {
            return Some(format!("v2 keys: index {index} was given after {highest}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(op: Op, asked_us: Micros, answer: Answer, at_us: Micros, index: u64) -> Done {
        Done { key: 1, op, asked_us, answered: Some((answer, at_us, index)) }
    }

    #[test]
    fn a_lost_write_and_an_index_that_falls_are_found() {
        let write = done(Op::Set(7), 0, Answer::Changed, 10, 5);
        let read = |answer| done(Op::Get, 20, answer, 30, 0);
        assert_eq!(violations(&[write.clone(), read(Answer::Found(7))]), Vec::<String>::new());
        let lost = violations(&[write.clone(), read(Answer::NotFound)]);
        assert!(lost[0].starts_with("v2 keys: no order explains"), "{lost:?}");
        let late = done(Op::Set(8), 11, Answer::Changed, 40, 4);
        assert_eq!(violations(&[write, late]), ["v2 keys: index 4 was given after 5"]);
    }

    #[test]
    fn what_may_have_happened_explains_what_is_seen_later() {
        let unknown = Done { key: 1, op: Op::Set(9), asked_us: 0, answered: None };
        let read = done(Op::Get, 20, Answer::Found(9), 30, 0);
        assert_eq!(violations(&[unknown, read]), Vec::<String>::new());
    }
}
