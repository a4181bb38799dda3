//! A running program: its arguments, environment and descriptors, and the helpers that tools use.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::fs::{self, FsError, Node};
use crate::io::{Fd, Io, WriteError};
use crate::signals::{Proc, Watch};
use crate::sys::Sys;

/// A program: an async function from a process to its exit status.
pub(crate) type Program = fn(Process) -> Pin<Box<dyn Future<Output = ToolResult>>>;

/// An exit status, or an early end.
pub(crate) type ToolResult = Result<i32, Exit>;

/// Ends the program at once with this status (141: killed by SIGPIPE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) i32);

impl From<WriteError> for Exit {
    fn from(error: WriteError) -> Self {
        Exit(if error == WriteError::BrokenPipe { 141 } else { 1 })
    }
}

#[derive(Clone)]
pub(crate) struct Process {
    /// The words of the command, its name first.
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cwd: String,
    pub(crate) io: Io,
    pub(crate) sys: Sys,
    /// Its pid, its group and its signals.
    pub(crate) proc: Rc<Proc>,
    /// How many shells are around it.
    pub(crate) depth: u32,
}

impl Process {
    /// Runs the program that the words name, to its end or until a signal ends it.
    pub(crate) fn run(self) -> Watch {
        let proc = self.proc.clone();
        proc.watch(crate::tools::run(self))
    }

    /// A process like this one that this one starts, with other words.
    pub(crate) fn child(&self, args: Vec<String>) -> Process {
        let proc = self.sys.processes().add(self.proc.pid, Some(self.proc.group));
        Process { args, proc, depth: self.depth + 1, ..self.clone() }
    }

    pub(crate) fn name(&self) -> &str {
        self.args.first().map_or("", String::as_str)
    }

    pub(crate) fn operands(&self) -> &[String] {
        self.args.get(1..).unwrap_or_default()
    }

    pub(crate) async fn out(&self, bytes: impl AsRef<[u8]>) -> Result<(), Exit> {
        match self.io.write(1, bytes.as_ref()).await {
            Ok(()) => Ok(()),
            Err(WriteError::BrokenPipe) => Err(Exit(141)),
            Err(error) => {
                let why =
                    if error == WriteError::NoSpace { fs::NO_SPACE } else { "Bad file descriptor" };
                let text = format!("{}: write error: {why}\n", self.name());
                let _ = self.io.write(2, text.as_bytes()).await;
                Err(Exit(1))
            }
        }
    }

    pub(crate) async fn err(&self, text: impl AsRef<[u8]>) -> Result<(), Exit> {
        match self.io.write(2, text.as_ref()).await {
            Err(WriteError::BrokenPipe) => Err(Exit(141)),
            _ => Ok(()),
        }
    }

    /// Prints `NAME: text` on standard error and gives back the status.
    pub(crate) async fn fail(&self, status: i32, text: impl AsRef<str>) -> ToolResult {
        self.err(format!("{}: {}\n", self.name(), text.as_ref())).await?;
        Ok(status)
    }

    /// `NAME: invalid option -- 'x'` with the pointer to --help, as coreutils print it.
    pub(crate) async fn bad_option(&self, status: i32, option: &str) -> ToolResult {
        let name = self.name().to_string();
        let what = match (option.strip_prefix('='), option.strip_prefix("--")) {
            (Some(lacking), _) => format!("option requires an argument -- '{lacking}'"),
            (None, Some(_)) => format!("unrecognized option '{option}'"),
            (None, None) => format!("invalid option -- '{}'", option.trim_start_matches('-')),
        };
        let text = format!("{name}: {what}\nTry '{name} --help' for more information.\n");
        self.err(text).await?;
        Ok(status)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        fs::normal(&self.cwd, name)
    }

    /// Opens a file for reading; `-` is standard input.
    pub(crate) fn open(&self, name: &str) -> Result<Reader, FsError> {
        if name == "-" || name == "/dev/stdin" {
            return Ok(self.stdin());
        }
        if name.is_empty() {
            return Err(fs::NOT_FOUND);
        }
        let node = self.sys.fs().node(&self.path(name))?;
        match node {
            Node::Directory => Err(fs::IS_DIRECTORY),
            Node::File(file) => Ok(Reader::new(Fd::file(&self.sys, file, false))),
            Node::Device(device) => Ok(Reader::new(Fd::device(device))),
        }
    }

    pub(crate) fn stdin(&self) -> Reader {
        Reader::new(self.io.get(0).cloned().unwrap_or(Fd::Null))
    }

    /// Everything in the named files (standard input if none), with errors reported as coreutils
    /// do; the flag is false if a file could not be read.
    pub(crate) async fn read_files(&self, names: &[String]) -> Result<(Vec<u8>, bool), Exit> {
        let (mut all, mut fine) = (Vec::new(), true);
        let stdin = ["-".to_string()];
        for name in if names.is_empty() { &stdin } else { names } {
            match self.open(name) {
                Ok(mut reader) => all.extend(reader.all().await),
                Err(error) => {
                    self.err(format!("{}: {name}: {error}\n", self.name())).await?;
                    fine = false;
                }
            }
        }
        Ok((all, fine))
    }
}

/// Buffered reading of lines.
pub(crate) struct Reader {
    fd: Fd,
    buffer: Vec<u8>,
    start: usize,
}

const CHUNK_BYTES: usize = 1 << 14;
/// Most that one process reads into memory.
const ALL_BYTES_MAX: usize = 64 << 20;

impl Reader {
    pub(crate) fn new(fd: Fd) -> Reader {
        Reader { fd, buffer: Vec::new(), start: 0 }
    }

    /// Some bytes; empty at end of file.
    pub(crate) async fn some(&mut self) -> Vec<u8> {
        if self.start < self.buffer.len() {
            let rest = self.buffer.split_off(self.start);
            self.buffer.clear();
            self.start = 0;
            return rest;
        }
        self.fd.read(CHUNK_BYTES).await
    }

    /// Everything up to the end of file.
    pub(crate) async fn all(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let bytes = self.some().await;
            if bytes.is_empty() || all.len() > ALL_BYTES_MAX {
                return all;
            }
            all.extend(bytes);
        }
    }

    /// The next line without its newline, and whether it had one.
    pub(crate) async fn line(&mut self) -> Option<(Vec<u8>, bool)> {
        let mut searched = self.start;
        loop {
            let newline = self.buffer[searched..].iter().position(|b| *b == b'\n');
            if let Some(at) = newline {
                let end = searched + at;
                let line = self.buffer[self.start..end].to_vec();
                self.start = end + 1;
                return Some((line, true));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            searched = self.buffer.len();
            let bytes = self.fd.read(CHUNK_BYTES).await;
            if bytes.is_empty() || searched > ALL_BYTES_MAX {
                let line = std::mem::take(&mut self.buffer);
                return (!line.is_empty()).then_some((line, false));
            }
            self.buffer.extend(bytes);
        }
    }
}
