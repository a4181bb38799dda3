//! One conductor's worker: postcard bytes in transferred buffers, both ways.

use frame::{FromLab, ToLab};
use gloo::events::EventListener;
use js_sys::{Array, ArrayBuffer, Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker};

/// Dropping it stops listening and ends the worker.
pub(crate) struct Conductor {
    worker: Worker,
    _listeners: [EventListener; 3],
}

impl Conductor {
    /// Takes over a worker. `hear` gets each message, or in words why there is none.
    pub(crate) fn new(
        worker: Worker,
        hear: impl Fn(Result<FromLab, String>) + Clone + 'static,
    ) -> Self {
        let on_message = hear.clone();
        let on_error = hear.clone();
        let listeners = [
            EventListener::new(&worker, "message", move |event| {
                let Some(data) = event.dyn_ref::<MessageEvent>().map(MessageEvent::data) else {
                    return;
                };
                match data.dyn_into::<ArrayBuffer>() {
                    Ok(buffer) => on_message(frame::decode(&Uint8Array::new(&buffer).to_vec())),
                    // A trap of the conductor itself comes as words: its instance can encode nothing.
                    Err(other) => {
                        let text = Reflect::get(&other, &"text".into()).ok();
                        if let Some(text) = text.and_then(|t| t.as_string()) {
                            on_message(Err(format!("The conductor trapped: {text}")));
                        }
                    }
                }
            }),
            EventListener::new(&worker, "error", move |event| {
                let text = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
                let text = text.filter(|t| !t.is_empty() && t != "undefined");
                let text = text.unwrap_or_else(|| "its script could not be loaded".into());
                on_error(Err(format!("The worker \u{2018}conductor\u{2019} failed: {text}")));
            }),
            EventListener::new(&worker, "messageerror", move |_| {
                hear(Err(
                    "A message from the worker \u{2018}conductor\u{2019} was unreadable".into()
                ));
            }),
        ];
        Conductor { worker, _listeners: listeners }
    }

    /// Sends one message. The bytes are copied out of wasm memory and their buffer transferred;
    /// posting a view would clone all of the memory.
    pub(crate) fn send(&self, message: &ToLab) -> Result<(), String> {
        let bytes = Uint8Array::from(frame::encode(message).as_slice());
        let buffer = bytes.buffer();
        self.worker
            .post_message_with_transfer(&buffer, &Array::of1(&buffer))
            .map_err(|e| format!("The conductor cannot be reached: {e:?}"))
    }
}

impl Drop for Conductor {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// The worker that `boot.js` has started already.
pub(crate) fn booted() -> Result<Worker, String> {
    let worker = boot()
        .and_then(|boot| Reflect::get(&boot, &"conductor".into()).ok())
        .and_then(|worker| worker.dyn_into::<Worker>().ok());
    worker.ok_or_else(|| "boot.js has not started a worker".into())
}

/// One more conductor, for a measurement. It gets the compiled module from `boot.js`.
pub(crate) fn spawn(name: &str) -> Result<Worker, String> {
    let spawn = boot()
        .and_then(|boot| Reflect::get(&boot, &"spawnConductor".into()).ok())
        .and_then(|spawn| spawn.dyn_into::<Function>().ok())
        .ok_or("boot.js offers no spawnConductor")?;
    let worker = spawn.call1(&JsValue::UNDEFINED, &name.into());
    worker
        .ok()
        .and_then(|w| w.dyn_into::<Worker>().ok())
        .ok_or_else(|| "a worker could not be started".into())
}

/// What went wrong in `boot.js` before this module listened, if anything.
pub(crate) fn early_failure() -> Option<String> {
    Reflect::get(&boot()?, &"failure".into()).ok()?.as_string()
}

/// From now on `boot.js` reports failures of its own through this function.
pub(crate) fn on_failure(tell: &Function) {
    if let Some(boot) = boot() {
        let _ = Reflect::set(&boot, &"onfailure".into(), tell);
    }
}

fn boot() -> Option<JsValue> {
    let boot = Reflect::get(&js_sys::global(), &"etcdlabBoot".into()).ok()?;
    boot.is_object().then_some(boot)
}
