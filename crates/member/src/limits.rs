//! Every bound of a member in one place, with its source.

use crate::Micros;

/// One raft tick: etcd's `--heartbeat-interval` (X1).
pub const TICK_US: Micros = 100_000;
/// `--election-timeout` 1000 ms in ticks (X1).
pub(crate) const ELECTION_TICKS: usize = 10;
pub(crate) const HEARTBEAT_TICKS: usize = 1;
/// Most bytes of entries in one append message (X2).
pub(crate) const SIZE_PER_MSG_BYTES_MAX: u64 = 1 << 20;
/// Most append messages in flight to one follower (X2).
pub(crate) const INFLIGHT_MSGS_MAX: usize = 512;
/// Largest marshalled raft request: `--max-request-bytes`.
pub(crate) const REQUEST_BYTES_MAX: usize = 3 << 19;
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
/// When a new multi-member server looks whether its peers are there, and how far it then moves its
/// election clock (`adjustTicks` in etcdserver/server.go: a twelfth of 5 s, election ticks - 2).
pub(crate) const INITIAL_ADVANCE_AFTER_TICKS: u64 = 4;
pub(crate) const INITIAL_ADVANCE_TICKS: usize = ELECTION_TICKS - 2;
/// After how long a graceful stop goes on without a successor (X6).
pub(crate) const TRANSFER_TIMEOUT_US: Micros = 1_500_000;

const _: () = assert!(ELECTION_TICKS >= 5 * HEARTBEAT_TICKS);
const _: () = assert!(REQUEST_BYTES_MAX == 1_572_864);
