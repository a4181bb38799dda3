//! `-w table`, for lists of members and endpoints only. The simple format prints the same rows.

use bolt::SnapshotStatus;
use member::FileHash;
use proto::etcdserverpb::{HashKvResponse, MemberListResponse, StatusResponse};

use proto::Profile;

use super::{Health, Reply};
use crate::go::humanize;
use crate::table::draw;

/// The headings of `endpoint status` with the releases that have them.
const STATUS: [(&str, Profile); 16] = [
    ("endpoint", Profile::V3_3),
    ("id", Profile::V3_3),
    ("version", Profile::V3_3),
    ("storage version", Profile::V3_6),
    ("db size", Profile::V3_3),
    ("in use", Profile::V3_6),
    ("percentage not in use", Profile::V3_6),
    ("quota", Profile::V3_6),
    ("is leader", Profile::V3_3),
    ("is learner", Profile::V3_4),
    ("raft term", Profile::V3_3),
    ("raft index", Profile::V3_3),
    ("raft applied index", Profile::V3_4),
    ("errors", Profile::V3_4),
    ("downgrade target version", Profile::V3_6),
    ("downgrade enabled", Profile::V3_6),
];

pub(super) fn print(profile: Profile, reply: &Reply<'_>) -> Option<String> {
    // What a release does not have yet stands at the end, but for the state of endpoints.
    let until = |headings: &[&'static str], since: Profile| -> Vec<&'static str> {
        let count = headings.len() - usize::from(profile < since);
        headings[..count].to_vec()
    };
    Some(match reply {
        Reply::Members(list) => {
            let all = ["id", "status", "name", "peer addrs", "client addrs", "is learner"];
            draw(&until(&all, Profile::V3_4), &members(profile, list))
        }
        Reply::Health(list) => draw(&["endpoint", "health", "took", "error"], &health(list)),
        Reply::Status(list) => {
            let there = STATUS.iter().filter(|(_, since)| profile >= *since);
            draw(&there.map(|(heading, _)| *heading).collect::<Vec<_>>(), &status(profile, list))
        }
        Reply::Snapshot(status) => {
            let all = ["hash", "revision", "total keys", "total size", "version"];
            draw(&until(&all, Profile::V3_6), &snapshot(profile, status))
        }
        Reply::FileHash(hash) => {
            draw(&["hash", "hash revision", "compact revision"], &file_hash(hash))
        }
        Reply::HashKv(list) => draw(
            &until(&["endpoint", "hash", "hash revision"], Profile::V3_6),
            &hash_kv(profile, list),
        ),
        _ => return None,
    })
}

pub(super) fn members(profile: Profile, list: &MemberListResponse) -> Vec<Vec<String>> {
    let row = |member: &proto::etcdserverpb::Member| {
        let status = if member.name.is_empty() { "unstarted" } else { "started" };
        let mut row = vec![
            format!("{:x}", member.id),
            status.to_string(),
            member.name.clone(),
            member.peer_ur_ls.join(","),
            member.client_ur_ls.join(","),
        ];
        if profile > Profile::V3_3 {
            row.push(member.is_learner.to_string());
        }
        row
    };
    list.members.iter().map(row).collect()
}

fn health(list: &[Health]) -> Vec<Vec<String>> {
    let row = |health: &Health| {
        let healthy = health.healthy.to_string();
        vec![health.endpoint.clone(), healthy, health.took.clone(), health.error.clone()]
    };
    list.iter().map(row).collect()
}

pub(super) fn status(profile: Profile, list: &[(String, StatusResponse)]) -> Vec<Vec<String>> {
    let size = |bytes: i64| humanize::bytes(u64::try_from(bytes).unwrap_or(0));
    let row = |(endpoint, status): &(String, StatusResponse)| {
        let id = status.header.unwrap_or_default().member_id;
        let info = status.downgrade_info.clone().unwrap_or_default();
        let used = status.db_size_in_use.saturating_mul(100).checked_div(status.db_size);
        let cells = [
            endpoint.clone(),
            format!("{id:x}"),
            status.version.clone(),
            status.storage_version.clone(),
            size(status.db_size),
            size(status.db_size_in_use),
            format!("{}%", 100 - used.unwrap_or(100)),
            size(status.db_size_quota),
            (status.leader == id).to_string(),
            status.is_learner.to_string(),
            status.raft_term.to_string(),
            status.raft_index.to_string(),
            status.raft_applied_index.to_string(),
            status.errors.join(", "),
            info.target_version,
            info.enabled.to_string(),
        ];
        let there = cells.into_iter().zip(STATUS).filter(|(_, (_, since))| profile >= *since);
        there.map(|(cell, _)| cell).collect()
    };
    list.iter().map(row).collect()
}

pub(super) fn snapshot(profile: Profile, status: &SnapshotStatus) -> Vec<Vec<String>> {
    let mut row = vec![
        format!("{:x}", status.hash),
        status.revision.to_string(),
        status.total_key.to_string(),
        humanize::bytes(status.total_size_bytes),
    ];
    if profile >= Profile::V3_6 {
        row.push(status.version.clone());
    }
    vec![row]
}

pub(super) fn file_hash(hash: &FileHash) -> Vec<Vec<String>> {
    let FileHash { hash, hash_revision, compact_revision } = hash;
    vec![vec![hash.to_string(), hash_revision.to_string(), compact_revision.to_string()]]
}

pub(super) fn hash_kv(profile: Profile, list: &[(String, HashKvResponse)]) -> Vec<Vec<String>> {
    let row = |(endpoint, reply): &(String, HashKvResponse)| {
        let mut row = vec![endpoint.clone(), reply.hash.to_string()];
        if profile >= Profile::V3_6 {
            row.push(reply.hash_revision.to_string());
        }
        row
    };
    list.iter().map(row).collect()
}
