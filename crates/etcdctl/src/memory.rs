//! A system in memory: scripted calls, streams, programs and signals, and a clock that jumps to the
//! next thing due. Its twin in the lab is the host's process; this one exists so that tests need
//! neither.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use proto::{Metadata, Profile};

use crate::files::{Files, MemoryFiles};
use crate::system::{CallError, Ended, LocalFuture, Signal, Stream, System};

/// A call, or the opening of a stream, as a scripted server sees it.
#[derive(Clone, Debug)]
pub struct Call<'c> {
    pub now_us: u64,
    /// `host:port`.
    pub address: &'c str,
    /// gRPC's full path.
    pub method: &'static str,
    pub metadata: &'c Metadata,
    /// The message; empty when a stream opens.
    pub request: &'c [u8],
}

/// How [`Memory`] answers a call: after this many microseconds (`None` is never), with this.
pub type Answer = (Option<u64>, Result<Bytes, CallError>);

/// What a scripted server hears on a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Opened,
    Message(Bytes),
    /// The client will send no more.
    Closed,
}

/// What a scripted server says on a stream from then on, each after so many microseconds.
pub type Said = Vec<(u64, Result<Option<Bytes>, CallError>)>;

/// What a program does: how long it runs, what it writes to standard output, how it ends.
pub type Played = (u64, Vec<u8>, Ended);

type Server<'s> = Box<dyn Fn(&Call<'_>) -> Answer + 's>;
type StreamServer<'s> = Box<dyn Fn(u64, &Call<'_>, Heard) -> Said + 's>;
type Programs<'s> = Box<dyn Fn(&[String], &[(String, String)]) -> Played + 's>;

/// See the module's description. Public fields may be set before a run and read after it.
pub struct Memory<'s> {
    pub profile: Profile,
    pub env: Vec<(String, String)>,
    /// What is left to read at once.
    pub stdin: RefCell<Vec<u8>>,
    /// Lines that will be typed, each at its time; the end of input comes after the last.
    pub typed: RefCell<VecDeque<(u64, Vec<u8>)>>,
    /// Signals, each at its time. One that nobody waits for stays until somebody does.
    pub signals: RefCell<VecDeque<(u64, Signal)>>,
    pub files: MemoryFiles,
    /// Until then another process holds the lock on every database.
    pub locked_until_us: u64,
    /// What was written to standard output.
    pub stdout: RefCell<Vec<u8>>,
    /// What was written to standard error.
    pub stderr: RefCell<Vec<u8>>,
    /// Standard output and error in the order written, as a terminal shows them.
    pub terminal: RefCell<Vec<u8>>,
    server: Server<'s>,
    streams: StreamServer<'s>,
    programs: Programs<'s>,
    opened: Cell<u64>,
    now_us: Cell<u64>,
    next_due_us: Cell<Option<u64>>,
    draws: Cell<u64>,
}

impl<'s> Memory<'s> {
    /// A system whose calls go to `server(now_us, address, method, request)`.
    pub fn new(server: impl Fn(u64, &str, &str, &[u8]) -> Answer + 's) -> Self {
        Memory::serving(move |call| server(call.now_us, call.address, call.method, call.request))
    }

    /// A system whose calls go to `server`; streams are refused and programs not found.
    pub fn serving(server: impl Fn(&Call<'_>) -> Answer + 's) -> Self {
        Memory {
            profile: Profile::V3_4,
            env: Vec::new(),
            stdin: RefCell::default(),
            typed: RefCell::default(),
            signals: RefCell::default(),
            files: MemoryFiles::default(),
            locked_until_us: 0,
            stdout: RefCell::default(),
            stderr: RefCell::default(),
            terminal: RefCell::default(),
            server: Box::new(server),
            streams: Box::new(|_, _, _| vec![(0, Err(CallError::Refused))]),
            programs: Box::new(|argv, _| {
                let text = format!("exec: \"{}\": executable file not found in $PATH", argv[0]);
                (0, Vec::new(), Ended::NotStarted(text))
            }),
            opened: Cell::new(0),
            now_us: Cell::new(0),
            next_due_us: Cell::new(None),
            draws: Cell::new(0),
        }
    }

    /// Streams go to `server(number, opening, heard)`; streams are numbered from zero.
    pub fn streaming(mut self, server: impl Fn(u64, &Call<'_>, Heard) -> Said + 's) -> Self {
        self.streams = Box::new(server);
        self
    }

    /// Programs are played by `programs(argv, added environment)`.
    pub fn playing(
        mut self,
        programs: impl Fn(&[String], &[(String, String)]) -> Played + 's,
    ) -> Self {
        self.programs = Box::new(programs);
        self
    }

    /// Runs etcdctl to its end and returns its exit status; `None` if it waits for ever.
    pub fn run(&self, args: &[&str]) -> Option<i32> {
        self.run_until(args, u64::MAX)
    }

    /// As [`run`](Memory::run), but gives up (`None`) when the clock passes `end_us`.
    pub fn run_until(&self, args: &[&str], end_us: u64) -> Option<i32> {
        let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
        self.finish(Box::pin(crate::run(self, &args)), end_us)
    }

    /// Runs etcdutl to its end.
    pub fn run_etcdutl(&self, args: &[&str]) -> Option<i32> {
        let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
        self.finish(Box::pin(crate::run_etcdutl(self, &args)), u64::MAX)
    }

    fn finish(&self, mut process: LocalFuture<'_, i32>, end_us: u64) -> Option<i32> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            self.next_due_us.set(None);
            if let Poll::Ready(code) = process.as_mut().poll(&mut context) {
                return Some(code);
            }
            self.now_us.set(self.next_due_us.get().filter(|at_us| *at_us <= end_us)?);
        }
    }

    /// Whether `at_us` has come; if not, the clock will not jump past it.
    fn is_due(&self, at_us: u64) -> bool {
        if self.now_us.get() >= at_us {
            return true;
        }
        let earliest = self.next_due_us.get().map_or(at_us, |other| other.min(at_us));
        self.next_due_us.set(Some(earliest));
        false
    }

    fn due(&self, at_us: u64) -> LocalFuture<'_, ()> {
        Box::pin(poll_fn(move |_| if self.is_due(at_us) { Poll::Ready(()) } else { Poll::Pending }))
    }
}

impl System for Memory<'_> {
    fn profile(&self) -> Profile {
        self.profile
    }

    fn env(&self) -> Vec<(String, String)> {
        self.env.clone()
    }

    fn stdin(&self) -> LocalFuture<'_, Vec<u8>> {
        Box::pin(async {
            let mut all = Vec::new();
            while let Some(line) = self.read_line().await {
                all.extend(line);
            }
            all
        })
    }

    fn read_line(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        Box::pin(async {
            let end = |stdin: &Vec<u8>| stdin.iter().position(|byte| *byte == b'\n');
            let mut stdin = self.stdin.take();
            if !stdin.is_empty() {
                let end = end(&stdin).map_or(stdin.len(), |at| at + 1);
                let rest = stdin.split_off(end);
                self.stdin.replace(rest);
                return Some(stdin);
            }
            let (at_us, line) = self.typed.borrow_mut().pop_front()?;
            self.due(at_us).await;
            (!line.is_empty()).then_some(line)
        })
    }

    fn print(&self, stderr: bool, text: &[u8]) {
        let stream = if stderr { &self.stderr } else { &self.stdout };
        stream.borrow_mut().extend_from_slice(text);
        self.terminal.borrow_mut().extend_from_slice(text);
    }

    fn now_us(&self) -> u64 {
        self.now_us.get()
    }

    fn wall_us(&self) -> u64 {
        1_667_304_000_000_000 + self.now_us.get()
    }

    fn sleep_us(&self, us: u64) -> LocalFuture<'_, ()> {
        self.due(self.now_us.get().saturating_add(us))
    }

    fn call<'a>(
        &'a self,
        address: &'a str,
        method: &'static str,
        metadata: Metadata,
        request: Bytes,
    ) -> LocalFuture<'a, Result<Bytes, CallError>> {
        let now_us = self.now_us.get();
        let call = Call { now_us, address, method, metadata: &metadata, request: &request };
        let (delay_us, result) = (self.server)(&call);
        Box::pin(async move {
            match delay_us {
                Some(us) => self.sleep_us(us).await,
                None => std::future::pending().await,
            }
            result
        })
    }

    fn open<'a>(
        &'a self,
        address: &str,
        method: &'static str,
        metadata: Metadata,
    ) -> Box<dyn Stream + 'a> {
        let number = self.opened.replace(self.opened.get() + 1);
        let address = address.to_string();
        let said = RefCell::default();
        let stream = MemoryStream { memory: self, number, address, method, metadata, said };
        stream.hear(Heard::Opened);
        Box::new(stream)
    }

    fn signal(&self) -> LocalFuture<'_, Signal> {
        Box::pin(poll_fn(|_| {
            let mut signals = self.signals.borrow_mut();
            match signals.front() {
                Some((at_us, signal)) if self.is_due(*at_us) => {
                    let signal = *signal;
                    signals.pop_front();
                    Poll::Ready(signal)
                }
                _ => Poll::Pending,
            }
        }))
    }

    fn run<'a>(
        &'a self,
        argv: &'a [String],
        env: &'a [(String, String)],
    ) -> LocalFuture<'a, Ended> {
        let (delay_us, output, ended) = (self.programs)(argv, env);
        Box::pin(async move {
            self.print(false, &output);
            self.sleep_us(delay_us).await;
            ended
        })
    }

    fn files(&self) -> &dyn Files {
        &self.files
    }

    fn lock_file<'a>(&'a self, _path: &'a str) -> LocalFuture<'a, ()> {
        self.due(self.locked_until_us)
    }

    fn random_u64(&self) -> u64 {
        self.draws.set(self.draws.get() + 1);
        self.draws.get().wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// A message at its time, or an end.
type Due = (u64, Result<Option<Bytes>, CallError>);

struct MemoryStream<'a, 's> {
    memory: &'a Memory<'s>,
    number: u64,
    address: String,
    method: &'static str,
    metadata: Metadata,
    /// What is still to come, in the order of its times.
    said: RefCell<Vec<Due>>,
}

impl MemoryStream<'_, '_> {
    fn hear(&self, heard: Heard) {
        let now_us = self.memory.now_us.get();
        let MemoryStream { address, method, metadata, .. } = self;
        let call = Call { now_us, address, method, metadata, request: &[] };
        let said = (self.memory.streams)(self.number, &call, heard);
        let mut queue = self.said.borrow_mut();
        queue.extend(said.into_iter().map(|(delay_us, what)| (now_us + delay_us, what)));
        queue.sort_by_key(|(at_us, _)| *at_us);
    }
}

impl Stream for MemoryStream<'_, '_> {
    fn send(&self, message: Bytes) {
        self.hear(Heard::Message(message));
    }

    fn close_send(&self) {
        self.hear(Heard::Closed);
    }

    fn next(&self) -> LocalFuture<'_, Result<Option<Bytes>, CallError>> {
        Box::pin(poll_fn(|_| {
            let mut said = self.said.borrow_mut();
            match said.first() {
                Some((at_us, _)) if self.memory.is_due(*at_us) => Poll::Ready(said.remove(0).1),
                _ => Poll::Pending,
            }
        }))
    }
}
