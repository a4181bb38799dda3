//! How a member starts: what etcd's flags say, already parsed.

use serde::{Deserialize, Serialize};

use crate::Micros;

/// One member of `--initial-cluster`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerConfig {
    pub name: String,
    pub peer_urls: Vec<String>,
}

/// Which etcd release this member behaves like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Profile {
    V3_4,
}

impl Profile {
    /// The version that Status and `etcdctl endpoint status` show.
    pub fn version(self) -> &'static str {
        match self {
            Profile::V3_4 => "3.4.23",
        }
    }

    /// `--pre-vote`: off by default in 3.4, on from 3.5 (X2).
    pub fn pre_vote(self) -> bool {
        match self {
            Profile::V3_4 => false,
        }
    }

    /// Reads `3.4`.
    pub fn parse(text: &str) -> Option<Profile> {
        match text {
            "3.4" => Some(Profile::V3_4),
            _ => None,
        }
    }
}

/// The flags of one member. Does not change while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MemberConfig {
    pub name: String,
    /// All members of the first configuration, this one included.
    pub initial_cluster: Vec<PeerConfig>,
    pub initial_cluster_token: String,
    pub advertise_client_urls: Vec<String>,
    pub profile: Profile,
    /// The session's seed: chance comes from nowhere else.
    pub seed: u64,
    /// Unix time of virtual time zero, in microseconds: the lab's wall clock.
    pub epoch_us: Micros,
}
