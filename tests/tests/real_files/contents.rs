//! What is put into a member, and what is looked at to see that it is there.

use bytes::Bytes;
use prost::Message;
use proto::authpb::Permission;
use proto::authpb::permission::Type as PermissionType;
use proto::etcdserverpb::*;
use proto::{Metadata, method};

use crate::Server;

/// The administrator's name and password, where auth is on.
pub(crate) struct Root(Option<&'static str>);

fn ask<R: Message + Default>(
    server: &mut impl Server,
    metadata: &Metadata,
    method: &str,
    request: &impl Message,
) -> R {
    let answer = server.ask(method, metadata, &request.encode_to_vec());
    let answer = answer.unwrap_or_else(|status| panic!("{method}: {status}"));
    R::decode(answer).expect("a response")
}

/// Keys with a history, a compaction, leases; with users also roles, and auth switched on.
pub(crate) fn deeds(server: &mut impl Server, with_users: bool) -> Root {
    let nobody = &Metadata::default();
    for (id, ttl) in [(7, 6000), (0x7fff_ffff_ffff_0001, 90_000)] {
        let _: LeaseGrantResponse =
            ask(server, nobody, method::lease::LEASE_GRANT, &LeaseGrantRequest { id, ttl });
    }
    for n in 0..40 {
        let lease = if n % 5 == 0 { 7 } else { 0 };
        let put = PutRequest {
            key: format!("k{}", n % 15).into(),
            value: vec![b'v'; 1 + n * 37].into(),
            lease,
            ..PutRequest::default()
        };
        let _: PutResponse = ask(server, nobody, method::kv::PUT, &put);
    }
    for key in ["k3", "k7"] {
        let delete = DeleteRangeRequest { key: key.into(), ..DeleteRangeRequest::default() };
        let _: DeleteRangeResponse = ask(server, nobody, method::kv::DELETE_RANGE, &delete);
    }
    let compact = CompactionRequest { revision: 20, physical: true };
    let _: CompactionResponse = ask(server, nobody, method::kv::COMPACT, &compact);
    let large = PutRequest {
        key: "large".into(),
        value: Bytes::from(vec![b'x'; 300_000]),
        ..PutRequest::default()
    };
    let _: PutResponse = ask(server, nobody, method::kv::PUT, &large);
    if with_users {
        users(server);
    }
    Root(with_users.then_some("root"))
}

fn users(server: &mut impl Server) {
    let nobody = &Metadata::default();
    for name in ["root", "alice"] {
        let name = name.to_string();
        let user =
            AuthUserAddRequest { name: name.clone(), password: name.clone(), ..Default::default() };
        let _: AuthUserAddResponse = ask(server, nobody, method::auth::USER_ADD, &user);
        let role = AuthRoleAddRequest { name: name.clone() };
        let _: AuthRoleAddResponse = ask(server, nobody, method::auth::ROLE_ADD, &role);
        let grant = AuthUserGrantRoleRequest { user: name.clone(), role: name };
        let _: AuthUserGrantRoleResponse =
            ask(server, nobody, method::auth::USER_GRANT_ROLE, &grant);
    }
    let perm = Permission {
        perm_type: PermissionType::Readwrite as i32,
        key: "k1".into(),
        range_end: "k2".into(),
    };
    let grant = AuthRoleGrantPermissionRequest { name: "alice".into(), perm: Some(perm) };
    let _: AuthRoleGrantPermissionResponse =
        ask(server, nobody, method::auth::ROLE_GRANT_PERMISSION, &grant);
    let _: AuthEnableResponse =
        ask(server, nobody, method::auth::AUTH_ENABLE, &AuthEnableRequest {});
}

/// What every later request carries.
pub(crate) fn login(server: &mut impl Server, root: &Root) -> Metadata {
    let Some(name) = root.0 else { return Metadata::default() };
    let request = AuthenticateRequest { name: name.into(), password: name.into() };
    let answer: AuthenticateResponse =
        ask(server, &Metadata::default(), method::auth::AUTHENTICATE, &request);
    Metadata { token: Some(answer.token), ..Metadata::default() }
}

/// Everything that must be the same, one line each.
pub(crate) fn contents(server: &mut impl Server, root: &Root) -> Vec<String> {
    let metadata = &login(server, root);
    let mut told = Vec::new();
    let hash: HashKvResponse =
        ask(server, metadata, method::maintenance::HASH_KV, &HashKvRequest::default());
    told.push(format!("hash {} compacted {}", hash.hash, hash.compact_revision));
    for revision in [0, 21, 30, 41] {
        let range = RangeRequest {
            key: vec![0].into(),
            range_end: vec![0].into(),
            revision,
            ..RangeRequest::default()
        };
        let answer: RangeResponse = ask(server, metadata, method::kv::RANGE, &range);
        told.push(format!("revision {}", answer.header.unwrap_or_default().revision));
        told.extend(answer.kvs.iter().map(|kv| format!("at {revision}: {}", short(kv))));
    }
    let leases: LeaseLeasesResponse =
        ask(server, metadata, method::lease::LEASE_LEASES, &LeaseLeasesRequest {});
    let mut ids: Vec<i64> = leases.leases.iter().map(|lease| lease.id).collect();
    ids.sort_unstable();
    for id in ids {
        let request = LeaseTimeToLiveRequest { id, keys: true };
        let lease: LeaseTimeToLiveResponse =
            ask(server, metadata, method::lease::LEASE_TIME_TO_LIVE, &request);
        let mut keys = lease.keys;
        keys.sort();
        told.push(format!("lease {id}: {} {keys:?}", lease.granted_ttl));
    }
    let users: AuthUserListResponse =
        ask(server, metadata, method::auth::USER_LIST, &AuthUserListRequest {});
    for name in users.users {
        let request = AuthUserGetRequest { name: name.clone() };
        let user: AuthUserGetResponse = ask(server, metadata, method::auth::USER_GET, &request);
        told.push(format!("user {name}: {:?}", user.roles));
    }
    let roles: AuthRoleListResponse =
        ask(server, metadata, method::auth::ROLE_LIST, &AuthRoleListRequest {});
    for role in roles.roles {
        let request = AuthRoleGetRequest { role: role.clone() };
        let answer: AuthRoleGetResponse = ask(server, metadata, method::auth::ROLE_GET, &request);
        told.push(format!("role {role}: {:?}", answer.perm));
    }
    told
}

fn short(kv: &proto::mvccpb::KeyValue) -> String {
    format!(
        "{:?} {} bytes, created {} modified {} version {} lease {}",
        kv.key,
        kv.value.len(),
        kv.create_revision,
        kv.mod_revision,
        kv.version,
        kv.lease
    )
}
