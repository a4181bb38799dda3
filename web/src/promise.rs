//! A promise and the two functions that settle it.

use js_sys::{Error, Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

thread_local! {
    static READ: Closure<dyn FnMut(JsValue)> = Closure::new(|_| {});
}

#[derive(Clone, Debug)]
pub(crate) struct Deferred {
    pub(crate) promise: Promise,
    resolve: Option<Function>,
    reject: Option<Function>,
}

impl Deferred {
    pub(crate) fn new() -> Deferred {
        let (mut resolve, mut reject) = (None, None);
        let promise = Promise::new(&mut |yes, no| {
            resolve = Some(yes);
            reject = Some(no);
        });
        // A click's promise has no reader: its failure is shown, not reported as unhandled.
        ignore(&promise);
        Deferred { promise, resolve, reject }
    }

    pub(crate) fn resolve(&self, value: &JsValue) {
        if let Some(resolve) = &self.resolve {
            // A settled promise ignores this, and the function itself cannot throw.
            let _ = resolve.call1(&JsValue::UNDEFINED, value);
        }
    }

    pub(crate) fn reject(&self, text: &str) {
        if let Some(reject) = &self.reject {
            let _ = reject.call1(&JsValue::UNDEFINED, &Error::new(text));
        }
    }
}

/// Nobody reads how that one ends.
pub(crate) fn ignore(promise: &Promise) {
    READ.with(|read| drop(promise.catch(read)));
}

/// A promise that has failed with these words.
pub(crate) fn refused(text: &str) -> Promise {
    Promise::reject(&Error::new(text))
}
