//! Every case in which raft-rs is not etcd's raft, with the reason.
//!
//! A case that differs and is not here fails the test, and so does a case that is here and agrees.

/// One case, named by its file and the line of its directive; line 0 is the end of the file.
pub(crate) struct Known {
    pub(crate) file: &'static str,
    pub(crate) line: usize,
    pub(crate) reason: &'static str,
}

const fn known(file: &'static str, line: usize, reason: &'static str) -> Known {
    Known { file, line, reason }
}

const NO_UPDATE: &str =
    "cannot express: raft-rs has no ConfChangeUpdateNode, and etcd's number for it means learner";

pub(crate) const QUORUM: &[Known] = &[];

pub(crate) const CONFCHANGE: &[Known] =
    &[known("confchange/update.txt", 11, NO_UPDATE), known("confchange/update.txt", 18, NO_UPDATE)];

/// Files of which raft-rs can run nothing, with the reason.
const WHOLE_FILES: &[(&str, &str)] = &[
    ("interaction/async_storage_writes", "raft-rs has no messages to append and apply threads"),
    ("interaction/confchange_disable_validation", "raft-rs always validates"),
    ("interaction/confchange_v1_remove_leader_stepdown", "raft-rs has no step down on removal"),
    ("interaction/confchange_v2_replace_leader_stepdown", "raft-rs has no step down on removal"),
    ("interaction/forget_leader", "raft-rs has no MsgForgetLeader"),
];

pub(crate) fn cannot_express(file: &str) -> Option<&'static str> {
    WHOLE_FILES.iter().find(|(start, _)| file.starts_with(start)).map(|(_, reason)| *reason)
}

const SOLE_VOTER: &str = "a sole voter wins in the call that campaigns, etcd's first stores its vote: \
     raft-rs is a leader, and its first entry in the log, one Ready earlier";
const AFTER_SNAPSHOT: &str = "a follower that took a snapshot is probed by one more empty append; \
     etcd's is in replication at once";
const STILL_PROBING: &str = "a follower that took a snapshot is probed until it took one more entry; \
     etcd's is in replication at once";
const PROBE_ANSWERED: &str = "an answered probe that commits nothing is followed by an empty append, \
     etcd's only by one that tells a new commit index";
const LEAVE_ENTRY: &str = "the entry that leaves a joint configuration by itself goes out with the next \
     append, etcd's at once; and one follower is still probed after its snapshot";
const REMOVED_LEADER: &str = "raft-rs PANICS: a leader that removed itself and commits one more entry \
     looks for its own progress (raft.rs, maybe_commit); etcd's goes on";
const UNPROMOTABLE: &str = "RawNode::campaign does not ask whether the node is a voter; a tick does, \
     and the member only ticks";
const NO_PROBE: &str = "a probed follower with the whole log is not sent an empty append after its \
     heartbeat; it stays probed until the next entry";
const FREED_SLOT: &str = "a heartbeat's answer frees one slot of a full window for entries, as in \
     etcd before the fix that this table guards; now etcd sends an empty append";
const NEXT_IN_SNAPSHOT: &str = "next moves when the snapshot is answered, in etcd when it is sent";
const OLDER_SNAPSHOT: &str = "a follower that took an older snapshot than the pending one stays in \
     StateSnapshot until ReportSnapshot; etcd's leaves when it connects to the leader's log";

pub(crate) const INTERACTION: &[Known] = &[
    known("interaction/confchange_v1_add_single.txt", 10, SOLE_VOTER),
    known("interaction/confchange_v1_add_single.txt", 15, SOLE_VOTER),
    known("interaction/confchange_v1_add_single.txt", 40, AFTER_SNAPSHOT),
    known("interaction/confchange_v1_remove_leader.txt", 146, REMOVED_LEADER),
    known("interaction/confchange_v2_add_double_auto.txt", 12, SOLE_VOTER),
    known("interaction/confchange_v2_add_double_auto.txt", 17, SOLE_VOTER),
    known("interaction/confchange_v2_add_double_auto.txt", 42, SOLE_VOTER),
    known("interaction/confchange_v2_add_double_auto.txt", 156, AFTER_SNAPSHOT),
    known("interaction/confchange_v2_add_double_auto.txt", 254, LEAVE_ENTRY),
    known("interaction/confchange_v2_add_double_auto.txt", 288, LEAVE_ENTRY),
    known("interaction/confchange_v2_add_double_auto.txt", 334, LEAVE_ENTRY),
    known("interaction/confchange_v2_add_double_implicit.txt", 14, SOLE_VOTER),
    known("interaction/confchange_v2_add_double_implicit.txt", 19, SOLE_VOTER),
    known("interaction/confchange_v2_add_single_auto.txt", 12, SOLE_VOTER),
    known("interaction/confchange_v2_add_single_auto.txt", 17, SOLE_VOTER),
    known("interaction/confchange_v2_add_single_auto.txt", 41, AFTER_SNAPSHOT),
    known("interaction/confchange_v2_add_single_explicit.txt", 12, SOLE_VOTER),
    known("interaction/confchange_v2_add_single_explicit.txt", 17, SOLE_VOTER),
    known("interaction/confchange_v2_add_single_explicit.txt", 41, AFTER_SNAPSHOT),
    known("interaction/confchange_v2_add_single_explicit.txt", 113, STILL_PROBING),
    known("interaction/confchange_v2_replace_leader.txt", 50, AFTER_SNAPSHOT),
    known("interaction/confchange_v2_replace_leader.txt", 163, PROBE_ANSWERED),
    known("interaction/confchange_v2_replace_leader.txt", 417, UNPROMOTABLE),
    known("interaction/confchange_v2_replace_leader.txt", 0, UNPROMOTABLE),
    known("interaction/heartbeat_resp_recovers_from_probing.txt", 51, NO_PROBE),
    known("interaction/heartbeat_resp_recovers_from_probing.txt", 86, NO_PROBE),
    known("interaction/probe_and_replicate.txt", 484, PROBE_ANSWERED),
    known("interaction/probe_and_replicate.txt", 517, PROBE_ANSWERED),
    known("interaction/probe_and_replicate.txt", 611, PROBE_ANSWERED),
    known("interaction/probe_and_replicate.txt", 654, PROBE_ANSWERED),
    known("interaction/probe_and_replicate.txt", 709, PROBE_ANSWERED),
    known("interaction/replicate_pause.txt", 152, FREED_SLOT),
    known("interaction/replicate_pause.txt", 163, FREED_SLOT),
    known("interaction/single_node.txt", 11, SOLE_VOTER),
    known("interaction/slow_follower_after_compaction.txt", 117, STILL_PROBING),
    known("interaction/snapshot_succeed_via_app_resp.txt", 97, NEXT_IN_SNAPSHOT),
    known("interaction/snapshot_succeed_via_app_resp.txt", 125, AFTER_SNAPSHOT),
    known("interaction/snapshot_succeed_via_app_resp.txt", 131, STILL_PROBING),
    known("interaction/snapshot_succeed_via_app_resp.txt", 138, AFTER_SNAPSHOT),
    known("interaction/snapshot_succeed_via_app_resp_behind.txt", 151, OLDER_SNAPSHOT),
    known("interaction/snapshot_succeed_via_app_resp_behind.txt", 163, OLDER_SNAPSHOT),
];
