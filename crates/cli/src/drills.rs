//! `etcd-lab drills`: proves every drill, or lets one be done in a terminal.

use std::io::{BufRead, Write};

use lab::{DrillCase, InProcess, begin_drill, check_drill};

use crate::args::Args;
use crate::sh;

/// Seeds of a check that names none.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

pub(crate) fn run(words: &[String]) -> Result<u8, String> {
    let Some((what, words)) = words.split_first() else {
        return Err("check or try".into());
    };
    let args = Args::parse(words, &["profile", "seed"])?;
    match what.as_str() {
        "check" => check(&args),
        "try" => one(&args),
        other => Err(format!("'{other}' is neither check nor try")),
    }
}

/// Runs the named drills, or all, and prints a line for each that fails.
fn check(args: &Args) -> Result<u8, String> {
    let seeds: Vec<u64> = match args.number("seed", 0)? {
        0 => SEEDS.collect(),
        seed => vec![seed],
    };
    let (mut passed, mut failed, mut wrong) = (0, 0, 0);
    for seed in &seeds {
        for case in DrillCase::all(*seed) {
            let id = &case.drill.id;
            if !args.rest.is_empty() && !args.rest.contains(id) {
                continue;
            }
            for profile in case.profiles {
                if args.text("profile").is_some_and(|only| only != *profile) {
                    continue;
                }
                match check_drill(&case, profile) {
                    Ok(()) => {
                        passed += 1;
                        wrong += case.wrong.len();
                    }
                    Err(text) => {
                        failed += 1;
                        println!("FAILED  {id} (profile {profile}, seed {seed}): {text}");
                    }
                }
            }
        }
    }
    if passed + failed == 0 {
        return Err(format!("no such drill: {}", args.rest.join(" ")));
    }
    println!("{passed} passed, {failed} failed; {wrong} wrong ways refused");
    Ok(u8::from(failed > 0))
}

/// One drill at a prompt: every line is judged.
fn one(args: &Args) -> Result<u8, String> {
    let seed = args.number("seed", 1)?;
    let profile = args.text("profile").unwrap_or("3.4");
    let [id] = &args.rest[..] else {
        for case in DrillCase::all(seed) {
            println!("{:<18} {:<28} {}", case.drill.id, case.drill.topic, case.drill.title);
        }
        return Ok(0);
    };
    let case = DrillCase::all(seed).find(|case| case.drill.id == *id);
    let drill = case.ok_or_else(|| format!("no such drill: {id}"))?.drill;
    let (mut session, _) = begin_drill(&drill, profile)?;
    // What the setup printed is not the learner's.
    drop(session.take_events());
    println!("{}\n\nhint, solution and exit are words of this prompt.", drill.task);
    let mut lines = std::io::stdin().lock().lines();
    loop {
        print!("client:{}$ ", session.lab().client().cwd());
        std::io::stdout().flush().map_err(|e| e.to_string())?;
        let Some(line) = lines.next() else { return Ok(1) };
        let line = line.map_err(|e| e.to_string())?;
        match line.trim() {
            "" => continue,
            "exit" => return Ok(1),
            "hint" => println!("{}", drill.hint),
            "solution" => println!("{}", drill.solution),
            _ => {
                sh::exec(&mut session, &line);
            }
        }
        if tell(&mut session)? {
            return Ok(0);
        }
    }
}

/// Prints how the goals stand; true when all are met.
fn tell(session: &mut InProcess) -> Result<bool, String> {
    let judged = session.judge()?;
    for goal in &judged.goals {
        let (sign, reason) = if goal.met { ("done", "") } else { ("    ", goal.reason.as_str()) };
        let colon = if reason.is_empty() { "" } else { ": not yet, " };
        println!("[{sign}] {}{colon}{reason}", goal.text);
    }
    if judged.passes() {
        println!("Passed.");
    }
    Ok(judged.passes())
}
