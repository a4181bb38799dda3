//! `cut`, `paste` and `tr`.

use crate::pattern::class_contains;
use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

/// Inclusive ranges, from 1.
type Ranges = Vec<(usize, usize)>;

fn ranges(text: &str) -> Option<Ranges> {
    text.split(',')
        .map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let from = if from.is_empty() { 1 } else { from.parse().ok()? };
            let to = if to.is_empty() { usize::MAX } else { to.parse().ok()? };
            (from > 0 && from <= to && part != "-").then_some((from, to))
        })
        .collect()
}

fn selected(ranges: &Ranges, number: usize) -> bool {
    ranges.iter().any(|(from, to)| (*from..=*to).contains(&number))
}

pub(super) async fn cut(process: Process) -> ToolResult {
    let long = [("delimiter", 'd'), ("fields", 'f'), ("characters", 'c'), ("only-delimited", 's')];
    let options = match Options::parse(process.operands(), "sn", "dfcb", &long) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let fields = options.value('f');
    let Some(list) = fields.or(options.value('c')).or(options.value('b')) else {
        let text = "cut: you must specify a list of bytes, characters, or fields\n\
                    Try 'cut --help' for more information.\n";
        process.err(text).await?;
        return Ok(1);
    };
    let Some(ranges) = ranges(list) else {
        let what = if fields.is_some() { "field" } else { "byte/character" };
        let text =
            format!("cut: invalid {what} value '{list}'\nTry 'cut --help' for more information.\n");
        process.err(text).await?;
        return Ok(1);
    };
    let delimiter = options.value('d').unwrap_or("\t").to_string();
    if delimiter.chars().count() != 1 {
        let text = "cut: the delimiter must be a single character\n\
                    Try 'cut --help' for more information.\n";
        process.err(text).await?;
        return Ok(1);
    }
    let mut status = 0;
    for name in options.files() {
        let mut reader = match process.open(&name) {
            Ok(reader) => reader,
            Err(error) => {
                process.fail(1, format!("{name}: {error}")).await?;
                status = 1;
                continue;
            }
        };
        while let Some((line, _)) = reader.line().await {
            let line = String::from_utf8_lossy(&line).into_owned();
            let text = if fields.is_none() {
                let chars = line.chars().enumerate();
                chars.filter(|(at, _)| selected(&ranges, at + 1)).map(|(_, c)| c).collect()
            } else if line.contains(&delimiter) {
                let parts = line.split(&delimiter).enumerate();
                let parts: Vec<&str> =
                    parts.filter(|(at, _)| selected(&ranges, at + 1)).map(|(_, p)| p).collect();
                parts.join(&delimiter)
            } else if options.has('s') {
                continue;
            } else {
                line
            };
            process.out(format!("{text}\n")).await?;
        }
    }
    Ok(status)
}

pub(super) async fn paste(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "s", "d", &[("serial", 's')]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let delimiters: Vec<char> = options
        .value('d')
        .unwrap_or("\t")
        .replace("\\n", "\n")
        .replace("\\t", "\t")
        .chars()
        .collect();
    let separator = |at: usize| match delimiters.len() {
        0 => String::new(),
        count => delimiters[at % count].to_string(),
    };
    let mut stdin = process.stdin();
    let mut readers = Vec::new();
    for name in options.files() {
        if name == "-" {
            readers.push(None);
            continue;
        }
        match process.open(&name) {
            Ok(reader) => readers.push(Some(reader)),
            Err(error) => return process.fail(1, format!("{name}: {error}")).await,
        }
    }
    if options.has('s') {
        for reader in &mut readers {
            let reader = reader.as_mut().unwrap_or(&mut stdin);
            let (mut row, mut count) = (Vec::new(), 0);
            while let Some((line, _)) = reader.line().await {
                if count > 0 {
                    row.extend(separator(count - 1).into_bytes());
                }
                row.extend(line);
                count += 1;
            }
            row.push(b'\n');
            process.out(row).await?;
        }
        return Ok(0);
    }
    loop {
        let (mut row, mut any) = (Vec::new(), false);
        for (at, reader) in readers.iter_mut().enumerate() {
            if at > 0 {
                row.extend(separator(at - 1).into_bytes());
            }
            if let Some((line, _)) = reader.as_mut().unwrap_or(&mut stdin).line().await {
                row.extend(line);
                any = true;
            }
        }
        if !any {
            return Ok(0);
        }
        row.push(b'\n');
        process.out(row).await?;
    }
}

/// `tr [-d] [-s] [-c] SET1 [SET2]`, over bytes.
pub(super) async fn tr(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "dscC", "", &[("delete", 'd')]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let (delete, squeeze) = (options.has('d'), options.has('s'));
    let (first, second) = match options.operands.as_slice() {
        [first, second] => (set(first), Some(set(second))),
        [first] if delete || squeeze => (set(first), None),
        operands => {
            let text = match operands.last() {
                None => "tr: missing operand\n".to_string(),
                Some(last) if operands.len() == 1 => format!(
                    "tr: missing operand after '{last}'\nTwo strings must be given when \
                     translating.\n"
                ),
                Some(last) => format!("tr: extra operand '{last}'\n"),
            };
            process.err(format!("{text}Try 'tr --help' for more information.\n")).await?;
            return Ok(1);
        }
    };
    let mut member = [false; 256];
    first.iter().for_each(|byte| member[usize::from(*byte)] = true);
    let complement = options.has('c') || options.has('C');
    if complement {
        member.iter_mut().for_each(|slot| *slot = !*slot);
    }
    let mut map: Vec<u8> = (0..=255).collect();
    if let (Some(second), false) = (&second, delete)
        && let Some(last) = second.last()
    {
        let from: Vec<u8> = if complement {
            (0..=255u8).filter(|byte| member[usize::from(*byte)]).collect()
        } else {
            first.clone()
        };
        for (at, byte) in from.iter().enumerate() {
            map[usize::from(*byte)] = *second.get(at).unwrap_or(last);
        }
    }
    let mut squeezed = [false; 256];
    if squeeze {
        match &second {
            Some(second) => second.iter().for_each(|byte| squeezed[usize::from(*byte)] = true),
            None => squeezed = member,
        }
    }
    let mut stdin = process.stdin();
    let mut before = None;
    loop {
        let bytes = stdin.some().await;
        if bytes.is_empty() {
            return Ok(0);
        }
        let mut out = Vec::new();
        for byte in bytes {
            if delete && member[usize::from(byte)] {
                continue;
            }
            let byte = map[usize::from(byte)];
            if squeezed[usize::from(byte)] && before == Some(byte) {
                continue;
            }
            before = Some(byte);
            out.push(byte);
        }
        process.out(out).await?;
    }
}

/// The bytes of a set such as `a-z`, `[:upper:]` or `\n`.
fn set(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(class) = rest.find("[:") {
        let Some(end) = rest[class..].find(":]") else { break };
        bytes.extend(ranges_of(&rest[..class]));
        let name = &rest[class + 2..class + end];
        bytes.extend((0..128u8).filter(|byte| class_contains(name, char::from(*byte))));
        rest = &rest[class + end + 2..];
    }
    bytes.extend(ranges_of(rest));
    bytes
}

fn ranges_of(text: &str) -> Vec<u8> {
    let text = crate::escape::unescape(text, crate::escape::Style::Format).bytes;
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        if at + 2 < text.len() && text[at + 1] == b'-' && text[at] <= text[at + 2] {
            out.extend(text[at]..=text[at + 2]);
            at += 3;
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}
