//! How a member starts: what etcd's flags say, already parsed.

use proto::Profile;
use serde::{Deserialize, Serialize};

use crate::membership::Member;
use crate::{Micros, PlantedBug, limits};

/// One member of `--initial-cluster`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerConfig {
    pub name: String,
    pub peer_urls: Vec<String>,
}

/// What a member that joins a running cluster learns from its peers before it starts
/// (`GetClusterFromRemotePeers`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Join {
    pub id: u64,
    pub cluster_id: u64,
    /// All members, the new one included.
    pub members: Vec<Member>,
}

/// `--auto-compaction-mode` and `--auto-compaction-retention` (K8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AutoCompaction {
    #[default]
    Off,
    /// Keeps what is younger than this, in microseconds.
    Periodic { retention_us: Micros },
    /// Keeps so many revisions.
    Revision { retention: i64 },
}

/// Certificates of a listener, as its files were when the process started (etcd reads them again for
/// every connection).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TlsInfo {
    /// `--cert-file`: PEM.
    pub cert: Vec<u8>,
    /// `--key-file`: PEM.
    pub key: Vec<u8>,
    /// `--trusted-ca-file`: PEM. Whoever calls needs a certificate then.
    pub trusted_ca: Option<Vec<u8>>,
    /// `--client-cert-allowed-hostname`: clients' certificates must be valid for it; empty is none.
    pub allowed_hostname: String,
}

/// The flags of one member. Does not change while it runs. The default is etcd's for each flag.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MemberConfig {
    pub name: String,
    /// All members of the first configuration, this one included.
    pub initial_cluster: Vec<PeerConfig>,
    pub initial_cluster_token: String,
    pub advertise_client_urls: Vec<String>,
    pub profile: Profile,
    /// Given for `--initial-cluster-state existing`; looked at only when the disk is empty.
    pub join: Option<Join>,
    /// `--force-new-cluster`: a restart as the only member of the cluster.
    pub force_new_cluster: bool,
    /// `--strict-reconfig-check`.
    pub strict_reconfig_check: bool,
    /// `--pre-vote`; none is the profile's default (X2).
    pub pre_vote: Option<bool>,
    /// `--quota-backend-bytes`: 0 is the default of 2 GiB, below 0 is no quota (K1).
    pub quota_backend_bytes: i64,
    /// `--snapshot-count`: entries applied between two snapshots; 0 is the profile's default, as in
    /// etcd (X3).
    pub snapshot_count: u64,
    /// Entries kept behind a snapshot for slow followers (X3).
    pub snapshot_catchup_entries: u64,
    /// Size at which a file of the log is followed by the next, in bytes; 64 MB in etcd.
    pub wal_segment_bytes: u64,
    /// `--max-txn-ops`.
    pub max_txn_ops: u32,
    /// `--max-request-bytes`.
    pub max_request_bytes: u32,
    pub auto_compaction: AutoCompaction,
    /// `--auth-token-ttl`, in microseconds.
    pub auth_token_ttl_us: Micros,
    /// `--bcrypt-cost`.
    pub bcrypt_cost: u32,
    /// `--watch-progress-notify-interval` of 3.5.
    pub watch_progress_interval_us: Micros,
    /// `--experimental-enable-lease-checkpoint` (L10).
    pub lease_checkpoint: bool,
    /// `--client-cert-auth`: a certificate's common name is a user (A-rules).
    pub client_cert_auth: bool,
    /// How it listens for clients at `https`; none is `http`.
    pub client_tls: Option<Box<TlsInfo>>,
    /// `--enable-v2`: whether the v2 API is served; its store is there either way.
    pub enable_v2: bool,
    /// For checkers: after every so many applied entries the member tells a digest of its whole
    /// state; 0 is never.
    pub digest_every_entries: u64,
    /// For checkers: the member tells every entry that it applies in full.
    pub tells_entries: bool,
    /// For tests of the checkers.
    pub planted: Option<PlantedBug>,
    /// The session's seed: chance comes from nowhere else.
    pub seed: u64,
    /// Unix time of virtual time zero, in microseconds: the lab's wall clock.
    pub epoch_us: Micros,
}

impl Default for MemberConfig {
    fn default() -> Self {
        MemberConfig {
            name: "default".into(),
            initial_cluster: Vec::new(),
            initial_cluster_token: "etcd-cluster".into(),
            advertise_client_urls: Vec::new(),
            profile: Profile::V3_4,
            join: None,
            force_new_cluster: false,
            strict_reconfig_check: true,
            pre_vote: None,
            quota_backend_bytes: 0,
            snapshot_count: 0,
            snapshot_catchup_entries: 5_000,
            wal_segment_bytes: wal::SEGMENT_SIZE_BYTES,
            max_txn_ops: 128,
            max_request_bytes: limits::REQUEST_BYTES_MAX as u32,
            auto_compaction: AutoCompaction::Off,
            auth_token_ttl_us: 300_000_000,
            bcrypt_cost: limits::BCRYPT_COST,
            watch_progress_interval_us: 600_000_000,
            lease_checkpoint: false,
            client_cert_auth: false,
            client_tls: None,
            enable_v2: false,
            digest_every_entries: 0,
            tells_entries: false,
            planted: None,
            seed: 0,
            epoch_us: 0,
        }
    }
}

impl MemberConfig {
    /// X2, section 18: pre-vote is off by default up to 3.4, on from 3.5.
    pub(crate) fn pre_vote(&self) -> bool {
        self.pre_vote.unwrap_or(self.profile > Profile::V3_4)
    }

    /// X3: entries applied between two snapshots.
    pub fn snapshot_entries(&self) -> u64 {
        match self.snapshot_count {
            0 if self.profile >= Profile::V3_6 => 10_000,
            0 => 100_000,
            count => count,
        }
    }

    /// Section 18: whether API v2 is served without `--enable-v2`, which 3.6 does not have at all.
    pub fn serves_v2_by_default(profile: Profile) -> bool {
        profile == Profile::V3_3
    }

    pub(crate) fn has_planted(&self, bug: PlantedBug) -> bool {
        self.planted == Some(bug)
    }

    /// The quota in bytes, none for a switched-off one (K1).
    pub(crate) fn quota_bytes(&self) -> Option<u64> {
        match self.quota_backend_bytes {
            0 => Some(limits::QUOTA_BYTES_DEFAULT),
            bytes => u64::try_from(bytes).ok(),
        }
    }
}
