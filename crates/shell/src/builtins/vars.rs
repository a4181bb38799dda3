//! `export`, `unset`, `local`, `declare`, `set`, `shift`.

use crate::builtins::out;
use crate::io::Io;
use crate::lang::is_name;
use crate::shell::{Run, Shell};

pub(super) async fn export(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let (mut status, mut remove) = (0, false);
    if args.len() == 1 || args[1] == "-p" {
        let mut text = String::new();
        for (name, value) in shell.exported() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            text.push_str(&format!("declare -x {name}=\"{value}\"\n"));
        }
        out(io, text.as_bytes()).await?;
        return Ok(0);
    }
    for word in &args[1..] {
        if word == "-n" {
            remove = true;
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        if !is_name(name) {
            shell.complain(io, format!("export: `{word}': not a valid identifier")).await;
            status = 1;
            continue;
        }
        if value.is_none() && shell.var(name).is_none() {
            continue;
        }
        let variable = shell.vars.entry(name.to_string()).or_default();
        if let Some(value) = value {
            variable.value = value.to_string();
        }
        variable.exported = !remove;
    }
    Ok(status)
}

pub(super) async fn unset(shell: &mut Shell, args: Vec<String>, _io: &Io) -> Run {
    for name in &args[1..] {
        if shell.vars.remove(name).is_none() {
            shell.functions.remove(name);
        }
    }
    Ok(0)
}

/// `local` and `declare` set variables of the shell; they do not end with the function.
pub(super) async fn declare(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let mut status = 0;
    for word in args[1..].iter().filter(|word| !word.starts_with('-')) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if is_name(name) {
            shell.set_var(name, value);
        } else {
            shell.complain(io, format!("{}: `{word}': not a valid identifier", args[0])).await;
            status = 1;
        }
    }
    Ok(status)
}

pub(super) async fn set(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    if args.len() == 1 {
        let mut text = String::new();
        for (name, variable) in &shell.vars {
            text.push_str(&format!("{name}={}\n", super::echo::quote(&variable.value)));
        }
        out(io, text.as_bytes()).await?;
        return Ok(0);
    }
    let mut words = &args[1..];
    while let Some((word, rest)) = words.split_first() {
        match word.as_str() {
            "-e" => shell.errexit = true,
            "+e" => shell.errexit = false,
            "--" => {
                shell.positional = rest.to_vec();
                return Ok(0);
            }
            word if word.starts_with(['-', '+']) && word.len() > 1 => {}
            _ => {
                shell.positional = words.to_vec();
                return Ok(0);
            }
        }
        words = rest;
    }
    Ok(0)
}

pub(super) async fn shift(shell: &mut Shell, args: Vec<String>, _io: &Io) -> Run {
    let count = args.get(1).and_then(|word| word.parse().ok()).unwrap_or(1);
    if count > shell.positional.len() {
        return Ok(1);
    }
    shell.positional.drain(..count);
    Ok(0)
}
