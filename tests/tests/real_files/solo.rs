//! One member of ours, alone, on files that a test can read and change.

use std::collections::BTreeMap;

use bytes::Bytes;
use member::{DiskFile, DiskOp, Input, Member, MemberConfig, Output, PeerConfig, TICK_US};
use prost::Message;
use proto::etcdserverpb::{SnapshotRequest, SnapshotResponse};
use proto::{Metadata, Profile, Status, method};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

const DISK_US: u64 = 100;
const PATIENCE_US: u64 = 20_000_000;

pub(crate) struct Solo {
    member: Member,
    pub(crate) files: Files,
    now: u64,
    next_tick: u64,
    calls: u64,
    writing: Vec<u64>,
}

/// The flags of such a member.
pub(crate) fn config(profile: Profile) -> MemberConfig {
    let own = PeerConfig { name: "m1".into(), peer_urls: vec!["http://127.0.0.1:2380".into()] };
    MemberConfig {
        name: "m1".into(),
        initial_cluster: vec![own],
        advertise_client_urls: vec!["http://127.0.0.1:2379".into()],
        profile,
        enable_v2: true,
        seed: 1,
        epoch_us: lab::EPOCH_US,
        ..MemberConfig::default()
    }
}

impl Solo {
    /// A member on these files that leads by now.
    pub(crate) fn start(config: MemberConfig, files: Files) -> Solo {
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
        };
        solo.turn(vec![start]);
        while solo.member.status().role != frame::Role::Leader {
            assert!(solo.now < PATIENCE_US, "our member does not lead");
            solo.step();
        }
        // It publishes its name and sets the cluster's version before anybody asks.
        let until = solo.now + 6_000_000;
        while solo.now < until {
            solo.step();
        }
        solo
    }

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
                Output::Disk { op, ops } => {
                    ops.iter().for_each(|op| perform(&mut self.files, op));
                    self.writing.extend(Some(*op).filter(|op| *op != 0));
                }
                Output::Fatal { reason } => panic!("our member cannot go on: {reason}"),
                _ => {}
            }
        }
        outputs
    }

    /// The answer's message, or the error.
    pub(crate) fn call(
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

    /// The stream of the database, as `etcdctl snapshot save` writes it down.
    pub(crate) fn snapshot(&mut self, metadata: &Metadata) -> Vec<u8> {
        self.calls += 1;
        let (call, metadata) = (self.calls, metadata.clone());
        let outputs = self.turn(vec![
            Input::Open { call, method: method::maintenance::SNAPSHOT.into(), metadata },
            Input::Message { call, message: SnapshotRequest::default().encode_to_vec().into() },
        ]);
        let pieces = outputs.iter().filter_map(|output| match output {
            Output::Message { message, .. } => SnapshotResponse::decode(message.clone()).ok(),
            _ => None,
        });
        pieces.flat_map(|piece| piece.blob.to_vec()).collect()
    }

    /// SIGTERM: what it leaves.
    pub(crate) fn stop(mut self) -> Files {
        let mut outputs = self.turn(vec![Input::Stop]);
        while !outputs.contains(&Output::Exited) {
            outputs = self.step();
        }
        self.files
    }

    /// SIGKILL, with nothing under way.
    pub(crate) fn kill(mut self) -> Files {
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
            let bytes = files.remove(from).expect("a file to rename");
            files.insert(to.clone(), bytes);
        }
        DiskOp::Remove { path } => {
            files.remove(path);
        }
    }
}
