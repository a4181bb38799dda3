//! `watch`: a command again and again, until Ctrl-C.
//!
//! A real `watch` paints over its screen. A console of blocks has none to paint over, so what is
//! printed is the first output and then, with a new heading, every output that differs from the one
//! before: the last block is what a screen would show. Left out: marking what has changed (`-d`).

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;

use cluster::executor::pipe;

use crate::io::Fd;
use crate::process::{Process, Reader, ToolResult};
use crate::tools::duration_us;
use crate::tools::run::format_date;

const INTERVAL_US_MIN: u64 = 100_000;
/// Width of a heading.
const COLUMNS: usize = 80;

/// What the words ask for.
struct Wish {
    interval_us: u64,
    title: bool,
    /// Ends when the output changes.
    until_change: bool,
    /// Ends when the command fails.
    until_failure: bool,
    command: Vec<String>,
}

const USAGE: &str = "Usage:\n watch [-n SECONDS] [-t] [-g] [-e] COMMAND\n";

fn wish(words: &[String]) -> Option<Wish> {
    let mut wish = Wish {
        interval_us: 2_000_000,
        title: true,
        until_change: false,
        until_failure: false,
        command: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let attached = word.strip_prefix("-n").or(word.strip_prefix("--interval="));
        match word.as_str() {
            "-t" | "--no-title" => wish.title = false,
            "-g" | "--chgexit" => wish.until_change = true,
            "-e" | "--errexit" => wish.until_failure = true,
            "-d" | "--differences" | "-c" | "--color" | "-x" | "--exec" | "-b" => {}
            "--" => {
                wish.command.extend(words.cloned());
                break;
            }
            _ if attached.is_some() || word == "--interval" => {
                let value = match attached.filter(|value| !value.is_empty()) {
                    Some(value) => value,
                    None => words.next()?,
                };
                wish.interval_us = duration_us(value)?.max(INTERVAL_US_MIN);
            }
            _ if word.starts_with('-') => return None,
            _ => {
                wish.command.push(word.clone());
                wish.command.extend(words.cloned());
                break;
            }
        }
    }
    (!wish.command.is_empty()).then_some(wish)
}

pub(super) async fn watch(process: Process) -> ToolResult {
    let Some(wish) = wish(process.operands()) else {
        process.err(USAGE).await?;
        return Ok(1);
    };
    let catch = process.proc.catch();
    let mut running = pin!(repeat(&process, &wish));
    std::future::poll_fn(|cx| {
        // Ctrl-C is how one leaves it: no failure.
        if catch.poll_next(cx).is_ready() {
            return Poll::Ready(Ok(0));
        }
        running.as_mut().poll(cx)
    })
    .await
}

async fn repeat(process: &Process, wish: &Wish) -> ToolResult {
    let text = wish.command.join(" ");
    let mut shown: Option<Vec<u8>> = None;
    loop {
        let (status, output) = capture(process, &text).await;
        if shown.as_ref() != Some(&output) {
            if wish.title {
                process.out(heading(process, wish.interval_us, &text)).await?;
            }
            process.out(&output).await?;
            if wish.until_change && shown.is_some() {
                return Ok(0);
            }
            shown = Some(output);
        }
        if wish.until_failure && status != 0 {
            return process.fail(status, "command exit with a non-zero status").await;
        }
        process.sys.sleep_us(wish.interval_us).await;
    }
}

fn heading(process: &Process, interval_us: u64, text: &str) -> String {
    let tenths = interval_us / 100_000;
    let left = format!("Every {}.{}s: {text}", tenths / 10, tenths % 10);
    let date = format_date(process.sys.wall_us(), "%a %b %e %H:%M:%S %Y");
    let right = format!("{}: {date}", process.env.get("HOSTNAME").map_or("client", |name| name));
    let gap = COLUMNS.saturating_sub(left.chars().count() + right.len()).max(1);
    format!("{left}{:gap$}{right}\n\n", "")
}

/// Runs a text in a shell; its status and all that it printed.
async fn capture(process: &Process, text: &str) -> (i32, Vec<u8>) {
    let (writer, reader) = pipe(1 << 16);
    let mut child = process.child(["sh", "-c", text].map(String::from).to_vec());
    child.io.set(1, Fd::Writer(writer.clone()));
    child.io.set(2, Fd::Writer(writer));
    let mut running = child.run();
    let mut reader = Reader::new(Fd::Reader(reader));
    let mut reading = pin!(reader.all());
    let mut status = None;
    std::future::poll_fn(|cx| {
        if status.is_none()
            && let Poll::Ready(end) = Pin::new(&mut running).poll(cx)
        {
            status = Some(end.status());
        }
        match (reading.as_mut().poll(cx), status) {
            (Poll::Ready(output), status) => Poll::Ready((status.unwrap_or(0), output)),
            (Poll::Pending, _) => Poll::Pending,
        }
    })
    .await
}
