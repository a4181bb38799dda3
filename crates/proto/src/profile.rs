//! Which etcd release the lab behaves like.

use serde::{Deserialize, Serialize};

/// A version profile: defaults, commands, printers, texts and version strings of one release. Raft
/// and MVCC are the same under all of them, but for what etcd-semantics names (C2, Q5, X2, its
/// section 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Profile {
    V3_3,
    V3_4,
    V3_5,
    V3_6,
}

impl Profile {
    /// The oldest that the lab knows.
    pub const OLDEST: Profile = Profile::V3_3;
    /// The newest that the lab knows.
    pub const NEWEST: Profile = Profile::V3_6;
    /// All profiles, oldest first.
    pub const ALL: [Profile; 4] = [Profile::V3_3, Profile::V3_4, Profile::V3_5, Profile::V3_6];

    /// The release that it stands for: what Status and `etcdctl version` show. 3.4.23 and 3.5.1 were
    /// compared with real binaries; 3.3.27 and 3.6.14 follow what etcd's source says of them.
    pub fn version(self) -> &'static str {
        match self {
            Profile::V3_3 => "3.3.27",
            Profile::V3_4 => "3.4.23",
            Profile::V3_5 => "3.5.1",
            Profile::V3_6 => "3.6.14",
        }
    }

    /// Major and minor: the profile's name, the cluster version, and the version of the API.
    pub fn minor_version(self) -> &'static str {
        match self {
            Profile::V3_3 => "3.3",
            Profile::V3_4 => "3.4",
            Profile::V3_5 => "3.5",
            Profile::V3_6 => "3.6",
        }
    }

    /// Whether a real binary of this release was at hand to compare with.
    pub fn is_compared(self) -> bool {
        matches!(self, Profile::V3_4 | Profile::V3_5)
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
