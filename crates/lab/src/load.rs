//! A closed-loop load: a host that keeps a fixed number of puts in flight, each 256 bytes, spread
//! over the members that answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use cluster::{Actor, HostInput, HostOutput};
use prost::Message;
use proto::etcdserverpb::PutRequest;

use crate::Micros;

/// Value size of the published etcd benchmarks.
pub const VALUE_BYTES: usize = 256;
/// Keys that the load writes to.
const KEYS: u64 = 1000;
/// How long a refused or failed put waits before the next.
const BACK_OFF_US: Micros = 100_000;

pub struct PutLoad {
    endpoints: Vec<String>,
    in_flight: u32,
    /// Calls that are open, and the endpoint of each.
    open: BTreeMap<u64, usize>,
    next_call: u64,
    acknowledged: u64,
    failed: u64,
    retry_us: Option<Micros>,
    stopped: bool,
    value: Bytes,
}

impl PutLoad {
    /// Keeps `in_flight` puts open, round robin over `endpoints` (`host:port`).
    pub fn new(endpoints: Vec<String>, in_flight: u32) -> Self {
        assert!(!endpoints.is_empty(), "a load needs an endpoint");
        PutLoad {
            endpoints,
            in_flight,
            open: BTreeMap::new(),
            next_call: 0,
            acknowledged: 0,
            failed: 0,
            retry_us: None,
            stopped: false,
            value: Bytes::from(vec![b'v'; VALUE_BYTES]),
        }
    }

    /// Puts acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// No new puts; those in flight end by themselves.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    fn fill(&mut self, out: &mut Vec<HostOutput>) {
        while !self.stopped && self.open.len() < self.in_flight as usize {
            self.next_call += 1;
            let call = self.next_call;
            let endpoint = call as usize % self.endpoints.len();
            self.open.insert(call, endpoint);
            let put = PutRequest {
                key: format!("load/{:04}", call % KEYS).into(),
                value: self.value.clone(),
                ..PutRequest::default()
            };
            out.push(HostOutput::Call {
                call,
                address: self.endpoints[endpoint].clone(),
                method: proto::method::kv::PUT.to_string(),
                metadata: proto::Metadata::default(),
                request: put.encode_to_vec().into(),
            });
        }
    }
}

impl Actor for PutLoad {
    type Input = HostInput;
    type Output = HostOutput;

    fn turn(&mut self, now: Micros, inputs: Vec<HostInput>) -> Vec<HostOutput> {
        let mut out = Vec::new();
        let mut backing_off = self.retry_us.is_some_and(|retry| retry > now);
        for input in inputs {
            match input {
                HostInput::Reply { call, result } => {
                    self.open.remove(&call);
                    match result {
                        Ok(_) => self.acknowledged += 1,
                        Err(_) => {
                            self.failed += 1;
                            backing_off = true;
                        }
                    }
                }
                HostInput::Refused { call } | HostInput::ConnectionLost { call } => {
                    self.open.remove(&call);
                    self.failed += 1;
                    backing_off = true;
                }
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
