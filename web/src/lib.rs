//! `ui.wasm`: the page.
//!
//! It draws [`frame::Frame`]s and sends what people do; it holds none of the lab's own code. The
//! conductor's worker is started by `boot.js` while this module is still being compiled.
//! State lives in [`state`] and changes only in its reducer; components read snapshots of it.
//! At most one frame is taken for each animation frame.

#![deny(clippy::unwrap_used)]

mod api;
mod cheats;
mod completion;
mod components;
mod conductor;
mod console;
mod keys;
mod lab;
mod line;
mod measure;
mod params;
mod promise;
mod settings;
mod state;
mod tape;

use gloo::events::EventListener;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Runs when the module is instantiated: starts the session, installs the page API, draws.
#[wasm_bindgen(start)]
pub fn start() {
    let Some(window) = web_sys::window() else { return };
    let search = window.location().search().unwrap_or_default();
    let params = params::parse(&search);
    let lab = lab::Lab::new(params);
    let remembered = (settings::Settings::load(), settings::load_history());
    lab.dispatch(state::Event::Remembered(remembered.0, remembered.1));
    api::install(&lab);
    keys::install(&lab);
    watch_motion(&window, &lab);
    lab.connect();
    let root = window.document().and_then(|d| d.get_element_by_id("app"));
    if let Some(root) = root {
        let props = components::app::AppProps { lab: components::LabHandle(lab) };
        yew::Renderer::<components::app::App>::with_root_and_props(root, props).render();
    }
}

/// Follows the reader's wish for less motion, now and when it changes.
fn watch_motion(window: &web_sys::Window, lab: &Rc<lab::Lab>) {
    let wish = window.match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    let Some(wish) = wish else { return };
    lab.dispatch(state::Event::ReducedMotion(wish.matches()));
    let (target, lab) = (wish.clone(), Rc::clone(lab));
    EventListener::new(&target, "change", move |_| {
        lab.dispatch(state::Event::ReducedMotion(wish.matches()));
    })
    .forget();
}
