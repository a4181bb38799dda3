//! Members in a world, without a host: elections, crashes and equal traces.

#![allow(clippy::unwrap_used)] // a test: a panic is its answer

use cluster::{Batch, World, WorldOptions, run_member};
use frame::{Action, Kind};
use member::{Input, Member, MemberConfig, PeerConfig, Profile};

struct Cluster {
    world: World,
    members: Vec<Option<Member>>,
    width_us: u64,
}

impl Cluster {
    fn new(seed: u64, members: u16, width_us: u64) -> Cluster {
        let peers: Vec<PeerConfig> = (1..=members)
            .map(|number| PeerConfig {
                name: format!("m{number}"),
                peer_urls: vec![format!("http://127.0.0.1:{}", 2380 + number)],
            })
            .collect();
        let mut world = World::new(WorldOptions::new(seed));
        for (number, peer) in (1..).zip(&peers) {
            let config = MemberConfig {
                name: peer.name.clone(),
                initial_cluster: peers.clone(),
                initial_cluster_token: "t".into(),
                advertise_client_urls: vec![],
                profile: Profile::V3_4,
                seed,
                epoch_us: 0,
                ..MemberConfig::default()
            };
            let id = member::id::member_id(&peer.peer_urls, "t", None);
            world.add_member(id, config, 1000 + number);
        }
        let mut cluster =
            Cluster { world, members: (0..members).map(|_| None).collect(), width_us };
        for number in 1..=members {
            cluster.act(Kind::Start, &format!("m{number}"));
        }
        cluster
    }

    fn act(&mut self, kind: Kind, member: &str) {
        self.world.act(&Action::Member { kind, member: member.into() }).unwrap();
        self.follow();
    }

    fn follow(&mut self) {
        for notice in self.world.take_notices() {
            match notice {
                cluster::Notice::Started { actor } => {
                    self.members[usize::from(actor)] = Some(Member::new());
                }
                cluster::Notice::Ended { actor } => self.members[usize::from(actor)] = None,
                _ => {}
            }
        }
    }

    fn run_until(&mut self, until: u64) {
        while let Some(mut window) = self.world.plan(until, self.width_us) {
            self.follow();
            let batches: Vec<Batch<Input>> = std::mem::take(&mut window.members);
            let answers = batches
                .into_iter()
                .map(|b| run_member(self.members[usize::from(b.actor)].as_mut().unwrap(), b))
                .collect();
            self.world.absorb(&window, answers, Vec::new());
            self.follow();
        }
        self.world.idle_until(until);
    }

    fn leader(&self) -> Option<u16> {
        self.world.leader()
    }
}

#[test]
fn every_seed_elects_a_leader_and_another_when_it_dies() {
    for members in [1, 3, 5] {
        for seed in 1..=20 {
            let mut cluster = Cluster::new(seed, members, u64::MAX);
            cluster.run_until(5_000_000);
            let first = cluster.leader().unwrap_or_else(|| panic!("seed {seed}: no leader"));
            assert!(cluster.world.is_settled(None), "seed {seed}: not settled");
            if members > 1 {
                let name = format!("m{}", first + 1);
                cluster.act(Kind::Kill, &name);
                cluster.run_until(15_000_000);
                assert_ne!(cluster.leader().expect("a new leader"), first, "seed {seed}");
                cluster.act(Kind::Start, &name);
                cluster.run_until(20_000_000);
                assert!(cluster.world.is_settled(None), "seed {seed}: not settled again");
            }
            assert_eq!(cluster.world.finish_checks(), &[] as &[String], "seed {seed}");
        }
    }
}

#[test]
fn windows_do_not_change_a_run() {
    for seed in 1..=5 {
        let hash = |width_us| {
            let mut cluster = Cluster::new(seed, 5, width_us);
            cluster.run_until(3_000_000);
            let name = format!("m{}", cluster.leader().expect("a leader") + 1);
            cluster.act(Kind::Kill, &name);
            cluster.run_until(6_000_000);
            cluster.act(Kind::Start, &name);
            cluster.run_until(9_000_000);
            cluster.world.trace_hash()
        };
        let whole = hash(u64::MAX);
        assert_eq!(whole, hash(1), "seed {seed}: event by event");
        assert_eq!(whole, hash(1_700), "seed {seed}: narrow windows");
    }
}

#[test]
fn a_trap_ends_its_member_and_a_start_recovers_it() {
    let mut cluster = Cluster::new(3, 3, u64::MAX);
    cluster.run_until(3_000_000);
    cluster.act(Kind::Trap, "m2");
    cluster.run_until(6_000_000);
    assert_eq!(cluster.world.process(1), cluster::Process::Crashed);
    assert!(cluster.leader().is_some());
    cluster.act(Kind::Start, "m2");
    cluster.run_until(9_000_000);
    assert!(cluster.world.is_settled(None));
    assert_eq!(cluster.world.violations(), &[] as &[String]);
}

#[test]
fn a_graceful_stop_hands_over_within_a_second() {
    let mut cluster = Cluster::new(4, 3, u64::MAX);
    cluster.run_until(3_000_000);
    let leader = cluster.leader().expect("a leader");
    cluster.act(Kind::Stop, &format!("m{}", leader + 1));
    cluster.run_until(4_000_000);
    assert_eq!(cluster.world.process(leader), cluster::Process::Stopped);
    assert!(cluster.leader().is_some_and(|now| now != leader), "no election time-out was needed");
}
