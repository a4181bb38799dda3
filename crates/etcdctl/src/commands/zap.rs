//! zap's log lines, which etcd's libraries write to standard error: those of the level info, in the
//! JSON form and in the console form.

use crate::go::json::{Object, string};
use crate::go::time::iso8601_ms;

/// Names with their values, which are JSON.
pub(super) type Fields<'a> = &'a [(&'a str, String)];

/// The JSON form. `time` is JSON too; an empty `logger` is none.
pub(super) fn json_line(
    time: &str,
    (logger, caller): (&str, &str),
    message: &str,
    fields: Fields<'_>,
) -> String {
    let line = Object::new().string("level", "info").raw("ts", time);
    let line = line.string_or_none("logger", logger).string("caller", caller);
    let line = line.string("msg", message);
    let line = fields.iter().fold(line, |line, (name, value)| line.raw(name, value));
    format!("{}\n", line.end())
}

/// The console form.
pub(super) fn console_line(
    wall_us: u64,
    caller: &str,
    message: &str,
    fields: Fields<'_>,
) -> String {
    let time = iso8601_ms(wall_us);
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}: {value}", string(name))).collect();
    let fields = match fields.as_slice() {
        [] => String::new(),
        some => format!("\t{{{}}}", some.join(", ")),
    };
    format!("{}Z\tinfo\t{caller}\t{message}{fields}\n", &time[..19])
}

/// A time since 1970, or a duration, as zap's number of seconds.
pub(super) fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_no_zeros_at_their_end() {
        for (us, text) in [(0, "0"), (1_500_000, "1.5"), (10_000_000, "10"), (7, "0.000007")] {
            assert_eq!(seconds(us), text);
        }
    }

    #[test]
    fn a_line_has_its_fields_behind_its_message() {
        let fields = [("path", string("a b")), ("took", seconds(20_000))];
        assert_eq!(
            json_line("1.5", ("", "x.go:1"), "saved", &fields),
            "{\"level\":\"info\",\"ts\":1.5,\"caller\":\"x.go:1\",\"msg\":\"saved\",\
             \"path\":\"a b\",\"took\":0.02}\n"
        );
        assert_eq!(
            json_line("1.5", ("client", "x.go:1"), "saved", &[]),
            "{\"level\":\"info\",\"ts\":1.5,\"logger\":\"client\",\"caller\":\"x.go:1\",\
             \"msg\":\"saved\"}\n"
        );
        assert_eq!(
            console_line(0, "x.go:1", "saved", &fields),
            "1970-01-01T00:00:00Z\tinfo\tx.go:1\tsaved\t{\"path\": \"a b\", \"took\": 0.02}\n"
        );
        assert_eq!(
            console_line(0, "x.go:1", "saved", &[]),
            "1970-01-01T00:00:00Z\tinfo\tx.go:1\tsaved\n"
        );
    }
}
