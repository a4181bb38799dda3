//! What the world keeps of each actor.

use frame::{CallView, Outcome, Role};
use member::{DiskFile, Input, MemberConfig, MemberInfo};

use crate::Micros;
use crate::disk::Disk;
use crate::trace::ActorTrace;

/// State of a member's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    Running,
    Paused,
    Stopped,
    Crashed,
}

impl Process {
    pub fn is_alive(self) -> bool {
        matches!(self, Process::Running | Process::Paused)
    }
}

/// What a member's traces said last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub role: Role,
    pub term: u64,
    /// Id of the leader it knows, 0 for none.
    pub leader: u64,
    pub commit: u64,
    pub applied: u64,
}

pub(crate) struct MemberSlot {
    pub(crate) id: u64,
    pub(crate) config: MemberConfig,
    pub(crate) client_port: u16,
    pub(crate) process: Process,
    /// Counts its processes: what was meant for an earlier one is void.
    pub(crate) incarnation: u32,
    /// Why it ended.
    pub(crate) reason: String,
    pub(crate) disk: Disk,
    /// A disk of its own pace; at least the lookahead.
    pub(crate) disk_latency_us: Option<Micros>,
    /// Operations so far: position in the stream of latencies.
    pub(crate) disk_ops: u64,
    /// When the last of them is done.
    pub(crate) disk_free_us: Micros,
    /// The process began over a rotten disk and has not written anything.
    pub(crate) over_rot: bool,
    /// What arrived while it was paused.
    pub(crate) backlog: Vec<Input>,
    pub(crate) facts: Facts,
    pub(crate) trace: ActorTrace,
    /// Crashes so far: position in the stream of crash chances.
    pub(crate) crashes: u64,
    /// It joins a running cluster when it starts without a log.
    pub(crate) joins: bool,
    /// The members as this one knew them last; empty before its first word.
    pub(crate) membership: Vec<MemberInfo>,
    pub(crate) cluster_id: u64,
    /// Members of other clusters whose messages it refused since its start.
    pub(crate) strangers: std::collections::BTreeSet<u16>,
    /// Path of its data directory on its host; empty for one that nobody named.
    pub(crate) data_dir: String,
    /// What a program put into its data directory while it ran.
    pub(crate) next_files: Option<Vec<DiskFile>>,
    /// The host and process that started it, when a program did.
    pub(crate) owner: Option<(u16, u64)>,
}

impl MemberSlot {
    pub(crate) fn new(id: u64, config: MemberConfig, client_port: u16) -> Self {
        MemberSlot {
            id,
            config,
            client_port,
            process: Process::Stopped,
            incarnation: 0,
            reason: String::new(),
            disk: Disk::default(),
            disk_latency_us: None,
            disk_ops: 0,
            disk_free_us: 0,
            over_rot: false,
            backlog: Vec::new(),
            facts: Facts::default(),
            trace: ActorTrace::default(),
            crashes: 0,
            joins: false,
            membership: Vec::new(),
            cluster_id: 0,
            strangers: Default::default(),
            data_dir: String::new(),
            next_files: None,
            owner: None,
        }
    }
}

/// `/http`, as [`CallView`] names it.
const HTTP_METHOD: &str = "http";

pub(crate) struct HostSlot {
    pub(crate) name: String,
    pub(crate) next_wake: Option<Micros>,
    pub(crate) trace: ActorTrace,
    /// Number and view of the newest call that a program on this host made.
    pub(crate) last_call: Option<(u64, CallView)>,
}

impl HostSlot {
    pub(crate) fn new(name: &str) -> Self {
        HostSlot {
            name: name.into(),
            next_wake: None,
            trace: ActorTrace::default(),
            last_call: None,
        }
    }

    pub(crate) fn called(&mut self, time: Micros, call: u64, endpoint: &str, method: &str) {
        let method = method.rsplit('/').next().unwrap_or(method).to_string();
        let view = CallView {
            method,
            endpoint: endpoint.to_string(),
            sent_us: time,
            ..CallView::default()
        };
        self.last_call = Some((call, view));
    }

    /// The newest call ended; `reason` says why unless it went well.
    pub(crate) fn call_ended(&mut self, time: Micros, call: u64, outcome: Outcome, reason: &str) {
        let Some((last, view)) = &mut self.last_call else { return };
        if *last == call && view.outcome == Outcome::Open {
            view.outcome = outcome;
            view.reason = reason.to_string();
            view.took_us = time - view.sent_us;
        }
    }

    /// The newest call's answer begins with etcd's header, if it is one of API version 3.
    pub(crate) fn call_revised(&mut self, call: u64, reply: &[u8]) {
        let Some((last, view)) = &mut self.last_call else { return };
        if *last == call && view.method != HTTP_METHOD {
            view.revision = proto::revision_of(reply).unwrap_or(0);
        }
    }
}
