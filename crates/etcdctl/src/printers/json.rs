//! `-w json`: one line, as Go's encoding/json prints the messages' structs: fields in order of
//! their tags, empty ones left out.

use proto::Profile;
use proto::authpb::Permission;
use proto::base64::encode_padded;
use proto::etcdserverpb::{
    AlarmMember, DowngradeInfo, HashKvResponse, Member, MemberListResponse, ResponseHeader,
    StatusResponse, TxnResponse,
};
use proto::mvccpb::{Event, KeyValue};

use super::{Display, Health, Reply};
use crate::go::json::{Object, array, string};

pub(super) fn print(display: &Display, reply: &Reply<'_>) -> String {
    object(display, reply) + "\n"
}

fn object(display: &Display, reply: &Reply<'_>) -> String {
    match reply {
        Reply::Get(get) => with_header(get.header)
            .array_or_none("kvs", get.kvs.iter().map(pair).collect())
            .bool_or_none("more", get.more)
            .number_or_none("count", get.count)
            .end(),
        Reply::Put(put) => {
            with_header(put.header).raw_or_none("prev_kv", put.prev_kv.as_ref().map(pair)).end()
        }
        Reply::Del(del) => with_header(del.header)
            .number_or_none("deleted", del.deleted)
            .array_or_none("prev_kvs", del.prev_kvs.iter().map(pair).collect())
            .end(),
        Reply::Txn(txn) => with_header(txn.header)
            .bool_or_none("succeeded", txn.succeeded)
            .array_or_none("responses", inner(display, txn))
            .end(),
        Reply::Watch(watched) => Object::new()
            .raw("Header", header(&watched.header).end())
            .raw(
                "Events",
                match &watched.events {
                    Some(events) => array(events.iter().map(event).collect()),
                    None => "null".to_string(),
                },
            )
            .raw("CompactRevision", watched.compact_revision)
            .raw("Canceled", watched.canceled)
            .raw("Created", false)
            .end(),
        Reply::Grant(lease) => flat(&lease.header)
            .raw("ID", lease.id)
            .raw("TTL", lease.ttl)
            .string("Error", &lease.error)
            .end(),
        Reply::KeepAlive(lease) => {
            flat(&lease.header).raw("ID", lease.id).raw("TTL", lease.ttl).end()
        }
        Reply::TimeToLive(lease, _) => flat(&lease.header)
            .raw("id", lease.id)
            .raw("ttl", lease.ttl)
            .raw("granted-ttl", lease.granted_ttl)
            .raw(
                "keys",
                match &lease.keys[..] {
                    [] => "null".to_string(),
                    keys => array(
                        keys.iter().map(|key| format!("\"{}\"", encode_padded(key))).collect(),
                    ),
                },
            )
            .end(),
        Reply::Leases(list) => {
            let ids = list.leases.iter().map(|lease| Object::new().raw("id", lease.id).end());
            flat(&list.header).raw("leases", array(ids.collect())).end()
        }
        Reply::Members(list) if display.hex && display.profile > Profile::V3_4 => {
            hex_members(display.profile, list)
        }
        Reply::MemberAdded(reply, _) => with_header(reply.header)
            .raw_or_none("member", reply.member.as_ref().map(member))
            .array_or_none("members", reply.members.iter().map(member).collect())
            .end(),
        Reply::Alarms(list) => with_header(list.header)
            .array_or_none("alarms", list.alarms.iter().map(alarm).collect())
            .end(),
        Reply::UserGet(_, user) => {
            with_header(user.header).array_or_none("roles", strings(&user.roles)).end()
        }
        Reply::UserList(list) => {
            with_header(list.header).array_or_none("users", strings(&list.users)).end()
        }
        Reply::RoleGet(_, role) => with_header(role.header)
            .array_or_none("perm", role.perm.iter().map(permission).collect())
            .end(),
        Reply::RoleList(list) => {
            with_header(list.header).array_or_none("roles", strings(&list.roles)).end()
        }
        Reply::AuthStatus(status) => with_header(status.header)
            .bool_or_none("enabled", status.enabled)
            .number_or_none("authRevision", status.auth_revision)
            .end(),
        Reply::Done(done) => with_header(done.header).end(),
        Reply::Members(list) | Reply::Membership(list, _) => with_header(list.header)
            .array_or_none("members", list.members.iter().map(member).collect())
            .end(),
        Reply::Health(list) => array(list.iter().map(health).collect()),
        Reply::Status(list) => array(list.iter().map(|(ep, reply)| status(ep, reply)).collect()),
        Reply::Snapshot(status) => Object::new()
            .raw("hash", status.hash)
            .raw("revision", status.revision)
            .raw("totalKey", status.total_key)
            .raw("totalSize", status.total_size_bytes)
            .raw_or_none(
                "version",
                (display.profile >= Profile::V3_6).then(|| string(&status.version)),
            )
            .end(),
        Reply::FileHash(hash) => Object::new()
            .raw("hash", hash.hash)
            .raw("hashRevision", hash.hash_revision)
            .raw("compactRevision", hash.compact_revision)
            .end(),
        Reply::HashKv(list) => array(list.iter().map(|(ep, reply)| hash_kv(ep, reply)).collect()),
    }
}

/// The replies inside a transaction's, each under the name of its field: Go's name in 3.4, the
/// protocol's from 3.5 on.
fn inner(display: &Display, txn: &TxnResponse) -> Vec<String> {
    let old = display.profile <= Profile::V3_4;
    let named = |reply: Reply<'_>| {
        let name = match reply {
            Reply::Get(_) if old => "ResponseRange",
            Reply::Get(_) => "response_range",
            Reply::Put(_) if old => "ResponsePut",
            Reply::Put(_) => "response_put",
            _ if old => "ResponseDeleteRange",
            _ => "response_delete_range",
        };
        let inner = Object::new().raw(name, object(display, &reply)).end();
        Object::new().raw("Response", inner).end()
    };
    super::replies(txn).map(named).collect()
}

/// A member list with `--hex` is written by hand from 3.5 on, which has a capital S where 3.6 has none.
fn hex_members(profile: Profile, list: &MemberListResponse) -> String {
    let head = list.header.unwrap_or_default();
    let member = |member: &Member| {
        Object::new()
            .raw("ID", format_args!("\"{:x}\"", member.id))
            .raw("name", format_args!("\"{}\"", member.name))
            .raw("peerURLs", array(strings(&member.peer_ur_ls)))
            .raw(
                if profile < Profile::V3_6 { "clientURLS" } else { "clientURLs" },
                array(strings(&member.client_ur_ls)),
            )
            .end()
    };
    let head = Object::new()
        .raw("cluster_id", format_args!("\"{:x}\"", head.cluster_id))
        .raw("member_id", format_args!("\"{:x}\"", head.member_id))
        .raw("raft_term", format_args!("{:x}", head.raft_term))
        .end();
    Object::new()
        .raw("header", head)
        .array_or_none("members", list.members.iter().map(member).collect())
        .end()
}

fn header(header: &ResponseHeader) -> Object {
    Object::new()
        .number_or_none("cluster_id", header.cluster_id)
        .number_or_none("member_id", header.member_id)
        .number_or_none("revision", header.revision)
        .number_or_none("raft_term", header.raft_term)
}

/// A Go struct that embeds the header.
fn flat(head: &Option<ResponseHeader>) -> Object {
    header(&head.unwrap_or_default())
}

fn with_header(head: Option<ResponseHeader>) -> Object {
    Object::new().raw_or_none("header", head.map(|head| header(&head).end()))
}

fn event(event: &Event) -> String {
    Object::new()
        .number_or_none("type", event.r#type)
        .raw_or_none("kv", event.kv.as_ref().map(pair))
        .raw_or_none("prev_kv", event.prev_kv.as_ref().map(pair))
        .end()
}

fn alarm(alarm: &AlarmMember) -> String {
    Object::new()
        .number_or_none("memberID", alarm.member_id)
        .number_or_none("alarm", alarm.alarm)
        .end()
}

fn permission(perm: &Permission) -> String {
    Object::new()
        .number_or_none("permType", perm.perm_type)
        .bytes_or_none("key", &perm.key)
        .bytes_or_none("range_end", &perm.range_end)
        .end()
}

fn pair(kv: &KeyValue) -> String {
    Object::new()
        .bytes_or_none("key", &kv.key)
        .number_or_none("create_revision", kv.create_revision)
        .number_or_none("mod_revision", kv.mod_revision)
        .number_or_none("version", kv.version)
        .bytes_or_none("value", &kv.value)
        .number_or_none("lease", kv.lease)
        .end()
}

fn strings(list: &[String]) -> Vec<String> {
    list.iter().map(|text| string(text)).collect()
}

fn member(member: &Member) -> String {
    Object::new()
        .number_or_none("ID", member.id)
        .string_or_none("name", &member.name)
        .array_or_none("peerURLs", strings(&member.peer_ur_ls))
        .array_or_none("clientURLs", strings(&member.client_ur_ls))
        .bool_or_none("isLearner", member.is_learner)
        .end()
}

fn health(health: &Health) -> String {
    Object::new()
        .string("endpoint", &health.endpoint)
        .raw("health", health.healthy)
        .string("took", &health.took)
        .string_or_none("error", &health.error)
        .end()
}

fn status(endpoint: &str, status: &StatusResponse) -> String {
    let inner = with_header(status.header)
        .string_or_none("version", &status.version)
        .number_or_none("dbSize", status.db_size)
        .number_or_none("leader", status.leader)
        .number_or_none("raftIndex", status.raft_index)
        .number_or_none("raftTerm", status.raft_term)
        .number_or_none("raftAppliedIndex", status.raft_applied_index)
        .array_or_none("errors", strings(&status.errors))
        .number_or_none("dbSizeInUse", status.db_size_in_use)
        .bool_or_none("isLearner", status.is_learner)
        .string_or_none("storageVersion", &status.storage_version)
        .number_or_none("dbSizeQuota", status.db_size_quota)
        .raw_or_none("downgradeInfo", status.downgrade_info.as_ref().map(downgrade))
        .end();
    Object::new().string("Endpoint", endpoint).raw("Status", inner).end()
}

fn downgrade(info: &DowngradeInfo) -> String {
    Object::new()
        .bool_or_none("enabled", info.enabled)
        .string_or_none("targetVersion", &info.target_version)
        .end()
}

fn hash_kv(endpoint: &str, reply: &HashKvResponse) -> String {
    let inner = with_header(reply.header)
        .number_or_none("hash", reply.hash)
        .number_or_none("compact_revision", reply.compact_revision)
        .number_or_none("hash_revision", reply.hash_revision)
        .end();
    Object::new().string("Endpoint", endpoint).raw("HashKV", inner).end()
}
