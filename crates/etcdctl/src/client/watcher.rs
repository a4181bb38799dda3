//! Watches of one client over one stream (`clientv3/watch.go`): created one after the other, numbered
//! by the server, resumed on a new stream, at the revision after the last one seen, when the old one
//! breaks.
//!
//! Left out: streams apart for contexts with different metadata, filters, and created-notifications.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::task::Poll;

use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    ResponseHeader, WatchCancelRequest, WatchCreateRequest, WatchProgressRequest, WatchRequest,
    WatchResponse,
};
use proto::mvccpb::Event;
use proto::{Status, error, method};

use super::wire::{Broken, Wire};
use super::{Client, decode, is_lasting};

/// The shortest and the longest pause before a broken stream is opened again.
const REOPEN_PAUSE_US: u64 = 1_000;
const REOPEN_PAUSE_MAX_US: u64 = 100_000;
/// The id of what is for every watch of a stream.
const EVERYBODY: i64 = -1;

/// What a watch delivers at a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Watched {
    pub(crate) header: ResponseHeader,
    /// Absent if the client made this up because the watch has ended.
    pub(crate) events: Option<Vec<Event>>,
    pub(crate) compact_revision: i64,
    pub(crate) canceled: bool,
    /// Why the watch has ended, as the tool prints it.
    pub(crate) error: Option<String>,
}

impl Watched {
    /// Tells of progress and nothing else.
    pub(crate) fn is_progress(&self) -> bool {
        let empty = self.events.as_ref().is_none_or(Vec::is_empty);
        empty && self.error.is_none() && self.header.revision != 0
    }
}

/// Names a watch of a watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WatchId(usize);

/// All watches of a client. Somebody must [`drive`](Watcher::drive) it.
pub(crate) struct Watcher<'c, 'a> {
    client: &'c Client<'a>,
    require_leader: bool,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// How many watches have ever been asked for.
    begun: usize,
    watches: BTreeMap<WatchId, Watch>,
    /// Not created (again) yet, in their order; one request is on its way at a time.
    waiting: VecDeque<WatchId>,
    create_sent: bool,
    /// The server's numbers on the present stream.
    numbers: BTreeMap<i64, WatchId>,
    /// Requests beside those to create.
    outbox: Vec<RequestUnion>,
    /// The beginning of an answer that comes in fragments.
    fragment: Option<WatchResponse>,
}

#[derive(Default)]
struct Watch {
    /// Its start moves on with what has been seen.
    request: WatchCreateRequest,
    queue: VecDeque<Watched>,
    over: bool,
}

impl<'c, 'a> Watcher<'c, 'a> {
    pub(crate) fn new(client: &'c Client<'a>, require_leader: bool) -> Self {
        Watcher { client, require_leader, state: RefCell::default() }
    }

    /// Begins a watch.
    pub(crate) fn watch(&self, request: WatchCreateRequest) -> WatchId {
        let mut state = self.state.borrow_mut();
        let id = WatchId(state.begun);
        state.begun += 1;
        state.watches.insert(id, Watch { request, ..Watch::default() });
        state.waiting.push_back(id);
        self.client.stir.note();
        id
    }

    /// Ends a watch that nobody follows any more.
    pub(crate) fn cancel(&self, id: WatchId) {
        let mut state = self.state.borrow_mut();
        state.watches.remove(&id);
        let number = state.numbers.iter().find(|(_, watch)| **watch == id).map(|(n, _)| *n);
        if let Some(watch_id) = number {
            state.numbers.remove(&watch_id);
            state.cancel_number(watch_id);
            self.client.stir.note();
        }
    }

    /// Asks the server how far it is; the answer comes to every watch.
    pub(crate) fn request_progress(&self) {
        let request = RequestUnion::ProgressRequest(WatchProgressRequest {});
        self.state.borrow_mut().outbox.push(request);
        self.client.stir.note();
    }

    /// What comes next on a watch; `None` when it is over.
    pub(crate) async fn next(&self, id: WatchId) -> Option<Watched> {
        poll_fn(|_| {
            let mut state = self.state.borrow_mut();
            let Some(watch) = state.watches.get_mut(&id) else { return Poll::Ready(None) };
            match watch.queue.pop_front() {
                Some(watched) => Poll::Ready(Some(watched)),
                None if watch.over => Poll::Ready(None),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Talks to servers for as long as it is polled.
    pub(crate) async fn drive(&self) {
        let mut pause_us = REOPEN_PAUSE_US;
        loop {
            poll_fn(|_| match self.state.borrow().has_work() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
            .await;
            let wire = match self.client.open(method::watch::WATCH, self.require_leader).await {
                Ok(wire) => wire,
                Err(why) => {
                    self.end_all(&why.to_string());
                    continue;
                }
            };
            match self.follow(&wire, &mut pause_us).await {
                Broken::NotOpened => {}
                Broken::End => self.end_all("EOF"),
                Broken::Status(status) if is_over(&status) => {
                    self.end_all(&error::client_text(&status));
                }
                Broken::Status(_) => {
                    self.client.system.sleep_us(pause_us).await;
                    pause_us = (pause_us * 5 / 4).min(REOPEN_PAUSE_MAX_US);
                }
            }
        }
    }

    /// Uses one stream until it breaks.
    async fn follow(&self, wire: &Wire<'_, '_>, pause_us: &mut u64) -> Broken {
        self.state.borrow_mut().rejoin();
        loop {
            let mut next = wire.next();
            let result = poll_fn(|context| {
                self.state.borrow_mut().flush(wire);
                next.as_mut().poll(context)
            })
            .await;
            let bytes = match result {
                Ok(bytes) => bytes,
                Err(why) => return why,
            };
            *pause_us = REOPEN_PAUSE_US;
            if let Ok(response) = decode(&bytes) {
                self.state.borrow_mut().take(response);
                self.client.stir.note();
            }
        }
    }

    fn end_all(&self, why: &str) {
        self.state.borrow_mut().end_all(why);
        self.client.stir.note();
    }
}

/// An error that ends all watches instead of opening another stream.
fn is_over(status: &Status) -> bool {
    is_lasting(status) || status.message == error::no_leader().message
}

impl State {
    /// Whether a stream is needed.
    fn has_work(&self) -> bool {
        !self.waiting.is_empty() || !self.numbers.is_empty() || !self.outbox.is_empty()
    }

    /// Everything that was created on the old stream waits to be created on the new one.
    fn rejoin(&mut self) {
        self.waiting.extend(std::mem::take(&mut self.numbers).into_values());
        self.create_sent = false;
        self.fragment = None;
    }

    fn flush(&mut self, wire: &Wire<'_, '_>) {
        let send = |request| wire.send(&WatchRequest { request_union: Some(request) });
        while let Some(id) = self.waiting.front().filter(|_| !self.create_sent) {
            match self.watches.get(id) {
                Some(watch) => {
                    self.create_sent = true;
                    send(RequestUnion::CreateRequest(watch.request.clone()));
                }
                // Nobody follows it any more.
                None => {
                    self.waiting.pop_front();
                }
            }
        }
        self.outbox.drain(..).for_each(send);
    }

    fn take(&mut self, response: WatchResponse) {
        if response.created {
            self.fragment = None;
            self.created(response);
        } else if response.canceled && response.compact_revision == 0 {
            // Ends in silence, as in clientv3.
            self.fragment = None;
            if let Some(id) = self.numbers.remove(&response.watch_id) {
                self.end(id, None);
            }
        } else if let Some(response) = self.join(response) {
            self.deliver(response);
        }
    }

    fn created(&mut self, response: WatchResponse) {
        let Some(id) = self.waiting.pop_front() else { return };
        self.create_sent = false;
        if response.watch_id == EVERYBODY
            || (response.canceled && !response.cancel_reason.is_empty())
        {
            self.end(id, Some(&response.cancel_reason));
            return;
        }
        let Some(watch) = self.watches.get_mut(&id) else {
            self.cancel_number(response.watch_id);
            return;
        };
        if watch.request.start_revision == 0 {
            watch.request.start_revision = response.header.unwrap_or_default().revision;
        }
        self.numbers.insert(response.watch_id, id);
    }

    /// The whole answer, once its last fragment is there.
    fn join(&mut self, response: WatchResponse) -> Option<WatchResponse> {
        let last = !response.fragment;
        let whole = match self.fragment.take() {
            Some(mut first) if first.watch_id == response.watch_id => {
                first.events.extend(response.events);
                first
            }
            _ => response,
        };
        if last {
            return Some(whole);
        }
        self.fragment = Some(whole);
        None
    }

    fn deliver(&mut self, response: WatchResponse) {
        let WatchResponse { watch_id, canceled, compact_revision, .. } = response;
        let watched = Watched {
            header: response.header.unwrap_or_default(),
            events: Some(response.events),
            compact_revision,
            canceled,
            error: (compact_revision != 0).then(|| error::compacted().message),
        };
        if watch_id == EVERYBODY {
            for id in self.numbers.values() {
                if let Some(watch) = self.watches.get_mut(id) {
                    watch.receive(watched.clone());
                }
            }
            return;
        }
        let Some(id) = self.numbers.get(&watch_id).copied() else {
            self.cancel_number(watch_id);
            return;
        };
        let over = watched.error.is_some();
        if let Some(watch) = self.watches.get_mut(&id) {
            watch.receive(watched);
            watch.over = over;
        }
        if over {
            self.numbers.remove(&watch_id);
        }
    }

    fn cancel_number(&mut self, watch_id: i64) {
        let cancel = WatchCancelRequest { watch_id };
        self.outbox.push(RequestUnion::CancelRequest(cancel));
    }

    /// A watch is over, for a reason or silently.
    fn end(&mut self, id: WatchId, why: Option<&str>) {
        if let Some(watch) = self.watches.get_mut(&id) {
            let error = why.map(str::to_string);
            let last = Watched { canceled: true, error, ..Watched::default() };
            watch.queue.extend(why.map(|_| last));
            watch.over = true;
        }
    }

    fn end_all(&mut self, why: &str) {
        self.rejoin();
        self.outbox.clear();
        for id in std::mem::take(&mut self.waiting) {
            self.end(id, Some(why));
        }
    }
}

impl Watch {
    fn receive(&mut self, watched: Watched) {
        let last = watched.events.as_ref().and_then(|events| events.last());
        let seen = match last.and_then(|event| event.kv.as_ref()) {
            Some(kv) => Some(kv.mod_revision),
            None => Some(watched.header.revision).filter(|at| *at >= self.request.start_revision),
        };
        if let Some(seen) = seen {
            self.request.start_revision = seen + 1;
        }
        self.queue.push_back(watched);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(revision: i64) -> Option<ResponseHeader> {
        Some(ResponseHeader { revision, ..ResponseHeader::default() })
    }

    /// A state with watches `0..count` created at revision 5 under the server's numbers 0, 1, ...
    fn created(count: usize) -> State {
        let mut state = State::default();
        for index in 0..count {
            state.watches.insert(WatchId(index), Watch::default());
            state.waiting.push_back(WatchId(index));
            let watch_id = index as i64;
            let header = header(5);
            state.take(WatchResponse { header, watch_id, created: true, ..Default::default() });
        }
        state
    }

    #[test]
    fn a_watch_resumes_after_what_it_has_seen() {
        let mut state = created(1);
        assert_eq!(state.watches[&WatchId(0)].request.start_revision, 5);
        let kv = proto::mvccpb::KeyValue { mod_revision: 8, ..Default::default() };
        let event = Event { kv: Some(kv), ..Event::default() };
        let events = vec![event];
        state.take(WatchResponse { header: header(9), events, ..Default::default() });
        assert_eq!(state.watches[&WatchId(0)].request.start_revision, 9);
        state.take(WatchResponse { header: header(20), ..Default::default() });
        assert_eq!(state.watches[&WatchId(0)].request.start_revision, 21);
        state.rejoin();
        assert_eq!(state.waiting, [WatchId(0)]);
    }

    #[test]
    fn progress_for_everybody_comes_to_every_watch() {
        let mut state = created(2);
        let watch_id = EVERYBODY;
        state.take(WatchResponse { header: header(9), watch_id, ..Default::default() });
        for watch in state.watches.values() {
            assert_eq!(watch.queue.len(), 1);
            assert!(watch.queue[0].is_progress());
        }
    }

    #[test]
    fn fragments_are_joined() {
        let mut state = created(1);
        for fragment in [true, true, false] {
            let events = vec![Event::default()];
            let header = header(6);
            state.take(WatchResponse { header, events, fragment, ..Default::default() });
        }
        let queue = &state.watches[&WatchId(0)].queue;
        assert_eq!(queue.len(), 1);
        assert_eq!(queue[0].events.as_ref().map(Vec::len), Some(3));
    }

    #[test]
    fn a_compacted_watch_tells_why_and_is_over() {
        let mut state = created(1);
        let canceled = true;
        let compact_revision = 5;
        state.take(WatchResponse { canceled, compact_revision, ..Default::default() });
        let watch = &state.watches[&WatchId(0)];
        assert_eq!(watch.queue[0].error.as_deref(), Some(&*error::compacted().message));
        assert!(watch.over && !state.has_work());
    }
}
