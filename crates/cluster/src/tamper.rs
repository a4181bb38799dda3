//! Planted faults: what no etcd survives, put in at the world's edges to show that the checkers catch
//! it. Without one nothing here does anything.

use std::collections::BTreeMap;

use bytes::Bytes;
use frame::MessageKind;
use prost::Message;
use proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, RangeRequest, RangeResponse, WatchResponse,
};
use proto::method;

use crate::World;
use crate::world::{OpenCall, Planted};

/// The shortest lease that is granted (L2).
const TTL_S_MIN: i64 = 2;

/// What planted faults remember.
#[derive(Default)]
pub(crate) struct Tampering {
    /// Chances to do something so far.
    count: u64,
    /// Open calls that may be tampered with: (host, call) to method and request.
    asked: BTreeMap<(u16, u64), (String, Bytes)>,
    /// The first answer to each linearizable read.
    first: BTreeMap<Bytes, Bytes>,
}

impl Tampering {
    fn is_due(&mut self, every: u64) -> bool {
        self.count += 1;
        self.count.is_multiple_of(every)
    }
}

impl World {
    /// A raft append on its way.
    pub(crate) fn tamper_append(&mut self, bytes: Bytes, label: &member::PeerLabel) -> Bytes {
        let Some(Planted::TamperedEntry { every }) = self.options.planted else { return bytes };
        if label.kind != MessageKind::Append || label.entries == 0 {
            return bytes;
        }
        if !self.tampering.is_due(every) {
            return bytes;
        }
        // A put's value has a run of `v`s near the end: one of them becomes a `w`.
        let mut bytes = bytes.to_vec();
        if let Some(byte) = bytes.iter_mut().rev().find(|byte| **byte == b'v') {
            *byte = b'w';
        }
        bytes.into()
    }

    /// A unary request on its way.
    pub(crate) fn tamper_request(
        &mut self,
        call: (u16, u64),
        method: &str,
        request: Bytes,
    ) -> Bytes {
        let Some(planted) = self.options.planted else { return request };
        self.tampering.asked.insert(call, (method.to_owned(), request.clone()));
        match (planted, method) {
            (Planted::LeaseTtl { percent }, method::lease::LEASE_GRANT) => {
                let Ok(mut grant) = LeaseGrantRequest::decode(request.clone()) else {
                    return request;
                };
                grant.ttl = grant.ttl * percent / 100;
                grant.encode_to_vec().into()
            }
            _ => request,
        }
    }

    /// The answer to a unary request.
    pub(crate) fn tamper_reply(&mut self, open: &OpenCall, reply: Bytes) -> Bytes {
        let Some(planted) = self.options.planted else { return reply };
        let asked = self.tampering.asked.remove(&(open.host, open.host_call));
        let Some((method, request)) = asked else { return reply };
        match (planted, method.as_str()) {
            (Planted::LeaseTtl { .. }, method::lease::LEASE_GRANT) => lease_reply(request, reply),
            (Planted::StaleRead { every }, method::kv::RANGE) => {
                let serializable =
                    RangeRequest::decode(request.clone()).is_ok_and(|range| range.serializable);
                if serializable {
                    return reply;
                }
                let first = self.tampering.first.entry(request).or_insert_with(|| reply.clone());
                let first = first.clone();
                if self.tampering.is_due(every) { first } else { reply }
            }
            (Planted::WrongValue { every }, method::kv::RANGE) => {
                self.wrong_value(every, request, reply)
            }
            _ => reply,
        }
    }

    fn wrong_value(&mut self, every: u64, request: Bytes, reply: Bytes) -> Bytes {
        let asked = RangeRequest::decode(request).ok().filter(|range| range.serializable);
        let response = asked.and_then(|_| RangeResponse::decode(reply.clone()).ok());
        let Some(mut response) = response.filter(|response| !response.kvs.is_empty()) else {
            return reply;
        };
        if !self.tampering.is_due(every) {
            return reply;
        }
        if let Some(last) = response.kvs.last_mut() {
            last.value = Bytes::from_static(b"another value");
        }
        response.encode_to_vec().into()
    }

    /// A message of a stream's answer: itself, changed or doubled.
    pub(crate) fn tamper_message(&mut self, message: Bytes) -> Vec<Bytes> {
        let every = match self.options.planted {
            Some(Planted::DroppedEvent { every } | Planted::DoubledEvent { every }) => every,
            _ => return vec![message],
        };
        // A keep-alive's answer has nothing where a watch has its events.
        let Ok(mut response) = WatchResponse::decode(message.clone()) else { return vec![message] };
        if response.events.is_empty() || !self.tampering.is_due(every) {
            return vec![message];
        }
        if matches!(self.options.planted, Some(Planted::DoubledEvent { .. })) {
            return vec![message.clone(), message];
        }
        response.events.remove(0);
        vec![response.encode_to_vec().into()]
    }
}

/// The client is told the time that it asked for.
fn lease_reply(request: Bytes, reply: Bytes) -> Bytes {
    let asked = LeaseGrantRequest::decode(request).map(|request| request.ttl);
    match (asked, LeaseGrantResponse::decode(reply.clone())) {
        (Ok(ttl), Ok(mut response)) => {
            response.ttl = ttl.max(TTL_S_MIN);
            response.encode_to_vec().into()
        }
        _ => reply,
    }
}
