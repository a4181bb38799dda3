//! Every bound of a member in one place, with its source.

use crate::Micros;

/// One raft tick: etcd's `--heartbeat-interval` (X1).
pub const TICK_US: Micros = 100_000;
/// `--election-timeout` 1000 ms in ticks (X1).
pub(crate) const ELECTION_TICKS: usize = 10;
pub(crate) const HEARTBEAT_TICKS: usize = 1;
/// The same in microseconds.
pub(crate) const ELECTION_TIMEOUT_US: Micros = ELECTION_TICKS as Micros * TICK_US;
/// Most bytes of entries in one append message (X2).
pub(crate) const SIZE_PER_MSG_BYTES_MAX: u64 = 1 << 20;
/// Most append messages in flight to one follower (X2).
pub(crate) const INFLIGHT_MSGS_MAX: usize = 512;
/// Largest marshalled raft request: `--max-request-bytes`.
pub(crate) const REQUEST_BYTES_MAX: usize = 3 << 19;
/// What a message may have beyond that before gRPC itself refuses it.
pub(crate) const GRPC_OVERHEAD_BYTES: usize = 512 * 1024;
/// A request's time at the server: 5 s plus twice the election timeout (X5).
pub(crate) const REQUEST_TIMEOUT_US: Micros = 7_000_000;
/// A ReadIndex round without an answer is asked again (X4).
pub(crate) const READ_INDEX_RETRY_US: Micros = 500_000;
/// Most of commit minus apply before new requests are turned away (X5).
pub(crate) const COMMIT_APPLY_GAP_MAX: u64 = 5_000;
/// rafthttp: an idle stream carries a heartbeat this often (ConnWriteTimeout / 3).
pub(crate) const LINK_HEARTBEAT_TICKS: u64 = 17;
/// rafthttp: a peer that said nothing for this long is not active (ConnReadTimeout).
pub(crate) const PEER_SILENCE_US: Micros = 5_000_000;
/// A peer counts as connected for a change of the membership after so long (HealthInterval, M4).
pub(crate) const HEALTH_INTERVAL_US: Micros = 5_000_000;
/// When a new multi-member server looks whether its peers are there, and how far it then moves its
/// election clock (`adjustTicks` in etcdserver/server.go: a twelfth of 5 s, election ticks - 2).
pub(crate) const INITIAL_ADVANCE_AFTER_TICKS: u64 = 4;
pub(crate) const INITIAL_ADVANCE_TICKS: usize = ELECTION_TICKS - 2;
/// After how long a graceful stop goes on without a successor (X6).
pub(crate) const TRANSFER_TIMEOUT_US: Micros = 1_500_000;
/// How long a removed member lives on, so that its peers learn of it (M8).
pub(crate) const REMOVED_STOP_US: Micros = 1_000_000;
/// `--max-learners` (M3).
pub(crate) const LEARNERS_MAX: usize = 1;
/// `--quota-backend-bytes` when it is 0 (K1).
pub(crate) const QUOTA_BYTES_DEFAULT: u64 = 2 << 30;
/// Shortest lease: one and a half election timeouts, rounded up (L2).
pub(crate) const LEASE_TTL_S_MIN: i64 = 2;
/// The lessor looks for expired leases this often.
pub(crate) const LEASE_CHECK_TICKS: u64 = 5;
/// The leader tells the v2 store the time this often, while a key there expires (V7).
pub(crate) const V2_SYNC_TICKS: u64 = 5;
/// What a health check waits for the log (etcdhttp's `checkHealth`).
pub(crate) const HEALTH_TIMEOUT_US: Micros = 1_000_000;
/// Most leases revoked in one look: 1000 a second.
pub(crate) const LEASE_REVOKES_MAX: usize = 500;
/// How often remaining times are put into the log (L10).
pub(crate) const LEASE_CHECKPOINT_US: Micros = 300_000_000;
/// The leader looks at the cluster's version this often (monitorVersionInterval).
pub(crate) const VERSION_CHECK_TICKS: u64 = 50;
/// A stream that asked for a leader ends after so many looks without one (W17), one look for each
/// election timeout.
pub(crate) const NO_LEADER_LOOKS: u64 = 3;
/// A snapshot that was sent and not taken after this long has failed.
pub(crate) const SNAPSHOT_SEND_TIMEOUT_US: Micros = 5_000_000;
/// etcd's own bcrypt cost is 10, a tenth of a second of a whole worker for each login; the lab
/// takes bcrypt's least.
pub(crate) const BCRYPT_COST: u32 = 4;

const _: () = assert!(ELECTION_TICKS >= 5 * HEARTBEAT_TICKS);
const _: () = assert!(REQUEST_BYTES_MAX == 1_572_864);
/// Files of the log that are kept, and of snapshots (`--max-wals`, `--max-snapshots`).
pub(crate) const WAL_FILES_MAX: usize = 5;
pub(crate) const SNAP_FILES_MAX: usize = 5;
/// Bytes of one message of a snapshot's stream (N1).
pub(crate) const SNAPSHOT_CHUNK_BYTES: usize = 32 * 1024;
