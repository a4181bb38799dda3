//! The lines that were run, oldest first: for the arrows, Ctrl-R, and the ghost of the next line.

/// Most lines, and most bytes of them all.
const LINES_MAX: usize = 1000;
const BYTES_MAX: usize = 512 * 1024;
/// What outlives the page: lines up to this many bytes, and so much of the newest.
const KEPT_LINE_BYTES_MAX: usize = 2048;
const KEPT_BYTES_MAX: usize = 64 * 1024;
/// Stands between lines in storage; a line of several lines keeps its own breaks.
const SEPARATOR: char = '\u{1e}';

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    lines: Vec<String>,
    bytes: usize,
}

impl History {
    /// Adds a line, but for blank ones and the twin of the newest.
    pub(crate) fn push(&mut self, line: &str) {
        if line.trim().is_empty() || self.lines.last().is_some_and(|newest| newest == line) {
            return;
        }
        self.bytes += line.len();
        self.lines.push(line.to_owned());
        while self.lines.len() > LINES_MAX || (self.bytes > BYTES_MAX && self.lines.len() > 1) {
            self.bytes -= self.lines.remove(0).len();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The line so many steps back; 1 is the newest.
    pub(crate) fn back(&self, steps: usize) -> Option<&str> {
        let index = self.lines.len().checked_sub(steps).filter(|_| steps > 0)?;
        self.lines.get(index).map(String::as_str)
    }

    /// How many steps back, from `from` on, a line contains this text.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<usize> {
        if text.is_empty() {
            return None;
        }
        (from..=self.lines.len()).find(|steps| self.back(*steps).is_some_and(|l| l.contains(text)))
    }

    /// What the newest line that begins with this text goes on with.
    pub(super) fn newest_after(&self, text: &str) -> Option<&str> {
        let rest = |line: &'_ str| !line.contains('\n') && line.len() > text.len();
        let found = self.lines.iter().rev().find(|line| line.starts_with(text) && rest(line))?;
        Some(&found[text.len()..])
    }

    /// What is stored: the newest lines that fit, and nothing but lines.
    pub(crate) fn to_storage(&self) -> String {
        let fits = |line: &&String| line.len() <= KEPT_LINE_BYTES_MAX && !line.contains(SEPARATOR);
        let mut room = KEPT_BYTES_MAX;
        let kept = self.lines.iter().rev().filter(fits).take_while(|line| {
            let needed = line.len() + 1;
            let enough = needed <= room;
            room = room.saturating_sub(needed);
            enough
        });
        let mut kept: Vec<&str> = kept.map(String::as_str).collect();
        kept.reverse();
        kept.join("\u{1e}")
    }

    /// Reads what [`History::to_storage`] wrote; anything else is lines of some kind.
    pub(crate) fn from_storage(text: &str) -> History {
        let mut history = History::default();
        for line in text.split(SEPARATOR).filter(|line| line.len() <= KEPT_LINE_BYTES_MAX) {
            history.push(line);
        }
        history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(lines: &[&str]) -> History {
        let mut history = History::default();
        lines.iter().for_each(|line| history.push(line));
        history
    }

    #[test]
    fn blank_lines_and_neighbouring_twins_are_left_out() {
        let history = history(&["a", "a", "  ", "b", "a"]);
        assert_eq!(history.lines, ["a", "b", "a"]);
        assert_eq!(
            (history.back(1), history.back(3), history.back(4)),
            (Some("a"), Some("a"), None)
        );
        assert_eq!(history.back(0), None);
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut history = History::default();
        for number in 0..LINES_MAX + 5 {
            history.push(&number.to_string());
        }
        assert_eq!((history.len(), history.back(1)), (LINES_MAX, Some("1004")));
        for number in 0..20 {
            history.push(&format!("{number}{}", "\u{e9}".repeat(50_000)));
        }
        assert!(history.lines.iter().map(String::len).sum::<usize>() <= BYTES_MAX);
        assert_eq!(history.lines.iter().map(String::len).sum::<usize>(), history.bytes);
        let huge = "x".repeat(BYTES_MAX * 2);
        history.push(&huge);
        assert_eq!(history.lines, [huge], "the newest line always stays");
    }

    #[test]
    fn storage_brings_lines_back_and_leaves_the_long_ones_out() {
        let long = "x".repeat(KEPT_LINE_BYTES_MAX + 1);
        let before = history(&["a b", "two\nlines", &long, "odd\u{1e}one", "\u{e9}"]);
        let after = History::from_storage(&before.to_storage());
        assert_eq!(after.lines, ["a b", "two\nlines", "\u{e9}"]);
        let mut many = History::default();
        for number in 0..1000 {
            many.push(&format!("{number:0>200}"));
        }
        let stored = many.to_storage();
        assert!(stored.len() <= KEPT_BYTES_MAX && stored.len() > KEPT_BYTES_MAX / 2);
        assert!(stored.ends_with("999"), "the newest are kept");
        assert_eq!(History::from_storage("").len(), 0);
    }
}
