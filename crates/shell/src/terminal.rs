//! The console's keyboard: a terminal in line mode.
//!
//! Lines wait here until somebody reads them: the shell's prompt, or a program that runs in the
//! foreground and reads its standard input. So what is entered early is type-ahead, and a pasted
//! block feeds the programs that it starts. As in a real terminal a read gives at most one line,
//! Ctrl-C throws away what nobody has read yet, and Ctrl-D is an end of file for one read.
//!
//! What differs: background jobs read end of file, where a real terminal would stop them (SIGTTIN)
//! until somebody brings them to the foreground. Left out: raw mode, echo and its absence (the page
//! shows what is typed), and the limit of 4096 bytes a line.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use cluster::HostOutput;

use crate::sys::Sys;

/// What was entered at once.
struct Entry {
    exec: u64,
    lines: VecDeque<String>,
    /// The exec whose command has read some of it. None once a line of it is a command.
    taken_by: Option<u64>,
}

enum Typed {
    Entry(Entry),
    /// Ctrl-D.
    End,
}

/// What the prompt gets.
pub(crate) enum Line {
    /// A line, and whether its entry is over.
    Text { text: String, last: bool },
    /// Ctrl-D.
    End,
}

#[derive(Default)]
pub(crate) struct Terminal {
    typed: RefCell<VecDeque<Typed>>,
    /// Of a line of which a program has read a part.
    rest: RefCell<Vec<u8>>,
    /// The exec whose command runs in the foreground; 0 while the prompt reads.
    running: Cell<u64>,
    /// Programs that wait for a line now.
    readers: Cell<u32>,
    wakers: RefCell<Vec<Waker>>,
}

impl Terminal {
    /// A block of lines was entered.
    pub(crate) fn enter(&self, exec: u64, text: &str) {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).into());
        let entry = Entry { exec, lines: lines.collect(), taken_by: None };
        self.typed.borrow_mut().push_back(Typed::Entry(entry));
        self.wake();
    }

    /// Ctrl-D.
    pub(crate) fn end(&self) {
        self.typed.borrow_mut().push_back(Typed::End);
        self.wake();
    }

    /// Throws away the lines of an entry that are left.
    pub(crate) fn skip(&self, exec: u64) {
        let other = |typed: &Typed| !matches!(typed, Typed::Entry(entry) if entry.exec == exec);
        self.typed.borrow_mut().retain(other);
    }

    /// Some lines of this entry wait.
    pub(crate) fn holds(&self, exec: u64) -> bool {
        let typed = self.typed.borrow();
        matches!(typed.front(), Some(Typed::Entry(entry)) if entry.exec == exec)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.typed.borrow().is_empty()
    }

    /// A program waits for a line.
    pub(crate) fn is_read(&self) -> bool {
        self.readers.get() > 0
    }

    /// From here on programs of that exec read, or, if it is 0, the prompt.
    pub(crate) fn set_running(&self, exec: u64) {
        self.rest.borrow_mut().clear();
        self.running.set(exec);
    }

    fn wake(&self) {
        let wakers = std::mem::take(&mut *self.wakers.borrow_mut());
        wakers.into_iter().for_each(Waker::wake);
    }

    fn wait(&self, cx: &Context<'_>) {
        let mut wakers = self.wakers.borrow_mut();
        if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            wakers.push(cx.waker().clone());
        }
    }

    /// Takes the next line, as a command's beginning or as something that the command of `by` reads.
    /// The second is what to tell if the whole entry was read so.
    fn take(&self, by: Option<u64>) -> Option<(Line, Option<HostOutput>)> {
        let mut typed = self.typed.borrow_mut();
        let Typed::Entry(entry) = typed.front_mut()? else {
            typed.pop_front();
            return Some((Line::End, None));
        };
        let (exec, text) = (entry.exec, entry.lines.pop_front().unwrap_or_default());
        entry.taken_by = by.filter(|by| *by != exec);
        let (last, taken_by) = (entry.lines.is_empty(), entry.taken_by);
        if last {
            typed.pop_front();
        }
        let taken = taken_by.filter(|_| last).map(|by| HostOutput::Taken { exec, by });
        Some((Line::Text { text, last }, taken))
    }
}

impl Sys {
    /// Throws away what nobody has read. Entries that are not of the command that runs end here.
    pub(crate) fn flush_terminal(&self, running: u64) {
        self.terminal().rest.borrow_mut().clear();
        for typed in std::mem::take(&mut *self.terminal().typed.borrow_mut()) {
            match typed {
                Typed::Entry(Entry { exec, taken_by: Some(by), .. }) => {
                    self.output(HostOutput::Taken { exec, by });
                }
                Typed::Entry(Entry { exec, .. }) if exec != running => {
                    self.output(HostOutput::Done { exec, code: 130 });
                }
                _ => {}
            }
        }
    }

    fn take_line(&self, cx: &Context<'_>, by: Option<u64>) -> Poll<Line> {
        match self.terminal().take(by) {
            Some((line, taken)) => {
                taken.into_iter().for_each(|taken| self.output(taken));
                Poll::Ready(line)
            }
            None => {
                self.terminal().wait(cx);
                Poll::Pending
            }
        }
    }

    /// The exec and the line of the prompt's next command. Ctrl-D does nothing here: a real shell
    /// would end.
    pub(crate) async fn first_line(&self) -> (u64, Line) {
        std::future::poll_fn(|cx| {
            loop {
                let exec = match self.terminal().typed.borrow().front() {
                    Some(Typed::Entry(entry)) => entry.exec,
                    _ => 0,
                };
                match self.take_line(cx, None) {
                    Poll::Ready(Line::End) => {}
                    Poll::Ready(line) => return Poll::Ready((exec, line)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// The next line for the unfinished command of `by`.
    pub(crate) async fn further_line(&self, by: u64) -> Line {
        std::future::poll_fn(|cx| self.take_line(cx, Some(by))).await
    }

    /// What a program reads: bytes of one line, none at end of file.
    pub(crate) async fn read_terminal(&self, max_bytes: usize) -> Vec<u8> {
        let terminal = self.terminal();
        let _reading = Reading::new(terminal);
        std::future::poll_fn(|cx| {
            if terminal.rest.borrow().is_empty() {
                let running = terminal.running.get();
                if running == 0 {
                    // Left over from a command that has ended.
                    terminal.wait(cx);
                    return Poll::Pending;
                }
                match std::task::ready!(self.take_line(cx, Some(running))) {
                    Line::End => return Poll::Ready(Vec::new()),
                    Line::Text { text, .. } => {
                        terminal.rest.replace((text + "\n").into_bytes());
                    }
                }
            }
            let mut rest = terminal.rest.borrow_mut();
            let count = max_bytes.min(rest.len());
            Poll::Ready(rest.drain(..count).collect())
        })
        .await
    }
}

/// Counts a reader for as long as it reads.
struct Reading<'a>(&'a Terminal);

impl<'a> Reading<'a> {
    fn new(terminal: &'a Terminal) -> Self {
        terminal.readers.set(terminal.readers.get() + 1);
        Reading(terminal)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.readers.set(self.0.readers.get().saturating_sub(1));
    }
}
