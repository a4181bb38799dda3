//! The console: one real text field, and a list of command blocks that can be selected and read.

use super::LabHandle;
use super::block::BlockView;
use super::events::{stay_at_end, stay_at_end_of, watch_end};
use super::input::{InputLine, selected_text};
use crate::console::Console;
use crate::keys::focus_console;
use crate::line::History;
use crate::settings::Settings;
use crate::state::{Event, HOST, State};
use frame::Completion;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event as DomEvent, HtmlInputElement};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) console: Rc<Console>,
    pub(crate) history: Rc<History>,
    pub(crate) settings: Settings,
    pub(crate) completes: bool,
    /// The address forbids completion.
    pub(crate) forbidden: bool,
    pub(crate) completed: Option<Rc<(u64, Completion)>>,
    pub(crate) insert: Option<Rc<(u64, String)>>,
    pub(crate) prompt: AttrValue,
    /// A small screen shows this pane.
    pub(crate) shown: bool,
}

impl Props {
    pub(crate) fn of(lab: &LabHandle, state: &State, shown: bool) -> Props {
        Props {
            lab: lab.clone(),
            console: state.console.clone(),
            history: state.history.clone(),
            settings: state.settings,
            completes: state.completes(),
            forbidden: !state.params.completion,
            completed: state.completed.clone(),
            insert: state.insert.clone(),
            prompt: AttrValue::from(state.line_prompt(HOST)),
            shown,
        }
    }
}

#[component]
pub(crate) fn ConsolePane(props: &Props) -> Html {
    let list = use_node_ref();
    let at_end = use_mut_ref(|| true);
    use_effect_with(props.console.clone(), {
        let (list, at_end) = (list.clone(), at_end.clone());
        move |_| stay_at_end(&list, *at_end.borrow())
    });
    use_effect_with((), {
        let (list, at_end) = (list.clone(), at_end.clone());
        move |()| stay_at_end_of(list, at_end)
    });
    let onclick = {
        let lab = props.lab.clone();
        Callback::from(move |event: MouseEvent| focus_unless_selecting(&lab, &event))
    };
    html! {
        <div class="console-box" {onclick}>
            { title(props) }
            { log(props, watch_end(&list, &at_end), list) }
            <InputLine
                lab={props.lab.clone()}
                history={props.history.clone()}
                completes={props.completes}
                secret={props.console.asks_for_secret()}
                completed={props.completed.clone()}
                insert={props.insert.clone()}
                prompt={props.prompt.clone()}
                shown={props.shown}
            />
        </div>
    }
}

fn title(props: &Props) -> Html {
    let state = match props.console.running() {
        _ if props.console.is_continuing() => "unfinished; Ctrl-C gives up".into(),
        0 => String::new(),
        1 => "running; Ctrl-C interrupts".into(),
        n => format!("running, {} waiting; Ctrl-C interrupts", n - 1),
    };
    let settings = props.settings;
    let completion = if props.forbidden {
        "Switched off by this page's address"
    } else {
        "Tab completes, and the rest of an earlier line is shown in grey"
    };
    let cheats = {
        let lab = props.lab.clone();
        Callback::from(move |_: MouseEvent| lab.0.open_cheats())
    };
    html! {
        <div class="title-row">
            <h2>{ "Console on " }<span class="machine">{ HOST }</span></h2>
            <span class="hint">{ state }</span>
            // A small screen has no room for it in the header.
            <button class="quiet narrow" onclick={cheats}>{ "Cheat sheet" }</button>
            <div class="console-switches">
                { switch(props, "Completion", completion, props.completes, props.forbidden, |on| {
                    Settings { completion: on, ..settings }
                }) }
                { switch(props, "Teacher", "Explain what went wrong", settings.teacher, false, |on| {
                    Settings { teacher: on, ..settings }
                }) }
                <button
                    class="quiet"
                    title="Clear the console (Ctrl-L)"
                    onclick={props.lab.on(Event::ClearConsole)}
                >
                    { "Clear" }
                </button>
            </div>
        </div>
    }
}

fn switch(
    props: &Props,
    name: &'static str,
    title: &'static str,
    on: bool,
    disabled: bool,
    change: impl Fn(bool) -> Settings,
) -> Html {
    let (lab, turned) = (props.lab.clone(), change(!on));
    let onchange = Callback::from(move |_: DomEvent| lab.0.change_settings(turned));
    html! {
        <label class="switch" {title}>
            <input
                type="checkbox"
                data-testid={format!("switch-{}", name.to_lowercase())}
                checked={on}
                {disabled}
                {onchange}
            />
            { name }
        </label>
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
            aria-label="Commands and their output"
            tabindex="0"
            data-testid="console-log"
        >
            <li key="dropped" class="dropped" hidden={dropped == 0}>
                { format!("{dropped} older commands are not kept") }
            </li>
            <li key="empty" class="dropped" hidden={!props.console.blocks.is_empty()}>
                { "Type a command below, such as " }<code>{ "etcdctl put name Alice" }</code>
                { ", and see the entry travel. " }<kbd>{ "/" }</kbd>{ " comes here, " }
                <kbd>{ "e" }</kbd>{ " opens the cheat sheet, " }
                <code>{ "lab help" }</code>{ " lists what the lab can do." }
            </li>
            { for props.console.blocks.iter().map(|b| html! {
                <BlockView
                    key={b.id}
                    lab={props.lab.clone()}
                    block={b.clone()}
                    teacher={props.settings.teacher}
                />
            }) }
        </ol>
    }
}

/// A click into the console's empty space goes to the text field, unless text was being selected.
fn focus_unless_selecting(lab: &LabHandle, event: &MouseEvent) {
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let on_control = target
        .as_ref()
        .is_some_and(|t| t.closest("button, label, input").is_ok_and(|b| b.is_some()));
    let on_field = target.is_some_and(|t| t.dyn_into::<HtmlInputElement>().is_ok());
    if !on_control && !on_field && selected_text().is_empty() {
        focus_console(&lab.0);
    }
}
