//! encoding/json's reading: a value from text, or the scanner's own error text.
//!
//! Left out: errors about types (whoever reads a value takes what does not fit for missing), and
//! numbers are kept as they are written. Nesting is limited far below Go's ten thousand, for the
//! stack's sake.

use std::fmt::Display;

/// Go's limit is 10000.
const DEPTH_MAX: u32 = 500;

/// Any JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    Array(Vec<Value>),
    /// In the order of the text; of equal names the last counts.
    Object(Vec<(String, Value)>),
}

const NULL: &Value = &Value::Null;

impl Value {
    /// A field of an object; null for what has none.
    pub(crate) fn field(&self, name: &str) -> &Value {
        let Value::Object(fields) = self else { return NULL };
        fields.iter().rev().find(|(field, _)| field == name).map_or(NULL, |(_, value)| value)
    }

    /// The text; empty for anything else.
    pub(crate) fn text(&self) -> &str {
        if let Value::Text(text) = self { text } else { "" }
    }

    /// A whole number without a sign; zero for anything else.
    pub(crate) fn uint(&self) -> u64 {
        if let Value::Number(digits) = self { digits.parse().unwrap_or(0) } else { 0 }
    }

    /// The elements; none for anything else.
    pub(crate) fn items(&self) -> &[Value] {
        if let Value::Array(items) = self { items } else { &[] }
    }

    /// The texts in an array.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.items().iter().map(|item| item.text().to_string()).collect()
    }
}

/// `json.Unmarshal`; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn unmarshal(bytes: &[u8]) -> Result<Value, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, depth: 0 };
    let value = reader.value()?;
    reader.blanks();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("after top-level value")),
    }
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
    depth: u32,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The scanner's complaint about the next byte, or about the end.
    fn unexpected(&self, context: impl Display) -> String {
        match self.peek() {
            None => "unexpected end of JSON input".to_string(),
            Some(b'\'') => format!("invalid character '\\'' {context}"),
            Some(byte) => {
                let shown = match char::from(byte) {
                    '"' => "\"".to_string(),
                    other => other.escape_debug().to_string(),
                };
                format!("invalid character '{shown}' {context}")
            }
        }
    }

    /// Takes `byte` after blanks, if it is next.
    fn takes(&mut self, byte: u8) -> bool {
        self.blanks();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self) -> Result<Value, String> {
        self.blanks();
        match self.peek() {
            Some(b'{') => self.nested(Reader::object),
            Some(b'[') => self.nested(Reader::array),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("exceeded max depth".to_string());
        }
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut fields = Vec::new();
        if self.takes(b'}') {
            return Ok(Value::Object(fields));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let name = self.string()?;
            if !self.takes(b':') {
                return Err(self.unexpected("after object key"));
            }
            fields.push((name, self.value()?));
            if self.takes(b'}') {
                return Ok(Value::Object(fields));
            }
            if !self.takes(b',') {
                return Err(self.unexpected("after object key:value pair"));
            }
        }
    }

    fn array(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.takes(b']') {
                return Ok(Value::Array(items));
            }
            if !self.takes(b',') {
                return Err(self.unexpected("after array element"));
            }
        }
    }

    fn literal(&mut self, name: &str, value: Value) -> Result<Value, String> {
        for expected in name.bytes() {
            if self.peek() != Some(expected) {
                let expected = char::from(expected);
                return Err(self.unexpected(format!("in literal {name} (expecting '{expected}')")));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits("in exponent of numeric literal")?;
        }
        Ok(Value::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()))
    }

    /// At least one digit.
    fn digits(&mut self, context: &str) -> Result<(), String> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.unexpected(context)) }
    }

    /// A string, from its opening quote.
    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(String::from_utf8_lossy(&text).into_owned());
                }
                Some(b'\\') => {
                    self.at += 1;
                    let character = self.escape()?;
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(byte) if byte >= b' ' => {
                    text.push(byte);
                    self.at += 1;
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
    }

    /// What follows a backslash. Half a surrogate pair is U+FFFD.
    fn escape(&mut self) -> Result<char, String> {
        const PLAIN: [(u8, char); 8] = [
            (b'"', '"'),
            (b'\\', '\\'),
            (b'/', '/'),
            (b'b', '\x08'),
            (b'f', '\x0c'),
            (b'n', '\n'),
            (b'r', '\r'),
            (b't', '\t'),
        ];
        let byte = self.peek();
        if byte == Some(b'u') {
            self.at += 1;
            return self.unicode();
        }
        match PLAIN.iter().find(|(escape, _)| Some(*escape) == byte) {
            Some((_, character)) => {
                self.at += 1;
                Ok(*character)
            }
            None => Err(self.unexpected("in string escape code")),
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let unit = self.hex()?;
        if (0xd800..0xdc00).contains(&unit) && self.bytes[self.at..].starts_with(b"\\u") {
            let after_first = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = after_first;
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, String> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let context = "in \\u hexadecimal character escape";
            unit = unit << 4 | digit.ok_or_else(|| self.unexpected(context))?;
            self.at += 1;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let text = r#" {"a": [1, -2.5e+3, "x\n\u00e9\ud83d\udc4d\ud800", true, null], "b":{}, "a": "last"} "#;
        let value = unmarshal(text.as_bytes()).expect("well formed");
        assert_eq!(value.field("a").text(), "last");
        let Value::Object(fields) = &value else { panic!("an object") };
        let items = fields[0].1.items();
        assert_eq!((items[0].uint(), items[1].uint()), (1, 0));
        assert_eq!(items[2].text(), "x\n\u{e9}\u{1f44d}\u{fffd}");
        assert_eq!(items[3..], [Value::Bool(true), Value::Null]);
        assert_eq!(value.field("b"), &Value::Object(Vec::new()));
        assert_eq!(value.field("none").field("deeper"), &Value::Null);
        let lone = unmarshal(br#""\ud800\u0041\xff""#.as_slice());
        assert_eq!(lone, Err("invalid character 'x' in string escape code".into()));
    }

    /// The contexts are those of Go's scanner.
    #[test]
    fn errors_are_the_scanners() {
        for (text, error) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            ("404 page not found", "invalid character 'p' after top-level value"),
            ("Method Not Allowed", "invalid character 'M' looking for beginning of value"),
            ("nope", "invalid character 'o' in literal null (expecting 'u')"),
            ("{a", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1", "invalid character '1' after object key"),
            ("{\"a\":1]", "invalid character ']' after object key:value pair"),
            ("[1}", "invalid character '}' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("01", "invalid character '1' after top-level value"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1e'", "invalid character '\\'' in exponent of numeric literal"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("\"\\u12\"", "invalid character '\"' in \\u hexadecimal character escape"),
        ] {
            assert_eq!(unmarshal(text.as_bytes()), Err(error.into()), "{text}");
        }
    }

    #[test]
    fn hostile_nesting_ends_with_an_error() {
        let text = "[".repeat(1_000_000);
        assert_eq!(unmarshal(text.as_bytes()), Err("exceeded max depth".into()));
    }
}
