//! The console's line: a text field with readline's keys, the ghost of an earlier line, and the list
//! of completions.
//!
//! The field is the master of its text; [`LineEditor`] takes it over before each key and gives it
//! back afterwards, so that typing, input methods, dictation and the clipboard stay the browser's.

use super::LabHandle;
use super::completions::Completions;
use crate::completion::{Line, Pressed, Tab};
use crate::line::{Effect, History, Key, LineEditor};
use crate::state::{Event, HOST};
use frame::Completion;
use gloo::timers::callback::Timeout;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, Event as DomEvent, HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

/// The field grows to so many lines.
const ROWS_MAX: usize = 8;
/// Behind a longer line no ghost is looked for.
const GHOST_MAX: usize = 400;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) history: Rc<History>,
    pub(crate) completes: bool,
    /// A command asks for a password.
    pub(crate) secret: bool,
    pub(crate) completed: Option<Rc<(u64, Completion)>>,
    pub(crate) insert: Option<Rc<(u64, String)>>,
    pub(crate) prompt: AttrValue,
    pub(crate) shown: bool,
}

/// Runs a change of the line on the text field.
type Change = Rc<dyn Fn(&dyn Fn(&mut Typing))>;

/// What is known of the line between keys.
#[derive(Default)]
pub(crate) struct Typing {
    pub(crate) editor: LineEditor,
    pub(crate) tab: Tab,
}

impl Typing {
    fn line(&self) -> Line {
        (self.editor.text().to_owned(), self.editor.cursor())
    }

    fn set(&mut self, (text, cursor): Line) {
        self.editor.set(text, cursor);
    }

    fn read(&mut self, field: &HtmlTextAreaElement) {
        let text = field.value();
        let at = field.selection_end().ok().flatten().unwrap_or(0);
        self.editor.sync(&text, from_utf16(&text, at));
    }

    fn write(&self, field: &HtmlTextAreaElement) {
        if field.value() != self.editor.text() {
            field.set_value(self.editor.text());
        }
        let at = to_utf16(self.editor.text(), self.editor.cursor());
        let _ = field.set_selection_range(at, at);
    }
}

#[component]
pub(crate) fn InputLine(props: &Props) -> Html {
    let field = use_node_ref();
    let typing = use_mut_ref(Typing::default);
    let redraw = use_force_update();
    use_effect_with(props.shown, {
        let field = field.clone();
        move |shown| {
            if let (true, Some(field)) = (*shown, field.cast::<HtmlElement>()) {
                let _ = field.focus();
            }
        }
    });
    // It also draws what depends on the line.
    let change: Change = {
        let (field, typing, redraw) = (field.clone(), typing.clone(), redraw.clone());
        Rc::new(move |act| {
            let Some(field) = field.cast::<HtmlTextAreaElement>() else { return };
            typing.borrow_mut().read(&field);
            act(&mut typing.borrow_mut());
            typing.borrow().write(&field);
            redraw.force_update();
        })
    };
    use_effect_with(props.completed.clone(), {
        let (change, lab) = (change.clone(), props.lab.clone());
        move |completed: &Option<Rc<(u64, Completion)>>| {
            if let Some(completed) = completed {
                change(&|typing| answer(&lab, typing, completed));
            }
        }
    });
    use_effect_with(props.insert.clone(), {
        let (change, field) = (change.clone(), field.clone());
        move |insert: &Option<Rc<(u64, String)>>| {
            if let (Some(insert), Some(field)) = (insert, field.cast::<HtmlElement>()) {
                change(&|typing| typing.editor.set(insert.1.clone(), insert.1.len()));
                // A dialog that closes gives the focus back to where it was: this comes after it.
                Timeout::new(0, move || drop(field.focus())).forget();
            }
        }
    });
    let pick = {
        let change = change.clone();
        Callback::from(move |index: usize| {
            change(&|typing| {
                if let Some(line) = typing.tab.pick(index) {
                    typing.set(line);
                }
            });
        })
    };
    let handlers = Handlers::new(props, &typing, redraw);
    let typing = typing.borrow();
    html! {
        <div class="entry-box">
            <Completions tab={typing.tab.clone()} {pick} />
            <div class="line">
                <label class="prompt" for="console-input">
                    { typing.editor.search_prompt().map_or(props.prompt.clone(), AttrValue::from) }
                </label>
                { text_field(props, &typing, field, handlers) }
            </div>
        </div>
    }
}

fn text_field(props: &Props, typing: &Typing, field: NodeRef, on: Handlers) -> Html {
    let text = typing.editor.text();
    let rows = (text.matches('\n').count() + 1).min(ROWS_MAX);
    let fits = field
        .cast::<HtmlElement>()
        .is_none_or(|field| field.scroll_width() <= field.client_width());
    let ghost = match offers_ghost(props, typing) && fits {
        true => typing.editor.ghost(&props.history).unwrap_or_default(),
        false => "",
    };
    let chosen = typing.tab.listed().and_then(|listed| listed.chosen);
    let typed = if ghost.is_empty() { "" } else { text };
    html! {
        <div class="field">
            <div class="ghost" aria-hidden="true" data-testid="console-ghost">
                <span class="ghost-typed">{ typed.to_owned() }</span>
                <span class="ghost-rest">{ ghost.to_owned() }</span>
            </div>
            <textarea
                ref={field}
                id="console-input"
                class={props.secret.then_some("secret")}
                data-testid="console-input"
                rows={rows.to_string()}
                autocomplete="off"
                autocapitalize="off"
                autocorrect="off"
                spellcheck="false"
                enterkeyhint="go"
                aria-autocomplete={if props.completes { "list" } else { "none" }}
                aria-controls="completions"
                aria-activedescendant={chosen.map(|index| format!("completion-{index}"))}
                placeholder="etcdctl put name Alice"
                title="Console line (/). Esc leaves it."
                onkeydown={on.keydown}
                oninput={on.input}
                onpaste={on.paste}
            />
        </div>
    }
}

fn offers_ghost(props: &Props, typing: &Typing) -> bool {
    props.completes
        && !props.secret
        && typing.tab.listed().is_none()
        && typing.editor.text().len() <= GHOST_MAX
}

struct Handlers {
    keydown: Callback<KeyboardEvent>,
    input: Callback<InputEvent>,
    paste: Callback<DomEvent>,
}

impl Handlers {
    fn new(
        props: &Props,
        typing: &Rc<std::cell::RefCell<Typing>>,
        redraw: UseForceUpdateHandle,
    ) -> Handlers {
        let (lab, history) = (props.lab.clone(), props.history.clone());
        let (completes, secret) = (props.completes, props.secret);
        let (on_key, key_redraw) = (typing.clone(), redraw.clone());
        let keydown = Callback::from(move |event: KeyboardEvent| {
            let Some(field) = field_of(&event) else { return };
            let mut typing = on_key.borrow_mut();
            let pressed = Pressing { lab: &lab, history: &history, completes, secret };
            pressed.key(&event, &field, &mut typing);
            key_redraw.force_update();
        });
        let (on_input, input_redraw) = (typing.clone(), redraw);
        let input = Callback::from(move |event: InputEvent| {
            let Some(field) = field_of(&event) else { return };
            let mut typing = on_input.borrow_mut();
            typing.read(&field);
            typing.tab = Tab::Idle;
            input_redraw.force_update();
        });
        let lab = props.lab.clone();
        let paste = Callback::from(move |event: DomEvent| paste(&lab, &event));
        Handlers { keydown, input, paste }
    }
}

fn field_of(event: &DomEvent) -> Option<HtmlTextAreaElement> {
    event.target().and_then(|t| t.dyn_into().ok())
}

/// What a key needs to know.
struct Pressing<'a> {
    lab: &'a LabHandle,
    history: &'a History,
    completes: bool,
    secret: bool,
}

impl Pressing<'_> {
    fn key(&self, event: &KeyboardEvent, field: &HtmlTextAreaElement, typing: &mut Typing) {
        // An input method that is composing a character owns Enter and the arrows.
        if event.is_composing() || event.meta_key() {
            return;
        }
        typing.read(field);
        let handled = self.key_in_list(event, typing) || self.key_in_line(event, field, typing);
        if handled {
            typing.write(field);
            event.prevent_default();
            event.stop_propagation();
        }
    }

    /// Arrows, Enter and Esc in the list of completions.
    fn key_in_list(&self, event: &KeyboardEvent, typing: &mut Typing) -> bool {
        if typing.tab.listed().is_none() || event.ctrl_key() || event.alt_key() {
            return false;
        }
        let line = match event.key().as_str() {
            "ArrowDown" | "ArrowRight" => typing.tab.go(1),
            "ArrowUp" | "ArrowLeft" => typing.tab.go(-1),
            "Escape" => typing.tab.leave(),
            // The line has the chosen one already.
            "Enter" if typing.tab.listed().is_some_and(|listed| listed.chosen.is_some()) => {
                typing.tab = Tab::Idle;
                return true;
            }
            _ => return false,
        };
        if let Some(line) = line {
            typing.set(line);
        }
        true
    }

    fn key_in_line(
        &self,
        event: &KeyboardEvent,
        field: &HtmlTextAreaElement,
        typing: &mut Typing,
    ) -> bool {
        let name = key_name(event);
        let key = Key {
            name: &name,
            ctrl: event.ctrl_key(),
            alt: event.alt_key(),
            shift: event.shift_key(),
            selected: is_selected(field),
        };
        let ghost = self.completes && !self.secret && typing.tab.listed().is_none();
        match typing.editor.press(&key, self.history, ghost) {
            Effect::Browser => return false,
            Effect::Edited => typing.tab = Tab::Idle,
            Effect::Run(line) => {
                typing.tab = Tab::Idle;
                self.lab.0.exec(HOST, line);
            }
            Effect::Interrupt(typed) => {
                typing.tab = Tab::Idle;
                let typed = if self.secret { String::new() } else { typed };
                self.lab.0.interrupt(HOST, Some(typed));
            }
            Effect::EndOfInput => self.lab.0.end_of_input(HOST),
            Effect::Clear => self.lab.0.dispatch(Event::ClearConsole),
            Effect::Leave => {
                let _ = field.blur();
            }
            Effect::Complete { back } => return self.complete(typing, back),
        }
        true
    }

    fn complete(&self, typing: &mut Typing, back: bool) -> bool {
        let listed = typing.tab.listed().is_some();
        // Shift-Tab leaves the field unless there is a list to go back in.
        if self.secret || (back && !listed) {
            return false;
        }
        // Nothing is put in and nothing is left: Esc leads on from here.
        if !self.completes {
            self.lab.0.dispatch(Event::Say("Completion is off; Esc leaves the console".into()));
            return true;
        }
        let line = typing.line();
        match typing.tab.press(line.clone(), back) {
            Pressed::Ask => {
                let call = self.lab.0.complete(HOST, &line.0, line.1);
                typing.tab = Tab::Asked { call, line, again: false };
            }
            Pressed::Shown(Some(line)) => typing.set(line),
            Pressed::Shown(None) => {}
        }
        true
    }
}

/// Takes the answer to a Tab into the line.
fn answer(lab: &LabHandle, typing: &mut Typing, completed: &(u64, Completion)) {
    let (call, completion) = completed;
    let line = typing.line();
    if !matches!(typing.tab, Tab::Asked { call: asked, .. } if asked == *call) {
        return;
    }
    if let Some(line) = typing.tab.answer(*call, completion, line) {
        typing.set(line);
    }
    let count = completion.candidates.len();
    let more = if completion.more { " or more" } else { "" };
    lab.0.dispatch(Event::Say(match count {
        0 => "Nothing to complete".into(),
        1 => format!("Completed: {}", completion.candidates[0].shown),
        _ => format!("{count}{more} completions; Tab lists them"),
    }));
}

/// With Alt some systems type other characters: the key's place says which letter was meant.
fn key_name(event: &KeyboardEvent) -> String {
    let name = event.key();
    if !event.alt_key() || event.ctrl_key() {
        return name;
    }
    if name.len() == 1 {
        return name.to_ascii_lowercase();
    }
    let code = event.code();
    match code.strip_prefix("Key") {
        Some(letter) => letter.to_ascii_lowercase(),
        None if code == "Period" => ".".into(),
        None => name,
    }
}

/// Ctrl-C copies where something is selected.
fn is_selected(field: &HtmlTextAreaElement) -> bool {
    let in_field = field.selection_start().ok().flatten() != field.selection_end().ok().flatten();
    in_field || !selected_text().is_empty()
}

pub(crate) fn selected_text() -> String {
    web_sys::window()
        .and_then(|w| w.get_selection().ok().flatten())
        .filter(|selection| !selection.is_collapsed())
        .map(|s| String::from(s.to_string()))
        .unwrap_or_default()
}

/// Several pasted lines run as one entry; one line is pasted as usual.
fn paste(lab: &LabHandle, event: &DomEvent) {
    let Some(event) = event.dyn_ref::<ClipboardEvent>() else { return };
    let pasted = event.clipboard_data().and_then(|data| data.get_data("text").ok());
    let pasted = pasted.unwrap_or_default().replace("\r\n", "\n");
    let pasted = pasted.trim_end_matches('\n');
    let Some(field) = field_of(event) else { return };
    if pasted.contains('\n') {
        event.prevent_default();
        let text = field.value();
        let place = |at: Option<u32>| from_utf16(&text, at.unwrap_or(u32::MAX));
        let start = place(field.selection_start().ok().flatten());
        let end = place(field.selection_end().ok().flatten());
        let line = format!("{}{pasted}{}", &text[..start], &text[end.max(start)..]);
        field.set_value("");
        lab.0.exec(HOST, line);
    }
}

/// A browser counts in units of UTF-16, the editor in bytes.
fn from_utf16(text: &str, at: u32) -> usize {
    let mut left = at as usize;
    for (index, c) in text.char_indices() {
        if left < c.len_utf16() {
            return index;
        }
        left -= c.len_utf16();
    }
    text.len()
}

fn to_utf16(text: &str, at: usize) -> u32 {
    text[..at].encode_utf16().count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_both_ways() {
        let text = "a\u{e9}\u{20ac}\u{1f600}z";
        for (bytes, units) in [(0, 0), (1, 1), (3, 2), (6, 3), (10, 5), (11, 6)] {
            assert_eq!(to_utf16(text, bytes), units);
            assert_eq!(from_utf16(text, units), bytes);
        }
        assert_eq!(from_utf16(text, 4), 6, "within a pair");
        assert_eq!(from_utf16(text, 99), text.len());
    }
}
