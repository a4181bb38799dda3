//! `etcd-lab sh`: the lab's console in a terminal, or a script from standard input.
//!
//! Virtual time runs while a command does, as fast as this machine can, and stands still between
//! commands: nobody is watching the cluster then.

use std::io::{BufRead, IsTerminal, Read, Write};

use lab::{InProcess, Lab, LabEvent};

use crate::args::Args;

/// A command that runs longer than this in virtual time is given up.
const COMMAND_US_MAX: u64 = 3_600_000_000;
/// The first command comes so long after the first leader.
const SETTLE_US: u64 = 1_000_000;

pub(crate) fn run(words: &[String]) -> Result<u8, String> {
    let args = Args::parse(words, &["members", "profile", "quota", "seed", "v2"])?;
    args.no_rest()?;
    let mut session = InProcess::new(Lab::new(args.session()?)?);
    let leader_us = session.run_to_first_leader(60_000_000)?;
    // By then the members have told each other where they listen.
    session.run_until(leader_us + SETTLE_US);
    if std::io::stdin().is_terminal() {
        return interactive(&mut session);
    }
    let mut script = String::new();
    std::io::stdin().read_to_string(&mut script).map_err(|e| e.to_string())?;
    Ok(exec(&mut session, &script) as u8)
}

fn interactive(session: &mut InProcess) -> Result<u8, String> {
    let options = session.lab().options().clone();
    let leader_ms = session.lab().first_leader_us().unwrap_or(0) / 1000;
    println!(
        "etcd-lab: {} members, seed {}, profile {}; first leader after {leader_ms} ms of virtual time. Ctrl-D leaves.",
        options.members, options.seed, options.profile
    );
    let mut code = 0;
    let mut lines = std::io::stdin().lock().lines();
    loop {
        print!("client:{}$ ", session.lab().client().cwd());
        std::io::stdout().flush().map_err(|e| e.to_string())?;
        match lines.next() {
            None => break,
            Some(Err(error)) => return Err(error.to_string()),
            Some(Ok(line)) if line.trim() == "exit" => break,
            Some(Ok(line)) if line.trim().is_empty() => {}
            Some(Ok(line)) => code = exec(session, &line),
        }
    }
    println!();
    Ok(code as u8)
}

/// Runs a line to its end, printing as it goes.
fn exec(session: &mut InProcess, line: &str) -> i32 {
    let Ok(exec) = session.lab_mut().exec("client", line) else { return 1 };
    let until = session.lab().now() + COMMAND_US_MAX;
    loop {
        for event in session.take_events() {
            match event {
                LabEvent::Output { stderr: true, text, .. } => eprint!("{text}"),
                LabEvent::Output { text, .. } => print!("{text}"),
                LabEvent::Done { exec: ended, code, .. } if ended == exec => return code,
                _ => {}
            }
        }
        // A reader that went away is no reason to stop the cluster.
        let _ = std::io::stdout().flush();
        if !session.run_window(until) {
            eprintln!("etcd-lab: the command did not end within an hour of virtual time");
            let _ = session.lab_mut().interrupt("client");
            return 124;
        }
    }
}
