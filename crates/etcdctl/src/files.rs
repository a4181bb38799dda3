//! The files that etcdctl reads and writes: a contract, and its twin in memory.
//!
//! Errors are the whole of Go's text, such as `open PATH: no such file or directory`, with the path as
//! it was given. Left out: owners, modes, links and open handles; a file is read and written whole.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    File { size_bytes: u64 },
    Directory,
}

/// The file system of one process; relative paths count from its working directory.
pub trait Files {
    /// Go's `os.Stat`: `stat PATH: ...`.
    fn stat(&self, path: &str) -> Result<FileKind, String>;
    /// The whole file: `open PATH: ...`, or `read PATH: is a directory`.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String>;
    /// Replaces or makes the file; its directory must be there: `open PATH: ...`.
    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), String>;
    /// Makes a directory and its parents, if they are missing: `mkdir PATH: ...`.
    fn make_dirs(&self, path: &str) -> Result<(), String>;
    /// Names in a directory, in byte order: `open PATH: ...`.
    fn list_dir(&self, path: &str) -> Result<Vec<String>, String>;
    /// Moves a file or a directory; a file in the way is replaced: `rename FROM TO: ...`.
    fn rename(&self, from: &str, to: &str) -> Result<(), String>;
    /// Removes a path and everything below; one that is not there is no error: `unlinkat PATH: ...`.
    fn remove_all(&self, path: &str) -> Result<(), String>;
}

/// Files and directories in memory, by path as it is given: no working directory, no `..`.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    /// `None` is a directory.
    nodes: RefCell<BTreeMap<String, Option<Vec<u8>>>>,
}

const MISSING: &str = "no such file or directory";

fn parent(path: &str) -> Option<&str> {
    path.trim_end_matches('/').rsplit_once('/').map(|(dir, _)| dir).filter(|dir| !dir.is_empty())
}

impl MemoryFiles {
    /// Everything below a directory, itself included.
    fn below(&self, path: &str) -> Vec<String> {
        let inside = format!("{path}/");
        let nodes = self.nodes.borrow();
        nodes.keys().filter(|p| *p == path || p.starts_with(&inside)).cloned().collect()
    }

    fn has_parent(&self, path: &str) -> bool {
        parent(path).is_none_or(|dir| matches!(self.nodes.borrow().get(dir), Some(None)))
    }
}

impl Files for MemoryFiles {
    fn stat(&self, path: &str) -> Result<FileKind, String> {
        match self.nodes.borrow().get(path.trim_end_matches('/')) {
            Some(Some(bytes)) => Ok(FileKind::File { size_bytes: bytes.len() as u64 }),
            Some(None) => Ok(FileKind::Directory),
            None => Err(format!("stat {path}: {MISSING}")),
        }
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.nodes.borrow().get(path) {
            Some(Some(bytes)) => Ok(bytes.clone()),
            Some(None) => Err(format!("read {path}: is a directory")),
            None => Err(format!("open {path}: {MISSING}")),
        }
    }

    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        if !self.has_parent(path) {
            return Err(format!("open {path}: {MISSING}"));
        }
        if let Some(None) = self.nodes.borrow().get(path) {
            return Err(format!("open {path}: is a directory"));
        }
        self.nodes.borrow_mut().insert(path.into(), Some(bytes.to_vec()));
        Ok(())
    }

    fn make_dirs(&self, path: &str) -> Result<(), String> {
        let path = path.trim_end_matches('/');
        let mut dirs: Vec<&str> = std::iter::successors(Some(path), |dir| parent(dir)).collect();
        dirs.reverse();
        for dir in dirs {
            let mut nodes = self.nodes.borrow_mut();
            if nodes.entry(dir.into()).or_default().is_some() {
                return Err(format!("mkdir {dir}: not a directory"));
            }
        }
        Ok(())
    }

    fn list_dir(&self, path: &str) -> Result<Vec<String>, String> {
        let path = path.trim_end_matches('/');
        match self.stat(path) {
            Ok(FileKind::Directory) => {}
            Ok(FileKind::File { .. }) => return Err(format!("readdirent {path}: not a directory")),
            Err(_) => return Err(format!("open {path}: {MISSING}")),
        }
        let inside = format!("{path}/");
        let nodes = self.nodes.borrow();
        let names = nodes.keys().filter_map(|p| p.strip_prefix(&inside));
        Ok(names.filter(|name| !name.contains('/')).map(String::from).collect())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), String> {
        if self.stat(from).is_err() || !self.has_parent(to) {
            return Err(format!("rename {from} {to}: {MISSING}"));
        }
        for path in self.below(from) {
            let mut nodes = self.nodes.borrow_mut();
            if let Some(node) = nodes.remove(&path) {
                nodes.insert(format!("{to}{}", &path[from.len()..]), node);
            }
        }
        Ok(())
    }

    fn remove_all(&self, path: &str) -> Result<(), String> {
        for path in self.below(path.trim_end_matches('/')) {
            self.nodes.borrow_mut().remove(&path);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_made_listed_moved_and_removed() {
        let files = MemoryFiles::default();
        let missing = Err("open a/b/c: no such file or directory".into());
        assert_eq!(files.write_file("a/b/c", b"x"), missing);
        assert_eq!(files.make_dirs("a/b"), Ok(()));
        assert_eq!(files.write_file("a/b/c", b"x"), Ok(()));
        assert_eq!(files.stat("a/b/c"), Ok(FileKind::File { size_bytes: 1 }));
        assert_eq!(files.make_dirs("a/b/c"), Err("mkdir a/b/c: not a directory".into()));
        assert_eq!(files.list_dir("a"), Ok(vec!["b".into()]));
        assert_eq!(files.rename("a/b", "a/d"), Ok(()));
        assert_eq!(files.read_file("a/d/c"), Ok(b"x".to_vec()));
        assert_eq!(files.read_file("a/d"), Err("read a/d: is a directory".into()));
        assert_eq!(files.remove_all("a"), Ok(()));
        assert_eq!(files.stat("a"), Err("stat a: no such file or directory".into()));
    }
}
