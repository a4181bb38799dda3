//! Backslash escapes of `printf` formats, `echo -e`, `%b` and `$'...'`.

/// Who asks: they differ in octal digits and in what `\c` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `printf FORMAT`: `\101`.
    Format,
    /// `echo -e` and `printf %b`: `\0101`, and `\c` ends all output.
    Echo,
    /// `$'...'`.
    Ansi,
}

/// What [`unescape`] made.
pub(crate) struct Unescaped {
    pub(crate) bytes: Vec<u8>,
    /// A `\c` was met: nothing more is to be printed.
    pub(crate) stop: bool,
}

/// Replaces escapes by the bytes that they stand for; unknown ones stay as they are.
pub(crate) fn unescape(text: &str, style: Style) -> Unescaped {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] != b'\\' || at + 1 == bytes.len() {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let c = bytes[at + 1];
        at += 2;
        match c {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'e' | b'E' => out.push(27),
            b'\\' => out.push(b'\\'),
            b'"' if style != Style::Echo => out.push(b'"'),
            b'\'' if style == Style::Ansi => out.push(b'\''),
            b'c' if style == Style::Echo => return Unescaped { bytes: out, stop: true },
            b'x' => match digits(&bytes[at..], 16, 2) {
                Some((value, used)) => {
                    out.push(value as u8);
                    at += used;
                }
                None => out.extend(b"\\x"),
            },
            b'u' | b'U' => match digits(&bytes[at..], 16, if c == b'u' { 4 } else { 8 }) {
                Some((value, used)) => {
                    let c = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
                    out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                    at += used;
                }
                None => out.extend([b'\\', c]),
            },
            b'0'..=b'7' => {
                let from = if c == b'0' && style == Style::Echo { at } else { at - 1 };
                match digits(&bytes[from..], 8, 3) {
                    Some((value, used)) => {
                        out.push(value as u8);
                        at = from + used;
                    }
                    None => out.push(0),
                }
            }
            c => out.extend([b'\\', c]),
        }
    }
    Unescaped { bytes: out, stop: false }
}

fn digits(bytes: &[u8], radix: u32, most: usize) -> Option<(u32, usize)> {
    let used = bytes.iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count();
    let text = std::str::from_utf8(&bytes[..used]).ok()?;
    Some((u32::from_str_radix(text, radix).ok()?, used))
}
