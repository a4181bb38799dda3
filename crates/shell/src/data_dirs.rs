//! Data directories of members as folders of the host.
//!
//! Members write to disks of their own; the files here are a copy, fetched when a command names a path
//! in such a directory (or one above it) and handed back when the command has changed them. So `ls`,
//! `rm`, `mv` and the offline tools work on a data directory as on any other, and what a member wrote
//! meanwhile is never lost to a stale copy. Left out: noticing a command that runs on while a member
//! writes, and `/` as a name for everything.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use cluster::executor::{Completer, completion};
use cluster::{DataDir, HostOutput};
use member::DiskFile;

use crate::fs::{Fs, Node, normal};
use crate::process::Process;
use crate::sys::Sys;

/// What the host knows of data directories.
#[derive(Default)]
pub(crate) struct DataDirs {
    /// As fetched last, by path.
    known: RefCell<BTreeMap<String, Vec<DiskFile>>>,
    /// Fetched for a command that has not ended.
    touched: RefCell<BTreeSet<String>>,
    /// A member runs on these, as far as is known.
    in_use: RefCell<BTreeSet<String>>,
    waiting: RefCell<BTreeMap<u64, Completer<Vec<DataDir>>>>,
}

/// How often a lock is tried for.
const LOCK_POLL_US: u64 = 50_000;
/// What etcd makes in every data directory.
const FOLDERS: [&str; 2] = ["member/snap", "member/wal"];

impl Sys {
    /// From now on this is a data directory.
    pub(crate) fn know_data_dir(&self, path: &str) {
        self.data_dirs().known.borrow_mut().entry(path.into()).or_default();
    }

    /// Fetches every data directory that one of these paths lies in or leads to.
    pub(crate) async fn fetch_data_dirs(&self, paths: &[String]) {
        let wanted = self.concerned_data_dirs(paths);
        if wanted.is_empty() {
            return;
        }
        // A redirection has been there before its command.
        let touched = self.data_dirs().touched.borrow().clone();
        touched.into_iter().for_each(|path| self.hand_back(path));
        let (completer, waiting) = completion();
        let call = self.next_call();
        self.data_dirs().waiting.borrow_mut().insert(call, completer);
        self.output(HostOutput::ReadDataDirs { call, paths: wanted });
        for dir in waiting.await.unwrap_or_default() {
            let wall_us = self.wall_us();
            let mut in_use = self.data_dirs().in_use.borrow_mut();
            if dir.in_use {
                in_use.insert(dir.path.clone())
            } else {
                in_use.remove(&dir.path)
            };
            drop(in_use);
            show(&mut self.fs(), &dir, wall_us);
            self.data_dirs().touched.borrow_mut().insert(dir.path.clone());
            self.data_dirs().known.borrow_mut().insert(dir.path, dir.files);
        }
    }

    /// Resolves once no member runs on the directory that a file lies in. etcd's tools wait so for the
    /// lock on a database.
    pub(crate) async fn data_dir_is_free(&self, path: &str) {
        let is_held = || self.data_dirs().in_use.borrow().iter().any(|dir| concerns(dir, path));
        while is_held() {
            self.sleep_us(LOCK_POLL_US).await;
            self.fetch_data_dirs(&[path.to_string()]).await;
        }
    }

    fn concerned_data_dirs(&self, paths: &[String]) -> Vec<String> {
        let concerned = |dir: &&String| paths.iter().any(|path| concerns(dir, path));
        self.data_dirs().known.borrow().keys().filter(concerned).cloned().collect()
    }

    pub(crate) fn data_dirs_read(&self, call: u64, dirs: Vec<DataDir>) {
        let completer = self.data_dirs().waiting.borrow_mut().remove(&call);
        if let Some(completer) = completer {
            completer.complete(dirs);
        }
    }

    /// Any data directory may have been changed: by a redirection that several commands wrote to, and
    /// what the first of them wrote has been handed back.
    pub(crate) fn touch_data_dirs(&self) {
        let known: Vec<String> = self.data_dirs().known.borrow().keys().cloned().collect();
        self.data_dirs().touched.borrow_mut().extend(known);
    }

    /// Hands back what a command has changed.
    pub(crate) fn return_data_dirs(&self) {
        let touched = std::mem::take(&mut *self.data_dirs().touched.borrow_mut());
        touched.into_iter().for_each(|path| self.hand_back(path));
    }

    fn hand_back(&self, path: String) {
        if let Some(files) = self.changed_data_dir(&path) {
            self.data_dirs().known.borrow_mut().insert(path.clone(), files.clone());
            let dir = DataDir { path, files, in_use: false };
            self.output(HostOutput::WriteDataDir { dir });
        }
    }

    /// The files of a directory, when they are not those that were fetched last.
    pub(crate) fn changed_data_dir(&self, path: &str) -> Option<Vec<DiskFile>> {
        let files = files_below(&self.fs(), path);
        let known = self.data_dirs().known.borrow();
        let same = known.get(path).map_or(files.is_empty(), |known| *known == files);
        (!same).then_some(files)
    }
}

impl Process {
    /// The paths that the words of a command may mean, its working directory included when there are
    /// no words.
    pub(crate) fn paths(&self) -> Vec<String> {
        paths(&self.cwd, self.operands())
    }
}

/// See [`Process::paths`].
pub(crate) fn paths(cwd: &str, words: &[String]) -> Vec<String> {
    let word = |word: &String| {
        // `--data-dir=x` and `VAR=x`.
        let value = word.rsplit_once('=').map_or(word.as_str(), |(_, value)| value);
        normal(cwd, value)
    };
    let mut paths: Vec<String> = words.iter().map(word).collect();
    if words.iter().all(|word| word.starts_with('-')) {
        paths.push(cwd.to_string());
    }
    paths
}

fn concerns(dir: &str, path: &str) -> bool {
    let inside = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    path != "/" && (inside(path, dir) || inside(dir, path))
}

/// Makes the folder show what was fetched.
fn show(fs: &mut Fs, dir: &DataDir, wall_us: u64) {
    if dir.files.is_empty() {
        if fs.is_dir(&dir.path) && fs.remove_all(&dir.path).is_ok() {
            let _ = fs.make_dir(&dir.path);
        }
        return;
    }
    for folder in FOLDERS {
        let _ = fs.make_dirs(&format!("{}/{folder}", dir.path));
    }
    for gone in files_below(fs, &dir.path) {
        if !dir.files.iter().any(|file| file.path == gone.path) {
            let _ = fs.remove_file(&format!("{}/{}", dir.path, gone.path));
        }
    }
    for file in &dir.files {
        let path = format!("{}/{}", dir.path, file.path);
        if fs.read(&path).is_ok_and(|bytes| bytes == file.bytes) {
            continue;
        }
        let _ = fs.make_dirs(crate::fs::parent(&path));
        fs.replace(&path, &file.bytes, wall_us);
    }
}

/// All regular files below a directory, in order of their paths, which count from it.
fn files_below(fs: &Fs, dir: &str) -> Vec<DiskFile> {
    let prefix = format!("{dir}/");
    fs.below(dir)
        .filter_map(|(path, node)| match node {
            Node::File(file) => Some(DiskFile {
                path: path[prefix.len()..].to_string(),
                bytes: file.borrow().bytes.clone().into(),
            }),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_concerns_a_directory_that_it_lies_in_or_leads_to() {
        let dir = "/var/lib/etcd";
        for (path, yes) in [
            ("/var/lib/etcd", true),
            ("/var/lib/etcd/member/snap/db", true),
            ("/var/lib", true),
            ("/var/lib/etcd2", false),
            ("/", false),
            ("/root", false),
        ] {
            assert_eq!(concerns(dir, path), yes, "{path}");
        }
        let words = ["--data-dir=x", "snap.db", "-w"].map(String::from);
        assert_eq!(paths("/root", &words), ["/root/x", "/root/snap.db", "/root/-w"]);
        assert_eq!(paths("/root", &["-l".to_string()]), ["/root/-l", "/root"]);
    }
}
