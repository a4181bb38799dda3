//! Where releases of etcd differ in what a store does.

/// The differences that show, one switch each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether a tombstone exactly at the compacted revision stays until the next compaction (C2);
    /// from 3.4.34, 3.5.16 and 3.6 on.
    pub tombstone_at_compaction_stays: bool,
    /// Whether an unknown order or target of sorting is refused (Q5); 3.6.
    pub checks_sort_option: bool,
    /// Whether a transaction checks all its puts before its ranges, and not each operation in turn
    /// (T4); up to 3.5. Tells only which of two errors is reported.
    pub checks_puts_first: bool,
    /// Whether puts in nested transactions cost space (K1); from 3.5.33 and 3.6.14 on.
    pub nested_txns_cost: bool,
    /// Whether the compacted revision itself can still be hashed (H2); not in 3.4.23 and 3.5.1,
    /// where only reads reach it.
    pub hashes_at_compaction: bool,
}

impl Rules {
    /// 3.4.23.
    pub const V3_4: Rules = Rules {
        tombstone_at_compaction_stays: false,
        checks_sort_option: false,
        checks_puts_first: true,
        nested_txns_cost: false,
        hashes_at_compaction: false,
    };
    /// 3.5.1.
    pub const V3_5: Rules = Rules::V3_4;
    /// 3.6, late.
    pub const V3_6: Rules = Rules {
        tombstone_at_compaction_stays: true,
        checks_sort_option: true,
        checks_puts_first: false,
        nested_txns_cost: true,
        hashes_at_compaction: true,
    };
}

impl Default for Rules {
    fn default() -> Rules {
        Rules::V3_6
    }
}
