//! The keyboard: shortcuts of the whole page. Each is shown in its button's tooltip and in Help.

use crate::lab::Lab;
use crate::state::{Dialog, Event, Pane, State};
use frame::{Action, Kind, Status, StepWhat};
use gloo::events::{EventListener, EventListenerOptions};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// What the help dialog lists.
pub(crate) const SHORTCUTS: [(&str, &str); 14] = [
    ("Space", "hold or play"),
    (".", "step to the next event"),
    (",", "step to the next message"),
    ("c", "step to the next commit"),
    ("1 to 7", "select a member"),
    ("s", "stop or start the selected member"),
    ("k", "kill the selected member"),
    ("p", "pause or resume the selected member"),
    ("i", "isolate the selected member"),
    ("h", "heal all links"),
    ("/", "go to the console"),
    ("e", "the cheat sheet of etcdctl's commands"),
    ("Esc", "leave the console, or select no member"),
    ("?", "this list"),
];

/// Keys of the console's line, for the same dialog.
pub(crate) const LINE_KEYS: [(&str, &str); 14] = [
    ("Tab", "complete; again: list; Shift-Tab goes back"),
    ("\u{2191} \u{2193}", "earlier and later lines (Ctrl-P, Ctrl-N or Alt-P, Alt-N)"),
    ("Ctrl-R", "search in earlier lines; Ctrl-G or Esc leaves, Enter runs"),
    ("\u{2192} End", "take the grey rest of an earlier line"),
    ("Ctrl-A E", "to the start, to the end"),
    ("Alt-B F", "a word back, a word on (Ctrl-B, Ctrl-F: a character)"),
    ("Ctrl-K U", "cut to the end, to the start"),
    ("Ctrl-W", "cut a word back; where the browser closes its tab: Alt-W"),
    ("Alt-D", "cut a word on; Alt-Backspace: a word back"),
    ("Ctrl-Y", "put the cut back; Alt-Y: an older one"),
    ("Ctrl-T", "swap two characters; where the browser opens a tab: Alt-T"),
    ("Alt-.", "the last word of the line before"),
    ("Ctrl-C", "interrupt, or copy what is selected"),
    ("Ctrl-D", "end of input on an empty line; else delete (Ctrl-L: clear)"),
];

/// Listens on the document for as long as the page lives.
pub(crate) fn install(lab: &Rc<Lab>) {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    let lab = Rc::clone(lab);
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&document, "keydown", options, move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        if key.ctrl_key() || key.meta_key() || key.alt_key() || key.default_prevented() {
            return;
        }
        let target = key.target().and_then(|t| t.dyn_into::<Element>().ok());
        if taken_elsewhere(target.as_ref(), &key.key(), &lab) {
            return;
        }
        if press(&lab, &key.key()) {
            key.prevent_default();
        }
    })
    .forget();
}

/// True where the key belongs to what has the focus.
fn taken_elsewhere(target: Option<&Element>, key: &str, lab: &Lab) -> bool {
    if lab.state().is_modal() {
        return true;
    }
    let Some(target) = target else { return false };
    let on = |selector: &str| target.closest(selector).is_ok_and(|found| found.is_some());
    // A button answers to Space itself.
    on("input, textarea, select") || (key == " " && on("button, a, summary, [role=button]"))
}

fn press(lab: &Rc<Lab>, key: &str) -> bool {
    match key {
        " " => toggle_time(lab),
        "." => act(lab, Action::Step { what: StepWhat::Event }),
        "," => act(lab, Action::Step { what: StepWhat::Message }),
        "c" => act(lab, Action::Step { what: StepWhat::Commit }),
        "h" => act(lab, Action::Heal),
        "/" => focus_console(lab),
        "e" => lab.open_cheats(),
        "?" => lab.dispatch(Event::Open(Dialog::Help)),
        "Escape" => lab.dispatch(Event::Select(None)),
        "1" | "2" | "3" | "4" | "5" | "6" | "7" => select(lab, key),
        "s" | "k" | "p" | "i" => return selected_action(lab, key),
        _ => return false,
    }
    true
}

fn act(lab: &Rc<Lab>, action: Action) {
    lab.act(action);
}

/// Hold while it runs, play while it is held.
pub(crate) fn toggle_time(lab: &Rc<Lab>) {
    let held = lab.state().frame.held;
    lab.act(if held { Action::Play } else { Action::Hold });
}

/// Shows the console and puts the caret into it.
pub(crate) fn focus_console(lab: &Rc<Lab>) {
    lab.dispatch(Event::Show(Pane::Console));
    let input = web_sys::window()
        .and_then(|w| w.document())
        .and_then(|d| d.query_selector("[data-testid=console-input]").ok().flatten())
        .and_then(|e| e.dyn_into::<HtmlElement>().ok());
    if let Some(input) = input {
        // On a small screen the pane shows with the next drawing; it focuses itself then.
        let _ = input.focus();
    }
}

fn select(lab: &Rc<Lab>, key: &str) {
    let index = key.parse::<usize>().unwrap_or(1).saturating_sub(1);
    let name = lab.state().frame.members.get(index).map(|m| m.name.clone());
    if name.is_some() {
        lab.dispatch(Event::Select(name));
    }
}

fn selected_action(lab: &Rc<Lab>, key: &str) -> bool {
    let action = chosen(&lab.state(), key);
    match action {
        Some(action) => act(lab, action),
        None => return false,
    }
    true
}

/// The action of a key on the selected member, if it applies.
fn chosen(state: &State, key: &str) -> Option<Action> {
    let name = state.selected.as_ref()?;
    let member = state.frame.members.iter().find(|m| m.name == *name)?;
    let kind = match (key, member.status) {
        ("s", Status::Running) => Kind::Stop,
        ("s", Status::Stopped | Status::Crashed) => Kind::Start,
        ("k", Status::Running | Status::Paused) => Kind::Kill,
        ("p", Status::Running) => Kind::Pause,
        ("p", Status::Paused) => Kind::Resume,
        ("i", _) => return isolate(state, name),
        _ => return None,
    };
    Some(Action::Member { kind, member: name.clone() })
}

/// Cuts one member off from all others.
pub(crate) fn isolate(state: &State, name: &str) -> Option<Action> {
    let names = state.frame.members.iter().map(|m| m.name.clone());
    let others: Vec<String> = names.filter(|n| n != name).collect();
    let cut = || Action::Cut { groups: vec![vec![name.to_string()], others.clone()] };
    (!others.is_empty()).then(cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame::{Frame, FromLab, MemberView};

    #[test]
    fn a_key_does_only_what_applies() {
        let mut state = State::new(crate::params::parse(""));
        let member =
            |name: &str, status| MemberView { name: name.into(), status, ..MemberView::default() };
        let members = vec![member("m1", Status::Running), member("m2", Status::Stopped)];
        let frame = Frame { members, ..Frame::default() };
        state.reduce(Event::FromLab(FromLab::Frame(Box::new(frame))));
        assert_eq!(chosen(&state, "s"), None, "nothing is selected");
        for (name, key, command) in [
            ("m1", "s", Some("lab stop m1")),
            ("m2", "s", Some("lab start m2")),
            ("m1", "k", Some("lab kill m1")),
            ("m2", "k", None),
            ("m2", "p", None),
            ("m1", "i", Some("lab cut 'm1|m2'")),
        ] {
            state.reduce(Event::Select(Some(name.into())));
            let action = chosen(&state, key).map(|a| a.as_command());
            assert_eq!(action.as_deref(), command, "{key} on {name}");
        }
    }
}
