//! Programs that run others or wait: `sh`, `timeout`, `env`, `sleep`, `date` and a few small ones.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use crate::builtins::run_text;
use crate::interp;
use crate::process::{Exit, Process, ToolResult};
use crate::shell::{DEPTH_MAX, Shell};

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
    let mut shell = Shell::new(&process.sys, &process.env, &process.cwd);
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
pub(super) fn duration_us(text: &str) -> Option<u64> {
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

/// `timeout [-s SIG] [-k D] DURATION COMMAND`: status 124 when the time is up.
pub(super) async fn timeout(mut process: Process) -> ToolResult {
    let mut words = process.operands().to_vec();
    let mut killed = 124;
    while words.first().is_some_and(|word| word.starts_with('-')) {
        let flag = words.remove(0);
        if (flag == "-s" || flag == "-k") && !words.is_empty() {
            let value = words.remove(0);
            if flag == "-s" && ["KILL", "9", "SIGKILL"].contains(&value.as_str()) {
                killed = 137;
            }
        }
    }
    if words.len() < 2 {
        process
            .err("timeout: missing operand\nTry 'timeout --help' for more information.\n")
            .await?;
        return Ok(125);
    }
    let duration = words.remove(0);
    let Some(limit_us) = duration_us(&duration) else {
        let text = format!(
            "timeout: invalid time interval '{duration}'\nTry 'timeout --help' for more \
             information.\n"
        );
        process.err(text).await?;
        return Ok(125);
    };
    process.args = words;
    let sys = process.sys.clone();
    if limit_us == 0 {
        return Ok(nested(process).await);
    }
    let mut command = pin!(nested(process));
    let mut timer = pin!(sys.sleep_us(limit_us));
    Ok(std::future::poll_fn(|cx| {
        if let Poll::Ready(status) = command.as_mut().poll(cx) {
            return Poll::Ready(status);
        }
        timer.as_mut().poll(cx).map(|()| killed)
    })
    .await)
}

/// Runs a program inside this one; boxed, since programs can run each other.
async fn nested(mut process: Process) -> i32 {
    process.depth += 1;
    if process.depth >= DEPTH_MAX {
        return 254;
    }
    let running: std::pin::Pin<Box<dyn Future<Output = i32>>> = Box::pin(super::run(process));
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
    process.args = words;
    Ok(nested(process).await)
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

fn format_date(wall_us: u64, format: &str) -> String {
    let seconds = wall_us / 1_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
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

/// Year, month and day of a number of days since 1970, by counting 400-year cycles from March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (cycle, day_of_cycle) = (shifted / 146_097, shifted % 146_097);
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
        - day_of_cycle / 146_096)
        / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_cycle + cycle * 400 + u64::from(month <= 2), month, day)
}

pub(super) async fn small(process: Process) -> Result<i32, Exit> {
    match process.name() {
        "hostname" => process.out("client\n").await?,
        "whoami" => process.out("root\n").await?,
        _ => process.out("\x1b[H\x1b[2J").await?,
    }
    Ok(0)
}
