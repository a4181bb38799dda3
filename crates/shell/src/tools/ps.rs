//! `ps`, `pgrep` and `pkill` over the processes of this host. The lab's own members run elsewhere
//! (`lab status` shows them); those that `etcd` started here are seen.

use crate::process::{Process, ToolResult};
use crate::signals::{SIGTERM, signal_number};
use crate::tools::finds;

/// `ps`, with the usual letters of both dialects: all of them show the same processes.
pub(super) async fn ps(process: Process) -> ToolResult {
    let mut letters = String::new();
    for word in process.operands() {
        let word = word.strip_prefix('-').unwrap_or(word);
        if let Some(bad) = word.chars().find(|c| !"auxefwAl".contains(*c)) {
            process.err(format!("error: unsupported option: '{bad}' is not in this lab\n")).await?;
            return Ok(1);
        }
        letters.push_str(word);
    }
    let (full, users) = (letters.contains('f'), letters.contains('u'));
    let mut text = String::from(match (full, users) {
        (true, _) => "UID          PID    PPID TTY          TIME CMD\n",
        (_, true) => "USER         PID TTY      STAT   TIME COMMAND\n",
        _ => "    PID TTY          TIME CMD\n",
    });
    for row in process.sys.processes().rows() {
        let (pid, parent, command) = (row.pid, row.parent, &row.command);
        let state = if row.stopped { 'T' } else { 'S' };
        text.push_str(&match (full, users) {
            (true, _) => format!("root     {pid:>7} {parent:>7} pts/0    00:00:00 {command}\n"),
            (_, true) => format!("root     {pid:>7} pts/0    {state}      0:00 {command}\n"),
            _ => format!("{pid:>7} pts/0    00:00:00 {}\n", name(command)),
        });
    }
    process.out(text).await?;
    Ok(0)
}

/// The program's name in a command.
fn name(command: &str) -> &str {
    let word = command.split(' ').next().unwrap_or(command);
    word.rsplit('/').next().unwrap_or(word)
}

/// `pgrep [-f] [-l] [-a] [-x] [-c] PATTERN` and `pkill [-SIGNAL] [-f] [-x] PATTERN`.
pub(super) async fn pgrep(process: Process) -> ToolResult {
    let kills = process.name().ends_with("pkill");
    let (mut signal, mut letters, mut patterns) = (SIGTERM, String::new(), Vec::new());
    for word in process.operands() {
        let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            patterns.push(word);
            continue;
        };
        match signal_number(flag).filter(|_| kills) {
            Some(number) => signal = number,
            None if flag.chars().all(|c| "flaxc".contains(c)) => letters.push_str(flag),
            None => return process.bad_option(2, word).await,
        }
    }
    let [pattern] = patterns.as_slice() else {
        let text = format!(
            "{0}: only one pattern can be provided\nTry `{0} --help' for more \
                            information.\n",
            process.name()
        );
        process.err(text).await?;
        return Ok(2);
    };
    let has = |letter| letters.contains(letter);
    let pattern = if has('x') { format!("^({pattern})$") } else { pattern.to_string() };
    let (mut text, mut count) = (String::new(), 0);
    for row in process.sys.processes().rows() {
        let subject = if has('f') { &row.command } else { name(&row.command) };
        let found = match finds(&pattern, subject) {
            Ok(found) => found && row.pid != process.proc.pid,
            Err(error) => return process.fail(2, error).await,
        };
        if !found {
            continue;
        }
        count += 1;
        if kills {
            process.sys.processes().signal(row.pid, signal);
        } else if has('c') {
            continue;
        } else if has('a') {
            text.push_str(&format!("{} {}\n", row.pid, row.command));
        } else if has('l') {
            text.push_str(&format!("{} {}\n", row.pid, name(&row.command)));
        } else {
            text.push_str(&format!("{}\n", row.pid));
        }
    }
    if has('c') {
        text = format!("{count}\n");
    }
    process.out(text).await?;
    Ok(i32::from(count == 0))
}
