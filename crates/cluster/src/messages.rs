//! What travels between actors: raft messages between members, and clients' calls and answers.

use bytes::Bytes;
use frame::MessageKind;
use member::{CallId, Input};
use proto::{Metadata, Status};

use crate::flights::FlightRecord;
use crate::network::Fate;
use crate::queue::Event;
use crate::slot::MemberSlot;
use crate::world::OpenCall;
use crate::{ActorId, HostInput, Micros, World};

impl World {
    pub(crate) fn peer_message(
        &mut self,
        time: Micros,
        from: u16,
        to_id: u64,
        bytes: Bytes,
        label: member::PeerLabel,
    ) {
        let Some(to) = self.member_by_id(to_id) else {
            if let Some(other) = self.listens_instead(from, to_id) {
                self.refuse_stranger(time, from, other);
            }
            return;
        };
        let from_id = self.members[usize::from(from)].id;
        let (source, target) = (ActorId::Member(from), ActorId::Member(to));
        if self.are_strangers(from, to) {
            return self.refuse_stranger(time, from, to);
        }
        let fate = self.network.send(time, source, target);
        let incarnation = self.members[usize::from(to)].incarnation;
        let bytes = self.tamper_append(bytes, &label);
        let mut deliver = |at| {
            let input = Input::Peer { from: from_id, bytes: bytes.clone() };
            let event = Event::Member { incarnation, from: Some(source), input };
            self.queue.push(at, Some(target), event);
        };
        // Proposals and the like travel on a stream that gives nothing twice; raft itself takes
        // everything else as often as it comes.
        let once = matches!(label.kind, MessageKind::Propose | MessageKind::Other);
        let (arrives_us, lost) = match fate {
            Fate::Arrives(at) => {
                deliver(at);
                (at, false)
            }
            Fate::Twice(at, _) if once => {
                deliver(at);
                (at, false)
            }
            Fate::Twice(at, again) => {
                deliver(at);
                deliver(again);
                (at, false)
            }
            Fate::Lost(at) => (at, true),
        };
        self.flights.add(FlightRecord {
            from: source,
            to: target,
            label,
            sent_us: time,
            arrives_us,
            lost,
        });
    }

    /// Whether they run for different clusters, as far as is known.
    fn are_strangers(&self, from: u16, to: u16) -> bool {
        let [from, to] = [from, to].map(|at| self.members[usize::from(at)].cluster_id);
        from != 0 && to != 0 && from != to
    }

    /// Who runs where that member is known to listen, but is somebody else.
    fn listens_instead(&self, from: u16, to_id: u64) -> Option<u16> {
        let known = self.members[usize::from(from)].membership.iter().find(|m| m.id == to_id)?;
        let listens = |slot: &MemberSlot| {
            let config = &slot.config;
            let own = config.initial_cluster.iter().find(|peer| peer.name == config.name);
            slot.process.is_alive() && own.is_some_and(|own| own.peer_urls == known.peer_urls)
        };
        let other = self.members.iter().position(listens)? as u16;
        self.are_strangers(from, other).then_some(other)
    }

    /// rafthttp asks every connection for its cluster, and takes nothing from another one.
    fn refuse_stranger(&mut self, time: Micros, from: u16, to: u16) {
        let slot = &mut self.members[usize::from(to)];
        if slot.strangers.insert(from) {
            let name = slot.config.name.clone();
            let other = &self.members[usize::from(from)];
            let (theirs, ours) = (other.cluster_id, self.members[usize::from(to)].cluster_id);
            let text = format!(
                "refuses {}: request cluster ID mismatch (got {theirs:x} want {ours:x})",
                other.config.name
            );
            self.log.act(time, &name, &text);
        }
    }

    pub(crate) fn reply(
        &mut self,
        time: Micros,
        from: ActorId,
        call: CallId,
        result: Result<Bytes, Status>,
    ) {
        let Some(open) = self.take_call(call) else { return };
        let result = result.map(|bytes| self.tamper_reply(&open, bytes));
        let host = ActorId::Host(open.host);
        let fate = self.network.send_on_connection(time, from, host);
        let (arrives_us, lost) = match fate {
            Fate::Arrives(at) | Fate::Twice(at, _) => (at, false),
            Fate::Lost(at) => (at, true),
        };
        self.call_flight(time, from, host, MessageKind::Reply, result.is_err(), arrives_us, lost);
        if !lost {
            let reply = HostInput::Reply { call: open.host_call, result };
            self.queue.push(arrives_us, Some(host), Event::Host(reply));
        }
    }

    #[allow(clippy::too_many_arguments)] // one flight has that many facts
    fn call_flight(
        &mut self,
        sent_us: Micros,
        from: ActorId,
        to: ActorId,
        kind: MessageKind,
        rejected: bool,
        arrives_us: Micros,
        lost: bool,
    ) {
        let label = member::PeerLabel { kind, rejected, ..member::PeerLabel::default() };
        self.flights.add(FlightRecord { from, to, label, sent_us, arrives_us, lost });
    }

    pub(crate) fn call(
        &mut self,
        time: Micros,
        host: u16,
        host_call: u64,
        address: &str,
        method: String,
        first: impl FnOnce(CallId, String) -> Input,
    ) {
        let source = ActorId::Host(host);
        self.hosts[usize::from(host)].called(time, host_call, address, &method);
        let Some(member) = self.listener(address) else {
            let refused = HostInput::Refused { call: host_call };
            let at = time + 2 * self.options.network.latency_us;
            self.queue.push(at, Some(source), Event::Host(refused));
            return;
        };
        let target = ActorId::Member(member);
        self.next_call += 1;
        let call = self.next_call;
        self.calls.insert(call, OpenCall { host, host_call, member });
        self.host_calls.insert((host, host_call), call);
        let fate = self.network.send_on_connection(time, source, target);
        let (arrives_us, lost) = match fate {
            Fate::Arrives(at) | Fate::Twice(at, _) => (at, false),
            Fate::Lost(at) => (at, true),
        };
        self.call_flight(time, source, target, MessageKind::Call, false, arrives_us, lost);
        if !lost {
            let incarnation = self.members[usize::from(member)].incarnation;
            let input = first(call, method);
            let event = Event::Member { incarnation, from: Some(source), input };
            self.queue.push(arrives_us, Some(target), event);
        }
    }

    /// Something more on an open stream, from its client.
    pub(crate) fn on_stream(
        &mut self,
        time: Micros,
        host: u16,
        host_call: u64,
        input: impl FnOnce(CallId) -> Input,
    ) {
        let Some((call, member)) = self.open_call(host, host_call) else { return };
        let (source, target) = (ActorId::Host(host), ActorId::Member(member));
        let incarnation = self.members[usize::from(member)].incarnation;
        if let Fate::Arrives(at) = self.network.send_on_connection(time, source, target) {
            let event = Event::Member { incarnation, from: Some(source), input: input(call) };
            self.queue.push(at, Some(target), event);
        }
    }

    /// A message of a stream's answer, on its way to the client.
    pub(crate) fn stream_message(
        &mut self,
        time: Micros,
        from: ActorId,
        call: CallId,
        message: Bytes,
    ) {
        let Some(open) = self.calls.get(&call) else { return };
        let (host, host_call) = (ActorId::Host(open.host), open.host_call);
        let fate = self.network.send_on_connection(time, from, host);
        let (arrives_us, lost) = match fate {
            Fate::Arrives(at) | Fate::Twice(at, _) => (at, false),
            Fate::Lost(at) => (at, true),
        };
        self.call_flight(time, from, host, MessageKind::Reply, false, arrives_us, lost);
        if !lost {
            for message in self.tamper_message(message) {
                let input = HostInput::Message { call: host_call, message };
                self.queue.push(arrives_us, Some(host), Event::Host(input));
            }
        }
    }

    fn open_call(&self, host: u16, host_call: u64) -> Option<(CallId, u16)> {
        let call = *self.host_calls.get(&(host, host_call))?;
        Some((call, self.calls.get(&call)?.member))
    }

    /// Forgets an open call, on both sides.
    pub(crate) fn take_call(&mut self, call: CallId) -> Option<OpenCall> {
        let open = self.calls.remove(&call)?;
        self.host_calls.remove(&(open.host, open.host_call));
        Some(open)
    }

    /// The member that listens at `host:port` of the lab's one machine, alive or not.
    pub(crate) fn listener(&self, address: &str) -> Option<u16> {
        let (host, port) = address.rsplit_once(':')?;
        if !matches!(host, "127.0.0.1" | "localhost" | "[::1]" | "0.0.0.0") {
            return None;
        }
        let port: u16 = port.parse().ok()?;
        // A member that was stopped may have left its place to another.
        let all = || (0..).zip(&self.members).filter(|(_, slot)| slot.client_port == port);
        let alive = all().find(|(_, slot)| slot.process.is_alive());
        alive.or_else(|| all().next()).map(|(at, _)| at)
    }

    /// The member with that id: a running one before another that has its data from the same backup.
    pub(crate) fn member_by_id(&self, id: u64) -> Option<u16> {
        let all = || (0..).zip(&self.members).filter(|(_, slot)| slot.id == id);
        let alive = all().find(|(_, slot)| slot.process.is_alive());
        alive.or_else(|| all().next()).map(|(at, _)| at)
    }

    pub(crate) fn cancel_call(&mut self, time: Micros, host: u16, host_call: u64) {
        let Some((call, member)) = self.open_call(host, host_call) else { return };
        let (source, target) = (ActorId::Host(host), ActorId::Member(member));
        let incarnation = self.members[usize::from(member)].incarnation;
        self.take_call(call);
        if let Fate::Arrives(at) = self.network.send_on_connection(time, source, target) {
            let input = Input::CancelCall { call };
            let event = Event::Member { incarnation, from: Some(source), input };
            self.queue.push(at, Some(target), event);
        }
    }
}

/// A caller cannot say whose certificate its connection has: the listener knows.
pub(crate) fn nameless(metadata: Metadata) -> Metadata {
    Metadata { common_name: None, ..metadata }
}
