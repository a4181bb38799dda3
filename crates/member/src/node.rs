//! raft-rs, held the way etcd holds its raft.
//!
//! Two things keep it deterministic: after every tick, step and campaign the election timeout that
//! raft-rs drew from ambient chance is overwritten with a pure function of (seed, member, term,
//! role), before anything reads it; and outgoing messages are sorted by destination, because
//! raft-rs iterates hash maps whose order differs between 32 and 64 bits.

use bytes::Bytes;
use raft::eraftpb::{
    ConfChange, ConfState, Entry, EntryType, HardState, Message, MessageType, Snapshot,
};
use raft::{Config, INVALID_ID, ProgressState, RawNode, ReadState, SnapshotStatus, StateRole};

use crate::chance::{Purpose, draw_range};
use crate::limits;
use crate::log_store::LogStore;
use crate::sound;

pub(crate) struct Node {
    raw: RawNode<LogStore>,
    seed: u64,
    /// The timeout of this term and role: drawn once, set again after every call.
    steered: (u64, StateRole, usize),
    /// Peers and what of the log each has, from when this leader removed itself.
    farewell: Vec<(u64, u64)>,
}

/// What one Ready asks for.
pub(crate) struct Work {
    pub(crate) number: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) hard_state: Option<HardState>,
    pub(crate) must_sync: bool,
    /// The term or the vote is another than what was written before.
    pub(crate) new_term: bool,
    /// A leader's messages: they promise nothing of this Ready (Raft thesis 10.2.1).
    pub(crate) messages: Vec<Message>,
    /// Messages that may leave only when entries and hard state are durable.
    pub(crate) promises: Vec<Message>,
    /// A snapshot of the leader's, to be durable before anything that follows it.
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) committed: Vec<Entry>,
    pub(crate) read_states: Vec<ReadState>,
}

impl Node {
    /// A node over a recovered log, whose state has `applied`. `pre_vote` is the profile's.
    pub(crate) fn new(
        id: u64,
        seed: u64,
        pre_vote: bool,
        applied: u64,
        log: LogStore,
    ) -> Result<Self, String> {
        let config = Config {
            id,
            applied,
            election_tick: limits::ELECTION_TICKS,
            heartbeat_tick: limits::HEARTBEAT_TICKS,
            max_size_per_msg: limits::SIZE_PER_MSG_BYTES_MAX,
            max_inflight_msgs: limits::INFLIGHT_MSGS_MAX,
            check_quorum: true,
            pre_vote,
            ..Config::default()
        };
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        if let Some(reason) = sound::wrong_conf_state(log.conf_state()) {
            return Err(reason);
        }
        let raw = RawNode::new(&config, log, &logger).map_err(|e| e.to_string())?;
        let mut node =
            Node { raw, seed, steered: (u64::MAX, StateRole::Follower, 0), farewell: Vec::new() };
        node.steer();
        Ok(node)
    }

    /// Overwrites the ambient draw. The timeout is constant within a term and role.
    fn steer(&mut self) {
        let raft = &mut self.raw.raft;
        if (self.steered.0, self.steered.1) != (raft.term, raft.state) {
            let ticks = election_timeout_ticks(self.seed, raft.id, raft.term, raft.state);
            self.steered = (raft.term, raft.state, ticks);
        }
        raft.set_randomized_election_timeout(self.steered.2);
    }

    pub(crate) fn tick(&mut self) {
        self.raw.tick();
        self.steer();
    }

    /// A peer's message. What no member would send is ignored, and so is what raft says is not meant
    /// for its state.
    ///
    /// # Errors
    /// When the message and this log cannot both be right: etcd panics with this text.
    pub(crate) fn step(&mut self, message: Message) -> Result<(), String> {
        let raft = &self.raw.raft;
        if message.from == raft.id || !sound::is_sound(&message, &raft.raft_log) {
            return Ok(());
        }
        if message.term >= raft.term {
            sound::check(&message, raft.raft_log.last_index())?;
        }
        let _ = self.raw.step(message);
        self.steer();
        Ok(())
    }

    /// All proposals of one instant travel in one message. False: dropped, to be tried again.
    pub(crate) fn propose(&mut self, requests: impl Iterator<Item = Vec<u8>>) -> bool {
        let mut message = Message::default();
        message.set_msg_type(MessageType::MsgPropose);
        message.from = self.raw.raft.id;
        let entries: Vec<Entry> =
            requests.map(|data| Entry { data: data.into(), ..Entry::default() }).collect();
        message.set_entries(entries.into());
        let taken = self.raw.raft.step(message).is_ok();
        self.steer();
        taken
    }

    /// Proposes a membership change, an entry of its own. False: dropped, to be tried again.
    pub(crate) fn propose_conf_change(&mut self, data: Bytes) -> bool {
        let mut message = Message::default();
        message.set_msg_type(MessageType::MsgPropose);
        message.from = self.raw.raft.id;
        let entry = Entry { entry_type: EntryType::EntryConfChange, data, ..Entry::default() };
        message.set_entries(vec![entry].into());
        let taken = self.raw.raft.step(message).is_ok();
        self.steer();
        taken
    }

    pub(crate) fn read_index(&mut self, context: u64) {
        self.raw.read_index(context.to_be_bytes().to_vec());
        self.steer();
    }

    pub(crate) fn report_unreachable(&mut self, peer: u64) {
        self.raw.report_unreachable(peer);
        self.steer();
    }

    /// A snapshot to this peer got lost, or was taken.
    pub(crate) fn report_snapshot(&mut self, peer: u64, failed: bool) {
        let status = if failed { SnapshotStatus::Failure } else { SnapshotStatus::Finish };
        self.raw.report_snapshot(peer, status);
        self.steer();
    }

    /// Peers that wait for a snapshot, sorted.
    pub(crate) fn awaiting_snapshot(&self) -> Vec<u64> {
        if !self.is_leader() {
            return Vec::new();
        }
        let progress = self.raw.raft.prs().iter();
        let mut waiting: Vec<u64> = progress
            .filter(|(_, progress)| progress.state == ProgressState::Snapshot)
            .map(|(id, _)| *id)
            .collect();
        waiting.sort_unstable();
        waiting
    }

    pub(crate) fn transfer_leader(&mut self, to: u64) {
        self.raw.transfer_leader(to);
        self.steer();
    }

    pub(crate) fn apply_conf_change(&mut self, change: &ConfChange) -> Result<(), String> {
        let mut state: ConfState = self.raw.apply_conf_change(change).map_err(|e| e.to_string())?;
        // Hash-map order must not reach anything that is stored or compared.
        state.mut_voters().sort_unstable();
        state.mut_learners().sort_unstable();
        self.raw.mut_store().set_conf_state(state);
        // raft-rs 0.7 panics at the next acknowledgement when a leader has removed itself: it looks
        // for its own progress. etcd's leader leads on until the process ends; this one steps down, and
        // goes on telling the others what is committed.
        let raft = &mut self.raw.raft;
        if raft.state == StateRole::Leader && raft.prs().get(raft.id).is_none() {
            self.farewell =
                raft.prs().iter().map(|(id, progress)| (*id, progress.matched)).collect();
            self.farewell.sort_unstable();
            raft.become_follower(raft.term, INVALID_ID);
        }
        self.steer();
        Ok(())
    }

    /// Heartbeats of a leader that is no longer a member: without them its last word could get lost, and
    /// those who have the entry that removed it would wait for a vote of it.
    pub(crate) fn farewells(&self) -> Vec<Message> {
        let raft = &self.raw.raft;
        let heartbeat = |(to, matched): &(u64, u64)| {
            let mut message = Message::default();
            message.set_msg_type(MessageType::MsgHeartbeat);
            (message.from, message.to, message.term) = (raft.id, *to, raft.term);
            message.commit = raft.raft_log.committed.min(*matched);
            message
        };
        // Whoever has gone on to another term needs no heartbeat of this one.
        let heard = raft.leader_id != INVALID_ID;
        if heard { Vec::new() } else { self.farewell.iter().map(heartbeat).collect() }
    }

    /// The next piece of work, already accepted by raft as "will be persisted in order".
    pub(crate) fn next_work(&mut self) -> Option<Work> {
        if !self.raw.has_ready() {
            return None;
        }
        let mut ready = self.raw.ready();
        let mut messages = ready.take_messages();
        let mut promises = ready.take_persisted_messages();
        messages.sort_by_key(|m| m.to);
        promises.sort_by_key(|m| m.to);
        let written = self.raw.store().hard_state();
        let new_term =
            ready.hs().is_some_and(|hs| hs.term != written.term || hs.vote != written.vote);
        let work = Work {
            number: ready.number(),
            new_term,
            entries: ready.entries().clone(),
            hard_state: ready.hs().cloned(),
            must_sync: ready.must_sync(),
            messages,
            promises,
            snapshot: Some(ready.snapshot().clone()).filter(|s| s.get_metadata().index > 0),
            committed: ready.take_committed_entries(),
            read_states: ready.take_read_states(),
        };
        let store = self.raw.mut_store();
        if let Some(snapshot) = &work.snapshot {
            store.install(snapshot);
        }
        store.append(&work.entries);
        if let Some(hard_state) = &work.hard_state {
            store.set_hard_state(hard_state.clone());
        }
        self.raw.advance_append_async(ready);
        Some(work)
    }

    /// Every Ready up to `number` is durable.
    pub(crate) fn persisted(&mut self, number: u64) {
        self.raw.on_persist_ready(number);
    }

    pub(crate) fn applied_to(&mut self, index: u64) {
        self.raw.advance_apply_to(index);
    }

    pub(crate) fn term(&self) -> u64 {
        self.raw.raft.term
    }

    pub(crate) fn vote(&self) -> u64 {
        self.raw.raft.vote
    }

    pub(crate) fn leader(&self) -> Option<u64> {
        Some(self.raw.raft.leader_id).filter(|id| *id != INVALID_ID)
    }

    pub(crate) fn is_leader(&self) -> bool {
        self.raw.raft.state == StateRole::Leader
    }

    pub(crate) fn role(&self) -> frame::Role {
        match self.raw.raft.state {
            StateRole::Follower => frame::Role::Follower,
            StateRole::PreCandidate => frame::Role::PreCandidate,
            StateRole::Candidate => frame::Role::Candidate,
            StateRole::Leader => frame::Role::Leader,
        }
    }

    pub(crate) fn commit(&self) -> u64 {
        self.raw.raft.raft_log.committed
    }

    pub(crate) fn last_index(&self) -> u64 {
        self.raw.raft.raft_log.last_index()
    }

    pub(crate) fn election_elapsed_ticks(&self) -> u32 {
        self.raw.raft.election_elapsed as u32
    }

    pub(crate) fn election_timeout_ticks(&self) -> u32 {
        self.raw.raft.randomized_election_timeout() as u32
    }

    /// Who granted and who refused in the election that is on, sorted.
    pub(crate) fn votes(&self) -> (Vec<u64>, Vec<u64>) {
        let votes = self.raw.raft.prs().votes();
        let pick = |granted: bool| {
            let mut ids: Vec<u64> =
                votes.iter().filter(|(_, v)| **v == granted).map(|(id, _)| *id).collect();
            ids.sort_unstable();
            ids
        };
        match self.raw.raft.state {
            StateRole::Candidate | StateRole::PreCandidate => (pick(true), pick(false)),
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// Match indexes of the peers, sorted by id; empty unless this is the leader.
    pub(crate) fn matches(&self) -> Vec<(u64, u64)> {
        if !self.is_leader() {
            return Vec::new();
        }
        let mut matches: Vec<(u64, u64)> =
            self.raw.raft.prs().iter().map(|(id, progress)| (*id, progress.matched)).collect();
        matches.sort_unstable();
        matches
    }

    pub(crate) fn log(&self) -> &LogStore {
        self.raw.store()
    }

    pub(crate) fn log_mut(&mut self) -> &mut LogStore {
        self.raw.mut_store()
    }
}

/// The drawn election timeout: a pure function of (seed, member, term, role).
fn election_timeout_ticks(seed: u64, id: u64, term: u64, role: StateRole) -> usize {
    let role = match role {
        StateRole::Follower => 0,
        StateRole::PreCandidate => 1,
        StateRole::Candidate => 2,
        StateRole::Leader => 3,
    };
    let (low, high) = (limits::ELECTION_TICKS as u64, 2 * limits::ELECTION_TICKS as u64);
    draw_range(seed, Purpose::ElectionTimeout, id, term * 4 + role, low, high) as usize
}

/// True for the entry types that carry a membership change.
pub(crate) fn is_conf_change(entry: &Entry) -> bool {
    entry.get_entry_type() != EntryType::EntryNormal
}
