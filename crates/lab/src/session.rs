//! The session: options in, world and hosts made from them, and what people do to them.

use std::collections::BTreeMap;

use cluster::{
    ActorId, Console, HostAnswer, HostInput, HostOptions, HostOutput, MemberAnswer, Notice, Window,
    World, WorldOptions, run_host,
};
use frame::{Action, After, Frame, HostView, Kind, MEMBERS_MAX, SessionOptions};
use member::{MemberConfig, MemberStatus, PeerConfig, Profile};
use shell::Host;

use crate::{Micros, PutLoad};

/// Unix time of virtual time zero: 2026-01-01T00:00:00Z.
pub const EPOCH_US: Micros = 1_767_225_600_000_000;
/// The one console host of a plain cluster.
const CLIENT: u16 = 0;
/// Cluster token of the default cluster, as in the recorded transcripts.
const TOKEN: &str = "etcd-lab";

/// Something that the session tells whoever runs it.
#[derive(Clone, Debug, PartialEq)]
pub enum LabEvent {
    /// A member's process started: make its actor anew before its next batch.
    MemberStarted {
        actor: u16,
    },
    /// A member's process is gone: drop its actor.
    MemberEnded {
        actor: u16,
    },
    /// A console asked for this about time.
    Time(Action),
    Output {
        exec: u64,
        stderr: bool,
        text: String,
    },
    Done {
        exec: u64,
        code: i32,
        output: String,
        after: After,
    },
    /// See [`HostOutput`] for these.
    Unfinished {
        exec: u64,
    },
    Taken {
        exec: u64,
        by: u64,
    },
    Edit {
        exec: u64,
        edit: u64,
        path: String,
        text: String,
    },
    Hint {
        exec: u64,
        text: String,
    },
}

/// One thing that a person did, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub time_us: Micros,
    pub what: What,
}

/// Inputs of people. Actions about time are not among them: no actor can see those.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Act(Action),
    Exec { host: String, line: String },
    Interrupt { host: String },
    EndOfInput { host: String },
    Edited { host: String, edit: u64, text: Option<String> },
}

/// A host of simulated clients: an actor that can be told how the run goes on.
pub(crate) trait SimulatedClients:
    cluster::Actor<Input = HostInput, Output = HostOutput>
{
    /// The last phase begins with the next turn.
    fn finish(&mut self);
    /// What they did, and what they still miss.
    fn report(&self) -> crate::sim::ClientReport;
}

pub struct Lab {
    options: SessionOptions,
    pub(crate) world: World,
    client: Box<dyn Console>,
    load: Option<(u16, PutLoad)>,
    clients: Option<(u16, Box<dyn SimulatedClients>)>,
    next_exec: u64,
    /// What the lines that have not ended printed.
    outputs: BTreeMap<u64, Vec<u8>>,
    /// When those were entered.
    entered_us: BTreeMap<u64, Micros>,
    /// When a line ended last.
    ended_us: Micros,
    record: Vec<Recorded>,
    events: Vec<LabEvent>,
    first_leader_us: Option<Micros>,
    /// Of a drill or a lesson.
    pub(crate) step: Option<crate::step::StepState>,
}

impl Lab {
    /// A new session with its members starting. The error says which option is bad.
    pub fn new(options: SessionOptions) -> Result<Lab, String> {
        Lab::with_world(options.clone(), WorldOptions::new(options.seed))
    }

    /// The same over a world with other dials, for simulation.
    pub fn with_world(options: SessionOptions, world: WorldOptions) -> Result<Lab, String> {
        Lab::with_flags(options, world, MemberConfig::default())
    }

    /// The same with other flags for all members; who they are and what they begin with is the
    /// session's to say.
    pub fn with_flags(
        options: SessionOptions,
        world: WorldOptions,
        flags: MemberConfig,
    ) -> Result<Lab, String> {
        Lab::with_console(options, world, flags, |options| Box::new(Host::new(options)))
    }

    /// The same with a console whose code is made, and may run, elsewhere.
    pub fn with_console(
        options: SessionOptions,
        world: WorldOptions,
        flags: MemberConfig,
        console: impl FnOnce(HostOptions) -> Box<dyn Console>,
    ) -> Result<Lab, String> {
        if !(1..=MEMBERS_MAX).contains(&options.members) {
            return Err(format!("members must be 1 to {MEMBERS_MAX}, not {}", options.members));
        }
        let profile = Profile::parse(&options.profile).ok_or_else(|| {
            format!("profile '{}' is not in this lab: {}", options.profile, Profile::names())
        })?;
        let mut world = World::new(world);
        world.add_host("client");
        let host = HostOptions {
            name: "client".to_string(),
            seed: options.seed,
            epoch_us: EPOCH_US,
            profile,
            env: [("LAB".to_string(), DATA_ROOT.to_string())].into(),
            data_dirs: (1..=options.members).map(data_dir).collect(),
            terminal: true,
            ..HostOptions::default()
        };
        let mut lab = Lab {
            world,
            client: console(host),
            load: None,
            clients: None,
            next_exec: 0,
            outputs: BTreeMap::new(),
            entered_us: BTreeMap::new(),
            ended_us: 0,
            record: Vec::new(),
            events: Vec::new(),
            first_leader_us: None,
            step: None,
            options,
        };
        lab.add_members(profile, &flags);
        lab.take_notices();
        Ok(lab)
    }

    fn add_members(&mut self, profile: Profile, flags: &MemberConfig) {
        let peers: Vec<PeerConfig> = (1..=self.options.members)
            .map(|number| PeerConfig {
                name: format!("m{number}"),
                peer_urls: vec![format!("http://127.0.0.1:{}", client_port(number) + 1)],
            })
            .collect();
        let scheme = if flags.client_tls.is_some() { "https" } else { "http" };
        for number in 1..=self.options.members {
            let port = client_port(number);
            let own = &peers[(number - 1) as usize];
            let id = member::id::member_id(&own.peer_urls, TOKEN, None);
            let config = MemberConfig {
                name: own.name.clone(),
                initial_cluster: peers.clone(),
                initial_cluster_token: TOKEN.into(),
                advertise_client_urls: vec![format!("{scheme}://127.0.0.1:{port}")],
                profile,
                seed: self.options.seed,
                epoch_us: EPOCH_US,
                enable_v2: self.options.v2
                    || flags.enable_v2
                    || MemberConfig::serves_v2_by_default(profile),
                quota_backend_bytes: match self.options.quota_backend_bytes {
                    0 => flags.quota_backend_bytes,
                    bytes => bytes,
                },
                ..flags.clone()
            };
            let actor = self.world.add_member(id, config, port);
            self.world.set_data_dir(actor, &data_dir(number));
        }
        for number in 1..=self.options.members {
            let start = Action::Member { kind: Kind::Start, member: format!("m{number}") };
            self.world.act(&start).expect("a new member can be started");
        }
    }

    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// Everything up to and including this instant has happened.
    pub fn now(&self) -> Micros {
        self.world.now()
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Does a person's action on the cluster. The answer is what `lab` would print.
    pub fn act(&mut self, action: &Action) -> Result<String, String> {
        let time_us = self.world.now();
        let result = self.world.act(action);
        if result.is_ok() && *action != Action::Status {
            self.record.push(Recorded { time_us, what: What::Act(action.clone()) });
        }
        self.take_notices();
        result
    }

    /// Enters a line at a host's console; output and end come as events with the number returned.
    pub fn exec(&mut self, host: &str, line: &str) -> Result<u64, String> {
        self.check_host(host)?;
        let what = What::Exec { host: host.into(), line: line.into() };
        self.record.push(Recorded { time_us: self.world.now(), what });
        self.next_exec += 1;
        self.outputs.insert(self.next_exec, Vec::new());
        self.entered_us.insert(self.next_exec, self.world.now());
        if let Some(step) = &mut self.step {
            step.entered(self.next_exec, line);
        }
        let input = HostInput::Exec { exec: self.next_exec, line: line.into() };
        self.world.tell_host(CLIENT, input);
        Ok(self.next_exec)
    }

    /// Ctrl-C on a host.
    pub fn interrupt(&mut self, host: &str) -> Result<(), String> {
        self.check_host(host)?;
        let what = What::Interrupt { host: host.into() };
        self.record.push(Recorded { time_us: self.world.now(), what });
        self.world.tell_host(CLIENT, HostInput::Interrupt);
        Ok(())
    }

    /// Ctrl-D on an empty line of a host.
    pub fn end_of_input(&mut self, host: &str) -> Result<(), String> {
        self.check_host(host)?;
        let what = What::EndOfInput { host: host.into() };
        self.record.push(Recorded { time_us: self.world.now(), what });
        self.world.tell_host(CLIENT, HostInput::EndOfInput);
        Ok(())
    }

    /// The editor that [`LabEvent::Edit`] opened was closed; without a text nothing is saved.
    pub fn edited(&mut self, host: &str, edit: u64, text: Option<String>) -> Result<(), String> {
        self.check_host(host)?;
        let what = What::Edited { host: host.into(), edit, text: text.clone() };
        self.record.push(Recorded { time_us: self.world.now(), what });
        let text = text.map(|text| text.into_bytes().into());
        self.world.tell_host(CLIENT, HostInput::Edited { edit, text });
        Ok(())
    }

    fn check_host(&self, host: &str) -> Result<(), String> {
        if host == "client" { Ok(()) } else { Err(format!("no host named '{host}'")) }
    }

    /// What people did so far, in order.
    pub fn record(&self) -> &[Recorded] {
        &self.record
    }

    /// Puts a closed-loop load on the cluster: a host of its own that keeps puts in flight.
    pub fn add_load(&mut self, load: PutLoad) {
        let host = self.world.add_host("load");
        self.world.tell_host(host, HostInput::Interrupt);
        self.load = Some((host, load));
    }

    pub fn load(&self) -> Option<&PutLoad> {
        self.load.as_ref().map(|(_, load)| load)
    }

    pub fn load_mut(&mut self) -> Option<&mut PutLoad> {
        self.load.as_mut().map(|(_, load)| load)
    }

    /// Puts simulated clients on the cluster, as a host of their own.
    pub(crate) fn add_clients(&mut self, clients: Box<dyn SimulatedClients>) {
        let host = self.world.add_host("clients");
        self.world.tell_host(host, HostInput::Interrupt);
        self.clients = Some((host, clients));
    }

    pub(crate) fn clients_mut(&mut self) -> Option<&mut Box<dyn SimulatedClients>> {
        self.clients.as_mut().map(|(_, clients)| clients)
    }

    /// Client endpoints (`host:port`) of all members.
    pub fn endpoints(&self) -> Vec<String> {
        (1..=self.options.members).map(|n| format!("127.0.0.1:{}", client_port(n))).collect()
    }

    /// Cuts the next window (see [`World::plan`]); its members' batches are the caller's to run.
    pub fn plan(&mut self, limit: Micros, width_us: Micros) -> Option<Window> {
        let window = self.world.plan(limit, width_us);
        self.take_notices();
        window
    }

    /// Takes the members' answers to a window; the hosts' part is run here.
    pub fn absorb(&mut self, mut window: Window, members: Vec<MemberAnswer>) {
        let mut hosts: Vec<HostAnswer> = Vec::new();
        for batch in std::mem::take(&mut window.hosts) {
            let host: &mut dyn cluster::Actor<Input = HostInput, Output = HostOutput> =
                match (&mut self.load, &mut self.clients) {
                    (Some((actor, load)), _) if *actor == batch.actor => load,
                    (_, Some((actor, clients))) if *actor == batch.actor => clients.as_mut(),
                    _ => self.client.as_mut(),
                };
            hosts.push(run_host(host, batch, window.end));
        }
        self.world.absorb(&window, members, hosts);
        if self.first_leader_us.is_none() && self.world.leader().is_some() {
            self.first_leader_us = Some(self.world.now());
        }
        self.take_notices();
    }

    /// Nothing happens up to `time`: the clock moves there.
    pub fn idle_until(&mut self, time: Micros) {
        self.world.idle_until(time);
    }

    fn take_notices(&mut self) {
        for notice in self.world.take_notices() {
            match notice {
                Notice::Started { actor } => self.events.push(LabEvent::MemberStarted { actor }),
                Notice::Ended { actor } => self.events.push(LabEvent::MemberEnded { actor }),
                Notice::Time(action) => self.events.push(LabEvent::Time(action)),
                Notice::Console(output) => self.take_console(output),
            }
        }
    }

    fn take_console(&mut self, output: HostOutput) {
        let event = match output {
            HostOutput::Print { exec, stderr, text } => {
                if let Some(output) = self.outputs.get_mut(&exec) {
                    output.extend_from_slice(&text);
                }
                LabEvent::Output { exec, stderr, text: to_text(&text) }
            }
            HostOutput::Done { exec, code } => {
                let output = to_text(&self.outputs.remove(&exec).unwrap_or_default());
                if let Some(step) = &mut self.step {
                    step.ended(exec, code, &output);
                }
                LabEvent::Done { exec, code, output, after: self.after(exec) }
            }
            HostOutput::Unfinished { exec } => {
                if let Some(step) = &mut self.step {
                    step.unfinished(exec);
                }
                LabEvent::Unfinished { exec }
            }
            HostOutput::Taken { exec, by } => {
                self.outputs.remove(&exec);
                self.entered_us.remove(&exec);
                LabEvent::Taken { exec, by }
            }
            HostOutput::Edit { exec, edit, path, text } => {
                LabEvent::Edit { exec, edit, path, text: to_text(&text) }
            }
            HostOutput::Hint { exec, text } => LabEvent::Hint { exec, text },
            // The rest is the world's own.
            _ => return,
        };
        self.events.push(event);
    }

    /// How things stand at the end of a line.
    fn after(&mut self, exec: u64) -> After {
        let time_us = self.world.now();
        // A line that was entered early began when the one before it ended.
        let began_us = self.entered_us.remove(&exec).unwrap_or(0).max(self.ended_us);
        self.ended_us = time_us;
        let leader = self.world.leader().map(|actor| self.world.name(ActorId::Member(actor)));
        After {
            time_us,
            took_us: time_us.saturating_sub(began_us),
            leader: leader.unwrap_or_default().to_string(),
            last_call: self.world.last_call(CLIENT).filter(|call| call.sent_us >= began_us),
        }
    }

    /// What happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<LabEvent> {
        std::mem::take(&mut self.events)
    }

    /// A foreground command runs somewhere.
    pub fn is_busy(&self) -> bool {
        self.client.is_busy()
    }

    /// The host `client`.
    pub fn client(&self) -> &dyn Console {
        self.client.as_ref()
    }

    pub fn first_leader_us(&self) -> Option<Micros> {
        self.first_leader_us
    }

    /// The run's hash up to now, in hex.
    pub fn trace_hash(&self) -> String {
        format!("{:016x}", self.world.trace_hash())
    }

    /// The picture of this moment, but for what paces it. `statuses` are the members' own.
    pub fn frame(&self, statuses: &[MemberStatus], linger_us: Micros) -> Frame {
        let mut frame = self.world.view(statuses, linger_us);
        frame.profile = self.options.profile.clone();
        frame.branch = "main".to_string();
        frame.first_leader_us = self.first_leader_us;
        frame.hosts = vec![HostView {
            name: "client".to_string(),
            cwd: self.client.cwd(),
            busy: self.client.is_busy(),
            last_call: self.world.last_call(CLIENT),
        }];
        frame
    }
}

/// What a console shows of bytes.
fn to_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Folder of the data directories of the lab's own members; `$LAB` on their host.
const DATA_ROOT: &str = "/var/lib/etcd";

/// Data directory of a member.
fn data_dir(number: u32) -> String {
    format!("{DATA_ROOT}/m{number}.data")
}

fn client_port(number: u32) -> u16 {
    cluster::usual_client_port(number as u16)
}
