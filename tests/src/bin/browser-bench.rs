//! Figures of the built page in headless Chromium, printed as `what<TAB>value<TAB>mode` lines for
//! `cargo xtask bench`. Nothing is judged here.

use etcd_lab_tests::browser::Lab;
use serde_json::Value;

/// How often the page is opened, and how long a measurement runs.
const OPENINGS: usize = 7;
const MEASURE_MS: u64 = 2000;
const ROUNDS: u64 = 3000;

fn main() {
    let Some(lab) = Lab::start() else {
        eprintln!("browser-bench needs a built page; `cargo xtask bench browser` names it");
        std::process::exit(2);
    };
    openings(&lab);
    barrier(&lab);
    free_running(&lab);
    puts(&lab);
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
    for (query, mode) in [("?seed=1", "3 workers"), ("?seed=1&workers=0", "one worker")] {
        lab.open(query);
        let call = format!("etcdlab.measureBarrier({{rounds: {ROUNDS}}})");
        let measured = lab.promise(&call, vec![]);
        let us = number(&measured, "wall_us") / ROUNDS as f64;
        row("barrier round over 3 members", format!("{us:.0} us"), mode);
    }
}

/// An idle cluster as fast as it goes: what lock-step costs without work.
fn free_running(lab: &Lab) {
    for (query, mode) in [("?seed=1", "3 workers"), ("?seed=1&workers=0", "one worker")] {
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

fn puts(lab: &Lab) {
    for (query, mode) in [("?seed=1", "3 workers"), ("?seed=1&workers=0", "one worker")] {
        lab.open(query);
        for in_flight in [1, 100, 500, 2000] {
            let call =
                format!("etcdlab.measurePuts({{wallMs: {MEASURE_MS}, inFlight: {in_flight}}})");
            let measured = lab.promise(&call, vec![]);
            let puts = number(&measured, "puts_per_second");
            let what = format!("puts, 256 B, {in_flight} in flight");
            row(&what, format!("{puts:.0} /s"), mode);
        }
    }
}
