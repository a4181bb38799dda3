//! `-w fields`: one `"Name" : value` per line, strings quoted as in Go.

use std::fmt::{Display, Write};

use proto::etcdserverpb::ResponseHeader;
use proto::mvccpb::KeyValue;

use super::{Health, Reply};
use crate::go::quote::quote;

pub(super) fn print(reply: &Reply<'_>) -> String {
    let mut fields = Fields::default();
    match reply {
        Reply::Get(get) => {
            fields.header(get.header);
            for kv in &get.kvs {
                fields.pair("", kv);
            }
            fields.line("More", get.more);
            fields.line("Count", get.count);
        }
        Reply::Put(put) => {
            fields.header(put.header);
            if let Some(kv) = &put.prev_kv {
                fields.pair("Prev", kv);
            }
        }
        Reply::Del(del) => {
            fields.header(del.header);
            fields.line("Deleted", del.deleted);
            for kv in &del.prev_kvs {
                fields.pair("Prev", kv);
            }
        }
        Reply::Members(members) => fields.members(members),
        Reply::Health(list) => list.iter().for_each(|health| fields.health(health)),
        Reply::Status(list) => {
            for (endpoint, status) in *list {
                fields.status(endpoint, status);
            }
        }
        Reply::HashKv(list) => {
            for (endpoint, reply) in *list {
                fields.header(reply.header);
                fields.quoted("Endpoint", endpoint.as_bytes());
                fields.line("Hash", reply.hash);
                fields.blank();
            }
        }
    }
    fields.text
}

#[derive(Default)]
struct Fields {
    text: String,
}

impl Fields {
    fn line(&mut self, name: &str, value: impl Display) {
        writeln!(self.text, "\"{name}\" : {value}").expect("a String takes every write");
    }

    fn quoted(&mut self, name: &str, value: &[u8]) {
        self.line(name, quote(value));
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn header(&mut self, header: Option<ResponseHeader>) {
        let header = header.unwrap_or_default();
        self.line("ClusterID", header.cluster_id);
        self.line("MemberID", header.member_id);
        self.line("Revision", header.revision);
        self.line("RaftTerm", header.raft_term);
    }

    fn pair(&mut self, prefix: &str, kv: &KeyValue) {
        self.quoted(&format!("{prefix}Key"), &kv.key);
        self.line(&format!("{prefix}CreateRevision"), kv.create_revision);
        self.line(&format!("{prefix}ModRevision"), kv.mod_revision);
        self.line(&format!("{prefix}Version"), kv.version);
        self.quoted(&format!("{prefix}Value"), &kv.value);
        self.line(&format!("{prefix}Lease"), kv.lease);
    }

    fn members(&mut self, list: &proto::etcdserverpb::MemberListResponse) {
        self.header(list.header);
        for member in &list.members {
            self.line("ID", member.id);
            self.quoted("Name", member.name.as_bytes());
            for url in &member.peer_ur_ls {
                self.quoted("PeerURL", url.as_bytes());
            }
            for url in &member.client_ur_ls {
                self.quoted("ClientURL", url.as_bytes());
            }
            self.line("IsLearner", member.is_learner);
            self.blank();
        }
    }

    fn health(&mut self, health: &Health) {
        self.quoted("Endpoint", health.endpoint.as_bytes());
        self.line("Health", health.healthy);
        self.line("Took", &health.took);
        self.line("Error", &health.error);
        self.blank();
    }

    fn status(&mut self, endpoint: &str, status: &proto::etcdserverpb::StatusResponse) {
        self.header(status.header);
        self.quoted("Version", status.version.as_bytes());
        self.line("DBSize", status.db_size);
        self.line("Leader", status.leader);
        self.line("IsLearner", status.is_learner);
        self.line("RaftIndex", status.raft_index);
        self.line("RaftTerm", status.raft_term);
        self.line("RaftAppliedIndex", status.raft_applied_index);
        self.line("Errors", format_args!("[{}]", status.errors.join(" ")));
        self.quoted("Endpoint", endpoint.as_bytes());
        self.blank();
    }
}
