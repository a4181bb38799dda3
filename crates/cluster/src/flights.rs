//! Messages under way and those that have just arrived, for the picture.

use std::collections::VecDeque;

use member::PeerLabel;

use crate::{ActorId, Micros};

/// Flights kept at most: a picture of more would be noise.
const FLIGHTS_MAX: usize = 512;
/// Arrived flights are kept this long at least; the lab forgets them earlier at slow speeds.
const LINGER_US_MAX: Micros = 2_000_000;

#[derive(Clone, Debug)]
pub(crate) struct FlightRecord {
    pub(crate) from: ActorId,
    pub(crate) to: ActorId,
    pub(crate) label: PeerLabel,
    pub(crate) sent_us: Micros,
    pub(crate) arrives_us: Micros,
    pub(crate) lost: bool,
}

#[derive(Default)]
pub(crate) struct Flights {
    records: VecDeque<(u64, FlightRecord)>,
    next_id: u64,
}

impl Flights {
    pub(crate) fn add(&mut self, record: FlightRecord) {
        if self.records.len() == FLIGHTS_MAX {
            self.records.pop_front();
        }
        self.next_id += 1;
        self.records.push_back((self.next_id, record));
    }

    pub(crate) fn forget_before(&mut self, now: Micros) {
        while self
            .records
            .front()
            .is_some_and(|(_, record)| record.arrives_us + LINGER_US_MAX < now)
        {
            self.records.pop_front();
        }
    }

    /// Flights that are under way at `now` or arrived at most `linger_us` before.
    pub(crate) fn visible(
        &self,
        now: Micros,
        linger_us: Micros,
    ) -> impl Iterator<Item = &(u64, FlightRecord)> {
        self.records.iter().filter(move |(_, record)| {
            record.sent_us <= now && record.arrives_us + linger_us >= now
        })
    }
}
