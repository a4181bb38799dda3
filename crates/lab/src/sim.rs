//! One simulated run under all checkers: a put load, a flaky network, and faults drawn from the
//! seed. It ends with everything healed, and the cluster must come back.

use cluster::{NetworkOptions, Planted, WorldOptions};
use frame::{Action, Kind, SessionOptions};
use member::chance::{Purpose, draw_range};

use crate::{InProcess, Lab, Micros, PutLoad};

/// Time that the cluster gets to come back after all faults are cured.
const RECOVERY_US: Micros = 20_000_000;
/// Puts that the load keeps in flight.
const IN_FLIGHT: u32 = 4;

/// What a run was and what the checkers said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimReport {
    pub seed: u64,
    pub members: u32,
    pub faults: u32,
    pub events: u64,
    pub puts_acknowledged: u64,
    /// Violations of checked properties, and of liveness at the end.
    pub failures: Vec<String>,
    pub trace_hash: String,
}

/// How a run is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimOptions {
    pub seed: u64,
    /// Virtual time under faults; the recovery comes on top.
    pub duration_us: Micros,
    /// A fault outside of Raft's assumptions, to prove the checkers.
    pub planted: Option<Planted>,
}

/// Runs one seed.
pub fn simulate(options: SimOptions) -> SimReport {
    let seed = options.seed;
    let draw = Draw { seed, number: std::cell::Cell::new(0) };
    let members = if draw.below(4) == 0 { 5 } else { 3 };
    let network = NetworkOptions {
        latency_us: 1_000 + draw.below(9_000),
        jitter_us: draw.below(20_000),
        loss_ppm: draw.below(50_000),
        duplicate_ppm: draw.below(20_000),
        reorder_ppm: draw.below(50_000),
    };
    let world = WorldOptions {
        network,
        disk_latency_us: 1_000 + draw.below(9_000),
        crash_keeps_torn_tail: draw.below(2) == 0,
        planted: options.planted,
        ..WorldOptions::new(seed)
    };
    let session = SessionOptions { seed, members, ..SessionOptions::default() };
    let lab = Lab::with_world(session, world).expect("simulated sessions have good options");
    let mut run = InProcess::new(lab);
    let endpoints = run.lab().endpoints();
    run.lab_mut().add_load(PutLoad::new(endpoints, IN_FLIGHT));
    let faults = schedule_faults(&draw, &mut run, members, options.duration_us);
    run.run_until(options.duration_us);
    heal_all(&mut run, members);
    run.run_until(options.duration_us + RECOVERY_US);
    report(options, members, faults, run)
}

/// Draws in the order of asking: the schedule is made before anything runs.
struct Draw {
    seed: u64,
    number: std::cell::Cell<u64>,
}

impl Draw {
    fn below(&self, high: u64) -> u64 {
        self.number.set(self.number.get() + 1);
        draw_range(self.seed, Purpose::Faults, 0, self.number.get(), 0, high)
    }
}

fn schedule_faults(draw: &Draw, run: &mut InProcess, members: u32, duration_us: Micros) -> u32 {
    let mut faults = 0;
    let mut time = 500_000 + draw.below(3_000_000);
    let world = run.lab_mut().world_mut();
    while time < duration_us {
        let name = format!("m{}", 1 + draw.below(u64::from(members)));
        let cure_us = time + 50_000 + draw.below(4_000_000);
        let act = |kind, member: &str| Action::Member { kind, member: member.to_string() };
        match draw.below(8) {
            0..=2 => {
                let victim = if draw.below(2) == 0 { "leader".to_string() } else { name };
                world.schedule(time, act(Kind::Kill, &victim));
                for number in 1..=members {
                    world.schedule(cure_us, act(Kind::Start, &format!("m{number}")));
                }
            }
            3 => {
                world.schedule(time, act(Kind::Pause, &name));
                world.schedule(cure_us, act(Kind::Resume, &name));
            }
            4 => {
                world.schedule(time, act(Kind::Stop, &name));
                world.schedule(cure_us, act(Kind::Start, &name));
            }
            5 => {
                let others: Vec<String> =
                    (1..=members).map(|n| format!("m{n}")).filter(|n| *n != name).collect();
                world.schedule(time, Action::CutOneWay { from: vec![name], to: others });
                world.schedule(cure_us, Action::Heal);
            }
            _ => {
                world.schedule(time, Action::Cut { groups: two_sides(draw, members) });
                world.schedule(cure_us, Action::Heal);
            }
        }
        faults += 1;
        time += 300_000 + draw.below(3_000_000);
    }
    faults
}

/// A random cut into two sides, neither empty.
fn two_sides(draw: &Draw, members: u32) -> Vec<Vec<String>> {
    let first = 1 + draw.below(u64::from(members)) as u32;
    let mut sides = vec![vec![format!("m{first}")], Vec::new()];
    let second = first % members + 1;
    sides[1].push(format!("m{second}"));
    for number in (1..=members).filter(|n| *n != first && *n != second) {
        sides[draw.below(2) as usize].push(format!("m{number}"));
    }
    sides
}

fn heal_all(run: &mut InProcess, members: u32) {
    let lab = run.lab_mut();
    let _ = lab.act(&Action::Heal);
    for number in 1..=members {
        let member = format!("m{number}");
        // Refused where it does not apply, which is what is wanted.
        let _ = lab.act(&Action::Member { kind: Kind::Resume, member: member.clone() });
        let _ = lab.act(&Action::Member { kind: Kind::Start, member });
    }
}

fn report(options: SimOptions, members: u32, faults: u32, mut run: InProcess) -> SimReport {
    let acknowledged = run.lab().load().map_or(0, PutLoad::acknowledged);
    if let Some(load) = run.lab_mut().load_mut() {
        load.stop();
    }
    let now = run.lab().now();
    run.run_until(now + 10_000_000);
    let mut failures = run.lab_mut().world_mut().finish_checks().to_vec();
    if !run.lab().world().is_settled(None) {
        failures.push(format!(
            "liveness: not every member is healthy {} s after all faults were cured",
            (RECOVERY_US + 10_000_000) / 1_000_000
        ));
    }
    SimReport {
        seed: options.seed,
        members,
        faults,
        events: run.lab().world().events(),
        puts_acknowledged: acknowledged,
        failures,
        trace_hash: run.lab().trace_hash(),
    }
}
