//! Messages and snapshots that raft-rs can be given: it panics on some that no member sends.
//!
//! etcd's raft panics on most of these as well; what it takes a peer's bytes for is rafthttp's
//! business, which drops a connection that says something else. So what cannot be meant is ignored,
//! and only a message that contradicts this member's log ends the member, with etcd's text.

use std::collections::BTreeSet;

use raft::eraftpb::{ConfState, Entry, EntryType, Message, MessageType};
use raft::{RaftLog, Storage};

use crate::apply;
use crate::conf_change::Change;

/// Terms and indexes stay far from where counting on would overflow.
pub(crate) const NUMBER_MAX: u64 = 1 << 48;

/// Whether a member could have sent this to one with this log.
pub(crate) fn is_sound<T: Storage>(message: &Message, log: &RaftLog<T>) -> bool {
    let numbers = [message.term, message.index, message.log_term, message.commit];
    let more = [message.reject_hint, message.commit_term];
    if numbers.iter().chain(&more).any(|number| *number > NUMBER_MAX)
        || message.request_snapshot != 0
    {
        return false;
    }
    match message.get_msg_type() {
        // Their terms are for the receiver to fill in.
        MessageType::MsgPropose => {
            message.term == 0
                && !message.entries.is_empty()
                && message.entries.iter().all(can_be_proposed)
        }
        MessageType::MsgReadIndex => message.term == 0 && message.entries.len() == 1,
        // Only said by a leader to itself.
        MessageType::MsgTransferLeader => false,
        _ if message.term == 0 => false,
        MessageType::MsgAppend => {
            // A leader has what is committed: beyond that its terms are not lower.
            let follows = message.index < log.committed
                || log.term(log.committed).is_ok_and(|term| message.log_term >= term);
            let mut entries = (message.index + 1..).zip(&message.entries);
            follows && entries.all(|(i, entry)| entry.index == i && entry.term <= message.term)
        }
        MessageType::MsgAppendResponse => message.index <= log.last_index(),
        MessageType::MsgSnapshot => {
            let metadata = message.get_snapshot().get_metadata();
            (1..NUMBER_MAX).contains(&metadata.index)
                && metadata.term <= message.term
                && wrong_conf_state(metadata.get_conf_state()).is_none()
        }
        _ => true,
    }
}

/// What could not be read when it is applied must not get into the log.
fn can_be_proposed(entry: &Entry) -> bool {
    match entry.get_entry_type() {
        EntryType::EntryNormal => apply::decode(&entry.data).is_ok(),
        EntryType::EntryConfChange => Change::decode(&entry.data).is_ok(),
        EntryType::EntryConfChangeV2 => false,
    }
}

/// What a message of the present leader may not say about this log.
///
/// # Errors
/// etcd's text: the log here was lost or corrupted, or the leader's was.
pub(crate) fn check(message: &Message, last_index: u64) -> Result<(), String> {
    if message.get_msg_type() == MessageType::MsgHeartbeat && message.commit > last_index {
        return Err(format!(
            "tocommit({}) is out of range [lastIndex({last_index})]. Was the raft log corrupted, truncated, or lost?",
            message.commit,
        ));
    }
    Ok(())
}

/// Why a configuration is none that etcd makes: no voters, somebody twice, or a joint one. That of an
/// empty log is empty.
pub(crate) fn wrong_conf_state(state: &ConfState) -> Option<String> {
    if *state == ConfState::default() {
        return None;
    }
    let mut seen = BTreeSet::new();
    let all = state.voters.iter().chain(&state.learners);
    let distinct = all.into_iter().all(|id| *id != 0 && seen.insert(*id));
    let joint =
        !state.voters_outgoing.is_empty() || !state.learners_next.is_empty() || state.auto_leave;
    let wrong = state.voters.is_empty() || !distinct || joint;
    wrong.then(|| format!("unable to restore config {state:?}"))
}
