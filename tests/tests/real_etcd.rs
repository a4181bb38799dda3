//! The lab's member beside a real one, request by request, and beside a naive model.
//!
//! A sequence of requests is drawn from a seed and sent to one member of ours and to a real etcd of
//! one member. Both must answer the same: every field but ids, terms and tokens, every code and text
//! of an error, and the same HashKV at several revisions. Where no etcd is installed the comparison
//! is skipped in one line; the model, which is checked against the same requests, is always there.

#[path = "real_etcd/answer.rs"]
mod answer;
#[path = "real_etcd/draw.rs"]
mod draw;
#[path = "real_etcd/draw_auth.rs"]
mod draw_auth;
#[path = "real_etcd/draw_kv.rs"]
mod draw_kv;
#[path = "real_etcd/model.rs"]
mod model;
#[path = "real_etcd/ours.rs"]
mod ours;
#[path = "real_etcd/sequence.rs"]
mod sequence;

use std::collections::BTreeMap;

use answer::{Answer, Seen, differ, told};
use bytes::Bytes;
use model::Model;
use ours::Ours;
use peer::{Connection, RealCluster, Receiver, Sender, find_etcd};
use prost::Message;
use proto::etcdserverpb::watch_create_request::FilterType;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    AuthenticateResponse, DeleteRangeRequest, DeleteRangeResponse, LeaseGrantRequest,
    LeaseGrantResponse, LeaseRevokeRequest, PutRequest, WatchCreateRequest, WatchRequest,
    WatchResponse,
};
use proto::{Metadata, Profile, Status, method};
use sequence::{Sequence, Step};

/// Seeds of one test run, and requests of each.
const SEEDS: std::ops::Range<u64> = 1..4;
const REQUESTS: usize = 1_500;
/// Differences shown before a run gives up.
const SHOWN: usize = 12;

/// Seeds and requests from the environment, for longer runs: `ETCD_LAB_REAL_SEEDS=1..50`.
fn seeds() -> std::ops::Range<u64> {
    let named = std::env::var("ETCD_LAB_REAL_SEEDS").ok();
    let parsed = named.as_deref().and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    parsed.unwrap_or(SEEDS)
}

/// Whoever takes requests: ours or the real one.
trait Server {
    fn call(&mut self, method: &str, metadata: &Metadata, request: &[u8]) -> Result<Bytes, Status>;

    /// Opens a watch and gives its number, for [`Server::watched`].
    fn watch(&mut self, create: &WatchCreateRequest);

    /// The next response of the watch that was opened last.
    fn watched(&mut self) -> WatchResponse;

    /// Closes that watch.
    fn close_watch(&mut self);
}

/// The real one, one request at a time.
struct Real {
    runtime: tokio::runtime::Runtime,
    connection: Connection,
    /// Ours of that release.
    profile: Profile,
    watch: Option<(Sender, Receiver)>,
    _cluster: RealCluster,
}

impl Real {
    /// `None`, with one line, where there is no etcd.
    fn start() -> Option<Real> {
        let Some(program) = find_etcd() else {
            eprintln!("skipped: no etcd is installed (Debian: etcd-server)");
            return None;
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime without threads");
        // Their cost would be most of the run's time.
        let flags = ["--bcrypt-cost", "4"];
        let cluster =
            runtime.block_on(RealCluster::start(&program, 1, &flags)).expect("etcd starts");
        let minor = cluster.version().rsplit_once('.').map_or("", |(minor, _)| minor);
        let Some(profile) = Profile::parse(minor) else {
            eprintln!("skipped: there is no profile for etcd {}", cluster.version());
            return None;
        };
        let connection = runtime
            .block_on(Connection::open(&cluster.endpoints()[0]))
            .expect("a member that answered a moment ago");
        Some(Real { runtime, connection, profile, watch: None, _cluster: cluster })
    }
}

impl Server for Real {
    fn call(&mut self, method: &str, metadata: &Metadata, request: &[u8]) -> Result<Bytes, Status> {
        self.runtime.block_on(self.connection.call(method, metadata, request))
    }

    fn watch(&mut self, create: &WatchCreateRequest) {
        let opened = async {
            let plain = Metadata::default();
            let (mut sender, receiver) =
                self.connection.stream(method::watch::WATCH, &plain).await?;
            sender.send(&creating(create))?;
            Ok::<_, Status>((sender, receiver))
        };
        self.watch = Some(self.runtime.block_on(opened).expect("a stream"));
    }

    fn watched(&mut self) -> WatchResponse {
        let (_, receiver) = self.watch.as_mut().expect("a watch was opened");
        let next = async { tokio::time::timeout(PATIENCE, receiver.next()).await };
        let message = self.runtime.block_on(next);
        let message = message.unwrap_or_else(|_| panic!("the real watch is silent"));
        let message = message.expect("no error").expect("no end");
        WatchResponse::decode(message).expect("a watch's response")
    }

    fn close_watch(&mut self) {
        if let Some((mut sender, _)) = self.watch.take() {
            sender.cancel();
        }
    }
}

/// How long a watch may be silent.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The message that creates a watch.
fn creating(create: &WatchCreateRequest) -> Vec<u8> {
    let request_union = Some(RequestUnion::CreateRequest(create.clone()));
    WatchRequest { request_union }.encode_to_vec()
}

/// A server with the tokens that it has given out.
struct Client<S> {
    server: S,
    tokens: BTreeMap<String, String>,
}

impl<S: Server> Client<S> {
    fn new(server: S) -> Self {
        Client { server, tokens: BTreeMap::new() }
    }

    fn run(&mut self, step: &Step) -> Answer {
        if step.method == method::watch::WATCH {
            let create = WatchCreateRequest::decode(&step.request[..]).expect("our own request");
            return self.watch(&create);
        }
        let token = step.user.as_ref().map(|user| match self.tokens.get(user) {
            Some(token) => token.clone(),
            None => "nobody.1".to_owned(),
        });
        let metadata = Metadata { token, ..Metadata::default() };
        let result = self.server.call(step.method, &metadata, &step.request);
        if let (method::auth::AUTHENTICATE, Some(user), Ok(body)) =
            (step.method, &step.logs_in, &result)
        {
            let response = AuthenticateResponse::decode(body.clone()).expect("a login's answer");
            self.tokens.insert(user.clone(), response.token);
        }
        if step.method == method::lease::LEASE_GRANT {
            self.drop_unnamed(step, &metadata, &result);
        }
        told(step.method, &step.request, result)
    }

    /// What a watch tells from its start up to two changes that are made once it is there.
    fn watch(&mut self, create: &WatchCreateRequest) -> Answer {
        self.server.watch(create);
        let mut seen = Seen::default();
        seen.add(self.server.watched());
        let key = create.key.clone();
        let put = PutRequest { key: key.clone(), ..PutRequest::default() }.encode_to_vec();
        let delete = DeleteRangeRequest { key, ..DeleteRangeRequest::default() }.encode_to_vec();
        let plain = Metadata::default();
        self.server.call(method::kv::PUT, &plain, &put).expect("nothing is in its way");
        let deleted = self.server.call(method::kv::DELETE_RANGE, &plain, &delete);
        let deleted = DeleteRangeResponse::decode(deleted.expect("nothing is in its way"));
        let revision = deleted.expect("a delete's answer").header.expect("it has one").revision;
        let nodelete = create.filters.contains(&(FilterType::Nodelete as i32));
        let last = if nodelete { revision - 1 } else { revision };
        while !seen.is_over(last) {
            seen.add(self.server.watched());
        }
        self.server.close_watch();
        seen.answer(revision)
    }

    /// A lease whose id the server chose is taken back: the two chose differently.
    fn drop_unnamed(&mut self, step: &Step, metadata: &Metadata, result: &Result<Bytes, Status>) {
        let asked = LeaseGrantRequest::decode(&step.request[..]).map_or(0, |grant| grant.id);
        let (0, Ok(body)) = (asked, result) else { return };
        let granted = LeaseGrantResponse::decode(body.clone()).expect("a grant's answer");
        let revoke = LeaseRevokeRequest { id: granted.id }.encode_to_vec();
        self.server
            .call(method::lease::LEASE_REVOKE, metadata, &revoke)
            .expect("it was granted just now");
    }
}

#[test]
fn a_real_member_and_ours_answer_every_request_alike() {
    let (mut requests, mut errors) = (0, 0);
    for seed in seeds() {
        let Some(real) = Real::start() else { return };
        let sorts = real.profile == Profile::V3_4;
        let (mut real, mut ours) = {
            let ours = Ours::start(real.profile);
            (Client::new(real), Client::new(ours))
        };
        let sequence = Sequence::new(seed);
        let mut sequence = if sorts { sequence } else { sequence.unsorted() };
        let mut found = Vec::new();
        for number in 0..REQUESTS {
            let step = sequence.next();
            let (theirs, ours) = (real.run(&step), ours.run(&step));
            sequence.learn(&theirs);
            requests += 1;
            errors += usize::from(theirs.is_error());
            if differ(&theirs, &ours) {
                found.push(format!(
                    "seed {seed}, request {number}: {step:?}\n  real: {theirs:?}\n  ours: {ours:?}"
                ));
                // One that has ended answers nothing more.
                if found.len() == SHOWN || theirs.text.contains("broken pipe") {
                    break;
                }
            }
        }
        assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
    }
    println!("{requests} requests, {errors} of them refused, no difference");
}

#[test]
fn a_map_for_every_revision_and_our_member_answer_alike() {
    let (mut requests, mut judged) = (0, 0);
    for seed in seeds() {
        let (mut ours, mut model) = (Client::new(Ours::start(Profile::V3_4)), Model::new());
        let mut sequence = Sequence::of_keys(seed);
        for number in 0..REQUESTS {
            let step = sequence.next();
            let ours = ours.run(&step);
            sequence.learn(&ours);
            requests += 1;
            let Some(expected) = model.call(step.method, &step.request) else { continue };
            let expected = told(step.method, &step.request, expected);
            judged += 1;
            assert!(
                !differ(&expected, &ours),
                "seed {seed}, request {number}: {step:?}\n model: {expected:?}\n  ours: {ours:?}"
            );
        }
    }
    println!("{requests} requests, {judged} of them judged by the model, no difference");
    assert!(judged * 10 > requests * 8, "the model judges too few");
}
