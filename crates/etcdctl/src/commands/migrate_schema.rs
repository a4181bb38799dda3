//! `etcdutl migrate` of 3.6: writes down which release is to read a data directory
//! (`etcdutl/migrate_command.go`, `storage/schema`). 3.6 tells itself by one field of the database, 3.5
//! by its absence.
//!
//! Left out: looking through the log for entries that an older release could not read. The lab's log has
//! none.

use member::Schema;

use crate::data_dir::{self, console_line};
use crate::exit::Exit;
use crate::go::json::string;
use crate::go::quote::quote;
use crate::process::Invocation;

pub(super) fn run(invocation: &Invocation<'_>) -> Result<(), Exit> {
    let target = invocation.flags.text("target-version");
    let wanted = parse(target).map_err(Exit::bad_args)?;
    let dir = invocation.flags.text("data-dir");
    let files = invocation.system.files();
    let path = data_dir::db(dir);
    let db = files.read_file(&path).map_err(|why| {
        let text = "failed to open database";
        let fields = [("path", string(&path)), ("error", string(&why))];
        console_line(invocation, "panic", "backend/backend.go:188", text, &fields);
        data_dir::panic(invocation, text)
    })?;
    files
        .list_dir(&data_dir::join(dir, "member/wal"))
        .map_err(|why| Exit::bad_args(format!("failed to get the latest snapshot: {why}")))?;
    let schema = Schema::read(&db.into()).map_err(Exit::error)?;
    let say = |text: &str, name: &str, version: &str| {
        let place = "schema/schema.go";
        console_line(invocation, "info", place, text, &[(name, string(version))]);
    };
    match schema.version() {
        Some(minor) if minor == wanted => {
            say("storage version up-to-date", "storage-version", target)
        }
        None if !invocation.flags.bool("force") => {
            let line = "failed to detect storage version. Please make sure you are using data dir from \
                        etcd v3.5 and older";
            console_line(invocation, "error", "etcdutl/migrate_command.go", line, &[]);
            let why = "cannot detect storage schema version: missing confstate information";
            return Err(Exit::error(why));
        }
        _ => {
            files
                .write_file(&path, &schema.at(wanted).map_err(Exit::error)?)
                .map_err(Exit::error)?;
            say("updated storage version", "new-storage-version", &format!("{target}.0"));
        }
    }
    Ok(())
}

/// The minor number of `3.5` or `3.6`.
fn parse(text: &str) -> Result<u32, String> {
    let quoted = quote(text.as_bytes());
    let wrong = || format!("wrong target version format, expected \"X.Y\", got {quoted}");
    let (major, minor) = text.split_once('.').ok_or_else(wrong)?;
    if minor.contains('.') {
        return Err(wrong());
    }
    let number = |part: &str| part.parse::<u32>().ok();
    let pair = number(major).zip(number(minor));
    match pair.ok_or_else(|| {
        format!("failed to parse target version: {text} is not in dotted-tri format")
    })? {
        (3, minor @ (5 | 6)) => Ok(minor),
        (3, 7..) | (4.., _) => Err(format!("target version {quoted} is not in this lab")),
        _ => Err(format!("target version {quoted} not supported. Minimal \"3.5\"")),
    }
}
