//! `awk`: patterns, fields, variables, arrays, control flow and a few functions, as mawk prints them.
//!
//! Left out: user functions, `getline`, output redirection, `RS`, regular expression variables in
//! `split`. Numbers are IEEE doubles, as awk's own are.

mod parser;
mod run;

use self::parser::{Pattern, parse};
use self::run::{Awk, Next};
use crate::process::{Process, ToolResult};

pub(super) async fn awk(process: Process) -> ToolResult {
    let mut words = process.operands().to_vec();
    let mut awk = Awk::new(&process.env);
    while let Some(word) = words.first().cloned() {
        let Some(flag) = word.strip_prefix('-').filter(|f| f.starts_with(['F', 'v'])) else {
            break;
        };
        words.remove(0);
        let mut value = flag[1..].to_string();
        if value.is_empty() && !words.is_empty() {
            value = words.remove(0);
        }
        if flag.starts_with('F') {
            awk.set("FS", if value == "t" { "\t" } else { &value });
        } else if let Some((name, value)) = value.split_once('=') {
            awk.set(name, value);
        }
    }
    if words.first().is_some_and(|word| word == "--") {
        words.remove(0);
    }
    if words.is_empty() {
        process.err("usage: awk [-F value][-v var=value][--][program text][file ...]\n").await?;
        return Ok(2);
    }
    let program = match parse(&words.remove(0)) {
        Ok(program) => program,
        Err(error) => {
            process.err(format!("awk: line 1: {error}\n")).await?;
            return Ok(2);
        }
    };
    let result = run_program(&process, &mut awk, &program, words).await?;
    process.out(std::mem::take(&mut awk.out)).await?;
    match result {
        Ok(status) => Ok(status),
        Err(error) => {
            process.err(format!("awk: {error}\n")).await?;
            Ok(2)
        }
    }
}

async fn run_program(
    process: &Process,
    awk: &mut Awk,
    program: &parser::Program,
    files: Vec<String>,
) -> Result<Result<i32, String>, crate::process::Exit> {
    let mut exit = None;
    let sections = |kind: fn(&Pattern) -> bool| program.iter().filter(move |(p, _)| kind(p));
    for (_, body) in sections(|p| matches!(p, Pattern::Begin)) {
        match awk.block(body, &process.sys).await {
            Ok(Next::Exit(status)) => exit = Some(status),
            Ok(_) => continue,
            Err(error) => return Ok(Err(error)),
        }
        break;
    }
    let reads = program.iter().any(|(p, _)| !matches!(p, Pattern::Begin));
    let files = if files.is_empty() { vec!["-".to_string()] } else { files };
    'files: for name in files.iter().filter(|_| reads && exit.is_none()) {
        let mut reader = match process.open(name) {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(format!("cannot open {name} ({error})"))),
        };
        while let Some((line, _)) = reader.line().await {
            process.sys.step().await;
            awk.record(&String::from_utf8_lossy(&line));
            for (pattern, body) in program {
                let next = match awk.applies(pattern) {
                    Ok(true) => awk.block(body, &process.sys).await,
                    Ok(false) => continue,
                    Err(error) => Err(error),
                };
                match next {
                    Ok(Next::Exit(status)) => {
                        exit = Some(status);
                        break 'files;
                    }
                    Ok(Next::Record) => break,
                    Ok(_) => {}
                    Err(error) => return Ok(Err(error)),
                }
            }
            process.out(std::mem::take(&mut awk.out)).await?;
        }
    }
    for (_, body) in sections(|p| matches!(p, Pattern::End)) {
        match awk.block(body, &process.sys).await {
            Ok(Next::Exit(status)) => return Ok(Ok(status)),
            Ok(_) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(exit.unwrap_or(0)))
}
