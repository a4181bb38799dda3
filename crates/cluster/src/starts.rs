//! Members that a program on a host started (`etcd ...`): their place in the world, and how the
//! program learns of their end.

use member::{DiskFile, Input, MemberConfig};
use serde::{Deserialize, Serialize};

use crate::queue::Event;
use crate::{ActorId, HostInput, Micros, World};

/// What an `etcd` on a host's command line asks for.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub struct MemberStart {
    pub config: MemberConfig,
    /// `--initial-cluster-state existing`.
    pub joins: bool,
    /// Where it listens for clients.
    pub client_port: u16,
    /// The data directory, as a full path on the host.
    pub data_dir: String,
    /// What lies in it, when that is not what its last member left there.
    pub files: Option<Vec<DiskFile>>,
}

/// How a member came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MemberEnd {
    /// A graceful stop, or its removal from the cluster.
    Stopped { reason: String },
    /// It could not start or go on; the text of etcd's last log line.
    Failed { reason: String },
    /// Somebody killed it.
    Killed,
}

impl MemberEnd {
    /// The end in words.
    pub fn reason(&self) -> &str {
        match self {
            MemberEnd::Stopped { reason } | MemberEnd::Failed { reason } => reason,
            MemberEnd::Killed => "killed (SIGKILL)",
        }
    }
}

impl World {
    /// Starts a member in the name of process number `process` of a host.
    pub(crate) fn start_member(
        &mut self,
        time: Micros,
        host: u16,
        process: u64,
        start: MemberStart,
    ) {
        if let Err(reason) = self.try_start_member(time, host, process, start) {
            self.tell_end(time, (host, process), MemberEnd::Failed { reason });
        }
    }

    fn try_start_member(
        &mut self,
        time: Micros,
        host: u16,
        process: u64,
        start: MemberStart,
    ) -> Result<(), String> {
        let port = start.client_port;
        let name = start.config.name.clone();
        self.check_port(&name, port)?;
        let found = self.members.iter().position(|slot| slot.config.name == name);
        let actor = match found {
            Some(at) => at as u16,
            None => self.add_member(0, start.config.clone(), port),
        };
        self.use_data_dir(actor, &start.data_dir);
        let slot = &mut self.members[usize::from(actor)];
        if let Some(files) = &start.files {
            slot.disk.replace(files);
        }
        let own = start.config.initial_cluster.iter().find(|peer| peer.name == name);
        if !slot.disk.has_log() && !start.joins {
            let urls = own.map(|peer| peer.peer_urls.clone()).unwrap_or_default();
            let token = &start.config.initial_cluster_token;
            slot.id = member::id::member_id(&urls, token, None);
        } else if let Some(id) = member::id_on_disk(&slot.disk.contents()) {
            // Whoever was restored or copied is who its log says.
            slot.id = id;
        }
        slot.config = start.config;
        slot.joins = start.joins;
        slot.client_port = port;
        self.ask_peers(actor)?;
        self.members[usize::from(actor)].owner = Some((host, process));
        self.start(time, actor);
        Ok(())
    }

    /// SIGTERM or SIGKILL to the member of a process.
    pub(crate) fn signal_member(&mut self, time: Micros, host: u16, process: u64, kill: bool) {
        let owner = Some((host, process));
        let Some(at) = self.members.iter().position(|slot| slot.owner == owner) else { return };
        let actor = at as u16;
        if kill {
            self.end(time, actor, MemberEnd::Killed);
        } else {
            self.signal(time, actor, Input::Stop, "told to stop (SIGTERM)");
        }
    }

    /// The program whose member this was hears of its end.
    pub(crate) fn tell_owner(&mut self, time: Micros, actor: u16, end: MemberEnd) {
        if let Some(owner) = self.members[usize::from(actor)].owner.take() {
            self.tell_end(time, owner, end);
        }
    }

    fn tell_end(&mut self, time: Micros, (host, process): (u16, u64), end: MemberEnd) {
        let at = time + self.options.network.latency_us;
        let input = HostInput::MemberEnded { process, end };
        self.queue.push(at, Some(ActorId::Host(host)), Event::Host(input));
    }
}
