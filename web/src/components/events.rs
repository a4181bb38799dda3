//! The event log: its newest end, oldest first.

use frame::{Frame, LogKind, LogLine};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) frame: Rc<Frame>,
}

#[component]
pub(crate) fn Events(props: &Props) -> Html {
    let list = use_node_ref();
    let at_end = use_mut_ref(|| true);
    let onscroll = watch_end(&list, &at_end);
    let newest = props.frame.log.last().map(|line| line.seq);
    use_effect_with(newest, {
        let list = list.clone();
        move |_| stay_at_end(&list, *at_end.borrow())
    });
    let empty = props.frame.log.is_empty();
    html! {
        <div class="events">
            <h2>{ "Events" }</h2>
            <p class="empty" hidden={!empty}>
                { "Elections, commits and faults appear here. Try: lab kill m1" }
            </p>
            <ol ref={list} {onscroll} tabindex="0" aria-label="Event log" data-testid="event-log">
                { for props.frame.log.iter().map(line) }
            </ol>
        </div>
    }
}

/// Shows the end of a list, if its reader was there.
pub(crate) fn stay_at_end(list: &NodeRef, was_at_end: bool) {
    if let (true, Some(list)) = (was_at_end, list.cast::<Element>()) {
        list.set_scroll_top(list.scroll_height());
    }
}

/// Does so too whenever the list gets another height. To be called in an effect; returns its end.
pub(crate) fn stay_at_end_of(list: NodeRef, at_end: Rc<RefCell<bool>>) -> impl FnOnce() + 'static {
    let element = list.cast::<Element>();
    let resized = Closure::<dyn FnMut()>::new(move || stay_at_end(&list, *at_end.borrow()));
    let observer = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok();
    if let (Some(observer), Some(element)) = (&observer, &element) {
        observer.observe(element);
    }
    move || {
        if let Some(observer) = observer {
            observer.disconnect();
        }
        drop(resized);
    }
}

/// Remembers whether a list's reader is at its end, or has scrolled back.
pub(crate) fn watch_end(list: &NodeRef, at_end: &Rc<RefCell<bool>>) -> Callback<Event> {
    let (list, at_end) = (list.clone(), Rc::clone(at_end));
    Callback::from(move |_| {
        if let Some(list) = list.cast::<Element>() {
            let below = list.scroll_height() - list.client_height() - list.scroll_top();
            *at_end.borrow_mut() = below < 24;
        }
    })
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
