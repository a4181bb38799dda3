//! The same seed and the same deeds give the same run: natively, in one worker of the browser, and
//! with a worker for each member; in wide windows, event by event, and with pauses of any kind.

use std::time::Instant;

use etcd_lab_tests::browser::Lab;
use etcd_lab_tests::plan::Step::{Exec, KillLeader, Run, StartVictim};
use etcd_lab_tests::plan::{Outcome, Step, Windows, run_native, run_on_page};

/// A leader dies while a put is under way, and comes back; the console is used at each moment.
const PLAN: [Step; 9] = [
    Run(3000),
    Exec("etcdctl put k v"),
    Exec("etcdctl --endpoints=127.0.0.1:2379,127.0.0.1:22379,127.0.0.1:32379 get k"),
    KillLeader,
    Run(6000),
    StartVictim,
    Exec("for n in 1 2 3; do etcdctl --endpoints=127.0.0.1:22379 put k$n \"$RANDOM\"; done"),
    Exec("lab settle && etcdctl get --prefix k -w json"),
    Run(9000),
];

fn assert_is_a_run(outcome: &Outcome, who: &str) {
    assert_eq!(outcome.trace_hash.len(), 16, "{who}: {outcome:?}");
    assert!(outcome.events > 500, "{who}: {outcome:?}");
    assert_eq!(outcome.violations, Vec::<String>::new(), "{who}");
    assert!(!outcome.victim.is_empty(), "{who}: nobody was killed");
}

fn same_on_every_page(members: u32) {
    let Some(lab) = Lab::start() else { return };
    let start = Instant::now();
    for seed in 1..=20 {
        let native = run_native(seed, members, &PLAN, Windows::Widest);
        assert_is_a_run(&native, &format!("seed {seed} natively"));
        for workers in ["", "&workers=0"] {
            let query = format!("?seed={seed}&members={members}{workers}");
            lab.open(&query);
            let (page, _) = run_on_page(&lab, &PLAN, false);
            assert_eq!(page, native, "{query}");
        }
        lab.assert_clean();
    }
    println!("{members} members, 20 seeds, 40 pages: {:.1} s", start.elapsed().as_secs_f64());
}

#[test]
fn twenty_seeds_of_three_members_run_alike_natively_in_one_worker_and_in_three() {
    same_on_every_page(3);
}

#[test]
fn twenty_seeds_of_five_members_run_alike_natively_in_one_worker_and_in_five() {
    same_on_every_page(5);
}

#[test]
fn different_seeds_and_sizes_are_different_runs() {
    let mut hashes: Vec<String> = Vec::new();
    for members in [3, 5] {
        for seed in 1..=20 {
            hashes.push(run_native(seed, members, &PLAN, Windows::Widest).trace_hash);
        }
    }
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 40, "a hash that says the same of everything proves nothing");
}

#[test]
fn windows_of_any_width_make_the_same_run() {
    for (seed, members) in [(7, 3), (7, 5)] {
        let widest = run_native(seed, members, &PLAN, Windows::Widest);
        assert_is_a_run(&widest, "widest windows");
        for windows in [Windows::Of(1), Windows::Of(1_333), Windows::Of(4_999), Windows::Ragged] {
            let other = run_native(seed, members, &PLAN, windows);
            assert_eq!(other, widest, "seed {seed}, {members} members, {windows:?}");
        }
    }
}

#[test]
fn pauses_speeds_and_steps_on_the_page_do_not_change_the_run() {
    let Some(lab) = Lab::start() else { return };
    for (members, workers) in [(3, ""), (5, ""), (3, "&workers=0")] {
        let native = run_native(7, members, &PLAN, Windows::Widest);
        let query = format!("?seed=7&members={members}{workers}");
        lab.open(&query);
        let (page, paused) = run_on_page(&lab, &PLAN, true);
        assert_eq!(page, native, "{query}, paused before {paused:?} ms");
        let moments = [3000, 6000, 9000];
        assert_eq!(paused.len(), moments.len());
        for (at, until) in paused.iter().zip(moments) {
            assert!(until - 3000 < *at && *at < until, "{query}: paused at {paused:?} ms");
        }
    }
    lab.assert_clean();
}
