//! The header: what session this is, and whether it holds what it promises.

use super::LabHandle;
use crate::state::{Dialog, Event};
use frame::Frame;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) frame: Rc<Frame>,
    pub(crate) started: bool,
}

#[component]
pub(crate) fn Header(props: &Props) -> Html {
    let Props { lab, frame, .. } = props;
    let first = match frame.first_leader_us {
        Some(at) => format!("first leader after {}", scene::words::span(at)),
        None => "no leader yet".into(),
    };
    let cheats = {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| lab.0.open_cheats())
    };
    html! {
        <header>
            <h1>
                <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
                    <circle cx="12" cy="12" r="7.5" class="mark-ring" />
                    <circle cx="12" cy="4.5" r="3.5" class="mark-a" />
                    <circle cx="18.5" cy="15.8" r="3.5" class="mark-b" />
                    <circle cx="5.5" cy="15.8" r="3.5" class="mark-b" />
                </svg>
                { "etcd-lab" }
            </h1>
            <p class="session">
                <span>{ "etcd " }{ &frame.profile }</span>
                <span title="The same seed and the same actions give the same run">
                    { "seed " }<b>{ frame.seed }</b>
                </span>
                <span class="wide">{ first }</span>
            </p>
            { checks(props) }
            <div class="header-buttons">
                <button
                    class="quiet wide"
                    title="etcdctl v2, v3 and etcdutl side by side (e)"
                    data-testid="cheats-button"
                    onclick={cheats}
                >
                    { "Cheat sheet" }
                </button>
                <button
                    class="quiet"
                    data-testid="honest-button"
                    onclick={lab.on(Event::Open(Dialog::Honest))}
                >
                    { "What is real" }
                </button>
                <button
                    class="quiet square"
                    title="Help and shortcuts (?)"
                    aria-label="Help"
                    onclick={lab.on(Event::Open(Dialog::Help))}
                >
                    { "?" }
                </button>
            </div>
        </header>
    }
}

fn checks(props: &Props) -> Html {
    let frame = &props.frame;
    let count = frame.violations.len();
    let noun = if count == 1 { "violation" } else { "violations" };
    let text = format!("{count} {noun} in {} events", grouped(frame.events));
    let title = if count > 0 {
        frame.violations.join("\n")
    } else if frame.checkers.is_empty() {
        "Checkers watch every step".into()
    } else {
        format!("Checked at every step: {}", frame.checkers.join(", "))
    };
    let class = if count > 0 { "checks bad" } else { "checks" };
    html! { <p {class} {title} data-testid="invariants">{ text }</p> }
}

/// `48 212`, with thin spaces.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}
