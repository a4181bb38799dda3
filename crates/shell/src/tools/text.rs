//! `seq`, `rev` and `nl`.

use crate::process::{Process, ToolResult};

/// `seq [-s SEP] [-w] [FIRST [STEP]] LAST`, whole numbers only.
pub(super) async fn seq(process: Process) -> ToolResult {
    let mut words = process.operands().to_vec();
    let (mut separator, mut equal) = ("\n".to_string(), false);
    loop {
        match words.first().map(String::as_str) {
            Some("-s") if words.len() > 1 => {
                words.remove(0);
                separator = words.remove(0);
            }
            Some(word) if word.starts_with("-s") => separator = words.remove(0)[2..].to_string(),
            Some("-w") => {
                words.remove(0);
                equal = true;
            }
            _ => break,
        }
    }
    let help = "Try 'seq --help' for more information.\n";
    let mut numbers = Vec::new();
    for word in &words {
        match word.parse::<i64>() {
            Ok(number) => numbers.push(number),
            Err(_) => {
                let text = format!("seq: invalid floating point argument: '{word}'\n{help}");
                process.err(text).await?;
                return Ok(1);
            }
        }
    }
    let (first, step, last) = match numbers.as_slice() {
        [last] => (1, 1, *last),
        [first, last] => (*first, 1, *last),
        [first, step, last] => (*first, *step, *last),
        [] => {
            process.err(format!("seq: missing operand\n{help}")).await?;
            return Ok(1);
        }
        _ => {
            process.err(format!("seq: extra operand '{}'\n{help}", words[3])).await?;
            return Ok(1);
        }
    };
    if step == 0 {
        let text = format!("seq: invalid Zero increment value: '{}'\n{help}", words[1]);
        process.err(text).await?;
        return Ok(1);
    }
    let width = if equal { first.to_string().len().max(last.to_string().len()) } else { 0 };
    let (mut number, mut chunk, mut any) = (Some(first), String::new(), false);
    while let Some(n) = number.filter(|n| if step > 0 { *n <= last } else { *n >= last }) {
        if any {
            chunk.push_str(&separator);
        }
        any = true;
        chunk.push_str(&format!("{n:0width$}"));
        if chunk.len() > 4_096 {
            process.out(std::mem::take(&mut chunk)).await?;
            process.sys.step().await;
        }
        number = n.checked_add(step);
    }
    if any {
        chunk.push('\n');
    }
    process.out(chunk).await?;
    Ok(0)
}

pub(super) async fn rev(process: Process) -> ToolResult {
    let (all, fine) = process.read_files(process.operands()).await?;
    let text = String::from_utf8_lossy(&all).into_owned();
    for line in text.lines() {
        process.out(format!("{}\n", line.chars().rev().collect::<String>())).await?;
    }
    Ok(i32::from(!fine))
}

/// Numbers the lines that are not empty.
pub(super) async fn nl(process: Process) -> ToolResult {
    let (all, fine) = process.read_files(process.operands()).await?;
    let text = String::from_utf8_lossy(&all).into_owned();
    let mut number = 0;
    for line in text.lines() {
        let out = if line.is_empty() {
            "       \n".to_string()
        } else {
            number += 1;
            format!("{number:>6}\t{line}\n")
        };
        process.out(out).await?;
    }
    Ok(i32::from(!fine))
}
