//! `etcd-lab bench`: how much one process of this machine can do. Figures, never assertions.

use std::time::Instant;

use lab::{InProcess, LOAD_VALUE_BYTES, Lab, PutLoad, SessionOptions};

use crate::args::Args;

pub(crate) fn run(words: &[String]) -> Result<u8, String> {
    let args = Args::parse(words, &["seconds", "members"])?;
    args.no_rest()?;
    let seconds = args.number("seconds", 2)? as f64;
    let members = args.number("members", 3)? as u32;
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!(
        "etcd-lab bench: {members} members in one process, {build} build, {LOAD_VALUE_BYTES} B values,"
    );
    println!("5 ms links and disks in virtual time; no network, no fsync, no gRPC");
    let options = SessionOptions { members, ..SessionOptions::default() };
    idle(&options, seconds)?;
    for in_flight in [1, 100, 500, 2000] {
        puts(&options, in_flight, seconds)?;
    }
    Ok(0)
}

fn idle(options: &SessionOptions, seconds: f64) -> Result<(), String> {
    let mut session = InProcess::new(Lab::new(options.clone())?);
    session.run_to_first_leader(60_000_000)?;
    let (started, before) = (Instant::now(), session.lab().now());
    let events = session.lab().world().events();
    while started.elapsed().as_secs_f64() < seconds {
        let now = session.lab().now();
        session.run_until(now + 10_000_000);
    }
    let wall = started.elapsed().as_secs_f64();
    println!(
        "idle: {:.0} times real time, {:.0} events/s",
        (session.lab().now() - before) as f64 / 1e6 / wall,
        (session.lab().world().events() - events) as f64 / wall,
    );
    Ok(())
}

fn puts(options: &SessionOptions, in_flight: u32, seconds: f64) -> Result<(), String> {
    let mut session = InProcess::new(Lab::new(options.clone())?);
    session.run_to_first_leader(60_000_000)?;
    let endpoints = session.lab().endpoints();
    session.lab_mut().add_load(PutLoad::new(endpoints, in_flight));
    let started = Instant::now();
    let before = session.lab().now();
    while started.elapsed().as_secs_f64() < seconds {
        let now = session.lab().now();
        session.run_until(now + 100_000);
    }
    let wall = started.elapsed().as_secs_f64();
    let acknowledged = session.lab().load().map_or(0, PutLoad::acknowledged);
    println!(
        "puts, {in_flight:>4} in flight: {:>8.0}/s ({:.1} times real time)",
        acknowledged as f64 / wall,
        (session.lab().now() - before) as f64 / 1e6 / wall,
    );
    Ok(())
}
