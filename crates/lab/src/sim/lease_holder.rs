//! A client that lives by a lease: it is granted one, hangs a key on it, renews it for a while over a
//! stream (another one when that breaks), and then revokes it or lets it go.

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
    LeaseRevokeRequest, PutRequest,
};
use proto::method;

use super::dice::Dice;
use super::host::{Agent, Heard};
use super::ops::encoded;
use super::view::{How, Mouth, Phase, User};
use crate::Micros;

const PATIENCE_US: Micros = 8_000_000;
const BACK_OFF_US: Micros = 200_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Granting(u64),
    Putting(u64),
    /// The stream, if there is one.
    Renewing(Option<u64>),
    Revoking(u64),
}

pub(crate) struct LeaseHolder {
    dice: Dice,
    number: u64,
    state: State,
    wake_us: Option<Micros>,
    lease: i64,
    ttl_s: u64,
    renewals_left: u64,
}

impl LeaseHolder {
    pub(crate) fn new(mut dice: Dice, number: u64) -> Self {
        let wake_us = Some(dice.within(500_000, 4_000_000));
        LeaseHolder {
            dice,
            number,
            state: State::Idle,
            wake_us,
            lease: 0,
            ttl_s: 0,
            renewals_left: 0,
        }
    }

    fn call(&mut self, now: Micros, method: &str, request: Bytes, mouth: &mut Mouth<'_>) -> u64 {
        self.wake_us = Some(now + PATIENCE_US);
        let address = mouth.view.some_endpoint(&mut self.dice);
        mouth.call(address, User::Root, method, request)
    }

    fn grant(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        self.ttl_s = self.dice.within(2, 6);
        let request = LeaseGrantRequest { ttl: self.ttl_s as i64, id: 0 };
        let call = self.call(now, method::lease::LEASE_GRANT, encoded(&request), mouth);
        self.state = State::Granting(call);
    }

    fn put(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let request = PutRequest {
            key: format!("k/lease-{}", self.number).into(),
            value: mouth.view.fresh_value(),
            lease: self.lease,
            ..PutRequest::default()
        };
        let call = self.call(now, method::kv::PUT, encoded(&request), mouth);
        self.state = State::Putting(call);
    }

    fn renew(&mut self, now: Micros, stream: Option<u64>, mouth: &mut Mouth<'_>) {
        if self.renewals_left == 0 {
            return self.let_go(now, stream, mouth);
        }
        self.renewals_left -= 1;
        let stream = stream.unwrap_or_else(|| {
            let address = mouth.view.some_endpoint(&mut self.dice);
            mouth.open(address, User::Root, method::lease::LEASE_KEEP_ALIVE)
        });
        mouth.send(stream, &LeaseKeepAliveRequest { id: self.lease });
        self.state = State::Renewing(Some(stream));
        self.wake_us = Some(now + self.ttl_s * 1_000_000 / 3);
    }

    fn let_go(&mut self, now: Micros, stream: Option<u64>, mouth: &mut Mouth<'_>) {
        if let Some(stream) = stream {
            mouth.cancel(stream);
        }
        if self.dice.percent(40) {
            let request = LeaseRevokeRequest { id: self.lease };
            let call = self.call(now, method::lease::LEASE_REVOKE, encoded(&request), mouth);
            self.state = State::Revoking(call);
        } else {
            self.rest(now);
        }
    }

    fn rest(&mut self, now: Micros) {
        self.state = State::Idle;
        self.wake_us = Some(now + BACK_OFF_US + self.dice.below(3_000_000));
    }

    fn granted(&mut self, now: Micros, reply: Bytes, mouth: &mut Mouth<'_>) {
        let Ok(response) = LeaseGrantResponse::decode(reply) else { return self.rest(now) };
        self.lease = response.id;
        self.renewals_left = self.dice.below(12);
        mouth.view.learn_lease(response.id);
        self.put(now, mouth);
    }

    fn kind(&self) -> &'static str {
        match self.state {
            State::Granting(_) => "lease grant",
            State::Putting(_) => "put",
            State::Revoking(_) => "lease revoke",
            State::Idle | State::Renewing(_) => "keep-alive",
        }
    }
}

impl Agent for LeaseHolder {
    fn next_wake(&self) -> Option<Micros> {
        self.wake_us
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        match self.state {
            State::Idle if mouth.view.phase == Phase::Last => self.wake_us = None,
            State::Idle => self.grant(now, mouth),
            State::Granting(call) | State::Putting(call) | State::Revoking(call) => {
                mouth.cancel(call);
                mouth.view.count(self.kind(), How::Unknown);
                self.rest(now);
            }
            State::Renewing(stream) => {
                if mouth.view.phase == Phase::Last {
                    self.renewals_left = 0;
                }
                self.renew(now, stream, mouth);
            }
        }
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        match (self.state, heard) {
            (State::Renewing(Some(stream)), heard) if stream == call => match heard {
                Heard::Message(message) => {
                    mouth.view.count("keep-alive", How::Done);
                    let ended =
                        LeaseKeepAliveResponse::decode(message).is_ok_and(|reply| reply.ttl <= 0);
                    if ended {
                        mouth.cancel(stream);
                        self.rest(now);
                    }
                }
                heard => {
                    if let Heard::Reply(Err(status)) = heard {
                        mouth.view.learn_failure("keep-alive", User::Root, &status);
                    }
                    mouth.view.count("keep-alive", How::Failed);
                    self.state = State::Renewing(None);
                    self.wake_us = Some(now + BACK_OFF_US);
                }
            },
            (
                State::Granting(waiting) | State::Putting(waiting) | State::Revoking(waiting),
                heard,
            ) if waiting == call => {
                let kind = self.kind();
                match heard {
                    Heard::Reply(Ok(reply)) => {
                        mouth.view.count(kind, How::Done);
                        match self.state {
                            State::Granting(_) => self.granted(now, reply, mouth),
                            State::Putting(_) => self.renew(now, None, mouth),
                            _ => self.rest(now),
                        }
                    }
                    Heard::Reply(Err(status)) => {
                        mouth.view.count(kind, How::Failed);
                        mouth.view.learn_failure(kind, User::Root, &status);
                        self.rest(now);
                    }
                    _ => {
                        mouth.view.count(kind, How::Unknown);
                        self.rest(now);
                    }
                }
            }
            _ => {}
        }
    }
}
