//! The event log: its newest end, oldest first.

use frame::{Frame, LogKind, LogLine};
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) frame: Rc<Frame>,
}

#[component]
pub(crate) fn Events(props: &Props) -> Html {
    let list = use_node_ref();
    let newest = props.frame.log.last().map(|line| line.seq);
    use_effect_with(newest, {
        let list = list.clone();
        move |_| {
            if let Some(list) = list.cast::<Element>() {
                stay_at_end(&list);
            }
        }
    });
    let empty = props.frame.log.is_empty();
    html! {
        <div class="events">
            <h2>{ "Events" }</h2>
            <p class="empty" hidden={!empty}>
                { "Elections, commits and faults appear here. Try: lab kill m1" }
            </p>
            <ol ref={list} tabindex="0" aria-label="Event log" data-testid="event-log">
                { for props.frame.log.iter().map(line) }
            </ol>
        </div>
    }
}

/// Follows the end unless the reader has scrolled back.
pub(crate) fn stay_at_end(list: &Element) {
    let below = list.scroll_height() - list.client_height() - list.scroll_top();
    if below < 160 {
        list.set_scroll_top(list.scroll_height());
    }
}

fn line(line: &LogLine) -> Html {
    let (sign, class) = match line.kind {
        LogKind::Act => ("\u{25b8}", "act"),
        LogKind::Role => ("\u{265b}", "role"),
        LogKind::Commit => ("\u{25a0}", "commit"),
        LogKind::Client => ("\u{25c7}", "client"),
        LogKind::Fault => ("\u{2717}", "fault"),
        LogKind::Violation => ("!", "violation"),
    };
    html! {
        <li key={line.seq} class={classes!("event", class)}>
            <span class="event-sign" aria-hidden="true">{ sign }</span>
            <time>{ scene::words::time(line.time_us) }</time>
            <b>{ &line.actor }</b>
            <span class="event-text">{ &line.text }</span>
        </li>
    }
}
