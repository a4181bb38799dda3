//! The client against a real etcd, where one is installed.

use peer::{Connection, RealCluster, find_etcd};
use prost::Message;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    AuthUserListRequest, PutRequest, PutResponse, RangeRequest, RangeResponse, WatchCreateRequest,
    WatchRequest, WatchResponse,
};
use proto::{Code, Metadata, method};

#[tokio::test(flavor = "current_thread")]
async fn calls_streams_and_errors_of_a_real_member_are_understood() {
    let Some(program) = find_etcd() else {
        eprintln!("skipped: no etcd is installed (Debian: etcd-server)");
        return;
    };
    let cluster = RealCluster::start(&program, 1, &[]).await.expect("it starts");
    let connection = Connection::open(&cluster.endpoints()[0]).await.expect("it listens");
    let plain = Metadata::default();

    let (mut sender, mut receiver) =
        connection.stream(method::watch::WATCH, &plain).await.expect("a stream");
    let create = WatchCreateRequest { key: "k".into(), ..WatchCreateRequest::default() };
    let create = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
    sender.send(&create.encode_to_vec()).expect("it is open");
    let mut watched = async || {
        let message = receiver.next().await.expect("no error").expect("no end");
        WatchResponse::decode(message).expect("a watch response")
    };
    assert!(watched().await.created);

    // Larger than an HTTP/2 frame and than its first window.
    let put = PutRequest { key: "k".into(), value: vec![7; 1 << 20].into(), ..Default::default() };
    let done: PutResponse = connection.unary(method::kv::PUT, &plain, &put).await.expect("a put");
    assert_eq!(done.header.expect("a header").revision, 2);
    assert_eq!(watched().await.events.len(), 1);
    let range = RangeRequest { key: "k".into(), ..RangeRequest::default() };
    let found: RangeResponse =
        connection.unary(method::kv::RANGE, &plain, &range).await.expect("a range");
    assert_eq!(found.kvs[0].value, put.value);

    let empty = PutRequest::default();
    let refused = connection.unary::<_, PutResponse>(method::kv::PUT, &plain, &empty).await;
    assert_eq!(refused, Err(proto::error::empty_key()));
    let stranger = Metadata { token: Some("of.1".into()), ..Metadata::default() };
    let list = AuthUserListRequest::default().encode_to_vec();
    let refused = connection.call(method::auth::USER_LIST, &stranger, &list).await;
    assert_eq!(refused, Err(proto::error::invalid_auth_token()));
    let nothing = connection.call("/etcdserverpb.KV/Nothing", &plain, &[]).await;
    assert_eq!(nothing.map_err(|status| status.code), Err(Code::Unimplemented));
    sender.close().expect("it is open");
}
