//! Bugs of the member's own, to show that the simulation and its checkers find them. No flag sets one,
//! and without one nothing here does anything.

use serde::{Deserialize, Serialize};

/// A bug around the disk, of the kinds that etcd or others have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PlantedBug {
    /// Promises leave before what they promise is durable.
    AckBeforeSync,
    /// A vote is given before it is durable.
    VoteBeforeSync,
    /// A snapshot does not say who votes.
    SnapshotWithoutMembers,
    /// The backend does not say which entries are in it: they are applied again.
    BackendWithoutIndex,
    /// The backend claims one entry more than it has, which is then left out.
    BackendIndexTooHigh,
    /// A torn tail of the log stays, and writing goes on behind it.
    TornTailKept,
    /// Old files go before the snapshot that makes them needless is durable.
    PurgedTooEarly,
    /// The backend has no leases.
    BackendWithoutLeases,
    /// The backend does not say what was compacted.
    BackendWithoutCompaction,
    /// Nobody looks whether the backend is as it was written.
    RotNotLookedFor,
}

impl PlantedBug {
    pub const ALL: [PlantedBug; 10] = [
        PlantedBug::AckBeforeSync,
        PlantedBug::VoteBeforeSync,
        PlantedBug::SnapshotWithoutMembers,
        PlantedBug::BackendWithoutIndex,
        PlantedBug::BackendIndexTooHigh,
        PlantedBug::TornTailKept,
        PlantedBug::PurgedTooEarly,
        PlantedBug::BackendWithoutLeases,
        PlantedBug::BackendWithoutCompaction,
        PlantedBug::RotNotLookedFor,
    ];

    /// As a command line names it: `ack-before-sync`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }
}
