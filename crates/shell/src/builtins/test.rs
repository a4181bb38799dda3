//! `test`, `[` and `[[`.

use std::cmp::Ordering;
use std::future::Future;
use std::pin::Pin;

use crate::fs::{self, Node};
use crate::io::{Fd, Io};
use crate::lang::ast::{Part, Test};
use crate::pattern;
use crate::shell::{Flow, Run, Shell};

type Holds<'a> = Pin<Box<dyn Future<Output = Result<Result<bool, String>, Flow>> + 'a>>;

pub(super) async fn test(shell: &mut Shell, mut args: Vec<String>, io: &Io) -> Run {
    let name = args.remove(0);
    if name == "[" && args.pop().as_deref() != Some("]") {
        shell.complain(io, "[: missing `]'").await;
        return Ok(2);
    }
    if let [op, fd] = args.as_slice()
        && op == "-t"
    {
        return Ok(i32::from(!is_terminal(io, fd)));
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

impl Shell {
    /// `[[ ... ]]`.
    pub(crate) async fn conditional(&mut self, test: &Test, io: &Io) -> Run {
        match self.holds(test, io).await? {
            Ok(truth) => Ok(i32::from(!truth)),
            Err(error) => {
                self.complain(io, format!("[[: {error}")).await;
                Ok(2)
            }
        }
    }

    fn holds<'a>(&'a mut self, test: &'a Test, io: &'a Io) -> Holds<'a> {
        Box::pin(async move {
            Ok(match test {
                Test::Not(inner) => self.holds(inner, io).await?.map(|truth| !truth),
                Test::And(left, right) => match self.holds(left, io).await? {
                    Ok(true) => self.holds(right, io).await?,
                    other => other,
                },
                Test::Or(left, right) => match self.holds(left, io).await? {
                    Ok(false) => self.holds(right, io).await?,
                    other => other,
                },
                Test::Text(word) => Ok(!self.text(word, io).await?.is_empty()),
                Test::Unary(op, word) => {
                    let word = self.text(word, io).await?;
                    if op == "-t" { Ok(is_terminal(io, &word)) } else { unary(self, op, &word) }
                }
                Test::Binary(left, op, right) => {
                    let left = self.text(left, io).await?;
                    match op.as_str() {
                        "=" | "==" | "!=" => {
                            let pattern = self.pattern(right, io).await?;
                            Ok(pattern::matches(&pattern, &left) == (op != "!="))
                        }
                        "=~" => {
                            let text = self.expression(right, io).await?;
                            let found = crate::tools::finds(&text, &left);
                            found.map_err(|error| format!("{text}: {error}"))
                        }
                        "-nt" | "-ot" | "<" | ">" => {
                            let right = self.text(right, io).await?;
                            binary(self, &left, op, &right).map(|truth| truth.unwrap_or(false))
                        }
                        _ => {
                            // Both are expressions, unlike those of `[`.
                            let left = vec![Part::Literal(left)];
                            let left = self.number(&left, io).await?;
                            Ok(compare(op, left.cmp(&self.number(right, io).await?)))
                        }
                    }
                }
            })
        })
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
    Ok(Some(compare(op, order)))
}

fn compare(op: &str, order: Ordering) -> bool {
    match op {
        "-eq" => order.is_eq(),
        "-ne" => order.is_ne(),
        "-lt" => order.is_lt(),
        "-le" => order.is_le(),
        "-gt" => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// `-t FD`.
fn is_terminal(io: &Io, fd: &str) -> bool {
    let fd = fd.parse().ok().and_then(|fd| io.get(fd));
    fd.is_some_and(Fd::is_terminal)
}

fn number(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("{text}: integer expression expected"))
}
