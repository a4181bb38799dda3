//! One session of the lab: the world, its hosts, and how time runs.
//!
//! The only pure crate that shells talk to. [`Lab`] is the session; [`InProcess`] runs it with all
//! members in the caller's process; the worker crate runs the same [`Lab`] with a worker for each
//! member. A session is its options plus what people did ([`Recorded`]): nothing else can change
//! its run, and [`Lab::trace_hash`] proves it.
//!
//! Left out so far: branches, seek, links and lessons.

mod case_pki;
mod conform;
mod drills;
mod in_process;
mod load;
mod pace;
mod script;
mod session;
mod sim;
mod step;

pub use cluster::{
    ActorTrace, Batch, DiskTally, HostAnswer, MemberAnswer, Micros, NetworkOptions, Planted, Turn,
    Window, WorldOptions, run_member,
};
pub use conform::{CaseOutcome, known_difference, run_case};
pub use drills::{DrillCase, begin_drill, check_drill};
pub use frame::{
    Action, After, Frame, Kind, LoadKind, Measurement, SessionOptions, Speed, StepWhat,
};
pub use in_process::InProcess;
pub use load::{
    KEYS as LOAD_KEYS, Load, PutLoad, VALUE_BYTES as LOAD_VALUE_BYTES, WATCHERS as LOAD_WATCHERS,
    load_request, load_watch,
};
pub use member::{Input, Member, MemberStatus, Output, PlantedBug};
pub use pace::Pace;
pub use script::{Script, ScriptLine, parse_time_us};
pub use session::{EPOCH_US, Lab, LabEvent, Recorded, What};
pub use sim::{ClientReport, OpCount, SimOptions, SimReport, simulate};
