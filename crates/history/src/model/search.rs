//! The model as the search for an order wants it: with all answers known, and with requests that may
//! or may not have happened.

use super::{NothingOld, State, agrees};
use crate::linearizable::Model;
use crate::request::{Request, Response};

/// Every request happened. Answers to ranges at revisions before the current one are not judged,
/// but for their header's revision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Etcd;

impl Model for Etcd {
    type State = State;
    type Input = Request;
    type Output = Response;
    /// Revisions tie all keys together.
    type Key = ();

    fn initial(&self) -> State {
        State::new()
    }

    fn key(&self, _: &Request) {}

    fn step(&self, state: &State, request: &Request, seen: Option<&Response>) -> Vec<State> {
        let mut next = state.clone();
        let (due, _) = next.apply(request, &NothingOld);
        match seen {
            Some(seen) if agrees(request, &due, seen).is_err() => vec![],
            _ => vec![next],
        }
    }
}

/// A request without an answer may have happened at that moment, or never.
#[derive(Clone, Copy, Debug, Default)]
pub struct EtcdOrLost;

impl Model for EtcdOrLost {
    type State = State;
    type Input = Request;
    type Output = Response;
    type Key = ();

    fn initial(&self) -> State {
        State::new()
    }

    fn key(&self, _: &Request) {}

    fn step(&self, state: &State, request: &Request, seen: Option<&Response>) -> Vec<State> {
        let mut next = Etcd.step(state, request, seen);
        if seen.is_none() {
            next.push(state.clone());
        }
        next
    }
}
