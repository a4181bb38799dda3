//! `history`, `alias`, `unalias`.

use std::rc::Rc;

use super::echo::quote_single;
use crate::builtins::out;
use crate::io::Io;
use crate::shell::{Run, Shell};

pub(super) async fn history(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let most = match args.get(1).map(String::as_str) {
        None => usize::MAX,
        Some("-c") => {
            shell.history.borrow_mut().clear();
            return Ok(0);
        }
        Some(word) => match word.parse() {
            Ok(most) => most,
            Err(_) => {
                shell.complain(io, format!("history: {word}: numeric argument required")).await;
                return Ok(1);
            }
        },
    };
    let mut lines: Vec<String> = shell
        .history
        .borrow()
        .numbered()
        .rev()
        .take(most)
        .map(|(number, line)| format!("{number:>5}  {line}\n"))
        .collect();
    lines.reverse();
    out(io, lines.concat().as_bytes()).await?;
    Ok(0)
}

pub(super) async fn alias(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let words: Vec<&String> = args[1..].iter().filter(|word| *word != "-p").collect();
    let shown = |name: &str, text: &str| format!("alias {name}={}\n", quote_single(text));
    let (mut text, mut status) = (String::new(), 0);
    if words.is_empty() {
        shell.aliases.iter().for_each(|(name, value)| text.push_str(&shown(name, value)));
    }
    for word in words {
        match word.split_once('=') {
            Some((name, value)) if is_alias(name) => {
                Rc::make_mut(&mut shell.aliases).insert(name.to_string(), value.to_string());
            }
            Some((name, _)) if !name.is_empty() => {
                shell.complain(io, format!("alias: `{name}': invalid alias name")).await;
                status = 1;
            }
            _ => match shell.aliases.get(word) {
                Some(value) => text.push_str(&shown(word, value)),
                None => {
                    shell.complain(io, format!("alias: {word}: not found")).await;
                    status = 1;
                }
            },
        }
    }
    out(io, text.as_bytes()).await?;
    Ok(status)
}

fn is_alias(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(|c: char| c.is_whitespace() || "/$`='\"\\;&|()<>".contains(c))
}

pub(super) async fn unalias(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    if args.get(1).is_some_and(|flag| flag == "-a") {
        shell.aliases = Rc::default();
        return Ok(0);
    }
    if args.len() == 1 {
        let _ = io.write(2, b"unalias: usage: unalias [-a] name [name ...]\n").await;
        return Ok(2);
    }
    let mut status = 0;
    for name in &args[1..] {
        if Rc::make_mut(&mut shell.aliases).remove(name).is_none() {
            shell.complain(io, format!("unalias: {name}: not found")).await;
            status = 1;
        }
    }
    Ok(status)
}
