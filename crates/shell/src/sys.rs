//! What all processes of a host share: the executor, the clock, files, chance, open calls, the
//! process table and the outputs of the present turn.

use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;

use bytes::Bytes;
use cluster::HostOutput;
use cluster::executor::{Clock, Executor};
use frame::Micros;
use proto::Profile;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::calls::Calls;
use crate::data_dirs::DataDirs;
use crate::fs::Fs;
use crate::signals::Table;
use crate::teach::Teacher;
use crate::terminal::Terminal;

/// A handle; clones share one host.
#[derive(Clone)]
pub(crate) struct Sys {
    inner: Rc<Inner>,
}

struct Inner {
    executor: Executor,
    clock: Clock,
    epoch_us: u64,
    seed: u64,
    fs: RefCell<Fs>,
    chance: RefCell<ChaCha8Rng>,
    outputs: RefCell<Vec<HostOutput>>,
    /// The exec whose output the console shows.
    exec: Cell<u64>,
    steps: Cell<u32>,
    printed_bytes: Cell<usize>,
    calls: Calls,
    data_dirs: DataDirs,
    processes: Rc<Table>,
    profile: Profile,
    terminal: Terminal,
    is_terminal: Cell<bool>,
    teacher: Teacher,
}

/// Interpreter steps that a process makes in one millisecond of virtual time, so that an endless
/// loop is a slow process and not the end of the page.
const STEPS_PER_MS: u32 = 200;
/// Bytes that the console takes in one millisecond of virtual time.
const CONSOLE_BYTES_PER_MS: usize = 1 << 18;

impl Sys {
    pub(crate) fn new(name: &str, seed: u64, epoch_us: u64, profile: Profile) -> Sys {
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
            seed,
            fs: RefCell::new(Fs::new()),
            chance: RefCell::new(ChaCha8Rng::from_seed(key)),
            outputs: RefCell::default(),
            exec: Cell::new(0),
            steps: Cell::new(0),
            printed_bytes: Cell::new(0),
            calls: Calls::default(),
            data_dirs: DataDirs::default(),
            processes: Rc::default(),
            profile,
            terminal: Terminal::default(),
            is_terminal: Cell::new(false),
            teacher: Teacher::default(),
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

    pub(crate) fn epoch_us(&self) -> u64 {
        self.inner.epoch_us
    }

    /// The session's seed, which members started here share.
    pub(crate) fn seed(&self) -> u64 {
        self.inner.seed
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

    /// From here on a person types at the console.
    pub(crate) fn set_terminal(&self) {
        self.inner.is_terminal.set(true);
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.inner.is_terminal.get()
    }

    pub(crate) fn terminal(&self) -> &Terminal {
        &self.inner.terminal
    }

    /// The exec whose command runs in the foreground.
    pub(crate) fn exec(&self) -> u64 {
        self.inner.exec.get()
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
        self.inner.teacher.hear(bytes);
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

    pub(crate) fn calls(&self) -> &Calls {
        &self.inner.calls
    }

    pub(crate) fn data_dirs(&self) -> &DataDirs {
        &self.inner.data_dirs
    }

    pub(crate) fn teacher(&self) -> &Teacher {
        &self.inner.teacher
    }

    pub(crate) fn processes(&self) -> &Rc<Table> {
        &self.inner.processes
    }

    /// The release that the host's etcdctl and etcd are.
    pub(crate) fn profile(&self) -> Profile {
        self.inner.profile
    }
}
