//! The host as an actor: one console session, whose lines run one after the other.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use cluster::{Actor, Answer, Ask, HostInput, HostOptions, HostOutput, Micros};
use frame::Completion;

use crate::builtins::run_text;
use crate::calls::CallResult;
use crate::interp;
use crate::io::Io;
use crate::shell::{Flow, Shell};
use crate::signals::{Group, SIGINT};
use crate::sys::Sys;

/// A console host. See [`HostInput`] and [`HostOutput`] for what goes in and out.
pub struct Host {
    sys: Sys,
    console: Rc<Console>,
}

/// What the session's task shares with the actor.
#[derive(Default)]
struct Console {
    lines: RefCell<VecDeque<(u64, String)>>,
    cwd: RefCell<String>,
    busy: Cell<bool>,
    /// The line that runs.
    exec: Cell<u64>,
    interrupted: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// Status of a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

impl Host {
    pub fn new(options: HostOptions) -> Host {
        let sys = Sys::new(&options.name, options.seed, options.epoch_us, options.profile);
        // The directory is made of normal parts below `/`; a device in the way leaves it out.
        let cwd = crate::fs::normal("/", &options.cwd);
        let _ = sys.fs().make_dirs(&cwd);
        for dir in &options.data_dirs {
            let _ = sys.fs().make_dirs(dir);
            sys.know_data_dir(dir);
        }
        let mut env: BTreeMap<String, String> = [
            ("HOME", "/root"),
            ("HOSTNAME", options.name.as_str()),
            ("LANG", "C.UTF-8"),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("SHELL", "/bin/bash"),
            ("TERM", "xterm-256color"),
            ("USER", "root"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
        env.extend(options.env);
        let console = Rc::new(Console { cwd: RefCell::new(cwd.clone()), ..Console::default() });
        let proc = sys.processes().add(0, Some(Group::Console));
        let shell = Shell::new(&sys, &env, &cwd, proc);
        sys.executor().spawn(session(shell, console.clone()));
        let mut host = Host { sys, console };
        for (path, bytes) in &options.files {
            let _ = host.write_file(path, bytes);
        }
        host
    }

    /// Puts a file into the host's file system, with its parent directories. The error is the C
    /// library's, such as `Is a directory`.
    pub fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), &'static str> {
        let path = crate::fs::normal(&cluster::Console::cwd(self), path);
        let wall_us = self.sys.wall_us();
        let mut fs = self.sys.fs();
        fs.make_dirs(crate::fs::parent(&path))?;
        fs.write(&path, bytes, wall_us)
    }

    /// Reads a file of the host's file system.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>, &'static str> {
        let path = crate::fs::normal(&cluster::Console::cwd(self), path);
        self.sys.fs().read(&path)
    }

    fn input(&mut self, input: HostInput) {
        match input {
            HostInput::Exec { exec, line } => {
                self.console.lines.borrow_mut().push_back((exec, line));
                self.console.wake();
            }
            HostInput::Interrupt => {
                // At an idle prompt Ctrl-C ends nothing.
                if self.console.busy.get() {
                    self.interrupt();
                }
            }
            HostInput::Message { call, message } => self.sys.stream_message(call, message),
            HostInput::Reply { call, result } => self.sys.answer(call, CallResult::Reply(result)),
            HostInput::Refused { call } => self.sys.answer(call, CallResult::Refused),
            HostInput::ConnectionLost { call } => {
                self.sys.answer(call, CallResult::ConnectionLost);
            }
            HostInput::MemberEnded { process, end } => self.sys.member_ended(process, end),
            HostInput::DataDirs { call, dirs } => self.sys.data_dirs_read(call, dirs),
            HostInput::LabReply { call, result } => self.sys.answer_lab(call, result),
            HostInput::EndOfInput | HostInput::Edited { .. } => {}
        }
    }

    /// Ctrl-C: SIGINT to the whole foreground group. If a program there handles it the line goes on
    /// as that program decides; otherwise the line is over.
    fn interrupt(&self) {
        let group = Group::Line(self.console.exec.get());
        let handled = self.sys.processes().handles_interrupt(group);
        self.sys.processes().signal_group(group, SIGINT);
        if !handled {
            self.console.interrupted.set(true);
            self.console.wake();
        }
    }
}

impl Actor for Host {
    type Input = HostInput;
    type Output = HostOutput;

    fn turn(&mut self, now: Micros, inputs: Vec<HostInput>) -> Vec<HostOutput> {
        self.sys.clock().advance(now);
        self.sys.executor().run_until_stalled();
        for input in inputs {
            self.input(input);
            self.sys.executor().run_until_stalled();
        }
        self.sys.take_outputs()
    }

    fn next_wake(&self) -> Option<Micros> {
        self.sys.clock().next_due_us()
    }
}

impl cluster::Console for Host {
    fn cwd(&self) -> String {
        self.console.cwd.borrow().clone()
    }

    fn is_busy(&self) -> bool {
        self.console.busy.get() || !self.console.lines.borrow().is_empty()
    }

    fn ask(&self, question: Ask) -> Answer {
        let Ask::Complete { line, cursor, keys: _ } = question;
        // The word that ends at the cursor.
        let before = line.get(..cursor as usize).unwrap_or(&line);
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        Answer::Completion(Completion { start: start as u32, ..Completion::default() })
    }
}

impl Console {
    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn next_line(&self) -> (u64, String) {
        std::future::poll_fn(|cx| match self.lines.borrow_mut().pop_front() {
            Some(line) => Poll::Ready(line),
            None => {
                self.waker.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }

    /// Runs a future to its end, or drops it at an interrupt.
    async fn interruptible<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| {
            if self.interrupted.replace(false) {
                return Poll::Ready(None);
            }
            self.waker.replace(Some(cx.waker().clone()));
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }
}

/// The console's shell, for ever: takes a line, runs it, says how it ended.
async fn session(mut shell: Shell, console: Rc<Console>) {
    let sys = shell.sys.clone();
    let io = Io::console(&sys);
    loop {
        let (exec, line) = console.next_line().await;
        console.busy.set(true);
        console.interrupted.set(false);
        console.exec.set(exec);
        sys.set_exec(exec);
        shell.group = Group::Line(exec);
        shell.depth = 0;
        let run = console.interruptible(run_text(&mut shell, &line, &io)).await;
        let code = match run {
            None => INTERRUPTED,
            // `exit` ends the command, not the host: there is no one to log in again.
            Some(Err(Flow::Exit(status))) => status,
            Some(run) => interp::finish(run, &shell),
        };
        shell.status = code;
        console.cwd.replace(shell.cwd.clone());
        console.busy.set(false);
        sys.output(HostOutput::Done { exec, code });
    }
}
