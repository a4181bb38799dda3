//! Hold, play, step, speed, and the time line.

use super::LabHandle;
use super::tape::tape;
use crate::keys;
use crate::state::SPEEDS;
use crate::tape::Tape;
use frame::{Action, Frame, Speed, StepWhat};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) frame: Rc<Frame>,
    pub(crate) tape: Rc<Tape>,
    pub(crate) started: bool,
}

#[component]
pub(crate) fn Transport(props: &Props) -> Html {
    let Props { lab, frame, .. } = props;
    let toggle = {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| keys::toggle_time(&lab.0))
    };
    html! {
        <div class="transport" role="group" aria-label="Time">
            <button
                class="primary hold"
                data-testid="hold-play"
                title={if frame.held { "Play (Space)" } else { "Hold (Space)" }}
                onclick={toggle}
            >
                { if frame.held { "\u{25b6} Play" } else { "\u{2016} Hold" } }
            </button>
            <div class="group" role="group" aria-label="Step to the next">
                { step(lab, StepWhat::Event, "Step", "Step to the next event (.)") }
                { step(lab, StepWhat::Message, "Message", "Step to the next message (,)") }
                { step(lab, StepWhat::Commit, "Commit", "Step to the next commit (c)") }
            </div>
            <div class="group speeds" role="group" aria-label="Speed">
                { for SPEEDS.into_iter().map(|(name, value)| speed(lab, frame, name, value)) }
            </div>
            <output class="clock" title={rate(frame)}>
                { scene::words::time(frame.time_us) }
            </output>
            { tape(&props.tape, frame.time_us) }
        </div>
    }
}

fn step(lab: &LabHandle, what: StepWhat, name: &'static str, title: &'static str) -> Html {
    html! { <button {title} onclick={lab.acts(Action::Step { what })}>{ name }</button> }
}

fn speed(lab: &LabHandle, frame: &Frame, name: &'static str, value: Speed) -> Html {
    let label = match value {
        Speed::Ppm(_) => format!("{name}\u{d7}"),
        _ => name.to_string(),
    };
    let title = match value {
        Speed::Ppm(_) => format!("{name} times real time"),
        Speed::Max => "As fast as this machine can".into(),
        Speed::Auto => "Real time, slower when something happens".into(),
    };
    html! {
        <button
            key={name}
            {title}
            aria-pressed={(frame.speed == value).to_string()}
            onclick={lab.acts(Action::Speed { value })}
        >
            { label }
        </button>
    }
}

fn rate(frame: &Frame) -> String {
    if frame.held {
        return "Virtual time, held".into();
    }
    format!("Virtual time; {} pass in a second", scene::words::span(frame.rate_us))
}
