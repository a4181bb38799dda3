//! What came of many requests (`pkg/report`).

use std::collections::BTreeMap;

/// Times of the requests that succeeded, and how often each error came.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// In microseconds.
    times_us: Vec<u64>,
    failures: BTreeMap<String, u64>,
    /// From the first request to the end of the last.
    pub(super) total_us: u64,
}

impl Report {
    pub(super) fn add(&mut self, took_us: u64, failure: Option<String>) {
        match failure {
            None => self.times_us.push(took_us),
            Some(text) => *self.failures.entry(text).or_default() += 1,
        }
    }

    /// Requests that succeeded in each second, rounded down.
    pub(super) fn per_second(&self) -> u64 {
        (self.times_us.len() as u64)
            .saturating_mul(1_000_000)
            .checked_div(self.total_us)
            .unwrap_or(0)
    }

    /// Whether more than nine tenths of this rate were reached.
    pub(super) fn keeps_up_with(&self, per_s: u64) -> bool {
        let done = self.times_us.len() as u128 * 10_000_000;
        done > u128::from(per_s) * 9 * u128::from(self.total_us)
    }

    pub(super) fn slowest_us(&self) -> u64 {
        self.times_us.iter().copied().max().unwrap_or(0)
    }

    /// The standard deviation, rounded. Whole numbers, as no two machines may differ.
    pub(super) fn stddev_us(&self) -> u64 {
        let count = self.times_us.len() as u128;
        let times = || self.times_us.iter().map(|us| u128::from(*us));
        let (sum, squares) = (times().sum::<u128>(), times().map(|us| us * us).sum::<u128>());
        let twice = (4 * (count * squares).saturating_sub(sum * sum)).isqrt();
        let rounded = twice.checked_div(count).unwrap_or(0).div_ceil(2);
        u64::try_from(rounded).unwrap_or(u64::MAX)
    }

    /// A heading and a line for each error; nothing where there was none.
    pub(super) fn errors(&self) -> Vec<String> {
        if self.failures.is_empty() {
            return Vec::new();
        }
        let line = |(text, count): (&String, &u64)| format!("FAIL: ERROR({text}) -> {count}\n");
        let heading = "FAIL: too many errors\n".to_string();
        std::iter::once(heading).chain(self.failures.iter().map(line)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_what_succeeded() {
        let mut report = Report { total_us: 2_000_000, ..Report::default() };
        assert_eq!((report.slowest_us(), report.stddev_us(), report.per_second()), (0, 0, 0));
        [1_000, 3_000].into_iter().for_each(|us| report.add(us, None));
        report.add(9_000, Some("lost".into()));
        assert_eq!(
            (report.slowest_us(), report.stddev_us(), report.per_second()),
            (3_000, 1_000, 1)
        );
        assert!(report.keeps_up_with(1) && !report.keeps_up_with(2));
        let lines = ["FAIL: too many errors\n", "FAIL: ERROR(lost) -> 1\n"];
        assert_eq!(report.errors(), lines);
    }
}
