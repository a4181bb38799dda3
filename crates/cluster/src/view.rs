//! What a frame shows of the world. Reading it changes nothing.

use frame::{Flight, Frame, LinkView, LogCell, MemberView, MessageKind, PeerView, Role, Status};
use member::{MemberInfo, MemberStatus};

use crate::flights::FlightRecord;
use crate::slot::{Facts, MemberSlot, Process};
use crate::{ActorId, Micros, World};

/// Lines of the event log in a frame, and flights.
const LOG_LINES: usize = 60;
const FLIGHTS: usize = 96;

impl World {
    /// The world's part of a frame. `statuses` are the members' own, by position; `linger_us` is
    /// how long arrived messages stay in the picture.
    pub fn view(&self, statuses: &[MemberStatus], linger_us: Micros) -> Frame {
        let mut flights: Vec<Flight> = self
            .flights
            .visible(self.now(), linger_us)
            .map(|(id, record)| self.flight_view(*id, record))
            .collect();
        if flights.len() > FLIGHTS {
            flights.drain(..flights.len() - FLIGHTS);
        }
        Frame {
            time_us: self.now(),
            seed: self.options.seed,
            events: self.events(),
            violations: self.violations().to_vec(),
            checkers: self.checkers.names(),
            members: (0..).zip(statuses).map(|(at, status)| self.member_view(at, status)).collect(),
            links: self.link_views(),
            flights,
            log: self.log.tail(LOG_LINES),
            ..Frame::default()
        }
    }

    /// The newest call that a program on this host made.
    pub fn last_call(&self, host: u16) -> Option<frame::CallView> {
        self.hosts[usize::from(host)].last_call.as_ref().map(|(_, view)| view.clone())
    }

    /// Name of an actor.
    pub fn name(&self, actor: ActorId) -> &str {
        match actor {
            ActorId::Member(at) => &self.members[usize::from(at)].config.name,
            ActorId::Host(at) => &self.hosts[usize::from(at)].name,
        }
    }

    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// What a member's traces said last.
    pub fn facts(&self, actor: u16) -> Facts {
        self.members[usize::from(actor)].facts
    }

    pub fn process(&self, actor: u16) -> Process {
        self.members[usize::from(actor)].process
    }

    /// The member that runs as leader of the highest term and that a majority may follow.
    pub fn leader(&self) -> Option<u16> {
        self.leader_among(|_| true)
    }

    /// A restored member leads a cluster of its own beside the others.
    fn leader_among(&self, is_one: impl Fn(&MemberSlot) -> bool) -> Option<u16> {
        (0..self.members.len() as u16)
            .filter(|at| is_one(&self.members[usize::from(*at)]))
            .filter(|at| self.process(*at).is_alive())
            .filter(|at| self.facts(*at).role == frame::Role::Leader)
            .max_by_key(|at| self.facts(*at).term)
    }

    /// Whom a look asks, of those that can answer: the leader or, without one, who applied most.
    pub fn best_informed(&self, can_answer: impl Fn(u16) -> bool) -> Option<u16> {
        let leader = self.leader().filter(|leader| can_answer(*leader));
        let applied = |at: &u16| (self.facts(*at).applied, u16::MAX - at);
        let all = 0..self.members.len() as u16;
        leader.or_else(|| all.filter(|at| can_answer(*at)).max_by_key(applied))
    }

    /// Whether it would answer /health: it runs, knows a running leader of its term and has applied
    /// all that this leader has committed.
    pub fn is_healthy(&self, actor: u16) -> bool {
        let facts = self.facts(actor);
        let cluster_id = self.members[usize::from(actor)].cluster_id;
        let leader = self.leader_among(|slot| slot.cluster_id == cluster_id);
        let Some(leader) = leader else { return false };
        let leads = self.facts(leader);
        self.process(actor) == Process::Running
            && facts.leader == self.members[usize::from(leader)].id
            && facts.term == leads.term
            && facts.applied >= leads.commit
    }

    /// The client port that `lab wait` means: of a URL, of a member, or of `m4` and the like, which may
    /// only be on their way.
    ///
    /// # Errors
    /// The command's one line.
    pub fn port_by_target(&self, target: &str) -> Result<u16, String> {
        if let Some((_, port)) = target.trim_end_matches('/').rsplit_once(':') {
            return port.parse().map_err(|_| format!("no port in '{target}'"));
        }
        if let Ok(member) = self.member_named(target) {
            return Ok(self.members[usize::from(member)].client_port);
        }
        let number = target.strip_prefix('m').and_then(|number| number.parse::<u16>().ok());
        match number {
            Some(number @ 1..=6) => Ok(usual_client_port(number)),
            _ => Err(format!("no member named '{target}'")),
        }
    }

    pub(crate) fn status_text(&self) -> String {
        let mut text = String::new();
        for (at, slot) in (0..).zip(&self.members) {
            let facts = slot.facts;
            let state = status(slot.process).as_str();
            let why = match self.end_reason(at) {
                reason if slot.process.is_alive() || reason.is_empty() => String::new(),
                reason => format!("  ({reason})"),
            };
            text += &format!(
                "{}  {state:<8} {:<13} term {} commit {} applied {}  {}{why}\n",
                slot.config.name,
                if slot.process.is_alive() { facts.role.as_str() } else { "-" },
                facts.term,
                facts.commit,
                facts.applied,
                self.endpoint(at),
            );
        }
        let cuts: Vec<String> = self
            .link_views()
            .into_iter()
            .filter(|link| link.cut)
            .map(|link| format!("{}>{}", link.from, link.to))
            .collect();
        let cuts = if cuts.is_empty() { "none".to_string() } else { cuts.join(" ") };
        text += &format!("cut links: {cuts}\n");
        text += &format!("time: {} ms\n", self.now() / 1000);
        text
    }

    fn endpoint(&self, actor: u16) -> String {
        format!("127.0.0.1:{}", self.members[usize::from(actor)].client_port)
    }

    fn member_view(&self, at: u16, status_now: &MemberStatus) -> MemberView {
        let slot = &self.members[usize::from(at)];
        let name = |id: u64| {
            let found = self.members.iter().find(|slot| slot.id == id);
            found.map(|slot| slot.config.name.clone()).unwrap_or_default()
        };
        let names = |ids: &[u64]| ids.iter().map(|id| name(*id)).collect();
        let cells = status_now.cells.iter().map(|cell| LogCell {
            index: cell.index,
            term: cell.term,
            label: cell.label.clone(),
        });
        MemberView {
            name: slot.config.name.clone(),
            id: slot.id,
            cluster_id: slot.cluster_id,
            peers: peers(&slot.membership),
            // A process that is gone has no role, whatever it was last.
            role: if slot.process.is_alive() { status_now.role } else { Role::Follower },
            status: status(slot.process),
            reason: slot.reason.clone(),
            term: status_now.term,
            vote: name(status_now.vote),
            leader: name(status_now.leader),
            commit: status_now.commit,
            applied: status_now.applied,
            last_index: status_now.last_index,
            revision: status_now.revision,
            keys: status_now.keys,
            election_elapsed_ticks: status_now.election_elapsed_ticks,
            election_timeout_ticks: status_now.election_timeout_ticks,
            votes_granted: names(&status_now.votes_granted),
            votes_refused: names(&status_now.votes_refused),
            matches: status_now.matches.iter().map(|(id, index)| (name(*id), *index)).collect(),
            cells: cells.collect(),
            client_endpoint: self.endpoint(at),
            peer_url: own_peer_url(&slot.config),
            disk_bytes: slot.disk.bytes(),
            disk_unsynced_bytes: slot.disk.unsynced_bytes(),
        }
    }

    pub(crate) fn link_views(&self) -> Vec<LinkView> {
        let count = self.members.len() as u16;
        let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        pairs
            .filter(|(from, to)| from != to)
            .map(|(from, to)| {
                let (from, to) = (ActorId::Member(from), ActorId::Member(to));
                LinkView {
                    from: self.name(from).to_string(),
                    to: self.name(to).to_string(),
                    cut: self.network.is_cut(from, to),
                }
            })
            .collect()
    }

    fn flight_view(&self, id: u64, record: &FlightRecord) -> Flight {
        let label = &record.label;
        Flight {
            id,
            from: self.name(record.from).to_string(),
            to: self.name(record.to).to_string(),
            kind: label.kind,
            entries: label.entries,
            rejected: label.rejected,
            term: label.term,
            text: flight_text(record),
            sent_us: record.sent_us,
            arrives_us: record.arrives_us,
            lost: record.lost,
        }
    }
}

pub(crate) fn status(process: Process) -> Status {
    match process {
        Process::Running => Status::Running,
        Process::Paused => Status::Paused,
        Process::Stopped => Status::Stopped,
        Process::Crashed => Status::Crashed,
    }
}

fn peers(members: &[MemberInfo]) -> Vec<PeerView> {
    let peer = |m: &MemberInfo| PeerView { id: m.id, name: m.name.clone(), learner: m.is_learner };
    let mut peers: Vec<PeerView> = members.iter().map(peer).collect();
    peers.sort_by_key(|peer| peer.id);
    peers
}

fn own_peer_url(config: &member::MemberConfig) -> String {
    let own = config.initial_cluster.iter().find(|peer| peer.name == config.name);
    own.and_then(|peer| peer.peer_urls.first().cloned()).unwrap_or_default()
}

/// etcd's name of the message and its fields, for the inspector.
fn flight_text(record: &FlightRecord) -> String {
    let label = &record.label;
    let name = match label.kind {
        MessageKind::PreVote => "MsgPreVote",
        MessageKind::PreVoteReply => "MsgPreVoteResp",
        MessageKind::Vote => "MsgVote",
        MessageKind::VoteReply => "MsgVoteResp",
        MessageKind::Append => "MsgApp",
        MessageKind::AppendReply => "MsgAppResp",
        MessageKind::Heartbeat => "MsgHeartbeat",
        MessageKind::HeartbeatReply => "MsgHeartbeatResp",
        MessageKind::ReadIndex => "MsgReadIndex",
        MessageKind::ReadIndexReply => "MsgReadIndexResp",
        MessageKind::Snapshot => "MsgSnap",
        MessageKind::TimeoutNow => "MsgTimeoutNow",
        MessageKind::Propose => "MsgProp",
        MessageKind::LinkHeartbeat => return "rafthttp link heartbeat".into(),
        MessageKind::Call => return "client request".into(),
        MessageKind::Reply if label.rejected => return "client reply: error".into(),
        MessageKind::Reply => return "client reply".into(),
        MessageKind::Other => "Msg",
    };
    let mut text = format!("{name} term {}", label.term);
    if matches!(label.kind, MessageKind::Append) {
        text += &format!(
            " after index {} (term {}), {} entries, commit {}",
            label.index, label.log_term, label.entries, label.commit
        );
    } else if matches!(label.kind, MessageKind::AppendReply) {
        text += &format!(" index {}", label.index);
    } else if matches!(label.kind, MessageKind::Vote | MessageKind::PreVote) {
        text += &format!(" last index {} (term {})", label.index, label.log_term);
    }
    if label.rejected {
        text += " rejected";
    }
    text
}

/// 2379, 22379, 32379 ... as in the recorded transcripts. `number` is 1 to 6.
pub fn usual_client_port(number: u16) -> u16 {
    match number {
        1 => 2379,
        number => number * 10_000 + 2379,
    }
}
