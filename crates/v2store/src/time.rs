//! Times as etcd writes them in JSON: RFC 3339, nanoseconds without trailing zeros.

use proto::date::{DAY_S, civil, days};

const SECOND_NS: i64 = 1_000_000_000;

/// `2026-11-21T01:50:56.284582249Z` of nanoseconds since 1970.
pub fn format(unix_ns: i64) -> String {
    let (seconds, fraction) = (unix_ns.div_euclid(SECOND_NS), unix_ns.rem_euclid(SECOND_NS));
    let (day, second) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
    let (year, month, date) = civil(day);
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = format!("{year:04}-{month:02}-{date:02}T{h:02}:{m:02}:{s:02}");
    if fraction > 0 {
        let digits = format!(".{fraction:09}");
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Nanoseconds since 1970 of such a text, in any zone; none when it is no time, or one that 64 bits
/// cannot count (before 1677, after 2262).
pub fn parse(text: &str) -> Option<i64> {
    let (clock, zone) = text.split_at_checked(19)?;
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = clock.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| clock.as_bytes()[*at] != *mark) {
        return None;
    }
    let (year, month, date) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (h, m, s) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    let day = days(year, month, date);
    if civil(day) != (year, month, date) || h > 23 || m > 59 || s > 59 {
        return None;
    }
    let (fraction_ns, zone) = fraction(zone)?;
    let seconds = day * DAY_S + h * 3600 + m * 60 + s - offset_s(zone)?;
    let ns = i128::from(seconds) * i128::from(SECOND_NS) + i128::from(fraction_ns);
    i64::try_from(ns).ok()
}

/// The nanoseconds of `.25`, and what follows them.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || length > 9 {
        return None;
    }
    let digits: i64 = rest[..length].parse().ok()?;
    Some((digits * 10_i64.pow(9 - length as u32), &rest[length..]))
}

/// Seconds east of Greenwich.
fn offset_s(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two = |part: &str| -> Option<i64> {
        let good = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        good.then(|| part.parse().ok())?
    };
    Some(sign * (two(hours)? * 3600 + two(minutes)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for (ns, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (951_827_696_250_000_000, "2000-02-29T12:34:56.25Z"),
            (1_795_225_856_284_582_249, "2026-11-21T01:50:56.284582249Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        ] {
            assert_eq!(format(ns), text);
            assert_eq!(parse(text), Some(ns), "{text}");
        }
        assert_eq!(parse("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse("1969-12-31T22:30:00-01:30"), Some(0));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567891Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00é",
            "2026-01-01T00:00:0é",
            "+026-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
