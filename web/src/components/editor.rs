//! The editor dialog: what `vi` and `nano` open here. One file at a time, as plain text.

use super::LabHandle;
use crate::state::{Editing, HOST};
use web_sys::{HtmlDialogElement, HtmlTextAreaElement};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    /// The file that is open; none closes the dialog.
    pub(crate) editing: Option<Editing>,
}

/// How the dialog stands between keys.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Place {
    line: usize,
    column: usize,
    changed: bool,
    /// Esc was pressed with changes: the reader is asked.
    asking: bool,
}

#[component]
pub(crate) fn Editor(props: &Props) -> Html {
    let (dialog, field) = (use_node_ref(), use_node_ref());
    let place = use_state_eq(Place::default);
    use_effect_with(props.editing.clone(), {
        let (dialog, field, place) = (dialog.clone(), field.clone(), place.clone());
        move |editing: &Option<Editing>| {
            open(&dialog, &field, editing.as_ref());
            place.set(Place { line: 1, column: 1, ..Place::default() });
        }
    });
    let edit = props.editing.as_ref().map_or(0, |editing| editing.edit);
    let was = props.editing.as_ref().map(|editing| editing.text.clone()).unwrap_or_default();
    let is_changed = use_callback((field.clone(), was), |(): (), (field, was)| {
        field.cast::<HtmlTextAreaElement>().is_some_and(|field| field.value() != *was)
    });
    let close = {
        let (lab, field) = (props.lab.clone(), field.clone());
        Callback::from(move |save: bool| {
            let text = field.cast::<HtmlTextAreaElement>().map(|field| field.value());
            lab.0.edited(HOST, edit, text.filter(|_| save));
        })
    };
    let look = {
        let (field, place, is_changed) = (field.clone(), place.clone(), is_changed.clone());
        Callback::from(move |(): ()| {
            if let Some(field) = field.cast::<HtmlTextAreaElement>() {
                let (line, column) = line_and_column(&field);
                place.set(Place {
                    line,
                    column,
                    changed: is_changed.emit(()),
                    asking: place.asking,
                });
            }
        })
    };
    let leave = {
        let (place, is_changed, close) = (place.clone(), is_changed, close.clone());
        Callback::from(move |(): ()| match is_changed.emit(()) {
            true => place.set(Place { asking: !place.asking, changed: true, ..*place }),
            false => close.emit(false),
        })
    };
    let onkeydown = {
        let (close, leave) = (close.clone(), leave.clone());
        Callback::from(move |event: KeyboardEvent| {
            let with_ctrl = event.ctrl_key() || event.meta_key();
            match event.key().as_str() {
                "s" | "S" | "Enter" if with_ctrl => close.emit(true),
                "Escape" => leave.emit(()),
                _ => return event.stop_propagation(),
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    // Some other way than Esc to close a dialog, such as a phone's gesture: it counts as Esc.
    let oncancel = leave.reform(|event: Event| event.prevent_default());
    let path = props.editing.as_ref().map(|editing| editing.path.clone()).unwrap_or_default();
    html! {
        <dialog ref={dialog} class="editor" aria-label="Editor" {onkeydown} {oncancel} data-testid="editor">
            <div class="title-row">
                <h2 class="machine">{ &path }</h2>
                <span class="hint" data-testid="editor-place">{ words(&place) }</span>
            </div>
            <textarea
                ref={field}
                data-testid="editor-text"
                aria-label={format!("Text of {path}")}
                autocomplete="off"
                autocapitalize="off"
                autocorrect="off"
                spellcheck="false"
                wrap="off"
                oninput={look.reform(|_| ())}
                onkeyup={look.reform(|_| ())}
                onclick={look.reform(|_| ())}
            />
            { buttons(&place, &close, &leave) }
        </dialog>
    }
}

fn buttons(place: &Place, close: &Callback<bool>, leave: &Callback<()>) -> Html {
    html! {
        <div class="editor-buttons">
            <p class="ask" role="alert">
                { if place.asking { "There are changes that are not saved." } else { "" } }
            </p>
            <button
                class={if place.asking { "danger" } else { "" }}
                data-testid="editor-close"
                onclick={close.reform(|_| false)}
            >
                { if place.asking { "Discard changes" } else { "Close without saving" } }
            </button>
            <button hidden={!place.asking} onclick={leave.reform(|_| ())}>{ "Go on editing" }</button>
            <button
                class="primary"
                title="Ctrl-S or Ctrl-Enter"
                data-testid="editor-save"
                onclick={close.reform(|_| true)}
            >
                { "Save" }
            </button>
        </div>
    }
}

fn words(place: &Place) -> String {
    let changed = if place.changed { "changed, " } else { "" };
    format!("{changed}line {}, column {}", place.line, place.column)
}

/// Shows the file, or closes what was shown.
fn open(dialog: &NodeRef, field: &NodeRef, editing: Option<&Editing>) {
    let (Some(dialog), Some(field)) =
        (dialog.cast::<HtmlDialogElement>(), field.cast::<HtmlTextAreaElement>())
    else {
        return;
    };
    match editing {
        Some(editing) => {
            field.set_value(&editing.text);
            if !dialog.open() {
                // It fails only for a dialog that is not in the document.
                drop(dialog.show_modal());
            }
            let _ = field.focus();
            let _ = field.set_selection_range(0, 0);
        }
        None if dialog.open() => dialog.close(),
        None => {}
    }
}

fn line_and_column(field: &HtmlTextAreaElement) -> (usize, usize) {
    let at = field.selection_end().ok().flatten().unwrap_or(0) as usize;
    place_in(&field.value(), at)
}

/// Line and column, from 1, of a place in units of UTF-16; columns count characters.
fn place_in(text: &str, at: usize) -> (usize, usize) {
    let (mut line, mut column, mut left) = (1, 1, at);
    for c in text.chars() {
        if left < c.len_utf16() {
            break;
        }
        left -= c.len_utf16();
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_column_count_characters_from_one() {
        for (at, expected) in [(0, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 1)), (99, (2, 2))] {
            assert_eq!(place_in("\u{1f600}a\nb", at), expected, "at {at}");
        }
    }
}
