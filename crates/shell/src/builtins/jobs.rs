//! `jobs`, `wait`, `kill`.

use std::rc::Rc;

use crate::builtins::out;
use crate::io::Io;
use crate::shell::{Job, Run, Shell};

fn find(shell: &Shell, word: &str) -> Option<Rc<Job>> {
    let job = match word.strip_prefix('%') {
        Some(number) => {
            let number = number.parse::<u32>().ok()?;
            shell.jobs.iter().find(|job| job.number == number)
        }
        None => {
            let pid = word.parse::<u32>().ok()?;
            shell.jobs.iter().find(|job| job.pid == pid)
        }
    };
    job.cloned()
}

pub(super) async fn wait(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let mut status = 0;
    if args.len() == 1 {
        for job in shell.jobs.clone() {
            job.wait().await;
        }
        shell.jobs.clear();
        return Ok(0);
    }
    for word in &args[1..] {
        match find(shell, word) {
            Some(job) => {
                status = job.wait().await;
                shell.jobs.retain(|other| other.number != job.number || other.pid != job.pid);
            }
            None => {
                let text = match word.parse::<u32>() {
                    Ok(_) => format!("wait: pid {word} is not a child of this shell"),
                    Err(_) if word.starts_with('%') => format!("wait: {word}: no such job"),
                    Err(_) => format!("wait: `{word}': not a pid or valid job spec"),
                };
                shell.complain(io, text).await;
                status = if word.parse::<u32>().is_ok() || word.starts_with('%') { 127 } else { 1 };
            }
        }
    }
    Ok(status)
}

pub(super) async fn jobs(shell: &mut Shell, _args: Vec<String>, io: &Io) -> Run {
    let mut text = String::new();
    let count = shell.jobs.len();
    for (at, job) in shell.jobs.iter().enumerate() {
        let mark = match count - at {
            1 => '+',
            2 => '-',
            _ => ' ',
        };
        let (state, tail) = match job.status.get() {
            None => ("Running".to_string(), " &"),
            Some(0) => ("Done".to_string(), ""),
            Some(status @ 129..) if status == 143 => ("Terminated".to_string(), ""),
            Some(137) => ("Killed".to_string(), ""),
            Some(status) => (format!("Exit {status}"), ""),
        };
        text.push_str(&format!("[{}]{mark}  {state:<24}{}{tail}\n", job.number, job.text));
    }
    shell.jobs.retain(|job| job.status.get().is_none());
    out(io, text.as_bytes()).await?;
    Ok(0)
}

const SIGNALS: [(&str, i32); 8] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("KILL", 9),
    ("USR1", 10),
    ("TERM", 15),
    ("CONT", 18),
    ("STOP", 19),
];

fn signal(word: &str) -> Option<i32> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    let name = word.strip_prefix("SIG").unwrap_or(word);
    SIGNALS.into_iter().find(|(known, _)| *known == name).map(|(_, number)| number)
}

/// Every signal but 0 and CONT ends a process; none of the lab's programs handles one yet.
pub(super) async fn kill(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let mut number = 15;
    let mut words = &args[1..];
    if let [flag, rest @ ..] = words
        && let Some(name) = flag.strip_prefix('-')
    {
        let (name, rest) = match (name, rest) {
            ("s" | "n", [name, rest @ ..]) => (name.as_str(), rest),
            ("l", _) => {
                let names: Vec<&str> = SIGNALS.iter().map(|(name, _)| *name).collect();
                out(io, format!("{}\n", names.join(" ")).as_bytes()).await?;
                return Ok(0);
            }
            _ => (name, rest),
        };
        match signal(name) {
            Some(signal) => number = signal,
            None => {
                shell.complain(io, format!("kill: {name}: invalid signal specification")).await;
                return Ok(1);
            }
        }
        words = rest;
    }
    if words.is_empty() {
        let usage = "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or \
                     kill -l [sigspec]";
        // The usage line of a builtin has no shell name before it.
        let _ = io.write(2, format!("{usage}\n").as_bytes()).await;
        return Ok(2);
    }
    let mut status = 0;
    for word in words {
        let job = find(shell, word);
        let pid = job.as_ref().map(|job| job.pid).or_else(|| word.parse().ok());
        let Some(pid) = pid else {
            let text = if word.starts_with('%') {
                format!("kill: {word}: no such job")
            } else {
                format!("kill: {word}: arguments must be process or job IDs")
            };
            shell.complain(io, text).await;
            status = 1;
            continue;
        };
        let Some(task) = shell.sys.task_of(pid) else {
            shell.complain(io, format!("kill: ({pid}) - No such process")).await;
            status = 1;
            continue;
        };
        if number != 0 && number != 18 {
            if let Some(job) = job {
                job.finish(128 + number);
            }
            shell.sys.executor().kill(task);
        }
    }
    Ok(status)
}
