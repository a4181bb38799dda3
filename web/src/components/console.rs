//! The console: one real input, and a list of command blocks that can be selected and read.

use super::LabHandle;
use super::events::{stay_at_end, watch_end};
use crate::console::{Block, Console};
use crate::state::{Event, HOST};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, Element, Event as DomEvent, HtmlElement, HtmlInputElement};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) console: Rc<Console>,
    pub(crate) prompt: AttrValue,
    /// A small screen shows this pane.
    pub(crate) shown: bool,
}

#[component]
pub(crate) fn ConsolePane(props: &Props) -> Html {
    let input = use_node_ref();
    let list = use_node_ref();
    let at_end = use_mut_ref(|| true);
    // How many lines the arrow keys have gone back, and what was typed before they did.
    let back = use_mut_ref(|| (0_usize, String::new()));
    use_effect_with(props.shown, {
        let input = input.clone();
        move |shown| {
            if let (true, Some(input)) = (*shown, input.cast::<HtmlElement>()) {
                let _ = input.focus();
            }
        }
    });
    use_effect_with(props.console.clone(), {
        let (list, at_end) = (list.clone(), at_end.clone());
        move |_| stay_at_end(&list, *at_end.borrow())
    });
    let onkeydown = {
        let (lab, back) = (props.lab.clone(), back.clone());
        Callback::from(move |event: KeyboardEvent| key(&lab, &event, &mut back.borrow_mut()))
    };
    let onpaste = {
        let lab = props.lab.clone();
        Callback::from(move |event: DomEvent| paste(&lab, &event))
    };
    let running = props.console.running();
    let state = match running {
        0 => String::new(),
        1 => "running; Ctrl-C interrupts".into(),
        n => format!("running, {} waiting; Ctrl-C interrupts", n - 1),
    };
    html! {
        <div class="console-box" onclick={focus_unless_selecting(&input)}>
            <div class="title-row">
                <h2>{ "Console on " }<span class="machine">{ HOST }</span></h2>
                <span class="hint">{ state }</span>
                <button
                    class="quiet"
                    title="Clear the console (Ctrl-L)"
                    onclick={props.lab.on(Event::ClearConsole)}
                >
                    { "Clear" }
                </button>
            </div>
            { log(props, watch_end(&list, &at_end), list) }
            <div class="line">
                <label class="prompt" for="console-input">{ &props.prompt }</label>
                <input
                    ref={input}
                    id="console-input"
                    data-testid="console-input"
                    type="text"
                    autocomplete="off"
                    autocapitalize="off"
                    autocorrect="off"
                    spellcheck="false"
                    enterkeyhint="go"
                    placeholder="etcdctl put name Alice"
                    title="Console line (/). Esc leaves it."
                    {onkeydown}
                    {onpaste}
                />
            </div>
        </div>
    }
}

fn log(props: &Props, onscroll: Callback<DomEvent>, list: NodeRef) -> Html {
    let dropped = props.console.dropped;
    // Blocks announce themselves shortly in a live region of their own: a log that reads ten
    // lines of a table aloud helps nobody.
    html! {
        <ol
            ref={list}
            {onscroll}
            role="log"
            aria-live="off"
            aria-label="Commands and their output"
            tabindex="0"
            data-testid="console-log"
        >
            <li key="dropped" class="dropped" hidden={dropped == 0}>
                { format!("{dropped} older commands are not kept") }
            </li>
            <li key="empty" class="dropped" hidden={!props.console.blocks.is_empty()}>
                { "Type a command below, such as " }<code>{ "etcdctl put name Alice" }</code>
                { ", and see the entry travel. " }<code>{ "/" }</code>{ " comes here, " }
                <code>{ "lab help" }</code>{ " lists what the lab can do." }
            </li>
            { for props.console.blocks.iter().map(|b| html! {
                <BlockView key={b.id} block={b.clone()} />
            }) }
        </ol>
    }
}

#[derive(Properties, PartialEq)]
struct BlockProps {
    block: Rc<Block>,
}

#[component]
fn BlockView(props: &BlockProps) -> Html {
    let block = &props.block;
    let class = if block.echo { "block echo" } else { "block" };
    let status = match block.code {
        None => Some(("running", "\u{2026}".to_string())),
        Some(0) => None,
        Some(code) => Some(("failed", format!("exit {code}"))),
    };
    html! {
        <li {class}>
            <div class="command">
                <span class="prompt">{ &block.prompt }</span>
                <span class="typed">{ &block.line }</span>
                <span class="times">
                    { if block.times > 1 { format!(" \u{d7}{}", block.times) } else { String::new() } }
                </span>
                <span class="status">
                    { for status.into_iter().map(|(class, text)| html! {
                        <span key={class} {class}>{ text }</span>
                    }) }
                </span>
            </div>
            <pre hidden={block.output.is_empty()}>{ &block.output }</pre>
            <p class="dropped" hidden={!block.clipped}>{ "The rest of the output is not shown." }</p>
        </li>
    }
}

fn key(lab: &LabHandle, event: &KeyboardEvent, back: &mut (usize, String)) {
    let Some(input) = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) else {
        return;
    };
    // An input method that is composing a character owns Enter and the arrows.
    if event.is_composing() {
        return;
    }
    match (event.ctrl_key(), event.key().as_str()) {
        (false, "Enter") => {
            let line = input.value();
            input.set_value("");
            *back = (0, String::new());
            lab.0.exec(HOST, line);
        }
        (false, "ArrowUp") => recall(lab, &input, back, 1),
        (false, "ArrowDown") => recall(lab, &input, back, -1),
        (false, "Escape") => {
            let _ = input.blur();
        }
        (true, "c" | "C") if nothing_selected(&input) => {
            lab.0.interrupt(HOST, Some(input.value()));
            input.set_value("");
            *back = (0, String::new());
        }
        (true, "l" | "L") => lab.0.dispatch(Event::ClearConsole),
        (true, "u" | "U") => input.set_value(""),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}

/// Goes through the history; past its newest line is what was being typed.
fn recall(lab: &LabHandle, input: &HtmlInputElement, back: &mut (usize, String), way: isize) {
    let state = lab.0.state();
    let history = &state.console.history;
    if back.0 == 0 {
        back.1 = input.value();
    }
    back.0 = back.0.saturating_add_signed(way).min(history.len());
    let line = match back.0 {
        0 => back.1.clone(),
        n => history[history.len() - n].clone(),
    };
    input.set_value(&line);
    let end = u32::try_from(line.encode_utf16().count()).unwrap_or(u32::MAX);
    let _ = input.set_selection_range(end, end);
}

/// Ctrl-C copies where something is selected.
fn nothing_selected(input: &HtmlInputElement) -> bool {
    let in_input = input.selection_start().ok().flatten() == input.selection_end().ok().flatten();
    in_input && selected_text().is_empty()
}

fn selected_text() -> String {
    web_sys::window()
        .and_then(|w| w.get_selection().ok().flatten())
        .map(|s| String::from(s.to_string()))
        .unwrap_or_default()
}

/// Several pasted lines run as one; one line is pasted as usual.
fn paste(lab: &LabHandle, event: &DomEvent) {
    let Some(event) = event.dyn_ref::<ClipboardEvent>() else { return };
    let text = event
        .clipboard_data()
        .and_then(|data| data.get_data("text").ok())
        .unwrap_or_default()
        .replace("\r\n", "\n");
    let Some(input) = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) else {
        return;
    };
    if text.trim_end_matches('\n').contains('\n') {
        event.prevent_default();
        let line = format!("{}{}", input.value(), text.trim_end_matches('\n'));
        input.set_value("");
        lab.0.exec(HOST, line);
    }
}

/// A click into the console's empty space goes to the input, unless text was being selected.
fn focus_unless_selecting(input: &NodeRef) -> Callback<MouseEvent> {
    let input = input.clone();
    Callback::from(move |event: MouseEvent| {
        let on_button = event
            .target()
            .and_then(|t| t.dyn_into::<Element>().ok())
            .is_some_and(|t| t.closest("button").is_ok_and(|b| b.is_some()));
        if on_button || !selected_text().is_empty() {
            return;
        }
        if let Some(input) = input.cast::<HtmlElement>() {
            let _ = input.focus();
        }
    })
}
