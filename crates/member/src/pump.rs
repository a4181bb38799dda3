//! The Ready loop (`etcdserver/raft.go`): what raft wants written, sent and applied, in etcd's order.
//!
//! Snapshot, entries and hard state go to the disk first; the messages that promise them leave when
//! the disk has answered. A leader's appends promise nothing of their Ready and leave at once; but a
//! sole voter leads before its vote is durable, and what it says then would put a term into the world
//! that it may forget and begin again with other entries: it waits for the disk too (etcd 3.4 and 3.5
//! do not).

use bytes::Bytes;
use proto::etcdserverpb::{
    InternalRaftRequest, Member as PbMember, MemberAddResponse, MemberListResponse,
};
use proto::{Status, error};
use raft::eraftpb::{Entry, Message, MessageType, Snapshot};

use crate::apply::{self, At, Body, Header};
use crate::conf_change::{Change, Kind};
use crate::io::{AppliedEntry, Output, Trace};
use crate::limits;
use crate::member::Running;
use crate::node::is_conf_change;
use crate::proposals::{To, Waiter};
use crate::{Micros, PlantedBug};

/// A Ready whose bytes are on their way to the disk.
pub(crate) struct Unsynced {
    /// The disk operation that completes it.
    op: u64,
    number: u64,
    promises: Vec<Message>,
    /// It is to be taken in once it is durable.
    snapshot: Option<Snapshot>,
    /// A snapshot was saved with it.
    saved_snapshot: bool,
    /// It begins a term.
    new_term: bool,
}

impl Running {
    pub(crate) fn disk_done(&mut self, now: Micros, op: u64) {
        while self.unsynced.front().is_some_and(|front| front.op <= op) {
            let Some(done) = self.unsynced.pop_front() else { break };
            self.node.persisted(done.number);
            if let Some(snapshot) = &done.snapshot {
                self.install(now, snapshot);
            }
            if done.saved_snapshot {
                self.purge();
            }
            self.send(done.promises);
        }
    }

    /// Works through everything that raft has ready. All bytes of a turn make one disk operation.
    pub(crate) fn pump(&mut self, now: Micros) {
        let mut bytes = Vec::new();
        let mut files = Vec::new();
        let mut must_sync = false;
        let mut promises = Vec::new();
        let mut snapshot = None;
        let mut number = 0;
        let mut new_term = false;
        while let Some(work) = self.node.next_work() {
            number = work.number;
            // Who votes must not be forgotten: a member that lost the word that another's removal is
            // committed would wait for the vote of one that is gone. etcd does not sync here.
            let changes_members = work.committed.iter().any(is_conf_change);
            must_sync |= work.must_sync || (changes_members && work.hard_state.is_some());
            self.trace_role(now);
            if let Some(received) = work.snapshot {
                match self.receive_snapshot(&received, &mut bytes) {
                    Ok(ops) => files.extend(ops),
                    Err(reason) => self.fatal = Some(reason),
                }
                self.trace_snapshot(&received);
                snapshot = Some(received);
            }
            self.wal.encode(&work.entries, work.hard_state.as_ref(), &mut bytes);
            self.trace_entries(&work.entries);
            self.trace_commit();
            new_term |= work.new_term;
            if new_term || self.unsynced.iter().any(|unsynced| unsynced.new_term) {
                promises.extend(work.messages);
            } else {
                self.send(work.messages);
            }
            promises.extend(self.not_sent_early(work.promises));
            for read_state in work.read_states {
                self.reads.confirm(&read_state.request_ctx, read_state.index);
            }
            self.apply(now, work.committed);
            let ready = self.reads.ready(self.applied);
            self.answer_reads(now, ready);
            if must_sync || !self.unsynced.is_empty() {
                continue;
            }
            // Nothing here needs the disk: what it promises is durable already.
            self.node.persisted(work.number);
            self.send(std::mem::take(&mut promises));
        }
        let own = self.own_snapshot(&mut bytes);
        must_sync |= !own.is_empty();
        files.extend(own);
        let saved_snapshot = !files.is_empty();
        if number == 0 && bytes.is_empty() {
            return;
        }
        let mut op = 0;
        if must_sync {
            op = self.next_op;
            self.next_op += 1;
            self.unsynced.push_back(Unsynced {
                op,
                number,
                promises,
                snapshot,
                saved_snapshot,
                new_term,
            });
        } else if let Some(last) = self.unsynced.back_mut() {
            // It rides on the operation before it, which the disk finishes first.
            last.number = last.number.max(number);
            last.promises.extend(promises);
        }
        if !bytes.is_empty() {
            files.extend(self.wal.write(bytes, must_sync));
            self.out.push(Output::Disk { op, ops: files });
        }
        if op > 0 && self.config.has_planted(PlantedBug::AckBeforeSync) {
            self.disk_done(now, op);
        }
    }

    /// Everything but votes that a planted bug gives too early.
    fn not_sent_early(&mut self, promises: Vec<Message>) -> Vec<Message> {
        if !self.config.has_planted(PlantedBug::VoteBeforeSync) {
            return promises;
        }
        let is_vote = |m: &Message| m.get_msg_type() == MessageType::MsgRequestVoteResponse;
        let (early, rest) = promises.into_iter().partition(is_vote);
        self.send(early);
        rest
    }

    fn apply(&mut self, now: Micros, committed: Vec<Entry>) {
        let Some(last) = committed.last().map(|entry| entry.index) else { return };
        let before_replies = self.out.len();
        let tells = self.config.tells_entries;
        // What the backend has already was told by an earlier process.
        let first_index = self.applied.max(self.backend_index) + 1;
        let mut told = Vec::new();
        for entry in committed {
            assert!(entry.index == self.applied + 1, "entries are applied in order");
            self.applied = entry.index;
            let applied = match self.apply_entry(now, &entry) {
                Ok(applied) => applied,
                Err(reason) => {
                    self.fatal = Some(reason);
                    return;
                }
            };
            if tells && entry.index >= first_index {
                told.push(applied);
            }
            let every = self.config.digest_every_entries;
            if every > 0 && entry.index.is_multiple_of(every) && entry.index >= self.backend_index {
                let digest = self.state.digest();
                self.out.push(Output::Trace(Trace::State { index: entry.index, digest }));
            }
        }
        self.node.applied_to(last);
        let revision = self.state.store.rev();
        // Told before the replies that rest on it.
        let applied = Output::Trace(Trace::Applied { index: last, revision });
        self.out.insert(before_replies, applied);
        if !told.is_empty() {
            let entries = Output::Trace(Trace::Entries { first_index, entries: told });
            self.out.insert(before_replies, entries);
        }
    }

    /// Gives what checkers are told of it: they know the requests of v3 alone.
    fn apply_entry(&mut self, now: Micros, entry: &Entry) -> Result<AppliedEntry, String> {
        let nothing = AppliedEntry { data: Bytes::new(), refused: false };
        if is_conf_change(entry) {
            self.apply_conf_change(now, entry)?;
            return Ok(nothing);
        }
        if entry.data.is_empty() {
            // etcd's `forceVersionC`.
            if self.node.is_leader() {
                self.monitor_version(now);
            }
            return Ok(nothing);
        }
        let request = apply::decode(&entry.data)
            .map_err(|e| format!("failed to unmarshal entry {}: {e}", entry.index))?;
        if let Some(v2) = &request.v2 {
            self.apply_v2_entry(now, entry.index, v2);
            return Ok(nothing);
        }
        let at = self.at(now, entry.index);
        if entry.index <= self.backend_index {
            self.state.apply_agreed(&request, at.unix_ns);
            if request.cluster_member_attr_set.is_some() {
                self.trace_membership();
            }
            return Ok(nothing);
        }
        let outcome = self.state.apply(&request, &mut self.tokens, at);
        if !outcome.changes.is_empty() {
            self.watch.notify(&self.state.store, &outcome.changes);
        }
        if outcome.ended_lease != 0 {
            self.lease_ended(now, outcome.ended_lease);
        }
        if request.cluster_member_attr_set.is_some() {
            self.trace_membership();
        }
        self.tell_v2_watchers();
        // etcd finds these in its backend and does not apply them again.
        let replayed = entry.index <= self.replayed_to;
        if replayed && request.authenticate.is_some() {
            self.tokens.clear();
        }
        let waiter = self.proposals.applied(apply::request_id(&request));
        if outcome.over_quota && !replayed {
            self.applied_without_space(now, waiter);
        } else if let (Some(waiter), Some(result)) = (waiter, outcome.reply) {
            self.applied_for(now, entry.index, waiter, result);
        }
        Ok(AppliedEntry { data: entry.data.clone(), refused: outcome.refused })
    }

    /// Done, but there was no space: the alarm first, then the answer (K1). Every member raises its
    /// own.
    fn applied_without_space(&mut self, now: Micros, waiter: Option<Waiter>) {
        let to = match waiter {
            Some(Waiter::Client(to)) => Some(to),
            _ => None,
        };
        self.raise_no_space(now, to);
    }

    fn applied_for(
        &mut self,
        now: Micros,
        index: u64,
        waiter: Waiter,
        result: Result<Body, Status>,
    ) {
        match waiter {
            Waiter::Client(to) => self.answer(now, to, index, result),
            Waiter::Login { to, request, auth_revision } => {
                if result.is_ok() && auth_revision != self.state.auth.revision() {
                    return self.log_in(now, to, request);
                }
                self.answer(now, to, index, result);
            }
            Waiter::Downgrade(to) => {
                let result = result.map(|_| self.downgrade_body());
                self.answer(now, to, index, result);
            }
            Waiter::NoSpace(to) => self.answer(now, to, 0, Err(error::no_space())),
            Waiter::Publish => {
                self.publishing = false;
                self.published = true;
            }
            Waiter::Nobody => {}
        }
    }

    /// Takes a membership change in, or refuses it (M3); raft gets it either way.
    fn apply_conf_change(&mut self, now: Micros, entry: &Entry) -> Result<(), String> {
        let change = Change::decode(&entry.data)?;
        // What stands in the log of a new cluster has been checked by everybody.
        let checked = if change.id == 0 { Ok(()) } else { self.state.membership.validate(&change) };
        self.node.apply_conf_change(&change.for_raft(checked.is_ok()))?;
        if checked.is_ok() {
            let unix_ns = self.unix_ns(now);
            self.state.change_members(&change, unix_ns);
            self.tell_v2_watchers();
            if change.kind == Kind::Remove {
                self.heard_us.remove(&change.node_id);
                self.active_since_us.remove(&change.node_id);
                if change.node_id == self.id {
                    self.removed_stop_us = Some(now + limits::REMOVED_STOP_US);
                }
            }
            self.trace_membership();
        }
        let Some(Waiter::Client(to)) = self.proposals.applied(change.id).filter(|_| change.id != 0)
        else {
            return Ok(());
        };
        let result = checked.map(|()| self.members_body(&change));
        self.answer(now, to, entry.index, result);
        Ok(())
    }

    /// All members after the change; for an addition the new one too.
    fn members_body(&self, change: &Change) -> Body {
        let members: Vec<PbMember> = self.pb_members().collect();
        if let Kind::Add { promote: false, .. } = change.kind {
            let member = members.iter().find(|member| member.id == change.node_id).cloned();
            let response = MemberAddResponse { header: None, member, members };
            return Body::with(Header::WithoutRevision, &response);
        }
        // Removal, update, promotion and list answer alike: header and members.
        let response = MemberListResponse { header: None, members };
        Body::with(Header::WithoutRevision, &response)
    }

    /// Raises NOSPACE unless it is up; then whoever asked, if anybody did, hears of it.
    pub(crate) fn raise_no_space(&mut self, now: Micros, to: Option<To>) {
        use proto::etcdserverpb::alarm_request::AlarmAction;
        use proto::etcdserverpb::{AlarmRequest, AlarmType};
        if self.state.alarms.is_raised(AlarmType::Nospace) {
            if let Some(to) = to {
                self.answer(now, to, 0, Err(error::no_space()));
            }
            return;
        }
        let alarm = AlarmRequest {
            action: AlarmAction::Activate as i32,
            member_id: self.id,
            alarm: AlarmType::Nospace as i32,
        };
        let request = InternalRaftRequest { alarm: Some(alarm), ..InternalRaftRequest::default() };
        self.submit_own(now, to.map_or(Waiter::Nobody, Waiter::NoSpace), request);
    }
}

impl Running {
    /// Where an entry of that index stands that is applied now.
    pub(crate) fn at(&self, now: Micros, index: u64) -> At {
        At {
            now,
            index,
            unix_ns: self.unix_ns(now),
            quota_bytes: self.config.quota_bytes(),
            profile: self.config.profile,
        }
    }

    /// The wall clock in nanoseconds.
    pub(crate) fn unix_ns(&self, now: Micros) -> i64 {
        let unix_us = i64::try_from(self.config.epoch_us.saturating_add(now)).unwrap_or(i64::MAX);
        unix_us.saturating_mul(1000)
    }

    /// Puts the full header before a body: it is the first field of every response.
    pub(crate) fn with_header(&self, body: Body) -> bytes::Bytes {
        let revision = match body.header {
            Header::Current => self.state.store.rev(),
            Header::Revision(revision) => revision,
            Header::WithoutRevision => 0,
            Header::Missing => return body.bytes.into(),
        };
        let header = self.header(revision);
        let mut bytes = Vec::with_capacity(body.bytes.len() + 48);
        prost::encoding::message::encode(1, &header, &mut bytes);
        bytes.extend_from_slice(&body.bytes);
        bytes.into()
    }
}
