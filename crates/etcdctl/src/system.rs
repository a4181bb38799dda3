//! What etcdctl needs from whoever runs it: environment, standard streams, a clock and calls.
//!
//! The real tool gets these from the operating system and from grpc-go. Here they come through
//! [`System`], so that the same commands run in the lab (virtual time, virtual network), natively,
//! and in tests against [`Memory`].

use std::cell::{Cell, RefCell};
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use proto::{Metadata, Profile, Status};

/// A future that lives on one thread and needs no waker: whoever runs it polls the whole tree.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// How a call can fail.
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// The server answered with an error.
    Status(Status),
    /// Nobody listens at the address; nothing was sent.
    Refused,
    /// The connection broke while the call was open; whether it took effect is unknown.
    ConnectionLost,
}

/// A signal that a process has asked to handle itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, which Ctrl-C sends.
    Interrupt,
    /// SIGTERM, which `kill` sends.
    Terminate,
}

/// How a program that etcdctl started came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this status.
    Status(i32),
    /// It was killed by the signal of this number.
    Signal(i32),
    /// It could not be started: Go's text, such as
    /// `exec: "nope": executable file not found in $PATH`.
    NotStarted(String),
}

/// An open stream; dropping it cancels it.
pub trait Stream {
    /// Sends a message. Never waits; on a broken stream it does nothing (the end shows in `next`).
    fn send(&self, message: Bytes);
    /// No more messages will be sent.
    fn close_send(&self);
    /// The next message of the server; `Ok(None)` at a clean end.
    fn next(&self) -> LocalFuture<'_, Result<Option<Bytes>, CallError>>;
}

/// The host of one etcdctl process.
///
/// All times are virtual. Dropping a future that [`call`](System::call) or
/// [`sleep_us`](System::sleep_us) returned cancels it. Implementations must resolve futures only
/// in an order that their own inputs determine.
pub trait System {
    /// The release that this etcdctl is.
    fn profile(&self) -> Profile;
    /// The environment, in the order in which `environ` would list it.
    fn env(&self) -> Vec<(String, String)>;
    /// Everything that is left on standard input, until its end.
    fn stdin(&self) -> LocalFuture<'_, Vec<u8>>;
    /// The next line of standard input with its newline (the last one may lack it); `None` at the
    /// end.
    fn read_line(&self) -> LocalFuture<'_, Option<Vec<u8>>>;
    /// Writes to standard output or standard error. Never fails and never waits.
    fn print(&self, stderr: bool, text: &[u8]);
    /// Monotonic time in microseconds.
    fn now_us(&self) -> u64;
    /// Unix time in microseconds.
    fn wall_us(&self) -> u64;
    /// Resolves `us` microseconds from now.
    fn sleep_us(&self, us: u64) -> LocalFuture<'_, ()>;
    /// A unary call: gRPC's full path `method` at `address` (`host:port`), message in, message out.
    fn call<'a>(
        &'a self,
        address: &'a str,
        method: &'static str,
        metadata: Metadata,
        request: Bytes,
    ) -> LocalFuture<'a, Result<Bytes, CallError>>;
    /// Opens a stream. A connection that cannot be made shows in its `next`.
    fn open<'a>(
        &'a self,
        address: &str,
        method: &'static str,
        metadata: Metadata,
    ) -> Box<dyn Stream + 'a>;
    /// Resolves at the next SIGINT or SIGTERM. From the first poll until the future is dropped such
    /// a signal no longer ends the process by itself.
    fn signal(&self) -> LocalFuture<'_, Signal>;
    /// Runs a program (`argv[0]` looked up in PATH) with this process's standard streams and `env`
    /// added to its environment, to its end. Output printed before comes before the program's.
    fn run<'a>(&'a self, argv: &'a [String], env: &'a [(String, String)])
    -> LocalFuture<'a, Ended>;
    /// A file's bytes, or Go's error text (`open PATH: no such file or directory`).
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String>;
    /// Sixty-four random bits from the session's seed.
    fn random_u64(&self) -> u64;
}

/// How [`Memory`] answers a call: after this many microseconds (`None` is never), with this.
pub type Answer = (Option<u64>, Result<Bytes, CallError>);

type Server<'s> = Box<dyn Fn(u64, &str, &str, &[u8]) -> Answer + 's>;

/// A system in memory: scripted calls, a clock that jumps to the next thing due.
///
/// Its twin in the lab is the host's process; this one exists so that tests need neither.
pub struct Memory<'s> {
    /// The environment of the next run.
    pub env: Vec<(String, String)>,
    /// What is left to read.
    pub stdin: RefCell<Vec<u8>>,
    /// What was written to standard output.
    pub stdout: RefCell<Vec<u8>>,
    /// What was written to standard error.
    pub stderr: RefCell<Vec<u8>>,
    /// Standard output and error in the order written, as a terminal shows them.
    pub terminal: RefCell<Vec<u8>>,
    server: Server<'s>,
    now_us: Cell<u64>,
    next_due_us: Cell<Option<u64>>,
    draws: Cell<u64>,
}

impl<'s> Memory<'s> {
    /// A system whose calls go to `server(now_us, address, method, request)`.
    pub fn new(server: impl Fn(u64, &str, &str, &[u8]) -> Answer + 's) -> Self {
        Memory {
            env: Vec::new(),
            stdin: RefCell::default(),
            stdout: RefCell::default(),
            stderr: RefCell::default(),
            terminal: RefCell::default(),
            server: Box::new(server),
            now_us: Cell::new(0),
            next_due_us: Cell::new(None),
            draws: Cell::new(0),
        }
    }

    /// Runs etcdctl to its end and returns its exit status; `None` if it waits for ever.
    pub fn run(&self, args: &[&str]) -> Option<i32> {
        let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
        let mut process = Box::pin(crate::run(self, &args));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        loop {
            self.next_due_us.set(None);
            if let Poll::Ready(code) = process.as_mut().poll(&mut context) {
                return Some(code);
            }
            self.now_us.set(self.next_due_us.get()?);
        }
    }

    fn due(&self, at_us: u64) -> LocalFuture<'_, ()> {
        Box::pin(std::future::poll_fn(move |_| {
            if self.now_us.get() >= at_us {
                return Poll::Ready(());
            }
            let earliest = self.next_due_us.get().map_or(at_us, |other| other.min(at_us));
            self.next_due_us.set(Some(earliest));
            Poll::Pending
        }))
    }
}

/// A stream of [`Memory`]: nobody is there.
struct Nowhere;

impl Stream for Nowhere {
    fn send(&self, _message: Bytes) {}

    fn close_send(&self) {}

    fn next(&self) -> LocalFuture<'_, Result<Option<Bytes>, CallError>> {
        Box::pin(ready(Err(CallError::Refused)))
    }
}

impl System for Memory<'_> {
    fn profile(&self) -> Profile {
        Profile::V3_4
    }

    fn env(&self) -> Vec<(String, String)> {
        self.env.clone()
    }

    fn stdin(&self) -> LocalFuture<'_, Vec<u8>> {
        Box::pin(ready(self.stdin.take()))
    }

    fn read_line(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        let mut stdin = self.stdin.borrow_mut();
        let end = stdin.iter().position(|byte| *byte == b'\n').map_or(stdin.len(), |at| at + 1);
        let line: Vec<u8> = stdin.drain(..end).collect();
        Box::pin(ready((!line.is_empty()).then_some(line)))
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
        _metadata: Metadata,
        request: Bytes,
    ) -> LocalFuture<'a, Result<Bytes, CallError>> {
        let (delay_us, result) = (self.server)(self.now_us.get(), address, method, &request);
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
        _address: &str,
        _method: &'static str,
        _metadata: Metadata,
    ) -> Box<dyn Stream + 'a> {
        Box::new(Nowhere)
    }

    fn signal(&self) -> LocalFuture<'_, Signal> {
        Box::pin(std::future::pending())
    }

    fn run<'a>(
        &'a self,
        argv: &'a [String],
        _env: &'a [(String, String)],
    ) -> LocalFuture<'a, Ended> {
        let name = argv.first().map_or("", String::as_str);
        let why = format!("exec: {name:?}: executable file not found in $PATH");
        Box::pin(ready(Ended::NotStarted(why)))
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("open {path}: no such file or directory"))
    }

    fn random_u64(&self) -> u64 {
        self.draws.set(self.draws.get() + 1);
        self.draws.get().wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}
