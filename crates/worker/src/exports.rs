//! The conductor's exports: `web/worker.js` calls them one at a time, never from inside each other.

use std::cell::RefCell;

use frame::{FromLab, ToLab};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::conductor::Conductor;
use crate::hooks::Hooks;

thread_local! {
    static HOOKS: RefCell<Option<Hooks>> = const { RefCell::new(None) };
    static CONDUCTOR: RefCell<Option<Conductor>> = const { RefCell::new(None) };
}

/// Makes this instance a conductor.
#[wasm_bindgen]
pub fn conductor_init(hooks: Hooks) {
    HOOKS.set(Some(hooks));
}

/// A message of the page.
#[wasm_bindgen]
pub fn conductor_message(bytes: &[u8]) {
    match frame::decode::<ToLab>(bytes) {
        Ok(ToLab::Start { options, workers }) => start(options, workers),
        Ok(message) => with_conductor(|conductor| conductor.message(message)),
        Err(text) => post_fatal(text),
    }
}

/// A member's instance answered.
#[wasm_bindgen]
pub fn conductor_answer(actor: u32, seat: u32, bytes: &[u8]) {
    with_conductor(|conductor| conductor.answer(actor as u16, seat, bytes, None));
}

/// A member's instance trapped; `done` are the turns that it completed before.
#[wasm_bindgen]
pub fn conductor_trap(actor: u32, seat: u32, text: String, done: &[u8]) {
    with_conductor(|conductor| conductor.answer(actor as u16, seat, done, Some(text)));
}

/// Time has passed.
#[wasm_bindgen]
pub fn conductor_timer() {
    with_conductor(Conductor::timer);
}

fn start(options: frame::SessionOptions, workers: bool) {
    if CONDUCTOR.with_borrow(Option::is_some) {
        return post_fatal("a session was started already".to_string());
    }
    let Some(hooks) = HOOKS.take() else { return };
    match Conductor::start(hooks, options, workers) {
        Ok(conductor) => {
            CONDUCTOR.set(Some(conductor));
            with_conductor(Conductor::timer);
        }
        Err((hooks, text)) => {
            HOOKS.set(Some(hooks));
            post_fatal(text);
        }
    }
}

fn with_conductor(action: impl FnOnce(&mut Conductor)) {
    CONDUCTOR.with_borrow_mut(|conductor| match conductor {
        Some(conductor) => action(conductor),
        None => post_fatal("no session was started".to_string()),
    });
}

fn post_fatal(text: String) {
    HOOKS.with_borrow(|hooks| {
        if let Some(hooks) = hooks {
            hooks.post(frame::encode(&FromLab::Fatal(text)));
        }
    });
}
