//! The member itself: what each input does, and what follows from it at the end of a turn.

use std::collections::{BTreeMap, VecDeque};

use prost::Message as _;
use proto::etcdserverpb::{InternalRaftRequest, RequestHeader};
use proto::membershippb::{Attributes, ClusterMemberAttrSetRequest};
use proto::{Code, Status};
use protobuf::Message as _;
use raft::eraftpb::{ConfChange, Entry, Message};

use crate::apply::{Applied, State};
use crate::chance::{Purpose, draw};
use crate::io::{DiskFile, Input, Output, PeerLabel, Trace};
use crate::limits;
use crate::node::{Node, is_conf_change};
use crate::proposals::{Expired, Proposals};
use crate::reads::{Read, Reads};
use crate::recovery::{self, Wal};
use crate::report::digest;
use crate::{CallId, MemberConfig, MemberStatus, Micros};

/// One etcd member. Made empty; it begins with [`Input::Start`].
#[derive(Default)]
pub struct Member {
    running: Option<Box<Running>>,
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

/// A Ready whose bytes are on their way to the disk.
struct Unsynced {
    /// The disk operation that completes it.
    op: u64,
    number: u64,
    promises: Vec<Message>,
}

pub(crate) struct Running {
    pub(crate) config: MemberConfig,
    pub(crate) id: u64,
    pub(crate) cluster_id: u64,
    pub(crate) node: Node,
    pub(crate) state: State,
    pub(crate) applied: u64,
    pub(crate) proposals: Proposals,
    pub(crate) reads: Reads,
    wal: Wal,
    unsynced: VecDeque<Unsynced>,
    next_op: u64,
    next_request: u64,
    ticks: u64,
    /// When each peer was last heard from; absent while its connection is down.
    heard_us: BTreeMap<u64, Micros>,
    /// Tick of the last message to each peer.
    sent_ticks: BTreeMap<u64, u64>,
    /// (role, term, leader) and vote as last traced.
    pub(crate) traced: (frame::Role, u64, u64),
    pub(crate) traced_vote: (u64, u64),
    pub(crate) traced_commit: u64,
    /// When a leader other than the one before was first seen.
    pub(crate) leader_elected_us: Micros,
    advanced: bool,
    publishing: Option<u64>,
    published: bool,
    /// A graceful stop is on until this time at the latest.
    stopping_until_us: Option<Micros>,
    fatal: Option<String>,
    pub(crate) out: Vec<Output>,
}

impl Running {
    fn start(
        config: MemberConfig,
        disk: &[DiskFile],
        now: Micros,
    ) -> Result<(Running, Vec<Output>), String> {
        let found = recovery::recover(&config, disk)?;
        let log = (0..found.log.last()).zip(found.log.tail(usize::MAX)).map(|(_, e)| digest(e));
        let started = Trace::Started {
            term: found.hard_state.term,
            vote: found.hard_state.vote,
            commit: found.hard_state.commit,
            log: log.collect(),
        };
        let mut outputs = vec![Output::Trace(started)];
        if !found.disk_ops.is_empty() {
            outputs.push(Output::Disk { op: 0, ops: found.disk_ops });
        }
        // X2: off by default in 3.4, on from 3.5.
        let pre_vote = config.profile > proto::Profile::V3_4;
        let mut running = Running {
            node: Node::new(found.id, config.seed, pre_vote, found.log)?,
            id: found.id,
            cluster_id: found.cluster_id,
            state: State::new(),
            applied: 0,
            proposals: Proposals::default(),
            reads: Reads::default(),
            wal: found.wal,
            unsynced: VecDeque::new(),
            next_op: 1,
            // As etcd's idutil: member, start time and a counter make an id that no restart repeats.
            next_request: (found.id << 48) | ((now / 1000) & 0xff_ffff_ffff) << 8,
            ticks: 0,
            heard_us: BTreeMap::new(),
            sent_ticks: BTreeMap::new(),
            traced: (frame::Role::Follower, 0, 0),
            traced_vote: (found.hard_state.term, found.hard_state.vote),
            traced_commit: found.hard_state.commit,
            leader_elected_us: 0,
            advanced: false,
            publishing: None,
            published: false,
            stopping_until_us: None,
            fatal: None,
            out: Vec::new(),
            config,
        };
        running.pump(now);
        running.link_heartbeats(true);
        Ok((running, outputs))
    }

    fn take(&mut self, now: Micros, input: Input) {
        match input {
            Input::Start { .. } => {}
            Input::Tick => self.tick(now),
            Input::Peer { from, bytes } => self.peer(now, from, &bytes),
            Input::PeerLost { peer } => {
                self.heard_us.remove(&peer);
                self.node.report_unreachable(peer);
            }
            Input::Call { call, method, request, .. } => self.call(now, call, &method, request),
            Input::Open { .. } | Input::Message { .. } | Input::CloseSend { .. } => {}
            Input::CancelCall { call } => {
                self.reads.cancel(call);
                self.proposals.cancel(call);
            }
            Input::DiskDone { op } => self.disk_done(op),
            Input::Stop => self.stop(now),
            Input::Trap => trap(&self.config.name),
        }
    }

    /// One tick, and before it the initial advance of the election clock that etcd makes when its
    /// peers are there (`adjustTicks` in etcdserver/server.go).
    fn tick(&mut self, now: Micros) {
        self.ticks += 1;
        self.node.tick();
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
        self.expire(now);
        self.link_heartbeats(false);
    }

    /// Peers heard from within rafthttp's read time-out.
    pub(crate) fn active_peers(&self, now: Micros) -> usize {
        self.heard_us.values().filter(|heard| *heard + limits::PEER_SILENCE_US > now).count()
    }

    /// Keeps idle streams alive, as rafthttp does, so that a silent peer is a dead or cut one.
    fn link_heartbeats(&mut self, all: bool) {
        let peers: Vec<u64> =
            self.state.membership.members().map(|m| m.id).filter(|id| *id != self.id).collect();
        for to in peers {
            let last = self.sent_ticks.get(&to).copied().unwrap_or(0);
            if all || self.ticks >= last + limits::LINK_HEARTBEAT_TICKS {
                self.sent_ticks.insert(to, self.ticks);
                let label =
                    PeerLabel { kind: frame::MessageKind::LinkHeartbeat, ..PeerLabel::default() };
                self.out.push(Output::Peer { to, bytes: bytes::Bytes::new(), label });
            }
        }
    }

    fn peer(&mut self, now: Micros, from: u64, bytes: &[u8]) {
        self.heard_us.insert(from, now);
        if bytes.is_empty() {
            return;
        }
        match Message::parse_from_bytes(bytes) {
            Ok(message) => self.node.step(message),
            Err(error) => self.fatal = Some(format!("malformed message of a peer: {error}")),
        }
    }

    fn disk_done(&mut self, op: u64) {
        while self.unsynced.front().is_some_and(|front| front.op <= op) {
            let Some(done) = self.unsynced.pop_front() else { break };
            self.node.persisted(done.number);
            self.send(done.promises);
        }
    }

    /// SIGTERM: a leader hands over to the peer heard from last, then the process ends (X6).
    fn stop(&mut self, now: Micros) {
        self.stopping_until_us = Some(now);
        if !self.node.is_leader() {
            return;
        }
        let successor = self.heard_us.iter().max_by_key(|(id, heard)| (**heard, **id));
        if let Some((id, _)) = successor {
            self.node.transfer_leader(*id);
            self.stopping_until_us = Some(now + limits::TRANSFER_TIMEOUT_US);
        }
    }

    /// The end of a turn: new proposals, read rounds and everything raft has ready.
    fn flush(&mut self, now: Micros) -> Option<Output> {
        self.publish(now);
        self.propose();
        let (id, seed) = (self.id, self.config.seed);
        let count = &mut self.next_request;
        if let Some(context) = self.reads.next_round(now, || fresh_context(seed, id, count)) {
            self.node.read_index(context);
        }
        self.pump(now);
        if let Some(reason) = self.fatal.take() {
            return Some(Output::Fatal { reason });
        }
        let handed_over = !self.node.is_leader();
        self.stopping_until_us
            .is_some_and(|until| now >= until || handed_over)
            .then_some(Output::Exited)
    }

    fn propose(&mut self) {
        if !self.proposals.has_unsent() || self.node.leader().is_none() {
            return;
        }
        let unsent = self.proposals.take_unsent();
        if !unsent.is_empty() && !self.node.propose(unsent.iter().map(|(_, data)| data.clone())) {
            self.proposals.put_back(unsent);
        }
    }

    /// Tells the cluster this member's name and client URLs, once it has a leader (M5).
    fn publish(&mut self, now: Micros) {
        if self.published || self.publishing.is_some() || self.node.leader().is_none() {
            return;
        }
        let request = InternalRaftRequest {
            cluster_member_attr_set: Some(ClusterMemberAttrSetRequest {
                member_id: self.id,
                member_attributes: Some(Attributes {
                    name: self.config.name.clone(),
                    client_urls: self.config.advertise_client_urls.clone(),
                }),
            }),
            ..InternalRaftRequest::default()
        };
        self.publishing = Some(self.submit(now, None, request));
    }

    /// Puts a request on its way to the log; gives its id.
    pub(crate) fn submit(
        &mut self,
        now: Micros,
        call: Option<CallId>,
        mut request: InternalRaftRequest,
    ) -> u64 {
        self.next_request += 1;
        let id = self.next_request;
        request.header = Some(RequestHeader { id, ..RequestHeader::default() });
        self.proposals.add(id, call, request.encode_to_vec(), now);
        id
    }

    /// Works through everything that raft has ready. All bytes of a turn make one disk operation.
    fn pump(&mut self, now: Micros) {
        let mut bytes = Vec::new();
        let mut must_sync = false;
        let mut promises = Vec::new();
        let mut number = 0;
        while let Some(work) = self.node.next_work() {
            number = work.number;
            must_sync |= work.must_sync;
            self.trace_role(now);
            self.wal.encode(&work.entries, work.hard_state.as_ref(), &mut bytes);
            self.trace_entries(&work.entries);
            self.trace_commit();
            self.send(work.messages);
            promises.extend(work.promises);
            for read_state in work.read_states {
                self.reads.confirm(&read_state.request_ctx, read_state.index);
            }
            self.apply(work.committed);
            let ready = self.reads.ready(self.applied);
            self.answer_reads(ready);
            if must_sync || !self.unsynced.is_empty() {
                continue;
            }
            // Nothing here needs the disk: what it promises is durable already.
            self.node.persisted(work.number);
            self.send(std::mem::take(&mut promises));
        }
        if number == 0 {
            return;
        }
        let mut op = 0;
        if must_sync {
            op = self.next_op;
            self.next_op += 1;
            self.unsynced.push_back(Unsynced { op, number, promises });
        } else if let Some(last) = self.unsynced.back_mut() {
            // It rides on the operation before it, which the disk finishes first.
            last.number = number;
            last.promises.extend(promises);
        }
        if !bytes.is_empty() {
            let ops = self.wal.write(bytes, must_sync);
            self.out.push(Output::Disk { op, ops });
        }
    }

    fn send(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.sent_ticks.insert(message.to, self.ticks);
            let label = crate::message::label(&message);
            let to = message.to;
            match message.write_to_bytes() {
                Ok(bytes) => self.out.push(Output::Peer { to, bytes: bytes.into(), label }),
                Err(error) => self.fatal = Some(format!("message does not encode: {error}")),
            }
        }
    }

    fn apply(&mut self, committed: Vec<Entry>) {
        let Some(last) = committed.last().map(|entry| entry.index) else { return };
        let before_replies = self.out.len();
        for entry in committed {
            assert!(entry.index == self.applied + 1, "entries are applied in order");
            if let Err(reason) = self.apply_entry(&entry) {
                self.fatal = Some(reason);
                return;
            }
            self.applied = entry.index;
        }
        self.node.applied_to(last);
        let revision = self.state.store.rev();
        // Told before the replies that rest on it.
        let applied = Output::Trace(Trace::Applied { index: last, revision });
        self.out.insert(before_replies, applied);
    }

    fn apply_entry(&mut self, entry: &Entry) -> Result<(), String> {
        if is_conf_change(entry) {
            let change = ConfChange::parse_from_bytes(&entry.data)
                .map_err(|e| format!("failed to unmarshal conf change {}: {e}", entry.index))?;
            self.state.apply_conf_change(&change)?;
            return self.node.apply_conf_change(&change);
        }
        if entry.data.is_empty() {
            return Ok(());
        }
        let (id, applied) = self.state.apply(entry)?;
        if self.publishing == Some(id) {
            self.publishing = None;
            self.published = true;
        }
        if let Some(Some(call)) = self.proposals.applied(id) {
            self.reply_applied(call, entry.index, applied);
        }
        Ok(())
    }

    fn reply_applied(&mut self, call: CallId, index: u64, applied: Applied) {
        match applied {
            Applied::Put(Ok(mut response)) => {
                self.fill_header(&mut response.header);
                self.reply_at(call, index, Ok(response.encode_to_vec().into()));
            }
            Applied::DeleteRange(Ok(mut response)) => {
                self.fill_header(&mut response.header);
                self.reply_at(call, index, Ok(response.encode_to_vec().into()));
            }
            Applied::Put(Err(status)) | Applied::DeleteRange(Err(status)) => {
                self.reply_at(call, 0, Err(status));
            }
            Applied::Nothing => {}
        }
    }

    pub(crate) fn reply(&mut self, call: CallId, result: Result<bytes::Bytes, Status>) {
        self.reply_at(call, 0, result);
    }

    fn reply_at(&mut self, call: CallId, index: u64, result: Result<bytes::Bytes, Status>) {
        self.out.push(Output::Reply { call, result, index });
    }

    fn answer_reads(&mut self, ready: Vec<Read>) {
        for read in ready {
            let result = self.read_now(&read.method, read.request);
            self.reply(read.call, result);
        }
    }

    /// Requests and reads whose time at the server is up (X5).
    fn expire(&mut self, now: Micros) {
        for expired in self.proposals.expired(now) {
            match expired.call {
                Some(call) => {
                    let status = self.timeout_status(now, expired);
                    self.reply(call, Err(status));
                }
                None => self.publishing = None,
            }
        }
        for read in self.reads.expired(now) {
            self.reply(read.call, Err(proto::error::timeout()));
        }
    }

    /// `parseProposeCtxErr`: which time-out this is. A proposal that raft never took ends with the
    /// context's own error.
    fn timeout_status(&self, now: Micros, expired: Expired) -> Status {
        if expired.unsent {
            return Status::new(Code::DeadlineExceeded, "context deadline exceeded");
        }
        let lost_us = self
            .leader_elected_us
            .saturating_sub(2 * limits::ELECTION_TICKS as Micros * limits::TICK_US);
        if expired.start_us > lost_us && expired.start_us < self.leader_elected_us {
            return proto::error::timeout_due_to_leader_fail();
        }
        let quorum = self.state.membership.members().count() / 2 + 1;
        let connected = match self.node.leader() {
            None => true,
            Some(leader) if leader == self.id => self.active_peers(now) + 1 >= quorum,
            Some(leader) => self.heard_us.contains_key(&leader),
        };
        if connected {
            proto::error::timeout()
        } else {
            proto::error::timeout_due_to_connection_lost()
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
