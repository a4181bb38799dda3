//! A look at what a member has stored, and what comes back. A look is never an input: it changes
//! nothing and no actor can tell that it took place. Completion of keys, panels of keys, drills and
//! lessons read the cluster this way; a client reads it through the API.

use serde::{Deserialize, Serialize};

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub ranges: Vec<LookRange>,
    pub leases: bool,
    pub auth: bool,
    /// The old tree, with hidden nodes.
    pub v2: bool,
    /// `ranges` are of this revision; 0 for the present one. Compacted and future ones have no pairs.
    pub revision: i64,
}

/// Some keys, as Range means `key` and `range_end` (Q1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookRange {
    pub key: Vec<u8>,
    pub range_end: Vec<u8>,
    /// At most so many pairs; 0 for all.
    pub limit: u32,
    /// Without the values.
    pub keys_only: bool,
}

impl LookRange {
    /// All keys.
    pub fn all() -> LookRange {
        LookRange { key: vec![0], range_end: vec![0], ..LookRange::default() }
    }

    /// The keys that begin so, without their values; at most `limit` unless that is 0.
    pub fn prefix(prefix: &[u8], limit: u32) -> LookRange {
        // The end is the next key after all that begin so: the last byte that can grow grows.
        let kept = prefix.iter().rposition(|byte| *byte != u8::MAX);
        let (key, range_end) = match kept {
            _ if prefix.is_empty() => (vec![0], vec![0]),
            None => (prefix.to_vec(), vec![0]),
            Some(last) => {
                let mut end = prefix[..=last].to_vec();
                end[last] += 1;
                (prefix.to_vec(), end)
            }
        };
        LookRange { key, range_end, limit, keys_only: true }
    }
}

/// What one member has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    pub member_id: u64,
    pub cluster_id: u64,
    pub applied: u64,
    pub revision: i64,
    /// Negative before the first compaction.
    pub compact_revision: i64,
    /// One for each range that was asked for.
    pub ranges: Vec<PairsView>,
    pub leases: Vec<LeaseView>,
    pub auth: AuthView,
    /// Every node of the old tree below its root, parents first, in order.
    pub v2: Vec<NodeView>,
    /// The same of where the old API keeps its users and roles.
    pub v2_security: Vec<NodeView>,
    pub v2_index: u64,
    pub members: Vec<KnownMember>,
    /// `NOSPACE` or `CORRUPT`, and whose.
    pub alarms: Vec<(u64, String)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairsView {
    pub pairs: Vec<PairView>,
    /// How many there are without the limit.
    pub count: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairView {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    pub create_revision: i64,
    pub mod_revision: i64,
    pub version: i64,
    /// 0 for none.
    pub lease: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseView {
    pub id: i64,
    pub granted_ttl_s: i64,
    pub keys: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthView {
    pub enabled: bool,
    /// Each with its roles.
    pub users: Vec<(String, Vec<String>)>,
    /// Each with its permissions.
    pub roles: Vec<(String, Vec<PermissionView>)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionView {
    pub read: bool,
    pub write: bool,
    pub key: Vec<u8>,
    pub range_end: Vec<u8>,
}

/// A node of the old tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// As clients name it, such as `/dir/key`.
    pub key: String,
    /// None for a directory.
    pub value: Option<String>,
    pub has_ttl: bool,
    /// When it expires, in microseconds since 1970; 0 for never.
    pub expires_us: u64,
    pub created_index: u64,
    pub modified_index: u64,
}

/// A member as the others know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownMember {
    pub id: u64,
    /// Empty until it has started.
    pub name: String,
    pub peer_urls: Vec<String>,
    pub client_urls: Vec<String>,
    pub is_learner: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_no_key_begins_so_any_more() {
        let end = |prefix: &[u8]| LookRange::prefix(prefix, 0).range_end;
        assert_eq!(end(b"/registry/"), b"/registry0");
        assert_eq!(end(b"a\xff\xff"), b"b");
        assert_eq!(end(b"\xff"), [0]);
        assert_eq!(LookRange::prefix(b"", 0).key, LookRange::all().key);
    }
}
