//! Which etcd release the lab behaves like.

use serde::{Deserialize, Serialize};

/// A version profile: defaults, commands, printers, texts and version strings of one release. Raft
/// and MVCC are the same under all of them, but for what etcd-semantics names (C2, Q5, X2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Profile {
    V3_4,
    V3_5,
}

impl Profile {
    /// All profiles, oldest first.
    pub const ALL: [Profile; 2] = [Profile::V3_4, Profile::V3_5];

    /// The release that was compared with a real binary: what Status and `etcdctl version` show.
    pub fn version(self) -> &'static str {
        match self {
            Profile::V3_4 => "3.4.23",
            Profile::V3_5 => "3.5.1",
        }
    }

    /// Major and minor: the profile's name, the cluster version, and the version of the API.
    pub fn minor_version(self) -> &'static str {
        match self {
            Profile::V3_4 => "3.4",
            Profile::V3_5 => "3.5",
        }
    }

    /// Reads `3.4`.
    pub fn parse(text: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.minor_version() == text)
    }

    /// The names of all profiles, for messages.
    pub fn names() -> String {
        Profile::ALL.map(Profile::minor_version).join(", ")
    }
}
