//! `sort` and `uniq`, in byte order (the C locale).

use std::cmp::Ordering;

use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

/// One `-k` key: fields from 1, and its own flags.
#[derive(Clone, Debug, Default)]
struct Key {
    first: usize,
    last: Option<usize>,
    numeric: bool,
    reverse: bool,
}

pub(super) async fn sort(process: Process) -> ToolResult {
    let args = keep_keys(process.operands());
    let long = [("reverse", 'r'), ("numeric-sort", 'n'), ("unique", 'u'), ("key", 'k')];
    let options = match Options::parse(&args, "nrufbsVhgm", "kto", &long) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(2, &bad).await,
    };
    let (all, fine) = process.read_files(&options.operands).await?;
    let mut lines: Vec<&[u8]> = all.split(|b| *b == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let numeric = options.has('n') || options.has('g') || options.has('h');
    let keys: Vec<Key> = match options.value('k') {
        None => Vec::new(),
        Some(text) => match text.split('\n').map(|k| key(k, numeric, options.has('r'))).collect() {
            Some(keys) => keys,
            None => {
                return process
                    .fail(
                        2,
                        format!(
                            "invalid number at field start: invalid count \
                    at start of '{text}'"
                        ),
                    )
                    .await;
            }
        },
    };
    let separator = options.value('t').and_then(|text| text.bytes().next());
    let by_keys = |a: &&[u8], b: &&[u8]| {
        if keys.is_empty() {
            let order = compare(a, b, numeric, options.has('f'));
            return if options.has('r') { order.reverse() } else { order };
        }
        keys.iter().fold(Ordering::Equal, |order, key| {
            order.then_with(|| {
                let (a, b) = (field(a, key, separator), field(b, key, separator));
                let order = compare(a, b, key.numeric, options.has('f'));
                if key.reverse { order.reverse() } else { order }
            })
        })
    };
    lines.sort_by(|a, b| {
        let last = if options.has('u') || options.has('s') { Ordering::Equal } else { a.cmp(b) };
        by_keys(a, b).then(if options.has('r') { last.reverse() } else { last })
    });
    if options.has('u') {
        lines.dedup_by(|a, b| by_keys(a, b).is_eq());
    }
    let mut out = lines.join(&b'\n');
    if !lines.is_empty() {
        out.push(b'\n');
    }
    match options.value('o') {
        Some(name) => {
            let (path, wall_us) = (process.path(name), process.sys.wall_us());
            let written = process.sys.fs().write(&path, &out, wall_us);
            if let Err(error) = written {
                return process.fail(2, format!("open failed: {name}: {error}")).await;
            }
        }
        None => process.out(out).await?,
    }
    Ok(if fine { 0 } else { 2 })
}

/// Joins several `-k` into one value, a line each.
fn keep_keys(args: &[String]) -> Vec<String> {
    let (mut keys, mut out) = (Vec::new(), Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.strip_prefix("-k") {
            Some("") => keys.extend(args.next().cloned()),
            Some(key) => keys.push(key.to_string()),
            None => out.push(arg.clone()),
        }
    }
    if !keys.is_empty() {
        out.insert(0, format!("-k{}", keys.join("\n")));
    }
    out
}

/// `2`, `2,3`, `2n`, `2,2nr`.
fn key(text: &str, numeric: bool, reverse: bool) -> Option<Key> {
    let (from, to) = text.split_once(',').unwrap_or((text, ""));
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok().filter(|n| *n > 0)
    };
    let flags: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    Some(Key {
        first: number(from)?,
        last: if to.is_empty() { None } else { Some(number(to)?) },
        numeric: flags.contains(['n', 'g', 'h']) || (flags.is_empty() && numeric),
        reverse: flags.contains('r') || (flags.is_empty() && reverse),
    })
}

/// The bytes from the key's first field to the end of its last.
fn field<'a>(line: &'a [u8], key: &Key, separator: Option<u8>) -> &'a [u8] {
    let mut starts = vec![0];
    let mut ends = Vec::new();
    let mut at = 0;
    match separator {
        Some(separator) => {
            for (at, byte) in line.iter().enumerate() {
                if *byte == separator {
                    ends.push(at);
                    starts.push(at + 1);
                }
            }
        }
        // Without -t the blanks before a field belong to it.
        None => loop {
            while at < line.len() && line[at].is_ascii_whitespace() {
                at += 1;
            }
            while at < line.len() && !line[at].is_ascii_whitespace() {
                at += 1;
            }
            if at >= line.len() {
                break;
            }
            ends.push(at);
            starts.push(at);
        },
    }
    ends.push(line.len());
    let start = starts.get(key.first - 1).copied().unwrap_or(line.len());
    let end = key.last.and_then(|last| ends.get(last - 1).copied()).unwrap_or(line.len());
    &line[start..end.max(start)]
}

fn compare(a: &[u8], b: &[u8], numeric: bool, fold: bool) -> Ordering {
    if numeric {
        return number(a).cmp(&number(b));
    }
    if fold {
        return a.to_ascii_uppercase().cmp(&b.to_ascii_uppercase());
    }
    a.cmp(b)
}

/// A leading decimal number as (whole, millionths), both signed.
fn number(text: &[u8]) -> (i128, i128) {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let whole: i128 = text[..end].parse().unwrap_or(0);
    let part: String = match text[end..].strip_prefix('.') {
        Some(rest) => rest.chars().take_while(char::is_ascii_digit).take(6).collect(),
        None => String::new(),
    };
    let part: i128 = format!("{part:0<6}").parse().unwrap_or(0);
    (sign * whole, sign * part)
}

pub(super) async fn uniq(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "cdui", "", &[("count", 'c')]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let (all, fine) = process.read_files(&options.operands).await?;
    let mut groups: Vec<(usize, &[u8])> = Vec::new();
    let body = all.strip_suffix(b"\n").unwrap_or(&all);
    for line in body.split(|b| *b == b'\n').filter(|_| !all.is_empty()) {
        match groups.last_mut() {
            Some((count, last))
                if *last == line || options.has('i') && last.eq_ignore_ascii_case(line) =>
            {
                *count += 1;
            }
            _ => groups.push((1, line)),
        }
    }
    let mut out = Vec::new();
    for (count, line) in groups {
        if (options.has('d') && count < 2) || (options.has('u') && count > 1) {
            continue;
        }
        if options.has('c') {
            out.extend(format!("{count:>7} ").into_bytes());
        }
        out.extend(line);
        out.push(b'\n');
    }
    process.out(out).await?;
    Ok(i32::from(!fine))
}
