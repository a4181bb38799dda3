//! `etcd-lab sim`: many seeds under random faults and all checkers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use lab::{SimOptions, SimReport, simulate};

use crate::args::Args;

pub(crate) fn run(words: &[String]) -> Result<u8, String> {
    let args = Args::parse(words, &["seeds", "for", "seed"])?;
    args.no_rest()?;
    let (first, last) = seeds(&args)?;
    let duration_us = args.time_us("for")?.unwrap_or(60_000_000);
    let started = std::time::Instant::now();
    let (mut passed, mut failed, mut virtual_us, mut events) = (0u64, 0u64, 0u64, 0u64);
    let (mut faults, mut puts) = (0u64, 0u64);
    for report in run_all(first, last, duration_us) {
        virtual_us += duration_us + 30_000_000;
        events += report.events;
        faults += u64::from(report.faults);
        puts += report.puts_acknowledged;
        if report.failures.is_empty() {
            passed += 1;
            continue;
        }
        failed += 1;
        println!("seed {} ({} members):", report.seed, report.members);
        for failure in report.failures.iter().take(5) {
            println!("  {failure}");
        }
        let seconds = duration_us / 1_000_000;
        println!("  replay: etcd-lab sim --seeds {0}..{0} --for {seconds}s", report.seed);
    }
    let wall = started.elapsed().as_secs_f64();
    println!(
        "{faults} faults, {puts} puts acknowledged, {events} events, {:.0} virtual seconds in {wall:.1} s ({:.0} times real time)",
        virtual_us as f64 / 1e6,
        virtual_us as f64 / 1e6 / wall.max(1e-9),
    );
    println!("{passed} passed, {failed} failed");
    Ok(u8::from(failed > 0))
}

/// `A..B`, both inclusive, or one seed.
fn seeds(args: &Args) -> Result<(u64, u64), String> {
    let text = args.text("seeds").or(args.text("seed")).unwrap_or("1..100");
    let bad = || format!("--seeds: '{text}' is not a range such as 1..200");
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let first: u64 = first.parse().map_err(|_| bad())?;
    let last: u64 = last.trim_start_matches('=').parse().map_err(|_| bad())?;
    if first > last { Err(bad()) } else { Ok((first, last)) }
}

/// One thread for each core takes seeds as it gets free; reports come in order of seed.
fn run_all(first: u64, last: u64, duration_us: u64) -> Vec<SimReport> {
    let next = AtomicU64::new(first);
    let (sender, receiver) = mpsc::channel();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last {
                        return;
                    }
                    let report = simulate(SimOptions { seed, duration_us, planted: None });
                    if sender.send(report).is_err() {
                        return;
                    }
                }
            });
        }
    });
    drop(sender);
    let mut reports: Vec<SimReport> = receiver.into_iter().collect();
    reports.sort_by_key(|report| report.seed);
    reports
}
