//! v2's keys as keys of v3, offline (`ctlv3/command/migrate_command.go` of 3.4): the old tree is made
//! again from the snapshot file and the log, and each of its values is written into the backend at the
//! revision that was its index there.
//!
//! As in etcd's tool all entries of the log count, committed or not; directories and hidden names have
//! no place in v3; what expires is kept unless it is asked to be left out, and never expires again.

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::Request;
use proto::mvccpb::KeyValue;
use v2store::{KEYS_PREFIX, NodeExtern};

use crate::apply_v2::VERSION;
use crate::backend;
use crate::conf_change::{Change, Kind};
use crate::data_dir::{DB, DataDir, Log};
use crate::io::DiskFile;
use crate::state::State;
use crate::versions::Version;
use crate::{MemberConfig, Profile, apply};

/// What became of the tree.
#[derive(Clone, Debug, Default)]
pub struct Migrated {
    /// The new backend; none when there never was a key of v2's.
    pub db: Option<Bytes>,
    /// What the tool says while it reads, as JSON lines.
    pub told: Vec<String>,
}

/// A value with what v3 knows of it.
#[derive(Clone, Debug)]
struct Value {
    kv: KeyValue,
    expires: bool,
}

/// Reads the directory that holds `files` and gives the backend with v2's keys in it.
///
/// # Errors
/// The text of the tool's error: the log, the snapshot or the backend cannot be read.
pub fn migrate(files: &[DiskFile], no_ttl: bool, unix_ns: i64) -> Result<Migrated, String> {
    let dir = DataDir::new(files);
    let mut old = OldTree::read(&dir, unix_ns)?;
    let told = std::mem::take(&mut old.told);
    if !old.has_keys {
        return Ok(Migrated { db: None, told });
    }
    let mut values = Vec::new();
    let root = old.state.v2.get(KEYS_PREFIX, true, unix_ns).map_err(|e| e.to_string())?;
    collect(&root.node, &mut values);
    values.retain(|value| !(no_ttl && value.expires));
    let pairs = values.into_iter().map(|value| (key(&value.kv), value.kv.encode_to_vec()));
    let db = backend::with_keys(dir.file(DB), pairs.collect(), old.index)?;
    Ok(Migrated { db: Some(db), told })
}

/// The state after the last entry, of which only the tree counts.
struct OldTree {
    state: State,
    /// The last entry that is not about members.
    index: u64,
    has_keys: bool,
    told: Vec<String>,
}

impl OldTree {
    fn read(dir: &DataDir<'_>, unix_ns: i64) -> Result<OldTree, String> {
        let Log { found, snapshot } = dir.read_log().map_err(|error| error.to_string())?;
        let config = MemberConfig { profile: Profile::V3_4, ..MemberConfig::default() };
        let mut tree = OldTree {
            state: State::new(&config),
            index: 0,
            has_keys: snapshot.is_some(),
            told: Vec::new(),
        };
        if let Some(snapshot) = &snapshot {
            tree.index = snapshot.get_metadata().index;
            tree.state.recover_v2(&snapshot.data)?;
            tree.tell_recovered();
        }
        for logged in &found.entries {
            let entry = proto::raftpb::Entry::decode(logged.raw.clone())
                .map_err(|e| format!("failed to unmarshal entry {}: {e}", logged.index))?;
            let data = entry.data.unwrap_or_default();
            match entry.r#type {
                0 => tree.apply(logged.index, &data, unix_ns)?,
                _ => tree.change_members(&data, unix_ns)?,
            }
        }
        Ok(tree)
    }

    fn apply(&mut self, index: u64, data: &Bytes, unix_ns: i64) -> Result<(), String> {
        self.index = self.index.max(index);
        let request =
            apply::decode(data).map_err(|e| format!("failed to unmarshal entry {index}: {e}"))?;
        let Some(request) = request.v2 else { return Ok(()) };
        if request.path == VERSION {
            self.tell_version(&request);
        }
        let applied = self.state.apply_v2(&request, Profile::V3_4, unix_ns);
        self.has_keys |= request.path.starts_with(KEYS_PREFIX) && applied.is_ok();
        Ok(())
    }

    fn change_members(&mut self, data: &[u8], unix_ns: i64) -> Result<(), String> {
        let change = Change::decode(&crate::conf_change::to_raft(data)?)?;
        if self.state.membership.validate(&change).is_err() {
            return Ok(());
        }
        let id = change.node_id;
        let urls = |urls: &[String]| {
            let quoted: Vec<String> = urls.iter().map(|url| v2store::json_string(url)).collect();
            quoted.join(",")
        };
        let line = match &change.kind {
            Kind::Add { member, promote: false } => {
                Some(("added", "added-peer", "added-peer-peer", urls(&member.peer_urls)))
            }
            Kind::Update { member } => Some((
                "updated",
                "updated-remote-peer",
                "updated-remote-peer",
                urls(&member.peer_urls),
            )),
            Kind::Remove => {
                let gone = self.state.membership.get(id).map(|member| urls(&member.peer_urls));
                Some((
                    "removed",
                    "removed-remote-peer",
                    "removed-remote-peer",
                    gone.unwrap_or_default(),
                ))
            }
            Kind::Add { .. } | Kind::Nothing => None,
        };
        if let Some((verb, whose, of, urls)) = line {
            let fields = format!("\"{whose}-id\":\"{id:x}\",\"{of}-urls\":[{urls}]");
            self.tell(&format!("{verb} member"), &fields);
        }
        self.state.change_members(&change, unix_ns);
        Ok(())
    }

    /// A line of the library that keeps the members; the tool gives it no ids of its own.
    fn tell(&mut self, message: &str, fields: &str) {
        self.told.push(format!(
            "{{\"level\":\"info\",\"msg\":\"{message}\",\"cluster-id\":\"0\",\"local-member-id\":\"0\",{fields}}}"
        ));
    }

    fn tell_enabled(&mut self, version: &str) {
        self.told.push(format!(
            "{{\"level\":\"info\",\"msg\":\"enabled capabilities for version\",\"cluster-version\":\"{version}\"}}"
        ));
    }

    fn tell_version(&mut self, request: &Request) {
        let Some(to) = Version::parse(&request.val).map(Version::short) else { return };
        let from =
            self.state.membership.cluster_version().and_then(Version::parse).map(Version::short);
        match from {
            // The tool names both of them so.
            Some(from) => {
                self.tell(
                    "updated cluster version",
                    &format!("\"from\":\"{from}\",\"from\":\"{to}\""),
                );
            }
            None => {
                self.tell("set initial cluster version", &format!("\"cluster-version\":\"{to}\""))
            }
        }
        self.tell_enabled(&to);
    }

    /// What the snapshot file says of the members.
    fn tell_recovered(&mut self) {
        let version =
            self.state.membership.cluster_version().and_then(Version::parse).map(Version::short);
        if let Some(version) = &version {
            self.tell_enabled(version);
        }
        let members: Vec<(u64, String)> = self
            .state
            .membership
            .members()
            .map(|member| {
                let urls = member.peer_urls.iter().map(|url| v2store::json_string(url));
                (member.id, urls.collect::<Vec<_>>().join(","))
            })
            .collect();
        for (id, urls) in members {
            let peer = "recovered-remote-peer";
            let fields = format!("\"{peer}-id\":\"{id:x}\",\"{peer}-urls\":[{urls}]");
            self.tell("recovered/added member from store", &fields);
        }
        if let Some(version) = version {
            self.told.push(format!(
                "{{\"level\":\"info\",\"msg\":\"set cluster version from store\",\"cluster-version\":\"{version}\"}}"
            ));
        }
    }
}

/// All values at or below a node. Its depth is bounded by the store.
fn collect(node: &NodeExtern, values: &mut Vec<Value>) {
    if let Some(value) = &node.value {
        let key = node.key.strip_prefix(KEYS_PREFIX).unwrap_or(&node.key);
        let number = |index: u64| i64::try_from(index).unwrap_or(i64::MAX);
        let kv = KeyValue {
            key: Bytes::from(key.to_string()),
            value: Bytes::from(value.clone()),
            create_revision: number(node.created_index),
            mod_revision: number(node.modified_index),
            // How often it was written nobody knows.
            version: 1,
            lease: 0,
        };
        values.push(Value { kv, expires: node.ttl_s != 0 });
    }
    node.nodes.iter().for_each(|child| collect(child, values));
}

/// Its name in the bucket of keys (R6).
fn key(kv: &KeyValue) -> Vec<u8> {
    let main = kv.mod_revision.to_be_bytes();
    [&main[..], b"_", &0_i64.to_be_bytes()].concat()
}
