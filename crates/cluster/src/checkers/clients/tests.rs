//! Each property of clients catches what breaks it, and none cries at an honest run.

use proto::etcdserverpb::{
    CompactionRequest, LeaseGrantRequest, LeaseGrantResponse, LeaseRevokeRequest, PutRequest,
    PutResponse, RangeRequest, RangeResponse, ResponseHeader, WatchCreateRequest, WatchRequest,
    WatchResponse, watch_request::RequestUnion,
};
use proto::mvccpb::{Event, KeyValue};
use proto::{error, method};

use super::*;

/// A judge with its own clock, and one host.
struct Scene {
    clients: Clients,
    now: Micros,
    index: u64,
    found: Vec<String>,
}

const SECOND_US: Micros = 1_000_000;

fn bytes(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..ResponseHeader::default() })
}

fn pair(value: &str, create_revision: i64, mod_revision: i64) -> KeyValue {
    let version = mod_revision - create_revision + 1;
    let (key, value) = ("k".into(), value.to_owned().into());
    KeyValue { key, value, create_revision, mod_revision, version, lease: 0 }
}

impl Scene {
    fn new() -> Self {
        Scene { clients: Clients::new(), now: 0, index: 0, found: Vec::new() }
    }

    fn see(&mut self, seen: &Seen<'_>) {
        self.now += 1000;
        let found = self.clients.see(self.now, seen);
        self.found.extend(found.into_iter().map(|(name, text)| format!("{name}: {text}")));
    }

    fn ask(&mut self, call: u64, method: &str, request: &impl Message) {
        let request = bytes(request);
        self.see(&Seen::Asked { call: (0, call), method, request: &request });
    }

    fn answer(&mut self, call: u64, response: &impl Message) {
        let result = Ok(bytes(response));
        self.see(&Seen::Answered { call: (0, call), result: &result });
    }

    fn apply(&mut self, request: InternalRaftRequest) {
        self.index += 1;
        let entries = vec![AppliedEntry { data: bytes(&request), refused: false }];
        let trace = Trace::Entries { first_index: self.index, entries };
        self.see(&Seen::Told { member: 0, trace: &trace });
    }

    /// A put as it should be: asked, applied, answered with its revision.
    fn put(&mut self, call: u64, value: &str, revision: i64) {
        let (key, value) = ("k".into(), value.to_owned().into());
        let put = PutRequest { key, value, ..PutRequest::default() };
        self.ask(call, method::kv::PUT, &put);
        self.apply(InternalRaftRequest { put: Some(put), ..InternalRaftRequest::default() });
        self.answer(call, &PutResponse { header: header(revision), prev_kv: None });
    }

    fn get(&mut self, call: u64, serializable: bool, revision: i64, kv: KeyValue) {
        let key = "k".into();
        self.ask(
            call,
            method::kv::RANGE,
            &RangeRequest { key, serializable, ..Default::default() },
        );
        let kvs = vec![kv];
        let response = RangeResponse { header: header(revision), kvs, more: false, count: 1 };
        self.answer(call, &response);
    }

    fn watch(&mut self, call: u64, start_revision: i64) {
        self.see(&Seen::Opened { call: (0, call), method: method::watch::WATCH });
        let create =
            WatchCreateRequest { key: "k".into(), start_revision, ..WatchCreateRequest::default() };
        let request_union = Some(RequestUnion::CreateRequest(create));
        let message = bytes(&WatchRequest { request_union });
        self.see(&Seen::Sent { call: (0, call), message: &message });
        let revision = self.clients.linearizable.replay().state().revision();
        let created =
            WatchResponse { header: header(revision), created: true, ..WatchResponse::default() };
        self.watched(call, &created);
    }

    fn watched(&mut self, call: u64, response: &WatchResponse) {
        let message = bytes(response);
        self.see(&Seen::Received { call: (0, call), message: &message });
    }

    fn events(&mut self, call: u64, revision: i64, kvs: &[KeyValue]) {
        let event = |kv: &KeyValue| Event { kv: Some(kv.clone()), ..Event::default() };
        let events = kvs.iter().map(event).collect();
        let header = header(revision);
        self.watched(call, &WatchResponse { header, events, ..WatchResponse::default() });
    }

    fn grant(&mut self, call: u64, id: i64, ttl: i64) {
        let grant = LeaseGrantRequest { id, ttl };
        self.ask(call, method::lease::LEASE_GRANT, &grant);
        self.apply(InternalRaftRequest { lease_grant: Some(grant), ..Default::default() });
        let header = header(self.clients.linearizable.replay().state().revision());
        self.answer(call, &LeaseGrantResponse { header, id, ttl, error: String::new() });
    }

    /// The cluster ends a lease.
    fn end_lease(&mut self, id: i64) {
        let lease_revoke = Some(LeaseRevokeRequest { id });
        self.apply(InternalRaftRequest { lease_revoke, ..InternalRaftRequest::default() });
    }

    /// Names of the properties that were broken.
    fn broken(mut self) -> Vec<String> {
        self.see(&Seen::Finish);
        let names = self.found.iter().filter_map(|text| text.split(':').next());
        let mut names: Vec<String> = names.map(String::from).collect();
        names.dedup();
        names
    }
}

#[test]
fn an_honest_run_is_clean() {
    let mut scene = Scene::new();
    scene.watch(1, 0);
    scene.put(2, "one", 2);
    scene.events(1, 2, &[pair("one", 2, 2)]);
    scene.get(3, false, 2, pair("one", 2, 2));
    scene.get(4, true, 2, pair("one", 2, 2));
    scene.grant(5, 7, 3);
    scene.now += 4 * SECOND_US;
    scene.end_lease(7);
    assert_eq!(scene.clients.judged().leases_expired, 1);
    assert_eq!(scene.broken(), [""; 0]);
}

#[test]
fn a_stale_read_is_found() {
    let mut scene = Scene::new();
    scene.put(1, "one", 2);
    scene.put(2, "two", 3);
    scene.get(3, true, 2, pair("one", 2, 2));
    scene.get(4, false, 2, pair("one", 2, 2));
    assert_eq!(scene.broken(), ["linearizable history"]);
}

#[test]
fn a_serializable_read_of_what_never_was_is_found() {
    let mut scene = Scene::new();
    scene.put(1, "one", 2);
    scene.get(2, true, 2, pair("never", 2, 2));
    assert_eq!(scene.broken(), ["serializable reads", "linearizable history"]);
}

#[test]
fn a_put_that_was_acknowledged_and_not_applied_is_found() {
    let mut scene = Scene::new();
    let put = PutRequest { key: "k".into(), ..PutRequest::default() };
    scene.ask(1, method::kv::PUT, &put);
    scene.answer(1, &PutResponse { header: header(2), prev_kv: None });
    assert_eq!(scene.broken(), ["linearizable history"]);
}

#[test]
fn a_put_that_was_refused_and_applied_is_found() {
    let mut scene = Scene::new();
    let put = PutRequest { key: "k".into(), ..PutRequest::default() };
    scene.ask(1, method::kv::PUT, &put);
    scene.apply(InternalRaftRequest { put: Some(put), ..InternalRaftRequest::default() });
    let result = Err(error::permission_denied());
    scene.see(&Seen::Answered { call: (0, 1), result: &result });
    assert_eq!(scene.broken(), ["linearizable history"]);
}

#[test]
fn an_event_that_is_missing_or_comes_twice_is_found() {
    for twice in [false, true] {
        let mut scene = Scene::new();
        scene.watch(9, 0);
        scene.put(1, "one", 2);
        scene.put(2, "two", 3);
        if twice {
            scene.events(9, 2, &[pair("one", 2, 2)]);
            scene.events(9, 2, &[pair("one", 2, 2)]);
        }
        scene.events(9, 3, &[pair("two", 2, 3)]);
        assert_eq!(scene.broken(), ["watch guarantees"], "twice: {twice}");
    }
}

#[test]
fn a_watch_that_nobody_asked_for_is_found() {
    let mut scene = Scene::new();
    scene.watch(9, 0);
    let created = WatchResponse { header: header(1), created: true, ..WatchResponse::default() };
    scene.watched(9, &created);
    assert_eq!(scene.broken(), ["watch guarantees"]);
}

#[test]
fn a_deletion_lost_to_a_compaction_at_its_revision_is_etcds_own_fault() {
    let mut scene = Scene::new();
    scene.put(1, "one", 2);
    let delete = proto::etcdserverpb::DeleteRangeRequest { key: "k".into(), ..Default::default() };
    scene.ask(2, method::kv::DELETE_RANGE, &delete);
    scene.apply(InternalRaftRequest { delete_range: Some(delete), ..Default::default() });
    scene.see(&Seen::Lost { call: (0, 2) });
    scene.put(3, "two", 4);
    let compaction = Some(CompactionRequest { revision: 3, physical: false });
    scene.apply(InternalRaftRequest { compaction, ..InternalRaftRequest::default() });
    scene.watch(9, 3);
    scene.events(9, 4, &[pair("two", 4, 4)]);
    assert_eq!(scene.clients.judged().tombstones_lost, 1);
    assert_eq!(scene.broken(), [""; 0]);
}

#[test]
fn a_lease_that_ends_too_early_or_not_at_all_is_found() {
    let mut early = Scene::new();
    early.grant(1, 7, 3);
    early.now += 2 * SECOND_US;
    early.end_lease(7);
    assert_eq!(early.broken(), ["lease rules"]);
    let mut never = Scene::new();
    never.grant(1, 7, 3);
    never.now += 60 * SECOND_US;
    assert_eq!(never.broken(), ["lease rules"]);
}

#[test]
fn a_client_may_end_a_lease_at_any_time() {
    let mut scene = Scene::new();
    scene.grant(1, 7, 3);
    scene.ask(2, method::lease::LEASE_REVOKE, &LeaseRevokeRequest { id: 7 });
    scene.end_lease(7);
    scene.see(&Seen::Lost { call: (0, 2) });
    assert_eq!(scene.broken(), [""; 0]);
}

#[test]
fn an_entry_that_nobody_told_is_found() {
    let mut scene = Scene::new();
    scene.index = 1;
    scene.put(1, "one", 2);
    assert_eq!(scene.broken(), ["linearizable history"]);
}
