//! The store: reads at any revision since the last compaction, one write at a time.

use proto::mvccpb::KeyValue;

use crate::rev_log::RevLog;
use crate::size::SizeModel;
use crate::{Change, Error, KeyRange, Revision, Rules, TreeIndex, WriteTxn};

/// What stands under one revision in the bucket `key`.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// A tombstone has the key only (R5).
    pub(crate) kv: KeyValue,
    pub(crate) tombstone: bool,
}

/// One member's keys and their history.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) index: TreeIndex,
    pub(crate) revs: RevLog,
    /// The revision of the latest transaction that changed something.
    pub(crate) current: i64,
    /// What was compacted last; -1 for never.
    pub(crate) compacted: i64,
    pub(crate) live: usize,
    pub(crate) size: SizeModel,
    pub(crate) rules: Rules,
}

/// How to read a range.
#[derive(Clone, Copy, Debug, Default)]
pub struct RangeOptions {
    /// At most so many keys; 0 or less: all.
    pub limit: i64,
    /// The revision to read at; 0 or less: the current one.
    pub rev: i64,
    /// Count only, fetch no pair.
    pub count_only: bool,
}

/// What a range holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeResult {
    /// In order of keys, at most as many as the limit says.
    pub kvs: Vec<KeyValue>,
    /// How many keys there are, whatever the limit.
    pub count: i64,
    /// The store's current revision, not the one that was asked for (Q4).
    pub rev: i64,
}

impl Default for Store {
    fn default() -> Self {
        Store::new()
    }
}

impl Store {
    /// An empty store at revision 1 (R1), with the newest rules.
    pub fn new() -> Self {
        Store::with_rules(Rules::default())
    }

    /// An empty store that keeps to a release's rules.
    pub fn with_rules(rules: Rules) -> Self {
        Store {
            index: TreeIndex::default(),
            revs: RevLog::default(),
            current: 1,
            compacted: -1,
            live: 0,
            size: SizeModel::default(),
            rules,
        }
    }

    /// The rules it keeps to.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// The current revision.
    pub fn rev(&self) -> i64 {
        self.current
    }

    /// The revision compacted last; -1 for never. It is still readable, older ones are not.
    pub fn compact_rev(&self) -> i64 {
        self.compacted
    }

    /// How many keys are alive.
    pub fn key_count(&self) -> usize {
        self.live
    }

    /// Size of a backend file that held this store, in bytes, free pages included; falls only by
    /// [`Store::defragment`]. See the size model for what it takes into account.
    pub fn size_bytes(&self) -> u64 {
        self.size.high_water_bytes()
    }

    /// Size of what is in use in such a file, in bytes.
    pub fn size_in_use_bytes(&self) -> u64 {
        self.size.in_use_bytes()
    }

    /// Gives free pages back, as etcd's defragmentation does (K7).
    pub fn defragment(&mut self) {
        self.size.defragment();
    }

    /// Reads the keys from `key` to `range_end` (Q1 says how the two are meant).
    ///
    /// # Errors
    /// When the revision asked for is compacted or still to come (Q3).
    pub fn range(
        &self,
        key: &[u8],
        range_end: &[u8],
        options: RangeOptions,
    ) -> Result<RangeResult, Error> {
        self.range_at(KeyRange::from_wire(key, range_end), self.current, options)
    }

    /// Reads with `current` as the newest visible revision; a write transaction sees one more.
    pub(crate) fn range_at(
        &self,
        keys: KeyRange<'_>,
        current: i64,
        options: RangeOptions,
    ) -> Result<RangeResult, Error> {
        if options.rev > current {
            return Err(Error::FutureRev);
        }
        let at = if options.rev <= 0 { current } else { options.rev };
        if at < self.compacted {
            return Err(Error::Compacted);
        }
        if options.count_only {
            let count = self.index.range(keys, at).count() as i64;
            return Ok(RangeResult { kvs: vec![], count, rev: current });
        }
        let limit = usize::try_from(options.limit).unwrap_or(0);
        let (revs, count) = self.index.revisions(keys, at, limit);
        let kvs = revs.iter().filter_map(|rev| Some(self.revs.get(rev)?.kv.clone())).collect();
        Ok(RangeResult { kvs, count: count as i64, rev: current })
    }

    /// The changes with revisions from `min` up to but without `max` that are still known, in order:
    /// what a watcher catches up on.
    pub fn changes(&self, keys: KeyRange<'_>, min: i64, max: i64) -> Vec<Change> {
        if min >= max {
            return vec![];
        }
        self.revs
            .range(Revision::new(min, 0)..Revision::new(max, 0))
            .filter(|(_, stored)| keys.contains(&stored.kv.key))
            .map(|(rev, stored)| {
                let kv = KeyValue { mod_revision: rev.main, ..stored.kv.clone() };
                Change { kv, deleted: stored.tombstone }
            })
            .collect()
    }

    /// Begins a write; nobody else reads until it ends.
    pub fn write(&mut self) -> WriteTxn<'_> {
        WriteTxn::new(self)
    }

    /// Forgets what no reader at `rev` or later needs (C1, C2).
    ///
    /// # Errors
    /// When `rev` is compacted already or still to come.
    pub fn compact(&mut self, rev: i64) -> Result<(), Error> {
        if rev <= self.compacted {
            return Err(Error::Compacted);
        }
        if rev > self.current {
            return Err(Error::FutureRev);
        }
        self.compacted = rev;
        let available = self.index.compact(rev, self.rules.tombstone_at_compaction_stays);
        let (revs, size) = (&mut self.revs, &mut self.size);
        revs.retain_up_to(Revision::new(rev, i64::MAX), |rev, stored| {
            let stays = available.contains(&rev);
            if !stays {
                size.remove(stored);
            }
            stays
        });
        Ok(())
    }
}
