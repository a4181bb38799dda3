//! The getrandom 0.2 backend of this module: a counter.
//!
//! Only raft-rs asks for ambient chance, and what it draws is overwritten before anything reads it
//! (see crate `member`), so the bytes do not matter; that they never come from the platform does.

use std::sync::atomic::{AtomicU64, Ordering};

use getrandom02::{Error, register_custom_getrandom};

static DRAWN: AtomicU64 = AtomicU64::new(0);

#[allow(clippy::unnecessary_wraps)] // the backend's signature
fn count(buffer: &mut [u8]) -> Result<(), Error> {
    for chunk in buffer.chunks_mut(8) {
        let number = DRAWN.fetch_add(1, Ordering::Relaxed);
        chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
    }
    Ok(())
}

register_custom_getrandom!(count);
