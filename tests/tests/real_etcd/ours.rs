//! One member of ours, alone, with its clock and its disk.

use std::collections::VecDeque;

use bytes::Bytes;
use member::{Input, Member, MemberConfig, Output, PeerConfig, TICK_US};
use prost::Message;
use proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use proto::{Metadata, Profile, Status, method};

use crate::{Server, creating};

/// Virtual time between two requests, about what the real one needs.
const BETWEEN_US: u64 = 1_000;
/// Virtual time that a disk operation takes.
const DISK_US: u64 = 100;
/// Virtual time after which an answer counts as missing.
const PATIENCE_US: u64 = 20_000_000;

pub(crate) struct Ours {
    member: Member,
    now: u64,
    next_tick: u64,
    calls: u64,
    /// Disk operations under way.
    writing: Vec<u64>,
    /// The open watch, and what it has told and nobody has taken.
    watch: u64,
    told: VecDeque<WatchResponse>,
}

impl Ours {
    /// A member of a cluster of its own that leads by now.
    pub(crate) fn start(profile: Profile) -> Ours {
        let own = PeerConfig { name: "m1".into(), peer_urls: vec!["http://127.0.0.1:2380".into()] };
        let config = MemberConfig {
            name: "m1".into(),
            initial_cluster: vec![own],
            advertise_client_urls: vec!["http://127.0.0.1:2379".into()],
            profile,
            seed: 1,
            epoch_us: lab::EPOCH_US,
            ..MemberConfig::default()
        };
        let mut ours = Ours {
            member: Member::new(),
            now: 0,
            next_tick: TICK_US,
            calls: 0,
            writing: Vec::new(),
            watch: 0,
            told: VecDeque::new(),
        };
        let start = Input::Start { config: Box::new(config), disk: vec![] };
        ours.turn(vec![start]);
        while ours.now < PATIENCE_US && ours.member.status().role != frame::Role::Leader {
            ours.step();
        }
        // It publishes its name and sets the cluster's version before anybody asks.
        let until = ours.now + 6_000_000;
        while ours.now < until {
            ours.step();
        }
        ours
    }

    /// Runs what is due next: the disk's word or a tick.
    fn step(&mut self) -> Vec<Output> {
        if !self.writing.is_empty() {
            self.now += DISK_US;
            let done = std::mem::take(&mut self.writing);
            return self.turn(done.into_iter().map(|op| Input::DiskDone { op }).collect());
        }
        self.now = self.now.max(self.next_tick);
        self.next_tick += TICK_US;
        self.turn(vec![Input::Tick])
    }

    fn turn(&mut self, inputs: Vec<Input>) -> Vec<Output> {
        let outputs = self.member.turn(self.now, inputs);
        for output in &outputs {
            match output {
                Output::Disk { op, .. } if *op != 0 => self.writing.push(*op),
                Output::Message { call, message } if *call == self.watch => {
                    let response = WatchResponse::decode(message.clone());
                    self.told.push_back(response.expect("a watch's response"));
                }
                Output::Fatal { reason } => panic!("our member cannot go on: {reason}"),
                _ => {}
            }
        }
        outputs
    }
}

impl Server for Ours {
    fn call(&mut self, method: &str, metadata: &Metadata, request: &[u8]) -> Result<Bytes, Status> {
        self.now += BETWEEN_US;
        while self.now >= self.next_tick {
            self.step();
        }
        self.calls += 1;
        let call = self.calls;
        let mut outputs = self.turn(vec![Input::Call {
            call,
            method: method.to_owned(),
            metadata: metadata.clone(),
            request: Bytes::copy_from_slice(request),
        }]);
        let late = self.now + PATIENCE_US;
        loop {
            for output in outputs {
                match output {
                    Output::Reply { call: answered, result, .. } if answered == call => {
                        return result;
                    }
                    _ => {}
                }
            }
            assert!(self.now < late, "our member does not answer {method}");
            outputs = self.step();
        }
    }

    fn watch(&mut self, create: &WatchCreateRequest) {
        self.calls += 1;
        (self.watch, self.told) = (self.calls, VecDeque::new());
        let (call, method) = (self.calls, method::watch::WATCH.to_owned());
        self.turn(vec![
            Input::Open { call, method, metadata: Metadata::default() },
            Input::Message { call, message: creating(create).into() },
        ]);
    }

    fn watched(&mut self) -> WatchResponse {
        let late = self.now + PATIENCE_US;
        loop {
            if let Some(response) = self.told.pop_front() {
                return response;
            }
            assert!(self.now < late, "our watch is silent");
            self.step();
        }
    }

    fn close_watch(&mut self) {
        let call = self.watch;
        self.turn(vec![Input::CancelCall { call }]);
    }
}
