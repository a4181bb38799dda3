//! `etcdctl backup`: copies a data directory under a new identity. What the copy holds is made in
//! `member`; here are the folders, and the log lines: capnslog's in 3.4, zap's in 3.5, whose stack traces
//! are left out.

use member::backup;
use proto::Profile;

use super::context::{Context, Outcome};
use crate::data_dir::{join, read_folder};
use crate::files::Files;
use crate::go::time::{capnslog, iso8601_ms};
use crate::system::System;

/// Where a directory is and where its copy goes; empty logs' folders are those inside.
pub(crate) struct Folders<'f> {
    pub(crate) data_dir: &'f str,
    pub(crate) wal_dir: &'f str,
    pub(crate) backup_dir: &'f str,
    pub(crate) backup_wal_dir: &'f str,
}

/// Arguments that are no flags are ignored, as by the real tool.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    let flag = |name: &str| context.local.text(name);
    let folders = Folders {
        data_dir: flag("data-dir"),
        wal_dir: flag("wal-dir"),
        backup_dir: flag("backup-dir"),
        backup_wal_dir: flag("backup-wal-dir"),
    };
    copy(context.system, &folders, context.local.bool("with-v3")).map_err(|()| 1)
}

/// Makes the copy and says so on standard error; why it could not is the last thing said.
pub(crate) fn copy(system: &dyn System, folders: &Folders<'_>, with_v3: bool) -> Result<(), ()> {
    make(system, folders, with_v3).map_err(|why| tell(system, "fatal", &why))
}

fn make(system: &dyn System, folders: &Folders<'_>, with_v3: bool) -> Result<(), String> {
    let files = system.files();
    let folder = |dir: &str, wal_dir: &str| {
        let snap = join(dir, "member/snap");
        let wal = if wal_dir.is_empty() { join(dir, "member/wal") } else { wal_dir.to_string() };
        (snap, wal)
    };
    let (from_snap, from_wal) = folder(folders.data_dir, folders.wal_dir);
    let (to_snap, to_wal) = folder(folders.backup_dir, folders.backup_wal_dir);
    make_empty(files, &to_snap)?;
    let mut source = read_folder(files, &from_snap, "member/snap")?;
    source.extend(read_folder(files, &from_wal, "member/wal")?);
    if !source.iter().any(|file| file.path.ends_with(".wal")) {
        return Err("wal: file not found".into());
    }
    if files.stat(&to_wal).is_ok() {
        return Err("file already exists".into());
    }
    let ids = (system.random_u64() >> 1, system.random_u64() >> 1);
    let copy = backup(&source, ids, with_v3)?;
    copy.told.iter().for_each(|line| tell(system, "info", line));
    files.make_dirs(&to_wal)?;
    for file in copy.files {
        let path = match file.path.strip_prefix("member/wal/") {
            Some(name) => format!("{to_wal}/{name}"),
            None => format!("{to_snap}/{}", file.path.trim_start_matches("member/snap/")),
        };
        files.write_file(&path, &file.bytes)?;
    }
    Ok(())
}

fn make_empty(files: &dyn Files, dir: &str) -> Result<(), String> {
    let failed = |why: String| format!("failed creating backup snapshot dir {dir}: {why}");
    files.make_dirs(dir).map_err(failed)?;
    let names = files.list_dir(dir).map_err(failed)?;
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    Err(failed(format!("expected {dir:?} to be empty, got [{}]", names.join(" "))))
}

fn tell(system: &dyn System, level: &str, text: &str) {
    let wall_us = system.wall_us();
    let line = match system.profile() {
        Profile::V3_3 | Profile::V3_4 => format!("{} I | {text}\n", capnslog(wall_us)),
        Profile::V3_5 | Profile::V3_6 => {
            let time = iso8601_ms(wall_us);
            format!("{}Z\t{level}\tetcdutl/backup_command.go\t{text}\n", &time[..19])
        }
    };
    system.print(true, line.as_bytes());
}
