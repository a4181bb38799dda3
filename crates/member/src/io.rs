//! What goes into and comes out of a member.
//!
//! Both are plain data that can travel to a worker, be recorded, and be hashed: the trace hash of
//! a run covers all of them, so every field is part of what "the same run" means.

use bytes::Bytes;
use frame::MessageKind;
use proto::{Metadata, Status};
use serde::{Deserialize, Serialize};

use crate::MemberConfig;

/// One call of one client, unique in the session.
pub type CallId = u64;

/// What can happen to a member.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Input {
    /// The process starts with what its data directory holds.
    Start { config: Box<MemberConfig>, disk: Vec<DiskFile> },
    /// [`crate::TICK_US`] of this member's clock have passed.
    Tick,
    /// A message of another member's raft (or an empty one: rafthttp's link heartbeat).
    Peer { from: u64, bytes: Bytes },
    /// The connection to a peer broke: its process is gone.
    PeerLost { peer: u64 },
    /// A unary call; `method` is gRPC's full path.
    Call { call: CallId, method: String, metadata: Metadata, request: Bytes },
    /// A stream is opened; its messages follow as [`Input::Message`]s.
    Open { call: CallId, method: String, metadata: Metadata },
    /// A message of the client's on an open stream.
    Message { call: CallId, message: Bytes },
    /// The client will send no more on this stream.
    CloseSend { call: CallId },
    /// The caller gave up or went away.
    CancelCall { call: CallId },
    /// The disk finished an operation that asked for it.
    DiskDone { op: u64 },
    /// An operation failed, and everything after it.
    DiskFailed { reason: String },
    /// SIGTERM.
    Stop,
    /// `lab trap`: panic in the member's own code.
    Trap,
}

/// What a member can do.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Output {
    /// A message to a peer. Kind, entries and text are for the picture alone.
    Peer { to: u64, bytes: Bytes, label: PeerLabel },
    /// A message of an open stream's answer.
    Message { call: CallId, message: Bytes },
    /// The answer to a call, or the end of a stream (then an `Ok` is empty). `index` is the log
    /// entry that it acknowledges, 0 for none.
    Reply { call: CallId, result: Result<Bytes, Status>, index: u64 },
    /// Disk operations, to be done in order. `op` 0 wants no [`Input::DiskDone`].
    Disk { op: u64, ops: Vec<DiskOp> },
    /// Something worth telling: for checkers, the event log and the picture.
    Trace(Trace),
    /// A graceful stop is complete.
    Exited,
    /// It was removed from the cluster, and its process ends (M8).
    Removed,
    /// The member cannot go on and says why; its process ends.
    Fatal { reason: String },
}

/// How a peer message is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerLabel {
    pub kind: MessageKind,
    pub term: u64,
    /// Index of the entry before those carried, or the index the message speaks of.
    pub index: u64,
    pub log_term: u64,
    pub commit: u64,
    pub entries: u32,
    pub rejected: bool,
}

/// A file of a data directory. Paths are relative to it (`member/wal/...`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DiskFile {
    pub path: String,
    pub bytes: Bytes,
}

/// One operation on a member's disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DiskOp {
    /// Adds bytes at the end of a file, which is made when missing. Not durable before a sync.
    Append { path: String, bytes: Bytes },
    /// Everything written to the file so far becomes durable.
    Sync { path: String },
    /// Replaces the file as a whole, durably, or not at all (write, sync, rename).
    Replace { path: String, bytes: Bytes },
    /// Shortens the file, durably (repair of a torn tail).
    Truncate { path: String, len: u64 },
    /// Gives a file another name, durably; one that has that name is gone.
    Rename { from: String, to: String },
    /// Deletes a file, durably.
    Remove { path: String },
}

/// Term and content of a log entry, small enough to keep for every member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogDigest {
    pub term: u64,
    /// XXH3 over type and data.
    pub digest: u64,
}

/// An applied entry as the checkers of clients want it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AppliedEntry {
    /// The request; empty for what is none (a new leader's first entry, a membership change).
    pub data: Bytes,
    /// It was turned away before the store saw it: no permission, or an alarm is up (A14, K2).
    pub refused: bool,
}

/// What a member tells about itself.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Trace {
    /// It started from disk with this log and this commit index.
    Started {
        cluster_id: u64,
        term: u64,
        vote: u64,
        commit: u64,
        /// Index of the first entry of `log`: more than 1 after a snapshot.
        first_index: u64,
        log: Vec<LogDigest>,
    },
    /// Role, term or known leader changed. `leader` 0: none.
    Role {
        role: frame::Role,
        term: u64,
        leader: u64,
    },
    /// It gave its vote in this term.
    Voted {
        term: u64,
        vote: u64,
    },
    /// Entries from `first_index` on replace what stood there.
    Appended {
        first_index: u64,
        log: Vec<LogDigest>,
    },
    Committed {
        index: u64,
    },
    /// A snapshot of the leader's takes the place of the log up to `index`.
    Snapshot {
        index: u64,
        term: u64,
    },
    /// That snapshot is the state now, as if all up to `index` were applied.
    Installed {
        index: u64,
        revision: i64,
    },
    /// A digest of the whole state right after `index` was applied.
    State {
        index: u64,
        digest: u64,
    },
    /// What was applied from `first_index` on, in full; only when
    /// [`MemberConfig::tells_entries`](crate::MemberConfig::tells_entries) is set.
    Entries {
        first_index: u64,
        entries: Vec<AppliedEntry>,
    },
    /// The members as this one knows them, after a change.
    Membership {
        cluster_id: u64,
        members: Vec<crate::MemberInfo>,
    },
    /// All entries up to `index` are applied; `revision` is the store's after it.
    Applied {
        index: u64,
        revision: i64,
    },
}
