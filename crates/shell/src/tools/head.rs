//! `head`, `tail` and `wc`.

use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

/// `-5` as head and tail take it, rewritten to `-n 5`.
fn old_style(args: &[String]) -> Vec<String> {
    let mut args = args.to_vec();
    if let Some(first) = args.first_mut()
        && let Some(digits) = first.strip_prefix('-')
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        *first = format!("-n{digits}");
    }
    args
}

const LONG: [(&str, char); 4] = [("lines", 'n'), ("bytes", 'c'), ("quiet", 'q'), ("verbose", 'v')];

pub(super) async fn head(process: Process) -> ToolResult {
    let args = old_style(process.operands());
    let options = match Options::parse(&args, "qv", "nc", &LONG) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let bytes_wanted = options.value('c').is_some();
    let text = options.value('c').or(options.value('n')).unwrap_or("10").to_string();
    let Some((count, all_but)) = count(&text) else {
        return bad_count(&process, &text, bytes_wanted).await;
    };
    let files = options.files();
    let mut status = 0;
    for (at, name) in files.iter().enumerate() {
        let mut reader = match process.open(name) {
            Ok(reader) => reader,
            Err(error) => {
                let text = format!("cannot open '{name}' for reading: {error}");
                process.fail(1, text).await?;
                status = 1;
                continue;
            }
        };
        heading(&process, &files, at, name, options.has('q')).await?;
        if all_but {
            let all = reader.all().await;
            let end = if bytes_wanted {
                all.len().saturating_sub(count)
            } else {
                tail_start(&all, count)
            };
            process.out(&all[..end]).await?;
        } else if bytes_wanted {
            let mut left = count;
            while left > 0 {
                let mut bytes = reader.some().await;
                if bytes.is_empty() {
                    break;
                }
                bytes.truncate(left);
                left -= bytes.len();
                process.out(bytes).await?;
            }
        } else {
            for _ in 0..count {
                let Some((mut line, newline)) = reader.line().await else { break };
                if newline {
                    line.push(b'\n');
                }
                process.out(line).await?;
            }
        }
    }
    Ok(status)
}

pub(super) async fn tail(process: Process) -> ToolResult {
    let args = old_style(process.operands());
    let options = match Options::parse(&args, "qvfF", "nc", &LONG) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let bytes_wanted = options.value('c').is_some();
    let text = options.value('c').or(options.value('n')).unwrap_or("10").to_string();
    let from_start = text.starts_with('+');
    let Some((count, _)) = count(&text) else {
        return bad_count(&process, &text, bytes_wanted).await;
    };
    let files = options.files();
    let mut status = 0;
    for (at, name) in files.iter().enumerate() {
        let mut reader = match process.open(name) {
            Ok(reader) => reader,
            Err(error) => {
                let text = format!("cannot open '{name}' for reading: {error}");
                process.fail(1, text).await?;
                status = 1;
                continue;
            }
        };
        heading(&process, &files, at, name, options.has('q')).await?;
        let all = reader.all().await;
        let start = match (bytes_wanted, from_start) {
            (true, true) => count.saturating_sub(1).min(all.len()),
            (true, false) => all.len().saturating_sub(count),
            (false, false) => tail_start(&all, count),
            (false, true) => {
                let mut newlines = all.iter().enumerate().filter(|(_, b)| **b == b'\n');
                match count {
                    0 | 1 => 0,
                    count => newlines.nth(count - 2).map_or(all.len(), |(at, _)| at + 1),
                }
            }
        };
        process.out(&all[start..]).await?;
        if options.has('f') || options.has('F') {
            loop {
                process.sys.sleep_us(1_000_000).await;
                process.out(reader.some().await).await?;
            }
        }
    }
    Ok(status)
}

/// Where the last `count` lines begin.
fn tail_start(all: &[u8], count: usize) -> usize {
    if count == 0 {
        return all.len();
    }
    let body = all.strip_suffix(b"\n").unwrap_or(all);
    let mut newlines = body.iter().enumerate().rev().filter(|(_, b)| **b == b'\n');
    newlines.nth(count - 1).map_or(0, |(at, _)| at + 1)
}

/// A count, and whether it stands for "all but the last".
fn count(text: &str) -> Option<(usize, bool)> {
    let (text, all_but) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "b" => 512,
        "k" | "K" => 1 << 10,
        "kB" => 1_000,
        "M" => 1 << 20,
        _ => return None,
    };
    Some((digits.parse::<usize>().ok()?.checked_mul(unit)?, all_but))
}

async fn bad_count(process: &Process, text: &str, bytes: bool) -> ToolResult {
    let what = if bytes { "bytes" } else { "lines" };
    process.fail(1, format!("invalid number of {what}: '{}'", text.trim_start_matches('-'))).await
}

async fn heading(
    process: &Process,
    files: &[String],
    at: usize,
    name: &str,
    quiet: bool,
) -> Result<(), crate::process::Exit> {
    if files.len() < 2 || quiet {
        return Ok(());
    }
    let gap = if at > 0 { "\n" } else { "" };
    process.out(format!("{gap}==> {name} <==\n")).await
}

pub(super) async fn wc(process: Process) -> ToolResult {
    let long = [("lines", 'l'), ("words", 'w'), ("bytes", 'c'), ("chars", 'm')];
    let options = match Options::parse(process.operands(), "lwcm", "", &long) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let every = !"lwcm".chars().any(|flag| options.has(flag));
    let (mut rows, mut status) = (Vec::new(), 0);
    let mut total = [0usize; 4];
    for name in options.files() {
        let bytes = match process.open(&name) {
            Ok(mut reader) => reader.all().await,
            Err(error) => {
                process.fail(1, format!("{name}: {error}")).await?;
                status = 1;
                continue;
            }
        };
        let counts = [
            bytes.iter().filter(|b| **b == b'\n').count(),
            bytes.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty()).count(),
            String::from_utf8_lossy(&bytes).chars().count(),
            bytes.len(),
        ];
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum += count;
        }
        rows.push((counts, if options.operands.is_empty() { String::new() } else { name }));
    }
    if options.operands.len() > 1 {
        rows.push((total, "total".into()));
    }
    let columns: Vec<usize> = [('l', 0), ('w', 1), ('m', 2), ('c', 3)]
        .into_iter()
        .filter(|(flag, _)| options.has(*flag) || (every && *flag != 'm'))
        .map(|(_, column)| column)
        .collect();
    // One number of one file stands alone; standard input gets the columns of an unknown size.
    let width = if columns.len() == 1 && rows.len() < 2 {
        1
    } else if options.operands.is_empty() {
        7
    } else {
        total[3].to_string().len()
    };
    for (counts, name) in rows {
        let cells: Vec<String> =
            columns.iter().map(|column| format!("{:>width$}", counts[*column])).collect();
        let gap = if name.is_empty() { "" } else { " " };
        process.out(format!("{}{gap}{name}\n", cells.join(" "))).await?;
    }
    Ok(status)
}
