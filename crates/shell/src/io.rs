//! File descriptors of processes: the console, pipes, files and devices.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use cluster::executor::{PipeReader, PipeWriter};

use crate::fs::{Device, FileRef};
use crate::sys::Sys;

/// An open file description. Clones share its offset.
#[derive(Clone)]
pub(crate) enum Fd {
    /// Reads as end of file, swallows what is written.
    Null,
    Zero,
    Console {
        sys: Sys,
        stderr: bool,
    },
    /// The terminal's lines.
    Keyboard(Sys),
    Reader(PipeReader),
    Writer(PipeWriter),
    File(Rc<OpenFile>),
}

pub(crate) struct OpenFile {
    file: FileRef,
    offset: Cell<usize>,
    append: bool,
    sys: Sys,
}

/// Why a write did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteError {
    BrokenPipe,
    NoSpace,
    BadDescriptor,
}

impl Fd {
    pub(crate) fn device(device: Device) -> Fd {
        match device {
            Device::Null => Fd::Null,
            Device::Zero => Fd::Zero,
        }
    }

    pub(crate) fn file(sys: &Sys, file: FileRef, append: bool) -> Fd {
        Fd::File(Rc::new(OpenFile { file, offset: Cell::new(0), append, sys: sys.clone() }))
    }

    /// A person is at the other end.
    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Fd::Keyboard(_) => true,
            Fd::Console { sys, .. } => sys.is_terminal(),
            _ => false,
        }
    }

    /// At most `max_bytes`; empty at end of file.
    pub(crate) async fn read(&self, max_bytes: usize) -> Vec<u8> {
        match self {
            Fd::Null | Fd::Console { .. } | Fd::Writer(_) => Vec::new(),
            Fd::Zero => vec![0; max_bytes],
            Fd::Keyboard(sys) => sys.read_terminal(max_bytes).await,
            Fd::Reader(pipe) => pipe.read(max_bytes).await,
            Fd::File(open) => {
                let file = open.file.borrow();
                let start = open.offset.get().min(file.bytes.len());
                let end = start.saturating_add(max_bytes).min(file.bytes.len());
                open.offset.set(end);
                file.bytes[start..end].to_vec()
            }
        }
    }

    pub(crate) async fn write(&self, bytes: &[u8]) -> Result<(), WriteError> {
        match self {
            Fd::Null | Fd::Zero => Ok(()),
            Fd::Reader(_) => Err(WriteError::BadDescriptor),
            Fd::Console { sys, stderr } => {
                sys.print(*stderr, bytes).await;
                Ok(())
            }
            // A terminal's descriptors all lead to the same device.
            Fd::Keyboard(sys) => {
                sys.print(false, bytes).await;
                Ok(())
            }
            Fd::Writer(pipe) => pipe.write(bytes).await.map_err(|_| WriteError::BrokenPipe),
            Fd::File(open) => open.write(bytes),
        }
    }
}

impl OpenFile {
    fn write(&self, bytes: &[u8]) -> Result<(), WriteError> {
        self.sys.fs().room_for(bytes.len()).map_err(|_| WriteError::NoSpace)?;
        let mut file = self.file.borrow_mut();
        let start = if self.append { file.bytes.len() } else { self.offset.get() };
        let end = start + bytes.len();
        if file.bytes.len() < end {
            file.bytes.resize(end, 0);
        }
        file.bytes[start..end].copy_from_slice(bytes);
        file.modified_us = self.sys.wall_us();
        self.offset.set(end);
        Ok(())
    }
}

/// The descriptors of a process.
#[derive(Clone)]
pub(crate) struct Io {
    fds: BTreeMap<u32, Fd>,
}

impl Io {
    /// Standard input from nowhere, both outputs to the console.
    pub(crate) fn console(sys: &Sys) -> Io {
        let console = |stderr| Fd::Console { sys: sys.clone(), stderr };
        Io { fds: BTreeMap::from([(0, Fd::Null), (1, console(false)), (2, console(true))]) }
    }

    /// The same with the keyboard as standard input.
    pub(crate) fn terminal(sys: &Sys) -> Io {
        Io::console(sys).with(0, Fd::Keyboard(sys.clone()))
    }

    pub(crate) fn get(&self, fd: u32) -> Option<&Fd> {
        self.fds.get(&fd)
    }

    pub(crate) fn set(&mut self, fd: u32, to: Fd) {
        self.fds.insert(fd, to);
    }

    pub(crate) fn close(&mut self, fd: u32) {
        self.fds.remove(&fd);
    }

    pub(crate) fn with(&self, fd: u32, to: Fd) -> Io {
        let mut io = self.clone();
        io.set(fd, to);
        io
    }

    /// Writes to a descriptor; a closed one is an error.
    pub(crate) async fn write(&self, fd: u32, bytes: &[u8]) -> Result<(), WriteError> {
        match self.fds.get(&fd) {
            Some(fd) => fd.write(bytes).await,
            None => Err(WriteError::BadDescriptor),
        }
    }
}
