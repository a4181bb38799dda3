//! Names and labels of raft messages, for the picture and the event log.

use frame::MessageKind;
use raft::eraftpb::{Message, MessageType};

use crate::io::PeerLabel;

/// What the picture needs to know of a message.
pub(crate) fn label(message: &Message) -> PeerLabel {
    PeerLabel {
        kind: kind(message.get_msg_type()),
        term: message.term,
        index: message.index,
        log_term: message.log_term,
        commit: message.commit,
        entries: message.entries.len() as u32,
        rejected: message.reject,
    }
}

fn kind(message_type: MessageType) -> MessageKind {
    match message_type {
        MessageType::MsgRequestPreVote => MessageKind::PreVote,
        MessageType::MsgRequestPreVoteResponse => MessageKind::PreVoteReply,
        MessageType::MsgRequestVote => MessageKind::Vote,
        MessageType::MsgRequestVoteResponse => MessageKind::VoteReply,
        MessageType::MsgAppend => MessageKind::Append,
        MessageType::MsgAppendResponse => MessageKind::AppendReply,
        MessageType::MsgHeartbeat => MessageKind::Heartbeat,
        MessageType::MsgHeartbeatResponse => MessageKind::HeartbeatReply,
        MessageType::MsgReadIndex => MessageKind::ReadIndex,
        MessageType::MsgReadIndexResp => MessageKind::ReadIndexReply,
        MessageType::MsgSnapshot => MessageKind::Snapshot,
        MessageType::MsgTimeoutNow => MessageKind::TimeoutNow,
        MessageType::MsgPropose => MessageKind::Propose,
        _ => MessageKind::Other,
    }
}
