//! The cheat sheet: search by task, and put a command into the console's line with one press.

use super::LabHandle;
use super::modal::Modal;
use crate::cheats::{Cell, Cheats, Row, TOOLS, line};
use crate::state::Event;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) open: bool,
    pub(crate) cheats: Rc<Cheats>,
}

#[component]
pub(crate) fn CheatSheet(props: &Props) -> Html {
    let search = use_state(String::new);
    let field = use_node_ref();
    use_effect_with(props.open, {
        let field = field.clone();
        move |open| {
            if let (true, Some(field)) = (*open, field.cast::<HtmlElement>()) {
                let _ = field.focus();
            }
        }
    });
    let oninput = {
        let search = search.clone();
        Callback::from(move |event: InputEvent| {
            let field = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
            search.set(field.map(|field| field.value()).unwrap_or_default());
        })
    };
    let (rows, words) = match &*props.cheats {
        _ if !props.open => (Vec::new(), String::new()),
        Cheats::Read(all) => found(all, &search),
        Cheats::Failed(text) => (Vec::new(), format!("The sheet could not be loaded: {text}")),
        Cheats::Unread | Cheats::Loading => (Vec::new(), "The sheet is being loaded.".into()),
    };
    html! {
        <Modal lab={props.lab.clone()} open={props.open} title="Cheat sheet">
            <div class="cheat-search">
                <input
                    ref={field}
                    type="search"
                    data-testid="cheats-search"
                    aria-label="Search the cheat sheet"
                    placeholder="Search: watch, backup, lease, ls"
                    value={(*search).clone()}
                    {oninput}
                />
                <span class="hint" role="status">{ words }</span>
            </div>
            <table class="cheats" data-testid="cheats" hidden={rows.is_empty()}>
                <thead>
                    <tr>
                        <th scope="col">{ "Task" }</th>
                        { for TOOLS.iter().map(|tool| html! { <th key={*tool} scope="col">{ *tool }</th> }) }
                    </tr>
                </thead>
                <tbody>{ for rows.iter().enumerate().flat_map(|(at, row)| view(props, &rows, at, row)) }</tbody>
            </table>
            <p class="hint">
                { "A press puts the command into the console's line; it runs with Enter. " }
                { "For v2 commands it sets ETCDCTL_API=2 in front." }
            </p>
        </Modal>
    }
}

fn found<'a>(all: &'a [Row], search: &str) -> (Vec<&'a Row>, String) {
    let rows: Vec<&Row> = all.iter().filter(|row| row.matches(search)).collect();
    let words = match rows.len() {
        0 => "Nothing is found; try one word, such as put or member.".into(),
        1 => "1 task".into(),
        n => format!("{n} tasks"),
    };
    (rows, words)
}

/// A row, and before the first of each topic the topic.
fn view(props: &Props, rows: &[&Row], at: usize, row: &Row) -> Vec<Html> {
    let mut views = Vec::with_capacity(2);
    if at == 0 || rows[at - 1].topic != row.topic {
        views.push(html! {
            <tr key={row.topic.clone()} class="topic">
                <th colspan="4" scope="colgroup">{ &row.topic }</th>
            </tr>
        });
    }
    views.push(html! {
        <tr key={format!("{} {}", row.topic, row.task)}>
            <th scope="row">{ &row.task }</th>
            { for row.cells.iter().enumerate().map(|(tool, cell)| html! {
                <td key={tool} data-tool={TOOLS[tool]}>{ command(props, tool, cell) }</td>
            }) }
        </tr>
    });
    views
}

fn command(props: &Props, tool: usize, cell: &Cell) -> Html {
    match cell {
        Cell::None(reason) => html! { <span key="none" class="none">{ reason }</span> },
        Cell::Command(command) => html! {
            <button
                key="command"
                class="cheat machine"
                title="Put it into the console"
                onclick={props.lab.on(Event::Insert(line(tool, command)))}
            >
                { command }
            </button>
        },
    }
}
