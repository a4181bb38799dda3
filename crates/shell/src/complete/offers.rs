//! Candidates: what is typed of a value, what it could become, and how that is quoted.

use frame::{Candidate, Completion};

use crate::scan::{Current, Quote};

/// Most candidates that are sent.
const CANDIDATES_MAX: usize = 200;

/// The part of a word that is completed: all of it, or what stands after `--flag=` or a comma.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'a> {
    pub(super) text: &'a str,
}

impl<'a> Typed<'a> {
    pub(super) fn new(text: &'a str) -> Typed<'a> {
        Typed { text }
    }

    /// What stands after the first `length` bytes.
    pub(super) fn after(self, length: usize) -> Typed<'a> {
        Typed { text: &self.text[length..] }
    }
}

/// What stands behind a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The word is whole: quotes are closed and a space follows.
    Space,
    /// More can follow in the same word.
    Open,
}

struct Offer {
    value: String,
    shown: String,
    about: String,
    end: End,
    /// Part of the shell's own language: it is not quoted.
    bare: bool,
}

/// The candidates for a [`Typed`].
pub(super) struct Offers {
    typed: String,
    offers: Vec<Offer>,
    /// More were there than were looked at.
    pub(super) more: bool,
}

impl Offers {
    pub(super) fn new(typed: Typed<'_>) -> Offers {
        Offers { typed: typed.text.to_string(), offers: Vec::new(), more: false }
    }

    /// Offers a value if it goes on from what is typed and can be typed itself.
    pub(super) fn add(&mut self, value: &str, about: &str, end: End) {
        self.add_shown(value, value, about, end);
    }

    pub(super) fn add_shown(&mut self, value: &str, shown: &str, about: &str, end: End) {
        if value.starts_with(&self.typed) && !value.contains(|c: char| c.is_control()) {
            let (value, shown, about) = (value.into(), shown.into(), about.into());
            self.offers.push(Offer { value, shown, about, end, bare: false });
        }
    }

    /// A variable's name behind its `$`.
    pub(super) fn add_variable(&mut self, name: &str, braces: bool) {
        if name.starts_with(&self.typed) {
            let value = if braces { format!("{name}}}") } else { name.to_string() };
            let (shown, about) = (name.to_string(), String::new());
            self.offers.push(Offer { value, shown, about, end: End::Open, bare: true });
        }
    }

    /// Sorted, cut to the limit, and written for the shell.
    pub(super) fn completion(mut self, text: &str, word: &Current) -> Completion {
        self.offers.sort_by(|a, b| a.value.cmp(&b.value));
        self.offers.dedup_by(|a, b| a.value == b.value);
        let more = self.more || self.offers.len() > CANDIDATES_MAX;
        self.offers.truncate(CANDIDATES_MAX);
        let kept = &text[word.start..word.kept];
        let candidate = |offer: Offer| {
            let mut text = kept.to_string();
            let rest = &offer.value[self.typed.len()..];
            match offer.bare {
                true => text.push_str(rest),
                false => push_quoted(&mut text, rest, word.quote),
            }
            if offer.end == End::Space {
                text.push_str(match word.quote {
                    Quote::None => " ",
                    Quote::Single => "' ",
                    Quote::Double => "\" ",
                });
            }
            // A word that is there but empty would vanish.
            if offer.value.is_empty() && kept.is_empty() {
                text.insert_str(0, "''");
            }
            Candidate { text, shown: offer.shown, about: offer.about }
        };
        let candidates = self.offers.into_iter().map(candidate).collect();
        Completion { start: word.start as u32, candidates, more }
    }
}

/// Writes a value so that the shell reads it as it is, inside the quote that is open.
fn push_quoted(text: &mut String, value: &str, quote: Quote) {
    for c in value.chars() {
        match quote {
            Quote::Single if c == '\'' => text.push_str("'\\'"),
            Quote::Double if "\"$`\\".contains(c) => text.push('\\'),
            Quote::None if " |&;()<>'\"\\$`*?[]{}#~!".contains(c) => text.push('\\'),
            _ => {}
        }
        text.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_the_quote_that_is_open() {
        for (quote, quoted) in [
            (Quote::None, "it\\'s\\ \\$x/\\*=,é"),
            (Quote::Single, "it'\\''s $x/*=,é"),
            (Quote::Double, "it's \\$x/*=,é"),
        ] {
            let mut text = String::new();
            push_quoted(&mut text, "it's $x/*=,é", quote);
            assert_eq!(text, quoted);
        }
    }
}
