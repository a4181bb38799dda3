//! Answers that the page waits for: each goes out once `state()` shows its effect, right after a
//! frame that does.

use std::collections::BTreeMap;

use frame::{After, FromLab};

/// What each open call of the page is waiting for.
#[derive(Default)]
pub(crate) struct Answers {
    /// Ready to go with the next frame, in order.
    ready: Vec<FromLab>,
    /// Foreground commands: exec number to call.
    execs: BTreeMap<u64, u64>,
    /// Calls that end when time is held.
    at_hold: Vec<u64>,
    /// Calls that end when that member's process has ended.
    at_end: Vec<(u64, u16)>,
    /// Calls that end when whoever listens at that port, or every running member, is healthy.
    at_health: Vec<(u64, Option<u16>)>,
}

impl Answers {
    pub(crate) fn acted(&mut self, call: u64, result: Result<String, String>) {
        self.ready.push(FromLab::Acted { call, result });
    }

    pub(crate) fn with_frame(&mut self, message: FromLab) {
        self.ready.push(message);
    }

    pub(crate) fn exec(&mut self, exec: u64, call: u64) {
        self.execs.insert(exec, call);
    }

    pub(crate) fn call_of(&self, exec: u64) -> Option<u64> {
        self.execs.get(&exec).copied()
    }

    /// Nothing will end that line; its call.
    pub(crate) fn forget(&mut self, exec: u64) -> Option<u64> {
        self.execs.remove(&exec)
    }

    pub(crate) fn done(&mut self, exec: u64, code: i32, output: String, after: After) {
        if let Some(call) = self.execs.remove(&exec) {
            self.ready.push(FromLab::Done { call, code, output, after });
        }
    }

    pub(crate) fn at_hold(&mut self, call: u64) {
        self.at_hold.push(call);
    }

    pub(crate) fn held(&mut self) {
        for call in std::mem::take(&mut self.at_hold) {
            self.acted(call, Ok(String::new()));
        }
    }

    pub(crate) fn at_end(&mut self, call: u64, actor: u16) {
        self.at_end.push((call, actor));
    }

    pub(crate) fn ended(&mut self, actor: u16) {
        for (call, _) in self.at_end.extract_if(.., |(_, a)| *a == actor).collect::<Vec<_>>() {
            self.acted(call, Ok(String::new()));
        }
    }

    pub(crate) fn at_health(&mut self, call: u64, port: Option<u16>) {
        self.at_health.push((call, port));
    }

    pub(crate) fn check_health(&mut self, is_settled: impl Fn(Option<u16>) -> bool) {
        if self.at_health.is_empty() {
            return;
        }
        let settled: Vec<_> = self.at_health.extract_if(.., |(_, m)| is_settled(*m)).collect();
        for (call, _) in settled {
            self.acted(call, Ok(String::new()));
        }
    }

    pub(crate) fn is_waiting_for_frame(&self) -> bool {
        !self.ready.is_empty()
    }

    pub(crate) fn take_ready(&mut self) -> Vec<FromLab> {
        std::mem::take(&mut self.ready)
    }
}
