//! A disk that keeps what was synced.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use member::{DiskFile, DiskOp};

#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// What was issued and is not done, oldest first.
    waiting: VecDeque<(u64, Vec<DiskOp>)>,
}

impl Disk {
    /// Operations that nobody waits for are done with those before them.
    pub(crate) fn issue(&mut self, op: u64, ops: Vec<DiskOp>) {
        let last = self.waiting.back().map_or(0, |(last, _)| *last);
        self.waiting.push_back((op.max(last), ops));
        if op.max(last) == 0 {
            self.complete(0);
        }
    }

    pub(crate) fn complete(&mut self, op: u64) {
        while self.waiting.front().is_some_and(|(first, _)| *first <= op) {
            let Some((_, ops)) = self.waiting.pop_front() else { return };
            ops.into_iter().for_each(|op| self.perform(op));
        }
    }

    fn perform(&mut self, op: DiskOp) {
        match op {
            DiskOp::Append { path, bytes } => {
                self.files.entry(path).or_default().extend_from_slice(&bytes);
            }
            DiskOp::Sync { .. } => {}
            DiskOp::Replace { path, bytes } => {
                self.files.insert(path, bytes.to_vec());
            }
            DiskOp::Truncate { path, len } => {
                self.files.entry(path).or_default().truncate(len as usize);
            }
            DiskOp::Rename { from, to } => {
                let bytes = self.files.remove(&from).expect("a file to rename");
                self.files.insert(to, bytes);
            }
            DiskOp::Remove { path } => {
                self.files.remove(&path);
            }
        }
    }

    /// The process died: what was not done never happens.
    pub(crate) fn crash(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn contents(&self) -> Vec<DiskFile> {
        let file = |(path, bytes): (&String, &Vec<u8>)| DiskFile {
            path: path.clone(),
            bytes: Bytes::copy_from_slice(bytes),
        };
        self.files.iter().map(file).collect()
    }
}
