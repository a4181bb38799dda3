//! The list of completions above the console's line.

use crate::completion::Tab;
use frame::Candidate;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) tab: Tab,
    pub(crate) pick: Callback<usize>,
}

#[component]
pub(crate) fn Completions(props: &Props) -> Html {
    let list = use_node_ref();
    let listed = props.tab.listed();
    let chosen = listed.and_then(|listed| listed.chosen);
    use_effect_with(chosen, {
        let list = list.clone();
        move |_| show_chosen(&list)
    });
    let completion = listed.map(|listed| &listed.completion);
    let hint = match &props.tab {
        Tab::Several { completion, .. } => {
            let more = if completion.more { "More than " } else { "" };
            format!("{more}{} possible: Tab lists them", completion.candidates.len())
        }
        Tab::Listed(listed) if listed.completion.more => {
            format!("The first {}; there are more", listed.completion.candidates.len())
        }
        _ => String::new(),
    };
    let candidates = completion.map_or(&[][..], |completion| completion.candidates.as_slice());
    // A press on the list must not take the focus from the line.
    let onmousedown = Callback::from(|event: MouseEvent| event.prevent_default());
    html! {
        <div class="completions" {onmousedown}>
            <ul
                ref={list}
                id="completions"
                role="listbox"
                tabindex="0"
                aria-label="Completions"
                data-testid="completions"
                hidden={listed.is_none()}
            >
                { for candidates.iter().enumerate().map(|(index, candidate)| {
                    option(props, index, candidate, chosen == Some(index))
                }) }
            </ul>
            <p class="hint" hidden={hint.is_empty()}>{ hint }</p>
        </div>
    }
}

fn option(props: &Props, index: usize, candidate: &Candidate, chosen: bool) -> Html {
    let onclick = {
        let pick = props.pick.clone();
        Callback::from(move |_: MouseEvent| pick.emit(index))
    };
    html! {
        <li
            key={index}
            id={format!("completion-{index}")}
            role="option"
            aria-selected={chosen.to_string()}
            {onclick}
        >
            <span class="machine">{ &candidate.shown }</span>
            <span class="about">{ &candidate.about }</span>
        </li>
    }
}

/// Scrolls the list alone, never the page around it.
fn show_chosen(list: &NodeRef) {
    let Some(list) = list.cast::<HtmlElement>() else { return };
    let chosen = list.query_selector("[aria-selected=true]").ok().flatten();
    let chosen = chosen.and_then(|c| wasm_bindgen::JsCast::dyn_into::<HtmlElement>(c).ok());
    let Some(chosen) = chosen else { return };
    let (top, bottom) = (chosen.offset_top(), chosen.offset_top() + chosen.offset_height());
    if top < list.scroll_top() {
        list.set_scroll_top(top);
    } else if bottom > list.scroll_top() + list.client_height() {
        list.set_scroll_top(bottom - list.client_height());
    }
}
