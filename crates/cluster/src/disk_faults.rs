//! What is wrong with disks: slow, full and rotten ones, and how far a crash lets them get.
//!
//! The pace of a slow disk is a pure function of (seed, member, number of the operation), as the fate of
//! a message is. Rot is one bit at rest, also under a running member; it can be healed until other bytes
//! are written in its place.

use frame::{Action, DiskFault, Kind};
use member::chance::{Purpose, draw_range};
use member::{DiskOp, Input};

use crate::disk::{Crash, Tear};
use crate::queue::Event;
use crate::slot::{MemberSlot, Process};
use crate::{ActorId, Micros, World};

/// How often disks did what they should not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskTally {
    /// Processes that died with operations under way, some of which were done.
    pub crashes_between_ops: u64,
    /// Those after which unsynced bytes were on the platter, whole or in part.
    pub torn_tails: u64,
    /// Writes for which there was no room.
    pub full: u64,
    /// Bits that rotted.
    pub rotten: u64,
    /// Rot that a member refused to start over.
    pub refused: u64,
}

impl DiskTally {
    pub fn add(&mut self, other: &DiskTally) {
        self.crashes_between_ops += other.crashes_between_ops;
        self.torn_tails += other.torn_tails;
        self.full += other.full;
        self.rotten += other.rotten;
        self.refused += other.refused;
    }
}

impl World {
    pub fn disk_tally(&self) -> DiskTally {
        self.disk_tally
    }

    pub(crate) fn disk_fault(
        &mut self,
        time: Micros,
        actor: u16,
        fault: DiskFault,
    ) -> Result<(), String> {
        let seed = self.options.seed;
        let lookahead_us = self.lookahead_us();
        let slot = &mut self.members[usize::from(actor)];
        let text = match fault {
            DiskFault::Slow { latency_ms } => {
                slot.disk_latency_us = Some((u64::from(latency_ms) * 1000).max(lookahead_us));
                format!("its disk takes up to {latency_ms} ms for each operation")
            }
            DiskFault::Full { room_bytes } => {
                slot.disk.set_room(Some(room_bytes));
                format!("its disk has room for {room_bytes} more bytes")
            }
            DiskFault::Rot { .. } if slot.disk.durable_bits() == 0 => {
                return Err(format!("{}'s data directory is empty", slot.config.name));
            }
            // What a running process has read it has read: it shows at the next start.
            DiskFault::Rot { bit } => {
                let bits = slot.disk.durable_bits();
                let drawn = || {
                    let number = self.disk_tally.rotten;
                    draw_range(seed, Purpose::DiskRot, u64::from(actor), number, 0, bits)
                };
                let bit = bit.unwrap_or_else(drawn);
                let path = slot.disk.rot(bit).ok_or("there is no such bit on its disk")?;
                self.disk_tally.rotten += 1;
                format!("bit {bit} of its disk is another now, in {path}")
            }
            DiskFault::Heal => {
                slot.disk_latency_us = None;
                slot.disk.set_room(None);
                if slot.over_rot && slot.process == Process::Crashed {
                    self.disk_tally.refused += 1;
                    slot.over_rot = false;
                }
                slot.disk.heal_rot();
                "its disk is well again".into()
            }
        };
        let name = slot.config.name.clone();
        self.log.act(time, &name, &text);
        Ok(())
    }

    /// A member's operations go to its disk; it hears when they are done, or that they failed.
    pub(crate) fn disk(&mut self, time: Micros, actor: u16, op: u64, ops: Vec<DiskOp>) {
        let slot = &mut self.members[usize::from(actor)];
        let incarnation = slot.incarnation;
        // It got over its start.
        slot.over_rot = false;
        let was_full = slot.disk.is_full();
        let input = match slot.disk.issue(op, ops) {
            Ok(()) if op == 0 => return,
            Ok(()) => Input::DiskDone { op },
            Err(reason) => {
                self.disk_tally.full += u64::from(!was_full);
                Input::DiskFailed { reason }
            }
        };
        slot.disk_ops += 1;
        let own = self.options.disk_latency_us;
        let slowest = slot.disk_latency_us.filter(|slowest| *slowest > own);
        let latency_us = slowest.map_or(own, |slowest| {
            let (who, number) = (u64::from(actor), slot.disk_ops);
            draw_range(self.options.seed, Purpose::DiskLatency, who, number, own, slowest + 1)
        });
        // First in, first out.
        slot.disk_free_us = slot.disk_free_us.max(time + latency_us);
        let event = Event::Member { incarnation, from: None, input };
        self.queue.push(slot.disk_free_us, Some(ActorId::Member(actor)), event);
    }

    /// From here on no voter dies of itself.
    pub fn end_crashes(&mut self) {
        self.options.crash_after_vote_percent = 0;
    }

    /// The moment at which a vote may be on its way and not on the disk is the one to die in.
    pub(crate) fn crash_after_vote(&mut self, time: Micros, actor: u16) {
        let percent = u64::from(self.options.crash_after_vote_percent);
        if percent == 0 {
            return;
        }
        self.votes += 1;
        let draw = |what: u64, high: u64| {
            let number = self.votes * 4 + what;
            draw_range(self.options.seed, Purpose::VoteCrash, u64::from(actor), number, 0, high)
        };
        if draw(0, 100) >= percent {
            return;
        }
        let member = self.members[usize::from(actor)].config.name.clone();
        let dies_us = time + self.lookahead_us() + draw(1, 2_000);
        // Back before a rival's request has come, or after the election.
        let away_us = if draw(2, 4) == 0 { draw(3, 300_000) } else { draw(3, 3_000) };
        let back_us = dies_us + 1 + away_us;
        for (at, kind) in [(dies_us, Kind::Kill), (back_us, Kind::Start)] {
            let action = Action::Member { kind, member: member.clone() };
            self.queue.push(at, None, Event::Act { action, origin: None });
        }
    }

    /// A process died: its disk keeps what it must, and by chance more.
    pub(crate) fn crash_disk(&mut self, actor: u16) {
        let seed = self.options.seed;
        let slot = &mut self.members[usize::from(actor)];
        let mut crash = Crash::default();
        if self.options.crash_keeps_torn_tail {
            crash = draw_crash(seed, u64::from(actor), slot);
            let between = (1..slot.disk.pending_ops()).contains(&crash.done_ops);
            self.disk_tally.crashes_between_ops += u64::from(between);
        }
        let torn = slot.disk.crash(&crash);
        self.disk_tally.torn_tails += u64::from(torn);
    }
}

/// How far the disk got before the process died, and what of the unsynced bytes reached the platter.
fn draw_crash(seed: u64, who: u64, slot: &MemberSlot) -> Crash {
    let draw = |what: u64, high: u64| {
        draw_range(seed, Purpose::CrashTear, who, slot.crashes * 4 + what, 0, high)
    };
    let done_ops = draw(0, slot.disk.pending_ops() as u64 + 1) as usize;
    let tear = match draw(1, 3) {
        0 => Tear::AllLost,
        1 => Tear::Prefix(draw(2, slot.disk.unsynced_bytes() + 1) as usize),
        _ => Tear::Sectors(draw(3, u64::MAX)),
    };
    Crash { done_ops, tear }
}
