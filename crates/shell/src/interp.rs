//! The interpreter: runs lists, pipelines and compound commands.
//!
//! Each pipeline element and background job is a process and a task of the executor. Killing a shell
//! kills what it waits for in the foreground; background jobs live on.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use cluster::executor::{TaskId, pipe};

use crate::io::{Fd, Io};
use crate::lang::ast::*;
use crate::process::Process;
use crate::shell::{DEPTH_MAX, Flow, Job, Run, Shell};
use crate::signals::{End, Group, SIGINT, SIGTERM};
use crate::sys::Sys;
use crate::{builtins, data_dirs, pattern, redirect, tools};

/// Capacity of a pipe, as on Linux.
const PIPE_BYTES: usize = 1 << 16;
/// Virtual time that it takes to start a program.
const START_US: u64 = 500;

type Running<'a> = Pin<Box<dyn Future<Output = Run> + 'a>>;

/// A task that dies with the one who waits for it.
pub(crate) struct Child {
    sys: Sys,
    task: TaskId,
    job: Rc<Job>,
}

impl Child {
    pub(crate) async fn wait(self) -> End {
        self.job.wait().await
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.sys.executor().kill(self.task);
    }
}

/// Marks a job as terminated when its task is dropped before its end.
struct Finish(Rc<Job>);

impl Drop for Finish {
    fn drop(&mut self) {
        self.0.finish(End::Signal(SIGTERM));
    }
}

/// What a subshell is there for.
enum Work {
    List(Rc<List>),
    Command(Rc<Command>),
    AndOr(Rc<AndOr>),
}

/// The status with which a subshell ends.
pub(crate) fn finish(run: Run, shell: &Shell) -> i32 {
    match run {
        Ok(status) | Err(Flow::Return(status) | Flow::Exit(status) | Flow::Abort(status)) => status,
        Err(Flow::Break(_) | Flow::Continue(_)) => shell.status,
    }
}

/// Runs a list in a subshell.
pub(crate) fn spawn_list(shell: Shell, list: Rc<List>, io: Io) -> Child {
    spawn_child(shell, Work::List(list), io)
}

fn spawn_child(shell: Shell, work: Work, io: Io) -> Child {
    let sys = shell.sys.clone();
    let job = Job::new(0, shell.proc.pid, String::new());
    let task = spawn(shell, work, io, job.clone());
    Child { sys, task, job }
}

/// Starts a subshell as a task, which tells `job` how it ended.
fn spawn(mut shell: Shell, work: Work, io: Io, job: Rc<Job>) -> TaskId {
    let (sys, proc) = (shell.sys.clone(), shell.proc.clone());
    let done = Finish(job);
    let process = proc.watch(async move {
        shell.exec = match &work {
            Work::List(_) => true,
            Work::Command(command) => matches!(command.kind, Kind::Simple { .. }),
            Work::AndOr(and_or) => is_simple(and_or),
        };
        let run = match &work {
            Work::List(list) => shell.list(list, &io).await,
            Work::Command(command) => shell.command(command, &io).await,
            Work::AndOr(and_or) => shell.and_or(and_or, &io).await,
        };
        drop(io);
        finish(run, &shell)
    });
    sys.executor().spawn(async move {
        let end = process.await;
        done.0.finish(end);
    })
}

/// One simple command: a shell that has nothing else to do gives it its own process.
fn is_simple(and_or: &AndOr) -> bool {
    let [command] = and_or.first.commands.as_slice() else { return false };
    let simple = matches!(command.kind, Kind::Simple { .. });
    simple && and_or.rest.is_empty() && !and_or.first.negated
}

impl Shell {
    pub(crate) fn list<'a>(&'a mut self, list: &'a List, io: &'a Io) -> Running<'a> {
        Box::pin(async move {
            let lone =
                matches!(list.as_slice(), [item] if !item.background && is_simple(&item.and_or));
            self.exec = self.exec && lone;
            let mut status = self.status;
            for item in list {
                if item.background {
                    self.background(item.and_or.clone(), io);
                    status = 0;
                } else {
                    status = self.and_or(&item.and_or, io).await?;
                }
                self.status = status;
            }
            Ok(status)
        })
    }

    fn background(&mut self, and_or: Rc<AndOr>, io: &Io) {
        let number = self.jobs.iter().map(|job| job.number).max().unwrap_or(0) + 1;
        let shell = self.job_shell();
        let job = Job::new(number, shell.proc.pid, and_or.text.clone());
        spawn(shell, Work::AndOr(and_or), io.with(0, Fd::Null), job.clone());
        self.last_background = Some(job.pid);
        self.jobs.push(job);
    }

    async fn and_or(&mut self, and_or: &AndOr, io: &Io) -> Run {
        let mut status = self.pipeline(&and_or.first, io, and_or.rest.is_empty()).await?;
        for (at, (connector, pipeline)) in and_or.rest.iter().enumerate() {
            self.status = status;
            if (*connector == Connector::And) == (status == 0) {
                status = self.pipeline(pipeline, io, at + 1 == and_or.rest.len()).await?;
            }
        }
        self.status = status;
        Ok(status)
    }

    async fn pipeline(&mut self, pipeline: &Pipeline, io: &Io, last: bool) -> Run {
        let began_us = self.sys.clock().now_us();
        // What is timed is not the last thing that this shell does.
        self.exec &= pipeline.timed.is_none();
        let status = match pipeline.commands.as_slice() {
            [] => 0,
            [command] => self.command(command, io).await?,
            commands => self.pipe(commands, io).await?,
        };
        self.status = status;
        if let Some(posix) = pipeline.timed {
            let took_us = self.sys.clock().now_us() - began_us;
            let _ = io.write(2, timed(took_us, posix).as_bytes()).await;
        }
        if pipeline.negated {
            return Ok(i32::from(status == 0));
        }
        if self.errexit && last && status != 0 {
            return Err(Flow::Exit(status));
        }
        Ok(status)
    }

    /// Starts all elements, waits for all, and gives the last one's status.
    async fn pipe(&mut self, commands: &[Rc<Command>], io: &Io) -> Run {
        let mut children = Vec::new();
        let mut stdin = io.get(0).cloned().unwrap_or(Fd::Null);
        for (at, command) in commands.iter().enumerate() {
            let mut child_io = io.with(0, stdin.clone());
            if at + 1 < commands.len() {
                let (writer, reader) = pipe(PIPE_BYTES);
                child_io.set(1, Fd::Writer(writer));
                stdin = Fd::Reader(reader);
            } else {
                stdin = Fd::Null;
            }
            // A redirection such as `2>&1` of an element sees its own pipe.
            let work = Work::Command(command.clone());
            children.push(spawn_child(self.subshell(), work, child_io));
        }
        drop(stdin);
        let all = async {
            let mut end = End::Status(0);
            for child in children {
                end = child.wait().await;
            }
            end
        };
        let end = self.proc.waiting(all).await;
        self.after(end).await
    }

    /// The status of a program that ran in the foreground. If Ctrl-C ended it, it ends the shell
    /// too, or the console's line.
    async fn after(&self, end: End) -> Run {
        let interrupted = self.proc.take_deferred();
        if end == End::Signal(SIGINT) {
            if self.proc.group == Group::Console {
                return Err(Flow::Abort(end.status()));
            }
            if interrupted {
                self.proc.die(SIGINT).await;
            }
        }
        Ok(end.status())
    }

    /// Waits for a subshell in the foreground.
    pub(crate) async fn wait_for(&self, child: Child) -> Run {
        let end = self.proc.waiting(child.wait()).await;
        self.after(end).await
    }

    pub(crate) fn command<'a>(&'a mut self, command: &'a Command, io: &'a Io) -> Running<'a> {
        Box::pin(async move {
            if let Kind::Simple { assigns, words } = &command.kind {
                return self.simple(assigns, words, &command.redirects, io).await;
            }
            if let Kind::Function { name, body } = &command.kind {
                self.functions.insert(name.clone(), body.clone());
                return Ok(0);
            }
            let io = match redirect::apply(self, &command.redirects, io).await? {
                Ok(io) => io,
                Err(status) => return Ok(status),
            };
            let run = self.compound(&command.kind, &io).await;
            if !command.redirects.is_empty() {
                self.sys.touch_data_dirs();
                self.sys.return_data_dirs();
            }
            run
        })
    }

    async fn compound(&mut self, kind: &Kind, io: &Io) -> Run {
        match kind {
            Kind::Subshell(list) => {
                if self.depth >= DEPTH_MAX {
                    return self.too_deep(io).await;
                }
                let child = spawn_list(self.subshell(), list.clone(), io.clone());
                self.wait_for(child).await
            }
            Kind::Group(list) => self.list(list, io).await,
            Kind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.condition(condition, io).await? == 0 {
                        return self.list(body, io).await;
                    }
                }
                match otherwise {
                    Some(body) => self.list(body, io).await,
                    None => Ok(0),
                }
            }
            Kind::For { name, words, body } => {
                let values = match words {
                    Some(words) => self.fields(words, io).await?,
                    None => self.positional.clone(),
                };
                let mut status = 0;
                for value in values {
                    self.sys.step().await;
                    self.set_var(name, value);
                    match loop_flow(self.list(body, io).await)? {
                        Some(done) => status = done,
                        None => return Ok(0),
                    }
                }
                Ok(status)
            }
            Kind::ForArith { head: [init, condition, step], body } => {
                self.arithmetic(init, io).await?;
                let mut status = 0;
                loop {
                    self.sys.step().await;
                    if !condition.iter().all(Part::is_blank)
                        && self.arithmetic(condition, io).await? == 0
                    {
                        return Ok(status);
                    }
                    match loop_flow(self.list(body, io).await)? {
                        Some(done) => status = done,
                        None => return Ok(0),
                    }
                    self.arithmetic(step, io).await?;
                }
            }
            Kind::Arith(word) => Ok(i32::from(self.arithmetic(word, io).await? == 0)),
            Kind::Test(test) => self.conditional(test, io).await,
            Kind::While { until, condition, body } => {
                let mut status = 0;
                loop {
                    self.sys.step().await;
                    if (self.condition(condition, io).await? == 0) == *until {
                        return Ok(status);
                    }
                    match loop_flow(self.list(body, io).await)? {
                        Some(done) => status = done,
                        None => return Ok(0),
                    }
                }
            }
            Kind::Case { word, arms } => {
                let text = self.text(word, io).await?;
                for (patterns, body) in arms {
                    for pattern in patterns {
                        let pattern = self.pattern(pattern, io).await?;
                        if pattern::matches(&pattern, &text) {
                            self.status = 0;
                            return self.list(body, io).await;
                        }
                    }
                }
                Ok(0)
            }
            Kind::Simple { .. } | Kind::Function { .. } => Ok(0),
        }
    }

    /// An expression that may be blank.
    async fn arithmetic(&mut self, word: &Word, io: &Io) -> Result<i64, Flow> {
        if word.iter().all(Part::is_blank) { Ok(0) } else { self.number(word, io).await }
    }

    /// A condition's failure never ends a `set -e` shell.
    async fn condition(&mut self, list: &List, io: &Io) -> Run {
        let errexit = std::mem::replace(&mut self.errexit, false);
        let run = self.list(list, io).await;
        self.errexit = errexit;
        run
    }

    async fn too_deep(&mut self, io: &Io) -> Run {
        self.complain(io, format!("maximum function nesting level exceeded ({DEPTH_MAX})")).await;
        Err(Flow::Abort(1))
    }

    async fn simple(
        &mut self,
        assigns: &[(String, Word)],
        words: &[Word],
        redirects: &[Redirect],
        io: &Io,
    ) -> Run {
        self.sys.step().await;
        let before = std::mem::replace(&mut self.status, 0);
        self.status = before;
        let substitutes =
            words.is_empty() && assigns.iter().any(|(_, w)| w.iter().any(has_command));
        let args = self.fields(words, io).await?;
        let mut values = Vec::new();
        for (name, word) in assigns {
            let value = self.text(word, io).await?;
            if args.is_empty() {
                self.set_var(name, value);
            } else {
                values.push((name.clone(), value));
            }
        }
        let after = self.status;
        let io = match redirect::apply(self, redirects, io).await? {
            Ok(io) => io,
            Err(status) => return Ok(status),
        };
        let run = match args.is_empty() {
            true => Ok(if substitutes { after } else { 0 }),
            false => self.with_assigns(values, args, &io).await,
        };
        self.sys.return_data_dirs();
        run
    }

    /// `VAR=x cmd`: the variables are the command's own.
    async fn with_assigns(
        &mut self,
        values: Vec<(String, String)>,
        args: Vec<String>,
        io: &Io,
    ) -> Run {
        if values.is_empty() {
            return self.run(args, io).await;
        }
        let own = self.functions.contains_key(&args[0]) || builtins::find(&args[0]).is_some();
        if !own {
            let mut process = self.process(args, io);
            process.env.extend(values);
            return self.foreground(process).await;
        }
        let mut saved = Vec::new();
        for (name, value) in values {
            saved.push((name.clone(), self.vars.get(&name).cloned()));
            let variable = self.vars.entry(name).or_default();
            variable.value = value;
            variable.exported = true;
        }
        let run = self.run(args, io).await;
        for (name, variable) in saved.into_iter().rev() {
            match variable {
                Some(variable) => self.vars.insert(name, variable),
                None => self.vars.remove(&name),
            };
        }
        run
    }

    /// Runs a function, a builtin or a program.
    pub(crate) async fn run(&mut self, args: Vec<String>, io: &Io) -> Run {
        let name = args[0].clone();
        if let Some(body) = self.functions.get(&name).cloned() {
            if self.depth >= DEPTH_MAX {
                return self.too_deep(io).await;
            }
            let outer = std::mem::replace(&mut self.positional, args[1..].to_vec());
            self.depth += 1;
            let run = self.command(&body, io).await;
            self.depth -= 1;
            self.positional = outer;
            return match run {
                Err(Flow::Return(status)) => Ok(status),
                run => run,
            };
        }
        if let Some(builtin) = builtins::find(&name) {
            self.sys.fetch_data_dirs(&data_dirs::paths(&self.cwd, &args[1..])).await;
            return builtin(self, args, io).await;
        }
        self.external(args, io).await
    }

    pub(crate) async fn external(&mut self, args: Vec<String>, io: &Io) -> Run {
        let process = self.process(args, io);
        self.foreground(process).await
    }

    async fn foreground(&self, process: Process) -> Run {
        if self.exec {
            return Ok(tools::run(process).await);
        }
        let end = self.proc.waiting(process.run()).await;
        self.after(end).await
    }

    /// Virtual time passes while a program starts.
    pub(crate) async fn start_cost(sys: &Sys) {
        sys.sleep_us(START_US).await;
    }
}

/// What `time` prints. Programs take virtual time but no processor's.
fn timed(took_us: u64, posix: bool) -> String {
    let (seconds, ms) = (took_us / 1_000_000, took_us / 1_000 % 1_000);
    if posix {
        return format!("real {seconds}.{:02}\nuser 0.00\nsys 0.00\n", ms / 10);
    }
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!("\nreal\t{minutes}m{seconds}.{ms:03}s\nuser\t0m0.000s\nsys\t0m0.000s\n")
}

/// None when a loop is left; the flow with one level less otherwise.
fn loop_flow(run: Run) -> Result<Option<i32>, Flow> {
    match run {
        Ok(status) => Ok(Some(status)),
        Err(Flow::Break(1)) => Ok(None),
        Err(Flow::Continue(1)) => Ok(Some(0)),
        Err(Flow::Break(levels)) => Err(Flow::Break(levels - 1)),
        Err(Flow::Continue(levels)) => Err(Flow::Continue(levels - 1)),
        Err(flow) => Err(flow),
    }
}

fn has_command(part: &Part) -> bool {
    match part {
        Part::Command(_) => true,
        Part::Double(parts) => parts.iter().any(has_command),
        _ => false,
    }
}
