//! `etcd-lab sim`: many seeds of clients, faults and membership changes under all checkers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use lab::{DiskTally, OpCount, Planted, PlantedBug, SimOptions, SimReport, simulate};

use crate::args::Args;

pub(crate) fn run(words: &[String]) -> Result<u8, String> {
    let args = Args::parse(words, &["seeds", "for", "seed", "each", "refusals", "planted"])?;
    args.no_rest()?;
    let (first, last) = seeds(&args)?;
    let duration_us = args.time_us("for")?.unwrap_or(60_000_000);
    // With a few seeds each run tells of itself.
    let each = last - first < args.number("each", 20)?;
    let started = std::time::Instant::now();
    let mut sum = Sum::default();
    let (mut passed, mut failed) = (0u64, 0u64);
    let planted = planted(&args)?;
    let again = args.text("planted").map_or(String::new(), |name| format!(" --planted {name}"));
    for report in run_all(first, last, duration_us, planted) {
        sum.add(&report);
        if each {
            println!("{}", line(&report));
        }
        if report.failures.is_empty() {
            passed += 1;
            continue;
        }
        failed += 1;
        println!("seed {} ({} members, {}):", report.seed, report.members, report.profile);
        for failure in report.failures.iter().take(5) {
            println!("  {failure}");
        }
        let seconds = duration_us / 1_000_000;
        println!("  replay: etcd-lab sim --seeds {0}..{0} --for {seconds}s{again}", report.seed);
    }
    sum.print(started.elapsed().as_secs_f64(), args.number("refusals", 12)? as usize);
    println!("{passed} passed, {failed} failed");
    Ok(u8::from(failed > 0))
}

/// One run in one line.
fn line(report: &SimReport) -> String {
    let tally = &report.tally;
    let ops: u64 = report.ops.values().map(|count| count.done).sum();
    format!(
        "seed {}: {} members and {} more, {}, {} faults, {} elections, {} snapshots installed, {ops} \
         ops, {} entries, {} watches with {} events, {} leases expired, {} violations, {}",
        report.seed,
        report.members,
        report.joined,
        report.profile,
        report.faults,
        tally.elections,
        tally.snapshots_installed,
        tally.judged.entries,
        tally.judged.watches,
        tally.judged.watch_events,
        tally.judged.leases_expired,
        report.failures.len(),
        report.trace_hash,
    )
}

/// All runs together.
#[derive(Default)]
struct Sum {
    runs: u64,
    time_us: u64,
    events: u64,
    faults: u64,
    joined: u64,
    elections: u64,
    snapshots: u64,
    states: u64,
    entries: u64,
    answers: u64,
    not_judged: u64,
    watches: u64,
    watch_events: u64,
    leases: u64,
    tombstones_lost: u64,
    disks: DiskTally,
    ops: BTreeMap<&'static str, OpCount>,
    refusals: BTreeMap<String, u64>,
}

impl Sum {
    fn add(&mut self, report: &SimReport) {
        let tally = &report.tally;
        self.runs += 1;
        self.disks.add(&report.disks);
        self.time_us += report.time_us;
        self.events += report.events;
        self.faults += u64::from(report.faults);
        self.joined += u64::from(report.joined);
        self.elections += tally.elections;
        self.snapshots += tally.snapshots_installed;
        self.states += tally.states_compared;
        self.entries += tally.judged.entries;
        self.answers += tally.judged.answers;
        self.not_judged += tally.judged.not_judged;
        self.watches += tally.judged.watches;
        self.watch_events += tally.judged.watch_events;
        self.leases += tally.judged.leases_expired;
        self.tombstones_lost += tally.judged.tombstones_lost;
        for (text, times) in &report.refusals {
            *self.refusals.entry(text.clone()).or_default() += times;
        }
        for (name, count) in &report.ops {
            let sum = self.ops.entry(name).or_default();
            sum.done += count.done;
            sum.failed += count.failed;
            sum.unknown += count.unknown;
        }
    }

    fn print(&self, wall: f64, refusals_shown: usize) {
        println!("operations (done, failed, unknown):");
        for (name, count) in &self.ops {
            println!("  {name:<20} {:>9} {:>8} {:>8}", count.done, count.failed, count.unknown);
        }
        println!("refusals:");
        let mut refusals: Vec<(&String, &u64)> = self.refusals.iter().collect();
        refusals.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
        for (text, times) in refusals.iter().take(refusals_shown) {
            println!("  {times:>9} {text}");
        }
        println!(
            "{} faults, {} elections, {} snapshots installed, {} members joined",
            self.faults, self.elections, self.snapshots, self.joined
        );
        let disks = &self.disks;
        println!(
            "disks: {} crashes between operations, {} torn tails, {} writes without room, {} bits \
             rotten, {} starts over rot refused",
            disks.crashes_between_ops, disks.torn_tails, disks.full, disks.rotten, disks.refused
        );
        println!(
            "judged: {} entries, {} answers ({} not), {} watches with {} events, {} leases expired, \
             {} state digests; {} deletions lost to etcd's issue 18089",
            self.entries,
            self.answers,
            self.not_judged,
            self.watches,
            self.watch_events,
            self.leases,
            self.states,
            self.tombstones_lost
        );
        let virtual_s = self.time_us as f64 / 1e6;
        println!(
            "{} runs, {} events, {virtual_s:.0} virtual seconds in {wall:.1} s ({:.0} times real time)",
            self.runs,
            self.events,
            virtual_s / wall.max(1e-9),
        );
    }
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

/// A bug of the members', by name.
fn planted(args: &Args) -> Result<Option<Planted>, String> {
    let Some(name) = args.text("planted") else { return Ok(None) };
    let bug = PlantedBug::ALL.into_iter().find(|bug| bug.name() == name);
    bug.map(|bug| Some(Planted::Member(bug))).ok_or_else(|| {
        let names: Vec<String> = PlantedBug::ALL.into_iter().map(PlantedBug::name).collect();
        format!("--planted: there is no bug named '{name}': {}", names.join(", "))
    })
}

/// One thread for each core takes seeds as it gets free; reports come in order of seed.
fn run_all(first: u64, last: u64, duration_us: u64, planted: Option<Planted>) -> Vec<SimReport> {
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
                    let report = simulate(SimOptions { seed, duration_us, planted });
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
