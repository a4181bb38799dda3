//! `cat` and `tee`.

use crate::io::Fd;
use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

pub(super) async fn cat(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "nvAETbsu", "", &[]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let all = options.has('A');
    let show = all || options.has('v') || options.has('E') || options.has('T');
    let (ends, tabs) = (all || options.has('E'), all || options.has('T'));
    let visible = all || options.has('v');
    let (mut status, mut number, mut line_start) = (0, 0u64, true);
    for name in options.files() {
        let mut reader = match process.open(&name) {
            Ok(reader) => reader,
            Err(error) => {
                process.fail(1, format!("{name}: {error}")).await?;
                status = 1;
                continue;
            }
        };
        loop {
            let bytes = reader.some().await;
            if bytes.is_empty() {
                break;
            }
            if !show && !options.has('n') && !options.has('b') {
                process.out(bytes).await?;
                continue;
            }
            let mut out = Vec::new();
            for byte in bytes {
                if line_start && (options.has('n') || (options.has('b') && byte != b'\n')) {
                    number += 1;
                    out.extend(format!("{number:>6}\t").into_bytes());
                }
                line_start = byte == b'\n';
                match byte {
                    b'\n' if ends => out.extend(b"$\n"),
                    b'\t' if tabs => out.extend(b"^I"),
                    byte if visible => show_byte(byte, &mut out),
                    byte => out.push(byte),
                }
            }
            process.out(out).await?;
        }
    }
    Ok(status)
}

/// `^X` and `M-x` for what a terminal would not show.
fn show_byte(byte: u8, out: &mut Vec<u8>) {
    let low = if byte >= 128 {
        out.extend(b"M-");
        byte - 128
    } else if byte == b'\n' || byte == b'\t' {
        out.push(byte);
        return;
    } else {
        byte
    };
    match low {
        0..32 => out.extend([b'^', low + 64]),
        127 => out.extend(b"^?"),
        low => out.push(low),
    }
}

pub(super) async fn tee(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "ai", "", &[]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let (mut files, mut status) = (Vec::new(), 0);
    for name in &options.operands {
        let path = process.path(name);
        let wall_us = process.sys.wall_us();
        let node = process.sys.fs().create(&path, wall_us);
        match node {
            Ok(crate::fs::Node::File(file)) => {
                if !options.has('a') {
                    file.borrow_mut().bytes.clear();
                }
                files.push(Fd::file(&process.sys, file, options.has('a')));
            }
            Ok(_) => {}
            Err(error) => {
                process.fail(1, format!("{name}: {error}")).await?;
                status = 1;
            }
        }
    }
    let mut stdin = process.stdin();
    loop {
        let bytes = stdin.some().await;
        if bytes.is_empty() {
            return Ok(status);
        }
        process.out(&bytes).await?;
        for file in &files {
            file.write(&bytes).await?;
        }
    }
}
