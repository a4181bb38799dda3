//! A scripted member for the tests: a store with revisions, leases without expiry, users without
//! permissions, watches of what is there already; just enough of etcd's answers to judge the tool
//! by. It is not the lab's member.

mod users;

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;
use etcdctl::CallError;
use etcdctl::memory::{Answer, Call, Heard, Said};
use prost::Message;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::*;
use proto::mvccpb::Event;
use proto::mvccpb::KeyValue;
use proto::mvccpb::event::EventType;
use proto::{Code, Profile, Status, error, etcdserverpb, method};
use users::Users;

/// What the member's clock says an answer takes.
const ANSWER_US: u64 = 2_500;

#[derive(Default)]
struct Store {
    revision: i64,
    /// The present pairs and those of earlier revisions.
    kvs: BTreeMap<Bytes, KeyValue>,
    history: BTreeMap<i64, BTreeMap<Bytes, KeyValue>>,
    compacted: i64,
    events: Vec<Event>,
    /// Granted TTL of every lease.
    leases: BTreeMap<i64, i64>,
}

/// One member, or three with one store; every address but theirs refuses.
pub(crate) struct Member {
    /// Client ports with names, in the order of the member ids.
    members: Vec<(&'static str, u16, u64)>,
    store: RefCell<Store>,
    users: RefCell<Users>,
    pub(crate) profile: Profile,
    /// Calls that reached it, by method.
    pub(crate) calls: RefCell<Vec<String>>,
}

impl Member {
    pub(crate) fn new() -> Self {
        Member::of(&[("m1", 2379, M1)])
    }

    #[allow(dead_code, reason = "each test file uses its part of this one")]
    pub(crate) fn three() -> Self {
        let m2 = ("m2", 22_379, 0xaecf_558d_7c2f_fafe);
        Member::of(&[("m3", 32_379, 0x6c78_473d_51e0_d782), ("m1", 2379, M1), m2])
    }

    fn of(members: &[(&'static str, u16, u64)]) -> Self {
        let store = RefCell::new(Store { revision: 1, ..Store::default() });
        Member {
            members: members.to_vec(),
            store,
            users: RefCell::default(),
            profile: Profile::V3_4,
            calls: RefCell::default(),
        }
    }

    #[allow(dead_code, reason = "each test file uses its part of this one")]
    pub(crate) fn serve(&self, address: &str, method: &str, request: &[u8]) -> Answer {
        self.serve_as(address, method, request, None)
    }

    /// A call with its token.
    #[allow(dead_code, reason = "each test file uses its part of this one")]
    pub(crate) fn serve_call(&self, call: &Call<'_>) -> Answer {
        self.serve_as(call.address, call.method, call.request, call.metadata.token.as_deref())
    }

    fn serve_as(&self, address: &str, method: &str, request: &[u8], token: Option<&str>) -> Answer {
        let listens = |port: u16| address == format!("127.0.0.1:{port}");
        if !self.members.iter().any(|(_, port, _)| listens(*port)) {
            return (Some(100), Err(CallError::Refused));
        }
        self.calls.borrow_mut().push(method.to_string());
        let reply = self.reply(method, request, token);
        (Some(ANSWER_US), reply.map_err(CallError::Status))
    }

    fn reply(&self, method: &str, request: &[u8], token: Option<&str>) -> Result<Bytes, Status> {
        let mut store = self.store.borrow_mut();
        let users = &mut *self.users.borrow_mut();
        if let Some(reply) = users.serve(method, request, token) {
            return reply.map(|mut reply| {
                let head = etcdserverpb::AuthEnableResponse { header: header(store.revision) };
                let mut bytes = encode(&head).to_vec();
                bytes.append(&mut reply);
                Bytes::from(bytes)
            });
        }
        users.check(method, token)?;
        Ok(match method {
            method::kv::RANGE => encode(&store.range(decode(request))?),
            method::kv::PUT => encode(&store.put(decode(request))?),
            method::kv::DELETE_RANGE => encode(&store.delete(decode(request))?),
            method::kv::TXN => encode(&store.txn(decode(request))?),
            method::kv::COMPACT => encode(&store.compact(decode(request))?),
            method::lease::LEASE_GRANT => encode(&store.grant(decode(request))?),
            method::lease::LEASE_REVOKE => encode(&store.revoke(decode(request))?),
            method::lease::LEASE_TIME_TO_LIVE => encode(&store.time_to_live(&decode(request))),
            method::lease::LEASE_LEASES => encode(&store.leases()),
            method::cluster::MEMBER_LIST => encode(&member_list(&self.members)),
            method::cluster::MEMBER_ADD => return Err(error::peer_url_exists()),
            method::cluster::MEMBER_REMOVE
            | method::cluster::MEMBER_UPDATE
            | method::cluster::MEMBER_PROMOTE => return Err(error::member_not_found()),
            method::maintenance::STATUS => encode(&store.status(self.profile)),
            method::maintenance::HASH_KV => encode(&store.hash_kv(decode(request))?),
            method::maintenance::ALARM => {
                // 3.4 answers without a header.
                let header = header(store.revision).filter(|_| self.profile > Profile::V3_4);
                encode(&AlarmResponse { header, alarms: Vec::new() })
            }
            method::maintenance::DEFRAGMENT => encode(&DefragmentResponse::default()),
            proto::tls::HELLO => return Err(proto::tls::closed()),
            other => panic!("no such method: {other}"),
        })
    }

    /// What it says on a stream: watches of the past, keep-alives.
    #[allow(dead_code, reason = "each test file uses its part of this one")]
    pub(crate) fn stream(&self, call: &Call<'_>, heard: Heard) -> Said {
        let Heard::Message(request) = heard else { return Vec::new() };
        let say = |message: Bytes| (ANSWER_US, Ok(Some(message)));
        let store = self.store.borrow();
        if call.method == method::lease::LEASE_KEEP_ALIVE {
            let id = decode::<LeaseKeepAliveRequest>(&request).id;
            let ttl = store.leases.get(&id).copied().unwrap_or(0);
            let header = header(store.revision);
            return vec![say(encode(&LeaseKeepAliveResponse { header, id, ttl }))];
        }
        let Some(watch_request::RequestUnion::CreateRequest(create)) =
            decode::<WatchRequest>(&request).request_union
        else {
            return Vec::new();
        };
        store.watch(&create).iter().map(encode).map(say).collect()
    }
}

fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap()
}

fn encode(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

const M1: u64 = 0x8c80_8511_5b3b_a2d4;

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { cluster_id: 7, member_id: M1, revision, raft_term: 2 })
}

fn member_list(members: &[(&str, u16, u64)]) -> MemberListResponse {
    let member = |(name, port, id): &(&str, u16, u64)| etcdserverpb::Member {
        id: *id,
        name: name.to_string(),
        peer_ur_ls: vec![format!("http://127.0.0.1:{}", port + 1)],
        client_ur_ls: vec![format!("http://127.0.0.1:{port}")],
        is_learner: false,
    };
    MemberListResponse { header: header(0), members: members.iter().map(member).collect() }
}

impl Store {
    fn commit(&mut self) {
        self.history.insert(self.revision, self.kvs.clone());
    }

    fn range(&self, request: RangeRequest) -> Result<RangeResponse, Status> {
        if request.key.is_empty() {
            return Err(error::empty_key());
        }
        if request.revision > self.revision {
            return Err(error::future_rev());
        }
        if request.revision > 0 && request.revision < self.compacted {
            return Err(error::compacted());
        }
        let past = self.history.range(..=request.revision).next_back().map(|(_, kvs)| kvs);
        let empty = BTreeMap::new();
        let kvs = if request.revision == 0 { &self.kvs } else { past.unwrap_or(&empty) };
        let mut found: Vec<KeyValue> = kvs
            .values()
            .filter(|kv| within(&kv.key, &request.key, &request.range_end))
            .cloned()
            .collect();
        let (order, target) = (request.sort_order(), request.sort_target());
        let sort = |kv: &KeyValue| match target {
            SortTarget::Key => (kv.key.clone(), 0),
            SortTarget::Value => (kv.value.clone(), 0),
            SortTarget::Version => (Bytes::new(), kv.version),
            SortTarget::Create => (Bytes::new(), kv.create_revision),
            SortTarget::Mod => (Bytes::new(), kv.mod_revision),
        };
        match order {
            SortOrder::Descend => found.sort_by_key(|kv| std::cmp::Reverse(sort(kv))),
            _ => found.sort_by_key(sort),
        }
        let count = found.len() as i64;
        let more = request.limit > 0 && count > request.limit;
        if more {
            found.truncate(request.limit as usize);
        }
        if request.keys_only {
            found.iter_mut().for_each(|kv| kv.value.clear());
        }
        Ok(RangeResponse { header: header(self.revision), kvs: found, more, count })
    }

    fn put(&mut self, request: PutRequest) -> Result<PutResponse, Status> {
        self.check_put(&request)?;
        self.revision += 1;
        let reply = self.apply_put(request);
        self.commit();
        Ok(reply)
    }

    fn check_put(&self, request: &PutRequest) -> Result<(), Status> {
        if request.key.is_empty() {
            return Err(error::empty_key());
        }
        if request.ignore_lease && request.lease != 0 {
            return Err(error::lease_provided());
        }
        if request.lease != 0 && !self.leases.contains_key(&request.lease) {
            return Err(error::lease_not_found());
        }
        let old = self.kvs.get(&request.key);
        if old.is_none() && (request.ignore_lease || request.ignore_value) {
            return Err(error::key_not_found());
        }
        Ok(())
    }

    /// At the present revision.
    fn apply_put(&mut self, request: PutRequest) -> PutResponse {
        let old = self.kvs.get(&request.key).cloned();
        let mut kv = old.clone().unwrap_or_else(|| KeyValue {
            key: request.key.clone(),
            create_revision: self.revision,
            ..KeyValue::default()
        });
        kv.mod_revision = self.revision;
        kv.version += 1;
        if !request.ignore_value {
            kv.value = request.value;
        }
        if !request.ignore_lease {
            kv.lease = request.lease;
        }
        let event = Event { r#type: 0, kv: Some(kv.clone()), prev_kv: old.clone() };
        self.events.push(event);
        self.kvs.insert(request.key, kv);
        let prev_kv = old.filter(|_| request.prev_kv);
        PutResponse { header: header(self.revision), prev_kv }
    }

    fn delete(&mut self, request: DeleteRangeRequest) -> Result<DeleteRangeResponse, Status> {
        if request.key.is_empty() {
            return Err(error::empty_key());
        }
        self.revision += 1;
        let mut reply = self.apply_delete(request);
        if reply.deleted == 0 {
            self.revision -= 1;
            reply.header = header(self.revision);
        } else {
            self.commit();
        }
        Ok(reply)
    }

    fn apply_delete(&mut self, request: DeleteRangeRequest) -> DeleteRangeResponse {
        let (gone, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.kvs)
            .into_iter()
            .partition(|(key, _)| within(key, &request.key, &request.range_end));
        self.kvs = kept;
        for (key, old) in &gone {
            let kv =
                KeyValue { key: key.clone(), mod_revision: self.revision, ..KeyValue::default() };
            let r#type = EventType::Delete.into();
            self.events.push(Event { r#type, kv: Some(kv), prev_kv: Some(old.clone()) });
        }
        let deleted = gone.len() as i64;
        let prev_kvs = if request.prev_kv { gone.into_values().collect() } else { Vec::new() };
        DeleteRangeResponse { header: header(self.revision), deleted, prev_kvs }
    }

    fn txn(&mut self, request: TxnRequest) -> Result<TxnResponse, Status> {
        let most = request.compare.len().max(request.success.len()).max(request.failure.len());
        if most > 128 {
            return Err(error::too_many_ops());
        }
        for branch in [&request.success, &request.failure] {
            check_branch(branch)?;
        }
        let succeeded = request.compare.iter().all(|compare| self.holds(compare));
        let branch = if succeeded { request.success } else { request.failure };
        for op in &branch {
            match op.request.as_ref().unwrap() {
                request_op::Request::RequestPut(put) => self.check_put(put)?,
                request_op::Request::RequestRange(range) => drop(self.range(range.clone())?),
                _ => {}
            }
        }
        let before = self.revision;
        let mut changed = false;
        let mut responses = Vec::new();
        for op in branch {
            let mut at = before + i64::from(changed);
            let response = match op.request.unwrap() {
                request_op::Request::RequestRange(range) => {
                    response_op::Response::ResponseRange(self.range(range)?)
                }
                request_op::Request::RequestPut(put) => {
                    (at, changed) = (before + 1, true);
                    self.revision = at;
                    response_op::Response::ResponsePut(self.apply_put(put))
                }
                request_op::Request::RequestDeleteRange(delete) => {
                    self.revision = before + 1;
                    let reply = self.apply_delete(delete);
                    changed |= reply.deleted > 0;
                    self.revision = before + i64::from(changed);
                    at = self.revision;
                    response_op::Response::ResponseDeleteRange(reply)
                }
                request_op::Request::RequestTxn(_) => panic!("the tool cannot ask for it"),
            };
            responses.push(ResponseOp { response: Some(at_revision(response, at)) });
        }
        self.commit();
        Ok(TxnResponse { header: header(self.revision), succeeded, responses })
    }

    fn holds(&self, compare: &Compare) -> bool {
        use compare::{CompareResult, TargetUnion};
        let kv = self.kvs.get(&compare.key);
        let found = kv.cloned().unwrap_or_default();
        let order = match compare.target_union.as_ref().unwrap() {
            TargetUnion::Version(wanted) => found.version.cmp(wanted),
            TargetUnion::CreateRevision(wanted) => found.create_revision.cmp(wanted),
            TargetUnion::ModRevision(wanted) => found.mod_revision.cmp(wanted),
            TargetUnion::Lease(wanted) => found.lease.cmp(wanted),
            // A missing key has no value to compare.
            TargetUnion::Value(_) if kv.is_none() => return false,
            TargetUnion::Value(wanted) => found.value.cmp(wanted),
        };
        match compare.result() {
            CompareResult::Equal => order.is_eq(),
            CompareResult::NotEqual => order.is_ne(),
            CompareResult::Greater => order.is_gt(),
            CompareResult::Less => order.is_lt(),
        }
    }

    fn compact(&mut self, request: CompactionRequest) -> Result<CompactionResponse, Status> {
        if request.revision > self.revision {
            return Err(error::future_rev());
        }
        if request.revision <= self.compacted {
            return Err(error::compacted());
        }
        self.compacted = request.revision;
        // Tombstones go with the history that they end (C2).
        let tombstone = |event: &Event| event.r#type == EventType::Delete as i32;
        self.events.retain(|event| {
            !tombstone(event) || event.kv.as_ref().unwrap().mod_revision > request.revision
        });
        Ok(CompactionResponse { header: header(self.revision) })
    }

    fn grant(&mut self, request: LeaseGrantRequest) -> Result<LeaseGrantResponse, Status> {
        if request.ttl > 9_000_000_000 {
            return Err(error::lease_ttl_too_large());
        }
        let id = 0x694d_7cd5_11f1_6a00 + self.leases.len() as i64;
        let ttl = request.ttl.max(2);
        self.leases.insert(id, ttl);
        Ok(LeaseGrantResponse { header: header(self.revision), id, ttl, error: String::new() })
    }

    fn revoke(&mut self, request: LeaseRevokeRequest) -> Result<LeaseRevokeResponse, Status> {
        self.leases.remove(&request.id).ok_or_else(error::lease_not_found)?;
        let keys = self.attached(request.id);
        self.revision += i64::from(!keys.is_empty());
        for key in keys {
            self.apply_delete(DeleteRangeRequest { key, ..DeleteRangeRequest::default() });
        }
        self.commit();
        Ok(LeaseRevokeResponse { header: header(self.revision) })
    }

    fn attached(&self, id: i64) -> Vec<Bytes> {
        self.kvs.values().filter(|kv| kv.lease == id).map(|kv| kv.key.clone()).collect()
    }

    fn time_to_live(&self, request: &LeaseTimeToLiveRequest) -> LeaseTimeToLiveResponse {
        let (header, id) = (header(self.revision), request.id);
        match self.leases.get(&id).copied() {
            None => LeaseTimeToLiveResponse { header, id, ttl: -1, ..Default::default() },
            Some(granted_ttl) => {
                let keys = if request.keys { self.attached(id) } else { Vec::new() };
                LeaseTimeToLiveResponse { header, id, ttl: granted_ttl - 1, granted_ttl, keys }
            }
        }
    }

    fn leases(&self) -> LeaseLeasesResponse {
        let leases = self.leases.keys().map(|id| LeaseStatus { id: *id }).collect();
        LeaseLeasesResponse { header: header(self.revision), leases }
    }

    /// The answers to a new watch: that it is there, and what has happened already.
    fn watch(&self, create: &WatchCreateRequest) -> Vec<WatchResponse> {
        let created =
            WatchResponse { header: header(self.revision), created: true, ..Default::default() };
        if !create.range_end.is_empty()
            && *create.range_end != [0]
            && create.key >= create.range_end
        {
            let reason = Status::new(Code::Unknown, "mvcc: watcher range is empty").message;
            let (canceled, watch_id) = (true, -1);
            return vec![WatchResponse { canceled, watch_id, cancel_reason: reason, ..created }];
        }
        let (start, header) = (create.start_revision, created.header);
        if start > 0 && start < self.compacted {
            let compacted = WatchResponse {
                header,
                canceled: true,
                compact_revision: self.compacted,
                ..Default::default()
            };
            return vec![created, compacted];
        }
        let seen = |event: &&Event| {
            let kv = event.kv.as_ref().unwrap();
            start > 0 && kv.mod_revision >= start && within(&kv.key, &create.key, &create.range_end)
        };
        let mut events: Vec<Event> = self.events.iter().filter(seen).cloned().collect();
        if !create.prev_kv {
            events.iter_mut().for_each(|event| event.prev_kv = None);
        }
        match events.is_empty() {
            true => vec![created],
            false => vec![created, WatchResponse { header, events, ..Default::default() }],
        }
    }

    fn status(&self, profile: Profile) -> StatusResponse {
        StatusResponse {
            header: header(self.revision),
            version: profile.version().into(),
            db_size: 20_480,
            leader: M1,
            raft_index: 6,
            raft_term: 2,
            raft_applied_index: 6,
            db_size_in_use: 16_384,
            ..StatusResponse::default()
        }
    }

    fn hash_kv(&self, request: HashKvRequest) -> Result<HashKvResponse, Status> {
        if request.revision > self.revision {
            return Err(error::future_rev());
        }
        let hash = 3_696_492_825;
        let header = header(self.revision);
        Ok(HashKvResponse { header, hash, compact_revision: -1, ..HashKvResponse::default() })
    }
}

/// Inside a transaction a reply tells the revision and nothing else of its header.
fn at_revision(response: response_op::Response, revision: i64) -> response_op::Response {
    use response_op::Response;
    let at = Some(ResponseHeader { revision, ..ResponseHeader::default() });
    let mut response = response;
    match &mut response {
        Response::ResponseRange(reply) => reply.header = at,
        Response::ResponsePut(reply) => reply.header = at,
        Response::ResponseDeleteRange(reply) => reply.header = at,
        Response::ResponseTxn(_) => {}
    }
    response
}

/// No key may be put twice, or put and deleted.
fn check_branch(branch: &[RequestOp]) -> Result<(), Status> {
    use request_op::Request;
    let requests = || branch.iter().filter_map(|op| op.request.as_ref());
    let puts: Vec<&Bytes> = requests()
        .filter_map(|request| match request {
            Request::RequestPut(put) => Some(&put.key),
            _ => None,
        })
        .collect();
    if puts.iter().any(|key| key.is_empty()) {
        return Err(error::empty_key());
    }
    let twice = puts.iter().enumerate().any(|(at, key)| puts[..at].contains(key));
    let deleted = requests().any(|request| match request {
        // The range of all keys passes, as in etcd.
        Request::RequestDeleteRange(delete) => {
            delete.key != delete.range_end
                && puts.iter().any(|key| within(key, &delete.key, &delete.range_end))
        }
        _ => false,
    });
    if twice || deleted { Err(error::duplicate_key()) } else { Ok(()) }
}

fn within(key: &[u8], start: &[u8], end: &[u8]) -> bool {
    match end {
        [] => key == start,
        [0] => key >= start,
        end => key >= start && key < end,
    }
}
