//! Chance of a simulated run: every part draws from a stream of its own, in the order of its asking.

use member::chance::{Purpose, draw_range};

/// A stream of draws.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    seed: u64,
    purpose: Purpose,
    who: u64,
    number: u64,
}

impl Dice {
    /// What is drawn before anything runs: dials and faults.
    pub(crate) fn of_faults(seed: u64, who: u64) -> Self {
        Dice { seed, purpose: Purpose::Faults, who, number: 0 }
    }

    /// One client's draws.
    pub(crate) fn of_client(seed: u64, who: u64) -> Self {
        Dice { seed, purpose: Purpose::Workload, who, number: 0 }
    }

    /// In `0..high`; 0 when that is empty.
    pub(crate) fn below(&mut self, high: u64) -> u64 {
        self.number += 1;
        draw_range(self.seed, self.purpose, self.who, self.number, 0, high)
    }

    /// In `low..=high`.
    pub(crate) fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them; there must be one.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// The position of one of these weights, drawn by weight; `None` when all are 0.
    pub(crate) fn weighted(&mut self, weights: &[u64]) -> Option<usize> {
        let mut left = self.below(weights.iter().sum());
        for (at, weight) in weights.iter().enumerate() {
            if left < *weight {
                return Some(at);
            }
            left -= weight;
        }
        None
    }
}
