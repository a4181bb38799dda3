//! The conductor: runs a session's windows over its members' instances, paces them against wall
//! time and tells the page.
//!
//! It is a state machine without a promise: a window's batches go out, answers come in as calls,
//! and the last one in goes on. While answers are open, the page's messages wait.

use std::collections::VecDeque;

use cluster::{MemberAnswer, Turn, Window, WorldOptions};
use frame::{
    FLIGHT_LINGER_US, FLIGHT_LINGER_WALL_MS, FromLab, Look, Looked, SessionOptions, StepWhat,
    ToLab, WorkerReport,
};
use lab::{InProcess, Lab, LabEvent, Micros, Pace};
use member::{Input, MemberConfig, MemberStatus};
use wasm_bindgen::JsCast;

use crate::answers::Answers;
use crate::hooks::{ConsoleHandle, Hooks, LocalAnswer, SeatHandle};
use crate::pump::{Barrier, Measuring};
use crate::remote::RemoteConsole;
use crate::seat::{FromSeat, ToSeatRef};

/// Virtual time that the boot may take until its first leader.
const BOOT_US_MAX: Micros = 60_000_000;

/// A member's instance, as the conductor sees it.
struct Seat {
    handle: SeatHandle,
    number: u32,
    sent: u64,
    report: WorkerReport,
    /// It ended while nobody waited for it: why.
    dead: Option<String>,
}

impl Seat {
    fn new(hooks: &Hooks, actor: u16, number: u32, workers: bool) -> Seat {
        let name = format!("m{}", actor + 1);
        let handle = hooks.seat(u32::from(actor), &name, number, workers);
        let report = WorkerReport { member: name, ..WorkerReport::default() };
        Seat { handle, number, sent: 0, report, dead: None }
    }
}

enum Phase {
    Idle,
    /// A window's batches are out.
    Window {
        window: Window,
        answers: Vec<MemberAnswer>,
        batches: Vec<(u16, Vec<Turn<Input>>)>,
    },
    /// Members were asked how they are, for a frame.
    Statuses {
        open: Vec<u16>,
    },
    /// New instances replay the boot.
    Replay {
        open: Vec<u16>,
    },
    /// A member was asked what it has stored.
    Look {
        from: u16,
        wanted: Wanted,
    },
}

/// What a look is for.
pub(crate) enum Wanted {
    Look {
        call: u64,
    },
    /// What the cluster has, for a completion.
    Complete {
        call: u64,
        line: String,
        cursor: u32,
    },
    /// What a step's goals go by.
    Judge {
        call: u64,
    },
}

pub(crate) struct Conductor {
    pub(crate) hooks: Hooks,
    pub(crate) lab: Lab,
    pub(crate) console: ConsoleHandle,
    workers: bool,
    seats: Vec<Option<Seat>>,
    next_seat: u32,
    statuses: Vec<MemberStatus>,
    phase: Phase,
    pub(crate) pace: Pace,
    pub(crate) step: Option<(StepWhat, Micros)>,
    pub(crate) inbox: VecDeque<ToLab>,
    pub(crate) answers: Answers,
    pub(crate) want_frame: bool,
    pub(crate) dirty: bool,
    pub(crate) looked_ms: f64,
    /// A message or call reaches a member in the window that is out.
    message_in_window: bool,
    pub(crate) measuring: Option<Measuring>,
    pub(crate) barrier: Option<Barrier>,
}

impl Conductor {
    /// Boots a session in this instance, to its first leader at full speed, and hands each member
    /// over to an instance of its own.
    pub(crate) fn start(
        hooks: Hooks,
        options: SessionOptions,
        workers: bool,
    ) -> Result<Conductor, (Hooks, String)> {
        let mut console = None;
        let world = WorldOptions::new(options.seed);
        let lab = Lab::with_console(options, world, MemberConfig::default(), |options| {
            let handle = hooks.console(frame::encode(&options));
            console = Some(handle.clone());
            Box::new(RemoteConsole::new(handle, &options))
        });
        let (lab, console) = match (lab, console) {
            (Ok(lab), Some(console)) => (lab, console),
            (Err(text), _) => return Err((hooks, text)),
            (Ok(_), None) => return Err((hooks, "the session has no console".into())),
        };
        let count = lab.world().member_count();
        // Instances are made first: their workers start up while the boot is simulated here.
        let seats = (0..count as u16).map(|actor| Some(Seat::new(&hooks, actor, 0, workers)));
        let seats = seats.collect();
        let mut boot = InProcess::new(lab);
        boot.record_inputs();
        // A cluster that cannot elect is shown as it is.
        let _ = boot.run_to_first_leader(BOOT_US_MAX);
        let statuses = boot.statuses();
        let (lab, inputs) = boot.into_parts();
        let mut conductor = Conductor {
            looked_ms: hooks.now(),
            hooks,
            lab,
            console,
            workers,
            seats,
            next_seat: 0,
            statuses,
            phase: Phase::Idle,
            pace: Pace::default(),
            step: None,
            inbox: VecDeque::new(),
            answers: Answers::default(),
            want_frame: true,
            dirty: true,
            message_in_window: false,
            measuring: None,
            barrier: None,
        };
        conductor.replay(inputs);
        Ok(conductor)
    }

    fn new_seat(&mut self, actor: u16) {
        self.next_seat += 1;
        let seat = Seat::new(&self.hooks, actor, self.next_seat, self.workers);
        // Members can be added at any time.
        let count = self.seats.len().max(usize::from(actor) + 1);
        self.seats.resize_with(count, || None);
        self.statuses.resize_with(count, MemberStatus::default);
        self.seats[usize::from(actor)] = Some(seat);
    }

    fn replay(&mut self, inputs: Vec<Vec<Turn<Input>>>) {
        let open = (0..inputs.len() as u16).collect();
        self.phase = Phase::Replay { open };
        for (actor, turns) in (0..).zip(inputs) {
            self.send(actor, &turns, true, false);
        }
        // Local instances have answered already.
        self.finish_phase();
    }

    fn send(&mut self, actor: u16, turns: &[Turn<Input>], replay: bool, want_status: bool) {
        let batch = ToSeatRef { turns, replay, want_status, look: None };
        self.send_bytes(actor, frame::encode(&batch));
    }

    /// Hands a batch to a member's instance; a local one answers before this returns.
    fn send_bytes(&mut self, actor: u16, bytes: Vec<u8>) {
        let Some(seat) = &mut self.seats[usize::from(actor)] else {
            unreachable!("a batch for a member without an instance")
        };
        seat.sent += 1;
        let number = seat.number;
        if let Some(text) = seat.dead.clone() {
            return self.take_answer(actor, number, &[], Some(text));
        }
        let local = seat.handle.run(bytes);
        if !local.is_undefined() {
            let local: LocalAnswer = local.unchecked_into();
            self.take_answer(actor, number, &local.bytes(), local.trap());
        }
    }

    /// A member's answer from its worker.
    pub(crate) fn answer(&mut self, actor: u16, seat: u32, bytes: &[u8], trap: Option<String>) {
        self.take_answer(actor, seat, bytes, trap);
        if self.finish_phase() {
            self.pump();
        }
    }

    fn take_answer(&mut self, actor: u16, number: u32, bytes: &[u8], trap: Option<String>) {
        let Some(seat) = &mut self.seats[usize::from(actor)] else { return };
        if seat.number != number {
            return;
        }
        let answer: FromSeat = if bytes.is_empty() {
            FromSeat::default()
        } else {
            frame::decode(bytes).expect("an instance of this very module wrote it")
        };
        if let Some(text) = &trap {
            seat.dead = Some(text.clone());
        } else {
            seat.report.name = answer.name;
            seat.report.instance = answer.instance;
            seat.report.batches_handled = answer.batches;
            seat.report.memory_bytes = answer.memory_bytes;
        }
        match &mut self.phase {
            Phase::Window { answers, batches, .. } => {
                let Some(at) = batches.iter().position(|(to, _)| *to == actor) else { return };
                let (_, inputs) = batches.swap_remove(at);
                answers.push(MemberAnswer { actor, inputs, outputs: answer.outputs, trap });
            }
            Phase::Statuses { open } => {
                open.retain(|to| *to != actor);
                if let Some(status) = answer.status {
                    self.statuses[usize::from(actor)] = status;
                }
            }
            Phase::Replay { open } => {
                open.retain(|to| *to != actor);
                if let Some(text) = trap {
                    panic!("the worker of m{} failed: {text}", actor + 1);
                }
                assert!(
                    answer.digest == self.lab.world().member_digest(actor),
                    "the boot of m{} went another way in its own instance",
                    actor + 1
                );
            }
            Phase::Look { from, .. } if *from == actor => {
                let phase = std::mem::replace(&mut self.phase, Phase::Idle);
                if let Phase::Look { wanted, .. } = phase {
                    self.looked(wanted, answer.looked);
                }
            }
            Phase::Look { .. } | Phase::Idle => {}
        }
    }

    /// Closes the phase if its last answer is in.
    fn finish_phase(&mut self) -> bool {
        match &self.phase {
            Phase::Idle => {}
            Phase::Window { batches, .. } if batches.is_empty() => {
                let phase = std::mem::replace(&mut self.phase, Phase::Idle);
                if let Phase::Window { window, answers, .. } = phase {
                    self.absorb(window, answers);
                }
            }
            Phase::Statuses { open } if open.is_empty() => {
                self.phase = Phase::Idle;
                // A round that only measures is for nobody to see.
                if self.barrier.is_none() {
                    self.post_frame();
                }
            }
            Phase::Replay { open } if open.is_empty() => {
                self.phase = Phase::Idle;
                self.post(&FromLab::Ready);
                // No leader waits for it, but the first line might.
                self.console.load();
                self.looked_ms = self.hooks.now();
            }
            _ => return false,
        }
        true
    }

    fn absorb(&mut self, window: Window, answers: Vec<MemberAnswer>) {
        let before = self.lab.now();
        let facts_before = self.step.is_some().then(|| self.facts());
        self.lab.absorb(window, answers);
        self.dirty = true;
        if let (Some((what, _)), Some(facts)) = (self.step, facts_before) {
            let now = self.facts();
            let moved = |differs: fn(&cluster::Facts, &cluster::Facts) -> bool| {
                facts.iter().zip(&now).any(|(a, b)| differs(a, b))
            };
            let hit = match what {
                StepWhat::Event => true,
                StepWhat::Message => self.message_in_window,
                StepWhat::Commit => moved(|a, b| b.commit > a.commit),
                StepWhat::Role => moved(|a, b| (a.role, a.term) != (b.role, b.term)),
            };
            if hit {
                self.end_step();
            }
        }
        self.took_time(before);
        let lab = &self.lab;
        self.answers.check_health(|port| lab.world().is_settled(port));
    }

    fn facts(&self) -> Vec<cluster::Facts> {
        let count = self.lab.world().member_count() as u16;
        (0..count).map(|actor| self.lab.world().facts(actor)).collect()
    }

    /// Runs a window's batches: at once in local instances, else until the workers answer.
    pub(crate) fn dispatch(&mut self, mut window: Window) {
        let members = std::mem::take(&mut window.members);
        self.message_in_window =
            members.iter().flat_map(|batch| &batch.turns).flat_map(|turn| &turn.items).any(
                |input| {
                    matches!(input, Input::Peer { .. } | Input::Call { .. } | Input::Message { .. })
                },
            );
        let batches: Vec<(u16, Vec<Turn<Input>>)> =
            members.into_iter().map(|batch| (batch.actor, batch.turns)).collect();
        let mut encoded = Vec::with_capacity(batches.len());
        for (actor, turns) in &batches {
            let batch = ToSeatRef { turns, replay: false, want_status: false, look: None };
            encoded.push((*actor, frame::encode(&batch)));
        }
        self.phase = Phase::Window { window, answers: Vec::new(), batches };
        for (actor, bytes) in encoded {
            self.send_bytes(actor, bytes);
        }
        self.finish_phase();
    }

    /// Asks every instance how its member is; the frame follows when all have answered.
    pub(crate) fn ask_statuses(&mut self) {
        let open: Vec<u16> = (0..self.seats.len() as u16)
            .filter(|actor| self.seats[usize::from(*actor)].is_some())
            .collect();
        self.phase = Phase::Statuses { open: open.clone() };
        for actor in open {
            self.send(actor, &[], false, true);
        }
        self.finish_phase();
    }

    fn post_frame(&mut self) {
        let rate_us = self.pace.rate_us();
        let linger_us = (FLIGHT_LINGER_WALL_MS * 1000)
            .saturating_mul(rate_us)
            .checked_div(1_000_000)
            .unwrap_or(FLIGHT_LINGER_US)
            .clamp(FLIGHT_LINGER_US, 2_000_000);
        let mut frame = self.lab.frame(&self.statuses, linger_us);
        frame.held = self.pace.is_held();
        frame.speed = self.pace.speed();
        frame.rate_us = rate_us;
        self.post(&FromLab::Frame(Box::new(frame)));
        self.want_frame = false;
        self.dirty = false;
        for answer in self.answers.take_ready() {
            self.post(&answer);
        }
    }

    pub(crate) fn post(&self, message: &FromLab) {
        self.hooks.post(frame::encode(message));
    }

    /// Instances and answers follow what happened to processes and consoles.
    pub(crate) fn take_lab_events(&mut self) {
        for event in self.lab.take_events() {
            match event {
                LabEvent::MemberStarted { actor } => self.new_seat(actor),
                LabEvent::MemberEnded { actor } => {
                    if let Some(seat) = self.seats[usize::from(actor)].take() {
                        seat.handle.end();
                    }
                    self.answers.ended(actor);
                }
                LabEvent::Time(action) => self.time_action(None, &action),
                LabEvent::Output { exec, stderr, text } => {
                    if let Some(call) = self.answers.call_of(exec) {
                        self.post(&FromLab::Output { call, stderr, text });
                    }
                }
                LabEvent::Done { exec, code, output, after } => {
                    self.answers.done(exec, code, output, after);
                }
                LabEvent::Unfinished { exec } => {
                    if let Some(call) = self.answers.call_of(exec) {
                        self.post(&FromLab::Unfinished { call });
                    }
                }
                LabEvent::Taken { exec, by } => {
                    if let Some(call) = self.answers.forget(exec) {
                        let by = self.answers.call_of(by).unwrap_or(0);
                        self.post(&FromLab::Taken { call, by });
                    }
                }
                LabEvent::Edit { exec, edit, path, text } => {
                    let call = self.answers.call_of(exec).unwrap_or(0);
                    self.post(&FromLab::Edit { call, edit, path, text });
                }
                LabEvent::Hint { exec, text } => {
                    if let Some(call) = self.answers.call_of(exec) {
                        self.post(&FromLab::Hint { call, text });
                    }
                }
            }
        }
    }

    /// Asks the lab's own leader or, without one, the running member that applied most; the answer
    /// comes to [`Conductor::looked`].
    pub(crate) fn ask_look(&mut self, look: &Look, wanted: Wanted) {
        let seat = |actor: u16| self.seats.get(usize::from(actor)).and_then(Option::as_ref);
        let running = |actor| seat(actor).is_some_and(|seat| seat.dead.is_none());
        let Some(from) = self.lab.world().best_informed(running) else {
            return self.looked(wanted, None);
        };
        self.phase = Phase::Look { from, wanted };
        let batch = ToSeatRef { turns: &[], replay: false, want_status: false, look: Some(look) };
        self.send_bytes(from, frame::encode(&batch));
    }

    fn looked(&mut self, wanted: Wanted, looked: Option<Looked>) {
        match wanted {
            Wanted::Look { call } => {
                self.post(&FromLab::Looked { call, looked: looked.map(Box::new) });
            }
            Wanted::Judge { call } => {
                let judged = self.lab.judge_step(looked);
                self.post(&FromLab::Judged { call, judged });
            }
            Wanted::Complete { call, line, cursor } => {
                let looked = looked.unwrap_or_default();
                self.complete(call, line, cursor, Some(Box::new(looked)));
            }
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    pub(crate) fn worker_reports(&self) -> Vec<WorkerReport> {
        let seats = self.seats.iter().flatten();
        seats.map(|seat| WorkerReport { batches_sent: seat.sent, ..seat.report.clone() }).collect()
    }
}
