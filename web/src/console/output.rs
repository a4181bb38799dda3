//! What a command printed, in pieces that never change once they are full.
//!
//! A drawing then touches only the newest piece, however long the output is, and pieces out of
//! sight need no layout. A piece of whole lines has one height, since output is never wrapped.

use std::rc::Rc;

/// Lines and bytes at which a piece is full.
const PIECE_LINES: usize = 200;
const PIECE_BYTES: usize = 32 * 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Printed,
    /// Typed while the command ran: its input, or `^C`.
    Typed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Unique within its output.
    pub(crate) id: u64,
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// Line breaks in it.
    pub(crate) breaks: usize,
    /// It begins where a line begins.
    pub(crate) at_start: bool,
}

impl Piece {
    /// A full piece of whole lines: its height is known without looking.
    pub(crate) fn is_even(&self) -> bool {
        self.at_start && self.breaks == PIECE_LINES && self.text.ends_with('\n')
    }

    /// How much more of this text belongs into it, in bytes.
    fn room_for(&self, text: &str) -> usize {
        let lines = PIECE_LINES.saturating_sub(self.breaks);
        let bytes = PIECE_BYTES.saturating_sub(self.text.len());
        let by_lines = match lines {
            0 => 0,
            _ => text.match_indices('\n').nth(lines - 1).map_or(text.len(), |(at, _)| at + 1),
        };
        let most = by_lines.min(bytes);
        (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) pieces: Vec<Rc<Piece>>,
    /// Bytes and line breaks that are kept.
    pub(crate) bytes: usize,
    pub(crate) breaks: usize,
    /// Lines that were dropped from the beginning.
    pub(crate) dropped_lines: usize,
    /// A carriage return came last.
    returned: bool,
    next_id: u64,
}

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds text; beyond `bytes_max` the oldest pieces go. What is printed after a carriage return
    /// takes the place of its line, as progress bars want it.
    pub(crate) fn push(&mut self, kind: Kind, text: &str, bytes_max: usize) {
        if kind == Kind::Typed {
            return self.add(kind, text, bytes_max);
        }
        for (number, part) in text.split('\r').enumerate() {
            self.returned |= number > 0;
            if part.is_empty() {
                continue;
            }
            if std::mem::take(&mut self.returned) && !part.starts_with('\n') {
                self.erase_line();
            }
            self.add(kind, part, bytes_max);
        }
    }

    /// Takes the unfinished line away, as far as the newest piece holds it.
    fn erase_line(&mut self) {
        let newest = self.pieces.last_mut().filter(|piece| piece.kind == Kind::Printed);
        let Some(piece) = newest else { return };
        let keep = piece.text.rfind('\n').map_or(0, |at| at + 1);
        self.bytes -= piece.text.len() - keep;
        Rc::make_mut(piece).text.truncate(keep);
    }

    fn add(&mut self, kind: Kind, mut text: &str, bytes_max: usize) {
        while !text.is_empty() {
            let newest = self.pieces.last_mut().filter(|piece| piece.kind == kind);
            let taken = newest.as_ref().map_or(0, |piece| piece.room_for(text));
            match newest {
                Some(piece) if taken > 0 => {
                    let (head, rest) = text.split_at(taken);
                    let breaks = head.matches('\n').count();
                    let piece = Rc::make_mut(piece);
                    piece.text.push_str(head);
                    piece.breaks += breaks;
                    self.breaks += breaks;
                    self.bytes += taken;
                    text = rest;
                }
                _ => self.open(kind),
            }
        }
        while self.bytes > bytes_max && self.pieces.len() > 1 {
            let gone = self.pieces.remove(0);
            self.bytes -= gone.text.len();
            self.breaks -= gone.breaks;
            self.dropped_lines += gone.breaks;
        }
    }

    fn open(&mut self, kind: Kind) {
        self.next_id += 1;
        let at_start = self.pieces.last().is_none_or(|piece| piece.text.ends_with('\n'));
        let piece = Piece { id: self.next_id, kind, at_start, ..Piece::default() };
        self.pieces.push(Rc::new(piece));
    }

    /// Takes over what another one holds.
    pub(crate) fn append(&mut self, other: &Output, bytes_max: usize) {
        for piece in &other.pieces {
            self.push(piece.kind, &piece.text, bytes_max);
        }
    }

    /// All that is kept, as one text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(self.bytes);
        self.pieces.iter().for_each(|piece| text.push_str(&piece.text));
        text
    }

    /// The first lines, at most that many and 200 bytes of each.
    pub(crate) fn first_lines(&self, count: usize) -> String {
        let Some(first) = self.pieces.first() else { return String::new() };
        let lines = first.text.lines().take(count);
        lines.map(|line| format!("{}\n", scene::words::clip(line, 200))).collect()
    }

    /// Lines, a last one without a break included.
    pub(crate) fn line_count(&self) -> usize {
        let open = self.pieces.last().is_some_and(|piece| !piece.text.ends_with('\n'));
        self.breaks + usize::from(open)
    }

    /// The last line asks for something that nobody should read on the screen.
    pub(crate) fn asks_for_secret(&self) -> bool {
        let Some(last) = self.pieces.last().filter(|piece| piece.kind == Kind::Printed) else {
            return false;
        };
        let line = last.text.rsplit('\n').next().unwrap_or_default();
        let line = line.trim_end();
        line.ends_with(':') && line.to_ascii_lowercase().contains("password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 1 << 30;

    fn output(parts: &[(Kind, &str)]) -> Output {
        let mut output = Output::default();
        parts.iter().for_each(|(kind, text)| output.push(*kind, text, MANY));
        output
    }

    #[test]
    fn whole_lines_make_even_pieces_however_they_arrive() {
        let lines: String = (0..1000).map(|n| format!("line {n}\n")).collect();
        let whole = output(&[(Kind::Printed, &lines)]);
        let parts: Vec<(Kind, &str)> = lines
            .as_bytes()
            .chunks(7)
            .map(|b| (Kind::Printed, std::str::from_utf8(b).unwrap()))
            .collect();
        let in_parts = output(&parts);
        assert_eq!(whole, in_parts);
        assert_eq!(whole.pieces.len(), 5);
        assert!(whole.pieces.iter().all(|piece| piece.is_even()));
        assert_eq!((whole.text(), whole.line_count()), (lines, 1000));
    }

    #[test]
    fn one_endless_line_is_cut_into_pieces_that_join() {
        let long = "\u{20ac}".repeat(PIECE_BYTES);
        let output = output(&[(Kind::Printed, &long)]);
        assert!(output.pieces.len() >= 3);
        assert!(
            output.pieces.iter().all(|piece| piece.text.len() <= PIECE_BYTES && !piece.is_even())
        );
        assert_eq!(output.pieces.iter().filter(|piece| piece.at_start).count(), 1);
        assert_eq!((output.text(), output.line_count()), (long, 1));
    }

    #[test]
    fn the_oldest_lines_go_and_are_counted() {
        let mut output = Output::default();
        for n in 0..1000 {
            output.push(Kind::Printed, &format!("{n:0>99}\n"), 60_000);
        }
        assert!(output.bytes <= 60_000 && output.bytes > 30_000);
        assert_eq!(output.dropped_lines + output.breaks, 1000);
        assert!(output.text().ends_with("999\n"));
        let ids: Vec<u64> = output.pieces.iter().map(|piece| piece.id).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn input_stands_in_its_place_among_the_output() {
        let output = output(&[
            (Kind::Printed, "Name: "),
            (Kind::Typed, "alice\n"),
            (Kind::Printed, "hello\n"),
        ]);
        let kinds: Vec<_> = output.pieces.iter().map(|p| (p.kind, p.at_start)).collect();
        assert_eq!(kinds, [(Kind::Printed, true), (Kind::Typed, false), (Kind::Printed, true)]);
        assert_eq!(output.text(), "Name: alice\nhello\n");
    }

    #[test]
    fn a_carriage_return_begins_the_line_anew() {
        for (text, shown) in [
            ("a\n 1 / 60\r 2 / 60\r 3 / 60\nPASS\n", "a\n 3 / 60\nPASS\n"),
            ("one\r\ntwo\r\n", "one\ntwo\n"),
            ("kept\r", "kept"),
        ] {
            assert_eq!(output(&[(Kind::Printed, text)]).text(), shown);
            let parts: Vec<String> = text.chars().map(String::from).collect();
            let parts: Vec<_> = parts.iter().map(|part| (Kind::Printed, part.as_str())).collect();
            let in_parts = output(&parts);
            assert_eq!((in_parts.text().as_str(), in_parts.bytes), (shown, shown.len()));
        }
    }

    #[test]
    fn a_password_prompt_is_known_by_its_words() {
        for (text, secret) in [
            ("Password of root: ", true),
            ("Type password of x again for confirmation: ", true),
            ("x\nNew password: ", true),
            ("password: set\n", false),
            ("Name: ", false),
            ("", false),
        ] {
            assert_eq!(output(&[(Kind::Printed, text)]).asks_for_secret(), secret, "{text}");
        }
    }
}
