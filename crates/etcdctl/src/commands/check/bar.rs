//! The progress bar (cheggaaa/pb v1) as it is where the width of the terminal is not known: numbers
//! only, each time over the last ones.

use crate::process::Invocation;

const REFRESH_US: u64 = 200_000;
const SECOND_US: u64 = 1_000_000;

pub(super) struct Bar<'i, 'a> {
    invocation: &'i Invocation<'a>,
    total: u64,
    current: u64,
    /// It counts seconds by itself, and is over after the last one.
    timed: bool,
    started_us: u64,
    /// What was shown last, and when that had changed.
    shown: u64,
    changed_us: u64,
    next_us: u64,
    finished: bool,
}

impl<'i, 'a> Bar<'i, 'a> {
    /// Of so many seconds.
    pub(super) fn timed(invocation: &'i Invocation<'a>, total_s: u64) -> Self {
        Bar { timed: true, ..Bar::counted(invocation, total_s) }
    }

    /// Of so many requests.
    pub(super) fn counted(invocation: &'i Invocation<'a>, total: u64) -> Self {
        let now_us = invocation.system.now_us();
        let bar = Bar {
            invocation,
            total,
            current: 0,
            timed: false,
            started_us: now_us,
            shown: 0,
            changed_us: now_us,
            next_us: now_us + REFRESH_US,
            finished: false,
        };
        bar.show("");
        bar
    }

    /// A request is done.
    pub(super) fn count(&mut self) {
        if !self.timed {
            self.current += 1;
        }
    }

    /// When it wants to be looked after again.
    pub(super) fn next_us(&self) -> Option<u64> {
        (!self.finished).then_some(self.next_us)
    }

    /// Shows what is due.
    pub(super) fn look(&mut self, now_us: u64) {
        while !self.finished && self.next_us <= now_us {
            let at_us = self.next_us;
            self.next_us += REFRESH_US;
            if self.timed {
                self.current = ((at_us - self.started_us) / SECOND_US).min(self.total);
                if self.current == self.total {
                    self.finish();
                    return;
                }
            }
            if self.current != self.shown {
                (self.shown, self.changed_us) = (self.current, at_us);
            }
            self.show(&self.time_left(at_us));
        }
    }

    /// The last line, with the time that it took.
    pub(super) fn finish(&mut self) {
        self.finished = true;
        let took_s = (self.invocation.system.now_us() - self.started_us) / SECOND_US;
        let took_ns = i64::try_from(took_s.saturating_mul(1_000_000_000)).unwrap_or(i64::MAX);
        self.show(&format!(" {}", crate::go::duration::format_ns(took_ns)));
        self.invocation.stdout("\n");
    }

    fn show(&self, time: &str) {
        let total = self.total.max(1);
        let hundredths = (self.current.saturating_mul(10_000) + total / 2) / total;
        let percent = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let (current, total) = (self.current, self.total);
        self.invocation.stdout(format!("\r {current} / {total}{percent:>8}%{time}"));
    }

    /// What is left at the pace so far; whole seconds, nothing for less than one.
    fn time_left(&self, now_us: u64) -> String {
        if self.current == 0 {
            return String::new();
        }
        let each_us = (self.changed_us - self.started_us) / self.current;
        let all_us = (self.total - self.current.min(self.total)).saturating_mul(each_us);
        let left_s = all_us.saturating_sub(now_us - self.changed_us) / SECOND_US;
        let (h, m, s) = (left_s / 3_600, left_s / 60 % 60, left_s % 60);
        match (h, left_s) {
            (_, 0) => String::new(),
            (0, _) => format!(" {m:02}m{s:02}s"),
            _ => format!(" {h}h{m:02}m{s:02}s"),
        }
    }
}
