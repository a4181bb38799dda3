//! What is real here, what is simulated, and how fast this tab is beside the real thing.

use super::LabHandle;
use super::header::grouped;
use super::modal::Modal;
use crate::api::per_second;
use crate::state::Measure;
use frame::{Frame, LoadKind, Measurement, PROFILES_COMPARED};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) open: bool,
    pub(crate) measure: Measure,
    pub(crate) frame: Rc<Frame>,
}

/// The load of a measurement: how long, and how many puts are under way at once.
const WALL_MS: u32 = 1500;
const IN_FLIGHT: u32 = 256;

const REAL: [(&str, &str); 7] = [
    (
        "Raft",
        "raft-rs 0.7, the library of TiKV, with etcd's settings: pre-vote by version, check quorum, ReadIndex.",
    ),
    (
        "Log",
        "Entries are etcd's InternalRaftRequest messages; the write-ahead log has etcd's record framing and CRC.",
    ),
    ("Store", "MVCC revisions as etcd counts them: create, mod and version of every key."),
    ("Ids", "Cluster and member ids are computed as etcd computes them."),
    (
        "API",
        "Requests and replies are etcdserverpb messages; errors carry gRPC's codes and etcd's texts.",
    ),
    (
        "etcdctl",
        "Commands, flags, formats and exit codes, compared with recordings of real etcd 3.4.",
    ),
    (
        "Crashes",
        "A trap is a WebAssembly trap in that member's own worker; a restart reads its disk's bytes and nothing else.",
    ),
];

const SIMULATED: [(&str, &str); 6] = [
    (
        "Network",
        "Messages pass a switch in this tab, with latencies drawn from the seed. No packet leaves the machine.",
    ),
    (
        "Disk",
        "Bytes in memory, with writes that are lost unless synced. Nothing is kept when the tab closes.",
    ),
    (
        "Clock",
        "Virtual time: it can be held, stepped and slowed, and two runs of one seed are equal.",
    ),
    ("Sockets", "There are none: addresses such as 127.0.0.1:2379 name members inside the lab."),
    (
        "TLS",
        "Certificates are real and checked when a client connects, and both ends prove that they have their keys. What they say after that is not encrypted, and links between members have no TLS.",
    ),
    ("Shell", "The console's host is a small shell, not Linux."),
];

#[component]
pub(crate) fn Honest(props: &Props) -> Html {
    let row = |(name, text): &(&'static str, &'static str)| {
        html! { <div key={*name}><dt>{ *name }</dt><dd>{ *text }</dd></div> }
    };
    html! {
        <Modal lab={props.lab.clone()} open={props.open} title="What is real here">
            <div class="columns">
                <section>
                    <h3>{ "Real" }</h3>
                    <dl class="plain">{ for REAL.iter().map(row) }</dl>
                </section>
                <section>
                    <h3>{ "Simulated" }</h3>
                    <dl class="plain">{ for SIMULATED.iter().map(row) }</dl>
                </section>
            </div>
            <section>
                <h3>{ "Speed" }</h3>
                { speed(props) }
            </section>
            <p class="hint">
                { "Static files only: no server, no account, no request to anyone else. " }
                { "Profile " }{ &props.frame.profile }
                { if PROFILES_COMPARED.contains(&props.frame.profile.as_str()) {
                    " was compared with a real binary."
                } else {
                    " follows etcd's source; it was not compared with a real binary."
                } }
            </p>
        </Modal>
    }
}

fn speed(props: &Props) -> Html {
    let measure = {
        let lab = props.lab.clone();
        Callback::from(move |_: MouseEvent| {
            lab.0.measure(LoadKind::Put, WALL_MS, IN_FLIGHT);
        })
    };
    let running = props.measure == Measure::Running;
    let ours = match &props.measure {
        Measure::Idle => "not measured yet".into(),
        Measure::Running => "measuring\u{2026}".into(),
        Measure::Done(result) => format!("{} puts/s", grouped(per_second(result))),
        Measure::Failed(text) => format!("no figure: {text}"),
    };
    html! {
        <div class="speed">
            <dl class="figures">
                <div>
                    <dt>{ "This tab" }</dt>
                    <dd class="figure" data-testid="puts-per-second" aria-live="polite">{ ours }</dd>
                    <dd>{ load(&props.measure) }</dd>
                    <dd>{ "Leaves out: a real network, fsync, gRPC." }</dd>
                </div>
                <div>
                    <dt>{ "etcd, as published" }</dt>
                    <dd class="figure">{ "10\u{2009}000 writes/s" }</dd>
                    <dd>{ "The figure in etcd's own README." }</dd>
                    <dd>
                        { "Includes real disks, a real network and three machines, which this tab has not." }
                    </dd>
                </div>
            </dl>
            <button
                class="primary"
                disabled={running}
                data-testid="measure"
                title="Runs a load for 1.5 s in a scratch session of its own"
                onclick={measure}
            >
                { "Measure here" }
            </button>
        </div>
    }
}

fn load(measure: &Measure) -> String {
    match measure {
        Measure::Done(Measurement {
            done, wall_us, in_flight, value_bytes, virtual_us, ..
        }) => {
            format!(
                "{} puts of {value_bytes} B in {}, {in_flight} in flight; {} of virtual time.",
                grouped(*done),
                scene::words::span(*wall_us),
                scene::words::span(*virtual_us)
            )
        }
        _ => format!("A closed loop of {IN_FLIGHT} puts in flight for {WALL_MS} ms."),
    }
}
