//! Strings in JSON as Go writes them.

/// Appends a quoted string with the escapes of Go's `encoding/json`: HTML's special characters and
/// the two line separators that JavaScript knows are escaped too.
pub fn push_str(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// [`push_str`] into a string of its own.
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_str(&mut out, text);
    out
}

/// Appends `"name":number` after a comma.
pub(crate) fn push_number(out: &mut String, name: &str, number: impl std::fmt::Display) {
    out.push_str(&format!(",\"{name}\":{number}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        assert_eq!(
            string("<é>&\"\\\n\u{1}\u{7f}"),
            "\"\\u003cé\\u003e\\u0026\\\"\\\\\\n\\u0001\u{7f}\""
        );
        assert_eq!(string("\u{2028}"), "\"\\u2028\"");
    }
}
