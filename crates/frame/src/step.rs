//! Something to be done in the lab, as drills and lessons ask for it: what must hold at its end, how
//! things stand, and what the judge says of it.
//!
//! Checks are texts in the language of crate `judge`; what is here only carries them.

use serde::{Deserialize, Serialize};

use crate::{Looked, Micros, Role, Status};

/// One step: what is kept as it begins, and what must hold at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Name and expression; `saved(NAME)` tells its value later.
    pub saves: Vec<(String, String)>,
    pub goals: Vec<Goal>,
}

/// One thing that must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// What a learner reads.
    pub text: String,
    /// The predicate.
    pub check: String,
    /// Why it is not met, in words of its own; empty for the judge's.
    pub because: String,
}

/// A value of the language of checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// There is no such thing.
    #[default]
    None,
    Flag(bool),
    Number(i64),
    Text(String),
    List(Vec<String>),
}

/// How things stand: what a check may go by, beside the files of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Situation {
    /// What the step's goals asked for. None while no member runs.
    pub looked: Option<Looked>,
    pub time_us: Micros,
    /// Wall clock at virtual time zero, microseconds since 1970.
    pub epoch_us: u64,
    /// When the step began.
    pub began_us: Micros,
    /// Name of the member that leads, empty without one.
    pub leader: String,
    pub members: Vec<MemberFacts>,
    /// From whom to whom nothing passes, by name.
    pub cuts: Vec<(String, String)>,
    /// The commands that ended since the step began, oldest first, at most [`RESULTS_MAX`].
    pub results: Vec<CommandResult>,
    pub saved: Vec<(String, Value)>,
}

/// Most commands that are kept, and most bytes of each one's output.
pub const RESULTS_MAX: usize = 64;
pub const RESULT_BYTES_MAX: usize = 8 << 10;

/// What the world knows of one member, running or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberFacts {
    pub id: u64,
    pub name: String,
    pub status: Status,
    pub role: Role,
    pub term: u64,
    /// It follows, or is, the leader of the lab's cluster.
    pub has_leader: bool,
    pub applied: u64,
}

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandResult {
    pub line: String,
    pub code: i32,
    pub output: String,
}

/// What the judge says of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// In the order of the step's goals.
    pub goals: Vec<GoalView>,
    /// As they are now; those of the step's beginning are what counts.
    pub saves: Vec<(String, Value)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalView {
    pub text: String,
    pub met: bool,
    /// What is still missing; empty when it is met.
    pub reason: String,
}

impl Judged {
    /// All goals are met, and there are some.
    pub fn passes(&self) -> bool {
        !self.goals.is_empty() && self.goals.iter().all(|goal| goal.met)
    }
}

/// What is wanted of the drills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DrillAsk {
    /// That drill with the values of that seed.
    Named { id: String, seed: u64, profile: String },
    /// The one to do next.
    Next { wish: DrillWish, seed: u64 },
    /// No drill, only what is to be repeated.
    Repeat { wish: DrillWish },
}

/// What a learner wants, and has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillWish {
    /// 2 or 3; 0 for both.
    pub api: u8,
    /// The session's profile.
    pub profile: String,
    /// Oldest first.
    pub results: Vec<DrillResult>,
}

/// How one drill ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillResult {
    pub drill: String,
    pub outcome: DrillOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DrillOutcome {
    /// Passed without help.
    Clean,
    /// Passed with the hint.
    Hinted,
    /// Skipped, or the solution was shown.
    Failed,
}

/// What comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillReply {
    /// None where none was asked for.
    pub drill: Option<Drill>,
    /// Id and title of those to repeat, the most urgent first.
    pub repeat: Vec<(String, String)>,
    /// How many drills there are for what was wished.
    pub total: u32,
}

/// One drill with its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    pub id: String,
    pub seed: u64,
    pub title: String,
    pub topic: String,
    /// 2 or 3; 0 where either serves.
    pub api: u8,
    pub minutes: u8,
    pub task: String,
    pub hint: String,
    /// Run before it begins, one entry.
    pub setup: String,
    /// One way to do it, as typed.
    pub solution: String,
    pub step: Step,
    /// The session that it needs: members serve the old API, and their quota.
    pub v2: bool,
    pub quota_backend_bytes: i64,
}
