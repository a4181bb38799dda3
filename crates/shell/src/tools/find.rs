//! `find`: paths with `-name`, `-iname`, `-path`, `-type`, `-maxdepth`, `-mindepth`, `-empty`, `!`,
//! `-o`, `-print`, `-print0`, `-delete` and `-exec`. Left out: sizes, times, owners and brackets.

use crate::fs::Node;
use crate::pattern;
use crate::process::{Exit, Process, ToolResult};
use crate::signals::End;
use crate::tools::run::checked;

enum Test {
    Name {
        pattern: String,
        fold: bool,
    },
    Path(String),
    Kind(char),
    Empty,
    Print(char),
    Delete,
    /// A command with `{}`; all paths at once with `+`.
    Exec {
        command: Vec<String>,
        all: bool,
    },
}

#[derive(Default)]
struct Wish {
    paths: Vec<String>,
    depth_min: usize,
    depth_max: Option<usize>,
    /// Alternatives, each a row of tests that may be negated.
    any: Vec<Vec<(bool, Test)>>,
}

/// The error is the message after the name.
fn wish(words: &[String]) -> Result<Wish, String> {
    let mut wish = Wish::default();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next_if(|word| !word.starts_with('-') && *word != "!") {
        wish.paths.push(word.clone());
    }
    if wish.paths.is_empty() {
        wish.paths.push(".".into());
    }
    let (mut row, mut not) = (Vec::new(), false);
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().ok_or(format!("missing argument to `{word}'"));
        let test = match word.as_str() {
            "!" | "-not" => {
                not = !not;
                continue;
            }
            "-a" | "-and" => continue,
            "-o" | "-or" => {
                wish.any.push(std::mem::take(&mut row));
                continue;
            }
            "-maxdepth" | "-mindepth" => {
                let value = value()?;
                let depth = value.parse().map_err(|_| {
                    format!(
                        "Expected a positive decimal integer argument to {word}, but got `{value}'"
                    )
                })?;
                match word.as_str() {
                    "-maxdepth" => wish.depth_max = Some(depth),
                    _ => wish.depth_min = depth,
                }
                continue;
            }
            "-name" | "-iname" => Test::Name { pattern: value()?, fold: word == "-iname" },
            "-path" => Test::Path(value()?),
            "-type" => match value()?.as_str() {
                kind @ ("f" | "d" | "c") => Test::Kind(char::from(kind.as_bytes()[0])),
                "l" | "p" | "s" | "b" => Test::Kind('-'),
                other => return Err(format!("Unknown argument to -type: {other}")),
            },
            "-empty" => Test::Empty,
            "-print" => Test::Print('\n'),
            "-print0" => Test::Print('\0'),
            "-delete" => Test::Delete,
            "-exec" => {
                let mut command = Vec::new();
                loop {
                    match words.next().map(String::as_str) {
                        None => return Err("missing argument to `-exec'".into()),
                        Some(";") => break Test::Exec { command, all: false },
                        Some("+") if command.last().is_some_and(|word| word == "{}") => {
                            command.pop();
                            break Test::Exec { command, all: true };
                        }
                        Some(word) => command.push(word.to_string()),
                    }
                }
            }
            _ if word.starts_with('-') => return Err(format!("unknown predicate `{word}'")),
            _ => return Err(format!("paths must precede expression: `{word}'")),
        };
        if matches!(&test, Test::Exec { command, .. } if command.is_empty()) {
            return Err("invalid argument `;' to `-exec'".into());
        }
        row.push((std::mem::take(&mut not), test));
    }
    wish.any.push(row);
    let acts = |test: &Test| matches!(test, Test::Print(_) | Test::Delete | Test::Exec { .. });
    if !wish.any.iter().flatten().any(|(_, test)| acts(test)) {
        wish.any.iter_mut().for_each(|row| row.push((false, Test::Print('\n'))));
    }
    Ok(wish)
}

pub(super) async fn find(process: Process) -> ToolResult {
    let wish = match wish(process.operands()) {
        Ok(wish) => wish,
        Err(error) => return process.fail(1, error).await,
    };
    let (mut status, mut all) = (0, Vec::new());
    for start in &wish.paths {
        let path = process.path(start);
        let node = process.sys.fs().node(&path);
        if let Err(error) = node {
            process.fail(1, format!("‘{start}’: {error}")).await?;
            status = 1;
            continue;
        }
        let mut found = vec![(0, start.clone())];
        let below: Vec<String> =
            process.sys.fs().below(&path).map(|(p, _)| p.to_string()).collect();
        let cut = if path == "/" { 1 } else { path.len() + 1 };
        let stem = start.trim_end_matches('/');
        found.extend(below.iter().map(|below| {
            let rest = &below[cut..];
            (rest.matches('/').count() + 1, format!("{stem}/{rest}"))
        }));
        if wish.any.iter().flatten().any(|(_, test)| matches!(test, Test::Delete)) {
            // What is inside goes first.
            found.reverse();
        }
        for (depth, shown) in found {
            process.sys.step().await;
            let deep = wish.depth_max.is_some_and(|most| depth > most);
            if depth < wish.depth_min || deep {
                continue;
            }
            for row in &wish.any {
                if visit(&process, row, &shown, &mut status, &mut all).await? {
                    break;
                }
            }
        }
    }
    for (_, test) in wish.any.iter().flatten() {
        if let Test::Exec { command, all: true } = test
            && !all.is_empty()
            && !run(&process, [command.clone(), all.clone()].concat()).await?
        {
            status = 1;
        }
    }
    Ok(status)
}

/// Does a row of tests at a path; true if all of them held.
async fn visit(
    process: &Process,
    row: &[(bool, Test)],
    shown: &str,
    status: &mut i32,
    all: &mut Vec<String>,
) -> Result<bool, Exit> {
    let path = process.path(shown);
    let name = shown.trim_end_matches('/').rsplit('/').next().unwrap_or(shown);
    for (not, test) in row {
        let node = process.sys.fs().node(&path);
        let holds = match test {
            Test::Name { pattern, fold: true } => {
                pattern::matches(&pattern.to_lowercase(), &name.to_lowercase())
            }
            Test::Name { pattern, fold: false } => pattern::matches(pattern, name),
            Test::Path(pattern) => pattern::matches(pattern, shown),
            Test::Kind(kind) => match node {
                Ok(Node::File(_)) => *kind == 'f',
                Ok(Node::Directory) => *kind == 'd',
                Ok(Node::Device(_)) => *kind == 'c',
                Err(_) => false,
            },
            Test::Empty => match node {
                Ok(Node::File(file)) => file.borrow().bytes.is_empty(),
                Ok(Node::Directory) => process.sys.fs().list(&path).is_empty(),
                _ => false,
            },
            Test::Print(end) => {
                process.out(format!("{shown}{end}")).await?;
                true
            }
            Test::Delete => {
                let removed = match node {
                    Ok(Node::Directory) => process.sys.fs().remove_dir(&path),
                    _ => process.sys.fs().remove_file(&path),
                };
                if let Err(error) = removed {
                    process.fail(1, format!("cannot delete ‘{shown}’: {error}")).await?;
                    *status = 1;
                }
                removed.is_ok()
            }
            Test::Exec { all: true, .. } => {
                all.push(shown.to_string());
                true
            }
            Test::Exec { command, .. } => {
                let filled = command.iter().map(|word| word.replace("{}", shown)).collect();
                run(process, filled).await?
            }
        };
        if holds == *not {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn run(process: &Process, command: Vec<String>) -> Result<bool, Exit> {
    let child = process.child(command);
    if checked(process, &child).await.is_err() {
        return Ok(false);
    }
    Ok(child.run().await == End::Status(0))
}
