//! `cd`, `pwd`, `exit`, `return`, `break`, `continue`, `type`, `which`, `command`, `eval`, `source`.

use crate::io::Io;
use crate::lang::ast::List;
use crate::shell::{Flow, Run, Shell};
use crate::{builtins, fs, lang, tools};

/// Lines before an error that are looked through for those that can be read.
const READABLE_LINES_MAX: usize = 1000;

/// What `type` calls keywords.
const KEYWORDS: [&str; 20] = [
    "!", "[[", "]]", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if",
    "in", "then", "time", "until", "while", "{", "}",
];

pub(super) async fn cd(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let old = shell.cwd.clone();
    let target = match args.get(1).map(String::as_str) {
        None => shell.var("HOME").unwrap_or("/").to_string(),
        Some("-") => shell.var("OLDPWD").unwrap_or(&old).to_string(),
        Some(dir) => dir.to_string(),
    };
    if args.len() > 2 {
        shell.complain(io, "cd: too many arguments").await;
        return Ok(1);
    }
    let path = fs::normal(&old, &target);
    let node = shell.sys.fs().node(&path);
    let error = match node {
        Ok(fs::Node::Directory) => None,
        Ok(_) => Some(fs::NOT_DIRECTORY),
        Err(error) => Some(error),
    };
    if let Some(error) = error {
        shell.complain(io, format!("cd: {target}: {error}")).await;
        return Ok(1);
    }
    if args.get(1).map(String::as_str) == Some("-") {
        builtins::out(io, format!("{path}\n").as_bytes()).await?;
    }
    shell.set_var("OLDPWD", old);
    shell.set_var("PWD", path.clone());
    shell.cwd = path;
    Ok(0)
}

pub(super) async fn pwd(shell: &mut Shell, _args: Vec<String>, io: &Io) -> Run {
    builtins::out(io, format!("{}\n", shell.cwd).as_bytes()).await?;
    Ok(0)
}

async fn status_argument(shell: &mut Shell, args: &[String], io: &Io) -> i32 {
    let Some(word) = args.get(1) else { return shell.status };
    match word.parse::<i64>() {
        Ok(status) => (status & 255) as i32,
        Err(_) => {
            shell.complain(io, format!("{}: {word}: numeric argument required", args[0])).await;
            2
        }
    }
}

pub(super) async fn exit(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    Err(Flow::Exit(status_argument(shell, &args, io).await))
}

pub(super) async fn leave(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    Err(Flow::Return(status_argument(shell, &args, io).await))
}

pub(super) async fn leave_loop(_shell: &mut Shell, args: Vec<String>, _io: &Io) -> Run {
    let levels = args.get(1).and_then(|word| word.parse().ok()).unwrap_or(1).max(1);
    Err(if args[0] == "break" { Flow::Break(levels) } else { Flow::Continue(levels) })
}

pub(super) async fn type_of(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let command = args[0] == "command";
    if command && args.get(1).is_some_and(|word| !word.starts_with('-')) {
        let args = args[1..].to_vec();
        return match builtins::find(&args[0]) {
            Some(builtin) => builtin(shell, args, io).await,
            None => shell.external(args, io).await,
        };
    }
    let mut status = 0;
    let profile = shell.sys.profile();
    for name in args[1..].iter().filter(|word| !word.starts_with('-')) {
        let (builtin, program) =
            (builtins::find(name).is_some(), tools::find(name, profile).is_some());
        let function = shell.functions.contains_key(name);
        let alias = shell.aliases.get(name).filter(|_| args[0] == "type");
        let text = match args[0].as_str() {
            _ if alias.is_some() => {
                format!("{name} is aliased to `{}'\n", alias.map_or("", String::as_str))
            }
            "type" if KEYWORDS.contains(&name.as_str()) => format!("{name} is a shell keyword\n"),
            "type" if function => format!("{name} is a function\n"),
            "type" if builtin => format!("{name} is a shell builtin\n"),
            "type" if program => format!("{name} is /usr/bin/{name}\n"),
            "command" if builtin || function => format!("{name}\n"),
            "which" | "command" if program => format!("/usr/bin/{name}\n"),
            "type" => {
                shell.complain(io, format!("type: {name}: not found")).await;
                status = 1;
                continue;
            }
            _ => {
                status = 1;
                continue;
            }
        };
        builtins::out(io, text.as_bytes()).await?;
    }
    Ok(status)
}

pub(super) async fn eval(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    run_text(shell, &args[1..].join(" "), io).await
}

/// Parses and runs a text in this shell.
pub(crate) async fn run_text(shell: &mut Shell, text: &str, io: &Io) -> Run {
    match lang::parse_with(text, &shell.aliases.clone()) {
        Ok(list) => run_list(shell, &list, io).await,
        Err(error) => {
            if let Some(list) = readable_lines(text) {
                run_list(shell, &list, io).await?;
            }
            Ok(wrong(shell, &error, io).await)
        }
    }
}

/// Says what is wrong with a text; the status that it leaves.
pub(crate) async fn wrong(shell: &Shell, error: &lang::SyntaxError, io: &Io) -> i32 {
    shell.complain(io, &error.text).await;
    if error.text.ends_with(lang::BAD_SUBSTITUTION) { 1 } else { 2 }
}

pub(crate) async fn run_list(shell: &mut Shell, list: &List, io: &Io) -> Run {
    if shell.depth >= crate::shell::DEPTH_MAX {
        shell.complain(io, "maximum eval nesting level exceeded").await;
        return Err(Flow::Abort(1));
    }
    shell.depth += 1;
    let run = shell.list(list, io).await;
    shell.depth -= 1;
    run
}

/// bash reads a command at a time, so the lines before the one that it cannot read have run.
fn readable_lines(text: &str) -> Option<List> {
    let ends = text.match_indices('\n').map(|(at, _)| at).take(READABLE_LINES_MAX);
    let ends: Vec<usize> = ends.collect();
    ends.into_iter().rev().find_map(|end| lang::parse(&text[..end]).ok())
}

pub(super) async fn source(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let Some(name) = args.get(1) else {
        shell.complain(io, format!("{}: filename argument required", args[0])).await;
        return Ok(2);
    };
    let read = shell.sys.fs().read(&fs::normal(&shell.cwd, name));
    match read {
        Ok(bytes) => match run_text(shell, &String::from_utf8_lossy(&bytes), io).await {
            Err(Flow::Return(status)) => Ok(status),
            run => run,
        },
        Err(error) => {
            shell.complain(io, format!("{name}: {error}")).await;
            Ok(1)
        }
    }
}
