//! The world around the members: virtual time, network, disks, faults, hosts' actor contract,
//! the deterministic executor, and the checkers.

mod actor;
pub mod executor;
mod host;

pub use actor::Actor;
pub use frame::Micros;
pub use host::{HostInput, HostOutput};
