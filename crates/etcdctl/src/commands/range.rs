//! Which keys `get` and `del` mean: KEY alone, KEY up to END, `--prefix`, `--from-key`
//! (`clientv3/op.go`).

use bytes::Bytes;

use crate::exit::Exit;
use crate::process::Invocation;

/// One zero byte: the smallest key as a start, and "no end" as an end.
const ZERO: &[u8] = &[0];

/// `--prefix` excludes `--from-key`.
pub(super) fn check_flags(invocation: &Invocation<'_>) -> Result<(), Exit> {
    let flags = &invocation.flags;
    if flags.bool("prefix") && flags.bool("from-key") {
        let line = "`--prefix` and `--from-key` cannot be set at the same time, choose one";
        return Err(Exit::bad_args(line));
    }
    Ok(())
}

/// Start and end of the range that the first one or two arguments and the flags name.
pub(super) fn key_and_end(invocation: &Invocation<'_>) -> Result<(Bytes, Bytes), Exit> {
    let (args, flags) = (&invocation.args, &invocation.flags);
    let (prefix, from_key) = (flags.bool("prefix"), flags.bool("from-key"));
    let key = Bytes::from(args[0].clone());
    if let Some(end) = args.get(1) {
        if prefix || from_key {
            return Err(Exit::bad_args(
                "too many arguments, only accept one argument when `--prefix` or `--from-key` is set",
            ));
        }
        return Ok((key, Bytes::from(end.clone())));
    }
    Ok(match (prefix || from_key, key.is_empty()) {
        (false, _) => (key, Bytes::new()),
        (true, true) => (Bytes::from_static(ZERO), Bytes::from_static(ZERO)),
        (true, false) if prefix => {
            let end = prefix_end(&key);
            (key, end)
        }
        (true, false) => (key, Bytes::from_static(ZERO)),
    })
}

/// The first key after all those that begin with `prefix`.
pub(super) fn prefix_end(prefix: &[u8]) -> Bytes {
    let Some(last) = prefix.iter().rposition(|byte| *byte < 0xff) else {
        return Bytes::from_static(ZERO);
    };
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Bytes::from(end)
}

#[cfg(test)]
mod tests {
    use super::prefix_end;

    #[test]
    fn a_prefix_ends_where_its_last_byte_can_grow() {
        for (prefix, end) in [
            (&b"key"[..], &b"kez"[..]),
            (b"a\xff", b"b"),
            (b"\xff\xff", b"\0"),
            (b"a\xfe", b"a\xff"),
        ] {
            assert_eq!(prefix_end(prefix), end);
        }
    }
}
