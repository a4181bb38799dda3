//! The trace hash: one number for everything that was delivered to and came out of every actor.
//!
//! Each actor has a hash of its own over its turns in order; the run's hash is taken over those, by
//! name. Equal hashes mean equal runs, in whatever windows, workers or hosts they were computed.
//! Integers are fed little-endian and lengths as 64 bits, so that 32- and 64-bit builds agree.

use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3;

use crate::Micros;

/// The running hash of one actor's turns.
#[derive(Clone, Default)]
pub struct ActorTrace {
    state: PortableHasher,
    turns: u64,
}

impl ActorTrace {
    /// Adds one turn: its time, everything delivered and everything that came out.
    pub fn turn<I: Hash, O: Hash>(&mut self, time: Micros, inputs: &[I], outputs: &[O]) {
        self.turns += 1;
        time.hash(&mut self.state);
        inputs.hash(&mut self.state);
        outputs.hash(&mut self.state);
    }

    /// The hash of all turns so far.
    pub fn digest(&self) -> u64 {
        self.state.finish() ^ self.turns
    }
}

/// The hash of a whole run, over its actors in order of name.
pub(crate) fn run_digest<'a>(actors: impl Iterator<Item = (&'a str, u64)>) -> u64 {
    let mut actors: Vec<(&str, u64)> = actors.collect();
    actors.sort_unstable();
    let mut state = PortableHasher::default();
    for (name, digest) in actors {
        name.hash(&mut state);
        digest.hash(&mut state);
    }
    state.finish()
}

/// XXH3 fed the same bytes on every platform.
#[derive(Clone, Default)]
struct PortableHasher(Xxh3);

impl Hasher for PortableHasher {
    fn finish(&self) -> u64 {
        self.0.digest()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn write_u16(&mut self, value: u16) {
        self.write(&value.to_le_bytes());
    }

    fn write_u32(&mut self, value: u32) {
        self.write(&value.to_le_bytes());
    }

    fn write_u64(&mut self, value: u64) {
        self.write(&value.to_le_bytes());
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_i16(&mut self, value: i16) {
        self.write(&value.to_le_bytes());
    }

    fn write_i32(&mut self, value: i32) {
        self.write(&value.to_le_bytes());
    }

    fn write_i64(&mut self, value: i64) {
        self.write(&value.to_le_bytes());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_i64(value as i64);
    }
}
