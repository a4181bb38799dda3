//! What etcd promises, under random faults and membership changes with clients of the whole API; and
//! a member's disk under `kill -9`. Native and fast.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use lab::{
    Action, Frame, InProcess, Kind, Lab, LabEvent, Planted, PlantedBug, SessionOptions, SimOptions,
    SimReport, WorldOptions, simulate,
};

const SECOND_US: u64 = 1_000_000;

/// Simulates all seeds on all cores; reports in order of seed.
fn simulate_all(
    seeds: std::ops::RangeInclusive<u64>,
    duration_us: u64,
    planted: Option<Planted>,
) -> Vec<SimReport> {
    let next = AtomicU64::new(*seeds.start());
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let (next, sender, seeds) = (&next, sender.clone(), &seeds);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let report = simulate(SimOptions { seed, duration_us, planted });
                    sender.send(report).expect("the receiver outlives the threads");
                }
            });
        }
    });
    drop(sender);
    let mut reports: Vec<SimReport> = receiver.into_iter().collect();
    reports.sort_by_key(|report| report.seed);
    reports
}

#[test]
fn sixty_seeds_of_clients_faults_and_membership_changes_break_nothing() {
    let start = Instant::now();
    let reports = simulate_all(1..=60, 30 * SECOND_US, None);
    assert_eq!(reports.len(), 60);
    let failed: Vec<String> = reports
        .iter()
        .filter(|report| !report.failures.is_empty())
        .map(|report| format!("seed {}: {:?}", report.seed, report.failures))
        .collect();
    let sum = |of: fn(&SimReport) -> u64| reports.iter().map(of).sum::<u64>();
    let happened = [
        ("faults", sum(|r| u64::from(r.faults))),
        ("elections", sum(|r| r.tally.elections)),
        ("snapshots installed", sum(|r| r.tally.snapshots_installed)),
        ("members joined", sum(|r| u64::from(r.joined))),
        ("states compared", sum(|r| r.tally.states_compared)),
        ("answers judged", sum(|r| r.tally.judged.answers)),
        ("watch events judged", sum(|r| r.tally.judged.watch_events)),
        ("leases expired", sum(|r| r.tally.judged.leases_expired)),
    ];
    println!(
        "60 seeds of 30 s: {happened:?}, {} failed, {:.1} s",
        failed.len(),
        start.elapsed().as_secs_f64()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    for (what, times) in happened {
        assert!(times > 20, "hardly any {what}: {times}");
    }
    // Every operation that a client has succeeds somewhere.
    let names: BTreeSet<&str> = reports.iter().flat_map(|r| r.ops.keys().copied()).collect();
    for name in names {
        let done: u64 = reports.iter().filter_map(|r| r.ops.get(name)).map(|op| op.done).sum();
        assert!(done > 0, "'{name}' never succeeded");
    }
}

#[test]
fn a_simulated_run_repeats_itself() {
    for seed in 3..=8 {
        let options = SimOptions { seed, duration_us: 10 * SECOND_US, planted: None };
        assert_eq!(simulate(options), simulate(options), "seed {seed}");
    }
}

/// How many seeds each checker (or the liveness check) found something in.
fn who_fired(reports: &[SimReport]) -> BTreeMap<String, u32> {
    let mut fired = BTreeMap::new();
    for report in reports {
        let mut names: Vec<&str> = report.failures.iter().map(|text| checker_of(text)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            *fired.entry(name.to_owned()).or_default() += 1;
        }
    }
    fired
}

/// `NAME at TIME: TEXT`, or `liveness: TEXT`.
fn checker_of(failure: &str) -> &str {
    let before = failure.split(':').next().unwrap_or_default();
    before.split(" at ").next().unwrap_or_default()
}

#[test]
fn planted_faults_are_caught() {
    let (linearizable, leases, watches) =
        ("linearizable history", "lease rules", "watch guarantees");
    let plants: [(Planted, &[&str]); 9] = [
        (
            Planted::LyingDisk { bytes: 400 },
            &["acknowledged writes survive", "leader completeness"],
        ),
        (
            Planted::TamperedEntry { every: 50 },
            &["log matching", "state machine safety", "equal states", linearizable],
        ),
        (Planted::StaleRead { every: 50 }, &["revision order", linearizable]),
        (Planted::WrongValue { every: 20 }, &["serializable reads"]),
        (Planted::DroppedEvent { every: 20 }, &[watches]),
        (Planted::DoubledEvent { every: 20 }, &[watches]),
        (Planted::LeaseTtl { percent: 50 }, &[leases]),
        (Planted::LeaseTtl { percent: 1000 }, &[leases]),
        (Planted::NoHealing, &["liveness"]),
    ];
    for (planted, expected) in plants {
        let reports = simulate_all(1..=12, 20 * SECOND_US, Some(planted));
        let fired = who_fired(&reports);
        let failed = reports.iter().filter(|report| !report.failures.is_empty()).count();
        println!("{planted:?}: {failed} of 12 seeds failed: {fired:?}");
        for name in expected {
            assert!(fired.contains_key(*name), "{planted:?}: '{name}' found nothing: {fired:?}");
        }
    }
}

/// Each bug with a seed that finds it and the property that is broken first or among the first.
const PLANTED_BUGS: [(PlantedBug, u64, &str); 10] = [
    (PlantedBug::AckBeforeSync, 1, ""),
    (PlantedBug::VoteBeforeSync, 713, "one leader per term"),
    (PlantedBug::SnapshotWithoutMembers, 1, ""),
    (PlantedBug::BackendWithoutIndex, 1, ""),
    (PlantedBug::BackendIndexTooHigh, 1, ""),
    (PlantedBug::TornTailKept, 5, "nobody crashes"),
    (PlantedBug::PurgedTooEarly, 44, "nobody crashes"),
    (PlantedBug::BackendWithoutLeases, 1, ""),
    (PlantedBug::BackendWithoutCompaction, 1, ""),
    (PlantedBug::RotNotLookedFor, 28, "equal states"),
];

#[test]
fn planted_bugs_of_a_member_are_found() {
    assert_eq!(PLANTED_BUGS.map(|(bug, ..)| bug), PlantedBug::ALL);
    for (bug, seed, expected) in PLANTED_BUGS {
        let planted = Some(Planted::Member(bug));
        let report = simulate(SimOptions { seed, duration_us: 30 * SECOND_US, planted });
        let fired = who_fired(std::slice::from_ref(&report));
        println!("{}: seed {seed}: {fired:?}", bug.name());
        assert!(!report.failures.is_empty(), "{} is not found by seed {seed}", bug.name());
        assert!(expected.is_empty() || fired.contains_key(expected), "{bug:?}: {fired:?}");
        // Without the bug that run is in order.
        let well = simulate(SimOptions { seed, duration_us: 30 * SECOND_US, planted: None });
        assert!(well.failures.is_empty(), "seed {seed}: {:?}", well.failures);
    }
}

/// A cluster of three that has settled, with the disks as given.
fn settled(seed: u64, torn: bool) -> InProcess {
    let options = SessionOptions { seed, ..SessionOptions::default() };
    let world = WorldOptions { crash_keeps_torn_tail: torn, ..WorldOptions::new(seed) };
    let mut run = InProcess::new(Lab::with_world(options, world).expect("good options"));
    run.run_until(5 * SECOND_US);
    assert!(run.lab().world().is_settled(None), "seed {seed}: not settled after 5 s");
    run
}

fn all_members(run: &mut InProcess, kind: Kind) {
    for number in 1..=3 {
        let action = Action::Member { kind, member: format!("m{number}") };
        run.lab_mut().act(&action).expect("it applies to every member");
    }
}

/// `kill -9` for all at one instant, then a start of all, and time to settle.
fn crash_and_start(run: &mut InProcess) {
    all_members(run, Kind::Kill);
    all_members(run, Kind::Start);
    let now = run.lab().now();
    run.run_until(now + 10 * SECOND_US);
    assert!(run.lab().world().is_settled(None), "not settled 10 s after all had crashed");
}

/// Whether `get` through that member finds a value, by what etcdctl prints.
fn get(run: &mut InProcess, port: u16, key: &str) -> String {
    let until = run.lab().now() + 10 * SECOND_US;
    let line = format!("etcdctl --endpoints=127.0.0.1:{port} get {key}");
    let (code, output) = run.exec(&line, until).expect("a get ends within 10 s");
    assert_eq!(code, 0, "{line}: {output}");
    output
}

fn frame(run: &InProcess) -> Frame {
    run.lab().frame(&run.statuses(), 0)
}

/// Bytes that a crash would leave, on each member's disk.
fn durable_bytes(run: &InProcess) -> Vec<u64> {
    frame(run).members.iter().map(|m| m.disk_bytes - m.disk_unsynced_bytes).collect()
}

fn unsynced_bytes(run: &InProcess) -> u64 {
    frame(run).members.iter().map(|m| m.disk_unsynced_bytes).sum()
}

#[test]
fn an_acknowledged_put_outlives_kill_9_of_all_members() {
    for seed in 1..=10 {
        for torn in [false, true] {
            let mut run = settled(seed, torn);
            let until = run.lab().now() + 10 * SECOND_US;
            let put = run.exec("etcdctl put name Alice", until);
            assert_eq!(put, Some((0, "OK\n".to_owned())), "seed {seed}");
            let before = frame(&run).members.iter().map(|m| m.term).max();
            // Not a moment for anything else to reach a disk.
            crash_and_start(&mut run);
            let after = frame(&run).members.iter().map(|m| m.term).max();
            assert!(after > before, "seed {seed}: no election, so nothing was started anew");
            for port in [2379, 22379, 32379] {
                assert_eq!(get(&mut run, port, "name"), "name\nAlice\n", "seed {seed}, {port}");
            }
            let commits: Vec<u64> = frame(&run).members.iter().map(|m| m.commit).collect();
            assert!(commits.iter().all(|commit| *commit == commits[0]), "{commits:?}");
            assert_eq!(run.lab_mut().world_mut().finish_checks(), &[] as &[String]);
        }
    }
}

/// What became of a put that was under way when all members were killed.
#[derive(Debug)]
struct Fate {
    /// It had been acknowledged before the crash.
    acknowledged: bool,
    /// Its client heard OK at all: it may have come to its member only after the start.
    heard_ok: bool,
    /// A disk held more for sure than before the put, whatever it was.
    durable: bool,
    /// Bytes that were written after the put was entered and that the crash may take.
    unsynced_bytes: u64,
    value: String,
}

/// How long a put is followed, instant by instant: it takes about 30 ms.
const WATCHED_US: u64 = 60_000;

/// Enters a put, runs `events` instants on, kills all, starts all, looks. None: that would be
/// later than [`WATCHED_US`].
fn crash_during_put(seed: u64, torn: bool, events: usize) -> Option<Fate> {
    let mut run = settled(seed, torn);
    let (durable_before, unsynced_before) = (durable_bytes(&run), unsynced_bytes(&run));
    let exec = run.lab_mut().exec("client", "etcdctl put name Alice").expect("a host");
    let until = run.lab().now() + WATCHED_US;
    run.set_width_us(1);
    for _ in 0..events {
        if !run.run_window(until) {
            return None;
        }
    }
    run.set_width_us(u64::MAX);
    let acknowledged = heard_ok(&mut run, exec);
    let durable = durable_bytes(&run) != durable_before;
    let unsynced_bytes = unsynced_bytes(&run).saturating_sub(unsynced_before);
    crash_and_start(&mut run);
    let heard_ok = acknowledged || heard_ok(&mut run, exec);
    let value = get(&mut run, 22379, "name");
    for port in [2379, 32379] {
        assert_eq!(get(&mut run, port, "name"), value, "members disagree: seed {seed}");
    }
    assert_eq!(run.lab_mut().world_mut().finish_checks(), &[] as &[String]);
    Some(Fate { acknowledged, heard_ok, durable, unsynced_bytes, value })
}

fn heard_ok(run: &mut InProcess, exec: u64) -> bool {
    run.take_events()
        .iter()
        .any(|event| matches!(event, LabEvent::Done { exec: ended, code: 0, .. } if *ended == exec))
}

#[test]
fn a_put_killed_at_any_instant_is_lost_while_unsynced_and_kept_once_acknowledged() {
    let mut lost_to_tears = 0;
    for (seed, torn) in [(1, false), (2, false), (3, true), (4, true)] {
        let fates: Vec<Fate> =
            (0..500).map_while(|events| crash_during_put(seed, torn, events)).collect();
        for (events, fate) in fates.iter().enumerate() {
            let there = fate.value == "name\nAlice\n";
            assert!(there || fate.value.is_empty(), "seed {seed}, {events} events: {fate:?}");
            assert!(there || !fate.heard_ok, "seed {seed}: lost after {events}: {fate:?}");
            // A torn tail may hold the whole record: only then may it come back from nothing.
            let explained = fate.heard_ok || fate.durable || (torn && fate.unsynced_bytes > 0);
            assert!(explained || !there, "seed {seed}: from nowhere after {events}: {fate:?}");
        }
        let count = |of: &dyn Fn(&Fate) -> bool| fates.iter().filter(|fate| of(fate)).count();
        let lost = count(&|fate| fate.value.is_empty() && fate.unsynced_bytes > 0);
        let kept = count(&|fate| fate.acknowledged);
        println!(
            "seed {seed}, torn writes {torn}: killed at {} instants; \
             {lost} lost the unsynced put, {kept} came after its acknowledgement",
            fates.len()
        );
        // A crash may also happen to keep all of it.
        lost_to_tears += if torn { lost } else { 0 };
        assert!(torn || lost > 0, "seed {seed}: no crash came between write and sync: {fates:?}");
        assert!(kept > 0, "seed {seed}: no crash came after the acknowledgement: {fates:?}");
    }
    assert!(lost_to_tears > 0, "no torn write was lost");
}
