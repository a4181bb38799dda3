//! `vi`, `vim` and `nano`: the console's plain editor. It opens one file, waits until it is closed and
//! writes what was saved. Left out: everything that makes them different.

use crate::fs::{self, Node};
use crate::process::{Process, ToolResult};

pub(super) async fn edit(process: Process) -> ToolResult {
    if !process.sys.is_terminal() {
        return process.fail(1, "not in this lab without a terminal").await;
    }
    let mut names = process.operands().iter().filter(|word| !word.starts_with(['-', '+']));
    let name = match (names.next(), names.next()) {
        (Some(name), None) => name.clone(),
        (None, _) => return process.fail(1, "which file? Name one").await,
        (Some(_), Some(_)) => return process.fail(1, "one file at a time in this lab").await,
    };
    let path = process.path(&name);
    let node = process.sys.fs().node(&path);
    let text = match node {
        Ok(Node::File(file)) => file.borrow().bytes.clone(),
        Ok(Node::Directory) => {
            return process.fail(1, format!("{name}: {}", fs::IS_DIRECTORY)).await;
        }
        Ok(Node::Device(_)) => return process.fail(1, format!("{name}: not a file")).await,
        Err(fs::NOT_FOUND) if process.sys.fs().is_dir(fs::parent(&path)) => Vec::new(),
        Err(error) => return process.fail(1, format!("{name}: {error}")).await,
    };
    if text.contains(&0) || std::str::from_utf8(&text).is_err() {
        return process.fail(1, format!("{name}: not a text file")).await;
    }
    let Some(saved) = process.sys.edit(&path, text.into()).await else { return Ok(0) };
    let wall_us = process.sys.wall_us();
    let written = process.sys.fs().write(&path, &saved, wall_us);
    match written {
        Ok(()) => Ok(0),
        Err(error) => process.fail(1, format!("{name}: {error}")).await,
    }
}
