//! Timestamps in the two forms that show: zap's ISO 8601 and capnslog's. The zone is UTC, as on the
//! lab's hosts.

use proto::date::{DAY_S, civil};

/// Year, month, day, hour, minute, second of a wall clock.
fn parts(wall_us: u64) -> [i64; 6] {
    // All microseconds that 64 bits hold are fewer seconds than that.
    let unix_s = (wall_us / 1_000_000) as i64;
    let ((year, month, day), second) = (civil(unix_s / DAY_S), unix_s % DAY_S);
    [year, month, day, second / 3_600, second / 60 % 60, second % 60]
}

/// `2022-11-01T12:00:00.000Z`.
pub(crate) fn iso8601_ms(wall_us: u64) -> String {
    let [year, month, day, hour, minute, second] = parts(wall_us);
    let ms = wall_us / 1_000 % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// `2022-11-01 12:00:00.000000`.
pub(crate) fn capnslog(wall_us: u64) -> String {
    let [year, month, day, hour, minute, second] = parts(wall_us);
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
