//! Data directories as the offline tools name and read them (`server/datadir`).

use bytes::Bytes;
use member::DiskFile;

use crate::exit::Exit;
use crate::files::Files;
use crate::go::json::string;
use crate::go::quote::quote;
use crate::go::time::iso8601_ms;
use crate::process::Invocation;
use crate::task;

/// How long a tool tries to get the lock on a database before it says that it waits.
const PATIENCE_US: u64 = 1_000_000;

/// Go's `filepath.Join`: without a folder the rest stands alone.
pub(crate) fn join(dir: &str, rest: &str) -> String {
    match dir.trim_end_matches('/') {
        "" if dir.is_empty() => rest.to_string(),
        dir => format!("{dir}/{rest}"),
    }
}

/// The path of the database in a data directory.
pub(crate) fn db(dir: &str) -> String {
    join(dir, "member/snap/db")
}

/// All files of a folder, as if they lay in the folder `to` of a data directory.
///
/// # Errors
/// Go's text, when it is not there.
pub(crate) fn read_folder(files: &dyn Files, dir: &str, to: &str) -> Result<Vec<DiskFile>, String> {
    let names = files.list_dir(dir)?;
    let file = |name: String| {
        let bytes = files.read_file(&format!("{dir}/{name}"))?;
        Ok(DiskFile { path: format!("{to}/{name}"), bytes: bytes.into() })
    };
    names.into_iter().map(file).collect()
}

/// Waits for the lock on a database, with a line after a second; `hint` stands at the line's end.
pub(crate) async fn lock(invocation: &Invocation<'_>, path: &str, hint: &str) {
    let system = invocation.system;
    let mut locking = Box::pin(system.lock_file(path));
    if task::before(locking.as_mut(), system.sleep_us(PATIENCE_US)).await.is_none() {
        let quoted = quote(path.as_bytes());
        invocation
            .stderr(format!("waiting for etcd to close and release its lock on {quoted}{hint}\n"));
        locking.await;
    }
}

/// The database as etcd opens it: a file that is not there yet is an empty one, where its folder is.
///
/// # Errors
/// Go's text.
pub(crate) fn open_or_create(files: &dyn Files, path: &str) -> Result<Bytes, String> {
    if files.stat(path).is_err() {
        let empty: [(&str, [(&str, &str); 0]); 0] = [];
        let empty = bolt::write(empty).map_err(|e| e.to_string())?;
        files.write_file(path, &empty)?;
    }
    files.read_file(path).map(Bytes::from)
}

/// A line of zap's console encoder, which the offline tools log with from 3.5 on. Values are JSON.
pub(crate) fn console_line(
    invocation: &Invocation<'_>,
    level: &str,
    place: &str,
    message: &str,
    fields: &[(&str, String)],
) {
    let time = iso8601_ms(invocation.system.wall_us());
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}: {value}", string(name))).collect();
    let fields = match fields.is_empty() {
        true => String::new(),
        false => format!("\t{{{}}}", fields.join(", ")),
    };
    invocation.stderr(format!("{}Z\t{level}\t{place}\t{message}{fields}\n", &time[..19]));
}

/// What is left to see when the real tool panics: what it said, and Go's exit status.
pub(crate) fn panic(invocation: &Invocation<'_>, why: &str) -> Exit {
    invocation.stderr(format!("panic: {why}\n\ngoroutine 1 [running]:\n"));
    Exit::silent(2)
}
