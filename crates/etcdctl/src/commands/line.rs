//! The words of a line that a command reads itself (`argify` in `ctlv3/command/util.go`), and the
//! compares of `txn`, which Go scans.
//!
//! Single quotes work here as they do in later releases; 3.4's and 3.5's lose characters.

use crate::go::quote::unquote;

/// Splits a line into words: bare ones, `'single'` and Go's `"double"` quotes. A quote that is never
/// closed is passed over. `None` for a double-quoted word that Go cannot read.
pub fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => closing_quote(rest),
            '\'' => rest[1..].find('\'').map(|at| at + 2),
            blank if blank.is_ascii_whitespace() => None,
            _ => Some(rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len())),
        };
        let Some(end) = end else {
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let word = &rest[..end];
        rest = &rest[end..];
        words.push(match first {
            '"' => String::from_utf8_lossy(&unquote(word)?).into_owned(),
            '\'' => word[1..end - 1].to_string(),
            _ => word.to_string(),
        });
    }
    Some(words)
}

/// The end of the double-quoted literal at the beginning of `text`.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// What Go's `Sscanf` with `"%q) %s %q"` finds: as much as fits.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Scanned {
    pub(crate) key: Vec<u8>,
    pub(crate) operator: String,
    pub(crate) value: Vec<u8>,
    /// How many of the three it found.
    pub(crate) count: usize,
}

pub(crate) fn scan_compare(text: &str) -> Scanned {
    let mut scanned = Scanned::default();
    // Each step stops the scan where the text no longer fits.
    let _fits = scan(text, &mut scanned);
    scanned
}

fn scan(text: &str, scanned: &mut Scanned) -> Option<()> {
    let rest = quoted(text, &mut scanned.key)?;
    scanned.count = 1;
    let rest = blanks(rest.strip_prefix(')')?)?;
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (operator, rest) = rest.split_at(end);
    if operator.is_empty() {
        return None;
    }
    scanned.operator = operator.to_string();
    scanned.count = 2;
    quoted(blanks(rest)?, &mut scanned.value)?;
    scanned.count = 3;
    Some(())
}

/// A literal after blanks; returns the rest.
fn quoted<'t>(text: &'t str, value: &mut Vec<u8>) -> Option<&'t str> {
    let text = text.trim_start();
    let end = match text.chars().next()? {
        '"' => closing_quote(text)?,
        '`' => text[1..].find('`')? + 2,
        _ => return None,
    };
    *value = unquote(&text[..end])?;
    Some(&text[end..])
}

/// At least one blank, unless the text is at its end.
fn blanks(text: &str) -> Option<&str> {
    let rest = text.trim_start();
    (text.is_empty() || rest.len() < text.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_may_hold_quotes_inside() {
        for (line, expected) in [
            ("put a --lease=\"1\"  b", Some(vec!["put", "a", "--lease=\"1\"", "b"])),
            ("get \"a b\"c", Some(vec!["get", "a b", "c"])),
            ("get \"open", Some(vec!["get", "open"])),
            ("get \"\\q\"", None),
        ] {
            let words = words(line);
            let words = words.as_ref().map(|words| words.iter().map(String::as_str).collect());
            assert_eq!(words, expected, "{line}");
        }
    }

    #[test]
    fn compares_are_scanned_as_far_as_they_fit() {
        for (text, key, operator, value, count) in [
            ("\"a\") = \"1\"", "a", "=", "1", 3),
            ("  \"a\")  !=   \"b c\" more", "a", "!=", "b c", 3),
            ("`a`) < `b`", "a", "<", "b", 3),
            ("a) = \"1\"", "", "", "", 0),
            ("\"a\" ) = \"1\"", "a", "", "", 1),
            ("\"a\")= \"1\"", "a", "", "", 1),
            ("\"a\") =\"1\"", "a", "=\"1\"", "", 2),
            ("\"a\") = 1", "a", "=", "", 2),
            ("\"a\")", "a", "", "", 1),
        ] {
            let expected =
                Scanned { key: key.into(), operator: operator.into(), value: value.into(), count };
            assert_eq!(scan_compare(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in any::<String>(), quotes in "[\"'`\\\\a) =é]{0,20}") {
            for line in [line, quotes] {
                let _words = words(&line);
                let _scanned = scan_compare(&line);
            }
        }
    }
}
