//! `etcdctl backup`: copies a data directory under a new identity. What the copy holds is made in
//! `member`; here are the folders, and the log lines: capnslog's in 3.4, zap's in 3.5, whose stack traces
//! are left out.

use member::backup;
use proto::Profile;

use super::context::{Context, Outcome};
use crate::data_dir::{join, read_folder};
use crate::files::Files;
use crate::go::time::{capnslog, iso8601_ms};

/// Arguments that are no flags are ignored, as by the real tool.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    match copy(context) {
        Ok(()) => Ok(()),
        Err(why) => {
            tell(context, "fatal", &why);
            Err(1)
        }
    }
}

fn copy(context: &Context<'_>) -> Result<(), String> {
    let files = context.system.files();
    let flag = |name: &str| context.local.text(name).to_string();
    let folder = |dir: &str, wal_dir: String| {
        let snap = join(dir, "member/snap");
        let wal = if wal_dir.is_empty() { join(dir, "member/wal") } else { wal_dir };
        (snap, wal)
    };
    let (from_snap, from_wal) = folder(&flag("data-dir"), flag("wal-dir"));
    let (to_snap, to_wal) = folder(&flag("backup-dir"), flag("backup-wal-dir"));
    make_empty(files, &to_snap)?;
    let mut source = read_folder(files, &from_snap, "member/snap")?;
    source.extend(read_folder(files, &from_wal, "member/wal")?);
    if !source.iter().any(|file| file.path.ends_with(".wal")) {
        return Err("wal: file not found".into());
    }
    if files.stat(&to_wal).is_ok() {
        return Err("file already exists".into());
    }
    let ids = (context.system.random_u64() >> 1, context.system.random_u64() >> 1);
    let copy = backup(&source, ids, context.local.bool("with-v3"))?;
    copy.told.iter().for_each(|line| tell(context, "info", line));
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

fn tell(context: &Context<'_>, level: &str, text: &str) {
    let wall_us = context.system.wall_us();
    let line = match context.system.profile() {
        Profile::V3_3 | Profile::V3_4 => format!("{} I | {text}\n", capnslog(wall_us)),
        Profile::V3_5 | Profile::V3_6 => {
            let time = iso8601_ms(wall_us);
            format!("{}Z\t{level}\tetcdutl/backup_command.go\t{text}\n", &time[..19])
        }
    };
    context.complain(&line);
}
