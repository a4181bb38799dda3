//! A member's data directory on its host: files, and which of their bytes would survive a crash.
//!
//! Appended bytes are durable once a later sync of the file has completed. A crash takes everything
//! after the durable part; a replaced file is durable as a whole.

use std::collections::BTreeMap;

use member::{DiskFile, DiskOp};

/// Bytes of a block of a file.
const BLOCK_BYTES: usize = 64 * 1024;

/// A file in blocks: one that grows is never moved as a whole, which a log of many megabytes would
/// pay for in time and, in wasm, in memory that is never given back.
#[derive(Clone, Debug, Default)]
struct File {
    /// All but the last are full.
    blocks: Vec<Vec<u8>>,
    durable_bytes: usize,
}

impl File {
    fn len(&self) -> usize {
        let full = self.blocks.len().saturating_sub(1) * BLOCK_BYTES;
        full + self.blocks.last().map_or(0, Vec::len)
    }

    fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let is_first = self.blocks.is_empty();
            if self.blocks.last().is_none_or(|block| block.len() == BLOCK_BYTES) {
                // A small file stays small.
                self.blocks.push(Vec::with_capacity(if is_first { 0 } else { BLOCK_BYTES }));
            }
            let Some(block) = self.blocks.last_mut() else { return };
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - block.len()));
            block.extend_from_slice(now);
            bytes = later;
        }
    }

    fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        self.blocks.truncate(len.div_ceil(BLOCK_BYTES));
        if let Some(last) = self.blocks.last_mut() {
            last.truncate(len - (len - 1) / BLOCK_BYTES * BLOCK_BYTES);
        }
    }
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
                DiskOp::Append { path, bytes } => match self.files.get_mut(path) {
                    Some(file) => file.append(bytes),
                    None => self.files.entry(path.clone()).or_default().append(bytes),
                },
                DiskOp::Sync { path } => {
                    let Some(file) = self.files.get(path) else { continue };
                    self.syncing.push((op, path.clone(), file.len()));
                }
                DiskOp::Replace { path, bytes } => {
                    let mut file = File { durable_bytes: bytes.len(), ..File::default() };
                    file.append(bytes);
                    self.files.insert(path.clone(), file);
                }
                DiskOp::Truncate { path, len } => {
                    let Some(file) = self.files.get_mut(path) else { continue };
                    file.truncate(usize::try_from(*len).unwrap_or(usize::MAX));
                    file.durable_bytes = file.durable_bytes.min(file.len());
                }
            }
        }
    }

    /// The disk has finished this operation and, being first in first out, all before it.
    pub(crate) fn complete(&mut self, op: u64) {
        for (_, path, len) in self.syncing.extract_if(.., |(issued, _, _)| *issued <= op) {
            if let Some(file) = self.files.get_mut(&path) {
                file.durable_bytes = file.durable_bytes.max(len.min(file.len()));
            }
        }
    }

    /// The process died: unsynced bytes are gone, but for the first `torn_bytes` of each file's
    /// unsynced tail, which happened to reach the platter.
    pub(crate) fn crash(&mut self, torn_bytes: usize) {
        self.syncing.clear();
        for file in self.files.values_mut() {
            let kept = file.len().min(file.durable_bytes + torn_bytes);
            file.truncate(kept);
            file.durable_bytes = kept;
        }
        self.files.retain(|_, file| file.len() > 0);
    }

    /// A planted fault for tests of the checkers: durable bytes vanish too.
    pub(crate) fn lose_durable_bytes(&mut self, bytes: usize) {
        for file in self.files.values_mut() {
            let kept = file.len().saturating_sub(bytes);
            file.truncate(kept);
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
            .map(|(path, file)| DiskFile { path: path.clone(), bytes: file.blocks.concat().into() })
            .collect()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.len() as u64).sum()
    }

    pub(crate) fn unsynced_bytes(&self) -> u64 {
        self.files.values().map(|file| (file.len() - file.durable_bytes) as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

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

    #[test]
    fn a_file_is_what_was_appended_however_it_falls_into_blocks() {
        let (mut file, mut bytes) = (File::default(), Vec::new());
        for (number, len) in
            [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 7, 3 * BLOCK_BYTES + 5, 2].into_iter().enumerate()
        {
            let piece = vec![number as u8; len];
            file.append(&piece);
            bytes.extend(piece);
            assert_eq!(file.len(), bytes.len());
            assert!(file.blocks.concat() == bytes, "after piece {number}");
        }
        for len in [bytes.len() + 1, 4 * BLOCK_BYTES, 4 * BLOCK_BYTES - 1, BLOCK_BYTES + 1, 1, 0] {
            file.truncate(len);
            bytes.truncate(len);
            assert_eq!(file.len(), bytes.len());
            assert!(file.blocks.concat() == bytes, "cut to {len}");
        }
        file.append(b"again");
        assert_eq!(file.blocks.concat(), b"again");
    }
}
