//! One member of ours, alone in its cluster, on files that a test can read and change. Its clock is
//! virtual: it moves when somebody waits for something.
//!
//! Left out: anything that a network or a disk could do wrong.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use member::{DiskFile, DiskOp, Input, Member, MemberConfig, Output, PeerConfig, TICK_US};
use prost::Message;
use proto::etcdserverpb::{SnapshotRequest, SnapshotResponse};
use proto::{Metadata, Profile, Status, method};

/// A data directory: bytes by their path in it.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Virtual time that a disk operation takes.
const DISK_US: u64 = 100;
/// Virtual time after which an answer counts as missing.
const PATIENCE_US: u64 = 20_000_000;
/// Virtual time in which a new leader publishes its name and sets the cluster's version.
const SETTLING_US: u64 = 6_000_000;

/// A running member. Whoever drives it into a fatal end, or waits for what never comes, panics.
pub struct Solo {
    member: Member,
    files: Files,
    now: u64,
    next_tick: u64,
    calls: u64,
    /// Disk operations under way.
    writing: Vec<u64>,
    /// What open streams have told and nobody has taken, by their call.
    told: BTreeMap<u64, VecDeque<Bytes>>,
}

impl Solo {
    /// The flags of such a member.
    pub fn config(profile: Profile) -> MemberConfig {
        let own = PeerConfig { name: "m1".into(), peer_urls: vec!["http://127.0.0.1:2380".into()] };
        MemberConfig {
            name: "m1".into(),
            initial_cluster: vec![own],
            advertise_client_urls: vec!["http://127.0.0.1:2379".into()],
            profile,
            seed: 1,
            epoch_us: lab::EPOCH_US,
            ..MemberConfig::default()
        }
    }

    /// A member on these files that leads by now and has told the cluster about itself.
    pub fn start(config: MemberConfig, files: Files) -> Solo {
        let mut solo = Solo::launch(config, files);
        solo.lead();
        let until = solo.now + SETTLING_US;
        while solo.now < until {
            solo.step();
        }
        solo
    }

    /// A member that has read these files and done nothing else.
    pub fn launch(config: MemberConfig, files: Files) -> Solo {
        let disk = files.iter().map(|(path, bytes)| DiskFile {
            path: path.clone(),
            bytes: Bytes::copy_from_slice(bytes),
        });
        let start = Input::Start { config: Box::new(config), disk: disk.collect() };
        let mut solo = Solo {
            member: Member::new(),
            files,
            now: 0,
            next_tick: TICK_US,
            calls: 0,
            writing: Vec::new(),
            told: BTreeMap::new(),
        };
        solo.turn(vec![start]);
        solo
    }

    /// Waits until it leads.
    pub fn lead(&mut self) {
        while self.member.status().role != frame::Role::Leader {
            assert!(self.now < PATIENCE_US, "our member does not lead");
            self.step();
        }
    }

    /// Lets so much virtual time pass, with the ticks that are due in it.
    pub fn pass(&mut self, time_us: u64) {
        self.now += time_us;
        while self.now >= self.next_tick {
            self.step();
        }
    }

    /// Runs what is due next: the disk's word or a tick.
    pub fn step(&mut self) -> Vec<Output> {
        if !self.writing.is_empty() {
            self.now += DISK_US;
            let done = std::mem::take(&mut self.writing);
            return self.turn(done.into_iter().map(|op| Input::DiskDone { op }).collect());
        }
        self.now = self.now.max(self.next_tick);
        self.next_tick += TICK_US;
        self.turn(vec![Input::Tick])
    }

    /// Gives the member these inputs now.
    pub fn turn(&mut self, inputs: Vec<Input>) -> Vec<Output> {
        let outputs = self.member.turn(self.now, inputs);
        for output in &outputs {
            match output {
                Output::Disk { op, ops } => {
                    ops.iter().for_each(|op| perform(&mut self.files, op));
                    self.writing.extend(Some(*op).filter(|op| *op != 0));
                }
                Output::Message { call, message } => {
                    if let Some(told) = self.told.get_mut(call) {
                        told.push_back(message.clone());
                    }
                }
                Output::Fatal { reason } => panic!("our member cannot go on: {reason}"),
                _ => {}
            }
        }
        outputs
    }

    /// The answer's message.
    ///
    /// # Errors
    /// The member's own.
    pub fn call(
        &mut self,
        method: &str,
        metadata: &Metadata,
        request: &[u8],
    ) -> Result<Bytes, Status> {
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

    /// Opens a stream with its first message, and gives its number.
    pub fn open(&mut self, method: &str, metadata: &Metadata, message: Vec<u8>) -> u64 {
        self.calls += 1;
        let call = self.calls;
        self.told.insert(call, VecDeque::new());
        let (method, metadata) = (method.to_owned(), metadata.clone());
        self.turn(vec![
            Input::Open { call, method, metadata },
            Input::Message { call, message: message.into() },
        ]);
        call
    }

    /// The next message of a stream that was opened; waits for it.
    pub fn next_message(&mut self, call: u64) -> Bytes {
        let late = self.now + PATIENCE_US;
        loop {
            if let Some(message) = self.told.get_mut(&call).and_then(VecDeque::pop_front) {
                return message;
            }
            assert!(self.now < late, "our stream is silent");
            self.step();
        }
    }

    /// Closes a stream: what it still tells is not heard.
    pub fn close(&mut self, call: u64) {
        self.told.remove(&call);
        self.turn(vec![Input::CancelCall { call }]);
    }

    /// The stream of the database, as `etcdctl snapshot save` writes it down.
    pub fn snapshot(&mut self, metadata: &Metadata) -> Vec<u8> {
        let request = SnapshotRequest::default().encode_to_vec();
        let call = self.open(method::maintenance::SNAPSHOT, metadata, request);
        let pieces = self.told.remove(&call).unwrap_or_default();
        let pieces = pieces.into_iter().filter_map(|piece| SnapshotResponse::decode(piece).ok());
        pieces.flat_map(|piece| piece.blob).collect()
    }

    /// Its files as they are now.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// SIGTERM: what it leaves.
    pub fn stop(mut self) -> Files {
        let mut outputs = self.turn(vec![Input::Stop]);
        while !outputs.contains(&Output::Exited) {
            outputs = self.step();
        }
        self.files
    }

    /// SIGKILL, with nothing under way.
    pub fn kill(mut self) -> Files {
        while !self.writing.is_empty() {
            self.step();
        }
        self.files
    }
}

fn perform(files: &mut Files, op: &DiskOp) {
    match op {
        DiskOp::Append { path, bytes } => {
            files.entry(path.clone()).or_default().extend_from_slice(bytes);
        }
        DiskOp::Sync { .. } => {}
        DiskOp::Replace { path, bytes } => {
            files.insert(path.clone(), bytes.to_vec());
        }
        DiskOp::Truncate { path, len } => {
            files.entry(path.clone()).or_default().truncate(*len as usize);
        }
        DiskOp::Rename { from, to } => {
            let bytes = files.remove(from).expect("a member renames what it wrote");
            files.insert(to.clone(), bytes);
        }
        DiskOp::Remove { path } => {
            files.remove(path);
        }
    }
}
