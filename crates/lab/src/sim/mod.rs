//! One simulated run under all checkers: clients that use the whole API, an operator who changes the
//! members, a flaky network, and faults drawn from the seed. It ends with everything healed, and the
//! cluster must come back: every member healthy, a put and a read through each, and every watch
//! caught up.

mod admin;
mod client;
mod contender;
mod dice;
mod faults;
mod host;
mod last;
mod lease_holder;
mod operator;
mod ops;
mod swarm;
mod v2;
mod view;
mod watcher;

use std::collections::BTreeMap;

use cluster::{DiskTally, Planted, Tally};
use frame::{Action, DiskFault, Kind};
use member::{MemberConfig, MemberInfo, PeerConfig, Profile};

use crate::session::EPOCH_US;
use crate::{InProcess, Lab, Micros};
use dice::Dice;
use swarm::Swarm;

/// The load goes on for so long after all faults are cured.
const AFTER_HEALING_US: Micros = 5_000_000;
/// A graceful stop takes no longer than that.
const STOPPING_US: Micros = 2_000_000;
/// Time for the last round and for all leases to end, on top.
const LAST_US: Micros = 25_000_000;
/// Whoever lags behind at the end gets that much more.
const PATIENCE_US: Micros = 3_000_000;
/// How often the run looks whether a new member needs a process.
const LOOK_US: Micros = 250_000;

/// How often an operation was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpCount {
    pub done: u64,
    pub failed: u64,
    /// Nobody knows: the answer did not come.
    pub unknown: u64,
}

/// What the clients did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientReport {
    /// By the operation's name.
    pub ops: BTreeMap<&'static str, OpCount>,
    /// Texts of failures, and how often each was heard.
    pub refusals: BTreeMap<String, u64>,
    /// What should have come at the end and did not.
    pub missing: Vec<String>,
    /// What they saw and must never see.
    pub violations: Vec<String>,
}

/// What a run was and what the checkers said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimReport {
    pub seed: u64,
    /// Members at the beginning.
    pub members: u32,
    /// Members that joined later.
    pub joined: u32,
    pub profile: String,
    pub faults: u32,
    pub events: u64,
    /// Virtual time that it took.
    pub time_us: Micros,
    pub ops: BTreeMap<&'static str, OpCount>,
    /// Texts of failures that clients heard.
    pub refusals: BTreeMap<String, u64>,
    pub tally: Tally,
    pub disks: DiskTally,
    /// Violations of checked properties, and of liveness at the end.
    pub failures: Vec<String>,
    pub trace_hash: String,
}

/// How a run is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimOptions {
    pub seed: u64,
    /// Virtual time under faults; the recovery comes on top.
    pub duration_us: Micros,
    /// A fault outside of Raft's assumptions, to prove the checkers.
    pub planted: Option<Planted>,
}

/// Runs one seed.
pub fn simulate(options: SimOptions) -> SimReport {
    let swarm = Swarm::draw(options.seed, options.planted);
    let lab = Lab::with_flags(swarm.session.clone(), swarm.world.clone(), swarm.flags.clone());
    let mut run = InProcess::new(lab.expect("simulated sessions have good options"));
    run.lab_mut().world_mut().judge_clients();
    let endpoints = run.lab().endpoints();
    let clients = host::Clients::new(options.seed, &swarm.mix, endpoints);
    run.lab_mut().add_clients(Box::new(clients));
    let faults = faults::schedule(options, &swarm, &mut run);
    let mut driver = Driver::new(options.seed, &swarm, run);
    driver.run_until(options.duration_us);
    driver.heal_all();
    // Who was told to stop may have gone only now.
    driver.run_until(options.duration_us + STOPPING_US);
    driver.heal_all();
    driver.run_until(options.duration_us + AFTER_HEALING_US);
    if let Some(clients) = driver.run.lab_mut().clients_mut() {
        clients.finish();
    }
    driver.run_until(options.duration_us + AFTER_HEALING_US + LAST_US);
    // The cluster itself may have written something just now.
    let patience_us = driver.run.lab().now() + PATIENCE_US;
    while !driver.not_alive().is_empty() && driver.run.lab().now() < patience_us {
        let next = driver.run.lab().now() + LOOK_US;
        driver.run_until(next);
    }
    driver.report(options, &swarm, faults)
}

/// Runs the world on, and starts processes for members that the cluster was given.
struct Driver {
    run: InProcess,
    flags: MemberConfig,
    profile: Profile,
    dice: Dice,
    /// Added members by their peer URL, and whether they were started.
    added: BTreeMap<String, (u16, bool)>,
}

impl Driver {
    fn new(seed: u64, swarm: &Swarm, run: InProcess) -> Self {
        Driver {
            run,
            flags: swarm.flags.clone(),
            profile: Profile::parse(&swarm.session.profile).expect("a drawn profile is known"),
            dice: Dice::of_faults(seed, 3),
            added: BTreeMap::new(),
        }
    }

    fn run_until(&mut self, until: Micros) {
        while self.run.lab().now() < until {
            let next = (self.run.lab().now() + LOOK_US).min(until);
            self.run.run_until(next);
            self.start_added();
        }
    }

    /// The members as the leader, or else whoever was heard of last, knows them.
    fn members(&self) -> Vec<MemberInfo> {
        let world = self.run.lab().world();
        let by_applied = || {
            let all = 0..world.member_count() as u16;
            all.filter(|at| !world.membership(*at).is_empty())
                .max_by_key(|at| world.facts(*at).applied)
        };
        let who = world.leader().or_else(by_applied);
        who.map(|at| world.membership(at).to_vec()).unwrap_or_default()
    }

    fn start_added(&mut self) {
        let members = self.members();
        for member in members.iter().filter(|member| !member.is_started()) {
            let Some(url) = member.peer_urls.first() else { continue };
            let actor = match self.added.get(url) {
                Some((_, true)) => continue,
                Some((actor, false)) => *actor,
                None => match self.add(url) {
                    Some(actor) => actor,
                    None => continue,
                },
            };
            let name = format!("m{}", actor + 1);
            let initial = members.iter().map(|other| PeerConfig {
                name: if other.id == member.id { name.clone() } else { other.name.clone() },
                peer_urls: other.peer_urls.clone(),
            });
            let initial = initial.collect();
            let lab = self.run.lab_mut();
            lab.world_mut().set_initial_cluster(actor, initial);
            let start = Action::Member { kind: Kind::Start, member: name.clone() };
            if lab.act(&start).is_ok() {
                self.added.insert(url.clone(), (actor, true));
                self.trouble(&name);
            }
        }
    }

    /// A place for a member that joins.
    fn add(&mut self, url: &str) -> Option<u16> {
        let port: u16 = url.rsplit_once(':')?.1.parse().ok()?;
        let lab = self.run.lab_mut();
        let seed = lab.options().seed;
        let actor = lab.world().member_count() as u16;
        let client_port = port - 1;
        let config = MemberConfig {
            name: format!("m{}", actor + 1),
            advertise_client_urls: vec![format!("http://127.0.0.1:{client_port}")],
            profile: self.profile,
            seed,
            epoch_us: EPOCH_US,
            ..self.flags.clone()
        };
        let actor = lab.world_mut().add_joining_member(config, client_port);
        self.added.insert(url.to_string(), (actor, false));
        Some(actor)
    }

    /// At times a new member is killed while it is still learning.
    fn trouble(&mut self, name: &str) {
        if !self.dice.percent(40) {
            return;
        }
        let now = self.run.lab().now();
        let kill_us = now + self.dice.within(10_000, 1_000_000);
        let world = self.run.lab_mut().world_mut();
        let act = |kind| Action::Member { kind, member: name.to_owned() };
        world.schedule(kill_us, act(Kind::Kill));
        world.schedule(kill_us + self.dice.within(10_000, 2_000_000), act(Kind::Start));
    }

    fn heal_all(&mut self) {
        let lab = self.run.lab_mut();
        lab.world_mut().end_crashes();
        let _ = lab.act(&Action::Heal);
        for number in 1..=lab.world().member_count() {
            let member = format!("m{number}");
            // Refused where it does not apply, which is what is wanted.
            let _ = lab.act(&Action::Member { kind: Kind::Resume, member: member.clone() });
            let heal = DiskFault::Heal;
            let _ = lab.act(&Action::Disk { member: member.clone(), fault: heal });
            let _ = lab.act(&Action::Member { kind: Kind::Start, member });
        }
    }

    /// What is not as it should be long after everything was healed.
    fn not_alive(&self) -> Vec<String> {
        let world = self.run.lab().world();
        let members = self.members();
        let mut found = Vec::new();
        if world.leader().is_none() {
            found.push("liveness: there is no leader".to_string());
        }
        for member in members {
            let all = 0..world.member_count() as u16;
            let slot = all.clone().find(|at| world.member_id(*at) == member.id);
            if !slot.is_some_and(|at| world.is_healthy(at)) {
                let why = match slot {
                    Some(at) => format!(
                        "{:?} {}, {:?}",
                        world.process(at),
                        world.end_reason(at),
                        world.facts(at)
                    ),
                    None => "it has no process".to_string(),
                };
                let name = if member.name.is_empty() { "a new member" } else { &member.name };
                found.push(format!("liveness: {name} ({:x}) is not healthy: {why}", member.id));
            }
        }
        found
    }

    fn report(mut self, options: SimOptions, swarm: &Swarm, faults: u32) -> SimReport {
        let clients = self.run.lab_mut().clients_mut().map(|clients| clients.report());
        let clients = clients.unwrap_or_default();
        let mut failures = self.run.lab_mut().world_mut().finish_checks().to_vec();
        failures.extend(clients.violations.iter().cloned());
        failures.extend(self.not_alive());
        failures.extend(clients.missing.iter().map(|text| format!("liveness: {text}")));
        let lab = self.run.lab();
        SimReport {
            seed: options.seed,
            members: swarm.session.members,
            joined: self.added.values().filter(|(_, started)| *started).count() as u32,
            profile: swarm.session.profile.clone(),
            faults,
            events: lab.world().events(),
            time_us: lab.now(),
            ops: clients.ops,
            refusals: clients.refusals,
            tally: lab.world().tally(),
            disks: lab.world().disk_tally(),
            failures,
            trace_hash: lab.trace_hash(),
        }
    }
}
