//! One plan for a session, carried out natively and on the page: what is done at which virtual moment.
//!
//! Both ways do the same at the same moments, so they must give the same run: the trace hash, the
//! number of events, and what the console printed are compared.

use lab::{Action, InProcess, Kind, Lab, LabEvent, SessionOptions};
use serde_json::{Value, json};

use crate::browser;

/// One thing to do. Only [`Step::Run`] lets time pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Runs up to and including this virtual millisecond and holds there.
    Run(u64),
    /// `kill -9` for whoever leads now; it is the victim from here on.
    KillLeader,
    /// Starts the victim again.
    StartVictim,
    /// Enters a line at the console of `client`; its end is looked at when the plan is through.
    Exec(&'static str),
}

/// What is left of a run to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub trace_hash: String,
    pub events: u64,
    pub victim: String,
    /// Exit code and merged output of each line, in order.
    pub answers: Vec<(i64, String)>,
    pub violations: Vec<String>,
}

/// How a native run is cut into windows. None of them may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// As wide as the lookahead allows.
    Widest,
    /// Of at most so many virtual microseconds; 1 is event by event.
    Of(u64),
    /// Of another width each time, and with a stop at odd moments between them.
    Ragged,
}

/// Carries the plan out in this process.
pub fn run_native(seed: u64, members: u32, plan: &[Step], windows: Windows) -> Outcome {
    let options = SessionOptions { seed, members, ..SessionOptions::default() };
    let mut run = InProcess::new(Lab::new(options).expect("these options are good"));
    let mut widths = Widths::of(windows);
    let (mut victim, mut lines) = (String::new(), Vec::new());
    let act = |run: &mut InProcess, kind, member: &str| {
        let action = Action::Member { kind, member: member.to_owned() };
        run.lab_mut().act(&action).expect("the action applies");
    };
    for step in plan {
        match step {
            Step::Run(until_ms) => {
                let until = until_ms * 1000;
                while run.lab().now() < until {
                    let (width_us, stop) = widths.next(run.lab().now(), until);
                    run.set_width_us(width_us);
                    if !run.run_window(stop) {
                        run.run_until(stop);
                    }
                }
                run.run_until(until);
            }
            Step::KillLeader => {
                let leader = run.lab().world().leader().expect("somebody leads by now");
                victim = format!("m{}", leader + 1);
                act(&mut run, Kind::Kill, &victim);
            }
            Step::StartVictim => act(&mut run, Kind::Start, &victim),
            Step::Exec(line) => lines.push(run.lab_mut().exec("client", line).expect("a host")),
        }
    }
    let events = run.take_events();
    let answer = |wanted: &u64| {
        let mut all = events.iter();
        let found = all.find_map(|event| match event {
            LabEvent::Done { exec, code, output, .. } if exec == wanted => {
                Some((i64::from(*code), output.clone()))
            }
            _ => None,
        });
        found.unwrap_or_else(|| panic!("line {wanted} had not ended when the plan was through"))
    };
    Outcome {
        trace_hash: run.lab().trace_hash(),
        events: run.lab().world().events(),
        victim,
        answers: lines.iter().map(answer).collect(),
        violations: run.lab().world().violations().to_vec(),
    }
}

/// Widths of windows, and moments to stop at between them.
struct Widths {
    windows: Windows,
    state: u64,
}

impl Widths {
    fn of(windows: Windows) -> Widths {
        Widths { windows, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// How wide the next window may be, and up to which moment.
    fn next(&mut self, now: u64, until: u64) -> (u64, u64) {
        match self.windows {
            Windows::Widest => (u64::MAX, until),
            Windows::Of(width_us) => (width_us, until),
            Windows::Ragged => {
                let width_us = 1 + self.draw() % 7_000;
                (width_us, until.min(now + 1 + self.draw() % 33_333))
            }
        }
    }

    /// xorshift64: any spread will do here.
    fn draw(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

/// Carries a plan out through `window.etcdlab`. With `pauses`, time is held, played at odd speeds
/// and stepped on the way to each moment, from random numbers of the page's own.
const RUNNER: &str = r#"(async ([plan, pauses]) => {
    const lab = window.etcdlab;
    const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
    const between = (low, high) => low + Math.floor(Math.random() * (high - low));
    const pick = (list) => list[between(0, list.length)];
    const pause = async () => {
        await lab.act({kind: 'speed', value: pick([0.01, 0.2, 1, 3])});
        await lab.act({kind: 'play'});
        await sleep(between(1, 60));
        await lab.act({kind: 'hold'});
        for (let n = between(0, 4); n > 0; n -= 1) {
            await lab.act({kind: 'step', what: pick(['event', 'message'])});
        }
    };
    const paused = [];
    const lines = [];
    let victim = '';
    for (const step of plan) {
        if (step.run !== undefined) {
            if (pauses) {
                for (let n = 0; n < 6; n += 1) await pause();
                paused.push(lab.state().time_ms);
            }
            await lab.act({kind: 'run', until_ms: step.run});
            const time = lab.state().time_ms;
            if (time !== step.run) throw new Error(`held at ${time} ms, not at ${step.run} ms`);
        } else if (step.exec !== undefined) {
            lines.push(lab.exec(step.exec));
        } else if (step.kill) {
            const leaders = lab.state().members
                .filter((m) => m.role === 'leader' && m.status === 'running');
            if (leaders.length !== 1) throw new Error(`${leaders.length} leaders`);
            victim = leaders[0].name;
            await lab.act({kind: 'kill', member: victim});
        } else {
            await lab.act({kind: 'start', member: victim});
        }
    }
    const {events, violations} = lab.state();
    const answers = await Promise.all(lines);
    return {hash: await lab.traceHash(), events, victim, answers, violations, paused};
})(args)"#;

/// Carries the plan out on the page that is open; the virtual moments come with it at which it was
/// paused last before each run.
pub fn run_on_page(lab: &browser::Lab, plan: &[Step], pauses: bool) -> (Outcome, Vec<u64>) {
    let steps: Vec<Value> = plan
        .iter()
        .map(|step| match step {
            Step::Run(until_ms) => json!({"run": until_ms}),
            Step::KillLeader => json!({"kill": true}),
            Step::StartVictim => json!({"start": true}),
            Step::Exec(line) => json!({"exec": line}),
        })
        .collect();
    let answer = lab.promise(RUNNER, vec![json!(steps), json!(pauses)]);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let answers = answer["answers"].as_array().expect("a list of answers").iter();
    let outcome = Outcome {
        trace_hash: text(&answer["hash"]),
        events: answer["events"].as_u64().expect("a count"),
        victim: text(&answer["victim"]),
        answers: answers
            .map(|a| (a["code"].as_i64().expect("a code"), text(&a["output"])))
            .collect(),
        violations: serde_json::from_value(answer["violations"].clone()).expect("a list of texts"),
    };
    (outcome, serde_json::from_value(answer["paused"].clone()).expect("a list of moments"))
}
