//! Timestamps in the two forms that show: zap's ISO 8601 and capnslog's. The zone is UTC, as on the
//! lab's hosts.

/// Year, month, day, hour, minute, second of a Unix time in seconds.
fn civil(unix_s: u64) -> [u64; 6] {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    // Days are counted in eras of 400 years from 1 March of year 0, so that leap days come last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    [year, month, day, second / 3_600, second / 60 % 60, second % 60]
}

/// `2022-11-01T12:00:00.000Z`.
pub(crate) fn iso8601_ms(wall_us: u64) -> String {
    let [year, month, day, hour, minute, second] = civil(wall_us / 1_000_000);
    let ms = wall_us / 1_000 % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// `2022-11-01 12:00:00.000000`.
pub(crate) fn capnslog(wall_us: u64) -> String {
    let [year, month, day, hour, minute, second] = civil(wall_us / 1_000_000);
    let us = wall_us % 1_000_000;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{us:06}")
}

/// `1667304000.5`: seconds as zap's production encoder writes them.
pub(crate) fn epoch_s(wall_us: u64) -> String {
    let text = format!("{}.{:06}", wall_us / 1_000_000, wall_us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_time_becomes_a_date() {
        assert_eq!(iso8601_ms(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso8601_ms(951_782_400_123_456), "2000-02-29T00:00:00.123Z");
        assert_eq!(capnslog(1_667_303_999_000_007), "2022-11-01 11:59:59.000007");
    }
}
