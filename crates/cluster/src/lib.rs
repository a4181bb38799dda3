//! The world around the members: virtual time, network, disks, faults, hosts' actor contract,
//! the deterministic executor, and the checkers.

mod actor;
mod acts;
mod checkers;
mod data_dirs;
mod disk;
mod disk_faults;
mod events;
pub mod executor;
mod flights;
mod host;
mod in_process;
mod messages;
mod network;
mod queue;
mod situation;
mod slot;
mod starts;
mod tamper;
mod trace;
mod view;
mod world;

pub use actor::Actor;
pub use checkers::{Judged, Tally};
pub use data_dirs::DataDir;
pub use disk_faults::DiskTally;
pub use frame::Micros;
pub use host::{Answer, Ask, Console, ConsoleTurn, HostInput, HostOptions, HostOutput};
pub use in_process::{run_host, run_member};
pub use network::{LATENCY_US_MIN, NetworkOptions};
pub use queue::ActorId;
pub use slot::{Facts, Process};
pub use starts::{MemberEnd, MemberStart};
pub use trace::ActorTrace;
pub use view::usual_client_port;
pub use world::{
    Batch, HostAnswer, MemberAnswer, Notice, Planted, Turn, Window, World, WorldOptions,
};
