//! `jobs`, `wait`, `kill`.

use std::rc::Rc;
use std::task::Poll;

use crate::builtins::out;
use crate::io::Io;
use crate::shell::{Job, Run, Shell};
use crate::signals::{End, Group, SIGINT, SIGKILL, SIGNALS, SIGTERM, signal_number};

/// The job of a pid or of `%1`, `%+`, `%-` or `%text`.
fn find(shell: &Shell, word: &str) -> Option<Rc<Job>> {
    let job = match word.strip_prefix('%') {
        Some("" | "%" | "+") => shell.jobs.last(),
        Some("-") => shell.jobs.iter().rev().nth(1).or(shell.jobs.last()),
        Some(text) => match text.parse::<u32>() {
            Ok(number) => shell.jobs.iter().find(|job| job.number == number),
            Err(_) => shell.jobs.iter().rev().find(|job| job.text.starts_with(text)),
        },
        None => {
            let pid = word.parse::<u32>().ok()?;
            shell.jobs.iter().find(|job| job.pid == pid)
        }
    };
    job.cloned()
}

/// Takes a job off the list but remembers how it ended: `wait PID` may ask again.
fn forget(shell: &mut Shell, job: &Job, end: End) {
    shell.jobs.retain(|other| other.pid != job.pid);
    shell.ended.insert(job.pid, end);
}

pub(super) async fn wait(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let mut status = 0;
    if args.len() == 1 {
        for job in shell.jobs.clone() {
            job.wait().await;
        }
        shell.jobs.clear();
        shell.ended.clear();
        return Ok(0);
    }
    if args[1] == "-n" {
        return Ok(wait_next(shell).await);
    }
    for word in &args[1..] {
        let pid = word.parse::<u32>();
        if let Some(job) = find(shell, word) {
            let end = job.wait().await;
            forget(shell, &job, end);
            status = end.status();
        } else if let Some(end) = pid.as_ref().ok().and_then(|pid| shell.ended.get(pid)) {
            status = end.status();
        } else {
            let (text, code) = match pid {
                Ok(_) => (format!("wait: pid {word} is not a child of this shell"), 127),
                Err(_) if word.starts_with('%') => (format!("wait: {word}: no such job"), 127),
                Err(_) => (format!("wait: `{word}': not a pid or valid job spec"), 1),
            };
            shell.complain(io, text).await;
            status = code;
        }
    }
    Ok(status)
}

/// `wait -n`: the next job to end, or one that has ended already.
async fn wait_next(shell: &mut Shell) -> i32 {
    if shell.jobs.is_empty() {
        return 127;
    }
    let jobs = shell.jobs.clone();
    let mut waits: Vec<_> = jobs.iter().map(|job| Box::pin(job.wait())).collect();
    let (at, end) = std::future::poll_fn(|cx| {
        for (at, wait) in waits.iter_mut().enumerate() {
            if let Poll::Ready(end) = wait.as_mut().poll(cx) {
                return Poll::Ready((at, end));
            }
        }
        Poll::Pending
    })
    .await;
    forget(shell, &jobs[at], end);
    end.status()
}

pub(super) async fn jobs(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let mut text = String::new();
    let listed = if shell.jobs.is_empty() { &shell.outer_jobs } else { &shell.jobs };
    let count = listed.len();
    for (at, job) in listed.iter().enumerate() {
        if args.get(1).is_some_and(|flag| flag == "-p") {
            text.push_str(&format!("{}\n", job.pid));
            continue;
        }
        let mark = match count - at {
            1 => '+',
            2 => '-',
            _ => ' ',
        };
        let (state, tail) = match job.end.get() {
            None => ("Running".to_string(), " &"),
            Some(End::Status(0)) => ("Done".to_string(), ""),
            Some(End::Status(status)) => (format!("Exit {status}"), ""),
            Some(End::Signal(SIGINT)) => ("Interrupt".to_string(), ""),
            Some(End::Signal(SIGTERM)) => ("Terminated".to_string(), ""),
            Some(End::Signal(SIGKILL)) => ("Killed".to_string(), ""),
            Some(End::Signal(number)) => (format!("Signal {number}"), ""),
        };
        text.push_str(&format!("[{}]{mark}  {state:<24}{}{tail}\n", job.number, job.text));
    }
    if args.get(1).is_none() {
        for job in shell.jobs.clone() {
            if let Some(end) = job.end.get() {
                forget(shell, &job, end);
            }
        }
    }
    out(io, text.as_bytes()).await?;
    Ok(0)
}

/// The signal that the options of `kill` name, and how many words they are. None: `kill -l`.
fn kill_options(words: &[String]) -> Result<Option<(i32, usize)>, String> {
    let Some(flag) = words.first().and_then(|word| word.strip_prefix('-')) else {
        return Ok(Some((SIGTERM, 0)));
    };
    let (name, used) = match flag {
        "l" | "L" => return Ok(None),
        "-" => return Ok(Some((SIGTERM, 1))),
        "s" | "n" => (words.get(1).map_or("", String::as_str), 2),
        name => (name, 1),
    };
    let number = signal_number(name).ok_or(name)?;
    let dashes = words.get(used).is_some_and(|word| word == "--");
    Ok(Some((number, used.min(words.len()) + usize::from(dashes))))
}

/// Sends a signal to processes, to jobs (`%1`) or to whole groups (`-PID`).
pub(super) async fn kill(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let (number, used) = match kill_options(&args[1..]) {
        Ok(Some(options)) => options,
        Ok(None) => return list_signals(shell, &args[2..], io).await,
        Err(name) => {
            shell.complain(io, format!("kill: {name}: invalid signal specification")).await;
            return Ok(1);
        }
    };
    let words = &args[1 + used..];
    if words.is_empty() {
        let usage = "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or \
                     kill -l [sigspec]";
        // The usage line of a builtin has no shell name before it.
        let _ = io.write(2, format!("{usage}\n").as_bytes()).await;
        return Ok(2);
    }
    let mut status = 0;
    for word in words {
        if let Some(text) = send(shell, word, number) {
            shell.complain(io, format!("kill: {text}")).await;
            status = 1;
        }
    }
    shell.proc.survive().await;
    Ok(status)
}

/// `kill -l [SIGNAL|STATUS]...`: the signals that this host knows.
async fn list_signals(shell: &Shell, words: &[String], io: &Io) -> Run {
    let (mut text, mut status) = (String::new(), 0);
    if words.is_empty() {
        for (at, (name, number)) in SIGNALS.iter().enumerate() {
            let end = if at % 5 == 4 || at + 1 == SIGNALS.len() { "\n" } else { "\t" };
            text.push_str(&format!("{number:>2}) SIG{name}{end}"));
        }
    }
    for word in words {
        let number = signal_number(word).or(word.parse().ok());
        let found = SIGNALS.iter().find(|(_, known)| {
            // A status of 128 and more is a signal's, too.
            number.is_some_and(|number| number == *known || number == 128 + *known)
        });
        match found {
            Some((name, _)) if word.parse::<i32>().is_ok() => text.push_str(&format!("{name}\n")),
            Some((_, number)) => text.push_str(&format!("{number}\n")),
            None => {
                shell.complain(io, format!("kill: {word}: invalid signal specification")).await;
                status = 1;
            }
        }
    }
    out(io, text.as_bytes()).await?;
    Ok(status)
}

/// Sends a signal to what a word names; the message if it names nothing.
fn send(shell: &Shell, word: &str, number: i32) -> Option<String> {
    let table = shell.sys.processes();
    let (sent, pid) = if word.starts_with('%') {
        let Some(job) = find(shell, word) else { return Some(format!("{word}: no such job")) };
        (table.signal_group(Group::Job(job.pid), number), job.pid)
    } else if let Some(pid) = word.strip_prefix('-').and_then(|pid| pid.parse().ok()) {
        (table.signal_group(Group::Job(pid), number), pid)
    } else if let Ok(pid) = word.parse() {
        (table.signal(pid, number), pid)
    } else {
        return Some(format!("{word}: arguments must be process or job IDs"));
    };
    (!sent).then(|| format!("({pid}) - No such process"))
}
