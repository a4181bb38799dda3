//! A write transaction: all its changes share one revision (R1 to R5).

use bytes::Bytes;
use proto::mvccpb::{Event, KeyValue, event::EventType};

use crate::store::Stored;
use crate::{Error, KeyRange, RangeOptions, RangeResult, Revision, Store};

/// One change, in the order made.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// After a put the whole pair; after a delete the key and the revision of its end (W10).
    pub kv: KeyValue,
    pub deleted: bool,
}

impl Change {
    /// As watchers get it, without the pair before it.
    pub fn into_event(self) -> Event {
        let kind = if self.deleted { EventType::Delete } else { EventType::Put };
        Event { r#type: kind as i32, kv: Some(self.kv), prev_kv: None }
    }
}

/// An open write. Its changes are in the store at once, but the store's revision moves only when
/// it ends.
#[must_use = "a write counts only when it ends"]
pub struct WriteTxn<'a> {
    store: &'a mut Store,
    changes: Vec<Change>,
}

impl Drop for WriteTxn<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<'a> WriteTxn<'a> {
    pub(crate) fn new(store: &'a mut Store) -> Self {
        WriteTxn { store, changes: vec![] }
    }

    /// The revision that a read in here sees now (R3): one more than at the start after the first
    /// change.
    pub fn rev(&self) -> i64 {
        self.store.current + i64::from(!self.changes.is_empty())
    }

    /// The changes so far.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Writes a pair and gives its revision (R4). `lease` is carried, not attached.
    pub fn put(&mut self, key: &[u8], value: Bytes, lease: i64) -> i64 {
        let rev = self.next_rev();
        let (key, generation) = self.store.index.put(key, rev);
        let kv = KeyValue {
            key,
            create_revision: generation.created.main,
            mod_revision: rev.main,
            version: generation.ver,
            value,
            lease,
        };
        self.store.live += usize::from(kv.version == 1);
        self.change(rev, kv, false);
        rev.main
    }

    /// Deletes the keys of a range; how many there were (R5).
    pub fn delete_range(&mut self, key: &[u8], range_end: &[u8]) -> i64 {
        let at = self.rev();
        let keys = KeyRange::from_wire(key, range_end);
        let alive: Vec<Bytes> =
            self.store.index.range(keys, at).map(|(key, _)| key.clone()).collect();
        let mut deleted = 0;
        for key in alive {
            let rev = self.next_rev();
            // A key that the range has just found alive can be ended.
            if self.store.index.tombstone(&key, rev).is_ok() {
                self.store.live -= 1;
                deleted += 1;
                self.change(rev, KeyValue { key, ..KeyValue::default() }, true);
            }
        }
        deleted
    }

    /// Reads, own changes included (R3).
    ///
    /// # Errors
    /// As [`Store::range`].
    pub fn range(
        &self,
        key: &[u8],
        range_end: &[u8],
        options: RangeOptions,
    ) -> Result<RangeResult, Error> {
        self.store.range_at(KeyRange::from_wire(key, range_end), self.rev(), options)
    }

    /// Ends the write: the store's revision, one more if anything changed (R2), and the changes.
    pub fn end(mut self) -> (i64, Vec<Change>) {
        let changes = self.close();
        (self.store.current, changes)
    }

    /// A dropped write is as good as an ended one: its changes are in the store already.
    fn close(&mut self) -> Vec<Change> {
        let changes = std::mem::take(&mut self.changes);
        if !changes.is_empty() {
            self.store.current += 1;
            self.store.size.commit();
        }
        changes
    }

    fn next_rev(&self) -> Revision {
        Revision::new(self.store.current + 1, self.changes.len() as i64)
    }

    fn change(&mut self, rev: Revision, kv: KeyValue, deleted: bool) {
        let mut event_kv = kv.clone();
        event_kv.mod_revision = rev.main;
        let stored = Stored { kv, tombstone: deleted };
        self.store.size.add(&stored);
        self.store.revs.push(rev, stored);
        self.changes.push(Change { kv: event_kv, deleted });
    }
}
