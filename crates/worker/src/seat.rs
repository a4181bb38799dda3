//! A member's side: one instance, one member, one batch at a time.

use std::cell::RefCell;

use cluster::{ActorTrace, Turn};
use frame::{Look, Looked};
use member::{Input, Member, MemberStatus, Output};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;

/// A batch for a member's instance, as the conductor writes it; it reads back as [`ToSeat`].
#[derive(Serialize)]
pub(crate) struct ToSeatRef<'a> {
    pub(crate) turns: &'a [Turn<Input>],
    pub(crate) replay: bool,
    pub(crate) want_status: bool,
    pub(crate) look: Option<&'a Look>,
}

/// A batch for a member's instance.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct ToSeat {
    /// Everything that is due in one window, by instant; empty to ask for the status alone.
    pub(crate) turns: Vec<Turn<Input>>,
    /// Past turns that bring a new instance to where its member was: outputs are only hashed.
    pub(crate) replay: bool,
    pub(crate) want_status: bool,
    /// What is wanted of what the member has stored.
    pub(crate) look: Option<Look>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FromSeat {
    /// The outputs of each turn; empty after a replay.
    pub(crate) outputs: Vec<Vec<Output>>,
    pub(crate) status: Option<MemberStatus>,
    pub(crate) looked: Option<Looked>,
    /// After a replay: the hash of its turns.
    pub(crate) digest: u64,
    /// Who answers: the worker's name, the instance's own number, and its batches so far.
    pub(crate) name: String,
    pub(crate) instance: u64,
    pub(crate) batches: u64,
    pub(crate) memory_bytes: u64,
}

#[derive(Default)]
struct Seat {
    member: Member,
    trace: ActorTrace,
    name: String,
    instance: u64,
    batches: u64,
}

thread_local! {
    static SEAT: RefCell<Seat> = RefCell::default();
    /// Outputs of the batch's completed turns: still readable when a later turn traps.
    static DONE: RefCell<Vec<Vec<Output>>> = const { RefCell::new(Vec::new()) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Names this instance: the worker it lives in and a number that no other instance has.
#[wasm_bindgen]
pub fn seat_init(name: String, instance: f64) {
    SEAT.with_borrow_mut(|seat| {
        seat.name = name;
        seat.instance = instance as u64;
    });
}

/// Runs a batch. A trap leaves it unfinished: then [`seat_done`] tells what was completed.
#[wasm_bindgen]
pub fn seat_run(bytes: &[u8]) -> Vec<u8> {
    let batch: ToSeat = match frame::decode(bytes) {
        Ok(batch) => batch,
        Err(text) => panic!("{text}"),
    };
    let mut answer = FromSeat::default();
    DONE.with_borrow_mut(Vec::clear);
    SEAT.with_borrow_mut(|seat| {
        seat.batches += 1;
        for Turn { time, items: inputs } in batch.turns {
            if batch.replay {
                let outputs = seat.member.turn(time, inputs.clone());
                seat.trace.turn(time, &inputs, &outputs);
            } else {
                let outputs = seat.member.turn(time, inputs);
                DONE.with_borrow_mut(|done| done.push(outputs));
            }
        }
        answer.status = batch.want_status.then(|| seat.member.status());
        answer.looked = batch.look.and_then(|look| seat.member.look(&look));
        answer.digest = seat.trace.digest();
        answer.name = seat.name.clone();
        answer.instance = seat.instance;
        answer.batches = seat.batches;
        answer.memory_bytes = memory_bytes();
    });
    answer.outputs = DONE.with_borrow_mut(std::mem::take);
    frame::encode(&answer)
}

/// Linear memory of this instance.
#[cfg(target_arch = "wasm32")]
fn memory_bytes() -> u64 {
    const PAGE_BYTES: u64 = 65_536;
    core::arch::wasm32::memory_size(0) as u64 * PAGE_BYTES
}

/// Natively there is no instance.
#[cfg(not(target_arch = "wasm32"))]
fn memory_bytes() -> u64 {
    0
}

/// After a trap: the outputs of the turns that were completed before it.
#[wasm_bindgen]
pub fn seat_done() -> Vec<u8> {
    let outputs = DONE.with(|done| done.try_borrow().map(|done| done.clone()).unwrap_or_default());
    frame::encode(&FromSeat { outputs, ..FromSeat::default() })
}

/// After a trap: the panic's text, empty for a trap without a panic.
#[wasm_bindgen]
pub fn seat_panic() -> String {
    PANIC.with(|text| text.try_borrow().map(|text| text.clone()).unwrap_or_default())
}

/// Keeps the panic's text, which is the same natively and here, and shows it on the console.
pub(crate) fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("panic without a text").to_string();
        PANIC.with(|kept| {
            if let Ok(mut kept) = kept.try_borrow_mut() {
                *kept = text;
            }
        });
        console_error_panic_hook::hook(info);
    }));
}
