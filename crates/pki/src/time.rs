//! Unix seconds and the calendar: the two time formats of certificates, and Go's RFC 3339.

use proto::date::{DAY_S, civil, days};

use crate::der::{GENERALIZED_TIME, NotDer, UTC_TIME, write};

/// Year, month, day, and the time of that day.
fn parts(unix_s: i64) -> (i64, i64, i64, [i64; 3]) {
    let ((year, month, day), s) = (civil(unix_s.div_euclid(DAY_S)), unix_s.rem_euclid(DAY_S));
    (year, month, day, [s / 3_600, s / 60 % 60, s % 60])
}

/// `2026-01-31T23:59:59Z`.
pub(crate) fn rfc3339(unix_s: i64) -> String {
    let (year, month, day, [hour, minute, second]) = parts(unix_s);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A certificate's time; those from 2050 on have four digits for their year.
pub(crate) fn write_time(unix_s: i64) -> Vec<u8> {
    let (year, month, day, [hour, minute, second]) = parts(unix_s);
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    match (1950..2050).contains(&year) {
        true => write(UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes()),
        false => write(GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes()),
    }
}

/// Reads such a time.
pub(crate) fn read_time(tag: u8, text: &[u8]) -> Result<i64, NotDer> {
    let year_digits = match tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return Err(NotDer),
    };
    let digits = text.strip_suffix(b"Z").ok_or(NotDer)?;
    if digits.len() != year_digits + 10 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NotDer);
    }
    let number = |range: std::ops::Range<usize>| {
        digits[range].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
    };
    let year = match (year_digits, number(0..year_digits)) {
        (2, year @ 50..) => 1900 + year,
        (2, year) => 2000 + year,
        (_, year) => year,
    };
    let at = |pair: usize| number(year_digits + 2 * pair..year_digits + 2 * pair + 2);
    let (month, day, hour, minute, second) = (at(0), at(1), at(2), at(3), at(4));
    if hour > 23 || minute > 59 || second > 59 || !(1..=12).contains(&month) {
        return Err(NotDer);
    }
    let unix_s = days(year, month, day) * DAY_S + hour * 3_600 + minute * 60 + second;
    // A day that the month does not have is another day.
    let (_, _, same_day) = civil(unix_s.div_euclid(DAY_S));
    if day == same_day { Ok(unix_s) } else { Err(NotDer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (unix_s, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(unix_s), text);
        }
        assert_eq!(write_time(1_767_225_600), b"\x17\x0d260101000000Z");
        assert_eq!(write_time(4_102_444_799), b"\x18\x0f20991231235959Z");
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in
            ["260230000000Z", "261301000000Z", "260101240000Z", "2601010000Z", "26010100000xZ"]
        {
            assert!(read_time(UTC_TIME, text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(read_time(UTC_TIME, b"491231235959Z"), Ok(2_524_607_999));
        assert_eq!(read_time(UTC_TIME, b"700101000000Z"), Ok(0));
        assert!(read_time(0x04, b"260101000000Z").is_err());
    }

    proptest! {
        #[test]
        fn times_come_back_as_they_went(unix_s in -60_000_000_000i64..250_000_000_000) {
            let written = write_time(unix_s);
            prop_assert_eq!(read_time(written[0], &written[2..]), Ok(unix_s));
        }
    }
}
