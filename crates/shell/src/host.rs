//! The host as an actor: one console session, whose lines run one after the other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use cluster::{Actor, Answer, Ask, HostInput, HostOptions, HostOutput, Micros};

use crate::calls::CallResult;
use crate::complete::{State, complete};
use crate::judging;
use crate::session::{self, Console};
use crate::shell::Shell;
use crate::signals::{Group, SIGINT};
use crate::sys::Sys;

/// A console host. See [`HostInput`] and [`HostOutput`] for what goes in and out.
pub struct Host {
    sys: Sys,
    console: Rc<Console>,
}

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
        sys.teacher().begin(&shell, options.terminal);
        if options.terminal {
            sys.set_terminal();
            sys.executor().spawn(session::terminal(shell, console.clone()));
        } else {
            sys.executor().spawn(session::entries(shell, console.clone()));
        }
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
            HostInput::Exec { exec, line } if self.sys.is_terminal() => {
                self.sys.terminal().enter(exec, &line);
            }
            HostInput::Exec { exec, line } => {
                self.console.lines.borrow_mut().push_back((exec, line));
                self.console.wake();
            }
            HostInput::Interrupt => {
                // At an idle prompt Ctrl-C ends nothing.
                if self.console.busy.get() || self.console.unfinished.get() {
                    self.sys.flush_terminal(self.console.exec.get());
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
            HostInput::EndOfInput => {
                if self.sys.is_terminal() {
                    self.sys.terminal().end();
                }
            }
            HostInput::Edited { edit, text } => self.sys.edited(edit, text),
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
        let waits = !self.console.lines.borrow().is_empty() || !self.sys.terminal().is_empty();
        self.console.busy.get() || waits
    }

    fn is_reading(&self) -> bool {
        self.console.busy.get() && self.sys.terminal().is_read()
    }

    fn ask(&self, question: Ask) -> Answer {
        let (line, cursor, looked) = match question {
            Ask::Complete { line, cursor, looked } => (line, cursor, looked),
            Ask::Judge { step, situation } => {
                let env = self.console.env.borrow();
                return judging::judge(&self.sys, &env, &step, situation.as_deref());
            }
            Ask::Drill(ask) => return judging::drill(&ask),
        };
        let (names, fs) = (self.sys.teacher().names(), self.sys.fs());
        let looked = looked.as_deref();
        let profile = self.sys.profile();
        complete(&line, cursor, &State { profile, names: &names, fs: &fs, looked })
    }
}
