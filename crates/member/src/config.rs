//! How a member starts: what etcd's flags say, already parsed.

use proto::Profile;
use serde::{Deserialize, Serialize};

use crate::Micros;

/// One member of `--initial-cluster`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerConfig {
    pub name: String,
    pub peer_urls: Vec<String>,
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
