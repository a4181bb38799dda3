//! Changes of the text: cutting, putting back, swapping, the last word of earlier lines.

use super::keys::Motion;
use super::{History, KILLS_MAX, Last, LineEditor, words};

impl LineEditor {
    /// Where a motion leads. In a text of several lines, start and end are those of the line.
    pub(super) fn target(&self, motion: Motion) -> usize {
        let (text, at) = (self.text.as_str(), self.cursor);
        match motion {
            Motion::Left => words::previous(text, at),
            Motion::Right => words::next(text, at),
            Motion::Start => text[..at].rfind('\n').map_or(0, |newline| newline + 1),
            Motion::End => text[at..].find('\n').map_or(text.len(), |newline| at + newline),
            Motion::WordLeft => words::word_left(text, at),
            Motion::WordRight => words::word_right(text, at),
            Motion::BlankLeft => words::blank_left(text, at),
        }
    }

    /// Puts a text in place of a part of the line; the cursor goes behind it.
    pub(super) fn replace(&mut self, start: usize, end: usize, with: &str) {
        self.text.replace_range(start..end, with);
        self.cursor = start + with.len();
    }

    /// Cuts up to where the motion leads. A cut right after a cut makes one piece with it.
    pub(super) fn kill(&mut self, motion: Motion, joins: bool) {
        let to = self.target(motion);
        let (start, end) = (to.min(self.cursor), to.max(self.cursor));
        let cut = self.text[start..end].to_owned();
        let is_back = to < self.cursor;
        self.replace(start, end, "");
        self.last = Last::Kill;
        if cut.is_empty() {
            return;
        }
        match self.kills.last_mut() {
            Some(newest) if joins && is_back => newest.insert_str(0, &cut),
            Some(newest) if joins => newest.push_str(&cut),
            _ => self.kills.push(cut),
        }
        let excess = self.kills.len().saturating_sub(KILLS_MAX);
        self.kills.drain(..excess);
    }

    pub(super) fn yank(&mut self) {
        let Some(newest) = self.kills.last().cloned() else { return };
        let start = self.cursor;
        self.replace(start, start, &newest);
        self.last = Last::Yank { start, nth: 0 };
    }

    /// Alt-Y after Ctrl-Y: the piece that was cut before that one.
    pub(super) fn yank_older(&mut self, last: &Last) {
        let Last::Yank { start, nth } = *last else { return };
        let nth = (nth + 1) % self.kills.len().max(1);
        let Some(piece) = self.kills.iter().rev().nth(nth).cloned() else { return };
        self.replace(start, self.cursor, &piece);
        self.last = Last::Yank { start, nth };
    }

    /// Swaps the characters around the cursor; at the end, the last two.
    pub(super) fn transpose(&mut self) {
        let at_end = self.cursor == self.text.len();
        let middle = if at_end { words::previous(&self.text, self.cursor) } else { self.cursor };
        let start = words::previous(&self.text, middle);
        if start == middle {
            return;
        }
        let end = words::next(&self.text, middle);
        let swapped = format!("{}{}", &self.text[middle..end], &self.text[start..middle]);
        self.replace(start, end, &swapped);
    }

    /// Alt-`.`: the last word of the newest line; again, that of the line before it.
    pub(super) fn last_word(&mut self, last: &Last, history: &History) {
        let (start, back) = match *last {
            Last::Word { start, back } => (start, back + 1),
            _ => (self.cursor, 1),
        };
        match history.back(back) {
            Some(line) => {
                self.replace(start, self.cursor, words::last_word(line));
                self.last = Last::Word { start, back };
            }
            // No older line: what was put in stays, and a further press changes nothing.
            None => self.last = last.clone(),
        }
    }
}
