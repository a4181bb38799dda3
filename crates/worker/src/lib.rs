//! `lab.wasm`: the lab in a Web Worker, as conductor or as one member.
//!
//! `web/worker.js` makes one instance of it for each role and is the only caller. Every member has
//! an instance of its own, in a worker of its own or, with `?workers=0`, beside the conductor's in
//! one worker: a trap ends that instance and nothing else. What crosses the border are postcard
//! bytes ([`seat::ToSeat`], [`seat::FromSeat`], [`frame::ToLab`], [`frame::FromLab`]).
//!
//! A shell: the only part of the lab that knows of JavaScript. It draws no chance of its own.

#![deny(clippy::unwrap_used)]

mod answers;
mod conductor;
pub mod exports;
mod hooks;
mod pump;
mod random;
mod remote;
pub mod seat;

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Called once for each instance, whatever its role.
#[wasm_bindgen]
pub fn lab_init() {
    seat::install_panic_hook();
}
