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

/// `strconv.Unquote` of a literal in double or back quotes; `None` for what is none.
pub(crate) fn unquote(literal: &str) -> Option<Vec<u8>> {
    if let Some(raw) = literal.strip_prefix('`') {
        let raw = raw.strip_suffix('`').filter(|raw| !raw.contains('`'))?;
        return Some(raw.replace('\r', "").into_bytes());
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '"' | '\n' => return None,
            '\\' => rest = unescape(rest, &mut bytes)?,
            plain => bytes.extend(plain.to_string().as_bytes()),
        }
    }
    Some(bytes)
}

/// What comes after a backslash; returns the rest.
fn unescape<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Option<&'t str> {
    const SINGLE: [(&str, u8); 9] = [
        ("a", 7),
        ("b", 8),
        ("f", 12),
        ("n", b'\n'),
        ("r", b'\r'),
        ("t", b'\t'),
        ("v", 11),
        ("\\", b'\\'),
        ("\"", b'"'),
    ];
    if let Some((name, byte)) = SINGLE.iter().find(|(name, _)| text.starts_with(name)) {
        bytes.push(*byte);
        return Some(&text[name.len()..]);
    }
    let (skip, digits, radix) = match text.bytes().next()? {
        b'x' => (1, 2, 16),
        b'u' => (1, 4, 16),
        b'U' => (1, 8, 16),
        b'0'..=b'7' => (0, 3, 8),
        _ => return None,
    };
    let number = text.get(skip..skip + digits)?;
    if !number.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let value = u32::from_str_radix(number, radix).ok()?;
    if digits < 4 {
        bytes.push(u8::try_from(value).ok()?);
    } else {
        bytes.extend(char::from_u32(value)?.to_string().as_bytes());
    }
    text.get(skip + digits..)
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

    #[test]
    fn literals_are_unquoted_as_in_go() {
        for (literal, expected) in [
            (r#""""#, Some(&b""[..])),
            (r#""a\"b""#, Some(b"a\"b")),
            (r#""\xff\101\u00e9\n""#, Some(b"\xffA\xc3\xa9\n")),
            (r"`a\b`", Some(br"a\b")),
            (r#""\'""#, None),
            (r#""\400""#, None),
            (r#""\ud800""#, None),
            (r#""a"#, None),
            ("\"", None),
            ("a", None),
        ] {
            assert_eq!(unquote(literal).as_deref(), expected, "{literal}");
        }
    }
}
