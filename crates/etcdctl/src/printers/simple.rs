//! `-w simple`: what people read, one line per item.

use proto::Profile;
use proto::authpb::Permission;
use proto::authpb::permission::Type;
use proto::etcdserverpb::{
    AuthStatusResponse, LeaseGrantResponse, LeaseKeepAliveResponse, LeaseTimeToLiveResponse,
};
use proto::mvccpb::KeyValue;

use super::{Display, Health, Reply, table};
use crate::client::{ZERO, prefix_end};

pub(super) fn print(display: &Display, reply: &Reply<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    match reply {
        Reply::Get(get) => pairs(&mut text, display, &get.kvs),
        Reply::Put(put) => {
            text.extend(b"OK\n");
            pairs(&mut text, display, put.prev_kv.as_slice());
        }
        Reply::Del(del) => {
            text.extend(format!("{}\n", del.deleted).into_bytes());
            pairs(&mut text, display, &del.prev_kvs);
        }
        Reply::Txn(txn) => {
            text.extend(if txn.succeeded { &b"SUCCESS\n"[..] } else { b"FAILURE\n" });
            for reply in super::replies(txn) {
                text.push(b'\n');
                text.extend(print(display, &reply));
            }
        }
        Reply::Watch(watched) => {
            for event in watched.events.iter().flatten() {
                text.extend(super::event_type(event).as_bytes());
                text.push(b'\n');
                pairs(&mut text, display, event.prev_kv.as_slice());
                pairs(&mut text, display, event.kv.as_slice());
            }
        }
        Reply::Grant(LeaseGrantResponse { id, ttl, .. }) => {
            text.extend(format!("lease {id:016x} granted with TTL({ttl}s)\n").into_bytes());
        }
        Reply::KeepAlive(LeaseKeepAliveResponse { id, ttl, .. }) => {
            text.extend(format!("lease {id:016x} keepalived with TTL({ttl})\n").into_bytes());
        }
        Reply::TimeToLive(lease, keys) => text.extend(time_to_live(lease, *keys)),
        Reply::Leases(list) => {
            text.extend(format!("found {} leases\n", list.leases.len()).into_bytes());
            for lease in &list.leases {
                text.extend(format!("{:016x}\n", lease.id).into_bytes());
            }
        }
        Reply::Membership(_, line) | Reply::MemberAdded(_, line) => text.extend(line.as_bytes()),
        Reply::Alarms(list) => {
            for alarm in &list.alarms {
                text.extend(super::alarm(alarm).into_bytes());
                text.push(b'\n');
            }
        }
        Reply::UserGet(name, user) => {
            let roles: String = user.roles.iter().map(|role| format!(" {role}")).collect();
            text.extend(format!("User: {name}\nRoles:{roles}\n").into_bytes());
        }
        Reply::UserList(list) => lines(&mut text, &list.users),
        Reply::RoleList(list) => lines(&mut text, &list.roles),
        Reply::RoleGet(name, role) => {
            text.extend(format!("Role {name}\n").into_bytes());
            let kinds = [("KV Read:\n", Type::Read), ("KV Write:\n", Type::Write)];
            // Role root may do everything; 3.5 says so.
            let root = *name == "root" && role.perm.is_empty() && display.profile > Profile::V3_4;
            for (heading, kind) in kinds {
                text.extend(heading.as_bytes());
                text.extend(if root { &b"\t[, <open ended>\n"[..] } else { b"" });
                let all = [kind as i32, Type::Readwrite as i32];
                for perm in role.perm.iter().filter(|perm| all.contains(&perm.perm_type)) {
                    text.extend(permission(perm));
                }
            }
        }
        Reply::AuthStatus(AuthStatusResponse { enabled, auth_revision, .. }) => {
            let line = format!("Authentication Status: {enabled}\nAuthRevision: {auth_revision}\n");
            text.extend(line.into_bytes());
        }
        Reply::Done(done) => text.extend(done.text.as_bytes()),
        // Goes line by line to different streams.
        Reply::Health(_) => {}
        Reply::Members(members) => rows(&mut text, &table::members(display.profile, members)),
        Reply::Status(list) => rows(&mut text, &table::status(display.profile, list)),
        Reply::Snapshot(status) => rows(&mut text, &table::snapshot(display.profile, status)),
        Reply::FileHash(hash) => rows(&mut text, &table::file_hash(hash)),
        Reply::HashKv(list) => rows(&mut text, &table::hash_kv(display.profile, list)),
    }
    text
}

/// Which stream a line of `endpoint health` goes to, and the line: 3.4 has them all on standard error.
pub(super) fn health(display: &Display, health: &Health) -> (bool, String) {
    let Health { endpoint, took, error, .. } = health;
    if error.is_empty() {
        let line =
            format!("{endpoint} is healthy: successfully committed proposal: took = {took}\n");
        return (display.profile <= Profile::V3_4, line);
    }
    (true, format!("{endpoint} is unhealthy: failed to commit proposal: {error}\n"))
}

fn time_to_live(lease: &LeaseTimeToLiveResponse, keys: bool) -> Vec<u8> {
    let LeaseTimeToLiveResponse { id, ttl, granted_ttl, .. } = lease;
    if (*granted_ttl, *ttl) == (0, -1) {
        return format!("lease {id:016x} already expired\n").into_bytes();
    }
    let mut text =
        format!("lease {id:016x} granted with TTL({granted_ttl}s), remaining({ttl}s)").into_bytes();
    if keys {
        text.extend(b", attached keys([");
        text.extend(lease.keys.join(&b" "[..]));
        text.extend(b"])");
    }
    text.push(b'\n');
    text
}

/// One line of `role get`. The bracket that an open end lacks is etcd's.
fn permission(perm: &Permission) -> Vec<u8> {
    let Permission { key, range_end: end, .. } = perm;
    let line = match (&end[..], !key.is_empty() && prefix_end(key) == end) {
        ([], _) => [b"\t", &key[..]].concat(),
        (ZERO, false) => [b"\t[", &key[..], b", <open ended>"].concat(),
        (ZERO, true) => [b"\t[", &key[..], b", <open ended> (prefix ", key, b")"].concat(),
        (end, false) => [b"\t[", &key[..], b", ", end, b")"].concat(),
        (end, true) => [b"\t[", &key[..], b", ", end, b") (prefix ", key, b")"].concat(),
    };
    [&line[..], b"\n"].concat()
}

fn lines(text: &mut Vec<u8>, names: &[String]) {
    for name in names {
        text.extend(name.as_bytes());
        text.push(b'\n');
    }
}

fn rows(text: &mut Vec<u8>, rows: &[Vec<String>]) {
    for row in rows {
        text.extend(row.join(", ").into_bytes());
        text.push(b'\n');
    }
}

fn pairs(text: &mut Vec<u8>, display: &Display, kvs: &[KeyValue]) {
    let mut line = |bytes: &[u8]| {
        if display.hex {
            text.extend(bytes.iter().flat_map(|byte| format!("\\x{byte:02x}").into_bytes()));
        } else {
            text.extend(bytes);
        }
        text.push(b'\n');
    };
    for kv in kvs {
        if !display.value_only {
            line(&kv.key);
        }
        line(&kv.value);
    }
}
