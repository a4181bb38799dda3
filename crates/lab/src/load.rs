//! A closed-loop load: a host that keeps a fixed number of requests in flight, spread over the members
//! that answer. What it asks for is a [`LoadKind`]; a real etcd is loaded with the same (crate `peer`).

use std::collections::BTreeMap;

use bytes::Bytes;
use cluster::{Actor, HostInput, HostOutput};
use frame::LoadKind;
use prost::Message;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    Compare, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchCreateRequest, WatchRequest,
    WatchResponse,
};
use proto::{Metadata, method};

use crate::Micros;

/// Value size of the published etcd benchmarks.
pub const VALUE_BYTES: usize = 256;
/// Keys that the load reads and writes.
pub const KEYS: u64 = 1000;
/// How long a refused or failed request waits before the next.
const BACK_OFF_US: Micros = 100_000;
/// Watchers of [`LoadKind::Watch`], all of one key, and the streams that they share.
pub const WATCHERS: u64 = 1000;
const WATCH_STREAMS: u64 = 12;

/// A load of puts is what most callers want.
pub type PutLoad = Load;

pub struct Load {
    kind: LoadKind,
    endpoints: Vec<String>,
    in_flight: u32,
    /// Calls that are open, and the endpoint of each.
    open: BTreeMap<u64, usize>,
    next_call: u64,
    acknowledged: u64,
    failed: u64,
    /// Answers that must come before the load counts: keys to be read, watchers to be created.
    missing: u64,
    events: u64,
    retry_us: Option<Micros>,
    stopped: bool,
    value: Bytes,
}

impl Load {
    /// Keeps `in_flight` puts open, round robin over `endpoints` (`host:port`).
    pub fn new(endpoints: Vec<String>, in_flight: u32) -> Self {
        Load::of(LoadKind::Put, endpoints, in_flight)
    }

    /// The same with other requests. Before those that read, each key is put once.
    pub fn of(kind: LoadKind, endpoints: Vec<String>, in_flight: u32) -> Self {
        assert!(!endpoints.is_empty(), "a load needs an endpoint");
        let missing = match kind {
            LoadKind::Put => 0,
            LoadKind::Get | LoadKind::SerializableGet | LoadKind::Txn => KEYS,
            LoadKind::Watch => WATCHERS,
        };
        Load {
            kind,
            endpoints,
            in_flight,
            open: BTreeMap::new(),
            next_call: 0,
            acknowledged: 0,
            failed: 0,
            missing,
            events: 0,
            retry_us: None,
            stopped: false,
            value: Bytes::from(vec![b'v'; VALUE_BYTES]),
        }
    }

    /// Whether everything that the load needs is there, and it counts.
    pub fn is_ready(&self) -> bool {
        self.missing == 0
    }

    /// Requests acknowledged since it is ready; for watches, the events that watchers got.
    pub fn acknowledged(&self) -> u64 {
        if self.kind == LoadKind::Watch { self.events } else { self.acknowledged }
    }

    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// No new requests; those in flight end by themselves.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    fn fill(&mut self, out: &mut Vec<HostOutput>) {
        if self.kind == LoadKind::Watch && self.next_call < WATCH_STREAMS {
            self.open_watches(out);
        }
        // Nothing may happen to the key before every watcher is there.
        if self.kind == LoadKind::Watch && self.missing > 0 {
            return;
        }
        while !self.stopped && self.open.len() < self.in_flight as usize {
            self.next_call += 1;
            let call = self.next_call;
            let endpoint = call as usize % self.endpoints.len();
            self.open.insert(call, endpoint);
            let (method, request) = self.request(call);
            out.push(HostOutput::Call {
                call,
                address: self.endpoints[endpoint].clone(),
                method: method.to_string(),
                metadata: Metadata::default(),
                request: request.into(),
            });
        }
    }

    fn request(&self, call: u64) -> (&'static str, Vec<u8>) {
        let kind = if self.missing > 0 { LoadKind::Put } else { self.kind };
        load_request(kind, call, &self.value)
    }

    fn open_watches(&mut self, out: &mut Vec<HostOutput>) {
        let create = Bytes::from(load_watch());
        for stream in 0..WATCH_STREAMS {
            self.next_call += 1;
            let call = self.next_call;
            out.push(HostOutput::Open {
                call,
                address: self.endpoints[stream as usize % self.endpoints.len()].clone(),
                method: method::watch::WATCH.to_string(),
                metadata: Metadata::default(),
            });
            for _ in (stream..WATCHERS).step_by(WATCH_STREAMS as usize) {
                out.push(HostOutput::Message { call, message: create.clone() });
            }
        }
    }

    fn answered(&mut self, is_ok: bool) {
        if !is_ok {
            self.failed += 1;
        } else if self.missing > 0 && self.kind != LoadKind::Watch {
            self.missing -= 1;
        } else {
            self.acknowledged += 1;
        }
    }

    fn watched(&mut self, message: Bytes) {
        // A member's own answer can be read; if it could not, the watcher would be missing.
        let Ok(response) = WatchResponse::decode(message) else { return };
        if response.created {
            self.missing = self.missing.saturating_sub(1);
        }
        self.events += response.events.len() as u64;
    }
}

/// The method and the message of a load's request number `number`.
pub fn load_request(kind: LoadKind, number: u64, value: &Bytes) -> (&'static str, Vec<u8>) {
    let key = Bytes::from(format!("load/{:04}", number % KEYS));
    let put = |key| PutRequest { key, value: value.clone(), ..PutRequest::default() };
    match kind {
        LoadKind::Put => (method::kv::PUT, put(key).encode_to_vec()),
        LoadKind::Watch => (method::kv::PUT, put(watched_key()).encode_to_vec()),
        LoadKind::Get | LoadKind::SerializableGet => {
            let serializable = kind == LoadKind::SerializableGet;
            let range = RangeRequest { key, serializable, ..RangeRequest::default() };
            (method::kv::RANGE, range.encode_to_vec())
        }
        LoadKind::Txn => {
            let exists = Compare {
                result: CompareResult::Greater as i32,
                target: CompareTarget::Version as i32,
                key: key.clone(),
                target_union: Some(TargetUnion::Version(0)),
                ..Compare::default()
            };
            let op = RequestOp { request: Some(Request::RequestPut(put(key))) };
            let txn = TxnRequest { compare: vec![exists], success: vec![op], failure: vec![] };
            (method::kv::TXN, txn.encode_to_vec())
        }
    }
}

/// The request that makes one watcher of [`LoadKind::Watch`].
pub fn load_watch() -> Vec<u8> {
    let create = WatchCreateRequest { key: watched_key(), ..WatchCreateRequest::default() };
    WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) }.encode_to_vec()
}

fn watched_key() -> Bytes {
    Bytes::from_static(b"load/watched")
}

impl Actor for Load {
    type Input = HostInput;
    type Output = HostOutput;

    fn turn(&mut self, now: Micros, inputs: Vec<HostInput>) -> Vec<HostOutput> {
        let mut out = Vec::new();
        let mut backing_off = self.retry_us.is_some_and(|retry| retry > now);
        for input in inputs {
            match input {
                HostInput::Reply { call, result } => {
                    self.open.remove(&call);
                    self.answered(result.is_ok());
                    backing_off |= result.is_err();
                }
                HostInput::Refused { call } | HostInput::ConnectionLost { call } => {
                    self.open.remove(&call);
                    self.failed += 1;
                    backing_off = true;
                }
                HostInput::Message { message, .. } => self.watched(message),
                _ => {}
            }
        }
        if backing_off {
            self.retry_us = Some(self.retry_us.filter(|r| *r > now).unwrap_or(now + BACK_OFF_US));
        } else {
            self.retry_us = None;
            self.fill(&mut out);
        }
        out
    }

    fn next_wake(&self) -> Option<Micros> {
        self.retry_us
    }
}
