//! `-w table`, for lists of members and endpoints only. The simple format prints the same rows.

use bolt::SnapshotStatus;
use proto::etcdserverpb::{HashKvResponse, MemberListResponse, StatusResponse};

use super::{Health, Reply};
use crate::go::humanize;
use crate::table::draw;

pub(super) fn print(reply: &Reply<'_>) -> Option<String> {
    Some(match reply {
        Reply::Members(list) => draw(
            &["id", "status", "name", "peer addrs", "client addrs", "is learner"],
            &members(list),
        ),
        Reply::Health(list) => draw(&["endpoint", "health", "took", "error"], &health(list)),
        Reply::Status(list) => draw(
            &[
                "endpoint",
                "id",
                "version",
                "db size",
                "is leader",
                "is learner",
                "raft term",
                "raft index",
                "raft applied index",
                "errors",
            ],
            &status(list),
        ),
        Reply::Snapshot(status) => {
            draw(&["hash", "revision", "total keys", "total size"], &snapshot(status))
        }
        Reply::HashKv(list) => draw(&["endpoint", "hash"], &hash_kv(list)),
        _ => return None,
    })
}

pub(super) fn members(list: &MemberListResponse) -> Vec<Vec<String>> {
    let row = |member: &proto::etcdserverpb::Member| {
        let status = if member.name.is_empty() { "unstarted" } else { "started" };
        vec![
            format!("{:x}", member.id),
            status.to_string(),
            member.name.clone(),
            member.peer_ur_ls.join(","),
            member.client_ur_ls.join(","),
            member.is_learner.to_string(),
        ]
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

pub(super) fn status(list: &[(String, StatusResponse)]) -> Vec<Vec<String>> {
    let row = |(endpoint, status): &(String, StatusResponse)| {
        let id = status.header.unwrap_or_default().member_id;
        vec![
            endpoint.clone(),
            format!("{id:x}"),
            status.version.clone(),
            humanize::bytes(u64::try_from(status.db_size).unwrap_or(0)),
            (status.leader == id).to_string(),
            status.is_learner.to_string(),
            status.raft_term.to_string(),
            status.raft_index.to_string(),
            status.raft_applied_index.to_string(),
            status.errors.join(", "),
        ]
    };
    list.iter().map(row).collect()
}

pub(super) fn snapshot(status: &SnapshotStatus) -> Vec<Vec<String>> {
    vec![vec![
        format!("{:x}", status.hash),
        status.revision.to_string(),
        status.total_key.to_string(),
        humanize::bytes(status.total_size_bytes),
    ]]
}

pub(super) fn hash_kv(list: &[(String, HashKvResponse)]) -> Vec<Vec<String>> {
    list.iter().map(|(endpoint, reply)| vec![endpoint.clone(), reply.hash.to_string()]).collect()
}
