//! The nine guarantees of watches (G3), each watch against the applied log
//! ([`history::watch::Watcher`]); and that answers belong to a watch that was asked for (W1, W6).
//!
//! One broken promise is 3.4.23's and 3.5.1's own, and is counted instead of told: compaction drops a
//! tombstone at exactly its revision (C2), and a watch that stands there misses that deletion (etcd's
//! issue 18089, fixed in 3.4.34 and 3.5.16).
//!
//! Left out: notifications of progress to a whole stream (W12), which 3.4 and 3.5.1 may send too
//! early by their own fault.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use history::past::Replay;
use history::request::KeyValue;
use history::watch::{
    Expect, Guarantee, Violation, WatchEvent, WatchRequest, WatchResponse, Watcher,
};
use prost::Message;
use proto::etcdserverpb::watch_create_request::FilterType;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{self as pb, WatchCreateRequest};
use proto::mvccpb::event::EventType;
use proto::{method, mvccpb};

use super::{Judged, Property, What, wire};
use crate::Micros;

/// Id of what is told to a whole stream.
const WHOLE_STREAM: i64 = -1;

const EXPECT: Expect = Expect { revision_unique: false, prev_kv_complete: true };

#[derive(Default)]
struct Stream {
    /// Asked for and not answered yet, in order.
    asked: VecDeque<WatchCreateRequest>,
    watches: BTreeMap<i64, Watcher>,
    /// Ended by a compaction, and not canceled since.
    compacted: BTreeSet<i64>,
}

#[derive(Default)]
pub(super) struct WatchGuarantees {
    streams: BTreeMap<(u16, u64), Stream>,
    /// Revisions that anybody asked to compact at.
    compacted: BTreeSet<i64>,
    watches: u64,
    events: u64,
    tombstones_lost: u64,
}

impl Property for WatchGuarantees {
    fn name(&self) -> &'static str {
        "watch guarantees"
    }

    fn see(&mut self, _: Micros, replay: &Replay, what: &What<'_>) -> Vec<String> {
        match *what {
            What::Opened { call, method: method::watch::WATCH } => {
                self.streams.insert(call, Stream::default());
            }
            What::Sent { call, message } => {
                let Some(stream) = self.streams.get_mut(&call) else { return Vec::new() };
                let Ok(request) = pb::WatchRequest::decode(message.clone()) else {
                    return Vec::new();
                };
                if let Some(RequestUnion::CreateRequest(create)) = request.request_union {
                    stream.asked.push_back(create);
                }
            }
            What::Applied(request) => {
                self.compacted.extend(request.compaction.as_ref().map(|one| one.revision));
            }
            What::Received { call, message } => return self.received(replay, call, message),
            What::StreamEnded { call } => {
                self.streams.remove(&call);
            }
            _ => {}
        }
        Vec::new()
    }

    fn count(&self, judged: &mut Judged) {
        judged.watches = self.watches;
        judged.watch_events = self.events;
        judged.tombstones_lost = self.tombstones_lost;
    }
}

impl WatchGuarantees {
    fn received(&mut self, replay: &Replay, call: (u16, u64), message: &Bytes) -> Vec<String> {
        let Some(stream) = self.streams.get_mut(&call) else { return Vec::new() };
        let Ok(response) = pb::WatchResponse::decode(message.clone()) else { return Vec::new() };
        let id = response.watch_id;
        let name = |text: &str| format!("watch {id} of stream {} {text}", call.1);
        let revision = response.header.as_ref().map_or(0, |header| header.revision);
        if response.created {
            let Some(asked) = stream.asked.pop_front() else {
                return vec![name("was created, but nobody asked for it")];
            };
            if response.canceled {
                return Vec::new();
            }
            self.watches += 1;
            let watcher = Watcher::new(request(asked), Some(revision), EXPECT);
            if stream.watches.insert(id, watcher).is_some() {
                return vec![name("has another one's id")];
            }
            return Vec::new();
        }
        if id == WHOLE_STREAM {
            // Both profiles may answer before all watches of the stream are synced (W12).
            let newest = replay.state().revision();
            let early = revision > newest;
            let text = format!("is at revision {revision}, and {newest} is the newest applied");
            return early.then(|| name(&text)).into_iter().collect();
        }
        let Some(watcher) = stream.watches.get_mut(&id) else {
            // A watch that a compaction ended is still the client's to cancel (W6).
            if response.canceled && response.events.is_empty() && stream.compacted.remove(&id) {
                return Vec::new();
            }
            return vec![name("was sent something, but there is no such watch")];
        };
        self.events += response.events.len() as u64;
        let canceled = response.canceled;
        let compacted = response.compact_revision;
        let mut found = Vec::new();
        for broken in watcher.response(replay, &seen(revision, response)) {
            if is_lost_tombstone(replay, &self.compacted, &broken) {
                self.tombstones_lost += 1;
                continue;
            }
            found.push(name(&format!("is not {:?}: {}", broken.guarantee, broken.what)));
        }
        if compacted > replay.state().compacted().max(0) {
            found.push(name(&format!("ended by a compaction at {compacted} that never was")));
        }
        if canceled {
            stream.watches.remove(&id);
            if compacted > 0 {
                stream.compacted.insert(id);
            }
        }
        found
    }
}

/// Whether what is missing is a deletion at a revision that was compacted.
fn is_lost_tombstone(replay: &Replay, compacted: &BTreeSet<i64>, broken: &Violation) -> bool {
    let missing = matches!(broken.guarantee, Guarantee::Resumable | Guarantee::Reliable);
    missing
        && compacted.iter().any(|at| {
            broken.what.contains(&format!(" at {at} is missing"))
                && replay.events(*at, *at).any(|(_, event)| event.now.is_none())
        })
}

/// What was asked for, in the words of the model. An empty key means the first there can be (W1).
fn request(create: WatchCreateRequest) -> WatchRequest {
    let filters = |kind: FilterType| create.filters.contains(&(kind as i32));
    WatchRequest {
        no_put: filters(FilterType::Noput),
        no_delete: filters(FilterType::Nodelete),
        key: if create.key.is_empty() { Bytes::from_static(&[0]) } else { create.key },
        range_end: create.range_end,
        revision: create.start_revision,
        prev_kv: create.prev_kv,
    }
}

fn seen(revision: i64, response: pb::WatchResponse) -> WatchResponse {
    WatchResponse {
        revision,
        is_progress_notify: response.events.is_empty() && !response.canceled,
        fragment: response.fragment,
        canceled: response.canceled,
        events: response.events.into_iter().map(event).collect(),
    }
}

fn event(event: mvccpb::Event) -> WatchEvent {
    let is_put = event.r#type == EventType::Put as i32;
    let kv = event.kv.unwrap_or_default();
    let prev: Option<KeyValue> = event.prev_kv.map(wire::pair);
    WatchEvent {
        revision: kv.mod_revision,
        is_create: is_put && kv.create_revision == kv.mod_revision,
        key: kv.key,
        value: is_put.then_some(kv.value),
        prev,
    }
}
