//! The world: it owns time and order, and hands each actor what is due.
//!
//! [`World::plan`] cuts the next conservative window: every event before its end, by actor.
//! Nothing that an actor does inside a window can reach another inside it, since no link and no
//! disk is faster than the lookahead; so all actors may run their part at once, wherever they
//! live. [`World::absorb`] takes their outputs, puts them in order of (time, actor) and schedules
//! what follows. The cut into windows changes nothing that anyone can see.

use std::collections::BTreeMap;

use frame::{Action, Outcome};
use member::{CallId, Input, MemberConfig, MemberInfo, Output, PeerConfig, PlantedBug, TICK_US};
use serde::{Deserialize, Serialize};

use crate::checkers::{Checkers, Tally};
use crate::disk::Disk;
use crate::disk_faults::DiskTally;
use crate::events::EventLog;
use crate::flights::Flights;
use crate::messages::nameless;
use crate::network::{Fate, Network, NetworkOptions};
use crate::queue::{Event, Queue};
use crate::slot::{HostSlot, MemberSlot, Process};
use crate::starts::MemberEnd;
use crate::tamper::Tampering;
use crate::trace::run_digest;
use crate::{ActorId, HostInput, HostOutput, Micros};

/// How a world is made.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    pub seed: u64,
    pub network: NetworkOptions,
    /// Time from issuing a disk operation to its completion; at least the lookahead's minimum.
    pub disk_latency_us: Micros,
    /// Most by which a crash may tear unsynced writes; 0: all unsynced bytes are lost.
    pub crash_keeps_torn_tail: bool,
    /// How many of a hundred votes are followed by the voter's death, a moment after and for a moment.
    pub crash_after_vote_percent: u32,
    /// A fault that no etcd survives, for tests that show the checkers catch it.
    pub planted: Option<Planted>,
}

/// Faults outside of Raft's assumptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// A crash also takes this many bytes that a sync had promised to keep.
    LyingDisk { bytes: usize },
    /// In every so-manieth append with entries, the last byte of the message is changed.
    TamperedEntry { every: u64 },
    /// Every so-manieth linearizable read is answered with what it was answered the first time.
    StaleRead { every: u64 },
    /// In every so-manieth serializable read with pairs, the last pair's value is another.
    WrongValue { every: u64 },
    /// Every so-manieth watch response with events loses its first event.
    DroppedEvent { every: u64 },
    /// Every so-manieth watch response with events comes twice.
    DoubledEvent { every: u64 },
    /// Leases are granted for this part of the time that the client is told.
    LeaseTtl { percent: i64 },
    /// Cuts never heal.
    NoHealing,
    /// The members have a bug of their own.
    Member(PlantedBug),
}

impl WorldOptions {
    pub fn new(seed: u64) -> Self {
        WorldOptions {
            seed,
            network: NetworkOptions::default(),
            disk_latency_us: 5_000,
            crash_keeps_torn_tail: false,
            crash_after_vote_percent: 0,
            planted: None,
        }
    }
}

/// One turn of an actor: everything that is due for it at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn<T> {
    pub time: Micros,
    pub items: Vec<T>,
}

/// What one actor has to do in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch<T> {
    pub actor: u16,
    pub turns: Vec<Turn<T>>,
}

/// A stretch of virtual time that all actors may run at once.
#[derive(Clone, Debug, Default)]
pub struct Window {
    pub start: Micros,
    /// Exclusive.
    pub end: Micros,
    pub members: Vec<Batch<Input>>,
    pub hosts: Vec<Batch<HostInput>>,
}

/// How a member's process came out of its batch.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberAnswer {
    pub actor: u16,
    /// The inputs as they were sent, for the trace.
    pub inputs: Vec<Turn<Input>>,
    /// The outputs of each turn that was completed, in the order of the inputs.
    pub outputs: Vec<Vec<Output>>,
    /// The text of the trap that ended the batch, if one did.
    pub trap: Option<String>,
}

/// A host's turns: those it was given and those it took for its own timers.
#[derive(Clone, Debug, PartialEq)]
pub struct HostAnswer {
    pub actor: u16,
    pub turns: Vec<(Micros, Vec<HostInput>, Vec<HostOutput>)>,
    /// When it wants a turn of its own next.
    pub next_wake: Option<Micros>,
}

/// A call on its way: who waits for it.
pub(crate) struct OpenCall {
    pub(crate) host: u16,
    pub(crate) host_call: u64,
    pub(crate) member: u16,
}

/// Something that a world's owner must act on.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A member's process started: its actor must be made anew before its next batch.
    Started { actor: u16 },
    /// A member's process is gone; its actor may be dropped.
    Ended { actor: u16 },
    /// A host's `lab` command about time, for whoever paces the lab.
    Time(Action),
    /// Something that a console shows or asks for ([`HostOutput::Print`] and all that follow it there).
    Console(HostOutput),
}

pub struct World {
    pub(crate) options: WorldOptions,
    /// Everything up to and including this instant has happened.
    now: Micros,
    pub(crate) queue: Queue,
    pub(crate) network: Network,
    pub(crate) members: Vec<MemberSlot>,
    pub(crate) hosts: Vec<HostSlot>,
    /// Data directories that no member uses now, by path.
    pub(crate) data_dirs: BTreeMap<String, Disk>,
    pub(crate) calls: BTreeMap<CallId, OpenCall>,
    /// The same calls by (host, the host's own number).
    pub(crate) host_calls: BTreeMap<(u16, u64), CallId>,
    pub(crate) next_call: CallId,
    pub(crate) flights: Flights,
    pub(crate) log: EventLog,
    pub(crate) checkers: Checkers,
    notices: Vec<Notice>,
    /// `lab wait` and `lab settle` commands that are not satisfied yet.
    pub(crate) waits: Vec<Wait>,
    events: u64,
    pub(crate) disk_tally: DiskTally,
    /// Votes given so far.
    pub(crate) votes: u64,
    pub(crate) tampering: Tampering,
}

/// A `lab` command that is answered once members are healthy.
pub(crate) struct Wait {
    pub(crate) host: u16,
    pub(crate) call: u64,
    /// Whoever listens there, or all that run.
    pub(crate) port: Option<u16>,
}

impl World {
    pub fn new(options: WorldOptions) -> Self {
        World {
            network: Network::new(options.seed, options.network),
            options,
            now: 0,
            queue: Queue::default(),
            members: Vec::new(),
            hosts: Vec::new(),
            data_dirs: BTreeMap::new(),
            calls: BTreeMap::new(),
            host_calls: BTreeMap::new(),
            next_call: 0,
            flights: Flights::default(),
            log: EventLog::default(),
            checkers: Checkers::all(),
            notices: Vec::new(),
            waits: Vec::new(),
            events: 0,
            disk_tally: DiskTally::default(),
            votes: 0,
            tampering: Tampering::default(),
        }
    }

    /// Adds a member that does not run yet. `client_port` is where it will listen.
    pub fn add_member(&mut self, id: u64, config: MemberConfig, client_port: u16) -> u16 {
        let actor = self.members.len() as u16;
        self.checkers.add_member(&config.name);
        self.members.push(MemberSlot::new(id, config, client_port));
        actor
    }

    /// Where a member's data directory lies on its host.
    pub fn set_data_dir(&mut self, actor: u16, path: &str) {
        self.members[usize::from(actor)].data_dir = path.to_string();
    }

    /// Adds a member that is to join a running cluster (`--initial-cluster-state existing`); it does
    /// not run yet. Its id is known once its peers have been asked.
    pub fn add_joining_member(&mut self, config: MemberConfig, client_port: u16) -> u16 {
        let actor = self.add_member(0, config, client_port);
        self.members[usize::from(actor)].joins = true;
        actor
    }

    /// Adds a console host.
    pub fn add_host(&mut self, name: &str) -> u16 {
        self.hosts.push(HostSlot::new(name));
        (self.hosts.len() - 1) as u16
    }

    /// Everything up to and including this instant has happened.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Inputs delivered so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Time of the next thing that happens by itself.
    pub fn next_time(&self) -> Option<Micros> {
        let wakes = self.hosts.iter().filter_map(|host| host.next_wake);
        self.queue.next_time().into_iter().chain(wakes).min()
    }

    /// Nothing happens up to `time`: the clock moves there.
    pub fn idle_until(&mut self, time: Micros) {
        debug_assert!(self.next_time().is_none_or(|next| next > time), "events would be skipped");
        self.now = self.now.max(time);
    }

    /// Things for the owner to do, in order.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// An input for a host, delivered with the next window. What a person types comes this way.
    pub fn tell_host(&mut self, host: u16, input: HostInput) {
        self.queue.push(self.now + 1, Some(ActorId::Host(host)), Event::Host(input));
    }

    /// Schedules a fault or cure. Times in the past mean now.
    pub fn schedule(&mut self, time: Micros, action: Action) {
        let event = Event::Act { action, origin: None };
        self.queue.push(time.max(self.now + 1), None, event);
    }

    /// The shortest time in which one actor can reach another.
    pub fn lookahead_us(&self) -> Micros {
        self.options.network.latency_us.min(self.options.disk_latency_us)
    }

    /// Cuts the next window, of at most `width_us` and the lookahead, up to `limit` inclusive.
    /// None when nothing is due by then.
    pub fn plan(&mut self, limit: Micros, width_us: Micros) -> Option<Window> {
        loop {
            let start = self.next_time().filter(|time| *time <= limit)?;
            let mut end = (start + width_us.clamp(1, self.lookahead_us())).min(limit + 1);
            if self.queue.next_act_time() == Some(start) {
                self.act_now(start);
                continue;
            }
            if let Some(act) = self.queue.next_act_time() {
                end = end.min(act);
            }
            return Some(self.window(start, end));
        }
    }

    /// World events come first at their instant, before any actor's.
    fn act_now(&mut self, start: Micros) {
        let Some((time, None, Event::Act { action, origin })) = self.queue.pop_before(start + 1)
        else {
            return;
        };
        self.now = self.now.max(time.saturating_sub(1));
        match &action {
            Action::Wait { .. } | Action::Settle => self.wait(time, action, origin),
            action if action.is_about_time() => {
                self.notice(Notice::Time(action.clone()));
                self.lab_reply(time, origin, Ok(String::new()));
            }
            action => {
                let result = self.act_at(time, action);
                self.lab_reply(time, origin, result);
            }
        }
    }

    fn window(&mut self, start: Micros, end: Micros) -> Window {
        let mut window = Window { start, end, ..Window::default() };
        let mut members: BTreeMap<u16, Vec<Turn<Input>>> = BTreeMap::new();
        let mut hosts: BTreeMap<u16, Vec<Turn<HostInput>>> = BTreeMap::new();
        while let Some((time, actor, event)) = self.queue.pop_before(end) {
            match (actor, event) {
                (Some(ActorId::Member(to)), Event::Member { incarnation, from, input }) => {
                    if let Some(input) = self.deliverable(time, to, incarnation, from, input) {
                        push_turn(members.entry(to).or_default(), time, input);
                    }
                }
                (Some(ActorId::Member(to)), Event::Tick { incarnation }) => {
                    let slot = &self.members[usize::from(to)];
                    if slot.incarnation != incarnation {
                        continue;
                    }
                    let actor = Some(ActorId::Member(to));
                    self.queue.push(time + TICK_US, actor, Event::Tick { incarnation });
                    if slot.process == Process::Running {
                        push_turn(members.entry(to).or_default(), time, Input::Tick);
                    }
                }
                (Some(ActorId::Host(to)), Event::Host(input)) => {
                    push_turn(hosts.entry(to).or_default(), time, input);
                }
                (actor, event) => unreachable!("{event:?} for {actor:?}"),
            }
        }
        for (actor, slot) in self.hosts.iter().enumerate() {
            if slot.next_wake.is_some_and(|wake| wake < end) {
                hosts.entry(actor as u16).or_default();
            }
        }
        window.members = members.into_iter().map(|(actor, turns)| Batch { actor, turns }).collect();
        window.hosts = hosts.into_iter().map(|(actor, turns)| Batch { actor, turns }).collect();
        window
    }

    /// What becomes of an input whose process may be gone or stopped in its tracks.
    fn deliverable(
        &mut self,
        time: Micros,
        to: u16,
        incarnation: u32,
        from: Option<ActorId>,
        input: Input,
    ) -> Option<Input> {
        let slot = &mut self.members[usize::from(to)];
        let alive = slot.incarnation == incarnation && slot.process.is_alive();
        if !alive {
            self.bounce(time, input);
            return None;
        }
        if from.is_some_and(|from| self.network.is_cut(from, ActorId::Member(to))) {
            return None;
        }
        if slot.process == Process::Paused {
            slot.backlog.push(input);
            return None;
        }
        Some(input)
    }

    /// Nobody is there to take it: a caller's connection is refused, the rest is lost.
    fn bounce(&mut self, time: Micros, input: Input) {
        let (Input::Call { call, .. } | Input::Open { call, .. }) = input else { return };
        let Some(open) = self.take_call(call) else { return };
        let (member, host) = (ActorId::Member(open.member), ActorId::Host(open.host));
        if let Fate::Arrives(at) = self.network.send_on_connection(time, member, host) {
            let refused = HostInput::Refused { call: open.host_call };
            self.queue.push(at, Some(host), Event::Host(refused));
        }
    }

    /// Takes what the actors did in a window, in any order.
    pub fn absorb(&mut self, window: &Window, members: Vec<MemberAnswer>, hosts: Vec<HostAnswer>) {
        let mut turns: Vec<(Micros, ActorId, Done)> = Vec::new();
        for answer in members {
            let actor = ActorId::Member(answer.actor);
            let mut outputs = answer.outputs.into_iter();
            let mut trap = answer.trap;
            for turn in answer.inputs {
                let done = match outputs.next() {
                    Some(outputs) => Done::Member(turn.items, outputs),
                    None => Done::Trapped(turn.items, trap.take()),
                };
                turns.push((turn.time, actor, done));
            }
        }
        for answer in hosts {
            let actor = ActorId::Host(answer.actor);
            self.hosts[usize::from(answer.actor)].next_wake = answer.next_wake;
            for (time, inputs, outputs) in answer.turns {
                turns.push((time, actor, Done::Host(inputs, outputs)));
            }
        }
        turns.sort_by_key(|(time, actor, _)| (*time, *actor));
        for (time, actor, done) in turns {
            debug_assert!((window.start..window.end).contains(&time), "a turn outside its window");
            match (actor, done) {
                (ActorId::Member(actor), Done::Member(inputs, outputs)) => {
                    self.member_turn(time, actor, inputs, outputs);
                }
                (ActorId::Member(actor), Done::Trapped(inputs, text)) => {
                    self.trapped_turn(time, actor, inputs, text);
                }
                (ActorId::Host(actor), Done::Host(inputs, outputs)) => {
                    self.host_turn(time, actor, inputs, outputs);
                }
                _ => unreachable!("an answer of another kind of actor"),
            }
        }
        self.now = window.end - 1;
        self.flights.forget_before(self.now);
    }

    fn member_turn(&mut self, time: Micros, actor: u16, inputs: Vec<Input>, outputs: Vec<Output>) {
        let slot = &mut self.members[usize::from(actor)];
        if !slot.process.is_alive() {
            // It ended earlier in this window: what came after found nobody.
            for input in inputs {
                self.bounce(time, input);
            }
            return;
        }
        slot.trace.turn(time, &inputs, &outputs);
        self.events += inputs.len() as u64;
        for input in &inputs {
            if let Input::DiskDone { op } = input {
                slot.disk.complete(*op);
            }
        }
        let starts = inputs.iter().any(|input| matches!(input, Input::Start { .. }));
        for output in outputs {
            let is_first_write = starts && matches!(output, Output::Disk { op: 0, .. });
            self.member_output(time, actor, output);
            if is_first_write {
                // etcd makes or mends its files before it does anything else.
                self.members[usize::from(actor)].disk.finish();
            }
        }
    }

    /// A turn that ended in a trap has no outputs; the process is gone.
    fn trapped_turn(&mut self, time: Micros, actor: u16, inputs: Vec<Input>, text: Option<String>) {
        let slot = &self.members[usize::from(actor)];
        let Some(text) = text.filter(|_| slot.process.is_alive()) else {
            for input in inputs {
                self.bounce(time, input);
            }
            return;
        };
        let fatal = Output::Fatal { reason: text };
        self.member_turn(time, actor, inputs, vec![fatal]);
    }

    fn member_output(&mut self, time: Micros, actor: u16, output: Output) {
        let from = ActorId::Member(actor);
        match output {
            Output::Peer { to, bytes, label } => self.peer_message(time, actor, to, bytes, label),
            Output::Message { call, message } => self.stream_message(time, from, call, message),
            Output::Reply { call, result, index } => {
                self.checkers.reply(time, actor, &result, index);
                self.reply(time, from, call, result);
            }
            Output::Disk { op, ops } => {
                self.disk(time, actor, op, ops);
            }
            Output::Trace(trace) => {
                self.checkers.trace(time, actor, &trace);
                self.traced(time, actor, trace);
            }
            Output::Exited => self.stopped(time, actor, "stopped"),
            Output::Removed => self.stopped(time, actor, "removed from the cluster"),
            Output::Fatal { reason } => self.end(time, actor, MemberEnd::Failed { reason }),
        }
        self.report_violations(time);
    }

    fn stopped(&mut self, time: Micros, actor: u16, reason: &str) {
        self.end(time, actor, MemberEnd::Stopped { reason: reason.into() });
    }

    fn report_violations(&mut self, time: Micros) {
        for text in self.checkers.take_new() {
            self.log.violation(time, text);
        }
    }

    fn host_turn(
        &mut self,
        time: Micros,
        actor: u16,
        inputs: Vec<HostInput>,
        outputs: Vec<HostOutput>,
    ) {
        self.events += inputs.len() as u64;
        let slot = &mut self.hosts[usize::from(actor)];
        slot.trace.turn(time, &inputs, &outputs);
        for input in &inputs {
            self.checkers.host_heard(time, actor, input);
            match input {
                HostInput::Reply { call, result: Ok(reply) } => {
                    slot.call_ended(time, *call, Outcome::Ok, "");
                    slot.call_revised(*call, reply);
                }
                HostInput::Reply { call, result: Err(status) } => {
                    slot.call_ended(time, *call, Outcome::Failed, &status.message);
                }
                HostInput::Refused { call } => {
                    slot.call_ended(time, *call, Outcome::Failed, "connection refused");
                }
                HostInput::ConnectionLost { call } => {
                    slot.call_ended(time, *call, Outcome::Unknown, "connection lost");
                }
                _ => {}
            }
        }
        for output in outputs {
            match output {
                HostOutput::Call { call, address, method, metadata, request } => {
                    let metadata = nameless(metadata);
                    let member = self.listener(&address);
                    self.checkers.asked(time, (actor, call), member, &method, &request);
                    let request = self.tamper_request((actor, call), &method, request);
                    self.call(time, actor, call, &address, method, |call, method| Input::Call {
                        call,
                        method,
                        metadata,
                        request,
                    });
                }
                HostOutput::Open { call, address, method, metadata } => {
                    let metadata = nameless(metadata);
                    self.checkers.opened(time, (actor, call), &method);
                    self.call(time, actor, call, &address, method, |call, method| Input::Open {
                        call,
                        method,
                        metadata,
                    });
                }
                HostOutput::Message { call, message } => {
                    self.checkers.sent(time, (actor, call), &message);
                    self.on_stream(time, actor, call, |call| Input::Message { call, message });
                }
                HostOutput::CloseSend { call } => {
                    self.on_stream(time, actor, call, |call| Input::CloseSend { call });
                }
                HostOutput::CancelCall { call } => {
                    self.checkers.gave_up(time, (actor, call));
                    let slot = &mut self.hosts[usize::from(actor)];
                    slot.call_ended(time, call, Outcome::Unknown, "gave up waiting");
                    self.cancel_call(time, actor, call);
                }
                HostOutput::StartMember { process, start } => {
                    self.start_member(time, actor, process, *start);
                }
                HostOutput::SignalMember { process, kill } => {
                    self.signal_member(time, actor, process, kill);
                }
                HostOutput::ReadDataDirs { call, paths } => {
                    self.read_data_dirs(time, actor, call, paths);
                }
                HostOutput::WriteDataDir { dir } => self.write_data_dir(dir),
                HostOutput::Lab { call, action } => {
                    let at = time + self.options.network.latency_us;
                    let event = Event::Act { action, origin: Some((actor, call)) };
                    self.queue.push(at, None, event);
                }
                HostOutput::Print { .. }
                | HostOutput::Done { .. }
                | HostOutput::Unfinished { .. }
                | HostOutput::Taken { .. }
                | HostOutput::Edit { .. }
                | HostOutput::Hint { .. } => self.notice(Notice::Console(output)),
            }
        }
    }

    /// The hash of everything delivered and done so far.
    pub fn trace_hash(&self) -> u64 {
        let members = self.members.iter().map(|s| (s.config.name.as_str(), s.trace.digest()));
        let hosts = self.hosts.iter().map(|s| (s.name.as_str(), s.trace.digest()));
        run_digest(members.chain(hosts))
    }

    /// One member's part of the trace hash, to compare with what a replaying worker computed.
    pub fn member_digest(&self, actor: u16) -> u64 {
        self.members[usize::from(actor)].trace.digest()
    }

    /// From here on, which must be before anything runs, what clients see is judged against the
    /// applied log. The members must tell it ([`MemberConfig::tells_entries`]).
    pub fn judge_clients(&mut self) {
        self.checkers.judge_clients();
    }

    /// What happened so far, in numbers.
    pub fn tally(&self) -> Tally {
        self.checkers.tally()
    }

    /// The cluster's members as this one knew them last; empty before its first word.
    pub fn membership(&self, actor: u16) -> &[MemberInfo] {
        &self.members[usize::from(actor)].membership
    }

    /// A member's id; 0 for one that has not joined yet.
    pub fn member_id(&self, actor: u16) -> u64 {
        self.members[usize::from(actor)].id
    }

    /// Why a member's process ended last; empty while it runs.
    pub fn end_reason(&self, actor: u16) -> &str {
        &self.members[usize::from(actor)].reason
    }

    /// Gives a member that does not run another `--initial-cluster`: what its operator would do whose
    /// first try to join was refused.
    pub fn set_initial_cluster(&mut self, actor: u16, initial_cluster: Vec<PeerConfig>) {
        self.members[usize::from(actor)].config.initial_cluster = initial_cluster;
    }

    pub fn violations(&self) -> &[String] {
        self.checkers.violations()
    }

    /// End-of-run checks, for tests and `sim`.
    pub fn finish_checks(&mut self) -> &[String] {
        self.checkers.finish(self.now);
        self.checkers.violations()
    }
}

enum Done {
    Member(Vec<Input>, Vec<Output>),
    Trapped(Vec<Input>, Option<String>),
    Host(Vec<HostInput>, Vec<HostOutput>),
}

fn push_turn<T>(turns: &mut Vec<Turn<T>>, time: Micros, item: T) {
    match turns.last_mut() {
        Some(turn) if turn.time == time => turn.items.push(item),
        _ => turns.push(Turn { time, items: vec![item] }),
    }
}
