//! Writes from many clients at once: a queue as long as there are clients, filled at a pace, emptied by
//! whoever is idle.
//!
//! Only clients with a request under way are polled, so that a thousand of them cost no more than what
//! they do.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use proto::etcdserverpb::PutRequest;
use proto::method;

use super::bar::Bar;
use super::report::Report;
use crate::client::{Client, ClientError, Deadline, Retry, encode};
use crate::system::{LocalFuture, System};

/// How writes follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// So many a second for so long.
    Rate { per_s: u64, duration_us: u64 },
    /// So many, as fast as they are taken.
    Count(u64),
}

/// A request under way.
struct Active<'l> {
    client: usize,
    sent_us: u64,
    answer: LocalFuture<'l, Result<Bytes, ClientError>>,
}

pub(super) struct Load<'l, 'a> {
    system: &'a dyn System,
    clients: &'l [Client<'a>],
    prefix: &'l str,
    value: Bytes,
    /// Its first bytes are drawn for each write, the rest stay.
    key: Vec<u8>,
    source: Source,
    waiting: VecDeque<Bytes>,
    idle: VecDeque<usize>,
    active: Vec<Active<'l>>,
    timer: Option<(u64, LocalFuture<'a, ()>)>,
    report: Report,
}

/// When the next write is made.
#[derive(Debug)]
enum Source {
    /// A bucket of one token: the time at which the next one is there, in nanoseconds.
    Rate {
        next_ns: u64,
        step_ns: u64,
        end_ns: u64,
    },
    Count {
        left: u64,
    },
}

impl Source {
    fn new(pace: Pace, now_us: u64) -> Source {
        let now_ns = now_us * 1_000;
        match pace {
            Pace::Rate { per_s, duration_us } => Source::Rate {
                next_ns: now_ns,
                step_ns: 1_000_000_000 / per_s.max(1),
                end_ns: now_ns + duration_us * 1_000,
            },
            Pace::Count(left) => Source::Count { left },
        }
    }

    /// The time of the next write in microseconds, or none when there is none.
    fn next_us(&self) -> Option<u64> {
        match *self {
            Source::Rate { next_ns, end_ns, .. } => {
                (next_ns <= end_ns).then_some(next_ns.div_ceil(1_000))
            }
            Source::Count { left } => (left > 0).then_some(0),
        }
    }

    fn take(&mut self, now_us: u64) {
        match self {
            // A token that came while nobody took it is there at once, but only one.
            Source::Rate { next_ns, step_ns, .. } => {
                *next_ns = (*next_ns + *step_ns).max(now_us * 1_000);
            }
            Source::Count { left } => *left -= 1,
        }
    }
}

impl<'l, 'a> Load<'l, 'a> {
    /// `sizes` are those of the key behind the prefix and of the value, in bytes.
    pub(super) fn new(
        system: &'a dyn System,
        clients: &'l [Client<'a>],
        prefix: &'l str,
        pace: Pace,
        [key_bytes, value_bytes]: [usize; 2],
    ) -> Self {
        Load {
            system,
            clients,
            prefix,
            value: Bytes::from(vec![0; value_bytes]),
            key: vec![0; key_bytes],
            source: Source::new(pace, system.now_us()),
            waiting: VecDeque::new(),
            idle: (0..clients.len()).collect(),
            active: Vec::new(),
            timer: None,
            report: Report::default(),
        }
    }

    pub(super) async fn run(mut self, bar: &mut Bar<'_, '_>) -> Report {
        let started_us = self.system.now_us();
        poll_fn(|context| {
            loop {
                let now_us = self.system.now_us();
                bar.look(now_us);
                let ended = self.poll_active(context, now_us, bar);
                self.produce(now_us);
                let sent = self.send(now_us);
                let over = self.source.next_us().is_none() && self.waiting.is_empty();
                if over && self.active.is_empty() {
                    return Poll::Ready(());
                }
                // What was just sent must be polled once, or nothing will come of it.
                if !ended && !sent && self.wait(context, bar).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
        self.report.total_us = self.system.now_us() - started_us;
        self.report
    }

    /// Whether a request has come to its end.
    fn poll_active(
        &mut self,
        context: &mut Context<'_>,
        now_us: u64,
        bar: &mut Bar<'_, '_>,
    ) -> bool {
        let before = self.active.len();
        let (report, idle) = (&mut self.report, &mut self.idle);
        self.active.retain_mut(|request| match request.answer.as_mut().poll(context) {
            Poll::Pending => true,
            Poll::Ready(answer) => {
                report.add(now_us - request.sent_us, answer.err().map(|why| why.to_string()));
                bar.count();
                idle.push_back(request.client);
                false
            }
        });
        self.active.len() < before
    }

    /// Puts what is due into the queue, which is as long as there are clients.
    fn produce(&mut self, now_us: u64) {
        while self.waiting.len() < self.clients.len()
            && self.source.next_us().is_some_and(|at_us| at_us <= now_us)
        {
            self.source.take(now_us);
            let put = self.draw();
            self.waiting.push_back(put);
        }
    }

    /// A write with a key of its own: a number as Go's `binary.PutVarint` has it, over the last one.
    fn draw(&mut self) -> Bytes {
        let mut number = (self.system.random_u64() >> 1) << 1;
        for byte in &mut self.key {
            *byte = (number & 0x7f) as u8 | if number > 0x7f { 0x80 } else { 0 };
            number >>= 7;
            if number == 0 {
                break;
            }
        }
        let key = Bytes::from([self.prefix.as_bytes(), &self.key].concat());
        encode(&PutRequest { key, value: self.value.clone(), ..PutRequest::default() })
    }

    /// Whether something was sent.
    fn send(&mut self, now_us: u64) -> bool {
        let mut sent = false;
        while !self.waiting.is_empty()
            && let Some(client) = self.idle.pop_front()
            && let Some(put) = self.waiting.pop_front()
        {
            let call = &self.clients[client];
            let answer = call.call_bytes(Deadline::NEVER, method::kv::PUT, put, Retry::Never);
            self.active.push(Active { client, sent_us: now_us, answer });
            sent = true;
        }
        sent
    }

    /// Waits for the next write or the bar, whichever comes first.
    fn wait(&mut self, context: &mut Context<'_>, bar: &Bar<'_, '_>) -> Poll<()> {
        let room = self.waiting.len() < self.clients.len();
        let write_us = self.source.next_us().filter(|_| room);
        let Some(at_us) = write_us.into_iter().chain(bar.next_us()).min() else {
            return Poll::Pending;
        };
        if self.timer.as_ref().is_none_or(|(due_us, _)| *due_us != at_us) {
            let left_us = at_us.saturating_sub(self.system.now_us());
            self.timer = Some((at_us, self.system.sleep_us(left_us)));
        }
        let Some((_, timer)) = &mut self.timer else { return Poll::Pending };
        let due = timer.as_mut().poll(context);
        if due.is_ready() {
            self.timer = None;
        }
        due
    }
}
