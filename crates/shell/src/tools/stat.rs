//! What is true of files and of the machine: `stat`, `du`, `sha256sum`, `chmod`, `uname`, `id`, `nproc`
//! and a few more. Files here have no owners, modes, links or inodes, so none are shown.

use sha2::{Digest, Sha256};

use crate::fs::Node;
use crate::process::{Process, ToolResult};
use crate::tools::options::Options;
use crate::tools::run::format_date;

/// Kind, size in bytes and time of change of a file.
fn facts(process: &Process, name: &str) -> Result<(&'static str, usize, u64), &'static str> {
    let node = process.sys.fs().node(&process.path(name))?;
    Ok(match node {
        Node::Directory => ("directory", 4096, process.sys.epoch_us()),
        Node::Device(_) => ("character special file", 0, process.sys.epoch_us()),
        Node::File(file) => {
            let file = file.borrow();
            let kind = if file.bytes.is_empty() { "regular empty file" } else { "regular file" };
            (kind, file.bytes.len(), file.modified_us)
        }
    })
}

/// `stat [-c FORMAT] FILE...` with `%n %s %F %y %Y`.
pub(super) async fn stat(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "", "c", &[("format", 'c')]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    if options.operands.is_empty() {
        process.err("stat: missing operand\nTry 'stat --help' for more information.\n").await?;
        return Ok(1);
    }
    let mut status = 0;
    for name in &options.operands {
        let (kind, size, modified_us) = match facts(&process, name) {
            Ok(facts) => facts,
            Err(error) => {
                process.fail(1, format!("cannot statx '{name}': {error}")).await?;
                status = 1;
                continue;
            }
        };
        let date = format_date(modified_us, "%F %T.%N +0000");
        let Some(format) = options.value('c') else {
            let text = format!("  File: {name}\n  Size: {size:<15} {kind}\nModify: {date}\n");
            process.out(text).await?;
            continue;
        };
        let (mut text, mut chars) = (String::new(), format.chars());
        while let Some(c) = chars.next() {
            match if c == '%' { chars.next() } else { None } {
                Some('n') => text.push_str(name),
                Some('s') => text.push_str(&size.to_string()),
                Some('F') => text.push_str(kind),
                Some('y') => text.push_str(&date),
                Some('Y') => text.push_str(&(modified_us / 1_000_000).to_string()),
                Some('%') => text.push('%'),
                Some(other) => {
                    return process.fail(1, format!("%{other}: not in this lab")).await;
                }
                None => text.push(c),
            }
        }
        process.out(text + "\n").await?;
    }
    Ok(status)
}

/// `du [-s] [-h] [-a] [-b] [-k] PATH...`: whole blocks of 4 KiB, or bytes with `-b`.
pub(super) async fn du(process: Process) -> ToolResult {
    let long = [("summarize", 's'), ("human-readable", 'h'), ("bytes", 'b')];
    let options = match Options::parse(process.operands(), "shabkc", "", &long) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let names =
        if options.operands.is_empty() { vec![".".to_string()] } else { options.operands.clone() };
    let cost = |node: &Node| match node {
        Node::File(file) if options.has('b') => file.borrow().bytes.len(),
        Node::File(file) => file.borrow().bytes.len().next_multiple_of(4096),
        Node::Directory => 4096,
        Node::Device(_) => 0,
    };
    let shown = |bytes: usize| match (options.has('b'), options.has('h')) {
        (true, false) => bytes.to_string(),
        (_, true) => human(bytes),
        _ => (bytes / 1024).to_string(),
    };
    let mut status = 0;
    for name in names {
        let path = process.path(&name);
        let node = process.sys.fs().node(&path);
        let node = match node {
            Ok(node) => node,
            Err(error) => {
                process.fail(1, format!("cannot access '{name}': {error}")).await?;
                status = 1;
                continue;
            }
        };
        let mut rows = Vec::new();
        {
            let fs = process.sys.fs();
            let total = |path: &str, node: &Node| {
                cost(node) + fs.below(path).map(|(_, node)| cost(node)).sum::<usize>()
            };
            if !options.has('s') {
                for (below, node) in fs.below(&path) {
                    if options.has('a') || matches!(node, Node::Directory) {
                        let rest = below[path.len()..].trim_start_matches('/');
                        let shown = format!("{}/{rest}", name.trim_end_matches('/'));
                        rows.push((total(below, node), shown));
                    }
                }
                rows.reverse();
            }
            rows.push((total(&path, &node), name));
        }
        for (bytes, name) in rows {
            process.out(format!("{}\t{name}\n", shown(bytes))).await?;
        }
    }
    Ok(status)
}

/// `4.0K`, `12M`: rounded up, as du does.
fn human(bytes: usize) -> String {
    let (mut tenths, mut unit) = (bytes as u64 * 10, 0);
    while tenths >= 10_240 && unit < 4 {
        tenths = tenths.div_ceil(1024);
        unit += 1;
    }
    let letter = ["", "K", "M", "G", "T"][unit];
    if unit > 0 && tenths < 100 {
        return format!("{}.{}{letter}", tenths / 10, tenths % 10);
    }
    format!("{}{letter}", tenths.div_ceil(10))
}

/// `sha256sum FILE...` and `sha256sum -c SUMS`.
pub(super) async fn sha256sum(process: Process) -> ToolResult {
    let long = [("check", 'c'), ("binary", 'b'), ("text", 't'), ("quiet", 'q')];
    let options = match Options::parse(process.operands(), "cbtq", "", &long) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let (mut status, mut bad) = (0, 0);
    for name in options.files() {
        let bytes = match process.open(&name) {
            Ok(mut reader) => reader.all().await,
            Err(error) => {
                process.fail(1, format!("{name}: {error}")).await?;
                status = 1;
                continue;
            }
        };
        if !options.has('c') {
            process.out(format!("{}  {name}\n", sum(&bytes))).await?;
            continue;
        }
        for line in String::from_utf8_lossy(&bytes).lines() {
            let Some((wanted, file)) = line.split_once("  ") else { continue };
            let found = match process.open(file) {
                Ok(mut reader) => sum(&reader.all().await),
                Err(error) => {
                    process.fail(1, format!("{file}: {error}")).await?;
                    String::new()
                }
            };
            let fine = found == wanted;
            bad += i32::from(!fine);
            if !fine || !options.has('q') {
                let outcome = if fine { "OK" } else { "FAILED" };
                process.out(format!("{file}: {outcome}\n")).await?;
            }
        }
    }
    if bad > 0 {
        let plural = if bad == 1 { "checksum did" } else { "checksums did" };
        return process.fail(1, format!("WARNING: {bad} computed {plural} NOT match")).await;
    }
    Ok(status)
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `chmod MODE FILE...`: whoever types here may read, write and run every file, so a mode that
/// allows its owner all that is accepted and no other.
pub(super) async fn chmod(process: Process) -> ToolResult {
    let words: Vec<&String> =
        process.operands().iter().filter(|word| !["-R", "-v"].contains(&word.as_str())).collect();
    let Some((mode, files)) = words.split_first().filter(|(_, files)| !files.is_empty()) else {
        process.err("chmod: missing operand\nTry 'chmod --help' for more information.\n").await?;
        return Ok(1);
    };
    let allows = ["+x", "a+x", "u+x", "ug+x", "+rx", "a+rx", "u+rwx", "+rwx", "a+rwx"];
    let full = mode.trim_start_matches('0').starts_with('7') && mode.parse::<u32>().is_ok();
    if !full && !allows.contains(&mode.as_str()) {
        return process
            .fail(1, format!("mode {mode} is not in this lab: files have no modes"))
            .await;
    }
    let mut status = 0;
    for name in files {
        let node = process.sys.fs().node(&process.path(name));
        if let Err(error) = node {
            process.fail(1, format!("cannot access '{name}': {error}")).await?;
            status = 1;
        }
    }
    Ok(status)
}

/// `uname [-s] [-n] [-o]`, `id [-u] [-un]`, `nproc`.
pub(super) async fn machine(process: Process) -> ToolResult {
    let flags: String =
        process.operands().iter().map(|word| word.strip_prefix('-').unwrap_or("?")).collect();
    let known = match process.name() {
        "uname" => "sno",
        "id" => "ugnG",
        _ => "",
    };
    if let Some(other) = flags.chars().find(|flag| !known.contains(*flag)) {
        return process.fail(1, format!("-{other}: not in this lab")).await;
    }
    let text = match process.name() {
        "uname" => {
            let part = |flag, text| {
                (flags.contains(flag) || flags.is_empty() && flag == 's').then_some(text)
            };
            let host = process.env.get("HOSTNAME").map_or("client", String::as_str);
            let parts = [part('s', "Linux"), part('n', host), part('o', "GNU/Linux")];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        "id" if flags.contains('n') => "root".into(),
        "id" if !flags.is_empty() => "0".into(),
        "id" => "uid=0(root) gid=0(root) groups=0(root)".into(),
        _ => "1".into(),
    };
    process.out(text + "\n").await?;
    Ok(0)
}
