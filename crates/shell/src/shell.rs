//! The state of one shell: variables, functions, working directory, jobs. A subshell is a clone.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::Waker;

use crate::arith::Variables;
use crate::history::History;
use crate::io::Io;
use crate::lang::Aliases;
use crate::lang::ast::Command;
use crate::process::{Exit, Process};
use crate::signals::{End, Group, Proc};
use crate::sys::Sys;

/// Why the interpreter leaves a command early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Break(u32),
    Continue(u32),
    Return(i32),
    /// The shell ends (`exit`, or a signal to a subshell).
    Exit(i32),
    /// An error that abandons the rest of the line.
    Abort(i32),
}

pub(crate) type Run = Result<i32, Flow>;

impl From<Exit> for Flow {
    fn from(exit: Exit) -> Self {
        Flow::Exit(exit.0)
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Variable {
    pub(crate) value: String,
    pub(crate) exported: bool,
}

/// Deepest nesting of functions and shells, for the sake of the stack.
pub(crate) const DEPTH_MAX: u32 = 40;
/// Longest value of a variable or word.
pub(crate) const TEXT_BYTES_MAX: usize = 16 << 20;

#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) sys: Sys,
    pub(crate) vars: BTreeMap<String, Variable>,
    pub(crate) functions: BTreeMap<String, Rc<Command>>,
    /// `$0`.
    pub(crate) name: String,
    /// `$1`, `$2` and so on.
    pub(crate) positional: Vec<String>,
    pub(crate) cwd: String,
    /// `$?`.
    pub(crate) status: i32,
    /// `$$`: the pid of the outermost shell, also in its subshells.
    pub(crate) pid: u32,
    /// The process that this shell is.
    pub(crate) proc: Rc<Proc>,
    /// The group of the processes that it starts in its foreground.
    pub(crate) group: Group,
    /// Its one program takes its place, as bash does for the last command: they share a process.
    pub(crate) exec: bool,
    /// `$!`.
    pub(crate) last_background: Option<u32>,
    pub(crate) jobs: Vec<Rc<Job>>,
    /// Jobs of the shell around a subshell: it may list them, but they are not its children.
    pub(crate) outer_jobs: Vec<Rc<Job>>,
    /// How the background jobs ended that are no longer listed, by pid.
    pub(crate) ended: BTreeMap<u32, End>,
    pub(crate) depth: u32,
    pub(crate) errexit: bool,
    /// Shared with subshells until one of them changes them.
    pub(crate) aliases: Rc<Aliases>,
    /// What was typed at a terminal's prompt.
    pub(crate) history: Rc<RefCell<History>>,
}

/// A background job.
pub(crate) struct Job {
    pub(crate) number: u32,
    pub(crate) pid: u32,
    pub(crate) text: String,
    pub(crate) end: Cell<Option<End>>,
    waiting: RefCell<Vec<Waker>>,
}

impl Job {
    pub(crate) fn new(number: u32, pid: u32, text: String) -> Rc<Job> {
        let (end, waiting) = (Cell::new(None), RefCell::default());
        Rc::new(Job { number, pid, text, end, waiting })
    }

    /// Says how it ended; the first word counts.
    pub(crate) fn finish(&self, end: End) {
        if self.end.get().is_none() {
            self.end.set(Some(end));
            let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    pub(crate) async fn wait(&self) -> End {
        std::future::poll_fn(|cx| match self.end.get() {
            Some(end) => std::task::Poll::Ready(end),
            None => {
                self.waiting.borrow_mut().push(cx.waker().clone());
                std::task::Poll::Pending
            }
        })
        .await
    }
}

impl Shell {
    /// The shell that a process is, with its environment and working directory.
    pub(crate) fn of(process: &Process) -> Shell {
        Shell::new(&process.sys, &process.env, &process.cwd, process.proc.clone())
    }

    pub(crate) fn new(
        sys: &Sys,
        env: &BTreeMap<String, String>,
        cwd: &str,
        proc: Rc<Proc>,
    ) -> Shell {
        let exported = |value: &String| Variable { value: value.clone(), exported: true };
        let mut shell = Shell {
            sys: sys.clone(),
            vars: env.iter().map(|(name, value)| (name.clone(), exported(value))).collect(),
            functions: BTreeMap::new(),
            name: "bash".into(),
            positional: Vec::new(),
            cwd: cwd.to_string(),
            status: 0,
            pid: proc.pid,
            group: proc.group,
            proc,
            exec: false,
            last_background: None,
            jobs: Vec::new(),
            outer_jobs: Vec::new(),
            ended: BTreeMap::new(),
            depth: 0,
            errexit: false,
            aliases: Rc::default(),
            history: Rc::default(),
        };
        shell.vars.entry("PWD".into()).or_insert(exported(&cwd.to_string()));
        shell
            .vars
            .entry("IFS".into())
            .or_insert(Variable { value: " \t\n".into(), exported: false });
        shell
    }

    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(|variable| variable.value.as_str())
    }

    pub(crate) fn set_var(&mut self, name: &str, value: impl Into<String>) {
        self.vars.entry(name.to_string()).or_default().value = value.into();
    }

    pub(crate) fn ifs(&self) -> &str {
        self.var("IFS").unwrap_or(" \t\n")
    }

    pub(crate) fn exported(&self) -> BTreeMap<String, String> {
        let exported = self.vars.iter().filter(|(_, variable)| variable.exported);
        exported.map(|(name, variable)| (name.clone(), variable.value.clone())).collect()
    }

    /// A process of this shell, ready to run.
    pub(crate) fn process(&self, args: Vec<String>, io: &Io) -> Process {
        let proc = if self.exec {
            self.proc.clone()
        } else {
            self.sys.processes().add(self.proc.pid, Some(self.group))
        };
        Process {
            proc,
            args,
            env: self.exported(),
            cwd: self.cwd.clone(),
            io: io.clone(),
            sys: self.sys.clone(),
            depth: self.depth,
        }
    }

    /// Prints `bash: text`.
    pub(crate) async fn complain(&self, io: &Io, text: impl AsRef<str>) {
        // A shell without standard error complains to nobody, as bash does.
        let _ = io.write(2, format!("bash: {}\n", text.as_ref()).as_bytes()).await;
    }

    /// A copy for `( )`, pipelines and `$( )`, as a process of this shell's group.
    pub(crate) fn subshell(&self) -> Shell {
        self.fork(Some(self.group))
    }

    /// A copy for a background job: the leader of a group of its own.
    pub(crate) fn job_shell(&self) -> Shell {
        self.fork(None)
    }

    fn fork(&self, group: Option<Group>) -> Shell {
        let mut shell = self.clone();
        shell.proc = self.sys.processes().add(self.proc.pid, group);
        shell.group = shell.proc.group;
        shell.exec = false;
        shell.outer_jobs = std::mem::take(&mut shell.jobs);
        shell.ended.clear();
        shell.depth += 1;
        shell
    }
}

impl Variables for Shell {
    fn get(&self, name: &str) -> String {
        self.var(name).unwrap_or_default().to_string()
    }

    fn set(&mut self, name: &str, value: i64) {
        self.set_var(name, value.to_string());
    }
}
