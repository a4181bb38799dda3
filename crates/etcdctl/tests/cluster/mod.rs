//! A scripted member for the tests: a store with revisions, just enough of etcd's answers to judge
//! the tool by. It is not the lab's member.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;
use etcdctl::CallError;
use etcdctl::memory::Answer;
use prost::Message;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::*;
use proto::mvccpb::KeyValue;
use proto::{Status, error, etcdserverpb, method};

/// What the member's clock says an answer takes.
const ANSWER_US: u64 = 2_500;

#[derive(Default)]
struct Store {
    revision: i64,
    /// The present pairs and those of earlier revisions.
    kvs: BTreeMap<Bytes, KeyValue>,
    history: BTreeMap<i64, BTreeMap<Bytes, KeyValue>>,
}

/// One member, or three with one store; every address but theirs refuses.
pub(crate) struct Member {
    /// Client ports with names, in the order of the member ids.
    members: Vec<(&'static str, u16, u64)>,
    store: RefCell<Store>,
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
        Member { members: members.to_vec(), store, calls: RefCell::default() }
    }

    pub(crate) fn serve(&self, address: &str, method: &str, request: &[u8]) -> Answer {
        let listens = |port: u16| address == format!("127.0.0.1:{port}");
        if !self.members.iter().any(|(_, port, _)| listens(*port)) {
            return (Some(100), Err(CallError::Refused));
        }
        self.calls.borrow_mut().push(method.to_string());
        let mut store = self.store.borrow_mut();
        let reply = match method {
            method::kv::RANGE => store.range(decode(request)).map(|reply| encode(&reply)),
            method::kv::PUT => store.put(decode(request)).map(|reply| encode(&reply)),
            method::kv::DELETE_RANGE => store.delete(decode(request)).map(|reply| encode(&reply)),
            method::cluster::MEMBER_LIST => Ok(encode(&member_list(&self.members))),
            method::maintenance::STATUS => Ok(encode(&store.status())),
            method::maintenance::HASH_KV => {
                store.hash_kv(decode(request)).map(|reply| encode(&reply))
            }
            other => panic!("no such method: {other}"),
        };
        (Some(ANSWER_US), reply.map_err(CallError::Status))
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
        if request.key.is_empty() {
            return Err(error::empty_key());
        }
        if request.ignore_lease && request.lease != 0 {
            return Err(error::lease_provided());
        }
        if request.lease != 0 {
            return Err(error::lease_not_found());
        }
        let old = self.kvs.get(&request.key).cloned();
        if old.is_none() && (request.ignore_lease || request.ignore_value) {
            return Err(error::key_not_found());
        }
        self.revision += 1;
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
        self.kvs.insert(request.key, kv);
        self.commit();
        let prev_kv = old.filter(|_| request.prev_kv);
        Ok(PutResponse { header: header(self.revision), prev_kv })
    }

    fn delete(&mut self, request: DeleteRangeRequest) -> Result<DeleteRangeResponse, Status> {
        if request.key.is_empty() {
            return Err(error::empty_key());
        }
        let (gone, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.kvs)
            .into_iter()
            .partition(|(key, _)| within(key, &request.key, &request.range_end));
        self.kvs = kept;
        if !gone.is_empty() {
            self.revision += 1;
            self.commit();
        }
        let deleted = gone.len() as i64;
        let prev_kvs = if request.prev_kv { gone.into_values().collect() } else { Vec::new() };
        Ok(DeleteRangeResponse { header: header(self.revision), deleted, prev_kvs })
    }

    fn status(&self) -> StatusResponse {
        StatusResponse {
            header: header(self.revision),
            version: "3.4.23".into(),
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

fn within(key: &[u8], start: &[u8], end: &[u8]) -> bool {
    match end {
        [] => key == start,
        [0] => key >= start,
        end => key >= start && key < end,
    }
}
