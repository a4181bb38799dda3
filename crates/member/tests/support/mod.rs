//! A small cluster for tests of one member's contract: `Member::turn` in virtual time, over a
//! network and disks that are as simple as can be.
//!
//! Messages take 5 ms, a sync takes 2 ms, each clock ticks every 100 ms. Nothing is drawn: the same
//! test is the same run. Members tell a digest of their state after every entry, and two that
//! differ at the same index end the test.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod build;
pub(crate) mod disk;
pub(crate) mod http;
pub(crate) mod tables;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use member::{
    CallId, Input, Join, Member, MemberConfig, MemberInfo, MemberStatus, Micros, Output,
    PeerConfig, Profile, TICK_US, Trace,
};
use proto::etcdserverpb::{MemberAddRequest, MemberAddResponse};
use proto::{Metadata, Status, method};

use disk::Disk;

const FLIGHT_US: Micros = 5_000;
const SYNC_US: Micros = 2_000;
/// A second of virtual time.
pub(crate) const S: Micros = 1_000_000;

/// One member's place: its process, its disk, what it was started with.
pub(crate) struct Seat {
    pub(crate) id: u64,
    pub(crate) config: MemberConfig,
    pub(crate) disk: Disk,
    pub(crate) member: Member,
    pub(crate) running: bool,
    /// How its last process ended, if it did by itself.
    pub(crate) ended: Option<Output>,
    /// Processes so far: what was sent to an earlier one is lost.
    life: u64,
}

struct Due {
    seat: usize,
    life: u64,
    input: Input,
}

/// The members, the network between them, and the clients.
pub(crate) struct Lab {
    pub(crate) seats: Vec<Seat>,
    pub(crate) now: Micros,
    queue: BTreeMap<(Micros, u64), Due>,
    next_event: u64,
    next_call: CallId,
    calls: BTreeMap<CallId, usize>,
    answers: BTreeMap<CallId, Result<Bytes, Status>>,
    messages: BTreeMap<CallId, VecDeque<Bytes>>,
    /// Links that carry nothing, (from, to).
    cuts: BTreeSet<(usize, usize)>,
    digests: BTreeMap<u64, u64>,
    compares: bool,
    /// What a hostile client calls its streams.
    streams: BTreeMap<CallId, CallId>,
    /// A member may end with a fatal error without ending the test.
    pub(crate) fatal_is_fine: bool,
}

fn peer_url(at: usize) -> String {
    format!("http://10.0.0.{}:2380", at + 1)
}

pub(crate) fn name(at: usize) -> String {
    format!("m{}", at + 1)
}

impl Lab {
    /// So many members with a leader, each started and published.
    pub(crate) fn new(members: usize) -> Lab {
        Lab::with(members, |_| {})
    }

    /// The same with flags that `set` sets on every member.
    pub(crate) fn with(members: usize, set: impl Fn(&mut MemberConfig)) -> Lab {
        let mut lab = Lab::asleep(members, set);
        (0..members).for_each(|at| lab.start(at));
        lab.settle();
        lab
    }

    /// Members that have not been started.
    pub(crate) fn asleep(members: usize, set: impl Fn(&mut MemberConfig)) -> Lab {
        let peers = |at| PeerConfig { name: name(at), peer_urls: vec![peer_url(at)] };
        let initial_cluster: Vec<PeerConfig> = (0..members).map(peers).collect();
        let seats = (0..members).map(|at| {
            let mut config = MemberConfig {
                name: name(at),
                initial_cluster: initial_cluster.clone(),
                advertise_client_urls: vec![format!("http://10.0.0.{}:2379", at + 1)],
                profile: Profile::V3_5,
                digest_every_entries: 1,
                epoch_us: 1_700_000_000 * S,
                seed: 1,
                ..MemberConfig::default()
            };
            set(&mut config);
            let token = &config.initial_cluster_token;
            let own = &config.initial_cluster[at].peer_urls;
            Seat::new(member::id::member_id(own, token, None), config)
        });
        Lab {
            seats: seats.collect(),
            now: 0,
            queue: BTreeMap::new(),
            next_event: 0,
            next_call: 1,
            calls: BTreeMap::new(),
            answers: BTreeMap::new(),
            messages: BTreeMap::new(),
            cuts: BTreeSet::new(),
            digests: BTreeMap::new(),
            compares: true,
            streams: BTreeMap::new(),
            fatal_is_fine: false,
        }
    }

    fn push(&mut self, at: Micros, seat: usize, input: Input) {
        let life = self.seats[seat].life;
        self.queue.insert((at, self.next_event), Due { seat, life, input });
        self.next_event += 1;
    }

    /// What `input` does to a member, now.
    pub(crate) fn input(&mut self, seat: usize, input: Input) {
        self.push(self.now, seat, input);
    }

    pub(crate) fn start(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        assert!(!seat.running, "{} runs", seat.config.name);
        (seat.running, seat.ended, seat.life) = (true, None, seat.life + 1);
        let input =
            Input::Start { config: Box::new(seat.config.clone()), disk: seat.disk.contents() };
        self.push(self.now, at, input);
        // Clocks are a little apart, so that no two members do everything at once.
        self.push(self.now + TICK_US + at as Micros * 7_000, at, Input::Tick);
    }

    /// SIGKILL: what no completed sync covers is gone.
    pub(crate) fn kill(&mut self, at: usize) {
        self.seats[at].disk.crash();
        self.seats[at].member = Member::new();
        self.gone(at);
    }

    fn gone(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        (seat.running, seat.life) = (false, seat.life + 1);
        let peer = seat.id;
        for other in 0..self.seats.len() {
            if other != at && self.seats[other].running {
                self.push(self.now + FLIGHT_US, other, Input::PeerLost { peer });
            }
        }
    }

    pub(crate) fn restart(&mut self, at: usize) {
        self.kill(at);
        self.start(at);
    }

    /// SIGTERM, until the process is gone.
    pub(crate) fn stop(&mut self, at: usize) {
        self.input(at, Input::Stop);
        self.until(5 * S, |lab| !lab.seats[at].running);
    }

    /// Nothing passes between the two.
    pub(crate) fn cut(&mut self, one: usize, other: usize) {
        self.cuts.extend([(one, other), (other, one)]);
    }

    /// Nothing passes between this one and the others.
    pub(crate) fn isolate(&mut self, at: usize) {
        (0..self.seats.len()).filter(|other| *other != at).for_each(|other| self.cut(at, other));
    }

    pub(crate) fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Everything that is due next.
    fn step(&mut self) {
        let Some(((time, _), _)) = self.queue.first_key_value() else { return };
        self.now = *time;
        let mut due: BTreeMap<usize, Vec<Input>> = BTreeMap::new();
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 == self.now
        {
            let Due { seat, life, input } = entry.remove();
            if life == self.seats[seat].life && self.seats[seat].running {
                due.entry(seat).or_default().push(input);
            }
        }
        for (seat, inputs) in due {
            self.turn(seat, inputs);
        }
    }

    fn turn(&mut self, at: usize, inputs: Vec<Input>) {
        for input in &inputs {
            match input {
                Input::Tick => self.push(self.now + TICK_US, at, Input::Tick),
                Input::DiskDone { op } => self.seats[at].disk.complete(*op),
                _ => {}
            }
        }
        for output in self.seats[at].member.turn(self.now, inputs) {
            self.output(at, output);
        }
    }

    fn output(&mut self, at: usize, output: Output) {
        match output {
            Output::Peer { to, bytes, .. } => {
                let other = self.seats.iter().position(|seat| seat.id == to);
                if let Some(other) = other.filter(|other| !self.cuts.contains(&(at, *other))) {
                    let from = self.seats[at].id;
                    self.push(self.now + FLIGHT_US, other, Input::Peer { from, bytes });
                }
            }
            Output::Message { call, message } => {
                self.messages.entry(call).or_default().push_back(message);
            }
            Output::Reply { call, result, .. } => {
                let before = self.answers.insert(call, result);
                assert!(before.is_none(), "call {call} was answered twice: {before:?}");
            }
            Output::Disk { op, ops } => {
                self.seats[at].disk.issue(op, ops);
                if op > 0 {
                    self.push(self.now + SYNC_US, at, Input::DiskDone { op });
                }
            }
            Output::Trace(Trace::State { index, digest }) if self.compares => {
                let known = *self.digests.entry(index).or_insert(digest);
                assert_eq!(known, digest, "members differ after entry {index}");
            }
            Output::Trace(_) => {}
            end @ (Output::Exited | Output::Removed | Output::Fatal { .. }) => {
                let fatal = matches!(end, Output::Fatal { .. });
                assert!(self.fatal_is_fine || !fatal, "{}: {end:?}", self.seats[at].config.name);
                if !fatal {
                    // A good end leaves nothing undone.
                    self.seats[at].disk.complete(u64::MAX);
                }
                self.seats[at].ended = Some(end);
                self.gone(at);
            }
        }
    }

    /// Lets so much time pass.
    pub(crate) fn run(&mut self, time_us: Micros) {
        let end = self.now + time_us;
        while self.queue.first_key_value().is_some_and(|((time, _), _)| *time <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Lets time pass until something is so; it has to be within `limit_us`.
    pub(crate) fn until(&mut self, limit_us: Micros, is_so: impl Fn(&Lab) -> bool) {
        let end = self.now + limit_us;
        while !is_so(self) {
            assert!(self.now < end && !self.queue.is_empty(), "it did not come to that");
            self.step();
        }
    }

    /// Until all that run follow one leader, have applied all that it has, and are quiet.
    pub(crate) fn settle(&mut self) {
        self.until(30 * S, |lab| {
            let running = || lab.seats.iter().filter(|seat| seat.running);
            let leader = lab.leader_if_any().map(|at| lab.status(at));
            leader.is_some_and(|leader| {
                leader.applied == leader.last_index
                    && running().all(|seat| {
                        let status = seat.member.status();
                        status.leader == leader.leader && status.applied == leader.applied
                    })
            })
        });
        // Names and the cluster's version are put into the log after a moment.
        self.run(6 * S);
    }

    pub(crate) fn status(&self, at: usize) -> MemberStatus {
        self.seats[at].member.status()
    }

    /// The log goes another way from here on.
    pub(crate) fn forget_digests(&mut self) {
        self.digests.clear();
    }

    /// From here on members may differ.
    pub(crate) fn never_compare(&mut self) {
        self.compares = false;
    }

    /// A new number for the stream that a hostile client calls so.
    pub(crate) fn restart_stream(&mut self, call: &mut CallId) {
        let real = self.fresh_call(0);
        self.streams.insert(*call, real);
        *call = real;
    }

    /// The number that it has now.
    pub(crate) fn present_stream(&mut self, call: &mut CallId) {
        *call = self.streams.get(call).copied().unwrap_or(*call);
    }

    /// The leader of the newest term.
    pub(crate) fn leader_if_any(&self) -> Option<usize> {
        let leads =
            |at: &usize| self.seats[*at].running && self.status(*at).leader == self.seats[*at].id;
        (0..self.seats.len()).filter(leads).max_by_key(|at| self.status(*at).term)
    }

    pub(crate) fn leader(&self) -> usize {
        self.leader_if_any().expect("there is a leader")
    }

    /// Some member that does not lead.
    pub(crate) fn follower(&self) -> usize {
        let leader = self.leader();
        (0..self.seats.len())
            .find(|at| *at != leader && self.seats[*at].running)
            .expect("there are more members")
    }
}

/// Clients.
impl Lab {
    /// Asks a member; the answer is waited for.
    pub(crate) fn call<R: prost::Message + Default>(
        &mut self,
        at: usize,
        method: &str,
        request: &impl prost::Message,
    ) -> Result<R, Status> {
        self.call_as(&Metadata::default(), at, method, request)
    }

    /// The same with metadata.
    pub(crate) fn call_as<R: prost::Message + Default>(
        &mut self,
        metadata: &Metadata,
        at: usize,
        method: &str,
        request: &impl prost::Message,
    ) -> Result<R, Status> {
        let call = self.begin_as(metadata, at, method, request);
        self.finish(call)
    }

    /// Asks, and does not wait.
    pub(crate) fn begin(
        &mut self,
        at: usize,
        method: &str,
        request: &impl prost::Message,
    ) -> CallId {
        self.begin_as(&Metadata::default(), at, method, request)
    }

    pub(crate) fn begin_as(
        &mut self,
        metadata: &Metadata,
        at: usize,
        method: &str,
        request: &impl prost::Message,
    ) -> CallId {
        let call = self.fresh_call(at);
        let (method, metadata) = (method.to_owned(), metadata.clone());
        let request = request.encode_to_vec().into();
        self.input(at, Input::Call { call, method, metadata, request });
        call
    }

    pub(crate) fn fresh_call(&mut self, at: usize) -> CallId {
        let call = self.next_call;
        self.next_call += 1;
        self.calls.insert(call, at);
        call
    }

    /// Waits for an answer; 30 s are enough for everything.
    pub(crate) fn finish<R: prost::Message + Default>(
        &mut self,
        call: CallId,
    ) -> Result<R, Status> {
        self.until(30 * S, |lab| lab.answers.contains_key(&call));
        self.answer(call).expect("it has been answered")
    }

    /// The answer, if there is one by now.
    pub(crate) fn answer<R: prost::Message + Default>(
        &mut self,
        call: CallId,
    ) -> Option<Result<R, Status>> {
        let decode = |bytes: Bytes| R::decode(bytes).expect("the answer's type");
        self.answers.get(&call).map(|answer| answer.clone().map(decode))
    }

    pub(crate) fn cancel(&mut self, call: CallId) {
        let at = self.calls[&call];
        self.input(at, Input::CancelCall { call });
    }

    /// Opens a stream.
    pub(crate) fn open(&mut self, at: usize, method: &str) -> CallId {
        self.open_as(&Metadata::default(), at, method)
    }

    pub(crate) fn open_as(&mut self, metadata: &Metadata, at: usize, method: &str) -> CallId {
        let call = self.fresh_call(at);
        let (method, metadata) = (method.to_owned(), metadata.clone());
        self.input(at, Input::Open { call, method, metadata });
        call
    }

    /// A client's message on a stream.
    pub(crate) fn say(&mut self, call: CallId, message: &impl prost::Message) {
        let at = self.calls[&call];
        self.input(at, Input::Message { call, message: message.encode_to_vec().into() });
    }

    pub(crate) fn close_send(&mut self, call: CallId) {
        let at = self.calls[&call];
        self.input(at, Input::CloseSend { call });
    }

    /// What a stream has said since the last time, after a moment for what is on its way.
    pub(crate) fn heard<M: prost::Message + Default>(&mut self, call: CallId) -> Vec<M> {
        let said = self.heard_bytes(call).into_iter();
        said.map(|bytes| M::decode(bytes).expect("the message's type")).collect()
    }

    /// The same as it came.
    pub(crate) fn heard_bytes(&mut self, call: CallId) -> Vec<Bytes> {
        self.run(S / 2);
        self.messages.remove(&call).unwrap_or_default().into()
    }
}

/// Members that come later.
impl Lab {
    /// `member add`: asks a member, and gives a seat to the new one, which is not started yet.
    pub(crate) fn add_member(&mut self, asked: usize, is_learner: bool) -> Result<usize, Status> {
        let new = self.seats.len();
        let request = MemberAddRequest { peer_ur_ls: vec![peer_url(new)], is_learner };
        let added: MemberAddResponse = self.call(asked, method::cluster::MEMBER_ADD, &request)?;
        self.seat(added);
        Ok(new)
    }

    /// A seat for a member that was let in.
    fn seat(&mut self, added: MemberAddResponse) {
        let new = self.seats.len();
        let members = added.members.iter().map(|member| MemberInfo {
            id: member.id,
            peer_urls: member.peer_ur_ls.clone(),
            is_learner: member.is_learner,
            name: member.name.clone(),
            client_urls: member.client_ur_ls.clone(),
        });
        let id = added.member.expect("the new member").id;
        let cluster_id = added.header.expect("a header").cluster_id;
        let config = MemberConfig {
            name: name(new),
            advertise_client_urls: vec![format!("http://10.0.0.{}:2379", new + 1)],
            join: Some(Join { id, cluster_id, members: members.collect() }),
            ..self.seats[0].config.clone()
        };
        self.seats.push(Seat::new(id, config));
    }

    /// Asks for a learner, and starts it if it is let in within a moment.
    pub(crate) fn try_join(&mut self, asked: usize) {
        let new = self.seats.len();
        let request = MemberAddRequest { peer_ur_ls: vec![peer_url(new)], is_learner: true };
        let call = self.begin(asked, method::cluster::MEMBER_ADD, &request);
        self.run(S);
        if let Some(Ok(added)) = self.answer::<MemberAddResponse>(call) {
            self.seat(added);
            self.start(new);
        }
    }

    /// The same with its process.
    pub(crate) fn join(&mut self, asked: usize, is_learner: bool) -> usize {
        let new = self.add_member(asked, is_learner).expect("the new member is let in");
        self.start(new);
        self.settle();
        new
    }
}

impl Seat {
    fn new(id: u64, config: MemberConfig) -> Seat {
        Seat {
            id,
            config,
            disk: Disk::default(),
            member: Member::new(),
            running: false,
            ended: None,
            life: 0,
        }
    }
}
