//! The console's shell, for ever: takes a command, runs it, says how it ended.
//!
//! At a terminal a command is as many lines as it needs, and what follows them is left to the
//! programs that it starts ([`crate::terminal`]). Elsewhere an entry is read whole, like a script.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use cluster::HostOutput;

use crate::builtins::{run_list, run_text, wrong};
use crate::interp;
use crate::io::Io;
use crate::lang::{self, Reading, Wanted};
use crate::shell::{Flow, Run, Shell};
use crate::signals::Group;
use crate::terminal::Line;

/// What the session's task shares with the actor.
#[derive(Default)]
pub(crate) struct Console {
    /// Entries of a console that is no terminal.
    pub(crate) lines: RefCell<VecDeque<(u64, String)>>,
    pub(crate) cwd: RefCell<String>,
    /// What its shell exports.
    pub(crate) env: RefCell<BTreeMap<String, String>>,
    pub(crate) busy: Cell<bool>,
    /// The exec of the command that runs or is unfinished.
    pub(crate) exec: Cell<u64>,
    /// A command waits for its next line.
    pub(crate) unfinished: Cell<bool>,
    pub(crate) interrupted: Cell<bool>,
    pub(crate) waker: RefCell<Option<Waker>>,
}

/// Status of a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

impl Console {
    pub(crate) fn wake(&self) {
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

    fn begin(&self, shell: &mut Shell, exec: u64) {
        self.busy.set(true);
        self.interrupted.set(false);
        self.exec.set(exec);
        shell.sys.set_exec(exec);
        shell.sys.teacher().reads("");
        shell.group = Group::Line(exec);
        shell.depth = 0;
    }

    fn end(&self, shell: &mut Shell, code: i32) {
        shell.status = code;
        self.cwd.replace(shell.cwd.clone());
        self.env.replace(shell.exported());
        self.busy.set(false);
        shell.sys.teacher().after_command(shell, code);
    }
}

/// The status of what has run to its end, was interrupted (None), or has left the shell: that ends
/// the command and not the host, since there is no one to log in again.
fn status(run: Option<Run>, shell: &Shell) -> i32 {
    match run {
        None => INTERRUPTED,
        Some(Err(Flow::Exit(status))) => status,
        Some(run) => interp::finish(run, shell),
    }
}

/// A console whose entries are read whole.
pub(crate) async fn entries(mut shell: Shell, console: Rc<Console>) {
    let sys = shell.sys.clone();
    let io = Io::console(&sys);
    loop {
        let (exec, line) = console.next_line().await;
        console.begin(&mut shell, exec);
        let run = console.interruptible(run_text(&mut shell, &line, &io)).await;
        let code = status(run, &shell);
        console.end(&mut shell, code);
        sys.output(HostOutput::Done { exec, code });
    }
}

/// A terminal.
pub(crate) async fn terminal(mut shell: Shell, console: Rc<Console>) {
    let sys = shell.sys.clone();
    let io = Io::terminal(&sys);
    loop {
        let (exec, first) = sys.first_line().await;
        let Line::Text { text, last } = first else { continue };
        console.begin(&mut shell, exec);
        let read = command(&mut shell, &console, &io, text, last).await;
        sys.terminal().set_running(exec);
        let run = match read {
            Ok(list) => console.interruptible(run_list(&mut shell, &list, &io)).await,
            Err(status) => Some(Ok(status)),
        };
        // What follows `exit` or Ctrl-C in a pasted block has nobody to read it.
        if matches!(run, None | Some(Err(Flow::Exit(_)))) {
            sys.terminal().skip(exec);
        }
        sys.terminal().set_running(0);
        let code = status(run, &shell);
        console.end(&mut shell, code);
        if !sys.terminal().holds(exec) {
            sys.teacher().tell(&sys, exec);
            sys.output(HostOutput::Done { exec, code });
        }
    }
}

/// Reads the rest of a command. The error is the status of what could not be read.
async fn command(
    shell: &mut Shell,
    console: &Console,
    io: &Io,
    line: String,
    mut last: bool,
) -> Result<lang::ast::List, i32> {
    let sys = shell.sys.clone();
    let line = recalled(shell, io, line).await?;
    let mut text = line + "\n";
    loop {
        sys.teacher().reads(&text);
        let wanted = match lang::read(&text, &shell.aliases) {
            Reading::Commands(list) => {
                shell.history.borrow_mut().add(&text);
                return Ok(list);
            }
            Reading::Wrong(error) => {
                shell.history.borrow_mut().add(&text);
                return Err(wrong(shell, &error, io).await);
            }
            Reading::Unfinished(wanted) => wanted,
        };
        // Lines that cannot finish it are not parsed again and again.
        loop {
            sys.step().await;
            match more(console, shell, last).await {
                None => return Err(INTERRUPTED),
                Some(Line::End) => return ended(shell, io, &text, &wanted).await,
                Some(Line::Text { text: line, last: over }) => {
                    last = over;
                    text.push_str(&line);
                    text.push('\n');
                    if may_finish(&wanted, &line) {
                        break;
                    }
                }
            }
        }
    }
}

/// The next line of an unfinished command; None if Ctrl-C drops it.
async fn more(console: &Console, shell: &Shell, last: bool) -> Option<Line> {
    let (sys, exec) = (&shell.sys, console.exec.get());
    if last {
        sys.output(HostOutput::Unfinished { exec });
    }
    console.unfinished.set(true);
    console.busy.set(false);
    let line = console.interruptible(sys.further_line(exec)).await;
    console.unfinished.set(false);
    console.busy.set(true);
    line
}

fn may_finish(wanted: &Wanted, line: &str) -> bool {
    match wanted {
        Wanted::More => true,
        Wanted::Char(c) => line.contains(*c),
        Wanted::Line { text, strip_tabs, .. } => {
            text == if *strip_tabs { line.trim_start_matches('\t') } else { line }
        }
    }
}

/// Ctrl-D in the middle of a command: bash's words for it. A here-document ends so, with a warning.
async fn ended(
    shell: &Shell,
    io: &Io,
    text: &str,
    wanted: &Wanted,
) -> Result<lang::ast::List, i32> {
    shell.history.borrow_mut().add(text);
    match lang::parse_with(text, &shell.aliases) {
        Err(error) => Err(wrong(shell, &error, io).await),
        Ok(list) => {
            if let Wanted::Line { text, from, .. } = wanted {
                let warning = format!(
                    "warning: here-document at line {from} delimited by end-of-file (wanted `{text}')"
                );
                shell.complain(io, warning).await;
            }
            Ok(list)
        }
    }
}

/// The line with `!!` and its like replaced, which is shown first.
async fn recalled(shell: &Shell, io: &Io, line: String) -> Result<String, i32> {
    let expanded = shell.history.borrow().expand(&line);
    match expanded {
        Ok(None) => Ok(line),
        Ok(Some(line)) => {
            let _ = io.write(2, format!("{line}\n").as_bytes()).await;
            Ok(line)
        }
        Err(event) => {
            shell.complain(io, format!("{event}: event not found")).await;
            Err(1)
        }
    }
}
