//! Calls and streams to the cluster, as the processes of a host hold them.
//!
//! Each is known by a number of the host's own. Dropping one before its end cancels it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use cluster::executor::{Completer, Completion, completion};
use cluster::{HostOutput, MemberEnd, MemberStart};
use frame::Action;
use proto::{Metadata, Status};

use crate::sys::Sys;

/// How a call or a stream can end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CallResult {
    Reply(Result<Bytes, Status>),
    Refused,
    ConnectionLost,
}

/// What is open.
#[derive(Default)]
pub(crate) struct Calls {
    last: Cell<u64>,
    unary: RefCell<BTreeMap<u64, Completer<CallResult>>>,
    streams: RefCell<BTreeMap<u64, Rc<StreamState>>>,
    lab: RefCell<BTreeMap<u64, Completer<Result<String, String>>>>,
    members: RefCell<BTreeMap<u64, Completer<MemberEnd>>>,
    last_edit: Cell<u64>,
    edits: RefCell<BTreeMap<u64, Completer<Option<Bytes>>>>,
}

impl Calls {
    fn number(&self) -> u64 {
        self.last.set(self.last.get() + 1);
        self.last.get()
    }
}

#[derive(Default)]
struct StreamState {
    messages: RefCell<VecDeque<Bytes>>,
    end: RefCell<Option<CallResult>>,
    wakers: RefCell<Vec<Waker>>,
}

impl StreamState {
    fn wake(&self) {
        let wakers = std::mem::take(&mut *self.wakers.borrow_mut());
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Sys {
    /// A number that no other call of this host has.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls().number()
    }

    /// A unary call. Dropping the future cancels it.
    pub(crate) fn call(
        &self,
        address: &str,
        method: &str,
        metadata: Metadata,
        request: Bytes,
    ) -> Call {
        let call = self.calls().number();
        let (completer, waiting) = completion();
        self.calls().unary.borrow_mut().insert(call, completer);
        let (address, method) = (address.to_string(), method.to_string());
        self.output(HostOutput::Call { call, address, method, metadata, request });
        Call { sys: self.clone(), call, waiting, done: false }
    }

    /// Opens a stream. Dropping it cancels it.
    pub(crate) fn open(&self, address: &str, method: &str, metadata: Metadata) -> OpenStream {
        let call = self.calls().number();
        let state = Rc::new(StreamState::default());
        self.calls().streams.borrow_mut().insert(call, state.clone());
        let (address, method) = (address.to_string(), method.to_string());
        self.output(HostOutput::Open { call, address, method, metadata });
        OpenStream { sys: self.clone(), call, state, closed: Cell::new(false) }
    }

    /// A message of an open stream came.
    pub(crate) fn stream_message(&self, call: u64, message: Bytes) {
        let state = self.calls().streams.borrow().get(&call).cloned();
        if let Some(state) = state {
            state.messages.borrow_mut().push_back(message);
            state.wake();
        }
    }

    /// A call was answered, or a stream ended.
    pub(crate) fn answer(&self, call: u64, result: CallResult) {
        // The borrows end before anything is woken or dropped.
        let completer = self.calls().unary.borrow_mut().remove(&call);
        if let Some(completer) = completer {
            completer.complete(result);
            return;
        }
        let state = self.calls().streams.borrow_mut().remove(&call);
        if let Some(state) = state {
            state.end.replace(Some(result));
            state.wake();
        }
    }

    /// The `lab` command; the answer is text or an error's one line.
    pub(crate) async fn lab(&self, action: Action) -> Result<String, String> {
        let call = self.calls().number();
        let (completer, waiting) = completion();
        self.calls().lab.borrow_mut().insert(call, completer);
        self.output(HostOutput::Lab { call, action });
        waiting.await.unwrap_or_else(|| Err("no answer".into()))
    }

    /// Lets a person edit a text; None if nothing is to be saved.
    pub(crate) async fn edit(&self, path: &str, text: Bytes) -> Option<Bytes> {
        let edit = self.calls().last_edit.get() + 1;
        self.calls().last_edit.set(edit);
        let (completer, waiting) = completion();
        self.calls().edits.borrow_mut().insert(edit, completer);
        self.output(HostOutput::Edit { exec: self.exec(), edit, path: path.to_string(), text });
        waiting.await.flatten()
    }

    /// The editor was closed.
    pub(crate) fn edited(&self, edit: u64, text: Option<Bytes>) {
        let completer = self.calls().edits.borrow_mut().remove(&edit);
        if let Some(completer) = completer {
            completer.complete(text);
        }
    }

    /// Starts a member. Dropping what this gives kills it, as SIGKILL would.
    pub(crate) fn start_member(&self, start: MemberStart) -> RunningMember {
        let process = self.calls().number();
        let (completer, ended) = completion();
        self.calls().members.borrow_mut().insert(process, completer);
        self.output(HostOutput::StartMember { process, start: Box::new(start) });
        RunningMember { sys: self.clone(), process, ended }
    }

    pub(crate) fn member_ended(&self, process: u64, end: MemberEnd) {
        let completer = self.calls().members.borrow_mut().remove(&process);
        if let Some(completer) = completer {
            completer.complete(end);
        }
    }

    pub(crate) fn answer_lab(&self, call: u64, result: Result<String, String>) {
        let completer = self.calls().lab.borrow_mut().remove(&call);
        if let Some(completer) = completer {
            completer.complete(result);
        }
    }
}

/// A member that a process of this host has started: a future of its end.
pub(crate) struct RunningMember {
    sys: Sys,
    process: u64,
    ended: Completion<MemberEnd>,
}

impl RunningMember {
    /// SIGTERM.
    pub(crate) fn stop(&self) {
        self.sys.output(HostOutput::SignalMember { process: self.process, kill: false });
    }
}

impl Future for RunningMember {
    type Output = MemberEnd;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<MemberEnd> {
        let end = std::task::ready!(Pin::new(&mut self.ended).poll(cx));
        Poll::Ready(end.unwrap_or(MemberEnd::Killed))
    }
}

impl Drop for RunningMember {
    fn drop(&mut self) {
        let running = self.sys.calls().members.borrow_mut().remove(&self.process);
        if running.is_some() {
            self.sys.output(HostOutput::SignalMember { process: self.process, kill: true });
        }
    }
}

/// Future of [`Sys::call`].
pub(crate) struct Call {
    sys: Sys,
    call: u64,
    waiting: Completion<CallResult>,
    done: bool,
}

impl Future for Call {
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CallResult> {
        let result = std::task::ready!(Pin::new(&mut self.waiting).poll(cx));
        self.done = true;
        Poll::Ready(result.unwrap_or(CallResult::ConnectionLost))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let open = self.sys.calls().unary.borrow_mut().remove(&self.call);
        if open.is_some() && !self.done {
            self.sys.output(HostOutput::CancelCall { call: self.call });
        }
    }
}

/// An open stream.
pub(crate) struct OpenStream {
    sys: Sys,
    call: u64,
    state: Rc<StreamState>,
    closed: Cell<bool>,
}

impl OpenStream {
    fn ended(&self) -> bool {
        self.state.end.borrow().is_some()
    }

    /// Sends a message; nothing once the stream has ended or this side of it is closed.
    pub(crate) fn send(&self, message: Bytes) {
        if !self.ended() && !self.closed.get() {
            self.sys.output(HostOutput::Message { call: self.call, message });
        }
    }

    /// No more messages will follow.
    pub(crate) fn close_send(&self) {
        if !self.ended() && !self.closed.replace(true) {
            self.sys.output(HostOutput::CloseSend { call: self.call });
        }
    }

    /// The next message, or how the stream ended, as often as it is asked.
    pub(crate) async fn next(&self) -> Result<Bytes, CallResult> {
        std::future::poll_fn(|cx| {
            if let Some(message) = self.state.messages.borrow_mut().pop_front() {
                return Poll::Ready(Ok(message));
            }
            if let Some(end) = self.state.end.borrow().clone() {
                return Poll::Ready(Err(end));
            }
            let mut wakers = self.state.wakers.borrow_mut();
            if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let open = self.sys.calls().streams.borrow_mut().remove(&self.call);
        if open.is_some() {
            self.sys.output(HostOutput::CancelCall { call: self.call });
        }
    }
}
