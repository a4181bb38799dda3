//! A store and its leases, as one member has them, for tests of what is applied to both.

#![allow(dead_code, reason = "each test file takes what it needs")]

use bytes::Bytes;
use mvcc::{Change, Lessor, RangeOptions, Rules, Store, request, txn as txns};
use proto::Status;
use proto::etcdserverpb::{PutRequest, TxnRequest, TxnResponse};

use crate::support::build::put_request;

/// A store and its leases, as one member has them.
pub(crate) struct Member {
    pub(crate) store: Store,
    pub(crate) lessor: Lessor,
}

impl Member {
    pub(crate) fn new() -> Member {
        Member { store: Store::with_rules(Rules::V3_5), lessor: Lessor::new(1) }
    }

    pub(crate) fn with(pairs: &[(&str, &str)]) -> Member {
        let mut member = Member::new();
        pairs.iter().for_each(|(key, value)| member.put(put_request(key, value)).expect("a put"));
        member
    }

    pub(crate) fn put(&mut self, put: PutRequest) -> Result<(), Status> {
        request::put(&mut self.store, &mut self.lessor, &put).map(drop)
    }

    pub(crate) fn apply(
        &mut self,
        request: &TxnRequest,
    ) -> Result<(TxnResponse, Vec<Change>), Status> {
        txns::apply(&mut self.store, &mut self.lessor, request)
    }

    pub(crate) fn value(&self, key: &str) -> Option<Bytes> {
        let found = self.store.range(key.as_bytes(), b"", RangeOptions::default());
        found.expect("a range").kvs.pop().map(|kv| kv.value)
    }

    /// All that a refused transaction must leave as it was.
    pub(crate) fn everything(&self) -> impl PartialEq + use<> {
        let entries: Vec<_> = self.store.key_bucket().collect();
        let attached: Vec<_> = self
            .lessor
            .leases()
            .into_iter()
            .map(|id| (id, self.lessor.keys(id).cloned().collect::<Vec<_>>()))
            .collect();
        (self.store.rev(), entries, attached)
    }

    pub(crate) fn refuses(&mut self, request: &TxnRequest, wanted: Status) {
        let before = self.everything();
        assert_eq!(self.apply(request), Err(wanted), "{request:?}");
        assert!(self.everything() == before, "something changed by {request:?}");
    }
}
