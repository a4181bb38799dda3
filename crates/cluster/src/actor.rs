//! The contract of everything that lives in the lab.

use crate::Micros;

/// A deterministic actor: what it does is a function of its inputs and their times, and of nothing
/// else. No clock, no ambient chance, no thread, no file.
pub trait Actor {
    type Input;
    type Output;

    /// Handles everything that is due at `now`, in order, and says what it did, in order.
    /// `now` never goes back.
    fn turn(&mut self, now: Micros, inputs: Vec<Self::Input>) -> Vec<Self::Output>;

    /// When it wants a turn without an input (a timer of its own), if ever.
    fn next_wake(&self) -> Option<Micros> {
        None
    }
}
