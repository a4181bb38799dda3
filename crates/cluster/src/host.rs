//! What goes into and comes out of a console host (`client`), which is an [`Actor`](crate::Actor).

use std::collections::BTreeMap;

use bytes::Bytes;
use frame::{
    Action, Completion, DrillAsk, DrillReply, Judged, Look, Looked, Micros, Situation, Step,
};
use proto::{Metadata, Profile, Status};
use serde::{Deserialize, Serialize};

use crate::{Actor, DataDir, MemberEnd, MemberStart};

/// How a host starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostOptions {
    /// The host's name, `client`.
    pub name: String,
    /// The session's seed; the host draws its own stream from it.
    pub seed: u64,
    /// Wall clock at virtual time zero, microseconds since 1970.
    pub epoch_us: u64,
    /// The release that its etcdctl is.
    pub profile: Profile,
    /// Exported variables beside HOME, PATH, USER and the like.
    pub env: BTreeMap<String, String>,
    /// Data directories of members on this host, by full path.
    pub data_dirs: Vec<String>,
    /// Working directory at the start; made if missing.
    pub cwd: String,
    /// A person types: programs read what is entered while they run. Else their standard input is
    /// empty, and all lines of an entry are read before the first of them runs.
    pub terminal: bool,
    /// Files that lie there at the start, by path.
    pub files: BTreeMap<String, Bytes>,
}

impl Default for HostOptions {
    fn default() -> Self {
        HostOptions {
            name: "client".into(),
            seed: 1,
            epoch_us: 0,
            profile: Profile::V3_4,
            env: BTreeMap::new(),
            data_dirs: Vec::new(),
            cwd: "/root".into(),
            terminal: false,
            files: BTreeMap::new(),
        }
    }
}

/// A host with a console, wherever its code runs.
pub trait Console: Actor<Input = HostInput, Output = HostOutput> {
    /// The prompt's working directory.
    fn cwd(&self) -> String;
    /// A foreground command runs, or lines wait.
    fn is_busy(&self) -> bool;
    /// The foreground command waits for a line of its standard input. Not known of a console whose code
    /// runs elsewhere.
    fn is_reading(&self) -> bool {
        false
    }
    /// Answers a question beside its turns, which changes nothing that a turn could see.
    fn ask(&self, question: Ask) -> Answer;
}

/// A question to a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// What could stand at `cursor` (in bytes of `line`)? `looked` is what the cluster has, after
    /// [`Answer::Need`]; it is empty when no member runs.
    Complete { line: String, cursor: u32, looked: Option<Box<Looked>> },
    /// How does this step stand? Without a situation: what must be looked at for it?
    Judge { step: Step, situation: Option<Box<Situation>> },
    /// A drill, or what to repeat.
    Drill(DrillAsk),
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Completion(Completion),
    /// It depends on what the cluster has: ask again with that.
    Need(Look),
    /// A situation must hold a look at that.
    NeedLook(Look),
    /// The error says what in the step cannot be read.
    Judged(Result<Judged, String>),
    Drill(Result<Box<DrillReply>, String>),
}

/// What a console in another instance did in a turn, and how it stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ConsoleTurn {
    pub outputs: Vec<HostOutput>,
    pub next_wake: Option<Micros>,
    pub cwd: String,
    pub is_busy: bool,
}

/// What can happen to a host.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum HostInput {
    /// A line (or a pasted block of lines) was entered at the console. While a foreground command
    /// runs, later lines wait their turn.
    Exec { exec: u64, line: String },
    /// Ctrl-C: SIGINT to the foreground command; it ends with status 130 if it does not handle it.
    Interrupt,
    /// A message of an open stream.
    Message { call: u64, message: Bytes },
    /// A call was answered, or a stream ended (then an `Ok` is empty).
    Reply { call: u64, result: Result<Bytes, Status> },
    /// Nobody listens at the address: connection refused.
    Refused { call: u64 },
    /// The connection broke while the call was open; whether it took effect is unknown.
    ConnectionLost { call: u64 },
    /// The member of [`HostOutput::StartMember`] is gone, or never came to be.
    MemberEnded { process: u64, end: MemberEnd },
    /// Answer to [`HostOutput::ReadDataDirs`], in its order.
    DataDirs { call: u64, dirs: Vec<DataDir> },
    /// Answer to [`HostOutput::Lab`]: text to print, or the error's one line.
    LabReply { call: u64, result: Result<String, String> },
    /// Ctrl-D on an empty line: the terminal's input ends here for whoever reads it.
    EndOfInput,
    /// The editor of [`HostOutput::Edit`] was closed; without bytes nothing is saved.
    Edited { edit: u64, text: Option<Bytes> },
}

/// What a host can do.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum HostOutput {
    /// A unary call to `address` (`127.0.0.1:2379`). `method` is gRPC's full path, such as
    /// `/etcdserverpb.KV/Put`. Call numbers are the host's own, from 1, never used twice.
    Call { call: u64, address: String, method: String, metadata: Metadata, request: Bytes },
    /// A stream to `address`. Its call number is used as a call's; messages may follow at once.
    Open { call: u64, address: String, method: String, metadata: Metadata },
    /// A message on an open stream.
    Message { call: u64, message: Bytes },
    /// No more messages will follow on this stream; its answer goes on.
    CloseSend { call: u64 },
    /// The caller gave up; a late answer is dropped.
    CancelCall { call: u64 },
    /// `etcd` was started on this host. `process` is a number of the host's own.
    StartMember { process: u64, start: Box<MemberStart> },
    /// SIGKILL, or else SIGTERM, to such a member.
    SignalMember { process: u64, kill: bool },
    /// What lies in these data directories of members, by full path?
    ReadDataDirs { call: u64, paths: Vec<String> },
    /// A program changed a data directory. A member that runs on it goes on with the files that it has
    /// open, and finds these when it is started again.
    WriteDataDir { dir: DataDir },
    /// The `lab` command.
    Lab { call: u64, action: Action },
    /// Output of the foreground command of `exec`.
    Print { exec: u64, stderr: bool, text: Bytes },
    /// The foreground command of `exec` ended with this status.
    Done { exec: u64, code: i32 },
    /// The entry of `exec` is unfinished: the next one continues it.
    Unfinished { exec: u64 },
    /// The entry of `exec` was read as input by the command of `by`; it has no end of its own.
    Taken { exec: u64, by: u64 },
    /// A program wants a person to edit a file's text. Numbers are the host's own, from 1.
    Edit { exec: u64, edit: u64, path: String, text: Bytes },
    /// What a teacher would say of the command of `exec`.
    Hint { exec: u64, text: String },
}
