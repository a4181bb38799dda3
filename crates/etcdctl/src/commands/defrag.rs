//! `etcdctl defrag`: one endpoint after the other, or (up to 3.5) the database of a data directory that
//! no member runs on. `etcdutl defrag` does the second only.

use proto::etcdserverpb::{DefragmentRequest, DefragmentResponse};
use proto::{Profile, method};

use super::endpoint;
use crate::client::{Client, Retry};
use crate::data_dir::{self, console_line};
use crate::exit::Exit;
use crate::files::Files;
use crate::go::duration::format_ns;
use crate::go::humanize;
use crate::go::json::string;
use crate::go::time::capnslog;
use crate::process::Invocation;

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let data_dir = invocation.flags.text("data-dir").to_string();
    if !data_dir.is_empty() {
        if invocation.profile() >= Profile::V3_5 {
            let (hint, end) = ("Use `etcdutl defrag` instead.", "decomissioned in v3.6");
            invocation.stderr(format!("{hint} The --data-dir is going to be {end}.\n\n"));
        }
        offline(&invocation, &data_dir).await?;
        // 3.5.1 goes on as if there had been no directory; its later patches do not.
        if invocation.profile() != Profile::V3_5 {
            return Ok(());
        }
    }
    let (client, _) = invocation.client().await?;
    let mut failed = false;
    for endpoint in endpoint::chosen(&invocation).await? {
        failed |= !one(&invocation, &client, &endpoint).await;
    }
    if failed { Err(Exit::silent(1)) } else { Ok(()) }
}

/// Whether the member behind an endpoint has done it; a line says so either way.
pub(super) async fn one(invocation: &Invocation<'_>, client: &Client<'_>, endpoint: &str) -> bool {
    let started_us = invocation.system.now_us();
    let dialled = client.dial(endpoint);
    let (method, request) = (method::maintenance::DEFRAGMENT, DefragmentRequest {});
    let reply: Result<DefragmentResponse, _> =
        dialled.call(invocation.deadline(), method, &request, Retry::Never).await;
    let took = match invocation.profile() {
        Profile::V3_6 => {
            let took_ns = (invocation.system.now_us() - started_us).saturating_mul(1_000);
            let took_ns = i64::try_from(took_ns).unwrap_or(i64::MAX);
            format!(". took {}", format_ns(took_ns))
        }
        _ => String::new(),
    };
    match &reply {
        Ok(_) => {
            let line = format!("Finished defragmenting etcd member[{endpoint}]{took}\n");
            invocation.stdout(line);
        }
        Err(why) => {
            let line = format!("Failed to defragment etcd member[{endpoint}]{took} ({why})\n");
            invocation.stderr(line);
        }
    }
    reply.is_ok()
}

/// Writes the database of a data directory anew, without free pages.
pub(crate) async fn offline(invocation: &Invocation<'_>, data_dir: &str) -> Result<(), Exit> {
    let path = data_dir::db(data_dir);
    data_dir::lock(invocation, &path, ". To defrag a running etcd instance, omit --data-dir.")
        .await;
    let files = invocation.system.files();
    let before = data_dir::open_or_create(files, &path)
        .map_err(|why| cannot_open(invocation, &path, &why))?;
    let before_bytes = before.len() as u64;
    let log = Log { invocation, path: &path };
    log.begun(before_bytes);
    let started_us = invocation.system.now_us();
    let written = rewrite(files, &path, &before).map_err(|why| {
        let told = format!("Failed to defragment etcd data[{data_dir}] ({why})");
        match invocation.profile() {
            Profile::V3_3 | Profile::V3_4 => {
                invocation.stderr(format!("{told}\n"));
                Exit::silent(1)
            }
            Profile::V3_5 | Profile::V3_6 => Exit::error(told),
        }
    })?;
    log.finished(before_bytes, written, invocation.system.now_us() - started_us);
    Ok(())
}

fn rewrite(files: &dyn Files, path: &str, before: &bytes::Bytes) -> Result<u64, String> {
    let after = member::defragmented(before)?;
    files.write_file(path, &after)?;
    Ok(after.len() as u64)
}

/// etcd's backend panics.
fn cannot_open(invocation: &Invocation<'_>, path: &str, why: &str) -> Exit {
    match invocation.profile() {
        Profile::V3_3 | Profile::V3_4 => {
            let time = capnslog(invocation.system.wall_us());
            let text = format!("cannot open database at {path} ({why})");
            invocation.stderr(format!("{time} C | mvcc/backend: {text}\n"));
            data_dir::panic(invocation, &text)
        }
        Profile::V3_5 | Profile::V3_6 => {
            let text = "failed to open database";
            let fields = [("path", string(path)), ("error", string(why))];
            let place = Log { invocation, path }.place(182);
            console_line(invocation, "panic", &place, text, &fields);
            data_dir::panic(invocation, text)
        }
    }
}

/// What the backend says from 3.5 on; 3.4's has no logger here.
struct Log<'i> {
    invocation: &'i Invocation<'i>,
    path: &'i str,
}

impl Log<'_> {
    fn place(&self, line: u32) -> String {
        format!("backend/backend.go:{line}")
    }

    fn say(&self, line: u32, text: &str, fields: &[(&str, String)]) {
        if self.invocation.profile() >= Profile::V3_5 {
            let mut all = vec![("path", string(self.path))];
            all.extend_from_slice(fields);
            console_line(self.invocation, "info", &self.place(line), text, &all);
        }
    }

    fn begun(&self, bytes: u64) {
        let size = humanize::bytes(bytes);
        self.say(
            481,
            "defragmenting",
            &[
                ("current-db-size-bytes", bytes.to_string()),
                ("current-db-size", string(&size)),
                ("current-db-size-in-use-bytes", bytes.to_string()),
                ("current-db-size-in-use", string(&size)),
            ],
        );
    }

    fn finished(&self, before: u64, after: u64, took_us: u64) {
        let size = humanize::bytes(after);
        let (before, now) = (before.cast_signed(), after.cast_signed());
        self.say(
            539,
            "finished defragmenting directory",
            &[
                ("current-db-size-bytes-diff", (now - before).to_string()),
                ("current-db-size-bytes", after.to_string()),
                ("current-db-size", string(&size)),
                ("current-db-size-in-use-bytes-diff", "0".to_string()),
                ("current-db-size-in-use-bytes", after.to_string()),
                ("current-db-size-in-use", string(&size)),
                ("took", format!("{}.{:06}", took_us / 1_000_000, took_us % 1_000_000)),
            ],
        );
    }
}
