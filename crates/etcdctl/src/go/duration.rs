//! Go's durations: `time.ParseDuration` with its error texts, and `Duration.String`.

use super::quote::quote;

const UNITS_NS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Parses `1h2m3.5s` into nanoseconds.
///
/// Errors read `time: invalid duration "x"`, `time: missing unit in duration "5"` and
/// `time: unknown unit "x" in duration "1x"`.
pub(crate) fn parse_ns(text: &str) -> Result<i64, String> {
    let quoted = quote(text.as_bytes());
    let invalid = || format!("time: invalid duration {quoted}");
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let unit_len = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {quoted}"));
        }
        let Some((_, unit_ns)) = UNITS_NS.iter().find(|(name, _)| *name == unit) else {
            let unit = quote(unit.as_bytes());
            return Err(format!("time: unknown unit {unit} in duration {quoted}"));
        };
        total = add(total, whole, fraction, *unit_ns).ok_or_else(invalid)?;
        rest = after;
    }
    match (negative, i64::try_from(total)) {
        (false, Ok(ns)) => Ok(ns),
        (true, Ok(ns)) => Ok(-ns),
        (true, Err(_)) if total == 1 << 63 => Ok(i64::MIN),
        _ => Err(invalid()),
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `total` plus `whole.fraction` units, unless that leaves 63 bits.
fn add(total: u64, whole: &str, fraction: &str, unit_ns: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut ns = whole.checked_mul(unit_ns)?;
    // Digits beyond a nanosecond's reach are dropped; 18 of them fit the wider integer.
    let mut scale: u128 = 1;
    let mut value: u128 = 0;
    for digit in fraction.bytes().take(18) {
        value = value * 10 + u128::from(digit - b'0');
        scale *= 10;
    }
    ns = ns.checked_add(u64::try_from(value * u128::from(unit_ns) / scale).ok()?)?;
    total.checked_add(ns).filter(|sum| *sum <= 1 << 63)
}

/// `Duration.String`: `1h2m3.5s`, `3.778744ms`, `10µs`, `0s`.
pub(crate) fn format_ns(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let magnitude = ns.unsigned_abs();
    let text = match magnitude {
        0 => "0s".to_string(),
        1..1_000 => format!("{magnitude}ns"),
        1_000..1_000_000 => decimal(magnitude, 1_000, "µs"),
        1_000_000..1_000_000_000 => decimal(magnitude, 1_000_000, "ms"),
        _ => {
            let minutes = magnitude / 60_000_000_000;
            let seconds = decimal(magnitude % 60_000_000_000, 1_000_000_000, "s");
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

/// `value / unit` with as many decimals as it has.
fn decimal(value: u64, unit: u64, name: &str) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", value % unit);
    match fraction.trim_end_matches('0') {
        "" => format!("{}{name}", value / unit),
        fraction => format!("{}.{fraction}{name}", value / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_parse_as_in_go() {
        for (text, expected) in [
            ("5s", Ok(5_000_000_000)),
            ("0", Ok(0)),
            ("-1s", Ok(-1_000_000_000)),
            ("+1.5ms", Ok(1_500_000)),
            (".5s", Ok(500_000_000)),
            ("1.5h2m3s4ms5us6ns", Ok(5_523_004_005_006)),
            ("1µs", Ok(1_000)),
            ("2562047h", Ok(9_223_369_200_000_000_000)),
            ("abc", Err("time: invalid duration \"abc\"")),
            ("", Err("time: invalid duration \"\"")),
            (".s", Err("time: invalid duration \".s\"")),
            ("9999999h", Err("time: invalid duration \"9999999h\"")),
            ("5", Err("time: missing unit in duration \"5\"")),
            ("1.", Err("time: missing unit in duration \"1.\"")),
            ("1x", Err("time: unknown unit \"x\" in duration \"1x\"")),
        ] {
            assert_eq!(parse_ns(text), expected.map_err(str::to_string), "{text}");
        }
    }

    #[test]
    fn durations_print_as_in_go() {
        for (ns, expected) in [
            (0, "0s"),
            (17, "17ns"),
            (10_000, "10µs"),
            (3_778_744, "3.778744ms"),
            (200_439_000, "200.439ms"),
            (5_000_000_000, "5s"),
            (60_000_000_000, "1m0s"),
            (3_723_500_000_000, "1h2m3.5s"),
            (-1_500_000, "-1.5ms"),
        ] {
            assert_eq!(format_ns(ns), expected);
        }
    }
}
