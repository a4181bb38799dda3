//! `console.wasm`: the console host with its shell and its tools, in an instance of its own.
//!
//! A cluster needs none of it to elect a leader, so it is fetched once there is one. `web/worker.js`
//! makes the instance in the conductor's worker and calls it for each turn of the host; what crosses
//! the border are postcard bytes ([`cluster::HostOptions`], [`cluster::HostInput`],
//! [`cluster::ConsoleTurn`]). A shell: it decides nothing.

#![deny(clippy::unwrap_used)]

#[path = "../../worker/src/random.rs"]
mod random;

use std::cell::RefCell;

use cluster::{Actor, Console, ConsoleTurn, HostInput, HostOptions, Micros};
use shell::Host;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// Makes the host, once, before its first turn.
#[wasm_bindgen]
pub fn console_init(options: &[u8]) {
    console_error_panic_hook::set_once();
    let options: HostOptions = frame::decode(options).expect("the lab of this very build wrote it");
    HOST.set(Some(Host::new(options)));
}

/// One turn: time and inputs go in, what was done and how the host stands come out.
#[wasm_bindgen]
pub fn console_turn(bytes: &[u8]) -> Vec<u8> {
    let (now, inputs): (Micros, Vec<HostInput>) =
        frame::decode(bytes).expect("the lab of this very build wrote it");
    HOST.with_borrow_mut(|host| {
        let Some(host) = host else { return Vec::new() };
        let outputs = host.turn(now, inputs);
        let (cwd, is_busy) = (host.cwd(), host.is_busy());
        frame::encode(&ConsoleTurn { outputs, next_wake: host.next_wake(), cwd, is_busy })
    })
}

/// A question beside its turns: [`cluster::Ask`] in, [`cluster::Answer`] out.
#[wasm_bindgen]
pub fn console_ask(bytes: &[u8]) -> Vec<u8> {
    let question: cluster::Ask = frame::decode(bytes).expect("the lab of this very build wrote it");
    HOST.with_borrow(|host| {
        let Some(host) = host else { return Vec::new() };
        frame::encode(&host.ask(question))
    })
}
