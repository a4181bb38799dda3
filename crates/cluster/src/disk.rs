//! A member's data directory on its host: files, and which of their bytes would survive a crash.
//!
//! Appended bytes are durable once a later sync of the file has completed. A crash takes everything
//! after the durable part; a replaced file is durable as a whole.

use std::collections::BTreeMap;

use bytes::Bytes;
use member::{DiskFile, DiskOp};

#[derive(Clone, Debug, Default)]
struct File {
    bytes: Vec<u8>,
    durable_bytes: usize,
}

/// All files of one data directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    files: BTreeMap<String, File>,
    /// Syncs under way: (operation, file, length that it makes durable).
    syncing: Vec<(u64, String, usize)>,
}

impl Disk {
    /// Issues operations. Their bytes are in the file at once, as in a page cache; what a sync
    /// covers becomes durable when [`Disk::complete`] is called for `op`, or now for op 0, which
    /// nobody waits for and which the next sync covers.
    pub(crate) fn issue(&mut self, op: u64, ops: &[DiskOp]) {
        for disk_op in ops {
            match disk_op {
                DiskOp::Append { path, bytes } => {
                    self.files.entry(path.clone()).or_default().bytes.extend_from_slice(bytes);
                }
                DiskOp::Sync { path } => {
                    let Some(file) = self.files.get(path) else { continue };
                    self.syncing.push((op, path.clone(), file.bytes.len()));
                }
                DiskOp::Replace { path, bytes } => {
                    let file = File { bytes: bytes.to_vec(), durable_bytes: bytes.len() };
                    self.files.insert(path.clone(), file);
                }
                DiskOp::Truncate { path, len } => {
                    let Some(file) = self.files.get_mut(path) else { continue };
                    file.bytes.truncate(*len as usize);
                    file.durable_bytes = file.durable_bytes.min(file.bytes.len());
                }
            }
        }
    }

    /// The disk has finished this operation and, being first in first out, all before it.
    pub(crate) fn complete(&mut self, op: u64) {
        for (_, path, len) in self.syncing.extract_if(.., |(issued, _, _)| *issued <= op) {
            if let Some(file) = self.files.get_mut(&path) {
                file.durable_bytes = file.durable_bytes.max(len.min(file.bytes.len()));
            }
        }
    }

    /// The process died: unsynced bytes are gone, but for the first `torn_bytes` of each file's
    /// unsynced tail, which happened to reach the platter.
    pub(crate) fn crash(&mut self, torn_bytes: usize) {
        self.syncing.clear();
        for file in self.files.values_mut() {
            let kept = file.bytes.len().min(file.durable_bytes + torn_bytes);
            file.bytes.truncate(kept);
            file.durable_bytes = kept;
        }
        self.files.retain(|_, file| !file.bytes.is_empty());
    }

    /// A planted fault for tests of the checkers: durable bytes vanish too.
    pub(crate) fn lose_durable_bytes(&mut self, bytes: usize) {
        for file in self.files.values_mut() {
            let kept = file.bytes.len().saturating_sub(bytes);
            file.bytes.truncate(kept);
            file.durable_bytes = file.durable_bytes.min(kept);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(crate) fn wipe(&mut self) {
        self.files.clear();
        self.syncing.clear();
    }

    /// What a starting process finds.
    pub(crate) fn contents(&self) -> Vec<DiskFile> {
        self.files
            .iter()
            .map(|(path, file)| DiskFile {
                path: path.clone(),
                bytes: Bytes::copy_from_slice(&file.bytes),
            })
            .collect()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes.len() as u64).sum()
    }

    pub(crate) fn unsynced_bytes(&self) -> u64 {
        self.files.values().map(|file| (file.bytes.len() - file.durable_bytes) as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(path: &str, text: &str) -> DiskOp {
        DiskOp::Append { path: path.into(), bytes: Bytes::copy_from_slice(text.as_bytes()) }
    }

    fn sync(path: &str) -> DiskOp {
        DiskOp::Sync { path: path.into() }
    }

    fn read(disk: &Disk) -> String {
        let files = disk.contents();
        files.iter().map(|f| String::from_utf8_lossy(&f.bytes).into_owned()).collect()
    }

    #[test]
    fn a_crash_takes_what_no_completed_sync_covers() {
        let mut disk = Disk::default();
        disk.issue(1, &[append("wal", "one"), sync("wal")]);
        disk.issue(2, &[append("wal", "two"), sync("wal")]);
        disk.complete(1);
        assert_eq!((read(&disk).as_str(), disk.unsynced_bytes()), ("onetwo", 3));
        disk.crash(0);
        assert_eq!(read(&disk), "one");
    }

    #[test]
    fn a_torn_write_keeps_a_prefix() {
        let mut disk = Disk::default();
        disk.issue(1, &[append("wal", "one"), sync("wal")]);
        disk.complete(1);
        disk.issue(2, &[append("wal", "two"), sync("wal")]);
        disk.crash(2);
        assert_eq!(read(&disk), "onetw");
    }

    #[test]
    fn a_file_never_synced_is_gone() {
        let mut disk = Disk::default();
        disk.issue(0, &[append("new", "x")]);
        disk.crash(0);
        assert!(disk.contents().is_empty());
    }
}
