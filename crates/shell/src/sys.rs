//! What all processes of a host share: the executor, the clock, files, chance, open calls, the
//! process table and the outputs of the present turn.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use cluster::HostOutput;
use cluster::executor::{Clock, Completer, Completion, Executor, TaskId, completion};
use frame::{Action, Micros};
use proto::Status;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::fs::Fs;

/// A handle; clones share one host.
#[derive(Clone)]
pub(crate) struct Sys {
    inner: Rc<Inner>,
}

struct Inner {
    executor: Executor,
    clock: Clock,
    epoch_us: u64,
    fs: RefCell<Fs>,
    chance: RefCell<ChaCha8Rng>,
    outputs: RefCell<Vec<HostOutput>>,
    /// The exec whose output the console shows.
    exec: Cell<u64>,
    steps: Cell<u32>,
    printed_bytes: Cell<usize>,
    next_call: Cell<u64>,
    calls: RefCell<BTreeMap<u64, Completer<CallResult>>>,
    lab_calls: RefCell<BTreeMap<u64, Completer<Result<String, String>>>>,
    next_pid: Cell<u32>,
    processes: RefCell<BTreeMap<u32, TaskId>>,
}

/// How a unary call can end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CallResult {
    Reply(Result<Bytes, Status>),
    Refused,
    ConnectionLost,
}

/// Interpreter steps that a process makes in one millisecond of virtual time, so that an endless
/// loop is a slow process and not the end of the page.
const STEPS_PER_MS: u32 = 200;
/// Bytes that the console takes in one millisecond of virtual time.
const CONSOLE_BYTES_PER_MS: usize = 1 << 18;

impl Sys {
    pub(crate) fn new(name: &str, seed: u64, epoch_us: u64) -> Sys {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let purpose = format!("host {name}");
        for (slot, byte) in key[8..].iter_mut().zip(purpose.bytes()) {
            *slot = byte;
        }
        let inner = Inner {
            executor: Executor::new(),
            clock: Clock::default(),
            epoch_us,
            fs: RefCell::new(Fs::new()),
            chance: RefCell::new(ChaCha8Rng::from_seed(key)),
            outputs: RefCell::default(),
            exec: Cell::new(0),
            steps: Cell::new(0),
            printed_bytes: Cell::new(0),
            next_call: Cell::new(1),
            calls: RefCell::default(),
            lab_calls: RefCell::default(),
            next_pid: Cell::new(101),
            processes: RefCell::default(),
        };
        Sys { inner: Rc::new(inner) }
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.inner.executor
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Wall clock: microseconds since 1970.
    pub(crate) fn wall_us(&self) -> u64 {
        self.inner.epoch_us + self.inner.clock.now_us()
    }

    pub(crate) async fn sleep_us(&self, duration_us: Micros) {
        let until_us = self.inner.clock.now_us().saturating_add(duration_us);
        self.inner.clock.sleep_until_us(until_us).await;
    }

    pub(crate) fn fs(&self) -> RefMut<'_, Fs> {
        self.inner.fs.borrow_mut()
    }

    pub(crate) fn random_u64(&self) -> u64 {
        self.inner.chance.borrow_mut().next_u64()
    }

    /// Accounts for one step of a loop.
    pub(crate) async fn step(&self) {
        let steps = self.inner.steps.get() + 1;
        self.inner.steps.set(steps % STEPS_PER_MS);
        if steps == STEPS_PER_MS {
            self.sleep_us(1_000).await;
        }
    }

    pub(crate) fn set_exec(&self, exec: u64) {
        self.inner.exec.set(exec);
    }

    pub(crate) fn output(&self, output: HostOutput) {
        self.inner.outputs.borrow_mut().push(output);
    }

    pub(crate) fn take_outputs(&self) -> Vec<HostOutput> {
        self.inner.printed_bytes.set(0);
        std::mem::take(&mut self.inner.outputs.borrow_mut())
    }

    /// Shows bytes at the console, as part of the exec that runs there.
    pub(crate) async fn print(&self, stderr: bool, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.print_now(stderr, bytes);
        let printed = self.inner.printed_bytes.get() + bytes.len();
        self.inner.printed_bytes.set(printed);
        if printed > CONSOLE_BYTES_PER_MS {
            self.sleep_us(1_000).await;
        }
    }

    fn print_now(&self, stderr: bool, bytes: &[u8]) {
        let exec = self.inner.exec.get();
        let mut outputs = self.inner.outputs.borrow_mut();
        if let Some(HostOutput::Print { exec: e, stderr: s, text }) = outputs.last_mut()
            && *e == exec
            && *s == stderr
        {
            let mut joined = text.to_vec();
            joined.extend_from_slice(bytes);
            *text = joined.into();
            return;
        }
        outputs.push(HostOutput::Print { exec, stderr, text: Bytes::copy_from_slice(bytes) });
    }

    fn call_number(&self) -> u64 {
        self.inner.next_call.replace(self.inner.next_call.get() + 1)
    }

    /// A unary call. Dropping the future cancels it.
    pub(crate) fn call(&self, address: &str, method: &str, request: Bytes) -> Call {
        let call = self.call_number();
        let (completer, waiting) = completion();
        self.inner.calls.borrow_mut().insert(call, completer);
        let (address, method) = (address.to_string(), method.to_string());
        let metadata = proto::Metadata::default();
        self.output(HostOutput::Call { call, address, method, metadata, request });
        Call { sys: self.clone(), call, waiting, done: false }
    }

    pub(crate) fn answer(&self, call: u64, result: CallResult) {
        // The borrow ends before the completer is dropped.
        let completer = self.inner.calls.borrow_mut().remove(&call);
        if let Some(completer) = completer {
            completer.complete(result);
        }
    }

    /// The `lab` command; the answer is text or an error's one line.
    pub(crate) async fn lab(&self, action: Action) -> Result<String, String> {
        let call = self.call_number();
        let (completer, waiting) = completion();
        self.inner.lab_calls.borrow_mut().insert(call, completer);
        self.output(HostOutput::Lab { call, action });
        waiting.await.unwrap_or_else(|| Err("no answer".into()))
    }

    pub(crate) fn answer_lab(&self, call: u64, result: Result<String, String>) {
        let completer = self.inner.lab_calls.borrow_mut().remove(&call);
        if let Some(completer) = completer {
            completer.complete(result);
        }
    }

    pub(crate) fn new_pid(&self) -> u32 {
        self.inner.next_pid.replace(self.inner.next_pid.get() + 1)
    }

    pub(crate) fn register(&self, pid: u32, task: TaskId) {
        self.inner.processes.borrow_mut().insert(pid, task);
    }

    /// The task of a process that still runs.
    pub(crate) fn task_of(&self, pid: u32) -> Option<TaskId> {
        let task = self.inner.processes.borrow().get(&pid).copied()?;
        (!self.inner.executor.is_done(task)).then_some(task)
    }
}

/// Future of [`Sys::call`].
pub(crate) struct Call {
    sys: Sys,
    call: u64,
    waiting: Completion<CallResult>,
    done: bool,
}

impl Future for Call {
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CallResult> {
        let result = std::task::ready!(Pin::new(&mut self.waiting).poll(cx));
        self.done = true;
        Poll::Ready(result.unwrap_or(CallResult::ConnectionLost))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let open = self.sys.inner.calls.borrow_mut().remove(&self.call);
        if open.is_some() && !self.done {
            self.sys.output(HostOutput::CancelCall { call: self.call });
        }
    }
}
