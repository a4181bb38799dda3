//! What etcdutl does with data directories: `backup`, `defrag`, and the hint in place of `snapshot save`.

use super::defrag;
use crate::exit::Exit;
use crate::process::Invocation;
use crate::v2::backup::{Folders, copy};

pub(super) fn backup(invocation: &Invocation<'_>) -> Result<(), Exit> {
    let flags = &invocation.flags;
    let folders = Folders {
        data_dir: flags.text("data-dir"),
        wal_dir: flags.text("wal-dir"),
        backup_dir: flags.text("backup-dir"),
        backup_wal_dir: flags.text("backup-wal-dir"),
    };
    let copied = copy(invocation.system, &folders, flags.bool("with-v3"));
    copied.map_err(|()| Exit::silent(1))
}

pub(super) async fn defrag(invocation: &Invocation<'_>) -> Result<(), Exit> {
    defrag::offline(invocation, invocation.flags.text("data-dir")).await
}

pub(super) fn save_elsewhere(invocation: &Invocation<'_>) -> Result<(), Exit> {
    let deprecated = "Command \"save\" is deprecated";
    invocation.stderr(format!("{deprecated}, Use `etcdctl snapshot save` to download snapshot\n"));
    Err(Exit::bad_args("In order to download snapshot use: `etcdctl snapshot save ...`"))
}
