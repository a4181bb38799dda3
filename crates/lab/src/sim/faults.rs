//! Faults of a run, drawn before it begins: crashes, stops, pauses and cuts, each with its cure.

use frame::{Action, Kind};

use super::SimOptions;
use super::dice::Dice;
use super::swarm::Swarm;
use crate::InProcess;

/// Schedules them all; how many there are.
pub(crate) fn schedule(options: SimOptions, swarm: &Swarm, run: &mut InProcess) -> u32 {
    let members = swarm.session.members;
    let mut dice = Dice::of_faults(options.seed, 2);
    let mut faults = 0;
    let kinds: Vec<u64> = [3, 1, 1, 1, 2]
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
