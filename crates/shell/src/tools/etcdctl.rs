//! `etcdctl`: the adapter between a process of the host and the crate of that name.
//!
//! etcdctl prints without waiting; what it prints is queued and written to its descriptors beside
//! it, so that a full pipe slows only the writing. A broken pipe ends it as SIGPIPE would.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use ::etcdctl::{CallError, Ended, Files, LocalFuture, Signal, Stream, System};
use bytes::Bytes;
use cluster::executor::completion;
use proto::{Metadata, Profile};

use crate::calls::{CallResult, OpenStream};
use crate::process::{Exit, Process, Reader, ToolResult};
use crate::signals::{End, SIGINT, SIGPIPE};
use crate::tools::go_files::go_error;
use crate::tools::{NotStarted, startable};

struct Adapter {
    process: Process,
    stdin: RefCell<Option<Reader>>,
    printed: RefCell<VecDeque<(bool, Vec<u8>)>>,
    /// Something is on its way to a descriptor.
    writing: Cell<bool>,
}

pub(super) async fn etcdctl(process: Process) -> ToolResult {
    let (adapter, args) = adapter(process);
    drive(&adapter, ::etcdctl::run(&adapter, &args)).await
}

pub(super) async fn etcdutl(process: Process) -> ToolResult {
    let (adapter, args) = adapter(process);
    drive(&adapter, ::etcdctl::run_etcdutl(&adapter, &args)).await
}

fn adapter(process: Process) -> (Adapter, Vec<String>) {
    let args = process.operands().to_vec();
    let stdin = RefCell::new(Some(process.stdin()));
    let (printed, writing) = (RefCell::default(), Cell::new(false));
    (Adapter { process, stdin, printed, writing }, args)
}

/// Runs what talks to the adapter, and beside it writes what it prints.
async fn drive(adapter: &Adapter, running: impl Future<Output = i32>) -> ToolResult {
    let mut running = pin!(running);
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

    fn files(&self) -> &dyn Files {
        &self.process
    }

    fn lock_file<'a>(&'a self, path: &'a str) -> LocalFuture<'a, ()> {
        Box::pin(async move {
            let path = self.process.path(path);
            self.process.sys.data_dir_is_free(&path).await;
        })
    }

    fn random_u64(&self) -> u64 {
        self.process.sys.random_u64()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use cluster::HostOutput;

    use super::*;
    use crate::io::Io;
    use crate::signals::{Group, Proc, SIGTERM};
    use crate::sys::Sys;

    type Program = for<'a> fn(&'a Adapter) -> LocalFuture<'a, i32>;

    /// Starts a program of the test's own as a process of a fresh host.
    fn start(program: Program) -> (Sys, Rc<Proc>, Rc<Cell<Option<End>>>) {
        let sys = Sys::new("test", 1, 0, Profile::V3_5);
        let proc = sys.processes().add(0, Some(Group::Line(1)));
        let process = Process {
            args: vec!["etcdctl".into()],
            env: BTreeMap::new(),
            cwd: "/root".into(),
            io: Io::console(&sys),
            sys: sys.clone(),
            proc: proc.clone(),
            depth: 0,
        };
        let (stdin, printed) = (RefCell::new(None), RefCell::default());
        let adapter = Adapter { process, stdin, printed, writing: Cell::new(false) };
        let watch = proc.watch(async move {
            match drive(&adapter, program(&adapter)).await {
                Ok(status) | Err(Exit(status)) => status,
            }
        });
        let end = Rc::new(Cell::new(None));
        let seen = end.clone();
        sys.executor().spawn(async move { seen.set(Some(watch.await)) });
        sys.executor().run_until_stalled();
        (sys, proc, end)
    }

    /// Lets time pass and gives what was printed until then.
    fn run_until(sys: &Sys, until_us: u64) -> String {
        let mut text = String::new();
        loop {
            for output in sys.take_outputs() {
                if let HostOutput::Print { text: bytes, .. } = output {
                    text.push_str(&String::from_utf8_lossy(&bytes));
                }
            }
            match sys.clock().next_due_us().filter(|due| *due <= until_us) {
                Some(due) => sys.clock().advance(due),
                None => return text,
            }
            sys.executor().run_until_stalled();
        }
    }

    #[test]
    fn what_was_printed_comes_before_the_output_of_a_program() {
        let (sys, _, end) = start(|system| {
            Box::pin(async move {
                system.print(false, b"first\n");
                let argv = ["sh", "-c", "echo $X; exit 3"].map(String::from);
                let ended = system.run(&argv, &[("X".into(), "second".into())]).await;
                assert_eq!(ended, Ended::Status(3));
                for (name, error) in [
                    ("nope", "exec: \"nope\": executable file not found in $PATH"),
                    ("/no/such/program", "fork/exec /no/such/program: no such file or directory"),
                    ("/tmp", "fork/exec /tmp: permission denied"),
                ] {
                    let ended = system.run(&[name.to_string()], &[]).await;
                    assert_eq!(ended, Ended::NotStarted(error.into()));
                }
                let argv = ["sh", "-c", "kill -9 $$"].map(String::from);
                assert_eq!(system.run(&argv, &[]).await, Ended::Signal(9));
                system.print(false, b"third\n");
                7
            })
        });
        assert_eq!(run_until(&sys, 1_000_000), "first\nsecond\nthird\n");
        assert_eq!(end.get(), Some(End::Status(7)));
    }

    #[test]
    fn a_signal_is_handled_while_it_is_waited_for_and_fatal_afterwards() {
        let program: Program = |system| {
            Box::pin(async move {
                let signal = system.signal().await;
                system.print(false, format!("{signal:?}\n").as_bytes());
                system.sleep_us(1_000_000).await;
                5
            })
        };
        let (sys, proc, end) = start(program);
        assert!(sys.processes().handles_interrupt(Group::Line(1)));
        proc.signal(SIGINT);
        sys.executor().run_until_stalled();
        assert_eq!(run_until(&sys, 500_000), "Interrupt\n");
        assert_eq!(end.get(), None);
        proc.signal(SIGTERM);
        sys.executor().run_until_stalled();
        assert_eq!(end.get(), Some(End::Signal(SIGTERM)));
        let (sys, proc, end) = start(program);
        proc.signal(SIGTERM);
        sys.executor().run_until_stalled();
        assert_eq!(run_until(&sys, 2_000_000), "Terminate\n");
        assert_eq!(end.get(), Some(End::Status(5)));
        assert!(!sys.processes().signal(proc.pid, 0), "it is gone");
    }

    #[test]
    fn a_program_outlives_etcdctl_but_not_ctrl_c() {
        let program: Program = |system| {
            Box::pin(async move {
                let argv = ["sh", "-c", "sleep 1; echo survived"].map(String::from);
                system.run(&argv, &[]).await;
                0
            })
        };
        let (sys, proc, end) = start(program);
        proc.signal(SIGTERM);
        sys.executor().run_until_stalled();
        assert_eq!(end.get(), Some(End::Signal(SIGTERM)));
        assert_eq!(run_until(&sys, 3_000_000), "survived\n");
        let (sys, _, end) = start(program);
        run_until(&sys, 100_000);
        assert!(sys.processes().signal_group(Group::Line(1), SIGINT));
        sys.executor().run_until_stalled();
        assert_eq!((end.get(), run_until(&sys, 3_000_000)), (Some(End::Signal(SIGINT)), "".into()));
    }

    #[test]
    fn streams_carry_messages_both_ways_and_are_cancelled_when_dropped() {
        let (sys, _, end) = start(|system| {
            Box::pin(async move {
                let metadata = Metadata { token: Some("t".into()), ..Metadata::default() };
                let stream = system.open("a:1", "/x/Watch", metadata.clone());
                stream.send(Bytes::from_static(b"up"));
                assert_eq!(stream.next().await, Ok(Some(Bytes::from_static(b"m1"))));
                assert_eq!(stream.next().await, Ok(Some(Bytes::from_static(b"m2"))));
                stream.close_send();
                assert_eq!(stream.next().await, Ok(None));
                stream.send(Bytes::from_static(b"too late"));
                drop(stream);
                let refused = system.open("a:1", "/x/Watch", metadata.clone());
                assert_eq!(refused.next().await, Err(CallError::Refused));
                drop(system.open("a:1", "/x/Watch", metadata));
                0
            })
        });
        let names = |outputs: Vec<HostOutput>| -> Vec<String> {
            let name = |output: &HostOutput| match output {
                HostOutput::Open { call, address, metadata, .. } => {
                    format!("open {call} {address} {:?}", metadata.token)
                }
                HostOutput::Message { call, message } => format!("message {call} {message:?}"),
                HostOutput::CloseSend { call } => format!("close {call}"),
                HostOutput::CancelCall { call } => format!("cancel {call}"),
                other => format!("{other:?}"),
            };
            outputs.iter().map(name).collect()
        };
        assert_eq!(names(sys.take_outputs()), ["open 1 a:1 Some(\"t\")", "message 1 b\"up\""]);
        sys.stream_message(1, Bytes::from_static(b"m1"));
        sys.stream_message(1, Bytes::from_static(b"m2"));
        sys.executor().run_until_stalled();
        assert_eq!(names(sys.take_outputs()), ["close 1"]);
        sys.answer(1, CallResult::Reply(Ok(Bytes::new())));
        sys.executor().run_until_stalled();
        assert_eq!(names(sys.take_outputs()), ["open 2 a:1 Some(\"t\")"]);
        sys.answer(2, CallResult::Refused);
        sys.executor().run_until_stalled();
        assert_eq!(names(sys.take_outputs()), ["open 3 a:1 Some(\"t\")", "cancel 3"]);
        assert_eq!(end.get(), Some(End::Status(0)));
    }

    #[test]
    fn files_are_read_with_go_s_errors() {
        let (_, _, end) = start(|system| {
            Box::pin(async move {
                system.process.sys.fs().write("/root/f", b"x", 0).expect("room");
                assert_eq!(system.files().read_file("f"), Ok(b"x".to_vec()));
                let gone = Err("open ./g: no such file or directory".to_string());
                assert_eq!(system.files().read_file("./g"), gone);
                let directory = Err("read /tmp: is a directory".to_string());
                assert_eq!(system.files().read_file("/tmp"), directory);
                0
            })
        });
        assert_eq!(end.get(), Some(End::Status(0)));
    }
}
