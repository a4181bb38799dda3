//! `test` and `[`.

use crate::fs::{self, Node};
use crate::io::Io;
use crate::shell::{Run, Shell};

pub(super) async fn test(shell: &mut Shell, mut args: Vec<String>, io: &Io) -> Run {
    let name = args.remove(0);
    if name == "[" && args.pop().as_deref() != Some("]") {
        shell.complain(io, "[: missing `]'").await;
        return Ok(2);
    }
    match or(shell, &args) {
        Ok(truth) => Ok(i32::from(!truth)),
        Err(error) => {
            shell.complain(io, format!("{name}: {error}")).await;
            Ok(2)
        }
    }
}

/// `-o`, then `-a`, then `!`, then one comparison.
fn or(shell: &Shell, args: &[String]) -> Result<bool, String> {
    if args.len() > 3 {
        for (word, any) in [("-o", true), ("-a", false)] {
            if let Some(at) = args.iter().rposition(|arg| arg == word) {
                let (left, right) = (or(shell, &args[..at])?, or(shell, &args[at + 1..])?);
                return Ok(if any { left || right } else { left && right });
            }
        }
    }
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(false),
        [word] => Ok(!word.is_empty()),
        [left, op, right] if binary(shell, left, op, right)?.is_some() => {
            Ok(binary(shell, left, op, right)?.unwrap_or(false))
        }
        ["!", ..] => Ok(!or(shell, &args[1..])?),
        ["(", .., ")"] => or(shell, &args[1..args.len() - 1]),
        [op, word] => unary(shell, op, word),
        [_, op, _] => Err(format!("{op}: binary operator expected")),
        _ => Err("too many arguments".into()),
    }
}

fn unary(shell: &Shell, op: &str, word: &str) -> Result<bool, String> {
    let node = shell.sys.fs().node(&fs::normal(&shell.cwd, word)).ok().filter(|_| !word.is_empty());
    Ok(match op {
        "-z" => word.is_empty(),
        "-n" => !word.is_empty(),
        "-e" | "-r" | "-w" | "-a" => node.is_some(),
        "-f" => matches!(node, Some(Node::File(_))),
        "-d" | "-x" => matches!(node, Some(Node::Directory)),
        "-c" => matches!(node, Some(Node::Device(_))),
        "-s" => match node {
            Some(Node::File(file)) => !file.borrow().bytes.is_empty(),
            node => matches!(node, Some(Node::Directory)),
        },
        "-t" | "-L" | "-h" | "-p" | "-S" | "-b" => false,
        "-v" => shell.var(word).is_some(),
        _ => return Err(format!("{op}: unary operator expected")),
    })
}

fn binary(shell: &Shell, left: &str, op: &str, right: &str) -> Result<Option<bool>, String> {
    let order = match op {
        "=" | "==" => return Ok(Some(left == right)),
        "!=" => return Ok(Some(left != right)),
        "<" => return Ok(Some(left < right)),
        ">" => return Ok(Some(left > right)),
        "-a" => return Ok(Some(!left.is_empty() && !right.is_empty())),
        "-o" => return Ok(Some(!left.is_empty() || !right.is_empty())),
        "-nt" | "-ot" => {
            let modified = |name: &str| match shell.sys.fs().node(&fs::normal(&shell.cwd, name)) {
                Ok(Node::File(file)) => Some(file.borrow().modified_us),
                _ => None,
            };
            let (left, right) = (modified(left), modified(right));
            return Ok(Some(if op == "-nt" { left > right } else { left < right }));
        }
        "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => number(left)?.cmp(&number(right)?),
        _ => return Ok(None),
    };
    Ok(Some(match op {
        "-eq" => order.is_eq(),
        "-ne" => order.is_ne(),
        "-lt" => order.is_lt(),
        "-le" => order.is_le(),
        "-gt" => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn number(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("{text}: integer expression expected"))
}
