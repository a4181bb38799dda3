//! Names of log files: `%016x-%016x.wal`, the running number and the first index that may be in it.

/// The name of file number `seq` (from 0) whose first entry has index `index` or more.
pub fn file_name(seq: u64, index: u64) -> String {
    format!("{seq:016x}-{index:016x}.wal")
}

/// Number and first index of a log file; `None` when the name is not one (etcd: `bad wal name`).
pub fn parse_file_name(name: &str) -> Option<(u64, u64)> {
    two_numbers(name.strip_suffix(".wal")?)
}

/// Two numbers of sixteen hexadecimal digits with a dash between them.
pub(crate) fn two_numbers(text: &str) -> Option<(u64, u64)> {
    let (first, second) = text.split_once('-')?;
    let number = |part: &str| {
        let digits = part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digits { u64::from_str_radix(part, 16).ok() } else { None }
    };
    Some((number(first)?, number(second)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_etcds_and_read_back() {
        assert_eq!(file_name(0, 0), "0000000000000000-0000000000000000.wal");
        assert_eq!(file_name(26, 255), "000000000000001a-00000000000000ff.wal");
        for case in [(0, 0), (1, 7), (u64::MAX, u64::MAX)] {
            assert_eq!(parse_file_name(&file_name(case.0, case.1)), Some(case));
        }
    }

    #[test]
    fn other_names_are_refused() {
        let bad = ["", "0.tmp", "0-0.wal", "000000000000000g-0000000000000000.wal", "x.wal"];
        for name in bad {
            assert_eq!(parse_file_name(name), None, "{name}");
        }
        assert_eq!(parse_file_name("+00000000000001a-00000000000000ff.wal"), None);
    }
}
