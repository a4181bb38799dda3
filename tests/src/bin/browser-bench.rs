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

/// With the argument `loads` or `console`, only those.
fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let Some(lab) = Lab::start() else {
        eprintln!("browser-bench needs a built page; `cargo xtask bench browser` names it");
        std::process::exit(2);
    };
    if only == "console" {
        return console(&lab);
    }
    if only != "loads" {
        console(&lab);
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

/// Wall time from Enter to the output in the document, typed into the console at full speed; and the
/// longest stretch without an animation frame while much is printed or pasted.
fn console(lab: &Lab) {
    let (query, mode) = MODES[0];
    lab.open(query);
    lab.promise("etcdlab.act({kind: 'speed', value: 'max'})", vec![]);
    for (what, line) in [("put", "etcdctl put name Alice"), ("get", "etcdctl get name")] {
        // In rounds: a busy machine may take longer for all of them than the driver waits.
        let call = format!("({ENTER_TO_OUTPUT})(args[0], {KEYSTROKES})");
        let round = |_| lab.promise(&call, vec![Value::from(line)]);
        let rounds: Vec<Value> = (0..ROUNDS_TYPED).map(round).collect();
        let times = rounds.iter().filter_map(Value::as_array).flatten();
        let mut times: Vec<f64> = times.filter_map(Value::as_f64).collect();
        times.sort_by(f64::total_cmp);
        let at =
            |part: f64| times.get((times.len() as f64 * part) as usize).copied().unwrap_or(0.0);
        row(&format!("Enter to output, {what}, p50"), format!("{:.1} ms", at(0.5)), mode);
        row(&format!("Enter to output, {what}, p99"), format!("{:.1} ms", at(0.99)), mode);
    }
    let lines = "seq 1 10000".to_owned();
    let paste = format!("echo '{}' | wc -c", "\u{e9}\u{20ac}\u{1f600} ".repeat(10_000));
    for (what, line) in [("10,000 lines", lines), ("a paste of 100 KB", paste)] {
        longest_gap(lab, what, &line, mode);
    }
    lab.promise(&format!("({FILL})(100000)"), vec![]);
    longest_gap(lab, "100,000 keys listed", "etcdctl get k --prefix --keys-only", mode);
}

const KEYSTROKES: usize = 60;
const ROUNDS_TYPED: usize = 5;

/// Types a line, presses Enter, and waits for its output; milliseconds.
const ENTER_TO_OUTPUT: &str = "async (line, count) => {
    const field = document.querySelector('[data-testid=console-input]');
    const log = document.querySelector('[data-testid=console-log]');
    const times = [];
    for (let i = 0; i < count; i++) {
        field.value = line;
        const before = performance.now();
        const done = new Promise((ended) => {
            const last = log.lastElementChild;
            const observer = new MutationObserver(() => {
                const block = log.lastElementChild;
                if (block === last || !block.querySelector('pre').textContent) return;
                observer.disconnect();
                ended();
            });
            observer.observe(log, {childList: true, subtree: true, characterData: true});
        });
        field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true}));
        await done;
        times.push(performance.now() - before);
        await new Promise((next) => setTimeout(next, 5));
    }
    return times;
}";

/// Stores that many keys in transactions of 128.
const FILL: &str = "async (count) => {
    for (let at = 0; at < count; at += 128 * 16) {
        const lines = [];
        for (let from = at; from < Math.min(at + 128 * 16, count); from += 128) {
            const puts = Array.from({length: Math.min(128, count - from)}, (_, i) => `put k${from + i} v`);
            lines.push(`etcdctl txn > /dev/null <<'EOF'\\n\\n${puts.join('\\n')}\\n\\n\\nEOF`);
        }
        const {code, output} = await etcdlab.exec(lines.join('\\n'));
        if (code !== 0) throw new Error(output);
    }
}";

/// Runs a line and tells the longest time between two animation frames until its output is drawn.
fn longest_gap(lab: &Lab, what: &str, line: &str, mode: &str) {
    let script = "(async (line) => {
        let longest = 0, before = performance.now(), on = true;
        const start = before;
        const look = (now) => {
            longest = Math.max(longest, now - before);
            before = now;
            if (on) requestAnimationFrame(look);
        };
        requestAnimationFrame((now) => { before = now; look(now); });
        const {output} = await etcdlab.exec(line);
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        on = false;
        return {longest, all: performance.now() - start, lines: output.split('\\n').length - 1};
    })(args[0])";
    let measured = lab.promise(script, vec![Value::from(line)]);
    let (longest, all) = (number(&measured, "longest"), number(&measured, "all"));
    row(&format!("{what}: longest frame"), format!("{longest:.0} ms"), mode);
    row(&format!("{what}: in all"), format!("{all:.0} ms"), mode);
    row(&format!("{what}: lines"), format!("{:.0}", number(&measured, "lines")), mode);
}
