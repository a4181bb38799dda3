//! What replies look like that no plain line of the recordings shows: membership, leadership, alarms,
//! roles, and formats that lack them.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use etcdctl::memory::{Answer, Call, Memory};
use prost::Message;
use proto::authpb::Permission;
use proto::etcdserverpb::*;
use proto::{Profile, method};

fn encode(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

fn header() -> Option<ResponseHeader> {
    Some(ResponseHeader { cluster_id: 0xcafe, member_id: 0xa1, revision: 1, raft_term: 2 })
}

fn member(id: u64, name: &str, url: &str) -> Member {
    let (name, peer_ur_ls) = (name.to_string(), vec![url.to_string()]);
    Member { id, name, peer_ur_ls, ..Member::default() }
}

fn serve(call: &Call<'_>) -> Answer {
    let new = member(0xb2, "", "http://m2:2380");
    let old = member(0xa1, "m1", "http://m1:2380");
    let header = header();
    let reply = match call.method {
        method::cluster::MEMBER_ADD => {
            let members = vec![old, new.clone()];
            encode(&MemberAddResponse { header, member: Some(new), members })
        }
        method::cluster::MEMBER_LIST => {
            encode(&MemberListResponse { header, members: vec![old, new] })
        }
        method::cluster::MEMBER_REMOVE => {
            encode(&MemberRemoveResponse { header, members: vec![old] })
        }
        method::maintenance::STATUS => {
            let leader = if call.address.ends_with(":1") { 0xb2 } else { 0xa1 };
            encode(&StatusResponse { header, leader, ..Default::default() })
        }
        method::maintenance::MOVE_LEADER => encode(&MoveLeaderResponse { header }),
        method::maintenance::ALARM => {
            let alarms = vec![AlarmMember { member_id: 0xa1, alarm: 1 }];
            encode(&AlarmResponse { header, alarms })
        }
        method::auth::ROLE_GET => {
            let perm = [(0, "k", ""), (2, "a", "b"), (1, "a", "\0")].map(|(kind, key, end)| {
                let (key, range_end) = (Bytes::from(key), Bytes::from(end));
                Permission { perm_type: kind, key, range_end }
            });
            encode(&AuthRoleGetResponse { header, perm: perm.to_vec() })
        }
        method::auth::ROLE_LIST => {
            let roles = vec!["r\"1".to_string(), "r2".to_string()];
            encode(&AuthRoleListResponse { header, roles })
        }
        method::auth::USER_GET => encode(&AuthUserGetResponse { header, roles: Vec::new() }),
        method::auth::AUTH_STATUS => {
            encode(&AuthStatusResponse { header, enabled: true, auth_revision: 4 })
        }
        method::lease::LEASE_GRANT => {
            encode(&LeaseGrantResponse { header, id: 7, ttl: 9, ..Default::default() })
        }
        method::lease::LEASE_LEASES => encode(&LeaseLeasesResponse { header, leases: Vec::new() }),
        _ => encode(&LeaseRevokeResponse { header }),
    };
    (Some(100), Ok(reply))
}

#[track_caller]
fn check(profile: Profile, args: &str, code: i32, expected: &str) {
    let mut system = Memory::serving(serve);
    system.profile = profile;
    assert_eq!(system.run(&args.split(' ').collect::<Vec<_>>()), Some(code), "{args}");
    let terminal = String::from_utf8(system.terminal.take()).unwrap();
    assert_eq!(terminal, expected, "{args}");
}

#[test]
fn membership_changes_print_what_comes_next() {
    let (old, new) = (Profile::V3_4, Profile::V3_5);
    let added = "\
Member               b2 added to cluster             cafe

ETCD_NAME=\"m2\"
ETCD_INITIAL_CLUSTER=\"m1=http://m1:2380,m2=http://m2:2380\"
ETCD_INITIAL_ADVERTISE_PEER_URLS=\"http://m2:2380\"
ETCD_INITIAL_CLUSTER_STATE=\"existing\"
";
    check(old, "member add m2 --peer-urls=http://m2:2380", 0, added);
    let json = "{\"header\":{\"cluster_id\":51966,\"member_id\":161,\"revision\":1,\"raft_term\":2},\"member\":{\"ID\":178,\"peerURLs\":[\"http://m2:2380\"]},\"members\":[{\"ID\":161,\"name\":\"m1\",\"peerURLs\":[\"http://m1:2380\"]},{\"ID\":178,\"peerURLs\":[\"http://m2:2380\"]}]}\n";
    check(old, "member add m2 --peer-urls=http://m2:2380 -w json", 0, json);
    let removed = "Member               b2 removed from cluster             cafe\n";
    check(old, "member remove b2", 0, removed);
    check(old, "member remove b2 -w fields", 4, "Error: fields not supported as output format\n");
    let hex = "{\"header\":{\"cluster_id\":\"cafe\",\"member_id\":\"a1\",\"raft_term\":2},\"members\":[{\"ID\":\"a1\",\"name\":\"m1\",\"peerURLs\":[\"http://m1:2380\"],\"clientURLS\":[]},{\"ID\":\"b2\",\"name\":\"\",\"peerURLs\":[\"http://m2:2380\"],\"clientURLS\":[]}]}\n";
    check(new, "member list -w json --hex", 0, hex);
}

#[test]
fn leadership_moves_by_the_endpoint_that_leads() {
    let moved = "Leadership transferred from a1 to b2\n";
    check(Profile::V3_4, "move-leader b2 --endpoints=127.0.0.1:1,127.0.0.1:2", 0, moved);
    let none = "Error: no leader endpoint given at [127.0.0.1:1]\n";
    check(Profile::V3_4, "move-leader b2 --endpoints=127.0.0.1:1", 128, none);
}

#[test]
fn alarms_roles_and_users_look_as_in_etcd() {
    let old = Profile::V3_4;
    check(old, "alarm list", 0, "memberID:161 alarm:NOSPACE \n");
    check(old, "alarm disarm -w json", 0, "{\"alarms\":[{\"memberID\":161,\"alarm\":1}]}\n");
    let role = "Role r\nKV Read:\n\tk\n\t[a, b) (prefix a)\nKV Write:\n\t[a, b) (prefix a)\n\t[a, <open ended>\n";
    check(old, "role get r", 0, role);
    let head = "\"ClusterID\" : 51966\n\"MemberID\" : 161\n\"Revision\" : 1\n\"RaftTerm\" : 2\n";
    let perms = "\"PermType\" :  READ\n\"Key\" : \"k\"\n\"RangeEnd\" : \"\"\n\"PermType\" :  READWRITE\n\"Key\" : \"a\"\n\"RangeEnd\" : \"b\"\n\"PermType\" :  WRITE\n\"Key\" : \"a\"\n\"RangeEnd\" : \"\\x00\"\n";
    check(old, "role get r -w fields", 0, &format!("{head}{perms}"));
    check(old, "role list -w fields", 0, &format!("{head}\"Roles\" : \"r\\\"1\" \"r2\"\n"));
    check(old, "user add u:p -w fields", 0, head);
    check(old, "user get u -w fields", 4, "Error: fields not supported as output format\n");
    check(old, "user get u -w table", 4, "Error: table not supported as output format\n");
    let status = "Authentication Status: true\nAuthRevision: 4\n";
    check(Profile::V3_5, "auth status", 0, status);
}

#[test]
fn leases_have_no_protobuf() {
    let struct_of = |name: &str| {
        format!(
            "Error: marshal unsupported for type clientv3.{name} (cluster_id:51966 member_id:161 revision:1 raft_term:2 )\n"
        )
    };
    check(Profile::V3_4, "lease grant 9 -w protobuf", 4, &struct_of("LeaseGrantResponse"));
    check(Profile::V3_4, "lease revoke 7 -w protobuf", 4, &struct_of("LeaseRevokeResponse"));
    let empty =
        "{\"cluster_id\":51966,\"member_id\":161,\"revision\":1,\"raft_term\":2,\"leases\":[]}\n";
    check(Profile::V3_4, "lease list -w json", 0, empty);
}
