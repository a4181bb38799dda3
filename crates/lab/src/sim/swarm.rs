//! What one seed's run is like: each draws its own subset of everything (swarm testing), so that rare
//! combinations come up and one kind of trouble cannot hide another.

use cluster::{NetworkOptions, Planted, WorldOptions};
use frame::SessionOptions;
use member::{AutoCompaction, MemberConfig};

use super::dice::Dice;
use super::ops::Kind;

/// Everything that is drawn before a run.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    pub(crate) session: SessionOptions,
    pub(crate) world: WorldOptions,
    pub(crate) flags: MemberConfig,
    pub(crate) mix: Mix,
}

/// What the clients do.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    pub(crate) clients: u64,
    /// Longest pause between two operations of a client.
    pub(crate) pause_us: u64,
    pub(crate) keys: u64,
    /// How often each kind of operation comes, in the order of [`Kind::ALL`].
    pub(crate) weights: Vec<u64>,
    pub(crate) lease_holders: u64,
    /// Clients that want the same lock or leadership.
    pub(crate) contenders: u64,
    pub(crate) watchers: u64,
    /// Somebody adds, promotes, updates and removes members.
    pub(crate) operator: bool,
    /// Somebody sets up users, enables auth and disables it.
    pub(crate) auth: bool,
    /// The quota is tiny; somebody makes room and disarms alarms.
    pub(crate) quota: bool,
    /// Bytes of a value.
    pub(crate) value_bytes: u64,
    /// Clients of the old API, which the members serve if there are any.
    pub(crate) v2_clients: u64,
}

impl Swarm {
    pub(crate) fn draw(seed: u64, planted: Option<Planted>) -> Self {
        let mut dice = Dice::of_faults(seed, 1);
        let members = dice.pick(&[1, 3, 3, 3, 3, 5]);
        let profile = dice.pick(&["3.4", "3.5"]);
        let network = NetworkOptions {
            latency_us: 1_000 + dice.below(9_000),
            jitter_us: dice.below(20_000),
            loss_ppm: dice.below(50_000),
            duplicate_ppm: dice.below(20_000),
            reorder_ppm: dice.below(50_000),
        };
        let world = WorldOptions {
            network,
            disk_latency_us: 1_000 + dice.below(9_000),
            crash_keeps_torn_tail: dice.percent(50),
            crash_after_vote_percent: dice.pick(&[0, 0, 10, 40]),
            planted,
            ..WorldOptions::new(seed)
        };
        let mut mix = Mix::draw(&mut dice);
        // A learner takes no defragmentation and raises the alarm all the same, in etcd too: where space
        // is short there is none.
        mix.operator &= !mix.quota;
        mix.v2_clients = Dice::of_faults(seed, 4).pick(&[0, 0, 0, 1, 3]);
        let flags = MemberConfig {
            pre_vote: dice.pick(&[None, Some(false), Some(true)]),
            snapshot_count: dice.pick(&[10, 20, 50, 200, 1000]),
            wal_segment_bytes: dice.pick(&[512, 4_096, 65_536, 64_000_000]),
            snapshot_catchup_entries: dice.pick(&[0, 5, 50, 500]),
            quota_backend_bytes: if mix.quota { 40_000 + dice.below(60_000) as i64 } else { 0 },
            auto_compaction: match dice.below(4) {
                0 => AutoCompaction::Periodic { retention_us: 2_000_000 },
                _ => AutoCompaction::Off,
            },
            watch_progress_interval_us: dice.pick(&[1_000_000, 5_000_000, 600_000_000]),
            digest_every_entries: dice.pick(&[20, 50, 100]),
            tells_entries: true,
            enable_v2: mix.v2_clients > 0,
            planted: match planted {
                Some(Planted::Member(bug)) => Some(bug),
                _ => None,
            },
            ..MemberConfig::default()
        };
        let session = SessionOptions {
            seed,
            members,
            profile: profile.to_string(),
            ..SessionOptions::default()
        };
        Swarm { session, world, flags, mix }
    }
}

impl Mix {
    fn draw(dice: &mut Dice) -> Self {
        let mut weights: Vec<u64> = Vec::new();
        for kind in Kind::ALL {
            let most = kind.weight_max();
            weights.push(if dice.percent(70) { dice.within(1, most) } else { 0 });
        }
        // Nothing can be seen in a store that nobody writes to.
        weights[0] = weights[0].max(3);
        Mix {
            clients: dice.within(2, 16),
            pause_us: dice.pick(&[2_000, 20_000, 100_000]),
            keys: dice.pick(&[2, 8, 40]),
            weights,
            lease_holders: dice.below(4),
            watchers: dice.within(1, 4),
            operator: dice.percent(50),
            auth: dice.percent(20),
            quota: dice.percent(12),
            value_bytes: dice.pick(&[8, 100, 1000]),
            contenders: dice.pick(&[0, 2, 3, 5]),
            v2_clients: 0,
        }
    }
}
