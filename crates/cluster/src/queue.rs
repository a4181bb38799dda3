//! The one queue of future events, ordered by (time, kind, actor, sequence).

use std::collections::BTreeMap;

use frame::Action;
use member::Input;

use crate::{HostInput, Micros};

/// Position of an actor in the world: hosts and members are numbered apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorId {
    Member(u16),
    Host(u16),
}

/// Something that will happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The world itself changes: a scheduled fault or cure, or a host's `lab` command, which is
    /// answered to (host, call).
    Act {
        action: Action,
        origin: Option<(u16, u64)>,
    },
    /// For one process of a member: void when that process is gone.
    Member {
        incarnation: u32,
        from: Option<ActorId>,
        input: Input,
    },
    /// A member's clock ticks, and goes on ticking.
    Tick {
        incarnation: u32,
    },
    Host(HostInput),
}

/// World events come before actors' at the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    time: Micros,
    actor: Option<ActorId>,
    sequence: u64,
}

#[derive(Default)]
pub(crate) struct Queue {
    events: BTreeMap<Key, Event>,
    /// Scheduled world events, whose times cut windows.
    acts: BTreeMap<Micros, u32>,
    sequence: u64,
}

impl Queue {
    /// Schedules an event for an actor, or for the world itself.
    pub(crate) fn push(&mut self, time: Micros, actor: Option<ActorId>, event: Event) {
        self.sequence += 1;
        if matches!(event, Event::Act { .. }) {
            *self.acts.entry(time).or_default() += 1;
        }
        self.events.insert(Key { time, actor, sequence: self.sequence }, event);
    }

    pub(crate) fn next_time(&self) -> Option<Micros> {
        self.events.first_key_value().map(|(key, _)| key.time)
    }

    /// Time of the first scheduled world event.
    pub(crate) fn next_act_time(&self) -> Option<Micros> {
        self.acts.first_key_value().map(|(time, _)| *time)
    }

    /// Takes the first event if it is due before `end`.
    pub(crate) fn pop_before(&mut self, end: Micros) -> Option<(Micros, Option<ActorId>, Event)> {
        let entry = self.events.first_entry()?;
        if entry.key().time >= end {
            return None;
        }
        let (key, event) = entry.remove_entry();
        if matches!(event, Event::Act { .. }) {
            self.forget_act(key.time);
        }
        Some((key.time, key.actor, event))
    }

    fn forget_act(&mut self, time: Micros) {
        if let Some(count) = self.acts.get_mut(&time) {
            *count -= 1;
            if *count == 0 {
                self.acts.remove(&time);
            }
        }
    }
}
