//! Measures what this tab can do in a second, in a scratch session of its own worker.

use crate::api;
use crate::conductor::{self, Conductor};
use crate::lab::Lab;
use crate::promise::Deferred;
use crate::state::{Event, Measure};
use frame::{FromLab, LoadKind, Measurement, ToLab};
use gloo::timers::callback::Timeout;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Longer than this beyond the asked load, the scratch session counts as stuck.
const GRACE_MS: u32 = 30_000;

/// Starts a scratch conductor with the options of the page's session, loads it, and ends it.
pub(crate) fn load(lab: &Rc<Lab>, load: LoadKind, wall_ms: u32, in_flight: u32) -> Deferred {
    run(lab, ToLab::Measure { call: 1, load, wall_ms, in_flight }, wall_ms)
}

/// The same for empty rounds over the members' workers.
pub(crate) fn barrier(lab: &Rc<Lab>, rounds: u32) -> Deferred {
    run(lab, ToLab::MeasureBarrier { call: 1, rounds }, rounds)
}

fn run(lab: &Rc<Lab>, load: ToLab, wall_ms: u32) -> Deferred {
    let deferred = Deferred::new();
    let scratch: Rc<RefCell<Option<Conductor>>> = Rc::default();
    let is_shown = matches!(load, ToLab::Measure { load: LoadKind::Put, .. });
    let finish = finisher(lab, &deferred, &scratch, is_shown);
    lab.dispatch(Event::Measure(Measure::Running));
    let worker = match conductor::spawn("measure") {
        Ok(worker) => worker,
        Err(text) => {
            finish(Err(text));
            return deferred;
        }
    };
    let (hear_scratch, hear_finish) = (Rc::clone(&scratch), Rc::clone(&finish));
    let conductor = Conductor::new(worker, move |message| match message {
        Ok(FromLab::Ready) => {
            if let Some(conductor) = hear_scratch.borrow().as_ref() {
                let _ = conductor.send(&load);
            }
        }
        Ok(FromLab::Measured { result, .. }) => hear_finish(Ok(result)),
        Ok(FromLab::Fatal(text)) | Err(text) => hear_finish(Err(text)),
        Ok(_) => {}
    });
    let (options, workers) = {
        let state = lab.state();
        (state.params.options.clone(), state.params.workers)
    };
    let started = conductor.send(&ToLab::Start { options, workers });
    *scratch.borrow_mut() = Some(conductor);
    if let Err(text) = started {
        finish(Err(text));
        return deferred;
    }
    Timeout::new(wall_ms.saturating_add(GRACE_MS), move || {
        finish(Err("the scratch session did not answer".into()));
    })
    .forget();
    deferred
}

type Finish = Rc<dyn Fn(Result<Measurement, String>)>;

/// What ends a measurement, once: shows it, settles the promise, ends the worker.
fn finisher(
    lab: &Rc<Lab>,
    deferred: &Deferred,
    scratch: &Rc<RefCell<Option<Conductor>>>,
    is_shown: bool,
) -> Finish {
    let (lab, deferred, scratch) = (Rc::clone(lab), deferred.clone(), Rc::clone(scratch));
    let finished = Cell::new(false);
    Rc::new(move |result| {
        if finished.replace(true) {
            return;
        }
        match result {
            Ok(measured) => {
                deferred.resolve(&api::measured(&measured));
                // The panel tells of puts alone.
                let shown = if is_shown { Measure::Done(measured) } else { Measure::Idle };
                lab.dispatch(Event::Measure(shown));
            }
            Err(text) => {
                deferred.reject(&text);
                lab.dispatch(Event::Measure(Measure::Failed(text)));
            }
        }
        // Not from within its own listener: a listener must not be freed while it runs.
        let scratch = Rc::clone(&scratch);
        Timeout::new(0, move || drop(scratch.borrow_mut().take())).forget();
    })
}
