//! etcd's notation for messages, entries, snapshots and states, one line each.
//!
//! What raft-rs adds to the wire is not written: the commit index in votes and answers, the
//! priority. What Go breaks over several lines (entries, snapshots) stands in one line here.

use protobuf::Message as _;
use raft::eraftpb::{
    ConfChange, ConfChangeSingle, ConfChangeType, ConfChangeV2, Entry, EntryType, HardState,
    Message, MessageType, Snapshot,
};
use raft::{StateRole, Status};
use std::fmt::Write;

use crate::confchange::state_name;

pub(crate) fn message(m: &Message) -> String {
    let kind = match m.get_msg_type() {
        MessageType::MsgAppend => "MsgApp",
        MessageType::MsgAppendResponse => "MsgAppResp",
        MessageType::MsgRequestVote => "MsgVote",
        MessageType::MsgRequestVoteResponse => "MsgVoteResp",
        MessageType::MsgRequestPreVote => "MsgPreVote",
        MessageType::MsgRequestPreVoteResponse => "MsgPreVoteResp",
        MessageType::MsgSnapshot => "MsgSnap",
        MessageType::MsgHeartbeat => "MsgHeartbeat",
        MessageType::MsgHeartbeatResponse => "MsgHeartbeatResp",
        MessageType::MsgTimeoutNow => "MsgTimeoutNow",
        MessageType::MsgPropose => "MsgProp",
        other => panic!("no table has {other:?}"),
    };
    let (from, to, term) = (m.from, m.to, m.term);
    let mut text = format!("{from}->{to} {kind} Term:{term} Log:{}/{}", m.log_term, m.index);
    if m.reject {
        write!(text, " Rejected (Hint: {})", m.reject_hint).expect("text grows");
    }
    if m.commit != 0 && matches!(kind, "MsgApp" | "MsgHeartbeat") {
        write!(text, " Commit:{}", m.commit).expect("text grows");
    }
    if !m.entries.is_empty() {
        let entries: Vec<String> = m.entries.iter().map(entry).collect();
        write!(text, " Entries:[{}]", entries.join(", ")).expect("text grows");
    }
    if kind == "MsgSnap" {
        write!(text, " Snapshot: {}", snapshot(m.get_snapshot())).expect("text grows");
    }
    text
}

pub(crate) fn entry(e: &Entry) -> String {
    let at = format!("{}/{}", e.term, e.index);
    let (kind, changes) = match e.get_entry_type() {
        EntryType::EntryNormal => {
            return format!("{at} EntryNormal {:?}", String::from_utf8_lossy(&e.data));
        }
        EntryType::EntryConfChange => {
            let change = conf_change(e);
            let mut single = ConfChangeSingle::default();
            single.set_change_type(change.get_change_type());
            single.node_id = change.node_id;
            ("EntryConfChange", vec![single])
        }
        EntryType::EntryConfChangeV2 => ("EntryConfChangeV2", conf_change_v2(e).changes.to_vec()),
    };
    let mut text = format!("{at} {kind}");
    for change in changes {
        let letter = match change.get_change_type() {
            ConfChangeType::AddNode => 'v',
            ConfChangeType::AddLearnerNode => 'l',
            ConfChangeType::RemoveNode => 'r',
        };
        write!(text, " {letter}{}", change.node_id).expect("text grows");
    }
    text
}

pub(crate) fn conf_change(e: &Entry) -> ConfChange {
    let mut change = ConfChange::default();
    change.merge_from_bytes(&e.data).expect("a configuration change");
    change
}

pub(crate) fn conf_change_v2(e: &Entry) -> ConfChangeV2 {
    let mut change = ConfChangeV2::default();
    change.merge_from_bytes(&e.data).expect("a configuration change");
    change
}

pub(crate) fn snapshot(s: &Snapshot) -> String {
    let (meta, conf) = (s.get_metadata(), s.get_metadata().get_conf_state());
    let list = |ids: &[u64]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        format!("[{}]", ids.join(" "))
    };
    format!(
        "Index:{} Term:{} ConfState:Voters:{} VotersOutgoing:{} Learners:{} LearnersNext:{} AutoLeave:{}",
        meta.index,
        meta.term,
        list(&conf.voters),
        list(&conf.voters_outgoing),
        list(&conf.learners),
        list(&conf.learners_next),
        conf.auto_leave
    )
}

pub(crate) fn hard_state(h: &HardState) -> String {
    let vote = if h.vote == 0 { String::new() } else { format!(" Vote:{}", h.vote) };
    format!("Term:{}{vote} Commit:{}", h.term, h.commit)
}

/// A role as in `became leader`.
pub(crate) fn role(role: StateRole) -> &'static str {
    match role {
        StateRole::Follower => "follower",
        StateRole::PreCandidate => "pre-candidate",
        StateRole::Candidate => "candidate",
        StateRole::Leader => "leader",
    }
}

/// A role as in `StateLeader`.
pub(crate) fn role_state(role: StateRole) -> &'static str {
    match role {
        StateRole::Follower => "StateFollower",
        StateRole::PreCandidate => "StatePreCandidate",
        StateRole::Candidate => "StateCandidate",
        StateRole::Leader => "StateLeader",
    }
}

/// A leader's view of the members, sorted. raft-rs does not call a leader active in its own eyes
/// before its first quorum check; etcd does, so nothing is said about that.
pub(crate) fn progress(status: &Status<'_>) -> Vec<String> {
    let Some(tracker) = status.progress else { return Vec::new() };
    let mut members: Vec<_> = tracker.iter().collect();
    members.sort_unstable_by_key(|(id, _)| **id);
    let line = |(id, p): (&u64, &raft::Progress)| {
        let mut line =
            format!("{id}: {} match={} next={}", state_name(p.state), p.matched, p.next_idx);
        if tracker.conf().learners().contains(id) {
            line.push_str(" learner");
        }
        if p.is_paused() {
            line.push_str(" paused");
        }
        if p.pending_snapshot > 0 {
            write!(line, " pendingSnap={}", p.pending_snapshot).expect("text grows");
        }
        if !p.recent_active && *id != status.id {
            line.push_str(" inactive");
        }
        if p.ins.count() > 0 {
            let full = if p.ins.full() { "[full]" } else { "" };
            write!(line, " inflight={}{full}", p.ins.count()).expect("text grows");
        }
        line
    };
    members.into_iter().map(line).collect()
}
