//! `-w fields`: one `"Name" : value` per line, strings quoted as in Go. It lacks users, changes of the
//! membership and what came later.

use std::fmt::{Display, Write};

use proto::Profile;
use proto::authpb::permission::Type;
use proto::etcdserverpb::{AlarmType, ResponseHeader};
use proto::mvccpb::KeyValue;

use super::{Display as Settings, Health, Reply};
use crate::go::quote::quote;

pub(super) fn print(settings: &Settings, reply: &Reply<'_>) -> Option<String> {
    let mut fields = Fields { text: String::new(), settings: *settings };
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
        Reply::Snapshot(status) => {
            fields.line("Hash", status.hash);
            fields.line("Revision", status.revision);
            fields.line("Keys", status.total_key);
            fields.line("Size", status.total_size_bytes);
            if settings.profile >= Profile::V3_6 {
                fields.quoted("Version", status.version.as_bytes());
            }
        }
        Reply::FileHash(hash) => {
            fields.line("Hash", hash.hash);
            fields.line("Hash revision", hash.hash_revision);
            fields.line("Compact revision", hash.compact_revision);
        }
        Reply::HashKv(list) => {
            for (endpoint, reply) in *list {
                fields.header(reply.header);
                fields.quoted("Endpoint", endpoint.as_bytes());
                fields.line("Hash", reply.hash);
                if settings.profile >= Profile::V3_6 {
                    fields.line("HashRevision", reply.hash_revision);
                }
                fields.blank();
            }
        }
        Reply::Txn(txn) => {
            fields.header(txn.header);
            fields.line("Succeeded", txn.succeeded);
            let inner = super::replies(txn).filter_map(|reply| print(settings, &reply));
            fields.text.extend(inner);
        }
        Reply::Watch(watched) => {
            fields.header(Some(watched.header));
            for event in watched.events.iter().flatten() {
                fields.line("Type", super::event_type(event));
                for (prefix, kv) in [("Prev", &event.prev_kv), ("", &event.kv)] {
                    if let Some(kv) = kv {
                        fields.pair(prefix, kv);
                    }
                }
            }
        }
        Reply::Grant(lease) => fields.lease(lease.header, lease.id, lease.ttl),
        Reply::KeepAlive(lease) => fields.lease(lease.header, lease.id, lease.ttl),
        Reply::TimeToLive(lease, _) => {
            fields.lease(lease.header, lease.id, lease.ttl);
            fields.line("GrantedTTL", lease.granted_ttl);
            for key in &lease.keys {
                fields.quoted("Key", key);
            }
        }
        Reply::Leases(list) => {
            fields.header(list.header);
            for lease in &list.leases {
                fields.line("ID", lease.id);
            }
        }
        Reply::Alarms(list) => {
            fields.header(list.header);
            for alarm in &list.alarms {
                let kind = AlarmType::try_from(alarm.alarm).unwrap_or(AlarmType::None);
                fields.id("MemberID", alarm.member_id);
                fields.line("AlarmType", kind.as_str_name());
                fields.blank();
            }
        }
        Reply::RoleGet(_, role) => {
            fields.header(role.header);
            for perm in &role.perm {
                let kind = Type::try_from(perm.perm_type).unwrap_or(Type::Read);
                // The second blank is etcd's.
                fields.line("PermType", format_args!(" {}", kind.as_str_name()));
                fields.quoted("Key", &perm.key);
                fields.quoted("RangeEnd", &perm.range_end);
            }
        }
        Reply::RoleList(list) => {
            fields.header(list.header);
            let names: String =
                list.roles.iter().map(|role| format!(" {}", quote(role.as_bytes()))).collect();
            fields.text.push_str(&format!("\"Roles\" :{names}\n"));
        }
        Reply::Done(done) if done.fields => fields.header(done.header),
        Reply::Membership(..)
        | Reply::MemberAdded(..)
        | Reply::UserGet(..)
        | Reply::UserList(_)
        | Reply::AuthStatus(_)
        | Reply::Done(_) => return None,
    }
    Some(fields.text)
}

struct Fields {
    text: String,
    settings: Settings,
}

impl Fields {
    fn line(&mut self, name: &str, value: impl Display) {
        writeln!(self.text, "\"{name}\" : {value}").expect("a String takes every write");
    }

    /// `--hex` is for ids too from 3.6 on.
    fn has_hex_ids(&self) -> bool {
        self.settings.hex && self.settings.profile >= Profile::V3_6
    }

    fn id(&mut self, name: &str, id: u64) {
        match self.has_hex_ids() {
            true => self.line(name, format_args!("{id:016x}")),
            false => self.line(name, id),
        }
    }

    fn quoted(&mut self, name: &str, value: &[u8]) {
        self.line(name, quote(value));
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn header(&mut self, header: Option<ResponseHeader>) {
        let header = header.unwrap_or_default();
        if self.has_hex_ids() {
            self.line("ClusterID", format_args!("{:x}", header.cluster_id));
            self.line("MemberID", format_args!("{:x}", header.member_id));
        } else {
            self.line("ClusterID", header.cluster_id);
            self.line("MemberID", header.member_id);
        }
        if header.revision != 0 || self.settings.profile < Profile::V3_6 {
            self.line("Revision", header.revision);
        }
        self.line("RaftTerm", header.raft_term);
    }

    fn pair(&mut self, prefix: &str, kv: &KeyValue) {
        self.quoted(&format!("{prefix}Key"), &kv.key);
        self.line(&format!("{prefix}CreateRevision"), kv.create_revision);
        self.line(&format!("{prefix}ModRevision"), kv.mod_revision);
        self.line(&format!("{prefix}Version"), kv.version);
        self.quoted(&format!("{prefix}Value"), &kv.value);
        let name = format!("{prefix}Lease");
        match self.has_hex_ids() {
            true => self.line(&name, format_args!("{:016x}", kv.lease)),
            false => self.line(&name, kv.lease),
        }
    }

    fn lease(&mut self, header: Option<ResponseHeader>, id: i64, ttl: i64) {
        self.header(header);
        self.line("ID", id);
        self.line("TTL", ttl);
    }

    fn members(&mut self, list: &proto::etcdserverpb::MemberListResponse) {
        self.header(list.header);
        for member in &list.members {
            self.id("ID", member.id);
            self.quoted("Name", member.name.as_bytes());
            for url in &member.peer_ur_ls {
                self.quoted("PeerURL", url.as_bytes());
            }
            for url in &member.client_ur_ls {
                self.quoted("ClientURL", url.as_bytes());
            }
            if self.settings.profile > Profile::V3_3 {
                self.line("IsLearner", member.is_learner);
            }
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
        let profile = self.settings.profile;
        self.header(status.header);
        self.quoted("Version", status.version.as_bytes());
        if profile >= Profile::V3_6 {
            self.quoted("StorageVersion", status.storage_version.as_bytes());
        }
        self.line("DBSize", status.db_size);
        if profile >= Profile::V3_6 {
            self.line("DBSizeInUse", status.db_size_in_use);
            self.line("DBSizeQuota", status.db_size_quota);
        }
        self.id("Leader", status.leader);
        if profile > Profile::V3_3 {
            self.line("IsLearner", status.is_learner);
        }
        self.line("RaftIndex", status.raft_index);
        self.line("RaftTerm", status.raft_term);
        if profile > Profile::V3_3 {
            self.line("RaftAppliedIndex", status.raft_applied_index);
            self.line("Errors", format_args!("[{}]", status.errors.join(" ")));
        }
        self.quoted("Endpoint", endpoint.as_bytes());
        if profile >= Profile::V3_6 {
            let info = status.downgrade_info.clone().unwrap_or_default();
            self.quoted("DowngradeTargetVersion", info.target_version.as_bytes());
            self.line("DowngradeEnabled", info.enabled);
        }
        self.blank();
    }
}
