//! A client with a stream of watches: they begin in the past, now or in the future, some are
//! cancelled, and when the stream breaks they go on through another member from where they were.

use prost::Message;
use proto::etcdserverpb::watch_create_request::FilterType;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    WatchCancelRequest, WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse,
};
use proto::{Code, Status, method};

use super::dice::Dice;
use super::host::{Agent, Heard};
use super::ops::{old_revision, span};
use super::view::{How, Mouth, Phase, User, View};
use crate::Micros;

const BACK_OFF_US: Micros = 200_000;
const WATCHES_MAX: usize = 4;
/// In place of a watch's id: what was asked for is for all of them.
const WHOLE_STREAM: i64 = -1;

struct Watch {
    create: WatchCreateRequest,
    /// As the stream knows it, once it is created there.
    id: Option<i64>,
    /// Everything before this was seen; 0: it begins when it is created.
    next_revision: i64,
}

pub(crate) struct Watcher {
    dice: Dice,
    user: User,
    /// It watches all keys, and must have seen everything at the end.
    everything: bool,
    watches: Vec<Watch>,
    stream: Option<u64>,
    wake_us: Option<Micros>,
}

impl Watcher {
    pub(crate) fn new(mut dice: Dice) -> Self {
        let wake_us = Some(dice.within(500_000, 3_000_000));
        let user = if dice.percent(60) { User::Root } else { User::Limited };
        Watcher { dice, user, everything: false, watches: Vec::new(), stream: None, wake_us }
    }

    pub(crate) fn of_everything(dice: Dice) -> Self {
        let create = WatchCreateRequest {
            key: vec![0].into(),
            range_end: vec![0].into(),
            prev_kv: true,
            ..WatchCreateRequest::default()
        };
        let watches = vec![Watch { create, id: None, next_revision: 0 }];
        let user = User::Root;
        Watcher { dice, user, everything: true, watches, stream: None, wake_us: Some(300_000) }
    }

    fn drawn(&mut self, view: &View) -> Watch {
        let dice = &mut self.dice;
        let (key, range_end) = span(dice, view);
        let start_revision = match dice.below(5) {
            0 | 1 => 0,
            2 => view.revision + dice.below(30) as i64,
            _ => old_revision(dice, view),
        };
        let filters = match dice.below(6) {
            0 => vec![FilterType::Noput as i32],
            1 => vec![FilterType::Nodelete as i32],
            _ => Vec::new(),
        };
        let create = WatchCreateRequest {
            key,
            range_end,
            start_revision,
            progress_notify: dice.percent(30),
            filters,
            prev_kv: dice.percent(50),
            fragment: dice.percent(30),
            watch_id: 0,
        };
        Watch { create, id: None, next_revision: start_revision }
    }

    fn open(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let address = mouth.view.some_endpoint(&mut self.dice);
        let stream = mouth.open(address, self.user, method::watch::WATCH);
        self.stream = Some(stream);
        if self.watches.is_empty() {
            let watch = self.drawn(mouth.view);
            self.watches.push(watch);
        }
        for watch in &mut self.watches {
            watch.id = None;
            create(stream, watch, mouth);
        }
        self.wake_us = Some(now + self.dice.within(500_000, 6_000_000));
    }

    /// From time to time something changes.
    fn change(&mut self, now: Micros, stream: u64, mouth: &mut Mouth<'_>) {
        self.wake_us = Some(now + self.dice.within(300_000, 4_000_000));
        let place = self.dice.below(self.watches.len() as u64) as usize;
        match self.dice.below(4) {
            0 => {
                // The client goes to another member.
                mouth.cancel(stream);
                self.open(now, mouth);
            }
            1 if !self.everything && self.watches.len() < WATCHES_MAX => {
                let mut watch = self.drawn(mouth.view);
                create(stream, &mut watch, mouth);
                self.watches.push(watch);
            }
            2 if !self.everything && !self.watches.is_empty() => {
                if let Some(watch_id) = self.watches[place].id {
                    let cancel = RequestUnion::CancelRequest(WatchCancelRequest { watch_id });
                    mouth.send(stream, &WatchRequest { request_union: Some(cancel) });
                }
            }
            3 if !self.everything && self.dice.percent(30) => {
                mouth.cancel(stream);
                self.watches.clear();
                self.open(now, mouth);
            }
            3 => {
                let progress = RequestUnion::ProgressRequest(WatchProgressRequest {});
                mouth.send(stream, &WatchRequest { request_union: Some(progress) });
            }
            _ => {}
        }
    }

    fn again(&mut self, now: Micros) {
        self.stream = None;
        self.wake_us = Some(now + BACK_OFF_US);
    }

    fn message(
        &mut self,
        now: Micros,
        stream: u64,
        response: WatchResponse,
        mouth: &mut Mouth<'_>,
    ) {
        let revision = response.header.as_ref().map_or(0, |header| header.revision);
        mouth.view.revision = mouth.view.revision.max(revision);
        if response.created {
            return self.created(now, stream, &response, revision, mouth);
        }
        if response.watch_id == WHOLE_STREAM {
            return mouth.view.count("watch progress", How::Done);
        }
        let Some(place) = self.watches.iter().position(|w| w.id == Some(response.watch_id)) else {
            return;
        };
        let watch = &mut self.watches[place];
        if response.canceled {
            if response.compact_revision > 0 {
                mouth.view.count("watch compacted", How::Done);
                watch.next_revision = response.compact_revision;
                watch.id = None;
                return create(stream, watch, mouth);
            }
            mouth.view.count("watch cancel", How::Done);
            self.watches.remove(place);
            return;
        }
        match response.events.last().and_then(|event| event.kv.as_ref()) {
            Some(_) if response.fragment => {}
            Some(last) => watch.next_revision = last.mod_revision + 1,
            None => watch.next_revision = watch.next_revision.max(revision + 1),
        }
    }

    fn created(
        &mut self,
        now: Micros,
        stream: u64,
        response: &WatchResponse,
        revision: i64,
        mouth: &mut Mouth<'_>,
    ) {
        // They are created in the order in which they were asked for.
        let Some(watch) = self.watches.iter_mut().find(|watch| watch.id.is_none()) else { return };
        if response.canceled {
            mouth.view.count("watch", How::Failed);
            let status = Status::new(Code::Unknown, response.cancel_reason.clone());
            mouth.view.learn_failure("watch", self.user, &status);
            mouth.cancel(stream);
            return self.again(now);
        }
        mouth.view.count("watch", How::Done);
        watch.id = Some(response.watch_id);
        if watch.next_revision == 0 {
            watch.next_revision = revision + 1;
        }
    }
}

fn create(stream: u64, watch: &mut Watch, mouth: &mut Mouth<'_>) {
    let request =
        WatchCreateRequest { start_revision: watch.next_revision, ..watch.create.clone() };
    let create = RequestUnion::CreateRequest(request);
    mouth.send(stream, &WatchRequest { request_union: Some(create) });
}

impl Agent for Watcher {
    fn next_wake(&self) -> Option<Micros> {
        self.wake_us
    }

    fn wake(&mut self, now: Micros, mouth: &mut Mouth<'_>) {
        let last = mouth.view.phase == Phase::Last;
        match self.stream {
            None if last && !self.everything => self.wake_us = None,
            None => self.open(now, mouth),
            // What it has seen by now must go on coming.
            Some(_) if last && self.everything => self.wake_us = None,
            Some(stream) if last => {
                mouth.cancel(stream);
                self.stream = None;
                self.wake_us = None;
            }
            Some(stream) => self.change(now, stream, mouth),
        }
    }

    fn hear(&mut self, now: Micros, call: u64, heard: Heard, mouth: &mut Mouth<'_>) {
        if self.stream != Some(call) {
            return;
        }
        match heard {
            Heard::Message(message) => {
                if let Ok(response) = WatchResponse::decode(message) {
                    self.message(now, call, response, mouth);
                }
            }
            Heard::Reply(result) => {
                if let Err(status) = result {
                    mouth.view.learn_failure("watch", self.user, &status);
                }
                self.again(now);
            }
            Heard::Refused | Heard::Lost => self.again(now),
        }
    }

    fn missing(&self, view: &View) -> Option<String> {
        let watch = self.watches.first().filter(|_| self.everything)?;
        (watch.next_revision <= view.last_revision).then(|| {
            let next = watch.next_revision;
            format!("a watch of everything waits for revision {next} of {}", view.last_revision)
        })
    }
}
