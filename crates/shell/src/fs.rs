//! The host's virtual file system: directories, regular files and a few devices, in memory.
//!
//! Left out: owners, permissions, links and mounts. Errors carry the C library's words.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Contents of a regular file; open handles share them with the tree, so a removed file lives on
/// as long as someone has it open.
pub(crate) type FileRef = Rc<RefCell<FileData>>;

#[derive(Debug, Default)]
pub(crate) struct FileData {
    pub(crate) bytes: Vec<u8>,
    /// Wall clock, microseconds since 1970.
    pub(crate) modified_us: u64,
}

/// What a path names.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Directory,
    File(FileRef),
    Device(Device),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Null,
    Zero,
}

/// The C library's message, such as `No such file or directory`.
pub(crate) type FsError = &'static str;

pub(crate) const NOT_FOUND: FsError = "No such file or directory";
pub(crate) const IS_DIRECTORY: FsError = "Is a directory";
pub(crate) const NOT_DIRECTORY: FsError = "Not a directory";
pub(crate) const EXISTS: FsError = "File exists";
pub(crate) const NOT_EMPTY: FsError = "Directory not empty";
pub(crate) const NO_SPACE: FsError = "No space left on device";
pub(crate) const DENIED: FsError = "Permission denied";

/// Largest sum of file sizes.
const CAPACITY_BYTES: usize = 64 << 20;

/// All nodes by absolute, normal path; parents always exist.
#[derive(Debug)]
pub(crate) struct Fs {
    nodes: BTreeMap<String, Node>,
}

impl Fs {
    pub(crate) fn new() -> Self {
        let mut nodes = BTreeMap::new();
        for path in ["/", "/dev", "/etc", "/home", "/root", "/tmp", "/var", "/usr", "/usr/bin"] {
            nodes.insert(path.to_string(), Node::Directory);
        }
        nodes.insert("/dev/null".into(), Node::Device(Device::Null));
        nodes.insert("/dev/zero".into(), Node::Device(Device::Zero));
        Fs { nodes }
    }

    pub(crate) fn node(&self, path: &str) -> Result<Node, FsError> {
        if let Some(node) = self.nodes.get(path) {
            return Ok(node.clone());
        }
        let file_above = ancestors(path).any(|p| !self.is_dir(p) && self.nodes.contains_key(p));
        Err(if file_above { NOT_DIRECTORY } else { NOT_FOUND })
    }

    pub(crate) fn is_dir(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(Node::Directory))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.nodes.contains_key(path)
    }

    /// Opens a regular file or device for writing, made if missing.
    pub(crate) fn create(&mut self, path: &str, now_us: u64) -> Result<Node, FsError> {
        match self.node(path) {
            Ok(Node::Directory) => Err(IS_DIRECTORY),
            Ok(node) => Ok(node),
            Err(NOT_FOUND) if self.is_dir(parent(path)) => {
                let data = FileData { bytes: Vec::new(), modified_us: now_us };
                let node = Node::File(Rc::new(RefCell::new(data)));
                self.nodes.insert(path.to_string(), node.clone());
                Ok(node)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, FsError> {
        match self.node(path)? {
            Node::Directory => Err(IS_DIRECTORY),
            Node::File(file) => Ok(file.borrow().bytes.clone()),
            Node::Device(_) => Ok(Vec::new()),
        }
    }

    pub(crate) fn write(&mut self, path: &str, bytes: &[u8], now_us: u64) -> Result<(), FsError> {
        if let Node::File(file) = self.create(path, now_us)? {
            self.room_for(bytes.len())?;
            let mut file = file.borrow_mut();
            file.bytes = bytes.to_vec();
            file.modified_us = now_us;
        }
        Ok(())
    }

    /// Puts a file there whatever room there is; its directory must exist.
    pub(crate) fn replace(&mut self, path: &str, bytes: &[u8], now_us: u64) {
        let data = FileData { bytes: bytes.to_vec(), modified_us: now_us };
        self.nodes.insert(path.to_string(), Node::File(Rc::new(RefCell::new(data))));
    }

    /// Everything below a directory, in order of paths.
    pub(crate) fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let prefix = if path == "/" { "/".to_string() } else { format!("{path}/") };
        let from = self.nodes.range(prefix.clone()..);
        from.take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, node)| (path.as_str(), node))
    }

    /// Checks that so many more bytes fit.
    pub(crate) fn room_for(&self, more: usize) -> Result<(), FsError> {
        let used: usize = self.nodes.values().map(node_bytes).sum();
        if used + more > CAPACITY_BYTES { Err(NO_SPACE) } else { Ok(()) }
    }

    pub(crate) fn make_dir(&mut self, path: &str) -> Result<(), FsError> {
        match self.node(path) {
            Ok(_) => Err(EXISTS),
            Err(NOT_FOUND) if self.is_dir(parent(path)) => {
                self.nodes.insert(path.to_string(), Node::Directory);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a directory and its parents.
    pub(crate) fn make_dirs(&mut self, path: &str) -> Result<(), FsError> {
        let mut missing: Vec<&str> = ancestors(path).filter(|p| !self.exists(p)).collect();
        missing.reverse();
        for dir in missing {
            self.make_dir(dir)?;
        }
        match self.node(path) {
            Ok(Node::Directory) => Ok(()),
            Ok(_) => Err(EXISTS),
            Err(_) => self.make_dir(path),
        }
    }

    pub(crate) fn remove_file(&mut self, path: &str) -> Result<(), FsError> {
        match self.node(path)? {
            Node::Directory => Err(IS_DIRECTORY),
            Node::Device(_) => Err(DENIED),
            Node::File(_) => {
                self.nodes.remove(path);
                Ok(())
            }
        }
    }

    pub(crate) fn remove_dir(&mut self, path: &str) -> Result<(), FsError> {
        match self.node(path)? {
            Node::Directory if self.list(path).is_empty() => {
                self.nodes.remove(path);
                Ok(())
            }
            Node::Directory => Err(NOT_EMPTY),
            _ => Err(NOT_DIRECTORY),
        }
    }

    /// Removes a path and everything below.
    pub(crate) fn remove_all(&mut self, path: &str) -> Result<(), FsError> {
        if ["/", "/dev"].contains(&path) || path.starts_with("/dev/") {
            return Err(DENIED);
        }
        self.node(path)?;
        let below = format!("{path}/");
        self.nodes.retain(|p, _| p != path && !p.starts_with(&below));
        Ok(())
    }

    /// Moves a path and everything below; a file in the way is replaced.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), FsError> {
        let node = self.node(from)?;
        if !self.is_dir(parent(to)) {
            return Err(NOT_FOUND);
        }
        if from == to {
            return Ok(());
        }
        let below = format!("{from}/");
        let moved: Vec<(String, Node)> = self
            .nodes
            .iter()
            .filter(|(path, _)| path.starts_with(&below))
            .map(|(path, node)| (format!("{to}/{}", &path[below.len()..]), node.clone()))
            .collect();
        self.nodes.retain(|path, _| path != from && !path.starts_with(&below));
        self.nodes.insert(to.to_string(), node);
        self.nodes.extend(moved);
        Ok(())
    }

    /// Names in a directory, in byte order.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        let prefix = if path == "/" { "/".to_string() } else { format!("{path}/") };
        self.nodes
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .filter_map(|(path, _)| {
                let name = &path[prefix.len()..];
                (!name.is_empty() && !name.contains('/')).then(|| name.to_string())
            })
            .collect()
    }
}

fn node_bytes(node: &Node) -> usize {
    if let Node::File(file) = node { file.borrow().bytes.len() } else { 0 }
}

/// The directory that a path stands in.
pub(crate) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

/// Parents, grandparents and so on, nearest first.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| (*path != "/").then(|| parent(path))).skip(1)
}

/// Makes a path absolute and removes `.`, `..` and doubled slashes.
pub(crate) fn normal(cwd: &str, path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_string() } else { format!("{cwd}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
