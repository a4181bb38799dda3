//! What all simulated clients of a run know together, and how they speak: the state between agents.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use cluster::HostOutput;
use prost::Message;
use proto::etcdserverpb::{Member, MemberListResponse};
use proto::{Metadata, Status, error};

use super::contender::{Hold, overlaps};
use super::dice::Dice;
use super::{ClientReport, OpCount};

/// Leases remembered for puts and the like.
const LEASES_MAX: usize = 12;

/// Who a client is while auth is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum User {
    Root,
    /// May read all keys of the load and write some.
    Limited,
}

impl User {
    pub(crate) fn name(self) -> &'static str {
        match self {
            User::Root => "root",
            User::Limited => "limited",
        }
    }
}

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Everybody does what the mix says.
    Load,
    /// Nobody begins anything new; auth and alarms are taken back, and then a last round shows that
    /// everything works again.
    Last,
}

pub(crate) struct View {
    pub(crate) phase: Phase,
    /// Keys of the load.
    pub(crate) keys: u64,
    value_bytes: usize,
    values: u64,
    /// The newest revision that anybody was told.
    pub(crate) revision: i64,
    pub(crate) leases: Vec<i64>,
    pub(crate) members: Vec<Member>,
    pub(crate) endpoints: Vec<String>,
    tokens: BTreeMap<User, String>,
    pub(crate) logins_wanted: BTreeSet<User>,
    /// Auth may be on, or the alarm be up: somebody still has to take it back.
    pub(crate) auth_to_undo: bool,
    pub(crate) alarms_to_undo: bool,
    /// Revision of the last round's put.
    pub(crate) last_revision: i64,
    /// Of locks and leaderships, over the whole run.
    pub(crate) holds: Vec<Hold>,
    pub(crate) violations: Vec<String>,
    /// What clients of the old API did.
    pub(crate) v2: Vec<super::v2::Done>,
    counts: BTreeMap<&'static str, OpCount>,
    refusals: BTreeMap<String, u64>,
}

/// How an operation went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Done,
    Failed,
    Unknown,
}

impl View {
    pub(crate) fn new(endpoints: Vec<String>, keys: u64, value_bytes: u64) -> Self {
        View {
            phase: Phase::Load,
            keys,
            value_bytes: value_bytes as usize,
            values: 0,
            revision: 1,
            leases: Vec::new(),
            members: Vec::new(),
            endpoints,
            tokens: BTreeMap::new(),
            logins_wanted: BTreeSet::new(),
            auth_to_undo: false,
            alarms_to_undo: false,
            last_revision: 0,
            holds: Vec::new(),
            violations: Vec::new(),
            v2: Vec::new(),
            counts: BTreeMap::new(),
            refusals: BTreeMap::new(),
        }
    }

    /// A value that was never written before, of a run of `v`s.
    pub(crate) fn fresh_value(&mut self) -> Bytes {
        self.values += 1;
        let mut value = format!("{:08}", self.values);
        while value.len() < self.value_bytes {
            value.push('v');
        }
        value.into()
    }

    /// A number that was never written before.
    pub(crate) fn fresh_number(&mut self) -> u64 {
        self.values += 1;
        self.values
    }

    pub(crate) fn count(&mut self, what: &'static str, how: How) {
        let count = self.counts.entry(what).or_default();
        match how {
            How::Done => count.done += 1,
            How::Failed => count.failed += 1,
            How::Unknown => count.unknown += 1,
        }
    }

    pub(crate) fn report(&self) -> ClientReport {
        let (ops, refusals) = (self.counts.clone(), self.refusals.clone());
        let mut violations = self.violations.clone();
        violations.extend(overlaps(&self.holds));
        violations.extend(super::v2::violations(&self.v2));
        ClientReport { ops, refusals, missing: Vec::new(), violations }
    }

    pub(crate) fn learn_revision(&mut self, reply: &Bytes) {
        self.revision = self.revision.max(proto::revision_of(reply).unwrap_or(0));
    }

    pub(crate) fn learn_lease(&mut self, id: i64) {
        if self.leases.len() == LEASES_MAX {
            self.leases.remove(0);
        }
        self.leases.push(id);
    }

    /// Who is there, and where they listen.
    pub(crate) fn learn_members(&mut self, reply: &Bytes) {
        let Ok(response) = MemberListResponse::decode(reply.clone()) else { return };
        let endpoints: Vec<String> = response.members.iter().filter_map(endpoint).collect();
        if !endpoints.is_empty() {
            self.endpoints = endpoints;
        }
        self.members = response.members;
    }

    /// A refusal may mean that somebody has to log in.
    pub(crate) fn learn_failure(&mut self, what: &str, user: User, status: &Status) {
        *self.refusals.entry(format!("{what}: {}", status.message)).or_default() += 1;
        let needs_login =
            [error::invalid_auth_token(), error::user_empty(), error::auth_old_revision()];
        // The maintenance service gives the raw texts of the auth store.
        let is = |other: &Status| {
            let bare = other.message.trim_start_matches("etcdserver: ");
            status.message.contains(bare)
        };
        if needs_login.iter().any(is) {
            self.logins_wanted.insert(user);
        }
    }

    pub(crate) fn learn_token(&mut self, user: User, token: String) {
        self.tokens.insert(user, token);
        self.logins_wanted.remove(&user);
    }

    pub(crate) fn forget_token(&mut self, user: User) {
        self.tokens.remove(&user);
        self.logins_wanted.remove(&user);
    }

    pub(crate) fn some_endpoint(&self, dice: &mut Dice) -> String {
        self.endpoints[dice.below(self.endpoints.len() as u64) as usize].clone()
    }

    /// Endpoints of all voters; of everybody before anybody asked who there is.
    pub(crate) fn voters(&self) -> Vec<String> {
        if self.members.is_empty() {
            return self.endpoints.clone();
        }
        let voters = self.members.iter().filter(|member| !member.is_learner);
        voters.filter_map(endpoint).collect()
    }

    /// Id of some voter; 0 before anybody asked who there is.
    pub(crate) fn some_voter(&self, dice: &mut Dice) -> u64 {
        let voters: Vec<u64> =
            self.members.iter().filter(|member| !member.is_learner).map(|m| m.id).collect();
        if voters.is_empty() { 0 } else { dice.pick(&voters) }
    }
}

/// Where a member listens, once it has published that.
fn endpoint(member: &Member) -> Option<String> {
    member.client_ur_ls.first().map(|url| url.trim_start_matches("http://").to_owned())
}

/// What an agent says in one turn.
pub(crate) struct Mouth<'a> {
    pub(crate) view: &'a mut View,
    pub(crate) out: &'a mut Vec<HostOutput>,
    /// Who hears the answer of each open call.
    pub(crate) owners: &'a mut BTreeMap<u64, usize>,
    pub(crate) last_call: &'a mut u64,
    pub(crate) agent: usize,
}

impl Mouth<'_> {
    fn next_call(&mut self) -> u64 {
        *self.last_call += 1;
        self.owners.insert(*self.last_call, self.agent);
        *self.last_call
    }

    fn metadata(&self, user: User) -> Metadata {
        Metadata { token: self.view.tokens.get(&user).cloned(), ..Metadata::default() }
    }

    pub(crate) fn call(
        &mut self,
        address: String,
        user: User,
        method: &str,
        request: Bytes,
    ) -> u64 {
        let call = self.next_call();
        let metadata = self.metadata(user);
        let method = method.to_owned();
        self.out.push(HostOutput::Call { call, address, method, metadata, request });
        call
    }

    pub(crate) fn open(&mut self, address: String, user: User, method: &str) -> u64 {
        let call = self.next_call();
        let metadata = self.metadata(user);
        self.out.push(HostOutput::Open { call, address, method: method.to_owned(), metadata });
        call
    }

    pub(crate) fn send(&mut self, call: u64, message: &impl Message) {
        let message = message.encode_to_vec().into();
        self.out.push(HostOutput::Message { call, message });
    }

    pub(crate) fn cancel(&mut self, call: u64) {
        self.owners.remove(&call);
        self.out.push(HostOutput::CancelCall { call });
    }
}
