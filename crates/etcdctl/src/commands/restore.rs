//! `etcdctl snapshot restore`: the flags and the files; what goes into them is made in `member`.

use member::{PeerConfig, Restore, Restored, restore};
use proto::Profile;

use super::snapshot::deprecated;
use super::zap::{Fields, console_line, json_line, seconds};
use crate::exit::Exit;
use crate::files::{FileKind, Files};
use crate::go::json::string;
use crate::go::url::check_urls;
use crate::process::Invocation;

pub(super) fn run(invocation: &Invocation<'_>) -> Result<(), Exit> {
    deprecated(invocation, "restore");
    let path = invocation.only_arg("snapshot restore requires exactly one argument")?;
    make(invocation, path).map_err(Exit::error)
}

/// Where the directory goes.
struct Places {
    data_dir: String,
    wal_dir: String,
}

fn make(invocation: &Invocation<'_>, path: &str) -> Result<(), String> {
    let flags = read_flags(invocation)?;
    flags.verify()?;
    let files = invocation.system.files();
    let text = |name: &str| invocation.flags.text(name).to_string();
    let data_dir = Some(text("data-dir")).filter(|dir| !dir.is_empty());
    let data_dir = data_dir.unwrap_or_else(|| format!("{}.etcd", flags.name));
    let own_wal = format!("{data_dir}/member/wal");
    let wal_dir = Some(text("wal-dir")).filter(|dir| !dir.is_empty()).unwrap_or(own_wal);
    let places = Places { data_dir, wal_dir };
    places.are_free(files, invocation.profile())?;
    tell(invocation, Line::Restoring, path, &places);
    let file = files.read_file(path)?;
    if file.len() < 32 {
        // Where it looks for the sum there is nothing.
        return Err(format!("seek {path}: invalid argument"));
    }
    let restored = restore(&file.into(), &flags)?;
    places.write(files, &restored)?;
    tell_members(invocation, &restored);
    tell(invocation, Line::Restored, path, &places);
    Ok(())
}

fn read_flags(invocation: &Invocation<'_>) -> Result<Restore, String> {
    let text = |name: &str| invocation.flags.text(name).to_string();
    let urls = |list: &str| -> Vec<String> { list.split(',').map(String::from).collect() };
    let initial_advertise_peer_urls = urls(&text("initial-advertise-peer-urls"));
    check_urls(&initial_advertise_peer_urls)?;
    let mut initial_cluster: Vec<PeerConfig> = Vec::new();
    for pair in text("initial-cluster").split(',').filter(|pair| !pair.is_empty()) {
        let (name, url) = pair.split_once('=').unwrap_or((pair, ""));
        check_urls(&[url.to_string()])?;
        match initial_cluster.iter_mut().find(|peer| peer.name == name) {
            Some(peer) => peer.peer_urls.push(url.into()),
            None => {
                let peer_urls = vec![url.to_string()];
                initial_cluster.push(PeerConfig { name: name.into(), peer_urls });
            }
        }
    }
    Ok(Restore {
        name: text("name"),
        initial_cluster,
        initial_cluster_token: text("initial-cluster-token"),
        initial_advertise_peer_urls,
        profile: invocation.profile(),
        skip_hash_check: invocation.flags.bool("skip-hash-check"),
    })
}

impl Places {
    /// Nothing may be there; from 3.5 on an empty folder is nothing.
    fn are_free(&self, files: &dyn Files, profile: Profile) -> Result<(), String> {
        let dir = &self.data_dir;
        match files.stat(dir) {
            Err(_) => {}
            Ok(_) if profile <= Profile::V3_4 => return Err(format!("data-dir {dir:?} exists")),
            Ok(kind) => {
                let empty = kind == FileKind::Directory
                    && files.list_dir(dir).is_ok_and(|names| names.is_empty());
                if !empty {
                    return Err(format!("data-dir {dir:?} not empty or could not be read"));
                }
            }
        }
        match files.stat(&self.wal_dir) {
            Err(_) => Ok(()),
            Ok(_) => Err(format!("wal-dir {:?} exists", self.wal_dir)),
        }
    }

    fn write(&self, files: &dyn Files, restored: &Restored) -> Result<(), String> {
        files.make_dirs(&format!("{}/member/snap", self.data_dir))?;
        files.make_dirs(&self.wal_dir)?;
        for file in &restored.files {
            let path = match file.path.strip_prefix("member/wal/") {
                Some(name) => format!("{}/{name}", self.wal_dir),
                None => format!("{}/{}", self.data_dir, file.path),
            };
            files.write_file(&path, &file.bytes)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Restoring,
    Restored,
}

/// The library's lines: zap's JSON in 3.4, its console form from 3.5 on.
fn tell(invocation: &Invocation<'_>, line: Line, path: &str, places: &Places) {
    let (old, new, message) = match line {
        Line::Restoring => (296, 251, "restoring snapshot"),
        Line::Restored => (309, 272, "restored snapshot"),
    };
    let snap_dir = format!("{}/member/snap", places.data_dir);
    let fields = [
        ("path", string(path)),
        ("wal-dir", string(&places.wal_dir)),
        ("data-dir", string(&places.data_dir)),
        ("snap-dir", string(&snap_dir)),
    ];
    let place = match invocation.profile() {
        Profile::V3_3 | Profile::V3_4 => format!("snapshot/v3_snapshot.go:{old}"),
        Profile::V3_5 | Profile::V3_6 => format!("snapshot/v3_snapshot.go:{new}"),
    };
    log(invocation, &place, message, &fields);
}

fn tell_members(invocation: &Invocation<'_>, restored: &Restored) {
    let old = invocation.profile() <= Profile::V3_4;
    if !old {
        let message = "Trimming membership information from the backend...";
        log(invocation, "membership/store.go:141", message, &[]);
    }
    for (id, urls) in &restored.members {
        let urls: Vec<String> = urls.iter().map(|url| string(url)).collect();
        let fields = [
            ("cluster-id", string(&format!("{:x}", restored.cluster_id))),
            ("local-member-id", string("0")),
            ("added-peer-id", string(&format!("{id:x}"))),
            ("added-peer-peer-urls", format!("[{}]", urls.join(","))),
        ];
        let place = if old { "membership/cluster.go:392" } else { "membership/cluster.go:421" };
        log(invocation, place, "added member", &fields);
    }
}

fn log(invocation: &Invocation<'_>, place: &str, message: &str, fields: Fields<'_>) {
    let wall_us = invocation.system.wall_us();
    invocation.stderr(if invocation.profile() <= Profile::V3_4 {
        json_line(&seconds(wall_us), ("", place), message, fields)
    } else {
        console_line(wall_us, place, message, fields)
    });
}
