//! A member's data directory on its host: files, what of them would survive a crash, and what is
//! still on its way to them.
//!
//! Operations are done in the order in which they were issued. One that is not finished when the
//! process ends may be done, or not, or in part: a crash draws how many of them were done
//! ([`Crash::done_ops`]), and what of the bytes that no completed sync covers is on the platter
//! ([`Crash::tear`]). What is replaced, renamed or removed is so as a whole and durably.

use std::collections::{BTreeMap, VecDeque};

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
    /// Positions of the bits that are not as they were written.
    rotten: Vec<u64>,
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

    fn durable(bytes: &[u8]) -> Self {
        let mut file = File { durable_bytes: bytes.len(), ..File::default() };
        file.append(bytes);
        file
    }

    fn tear(&mut self, tear: &Tear) {
        let kept = match tear {
            Tear::AllLost => self.durable_bytes,
            Tear::Prefix(bytes) => self.durable_bytes.saturating_add(*bytes),
            Tear::Sectors(written) => {
                self.zero_sectors(*written);
                self.forget_rot(self.durable_bytes);
                usize::MAX
            }
        };
        self.truncate(kept);
        self.durable_bytes = self.len();
    }

    /// Sectors of the unsynced tail that were never written.
    fn zero_sectors(&mut self, written: u64) {
        for at in self.durable_bytes..self.len() {
            if written >> (at / SECTOR_BYTES % 64) & 1 == 0 {
                self.blocks[at / BLOCK_BYTES][at % BLOCK_BYTES] = 0;
            }
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
        self.forget_rot(len);
    }

    /// From `len` on there are other bytes now, or none.
    fn forget_rot(&mut self, len: usize) {
        self.rotten.retain(|bit| bit / 8 < len as u64);
    }

    fn flip(&mut self, bit: u64) {
        let at = (bit / 8) as usize;
        self.blocks[at / BLOCK_BYTES][at % BLOCK_BYTES] ^= 1 << (bit % 8);
    }

    fn rot(&mut self, bit: u64) {
        self.flip(bit);
        match self.rotten.iter().position(|known| *known == bit) {
            Some(at) => drop(self.rotten.swap_remove(at)),
            None => self.rotten.push(bit),
        }
    }
}

/// All files of one data directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    files: BTreeMap<String, File>,
    /// Issued and not finished, oldest first, each with the operation that it is finished with.
    pending: VecDeque<(u64, DiskOp)>,
    /// Bytes that may still be written; none is as many as there are.
    room_bytes: Option<u64>,
    /// There was not enough.
    failed: bool,
    /// Somebody put other files there since a process last started over it.
    by_hand: bool,
}

/// What a crash does to operations and bytes that nobody was promised.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crash {
    /// How many of the unfinished operations were done, oldest first.
    pub(crate) done_ops: usize,
    pub(crate) tear: Tear,
}

/// What is left of a file's bytes that no completed sync covers.
#[derive(Clone, Debug, Default)]
pub(crate) enum Tear {
    #[default]
    AllLost,
    /// The first so many.
    Prefix(usize),
    /// Sectors of [`SECTOR_BYTES`] that reached the platter; the others read as zeroes. One bit a
    /// sector, again from the first after the last bit.
    Sectors(u64),
}

/// What a disk writes at once, in bytes.
const SECTOR_BYTES: usize = 512;

impl Disk {
    /// Issues operations, which are finished when [`Disk::complete`] is called for `op`; those of op 0,
    /// which nobody waits for, with the ones before them or after.
    ///
    /// # Errors
    /// The error's text, when the disk is full: then what went before the first that does not fit is
    /// issued, and a part of that one.
    pub(crate) fn issue(&mut self, op: u64, ops: Vec<DiskOp>) -> Result<(), String> {
        if self.failed {
            // The process is about to hear that it cannot go on.
            return Err("no space left on device".into());
        }
        let last = self.pending.back().map_or(0, |(last, _)| *last);
        let op = op.max(last);
        for disk_op in ops {
            match self.fitting(disk_op) {
                (fits, None) => self.pending.extend(fits.map(|fits| (op, fits))),
                (fits, Some(path)) => {
                    self.pending.extend(fits.map(|fits| (op, fits)));
                    self.failed = true;
                    return Err(format!("write {path}: no space left on device"));
                }
            }
        }
        Ok(())
    }

    /// The operation as far as there is room for it, and the file for which there is none.
    fn fitting(&mut self, disk_op: DiskOp) -> (Option<DiskOp>, Option<String>) {
        let Some(room) = self.room_bytes else { return (Some(disk_op), None) };
        match disk_op {
            DiskOp::Append { path, bytes } if bytes.len() as u64 > room => {
                self.room_bytes = Some(0);
                let part = bytes.slice(..room as usize);
                (Some(DiskOp::Append { path: path.clone(), bytes: part }), Some(path))
            }
            DiskOp::Replace { path, bytes } if bytes.len() as u64 > room => (None, Some(path)),
            DiskOp::Append { ref bytes, .. } | DiskOp::Replace { ref bytes, .. } => {
                self.room_bytes = Some(room - bytes.len() as u64);
                (Some(disk_op), None)
            }
            disk_op => (Some(disk_op), None),
        }
    }

    /// Room for so many more bytes; none is no limit.
    pub(crate) fn set_room(&mut self, room_bytes: Option<u64>) {
        self.room_bytes = room_bytes;
    }

    /// Something did not fit.
    pub(crate) fn is_full(&self) -> bool {
        self.failed
    }

    /// The disk has finished this operation and, being first in first out, all before it.
    pub(crate) fn complete(&mut self, op: u64) {
        while self.pending.front().is_some_and(|(issued, _)| *issued <= op) {
            let Some((_, disk_op)) = self.pending.pop_front() else { return };
            self.perform(disk_op);
        }
    }

    fn perform(&mut self, disk_op: DiskOp) {
        match disk_op {
            DiskOp::Append { path, bytes } => match self.files.get_mut(&path) {
                Some(file) => file.append(&bytes),
                None => self.files.entry(path).or_default().append(&bytes),
            },
            DiskOp::Sync { path } => {
                if let Some(file) = self.files.get_mut(&path) {
                    file.durable_bytes = file.len();
                }
            }
            DiskOp::Replace { path, bytes } => {
                self.files.insert(path, File::durable(&bytes));
            }
            DiskOp::Truncate { path, len } => {
                let Some(file) = self.files.get_mut(&path) else { return };
                file.truncate(usize::try_from(len).unwrap_or(usize::MAX));
                file.durable_bytes = file.durable_bytes.min(file.len());
            }
            DiskOp::Rename { from, to } => {
                if let Some(file) = self.files.remove(&from) {
                    self.files.insert(to, file);
                }
            }
            DiskOp::Remove { path } => {
                self.files.remove(&path);
            }
        }
    }

    /// The process ended in good order: what it asked for is done.
    pub(crate) fn finish(&mut self) {
        self.complete(u64::MAX);
    }

    /// How many operations a crash would find unfinished.
    pub(crate) fn pending_ops(&self) -> usize {
        self.pending.len()
    }

    /// The process died: what was not finished is done as far as `crash` says, and of the bytes that no
    /// completed sync covers there is what it leaves.
    ///
    /// Tells whether any such bytes are there.
    pub(crate) fn crash(&mut self, crash: &Crash) -> bool {
        for _ in 0..crash.done_ops {
            let Some((_, disk_op)) = self.pending.pop_front() else { break };
            self.perform(disk_op);
        }
        self.pending.clear();
        let durable = |files: &BTreeMap<String, File>| {
            files.values().map(|file| file.durable_bytes).sum::<usize>()
        };
        let before = durable(&self.files);
        for file in self.files.values_mut() {
            file.tear(&crash.tear);
        }
        let torn = durable(&self.files) > before;
        self.files.retain(|_, file| file.len() > 0);
        torn
    }

    /// A planted fault for tests of the checkers: durable bytes vanish too.
    pub(crate) fn lose_durable_bytes(&mut self, bytes: usize) {
        // Of the log, which is what acknowledgements rest on.
        let logs = self.files.iter_mut().filter(|(path, _)| path.ends_with(".wal"));
        for (_, file) in logs {
            let kept = file.len().saturating_sub(bytes);
            file.truncate(kept);
            file.durable_bytes = file.durable_bytes.min(kept);
        }
    }

    /// Whether a member that starts over it goes on with a log.
    pub(crate) fn has_log(&self) -> bool {
        self.files.keys().any(|path| member::is_log_file(path))
    }

    pub(crate) fn wipe(&mut self) {
        self.files.clear();
        self.pending.clear();
        self.by_hand = true;
    }

    /// Whether these are not the files that the process before left there; said once.
    pub(crate) fn take_by_hand(&mut self) -> bool {
        std::mem::take(&mut self.by_hand)
    }

    /// It takes the place of the disk that its member had.
    pub(crate) fn set_by_hand(&mut self) {
        self.by_hand = true;
    }

    /// Other files take the place of these, durably.
    pub(crate) fn replace(&mut self, files: &[DiskFile]) {
        self.wipe();
        for file in files {
            self.files.insert(file.path.clone(), File::durable(&file.bytes));
        }
    }

    /// Bits in all files.
    pub(crate) fn durable_bits(&self) -> u64 {
        self.files.values().map(|file| file.len() as u64 * 8).sum()
    }

    /// Turns one bit of a file over, as a running process does not notice, and gives the file's path.
    /// None: there is no such bit.
    pub(crate) fn rot(&mut self, mut bit: u64) -> Option<String> {
        for (path, file) in &mut self.files {
            let bits = file.len() as u64 * 8;
            if bit < bits {
                file.rot(bit);
                return Some(path.clone());
            }
            bit -= bits;
        }
        None
    }

    /// Whether some bytes are not those that were written.
    pub(crate) fn is_rotten(&self) -> bool {
        self.files.values().any(|file| !file.rotten.is_empty())
    }

    /// Makes every byte what was written, as a backup or a mirror would.
    pub(crate) fn heal_rot(&mut self) {
        for file in self.files.values_mut() {
            for bit in std::mem::take(&mut file.rotten) {
                file.flip(bit);
            }
        }
    }

    /// What another process sees: everything that was written, on the platter or not.
    pub(crate) fn seen(&self) -> Vec<DiskFile> {
        if self.pending.is_empty() {
            return self.contents();
        }
        let mut later = self.clone();
        later.finish();
        later.contents()
    }

    /// A new process: whatever failed was another's.
    pub(crate) fn forget_failure(&mut self) {
        self.failed = false;
    }

    /// What a starting process finds.
    pub(crate) fn contents(&self) -> Vec<DiskFile> {
        self.files
            .iter()
            .map(|(path, file)| DiskFile { path: path.clone(), bytes: file.blocks.concat().into() })
            .collect()
    }

    /// Bytes in files and on their way there.
    pub(crate) fn bytes(&self) -> u64 {
        let files: u64 = self.files.values().map(|file| file.len() as u64).sum();
        let added = self.pending.iter().map(|(_, disk_op)| match disk_op {
            DiskOp::Append { bytes, .. } => bytes.len() as u64,
            _ => 0,
        });
        files + added.sum::<u64>()
    }

    /// Bytes that no completed sync covers.
    pub(crate) fn unsynced_bytes(&self) -> u64 {
        let durable: u64 = self.files.values().map(|file| file.durable_bytes as u64).sum();
        self.bytes() - durable
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

    const ALL_LOST: Crash = Crash { done_ops: 0, tear: Tear::AllLost };

    #[test]
    fn a_crash_takes_what_no_completed_sync_covers() {
        let mut disk = Disk::default();
        disk.issue(1, vec![append("wal", "one"), sync("wal")]).unwrap();
        disk.issue(2, vec![append("wal", "two"), sync("wal")]).unwrap();
        disk.complete(1);
        assert_eq!((read(&disk).as_str(), disk.unsynced_bytes()), ("one", 3));
        let mut torn = disk.clone();
        disk.crash(&ALL_LOST);
        assert_eq!(read(&disk), "one");
        torn.crash(&Crash { done_ops: 1, tear: Tear::Prefix(2) });
        assert_eq!(read(&torn), "onetw");
    }

    #[test]
    fn a_crash_falls_between_any_two_operations() {
        let replace =
            |path: &str| DiskOp::Replace { path: path.into(), bytes: Bytes::from_static(b"x") };
        for done_ops in 0..=3 {
            let mut disk = Disk::default();
            let ops = ["a", "b", "c"].map(replace).to_vec();
            disk.issue(7, ops).unwrap();
            disk.crash(&Crash { done_ops, tear: Tear::AllLost });
            assert_eq!(disk.contents().len(), done_ops);
        }
    }

    #[test]
    fn sectors_that_did_not_reach_the_platter_are_zero() {
        let mut disk = Disk::default();
        disk.issue(1, vec![append("wal", &"a".repeat(600)), sync("wal")]).unwrap();
        disk.complete(1);
        disk.issue(2, vec![append("wal", &"b".repeat(1000))]).unwrap();
        disk.crash(&Crash { done_ops: 1, tear: Tear::Sectors(0b100) });
        let bytes = read(&disk);
        assert_eq!(
            bytes,
            "a".repeat(600) + &"\0".repeat(424) + &"b".repeat(512) + &"\0".repeat(64)
        );
    }

    #[test]
    fn a_full_disk_takes_a_part_and_says_so() {
        let mut disk = Disk::default();
        disk.set_room(Some(4));
        assert_eq!(disk.issue(1, vec![append("wal", "one")]), Ok(()));
        let full = Err("write wal: no space left on device".to_string());
        assert_eq!(disk.issue(2, vec![append("wal", "two"), sync("wal")]), full);
        disk.finish();
        assert_eq!(read(&disk), "onet");
    }

    #[test]
    fn a_file_never_synced_is_gone() {
        let mut disk = Disk::default();
        disk.issue(0, vec![append("new", "x")]).unwrap();
        disk.crash(&Crash { done_ops: 1, tear: Tear::AllLost });
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

    #[test]
    fn rot_heals_unless_other_bytes_are_there_by_now() {
        let mut disk = Disk::default();
        for path in ["cut", "kept", "whole"] {
            disk.issue(1, vec![append(path, "abcdef"), sync(path)]).unwrap();
        }
        disk.complete(1);
        let rotten: Vec<_> = [0, 40, 48, 48 + 47, 96, 96].map(|bit| disk.rot(bit)).into();
        assert_eq!(rotten.iter().flatten().count(), 6);
        assert_eq!(disk.rot(3 * 48), None);
        assert_eq!(&disk.contents()[1].bytes[..], b"`bcde\xe6");
        assert_eq!(&disk.contents()[2].bytes[..], b"abcdef", "what rots twice is well again");
        let cut = DiskOp::Truncate { path: "cut".into(), len: 5 };
        let whole = DiskOp::Replace { path: "whole".into(), bytes: "new".into() };
        assert!(disk.rot(97).is_some());
        disk.issue(2, vec![cut, append("cut", "F"), append("kept", "g"), whole]).unwrap();
        disk.complete(2);
        assert!(disk.is_rotten());
        disk.heal_rot();
        let files: Vec<_> = disk.contents().into_iter().map(|file| file.bytes).collect();
        assert_eq!(files, ["abcdeF", "abcdefg", "new"]);
        assert!(!disk.is_rotten());
    }
}
