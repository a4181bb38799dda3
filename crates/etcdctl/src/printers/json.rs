//! `-w json`: one line, as Go's encoding/json prints the messages' structs: fields in order of
//! their tags, empty ones left out.

use proto::etcdserverpb::{HashKvResponse, Member, ResponseHeader, StatusResponse};
use proto::mvccpb::KeyValue;

use super::{Health, Reply};
use crate::go::json::{Object, array, string};

pub(super) fn print(reply: &Reply<'_>) -> String {
    let text = match reply {
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
        Reply::Members(list) => with_header(list.header)
            .array_or_none("members", list.members.iter().map(member).collect())
            .end(),
        Reply::Health(list) => array(list.iter().map(health).collect()),
        Reply::Status(list) => array(list.iter().map(|(ep, reply)| status(ep, reply)).collect()),
        Reply::HashKv(list) => array(list.iter().map(|(ep, reply)| hash_kv(ep, reply)).collect()),
    };
    text + "\n"
}

fn with_header(header: Option<ResponseHeader>) -> Object {
    let header = header.map(|header| {
        Object::new()
            .number_or_none("cluster_id", header.cluster_id)
            .number_or_none("member_id", header.member_id)
            .number_or_none("revision", header.revision)
            .number_or_none("raft_term", header.raft_term)
            .end()
    });
    Object::new().raw_or_none("header", header)
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
        .end();
    Object::new().string("Endpoint", endpoint).raw("Status", inner).end()
}

fn hash_kv(endpoint: &str, reply: &HashKvResponse) -> String {
    let inner = with_header(reply.header)
        .number_or_none("hash", reply.hash)
        .number_or_none("compact_revision", reply.compact_revision)
        .end();
    Object::new().string("Endpoint", endpoint).raw("HashKV", inner).end()
}
