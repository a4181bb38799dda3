//! `ls`, `mkdir`, `rm`, `rmdir`, `cp`, `mv`, `touch`, `basename`, `dirname`.

use crate::fs::{self, Node};
use crate::process::{Exit, Process, ToolResult};
use crate::tools::options::Options;

/// Names one a line, as `ls` prints them into a pipe; `-l` shows kind and size.
pub(super) async fn ls(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "1aAldhrtRF", "", &[("all", 'a')]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(2, &bad).await,
    };
    let names =
        if options.operands.is_empty() { vec![".".to_string()] } else { options.operands.clone() };
    let (mut status, mut plain, mut directories) = (0, Vec::new(), Vec::new());
    for name in names {
        let node = process.sys.fs().node(&process.path(&name));
        match node {
            Ok(Node::Directory) if !options.has('d') => directories.push(name),
            Ok(_) => plain.push(name),
            Err(error) => {
                process.fail(2, format!("cannot access '{name}': {error}")).await?;
                status = 2;
            }
        }
    }
    plain.sort();
    directories.sort();
    let many = directories.len() + plain.len() > 1 || status != 0;
    rows(&process, &options, "", &plain).await?;
    for (at, name) in directories.iter().enumerate() {
        if many {
            let gap = if at > 0 || !plain.is_empty() { "\n" } else { "" };
            process.out(format!("{gap}{name}:\n")).await?;
        }
        let mut entries = process.sys.fs().list(&process.path(name));
        if !options.has('a') && !options.has('A') {
            entries.retain(|entry| !entry.starts_with('.'));
        } else if options.has('a') {
            entries.splice(0..0, [".".to_string(), "..".to_string()]);
        }
        if options.has('l') {
            process.out("total 0\n").await?;
        }
        rows(&process, &options, name, &entries).await?;
    }
    Ok(status)
}

async fn rows(
    process: &Process,
    options: &Options,
    dir: &str,
    names: &[String],
) -> Result<(), Exit> {
    let mut names = names.to_vec();
    if options.has('r') {
        names.reverse();
    }
    for name in names {
        let mut row = name.clone();
        if options.has('l') {
            let path = process.path(&if dir.is_empty() { name } else { format!("{dir}/{name}") });
            let node = process.sys.fs().node(&path);
            let (kind, size) = match node {
                Ok(Node::File(file)) => ("-rw-r--r-- 1", file.borrow().bytes.len()),
                Ok(Node::Device(_)) => ("crw-rw-rw- 1", 0),
                _ => ("drwxr-xr-x 2", 4096),
            };
            row = format!("{kind} root root {size:>8} {row}");
        }
        process.out(format!("{row}\n")).await?;
    }
    Ok(())
}

async fn missing_operand(process: &Process, what: &str) -> ToolResult {
    let name = process.name();
    let text = format!("{name}: missing {what}\nTry '{name} --help' for more information.\n");
    process.err(text).await?;
    Ok(1)
}

pub(super) async fn mkdir(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "pv", "m", &[("parents", 'p')]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    if options.operands.is_empty() {
        return missing_operand(&process, "operand").await;
    }
    let mut status = 0;
    for name in &options.operands {
        let path = process.path(name);
        let made = if options.has('p') {
            process.sys.fs().make_dirs(&path)
        } else {
            process.sys.fs().make_dir(&path)
        };
        if let Err(error) = made {
            process.fail(1, format!("cannot create directory '{name}': {error}")).await?;
            status = 1;
        }
    }
    Ok(status)
}

pub(super) async fn rm(process: Process) -> ToolResult {
    let options =
        match Options::parse(process.operands(), "rRfv", "", &[("recursive", 'r'), ("force", 'f')])
        {
            Ok(options) => options,
            Err(bad) => return process.bad_option(1, &bad).await,
        };
    if options.operands.is_empty() && !options.has('f') {
        return missing_operand(&process, "operand").await;
    }
    let (all, force) = (options.has('r') || options.has('R'), options.has('f'));
    let mut status = 0;
    for name in &options.operands {
        let path = process.path(name);
        let removed = if all {
            process.sys.fs().remove_all(&path)
        } else {
            process.sys.fs().remove_file(&path)
        };
        match removed {
            Ok(()) => {}
            Err(fs::NOT_FOUND) if force => {}
            Err(error) => {
                process.fail(1, format!("cannot remove '{name}': {error}")).await?;
                status = 1;
            }
        }
    }
    Ok(status)
}

pub(super) async fn rmdir(process: Process) -> ToolResult {
    if process.operands().is_empty() {
        return missing_operand(&process, "operand").await;
    }
    let mut status = 0;
    for name in process.operands() {
        let removed = process.sys.fs().remove_dir(&process.path(name));
        if let Err(error) = removed {
            process.fail(1, format!("failed to remove '{name}': {error}")).await?;
            status = 1;
        }
    }
    Ok(status)
}

/// Sources and the path that each gets; the error is a message.
fn targets(process: &Process, operands: &[String]) -> Result<Vec<(String, String)>, String> {
    let Some((last, sources)) = operands.split_last() else {
        return Err("missing file operand".into());
    };
    if sources.is_empty() {
        return Err(format!("missing destination file operand after '{last}'"));
    }
    let target = process.path(last);
    let into = process.sys.fs().is_dir(&target);
    if sources.len() > 1 && !into {
        return Err(format!("target '{last}': {}", fs::NOT_DIRECTORY));
    }
    let name = |source: &String| {
        let path = process.path(source);
        path.rsplit('/').next().unwrap_or_default().to_string()
    };
    let place =
        |source: &String| if into { format!("{target}/{}", name(source)) } else { target.clone() };
    Ok(sources.iter().map(|source| (source.clone(), place(source))).collect())
}

pub(super) async fn cp(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "rRapfv", "", &[("recursive", 'r')]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let recursive = ['r', 'R', 'a'].into_iter().any(|flag| options.has(flag));
    let targets = match targets(&process, &options.operands) {
        Ok(targets) => targets,
        Err(error) => return process.fail(1, error).await,
    };
    let mut status = 0;
    for (source, target) in targets {
        let from = process.path(&source);
        let node = process.sys.fs().node(&from);
        let copied = match node {
            Err(error) => Err(format!("cannot stat '{source}': {error}")),
            Ok(Node::Directory) if !recursive => {
                Err(format!("-r not specified; omitting directory '{source}'"))
            }
            Ok(_) => copy(&process, &from, &target)
                .map_err(|error| format!("cannot create regular file '{target}': {error}")),
        };
        if let Err(error) = copied {
            process.fail(1, error).await?;
            status = 1;
        }
    }
    Ok(status)
}

fn copy(process: &Process, from: &str, to: &str) -> Result<(), fs::FsError> {
    let wall_us = process.sys.wall_us();
    let mut fs = process.sys.fs();
    if !fs.is_dir(from) {
        let bytes = fs.read(from)?;
        return fs.write(to, &bytes, wall_us);
    }
    // The list is taken first, so that a copy into itself ends.
    let mut left = vec![(from.to_string(), to.to_string())];
    let mut at = 0;
    while at < left.len() {
        let (from, to) = left[at].clone();
        at += 1;
        if fs.is_dir(&from) && !to.starts_with(&format!("{from}/")) {
            let names = fs.list(&from);
            left.extend(names.iter().map(|n| (format!("{from}/{n}"), format!("{to}/{n}"))));
            fs.make_dirs(&to)?;
        } else {
            let bytes = fs.read(&from)?;
            fs.write(&to, &bytes, wall_us)?;
        }
    }
    Ok(())
}

pub(super) async fn mv(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "fvn", "", &[("force", 'f')]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let targets = match targets(&process, &options.operands) {
        Ok(targets) => targets,
        Err(error) => return process.fail(1, error).await,
    };
    let mut status = 0;
    for (source, target) in targets {
        let from = process.path(&source);
        if target.starts_with(&format!("{from}/")) {
            let text = format!("cannot move '{source}' to a subdirectory of itself, '{target}'");
            process.fail(1, text).await?;
            status = 1;
            continue;
        }
        let moved = process.sys.fs().rename(&from, &target);
        if let Err(error) = moved {
            process.fail(1, format!("cannot stat '{source}': {error}")).await?;
            status = 1;
        }
    }
    Ok(status)
}

pub(super) async fn touch(process: Process) -> ToolResult {
    if process.operands().is_empty() {
        return missing_operand(&process, "file operand").await;
    }
    let mut status = 0;
    for name in process.operands() {
        let wall_us = process.sys.wall_us();
        let node = process.sys.fs().create(&process.path(name), wall_us);
        match node {
            Ok(Node::File(file)) => file.borrow_mut().modified_us = wall_us,
            Ok(_) | Err(fs::IS_DIRECTORY) => {}
            Err(error) => {
                process.fail(1, format!("cannot touch '{name}': {error}")).await?;
                status = 1;
            }
        }
    }
    Ok(status)
}

/// `basename PATH [SUFFIX]` and `dirname PATH`.
pub(super) async fn name_part(process: Process) -> ToolResult {
    let Some(path) = process.operands().first() else {
        return missing_operand(&process, "operand").await;
    };
    let trimmed = path.trim_end_matches('/');
    let (dir, base) = match trimmed.rsplit_once('/') {
        Some(("", base)) => ("/", base),
        Some((dir, base)) => (dir, base),
        None if trimmed.is_empty() && !path.is_empty() => ("/", "/"),
        None => (".", trimmed),
    };
    let text = if process.name() == "dirname" {
        dir
    } else {
        let suffix = process.operands().get(1).map_or("", String::as_str);
        base.strip_suffix(suffix).filter(|text| !text.is_empty()).unwrap_or(base)
    };
    process.out(format!("{text}\n")).await?;
    Ok(0)
}
