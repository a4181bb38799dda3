//! The one executor of client code: single-threaded, deterministic, driven from outside.
//!
//! Console processes (`etcdctl`, pipes, loops) are written as `async` functions. This executor polls
//! them in strict first-in first-out order of their wake-ups, and nothing wakes them but each other,
//! a [`Clock`] that the caller advances, and completions that the caller fires. There is no
//! reactor, no thread and no real time, so a run is a function of its inputs.
//!
//! It mirrors nothing in etcd; it stands where Go's scheduler stands for the real etcdctl. It leaves
//! out priorities, blocking calls and anything `Send`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::Micros;

type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Names a task; never used twice by one executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

/// A handle to the executor; clones share the same tasks, so a task can spawn and kill others.
#[derive(Clone, Default)]
pub struct Executor {
    inner: Rc<Inner>,
}

#[derive(Default)]
struct Inner {
    tasks: RefCell<BTreeMap<TaskId, Task>>,
    next: Cell<u64>,
    ready: Arc<Mutex<VecDeque<TaskId>>>,
}

struct Task {
    /// None while the task is being polled.
    future: Option<LocalFuture>,
    waker: Arc<TaskWaker>,
}

struct TaskWaker {
    id: TaskId,
    /// True while the id stands in the queue: many wake-ups make one poll.
    queued: AtomicBool,
    ready: Arc<Mutex<VecDeque<TaskId>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.id);
        }
    }
}

impl Executor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a task behind everything that is ready now.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) -> TaskId {
        let id = TaskId(self.inner.next.replace(self.inner.next.get() + 1));
        let ready = self.inner.ready.clone();
        let waker = Arc::new(TaskWaker { id, queued: AtomicBool::new(false), ready });
        let task = Task { future: Some(Box::pin(future)), waker: waker.clone() };
        self.inner.tasks.borrow_mut().insert(id, task);
        waker.wake();
        id
    }

    /// Drops a task, and with it all that it holds. A task that kills itself is dropped at its next
    /// await. Killing a finished task does nothing.
    pub fn kill(&self, id: TaskId) {
        // The borrow ends before the future is dropped: its destructors may kill and wake others.
        let task = self.inner.tasks.borrow_mut().remove(&id);
        drop(task);
    }

    /// True once the task has finished or was killed.
    pub fn is_done(&self, id: TaskId) -> bool {
        !self.inner.tasks.borrow().contains_key(&id)
    }

    /// Polls tasks in the order in which they were woken until none is ready.
    pub fn run_until_stalled(&self) {
        while let Some(id) = self.pop_ready() {
            self.poll(id);
        }
    }

    fn pop_ready(&self) -> Option<TaskId> {
        self.inner.ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn poll(&self, id: TaskId) {
        let taken = self
            .inner
            .tasks
            .borrow_mut()
            .get_mut(&id)
            .and_then(|task| Some((task.future.take()?, task.waker.clone())));
        let Some((mut future, waker)) = taken else { return };
        waker.queued.store(false, Ordering::Relaxed);
        let waker = Waker::from(waker);
        let done = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let mut tasks = self.inner.tasks.borrow_mut();
        if done {
            let task = tasks.remove(&id);
            drop(tasks);
            drop((task, future));
        } else if let Some(task) = tasks.get_mut(&id) {
            task.future = Some(future);
        } else {
            // Killed while it ran.
            drop(tasks);
            drop(future);
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Executor({} tasks)", self.inner.tasks.borrow().len())
    }
}

/// Virtual time as tasks see it; clones share one clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    inner: Rc<RefCell<ClockInner>>,
}

#[derive(Debug, Default)]
struct ClockInner {
    now_us: Micros,
    next: u64,
    /// By (time, order of registration).
    timers: BTreeMap<(Micros, u64), Waker>,
}

impl Clock {
    /// Microseconds since the session began.
    pub fn now_us(&self) -> Micros {
        self.inner.borrow().now_us
    }

    /// Completes at the first [`advance`](Self::advance) to that moment or beyond; at once if it is
    /// not in the future.
    pub fn sleep_until_us(&self, until_us: Micros) -> Sleep {
        Sleep { clock: self.clone(), until_us, key: None }
    }

    /// The moment of the earliest sleeper, if there is one.
    pub fn next_due_us(&self) -> Option<Micros> {
        self.inner.borrow().timers.keys().next().map(|(due_us, _)| *due_us)
    }

    /// Moves time on (never back) and wakes the sleepers that are due, in order of (time, order of
    /// registration). They run at the next [`Executor::run_until_stalled`].
    pub fn advance(&self, now_us: Micros) {
        let due = {
            let mut inner = self.inner.borrow_mut();
            inner.now_us = inner.now_us.max(now_us);
            let first_later = (inner.now_us.saturating_add(1), 0);
            let later = inner.timers.split_off(&first_later);
            std::mem::replace(&mut inner.timers, later)
        };
        due.into_values().for_each(Waker::wake);
    }
}

/// Future of [`Clock::sleep_until_us`]. Dropping it cancels the timer.
#[derive(Debug)]
pub struct Sleep {
    clock: Clock,
    until_us: Micros,
    key: Option<(Micros, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut inner = this.clock.inner.borrow_mut();
        if inner.now_us >= this.until_us {
            return Poll::Ready(());
        }
        let key = *this.key.get_or_insert_with(|| {
            inner.next += 1;
            (this.until_us, inner.next)
        });
        inner.timers.insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.inner.borrow_mut().timers.remove(&key);
        }
    }
}

/// A value that arrives once: the sending end and the waiting end.
pub fn completion<T>() -> (Completer<T>, Completion<T>) {
    let slot = Rc::new(RefCell::new(Slot { value: None, closed: false, waker: None }));
    (Completer { slot: slot.clone() }, Completion { slot })
}

#[derive(Debug)]
struct Slot<T> {
    value: Option<T>,
    closed: bool,
    waker: Option<Waker>,
}

/// The sending end of [`completion`].
#[derive(Debug)]
pub struct Completer<T> {
    slot: Rc<RefCell<Slot<T>>>,
}

impl<T> Completer<T> {
    pub fn complete(self, value: T) {
        self.slot.borrow_mut().value = Some(value);
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        let waker = {
            let mut slot = self.slot.borrow_mut();
            slot.closed = true;
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The waiting end of [`completion`]: a future of the value, or of None if the sender is gone.
#[derive(Debug)]
pub struct Completion<T> {
    slot: Rc<RefCell<Slot<T>>>,
}

impl<T> Future for Completion<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut slot = self.slot.borrow_mut();
        if slot.closed {
            return Poll::Ready(slot.value.take());
        }
        slot.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Nobody reads the pipe any more (EPIPE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenPipe;

#[derive(Debug)]
struct PipeState {
    bytes: VecDeque<u8>,
    capacity_bytes: usize,
    readers: usize,
    writers: usize,
    waiting: Vec<Waker>,
}

impl PipeState {
    /// Everyone who waits looks again; whoever still cannot go on registers anew, in order.
    fn wake_all(pipe: &Rc<RefCell<PipeState>>) {
        let waiting = std::mem::take(&mut pipe.borrow_mut().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// A bounded byte pipe. The reader sees end of file once all writers are gone; a writer gets
/// [`BrokenPipe`] once all readers are.
pub fn pipe(capacity_bytes: usize) -> (PipeWriter, PipeReader) {
    let state = PipeState {
        bytes: VecDeque::new(),
        capacity_bytes: capacity_bytes.max(1),
        readers: 1,
        writers: 1,
        waiting: Vec::new(),
    };
    let state = Rc::new(RefCell::new(state));
    (PipeWriter { state: state.clone() }, PipeReader { state })
}

/// The writing end of a [`pipe`]; clones are further writers.
#[derive(Debug)]
pub struct PipeWriter {
    state: Rc<RefCell<PipeState>>,
}

/// The reading end of a [`pipe`]; clones compete for the bytes.
#[derive(Debug)]
pub struct PipeReader {
    state: Rc<RefCell<PipeState>>,
}

impl PipeWriter {
    /// Writes all of it, waiting while the pipe is full.
    pub async fn write(&self, mut bytes: &[u8]) -> Result<(), BrokenPipe> {
        while !bytes.is_empty() {
            let written = std::future::poll_fn(|cx| {
                let mut state = self.state.borrow_mut();
                if state.readers == 0 {
                    return Poll::Ready(Err(BrokenPipe));
                }
                let room = state.capacity_bytes - state.bytes.len();
                if room == 0 {
                    state.waiting.push(cx.waker().clone());
                    return Poll::Pending;
                }
                let count = room.min(bytes.len());
                state.bytes.extend(&bytes[..count]);
                Poll::Ready(Ok(count))
            })
            .await?;
            bytes = &bytes[written..];
            PipeState::wake_all(&self.state);
        }
        if self.state.borrow().readers == 0 { Err(BrokenPipe) } else { Ok(()) }
    }
}

impl PipeReader {
    /// At least one and at most `max_bytes` bytes; empty at end of file.
    pub async fn read(&self, max_bytes: usize) -> Vec<u8> {
        let bytes: Vec<u8> = std::future::poll_fn(|cx| {
            let mut state = self.state.borrow_mut();
            if state.bytes.is_empty() && state.writers > 0 {
                state.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
            let count = max_bytes.min(state.bytes.len());
            Poll::Ready(state.bytes.drain(..count).collect())
        })
        .await;
        PipeState::wake_all(&self.state);
        bytes
    }
}

impl Clone for PipeWriter {
    fn clone(&self) -> Self {
        self.state.borrow_mut().writers += 1;
        PipeWriter { state: self.state.clone() }
    }
}

impl Clone for PipeReader {
    fn clone(&self) -> Self {
        self.state.borrow_mut().readers += 1;
        PipeReader { state: self.state.clone() }
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.state.borrow_mut().writers -= 1;
        PipeState::wake_all(&self.state);
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        self.state.borrow_mut().readers -= 1;
        PipeState::wake_all(&self.state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Log = Rc<RefCell<Vec<String>>>;

    fn note(log: &Log, text: impl Into<String>) {
        log.borrow_mut().push(text.into());
    }

    #[test]
    fn timers_fire_by_time_then_by_registration() {
        let (executor, clock, log) = (Executor::new(), Clock::default(), Log::default());
        for (name, due_us) in [("a", 30), ("b", 10), ("c", 30), ("d", 10), ("e", 0)] {
            let (clock, log) = (clock.clone(), log.clone());
            executor.spawn(async move {
                clock.sleep_until_us(due_us).await;
                note(&log, name);
            });
        }
        executor.run_until_stalled();
        assert_eq!(clock.next_due_us(), Some(10));
        clock.advance(30);
        executor.run_until_stalled();
        assert_eq!(log.borrow().join(""), "ebdac");
        assert_eq!(clock.next_due_us(), None);
    }

    #[test]
    fn tasks_run_in_wake_order_and_can_spawn() {
        let (executor, log) = (Executor::new(), Log::default());
        let (inner_executor, inner_log) = (executor.clone(), log.clone());
        executor.spawn(async move {
            note(&inner_log, "first");
            let log = inner_log.clone();
            inner_executor.spawn(async move { note(&log, "third") });
        });
        let second = log.clone();
        let id = executor.spawn(async move { note(&second, "second") });
        assert!(!executor.is_done(id));
        executor.run_until_stalled();
        assert!(executor.is_done(id));
        assert_eq!(log.borrow().join(" "), "first second third");
    }

    #[test]
    fn a_killed_task_drops_what_it_holds_and_its_timer() {
        let (executor, clock) = (Executor::new(), Clock::default());
        let (completer, waiting) = completion::<u32>();
        let task_clock = clock.clone();
        let id = executor.spawn(async move {
            task_clock.sleep_until_us(1_000).await;
            completer.complete(1);
        });
        let got = Rc::new(Cell::new(Some(7)));
        let seen = got.clone();
        executor.spawn(async move { seen.set(waiting.await) });
        executor.run_until_stalled();
        executor.kill(id);
        executor.run_until_stalled();
        assert_eq!(got.get(), None);
        assert_eq!(clock.next_due_us(), None);
    }

    #[test]
    fn a_task_may_kill_itself() {
        let (executor, log) = (Executor::new(), Log::default());
        let own = Rc::new(Cell::new(None));
        let (own_id, handle, task_log) = (own.clone(), executor.clone(), log.clone());
        let id = executor.spawn(async move {
            handle.kill(own_id.get().expect("set before the first poll"));
            note(&task_log, "before");
            std::future::pending::<()>().await;
        });
        own.set(Some(id));
        executor.run_until_stalled();
        assert!(executor.is_done(id));
        assert_eq!(log.borrow().join(" "), "before");
    }

    #[test]
    fn pipes_block_when_full_end_with_eof_and_break() {
        let (executor, log) = (Executor::new(), Log::default());
        let (writer, reader) = pipe(4);
        let write_log = log.clone();
        executor.spawn(async move {
            note(&write_log, format!("{:?}", writer.write(b"abcdefgh").await));
        });
        let read_log = log.clone();
        executor.spawn(async move {
            loop {
                let bytes = reader.read(3).await;
                note(&read_log, String::from_utf8_lossy(&bytes));
                if bytes.is_empty() {
                    break;
                }
            }
        });
        executor.run_until_stalled();
        let order = log.borrow().clone();
        let text: String = order.iter().filter(|t| *t != "Ok(())").cloned().collect();
        assert_eq!(text, "abcdefgh");
        assert_eq!(order.last().map(String::as_str), Some(""));
        let (writer, reader) = pipe(4);
        drop(reader);
        let broken = Rc::new(Cell::new(None));
        let seen = broken.clone();
        executor.spawn(async move { seen.set(Some(writer.write(b"x").await)) });
        executor.run_until_stalled();
        assert_eq!(broken.get(), Some(Err(BrokenPipe)));
    }
}
