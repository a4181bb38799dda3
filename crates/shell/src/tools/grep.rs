//! `grep`: `-v -o -c -q -E -F -i -n -w -x -l -h -H -s -m N -e PATTERN -A/-B/-C` is left out.

use super::regex::{Dialect, compile};
use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

const LONG: [(&str, char); 9] = [
    ("invert-match", 'v'),
    ("only-matching", 'o'),
    ("count", 'c'),
    ("quiet", 'q'),
    ("silent", 'q'),
    ("extended-regexp", 'E'),
    ("fixed-strings", 'F'),
    ("ignore-case", 'i'),
    ("line-number", 'n'),
];

pub(super) async fn grep(process: Process) -> ToolResult {
    let mut options = match Options::parse(process.operands(), "vocqEFGPinwxlhHsay", "em", &LONG) {
        Ok(options) => options,
        Err(bad) => {
            let letter = bad.trim_start_matches('-').to_string();
            let what = if bad.starts_with("--") {
                format!("unrecognized option '{bad}'")
            } else {
                format!("invalid option -- '{letter}'")
            };
            let text = format!(
                "grep: {what}\nUsage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for \
                 more information.\n"
            );
            process.err(text).await?;
            return Ok(2);
        }
    };
    let pattern = match options.value('e') {
        Some(pattern) => pattern.to_string(),
        None if options.operands.is_empty() => {
            let text = "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more \
                        information.\n";
            process.err(text).await?;
            return Ok(2);
        }
        None => options.operands.remove(0),
    };
    let name = process.name();
    let dialect = match name {
        _ if options.has('F') || name == "fgrep" => Dialect::Fixed,
        _ if options.has('E') || options.has('P') || name == "egrep" => Dialect::Extended,
        _ => Dialect::Basic,
    };
    let mut regexes = Vec::new();
    for line in pattern.split('\n') {
        match compile(line, dialect, options.has('i') || options.has('y')) {
            Ok(regex) => regexes.push(regex),
            Err(error) => return process.fail(2, error).await,
        }
    }
    search(&process, &options, &regexes).await
}

async fn search(process: &Process, options: &Options, regexes: &[regex_lite::Regex]) -> ToolResult {
    let (invert, only) = (options.has('v'), options.has('o'));
    let most = options.value('m').and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    let files = options.files();
    let named = (files.len() > 1 || options.has('H')) && !options.has('h');
    let (mut any, mut trouble) = (false, false);
    for name in &files {
        let mut reader = match process.open(name) {
            Ok(reader) => reader,
            Err(error) => {
                if !options.has('s') {
                    process.err(format!("{}: {name}: {error}\n", process.name())).await?;
                }
                trouble = true;
                continue;
            }
        };
        let shown = if name == "-" { "(standard input)" } else { name.as_str() };
        let prefix = if named { format!("{shown}:") } else { String::new() };
        let (mut count, mut number) = (0u64, 0u64);
        while count < most {
            let Some((line, _)) = reader.line().await else { break };
            number += 1;
            let text = String::from_utf8_lossy(&line).into_owned();
            let found = matches(options, regexes, &text);
            if found.is_empty() != invert {
                continue;
            }
            any = true;
            count += 1;
            if options.has('q') {
                return Ok(0);
            }
            if options.has('c') || options.has('l') {
                continue;
            }
            let place = if options.has('n') { format!("{number}:") } else { String::new() };
            if !only {
                let mut out = format!("{prefix}{place}").into_bytes();
                out.extend(line);
                out.push(b'\n');
                process.out(out).await?;
            } else if !invert {
                for (start, end) in found.into_iter().filter(|(start, end)| start < end) {
                    process.out(format!("{prefix}{place}{}\n", &text[start..end])).await?;
                }
            }
        }
        if options.has('c') {
            process.out(format!("{prefix}{count}\n")).await?;
        }
        if options.has('l') && count > 0 {
            process.out(format!("{shown}\n")).await?;
        }
    }
    Ok(if trouble { 2 } else { i32::from(!any) })
}

/// Where the line matches; `-w` and `-x` narrow it.
fn matches(options: &Options, regexes: &[regex_lite::Regex], text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = regexes
        .iter()
        .flat_map(|regex| regex.find_iter(text).map(|m| (m.start(), m.end())))
        .filter(|(start, end)| !options.has('x') || (*start == 0 && *end == text.len()))
        .filter(|(start, end)| !options.has('w') || is_word(text, *start, *end))
        .collect();
    found.sort_unstable();
    found
}

fn is_word(text: &str, start: usize, end: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    !text[..start].ends_with(word) && !text[end..].starts_with(word)
}
