//! `etcdutl hashkv FILE` of 3.6: what a member with this database would answer to HashKV.

use crate::data_dir;
use crate::exit::Exit;
use crate::printers::Reply;
use crate::process::Invocation;

pub(super) fn run(invocation: &Invocation<'_>) -> Result<(), Exit> {
    let display = invocation.display()?;
    let path = invocation.args.first().map_or("", String::as_str);
    let file = invocation.system.files().read_file(path);
    let file = file.map_err(|why| {
        let fields =
            [("path", crate::go::json::string(path)), ("error", crate::go::json::string(&why))];
        let (place, text) = ("backend/backend.go:188", "failed to open database");
        data_dir::console_line(invocation, "panic", place, text, &fields);
        data_dir::panic(invocation, text)
    })?;
    let hash = member::hash_kv(&file.into(), invocation.flags.int("rev"), invocation.profile());
    display.show(invocation, &Reply::FileHash(&hash.map_err(Exit::error)?))
}
