//! Keys as they are, and then every change (`clientv3/mirror/syncer.go`): a base in pages, all of one
//! revision, and a watch from the revision after it.

use bytes::Bytes;
use proto::etcdserverpb::{RangeRequest, RangeResponse, WatchCreateRequest};
use proto::method;

use super::{Client, ClientError, Deadline, Retry, get, with_prefix};

/// How many keys come in one page.
const PAGE: i64 = 1_000;
/// Any key does to learn the present revision.
const ANY_KEY: &[u8] = b"foo";

/// Follows all keys that begin with a prefix.
pub(crate) struct Syncer<'c, 'a> {
    client: &'c Client<'a>,
    prefix: Bytes,
    revision: i64,
    /// Where the next page of the base begins; nothing once the last page is there.
    next_key: Option<Bytes>,
}

impl<'c, 'a> Syncer<'c, 'a> {
    /// Of the present, or as of `revision` where that is positive.
    pub(crate) async fn new(
        client: &'c Client<'a>,
        prefix: Bytes,
        revision: i64,
    ) -> Result<Self, ClientError> {
        let mut syncer = Syncer { client, prefix, revision, next_key: None };
        if revision == 0 {
            let head = get(client, &Bytes::from_static(ANY_KEY)).await?.header;
            syncer.revision = head.unwrap_or_default().revision;
        }
        syncer.next_key = Some(syncer.range().0);
        Ok(syncer)
    }

    fn range(&self) -> (Bytes, Bytes) {
        with_prefix(self.prefix.clone())
    }

    /// The next page of the base; `None` after the last one.
    pub(crate) async fn base(&mut self) -> Result<Option<RangeResponse>, ClientError> {
        let Some(key) = self.next_key.take() else { return Ok(None) };
        let (_, range_end) = self.range();
        let revision = self.revision;
        let request = RangeRequest { key, range_end, limit: PAGE, revision, ..Default::default() };
        let (method, retry) = (method::kv::RANGE, Retry::Repeatable);
        let page: RangeResponse =
            self.client.call(Deadline::NEVER, method, &request, retry).await?;
        if page.more {
            let last = page.kvs.last();
            self.next_key = last.map(|kv| Bytes::from([&kv.key[..], &[0]].concat()));
        }
        Ok(Some(page))
    }

    /// The watch of everything that comes after the base.
    pub(crate) fn updates(&self) -> WatchCreateRequest {
        let (key, range_end) = self.range();
        let start_revision = self.revision + 1;
        WatchCreateRequest { key, range_end, start_revision, ..WatchCreateRequest::default() }
    }
}
