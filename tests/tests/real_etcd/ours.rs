//! One member of ours, alone, with pauses between requests and one watch.

use bytes::Bytes;
use peer::{Files, Solo};
use prost::Message;
use proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use proto::{Metadata, Profile, Status, method};

use crate::{Server, creating};

/// Virtual time between two requests, about what the real one needs.
const BETWEEN_US: u64 = 1_000;

pub(crate) struct Ours {
    solo: Solo,
    /// The watch that was opened last.
    watch: u64,
}

impl Ours {
    /// A member of a cluster of its own that leads by now.
    pub(crate) fn start(profile: Profile) -> Ours {
        Ours { solo: Solo::start(Solo::config(profile), Files::new()), watch: 0 }
    }
}

impl Server for Ours {
    fn call(&mut self, method: &str, metadata: &Metadata, request: &[u8]) -> Result<Bytes, Status> {
        self.solo.pass(BETWEEN_US);
        self.solo.call(method, metadata, request)
    }

    fn watch(&mut self, create: &WatchCreateRequest) {
        let plain = Metadata::default();
        self.watch = self.solo.open(method::watch::WATCH, &plain, creating(create));
    }

    fn watched(&mut self) -> WatchResponse {
        let message = self.solo.next_message(self.watch);
        WatchResponse::decode(message).expect("a watch's response")
    }

    fn close_watch(&mut self) {
        self.solo.close(self.watch);
    }
}
