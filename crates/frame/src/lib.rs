//! What the page and the conductor say to each other, as plain data.
//!
//! The page sends [`ToLab`], the conductor answers with [`FromLab`]; both travel as postcard bytes
//! in one transferred `ArrayBuffer`.
//! A [`Frame`] is everything that the page can draw of one moment; drawing is a function of it.
//! The crate stands above the lab so that `ui.wasm` carries none of the lab's own code.
//!
//! Times are virtual microseconds since the session's start unless a name says otherwise.

mod action;
mod load;
mod look;
mod parse;
mod step;
mod wire;

pub use action::{Action, DiskFault, Kind, SPEED_PPM_MAX, SPEED_PPM_MIN, Speed, StepWhat};
pub use load::LoadKind;
pub use look::{
    AuthView, KnownMember, LeaseView, Look, LookRange, Looked, NodeView, PairView, PairsView,
    PermissionView,
};
pub use parse::{USAGE as LAB_USAGE, parse_lab_words};
pub use step::{
    CommandResult, Drill, DrillAsk, DrillOutcome, DrillReply, DrillResult, DrillWish, Goal,
    GoalView, Judged, MemberFacts, RESULT_BYTES_MAX, RESULTS_MAX, Situation, Step, Value,
};
pub use wire::{decode, encode};

use serde::{Deserialize, Serialize};

/// Virtual time in microseconds since the session began.
pub type Micros = u64;

/// How a session starts. The same options and the same inputs give the same run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOptions {
    pub seed: u64,
    /// Voting members at the start, 1 to [`MEMBERS_MAX`].
    pub members: u32,
    /// Version profile, one of [`PROFILES`].
    pub profile: String,
    /// The members serve API version 2 too, where the profile does not by itself (`--enable-v2`).
    pub v2: bool,
    /// `--quota-backend-bytes` of the members; 0 is etcd's default.
    pub quota_backend_bytes: i64,
}

/// The version profiles that a session can have, oldest first.
pub const PROFILES: [&str; 4] = ["3.3", "3.4", "3.5", "3.6"];

/// Those of them that were compared with real binaries.
pub const PROFILES_COMPARED: [&str; 2] = ["3.4", "3.5"];

/// Most members that a session can start with.
pub const MEMBERS_MAX: u32 = 7;

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions {
            seed: 1,
            members: 3,
            profile: "3.4".into(),
            v2: false,
            quota_backend_bytes: 0,
        }
    }
}

/// From the page to the conductor. `call` comes back in the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToLab {
    /// Must be the first message. With `workers` each member gets a worker of its own.
    Start {
        options: SessionOptions,
        workers: bool,
    },
    Act {
        call: u64,
        action: Action,
    },
    /// A console line as typed. Output arrives as [`FromLab::Output`], the end as [`FromLab::Done`].
    Exec {
        call: u64,
        host: String,
        line: String,
    },
    /// Ctrl-C on that host.
    Interrupt {
        host: String,
    },
    /// The page is ready to draw: answer with a [`FromLab::Frame`] when something has changed.
    WantFrame,
    TraceHash {
        call: u64,
    },
    /// Run a closed-loop load for that many wall milliseconds in this session and answer with
    /// [`FromLab::Measured`]. Meant for a scratch session, never for the one on the page.
    Measure {
        call: u64,
        load: LoadKind,
        wall_ms: u32,
        in_flight: u32,
    },
    /// Go round all members' workers that many times, empty-handed, and answer with
    /// [`FromLab::Measured`], whose `done` are the rounds.
    MeasureBarrier {
        call: u64,
        rounds: u32,
    },
    /// Ask each member's worker who it is; answered with [`FromLab::Workers`].
    Workers {
        call: u64,
    },
    /// Ctrl-D on an empty line: what reads the terminal of that host finds its end.
    EndOfInput {
        host: String,
    },
    /// The editor of [`FromLab::Edit`] was closed; without a text nothing is saved.
    Edited {
        host: String,
        edit: u64,
        text: Option<String>,
    },
    /// Tab: what could stand at `cursor` (in bytes of `line`)? Answered with
    /// [`FromLab::Completed`]. Never an input.
    Complete {
        call: u64,
        host: String,
        line: String,
        cursor: u32,
    },
    /// What does the cluster have? Answered with [`FromLab::Looked`] by the leader of the lab's
    /// cluster or, without one, by the running member that applied most. Never an input.
    Look {
        call: u64,
        look: Look,
    },
    /// A drill, or what to repeat; waits for the console's module. Answered with
    /// [`FromLab::Drill`]. Never an input.
    Drill {
        call: u64,
        ask: DrillAsk,
    },
    /// A step begins here: what it saves is saved, and results of commands count from now on.
    /// Answered with [`FromLab::Judged`].
    Step {
        call: u64,
        step: Box<Step>,
    },
    /// How does the step stand? Answered with [`FromLab::Judged`]. Never an input.
    Judge {
        call: u64,
    },
}

/// From the conductor to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromLab {
    /// The cluster runs; a leader may still be missing.
    Ready,
    Frame(Box<Frame>),
    /// The action took effect (a fresh frame was sent just before) or was refused, in words.
    Acted {
        call: u64,
        result: Result<String, String>,
    },
    /// Part of the output of a foreground command, in the order written.
    Output {
        call: u64,
        stderr: bool,
        text: String,
    },
    /// The foreground command ended. `output` is stdout and stderr merged.
    Done {
        call: u64,
        code: i32,
        output: String,
        after: After,
    },
    TraceHash {
        call: u64,
        hash: String,
    },
    Measured {
        call: u64,
        result: Measurement,
    },
    Workers {
        call: u64,
        workers: Vec<WorkerReport>,
    },
    /// The conductor itself cannot go on; the page shows the text and offers a new session.
    Fatal(String),
    /// The line of that call is unfinished (an open quote, `\` or `do`): the next one continues it.
    Unfinished {
        call: u64,
    },
    /// The line of `call` was read as input by the command of `by`, and is done with.
    Taken {
        call: u64,
        by: u64,
    },
    /// A program opened a file in the editor, and waits for [`ToLab::Edited`].
    Edit {
        call: u64,
        edit: u64,
        path: String,
        text: String,
    },
    /// What a teacher would say of the command of that call. Not the tool's own output.
    Hint {
        call: u64,
        text: String,
    },
    Completed {
        call: u64,
        completion: Completion,
    },
    /// None while no member runs.
    Looked {
        call: u64,
        looked: Option<Box<Looked>>,
    },
    Drill {
        call: u64,
        reply: Result<Box<DrillReply>, String>,
    },
    /// The error says what in the step cannot be read.
    Judged {
        call: u64,
        judged: Result<Judged, String>,
    },
}

/// How things stood when a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    pub time_us: Micros,
    /// Virtual time from when the command began.
    pub took_us: Micros,
    /// Name of the member that led, empty without one.
    pub leader: String,
    /// The newest call that the command made, if it made one.
    pub last_call: Option<CallView>,
}

/// What could stand at a place of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The candidates replace the line from here, in bytes, to the cursor.
    pub start: u32,
    pub candidates: Vec<Candidate>,
    /// There are more than were sent.
    pub more: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Quoted for the shell, with what follows it: a space, or `/` for a directory.
    pub text: String,
    /// What is shown in a list.
    pub shown: String,
    /// A few words, such as a flag's meaning; may be empty.
    pub about: String,
}

/// Result of [`ToLab::Measure`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Requests acknowledged, or events that watchers got.
    pub done: u64,
    pub failed: u64,
    pub wall_us: u64,
    pub virtual_us: Micros,
    pub events: u64,
    pub in_flight: u32,
    pub value_bytes: u32,
    /// Memory of the largest of the members' instances at the end.
    pub memory_bytes: u64,
}

/// What a member's worker says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerReport {
    /// `self.name` in that worker.
    pub name: String,
    /// The member that this worker's wasm instance holds.
    pub member: String,
    /// A number that the instance drew when it was made: no two instances share it.
    pub instance: u64,
    /// Batches that this instance has handled.
    pub batches_handled: u64,
    /// Batches that the conductor has sent it.
    pub batches_sent: u64,
    /// Linear memory of the instance.
    pub memory_bytes: u64,
}

/// One moment of the lab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub time_us: Micros,
    pub seed: u64,
    pub profile: String,
    pub branch: String,
    pub held: bool,
    pub speed: Speed,
    /// Virtual microseconds per wall second at this moment (what `Speed` came to).
    pub rate_us: u64,
    /// Inputs delivered to actors since the start of the session.
    pub events: u64,
    /// Virtual time of the first leader, once there was one.
    pub first_leader_us: Option<Micros>,
    /// What the checkers found; empty in an honest run.
    pub violations: Vec<String>,
    pub checkers: Vec<String>,
    pub members: Vec<MemberView>,
    /// One for each ordered pair of members.
    pub links: Vec<LinkView>,
    /// Messages under way, and those that arrived or died at most [`FLIGHT_LINGER_US`] ago
    /// (or [`FLIGHT_LINGER_WALL_MS`] of wall time at the present speed, if that is longer).
    pub flights: Vec<Flight>,
    /// The newest end of the event log, oldest first.
    pub log: Vec<LogLine>,
    pub hosts: Vec<HostView>,
}

/// Arrived messages stay in a frame for this long in virtual time.
pub const FLIGHT_LINGER_US: Micros = 20_000;
/// Arrived messages stay in a frame for at least this long in wall time.
pub const FLIGHT_LINGER_WALL_MS: u64 = 450;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    #[default]
    Follower,
    Leader,
    PreCandidate,
    Candidate,
    Learner,
}

impl Role {
    /// The word that `state()` and `data-role` carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Follower => "follower",
            Role::Leader => "leader",
            Role::PreCandidate => "pre-candidate",
            Role::Candidate => "candidate",
            Role::Learner => "learner",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    #[default]
    Stopped,
    Running,
    Crashed,
    Paused,
}

impl Status {
    /// The word that `state()` and `data-status` carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Stopped => "stopped",
            Status::Running => "running",
            Status::Crashed => "crashed",
            Status::Paused => "paused",
        }
    }
}

/// What is known of one member. For one that does not run, the values it had last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberView {
    pub name: String,
    /// etcd's member id.
    pub id: u64,
    /// etcd's cluster id; 0 until the member has said it.
    pub cluster_id: u64,
    /// The members of its cluster as it knew them last, itself too, by id; empty until it has
    /// said them.
    pub peers: Vec<PeerView>,
    pub role: Role,
    pub status: Status,
    /// Why it stopped or crashed; empty while it runs.
    pub reason: String,
    pub term: u64,
    /// Name of the member that this one voted for in its term, or empty.
    pub vote: String,
    /// Name of the leader it knows, or empty.
    pub leader: String,
    pub commit: u64,
    pub applied: u64,
    pub last_index: u64,
    /// MVCC revision of its store.
    pub revision: i64,
    pub keys: u64,
    /// Ticks since it last heard from a leader (as leader: since its last quorum check).
    pub election_elapsed_ticks: u32,
    /// The drawn election timeout in ticks.
    pub election_timeout_ticks: u32,
    /// While it campaigns: who granted and who refused, by name.
    pub votes_granted: Vec<String>,
    pub votes_refused: Vec<String>,
    /// As leader: the last index known to be in each peer's log.
    pub matches: Vec<(String, u64)>,
    /// The newest cells of its log, oldest first, at most [`LOG_CELLS_MAX`].
    pub cells: Vec<LogCell>,
    pub client_endpoint: String,
    pub peer_url: String,
    /// Bytes on its simulated disk, and those not yet synced.
    pub disk_bytes: u64,
    pub disk_unsynced_bytes: u64,
}

/// A member of a cluster as another knows it: also one that was added and never started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    pub id: u64,
    /// Empty until it has started once.
    pub name: String,
    /// It gets the log, but has no vote.
    pub learner: bool,
}

/// Most log cells in a [`MemberView`].
pub const LOG_CELLS_MAX: usize = 12;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCell {
    pub index: u64,
    pub term: u64,
    /// A few words: `put name`, `conf change`, `empty`.
    pub label: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    pub from: String,
    pub to: String,
    pub cut: bool,
}

/// What a message is, for its sign in the picture.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    #[default]
    Other,
    PreVote,
    PreVoteReply,
    Vote,
    VoteReply,
    Append,
    AppendReply,
    Heartbeat,
    HeartbeatReply,
    ReadIndex,
    ReadIndexReply,
    Snapshot,
    TimeoutNow,
    /// A follower passes a client's proposal on to the leader.
    Propose,
    /// rafthttp's own keep-alive on an idle stream; drawn only on request.
    LinkHeartbeat,
    /// A client's request and its reply.
    Call,
    Reply,
}

/// One message between two actors, by name (`m1`, `client`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flight {
    /// Unique in a session, stable from frame to frame.
    pub id: u64,
    pub from: String,
    pub to: String,
    pub kind: MessageKind,
    /// Entries carried (appends and proposals).
    pub entries: u32,
    /// Refused vote, rejected append, failed call.
    pub rejected: bool,
    pub term: u64,
    /// One line for the inspector: etcd's message name and its fields.
    pub text: String,
    pub sent_us: Micros,
    /// When it arrives, or, if `lost`, when it breaks.
    pub arrives_us: Micros,
    pub lost: bool,
}

/// A line of the event log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Running number.
    pub seq: u64,
    pub time_us: Micros,
    /// Member, host or `lab`.
    pub actor: String,
    pub kind: LogKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    /// What a person did.
    #[default]
    Act,
    Role,
    Commit,
    Client,
    Fault,
    Violation,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostView {
    pub name: String,
    /// The prompt's working directory.
    pub cwd: String,
    /// A foreground command is running.
    pub busy: bool,
    /// The newest call that a program on this host made, if any.
    pub last_call: Option<CallView>,
}

/// A client's view of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// Short method name: `Put`, `Range`, `Status`.
    pub method: String,
    pub endpoint: String,
    pub outcome: Outcome,
    /// The error's text when it failed or its outcome is unknown; else empty.
    pub reason: String,
    pub sent_us: Micros,
    /// Virtual time until its end; 0 while it is open.
    pub took_us: Micros,
    /// Revision in the header of its answer; 0 where there was none.
    pub revision: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    #[default]
    Open,
    Ok,
    Failed,
    /// It timed out or its connection broke: it may or may not have taken effect.
    Unknown,
}
