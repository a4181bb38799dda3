//! What a person can do to a cluster and to time, beside typing commands.
//!
//! A click is a command: each action that has one is echoed as the `lab` command line that does
//! the same ([`Action::as_command`]), and `parse_lab_words` reads that line back.

use serde::{Deserialize, Serialize};

/// Actions on one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// SIGTERM: a leader hands over first.
    Stop,
    /// SIGKILL: unsynced bytes are lost.
    Kill,
    Start,
    /// SIGSTOP.
    Pause,
    /// SIGCONT.
    Resume,
    /// Deletes the data directory of a member that does not run.
    Wipe,
    /// Makes the member panic in its own code.
    Trap,
}

impl Kind {
    pub const ALL: [Kind; 7] =
        [Kind::Stop, Kind::Kill, Kind::Start, Kind::Pause, Kind::Resume, Kind::Wipe, Kind::Trap];

    /// The word of the `lab` command and of the page API.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Stop => "stop",
            Kind::Kill => "kill",
            Kind::Start => "start",
            Kind::Pause => "pause",
            Kind::Resume => "resume",
            Kind::Wipe => "wipe",
            Kind::Trap => "trap",
        }
    }
}

/// What is wrong with a member's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskFault {
    /// Each operation takes so long at most; not all take equally long.
    Slow { latency_ms: u32 },
    /// Room for so many more bytes.
    Full { room_bytes: u64 },
    /// One bit of a file is another; a restart will see it. Without a place one is drawn.
    Rot { bit: Option<u64> },
    /// All is well again. What rotted is as it was, unless the member has written since.
    Heal,
}

impl DiskFault {
    fn as_words(self) -> String {
        match self {
            DiskFault::Slow { latency_ms } => format!("slow {latency_ms}ms"),
            DiskFault::Full { room_bytes: 0 } => "full".into(),
            DiskFault::Full { room_bytes } => format!("full {room_bytes}"),
            DiskFault::Rot { bit: None } => "rot".into(),
            DiskFault::Rot { bit: Some(bit) } => format!("rot {bit}"),
            DiskFault::Heal => "heal".into(),
        }
    }
}

/// How fast virtual time runs against wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Speed {
    /// Parts per million of real time: 1_000_000 is 1x, 1_000 is a thousandth.
    Ppm(u64),
    /// As fast as this machine can.
    Max,
    /// 1x when nothing happens, slow enough to see it when something does.
    Auto,
}

impl Default for Speed {
    fn default() -> Self {
        Speed::Ppm(1_000_000)
    }
}

/// Slowest and fastest numeric speed, in parts per million of real time.
pub const SPEED_PPM_MIN: u64 = 1_000;
pub const SPEED_PPM_MAX: u64 = 1_000_000_000;

/// How far one step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepWhat {
    /// The next event of any actor.
    Event,
    /// The next message that arrives at a member.
    Message,
    /// Until some member's commit index moves.
    Commit,
    /// Until some member's role or term changes.
    Role,
}

/// A person's action; stamped with the start of the next window and recorded with the session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    Member {
        kind: Kind,
        member: String,
    },
    /// Members of different groups cannot talk; who is not named reaches everyone.
    Cut {
        groups: Vec<Vec<String>>,
    },
    /// Messages from any of `from` to any of `to` are lost; the other direction works.
    CutOneWay {
        from: Vec<String>,
        to: Vec<String>,
    },
    /// Mends all cuts.
    Heal,
    Disk {
        member: String,
        fault: DiskFault,
    },
    Play,
    Hold,
    /// Runs to that moment and holds.
    Run {
        until_ms: u64,
    },
    Speed {
        value: Speed,
    },
    Step {
        what: StepWhat,
    },
    /// Replies once that member (or client URL) answers /health.
    Wait {
        target: String,
    },
    /// Replies once every running member answers /health.
    Settle,
    /// Lists members, cuts and time, for `lab status`.
    Status,
}

impl Action {
    /// The console line that does the same.
    pub fn as_command(&self) -> String {
        match self {
            Action::Member { kind, member } => format!("lab {} {member}", kind.as_str()),
            Action::Cut { groups } => {
                let groups: Vec<String> = groups.iter().map(|g| g.join(",")).collect();
                format!("lab cut '{}'", groups.join("|"))
            }
            Action::CutOneWay { from, to } => {
                format!("lab cut '{}>{}'", from.join(","), to.join(","))
            }
            Action::Heal => "lab heal".into(),
            Action::Disk { member, fault } => format!("lab disk {member} {}", fault.as_words()),
            Action::Play => "lab play".into(),
            Action::Hold => "lab hold".into(),
            Action::Run { until_ms } => format!("lab run {until_ms}ms"),
            Action::Speed { value: Speed::Ppm(ppm) } => format!("lab speed {}", ppm_text(*ppm)),
            Action::Speed { value: Speed::Max } => "lab speed max".into(),
            Action::Speed { value: Speed::Auto } => "lab speed auto".into(),
            Action::Step { what } => format!(
                "lab step {}",
                match what {
                    StepWhat::Event => "event",
                    StepWhat::Message => "message",
                    StepWhat::Commit => "commit",
                    StepWhat::Role => "role",
                }
            ),
            Action::Wait { target } => format!("lab wait {target}"),
            Action::Settle => "lab settle".into(),
            Action::Status => "lab status".into(),
        }
    }

    /// True for actions on time alone. They change nothing that an actor can see, so they are not
    /// part of a session's record.
    pub fn is_about_time(&self) -> bool {
        matches!(
            self,
            Action::Play
                | Action::Hold
                | Action::Run { .. }
                | Action::Speed { .. }
                | Action::Step { .. }
        )
    }
}

/// `0.05` for 50_000 ppm: the shortest decimal that says the same.
fn ppm_text(ppm: u64) -> String {
    let (whole, rest) = (ppm / 1_000_000, ppm % 1_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{}", format!("{rest:06}").trim_end_matches('0'))
}
