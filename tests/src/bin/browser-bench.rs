//! Figures of the built page in headless Chromium, printed as `what<TAB>value<TAB>mode` lines for
//! `cargo xtask bench`. Nothing is judged here.

use etcd_lab_tests::browser::Lab;
use lab::LoadKind;
use serde_json::Value;

/// How often the page is opened, and how long a measurement runs.
const OPENINGS: usize = 7;
const MEASURE_MS: u64 = 2000;
const ROUNDS: u64 = 3000;

const MODES: [(&str, &str); 2] = [("?seed=1", "3 workers"), ("?seed=1&workers=0", "one worker")];

/// With the argument `loads`, only those.
fn main() {
    let only_loads = std::env::args().nth(1).is_some_and(|word| word == "loads");
    let Some(lab) = Lab::start() else {
        eprintln!("browser-bench needs a built page; `cargo xtask bench browser` names it");
        std::process::exit(2);
    };
    if !only_loads {
        openings(&lab);
        barrier(&lab);
        free_running(&lab);
    }
    loads(&lab);
    memory(&lab);
}

fn row(what: &str, value: String, mode: &str) {
    println!("row\t{what}\t{value}\t{mode}");
}

/// Time from navigation to the first frame with a leader, by the page's own clock.
fn openings(lab: &Lab) {
    let script = "new Promise(done => {
        const look = () => {
            const state = window.etcdlab && etcdlab.state();
            if (state && state.members.some(m => m.role === 'leader')) done(performance.now());
            else requestAnimationFrame(look);
        };
        look();
    })";
    let mut times: Vec<u64> = (0..OPENINGS)
        .map(|_| {
            lab.goto("?seed=1");
            lab.promise(script, vec![]).as_f64().unwrap_or(0.0) as u64
        })
        .collect();
    row("navigation to leader, first (cold)", format!("{} ms", times[0]), "3 workers");
    times.remove(0);
    times.sort_unstable();
    let median = times[times.len() / 2];
    row("navigation to leader, median after", format!("{median} ms"), "3 workers");
}

fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or(0.0)
}

fn barrier(lab: &Lab) {
    for (query, mode) in MODES {
        lab.open(query);
        let call = format!("etcdlab.measureBarrier({{rounds: {ROUNDS}}})");
        let measured = lab.promise(&call, vec![]);
        let us = number(&measured, "wall_us") / ROUNDS as f64;
        row("barrier round over 3 members", format!("{us:.0} us"), mode);
    }
}

/// An idle cluster as fast as it goes: what lock-step costs without work.
fn free_running(lab: &Lab) {
    for (query, mode) in MODES {
        lab.open(query);
        let script = format!(
            "etcdlab.act({{kind: 'speed', value: 'max'}}).then(async () => {{
                const a = etcdlab.state(), t = performance.now();
                await new Promise(r => setTimeout(r, {MEASURE_MS}));
                await etcdlab.act({{kind: 'hold'}});
                const b = etcdlab.state(), s = (performance.now() - t) / 1000;
                return {{events: (b.events - a.events) / s, times: (b.time_ms - a.time_ms) / 1000 / s}};
            }})"
        );
        let measured = lab.promise(&script, vec![]);
        let (events, times) = (number(&measured, "events"), number(&measured, "times"));
        row("idle cluster, free-running", format!("{events:.0} events/s"), mode);
        row("idle cluster, free-running", format!("{times:.0} x real time"), mode);
    }
}

fn loads(lab: &Lab) {
    for (query, mode) in MODES {
        for kind in LoadKind::ALL {
            for in_flight in kind.in_flight() {
                // A page of its own for each, so that none pays for the memory of those before.
                lab.open(query);
                let load = kind.as_str();
                let call = format!(
                    "etcdlab.measure({{load: '{load}', wallMs: {MEASURE_MS}, inFlight: {in_flight}}})"
                );
                let measured = lab.promise(&call, vec![]);
                let what = kind.what(*in_flight);
                row(&what, format!("{:.0} /s", number(&measured, "per_second")), mode);
                if number(&measured, "failed") > 0.0 {
                    row(&format!("{what}, failed"), measured["failed"].to_string(), mode);
                }
            }
        }
    }
}

/// Linear memory of a member's instance for each revision that its store holds: the difference of two
/// runs, so that what an instance needs anyway is not counted.
fn memory(lab: &Lab) {
    let (query, mode) = MODES[0];
    let mut points = Vec::new();
    for wall_ms in [500, 4000] {
        lab.open(query);
        let call = format!("etcdlab.measure({{wallMs: {wall_ms}, inFlight: 500}})");
        let measured = lab.promise(&call, vec![]);
        points.push((number(&measured, "done"), number(&measured, "memory_bytes")));
    }
    let (revisions, bytes) = (points[1].0 - points[0].0, points[1].1 - points[0].1);
    let value = format!("{:.1} MB", bytes / revisions.max(1.0) * 100_000.0 / 1e6);
    row("memory of 100,000 revisions, one member", value, mode);
}
