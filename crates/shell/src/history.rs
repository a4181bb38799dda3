//! What was typed at a terminal's prompt, and `!!`, `!n`, `!-n` and `!word` at the beginning of a
//! line. Left out: every other form of history expansion; there `!` is plain text.

use std::collections::VecDeque;

#[derive(Debug, Default)]
pub(crate) struct History {
    /// Number of the first one that is still there, less one.
    gone: usize,
    lines: VecDeque<String>,
}

/// Lines that are kept, as bash does by default.
const LINES_MAX: usize = 500;

impl History {
    pub(crate) fn add(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
            self.gone += 1;
        }
        self.lines.push_back(text.trim_end_matches('\n').to_string());
    }

    /// Lines with their numbers, from 1.
    pub(crate) fn numbered(&self) -> impl DoubleEndedIterator<Item = (usize, &str)> {
        self.lines.iter().enumerate().map(|(at, text)| (self.gone + at + 1, text.as_str()))
    }

    pub(crate) fn clear(&mut self) {
        *self = History::default();
    }

    /// The line with its events replaced; None if there is none. The error is the event that was not
    /// found.
    pub(crate) fn expand(&self, line: &str) -> Result<Option<String>, String> {
        let (mut out, mut rest, mut quoted, mut changed) = (String::new(), line, false, false);
        while let Some(c) = rest.chars().next() {
            let plain = &rest[..c.len_utf8()];
            match c {
                '\'' => quoted = !quoted,
                '\\' if !quoted => {
                    let next = rest[1..].chars().next().map_or(0, char::len_utf8);
                    out.push_str(&rest[..1 + next]);
                    rest = &rest[1 + next..];
                    continue;
                }
                '!' if !quoted => {
                    if let Some(event) = event(rest, out.trim().is_empty()) {
                        out.push_str(self.find(&event[1..]).ok_or(event)?);
                        rest = &rest[event.len()..];
                        changed = true;
                        continue;
                    }
                }
                _ => {}
            }
            out.push_str(plain);
            rest = &rest[plain.len()..];
        }
        Ok(changed.then_some(out))
    }

    fn find(&self, event: &str) -> Option<&str> {
        if event == "!" {
            return self.lines.back().map(String::as_str);
        }
        if let Some(back) = event.strip_prefix('-').and_then(|back| back.parse::<usize>().ok()) {
            return self.lines.get(self.lines.len().checked_sub(back)?).map(String::as_str);
        }
        match event.parse::<usize>() {
            Ok(number) => self.lines.get(number.checked_sub(self.gone + 1)?).map(String::as_str),
            Err(_) => self.lines.iter().rev().find(|line| line.starts_with(event)).map(|l| &**l),
        }
    }
}

/// The event that begins here, with its `!`.
fn event(text: &str, first: bool) -> Option<&str> {
    let rest = &text[1..];
    if rest.starts_with('!') {
        return Some(&text[..2]);
    }
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    if count > 0 {
        return Some(&text[..1 + rest.len() - digits.len() + count]);
    }
    let word = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
    let word = &rest[..word.unwrap_or(rest.len())];
    let named = first && word.starts_with(|c: char| c.is_ascii_alphabetic());
    named.then(|| &text[..1 + word.len()])
}
