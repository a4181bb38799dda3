//! The member itself: what each input does, and what follows from it at the end of a turn.

use std::collections::{BTreeMap, VecDeque};

use mvcc::{WatchHub, WatchOptions};
use prost::Message as _;
use proto::etcdserverpb::{InternalRaftRequest, RequestHeader};
use protobuf::Message as _;
use raft::eraftpb::{Message, MessageType};

use auth::{AuthInfo, SimpleTokens};

use crate::chance::{Purpose, draw};
use crate::concurrency::Recipes;
use crate::forward::Forwards;
use crate::http::Http;
use crate::io::{DiskFile, Input, Output, PeerLabel, Trace};
use crate::leader::LeaderDuties;
use crate::limits;
use crate::node::Node;
use crate::proposals::{Proposals, To, Waiter};
use crate::pump::Unsynced;
use crate::reads::Reads;
use crate::recovery;
use crate::report::digest;
use crate::snapshot::Snapshots;
use crate::state::State;
use crate::streams::Streams;
use crate::tls::Tls;
use crate::versions::Versions;
use crate::wal_file::Wal;
use crate::{CallId, MemberConfig, MemberStatus, Micros};

/// One etcd member. Made empty; it begins with [`Input::Start`].
#[derive(Default)]
pub struct Member {
    pub(crate) running: Option<Box<Running>>,
    last_status: MemberStatus,
}

impl Member {
    pub fn new() -> Self {
        Member::default()
    }

    /// Handles everything that is due at `now`, in order. After [`Output::Exited`] or
    /// [`Output::Fatal`] it does nothing until it is started again.
    pub fn turn(&mut self, now: Micros, inputs: Vec<Input>) -> Vec<Output> {
        let mut out = Vec::new();
        for input in inputs {
            match (input, &mut self.running) {
                (Input::Start { config, disk }, _) => match Running::start(*config, &disk, now) {
                    Ok((running, outputs)) => {
                        self.running = Some(Box::new(running));
                        out.extend(outputs);
                    }
                    Err(reason) => out.push(Output::Fatal { reason }),
                },
                (input, Some(running)) => running.take(now, input),
                (_, None) => {}
            }
        }
        let Some(running) = &mut self.running else { return out };
        let ended = running.flush(now);
        out.append(&mut running.out);
        if let Some(end) = ended {
            self.last_status = running.status();
            out.push(end);
            self.running = None;
        }
        out
    }

    /// What it shows of itself; after its end, what it showed last.
    pub fn status(&self) -> MemberStatus {
        match &self.running {
            Some(running) => running.status(),
            None => self.last_status.clone(),
        }
    }
}

pub(crate) struct Running {
    pub(crate) config: MemberConfig,
    pub(crate) id: u64,
    pub(crate) cluster_id: u64,
    pub(crate) node: Node,
    pub(crate) state: State,
    pub(crate) applied: u64,
    /// Entries up to here are in the backend that the start found: keys, leases, users and alarms have
    /// them already (X8).
    pub(crate) backend_index: u64,
    /// Up to this entry an earlier process did what is done once: its tokens and alarms are not
    /// made again.
    pub(crate) replayed_to: u64,
    pub(crate) proposals: Proposals,
    pub(crate) reads: Reads,
    pub(crate) tokens: SimpleTokens,
    pub(crate) watch: WatchHub,
    pub(crate) streams: Streams,
    pub(crate) recipes: Recipes,
    pub(crate) forwards: Forwards,
    pub(crate) duties: LeaderDuties,
    pub(crate) snapshots: Snapshots,
    pub(crate) versions: Versions,
    pub(crate) http: Http,
    /// What it listens for clients with, at `https`.
    pub(crate) tls: Option<Box<Tls>>,
    /// Calls whose token belongs to a login that is not applied here yet, by its index (A13).
    parked: Vec<(u64, Input)>,
    pub(crate) wal: Wal,
    pub(crate) unsynced: VecDeque<Unsynced>,
    pub(crate) next_op: u64,
    next_request: u64,
    pub(crate) ticks: u64,
    /// When each peer was last heard from; absent while its connection is down.
    pub(crate) heard_us: BTreeMap<u64, Micros>,
    /// Since when each peer has been heard from without a break.
    pub(crate) active_since_us: BTreeMap<u64, Micros>,
    /// Tick of the last message to each peer.
    sent_ticks: BTreeMap<u64, u64>,
    /// (role, term, leader) and vote as last traced.
    pub(crate) traced: (frame::Role, u64, u64),
    pub(crate) traced_vote: (u64, u64),
    pub(crate) traced_commit: u64,
    /// When a leader other than the one before was first seen.
    pub(crate) leader_elected_us: Micros,
    advanced: bool,
    pub(crate) publishing: bool,
    pub(crate) published: bool,
    /// A graceful stop is on until this time at the latest.
    stopping_until_us: Option<Micros>,
    /// It was removed from the cluster, and stops at this time (M8).
    pub(crate) removed_stop_us: Option<Micros>,
    pub(crate) fatal: Option<String>,
    pub(crate) out: Vec<Output>,
}

impl Running {
    fn start(
        config: MemberConfig,
        disk: &[DiskFile],
        now: Micros,
    ) -> Result<(Running, Vec<Output>), String> {
        let found = recovery::recover(&config, disk)?;
        let tls = Tls::new(&config, now)?;
        let entries = found.log.tail(usize::MAX).iter().map(digest);
        let first_index = found.log.first();
        let started = Trace::Started {
            cluster_id: found.cluster_id,
            term: found.hard_state.term,
            vote: found.hard_state.vote,
            commit: found.hard_state.commit,
            first_index,
            log: entries.collect(),
        };
        let mut outputs = vec![Output::Trace(started)];
        if !found.disk_ops.is_empty() {
            outputs.push(Output::Disk { op: 0, ops: found.disk_ops });
        }
        let applied = found.applied;
        let pre_vote = config.pre_vote();
        let watch = WatchHub::new(WatchOptions {
            progress_interval_us: config.watch_progress_interval_us,
            max_request_bytes: u64::from(config.max_request_bytes),
            // As 3.4.23 and 3.5.1 have it (W2, W12).
            progress_when_synced: false,
            refuse_negative_start: false,
            ..WatchOptions::default()
        });
        let mut running = Running {
            node: Node::new(found.id, config.seed, pre_vote, applied, found.log)?,
            id: found.id,
            cluster_id: found.cluster_id,
            state: found.state,
            applied,
            backend_index: found.backend_index,
            replayed_to: found.hard_state.commit,
            proposals: Proposals::default(),
            reads: Reads::default(),
            tokens: SimpleTokens::new(config.auth_token_ttl_us),
            watch,
            streams: Streams::default(),
            recipes: Recipes::default(),
            forwards: Forwards::default(),
            duties: LeaderDuties::default(),
            snapshots: Snapshots::new(applied, found.snapshots),
            versions: Versions::default(),
            http: Http::new(now),
            tls: tls.map(Box::new),
            parked: Vec::new(),
            wal: found.wal,
            unsynced: VecDeque::new(),
            next_op: 1,
            // As etcd's idutil: member, start time and a counter make an id that no restart repeats.
            next_request: (found.id << 48) | ((now / 1000) & 0xff_ffff_ffff) << 8,
            ticks: 0,
            heard_us: BTreeMap::new(),
            active_since_us: BTreeMap::new(),
            sent_ticks: BTreeMap::new(),
            traced: (frame::Role::Follower, 0, 0),
            traced_vote: (found.hard_state.term, found.hard_state.vote),
            traced_commit: found.hard_state.commit,
            leader_elected_us: 0,
            advanced: false,
            publishing: false,
            published: false,
            stopping_until_us: None,
            removed_stop_us: None,
            fatal: None,
            out: Vec::new(),
            config,
        };
        if applied > 0 {
            running.trace_membership();
        }
        running.pump(now);
        running.link_heartbeats(true);
        Ok((running, outputs))
    }

    fn take(&mut self, now: Micros, input: Input) {
        match input {
            Input::Start { .. } => {}
            Input::Tick => self.tick(now),
            Input::Peer { from, bytes } => self.peer(now, from, &bytes),
            Input::PeerLost { peer } => self.peer_lost(peer),
            Input::Call { call, method, metadata, request } => {
                if proto::tls::is_handshake(&method) {
                    return self.handshake(now, call, &method, &request);
                }
                let Some(metadata) = self.on_connection(call, metadata) else { return };
                if let Some(index) = self.login_to_wait_for(&metadata) {
                    let input = Input::Call { call, method, metadata, request };
                    self.parked.push((index, input));
                    return;
                }
                self.call(now, call, &method, &metadata, request);
            }
            Input::Open { call, method, metadata } => {
                let Some(metadata) = self.on_connection(call, metadata) else { return };
                self.open(now, call, &method, metadata);
            }
            Input::Message { call, message } => {
                if let Some(index) = self.stream_login_to_wait_for(call) {
                    self.parked.push((index, Input::Message { call, message }));
                    return;
                }
                self.stream_message(now, call, message);
            }
            Input::CloseSend { call } => {
                if let Some(index) = self.stream_login_to_wait_for(call) {
                    self.parked.push((index, Input::CloseSend { call }));
                    return;
                }
                self.close_send(call);
            }
            Input::CancelCall { call } => {
                self.reads.cancel(call);
                self.proposals.cancel(call);
                self.forwards.cancel(call);
                self.duties.cancel(call);
                self.cancel_http(call);
                self.close_stream(call);
                self.cancel_recipe(now, call);
                self.parked.retain(|(_, input)| match input {
                    Input::Call { call: parked, .. }
                    | Input::Message { call: parked, .. }
                    | Input::CloseSend { call: parked } => *parked != call,
                    _ => true,
                });
            }
            Input::DiskDone { op } => self.disk_done(now, op),
            Input::DiskFailed { reason } => {
                let reason = format!("failed to save Raft hard state and entries: {reason}");
                self.fatal = Some(reason);
            }
            Input::Stop => self.stop(now),
            Input::Trap => trap(&self.config.name),
        }
    }

    /// One tick, and before it the initial advance of the election clock that etcd makes when its
    /// peers are there (`adjustTicks` in etcdserver/server.go).
    fn tick(&mut self, now: Micros) {
        self.ticks += 1;
        self.node.tick();
        if self.removed_stop_us.is_some() {
            let farewells = self.node.farewells();
            self.send(farewells);
        }
        if !self.advanced && self.ticks >= limits::INITIAL_ADVANCE_AFTER_TICKS {
            let voters = self.state.membership.members().count();
            if voters == 1 || self.active_peers(now) > 1 {
                self.advanced = true;
                for _ in 0..limits::INITIAL_ADVANCE_TICKS {
                    self.node.tick();
                }
            }
            self.advanced |= self.ticks * limits::TICK_US >= limits::PEER_SILENCE_US;
        }
        self.forget_silent_peers(now);
        self.expire(now);
        self.forwards_tick(now);
        self.http_tick(now);
        self.streams_tick();
        self.leader_tick(now);
        self.snapshots_tick(now);
        self.watch.sync(&self.state.store, now);
        self.link_heartbeats(false);
    }

    /// Peers heard from within rafthttp's read time-out.
    pub(crate) fn active_peers(&self, now: Micros) -> usize {
        self.heard_us.values().filter(|heard| *heard + limits::PEER_SILENCE_US > now).count()
    }

    fn forget_silent_peers(&mut self, now: Micros) {
        let heard = &self.heard_us;
        self.active_since_us.retain(|peer, _| {
            heard.get(peer).is_some_and(|heard| *heard + limits::PEER_SILENCE_US > now)
        });
    }

    /// Keeps idle streams alive, as rafthttp does, so that a silent peer is a dead or cut one.
    fn link_heartbeats(&mut self, all: bool) {
        let peers: Vec<u64> =
            self.state.membership.members().map(|m| m.id).filter(|id| *id != self.id).collect();
        for to in peers {
            let last = self.sent_ticks.get(&to).copied().unwrap_or(0);
            if all || self.ticks >= last + limits::LINK_HEARTBEAT_TICKS {
                self.send_bytes(to, bytes::Bytes::new(), frame::MessageKind::LinkHeartbeat);
            }
            // Whoever may lead needs to know what everybody runs.
            if all || self.ticks.is_multiple_of(limits::VERSION_CHECK_TICKS) {
                self.send_version(to);
            }
        }
    }

    /// What is no message of raft's.
    pub(crate) fn send_bytes(&mut self, to: u64, bytes: bytes::Bytes, kind: frame::MessageKind) {
        self.sent_ticks.insert(to, self.ticks);
        let label = PeerLabel { kind, ..PeerLabel::default() };
        self.out.push(Output::Peer { to, bytes, label });
    }

    fn peer(&mut self, now: Micros, from: u64, bytes: &[u8]) {
        if self.state.membership.is_removed(from) {
            // Its streams are refused, which is how it learns of it (M8).
            self.send_gone(from);
            return;
        }
        self.heard_us.insert(from, now);
        self.active_since_us.entry(from).or_insert(now);
        match bytes.first() {
            None => {}
            // No field of a message has number 0: this one is not raft's.
            Some(0) => self.peer_message(now, from, &bytes[1..]),
            Some(_) => {
                // Of bytes that are no message rafthttp would drop the connection, and the peer would
                // make a new one.
                let message = Message::parse_from_bytes(bytes);
                if message.as_ref().is_ok_and(|m| m.get_msg_type() == MessageType::MsgAppend) {
                    self.http.count_append_received();
                }
                if let Ok(Err(reason)) = message.map(|message| self.node.step(message)) {
                    self.fatal = Some(reason);
                }
            }
        }
    }

    fn peer_lost(&mut self, peer: u64) {
        self.heard_us.remove(&peer);
        self.active_since_us.remove(&peer);
        self.node.report_unreachable(peer);
        self.snapshot_lost(peer);
    }

    /// SIGTERM: a leader hands over to the peer heard from last, then the process ends (X6).
    fn stop(&mut self, now: Micros) {
        self.stopping_until_us = Some(now);
        if !self.node.is_leader() {
            return;
        }
        let is_voter = |id: u64| self.state.membership.voters().any(|member| member.id == id);
        let heard = self.heard_us.iter().filter(|(id, _)| is_voter(**id));
        if let Some((id, _)) = heard.max_by_key(|(id, heard)| (**heard, **id)) {
            self.node.transfer_leader(*id);
            self.stopping_until_us = Some(now + limits::TRANSFER_TIMEOUT_US);
        }
    }

    /// The end of a turn: new proposals, read rounds and everything raft has ready.
    fn flush(&mut self, now: Micros) -> Option<Output> {
        self.publish(now);
        loop {
            self.propose();
            self.ask_read_index(now);
            self.pump(now);
            let unparked = self.unpark(now);
            self.send_watch_responses(now);
            // Recipes ask further questions when they are answered: those belong to this turn too.
            if !self.recipes.take_busy() && !unparked {
                break;
            }
        }
        if let Some(reason) = self.fatal.take() {
            return Some(Output::Fatal { reason });
        }
        if self.removed_stop_us.is_some_and(|until| now >= until) {
            return Some(Output::Removed);
        }
        let handed_over = !self.node.is_leader();
        if !self.stopping_until_us.is_some_and(|until| now >= until || handed_over) {
            return None;
        }
        self.write_backend();
        Some(Output::Exited)
    }

    fn ask_read_index(&mut self, now: Micros) {
        let (id, seed) = (self.id, self.config.seed);
        let count = &mut self.next_request;
        if let Some(context) = self.reads.next_round(now, || fresh_context(seed, id, count)) {
            self.node.read_index(context);
        }
    }

    /// Calls whose login has been applied meanwhile; whether there were any.
    fn unpark(&mut self, now: Micros) -> bool {
        if self.parked.is_empty() {
            return false;
        }
        let applied = self.applied;
        let ready: Vec<_> = self.parked.extract_if(.., |(index, _)| *index <= applied).collect();
        let any = !ready.is_empty();
        for (_, input) in ready {
            self.take(now, input);
        }
        any
    }

    fn propose(&mut self) {
        if !self.proposals.has_unsent() || self.node.leader().is_none() {
            return;
        }
        let unsent = self.proposals.take_unsent();
        if !unsent.is_empty() && !self.node.propose(unsent.iter().map(|(_, data)| data.clone())) {
            self.proposals.put_back(unsent);
        }
        let mut changes = self.proposals.take_unsent_changes().into_iter();
        while let Some((id, data)) = changes.next() {
            if !self.node.propose_conf_change(data.clone()) {
                let left = std::iter::once((id, data)).chain(changes).collect();
                return self.proposals.put_back_changes(left);
            }
        }
    }

    /// A number for a request that no other request of any member has.
    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request
    }

    /// Puts a client's request on its way to the log, in that user's name.
    pub(crate) fn submit(
        &mut self,
        now: Micros,
        waiter: Waiter,
        info: Option<AuthInfo>,
        mut request: InternalRaftRequest,
    ) {
        let id = self.fresh_id();
        let info = info.unwrap_or_default();
        request.header =
            Some(RequestHeader { id, username: info.username, auth_revision: info.revision });
        self.proposals.add(id, waiter, request.encode_to_vec(), now);
    }

    /// A request of the member's own, which nobody may refuse.
    pub(crate) fn submit_own(&mut self, now: Micros, waiter: Waiter, request: InternalRaftRequest) {
        let root = self
            .state
            .auth
            .is_enabled()
            .then(|| AuthInfo { username: "root".into(), revision: self.state.auth.revision() });
        self.submit(now, waiter, root, request);
    }

    /// Draws 64 bits for a salt or a token.
    pub(crate) fn draw_bits(&mut self) -> u64 {
        let number = self.fresh_id();
        draw(self.config.seed, Purpose::RequestId, self.id, number)
    }

    pub(crate) fn draw_16(&mut self) -> [u8; 16] {
        let (low, high) = (self.draw_bits(), self.draw_bits());
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&low.to_le_bytes());
        bytes[8..].copy_from_slice(&high.to_le_bytes());
        bytes
    }

    /// Whoever asked hears how it went.
    pub(crate) fn answer(
        &mut self,
        now: Micros,
        to: To,
        index: u64,
        result: Result<crate::apply::Body, proto::Status>,
    ) {
        match to {
            To::Call(call) => {
                let index = if result.is_ok() { index } else { 0 };
                let result = result.map(|body| self.with_header(body));
                self.out.push(Output::Reply { call, result, index });
            }
            To::KeepAlive(call) => self.keep_alive_answered(now, call, result),
            To::Recipe(call) => self.recipe_answered(now, call, index, result),
            To::Http(call) => self.http_answered(now, call, index, result),
            To::Peer { peer, number } => {
                self.send_peer_answer(peer, number, result.map(|body| body.bytes));
            }
        }
    }

    pub(crate) fn reply(&mut self, call: CallId, result: Result<bytes::Bytes, proto::Status>) {
        self.out.push(Output::Reply { call, result, index: 0 });
    }

    pub(crate) fn send(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.sent_ticks.insert(message.to, self.ticks);
            if message.get_msg_type() == MessageType::MsgAppend {
                self.http.count_append_sent(message.to);
            }
            let label = crate::message::label(&message);
            let to = message.to;
            match message.write_to_bytes() {
                Ok(bytes) => self.out.push(Output::Peer { to, bytes: bytes.into(), label }),
                Err(error) => self.fatal = Some(format!("message does not encode: {error}")),
            }
        }
    }
}

/// A read round's context: no two rounds of any two members share it.
fn fresh_context(seed: u64, id: u64, count: &mut u64) -> u64 {
    *count += 1;
    draw(seed, Purpose::RequestId, id, *count)
}

/// A real panic, as a bug in the member would be.
fn trap(name: &str) -> ! {
    panic!("{name} was told to trap")
}
