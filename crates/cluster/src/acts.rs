//! What people and scripts do to the cluster: processes, data directories and cuts.

use frame::{Action, Kind};
use member::{Input, Join, TICK_US, Trace};

use crate::events::role_text;
use crate::queue::Event;
use crate::slot::{MemberSlot, Process};
use crate::starts::MemberEnd;
use crate::world::{Notice, Planted, Wait};
use crate::{ActorId, HostInput, Micros, World};

impl World {
    /// Does an action now. The answer is what `lab` prints; the error its one line.
    pub fn act(&mut self, action: &Action) -> Result<String, String> {
        self.act_at(self.now(), action)
    }

    /// Does an action that is due at `time`: nothing later has happened yet.
    pub(crate) fn act_at(&mut self, time: Micros, action: &Action) -> Result<String, String> {
        match action {
            Action::Member { kind, member } => {
                let actor = self.member_named(member)?;
                self.member_act(time, actor, *kind)?;
            }
            Action::Cut { groups } => self.cut(time, groups)?,
            Action::CutOneWay { from, to } => self.cut_one_way(time, from, to)?,
            Action::Heal => {
                if self.options.planted != Some(Planted::NoHealing) {
                    self.network.heal();
                }
                self.log.act(time, "lab", "all links are mended");
            }
            Action::Disk { member, fault } => {
                let actor = self.member_named(member)?;
                self.disk_fault(time, actor, *fault)?;
            }
            Action::Status => return Ok(self.status_text()),
            other => return Err(format!("'{}' is not about the cluster", other.as_command())),
        }
        Ok(String::new())
    }

    /// Position of the member with this name; `leader` is whoever leads.
    pub fn member_named(&self, name: &str) -> Result<u16, String> {
        let found = self.members.iter().position(|slot| slot.config.name == name);
        match found {
            Some(at) => Ok(at as u16),
            None if name == "leader" => self.leader().ok_or_else(|| "no leader now".into()),
            None => Err(format!("no member named '{name}'")),
        }
    }

    /// Registers a `lab wait` or `lab settle`; it is answered as soon as it is true.
    pub(crate) fn wait(&mut self, time: Micros, action: Action, origin: Option<(u16, u64)>) {
        let Some((host, call)) = origin else { return };
        let port = match &action {
            Action::Wait { target } => match self.port_by_target(target) {
                Ok(port) => Some(port),
                Err(text) => return self.lab_reply(time, origin, Err(text)),
            },
            _ => None,
        };
        self.waits.push(Wait { host, call, port });
        self.answer_waits(time);
    }

    /// Checked after every step of any member, so that the answer's time depends on nothing else.
    pub(crate) fn answer_waits(&mut self, time: Micros) {
        if self.waits.is_empty() {
            return;
        }
        let waits = std::mem::take(&mut self.waits);
        let (done, open): (Vec<Wait>, Vec<Wait>) =
            waits.into_iter().partition(|wait| self.is_settled(wait.port));
        self.waits = open;
        for wait in done {
            self.lab_reply(time, Some((wait.host, wait.call)), Ok(String::new()));
        }
    }

    /// Whether whoever listens for clients at that port, or every running member, is healthy.
    pub fn is_settled(&self, port: Option<u16>) -> bool {
        match port {
            Some(port) => (0..)
                .zip(&self.members)
                .any(|(at, slot)| slot.client_port == port && self.is_healthy(at)),
            None => {
                let running = |at: &u16| self.members[usize::from(*at)].process == Process::Running;
                let mut all = (0..self.members.len() as u16).filter(running).peekable();
                all.peek().is_some() && all.all(|at| self.is_healthy(at))
            }
        }
    }

    pub(crate) fn lab_reply(
        &mut self,
        time: Micros,
        origin: Option<(u16, u64)>,
        result: Result<String, String>,
    ) {
        let Some((host, call)) = origin else { return };
        let at = time + self.options.network.latency_us;
        let reply = HostInput::LabReply { call, result };
        self.queue.push(at, Some(ActorId::Host(host)), Event::Host(reply));
    }

    fn member_act(&mut self, time: Micros, actor: u16, kind: Kind) -> Result<(), String> {
        let slot = &self.members[usize::from(actor)];
        let name = slot.config.name.clone();
        let process = slot.process;
        match (kind, process) {
            (Kind::Start, Process::Stopped | Process::Crashed) => {
                self.check_port(&name, slot.client_port)?;
                self.ask_peers(actor)?;
                self.start(time, actor);
            }
            (Kind::Start, _) => return Err(format!("{name} is running already")),
            (Kind::Wipe, Process::Stopped | Process::Crashed) => {
                self.members[usize::from(actor)].disk.wipe();
                self.log.act(time, &name, "its data directory was deleted");
            }
            (Kind::Wipe, _) => return Err(format!("{name} is running: stop or kill it first")),
            (_, Process::Stopped | Process::Crashed) => {
                return Err(format!("{name} is not running"));
            }
            (Kind::Kill, _) => self.end(time, actor, MemberEnd::Killed),
            (Kind::Pause, Process::Running) => {
                self.members[usize::from(actor)].process = Process::Paused;
                self.log.act(time, &name, "paused (SIGSTOP)");
            }
            (Kind::Pause, _) => return Err(format!("{name} is paused already")),
            (Kind::Resume, Process::Paused) => self.resume(time, actor),
            (Kind::Resume, _) => return Err(format!("{name} is not paused")),
            (Kind::Stop, _) => self.signal(time, actor, Input::Stop, "told to stop (SIGTERM)"),
            (Kind::Trap, _) => self.signal(time, actor, Input::Trap, "told to trap"),
        }
        Ok(())
    }

    /// Nobody may listen where a member starts, nor run under its name.
    pub(crate) fn check_port(&self, name: &str, port: u16) -> Result<(), String> {
        let mut alive = self.members.iter().filter(|slot| slot.process.is_alive());
        match alive.any(|slot| slot.client_port == port || slot.config.name == name) {
            true => Err(format!("listen tcp 127.0.0.1:{port}: bind: address already in use")),
            false => Ok(()),
        }
    }

    /// What etcd asks its peers before a start without a log: who is in the cluster
    /// that it joins, or whether it is in that cluster already (`bootstrap.go`).
    pub(crate) fn ask_peers(&mut self, actor: u16) -> Result<(), String> {
        let slot = &self.members[usize::from(actor)];
        if slot.disk.has_log() {
            return Ok(());
        }
        let gone = ActorId::Member(actor);
        let answers = |(at, peer): &(usize, &MemberSlot)| {
            let id = ActorId::Member(*at as u16);
            *at != usize::from(actor)
                && peer.process == Process::Running
                && !peer.membership.is_empty()
                && !self.network.is_cut(gone, id)
                && !self.network.is_cut(id, gone)
        };
        let peer = self.members.iter().enumerate().find(answers).map(|(_, peer)| peer);
        let own_urls =
            slot.config.initial_cluster.iter().find(|peer| peer.name == slot.config.name);
        let own_urls = own_urls.map(|peer| peer.peer_urls.clone()).unwrap_or_default();
        if !slot.joins {
            let id = slot.id;
            let known = peer.and_then(|peer| peer.membership.iter().find(|m| m.id == id));
            return match known {
                Some(member) if member.is_started() => {
                    Err(format!("member {id:x} has already been bootstrapped"))
                }
                _ => Ok(()),
            };
        }
        let Some(peer) = peer else {
            return Err("cannot fetch cluster info from peer urls: could not retrieve cluster \
                        information from the given URLs"
                .into());
        };
        let members = peer.membership.clone();
        if members.len() != slot.config.initial_cluster.len() {
            return Err("error validating peerURLs: member count is unequal".into());
        }
        let Some(id) = members.iter().find(|m| m.peer_urls == own_urls).map(|m| m.id) else {
            return Err(
                "error validating peerURLs: unmatched member while checking PeerURLs".into()
            );
        };
        let join = Join { id, cluster_id: peer.cluster_id, members };
        let slot = &mut self.members[usize::from(actor)];
        slot.id = id;
        slot.config.join = Some(join);
        Ok(())
    }

    /// Starts a process over what is on its disk. Its clock ticks in step with all others.
    pub(crate) fn start(&mut self, time: Micros, actor: u16) {
        let latency_us = self.options.network.latency_us;
        let slot = &mut self.members[usize::from(actor)];
        slot.incarnation += 1;
        slot.disk.forget_failure();
        if slot.disk.take_by_hand() {
            self.checkers.changed_by_hand(actor);
            // Whose files these are, that is who starts.
            if let Some(id) = member::id_on_disk(&slot.disk.contents()) {
                slot.id = id;
            }
        }
        slot.over_rot = slot.disk.is_rotten();
        slot.process = Process::Running;
        slot.reason.clear();
        slot.backlog.clear();
        slot.facts = Default::default();
        slot.strangers.clear();
        let incarnation = slot.incarnation;
        let config = Box::new(slot.config.clone());
        let input = Input::Start { config, disk: slot.disk.contents() };
        let name = slot.config.name.clone();
        let target = Some(ActorId::Member(actor));
        let at = time + latency_us;
        self.queue.push(at, target, Event::Member { incarnation, from: None, input });
        let first_tick = (at / TICK_US + 1) * TICK_US;
        self.queue.push(first_tick, target, Event::Tick { incarnation });
        self.log.act(time, &name, "started");
        self.notice(Notice::Started { actor });
    }

    pub(crate) fn signal(&mut self, time: Micros, actor: u16, input: Input, text: &str) {
        let slot = &self.members[usize::from(actor)];
        let event = Event::Member { incarnation: slot.incarnation, from: None, input };
        let name = slot.config.name.clone();
        let at = time + self.options.network.latency_us;
        self.queue.push(at, Some(ActorId::Member(actor)), event);
        self.log.act(time, &name, text);
    }

    /// What waited in its buffers is read now.
    fn resume(&mut self, time: Micros, actor: u16) {
        let at = time + self.options.network.latency_us;
        let slot = &mut self.members[usize::from(actor)];
        slot.process = Process::Running;
        let incarnation = slot.incarnation;
        let name = slot.config.name.clone();
        for input in std::mem::take(&mut slot.backlog) {
            let event = Event::Member { incarnation, from: None, input };
            self.queue.push(at, Some(ActorId::Member(actor)), event);
        }
        self.log.act(time, &name, "resumed (SIGCONT)");
    }

    /// A process is gone: unsynced bytes with it, its connections break.
    pub(crate) fn end(&mut self, time: Micros, actor: u16, end: MemberEnd) {
        let slot = &mut self.members[usize::from(actor)];
        if !slot.process.is_alive() {
            return;
        }
        let failed = matches!(end, MemberEnd::Failed { .. });
        slot.process = if failed { Process::Crashed } else { Process::Stopped };
        slot.incarnation += 1;
        slot.reason = end.reason().to_string();
        slot.backlog.clear();
        slot.crashes += 1;
        if matches!(end, MemberEnd::Stopped { .. }) {
            slot.disk.finish();
        } else {
            self.crash_disk(actor);
        }
        let slot = &mut self.members[usize::from(actor)];
        if let Some(files) = slot.next_files.take() {
            slot.disk.replace(&files);
        }
        if let Some(Planted::LyingDisk { bytes }) = self.options.planted {
            slot.disk.lose_durable_bytes(bytes);
        }
        let (name, id) = (slot.config.name.clone(), slot.id);
        // That a member ends over a bad disk is what it should do.
        let bad_disk = slot.over_rot || slot.disk.is_full();
        self.checkers.ended(time, actor);
        if failed && !bad_disk {
            self.checkers.crashed(time, actor, end.reason());
        }
        self.log.fault(time, &name, end.reason());
        self.break_connections(time, actor, id);
        self.tell_owner(time, actor, end);
        self.notice(Notice::Ended { actor });
    }

    fn break_connections(&mut self, time: Micros, actor: u16, id: u64) {
        let at = time + self.options.network.latency_us;
        let gone = ActorId::Member(actor);
        for (peer, slot) in self.members.iter().enumerate() {
            let target = ActorId::Member(peer as u16);
            if target == gone || self.network.is_cut(gone, target) {
                continue;
            }
            let input = Input::PeerLost { peer: id };
            let incarnation = slot.incarnation;
            let event = Event::Member { incarnation, from: Some(gone), input };
            self.queue.push(at, Some(target), event);
        }
        let broken: Vec<_> = self.calls.extract_if(.., |_, open| open.member == actor).collect();
        for (_, open) in broken {
            self.host_calls.remove(&(open.host, open.host_call));
            let host = ActorId::Host(open.host);
            if !self.network.is_cut(gone, host) {
                let lost = HostInput::ConnectionLost { call: open.host_call };
                self.queue.push(at, Some(host), Event::Host(lost));
            }
        }
    }

    fn cut(&mut self, time: Micros, groups: &[Vec<String>]) -> Result<(), String> {
        let mut sides: Vec<Vec<u16>> = Vec::new();
        for group in groups {
            let side = group.iter().map(|name| self.member_named(name));
            sides.push(side.collect::<Result<_, _>>()?);
        }
        let all: Vec<u16> = sides.iter().flatten().copied().collect();
        if (1..all.len()).any(|at| all[..at].contains(&all[at])) {
            return Err("a member stands on two sides of the cut".into());
        }
        for (at, side) in sides.iter().enumerate() {
            for other in sides.iter().skip(at + 1) {
                self.set_cut(side, other);
                self.set_cut(other, side);
            }
        }
        let text: Vec<String> = groups.iter().map(|group| group.join(",")).collect();
        self.log.act(time, "lab", &format!("cut {}", text.join(" | ")));
        Ok(())
    }

    fn cut_one_way(&mut self, time: Micros, from: &[String], to: &[String]) -> Result<(), String> {
        let named = |names: &[String]| -> Result<Vec<u16>, String> {
            names.iter().map(|name| self.member_named(name)).collect()
        };
        let (sources, targets) = (named(from)?, named(to)?);
        if sources.iter().any(|source| targets.contains(source)) {
            return Err("a member stands on two sides of the cut".into());
        }
        self.set_cut(&sources, &targets);
        self.log.act(time, "lab", &format!("cut {} > {}", from.join(","), to.join(",")));
        Ok(())
    }

    fn set_cut(&mut self, from: &[u16], to: &[u16]) {
        for source in from {
            for target in to {
                self.network.set_cut(ActorId::Member(*source), ActorId::Member(*target), true);
            }
        }
    }

    /// What a member's trace means for the picture and the event log.
    pub(crate) fn traced(&mut self, time: Micros, actor: u16, trace: Trace) {
        let id_name = |id: u64| {
            let slot = self.members.iter().find(|slot| slot.id == id);
            slot.map(|slot| slot.config.name.clone()).unwrap_or_default()
        };
        match trace {
            Trace::Role { role, term, leader } => {
                let text = role_text(role, term, &id_name(leader));
                let slot = &mut self.members[usize::from(actor)];
                slot.facts = crate::slot::Facts { role, term, leader, ..slot.facts };
                self.log.role(time, &slot.config.name, &text);
            }
            Trace::Voted { term, vote } => {
                let text = format!("votes for {} in term {term}", id_name(vote));
                let name = self.members[usize::from(actor)].config.name.clone();
                self.log.role(time, &name, &text);
                self.crash_after_vote(time, actor);
            }
            Trace::Started { term, commit, cluster_id, .. } => {
                let slot = &mut self.members[usize::from(actor)];
                slot.cluster_id = cluster_id;
                slot.facts.term = term;
                slot.facts.commit = commit;
            }
            Trace::Committed { index } => self.members[usize::from(actor)].facts.commit = index,
            Trace::Applied { index, revision } => {
                let slot = &mut self.members[usize::from(actor)];
                slot.facts.applied = index;
                let name = slot.config.name.clone();
                self.log.applied(time, &name, index, revision);
            }
            Trace::Installed { index, revision } => {
                let slot = &mut self.members[usize::from(actor)];
                slot.facts.applied = index;
                let text = format!("takes a snapshot in: index {index}, revision {revision}");
                self.log.role(time, &slot.config.name, &text);
            }
            Trace::Membership { cluster_id, members } => {
                let slot = &mut self.members[usize::from(actor)];
                slot.cluster_id = cluster_id;
                slot.membership = members;
            }
            Trace::Appended { .. }
            | Trace::Snapshot { .. }
            | Trace::State { .. }
            | Trace::Entries { .. } => {}
        }
        self.answer_waits(time);
    }
}
