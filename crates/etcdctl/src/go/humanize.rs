//! go-humanize's `Bytes`: decimal units, one decimal below ten.

const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// A size in bytes as people read it: `20 kB`, `1.0 MB`, `9 B`.
pub(crate) fn bytes(size_bytes: u64) -> String {
    let mut power = 0;
    let mut unit: u64 = 1;
    while power + 1 < UNITS.len() && size_bytes / unit >= 1000 {
        unit *= 1000;
        power += 1;
    }
    if power == 0 {
        return format!("{size_bytes} B");
    }
    // Tenths, rounded half up; ten and above lose theirs, rounded once more as printf does.
    let tenths = (u128::from(size_bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
    if tenths < 100 {
        return format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[power]);
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    // printf rounds a tie to the even neighbour.
    let up = tenth > 5 || (tenth == 5 && whole % 2 == 1);
    format!("{} {}", whole + u128::from(up), UNITS[power])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_humanize_prints_them() {
        for (size, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_960, "10 kB"),
            (20_480, "20 kB"),
            (24_576, "25 kB"),
            (1_048_576, "1.0 MB"),
            (2_147_483_648, "2.1 GB"),
            (82_854_982, "83 MB"),
        ] {
            assert_eq!(bytes(size), expected);
        }
    }
}
