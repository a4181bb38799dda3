//! Field names and numbers against bytes that etcd 3.4.23 made: decoding gives what was asked for,
//! encoding gives the same bytes again. (The messages of raft's log are tested the same way by crate
//! `wal`, on a log that etcd wrote.)

use prost::Message;
use proto::authpb::permission::Type;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::*;
use proto::mvccpb::KeyValue;

/// The one member of the recorded cluster, and its cluster.
const MEMBER_ID: u64 = 15985099378392235387;
const CLUSTER_ID: u64 = 12101053776118486841;

macro_rules! golden {
    ($name:literal) => {
        &include_bytes!(concat!("golden/", $name, ".bin"))[..]
    };
}

#[track_caller]
fn decoded<M: Message + Default + std::fmt::Debug>(bytes: &[u8]) -> M {
    let message = M::decode(bytes).expect("etcd's own bytes");
    assert_eq!(message.encode_to_vec(), bytes, "{message:?}");
    message
}

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { cluster_id: CLUSTER_ID, member_id: MEMBER_ID, revision, raft_term: 2 })
}

fn kv(key: &'static str, value: &'static str, created: i64, modified: i64, ver: i64) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: value.into(),
        create_revision: created,
        mod_revision: modified,
        version: ver,
        lease: 0,
    }
}

#[test]
fn puts_gets_and_deletes() {
    let put = PutResponse { header: header(2), prev_kv: None };
    assert_eq!(decoded::<PutResponse>(golden!("put")), put);
    let put = PutResponse { header: header(3), prev_kv: Some(kv("name", "Alice", 2, 2, 1)) };
    assert_eq!(decoded::<PutResponse>(golden!("put_prev")), put);

    let name = kv("name", "Bob", 2, 3, 2);
    let get = RangeResponse { header: header(4), kvs: vec![name.clone()], more: false, count: 1 };
    assert_eq!(decoded::<RangeResponse>(golden!("get")), get);
    let name2 = kv("name2", "two words", 4, 4, 1);
    let kvs = vec![name, name2.clone()];
    let get = RangeResponse { header: header(4), kvs, more: false, count: 2 };
    assert_eq!(decoded::<RangeResponse>(golden!("get_prefix")), get);

    let del = DeleteRangeResponse { header: header(5), deleted: 1, prev_kvs: vec![name2] };
    assert_eq!(decoded::<DeleteRangeResponse>(golden!("del_prev")), del);
}

#[test]
fn a_transaction_of_put_get_and_delete() {
    let txn: TxnResponse = decoded(golden!("txn"));
    assert_eq!(txn.header, header(7));
    assert!(txn.succeeded);
    let inner = Some(ResponseHeader { revision: 7, ..ResponseHeader::default() });
    let kvs = vec![kv("name", "Bob", 2, 3, 2)];
    let responses = [
        Response::ResponsePut(PutResponse { header: inner, prev_kv: None }),
        Response::ResponseRange(RangeResponse { header: inner, kvs, more: false, count: 1 }),
        Response::ResponseDeleteRange(DeleteRangeResponse {
            header: inner,
            deleted: 1,
            prev_kvs: vec![],
        }),
    ];
    assert_eq!(txn.responses, responses.map(|one| ResponseOp { response: Some(one) }));
}

#[test]
fn members_and_leases() {
    let list: MemberListResponse = decoded(golden!("member_list"));
    let member = Member {
        id: MEMBER_ID,
        name: "g1".into(),
        peer_ur_ls: vec!["http://127.0.0.1:12380".into()],
        client_ur_ls: vec!["http://127.0.0.1:12379".into()],
        is_learner: false,
    };
    assert_eq!(list.members, [member]);
    assert_eq!(list.header.map(|header| header.revision), Some(0), "no revision here");
    assert_eq!(Some(decoded::<ResponseHeader>(golden!("lease_grant"))), header(5));
}

#[test]
fn users_and_roles() {
    assert_eq!(decoded::<AuthUserAddResponse>(golden!("user_add")).header, header(7));
    assert_eq!(decoded::<AuthUserGetResponse>(golden!("user_get")).roles, ["root"]);
    assert_eq!(decoded::<AuthUserListResponse>(golden!("user_list")).users, ["root"]);
    assert_eq!(decoded::<AuthRoleListResponse>(golden!("role_list")).roles, ["r1"]);
    let grant: AuthRoleGrantPermissionResponse = decoded(golden!("role_grant"));
    assert_eq!(grant.header, header(7));
    let role: AuthRoleGetResponse = decoded(golden!("role_get"));
    assert_eq!(role.perm.len(), 1);
    assert_eq!(role.perm[0].perm_type(), Type::Readwrite);
    assert_eq!((&role.perm[0].key[..], &role.perm[0].range_end[..]), (&b"k"[..], &b"l"[..]));
}

#[test]
fn raft_messages_write_their_zeroes_and_api_messages_do_not() {
    let entry = proto::raftpb::Entry::default();
    assert_eq!(entry.encode_to_vec(), [0x08, 0, 0x10, 0, 0x18, 0]);
    let state = proto::raftpb::HardState::default();
    assert_eq!(state.encode_to_vec(), [0x08, 0, 0x10, 0, 0x18, 0]);
    let place = proto::walpb::Snapshot::default();
    assert_eq!(place.encode_to_vec(), [0x08, 0, 0x10, 0]);
    assert!(RangeRequest::default().encode_to_vec().is_empty());
}

#[test]
fn the_log_carries_its_header_between_small_and_large_fields() {
    let request = InternalRaftRequest {
        header: Some(RequestHeader { id: 1, ..RequestHeader::default() }),
        put: Some(PutRequest { key: "k".into(), ..PutRequest::default() }),
        auth_enable: Some(AuthEnableRequest {}),
        ..InternalRaftRequest::default()
    };
    let wanted = [0x22, 3, 0x0a, 1, b'k', 0xa2, 0x06, 2, 0x08, 1, 0xc2, 0x3e, 0];
    assert_eq!(request.encode_to_vec(), wanted);
}
