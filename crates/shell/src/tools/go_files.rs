//! The host's files as programs written in Go see them: whole files, and Go's error texts.

use ::etcdctl::{FileKind, Files};

use crate::fs::{FsError, IS_DIRECTORY, NOT_FOUND, Node};
use crate::process::Process;

/// The text of a C library's error as Go prints it.
pub(super) fn go_error(error: FsError) -> String {
    let mut chars = error.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn told(verb: &str, path: &str, error: FsError) -> String {
    format!("{verb} {path}: {}", go_error(error))
}

impl Files for Process {
    fn stat(&self, path: &str) -> Result<FileKind, String> {
        match self.sys.fs().node(&self.path(path)) {
            Ok(Node::Directory) => Ok(FileKind::Directory),
            Ok(Node::File(file)) => {
                Ok(FileKind::File { size_bytes: file.borrow().bytes.len() as u64 })
            }
            Ok(Node::Device(_)) => Ok(FileKind::File { size_bytes: 0 }),
            Err(error) => Err(told("stat", path, error)),
        }
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        let read = self.sys.fs().read(&self.path(path));
        read.map_err(|error| told(if error == IS_DIRECTORY { "read" } else { "open" }, path, error))
    }

    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let wall_us = self.sys.wall_us();
        let written = self.sys.fs().write(&self.path(path), bytes, wall_us);
        written.map_err(|error| told("open", path, error))
    }

    fn make_dirs(&self, path: &str) -> Result<(), String> {
        let made = self.sys.fs().make_dirs(&self.path(path));
        made.map_err(|error| told("mkdir", path, error))
    }

    fn list_dir(&self, path: &str) -> Result<Vec<String>, String> {
        let full = self.path(path);
        let fs = self.sys.fs();
        match fs.node(&full) {
            Ok(Node::Directory) => Ok(fs.list(&full)),
            Ok(_) => Err(format!("readdirent {path}: not a directory")),
            Err(error) => Err(told("open", path, error)),
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), String> {
        let moved = self.sys.fs().rename(&self.path(from), &self.path(to));
        moved.map_err(|error| format!("rename {from} {to}: {}", go_error(error)))
    }

    fn remove_all(&self, path: &str) -> Result<(), String> {
        match self.sys.fs().remove_all(&self.path(path)) {
            Ok(()) | Err(NOT_FOUND) => Ok(()),
            Err(error) => Err(told("unlinkat", path, error)),
        }
    }
}
