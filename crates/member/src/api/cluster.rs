//! Cluster: the members and their changes (`v3rpc/member.go`, `etcdserver/server.go`; M3 to M11).

use bytes::Bytes;
use proto::etcdserverpb::{
    Member as PbMember, MemberAddRequest, MemberListRequest, MemberListResponse,
    MemberRemoveRequest, MemberUpdateRequest,
};
use proto::{Code, Profile, Status, error, method};

use super::{Answer, Caller, decode, unknown_method};
use crate::Micros;
use crate::apply::{Body, Header};
use crate::conf_change::{Change, Kind};
use crate::member::Running;
use crate::membership::Member;
use crate::proposals::{To, Waiter};
use crate::reads::What;
use crate::{id, limits};

impl Running {
    pub(crate) fn cluster(&mut self, caller: Caller<'_>, method: &str, body: Bytes) -> Answer {
        match method {
            method::cluster::MEMBER_LIST => self.member_list(caller, decode(body)?),
            method::cluster::MEMBER_ADD => self.member_add(caller, decode(body)?),
            method::cluster::MEMBER_REMOVE => self.member_remove(caller, decode(body)?),
            method::cluster::MEMBER_UPDATE => self.member_update(caller, decode(body)?),
            // Section 18: 3.3 has no learners.
            method::cluster::MEMBER_PROMOTE if self.config.profile > Profile::V3_3 => {
                self.check_admin(caller)?;
                self.ask_leader(caller.now, caller.to, method::cluster::MEMBER_PROMOTE, body);
                Ok(None)
            }
            _ => Err(unknown_method(method)),
        }
    }

    /// M11: from 3.5 on a client may ask for a linearizable list, and etcdctl does.
    fn member_list(&mut self, caller: Caller<'_>, request: MemberListRequest) -> Answer {
        if request.linearizable && self.config.profile > Profile::V3_4 {
            return self.read_later(caller, What::MemberList);
        }
        Ok(Some(self.member_list_body()))
    }

    pub(crate) fn member_list_body(&self) -> Body {
        let response = MemberListResponse { header: None, members: self.pb_members().collect() };
        Body::with(Header::WithoutRevision, &response)
    }

    pub(crate) fn pb_members(&self) -> impl Iterator<Item = PbMember> {
        self.state.membership.members().map(|member| PbMember {
            id: member.id,
            name: member.name.clone(),
            peer_ur_ls: member.peer_urls.clone(),
            client_ur_ls: member.client_urls.clone(),
            is_learner: member.is_learner,
        })
    }

    fn member_add(&mut self, caller: Caller<'_>, request: MemberAddRequest) -> Answer {
        check_urls(&request.peer_ur_ls)?;
        self.check_admin(caller)?;
        let mut peer_urls = request.peer_ur_ls;
        peer_urls.sort();
        let unix_s = (self.config.epoch_us + caller.now) / 1_000_000;
        let member = Member {
            id: id::member_id(&peer_urls, "", Some(unix_s)),
            peer_urls,
            // 3.3 does not know the field, and a member without it is a voter.
            is_learner: request.is_learner && self.config.profile > Profile::V3_3,
            ..Member::default()
        };
        if self.config.strict_reconfig_check {
            if !member.is_learner && !self.state.membership.is_ready_to_add() {
                return Err(not_enough_started());
            }
            self.check_connected(caller.now)?;
        }
        let node_id = member.id;
        self.configure(caller.now, caller.to, node_id, Kind::Add { member, promote: false });
        Ok(None)
    }

    /// M4: every voter has been heard from for five seconds; in late patches, such as 3.6.14, a quorum of
    /// what the cluster will be, with the new one counted as down.
    fn check_connected(&self, now: Micros) -> Result<(), Status> {
        let voters = self.state.membership.voters().count();
        let needed = match self.config.profile {
            Profile::V3_6 => voters.div_ceil(2) + 1,
            _ => voters,
        };
        if self.connected_voters(now) < needed { Err(error::unhealthy()) } else { Ok(()) }
    }

    /// Voters that this member has been connected to for the health interval, itself included.
    fn connected_voters(&self, now: Micros) -> usize {
        let connected = |member: &&Member| {
            member.id == self.id
                || self
                    .active_since_us
                    .get(&member.id)
                    .is_some_and(|since| *since + limits::HEALTH_INTERVAL_US <= now)
        };
        self.state.membership.voters().filter(connected).count()
    }

    fn member_remove(&mut self, caller: Caller<'_>, request: MemberRemoveRequest) -> Answer {
        self.check_admin(caller)?;
        let target = request.id;
        self.check_removable(caller.now, target)?;
        self.configure(caller.now, caller.to, target, Kind::Remove);
        Ok(None)
    }

    /// M4: a dead member may go, one that is alive only if a quorum of living ones stays.
    fn check_removable(&self, now: Micros, target: u64) -> Result<(), Status> {
        let membership = &self.state.membership;
        let is_learner = membership.get(target).is_some_and(|member| member.is_learner);
        if !self.config.strict_reconfig_check || is_learner {
            return Ok(());
        }
        if !membership.is_ready_to_remove(target) {
            return Err(not_enough_started());
        }
        if target != self.id && !self.active_since_us.contains_key(&target) {
            return Ok(());
        }
        let active = self.connected_voters(now);
        let left = membership.voters().count().saturating_sub(1);
        if active.saturating_sub(1) < 1 + left / 2 { Err(error::unhealthy()) } else { Ok(()) }
    }

    /// M10. etcdctl sends no learner flag, and so a learner is updated into a non-learner.
    fn member_update(&mut self, caller: Caller<'_>, request: MemberUpdateRequest) -> Answer {
        check_urls(&request.peer_ur_ls)?;
        self.check_admin(caller)?;
        let member = Member { id: request.id, peer_urls: request.peer_ur_ls, ..Member::default() };
        self.configure(caller.now, caller.to, request.id, Kind::Update { member });
        Ok(None)
    }

    /// M6, on the leader.
    pub(crate) fn promote_learner(&mut self, now: Micros, to: To, target: u64) {
        if let Err(status) = self.check_promotable(target) {
            return self.answer(now, to, 0, Err(status));
        }
        let member = Member { id: target, ..Member::default() };
        self.configure(now, to, target, Kind::Add { member, promote: true });
    }

    /// A learner must have nine tenths of the leader's log.
    fn check_promotable(&self, target: u64) -> Result<(), Status> {
        let membership = &self.state.membership;
        let matches = self.node.matches();
        let matched = |id: u64| matches.iter().find(|(peer, _)| *peer == id).map(|(_, at)| *at);
        let own = matched(self.id).unwrap_or(0);
        if let Some(learner) = matched(target)
            && learner * 10 < own * 9
        {
            return Err(error::learner_not_ready());
        }
        let strict = self.config.strict_reconfig_check;
        if strict && !membership.is_ready_to_promote(target) {
            return Err(not_enough_started());
        }
        Ok(())
    }

    fn configure(&mut self, now: Micros, to: To, node_id: u64, kind: Kind) {
        let change = Change { id: self.fresh_id(), node_id, kind };
        self.proposals.add_change(change.id, Waiter::Client(to), change.encode(), now);
    }
}

/// The server maps it to a client's type, so that its code gets lost (M4).
fn not_enough_started() -> Status {
    Status::new(Code::Unknown, error::member_not_enough_started().message)
}

/// M10: what `types.NewURLs` takes: http, https or unix, a host with a port, and no path.
fn check_urls(urls: &[String]) -> Result<(), Status> {
    let is_good = |url: &String| {
        let Some((scheme, rest)) = url.split_once("://") else { return false };
        match scheme {
            "http" | "https" => {
                let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
                let numeric = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
                numeric && !rest.contains('/') && !host.contains('?')
            }
            "unix" | "unixs" => !rest.is_empty(),
            _ => false,
        }
    };
    if urls.is_empty() || !urls.iter().all(is_good) {
        Err(error::member_bad_urls())
    } else {
        Ok(())
    }
}
