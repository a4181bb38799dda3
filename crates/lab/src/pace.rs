//! How virtual time follows wall time: hold, play, speed, run and step.
//!
//! Pure: the shell says how much wall time has passed and is told how far to run. Nothing here is
//! an input of any actor, so no pace can change a run.

use frame::Speed;

use crate::Micros;

/// With [`Speed::Auto`], the rate while something is happening that a person wants to see.
const AUTO_BUSY_PPM: u64 = 50_000;
/// At most this much wall time is made up for after a pause of the page (a hidden tab, a debugger).
const WALL_CATCH_UP_US: u64 = 100_000;
/// Virtual time per call at [`Speed::Max`]; the shell cuts it short when its budget is used up.
const MAX_CHUNK_US: Micros = 10_000_000;

#[derive(Clone, Debug)]
pub struct Pace {
    held: bool,
    speed: Speed,
    /// Virtual time that is owed, in millionths of a microsecond.
    owed: u64,
    /// Where to hold.
    until: Option<Micros>,
    rate_us: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { held: false, speed: Speed::default(), owed: 0, until: None, rate_us: 1_000_000 }
    }
}

impl Pace {
    pub fn is_held(&self) -> bool {
        self.held
    }

    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Virtual microseconds per wall second at the last call of [`Pace::target`].
    pub fn rate_us(&self) -> u64 {
        self.rate_us
    }

    pub fn play(&mut self) {
        self.held = false;
        self.until = None;
    }

    /// Holds at the next whole millisecond.
    pub fn hold(&mut self, now: Micros) {
        self.until = Some(now.next_multiple_of(1000));
        self.held = false;
    }

    /// Runs as fast as it can to that moment and holds there. A moment in the past holds now.
    pub fn run_until(&mut self, now: Micros, until_ms: u64) {
        self.until = Some((until_ms.saturating_mul(1000)).max(now.next_multiple_of(1000)));
        self.held = false;
    }

    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        self.owed = 0;
    }

    /// How far to run now. None while held. `busy`: something is happening that is worth watching.
    pub fn target(&mut self, now: Micros, wall_us: u64, busy: bool) -> Option<Micros> {
        if self.held {
            return None;
        }
        if let Some(until) = self.until {
            return Some(until);
        }
        let ppm = match self.speed {
            Speed::Max => {
                self.rate_us = u64::MAX;
                return Some(now + MAX_CHUNK_US);
            }
            Speed::Ppm(ppm) => ppm,
            Speed::Auto if busy => AUTO_BUSY_PPM,
            Speed::Auto => 1_000_000,
        };
        self.rate_us = ppm;
        self.owed = self.owed.saturating_add(wall_us.min(WALL_CATCH_UP_US).saturating_mul(ppm));
        Some(now + self.owed / 1_000_000)
    }

    /// The run got to `now`. Tells whether this was the moment to hold at.
    pub fn reached(&mut self, before: Micros, now: Micros) -> bool {
        let gone = (now - before).saturating_mul(1_000_000);
        self.owed = self.owed.saturating_sub(gone);
        if self.until.is_some_and(|until| now >= until) {
            self.until = None;
            self.owed = 0;
            self.held = true;
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_motion_adds_up_without_loss() {
        let mut pace = Pace::default();
        pace.set_speed(Speed::Ppm(1_000));
        let mut now = 0;
        for _ in 0..1000 {
            let target = pace.target(now, 700, false).expect("it plays");
            pace.reached(now, target);
            now = target;
        }
        assert_eq!(now, 700);
    }

    #[test]
    fn a_hold_ends_on_a_whole_millisecond() {
        let mut pace = Pace::default();
        pace.hold(1_234_567);
        assert_eq!(pace.target(1_234_567, 0, false), Some(1_235_000));
        assert!(pace.reached(1_234_567, 1_235_000));
        assert_eq!(pace.target(1_235_000, 1_000_000, false), None);
    }

    #[test]
    fn a_long_pause_of_the_page_is_not_made_up_for() {
        let mut pace = Pace::default();
        assert_eq!(pace.target(0, 60_000_000, false), Some(WALL_CATCH_UP_US));
    }
}
