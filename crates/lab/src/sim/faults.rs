//! Faults of a run, drawn before it begins: crashes, stops, pauses, cuts and bad disks, each with its
//! cure.

use frame::{Action, DiskFault, Kind};

use super::SimOptions;
use super::dice::Dice;
use super::swarm::Swarm;
use crate::{InProcess, Micros};

/// A member that was told to stop is gone after this long.
const ROT_AFTER_US: Micros = 2_000_000;
/// A start over rotten files has failed after this long, or not.
const ROT_SEEN_US: Micros = 100_000;

/// Schedules them all; how many there are.
pub(crate) fn schedule(options: SimOptions, swarm: &Swarm, run: &mut InProcess) -> u32 {
    let members = swarm.session.members;
    let mut dice = Dice::of_faults(options.seed, 2);
    let mut faults = 0;
    let kinds: Vec<u64> = [3, 1, 1, 1, 2, 1, 1, 1, 1]
        .into_iter()
        .map(|weight| if dice.percent(75) { weight } else { 0 })
        .collect();
    // Members are changed only where all have been connected for five seconds (M4).
    let calm_us = match swarm.mix.operator {
        true => dice.pick(&[3_000_000, 10_000_000, 20_000_000]),
        false => dice.pick(&[1_000_000, 3_000_000, 8_000_000]),
    };
    let mut time = 500_000 + dice.below(calm_us);
    let world = run.lab_mut().world_mut();
    while time < options.duration_us {
        let name = format!("m{}", 1 + dice.below(u64::from(members)));
        let cure_us = time + 50_000 + dice.below(4_000_000);
        let act = |kind, member: &str| Action::Member { kind, member: member.to_string() };
        match dice.weighted(&kinds) {
            Some(0) => {
                let victim = if dice.below(2) == 0 { "leader".to_string() } else { name };
                world.schedule(time, act(Kind::Kill, &victim));
                for number in 1..=members {
                    world.schedule(cure_us, act(Kind::Start, &format!("m{number}")));
                }
            }
            Some(1) => {
                world.schedule(time, act(Kind::Pause, &name));
                world.schedule(cure_us, act(Kind::Resume, &name));
            }
            Some(2) => {
                world.schedule(time, act(Kind::Stop, &name));
                world.schedule(cure_us, act(Kind::Start, &name));
            }
            Some(3) if members > 1 => {
                let others: Vec<String> =
                    (1..=members).map(|n| format!("m{n}")).filter(|n| *n != name).collect();
                world.schedule(time, Action::CutOneWay { from: vec![name], to: others });
                world.schedule(cure_us, Action::Heal);
            }
            Some(4) if members > 1 => {
                world.schedule(time, Action::Cut { groups: two_sides(&mut dice, members) });
                world.schedule(cure_us, Action::Heal);
            }
            // All at one instant: what was synced is there all the same.
            Some(5) => {
                for number in 1..=members {
                    world.schedule(time, act(Kind::Kill, &format!("m{number}")));
                    world.schedule(cure_us, act(Kind::Start, &format!("m{number}")));
                }
            }
            Some(6) => {
                let latency_ms = 20 + dice.below(400) as u32;
                world.schedule(time, disk(&name, DiskFault::Slow { latency_ms }));
                world.schedule(cure_us, disk(&name, DiskFault::Heal));
            }
            Some(7) => {
                let room_bytes = dice.below(20_000);
                world.schedule(time, disk(&name, DiskFault::Full { room_bytes }));
                world.schedule(cure_us, disk(&name, DiskFault::Heal));
                world.schedule(cure_us + 1, act(Kind::Start, &name));
            }
            Some(8) => {
                // A member that finds it refuses to start, and gets its disk back as it was.
                world.schedule(time, act(Kind::Stop, &name));
                let rot_us = time + ROT_AFTER_US;
                for _ in 0..dice.within(1, 3) {
                    world.schedule(rot_us, disk(&name, DiskFault::Rot { bit: None }));
                }
                let start_us = cure_us.max(rot_us + 1);
                world.schedule(start_us, act(Kind::Start, &name));
                world.schedule(start_us + ROT_SEEN_US, disk(&name, DiskFault::Heal));
                world.schedule(start_us + ROT_SEEN_US + 1, act(Kind::Start, &name));
            }
            _ => {
                time += 100_000 + dice.below(calm_us);
                continue;
            }
        }
        faults += 1;
        time += 300_000 + dice.below(calm_us);
    }
    faults
}

fn disk(member: &str, fault: DiskFault) -> Action {
    Action::Disk { member: member.to_string(), fault }
}

/// A random cut into two sides, neither empty.
fn two_sides(dice: &mut Dice, members: u32) -> Vec<Vec<String>> {
    let first = 1 + dice.below(u64::from(members)) as u32;
    let mut sides = vec![vec![format!("m{first}")], Vec::new()];
    let second = first % members + 1;
    sides[1].push(format!("m{second}"));
    for number in (1..=members).filter(|n| *n != first && *n != second) {
        sides[dice.below(2) as usize].push(format!("m{number}"));
    }
    sides
}
