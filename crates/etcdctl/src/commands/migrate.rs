//! `etcdctl migrate`: v2's keys of a data directory into its v3 database. What is written is made in
//! `member`. Left out: `--transformer`, a program between the two that nothing here could run.

use member::{Migrated, migrate};

use crate::data_dir::{self, join, read_folder};
use crate::exit::Exit;
use crate::process::{Invocation, not_yet};

pub(super) async fn run(invocation: Invocation<'_>) -> Result<(), Exit> {
    if !invocation.flags.text("transformer").is_empty() {
        return Err(Exit::silent(not_yet(invocation.system, "migrate --transformer")));
    }
    invocation.stdout("using default transformer\n");
    let files = invocation.system.files();
    let dir = invocation.flags.text("data-dir");
    let mut found =
        read_folder(files, &join(dir, "member/snap"), "member/snap").map_err(Exit::error)?;
    let wal = match invocation.flags.text("wal-dir") {
        "" => join(dir, "member/wal"),
        wal => wal.to_string(),
    };
    found.extend(read_folder(files, &wal, "member/wal").map_err(Exit::error)?);
    let wall_us = invocation.system.wall_us();
    let unix_ns = i64::try_from(wall_us.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let no_ttl = invocation.flags.bool("no-ttl");
    let Migrated { told, .. } = migrate(&found, no_ttl, unix_ns).map_err(Exit::error)?;
    told.iter().for_each(|line| invocation.stdout(format!("{line}\n")));
    let path = data_dir::db(dir);
    data_dir::lock(&invocation, &path, "").await;
    // Whoever held the lock has written what it had; the tree was read before, as by the real tool.
    if let Some(held) = found.iter_mut().find(|file| file.path == "member/snap/db") {
        held.bytes = files.read_file(&path).map_err(Exit::error)?.into();
    }
    match migrate(&found, no_ttl, unix_ns).map_err(Exit::error)?.db {
        Some(db) => {
            files.write_file(&path, &db).map_err(Exit::error)?;
            invocation.stdout("finished transforming keys\n");
        }
        None => invocation.stdout("no v2 keys to migrate\n"),
    }
    Ok(())
}
