//! `etcdctl`: the adapter between a process of the host and the crate of that name.
//!
//! etcdctl prints without waiting; what it prints is queued and written to its descriptors beside
//! it, so that a full pipe slows only the writing. A broken pipe ends it as SIGPIPE would.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use ::etcdctl::{CallError, Ended, LocalFuture, Signal, Stream, System};
use bytes::Bytes;
use cluster::executor::completion;
use proto::{Metadata, Profile};

use crate::calls::{CallResult, OpenStream};
use crate::fs::FsError;
use crate::process::{Exit, Process, Reader, ToolResult};
use crate::signals::{End, SIGINT, SIGPIPE};
use crate::tools::{NotStarted, startable};

struct Adapter {
    process: Process,
    stdin: RefCell<Option<Reader>>,
    printed: RefCell<VecDeque<(bool, Vec<u8>)>>,
    /// Something is on its way to a descriptor.
    writing: Cell<bool>,
}

pub(super) async fn etcdctl(process: Process) -> ToolResult {
    let args = process.operands().to_vec();
    let stdin = RefCell::new(Some(process.stdin()));
    let (printed, writing) = (RefCell::default(), Cell::new(false));
    let adapter = Adapter { process, stdin, printed, writing };
    let mut running = pin!(::etcdctl::run(&adapter, &args));
    let mut writing: Option<LocalFuture<'_, Result<(), Exit>>> = None;
    let mut status = None;
    std::future::poll_fn(|cx| {
        loop {
            if status.is_none()
                && let Poll::Ready(code) = running.as_mut().poll(cx)
            {
                status = Some(code);
            }
            if writing.is_none() {
                let next = adapter.printed.borrow_mut().pop_front();
                writing = next.map(|(stderr, bytes)| adapter.write(stderr, bytes));
                adapter.writing.set(writing.is_some());
            }
            match (&mut writing, status) {
                (None, Some(code)) => return Poll::Ready(Ok(code)),
                (None, None) => return Poll::Pending,
                (Some(write), _) => match write.as_mut().poll(cx) {
                    Poll::Ready(Ok(())) => {
                        // etcdctl is polled again after each write: `run` waits for the last.
                        writing = None;
                        adapter.writing.set(false);
                    }
                    Poll::Ready(Err(exit)) => return Poll::Ready(Err(exit)),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    })
    .await
}

impl Adapter {
    fn write(&self, stderr: bool, bytes: Vec<u8>) -> LocalFuture<'_, Result<(), Exit>> {
        Box::pin(async move {
            if stderr { self.process.err(bytes).await } else { self.process.out(bytes).await }
        })
    }

    /// Until all that was printed has reached its descriptor.
    async fn flushed(&self) {
        std::future::poll_fn(|_| {
            let quiet = self.printed.borrow().is_empty() && !self.writing.get();
            if quiet { Poll::Ready(()) } else { Poll::Pending }
        })
        .await
    }
}

/// Standard input while a line is read from it; it goes back also if the reading is given up.
struct Borrowed<'a> {
    cell: &'a RefCell<Option<Reader>>,
    reader: Option<Reader>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.cell.replace(self.reader.take());
    }
}

fn call_error(result: CallResult) -> Result<Bytes, CallError> {
    match result {
        CallResult::Reply(reply) => reply.map_err(CallError::Status),
        CallResult::Refused => Err(CallError::Refused),
        CallResult::ConnectionLost => Err(CallError::ConnectionLost),
    }
}

/// The text of a C library's error as Go prints it.
fn go_error(error: FsError) -> String {
    let mut chars = error.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

impl Stream for OpenStream {
    fn send(&self, message: Bytes) {
        OpenStream::send(self, message);
    }

    fn close_send(&self) {
        OpenStream::close_send(self);
    }

    fn next(&self) -> LocalFuture<'_, Result<Option<Bytes>, CallError>> {
        Box::pin(async move {
            match OpenStream::next(self).await {
                Ok(message) => Ok(Some(message)),
                Err(end) => call_error(end).map(|_| None),
            }
        })
    }
}

impl System for Adapter {
    fn profile(&self) -> Profile {
        self.process.sys.profile()
    }

    fn env(&self) -> Vec<(String, String)> {
        self.process.env.clone().into_iter().collect()
    }

    fn stdin(&self) -> LocalFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let Some(mut reader) = self.stdin.take() else { return Vec::new() };
            reader.all().await
        })
    }

    fn read_line(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let mut borrowed = Borrowed { cell: &self.stdin, reader: self.stdin.take() };
            let line = borrowed.reader.as_mut()?.line().await;
            line.map(|(mut line, newline)| {
                if newline {
                    line.push(b'\n');
                }
                line
            })
        })
    }

    fn print(&self, stderr: bool, text: &[u8]) {
        self.printed.borrow_mut().push_back((stderr, text.to_vec()));
    }

    fn now_us(&self) -> u64 {
        self.process.sys.clock().now_us()
    }

    fn wall_us(&self) -> u64 {
        self.process.sys.wall_us()
    }

    fn sleep_us(&self, us: u64) -> LocalFuture<'_, ()> {
        Box::pin(self.process.sys.sleep_us(us))
    }

    fn call<'a>(
        &'a self,
        address: &'a str,
        method: &'static str,
        metadata: Metadata,
        request: Bytes,
    ) -> LocalFuture<'a, Result<Bytes, CallError>> {
        let call = self.process.sys.call(address, method, metadata, request);
        Box::pin(async move { call_error(call.await) })
    }

    fn open<'a>(
        &'a self,
        address: &str,
        method: &'static str,
        metadata: Metadata,
    ) -> Box<dyn Stream + 'a> {
        Box::new(self.process.sys.open(address, method, metadata))
    }

    fn signal(&self) -> LocalFuture<'_, Signal> {
        Box::pin(async move {
            let number = self.process.proc.catch().next().await;
            if number == SIGINT { Signal::Interrupt } else { Signal::Terminate }
        })
    }

    /// The program is a process of its own: it lives on if etcdctl is killed, and Ctrl-C reaches it
    /// as one of the foreground group.
    fn run<'a>(
        &'a self,
        argv: &'a [String],
        env: &'a [(String, String)],
    ) -> LocalFuture<'a, Ended> {
        Box::pin(async move {
            self.flushed().await;
            let mut child = self.process.child(argv.to_vec());
            child.env.extend(env.iter().cloned());
            let name = child.name().to_string();
            match startable(&child) {
                Ok(()) => {}
                Err(NotStarted::NotInPath) => {
                    let quoted = format!("{name:?}");
                    let why = format!("exec: {quoted}: executable file not found in $PATH");
                    return Ended::NotStarted(why);
                }
                Err(NotStarted::Path(error)) => {
                    return Ended::NotStarted(format!("fork/exec {name}: {}", go_error(error)));
                }
            }
            let (completer, ended) = completion();
            let running = child.run();
            self.process.sys.executor().spawn(async move { completer.complete(running.await) });
            match ended.await {
                Some(End::Status(status)) if status == 128 + SIGPIPE => Ended::Signal(SIGPIPE),
                Some(End::Status(status)) => Ended::Status(status),
                Some(End::Signal(number)) => Ended::Signal(number),
                None => Ended::Signal(crate::signals::SIGKILL),
            }
        })
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        let read = self.process.sys.fs().read(&self.process.path(path));
        read.map_err(|error| {
            let verb = if error == crate::fs::IS_DIRECTORY { "read" } else { "open" };
            format!("{verb} {path}: {}", go_error(error))
        })
    }

    fn random_u64(&self) -> u64 {
        self.process.sys.random_u64()
    }
}
