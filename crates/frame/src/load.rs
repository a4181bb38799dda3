//! What a load asks for, in the same words for the lab and for a real etcd beside it.

use serde::{Deserialize, Serialize};

/// A kind of load. All values have 256 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadKind {
    /// Puts, over a thousand keys.
    #[default]
    Put,
    /// Linearizable gets of one key.
    Get,
    /// Serializable gets of one key.
    SerializableGet,
    /// Transactions that compare a version and put.
    Txn,
    /// A thousand watchers of one key over a dozen streams; what counts are the events they get.
    Watch,
}

impl LoadKind {
    /// All of them, in the order of a table.
    pub const ALL: [LoadKind; 5] =
        [LoadKind::Put, LoadKind::Get, LoadKind::SerializableGet, LoadKind::Txn, LoadKind::Watch];

    /// The word that names it: `put`, `get`, `serializable-get`, `txn`, `watch`.
    pub fn as_str(self) -> &'static str {
        match self {
            LoadKind::Put => "put",
            LoadKind::Get => "get",
            LoadKind::SerializableGet => "serializable-get",
            LoadKind::Txn => "txn",
            LoadKind::Watch => "watch",
        }
    }

    /// Reads such a word.
    pub fn parse(word: &str) -> Option<LoadKind> {
        LoadKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// How many requests a benchmark keeps in flight; for watches, how many puts of their key.
    pub fn in_flight(self) -> &'static [u32] {
        match self {
            LoadKind::Watch => &[10],
            _ => &[1, 100, 1000],
        }
    }

    /// One line of a table of figures.
    pub fn what(self, in_flight: u32) -> String {
        match self {
            LoadKind::Put => format!("puts, {in_flight} in flight"),
            LoadKind::Get => format!("linearizable gets, {in_flight} in flight"),
            LoadKind::SerializableGet => format!("serializable gets, {in_flight} in flight"),
            LoadKind::Txn => format!("transactions, {in_flight} in flight"),
            LoadKind::Watch => "events to 1,000 watchers".to_string(),
        }
    }
}
