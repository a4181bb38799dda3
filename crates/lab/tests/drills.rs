//! Every drill, with three seeds, in every profile: the start fails, the solution passes, each wrong
//! way fails for its own reason. And the check itself finds planted faults.

use lab::{DrillCase, check_drill};

fn check_all(profile: &str, least: usize) {
    let mut failed = Vec::new();
    for seed in 1..=3 {
        let mut count = 0;
        for case in DrillCase::all(seed).filter(|case| case.profiles.contains(&profile)) {
            count += 1;
            if let Err(text) = check_drill(&case, profile) {
                failed.push(format!("{} seed {seed}: {text}", case.drill.id));
            }
        }
        assert!(count >= least, "{count}");
    }
    assert!(failed.is_empty(), "{} fail in {profile}:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_drill_holds_in_3_3() {
    check_all("3.3", 70);
}

#[test]
fn every_drill_holds_in_3_4() {
    check_all("3.4", 75);
}

#[test]
fn every_drill_holds_in_3_5() {
    check_all("3.5", 75);
}

#[test]
fn every_drill_holds_in_3_6() {
    check_all("3.6", 50);
}

/// One of each kind of bad drill, made of a good one.
#[test]
fn planted_faults_are_found() {
    let good = || DrillCase::all(5).find(|case| case.drill.id == "put-value").expect("it is there");
    let check = |case: DrillCase| check_drill(&case, "3.4").expect_err("it is bad");
    assert_eq!(check_drill(&good(), "3.4"), Ok(()));

    let mut case = good();
    case.drill.setup = case.drill.solution.clone();
    assert_eq!(check(case), "it passes before anything is done");

    let mut case = good();
    case.drill.solution = "etcdctl get nothing".into();
    assert!(check(case).starts_with("its solution does not pass: key "));

    let mut case = good();
    case.wrong = vec![(case.drill.solution.clone(), String::new())];
    assert!(check(case).starts_with("a wrong way passes: etcdctl put"));

    let mut case = good();
    case.wrong[0].1 = "the moon is full".into();
    assert!(check(case).starts_with("a wrong way fails otherwise: "));

    let mut case = good();
    case.wrong.clear();
    assert_eq!(check(case), "it has no wrong way");

    let mut case = good();
    case.drill.step.goals[0].check = "key(".into();
    assert_eq!(check(case), "goal `key(`: column 5: here `,` should stand");

    let mut case = good();
    case.drill.solution = "sleep 1000".into();
    assert_eq!(check(case), "does not end: sleep 1000");
}
