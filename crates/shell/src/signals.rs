//! Processes as the kernel knows them: pids, groups, signals and how each came to its end.
//!
//! A process is a future under [`Proc::watch`]. A signal that it does not handle drops that future
//! and with it all that runs inside; a program that wants SIGINT or SIGTERM for itself asks with
//! [`Proc::catch`]. Ctrl-C goes to every process of the foreground group, as from a terminal. A
//! shell that waits for a program leaves SIGINT to it and dies only if the program did, as bash
//! does. Left out: sessions, orphaned groups, core dumps, and handlers for any other signal.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

pub(crate) const SIGINT: i32 = 2;
pub(crate) const SIGKILL: i32 = 9;
pub(crate) const SIGPIPE: i32 = 13;
pub(crate) const SIGTERM: i32 = 15;
pub(crate) const SIGCONT: i32 = 18;
pub(crate) const SIGSTOP: i32 = 19;

/// Names of signals, in the order of their numbers.
pub(crate) const SIGNALS: [(&str, i32); 10] = [
    ("HUP", 1),
    ("INT", SIGINT),
    ("QUIT", 3),
    ("KILL", SIGKILL),
    ("USR1", 10),
    ("USR2", 12),
    ("PIPE", SIGPIPE),
    ("TERM", SIGTERM),
    ("CONT", SIGCONT),
    ("STOP", SIGSTOP),
];

/// The number of `9`, `KILL` or `SIGKILL`.
pub(crate) fn signal_number(word: &str) -> Option<i32> {
    if let Ok(number) = word.parse() {
        return (0..=64).contains(&number).then_some(number);
    }
    let upper = word.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS.into_iter().find(|(known, _)| *known == name).map(|(_, number)| number)
}

/// A process group: who gets Ctrl-C, and whom `kill %1` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// The console's own shell.
    Console,
    /// The foreground processes of the line with this exec number.
    Line(u64),
    /// The background job whose first process has this pid.
    Job(u32),
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Status(i32),
    /// Killed by the signal of this number.
    Signal(i32),
}

impl End {
    /// As `$?` shows it.
    pub(crate) fn status(self) -> i32 {
        match self {
            End::Status(status) => status,
            End::Signal(number) => 128 + number,
        }
    }
}

/// The processes of a host.
#[derive(Default)]
pub(crate) struct Table {
    next_pid: Cell<u32>,
    alive: RefCell<BTreeMap<u32, Rc<Proc>>>,
}

const FIRST_PID: u32 = 101;

impl Table {
    /// A new process. Without a group it leads a job of its own.
    pub(crate) fn add(self: &Rc<Self>, parent: u32, group: Option<Group>) -> Rc<Proc> {
        let pid = self.next_pid.get().max(FIRST_PID);
        self.next_pid.set(pid + 1);
        let proc = Rc::new(Proc {
            pid,
            command: RefCell::new("bash".into()),
            parent,
            group: group.unwrap_or(Group::Job(pid)),
            table: self.clone(),
            handlers: Cell::new(0),
            waits: Cell::new(0),
            deferred: Cell::new(false),
            caught: RefCell::default(),
            death: Cell::new(None),
            stopped: Cell::new(false),
            wakers: RefCell::default(),
        });
        self.alive.borrow_mut().insert(pid, proc.clone());
        proc
    }

    /// All of them, in the order of their pids.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let row = |proc: &Rc<Proc>| Row {
            pid: proc.pid,
            parent: proc.parent,
            stopped: proc.stopped.get(),
            command: proc.command.borrow().clone(),
        };
        self.alive.borrow().values().map(row).collect()
    }

    fn select(&self, wanted: impl Fn(&Proc) -> bool) -> Vec<Rc<Proc>> {
        self.alive.borrow().values().filter(|proc| wanted(proc)).cloned().collect()
    }

    /// Sends a signal to a process; false if there is none.
    pub(crate) fn signal(&self, pid: u32, number: i32) -> bool {
        let found = self.select(|proc| proc.pid == pid);
        found.iter().for_each(|proc| proc.signal(number));
        !found.is_empty()
    }

    /// Sends a signal to all processes of a group; false if it has none.
    pub(crate) fn signal_group(&self, group: Group, number: i32) -> bool {
        let found = self.select(|proc| proc.group == group);
        found.iter().for_each(|proc| proc.signal(number));
        !found.is_empty()
    }

    /// Sends a signal to a process and all that it started, directly or not.
    pub(crate) fn signal_tree(&self, pid: u32, number: i32) {
        let mut tree = vec![pid];
        // A child's pid is larger than its parent's, so one pass in the order of pids finds all.
        for proc in self.select(|_| true) {
            if tree.contains(&proc.parent) {
                tree.push(proc.pid);
            }
        }
        for pid in tree {
            self.signal(pid, number);
        }
    }

    /// True if some process of the group handles SIGINT itself.
    pub(crate) fn handles_interrupt(&self, group: Group) -> bool {
        !self.select(|proc| proc.group == group && proc.handlers.get() > 0).is_empty()
    }
}

/// A line of `ps`.
pub(crate) struct Row {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) stopped: bool,
    pub(crate) command: String,
}

/// One process.
pub(crate) struct Proc {
    pub(crate) pid: u32,
    /// As `ps` shows it.
    command: RefCell<String>,
    parent: u32,
    pub(crate) group: Group,
    table: Rc<Table>,
    /// How many [`Catch`]es there are.
    handlers: Cell<u32>,
    /// How many programs it waits for, as a shell.
    waits: Cell<u32>,
    /// SIGINT came while it waited.
    deferred: Cell<bool>,
    caught: RefCell<VecDeque<i32>>,
    death: Cell<Option<i32>>,
    stopped: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Proc {
    /// From here on it runs this program.
    pub(crate) fn becomes(&self, words: &[String]) {
        self.command.replace(words.join(" "));
    }

    /// Delivers a signal: to its handler, or by default.
    pub(crate) fn signal(&self, number: i32) {
        let handled = self.handlers.get() > 0;
        match number {
            0 => return,
            // A console's shell ignores what would end it.
            _ if self.group == Group::Console => return,
            SIGSTOP => self.stopped.set(true),
            SIGCONT => self.stopped.set(false),
            SIGINT | SIGTERM if handled => self.caught.borrow_mut().push_back(number),
            SIGINT if self.waits.get() > 0 => self.deferred.set(true),
            _ if self.death.get() != Some(SIGKILL) => self.death.set(Some(number)),
            _ => {}
        }
        let wakers = std::mem::take(&mut *self.wakers.borrow_mut());
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends by a signal, like a program that raises one on itself.
    pub(crate) async fn die(&self, number: i32) -> ! {
        self.handlers.set(0);
        self.waits.set(0);
        self.signal(number);
        loop {
            std::future::pending::<()>().await;
        }
    }

    /// Goes no further if a signal has ended it.
    pub(crate) async fn survive(&self) {
        if self.death.get().is_some() {
            std::future::pending().await
        }
    }

    fn wait_for_signal(&self, cx: &Context<'_>) {
        let mut wakers = self.wakers.borrow_mut();
        if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            wakers.push(cx.waker().clone());
        }
    }

    /// The process itself: runs until it ends or a signal ends it.
    pub(crate) fn watch(self: &Rc<Self>, work: impl Future<Output = i32> + 'static) -> Watch {
        Watch { proc: self.clone(), work: Some(Box::pin(work)) }
    }

    /// From here on SIGINT and SIGTERM are the program's own business.
    pub(crate) fn catch(self: &Rc<Self>) -> Catch {
        self.handlers.set(self.handlers.get() + 1);
        Catch(self.clone())
    }

    /// Waits, as a shell does, for a program that runs in its foreground.
    pub(crate) async fn waiting(self: &Rc<Self>, program: impl Future<Output = End>) -> End {
        self.waits.set(self.waits.get() + 1);
        let waiting = Waiting(self.clone());
        let end = program.await;
        drop(waiting);
        end
    }

    /// True if SIGINT came while it waited; asks once.
    pub(crate) fn take_deferred(&self) -> bool {
        self.deferred.replace(false)
    }
}

struct Waiting(Rc<Proc>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waits.set(self.0.waits.get().saturating_sub(1));
    }
}

/// Future of [`Proc::watch`]. Once it is done or dropped the process is gone.
pub(crate) struct Watch {
    proc: Rc<Proc>,
    work: Option<Pin<Box<dyn Future<Output = i32>>>>,
}

impl Future for Watch {
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let this = &mut *self;
        loop {
            let (death, stopped) = (this.proc.death.get(), this.proc.stopped.get());
            if let Some(number) = death
                && (!stopped || number == SIGKILL)
            {
                this.work = None;
                return Poll::Ready(End::Signal(number));
            }
            this.proc.wait_for_signal(cx);
            let Some(work) = this.work.as_mut().filter(|_| !stopped) else { return Poll::Pending };
            if let Poll::Ready(status) = work.as_mut().poll(cx) {
                this.work = None;
                return Poll::Ready(End::Status(status));
            }
            // It may have killed itself just now.
            if this.proc.death.get().is_none() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The borrow ends before the work is dropped: that may end other processes.
        let gone = self.proc.table.alive.borrow_mut().remove(&self.proc.pid);
        drop((gone, self.work.take()));
    }
}

/// A program's wish to handle SIGINT and SIGTERM; dropping it gives the default back.
pub(crate) struct Catch(Rc<Proc>);

impl Catch {
    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<i32> {
        match self.0.caught.borrow_mut().pop_front() {
            Some(number) => Poll::Ready(number),
            None => {
                self.0.wait_for_signal(cx);
                Poll::Pending
            }
        }
    }

    /// The next such signal.
    pub(crate) async fn next(&self) -> i32 {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }
}

impl Drop for Catch {
    fn drop(&mut self) {
        let handlers = self.0.handlers.get().saturating_sub(1);
        self.0.handlers.set(handlers);
        if handlers == 0 {
            self.0.caught.borrow_mut().clear();
        }
    }
}
