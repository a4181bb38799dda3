//! The page's one handle on the session: state, worker, calls under way, animation frames.
//!
//! It lives outside all components. A message changes the state at once, so the page API sees it
//! at once; components see it at the next animation frame, and only then is the next frame asked
//! for.

use crate::cheats::{self, Cheats};
use crate::conductor::{self, Conductor};
use crate::params::{self, Params};
use crate::promise::Deferred;
use crate::settings::{self, Settings};
use crate::state::{Dialog, Event, Measure, State};
use crate::{api, measure};
use frame::{Action, FromLab, LoadKind, ToLab};
use gloo::render::{AnimationFrame, request_animation_frame};
use gloo::timers::callback::Timeout;
use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// The history is stored so long after it changed.
const SAVE_MS: u32 = 1000;

pub(crate) struct Lab {
    state: RefCell<State>,
    conductor: RefCell<Option<Conductor>>,
    last_call: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Deferred>>,
    /// Redraws the page.
    listener: RefCell<Option<Rc<dyn Fn()>>>,
    next_draw: RefCell<Option<AnimationFrame>>,
    /// A frame was asked for and has not come.
    asked: Cell<bool>,
    /// The history has changed and will be stored.
    saving: Cell<bool>,
    pub(crate) ready: Deferred,
}

impl Lab {
    pub(crate) fn new(params: Params) -> Rc<Lab> {
        Rc::new(Lab {
            state: RefCell::new(State::new(params)),
            conductor: RefCell::default(),
            last_call: Cell::new(0),
            waiting: RefCell::default(),
            listener: RefCell::default(),
            next_draw: RefCell::default(),
            asked: Cell::new(false),
            saving: Cell::new(false),
            ready: Deferred::new(),
        })
    }

    /// Takes the conductor over and starts the session.
    pub(crate) fn connect(self: &Rc<Self>) {
        let lab = Rc::clone(self);
        let tell = Closure::<dyn Fn(String)>::new(move |text: String| lab.fail(text));
        conductor::on_failure(tell.as_ref().unchecked_ref());
        // It must live as long as the page.
        tell.forget();
        if let Some(text) = conductor::early_failure() {
            return self.fail(text);
        }
        let worker = match conductor::booted() {
            Ok(worker) => worker,
            Err(text) => return self.fail(text),
        };
        let lab = Rc::clone(self);
        let conductor = Conductor::new(worker, move |message| match message {
            Ok(message) => lab.hear(message),
            Err(text) => lab.fail(text),
        });
        *self.conductor.borrow_mut() = Some(conductor);
        let (options, workers) = {
            let state = self.state.borrow();
            (state.params.options.clone(), state.params.workers)
        };
        self.send(&ToLab::Start { options, workers });
        self.ask();
    }

    pub(crate) fn state(&self) -> Ref<'_, State> {
        self.state.borrow()
    }

    /// Changes the state and redraws with the next animation frame.
    pub(crate) fn dispatch(self: &Rc<Self>, event: Event) {
        let before = Rc::clone(&self.state.borrow().history);
        self.state.borrow_mut().reduce(event);
        if !Rc::ptr_eq(&before, &self.state.borrow().history) {
            self.save_soon();
        }
        self.draw_soon();
    }

    /// Stores the history, at most once in a second.
    fn save_soon(self: &Rc<Self>) {
        if !self.saving.replace(true) {
            let lab = Rc::clone(self);
            Timeout::new(SAVE_MS, move || {
                lab.saving.set(false);
                settings::save_history(&lab.state.borrow().history);
            })
            .forget();
        }
    }

    /// Changes a switch, for this visit and the next ones.
    pub(crate) fn change_settings(self: &Rc<Self>, settings: Settings) {
        settings.save();
        self.dispatch(Event::Settings(settings));
    }

    /// Opens the cheat sheet; its text is fetched the first time.
    pub(crate) fn open_cheats(self: &Rc<Self>) {
        self.dispatch(Event::Open(Dialog::Cheats));
        let wanted = matches!(*self.state.borrow().cheats, Cheats::Unread | Cheats::Failed(_));
        if wanted {
            self.dispatch(Event::Cheats(Cheats::Loading));
            let lab = Rc::clone(self);
            cheats::fetch(move |cheats| lab.dispatch(Event::Cheats(cheats)));
        }
    }

    /// Who is told when the page must be redrawn.
    pub(crate) fn listen(&self, listener: Rc<dyn Fn()>) {
        *self.listener.borrow_mut() = Some(listener);
    }

    /// A console line, as typed. The promise is for [`api`].
    pub(crate) fn exec(self: &Rc<Self>, host: &str, line: String) -> Deferred {
        let (call, deferred) = self.open();
        self.dispatch(Event::Sent { call, host: host.into(), line: line.clone() });
        self.send(&ToLab::Exec { call, host: host.into(), line });
        deferred
    }

    /// A click's action; its command is echoed in the console.
    pub(crate) fn act(self: &Rc<Self>, action: Action) -> Deferred {
        let (call, deferred) = self.open();
        self.dispatch(Event::Echoed { call, line: action.as_command() });
        self.send(&ToLab::Act { call, action });
        deferred
    }

    /// Ctrl-C. What was typed and not entered is shown, as a terminal does.
    pub(crate) fn interrupt(self: &Rc<Self>, host: &str, typed: Option<String>) {
        if let Some(typed) = typed {
            self.dispatch(Event::Interrupted { typed });
        }
        self.send(&ToLab::Interrupt { host: host.into() });
    }

    /// Ctrl-D on an empty line.
    pub(crate) fn end_of_input(&self, host: &str) {
        self.send(&ToLab::EndOfInput { host: host.into() });
    }

    /// Tab. The answer comes as a message with the call that this returns.
    pub(crate) fn complete(&self, host: &str, line: &str, cursor: usize) -> u64 {
        let call = self.last_call.get() + 1;
        self.last_call.set(call);
        let cursor = u32::try_from(cursor).unwrap_or(u32::MAX);
        self.send(&ToLab::Complete { call, host: host.into(), line: line.into(), cursor });
        call
    }

    /// The editor was closed; without a text nothing is saved.
    pub(crate) fn edited(self: &Rc<Self>, host: &str, edit: u64, text: Option<String>) {
        self.dispatch(Event::Edited(edit));
        self.send(&ToLab::Edited { host: host.into(), edit, text });
    }

    pub(crate) fn trace_hash(&self) -> Deferred {
        let (call, deferred) = self.open();
        self.send(&ToLab::TraceHash { call });
        deferred
    }

    pub(crate) fn workers(&self) -> Deferred {
        let (call, deferred) = self.open();
        self.send(&ToLab::Workers { call });
        deferred
    }

    /// Runs a load in a scratch session; the honest panel shows the outcome of puts.
    pub(crate) fn measure(
        self: &Rc<Self>,
        load: LoadKind,
        wall_ms: u32,
        in_flight: u32,
    ) -> Deferred {
        measure::load(self, load, wall_ms, in_flight)
    }

    /// Goes round the workers of a scratch session, empty-handed.
    pub(crate) fn measure_barrier(self: &Rc<Self>, rounds: u32) -> Deferred {
        measure::barrier(self, rounds)
    }

    /// The address that starts the same session.
    pub(crate) fn link(&self) -> String {
        let location = web_sys::window().map(|w| w.location());
        let origin = location.as_ref().and_then(|l| l.origin().ok()).unwrap_or_default();
        let path = location.and_then(|l| l.pathname().ok()).unwrap_or_default();
        format!("{origin}{path}{}", params::query(&self.state.borrow().params))
    }

    fn open(&self) -> (u64, Deferred) {
        let call = self.last_call.get() + 1;
        self.last_call.set(call);
        let deferred = Deferred::new();
        match &self.state.borrow().fatal {
            Some(text) => deferred.reject(text),
            None => {
                self.waiting.borrow_mut().insert(call, deferred.clone());
            }
        }
        (call, deferred)
    }

    fn send(&self, message: &ToLab) {
        if let Some(conductor) = self.conductor.borrow().as_ref() {
            // A worker that is gone tells so through its error event.
            let _ = conductor.send(message);
        }
    }

    fn hear(self: &Rc<Self>, message: FromLab) {
        if let FromLab::Frame(_) = message {
            self.asked.set(false);
        }
        let answer = Answer::of(&message);
        // Whoever sent a part of an entry in several lines learns how the whole of it ended.
        let calls = match &message {
            FromLab::Done { call, .. } => self.state.borrow().console.siblings(*call),
            _ => Vec::new(),
        };
        let fatal = matches!(message, FromLab::Fatal(_));
        self.dispatch(Event::FromLab(message));
        match answer {
            Answer::Ready => self.ready.resolve(&JsValue::UNDEFINED),
            Answer::Settle { call, value } => {
                for call in calls.into_iter().chain([call]) {
                    self.settle(call, &value);
                }
            }
            Answer::None => {}
        }
        if fatal {
            self.refuse_all();
        }
    }

    fn settle(&self, call: u64, value: &Result<JsValue, String>) {
        let waiting = self.waiting.borrow_mut().remove(&call);
        match (waiting, value) {
            (Some(deferred), Ok(value)) => deferred.resolve(value),
            (Some(deferred), Err(text)) => deferred.reject(text),
            (None, _) => {}
        }
    }

    fn fail(self: &Rc<Self>, text: String) {
        self.dispatch(Event::Fatal(text));
        self.refuse_all();
    }

    /// Nothing will be answered any more.
    fn refuse_all(&self) {
        let text = self.state.borrow().fatal.clone().unwrap_or_default();
        self.ready.reject(&text);
        for deferred in std::mem::take(&mut *self.waiting.borrow_mut()).into_values() {
            deferred.reject(&text);
        }
    }

    fn draw_soon(self: &Rc<Self>) {
        if self.next_draw.borrow().is_some() {
            return;
        }
        let lab = Rc::clone(self);
        let next = request_animation_frame(move |_| {
            // The handle is let go first, since drawing may ask for the next one.
            let done = lab.next_draw.borrow_mut().take();
            // The worker makes the next frame while this one is drawn. During a measurement the
            // picture stands still: drawing would take the processor that is being measured.
            if lab.state.borrow().measure != Measure::Running {
                lab.ask();
            }
            let listener = lab.listener.borrow().clone();
            if let Some(listener) = listener {
                listener();
            }
            drop(done);
        });
        *self.next_draw.borrow_mut() = Some(next);
    }

    fn ask(&self) {
        if !self.asked.replace(true) {
            self.send(&ToLab::WantFrame);
        }
    }
}

/// What a message means for a promise.
enum Answer {
    None,
    Ready,
    Settle { call: u64, value: Result<JsValue, String> },
}

impl Answer {
    fn of(message: &FromLab) -> Answer {
        match message {
            FromLab::Ready => Answer::Ready,
            FromLab::Acted { call, result } => Answer::Settle {
                call: *call,
                value: result.as_ref().map(JsValue::from).map_err(String::clone),
            },
            FromLab::Done { call, code, output, .. } => {
                Answer::Settle { call: *call, value: Ok(api::finished(*code, output)) }
            }
            // It was read as input: there is no end of its own to wait for.
            FromLab::Taken { call, .. } => {
                Answer::Settle { call: *call, value: Ok(api::finished(0, "")) }
            }
            FromLab::TraceHash { call, hash } => {
                Answer::Settle { call: *call, value: Ok(hash.into()) }
            }
            FromLab::Workers { call, workers } => {
                Answer::Settle { call: *call, value: Ok(api::workers(workers)) }
            }
            FromLab::Frame(_)
            | FromLab::Output { .. }
            | FromLab::Measured { .. }
            | FromLab::Unfinished { .. }
            | FromLab::Edit { .. }
            | FromLab::Hint { .. }
            | FromLab::Completed { .. }
            | FromLab::Looked { .. }
            | FromLab::Judged { .. }
            | FromLab::Drill { .. }
            | FromLab::Fatal(_) => Answer::None,
        }
    }
}
