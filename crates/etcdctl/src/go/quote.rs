//! Go's quoted strings: `%q` of bytes and of a single character, and zap's JSON strings.
//!
//! Printable is what Rust's `escape_debug` leaves alone, minus blanks other than the space; it may
//! differ from Go's tables where their Unicode versions differ.

use std::fmt::Write;

/// `strconv.Quote`: a double-quoted Go literal; bytes that are not UTF-8 become `\xNN`.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            escape(&mut text, character, '"');
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("a String takes every write");
        }
    }
    text.push('"');
    text
}

/// `%q` of a single character: `'x'`.
pub(crate) fn quote_char(character: char) -> String {
    let mut text = String::from("'");
    escape(&mut text, character, '\'');
    text.push('\'');
    text
}

fn escape(text: &mut String, character: char, delimiter: char) {
    let written = match character {
        '\\' => write!(text, "\\\\"),
        c if c == delimiter => write!(text, "\\{c}"),
        '\x07' => write!(text, "\\a"),
        '\x08' => write!(text, "\\b"),
        '\x0c' => write!(text, "\\f"),
        '\n' => write!(text, "\\n"),
        '\r' => write!(text, "\\r"),
        '\t' => write!(text, "\\t"),
        '\x0b' => write!(text, "\\v"),
        c if is_printable(c) => write!(text, "{c}"),
        c if (c as u32) < 0x80 => write!(text, "\\x{:02x}", c as u32),
        c if (c as u32) < 0x1_0000 => write!(text, "\\u{:04x}", c as u32),
        c => write!(text, "\\U{:08x}", c as u32),
    };
    written.expect("a String takes every write");
}

fn is_printable(character: char) -> bool {
    if character.is_whitespace() || character == '\u{ad}' {
        return character == ' ';
    }
    // Rust escapes a combining mark only at the beginning of a text; Go nowhere.
    let text = ['a', character].iter().collect::<String>();
    character.is_ascii_graphic() || text.escape_debug().eq(text.chars())
}

/// A `-w json` or log string without HTML escapes, as zap writes it.
pub(crate) fn log_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                write!(quoted, "\\u{:04x}", c as u32).expect("a String takes every write");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_quoted_as_in_go() {
        for (bytes, expected) in [
            (&b"fmt1"[..], r#""fmt1""#),
            (b"a\xff", r#""a\xff""#),
            ("a\"é\u{2028}<&>\t".as_bytes(), "\"a\\\"é\\u2028<&>\\t\""),
            (b"v\x7f\n\x00\x07", r#""v\x7f\n\x00\a""#),
            ("\u{10ffff}".as_bytes(), r#""\U0010ffff""#),
            ("日本 👍 ❤\u{fe0f} e\u{301} ि".as_bytes(), "\"日本 👍 ❤\u{fe0f} e\u{301} ि\""),
            ("\u{a0}\u{200b}\u{feff}\u{e000}".as_bytes(), r#""\u00a0\u200b\ufeff\ue000""#),
        ] {
            assert_eq!(quote(bytes), expected);
        }
        assert_eq!(quote_char('\''), r"'\''");
    }
}
