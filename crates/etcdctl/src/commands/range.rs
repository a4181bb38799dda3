//! Which keys `get` and `del` mean: KEY alone, KEY up to END, `--prefix`, `--from-key`
//! (`clientv3/op.go`).

use bytes::Bytes;

use crate::client::{ZERO, with_prefix};
use crate::exit::Exit;
use crate::process::Invocation;

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
    Ok(match (prefix, from_key) {
        (true, _) => with_prefix(key),
        (_, true) if key.is_empty() => with_prefix(key),
        (_, true) => (key, Bytes::from_static(ZERO)),
        _ => (key, Bytes::new()),
    })
}
