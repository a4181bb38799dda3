//! A dialog over the page, with the browser's own focus trap and Escape.

use super::LabHandle;
use crate::state::{Dialog, Event};
use web_sys::HtmlDialogElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) open: bool,
    pub(crate) title: AttrValue,
    pub(crate) children: Children,
}

#[component]
pub(crate) fn Modal(props: &Props) -> Html {
    let dialog = use_node_ref();
    use_effect_with(props.open, {
        let dialog = dialog.clone();
        move |open| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                match (*open, dialog.open()) {
                    // It fails only for a dialog that is not in the document.
                    (true, false) => drop(dialog.show_modal()),
                    (false, true) => dialog.close(),
                    _ => {}
                }
            }
        }
    });
    let close = Event::Open(Dialog::None);
    html! {
        <dialog
            ref={dialog}
            aria-label={props.title.clone()}
            onclose={props.lab.on(close.clone())}
        >
            <div class="title-row">
                <h2>{ &props.title }</h2>
                <button class="quiet" onclick={props.lab.on(close)}>{ "Close" }</button>
            </div>
            <div class="dialog-body">{ props.children.clone() }</div>
        </dialog>
    }
}
