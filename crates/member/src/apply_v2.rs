//! What v2's requests of the log do (`etcdserver/apply_v2.go`), and the cluster's own records in the
//! v2 store (`etcdserver/api/membership/store.go`).
//!
//! An entry of v2's is a bare marshalled `Request`. In 3.4 and 3.5 members publish their names and the
//! leader the cluster's version that way; [`crate::Membership`] is what the member goes by, and the
//! tree under `/0` follows it, so that a snapshot file tells both. Two things that end etcd's process
//! here are nothing: attributes or a version that cannot be read, and the attributes of a member that
//! never was.

use std::sync::Arc;

use prost::Message as _;
use proto::etcdserverpb::Request;
use proto::membershippb::Attributes;
use serde_json::Value;
use v2store::{Code, Error, Event, TtlOptionSet, json_string};

use crate::conf_change::{Change, Kind};
use crate::member::Running;
use crate::membership::Member;
use crate::proposals::{To, Waiter};
use crate::state::State;
use crate::versions::Version;
use crate::{Micros, Profile, limits};

/// What a request came to: an event, or nothing for what no client waits for.
pub(crate) type Applied = Result<Option<Arc<Event>>, Error>;

pub(crate) const MEMBERS: &str = "/0/members";
pub(crate) const REMOVED_MEMBERS: &str = "/0/removed_members";
pub(crate) const VERSION: &str = "/0/version";
const PERMANENT: TtlOptionSet = TtlOptionSet { expire_ns: None, refresh: false };

impl State {
    /// Applies one request of v2's (V1 to V8, V10).
    pub(crate) fn apply_v2(
        &mut self,
        request: &Request,
        profile: Profile,
        unix_ns: i64,
    ) -> Applied {
        let (path, prev) = (&request.path, (request.prev_value.as_str(), request.prev_index));
        let compares = prev != ("", 0);
        let (store, value) = (&mut self.v2, request.val.as_str());
        let event = match request.method.as_str() {
            "POST" => store.create(path, request.dir, value, true, ttl(request), unix_ns)?,
            "PUT" => match request.prev_exist {
                Some(false) => {
                    store.create(path, request.dir, value, false, ttl(request), unix_ns)?
                }
                Some(true) if !compares => {
                    if profile >= Profile::V3_5 && value.is_empty() {
                        refuse_directory(store, path)?;
                    }
                    store.update(path, value, ttl(request), unix_ns)?
                }
                _ if compares => {
                    store.compare_and_swap(path, prev, value, ttl(request), unix_ns)?
                }
                _ => return self.set_v2(request, unix_ns),
            },
            "DELETE" if compares => store.compare_and_delete(path, prev, unix_ns)?,
            "DELETE" => store.delete(path, request.dir, request.recursive, unix_ns)?,
            "QGET" => Arc::new(store.get(path, request.recursive, unix_ns)?),
            "SYNC" => {
                store.delete_expired_keys(request.time, unix_ns);
                return Ok(None);
            }
            // etcd's ErrUnknownMethod, which nobody waits for.
            _ => return Ok(None),
        };
        Ok(Some(event))
    }

    /// A plain PUT: a user's, a member's attributes, or the cluster's version.
    fn set_v2(&mut self, request: &Request, unix_ns: i64) -> Applied {
        if let Some(id) = attributes_id(&request.path) {
            if let Some(Attributes { name, client_urls }) = read_attributes(&request.val) {
                self.publish(id, name, client_urls, unix_ns);
            }
            return Ok(None);
        }
        if request.path == VERSION {
            if Version::parse(&request.val).is_some() {
                self.set_cluster_version(&request.val, unix_ns);
            }
            return Ok(None);
        }
        let (path, value) = (&request.path, &request.val);
        self.v2.set(path, request.dir, value, ttl(request), unix_ns).map(Some)
    }

    /// A member's name and client URLs (M5).
    pub(crate) fn publish(&mut self, id: u64, name: String, urls: Vec<String>, unix_ns: i64) {
        if self.membership.get(id).is_none() {
            return;
        }
        let json = attributes_json(&name, &urls);
        self.membership.publish(id, name, urls);
        self.record(|v2| v2.set(&attributes_path(id), false, &json, PERMANENT, unix_ns));
    }

    pub(crate) fn set_cluster_version(&mut self, version: &str, unix_ns: i64) {
        self.membership.set_cluster_version(version.to_owned());
        self.record(|v2| v2.set(VERSION, false, version, PERMANENT, unix_ns));
    }

    /// Takes a validated membership change in.
    pub(crate) fn change_members(&mut self, change: &Change, unix_ns: i64) {
        self.membership.apply(change);
        let id = change.node_id;
        let path = format!("{MEMBERS}/{id:x}/raftAttributes");
        let json = self.membership.get(id).map(raft_attributes_json).unwrap_or_default();
        match &change.kind {
            Kind::Add { promote: false, .. } => {
                self.record(|v2| v2.create(&path, false, &json, false, PERMANENT, unix_ns));
            }
            Kind::Add { .. } | Kind::Update { .. } => {
                self.record(|v2| v2.update(&path, &json, PERMANENT, unix_ns));
            }
            Kind::Remove => {
                let (member, removed) =
                    (format!("{MEMBERS}/{id:x}"), format!("{REMOVED_MEMBERS}/{id:x}"));
                self.record(|v2| v2.delete(&member, true, true, unix_ns));
                self.record(|v2| v2.create(&removed, false, "", false, PERMANENT, unix_ns));
            }
            Kind::Nothing => {}
        }
    }

    /// Writes down what has been decided already: a tree that says otherwise, which only a foreign
    /// snapshot can bring, changes nothing about it.
    fn record(&mut self, write: impl FnOnce(&mut v2store::Store) -> Result<Arc<Event>, Error>) {
        let _recorded = write(&mut self.v2);
    }
}

impl Running {
    pub(crate) fn apply_v2_entry(&mut self, now: Micros, index: u64, request: &Request) {
        let unix_ns = self.unix_ns(now);
        let applied = self.state.apply_v2(request, self.config.profile, unix_ns);
        if attributes_id(&request.path).is_some() && request.method == "PUT" {
            self.trace_membership();
        }
        self.tell_v2_watchers();
        match self.proposals.applied(request.id) {
            Some(Waiter::Client(To::Http(call))) => self.v2_applied(now, call, index, applied),
            Some(Waiter::Publish) => {
                self.publishing = false;
                self.published = true;
            }
            _ => {}
        }
    }

    /// Puts a request of v2's on its way to the log.
    pub(crate) fn submit_v2(&mut self, now: Micros, waiter: Waiter, mut request: Request) {
        request.id = self.fresh_id();
        self.proposals.add(request.id, waiter, request.encode_to_vec(), now);
    }

    /// V7: the leader says what time it is, so that all members end the same keys.
    pub(crate) fn sync_v2(&mut self, now: Micros) {
        if self.ticks.is_multiple_of(limits::V2_SYNC_TICKS) && self.state.v2.has_ttl_keys() {
            let time = self.unix_ns(now);
            let request = Request { method: "SYNC".into(), time, ..Request::default() };
            self.submit_v2(now, Waiter::Nobody, request);
        }
    }
}

/// From 3.5 on an update looks at what became of writing the value, which a directory cannot take, not
/// even an empty one: no directory gets a new time to live that way. Nothing is changed or counted.
fn refuse_directory(store: &v2store::Store, path: &str) -> Result<(), Error> {
    if path == v2store::KEYS_PREFIX || !store.is_dir(path) {
        return Ok(());
    }
    let why = Error::new(Code::NotFile, "", 0);
    Err(Error::new(Code::RaftInternal, format!("nodePath {path} : {why}"), 0))
}

/// The request by which a member tells its name and client URLs.
pub(crate) fn publish(id: u64, attributes: &Attributes) -> Request {
    let val = attributes_json(&attributes.name, &attributes.client_urls);
    Request { method: "PUT".into(), path: attributes_path(id), val, ..Request::default() }
}

/// The request by which the leader sets the cluster's version.
pub(crate) fn set_cluster_version(version: &str) -> Request {
    let (method, path, val) = ("PUT".into(), VERSION.into(), version.into());
    Request { method, path, val, ..Request::default() }
}

/// A few words for a log cell.
pub(crate) fn label(request: &Request) -> String {
    if attributes_id(&request.path).is_some() {
        let name = read_attributes(&request.val).unwrap_or_default().name;
        return format!("publish {name}");
    }
    if request.path == VERSION {
        return format!("version {}", request.val);
    }
    let path = request.path.strip_prefix(v2store::KEYS_PREFIX).unwrap_or(&request.path);
    let verb = match request.method.as_str() {
        "PUT" => "put",
        "POST" => "post",
        "DELETE" => "del",
        "SYNC" => return "sync".into(),
        _ => "get",
    };
    format!("{verb} {path}").chars().take(28).collect()
}

/// V7, V8: no expiration in the request is a permanent key.
fn ttl(request: &Request) -> TtlOptionSet {
    let expire_ns = Some(request.expiration).filter(|expire_ns| *expire_ns != 0);
    TtlOptionSet { expire_ns, refresh: request.refresh.unwrap_or(false) }
}

fn attributes_path(id: u64) -> String {
    format!("{MEMBERS}/{id:x}/attributes")
}

/// The member whose attributes lie there. etcd takes any path that has such a piece in it, a user's
/// too.
pub(crate) fn attributes_id(path: &str) -> Option<u64> {
    let id = path.strip_prefix(MEMBERS)?.strip_prefix('/')?.strip_suffix("/attributes")?;
    let hex = (1..=16).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| u64::from_str_radix(id, 16).ok())?
}

fn attributes_json(name: &str, client_urls: &[String]) -> String {
    let mut fields = Vec::new();
    if !name.is_empty() {
        fields.push(format!("\"name\":{}", json_string(name)));
    }
    if !client_urls.is_empty() {
        fields.push(format!("\"clientURLs\":{}", json_strings(client_urls)));
    }
    format!("{{{}}}", fields.join(","))
}

fn raft_attributes_json(member: &Member) -> String {
    let learner = if member.is_learner { ",\"isLearner\":true" } else { "" };
    format!("{{\"peerURLs\":{}{learner}}}", json_strings(&member.peer_urls))
}

/// A list of strings as Go writes it.
pub(crate) fn json_strings(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| json_string(text)).collect();
    format!("[{}]", texts.join(","))
}

/// None for what is no JSON of attributes.
pub(crate) fn read_attributes(json: &str) -> Option<Attributes> {
    let object = read_object(json)?;
    let client_urls = read_strings(&object["clientURLs"])?;
    Some(Attributes { name: object["name"].as_str().unwrap_or("").into(), client_urls })
}

/// Peer URLs, and whether it is a learner; none for what is no JSON of a member's.
pub(crate) fn read_raft_attributes(json: &str) -> Option<(Vec<String>, bool)> {
    let object = read_object(json)?;
    Some((read_strings(&object["peerURLs"])?, object["isLearner"].as_bool().unwrap_or(false)))
}

fn read_object(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok().filter(Value::is_object)
}

fn read_strings(list: &Value) -> Option<Vec<String>> {
    let texts = list.as_array().into_iter().flatten();
    texts.map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proto::etcdserverpb::InternalRaftRequest;

    use super::*;
    use crate::apply::decode;

    /// The two kinds of entries are told apart by their bytes alone.
    #[test]
    fn requests_of_v2_and_v3_are_told_apart() {
        let methods = ["PUT", "POST", "DELETE", "QGET", "SYNC"];
        for (method, path) in
            methods.iter().flat_map(|m| ["", "/1/a", "/0/version"].map(|p| (m, p)))
        {
            for id in [0, 1, u64::MAX] {
                let (method, path) = ((*method).to_owned(), path.to_owned());
                let request = Request { id, method, path, time: 5, ..Request::default() };
                let read = decode(&Bytes::from(request.encode_to_vec())).expect("a request");
                assert_eq!(read.v2, Some(request));
            }
        }
        let v3 = InternalRaftRequest { id: 7, ..InternalRaftRequest::default() };
        assert_eq!(decode(&Bytes::from(v3.encode_to_vec())).expect("a request"), v3);
        assert!(decode(&Bytes::from_static(b"\xff\xff")).is_err());
    }

    #[test]
    fn attributes_lie_under_a_member_s_id_only() {
        assert_eq!(
            attributes_id("/0/members/8c8085115b3ba2d4/attributes"),
            Some(0x8c80_8511_5b3b_a2d4)
        );
        for path in [
            "/0/members//attributes",
            "/0/members/attributes",
            "/0/members/8c8085115b3ba2d44/attributes",
            "/0/members/+1/attributes",
            "/0/members/1/raftAttributes",
            "/1/0/members/1/attributes",
        ] {
            assert_eq!(attributes_id(path), None, "{path}");
        }
    }

    #[test]
    fn attributes_are_the_json_that_etcd_writes() {
        let urls = vec!["http://127.0.0.1:2379".to_owned()];
        let json = attributes_json("m1", &urls);
        assert_eq!(json, r#"{"name":"m1","clientURLs":["http://127.0.0.1:2379"]}"#);
        let attributes = Attributes { name: "m1".into(), client_urls: urls };
        assert_eq!(read_attributes(&json), Some(attributes));
        assert_eq!(attributes_json("", &[]), "{}");
        for bad in ["", "[]", "{\"clientURLs\":[1]}"] {
            assert_eq!(read_attributes(bad), None, "{bad}");
        }
        let learner =
            Member { peer_urls: vec!["http://h:1".into()], is_learner: true, ..Member::default() };
        assert_eq!(
            raft_attributes_json(&learner),
            r#"{"peerURLs":["http://h:1"],"isLearner":true}"#
        );
    }
}
