//! All chance in the lab: ChaCha8 keyed by (seed, purpose) and positioned by who draws and how
//! often it has drawn.
//!
//! A draw is a pure function of its position, never of the order of drawing, so moving one dial
//! does not shift another, and windows, pauses and the number of workers cannot change a run.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a draw is for. Each purpose has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    ElectionTimeout = 1,
    Latency = 2,
    Loss = 3,
    Duplicate = 4,
    Reorder = 5,
    DiskLatency = 6,
    CrashTear = 7,
    Faults = 8,
    Workload = 9,
    Host = 10,
    RequestId = 11,
    DiskRot = 12,
    VoteCrash = 13,
    TlsRandom = 14,
}

/// One word of chance at the position (`who`, `number`) of a purpose's stream.
pub fn draw(seed: u64, purpose: Purpose, who: u64, number: u64) -> u64 {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..24].copy_from_slice(&who.to_le_bytes());
    key[24..].copy_from_slice(&number.to_le_bytes());
    ChaCha8Rng::from_seed(key).next_u64()
}

/// A draw in `low..high`; `low` when the range is empty. The bias is below 2^-32 for ranges that
/// fit 32 bits.
pub fn draw_range(seed: u64, purpose: Purpose, who: u64, number: u64, low: u64, high: u64) -> u64 {
    let width = high.saturating_sub(low);
    if width <= 1 {
        return low;
    }
    low + ((u128::from(draw(seed, purpose, who, number)) * u128::from(width)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These numbers are part of what "same seed, same run" means; they may never change.
    #[test]
    fn draws_are_pinned() {
        let first = draw(1, Purpose::Latency, 2, 3);
        assert_eq!(first, draw(1, Purpose::Latency, 2, 3));
        let others = [
            draw(2, Purpose::Latency, 2, 3),
            draw(1, Purpose::Loss, 2, 3),
            draw(1, Purpose::Latency, 3, 3),
            draw(1, Purpose::Latency, 2, 4),
        ];
        assert!(others.iter().all(|other| *other != first));
    }

    #[test]
    fn ranges_are_kept() {
        for number in 0..1000 {
            let value = draw_range(7, Purpose::ElectionTimeout, 1, number, 10, 20);
            assert!((10..20).contains(&value), "{value}");
        }
        assert_eq!(draw_range(7, Purpose::ElectionTimeout, 1, 1, 5, 5), 5);
    }
}
