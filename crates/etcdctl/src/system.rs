//! What etcdctl needs from whoever runs it: environment, standard streams, files, a clock, signals,
//! other programs, calls and streams.
//!
//! The real tool gets these from the operating system and from grpc-go. Here they come through
//! [`System`], so that the same commands run in the lab (virtual time, virtual network), natively,
//! and in tests against [`Memory`](crate::memory::Memory). Files have a trait of their own.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use proto::{Metadata, Profile, Status};

use crate::files::Files;

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
    Interrupt,
    Terminate,
}

/// How a program that etcdctl started came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It returned this exit status.
    Status(i32),
    /// A signal with this number killed it.
    Signal(i32),
    /// It could not be started: Go's text, such as `exec: "nope": executable file not found in
    /// $PATH` or `fork/exec /no/such/program: no such file or directory`.
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
/// All times are virtual. Dropping a future that a method returned cancels what it waits for.
/// Implementations must resolve futures only in an order that their own inputs determine.
pub trait System {
    /// The release whose etcdctl this is.
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
    /// Opens a stream; whether anybody listens shows in its `next`.
    fn open<'a>(
        &'a self,
        address: &str,
        method: &'static str,
        metadata: Metadata,
    ) -> Box<dyn Stream + 'a>;
    /// Resolves at the next SIGINT or SIGTERM. From the first poll until the future is dropped such
    /// a signal no longer ends the process by itself (Go's signal.Notify).
    fn signal(&self) -> LocalFuture<'_, Signal>;
    /// Runs a program (argv[0] looked up in PATH) with this process's standard streams and `env`
    /// added to its environment, to its end. Output that etcdctl has printed before comes before the
    /// program's.
    fn run<'a>(&'a self, argv: &'a [String], env: &'a [(String, String)])
    -> LocalFuture<'a, Ended>;
    /// The files of the process's host.
    fn files(&self) -> &dyn Files;
    /// Resolves once no other process holds the lock on a database at `path`, at once for any other
    /// file. What is read of the file afterwards is what it was left as.
    fn lock_file<'a>(&'a self, path: &'a str) -> LocalFuture<'a, ()>;
    /// Sixty-four random bits from the session's seed.
    fn random_u64(&self) -> u64;
}
