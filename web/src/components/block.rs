//! One command of the console: its line, what it printed, and how it went.

use super::LabHandle;
use crate::console::{Block, Kind, Piece, strip};
use crate::state::Event;
use js_sys::{Function, Reflect};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;
use yew::prelude::*;

/// Of a longer output all can be copied with one press.
const COPY_LINES: usize = 30;
/// Of a pasted line no more than this is shown.
const LINE_SHOWN: usize = 2000;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) block: Rc<Block>,
    pub(crate) teacher: bool,
}

#[component]
pub(crate) fn BlockView(props: &Props) -> Html {
    let block = &props.block;
    let class = if block.echo { "block echo" } else { "block" };
    let code = block.code.map_or_else(String::new, |code| code.to_string());
    let dropped = block.output.dropped_lines;
    let pre = use_node_ref();
    use_effect_with(block.output.bytes, {
        let pre = pre.clone();
        move |_| reach_by_keyboard(&pre)
    });
    html! {
        <li {class} data-code={code}>
            { command(block) }
            { for block.more.iter().enumerate().map(|(index, line)| html! {
                <div key={index} class="command more">
                    <span class="prompt">{ "> " }</span>
                    <span class="typed">{ shown(line) }</span>
                </div>
            }) }
            <p class="dropped" hidden={dropped == 0}>
                { format!("{dropped} earlier lines are not kept.") }
            </p>
            <pre ref={pre.clone()} hidden={block.output.is_empty()}>
                { for block.output.pieces.iter().map(|piece| html! {
                    <PieceView key={piece.id} piece={piece.clone()} />
                }) }
            </pre>
            { teacher(block, props.teacher) }
            { facts(props, pre) }
        </li>
    }
}

/// Output that is wider than its place can be reached, and so scrolled, by keyboard.
fn reach_by_keyboard(pre: &NodeRef) {
    let Some(pre) = pre.cast::<Element>() else { return };
    if pre.scroll_width() <= pre.client_width() {
        return pre.remove_attribute("tabindex").unwrap_or_default();
    }
    for (name, value) in [("tabindex", "0"), ("role", "group"), ("aria-label", "Wide output")] {
        // An attribute of such a name can be set.
        pre.set_attribute(name, value).unwrap_or_default();
    }
}

fn command(block: &Block) -> Html {
    // What has a strip says there how it went.
    let status = match (block.code, &block.after) {
        (None, _) => Some(("running", "\u{2026}".to_string())),
        (Some(0), _) | (_, Some(_)) => None,
        (Some(code), None) => Some(("failed", format!("exit {code}"))),
    };
    let times = if block.times > 1 { format!(" \u{d7}{}", block.times) } else { String::new() };
    html! {
        <div class="command">
            <span class="prompt">{ &block.prompt }</span>
            <span class="typed">{ shown(&block.line) }</span>
            <span class="times">{ times }</span>
            <span class="status">
                { for status.into_iter().map(|(class, text)| html! {
                    <span key={class} {class}>{ text }</span>
                }) }
            </span>
        </div>
    }
}

/// A pasted book would push everything else away.
fn shown(line: &str) -> String {
    match line.char_indices().nth(LINE_SHOWN) {
        None => line.to_owned(),
        Some((at, _)) => format!("{}\u{2026} ({} bytes)", &line[..at], line.len()),
    }
}

#[derive(Properties, PartialEq)]
struct PieceProps {
    piece: Rc<Piece>,
}

#[component]
fn PieceView(props: &PieceProps) -> Html {
    let piece = &props.piece;
    let class = match (piece.kind, piece.is_even()) {
        (Kind::Typed, _) => "piece fed",
        (Kind::Printed, true) => "piece even",
        (Kind::Printed, false) => "piece",
    };
    html! { <span {class}>{ &piece.text }</span> }
}

fn teacher(block: &Block, on: bool) -> Html {
    let shown = on && !block.hints.is_empty();
    html! {
        <div class="teacher" data-testid="teacher" hidden={!shown}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
                <path d="M8 2 1 5.5 8 9l7-3.5z" /><path d="M4 7.5V11c2 2 6 2 8 0V7.5" />
            </svg>
            <b>{ "Teacher" }</b>
            <span>
                { for block.hints.iter().enumerate().map(|(index, text)| html! {
                    <span key={index} class="said">{ text }</span>
                }) }
            </span>
        </div>
    }
}

fn facts(props: &Props, pre: NodeRef) -> Html {
    let facts = strip(&props.block);
    let lines = props.block.output.line_count();
    let copy = copies(props, pre);
    html! {
        <div class="strip" data-testid="strip" hidden={facts.is_empty()}>
            { for facts.iter().map(|(class, text)| html! {
                <span key={*class} class={*class}>{ text }</span>
            }) }
            <button
                class="link-like"
                data-testid="copy-output"
                hidden={lines < COPY_LINES}
                onclick={copy}
            >
                { format!("Copy all {lines} lines") }
            </button>
        </div>
    }
}

/// Copies the output; where the page may not, it selects it.
fn copies(props: &Props, pre: NodeRef) -> Callback<MouseEvent> {
    let (lab, block) = (props.lab.clone(), props.block.clone());
    Callback::from(move |event: MouseEvent| {
        event.stop_propagation();
        let said = if write_clipboard(&block.output.text()) {
            format!("{} lines copied", block.output.line_count())
        } else {
            let selection = web_sys::window().and_then(|w| w.get_selection().ok().flatten());
            if let (Some(selection), Some(pre)) = (selection, pre.cast::<Element>()) {
                // It fails only for a node that is not in the document.
                let _ = selection.select_all_children(&pre);
            }
            "The output is selected; copy it with Ctrl-C".into()
        };
        if let Some(button) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) {
            button.set_attribute("title", &said).unwrap_or_default();
        }
        lab.0.dispatch(Event::Say(said));
    })
}

/// False where there is no clipboard: the page was not loaded in a safe way.
fn write_clipboard(text: &str) -> bool {
    let write = || {
        let navigator = web_sys::window()?.navigator();
        let clipboard = Reflect::get(&navigator, &"clipboard".into()).ok()?;
        let write: Function =
            Reflect::get(&clipboard, &"writeText".into()).ok()?.dyn_into().ok()?;
        let promise = write.call1(&clipboard, &JsValue::from_str(text)).ok()?;
        // A refusal has no reader.
        crate::promise::ignore(&promise.dyn_into().ok()?);
        Some(())
    };
    write().is_some()
}
