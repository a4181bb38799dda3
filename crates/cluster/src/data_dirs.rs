//! Data directories as folders of a host: read and changed by its programs, used by its members.
//!
//! A directory belongs to the member that was started on it last, and keeps what is in it when that
//! member moves on to another. Left out: two members on one directory.

use member::DiskFile;
use serde::{Deserialize, Serialize};

use crate::disk::Disk;
use crate::queue::Event;
use crate::{ActorId, HostInput, Micros, World};

/// A data directory and all that lies in it. Without files it is empty, or not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DataDir {
    /// Full path on the host.
    pub path: String,
    /// In order of their paths, which count from the directory.
    pub files: Vec<DiskFile>,
    /// Whether a member runs on it, and holds the lock on its database.
    pub in_use: bool,
}

impl World {
    pub(crate) fn read_data_dirs(
        &mut self,
        time: Micros,
        host: u16,
        call: u64,
        paths: Vec<String>,
    ) {
        let read = |path: String| {
            let files = self.data_dir(&path).map(Disk::seen).unwrap_or_default();
            let in_use =
                self.members.iter().any(|slot| slot.data_dir == path && slot.process.is_alive());
            DataDir { path, files, in_use }
        };
        let input = HostInput::DataDirs { call, dirs: paths.into_iter().map(read).collect() };
        let at = time + self.options.network.latency_us;
        self.queue.push(at, Some(ActorId::Host(host)), Event::Host(input));
    }

    fn data_dir(&self, path: &str) -> Option<&Disk> {
        let used = self.members.iter().find(|slot| slot.data_dir == path).map(|slot| &slot.disk);
        used.or_else(|| self.data_dirs.get(path))
    }

    pub(crate) fn write_data_dir(&mut self, dir: DataDir) {
        match self.members.iter_mut().find(|slot| slot.data_dir == dir.path) {
            Some(slot) if slot.process.is_alive() => slot.next_files = Some(dir.files),
            Some(slot) => slot.disk.replace(&dir.files),
            None => {
                let mut disk = Disk::default();
                disk.replace(&dir.files);
                self.data_dirs.insert(dir.path, disk);
            }
        }
    }

    /// A data directory keeps what is in it when its member moves on to another.
    pub(crate) fn use_data_dir(&mut self, actor: u16, path: &str) {
        let slot = &mut self.members[usize::from(actor)];
        if slot.data_dir == path {
            return;
        }
        let old_dir = std::mem::replace(&mut slot.data_dir, path.to_string());
        let old_disk = std::mem::take(&mut slot.disk);
        let left = self.members.iter_mut().enumerate().find(|(at, slot)| {
            *at != usize::from(actor) && slot.data_dir == path && !slot.process.is_alive()
        });
        let left_there = match left {
            Some((_, slot)) => {
                slot.data_dir.clear();
                Some(std::mem::take(&mut slot.disk))
            }
            None => self.data_dirs.remove(path),
        };
        let disk = &mut self.members[usize::from(actor)].disk;
        *disk = left_there.unwrap_or_default();
        if !old_dir.is_empty() {
            disk.set_by_hand();
            self.data_dirs.insert(old_dir, old_disk);
        }
    }
}
