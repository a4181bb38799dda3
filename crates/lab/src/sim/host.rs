//! The host of all simulated clients: it gives each agent its turns, and what it hears.

use std::collections::BTreeMap;

use bytes::Bytes;
use cluster::{Actor, HostInput, HostOutput};
use proto::Status;

use super::ClientReport;
use super::dice::Dice;
use super::swarm::Mix;
use super::view::{Mouth, Phase, View};
use super::{admin, client, contender, last, lease_holder, operator, v2, watcher};
use crate::Micros;
use crate::session::SimulatedClients;

/// What a call or stream comes to.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Reply(Result<Bytes, Status>),
    Message(Bytes),
    /// It did not get through.
    Refused,
    /// Whether it did is unknown.
    Lost,
}

/// One client, or what does one job.
pub(crate) trait Agent {
    /// When it wants to be woken next.
    fn next_wake(&self) -> Option<Micros>;
    /// That time has come.
    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>);
    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>);
    /// What it still waits for at the end of a run.
    fn missing(&self, _: &View) -> Option<String> {
        None
    }
}

pub(crate) struct Clients {
    view: View,
    agents: Vec<Box<dyn Agent>>,
    owners: BTreeMap<u64, usize>,
    last_call: u64,
    next_wake: Option<Micros>,
}

impl Clients {
    pub(crate) fn new(seed: u64, mix: &Mix, endpoints: Vec<String>) -> Self {
        let mut agents: Vec<Box<dyn Agent>> = Vec::new();
        let mut who = 0;
        let mut dice = || {
            who += 1;
            Dice::of_client(seed, who)
        };
        let members = endpoints.len();
        for _ in 0..mix.clients {
            agents.push(Box::new(client::Client::new(dice(), mix)));
        }
        for number in 0..mix.lease_holders {
            agents.push(Box::new(lease_holder::LeaseHolder::new(dice(), number)));
        }
        agents.push(Box::new(watcher::Watcher::of_everything(dice())));
        for _ in 0..mix.watchers {
            agents.push(Box::new(watcher::Watcher::new(dice())));
        }
        agents.push(Box::new(operator::Operator::new(dice(), members, mix.operator)));
        agents.push(Box::new(admin::Login::new(dice())));
        if mix.auth {
            agents.push(Box::new(admin::Auth::new(dice())));
        }
        if mix.quota {
            agents.push(Box::new(admin::Space::new(dice())));
        }
        agents.push(Box::new(last::LastRound::new(dice())));
        for _ in 0..mix.contenders {
            agents.push(Box::new(contender::Contender::new(dice())));
        }
        for _ in 0..mix.v2_clients {
            agents.push(Box::new(v2::V2Client::new(dice(), mix.pause_us)));
        }
        Clients {
            view: View::new(endpoints, mix.keys, mix.value_bytes),
            agents,
            owners: BTreeMap::new(),
            last_call: 0,
            next_wake: None,
        }
    }

    /// Gives one agent the word.
    fn with(
        &mut self,
        at: usize,
        out: &mut Vec<HostOutput>,
        act: impl FnOnce(&mut dyn Agent, &mut Mouth<'_>),
    ) {
        let mut mouth = Mouth {
            view: &mut self.view,
            out,
            owners: &mut self.owners,
            last_call: &mut self.last_call,
            agent: at,
        };
        act(self.agents[at].as_mut(), &mut mouth);
    }
}

impl Actor for Clients {
    type Input = HostInput;
    type Output = HostOutput;

    fn turn(&mut self, now: Micros, inputs: Vec<HostInput>) -> Vec<HostOutput> {
        let mut out = Vec::new();
        for input in inputs {
            let (call, heard) = match input {
                HostInput::Reply { call, result } => (call, Heard::Reply(result)),
                HostInput::Message { call, message } => (call, Heard::Message(message)),
                HostInput::Refused { call } => (call, Heard::Refused),
                HostInput::ConnectionLost { call } => (call, Heard::Lost),
                _ => continue,
            };
            let Some(at) = self.owners.get(&call).copied() else { continue };
            if !matches!(heard, Heard::Message(_)) {
                self.owners.remove(&call);
            }
            self.with(at, &mut out, |agent, mouth| agent.hear(now, call, heard, mouth));
        }
        for at in 0..self.agents.len() {
            if self.agents[at].next_wake().is_some_and(|wake| wake <= now) {
                self.with(at, &mut out, |agent, mouth| agent.wake(now, mouth));
            }
        }
        // An agent that is late is woken with the next turn, never in the past.
        let wakes = self.agents.iter().filter_map(|agent| agent.next_wake());
        self.next_wake = wakes.min().map(|wake| wake.max(now + 1));
        out
    }

    fn next_wake(&self) -> Option<Micros> {
        self.next_wake
    }
}

impl SimulatedClients for Clients {
    fn finish(&mut self) {
        self.view.phase = Phase::Last;
    }

    fn report(&self) -> ClientReport {
        let mut report = self.view.report();
        report.missing = self.agents.iter().filter_map(|a| a.missing(&self.view)).collect();
        report
    }
}
