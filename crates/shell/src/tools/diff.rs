//! `diff [-u|-q|-s|-b] A B`: by the longest common subsequence of lines. Left out: directories, side by
//! side, and two files that differ in more than some thousand lines (they are shown as one change).

use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

/// Cells of the table behind the comparison.
const CELLS_MAX: usize = 4_000_000;
/// Lines around a change.
const CONTEXT: usize = 3;

/// Lines `a` of the first file became lines `b` of the second.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    a: std::ops::Range<usize>,
    b: std::ops::Range<usize>,
}

pub(super) async fn diff(process: Process) -> ToolResult {
    let long = [("unified", 'u'), ("brief", 'q'), ("report-identical-files", 's')];
    let options = match Options::parse(process.operands(), "uqsbw", "U", &long) {
        Ok(options) => options,
        Err(bad) => {
            let text = format!("unrecognized option '{bad}'");
            return process.fail(2, text).await;
        }
    };
    let [first, second] = options.operands.as_slice() else {
        let lacking = options.operands.last().map_or("diff", String::as_str);
        process.fail(2, format!("missing operand after '{lacking}'")).await?;
        return process.fail(2, "Try 'diff --help' for more information.").await;
    };
    let mut texts = Vec::new();
    for name in [first, second] {
        match process.open(name) {
            Ok(mut reader) => texts.push(reader.all().await),
            Err(error) => return process.fail(2, format!("{name}: {error}")).await,
        }
    }
    if texts[0] == texts[1] {
        if options.has('s') {
            process.out(format!("Files {first} and {second} are identical\n")).await?;
        }
        return Ok(0);
    }
    if options.has('q') {
        process.out(format!("Files {first} and {second} differ\n")).await?;
        return Ok(1);
    }
    if texts.iter().any(|text| text.contains(&0)) {
        process.out(format!("Binary files {first} and {second} differ\n")).await?;
        return Ok(2);
    }
    let texts: Vec<_> = texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
    let (a, b) = (lines(&texts[0]), lines(&texts[1]));
    let blank = options.has('b') || options.has('w');
    let key = |line: &str| match blank {
        true => line.split_whitespace().collect::<Vec<_>>().join(" "),
        false => line.to_string(),
    };
    let keys = |lines: &[&str]| lines.iter().map(|line| key(line)).collect::<Vec<_>>();
    let changes = changes(&keys(&a), &keys(&b));
    if changes.is_empty() {
        return Ok(0);
    }
    let context = options.value('U').and_then(|text| text.parse().ok());
    let unified = options.has('u') || options.value('U').is_some();
    let text = match unified {
        true => {
            let date = |name: &str| {
                let node = process.sys.fs().node(&process.path(name));
                let wall_us = match node {
                    Ok(crate::fs::Node::File(file)) => file.borrow().modified_us,
                    _ => process.sys.wall_us(),
                };
                super::run::format_date(wall_us, "%Y-%m-%d %H:%M:%S.%N +0000")
            };
            let head = format!("--- {first}\t{}\n+++ {second}\t{}\n", date(first), date(second));
            head + &unified_text(&a, &b, &changes, context.unwrap_or(CONTEXT))
        }
        false => plain_text(&a, &b, &changes),
    };
    process.out(text).await?;
    Ok(1)
}

/// Lines with their newlines.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// What changed, in order.
fn changes<T: PartialEq>(a: &[T], b: &[T]) -> Vec<Change> {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let tail =
        a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a_end, b_end) = (a.len() - tail, b.len() - tail);
    let (rows, columns) = (a_end - head, b_end - head);
    if rows == 0 && columns == 0 {
        return Vec::new();
    }
    let width = columns + 1;
    if (rows + 1).saturating_mul(width) > CELLS_MAX {
        return vec![Change { a: head..a_end, b: head..b_end }];
    }
    // Lengths of the longest common subsequence from each pair of lines on.
    let mut best = vec![0u32; (rows + 1) * width];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            best[i * width + j] = if a[head + i] == b[head + j] {
                best[(i + 1) * width + j + 1] + 1
            } else {
                best[(i + 1) * width + j].max(best[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < rows || j < columns {
        let (from_i, from_j) = (i, j);
        while (i < rows || j < columns) && !(i < rows && j < columns && a[head + i] == b[head + j])
        {
            let delete =
                j == columns || (i < rows && best[(i + 1) * width + j] >= best[i * width + j + 1]);
            if delete { i += 1 } else { j += 1 }
        }
        if (from_i, from_j) != (i, j) {
            found.push(Change { a: head + from_i..head + i, b: head + from_j..head + j });
        }
        while i < rows && j < columns && a[head + i] == b[head + j] {
            (i, j) = (i + 1, j + 1);
        }
    }
    found
}

fn push(out: &mut String, mark: &str, line: &str) {
    out.push_str(mark);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

fn plain_text(a: &[&str], b: &[&str], changes: &[Change]) -> String {
    let range = |range: &std::ops::Range<usize>| match range.len() {
        0 => range.start.to_string(),
        1 => (range.start + 1).to_string(),
        _ => format!("{},{}", range.start + 1, range.end),
    };
    let mut out = String::new();
    for change in changes {
        let letter = match (change.a.is_empty(), change.b.is_empty()) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        out.push_str(&format!("{}{letter}{}\n", range(&change.a), range(&change.b)));
        a[change.a.clone()].iter().for_each(|line| push(&mut out, "< ", line));
        if letter == 'c' {
            out.push_str("---\n");
        }
        b[change.b.clone()].iter().for_each(|line| push(&mut out, "> ", line));
    }
    out
}

fn unified_text(a: &[&str], b: &[&str], changes: &[Change], context: usize) -> String {
    let mut out = String::new();
    let mut rest = changes;
    while let Some(first) = rest.first() {
        // Changes whose context would touch share a hunk.
        let near = |pair: &[Change]| pair[1].a.start - pair[0].a.end <= 2 * context;
        let count = 1 + rest.windows(2).take_while(|pair| near(pair)).count();
        let (hunk, others) = rest.split_at(count);
        let last = &hunk[count - 1];
        let start = first.a.start.saturating_sub(context);
        let end = (last.a.end + context).min(a.len());
        let b_start = first.b.start - (first.a.start - start);
        let b_end = last.b.end + (end - last.a.end);
        let range = |start: usize, end: usize| match end - start {
            0 => format!("{start},0"),
            1 => (start + 1).to_string(),
            count => format!("{},{count}", start + 1),
        };
        out.push_str(&format!("@@ -{} +{} @@\n", range(start, end), range(b_start, b_end)));
        let mut at = start;
        for change in hunk {
            a[at..change.a.start].iter().for_each(|line| push(&mut out, " ", line));
            a[change.a.clone()].iter().for_each(|line| push(&mut out, "-", line));
            b[change.b.clone()].iter().for_each(|line| push(&mut out, "+", line));
            at = change.a.end;
        }
        a[at..end].iter().for_each(|line| push(&mut out, " ", line));
        rest = others;
    }
    out
}
