//! How the values of etcd's flags are read, and what Go says about bad ones.

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    /// Go's `uint` and `uint64`.
    Unsigned,
    /// Go's `int` and `int64`.
    Signed,
    Duration,
    /// A list of URLs that someone can listen at or dial.
    Urls,
    /// A list of URLs, or nothing.
    UrlsOrNone,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// Whether the flag may stand without a value.
    pub(super) fn is_bool(self) -> bool {
        self == Kind::Bool
    }

    /// Checks a value; the error is the part behind `invalid value "x" for flag -name: `.
    pub(super) fn check(self, value: &str) -> Result<(), String> {
        match self {
            Kind::Text => Ok(()),
            Kind::Bool => parse_bool(value).map(drop).ok_or("parse error".into()),
            Kind::Unsigned => integer(value, 0, u64::MAX.into()),
            Kind::Signed => integer(value, i64::MIN.into(), i64::MAX.into()),
            Kind::Duration => duration_us(value).map(drop).ok_or("parse error".into()),
            Kind::UrlsOrNone if value.is_empty() => Ok(()),
            Kind::Urls | Kind::UrlsOrNone => urls(value).map(drop),
            Kind::Choice(words) if words.contains(&value) => Ok(()),
            Kind::Choice(_) => Err("invalid value".into()),
        }
    }
}

/// Go's ParseBool.
pub(super) fn parse_bool(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn integer(value: &str, min: i128, max: i128) -> Result<(), String> {
    let number = parse_integer(value).ok_or("parse error")?;
    if number == i128::MIN || !(min..=max).contains(&number) {
        // A minus sign is no part of Go's unsigned numbers.
        let unsigned = min == 0 && value.starts_with(['-', '+']);
        return Err(if unsigned { "parse error" } else { "value out of range" }.into());
    }
    Ok(())
}

/// Go's integers with base 0 (`0x10`, `0b1`, `0o7`, `017`, `1_000` only with a prefix or between
/// digits); `i128::MIN` for what is larger than any flag takes.
pub(super) fn parse_integer(value: &str) -> Option<i128> {
    let (negative, digits) = match value.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, value.strip_prefix('+').unwrap_or(value)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = if let Some(body) = lower.strip_prefix("0x") {
        (16, body)
    } else if let Some(body) = lower.strip_prefix("0b") {
        (2, body)
    } else if let Some(body) = lower.strip_prefix("0o") {
        (8, body)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    let prefixed = body.len() < lower.len();
    let underscores = body.ends_with('_') || body.contains("__");
    if underscores || (!prefixed && body.starts_with('_')) {
        return None;
    }
    let body = body.replace('_', "");
    if body.is_empty() || !body.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let number = i128::from_str_radix(&body, radix).unwrap_or(i128::MIN);
    Some(if negative && number != i128::MIN { -number } else { number })
}

/// Go's durations (`1h30m`, `100ms`, `0`), in microseconds. Parts below one are cut off.
pub(super) fn duration_us(value: &str) -> Option<i64> {
    let (negative, mut rest) = match value.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, value.strip_prefix('+').unwrap_or(value)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total_ns: i128 = 0;
    let mut parts = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(end);
        let unit_end = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let (unit, after) = unit.split_at(unit_end);
        let unit_ns: i128 = match unit {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && part.is_empty()) || part.contains('.') {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part: String = format!("{part:0<15}").chars().take(15).collect();
        let part: i128 = part.parse().ok()?;
        total_ns += whole.checked_mul(unit_ns)? + part * unit_ns / 1_000_000_000_000_000;
        parts += 1;
        if total_ns > i64::MAX.into() {
            return None;
        }
        rest = after;
    }
    let us = i64::try_from(total_ns / 1_000).ok()?;
    (parts > 0).then_some(if negative { -us } else { us })
}

/// URLs with commas between them, as etcd takes them for its own addresses.
pub(super) fn urls(value: &str) -> Result<Vec<String>, String> {
    let mut urls = Vec::new();
    for text in value.split(',').map(str::trim) {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        if !["http", "https", "unix", "unixs"].contains(&scheme) {
            let known = "URL scheme must be http, https, unix, or unixs";
            return Err(format!("{known}: {text}"));
        }
        if !scheme.starts_with("unix") {
            let (host, path) = match rest.find(['/', '?', '#']) {
                Some(at) => rest.split_at(at),
                None => (rest, ""),
            };
            let port = host.rsplit_once(':').map(|(_, port)| port);
            if port.is_none_or(|port| port.contains(']')) {
                return Err(format!("URL address does not have the form \"host:port\": {text}"));
            }
            if !path.is_empty() {
                return Err(format!("URL must not contain a path: {text}"));
            }
        }
        urls.push(text.to_string());
    }
    // Sorted, and each once: ids are made of them.
    urls.sort();
    urls.dedup();
    Ok(urls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_read_as_go_reads_them() {
        for (kind, value, error) in [
            (Kind::Unsigned, "0x10", ""),
            (Kind::Unsigned, "-1", "parse error"),
            (Kind::Unsigned, "1e3", "parse error"),
            (Kind::Unsigned, "18446744073709551616", "value out of range"),
            (Kind::Signed, "-9223372036854775808", ""),
            (Kind::Signed, "9223372036854775808", "value out of range"),
            (Kind::Signed, "", "parse error"),
            (Kind::Bool, "TRUE", ""),
            (Kind::Bool, "yes", "parse error"),
            (Kind::Duration, "1h30m", ""),
            (Kind::Duration, "5", "parse error"),
            (Kind::Duration, "1.5s", ""),
            (Kind::Choice(&["new", "existing"]), "old", "invalid value"),
            (Kind::Urls, "http://a:1,https://b:2", ""),
            (Kind::Urls, "a:1", "URL scheme must be http, https, unix, or unixs: a:1"),
            (Kind::Urls, "http://a", "URL address does not have the form \"host:port\": http://a"),
            (Kind::Urls, "http://a:1/x", "URL must not contain a path: http://a:1/x"),
            (Kind::UrlsOrNone, "", ""),
        ] {
            let got = kind.check(value).err().unwrap_or_default();
            assert_eq!(got, error, "{kind:?} {value}");
        }
        assert_eq!(duration_us("1h0m0.5s"), Some(3_600_500_000));
        assert_eq!(duration_us("-3ms"), Some(-3_000));
    }

    proptest! {
        #[test]
        fn no_value_makes_a_reader_panic(value in "\\PC{0,30}") {
            let kinds =
                [Kind::Bool, Kind::Unsigned, Kind::Signed, Kind::Duration, Kind::Urls];
            for kind in kinds {
                let _ = kind.check(&value);
            }
        }

        #[test]
        fn numbers_and_durations_come_back(number in any::<i64>(), seconds in 0i64..1_000_000) {
            prop_assert_eq!(parse_integer(&number.to_string()), Some(i128::from(number)));
            prop_assert_eq!(duration_us(&format!("{seconds}s")), Some(seconds * 1_000_000));
        }
    }
}
