//! What `web/worker.js` does for the conductor.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// The object that `conductor_init` is given.
    pub type Hooks;

    /// Posts bytes to the page; their buffer is transferred.
    #[wasm_bindgen(method)]
    pub(crate) fn post(this: &Hooks, bytes: Vec<u8>);

    /// Makes an instance for a member: in a worker of that name, or here.
    #[wasm_bindgen(method)]
    pub(crate) fn seat(this: &Hooks, actor: u32, name: &str, seat: u32, worker: bool)
    -> SeatHandle;

    /// Wall clock in milliseconds, monotonic.
    #[wasm_bindgen(method)]
    pub(crate) fn now(this: &Hooks) -> f64;

    /// Calls `conductor_timer` after that time; 0 means as soon as messages were looked at. There
    /// is one alarm: setting it again replaces it.
    #[wasm_bindgen(method)]
    pub(crate) fn later(this: &Hooks, ms: f64);

    /// A place for the console's instance, whose module is not fetched yet.
    #[wasm_bindgen(method)]
    pub(crate) fn console(this: &Hooks, options: Vec<u8>) -> ConsoleHandle;

    /// The console's instance.
    #[derive(Clone)]
    pub(crate) type ConsoleHandle;

    /// Fetches the module and makes the instance; `conductor_timer` is called when that is done, one
    /// way or the other.
    #[wasm_bindgen(method)]
    pub(crate) fn load(this: &ConsoleHandle);

    /// It can take turns.
    #[wasm_bindgen(method)]
    pub(crate) fn ready(this: &ConsoleHandle) -> bool;

    /// Why it never will.
    #[wasm_bindgen(method)]
    pub(crate) fn failure(this: &ConsoleHandle) -> Option<String>;

    /// One turn.
    #[wasm_bindgen(method)]
    pub(crate) fn turn(this: &ConsoleHandle, bytes: Vec<u8>) -> Vec<u8>;

    /// A question beside its turns, which changes nothing.
    #[wasm_bindgen(method)]
    pub(crate) fn ask(this: &ConsoleHandle, bytes: Vec<u8>) -> Vec<u8>;

    /// A member's instance.
    pub(crate) type SeatHandle;

    /// Hands it a batch. A local instance answers at once, a worker later (`undefined`).
    #[wasm_bindgen(method)]
    pub(crate) fn run(this: &SeatHandle, bytes: Vec<u8>) -> JsValue;

    /// Ends the instance and its worker.
    #[wasm_bindgen(method)]
    pub(crate) fn end(this: &SeatHandle);

    /// What a local instance answers.
    pub(crate) type LocalAnswer;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn bytes(this: &LocalAnswer) -> Vec<u8>;

    /// The trap's text, or undefined.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn trap(this: &LocalAnswer) -> Option<String>;
}
