//! encoding/json for the few shapes that etcdctl prints: objects in field order, empty fields left
//! out, bytes in base64, HTML characters escaped.

use std::fmt::{Display, Write};

use proto::base64::encode_padded;

/// An object under construction. Methods chain; those named `_or_none` skip zero values, which is
/// Go's `omitempty`.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        Object { text: String::from("{") }
    }

    /// A field whose value is JSON already.
    pub(crate) fn raw(mut self, name: &str, value: impl Display) -> Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        write!(self.text, "{}:{value}", string(name)).expect("a String takes every write");
        self
    }

    pub(crate) fn raw_or_none(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.raw(name, value),
            None => self,
        }
    }

    pub(crate) fn string(self, name: &str, value: &str) -> Self {
        self.raw(name, string(value))
    }

    pub(crate) fn string_or_none(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.string(name, value) }
    }

    pub(crate) fn number_or_none<N: Display + Default + PartialEq>(
        self,
        name: &str,
        value: N,
    ) -> Self {
        if value == N::default() { self } else { self.raw(name, value) }
    }

    pub(crate) fn bool_or_none(self, name: &str, value: bool) -> Self {
        if value { self.raw(name, true) } else { self }
    }

    pub(crate) fn bytes_or_none(self, name: &str, value: &[u8]) -> Self {
        if value.is_empty() {
            self
        } else {
            self.raw(name, format!("\"{}\"", encode_padded(value)))
        }
    }

    pub(crate) fn array_or_none(self, name: &str, values: Vec<String>) -> Self {
        if values.is_empty() { self } else { self.raw(name, array(values)) }
    }

    pub(crate) fn end(self) -> String {
        self.text + "}"
    }
}

/// An array of values that are JSON already.
pub(crate) fn array(values: Vec<String>) -> String {
    format!("[{}]", values.join(","))
}

/// A string literal with Go's escapes, HTML included.
pub(crate) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '<' | '>' | '&' | '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => {
                write!(quoted, "\\u{:04x}", character as u32).expect("a String takes every write");
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_escape_html() {
        assert_eq!(
            string("a<b>&\"\\\u{1}\u{2028}é"),
            "\"a\\u003cb\\u003e\\u0026\\\"\\\\\\u0001\\u2028é\""
        );
    }

    #[test]
    fn objects_leave_out_what_is_empty() {
        let object =
            Object::new().number_or_none("a", 0u64).string("b", "").bool_or_none("c", true);
        assert_eq!(object.end(), r#"{"b":"","c":true}"#);
    }
}
