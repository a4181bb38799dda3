//! strconv's ParseInt and ParseBool, with their error texts.

use super::quote::quote;

/// Parses a signed 64-bit integer as `strconv.ParseInt(text, base, 64)` does; base 0 reads the
/// prefixes `0x`, `0o`, `0b` and `0` and allows underscores between digits.
pub(crate) fn parse_int(text: &str, base: u32) -> Result<i64, String> {
    let fail = |why| format!("strconv.ParseInt: parsing {}: {why}", quote(text.as_bytes()));
    let syntax = || fail("invalid syntax");
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) =
        if base == 0 { prefix(digits).ok_or_else(syntax)? } else { (base, digits.to_string()) };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return Err(syntax());
    }
    let magnitude = i128::from_str_radix(&digits, base).unwrap_or(i128::MAX);
    let value = if negative { -magnitude } else { magnitude };
    i64::try_from(value).map_err(|_| fail("value out of range"))
}

/// Parses an unsigned 64-bit integer as `strconv.ParseUint(text, base, 64)` does, without prefixes.
pub(crate) fn parse_uint(text: &str, base: u32) -> Result<u64, String> {
    let fail = |why| format!("strconv.ParseUint: parsing {}: {why}", quote(text.as_bytes()));
    if text.is_empty() || !text.chars().all(|digit| digit.is_digit(base)) {
        return Err(fail("invalid syntax"));
    }
    u64::from_str_radix(text, base).map_err(|_| fail("value out of range"))
}

/// Base and bare digits of a literal with Go's prefixes.
fn prefix(digits: &str) -> Option<(u32, String)> {
    let lower = digits.to_ascii_lowercase();
    let (base, rest, prefixed) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest, true)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest, true)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest, true)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..], true)
    } else {
        (10, lower.as_str(), false)
    };
    // An underscore must stand between two digits, or between a prefix and a digit.
    let leading = rest.starts_with('_') && !prefixed;
    if leading || rest.ends_with('_') || rest.contains("__") {
        return None;
    }
    Some((base, rest.replace('_', "")))
}

/// Parses a truth value as `strconv.ParseBool` does.
pub(crate) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(text.as_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_parse_as_in_go() {
        for (text, base, expected) in [
            ("0", 0, Ok(0)),
            ("-1", 0, Ok(-1)),
            ("0x10", 0, Ok(16)),
            ("010", 0, Ok(8)),
            ("1_0", 0, Ok(10)),
            ("0_7", 0, Ok(7)),
            ("9223372036854775807", 0, Ok(i64::MAX)),
            ("-9223372036854775808", 0, Ok(i64::MIN)),
            ("7fffffffffffffff", 16, Ok(i64::MAX)),
            ("9223372036854775808", 0, Err("value out of range")),
            ("99999999999999999999999999999999999999999999", 0, Err("value out of range")),
            ("ffffffffffffffff", 16, Err("value out of range")),
            ("", 0, Err("invalid syntax")),
            ("x", 0, Err("invalid syntax")),
            ("_1", 0, Err("invalid syntax")),
            ("1__0", 0, Err("invalid syntax")),
            ("0x", 0, Err("invalid syntax")),
            ("1_0", 16, Err("invalid syntax")),
            ("--1", 0, Err("invalid syntax")),
            ("08", 0, Err("invalid syntax")),
        ] {
            let expected =
                expected.map_err(|why| format!("strconv.ParseInt: parsing \"{text}\": {why}"));
            assert_eq!(parse_int(text, base), expected, "{text}");
        }
    }
}
