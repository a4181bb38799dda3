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

    pub(super) fn per_second(&self) -> f64 {
        if self.total_us == 0 {
            return 0.0;
        }
        self.times_us.len() as f64 / (self.total_us as f64 / 1e6)
    }

    pub(super) fn slowest_s(&self) -> f64 {
        self.times_us.iter().max().map_or(0.0, |us| *us as f64 / 1e6)
    }

    pub(super) fn stddev_s(&self) -> f64 {
        let count = self.times_us.len().max(1) as f64;
        let mean = self.times_us.iter().map(|us| *us as f64).sum::<f64>() / count;
        let squares = self.times_us.iter().map(|us| (*us as f64 - mean).powi(2)).sum::<f64>();
        (squares / count).sqrt() / 1e6
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
        assert_eq!((report.slowest_s(), report.stddev_s(), report.per_second()), (0.0, 0.0, 0.0));
        [1_000, 3_000].into_iter().for_each(|us| report.add(us, None));
        report.add(9_000, Some("lost".into()));
        assert_eq!(
            (report.slowest_s(), report.stddev_s(), report.per_second()),
            (0.003, 0.001, 1.0)
        );
        let lines = ["FAIL: too many errors\n", "FAIL: ERROR(lost) -> 1\n"];
        assert_eq!(report.errors(), lines);
    }
}
