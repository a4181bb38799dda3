//! `etcd-lab bench`: how much one process of this machine can do. Figures, never assertions.
//!
//! Each figure is one line, `what: value unit`, for people and for `cargo xtask bench`.

use std::time::Instant;

use lab::{InProcess, LOAD_VALUE_BYTES, Lab, Load, LoadKind, SessionOptions};

use crate::args::Args;

/// Puts after which the memory of their revisions is looked at.
const REVISIONS: u64 = 100_000;

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
    // First, while the process holds nothing that an earlier session gave back.
    memory(&options)?;
    idle(&options, seconds)?;
    for kind in LoadKind::ALL {
        for in_flight in kind.in_flight() {
            load(&options, kind, *in_flight, seconds)?;
        }
    }
    Ok(0)
}

fn led(options: &SessionOptions) -> Result<InProcess, String> {
    let mut session = InProcess::new(Lab::new(options.clone())?);
    session.run_to_first_leader(60_000_000)?;
    Ok(session)
}

fn idle(options: &SessionOptions, seconds: f64) -> Result<(), String> {
    let mut session = led(options)?;
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

fn load(
    options: &SessionOptions,
    kind: LoadKind,
    in_flight: u32,
    seconds: f64,
) -> Result<(), String> {
    let mut session = led(options)?;
    let endpoints = session.lab().endpoints();
    session.lab_mut().add_load(Load::of(kind, endpoints, in_flight));
    while !session.lab().load().is_some_and(Load::is_ready) {
        let now = session.lab().now();
        session.run_until(now + 100_000);
    }
    let done = |session: &InProcess| session.lab().load().map_or(0, Load::acknowledged);
    let (started, before, at) = (Instant::now(), done(&session), session.lab().now());
    while started.elapsed().as_secs_f64() < seconds {
        let now = session.lab().now();
        session.run_until(now + 100_000);
    }
    let wall = started.elapsed().as_secs_f64();
    println!(
        "{}: {:.0} /s, {:.1} times real time",
        kind.what(in_flight),
        (done(&session) - before) as f64 / wall,
        (session.lab().now() - at) as f64 / 1e6 / wall,
    );
    let failed = session.lab().load().map_or(0, Load::failed);
    if failed > 0 {
        println!("{} failed: {failed}", kind.what(in_flight));
    }
    Ok(())
}

/// What the system has given this process, before and after many puts. The figure holds all members'
/// stores, logs and simulated disks, and what the world keeps of the run.
fn memory(options: &SessionOptions) -> Result<(), String> {
    let mut session = led(options)?;
    let endpoints = session.lab().endpoints();
    session.lab_mut().add_load(Load::of(LoadKind::Put, endpoints, 500));
    let run_to = |session: &mut InProcess, puts: u64| {
        while session.lab().load().is_some_and(|load| load.acknowledged() < puts) {
            let now = session.lab().now();
            session.run_until(now + 100_000);
        }
    };
    run_to(&mut session, REVISIONS / 10);
    let Some(before) = resident_bytes() else { return Ok(()) };
    run_to(&mut session, REVISIONS / 10 + REVISIONS);
    let bytes = resident_bytes().unwrap_or(before).saturating_sub(before);
    println!(
        "memory of 100,000 revisions: {:.0} MB, all {} members and their disks",
        bytes as f64 / 1e6,
        options.members
    );
    Ok(())
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
