//! The conductor's loop: the page's messages, time, and windows, a little wall time at once.

use cluster::{Answer, Ask};
use frame::{Action, After, Completion, FromLab, Kind, Looked, Measurement, ToLab};
use lab::{Load, LoadKind, Micros};

use crate::conductor::{Conductor, Wanted};

/// Wall time after which the loop looks at its messages.
const BUDGET_MS: f64 = 10.0;
/// Virtual time after which a step gives up.
const STEP_US_MAX: Micros = 60_000_000;
/// Longest nap between two looks at the clock.
const NAP_MS_MAX: f64 = 8.0;

/// A load under way.
pub(crate) struct Measuring {
    call: u64,
    wall_ms: f64,
    /// Set once the load is ready; until then the start moves on.
    until_ms: Option<f64>,
    started_ms: f64,
    started_us: Micros,
    started_events: u64,
    in_flight: u32,
}

/// Empty rounds under way.
pub(crate) struct Barrier {
    call: u64,
    rounds: u32,
    left: u32,
    started_ms: f64,
}

impl Conductor {
    pub(crate) fn message(&mut self, message: ToLab) {
        self.inbox.push_back(message);
        self.pump();
    }

    pub(crate) fn timer(&mut self) {
        self.pump();
    }

    /// Goes on until answers are open, nothing is due, or the budget is used up.
    pub(crate) fn pump(&mut self) {
        let started_ms = self.hooks.now();
        while self.is_idle() {
            self.take_lab_events();
            while let Some(message) = self.next_message() {
                self.handle(message);
                self.take_lab_events();
            }
            if self.barrier_round() {
                continue;
            }
            let wanted = self.want_frame && self.dirty && self.measuring.is_none();
            if wanted || self.answers.is_waiting_for_frame() {
                self.ask_statuses();
                continue;
            }
            if !self.advance() {
                return;
            }
            if self.hooks.now() - started_ms > BUDGET_MS && self.is_idle() {
                self.hooks.later(0.0);
                return;
            }
        }
    }

    /// The page's next message; a line waits, and all that follows it, until the console is there.
    fn next_message(&mut self) -> Option<ToLab> {
        let is_line = matches!(
            self.inbox.front(),
            Some(
                ToLab::Exec { .. }
                    | ToLab::Complete { .. }
                    | ToLab::Drill { .. }
                    | ToLab::Step { .. }
            )
        );
        if is_line && !self.console.ready() && self.console.failure().is_none() {
            return None;
        }
        self.inbox.pop_front()
    }

    /// Runs one window. False: time stands still until a message or the timer comes.
    fn advance(&mut self) -> bool {
        self.check_measuring();
        let now_ms = self.hooks.now();
        let wall_us = ((now_ms - self.looked_ms) * 1000.0) as u64;
        self.looked_ms = now_ms;
        let before = self.lab.now();
        let busy = self.lab.is_busy() || self.lab.world().leader().is_none();
        let (target, width_us) = match self.step {
            Some((_, until)) => (until, 1),
            None => match self.pace.target(before, wall_us, busy) {
                Some(target) => (target, Micros::MAX),
                None => return false,
            },
        };
        if let Some(window) = self.lab.plan(target, width_us) {
            // Processes that start or end at this instant need their instances first.
            self.take_lab_events();
            self.dispatch(window);
            return true;
        }
        self.take_lab_events();
        self.lab.idle_until(target);
        self.dirty |= target > before;
        if self.step.is_some() {
            self.end_step();
        }
        self.took_time(before);
        if self.pace.is_held() {
            return self.answers.is_waiting_for_frame();
        }
        self.nap();
        false
    }

    /// Tells the pace how far the run got.
    pub(crate) fn took_time(&mut self, before: Micros) {
        if self.step.is_none() && self.pace.reached(before, self.lab.now()) {
            self.answers.held();
        }
    }

    /// A step ends on the next whole millisecond, so that everything up to it has happened.
    pub(crate) fn end_step(&mut self) {
        self.step = None;
        self.pace.hold(self.lab.now());
    }

    /// Sleeps until the next event is due, at the present rate.
    fn nap(&mut self) {
        let rate_us = self.pace.rate_us();
        let next = self.lab.world().next_time().map(|next| next.saturating_sub(self.lab.now()));
        let due_ms = next.map_or(NAP_MS_MAX, |us| us as f64 * 1000.0 / rate_us as f64);
        self.hooks.later(due_ms.clamp(1.0, NAP_MS_MAX));
    }

    fn handle(&mut self, message: ToLab) {
        match message {
            ToLab::Start { .. } => {}
            ToLab::Act { call, action } => self.act(call, &action),
            ToLab::Exec { call, host, line } => self.exec(call, &host, &line),
            ToLab::Interrupt { host } => {
                // An unknown host has nothing to interrupt.
                let _ = self.lab.interrupt(&host);
            }
            ToLab::WantFrame => self.want_frame = true,
            ToLab::TraceHash { call } => {
                self.post(&FromLab::TraceHash { call, hash: self.lab.trace_hash() });
            }
            ToLab::Measure { call, load, wall_ms, in_flight } => {
                self.measure(call, load, wall_ms, in_flight);
            }
            ToLab::MeasureBarrier { call, rounds } => {
                self.barrier =
                    Some(Barrier { call, rounds, left: rounds, started_ms: self.hooks.now() });
            }
            ToLab::Workers { call } => {
                self.post(&FromLab::Workers { call, workers: self.worker_reports() });
            }
            // An unknown host reads nothing.
            ToLab::EndOfInput { host } => drop(self.lab.end_of_input(&host)),
            ToLab::Edited { host, edit, text } => drop(self.lab.edited(&host, edit, text)),
            ToLab::Complete { call, line, cursor, .. } => self.complete(call, line, cursor, None),
            ToLab::Look { call, look } => self.ask_look(&look, Wanted::Look { call }),
            ToLab::Drill { call, ask } => {
                let reply = match self.lab.client().ask(Ask::Drill(ask)) {
                    Answer::Drill(reply) => reply,
                    _ => Err("the console has no drills".into()),
                };
                self.post(&FromLab::Drill { call, reply });
            }
            ToLab::Step { call, step } => match self.lab.begin_step(*step) {
                Ok(()) => self.judge(call),
                Err(text) => self.post(&FromLab::Judged { call, judged: Err(text) }),
            },
            ToLab::Judge { call } => self.judge(call),
        }
    }

    /// Looks at what the step's goals go by; the judgement follows.
    fn judge(&mut self, call: u64) {
        match self.lab.step_look().cloned() {
            Some(look) => self.ask_look(&look, Wanted::Judge { call }),
            None => {
                let judged = Err("no step has begun".to_string());
                self.post(&FromLab::Judged { call, judged });
            }
        }
    }

    /// Answers a Tab, or asks what the cluster has first.
    pub(crate) fn complete(
        &mut self,
        call: u64,
        line: String,
        cursor: u32,
        looked: Option<Box<Looked>>,
    ) {
        let asked = looked.is_some();
        let question = Ask::Complete { line: line.clone(), cursor, looked };
        match self.lab.client().ask(question) {
            Answer::Completion(completion) => {
                self.post(&FromLab::Completed { call, completion });
            }
            Answer::Need(look) if !asked => {
                self.ask_look(&look, Wanted::Complete { call, line, cursor });
            }
            _ => {
                let completion = Completion::default();
                self.post(&FromLab::Completed { call, completion });
            }
        }
    }

    fn exec(&mut self, call: u64, host: &str, line: &str) {
        let exec = match self.console.failure() {
            Some(text) => Err(format!("the console could not be loaded: {text}")),
            None => self.lab.exec(host, line),
        };
        match exec {
            Ok(exec) => self.answers.exec(exec, call),
            Err(text) => {
                let (output, after) = (format!("{text}\n"), After::default());
                self.answers.with_frame(FromLab::Done { call, code: 1, output, after });
            }
        }
    }

    fn act(&mut self, call: u64, action: &Action) {
        if action.is_about_time() {
            return self.time_action(Some(call), action);
        }
        match action {
            Action::Wait { target } => match self.lab.world().port_by_target(target) {
                Ok(port) => self.answers.at_health(call, Some(port)),
                Err(text) => self.answers.acted(call, Err(text)),
            },
            Action::Settle => self.answers.at_health(call, None),
            Action::Member { kind: Kind::Stop | Kind::Trap, member } => {
                let actor = self.lab.world().member_named(member);
                match (self.lab.act(action), actor) {
                    (Ok(_), Ok(actor)) => self.answers.at_end(call, actor),
                    (result, _) => self.answers.acted(call, result),
                }
            }
            _ => {
                let result = self.lab.act(action);
                self.answers.acted(call, result);
            }
        }
        self.dirty = true;
        let lab = &self.lab;
        self.answers.check_health(|port| lab.world().is_settled(port));
    }

    /// Actions about time, of the page or (without a call) of a console.
    pub(crate) fn time_action(&mut self, call: Option<u64>, action: &Action) {
        self.dirty = true;
        let now = self.lab.now();
        let mut answer_at_hold = false;
        match action {
            Action::Play => {
                self.step = None;
                self.pace.play();
                self.looked_ms = self.hooks.now();
            }
            Action::Hold => {
                self.step = None;
                answer_at_hold = !self.pace.is_held();
                if answer_at_hold {
                    self.pace.hold(now);
                }
            }
            Action::Run { until_ms } => {
                self.step = None;
                self.pace.run_until(now, *until_ms);
                answer_at_hold = true;
            }
            Action::Speed { value } => self.pace.set_speed(*value),
            Action::Step { what } => {
                self.pace.hold(now);
                self.step = Some((*what, now + STEP_US_MAX));
                answer_at_hold = true;
            }
            _ => {}
        }
        match call {
            Some(call) if answer_at_hold => self.answers.at_hold(call),
            Some(call) => self.answers.acted(call, Ok(String::new())),
            None => {}
        }
    }

    fn measure(&mut self, call: u64, load: LoadKind, wall_ms: u32, in_flight: u32) {
        let endpoints = self.lab.endpoints();
        self.lab.add_load(Load::of(load, endpoints, in_flight.clamp(1, 10_000)));
        self.pace.set_speed(frame::Speed::Max);
        self.pace.play();
        self.measuring = Some(Measuring {
            call,
            wall_ms: f64::from(wall_ms),
            until_ms: None,
            started_ms: self.hooks.now(),
            started_us: self.lab.now(),
            started_events: self.lab.world().events(),
            in_flight,
        });
    }

    /// Starts one of the rounds that are asked for; reports after the last.
    fn barrier_round(&mut self) -> bool {
        let Some(barrier) = &mut self.barrier else { return false };
        if barrier.left > 0 {
            barrier.left -= 1;
            self.ask_statuses();
            return true;
        }
        let wall_us = ((self.hooks.now() - barrier.started_ms) * 1000.0) as u64;
        let result =
            Measurement { done: u64::from(barrier.rounds), wall_us, ..Measurement::default() };
        let message = FromLab::Measured { call: barrier.call, result };
        self.barrier = None;
        self.post(&message);
        false
    }

    fn check_measuring(&mut self) {
        let Some(measuring) = &mut self.measuring else { return };
        let now_ms = self.hooks.now();
        let Some(until_ms) = measuring.until_ms else {
            // What comes before the load counts is not measured.
            measuring.started_ms = now_ms;
            measuring.started_us = self.lab.now();
            measuring.started_events = self.lab.world().events();
            if self.lab.load().is_some_and(Load::is_ready) {
                measuring.until_ms = Some(now_ms + measuring.wall_ms);
            }
            return;
        };
        if now_ms < until_ms {
            return;
        }
        let Some(measuring) = self.measuring.take() else { return };
        let (done, failed) =
            self.lab.load().map_or((0, 0), |load| (load.acknowledged(), load.failed()));
        if let Some(load) = self.lab.load_mut() {
            load.stop();
        }
        let reports = self.worker_reports();
        let result = Measurement {
            done,
            failed,
            wall_us: ((now_ms - measuring.started_ms) * 1000.0) as u64,
            virtual_us: self.lab.now() - measuring.started_us,
            events: self.lab.world().events() - measuring.started_events,
            in_flight: measuring.in_flight,
            value_bytes: lab::LOAD_VALUE_BYTES as u32,
            memory_bytes: reports.iter().map(|report| report.memory_bytes).max().unwrap_or(0),
        };
        self.post(&FromLab::Measured { call: measuring.call, result });
        self.pace.set_speed(frame::Speed::default());
    }
}
