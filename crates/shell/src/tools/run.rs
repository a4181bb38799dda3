//! Programs that run others or wait: `sh`, `timeout`, `env`, `sleep`, `date` and a few small ones.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use crate::builtins::run_text;
use crate::interp;
use crate::process::{Exit, Process, ToolResult};
use crate::shell::{DEPTH_MAX, Shell};
use crate::signals::{End, SIGKILL, SIGTERM, signal_number};
use crate::tools::NotStarted;

/// `sh -c TEXT [NAME ARGS...]`, `sh FILE [ARGS...]`, or commands from standard input.
pub(super) async fn sh(process: Process) -> ToolResult {
    let args = process.operands();
    match args {
        [flag, text, rest @ ..] if flag == "-c" => {
            let name = rest.first().cloned().unwrap_or_else(|| process.name().to_string());
            Ok(script(&process, &name, rest.get(1..).unwrap_or_default(), text).await)
        }
        [flag] if flag == "-c" => process.fail(2, "-c: option requires an argument").await,
        [file, rest @ ..] if !file.starts_with('-') => {
            let read = process.sys.fs().read(&process.path(file));
            match read {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    Ok(script(&process, file, rest, &text).await)
                }
                Err(error) => process.fail(127, format!("{file}: {error}")).await,
            }
        }
        _ => {
            let bytes = process.stdin().all().await;
            let name = process.name().to_string();
            Ok(script(&process, &name, &[], &String::from_utf8_lossy(&bytes)).await)
        }
    }
}

/// Runs a text in a new shell.
pub(super) async fn script(process: &Process, name: &str, args: &[String], text: &str) -> i32 {
    let mut shell = Shell::of(process);
    shell.exec = true;
    shell.name = name.to_string();
    shell.positional = args.to_vec();
    shell.depth = process.depth + 2;
    if shell.depth >= DEPTH_MAX {
        let _ = process.err("bash: fork: Resource temporarily unavailable\n").await;
        return 254;
    }
    interp::finish(run_text(&mut shell, text, &process.io).await, &shell)
}

/// `5`, `0.5s`, `1m`, `2h`, `1d`, in microseconds.
pub(crate) fn duration_us(text: &str) -> Option<u64> {
    let (number, unit_us) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1_000_000),
        (at, 'm') => (&text[..at], 60_000_000),
        (at, 'h') => (&text[..at], 3_600_000_000),
        (at, 'd') => (&text[..at], 86_400_000_000),
        _ => (text, 1_000_000u64),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: String = format!("{part:0<6}").chars().take(6).collect();
    let millionths = part.parse::<u64>().ok()?;
    let part_us = u128::from(millionths) * u128::from(unit_us) / 1_000_000;
    whole.checked_mul(unit_us)?.checked_add(u64::try_from(part_us).ok()?)
}

pub(super) async fn sleep(process: Process) -> ToolResult {
    if process.operands().is_empty() {
        process.err("sleep: missing operand\nTry 'sleep --help' for more information.\n").await?;
        return Ok(1);
    }
    let mut total_us = 0u64;
    for word in process.operands() {
        if word == "infinity" {
            total_us = u64::MAX;
            continue;
        }
        match duration_us(word) {
            Some(us) => total_us = total_us.saturating_add(us),
            None => {
                let text = format!(
                    "sleep: invalid time interval '{word}'\nTry 'sleep --help' for more \
                     information.\n"
                );
                process.err(text).await?;
                return Ok(1);
            }
        }
    }
    process.sys.sleep_us(total_us).await;
    Ok(0)
}

/// What `timeout` was told.
struct Limit {
    limit_us: u64,
    signal: i32,
    kill_after_us: Option<u64>,
    preserve_status: bool,
    command: Vec<String>,
}

const TIMEOUT_HINT: &str = "Try 'timeout --help' for more information.\n";

/// The options of `timeout`; the error is its message, without the name and the hint.
fn timeout_options(words: &[String]) -> Result<Limit, String> {
    let mut limit = Limit {
        limit_us: 0,
        signal: SIGTERM,
        kill_after_us: None,
        preserve_status: false,
        command: Vec::new(),
    };
    let interval = |text: &str| {
        duration_us(text).ok_or_else(|| format!("timeout: invalid time interval '{text}'\n"))
    };
    let mut words = words.iter();
    let mut next = words.next();
    while let Some(word) = next.filter(|word| word.starts_with('-')) {
        let (flag, attached) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_string())),
            None if !word.starts_with("--") && word.len() > 2 && word.is_char_boundary(2) => {
                (&word[..2], Some(word[2..].to_string()))
            }
            None => (word.as_str(), None),
        };
        let mut value = || {
            let lacks = format!(
                "timeout: option requires an argument -- '{}'\n",
                flag.trim_start_matches('-')
            );
            attached.clone().or_else(|| words.next().cloned()).ok_or(lacks)
        };
        match flag {
            "-s" | "--signal" => {
                let name = value()?;
                let number = signal_number(&name);
                limit.signal = number.ok_or(format!("timeout: '{name}': invalid signal\n"))?;
            }
            "-k" | "--kill-after" => limit.kill_after_us = Some(interval(&value()?)?),
            "--preserve-status" => limit.preserve_status = true,
            "--foreground" | "-v" | "--verbose" => {}
            "--" => {
                next = words.next();
                break;
            }
            _ if flag.starts_with("--") => {
                return Err(format!("timeout: unrecognized option '{word}'\n"));
            }
            _ => {
                let letter = flag.trim_start_matches('-');
                return Err(format!("timeout: invalid option -- '{letter}'\n"));
            }
        }
        next = words.next();
    }
    limit.command = words.cloned().collect();
    let Some(duration) = next.filter(|_| !limit.command.is_empty()) else {
        return Err(String::new());
    };
    limit.limit_us = interval(duration)?;
    Ok(limit)
}

/// `timeout [-s SIG] [-k D] DURATION COMMAND`: a signal to the command when the time is up, and
/// status 124. Signals to timeout itself go on to the command.
pub(super) async fn timeout(process: Process) -> ToolResult {
    let limit = match timeout_options(process.operands()) {
        Ok(limit) => limit,
        Err(message) => {
            process.err(format!("{message}{TIMEOUT_HINT}")).await?;
            return Ok(125);
        }
    };
    let command = process.child(limit.command.clone());
    if let Err(status) = checked(&process, &command).await {
        return Ok(status);
    }
    let table = process.sys.processes().clone();
    let pid = command.proc.pid;
    let mut running = command.run();
    let catch = process.proc.catch();
    let sys = process.sys.clone();
    let timer = |us| Box::pin(sys.sleep_us(us));
    let mut next = (limit.limit_us > 0).then(|| (timer(limit.limit_us), limit.signal));
    let mut kill_after_us = limit.kill_after_us;
    let mut timed_out = false;
    let end = std::future::poll_fn(|cx| {
        loop {
            if let Poll::Ready(end) = Pin::new(&mut running).poll(cx) {
                return Poll::Ready(end);
            }
            if let Poll::Ready(number) = catch.poll_next(cx) {
                table.signal(pid, number);
                continue;
            }
            let Some((sleep, number)) = &mut next else { return Poll::Pending };
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            timed_out = true;
            table.signal_tree(pid, *number);
            next = kill_after_us.take().map(|us| (timer(us), SIGKILL));
        }
    })
    .await;
    drop(catch);
    match end {
        End::Signal(number) if !timed_out => process.proc.die(number).await,
        end if !timed_out || limit.preserve_status => Ok(end.status()),
        End::Signal(SIGKILL) => Ok(128 + SIGKILL),
        _ => Ok(124),
    }
}

/// Says, as coreutils do, that a command cannot be started.
pub(super) async fn checked(process: &Process, command: &Process) -> Result<(), i32> {
    let (error, status) = match super::startable(command) {
        Ok(()) => return Ok(()),
        Err(NotStarted::Path(error)) if error == crate::fs::DENIED => (error, 126),
        Err(NotStarted::Path(error)) => (error, 127),
        Err(NotStarted::NotInPath) => (crate::fs::NOT_FOUND, 127),
    };
    let name = command.name();
    let text = match process.name() {
        "env" => format!("env: '{name}': {error}\n"),
        "find" => format!("find: ‘{name}’: {error}\n"),
        "xargs" => format!("xargs: {name}: {error}\n"),
        own => format!("{own}: failed to run command '{name}': {error}\n"),
    };
    let _ = process.err(text).await;
    Err(status)
}

/// Runs a program inside this one; boxed, since programs can run each other.
async fn nested(mut process: Process) -> i32 {
    process.depth += 1;
    if process.depth >= DEPTH_MAX {
        return 254;
    }
    let running: Pin<Box<dyn Future<Output = i32>>> = Box::pin(super::run(process));
    running.await
}

pub(super) async fn env(mut process: Process) -> ToolResult {
    let mut words = process.operands().to_vec();
    loop {
        match words.first().map(String::as_str) {
            Some("-i" | "-") => process.env.clear(),
            Some("-u") if words.len() > 1 => {
                words.remove(0);
                process.env.remove(&words[0]);
            }
            Some(word) if word.contains('=') => {
                if let Some((name, value)) = word.split_once('=') {
                    process.env.insert(name.to_string(), value.to_string());
                }
            }
            _ => break,
        }
        words.remove(0);
    }
    if words.is_empty() {
        let mut text = String::new();
        for (name, value) in &process.env {
            text.push_str(&format!("{name}={value}\n"));
        }
        process.out(text).await?;
        return Ok(0);
    }
    let command = Process { args: words, ..process.clone() };
    if let Err(status) = checked(&process, &command).await {
        return Ok(status);
    }
    Ok(nested(command).await)
}

/// `date [-u] [+FORMAT]` in UTC.
pub(super) async fn date(process: Process) -> ToolResult {
    let wall_us = process.sys.wall_us();
    let format = process.operands().iter().find_map(|word| word.strip_prefix('+'));
    let format = format.unwrap_or("%a %b %e %H:%M:%S UTC %Y");
    process.out(format!("{}\n", format_date(wall_us, format))).await?;
    Ok(0)
}

const DAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) fn format_date(wall_us: u64, format: &str) -> String {
    let seconds = wall_us / 1_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = proto::date::civil(days as i64);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let month_name = MONTHS[(month - 1) as usize];
    let day_name = DAYS[(days % 7) as usize];
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let text = match chars.next() {
            Some('Y') => year.to_string(),
            Some('m') => format!("{month:02}"),
            Some('d') => format!("{day:02}"),
            Some('e') => format!("{day:>2}"),
            Some('H') => format!("{hour:02}"),
            Some('M') => format!("{minute:02}"),
            Some('S') => format!("{second:02}"),
            Some('s') => seconds.to_string(),
            Some('N') => format!("{:09}", wall_us % 1_000_000 * 1_000),
            Some('F') => format!("{year}-{month:02}-{day:02}"),
            Some('T') => format!("{hour:02}:{minute:02}:{second:02}"),
            Some('a') => day_name[..3].into(),
            Some('A') => day_name.into(),
            Some('b') => month_name[..3].into(),
            Some('B') => month_name.into(),
            Some('Z') => "UTC".into(),
            Some('z') => "+0000".into(),
            Some('%') => "%".into(),
            Some(other) => format!("%{other}"),
            None => "%".into(),
        };
        out.push_str(&text);
    }
    out
}

pub(super) async fn small(process: Process) -> Result<i32, Exit> {
    match process.name() {
        "hostname" => process.out("client\n").await?,
        "whoami" => process.out("root\n").await?,
        _ => process.out("\x1b[H\x1b[2J").await?,
    }
    Ok(0)
}
