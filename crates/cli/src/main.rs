//! `etcd-lab`: the lab without a page. A console, traces, simulation and conformance, natively.
//!
//! A shell: it reads arguments, files and the clock, and prints; what it runs is crate `lab`.

#![deny(clippy::unwrap_used)]

mod args;
mod bench;
mod conform;
mod drills;
mod sh;
mod sim;
mod trace;

use std::process::ExitCode;

const USAGE: &str = "\
usage: etcd-lab sh [--members N] [--profile P] [--seed S] [--v2 1] [--quota BYTES]
       etcd-lab trace --seed S --members N [--profile P] [--v2 1] [--quota BYTES] [--script F] --until 60s
       etcd-lab sim --seeds A..B --for 60s
       etcd-lab conform [--profile P] PATH...
       etcd-lab drills check [--profile P] [--seed S] [ID...]
       etcd-lab drills try [--profile P] [--seed S] [ID]
       etcd-lab bench [--seconds N]

sh       the lab's console in a terminal, or a script from standard input
trace    runs a session and prints the hash of everything that happened in it
sim      random faults under all checkers; prints what replays each failure
conform  replays recorded transcripts of real etcd (.trycmd) and counts
drills   proves that each drill can be done and not by a wrong way; or does one at a prompt
bench    throughput of this machine, in one process
";

fn main() -> ExitCode {
    // A member that traps is a crashed member, told in the lab's own words.
    std::panic::set_hook(Box::new(|info| {
        if std::env::var_os("ETCD_LAB_PANICS").is_some() {
            eprintln!("{info}");
        }
    }));
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = words.split_first() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let result = match command.as_str() {
        "sh" => sh::run(rest),
        "trace" => trace::run(rest),
        "sim" => sim::run(rest),
        "conform" => conform::run(rest),
        "drills" => drills::run(rest),
        "bench" => bench::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => Err(format!("unknown command '{other}'")),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(text) => {
            eprintln!("etcd-lab {command}: {text}");
            eprint!("\n{USAGE}");
            ExitCode::from(2)
        }
    }
}
