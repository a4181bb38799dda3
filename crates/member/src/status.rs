//! What a member shows of itself. Reading it is never an input and changes nothing.

use frame::Role;
use serde::{Deserialize, Serialize};

/// A member's state at the end of a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberStatus {
    pub role: Role,
    pub term: u64,
    /// Id that it voted for in this term, 0 for none.
    pub vote: u64,
    /// Id of the leader it knows, 0 for none.
    pub leader: u64,
    pub commit: u64,
    pub applied: u64,
    pub last_index: u64,
    pub revision: i64,
    pub keys: u64,
    pub election_elapsed_ticks: u32,
    pub election_timeout_ticks: u32,
    pub votes_granted: Vec<u64>,
    pub votes_refused: Vec<u64>,
    /// As leader: each peer's match index.
    pub matches: Vec<(u64, u64)>,
    /// The newest log cells, oldest first.
    pub cells: Vec<StatusCell>,
}

/// One entry of the log in a few words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCell {
    pub index: u64,
    pub term: u64,
    pub label: String,
}
