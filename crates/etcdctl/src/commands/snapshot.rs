//! `etcdctl snapshot save` and `status` (`clientv3/snapshot`, `ctlv3/command/snapshot_command.go`).
//!
//! What the libraries log goes to standard error, as theirs does. `restore` is beside this.

use bolt::Db;
use bytes::Bytes;
use member::Schema;
use proto::Profile;

use super::zap::{Fields, json_line, seconds};
use crate::exit::Exit;
use crate::go::humanize;
use crate::go::json::string;
use crate::go::time::iso8601_ms;
use crate::printers::Reply;
use crate::process::Invocation;

/// Length of a file's sum behind its whole sectors.
const SUM_BYTES: u64 = 32;

pub(super) async fn save(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let path = invocation.only_arg("snapshot save expects one argument")?.to_string();
    let (client, _) = invocation.client().await?;
    let [endpoint] = client.endpoint_names() else {
        let endpoints = client.endpoint_names().join(" ");
        return Err(Exit::bad_args(format!(
            "snapshot must be requested to one selected node, not multiple [{endpoints}]"
        )));
    };
    let part = format!("{path}.part");
    let files = invocation.system.files();
    files
        .write_file(&part, &[])
        .map_err(|why| Exit::interrupted(format!("could not open {part} ({why})")))?;
    let log = Log::of(&invocation);
    log.tool(119, 68, "created temporary db file", &[("path", string(&part))]);
    let started_us = invocation.system.now_us();
    let fetched = client.snapshot(invocation.deadline()).await;
    let kept = fetched.map_err(|why| why.to_string()).and_then(|file| {
        log.client(200, 211, "opened snapshot stream; downloading");
        log.tool(127, 76, "fetching snapshot", &[("endpoint", string(endpoint))]);
        log.client(208, 219, "completed snapshot read; closing");
        if file.len() as u64 % 512 != SUM_BYTES {
            return Err(format!("sha256 checksum not found [bytes: {}]", file.len()));
        }
        files.write_file(&part, &file)?;
        let size = humanize::bytes(file.len() as u64);
        let took = log.took(invocation.system.now_us() - started_us);
        let fields = [("endpoint", string(endpoint)), ("size", string(&size)), ("took", took)];
        log.tool(142, 91, "fetched snapshot", &fields);
        files
            .rename(&part, &path)
            .map_err(|why| format!("could not rename {part} to {path} ({why})"))
    });
    if let Err(why) = kept {
        let _ = files.remove_all(&part);
        return Err(Exit::interrupted(why));
    }
    log.tool(152, 100, "saved", &[("path", string(&path))]);
    invocation.stdout(format!("Snapshot saved at {path}\n"));
    if invocation.profile() >= Profile::V3_6 {
        // The answer tells it there, in its first message.
        invocation.stdout(format!("Server version {}\n", invocation.profile().version()));
    }
    Ok(())
}

pub(super) fn status(invocation: &Invocation<'_>) -> Result<(), Exit> {
    deprecated(invocation, "status");
    let path = invocation.only_arg("snapshot status requires exactly one argument")?;
    let display = invocation.display()?;
    let files = invocation.system.files();
    files.stat(path).map_err(Exit::error)?;
    let file = Bytes::from(files.read_file(path).map_err(Exit::error)?);
    let db = Db::open(file.clone()).map_err(|_| Exit::error("invalid database"))?;
    let mut status = db.snapshot_status().map_err(|why| {
        Exit::error(format!("snapshot file integrity check failed. 1 errors found.\n{why}"))
    })?;
    if invocation.profile() >= Profile::V3_6 {
        // N8: keys that live, and the version that the file says it is of.
        status.total_key = member::live_keys(&file).map_err(Exit::error)?;
        let schema = Schema::read(&file).map_err(Exit::error)?;
        status.version = schema.storage_version().unwrap_or_default().to_string();
    }
    display.show(invocation, &Reply::Snapshot(&status))
}

/// From 3.5 on another tool is meant for files.
pub(super) fn deprecated(invocation: &Invocation<'_>, command: &str) {
    if invocation.profile() >= Profile::V3_5 && invocation.tool == "etcdctl" {
        invocation.stderr(format!("Deprecated: Use `etcdutl snapshot {command}` instead.\n\n"));
    }
}

/// zap's lines of one run.
struct Log<'i> {
    invocation: &'i Invocation<'i>,
}

impl<'i> Log<'i> {
    fn of(invocation: &'i Invocation<'i>) -> Self {
        Log { invocation }
    }

    fn is_old(&self) -> bool {
        self.invocation.profile() <= Profile::V3_4
    }

    /// A line of the snapshot library, which stands at another place in each release.
    fn tool(&self, line_3_4: u32, line_3_5: u32, message: &str, fields: Fields<'_>) {
        if self.invocation.profile() == Profile::V3_3 {
            // It has no logger yet.
            return;
        }
        let line = if self.is_old() { line_3_4 } else { line_3_5 };
        let time = seconds(self.invocation.system.wall_us());
        let caller = format!("snapshot/v3_snapshot.go:{line}");
        self.invocation.stderr(json_line(&time, ("", &caller), message, fields));
    }

    /// A line of the client library.
    fn client(&self, line_3_4: u32, line_3_5: u32, message: &str) {
        if self.invocation.profile() == Profile::V3_3 {
            return;
        }
        let wall_us = self.invocation.system.wall_us();
        let (time, logger, caller) = if self.is_old() {
            let caller = format!("clientv3/maintenance.go:{line_3_4}");
            (string(&iso8601_ms(wall_us)), "", caller)
        } else {
            (seconds(wall_us), "client", format!("v3/maintenance.go:{line_3_5}"))
        };
        self.invocation.stderr(json_line(&time, (logger, &caller), message, &[]));
    }

    /// A duration: seconds, or words for how long ago it began.
    fn took(&self, us: u64) -> String {
        if self.is_old() {
            seconds(us)
        } else if us < 1_000_000 {
            string("now")
        } else {
            let s = us / 1_000_000;
            string(&format!("{s} second{} ago", if s == 1 { "" } else { "s" }))
        }
    }
}
