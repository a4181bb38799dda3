//! Redirections: from a command's descriptors to those it runs with.

use crate::fs::{self, FsError, Node};
use crate::io::{Fd, Io};
use crate::lang::ast::*;
use crate::shell::{Flow, Shell};
use cluster::executor::pipe;
use std::future::Future;

/// The new descriptors, or the status after an error that was reported.
pub(crate) async fn apply(
    shell: &mut Shell,
    redirects: &[Redirect],
    io: &Io,
) -> Result<Result<Io, i32>, Flow> {
    let mut io = io.clone();
    for redirect in redirects {
        let outer = io.clone();
        let (target, mode) = match &redirect.kind {
            RedirectKind::Text(word) => {
                let text = shell.text(word, &outer).await?;
                io.set(redirect.fd, text_fd(text));
                continue;
            }
            RedirectKind::Duplicate(word) => {
                let text = shell.text(word, &outer).await?;
                if !duplicate(&mut io, redirect.fd, &text) {
                    shell.complain(&outer, format!("{text}: Bad file descriptor")).await;
                    return Ok(Err(1));
                }
                continue;
            }
            RedirectKind::Read(word) => (word, None),
            RedirectKind::Write(word) => (word, Some(false)),
            RedirectKind::Append(word) => (word, Some(true)),
            RedirectKind::Both { target, append } => (target, Some(*append)),
        };
        let names = shell.fields(std::slice::from_ref(target), &outer).await?;
        let [name] = names.as_slice() else {
            shell.complain(&outer, format!("{}: ambiguous redirect", source(target))).await;
            return Ok(Err(1));
        };
        let opened = match special(&io, name) {
            Some(fd) => Ok(fd),
            None => {
                shell.sys.fetch_data_dirs(&[fs::normal(&shell.cwd, name)]).await;
                open(shell, name, mode)
            }
        };
        match opened {
            Ok(fd) => {
                if matches!(redirect.kind, RedirectKind::Both { .. }) {
                    io.set(2, fd.clone());
                }
                io.set(redirect.fd, fd);
            }
            Err(error) => {
                shell.complain(&outer, format!("{name}: {error}")).await;
                return Ok(Err(1));
            }
        }
    }
    Ok(Ok(io))
}

fn special(io: &Io, name: &str) -> Option<Fd> {
    let fd = match name {
        "/dev/stdin" => 0,
        "/dev/stdout" => 1,
        "/dev/stderr" => 2,
        _ => return None,
    };
    io.get(fd).cloned()
}

fn duplicate(io: &mut Io, fd: u32, text: &str) -> bool {
    if text == "-" {
        io.close(fd);
        return true;
    }
    match text.parse().ok().and_then(|from| io.get(from)).cloned() {
        Some(from) => {
            io.set(fd, from);
            true
        }
        None => false,
    }
}

/// `mode` is None to read, else whether to append.
fn open(shell: &Shell, name: &str, mode: Option<bool>) -> Result<Fd, FsError> {
    if name.is_empty() {
        return Err(fs::NOT_FOUND);
    }
    let path = fs::normal(&shell.cwd, name);
    let wall_us = shell.sys.wall_us();
    let node = match mode {
        None => shell.sys.fs().node(&path)?,
        Some(_) => shell.sys.fs().create(&path, wall_us)?,
    };
    match node {
        // Bash opens a directory for reading and the program fails; here the shell says it.
        Node::Directory => Err(fs::IS_DIRECTORY),
        Node::Device(device) => Ok(Fd::device(device)),
        Node::File(file) => {
            if mode == Some(false) {
                let mut data = file.borrow_mut();
                data.bytes.clear();
                data.modified_us = wall_us;
            }
            Ok(Fd::file(&shell.sys, file, mode == Some(true)))
        }
    }
}

/// A here-document is a pipe that holds all of its text and has no writer left.
fn text_fd(text: String) -> Fd {
    let (writer, reader) = pipe(text.len().max(1));
    // The pipe is large enough, so the write is done at its first poll.
    let mut write = Box::pin(async move { writer.write(text.as_bytes()).await });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let _ = write.as_mut().poll(&mut context);
    drop(write);
    Fd::Reader(reader)
}

fn source(word: &Word) -> String {
    word.iter()
        .map(|part| match part {
            Part::Literal(text) | Part::Quoted(text) => text.clone(),
            Part::Param(param) => format!("${}", param.name),
            _ => String::new(),
        })
        .collect()
}
