//! Links between actors: what happens to a message is a pure function of (seed, purpose, from, to,
//! running number on that link), never of the order in which messages are looked at.

use std::collections::BTreeMap;

use member::chance::{Purpose, draw_range};

use crate::{ActorId, Micros};

/// Dials of the network. Probabilities are parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkOptions {
    /// Shortest one-way latency of any link; at least [`LATENCY_US_MIN`].
    pub latency_us: Micros,
    /// Up to this much is added by chance.
    pub jitter_us: Micros,
    pub loss_ppm: u64,
    pub duplicate_ppm: u64,
    /// These messages may be overtaken; all others keep the order of their link, as TCP does.
    pub reorder_ppm: u64,
}

/// No link and no disk is faster than this: it bounds the lookahead of a window.
pub const LATENCY_US_MIN: Micros = 1_000;

impl Default for NetworkOptions {
    fn default() -> Self {
        NetworkOptions {
            latency_us: 5_000,
            jitter_us: 0,
            loss_ppm: 0,
            duplicate_ppm: 0,
            reorder_ppm: 0,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Link {
    /// Messages sent so far.
    number: u64,
    last_arrival_us: Micros,
    cut: bool,
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives(Micros),
    /// Arrives twice.
    Twice(Micros, Micros),
    /// Breaks at this time.
    Lost(Micros),
}

pub(crate) struct Network {
    seed: u64,
    pub(crate) options: NetworkOptions,
    links: BTreeMap<(ActorId, ActorId), Link>,
}

impl Network {
    pub(crate) fn new(seed: u64, options: NetworkOptions) -> Self {
        assert!(options.latency_us >= LATENCY_US_MIN, "latency below the lookahead");
        Network { seed, options, links: BTreeMap::new() }
    }

    /// Sends a datagram of raft traffic: it can be lost, doubled and overtaken.
    pub(crate) fn send(&mut self, now: Micros, from: ActorId, to: ActorId) -> Fate {
        let (seed, options) = (self.seed, self.options);
        let link = self.links.entry((from, to)).or_default();
        link.number += 1;
        let (who, number) = (link_word(from, to), link.number);
        let chance =
            |purpose, ppm| ppm > 0 && draw_range(seed, purpose, who, number, 0, 1_000_000) < ppm;
        let mut arrives = now + options.latency_us;
        if options.jitter_us > 0 {
            arrives += draw_range(seed, Purpose::Latency, who, number, 0, options.jitter_us + 1);
        }
        if link.cut || chance(Purpose::Loss, options.loss_ppm) {
            return Fate::Lost(now + options.latency_us / 2);
        }
        if chance(Purpose::Reorder, options.reorder_ppm) {
            arrives += 3 * options.latency_us;
        } else {
            arrives = arrives.max(link.last_arrival_us);
            link.last_arrival_us = arrives;
        }
        if chance(Purpose::Duplicate, options.duplicate_ppm) {
            return Fate::Twice(arrives, arrives + options.latency_us);
        }
        Fate::Arrives(arrives)
    }

    /// Sends on a connection (a client's call or its answer): in order, and only a cut stops it.
    pub(crate) fn send_on_connection(&mut self, now: Micros, from: ActorId, to: ActorId) -> Fate {
        let latency_us = self.options.latency_us;
        let link = self.links.entry((from, to)).or_default();
        link.number += 1;
        if link.cut {
            return Fate::Lost(now + latency_us / 2);
        }
        let arrives = (now + latency_us).max(link.last_arrival_us);
        link.last_arrival_us = arrives;
        Fate::Arrives(arrives)
    }

    pub(crate) fn set_cut(&mut self, from: ActorId, to: ActorId, cut: bool) {
        self.links.entry((from, to)).or_default().cut = cut;
    }

    pub(crate) fn is_cut(&self, from: ActorId, to: ActorId) -> bool {
        self.links.get(&(from, to)).is_some_and(|link| link.cut)
    }

    pub(crate) fn heal(&mut self) {
        for link in self.links.values_mut() {
            link.cut = false;
        }
    }
}

fn link_word(from: ActorId, to: ActorId) -> u64 {
    let word = |id| match id {
        ActorId::Member(n) => u64::from(n),
        ActorId::Host(n) => 0x1_0000 | u64::from(n),
    };
    word(from) << 32 | word(to)
}
